/* A register machine: its loop, and what it is run for.
 *
 * Fuel is taken where time can grow without bound: at jumps backward, for the length of the loop,
 * at calls, for the length of the function, and for the size of texts and lists. Code that only
 * goes forward is as short as its source. */
#include "lang/vm.h"

#include <assert.h>
#include <string.h>

#include "lang/vm_machine.h"

#define STATE_SIZE_MAX (1024 * 1024)

static VmEnd run_fail(Vm *vm, Value reason)
{
    if (value_is_unknown(reason))
        return VM_UNKNOWN;
    if (reason.type == VALUE_SECRET)
        vm_fault(vm, "%s", VALUE_SENSITIVE);
    else if (vm_admit(vm, reason, STATIC_STRING, &reason))
        vm_fault(vm, "%s", reason.string->bytes);
    return VM_FAULTED;
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
        vm->lacks_fact = false;
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

/* ---- calls ---- */

#define CALL_DEPTH_MAX 100

/* The registers of the calls of one depth, used again by the next call there. */
typedef struct Frame {
    Value *registers;
    uint32_t capacity;
} Frame;

static VmEnd vm_run(Vm *vm, uint32_t pc, Value *ret);

static Value *frame_registers(Vm *vm, uint32_t count)
{
    if (vm->frames == NULL)
        vm->frames = arena_array(vm->arena, Frame, CALL_DEPTH_MAX);
    Frame *frame = &vm->frames[vm->depth];
    if (frame->capacity < count) {
        frame->capacity = count * 2;
        frame->registers = arena_array(vm->arena, Value, frame->capacity);
    }
    return frame->registers;
}

/* A function that cannot go on without what is not known gives what is not known: it does nothing
 * else. */
static bool run_call(Vm *vm, Instruction in, Value *r)
{
    const Code *caller = vm->code, *code = vm->program->functions[in.c];
    uint32_t at = vm->at;

    if (vm->depth == CALL_DEPTH_MAX)
        return vm_fault(vm, "calls go more than %d deep", CALL_DEPTH_MAX);
    if (!vm_charge(vm, code->count))
        return false;
    vm->registers = frame_registers(vm, code->register_count);
    memcpy(vm->registers, &r[in.b], code->parameter_count * sizeof(Value));
    vm->code = code;
    vm->depth++;
    VmEnd end = vm_run(vm, 0, &r[in.a]);
    vm->depth--;
    vm_disown(vm);
    vm->code = caller;
    vm->registers = r;
    vm->at = at;
    if (end == VM_UNKNOWN)
        r[in.a] = value_unknown();
    return end == VM_DONE || end == VM_UNKNOWN;
}

/* ---- the loop ---- */

/* Long because it is one switch over all instructions. `ret` is the value of a predicate or
 * function. It is there twice, so that only slices of which it is asked what they read pay for
 * that. */
static inline __attribute__((always_inline)) VmEnd vm_loop(Vm *vm, uint32_t pc, Value *ret,
                                                           const bool traces)
{
    const Instruction *code = vm->code->instructions;
    const Value *constants = vm->code->constants;
    const CodeSite *sites = vm->code->sites;
    Value *r = vm->registers;

    for (;;) {
        const Instruction in = code[pc++];
        if (traces)
            vm_trace(vm, in);
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
            if (!vm_check_bool(vm, r[in.b]))
                goto faulted;
            r[in.a] = r[in.b].type == VALUE_BOOL ? value_bool(!r[in.b].boolean) : r[in.b];
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
            if (!vm_check_bool(vm, r[in.a]))
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
            if (!vm_check_bool(vm, r[in.a]))
                goto faulted;
            continue;
        case OPCODE_EACH: {
            bool any;
            vm->at = pc - 1;
            if (r[in.a].type == VALUE_UNKNOWN)
                return VM_UNKNOWN;
            if (!vm_each(vm, in, r, &any))
                goto faulted;
            pc = any ? pc : in.wide;
            continue;
        }
        case OPCODE_CALL:
            vm->at = pc - 1;
            if (!run_call(vm, in, r))
                goto faulted;
            continue;
        case OPCODE_RESULT:
            *ret = r[in.a];
            return VM_DONE;
        case OPCODE_END:
            return VM_DONE;
        case OPCODE_YIELD:
            vm->yield = in.wide;
            return VM_YIELDED;
        case OPCODE_FAIL:
            vm->at = pc - 1;
            return run_fail(vm, r[in.a]);
        case OPCODE_EFFECT: {
            vm->at = pc - 1;
            VmEnd end = vm_effect(vm, &sites[in.wide], &r[in.a], &pc);
            if (end != VM_DONE)
                return end;
            continue;
        }
        case OPCODE_PARALLEL:
            vm_parallel(vm);
            continue;
        case OPCODE_TOGETHER: {
            vm->at = pc - 1;
            VmEnd end = vm_together(vm, &pc);
            if (end != VM_DONE)
                return end;
            continue;
        }
#define OPCODE(name)
#define OPCODE_BY(name, function)                                                                  \
    case OPCODE_##name:                                                                            \
        vm->at = pc - 1;                                                                           \
        if (!function(vm, in, r))                                                                  \
            goto faulted;                                                                          \
        continue;
#include "lang/opcode.def"
#undef OPCODE
        }
    faulted:
        if (!fault_is_passed(vm, &pc))
            return vm->fault != NULL ? VM_FAULTED : vm->lacks_fact ? VM_LACKS_FACT : VM_UNKNOWN;
    }
}

