/* What the compiler's files share. Not for others: they include compiler.h. */
#ifndef VED_LANG_COMPILE_H
#define VED_LANG_COMPILE_H

#include "lang/compiler.h"

#define NO_REGISTER UINT32_MAX

/* The `parallel` block that is being compiled. */
typedef struct Together {
    uint32_t kept;   /* the first register of what is declared inside */
    uint32_t *jumps; /* ends of else blocks, which go to its end */
    size_t jump_count, jump_capacity;
} Together;

/* What a register holds for as long as its block lasts. */
typedef struct Kept {
    const char *name; /* NULL: it has none in the text */
    StaticType type;
} Kept;

typedef struct Compiler {
    CodeBuilder builder;
    const Model *model;
    bool is_predicate;
    uint32_t field_count; /* registers of fields; the others follow */
    uint32_t *slots;      /* register of each local, by the slot that the checker gave it */
    size_t slot_capacity;
    Kept *kept; /* what each register holds between two statements */
    size_t kept_capacity;
    StaticType result; /* of a function */
    uint32_t reason;   /* register: of the innermost `elevate`; or NO_REGISTER */
    Together *together;
} Compiler;

/* ---- compile_expr.c ---- */

/* Compute into `target`; or into any register, which may be the variable's own. Both leave
 * registers above the result taken; set builder.top back when it is no longer needed. */
void compile_into(Compiler *compiler, const Expr *expr, uint32_t target);
uint32_t compile_operand(Compiler *compiler, const Expr *expr);

/* The same, as a value of that type: converted, with a fault at run time if it is none. */
void compile_as(Compiler *compiler, const Expr *expr, StaticType type, uint32_t target);
uint32_t compile_operand_as(Compiler *compiler, const Expr *expr, StaticType type);

/* Make `target` what register `value` is as one of the type `expected`; nothing if it is that. */
void compile_check(Compiler *compiler, Span span, uint32_t target, uint32_t value, StaticType found,
                   StaticType expected);

/* Variables of a slice or function are in registers. */
bool is_variable(const Compiler *compiler, const Expr *expr);
uint32_t variable_register(const Compiler *compiler, const Expr *expr);

Opcode operator_opcode(Operator op);
uint32_t take_register(Compiler *compiler);
void load_constant(Compiler *compiler, Span span, uint32_t target, Value value);

/* ---- compile_value.c: what is made of parts ---- */

/* Its value, if it is made of literals and constants alone. */
bool constant_value(const Compiler *compiler, const Expr *expr, Value *ret);

void compile_list(Compiler *compiler, const Expr *expr, uint32_t target);
void compile_map(Compiler *compiler, const Expr *expr, uint32_t target);
void compile_index(Compiler *compiler, const Expr *expr, uint32_t target);
void compile_member(Compiler *compiler, const Expr *expr, uint32_t target);
void compile_call(Compiler *compiler, const Expr *expr, uint32_t target);
void compile_query(Compiler *compiler, const Expr *expr, Opcode opcode, uint32_t target);

/* ---- compile_emit.c ---- */
void compile_emit(Compiler *compiler, const Emit *emit);

/* The effect's result goes to `result`. */
void compile_effect(Compiler *compiler, const Emit *emit, uint32_t result);
void compile_release(Compiler *compiler, const Stmt *stmt);
void compile_send(Compiler *compiler, const Stmt *stmt);
void compile_spawn(Compiler *compiler, const Stmt *stmt);
void compile_parallel(Compiler *compiler, const Stmt *stmt);

/* ---- compile_assign.c ---- */
void compile_assign(Compiler *compiler, const Stmt *stmt);

/* ---- compile_stmt.c ---- */
void compile_stmt(Compiler *compiler, const Stmt *stmt);
void compile_block(Compiler *compiler, const Block *block);

/* Say in which register the local of a slot is from now on, what it is called and of what type. */
void bind_slot(Compiler *compiler, uint32_t slot, uint32_t location, Kept kept);

#endif
