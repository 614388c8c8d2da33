/* The code of one slice, handler, function or predicate: instructions of eight bytes on a file of
 * registers.
 *
 * A slice's registers are its domain's fields, then the parameters, then locals and intermediate
 * values, so that `n = n + 1` is one instruction and the proposed state is simply the first
 * registers. A predicate has no fields among its registers and loads what it reads, as it copies
 * nothing; a function begins with its parameters. Immutable once made; lives in the arena of its
 * program. */
#ifndef VED_LANG_BYTECODE_H
#define VED_LANG_BYTECODE_H

#include "lang/program.h"
#include "lang/type.h"

typedef enum Opcode {
#define OPCODE(name) OPCODE_##name,
#include "lang/opcode.def"
#undef OPCODE
} Opcode;

#define CODE_REGISTERS_MAX 65535
#define CODE_CONSTANTS_MAX 65535
/* In `spare` of GROW, SET_INDEX and SET_SLOT: a is a variable's register, which may own what it
 * holds; of GROW: b is one item, not a list of them. */
#define OF_VARIABLE 1
#define OF_ITEM 2
#define CALL_OF_MAP 0x80 /* BUILTIN, in `spare`: the first argument is known to be a map */

typedef struct Instruction {
    uint8_t opcode;
    uint8_t spare;
    uint16_t a;
    union {
        struct {
            uint16_t b;
            uint16_t c;
        };
        uint32_t wide;
    };
} Instruction;

/* What an EFFECT, RELEASE, EVENT, MESSAGE, SPAWN, FACT or KNOWN means besides the values in its
 * registers. */
typedef struct CodeSite {
    uint32_t target;     /* effect use, event, fact use, or receiving domain */
    uint32_t transition; /* MESSAGE: of the receiver; with to_handler its handler */
    bool high;
    bool to_handler;
    bool awaited;
    bool handled;
    /* In the registers after the arguments, one after the other: */
    bool has_name;
    bool has_key;      /* idempotency_key */
    bool has_instance; /* MESSAGE, SPAWN: key of a keyed domain's instance */
    bool has_reason;   /* MESSAGE: of the `elevate` around it */
    bool has_result;
    uint32_t argument_count;
    const char *const *argument_names; /* EFFECT, SPAWN, FACT; NULL entry: positional */
    uint16_t result;                   /* EFFECT, has_result: register of the answer */
    uint16_t error;                    /* EFFECT, handled: register of `error` */
    uint32_t otherwise;                /* EFFECT, handled: where its else begins */
    /* EFFECT, handled, in a `parallel` block: registers its else finds as they were. */
    uint16_t kept;
    uint16_t kept_count;
} CodeSite;

/* Where a slice that has yielded goes on: the registers after the fields, up to `top`, are kept. */
typedef struct CodeYield {
    uint32_t at;
    uint32_t top;
    const StaticType *types;  /* of what is kept; any where another one of them says it all */
    const char *const *names; /* in the text; NULL entry: it has none there */
} CodeYield;

struct Code {
    const Instruction *instructions;
    const Span *spans; /* where each came from, for faults */
    size_t count;
    const Value *constants;
    size_t constant_count;
    const CodeSite *sites;
    size_t site_count;
    const CodeYield *yields; /* in the order of the text */
    size_t yield_count;
    uint32_t field_count; /* registers before the parameters; 0 in a predicate or function */
    const StaticType *parameter_types;
    uint32_t parameter_count;
    uint32_t register_count; /* with fields and parameters */
    bool is_predicate;
    bool has_effects;       /* it may put out effects, other than releases */
    const TypeTable *types; /* of the program */
};

/* "ADD", "JUMP_FALSE" ... */
const char *opcode_name(Opcode opcode);

/* Code while it is made. Everything is in `arena`. `overflowed` says that a ceiling above was hit;
 * the code is then void. */
typedef struct CodeBuilder {
    Arena *arena;
    Instruction *instructions;
    size_t count, capacity;
    Span *spans;
    size_t span_capacity;
    Value *constants;
    size_t constant_count, constant_capacity;
    CodeSite *sites;
    size_t site_count, site_capacity;
    CodeYield *yields;
    size_t yield_count, yield_capacity;
    uint32_t top;  /* next free register */
    uint32_t high; /* most registers ever used */
    bool overflowed;
} CodeBuilder;

/* Append an instruction; returns its index. */
uint32_t code_emit(CodeBuilder *builder, Span span, Opcode opcode, uint32_t a, uint32_t b,
                   uint32_t c);
uint32_t code_emit_wide(CodeBuilder *builder, Span span, Opcode opcode, uint32_t a, uint32_t wide);

/* The same, whole. */
uint32_t code_append(CodeBuilder *builder, Span span, Instruction instruction);

/* Let the jump at `index` go to the next instruction that is appended. */
void code_patch(CodeBuilder *builder, uint32_t index);

/* The index of a constant, shared by equal ones among the last few. */
uint32_t code_constant(CodeBuilder *builder, Value value);
uint32_t code_site(CodeBuilder *builder, CodeSite site);

/* A yield that goes on behind the next instruction, and keeps registers of these types and names;
 * its index.
 */
uint32_t code_yield(CodeBuilder *builder, const StaticType *types, const char *const *called);

/* `count` registers in a row above all that are in use; set `top` back to release them. */
uint32_t code_take_registers(CodeBuilder *builder, uint32_t count);

/* What was built. Parameters, fields and kind are for the caller to set. */
Code *code_finish(CodeBuilder *builder);

/* A listing, an instruction a line, for tests and for whoever wonders. */
void code_print(const Code *code, Buffer *ret);

#endif
