/* Whether templates name what there is, and whether what they name can be known when they are
 * filled in. A value that stands where an object is found must not change during its life. */
#include <string.h>

#include "providers/http/config_private.h"
#include "providers/http/template.h"

/* Names that are no parameters, and the set they belong to. */
static unsigned set_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned set;
    } reserved[] = {
        {"uid", NAMES_OBJECT},    {"address", NAMES_OBJECT}, {"lineage", NAMES_OBJECT},
        {"id", NAMES_ID},         {"op", NAMES_OP},          {"operation", NAMES_OPERATION},
        {"result", NAMES_RESULT},
    };

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
        if (strcmp(reserved[i].name, name) == 0)
            return reserved[i].set;
    return NAMES_NONE;
}

static bool has_result(const Results *results, const char *name)
{
    size_t size = strcspn(name, ".");

    for (size_t i = 0; results != NULL && i < results->count; i++)
        if (strlen(results->specs[i].name) == size &&
            strncmp(results->specs[i].name, name, size) == 0)
            return true;
    return false;
}

static int check_reserved(const TemplatePart *part, unsigned set, const Names *names)
{
    if ((names->sets & set) == 0)
        return error_set(names->err, ERROR_PROGRAM, "'${%s}' is not known here", part->name);
    if (set == NAMES_RESULT && !has_result(names->results, part->name + strcspn(part->name, ".") +
                                                               (strchr(part->name, '.') != NULL)))
        return error_set(names->err, ERROR_PROGRAM, "'${%s}': there is no such result", part->name);
    return 0;
}

static void keep(Json *kept, const char *name)
{
    for (const Json *k = json_first(kept); k != NULL; k = json_next(k))
        if (strcmp(json_string(k, ""), name) == 0)
            return;
    json_append(kept, json_new_string(name));
}

static int check_parameter(const TemplatePart *part, const char *name, const Names *names)
{
    const ParameterSpec *spec = parameters_get(names->parameters, name);

    if (spec == NULL)
        return error_set(names->err, ERROR_PROGRAM, "'${%s}': there is no parameter '%s'",
                         part->name, name);
    if (!spec->required && spec->otherwise == NULL && !part->is_optional)
        return error_set(
            names->err, ERROR_PROGRAM,
            "'${%s}' may have no value, as '%s' is neither required nor has a default; "
            "'${%s?}' leaves the member out then",
            part->name, name, part->name);
    if (names->kept == NULL)
        return 0;
    if (spec->sensitive)
        return error_set(names->err, ERROR_PROGRAM,
                         "'${%s}' is sensitive, and by it the object would have to be found again",
                         part->name);
    if (!spec->immutable)
        return error_set(names->err, ERROR_PROGRAM,
                         "'${%s}' names where the object is, so parameter '%s' needs 'immutable: "
                         "true'",
                         part->name, name);
    keep(names->kept, name);
    return 0;
}

static int check_part(const TemplatePart *part, const Names *names)
{
    char name[TEMPLATE_NAME_MAX + 1];
    size_t size = strcspn(part->name, ".");

    if (part->literal != NULL)
        return 0;
    memcpy(name, part->name, size);
    name[size] = '\0';
    unsigned set = set_of(name);
    return set != NAMES_NONE ? check_reserved(part, set, names)
                             : check_parameter(part, name, names);
}

int text_check(const char *text, const char *at, const char *key, const Names *names)
{
    TemplatePart part;
    int code;

    while ((code = template_next(&text, &part, names->err)) == TEMPLATE_PART)
        if ((code = check_part(&part, names)) < 0)
            break;
    return code < 0 ? error_wrap(names->err, "%s.%s", at, key) : 0;
}

int template_values_check(const Json *values, const char *at, const char *key, const Names *names)
{
    if (json_is_string(values))
        return text_check(json_string(values, ""), at, key, names);
    if (!json_is_object(values) && !json_is_array(values))
        return 0;
    for (const Json *m = json_first(values); m != NULL; m = json_next(m))
        if (template_values_check(m, at, key, names) < 0)
            return names->err->code;
    return 0;
}

