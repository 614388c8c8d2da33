/* The virtual machine's operators, away from its loop: everything but plain integers and booleans,
 * and every fault. Only for vm.c. */
#ifndef VED_LANG_VM_OPERATE_H
#define VED_LANG_VM_OPERATE_H

#include "lang/bytecode.h"
#include "lang/vm.h"

typedef struct Vm {
    const Source *source;
    const Program *program; /* NULL for a constant */
    const ProgramDomain *domain;
    const Code *code;
    const Value *fields; /* of a predicate */
    Value *registers;
    Arena *arena;
    uint64_t fuel;
    const EffectAnswer *answers;
    size_t answer_count;
    size_t effect_count; /* emitted so far: the ordinal of the next answer */
    Output *outputs;
    size_t output_count;
    size_t output_capacity;
    uint32_t at;       /* instruction a fault would come from */
    const char *fault; /* NULL: none */
} Vm;

/* Set the fault: "FILE:LINE:COLUMN: " and the sentence. Always false, for `return vm_fault(...)`.
 */
bool vm_fault(Vm *vm, const char *format, ...) PRINTF_LIKE(2, 3);

/* Take fuel for work that grows with the data; false: it is used up, the fault is set. */
bool vm_charge(Vm *vm, uint64_t cost);

/* Compute one operator into `ret`; false: the fault is set. Unknown gives unknown. */
bool vm_binary(Vm *vm, Opcode opcode, Value left, Value right, Value *ret);
bool vm_negate(Vm *vm, Value operand, Value *ret);
bool vm_member(Vm *vm, Value operand, const ValueString *name, Value *ret);
bool vm_concat(Vm *vm, const Value *parts, size_t count, Value *ret);

/* The value must be of the type, or unknown. */
bool vm_check(Vm *vm, Value value, StaticType type);

#endif
