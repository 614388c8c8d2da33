/* Resources, actions and queries as the binding describes them. */
#include <string.h>

#include "providers/http/config_private.h"
#include "providers/http/pointer.h"

#define READY_INTERVAL_MS 1000
#define READY_MS (5 * 60 * 1000LL)
#define FRESH_MS 1000
#define SETTLE_MS 2000
#define TYPICAL_S 2
#define TIMEOUT_S 600
#define TIMEOUT_S_MAX (24 * 3600)

/* ---- resources ---- */

/* A request that an API may not have. */
static int read_optional(Arena *arena, Reader *reader, const char *key, const RequestRole *role,
                         RequestSpec **ret)
{
    RequestSpec *spec = arena_new(arena, RequestSpec);
    bool is_there;
    int code = request_read(arena, reader, key, role, spec, &is_there);

    *ret = is_there ? spec : NULL;
    return code;
}

static int read_requests(Arena *arena, Reader *reader, ResourceSpec *ret)
{
    bool is_there;

    if (request_read(arena, reader, "create", &role_create, &ret->create, &is_there) < 0 ||
        read_optional(arena, reader, "read", &role_read, &ret->read) < 0 ||
        read_optional(arena, reader, "update", &role_update, &ret->update) < 0 ||
        read_optional(arena, reader, "delete", &role_remove, &ret->remove) < 0 ||
        list_read(arena, reader, "list", &ret->list) < 0)
        return reader->err->code;
    if (!is_there)
        return reader_fail(reader, "create", "expected the request that makes an object");
    if (ret->remove == NULL)
        return reader_fail(reader, "delete", "expected the request that removes an object");
    if (ret->list != NULL && ret->id_is_chosen && ret->list->id == NULL)
        return reader_fail(reader, "list.id", "expected the pointer to an item's id");
    if (ret->read == NULL && ret->list == NULL)
        return reader_fail(reader, "read",
                           "expected the request that reads an object, or a 'list' of all");
    return 0;
}

/* A pointer into an answer, or a template that the caller chooses the name by. */
static void read_id(Reader *reader, ResourceSpec *ret)
{
    Error err;

    ret->id = reader_needed(reader, "id");
    ret->id_is_chosen = ret->id[0] != '/';
    if (!ret->id_is_chosen && reader->code == 0 && pointer_check(ret->id, &err) < 0)
        reader_fail(reader, "id", "%s", err.message);
    if (ret->id_is_chosen && strstr(ret->id, "${") == NULL)
        reader_fail(reader, "id",
                    "expected a JSON pointer into the answer, or a template such as ${name}");
}

static int read_ready(Reader *parent, ResourceSpec *ret)
{
    const Json *object = reader_object(parent, "ready");
    Reader reader;

    if (object == NULL)
        return 0;
    reader_begin(&reader, object, parent->err, "%s.ready", parent->at);
    condition_read(&reader, &ret->ready);
    ret->ready_interval_ms =
        reader_duration_ms(&reader, "interval", READY_INTERVAL_MS, WAIT_MS_MAX);
    ret->ready_timeout_ms = reader_duration_ms(&reader, "timeout", READY_MS, WAIT_MS_MAX);
    if (ret->ready.pointer == NULL)
        reader_fail(&reader, "state", "expected the pointer to what says so");
    if (ret->read == NULL)
        reader_fail(&reader, NULL, "needs 'read', by which the object is asked");
    return reader_end(&reader);
}

