/* A register machine. Its loop knows integers and booleans; everything else, and every fault, is in
 * vm_operate.c.
 *
 * Fuel is taken where time can grow without bound: at jumps backward, for the length of the loop,
 * and for the bytes of strings. Code that only goes forward is as short as its source. */
#include "lang/vm.h"

#include <assert.h>
#include <string.h>

#include "lang/bytecode.h"
#include "lang/vm_operate.h"

/* How a run of the loop ends. */
typedef enum VmEnd { VM_DONE, VM_AWAITS, VM_FAULTED, VM_UNKNOWN } VmEnd;

static Output *output_add(Vm *vm, OutputKind kind)
{
    if (vm->output_count == SLICE_OUTPUTS_MAX) {
        vm_fault(vm, "the slice has more than %d outputs", SLICE_OUTPUTS_MAX);
        return NULL;
    }
    arena_reserve_one(vm->arena, vm->outputs, vm->output_count, vm->output_capacity);
    Output *output = &vm->outputs[vm->output_count++];
    *output = (Output){.kind = kind, .name = value_null(), .key = value_null()};
    return output;
}

static OutputArgument *arguments_make(Vm *vm, const Value *values, size_t count)
{
    OutputArgument *arguments = arena_array(vm->arena, OutputArgument, count);

    for (size_t i = 0; i < count; i++)
        arguments[i].value = values[i];
    return arguments;
}

static bool put_event(Vm *vm, const CodeSite *site, const Value *values)
{
    const ProgramEvent *event = &vm->program->events[site->target];
    Output *output = output_add(vm, OUTPUT_EVENT);

    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, values, site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = event->fields[i].name;
    output->event = site->target;
    output->arguments = arguments;
    output->argument_count = site->argument_count;
    return true;
}

static bool put_message(Vm *vm, const CodeSite *site, const Value *values)
{
    const ProgramDomain *receiver = &vm->program->domains[site->target];
    const ProgramTransition *transition = &receiver->transitions[site->transition];
    Output *output = output_add(vm, OUTPUT_MESSAGE);

    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, values, site->argument_count);
    for (size_t i = 0; i < site->argument_count; i++)
        arguments[i].name = transition->parameters[i].name;
    output->domain = site->target;
    output->transition = site->transition;
    output->high = site->high;
    output->arguments = arguments;
    output->argument_count = site->argument_count;
    return true;
}

static bool put_log(Vm *vm, const Value *text)
{
    Output *output = output_add(vm, OUTPUT_LOG);

    if (output == NULL)
        return false;
    output->arguments = arguments_make(vm, text, 1);
    output->argument_count = 1;
    return true;
}