static VmEnd vm_run(Vm *vm, uint32_t pc, Value *ret)
{
    return vm_loop(vm, pc, ret, false);
}

static VmEnd vm_run_traced(Vm *vm, uint32_t pc, Value *ret)
{
    return vm_loop(vm, pc, ret, true);
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
    return vm_run(vm, 0, ret);
}

/* What an instruction that only fetches a value fetches; NULL: it is another one. */
static const Value *fetched(const PredicateInput *input, const Instruction *in)
{
    if (in->opcode == OPCODE_FIELD)
        return &input->fields[in->b];
    return in->opcode == OPCODE_CONST ? &input->code->constants[in->wide] : NULL;
}

/* Whether the order – below, at or above 0 – is the one that the operator asks for; false: it is no
 * such operator. */
static bool order_decide(uint8_t opcode, int order, bool *ret)
{
    switch (opcode) {
    case OPCODE_EQ:
        *ret = order == 0;
        return true;
    case OPCODE_NE:
        *ret = order != 0;
        return true;
    case OPCODE_GE:
        *ret = order >= 0;
        return true;
    case OPCODE_LE:
        *ret = order <= 0;
        return true;
    case OPCODE_GT:
        *ret = order > 0;
        return true;
    case OPCODE_LT:
        *ret = order < 0;
        return true;
    }
    return false;
}

/* Most goals compare a field with a constant or another field: two values are fetched, compared,
 * and that is the RESULT. The same as the loop says of two integers; false: it is for the loop. */
static bool comparison_decide(const PredicateInput *input, Truth *ret)
{
    const Instruction *in = input->code->instructions;
    bool holds;

    if (input->code->count != 4 || in[2].b != in[0].a || in[2].c != in[1].a || in[0].a == in[1].a ||
        in[3].opcode != OPCODE_RESULT || in[3].a != in[2].a)
        return false;
    const Value *left = fetched(input, &in[0]), *right = fetched(input, &in[1]);
    if (left == NULL || right == NULL || !BOTH_INT(left, right))
        return false;
    int order = (left->integer > right->integer) - (left->integer < right->integer);
    if (!order_decide(in[2].opcode, order, &holds))
        return false;
    *ret = holds ? TRUTH_TRUE : TRUTH_FALSE;
    return true;
}

Truth predicate_evaluate(const PredicateInput *input, Arena *arena, const char **ret_fault)
{
    Truth truth;

    if (comparison_decide(input, &truth))
        return truth;
    Value result = value_unknown();
    Vm vm = {.source = &input->program->source,
             .program = input->program,
             .domain = input->domain,
             .code = input->code,
             .fields = input->fields,
             .key = input->key,
             .facts = input->facts,
             .arena = arena};

    VmEnd end = predicate_run(&vm, &result);
    if (end == VM_UNKNOWN)
        return TRUTH_UNKNOWN;
    if (end != VM_DONE || !vm_check_bool(&vm, result)) {
        if (ret_fault != NULL)
            *ret_fault = vm.fault;
        return TRUTH_FAULT;
    }
    if (result.type == VALUE_UNKNOWN)
        return TRUTH_UNKNOWN;
    return result.boolean ? TRUTH_TRUE : TRUTH_FALSE;
}

static bool value_evaluate(Vm *vm, Value *ret, const char **ret_fault)
{
    static const char undecided[] = "the value depends on what is not known";
    Value result = value_null();
    VmEnd end = predicate_run(vm, &result);

    if (end != VM_DONE) {
        *ret_fault = end == VM_FAULTED ? vm->fault : undecided;
        return false;
    }
    *ret = result;
    return true;
}

bool constant_evaluate(const Source *source, const Code *code, Arena *arena, Value *ret,
                       const char **ret_fault)
{
    Vm vm = {.source = source, .code = code, .arena = arena};

    return value_evaluate(&vm, ret, ret_fault);
}

bool migration_run(const Program *program, const ProgramDomain *domain,
                   const ProgramMigration *migration, Value old, Arena *arena, Value *fields,
                   const char **ret_fault)
{
    for (size_t i = 0; i < migration->field_count; i++) {
        Vm vm = {.source = &program->source,
                 .program = program,
                 .domain = domain,
                 .code = migration->values[i],
                 .old = old,
                 .arena = arena};
        int field = domain_find_field(domain, migration->fields[i]);
        Value value = value_null();

        if (!value_evaluate(&vm, &value, ret_fault))
            return false;
        if (field >= 0)
            fields[field] = value;
    }
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
                                .fields = vm->registers,
                                .key = vm->key,
                                .facts = vm->facts};
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
    for (uint32_t i = 0; i < code->parameter_count; i++)
        if (!vm_admit(vm, input->arguments[i], code->parameter_types[i],
                      &vm->registers[code->field_count + i]))
            return false;
    return true;
}

