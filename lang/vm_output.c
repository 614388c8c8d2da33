/* What leaves a slice, and what comes back: outputs, the answers of effects, facts, and what the
 * slice knows of itself. */
#include <string.h>

#include "lang/vm_machine.h"

#define MESSAGE_SIZE_MAX (256 * 1024)

/* Most slices that put out anything put out one thing. */
static void outputs_grow(Vm *vm)
{
    size_t capacity = vm->output_capacity != 0 ? vm->output_capacity * 4 : 1;
    Output *grown = arena_raw(vm->arena, Output, capacity);

    if (vm->output_count > 0)
        memcpy(grown, vm->outputs, vm->output_count * sizeof *grown);
    vm->outputs = grown;
    vm->output_capacity = capacity;
}

static Output *output_add(Vm *vm, OutputKind kind)
{
    if (vm->output_count == SLICE_OUTPUTS_MAX) {
        vm_fault(vm, "the slice has more than %d outputs", SLICE_OUTPUTS_MAX);
        return NULL;
    }
    if (vm->output_count == vm->output_capacity)
        outputs_grow(vm);
    Output *output = &vm->outputs[vm->output_count++];
    *output =
        (Output){.kind = kind, .instance = value_null(), .name = value_null(), .key = value_null()};
    return output;
}

static OutputArgument *arguments_make(Vm *vm, Output *output, const Value *values, size_t count)
{
    OutputArgument *arguments = arena_raw(vm->arena, OutputArgument, count);

    for (size_t i = 0; i < count; i++)
        arguments[i] = (OutputArgument){.value = values[i]};
    output->arguments = arguments;
    output->argument_count = count;
    return arguments;
}

/* What is sent is within its ceiling; looking costs as much as is looked at. */
static bool message_fits(Vm *vm, const char *what, const Value *values, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += value_size(values[i]);
    if (size > MESSAGE_SIZE_MAX)
        return vm_fault(vm, "%s would have %zu bytes, more than %d", what, size, MESSAGE_SIZE_MAX);
    return vm_charge(vm, size / 64);
}

/* ---- events and messages ---- */

bool vm_event(Vm *vm, Instruction in, Value *r)
{
    const CodeSite *site = &vm->code->sites[in.wide];
    const ProgramEvent *event = &vm->program->events[site->target];

    if (!message_fits(vm, "the event", &r[in.a], site->argument_count))
        return false;
    Output *output = output_add(vm, OUTPUT_EVENT);
    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, output, &r[in.a], site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = event->fields[i].name;
    output->event = site->target;
    return true;
}

static const ProgramParameter *receiver_parameters(const Vm *vm, const CodeSite *site)
{
    const ProgramDomain *receiver = &vm->program->domains[site->target];

    return site->to_handler ? receiver->handlers[site->transition].parameters
                            : receiver->transitions[site->transition].parameters;
}

bool vm_message(Vm *vm, Instruction in, Value *r)
{
    const CodeSite *site = &vm->code->sites[in.wide];
    const ProgramParameter *parameters = receiver_parameters(vm, site);
    const Value *next = &r[in.a + site->argument_count];

    if (!message_fits(vm, "the message", &r[in.a], site->argument_count))
        return false;
    Output *output = output_add(vm, OUTPUT_MESSAGE);
    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, output, &r[in.a], site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = parameters[i].name;
    output->domain = site->target;
    output->transition = site->transition;
    output->to_handler = site->to_handler;
    output->high = site->high;
    if (site->has_instance)
        output->instance = *next++;
    if (site->has_reason && next->type == VALUE_STRING)
        output->elevated = next->string->bytes;
    return true;
}

bool vm_spawn(Vm *vm, Instruction in, Value *r)
{
    const CodeSite *site = &vm->code->sites[in.wide];

    if (!message_fits(vm, "what an instance begins with", &r[in.a], site->argument_count))
        return false;
    Output *output = output_add(vm, OUTPUT_SPAWN);
    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, output, &r[in.a], site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = site->argument_names[i];
    output->domain = site->target;
    output->instance = r[in.a + site->argument_count];
    return true;
}

