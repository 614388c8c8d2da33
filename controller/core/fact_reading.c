/* Facts as program code reads them: what it asks for is found, noted and, where nobody knows it,
 * asked for. */
#include <string.h>

#include "controller/core/state.h"
#include "lang/base/memory.h"

static bool has_secret(Value value)
{
    if (value.type == VALUE_LIST) {
        for (size_t i = 0; i < value.list->count; i++)
            if (has_secret(value.list->items[i]))
                return true;
    } else if (value.type == VALUE_OBJECT) {
        for (size_t i = 0; i < value.object->count; i++)
            if (has_secret(value.object->members[i].value))
                return true;
    }
    return value.type == VALUE_SECRET;
}

static int argument_compare(const void *a, const void *b)
{
    return strcmp((*(const OutputArgument *const *)a)->name,
                  (*(const OutputArgument *const *)b)->name);
}

/* The fact as people write it, and its arguments as an object; those with a name in the order of
 * their names, so that one fact has one key. */
static void key_write(const char *provider, const FactUse *use, const OutputArgument *arguments,
                      size_t count, Arena *arena, Buffer *ret_key, Buffer *ret_arguments)
{
    const OutputArgument **named = arena_array(arena, const OutputArgument *, count + 1);
    size_t positional = 0;

    for (size_t i = 0; i < count; i++) {
        named[i] = &arguments[i];
        positional += arguments[i].name == NULL;
    }
    qsort(named + positional, count - positional, sizeof *named, argument_compare);
    buffer_add_format(ret_key, "%s.%s(", provider, use->query);
    buffer_add_char(ret_arguments, '{');
    for (size_t i = 0; i < count; i++) {
        char *name = named[i]->name != NULL ? arena_copy_string(arena, named[i]->name)
                                            : arena_format(arena, "%zu", i);
        buffer_add_string(ret_key, i > 0 ? ", " : "");
        buffer_add_string(ret_arguments, i > 0 ? "," : "");
        if (named[i]->name != NULL)
            buffer_add_format(ret_key, "%s: ", name);
        value_write_json(ret_key, named[i]->value);
        json_put_string(ret_arguments, name);
        buffer_add_char(ret_arguments, ':');
        value_write_json(ret_arguments, named[i]->value);
    }
    buffer_add_char(ret_key, ')');
    buffer_add_char(ret_arguments, '}');
}

static bool was_asked(const Runtime *runtime, const char *provider)
{
    const Map *facts = &runtime->facts.facts;

    for (MapEntry *e = map_next(facts, NULL); e != NULL; e = map_next(facts, e))
        if (strcmp(((const Fact *)e->value)->provider, provider) == 0)
            return true;
    return false;
}

/* Who is asked: the domain's environment may bind the name in its own way. At rest, without
 * bindings, who has been asked tells. */
static const char *provider_of(const Reading *reading, const FactUse *use)
{
    const Runtime *runtime = reading->instance->runtime;
    int32_t environment = reading->instance->domain->environment;
    size_t index = (size_t)(use - runtime->program->facts);

    if (runtime->bindings != NULL && index < runtime->bindings->fact_count)
        return runtime->bindings->fact_providers[index];
    if (environment < 0)
        return use->provider;
    const char *own = arena_format(reading->arena, "%s.%s",
                                   runtime->program->environments[environment].name, use->provider);
    return was_asked(runtime, own) ? own : use->provider;
}

static Fact *fact_of(Reading *reading, const FactUse *use, const OutputArgument *arguments,
                     size_t count)
{
    cleanup(buffer_deinit) Buffer key = {0};
    cleanup(buffer_deinit) Buffer json = {0};

    key_write(provider_of(reading, use), use, arguments, count, reading->arena, &key, &json);
    return fact_get(reading->instance->runtime, buffer_text(&key), buffer_text(&json));
}

static bool too_many(Reading *reading)
{
    reading->fault = arena_format(reading->arena, "domain '%s' reads more than %d different facts",
                                  reading->instance->domain->name, FACTS_OF_DOMAIN_MAX);
    return false;
}

static bool is_noted(const Reading *reading, const Fact *fact)
{
    for (size_t i = 0; i < reading->fact_count; i++)
        if (reading->facts[i] == fact)
            return true;
    return false;
}

static void reading_note(Reading *reading, Fact *fact)
{
    arena_reserve_one(reading->arena, reading->facts, reading->fact_count, reading->fact_capacity);
    reading->facts[reading->fact_count++] = fact;
}

static void reading_see(Reading *reading, const char *key, bool known, Value value)
{
    SeenFacts *seen = &reading->seen;

    arena_reserve_one(reading->arena, seen->items, seen->count, seen->capacity);
    seen->items[seen->count++] = (SeenFact){.key = arena_copy_string(reading->arena, key),
                                            .known = known,
                                            .value = value_copy(reading->arena, value)};
}

