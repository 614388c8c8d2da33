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
Code *compile_predicate(Arena *arena, const Expr *expr);

/* An expression of literals, as code for constant_evaluate(). */
Code *compile_constant(Arena *arena, const Expr *expr);

#endif