static int operation_check(const RequestSpec *spec, const Names *names)
{
    Names known = *names;

    known.sets |= NAMES_OPERATION;
    if (spec->operation == NULL || spec->operation->path == NULL)
        return 0;
    return text_check(spec->operation->path, spec->at, "operation.path", &known);
}

int request_check(const RequestSpec *spec, const Names *names)
{
    if (text_check(spec->path, spec->at, "path", names) < 0 ||
        template_values_check(spec->query, spec->at, "query", names) < 0 ||
        template_values_check(spec->headers, spec->at, "headers", names) < 0 ||
        template_values_check(spec->body, spec->at, "body", names) < 0 ||
        template_values_check(spec->form, spec->at, "form", names) < 0)
        return names->err->code;
    return operation_check(spec, names);
}

/* ---- a resource ---- */

/* What is asked when no arguments are at hand: only what never changes may stand there. */
static int check_found_by(const ResourceSpec *resource, Error *err)
{
    Names names = {.parameters = &resource->parameters,
                   .results = &resource->results,
                   .sets = NAMES_OBJECT | NAMES_ID | NAMES_RESULT,
                   .kept = resource->kept,
                   .err = err};
    Names listed = names;

    listed.sets = NAMES_NONE;
    if (resource->read != NULL && request_check(resource->read, &names) < 0)
        return err->code;
    names.sets |= NAMES_OP;
    if (resource->remove != NULL && request_check(resource->remove, &names) < 0)
        return err->code;
    return resource->list != NULL ? request_check(&resource->list->request, &listed) : 0;
}

static int check_find(const ResourceSpec *resource, Error *err)
{
    const FindSpec *find = resource->find;
    Names names = {.parameters = &resource->parameters,
                   .sets = NAMES_OBJECT | (resource->id_is_chosen ? NAMES_ID : NAMES_NONE),
                   .kept = resource->kept,
                   .err = err};

    if (find == NULL)
        return 0;
    if (find->list != NULL && find->list != resource->list &&
        request_check(&find->list->request, &names) < 0)
        return err->code;
    Names any = names;
    any.kept = NULL;
    for (const Json *m = json_first(find->match); m != NULL; m = json_next(m))
        if (template_values_check(m, resource->create.at, "find.match", &any) < 0)
            return err->code;
    return 0;
}

static int check_changes(const ResourceSpec *resource, Error *err)
{
    Names names = {.parameters = &resource->parameters,
                   .results = &resource->results,
                   .sets = NAMES_OBJECT | NAMES_OP | (resource->id_is_chosen ? NAMES_ID : 0U),
                   .err = err};
    Names chosen = {.parameters = &resource->parameters, .kept = resource->kept, .err = err};

    if (resource->id_is_chosen && text_check(resource->id, resource->create.at, "id", &chosen) < 0)
        return err->code;
    if (request_check(&resource->create, &names) < 0)
        return err->code;
    names.sets |= NAMES_ID | NAMES_RESULT;
    return resource->update != NULL ? request_check(resource->update, &names) : 0;
}

static int check_results(const ResourceSpec *resource, Error *err)
{
    for (size_t i = 0; i < resource->results.count; i++) {
        const ResultSpec *spec = &resource->results.specs[i];
        if (spec->parameter != NULL &&
            parameters_get(&resource->parameters, spec->parameter) == NULL)
            return error_set(err, ERROR_PROGRAM,
                             "resources.%s.results.%s.parameter: there is no parameter '%.64s'",
                             resource->effect, spec->name, spec->parameter);
    }
    return 0;
}

/* Without a request that changes an object, another value of anything is another object. */
static void mark_immutable(ResourceSpec *resource)
{
    for (size_t i = 0; i < resource->parameters.count && resource->update == NULL; i++) {
        ParameterSpec *spec = &resource->parameters.specs[i];
        if (!spec->immutable && spec->because == NULL)
            spec->because = "the API changes no existing object of this type";
        spec->immutable = true;
    }
}

int resource_check(ResourceSpec *resource, Error *err)
{
    mark_immutable(resource);
    if (check_found_by(resource, err) < 0 || check_find(resource, err) < 0 ||
        check_changes(resource, err) < 0)
        return err->code;
    return check_results(resource, err);
}