static bool is_unknown_use(const OutputArgument *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (value_is_unknown(arguments[i].value))
            return true;
    return false;
}

static bool refuse_secrets(Reading *reading, const FactUse *use, const OutputArgument *arguments,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_secret(arguments[i].value)) {
            reading->fault =
                arena_format(reading->arena, "%s.%s is asked with a secret: what is asked is shown",
                             use->provider, use->query);
            return true;
        }
    return false;
}

/* What the slice began with; NULL: it has not read the fact before. */
static const SeenFact *fact_kept(const Reading *reading, const Fact *fact)
{
    return reading->kept != NULL ? seen_facts_find(reading->kept, fact->key) : NULL;
}

static bool fact_see(Reading *reading, Fact *fact, bool is_new, Value *ret)
{
    const SeenFact *kept = fact_kept(reading, fact);

    if (kept == NULL && fact_is_predicted(reading->instance->runtime, fact))
        return true;
    if (kept == NULL && !fact_is_fresh(reading->instance, fact)) {
        reading->waits = true;
        return false;
    }
    bool known = kept != NULL ? kept->known : fact->known;
    *ret = kept != NULL ? kept->value : fact->value;
    if (is_new)
        reading_see(reading, fact->key, known, *ret);
    return known;
}

static bool reading_read(void *context, const FactUse *use, const OutputArgument *arguments,
                         size_t count, Value *ret)
{
    Reading *reading = context;

    *ret = value_unknown();
    if (reading->fault != NULL || refuse_secrets(reading, use, arguments, count))
        return false;
    if (is_unknown_use(arguments, count))
        return true; /* a plan's: nobody can say */
    Fact *fact = fact_of(reading, use, arguments, count);
    bool is_new = !is_noted(reading, fact);
    if (is_new && reading->fact_count == FACTS_OF_DOMAIN_MAX)
        return too_many(reading);
    if (is_new)
        reading_note(reading, fact);
    return fact_see(reading, fact, is_new, ret);
}

void reading_begin(Reading *reading, Instance *instance, const Code *code, const SeenFacts *kept,
                   Arena *arena)
{
    *reading = (Reading){.reader = {reading_read, reading},
                         .instance = instance,
                         .code = code,
                         .arena = arena,
                         .kept = kept};
}

void reading_end(Reading *reading)
{
    Instance *instance = reading->instance;

    code_facts_set(instance, reading->code, reading->facts, reading->fact_count);
    for (size_t i = 0; i < reading->fact_count; i++)
        if (instance->runtime->facts.live && !fact_is_fresh(instance, reading->facts[i]))
            fact_want(instance->runtime, reading->facts[i]);
    if (instance->active->facts.read_count > FACTS_OF_DOMAIN_MAX && reading->fault == NULL)
        too_many(reading);
}

static bool serves(const ProgramGoal *goal, int32_t transition)
{
    for (size_t i = 0; i < goal->transition_count; i++)
        if ((int32_t)goal->transitions[i] == transition)
            return true;
    return goal->fallback == transition;
}

static void reading_add_code(Reading *reading, const Code *code)
{
    const CodeFacts *facts = code_facts(reading->instance, code);

    for (size_t i = 0; facts != NULL && i < facts->count; i++)
        if (seen_facts_find(&reading->seen, facts->items[i]->key) == NULL)
            reading_see(reading, facts->items[i]->key, facts->items[i]->known,
                        facts->items[i]->value);
}

void reading_add_goals(Reading *reading, int32_t transition)
{
    const ProgramDomain *domain = reading->instance->domain;

    if (transition < 0 || reading->instance->active->facts.read_count == 0)
        return;
    for (size_t i = 0; i < domain->goal_count; i++)
        if (serves(&domain->goals[i], transition))
            reading_add_code(reading, domain->goals[i].predicate);
}

SliceStatus reading_status(const Reading *reading, SliceResult *result)
{
    if (reading->fault != NULL) {
        result->fault = reading->fault;
        return SLICE_FAULTED;
    }
    return reading->waits ? SLICE_LACKS_FACT : result->status;
}

Truth instance_evaluate(Instance *instance, const PredicateInput *input, Arena *arena,
                        const char **ret_fault)
{
    Reading reading;

    if (instance->runtime->program->fact_count == 0)
        return predicate_evaluate(input, arena, ret_fault);
    PredicateInput with_facts = *input;
    reading_begin(&reading, instance, input->code, NULL, arena);
    with_facts.facts = &reading.reader;
    Truth truth = predicate_evaluate(&with_facts, arena, ret_fault);
    reading_end(&reading);
    if (reading.fault != NULL) {
        if (ret_fault != NULL)
            *ret_fault = reading.fault;
        return TRUTH_FAULT;
    }
    return reading.waits ? TRUTH_UNKNOWN : truth;
}
