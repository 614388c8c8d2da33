#include "evolution.h"

#include <string.h>

#include "controller/core/intent.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

/* ---- shape of the state ---- */

static int check_fields(const Program *was, const ProgramDomain *old, const Program *is,
                        const ProgramDomain *new, Error *err)
{
    for (size_t i = 0; i < old->field_count; i++) {
        const ProgramField *field = &old->fields[i];
        int found = domain_find_field(new, field->name);
        if (found < 0)
            return error_set(err, ERROR_PROGRAM,
                             "error[V-ERR-003]: field '%s.%s' is gone, but the state holds a value "
                             "of it: put the field back; nothing was touched",
                             old->name, field->name);
        const char *type = type_name(&was->types, field->type);
        const char *now = type_name(&is->types, new->fields[found].type);
        if (strcmp(type, now) != 0)
            return error_set(err, ERROR_PROGRAM,
                             "error[V-ERR-003]: field '%s.%s' was %s in the state and is %s in the "
                             "program: put the type back; nothing was touched",
                             old->name, field->name, type, now);
    }
    return 0;
}

static bool owns_objects(const Runtime *runtime, const Instance *instance)
{
    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->owner == instance)
            return true;
    return false;
}

static int check_shape(const Runtime *old, const Program *program, Error *err)
{
    for (size_t i = 0; i < old->instance_count; i++) {
        const Instance *instance = old->instances[i];
        int domain = program_find_domain(program, instance->domain->name);
        if (domain >= 0 && program->domains[domain].started) {
            if (check_fields(old->program, instance->domain, program, &program->domains[domain],
                             err) < 0)
                return ERROR_PROGRAM;
        } else if (owns_objects(old, instance)) {
            return error_set(
                err, ERROR_PROGRAM,
                "error[V-ERR-007]: domain '%s' is gone from the program, but objects "
                "of it exist: put it back, or `ved destroy` first; nothing was touched",
                instance->domain->name);
        }
    }
    return 0;
}

/* ---- objects ---- */

typedef struct Recomputation {
    const Runtime *new;
    const Origin *origin;
    Instance *owner; /* in the new runtime */
    Arena *arena;
    SliceResult result;
} Recomputation;

static const Code *origin_code(const Recomputation *recomputation)
{
    const ProgramDomain *domain = recomputation->owner->domain;
    const Cause *cause = &recomputation->origin->cause;

    if (cause->handler >= 0)
        return domain->handlers[cause->handler].code;
    return domain->transitions[cause->transition].slices[cause->step];
}

/* Fields as the slice read them; those it could not have read, and parameters, as they are now. */
static Value *origin_values(const Recomputation *recomputation)
{
    const Instance *owner = recomputation->owner;
    const Origin *origin = recomputation->origin;
    Value *fields = arena_array(recomputation->arena, Value, owner->domain->field_count);

    for (size_t i = 0; i < owner->domain->field_count; i++) {
        fields[i] = owner->fields[i];
        for (size_t k = 0; k < origin->field_count; k++)
            if (!owner->domain->fields[i].parameter &&
                strcmp(origin->field_names[k], owner->domain->fields[i].name) == 0)
                fields[i] = origin->fields[k];
    }
    return fields;
}

static EffectAnswer *origin_answers(const Recomputation *recomputation)
{
    const Origin *origin = recomputation->origin;
    EffectAnswer *answers = arena_array(recomputation->arena, EffectAnswer, origin->result_count);

    for (size_t i = 0; i < origin->result_count; i++) {
        cleanup(json_free) Json *json = NULL;
        answers[i].present = true;
        answers[i].failed = origin->failed[i];
        if (origin->results[i] != NULL &&
            json_parse_own(origin->results[i], strlen(origin->results[i]), &json, NULL) == 0)
            answers[i].result = value_decode(recomputation->arena, json);
    }
    return answers;
}

static void recompute(Recomputation *recomputation)
{
    SliceInput input = {.program = recomputation->new->program,
                        .domain = recomputation->owner->domain,
                        .code = origin_code(recomputation),
                        .fields = origin_values(recomputation),
                        .arguments = recomputation->origin->arguments,
                        .argument_count = recomputation->origin->argument_count,
                        .answers = origin_answers(recomputation),
                        .answer_count = recomputation->origin->result_count,
                        .planning = true};

    slice_run(&input, recomputation->arena, &recomputation->result);
}

