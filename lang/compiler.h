/* From the checked tree to code. Only for a tree without mistakes. */
#ifndef VED_LANG_COMPILER_H
#define VED_LANG_COMPILER_H

#include "lang/bytecode.h"
#include "lang/checker.h"

/* What a body runs with: its domain's fields, then the parameters of its message or event. */
typedef struct BodyFrame {
    size_t field_count;
    const ProgramParameter *parameters;
    size_t parameter_count;
} BodyFrame;

/* The code, in the arena; NULL: it needs more registers or constants than there can be. */
Code *compile_body(Arena *arena, const Model *model, const BodyFrame *frame, const Block *body);

/* A `fn`; its parameters are its first registers. */
Code *compile_function(Arena *arena, const Model *model, const ModelFunction *function);

/* An expression on a state: a goal, an invariant, a `when`. */
Code *compile_predicate(Arena *arena, const Model *model, const Expr *expr);

/* A value of a migration, as one of `type`. */
Code *compile_value(Arena *arena, const Model *model, const Expr *expr, StaticType type);

/* An expression of literals, constants, operators and built-in functions, as code for
 * constant_evaluate(). */
Code *compile_constant(Arena *arena, const Model *model, const Expr *expr);

#endif
