#include "evolution.h"

#include <string.h>

#include "controller/core/input.h"
#include "controller/core/intent.h"
#include "controller/core/migration.h"
#include "controller/core/snapshot.h"
#include "lang/bytecode.h"
#include "lang/base/memory.h"

/* ---- shape of the state ---- */

/* The domain that goes on as that of the instance; NULL: it is gone. */
static const ProgramDomain *domain_kept(const Instance *instance, const Program *program)
{
    int domain = program_find_domain(program, instance->domain->name);

    if (domain < 0 || (program->domains[domain].key != NULL) != (instance->key != NULL))
        return NULL;
    return instance->key != NULL || program->domains[domain].started ? &program->domains[domain]
                                                                     : NULL;
}

static int check_shape(const Runtime *old, const Program *program, Error *err)
{
    for (const Instance *i = instance_first(old); i != NULL; i = instance_next(i)) {
        const ProgramDomain *domain = domain_kept(i, program);
        if (domain != NULL) {
            Reshape reshape = {old->program, i->domain, program, domain};
            if (reshape_check(&reshape, err) < 0)
                return ERROR_PROGRAM;
        } else if (i->object_count > 0) {
            return error_set(
                err, ERROR_PROGRAM,
                "error[V-ERR-007]: domain '%s' is gone from the program, but objects "
                "of it exist: put it back, or `ved destroy` first; nothing was touched",
                i->domain->name);
        }
    }
    return 0;
}

static char **field_names(const ProgramDomain *domain, Arena *arena)
{
    char **names = arena_array(arena, char *, domain->field_count);

    for (size_t i = 0; i < domain->field_count; i++)
        names[i] = arena_copy_string(arena, domain->fields[i].name);
    return names;
}

/* The state in its new shape: `before` holds it in the old one. */
static int instance_reshape(Instance *instance, const Instance *before, Arena *arena, Error *err)
{
    size_t count = instance->domain->field_count;
    Reshape reshape = {before->runtime->program, before->domain, instance->runtime->program,
                       instance->domain};
    Value *fields = arena_array(arena, Value, count);
    bool *set = arena_array(arena, bool, count);

    for (size_t i = 0; i < count; i++)
        fields[i] = instance->domain->fields[i].initial;
    if (reshape_fields(&reshape, field_names(before->domain, arena), before->fields,
                       before->domain->field_count, arena, fields, set, err) < 0)
        return ERROR_PROGRAM;
    for (size_t i = 0; i < count; i++) {
        Value value = value_clone(fields[i]); /* before the end of what it may be part of */
        value_free(instance->fields[i]);
        instance->fields[i] = value;
    }
    instance_fields_changed(instance);
    return 0;
}

/* What a slice had read, as it would have read it in the new shape: that it is computed again on.
 */
static int origin_reshape(Origin *origin, const Reshape *reshape, Arena *arena, Error *err)
{
    size_t count = reshape->new->field_count, kept = 0;
    Value *fields = arena_array(arena, Value, count);
    bool *set = arena_array(arena, bool, count);

    if (reshape_fields(reshape, origin->field_names, origin->fields, origin->field_count, arena,
                       fields, set, err) < 0)
        return ERROR_PROGRAM;
    char **names = memory_zero(count, sizeof(char *));
    Value *values = memory_zero(count, sizeof(Value));
    for (size_t i = 0; i < count; i++)
        if (set[i]) {
            names[kept] = memory_copy_string(reshape->new->fields[i].name);
            values[kept++] = value_clone(fields[i]);
        }
    for (size_t i = 0; i < origin->field_count; i++)
        free(origin->field_names[i]);
    free(origin->field_names);
    values_free(origin->fields, origin->field_count);
    origin->field_names = names;
    origin->fields = values;
    origin->field_count = kept;
    return 0;
}