/* How many objects of the same slice and place, without a name, were made before this one. */
static size_t object_turn(const Runtime *runtime, const Object *object)
{
    size_t turn = 0;

    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *other = runtime->objects[i];
        turn += other->origin == object->origin && other->name == NULL &&
                other->place.site == object->place.site && other->sequence < object->sequence &&
                strcmp(other->place.effect, object->place.effect) == 0;
    }
    return turn;
}

/* "Provider.Effect" is made of these two. */
static bool is_effect(const char *text, const char *provider, const char *effect)
{
    size_t length = strlen(provider);

    return strncmp(text, provider, length) == 0 && text[length] == '.' &&
           strcmp(text + length + 1, effect) == 0;
}

static bool output_means(const Recomputation *recomputation, const Output *output,
                         const Object *object)
{
    const EffectUse *use = &recomputation->new->program->effects[output->use];
    const BoundEffect *bound = &recomputation->new->bindings->effects[output->use];
    const char *provider = use->provider != NULL ? use->provider : bound->provider;

    if (bound->is_action || !is_effect(object->place.effect, provider, use->effect))
        return false;
    if (object->name == NULL)
        return output->name.type == VALUE_NULL && output->key.type == VALUE_NULL &&
               use->site == object->place.site;
    cleanup(buffer_deinit) Buffer name = {0};
    value_print(&name, output->name.type != VALUE_NULL ? output->name : output->key);
    return strcmp(buffer_text(&name), object->name) == 0;
}

/* The emission of the recomputed slice that means the object; NULL: it is not reached any more. */
static const Output *output_find(const Recomputation *recomputation, const Object *object)
{
    size_t turn = object->name == NULL ? object_turn(recomputation->new, object) : 0;

    if (recomputation->result.status == SLICE_FAULTED)
        return NULL;
    for (size_t i = 0; i < recomputation->result.output_count; i++) {
        const Output *output = &recomputation->result.outputs[i];
        if (output->kind == OUTPUT_EFFECT && output_means(recomputation, output, object) &&
            turn-- == 0)
            return output;
    }
    return NULL;
}

static int refuse(const Object *object, Error *err, const char *would, const char *detail)
{
    cleanup(free) char *address = object_address(object);

    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-007]: this edit would %s %s, which exists%s%s: undo the edit, or "
                     "`ved destroy` first; nothing was touched",
                     would, address, detail[0] != '\0' ? "; " : "", detail);
}

/* Names what differs, without the values: they may be long, or not for every eye. */
static const char *arguments_compare(Arena *arena, const char *before, const char *after)
{
    cleanup(json_free) Json *old = NULL, *new = NULL;
    cleanup(buffer_deinit) Buffer text = {0};

    if (json_parse_own(before, strlen(before), &old, NULL) < 0 ||
        json_parse_own(after, strlen(after), &new, NULL) < 0)
        return "its arguments differ";
    for (const Json *m = json_first(new); m != NULL; m = json_next(m))
        if (json_get(old, json_key(m)) == NULL || !json_equal(json_get(old, json_key(m)), m))
            buffer_add_format(&text, " %s", json_key(m));
    for (const Json *m = json_first(old); m != NULL; m = json_next(m))
        if (json_get(new, json_key(m)) == NULL)
            buffer_add_format(&text, " %s", json_key(m));
    return arena_format(arena, "what differs:%s", buffer_text(&text));
}

static int check_arguments(const Recomputation *recomputation, const Object *object,
                           const Output *output, Error *err)
{
    const BoundEffect *bound = &recomputation->new->bindings->effects[output->use];
    cleanup(free) char *arguments = NULL;
    const char *text = "";

    if (strcmp(bound->provider, object->provider) != 0 ||
        strcmp(bound->action, object->action) != 0)
        return refuse(object, err, "replace", "its effect is bound to another action");
    if (arguments_make(recomputation->new, bound, output, recomputation->arena, &arguments,
                       &text) != 0)
        return refuse(object, err, "change", text);
    if (object->inputs != NULL && strcmp(arguments, object->inputs) != 0)
        return refuse(object, err, "change",
                      arguments_compare(recomputation->arena, object->inputs, arguments));
    return 0;
}

