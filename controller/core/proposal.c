#include "proposal.h"

#include <string.h>

#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "controller/core/input.h"
#include "controller/core/timer.h"
#include "lang/base/memory.h"

/* ---- from the result ---- */

bool proposal_is_unknown(const SliceResult *result)
{
    for (size_t i = 0; i < result->output_count; i++)
        if (result->outputs[i].instance.type == VALUE_UNKNOWN)
            return true;
    return false;
}

static char *key_of(const Instance *instance, const Output *output, Arena *arena)
{
    bool own = output->kind == OUTPUT_MESSAGE && output->domain == instance->domain_index;

    if (output->instance.type == VALUE_STRING)
        return arena_copy_bytes(arena, output->instance.string->bytes,
                                output->instance.string->size);
    return own && instance->key != NULL ? arena_copy_string(arena, instance->key) : NULL;
}

static void first_values_collect(const Instance *instance, const Output *output, Arena *arena,
                                 Emission *ret)
{
    const ProgramDomain *domain = &instance->runtime->program->domains[output->domain];

    ret->first = arena_array(arena, FieldChange, output->argument_count);
    for (size_t i = 0; i < output->argument_count; i++) {
        int field = domain_find_field(domain, output->arguments[i].name);
        if (field >= 0)
            ret->first[ret->first_count++] = (FieldChange){
                .field = (uint32_t)field, .value = value_copy(arena, output->arguments[i].value)};
    }
}

static void arguments_collect(const Output *output, Arena *arena, Emission *ret)
{
    ret->argument_count = output->argument_count;
    ret->arguments = arena_raw(arena, Value, output->argument_count);
    for (size_t i = 0; i < output->argument_count; i++)
        ret->arguments[i] = value_copy(arena, output->arguments[i].value);
}

static Emission emission_make(const Instance *instance, const Output *output, Arena *arena)
{
    Emission emission = {.kind = output->kind,
                         .high = output->high,
                         .to_handler = output->to_handler,
                         .event = output->event,
                         .domain = output->domain,
                         .transition = output->transition,
                         .key = key_of(instance, output, arena)};

    if (output->kind == OUTPUT_MESSAGE || output->kind == OUTPUT_SPAWN)
        emission.receiver = emission_receiver(instance->runtime, &emission);
    if (output->elevated != NULL)
        emission.elevated = arena_copy_string(arena, output->elevated);
    if (output->kind == OUTPUT_SPAWN)
        first_values_collect(instance, output, arena, &emission);
    else
        arguments_collect(output, arena, &emission);
    return emission;
}

/* What the record of the slice will hold, if there is to be one. */
static void reads_collect(const Instance *instance, const SliceResult *result, Arena *arena,
                          Proposal *ret)
{
    bool has_effects = false;

    for (size_t i = 0; i < result->output_count; i++)
        has_effects |= result->outputs[i].kind == OUTPUT_EFFECT;
    if (!has_effects || result->reads == NULL)
        return;
    ret->reads = arena_array(arena, uint32_t, instance->domain->field_count);
    for (uint32_t i = 0; i < instance->domain->field_count; i++)
        if (result->reads[i])
            ret->reads[ret->read_count++] = i;
}

static FieldChange *changes_collect(const Instance *instance, const SliceResult *result,
                                    Arena *arena, size_t *ret_count)
{
    size_t count = 0, field_count = instance->domain->field_count;
    FieldChange *changes = arena_raw(arena, FieldChange, field_count);

    for (uint32_t i = 0; i < field_count; i++)
        if (!value_equal(instance->fields[i], result->fields[i]))
            changes[count++] =
                (FieldChange){.field = i, .value = value_copy(arena, result->fields[i])};
    *ret_count = count;
    return changes;
}

static Emission *emissions_collect(const Instance *instance, const SliceResult *result,
                                   Arena *arena, size_t *ret_count)
{
    Emission *emissions = arena_raw(arena, Emission, result->output_count);
    size_t count = 0;

    for (size_t i = 0; i < result->output_count; i++) {
        const Output *output = &result->outputs[i];
        if (output->kind != OUTPUT_EFFECT && output->kind != OUTPUT_RELEASE)
            emissions[count++] = emission_make(instance, output, arena);
    }
    *ret_count = count;
    return emissions;
}