/* With a `path` of its own it is a list of its own; else the resource's list is looked through. */
static int read_find(Arena *arena, Reader *parent, ResourceSpec *ret)
{
    const Json *object = reader_object(parent, "find");
    FindSpec *find = arena_new(arena, FindSpec);
    ListSpec *list = NULL;
    Reader reader;

    if (object == NULL)
        return 0;
    reader_begin(&reader, object, parent->err, "%s.find", parent->at);
    find->match = reader_object(&reader, "match");
    find->settle_ms = reader_duration_ms(&reader, "settle", SETTLE_MS, WAIT_MS_MAX);
    if (list_read(arena, &reader, "list", &list) < 0)
        return parent->err->code;
    find->list = list != NULL ? list : ret->list;
    if (json_count(find->match) == 0)
        reader_fail(&reader, "match", "expected pointers and what must stand there");
    for (const Json *m = json_first(find->match); m != NULL; m = json_next(m)) {
        Error err;
        if (pointer_check(json_key(m), &err) < 0)
            reader_fail(&reader, "match", "%s", err.message);
    }
    if (find->list == NULL && !ret->id_is_chosen)
        reader_fail(&reader, "list", "expected where to look, as the resource has no 'list'");
    if (list != NULL && ret->id_is_chosen)
        reader_fail(&reader, "list", "is not needed: 'id' says where the object is");
    ret->find = find;
    return reader_end(&reader);
}

static void read_times(Reader *reader, int64_t *typical_s, int64_t *timeout_s)
{
    *typical_s = reader_int(reader, "typical_s", TYPICAL_S, 0, TIMEOUT_S_MAX);
    *timeout_s = reader_int(reader, "timeout_s", TIMEOUT_S, 1, TIMEOUT_S_MAX);
}

static void read_replace_order(Reader *reader, ResourceSpec *ret)
{
    ret->replace_order =
        reader_string(reader, "replace_order", ret->id_is_chosen ? "delete_first" : "create_first");
    if (strcmp(ret->replace_order, "delete_first") != 0 &&
        strcmp(ret->replace_order, "create_first") != 0)
        reader_fail(reader, "replace_order", "expected delete_first or create_first, found '%.32s'",
                    ret->replace_order);
}

static int resource_read(Arena *arena, const Json *member, Error *err, ResourceSpec *ret)
{
    Reader reader;

    ret->effect = json_key(member);
    ret->kept = json_new_array();
    reader_begin(&reader, member, err, "resources.%s", ret->effect);
    ret->type = reader_string(&reader, "type", ret->effect);
    ret->description = reader_string(&reader, "description", NULL);
    read_id(&reader, ret);
    if (parameters_read(arena, &reader, &ret->parameters) < 0 ||
        results_read(arena, &reader, true, &ret->results) < 0 ||
        read_requests(arena, &reader, ret) < 0 || read_ready(&reader, ret) < 0 ||
        read_find(arena, &reader, ret) < 0)
        return err->code;
    ret->fresh_ms = reader_duration_ms(&reader, "fresh", FRESH_MS, WAIT_MS_MAX);
    read_replace_order(&reader, ret);
    read_times(&reader, &ret->typical_s, &ret->timeout_s);
    if (reader_end(&reader) < 0)
        return err->code;
    return resource_check(ret, err);
}

static int check_count(Reader *site, const char *key, const Json *object)
{
    return json_count(object) > RESOURCES_MAX
               ? reader_fail(site, key, "expected at most %d", RESOURCES_MAX)
               : 0;
}

/* Two effects may make one type, but not know its objects in different ways. */
static int check_type(HttpConfig *config, const ResourceSpec *resource, Error *err)
{
    const ResourceSpec *other = config_resource_of_type(config, resource->type);

    if (other == resource)
        return 0;
    return error_set(
        err, ERROR_PROGRAM,
        "resources.%s.type: '%.64s' is the type of '%s' already; a type belongs to one "
        "resource",
        resource->effect, resource->type, other->effect);
}

int resources_read(HttpConfig *config, Reader *site)
{
    const Json *object = reader_object(site, "resources");

    if (check_count(site, "resources", object) < 0)
        return site->code;
    config->resources = arena_array(&config->arena, ResourceSpec, json_count(object));
    for (const Json *m = json_first(object); m != NULL; m = json_next(m)) {
        ResourceSpec *resource = &config->resources[config->resource_count++];
        if (resource_read(&config->arena, m, site->err, resource) < 0 ||
            check_type(config, resource, site->err) < 0)
            return site->err->code;
    }
    return 0;
}