/* Go on where it yielded. */
static bool locals_load(Vm *vm, const SliceInput *input, uint32_t *ret_pc)
{
    const Code *code = vm->code;

    if (input->yield > code->yield_count)
        return vm_fault(vm, "there is no yield %u to go on from", input->yield);
    const CodeYield *yield = &code->yields[input->yield - 1];
    if (input->local_count != yield->top - code->field_count)
        return vm_fault(vm, "expected %u locals, found %zu", yield->top - code->field_count,
                        input->local_count);
    memcpy(&vm->registers[code->field_count], input->locals, input->local_count * sizeof(Value));
    *ret_pc = yield->at;
    return true;
}

static bool is_same_object(const Value *a, const Value *b)
{
    return a->type == b->type && a->string == b->string;
}

/* A state that holds no other texts, lists and objects than before has not grown. */
static bool state_fits(Vm *vm, const SliceInput *input, size_t local_count)
{
    size_t count = vm->code->field_count, size = 0;
    bool grown = local_count > 0;

    for (size_t i = 0; i < count && !grown; i++)
        grown = vm->registers[i].type >= VALUE_STRING &&
                !is_same_object(&vm->registers[i], &input->fields[i]);
    for (size_t i = 0; i < count + local_count && grown; i++)
        size += value_size(vm->registers[i]);
    if (size > STATE_SIZE_MAX)
        return vm_fault(vm, "the state%s would have %zu bytes, more than %d",
                        local_count > 0 ? " with the locals kept by 'yield'" : "", size,
                        STATE_SIZE_MAX);
    return true;
}

static SliceStatus slice_status(VmEnd end)
{
    switch (end) {
    case VM_DONE:
        return SLICE_DONE;
    case VM_YIELDED:
        return SLICE_YIELDED;
    case VM_AWAITS:
        return SLICE_AWAITS;
    case VM_LACKS_FACT:
        return SLICE_LACKS_FACT;
    case VM_FAULTED:
        return SLICE_FAULTED;
    case VM_UNKNOWN:
        return SLICE_UNKNOWN;
    }
    return SLICE_FAULTED;
}

static VmEnd slice_compute(Vm *vm, const SliceInput *input)
{
    Value none;
    uint32_t pc = 0;
    bool loaded = input->yield > 0 ? locals_load(vm, input, &pc) : arguments_load(vm, input);
    VmEnd end = !loaded               ? VM_FAULTED
                : vm->touched != NULL ? vm_run_traced(vm, pc, &none)
                                      : vm_run(vm, pc, &none);

    if (end != VM_DONE && end != VM_YIELDED)
        return end;
    size_t local_count =
        end == VM_YIELDED ? vm->code->yields[vm->yield].top - vm->code->field_count : 0;
    return (input->again || invariants_hold(vm)) && state_fits(vm, input, local_count) ? end
                                                                                       : VM_FAULTED;
}

/* The fields come first. */
static Value *registers_load(const Code *code, const Value *fields, Arena *arena)
{
    Value *registers = arena_raw(arena, Value, code->register_count);

    for (size_t i = 0; i < code->field_count; i++)
        registers[i] = fields[i];
    for (size_t i = code->field_count; i < code->register_count; i++)
        registers[i] = value_null();
    return registers;
}

void slice_run(const SliceInput *input, Arena *arena, SliceResult *ret)
{
    const Code *code = input->code;
    Vm vm = {.source = &input->program->source,
             .program = input->program,
             .domain = input->domain,
             .code = code,
             .registers = registers_load(code, input->fields, arena),
             .arena = arena,
             .facts = input->facts,
             .key = input->key,
             .fuel = SLICE_FUEL,
             .answers = input->answers,
             .answer_count = input->answer_count,
             .answer_reader = input->answer_reader};

    if (code->has_effects)
        vm.touched = arena_array(arena, uint8_t, code->field_count);
    assert(!code->is_predicate && code->field_count == input->domain->field_count);
    VmEnd end = slice_compute(&vm, input);
    *ret = (SliceResult){.status = slice_status(end),
                         .fields = vm.registers,
                         .outputs = vm.outputs,
                         .output_count = vm.output_count,
                         .fault = vm.fault,
                         .fuel_used = SLICE_FUEL - vm.fuel,
                         .reads = vm.touched != NULL ? vm_reads(&vm) : NULL};
    if (end == VM_YIELDED) {
        ret->yield = vm.yield + 1;
        ret->locals = vm.registers + code->field_count;
        ret->local_count = code->yields[vm.yield].top - code->field_count;
    }
}