/* Objects of one slice stand together and share its origin: it is computed once for all of them. */
static void recompute_for(Recomputation *recomputation, const Object *object)
{
    if (recomputation->origin == object->origin)
        return;
    arena_reset(recomputation->arena);
    recomputation->origin = object->origin;
    recomputation->owner = object->owner;
    recomputation->result = (SliceResult){0};
    recompute(recomputation);
}

static int check_object(Recomputation *recomputation, const Object *object, Error *err)
{
    if (object->origin == NULL)
        return 0; /* left by an aborted attempt: the new program decides */
    if (object->origin->cause.transition < 0 && object->origin->cause.handler < 0)
        return refuse(object, err, "destroy", "what emitted it is gone from the program");
    recompute_for(recomputation, object);
    const Output *output = output_find(recomputation, object);
    if (output == NULL)
        return refuse(object, err, "destroy", "the slice that made it would not emit it any more");
    return check_arguments(recomputation, object, output, err);
}

static int check_objects(const Runtime *new, Error *err)
{
    Arena arena = {0};
    Recomputation recomputation = {.new = new, .arena = &arena};
    int code = 0;

    for (size_t i = 0; i < new->object_count &&code == 0; i++)
        code = check_object(&recomputation, new->objects[i], err);
    arena_deinit(&arena);
    return code;
}

/* ---- the successor ---- */

static void parameters_set(Runtime *new, Value **first_values)
{
    for (size_t i = 0; first_values != NULL && i < new->instance_count; i++) {
        Instance *instance = new->instances[i];
        for (size_t f = 0; f < instance->domain->field_count; f++) {
            if (!instance->domain->fields[f].parameter)
                continue;
            value_free(instance->fields[f]);
            instance->fields[f] = value_clone(first_values[instance->domain_index][f]);
        }
        instance_fields_changed(instance);
    }
}

static bool same_text(const Program *a, Span in_a, const Program *b, Span in_b)
{
    size_t size = in_a.end - in_a.start;

    return size == in_b.end - in_b.start &&
           memcmp(a->source.text + in_a.start, b->source.text + in_b.start, size) == 0;
}

/* A half-done transition goes on only if its text is unchanged; else it ends at its last commit. */
static void runs_check(Runtime *new, const Runtime *old)
{
    for (size_t i = 0; i < new->instance_count; i++) {
        Instance *instance = new->instances[i];
        const Instance *before = runtime_find(old, instance->domain->name);
        size_t kept = 0;
        for (size_t k = 0; k < instance->run_count; k++) {
            Run *run = &instance->runs[k];
            const ProgramTransition *now = &instance->domain->transitions[run->transition];
            int then = domain_find_transition(before->domain, now->name);
            if (then >= 0 && same_text(new->program, now->span, old->program,
                                       before->domain->transitions[then].span))
                instance->runs[kept++] = *run;
            else
                values_free(run->arguments, run->argument_count);
        }
        instance->run_count = kept;
    }
}

int evolution_make(const Runtime *old, const Program *program, const Bindings *bindings,
                   Value **first_values, Runtime **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer snapshot = {0};
    cleanup(json_free) Json *json = NULL;

    if (check_shape(old, program, err) < 0)
        return ERROR_PROGRAM;
    snapshot_write(old, &snapshot);
    if (json_parse_own(buffer_text(&snapshot), snapshot.size, &json, err) < 0)
        return error_wrap(err, "pass the state on");
    cleanup(runtime_free) Runtime *new = runtime_new(program, bindings, old->lineage);
    new->first_values = first_values;
    if (snapshot_read(new, json, true, err) < 0)
        return error_wrap(err, "pass the state on");
    parameters_set(new, first_values);
    runs_check(new, old);
    for (size_t i = 0; i < new->instance_count; i++)
        retained_deliver(new->instances[i], runtime_find(old, new->instances[i]->domain->name));
    if (check_objects(new, err) < 0)
        return ERROR_PROGRAM;
    *ret = take(new);
    return 0;
}