static int origins_reshape(Runtime *new, const Runtime *old, Arena *arena, Error *err)
{
    Map done = {0};
    int code = 0;

    for (size_t i = 0; i < new->object_count &&code == 0; i++) {
        const Object *object = new->objects[i];
        const Instance *owner = object->owner;
        const Instance *before = runtime_find(old, owner->domain->name, owner->key);
        if (object->origin == NULL || before->domain->version == owner->domain->version)
            continue;
        char *number = arena_format(arena, "%llu", (unsigned long long)object->origin->slice);
        Reshape reshape = {old->program, before->domain, new->program, owner->domain};
        if (map_put(&done, number, object->origin) == NULL)
            code = origin_reshape(object->origin, &reshape, arena, err);
    }
    map_deinit(&done);
    return code;
}

static int state_reshape(Runtime *new, const Runtime *old, Error *err)
{
    Arena arena = {0};
    int code = 0;

    for (Instance *i = instance_first(new); i != NULL && code == 0; i = instance_next(i)) {
        const Instance *before = runtime_find(old, i->domain->name, i->key);
        if (before->domain->version != i->domain->version)
            code = instance_reshape(i, before, &arena, err);
        arena_reset(&arena);
    }
    if (code == 0)
        code = origins_reshape(new, old, &arena, err);
    arena_deinit(&arena);
    return code;
}

/* ---- objects ---- */

typedef struct Recomputation {
    const Runtime *new;
    const Origin *origin;
    Instance *owner; /* in the new runtime */
    Arena *arena;
    SliceResult result;
} Recomputation;

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
                        .code = cause_code(recomputation->owner, &recomputation->origin->cause),
                        .key = recomputation->owner->key_value,
                        .yield = recomputation->origin->cause.yield,
                        .locals = recomputation->origin->locals,
                        .local_count = recomputation->origin->local_count,
                        .fields = origin_values(recomputation),
                        .arguments = recomputation->origin->arguments,
                        .argument_count = recomputation->origin->argument_count,
                        .answers = origin_answers(recomputation),
                        .answer_count = recomputation->origin->result_count,
                        .planning = true};
    Reading reading;

    reading_begin(&reading, recomputation->owner, input.code, &recomputation->origin->facts,
                  recomputation->arena);
    input.facts = &reading.reader;
    slice_run(&input, recomputation->arena, &recomputation->result);
    reading_end(&reading);
    recomputation->result.status = reading_status(&reading, &recomputation->result);
}