bool vm_stop(Vm *vm, Instruction in, Value *r)
{
    (void)in, (void)r;
    return output_add(vm, OUTPUT_STOP) != NULL;
}

/* A secret is shown nowhere, so it is not in the line. */
bool vm_log(Vm *vm, Instruction in, Value *r)
{
    Output *output = output_add(vm, OUTPUT_LOG);
    Value text = r[in.a];

    if (output == NULL)
        return false;
    if (text.type == VALUE_SECRET)
        text = value_string(vm->arena, VALUE_SENSITIVE, strlen(VALUE_SENSITIVE));
    arguments_make(vm, output, &text, 1);
    return true;
}

/* ---- effects ---- */

static Output *put_effect(Vm *vm, OutputKind kind, const CodeSite *site, const Value *values)
{
    Output *output = output_add(vm, kind);

    if (output == NULL)
        return NULL;
    OutputArgument *arguments = arguments_make(vm, output, values, site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = site->argument_names[i];
    values += site->argument_count;
    if (site->has_name)
        output->name = *values++;
    if (site->has_key)
        output->key = *values;
    output->use = site->target;
    output->awaited = site->awaited;
    output->handled = site->handled;
    output->has_result = site->has_result;
    return output;
}

bool vm_release(Vm *vm, Instruction in, Value *r)
{
    return put_effect(vm, OUTPUT_RELEASE, &vm->code->sites[in.wide], &r[in.a]) != NULL;
}

/* A failure that nobody handles aborts the slice before it is computed again; being here with one
 * means the caller went on all the same. */
static bool fault_unhandled(Vm *vm, const CodeSite *site, Value error)
{
    const EffectUse *use = &vm->program->effects[site->target];
    Value message;
    bool said = value_member(error, "message", &message) && message.type == VALUE_STRING;

    return vm_fault(vm, "effect '%s' failed: %s", use->effect,
                    said ? message.string->bytes : "no reason given");
}

/* The answer of the effect that was just put out; NULL: there is none yet. */
static const EffectAnswer *answer_take(Vm *vm, const Output *output)
{
    size_t ordinal = vm->effect_count++;

    if (vm->answer_reader != NULL)
        return vm->answer_reader->read(vm->answer_reader->context, output);
    if (ordinal >= vm->answer_count || !vm->answers[ordinal].present)
        return NULL;
    return &vm->answers[ordinal];
}

/* An else block of a `parallel` block that is to run: with the registers of that moment. */
typedef struct Pending {
    const CodeSite *site;
    Value error;
    const Value *kept;
} Pending;

typedef struct Together {
    struct Together *outer;
    uint32_t group;
    bool ended; /* its else blocks are running: what they put out is not of the group */
    bool lacks; /* an answer */
    Pending *pending;
    size_t pending_count, pending_capacity;
    size_t next;
} Together;

static void pending_add(Vm *vm, Together *together, const CodeSite *site, Value error)
{
    Value *kept = arena_array(vm->arena, Value, site->kept_count);

    memcpy(kept, &vm->registers[site->kept], site->kept_count * sizeof *kept);
    arena_reserve_one(vm->arena, together->pending, together->pending_count,
                      together->pending_capacity);
    together->pending[together->pending_count++] = (Pending){site, error, kept};
}

/* Nothing waits before the end of the block, and until then a result is null. */
static VmEnd effect_together(Vm *vm, Together *together, const CodeSite *site, Output *output)
{
    const EffectAnswer *answer = answer_take(vm, output);

    output->group = together->group;
    output->awaited = true;
    if (site->has_result)
        vm->registers[site->result] =
            answer == NULL || answer->failed ? value_null() : answer->result;
    if (answer == NULL) {
        together->lacks = true;
        return VM_DONE;
    }
    if (!answer->failed)
        return VM_DONE;
    if (!site->handled) {
        fault_unhandled(vm, site, answer->result);
        return VM_FAULTED;
    }
    pending_add(vm, together, site, answer->result);
    return VM_DONE;
}

VmEnd vm_effect(Vm *vm, const CodeSite *site, const Value *values, uint32_t *pc)
{
    Output *output = put_effect(vm, OUTPUT_EFFECT, site, values);

    if (output == NULL)
        return VM_FAULTED;
    if (vm->together != NULL && !vm->together->ended)
        return effect_together(vm, vm->together, site, output);
    const EffectAnswer *answer = answer_take(vm, output);
    if (!site->awaited)
        return VM_DONE;
    if (answer == NULL)
        return VM_AWAITS;
    if (answer->failed && !site->handled) {
        fault_unhandled(vm, site, answer->result);
        return VM_FAULTED;
    }
    if (site->has_result)
        vm->registers[site->result] = answer->failed ? value_null() : answer->result;
    if (answer->failed) {
        vm->registers[site->error] = answer->result;
        *pc = site->otherwise;
    }
    return VM_DONE;
}

void vm_parallel(Vm *vm)
{
    Together *together = arena_new(vm->arena, Together);

    together->outer = vm->together;
    together->group = ++vm->group_count;
    vm->together = together;
}

VmEnd vm_together(Vm *vm, uint32_t *pc)
{
    Together *together = vm->together;

    if (together == NULL) /* it went on in the middle of the block */
        return VM_DONE;
    together->ended = true;
    if (together->lacks)
        return VM_AWAITS;
    if (together->next == together->pending_count) {
        vm->together = together->outer;
        return VM_DONE;
    }
    const Pending *pending = &together->pending[together->next++];
    const CodeSite *site = pending->site;
    if (!vm_charge(vm, *pc - site->otherwise + site->kept_count))
        return VM_FAULTED;
    memcpy(&vm->registers[site->kept], pending->kept, site->kept_count * sizeof(Value));
    vm->registers[site->error] = pending->error;
    *pc = site->otherwise;
    return VM_DONE;
}

/* ---- facts ---- */

/* Whether it is known which fact is meant. */
static bool fact_is_named(const CodeSite *site, const Value *values)
{
    for (size_t i = 0; i < site->argument_count; i++)
        if (value_is_unknown(values[i]))
            return false;
    return true;
}

static bool fact_read(const Vm *vm, const CodeSite *site, const Value *values, Value *ret)
{
    size_t count = site->argument_count;
    OutputArgument *arguments = arena_array(vm->arena, OutputArgument, count);

    for (size_t i = 0; i < count; i++)
        arguments[i] = (OutputArgument){site->argument_names[i], values[i]};
    return vm->facts != NULL &&
           vm->facts->read(vm->facts->context, &vm->program->facts[site->target], arguments, count,
                           ret);
}

/* A slice is discarded and waits for the fact; a predicate goes on, as another part of it may
 * decide. */
bool vm_fact(Vm *vm, Instruction in, Value *r)
{
    const CodeSite *site = &vm->code->sites[in.wide];
    Value value = value_unknown();

    if (fact_is_named(site, &r[in.a]) && !fact_read(vm, site, &r[in.a], &value)) {
        vm->lacks_fact = !vm->code->is_predicate;
        value = value_unknown();
    }
    r[in.a] = value;
    return !vm->lacks_fact;
}

bool vm_known(Vm *vm, Instruction in, Value *r)
{
    const CodeSite *site = &vm->code->sites[in.wide];
    Value value;

    r[in.a] = fact_is_named(site, &r[in.a]) ? value_bool(fact_read(vm, site, &r[in.a], &value))
                                            : value_unknown();
    return true;
}

/* ---- what the code is told of itself ---- */

bool vm_key(Vm *vm, Instruction in, Value *r)
{
    r[in.a] = vm->key;
    return true;
}

bool vm_old(Vm *vm, Instruction in, Value *r)
{
    r[in.a] = vm->old;
    return true;
}