static bool put_effect(Vm *vm, const CodeSite *site, const Value *values)
{
    Output *output = output_add(vm, OUTPUT_EFFECT);

    if (output == NULL)
        return false;
    OutputArgument *arguments = arguments_make(vm, values, site->argument_count);
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
    output->arguments = arguments;
    output->argument_count = site->argument_count;
    return true;
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

/* Put the effect out and, if the slice needs its answer, take the recorded one. `pc` goes to the
 * else block where that is what the answer asks for. */
static VmEnd run_effect(Vm *vm, const CodeSite *site, const Value *values, uint32_t *pc)
{
    if (!put_effect(vm, site, values))
        return VM_FAULTED;
    size_t ordinal = vm->effect_count++;
    if (!site->awaited)
        return VM_DONE;
    if (ordinal >= vm->answer_count || !vm->answers[ordinal].present)
        return VM_AWAITS;
    const EffectAnswer *answer = &vm->answers[ordinal];
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

static VmEnd run_fail(Vm *vm, Value reason)
{
    if (value_is_unknown(reason))
        return VM_UNKNOWN;
    if (vm_check(vm, reason, STATIC_STRING))
        vm_fault(vm, "%s", reason.string->bytes);
    return VM_FAULTED;
}

/* Whether a jump asks for a look at what is no plain boolean: false with a fault if it has no
 * business there. */
static bool is_open(Vm *vm, const Value *condition)
{
    return vm_check(vm, *condition, STATIC_BOOL);
}

#define FAULT_PASSED_COST 1000 /* fuel; a sentence was written that nobody will read */

/* Right of an unknown `&&` or `||` a fault need not come in the real run, where the left side may
 * decide alone: go on behind the operator, whose value stays unknown. False: the fault stands, or,
 * without a fault, there is no fuel left and everything is unknown.
 *
 * An operator's right side is the stretch of code that its SKIP jumps over. */
static bool fault_is_passed(Vm *vm, uint32_t *pc)
{
    for (uint32_t i = vm->at; i-- > 0;) {
        const Instruction *in = &vm->code->instructions[i];
        bool skip = in->opcode == OPCODE_SKIP_FALSE || in->opcode == OPCODE_SKIP_TRUE;
        if (!skip || in->wide <= vm->at || vm->registers[in->a].type != VALUE_UNKNOWN)
            continue;
        vm->fault = NULL;
        if (vm->fuel < FAULT_PASSED_COST)
            return false;
        vm->fuel -= FAULT_PASSED_COST;
        *pc = in->wide;
        return true;
    }
    return false;
}

#define BOTH_INT(left, right) ((left)->type == VALUE_INT && (right)->type == VALUE_INT)

/* An operator on two integers that may not fit, and the way round for everything else. No do-while
 * around it: `continue` must mean the dispatch loop. */
#define ARITHMETIC(builtin)                                                                        \
    {                                                                                              \
        int64_t result_;                                                                           \
        if (BOTH_INT(&r[in.b], &r[in.c]) &&                                                        \
            !builtin(r[in.b].integer, r[in.c].integer, &result_)) {                                \
            r[in.a] = value_int(result_);                                                          \
            continue;                                                                              \
        }                                                                                          \
        goto slow_binary;                                                                          \
    }

#define ORDER(sign)                                                                                \
    do {                                                                                           \
        if (!BOTH_INT(&r[in.b], &r[in.c]))                                                         \
            goto slow_binary;                                                                      \
        r[in.a] = value_bool(r[in.b].integer sign r[in.c].integer);                                \
    } while (0)

#define EQUALITY(sign)                                                                             \
    do {                                                                                           \
        if (BOTH_INT(&r[in.b], &r[in.c]))                                                          \
            r[in.a] = value_bool(r[in.b].integer sign r[in.c].integer);                            \
        else if (r[in.b].type == VALUE_BOOL && r[in.c].type == VALUE_BOOL)                         \
            r[in.a] = value_bool(r[in.b].boolean sign r[in.c].boolean);                            \
        else                                                                                       \
            goto slow_binary;                                                                      \
    } while (0)

/* The dispatch loop: long because it is one switch over all instructions. `ret` is the value of a
 * predicate. */
static VmEnd vm_run(Vm *vm, Value *ret)
{
    const Instruction *code = vm->code->instructions;
    const Value *constants = vm->code->constants;
    const CodeSite *sites = vm->code->sites;
    Value *r = vm->registers;
    uint32_t pc = 0;

    for (;;) {
        const Instruction in = code[pc++];
        switch ((Opcode)in.opcode) {
        case OPCODE_CONST:
            r[in.a] = constants[in.wide];
            continue;
        case OPCODE_MOVE:
            r[in.a] = r[in.b];
            continue;
        case OPCODE_FIELD:
            r[in.a] = vm->fields[in.b];
            continue;
        case OPCODE_ADD:
            ARITHMETIC(__builtin_add_overflow)
        case OPCODE_SUB:
            ARITHMETIC(__builtin_sub_overflow)
        case OPCODE_MUL:
            ARITHMETIC(__builtin_mul_overflow)
        case OPCODE_ADD_SMALL: {
            Value small = value_int((int16_t)in.c);
            int64_t sum;
            if (r[in.b].type == VALUE_INT &&
                !__builtin_add_overflow(r[in.b].integer, small.integer, &sum)) {
                r[in.a] = value_int(sum);
                continue;
            }
            vm->at = pc - 1;
            if (!vm_binary(vm, OPCODE_ADD, r[in.b], small, &r[in.a]))
                goto faulted;
            continue;
        }
        case OPCODE_DIV:
        case OPCODE_MOD:
            goto slow_binary;
        case OPCODE_EQ:
            EQUALITY(==);
            continue;
        case OPCODE_NE:
            EQUALITY(!=);
            continue;
        case OPCODE_LT:
            ORDER(<);
            continue;
        case OPCODE_LE:
            ORDER(<=);
            continue;
        case OPCODE_GT:
            ORDER(>);
            continue;
        case OPCODE_GE:
            ORDER(>=);
            continue;
        case OPCODE_AND:
        case OPCODE_OR:
        slow_binary:
            vm->at = pc - 1;
            if (!vm_binary(vm, (Opcode)in.opcode, r[in.b], r[in.c], &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_NOT:
            vm->at = pc - 1;
            if (!is_open(vm, &r[in.b]))
                goto faulted;
            r[in.a] = r[in.b].type == VALUE_BOOL ? value_bool(!r[in.b].boolean) : r[in.b];
            continue;
        case OPCODE_NEG:
            vm->at = pc - 1;
            if (!vm_negate(vm, r[in.b], &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_CHECK:
            vm->at = pc - 1;
            if (!vm_check(vm, r[in.a], (StaticType)in.b))
                goto faulted;
            continue;
        case OPCODE_MEMBER:
            vm->at = pc - 1;
            if (!vm_member(vm, r[in.b], constants[in.c].string, &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_CONCAT:
            vm->at = pc - 1;
            if (!vm_concat(vm, &r[in.b], in.c, &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_JUMP:
            vm->at = pc - 1;
            if (in.wide < pc && !vm_charge(vm, pc - in.wide))
                goto faulted;
            pc = in.wide;
            continue;
        case OPCODE_JUMP_FALSE:
            if (r[in.a].type == VALUE_BOOL) {
                pc = r[in.a].boolean ? pc : in.wide;
                continue;
            }
            vm->at = pc - 1;
            if (!is_open(vm, &r[in.a]))
                goto faulted;
            return VM_UNKNOWN;
        case OPCODE_SKIP_FALSE:
        case OPCODE_SKIP_TRUE:
            if (r[in.a].type == VALUE_BOOL) {
                if (r[in.a].boolean == (in.opcode == OPCODE_SKIP_TRUE))
                    pc = in.wide;
                continue;
            }
            vm->at = pc - 1;
            if (!is_open(vm, &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_EFFECT: {
            vm->at = pc - 1;
            VmEnd end = run_effect(vm, &sites[in.wide], &r[in.a], &pc);
            if (end != VM_DONE)
                return end;
            continue;
        }
        case OPCODE_EVENT:
            vm->at = pc - 1;
            if (!put_event(vm, &sites[in.wide], &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_MESSAGE:
            vm->at = pc - 1;
            if (!put_message(vm, &sites[in.wide], &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_LOG:
            vm->at = pc - 1;
            if (!put_log(vm, &r[in.a]))
                goto faulted;
            continue;
        case OPCODE_FAIL:
            vm->at = pc - 1;
            return run_fail(vm, r[in.a]);
        case OPCODE_END:
            return VM_DONE;
        case OPCODE_RESULT:
            *ret = r[in.a];
            return VM_DONE;
        }
    faulted:
        if (!fault_is_passed(vm, &pc))
            return vm->fault != NULL ? VM_FAULTED : VM_UNKNOWN;
    }
}

/* ---- predicates ---- */

#define PREDICATE_REGISTERS_MAX 24 /* more come from the arena */

static VmEnd predicate_run(Vm *vm, Value *ret)
{
    Value few[PREDICATE_REGISTERS_MAX];

    assert(vm->code->is_predicate);
    vm->registers = few;
    vm->fuel = SLICE_FUEL;
    if (vm->code->register_count > PREDICATE_REGISTERS_MAX)
        vm->registers = arena_array(vm->arena, Value, vm->code->register_count);
    return vm_run(vm, ret);
}

Truth predicate_evaluate(const PredicateInput *input, Arena *arena, const char **ret_fault)
{
    Value result = value_unknown();
    Vm vm = {.source = &input->program->source,
             .program = input->program,
             .domain = input->domain,
             .code = input->code,
             .fields = input->fields,
             .arena = arena};

    VmEnd end = predicate_run(&vm, &result);
    if (end == VM_UNKNOWN)
        return TRUTH_UNKNOWN;
    if (end != VM_DONE || !vm_check(&vm, result, STATIC_BOOL)) {
        if (ret_fault != NULL)
            *ret_fault = vm.fault;
        return TRUTH_FAULT;
    }
    if (result.type == VALUE_UNKNOWN)
        return TRUTH_UNKNOWN;
    return result.boolean ? TRUTH_TRUE : TRUTH_FALSE;
}

bool constant_evaluate(const Source *source, const Code *code, Arena *arena, Value *ret,
                       const char **ret_fault)
{
    Value result = value_null();
    Vm vm = {.source = source, .code = code, .arena = arena};

    if (predicate_run(&vm, &result) != VM_DONE) {
        *ret_fault = vm.fault;
        return false;
    }
    *ret = result;
    return true;
}

/* ---- slices ---- */

/* An unknown invariant cannot be judged before the real run; only a plan meets one. */
static bool invariants_hold(Vm *vm)
{
    for (size_t i = 0; i < vm->domain->invariant_count; i++) {
        const ProgramInvariant *invariant = &vm->domain->invariants[i];
        PredicateInput input = {.program = vm->program,
                                .domain = vm->domain,
                                .code = invariant->predicate,
                                .fields = vm->registers};
        Truth truth = predicate_evaluate(&input, vm->arena, &vm->fault);
        if (truth == TRUTH_FAULT)
            return false;
        if (truth == TRUTH_FALSE) {
            vm->code = invariant->predicate;
            vm->at = 0;
            return vm_fault(vm, "invariant%s%s%s would be broken: %s",
                            invariant->name != NULL ? " '" : "",
                            invariant->name != NULL ? invariant->name : "",
                            invariant->name != NULL ? "'" : "", invariant->text);
        }
    }
    return true;
}

/* Messages come from journals and from outside, so what they carry is looked at. */
static bool arguments_load(Vm *vm, const SliceInput *input)
{
    const Code *code = vm->code;

    if (input->argument_count != code->parameter_count)
        return vm_fault(vm, "expected %u arguments, found %zu", code->parameter_count,
                        input->argument_count);
    for (uint32_t i = 0; i < code->parameter_count; i++) {
        if (!vm_check(vm, input->arguments[i], code->parameter_types[i]))
            return false;
        vm->registers[code->field_count + i] = input->arguments[i];
    }
    return true;
}

static SliceStatus slice_status(VmEnd end)
{
    switch (end) {
    case VM_DONE:
        return SLICE_DONE;
    case VM_AWAITS:
        return SLICE_AWAITS;
    case VM_FAULTED:
        return SLICE_FAULTED;
    case VM_UNKNOWN:
        return SLICE_UNKNOWN;
    }
    return SLICE_FAULTED;
}

void slice_run(const SliceInput *input, Arena *arena, SliceResult *ret)
{
    const Code *code = input->code;
    Vm vm = {.source = &input->program->source,
             .program = input->program,
             .domain = input->domain,
             .code = code,
             .registers = arena_array(arena, Value, code->register_count),
             .arena = arena,
             .fuel = SLICE_FUEL,
             .answers = input->answers,
             .answer_count = input->answer_count};
    Value none;
    VmEnd end = VM_FAULTED;

    assert(!code->is_predicate && code->field_count == input->domain->field_count);
    if (code->field_count > 0)
        memcpy(vm.registers, input->fields, code->field_count * sizeof(Value));
    if (arguments_load(&vm, input))
        end = vm_run(&vm, &none);
    if (end == VM_DONE && !invariants_hold(&vm))
        end = VM_FAULTED;
    *ret = (SliceResult){.status = slice_status(end),
                         .fields = vm.registers,
                         .outputs = vm.outputs,
                         .output_count = vm.output_count,
                         .fault = vm.fault,
                         .fuel_used = SLICE_FUEL - vm.fuel};
}