/* How many objects of the same slice and place, without a name, were made before this one. */
static size_t object_turn(const Object *object)
{
    size_t turn = 0;

    for (const Object *other = object->owner->first_object; other != object;
         other = other->owner_next)
        turn += other->origin == object->origin && other->name == NULL &&
                other->place.site == object->place.site &&
                strcmp(other->place.effect, object->place.effect) == 0;
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
    size_t turn = object->name == NULL ? object_turn(object) : 0;

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

static bool has_text(const Cause *cause)
{
    return cause->transition >= 0 || cause->handler >= 0 || cause->timer >= 0;
}

static int check_object(Recomputation *recomputation, const Object *object, Error *err)
{
    if (object->origin == NULL)
        return 0; /* left by an aborted attempt: the new program decides */
    if (!has_text(&object->origin->cause))
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

/* Of a keyed domain each instance has its own, which it began with. */
static void parameters_set(Runtime *new, Value **first_values)
{
    for (Instance *i = instance_first(new); first_values != NULL && i != NULL;
         i = instance_next(i)) {
        for (size_t f = 0; f < i->domain->field_count; f++) {
            if (!i->domain->fields[f].parameter || i->key != NULL)
                continue;
            value_free(i->fields[f]);
            i->fields[f] = value_clone(first_values[i->domain_index][f]);
        }
        instance_fields_changed(i);
    }
}

static bool same_text(const Program *a, Span in_a, const Program *b, Span in_b)
{
    size_t size = in_a.end - in_a.start;

    return size == in_b.end - in_b.start &&
           memcmp(a->source.text + in_a.start, b->source.text + in_b.start, size) == 0;
}

static Span run_span(const ProgramDomain *domain, const Run *run)
{
    if (run->handler >= 0)
        return domain->handlers[run->handler].span;
    if (run->timer >= 0)
        return domain->timers[run->timer].span;
    return domain->transitions[run->transition].span;
}

/* The open run of before that this one is. */
static const Run *run_before(const Instance *before, const Instance *instance, const Run *run)
{
    Cause now = {.transition = run->transition, .handler = run->handler, .timer = run->timer};

    for (size_t i = 0; i < before->run_count; i++) {
        const Run *other = &before->runs[i];
        Cause then = {
            .transition = other->transition, .handler = other->handler, .timer = other->timer};
        if (strcmp(cause_where(before, &then), cause_where(instance, &now)) == 0)
            return other;
    }
    return NULL;
}

/* Where `run` is, in the text that `text` – the same one or its like of before – runs. */
static const CodeYield *yield_of(const Instance *instance, const Run *text, const Run *run)
{
    Cause cause = {.transition = text->transition,
                   .handler = text->handler,
                   .timer = text->timer,
                   .step = run->next_step};
    const Code *code = cause_code(instance, &cause);

    return run->yield <= code->yield_count ? &code->yields[run->yield - 1] : NULL;
}

/* What its locals hold is of the same types: the text does not say how a record looks. */
static bool locals_are_kept(const Instance *instance, const Instance *before, const Run *run,
                            const Run *other)
{
    if (run->yield == 0)
        return true;
    const CodeYield *was = yield_of(before, other, run), *is = yield_of(instance, run, run);
    if (was == NULL || is == NULL || was->top - before->domain->field_count != run->local_count ||
        is->top - instance->domain->field_count != run->local_count)
        return false;
    for (size_t i = 0; i < run->local_count; i++)
        if (!type_is_kept(&before->runtime->program->types, was->types[i],
                          &instance->runtime->program->types, is->types[i]))
            return false;
    return true;
}

static bool run_is_kept(const Instance *instance, const Instance *before, const Run *run)
{
    const Run *other = run_before(before, instance, run);
    Reshape reshape = {before->runtime->program, before->domain, instance->runtime->program,
                       instance->domain};

    return other != NULL && shape_is_kept(&reshape) &&
           same_text(instance->runtime->program, run_span(instance->domain, run),
                     before->runtime->program, run_span(before->domain, other)) &&
           locals_are_kept(instance, before, run, other);
}

/* What is half done goes on only if its text and the shape of its domain are unchanged; else it
 * ends at its last commit. */
static void runs_check(Runtime *new, const Runtime *old)
{
    for (Instance *i = instance_first(new); i != NULL; i = instance_next(i)) {
        const Instance *before = runtime_find(old, i->domain->name, i->key);
        size_t kept = 0;
        for (size_t k = 0; k < i->run_count; k++)
            if (run_is_kept(i, before, &i->runs[k]))
                i->runs[kept++] = i->runs[k];
            else
                run_deinit(&i->runs[k]);
        i->run_count = kept;
    }
}

int evolution_make(const Runtime *old, const Evolution *evolution, Runtime **ret,
                   EvolutionReport *report, Error *err)
{
    const Program *program = evolution->program;
    Value **first_values = evolution->first_values;
    cleanup(buffer_deinit) Buffer snapshot = {0};
    cleanup(json_free) Json *json = NULL;

    *report = (EvolutionReport){0};
    if (check_shape(old, program, err) < 0)
        return ERROR_PROGRAM;
    snapshot_write(old, &snapshot);
    if (json_parse_own(buffer_text(&snapshot), snapshot.size, &json, err) < 0)
        return error_wrap(err, "pass the state on");
    cleanup(runtime_free) Runtime *new = runtime_new(program, evolution->bindings, old->lineage);
    new->first_values = first_values;
    if (snapshot_read(new, json, true, err) < 0)
        return error_wrap(err, "pass the state on");
    if (state_reshape(new, old, err) < 0)
        return ERROR_PROGRAM;
    parameters_set(new, first_values);
    runs_check(new, old);
    for (Instance *i = instance_first(new); i != NULL; i = instance_next(i))
        retained_deliver(i, runtime_find(old, i->domain->name, i->key));
    if (check_objects(new, err) < 0)
        return ERROR_PROGRAM;
    *ret = take(new);
    return 0;
}

void evolution_report_deinit(EvolutionReport *report)
{
    for (size_t i = 0; i < report->note_count; i++)
        free(report->notes[i]);
    free(report->notes);
    *report = (EvolutionReport){0};
}