void proposal_make(const Instance *instance, const SliceResult *result, Arena *arena, Proposal *ret)
{
    *ret = (Proposal){0};
    ret->changes = changes_collect(instance, result, arena, &ret->change_count);
    if (result->output_count > 0) {
        ret->emissions = emissions_collect(instance, result, arena, &ret->emission_count);
        reads_collect(instance, result, arena, ret);
    }
    if (result->status != SLICE_YIELDED)
        return;
    ret->yield = result->yield;
    ret->locals = arena_array(arena, Value, result->local_count);
    for (; ret->local_count < result->local_count; ret->local_count++)
        ret->locals[ret->local_count] = value_copy(arena, result->locals[ret->local_count]);
}

/* ---- ceilings ---- */

static const char *key_fault(const Runtime *runtime, const Emission *emission, Arena *arena)
{
    size_t size = emission->key != NULL ? strlen(emission->key) : 0;

    if (size <= INSTANCE_KEY_MAX)
        return NULL;
    return arena_format(arena,
                        "the key of an instance of domain '%s' has %zu bytes: expected at most %d",
                        runtime->program->domains[emission->domain].name, size, INSTANCE_KEY_MAX);
}

/* With those that it begins, at most: a key may be there twice. */
static const char *instances_fault(const Runtime *runtime, const Proposal *proposal, Arena *arena)
{
    size_t count = instance_count(runtime);

    if (count + proposal->emission_count <= INSTANCES_MAX)
        return NULL;
    for (size_t i = 0; i < proposal->emission_count; i++) {
        const Emission *emission = &proposal->emissions[i];
        if (emission->key != NULL && count++ >= INSTANCES_MAX &&
            emission_receiver(runtime, emission) == NULL)
            return arena_format(arena,
                                "the stack has %d instances, which is as many as it may have",
                                INSTANCES_MAX);
    }
    return NULL;
}

const char *proposal_fault(const Runtime *runtime, const Proposal *proposal, Arena *arena)
{
    if (proposal->emission_count == 0)
        return NULL;
    for (size_t i = 0; i < proposal->emission_count; i++) {
        const char *fault = key_fault(runtime, &proposal->emissions[i], arena);
        if (fault != NULL)
            return fault;
    }
    return instances_fault(runtime, proposal, arena);
}

/* One that is down takes dead letters only. */
static bool lacks_room(const Instance *receiver, size_t ceiling)
{
    return instance_is_down(receiver) ? dead_letters_are_full(receiver)
                                      : mailbox_count(&receiver->active->mailbox) >= ceiling;
}

static const Instance *event_lacks_room(const Runtime *runtime, uint32_t event, size_t ceiling)
{
    for (size_t d = 0; d < runtime->program->domain_count; d++)
        if (domain_find_handler(&runtime->program->domains[d], event) >= 0)
            for (const Instance *i = runtime->domains[d].instances.first; i != NULL;
                 i = link_next(i, LIST_DOMAIN))
                if (lacks_room(i, ceiling))
                    return i;
    return NULL;
}

const Instance *proposal_lacks_room(const Runtime *runtime, const Proposal *proposal,
                                    size_t ceiling)
{
    for (size_t i = 0; i < proposal->emission_count; i++) {
        const Emission *emission = &proposal->emissions[i];
        const Instance *receiver = NULL;
        if (emission->kind == OUTPUT_MESSAGE)
            receiver = emission_receiver(runtime, emission);
        else if (emission->kind == OUTPUT_EVENT)
            receiver = event_lacks_room(runtime, emission->event, ceiling);
        if (receiver != NULL && lacks_room(receiver, ceiling))
            return receiver;
    }
    return NULL;
}

/* ---- completing a commit ---- */

