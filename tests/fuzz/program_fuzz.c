/* Any bytes are compiled; what is a program is run: every goal evaluated, every slice and handler
 * run once on the first values, with every effect answered. Nothing may crash, hang or leak. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lang/program.h"
#include "lang/vm.h"

#define SLICES_MAX 64 /* of one input, so that each input stays quick */
#define ANSWERS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct Run {
    const Program *program;
    const ProgramDomain *domain;
    Arena arena;
    Value *fields;
    EffectAnswer answers[ANSWERS_MAX];
    size_t slices;
} Run;

static Value sample(const Program *program, Arena *arena, StaticType type)
{
    if (type == STATIC_ANY)
        return value_int(7);
    return type_zero(&program->types, type, arena);
}

static Value *samples(const Program *program, Arena *arena, const ProgramParameter *parameters,
                      size_t count)
{
    Value *values = arena_array(arena, Value, count);

    for (size_t i = 0; i < count; i++)
        values[i] = sample(program, arena, parameters[i].type);
    return values;
}

/* Some answers fail, some are objects, some are unknown, as in a plan. */
static void answers_make(Run *run)
{
    ValueObject *object = arena_alloc(&run->arena, sizeof *object + sizeof(ValueMember));

    object->count = 1;
    object->members[0] = (ValueMember){value_string(&run->arena, "host", 4).string, value_int(1)};
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        Value result =
            i % 3 == 2 ? value_unknown() : (Value){.type = VALUE_OBJECT, .object = object};
        run->answers[i] = (EffectAnswer){.present = true, .failed = i % 3 == 1, .result = result};
    }
}

static Value key_of(const ProgramDomain *domain, Arena *arena)
{
    return domain->key != NULL ? value_string(arena, "k", 1) : value_null();
}

static void slice_try(Run *run, const Code *code, const ProgramParameter *parameters, size_t count)
{
    SliceResult result;
    Value admitted;
    SliceInput input = {.program = run->program,
                        .domain = run->domain,
                        .code = code,
                        .key = key_of(run->domain, &run->arena),
                        .fields = run->fields,
                        .arguments = samples(run->program, &run->arena, parameters, count),
                        .argument_count = count,
                        .answers = run->answers,
                        .answer_count = ANSWERS_MAX};

    if (run->slices++ >= SLICES_MAX)
        return;
    slice_run(&input, &run->arena, &result);
    if ((result.status == SLICE_FAULTED) != (result.fault != NULL))
        abort();
    for (size_t i = 0; result.status == SLICE_DONE && i < run->domain->field_count; i++)
        if (!type_admit(&run->program->types, run->domain->fields[i].type, result.fields[i],
                        &run->arena, &admitted))
            abort(); /* a field never changes its type */
}

static void predicate_try(const Run *run, const Code *code, Arena *arena)
{
    PredicateInput input = {.program = run->program,
                            .domain = run->domain,
                            .code = code,
                            .fields = run->fields,
                            .key = key_of(run->domain, arena)};

    predicate_evaluate(&input, arena, NULL);
}

static void domain_try(Run *run)
{
    const ProgramDomain *domain = run->domain;

    run->fields = arena_array(&run->arena, Value, domain->field_count);
    for (size_t i = 0; i < domain->field_count; i++)
        run->fields[i] = domain->fields[i].initial;
    for (size_t i = 0; i < domain->goal_count; i++)
        predicate_try(run, domain->goals[i].predicate, &run->arena);
    for (size_t i = 0; i < domain->transition_count; i++)
        for (size_t s = 0; s < domain->transitions[i].slice_count; s++)
            slice_try(run, domain->transitions[i].slices[s], domain->transitions[i].parameters,
                      domain->transitions[i].parameter_count);
    for (size_t i = 0; i < domain->handler_count; i++)
        slice_try(run, domain->handlers[i].code, domain->handlers[i].parameters,
                  domain->handlers[i].parameter_count);
    for (size_t i = 0; i < domain->timer_count; i++) {
        slice_try(run, domain->timers[i].code, NULL, 0);
        if (domain->timers[i].when != NULL)
            predicate_try(run, domain->timers[i].when, &run->arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Program *program = program_compile("fuzz.ved", (const char *)bytes, size);
    Run run = {.program = program};

    if (program->valid != (program->diagnostics.error_count == 0))
        abort();
    for (size_t i = 0; program->valid && i < program->domain_count; i++) {
        run.domain = &program->domains[i];
        answers_make(&run);
        domain_try(&run);
        arena_deinit(&run.arena);
    }
    program_free(program);
    return 0;
}
