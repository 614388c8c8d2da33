/* What the compiler's files share. Not for others: they include compiler.h. */
#ifndef VED_LANG_COMPILE_H
#define VED_LANG_COMPILE_H

#include "lang/compiler.h"

typedef struct Compiler {
    CodeBuilder builder;
    const Model *model;
    bool is_predicate;
    uint32_t field_count; /* registers of fields; locals follow */
} Compiler;

/* compile_expr.c: compute into `target`; or into any register, which may be the variable's own.
 * Both leave registers above the result taken; set builder.top back when it is no longer needed. */
void compile_into(Compiler *compiler, const Expr *expr, uint32_t target);
uint32_t compile_operand(Compiler *compiler, const Expr *expr);
Opcode operator_opcode(Operator op);

/* Fault at run time unless register `value` has the type; nothing if that is known already. */
void compile_check(Compiler *compiler, Span span, uint32_t value, StaticType found,
                   StaticType expected);

/* compile_emit.c */
void compile_emit(Compiler *compiler, const Emit *emit);
void compile_let_emit(Compiler *compiler, const Stmt *stmt);
void compile_send(Compiler *compiler, const Stmt *stmt);

/* compiler.c */
void compile_block(Compiler *compiler, const Block *block);

#endif