void start_make(const Turn *turn, uint32_t index, const char *key, const FieldChange *first,
                size_t first_count, InstanceStart *ret)
{
    const Runtime *runtime = turn->runtime;
    const ProgramDomain *domain = &runtime->program->domains[index];
    TimerView view = {.input = {.program = runtime->program, .domain = domain},
                      .now_ms = turn->now_ms};

    *ret = (InstanceStart){.domain = index,
                           .key = key != NULL ? arena_copy_string(turn->arena, key) : NULL,
                           .fields = arena_array(turn->arena, Value, domain->field_count)};
    for (size_t i = 0; i < domain->field_count; i++)
        ret->fields[i] = runtime->first_values != NULL ? runtime->first_values[index][i]
                                                       : domain->fields[i].initial;
    for (size_t i = 0; i < first_count; i++)
        ret->fields[first[i].field] = value_copy(turn->arena, first[i].value);
    view.input.fields = ret->fields;
    if (key != NULL)
        view.input.key = value_string(turn->arena, key, strlen(key));
    ret->timer_count = timers_arm(&view, turn->arena, &ret->timers);
}

/* It is for an instance that is not there yet. */
static bool begins_instance(const Runtime *runtime, const Emission *emission)
{
    return emission->key != NULL && !emission->same && !emission->unsaid &&
           emission_receiver(runtime, emission) == NULL;
}

/* What the emissions begin, of which the first so many do not. */
static void starts_collect(const Turn *turn, Record *record, const Proposal *proposal, size_t first)
{
    const Runtime *runtime = turn->runtime;
    Map begun = {0};

    record->starts = arena_array(turn->arena, InstanceStart, proposal->emission_count - first);
    for (size_t i = first; i < proposal->emission_count; i++) {
        const Emission *emission = &proposal->emissions[i];
        if (!begins_instance(runtime, emission))
            continue;
        cleanup(free) char *label =
            instance_label_of(&runtime->program->domains[emission->domain], emission->key);
        InstanceStart *start = &record->starts[record->start_count];
        if (map_get(&begun, label) != NULL)
            continue;
        map_put(&begun, label, start);
        start_make(turn, emission->domain, emission->key, emission->first, emission->first_count,
                   start);
        record->start_count++;
    }
    map_deinit(&begun);
}

static void starts_complete(const Turn *turn, Record *record, const Proposal *proposal)
{
    for (size_t i = 0; i < proposal->emission_count; i++)
        if (begins_instance(turn->runtime, &proposal->emissions[i])) {
            starts_collect(turn, record, proposal, i);
            return;
        }
}

void commit_complete(const Turn *turn, Record *record, const Proposal *proposal)
{
    Instance *instance = record->instance;
    size_t count = instance->domain->field_count;

    if (proposal->emission_count > 0)
        starts_complete(turn, record, proposal);
    if (instance->domain->timer_count == 0)
        return;
    TimerView view = {.instance = instance, .now_ms = turn->now_ms};
    Value *fields = arena_array(turn->arena, Value, count);
    if (count > 0)
        memcpy(fields, instance->fields, count * sizeof *fields);
    for (size_t i = 0; i < proposal->change_count; i++)
        if (!proposal->changes[i].left)
            fields[proposal->changes[i].field] = proposal->changes[i].value;
    predicate_input_make(instance, NULL, &view.input);
    view.input.fields = fields;
    record->timer_count = timers_arm(&view, turn->arena, &record->timers);
}

/* ---- what people are told ---- */

static const char *logged(Turn *turn, const Emission *emission)
{
    cleanup(buffer_deinit) Buffer text = {0};

    value_print(&text, emission->arguments[0]);
    return arena_copy_string(turn->arena, buffer_text(&text));
}

void notice_proposal(Turn *turn, const Instance *instance, const Proposal *proposal)
{
    for (size_t i = 0; i < proposal->emission_count; i++) {
        const Emission *emission = &proposal->emissions[i];
        if (emission->same || emission->unsaid)
            continue;
        if (emission->kind == OUTPUT_EVENT)
            turn_notice(turn, NOTICE_EVENT_SENT, instance)->text =
                turn->runtime->program->events[emission->event].name;
        if (emission->kind == OUTPUT_LOG && emission->argument_count == 1)
            turn_notice(turn, NOTICE_LOGGED, instance)->text = logged(turn, emission);
        if (emission->elevated != NULL)
            turn_notice(turn, NOTICE_ELEVATED, instance)->text =
                arena_copy_string(turn->arena, emission->elevated);
    }
}

void notice_starts(Turn *turn, const Record *record)
{
    for (size_t i = 0; i < record->start_count; i++)
        turn_notice(turn, NOTICE_STARTED,
                    instance_find(turn->runtime, record->starts[i].domain, record->starts[i].key));
}
