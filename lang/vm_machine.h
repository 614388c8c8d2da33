/* The inside of the virtual machine: what its files share. Only for vm*.c.
 *
 * Its loop, in vm.c, knows integers and booleans; everything else, and every fault, is done by the
 * functions here. They get the instruction and the registers, read their operands before they
 * write, and are false with the fault set. */
#ifndef VED_LANG_VM_MACHINE_H
#define VED_LANG_VM_MACHINE_H

#include "lang/bytecode.h"
#include "lang/vm.h"

/* How a run of the loop ends. */
typedef enum VmEnd { VM_DONE, VM_YIELDED, VM_AWAITS, VM_LACKS_FACT, VM_FAULTED, VM_UNKNOWN } VmEnd;

/* What a slice has done with a field first. */
typedef enum FieldTouch { FIELD_UNTOUCHED, FIELD_READ, FIELD_SET } FieldTouch;

typedef struct Vm {
    const Source *source;
    const Program *program; /* NULL for a constant */
    const ProgramDomain *domain;
    const Code *code;
    const Value *fields; /* of a predicate */
    Value *registers;
    Arena *arena;
    const FactReader *facts;
    Value key;
    Value old;
    uint64_t fuel;
    const char *fault;    /* NULL: none */
    uint32_t at;          /* instruction a fault would come from */
    uint32_t depth;       /* calls under way */
    uint32_t yield;       /* VM_YIELDED: index of the yield */
    bool lacks_fact;      /* it read a fact that is not known */
    struct Frame *frames; /* CALL_DEPTH_MAX of them; NULL: nothing was called yet */
    struct Owned *owned;  /* what variables have for their own; NULL: nothing yet */
    uint32_t owned_next;
    const EffectAnswer *answers;
    size_t answer_count;
    const AnswerReader *answer_reader; /* NULL: `answers` */
    size_t effect_count;               /* emitted so far: the ordinal of the next answer */
    Output *outputs;
    size_t output_count;
    size_t output_capacity;
    struct Together *together; /* the `parallel` block under way */
    uint32_t group_count;      /* `parallel` blocks begun */
    uint8_t *touched;          /* FieldTouch of each field; NULL: nobody wants to know */
} Vm;

/* ---- vm_operate.c: faults, fuel, operators ---- */

/* Set the fault: "FILE:LINE:COLUMN: " and the sentence. Always false, for `return vm_fault(...)`.
 */
bool vm_fault(Vm *vm, const char *format, ...) PRINTF_LIKE(2, 3);

/* Take fuel for work that grows with the data; false: it is used up, the fault is set. */
bool vm_charge(Vm *vm, uint64_t cost);

/* How much there is to look at in a value, in words. */
uint64_t vm_weight(Value value);

/* A value as a fault quotes it: short, strings in quotes. */
const char *vm_quoted(Vm *vm, Value value);

/* The same behind the name of its type: "int 3", "null". */
const char *vm_described(Vm *vm, Value value);

/* Compute one operator into `ret`. Unknown gives unknown. */
bool vm_binary(Vm *vm, Opcode opcode, Value left, Value right, Value *ret);

/* The texts, joined: a secret if one of them is. */
bool vm_concat(Vm *vm, const Value *parts, size_t count, Value *ret);

/* The value must be of the type, or unknown; `ret` gets it as one of that type. */
bool vm_admit(Vm *vm, Value value, StaticType type, Value *ret);

/* The same of a bool, which nothing is converted to. */
bool vm_check_bool(Vm *vm, Value value);

/* A text of the machine's making, within the ceiling of strings; it takes the buffer's bytes. */
bool vm_take_text(Vm *vm, Buffer *text, ValueType type, Value *ret);

/* ---- vm_parts.c: lists, maps and records ---- */

/* New ones with room for `count` entries, paid for; NULL: the fault is set. */
ValueList *vm_new_list(Vm *vm, size_t count);
ValueObject *vm_new_object(Vm *vm, size_t count);

/* The value may become a part of another: it is not nested too deep. */
bool vm_fits_inside(Vm *vm, Value value);

/* The place of a key, or where it would be put in; `is_map` where the keys are known to be in
 * order. False: the fault is set. */
bool vm_find(Vm *vm, const ValueObject *object, const ValueString *key, bool is_map,
             bool *ret_found, size_t *ret_place);

/* Faults of an index that is not there, or that is none. */
bool vm_fault_no_index(Vm *vm, const ValueList *list, int64_t index);
bool vm_fault_index_type(Vm *vm, Value operand, Value index);

/* The record has that member. */
bool vm_check_slot(Vm *vm, Value record, size_t slot);

bool vm_join_lists(Vm *vm, const ValueList *left, const ValueList *right, Value *ret);

/* The next entry of the list or map in r[in.a]; `*ret_any` false: there is none. Not for unknown
 * ones. */
bool vm_each(Vm *vm, Instruction in, Value *r, bool *ret_any);

/* ---- vm_change.c: what has another part ---- */

/* A call has returned: what its variables had is nobody's own. */
void vm_disown(Vm *vm);

/* ---- vm_trace.c: what a slice reads ---- */

/* Note what the instruction, which is about to be done, reads and sets of the fields. Only for
 * the slice's own code: functions have other registers. */
void vm_trace(Vm *vm, Instruction in);

/* Which fields' values it has read, in the arena. */
const bool *vm_reads(const Vm *vm);

/* ---- vm_output.c: what leaves a slice ---- */

/* Put the effect out and, if the slice needs its answer, take the recorded one. `*pc` goes to the
 * else block where that is what the answer asks for. */
VmEnd vm_effect(Vm *vm, const CodeSite *site, const Value *values, uint32_t *pc);

/* Begin and end a `parallel` block. At the end `*pc` goes to the else blocks that are to run, one
 * after the other, each of which comes back. */
void vm_parallel(Vm *vm);
VmEnd vm_together(Vm *vm, uint32_t *pc);

/* ---- what instructions stand for ---- */

#define OPCODE(name)
#define OPCODE_BY(name, function) bool function(Vm *vm, Instruction in, Value *r);
#include "lang/opcode.def"
#undef OPCODE

#endif