/* ---- actions ---- */

static int action_read(HttpConfig *config, const Json *member, Error *err, ActionSpec *ret)
{
    Arena *arena = &config->arena;
    Reader reader;
    bool is_there;

    ret->name = json_key(member);
    reader_begin(&reader, member, err, "actions.%s", ret->name);
    ret->description = reader_string(&reader, "description", NULL);
    if (parameters_read(arena, &reader, &ret->parameters) < 0 ||
        results_read(arena, &reader, false, &ret->results) < 0 ||
        request_read(arena, &reader, "request", &role_action, &ret->request, &is_there) < 0)
        return err->code;
    if (!is_there)
        reader_fail(&reader, "request", "expected the request that does it");
    if (config_resource(config, ret->name) != NULL)
        reader_fail(&reader, NULL, "there is a resource of this name");
    read_times(&reader, &ret->typical_s, &ret->timeout_s);
    if (reader_end(&reader) < 0)
        return err->code;
    Names names = {.parameters = &ret->parameters, .sets = NAMES_OP, .err = err};
    return request_check(&ret->request, &names);
}

int actions_read(HttpConfig *config, Reader *site)
{
    const Json *object = reader_object(site, "actions");

    if (check_count(site, "actions", object) < 0)
        return site->code;
    config->actions = arena_array(&config->arena, ActionSpec, json_count(object));
    for (const Json *m = json_first(object); m != NULL; m = json_next(m))
        if (action_read(config, m, site->err, &config->actions[config->action_count++]) < 0)
            return site->err->code;
    return 0;
}

/* ---- queries ---- */

static void read_query_value(Reader *reader, QuerySpec *ret)
{
    bool exists = reader_bool(reader, "exists", false);

    ret->pointer = reader_pointer(reader, "pointer", NULL);
    ret->type = reader_string(reader, "type", NULL);
    ret->kind = ret->list != NULL ? QUERY_COUNT : exists ? QUERY_EXISTS : QUERY_POINTER;
    if ((ret->list != NULL) + exists + (ret->pointer != NULL) != 1)
        reader_fail(reader, NULL,
                    "expected one of 'pointer' (a member of the answer), 'exists: true' (whether "
                    "there is such a thing) and 'count' (of a list's items)");
    if (ret->type != NULL && ret->kind != QUERY_POINTER)
        reader_fail(reader, "type", "goes with 'pointer' only");
}

static int query_read(HttpConfig *config, const Json *member, Error *err, QuerySpec *ret)
{
    Arena *arena = &config->arena;
    Reader reader;
    bool is_there;

    ret->name = json_key(member);
    reader_begin(&reader, member, err, "queries.%s", ret->name);
    if (parameters_read(arena, &reader, &ret->parameters) < 0 ||
        list_read(arena, &reader, "count", &ret->list) < 0 ||
        request_read(arena, &reader, "request", &role_read, &ret->request, &is_there) < 0)
        return err->code;
    read_query_value(&reader, ret);
    if (is_there == (ret->list != NULL))
        reader_fail(&reader, "request", "expected either it or 'count'");
    ret->cache_ms = reader_duration_ms(&reader, "cache", 0, WAIT_MS_MAX);
    if (reader_end(&reader) < 0)
        return err->code;
    Names names = {.parameters = &ret->parameters, .err = err};
    return request_check(ret->list != NULL ? &ret->list->request : &ret->request, &names);
}

int queries_read(HttpConfig *config, Reader *site)
{
    const Json *object = reader_object(site, "queries");

    if (check_count(site, "queries", object) < 0)
        return site->code;
    config->queries = arena_array(&config->arena, QuerySpec, json_count(object));
    for (const Json *m = json_first(object); m != NULL; m = json_next(m))
        if (query_read(config, m, site->err, &config->queries[config->query_count++]) < 0)
            return site->err->code;
    return 0;
}
