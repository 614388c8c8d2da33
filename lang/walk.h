/* Goes through all statements and expressions of a body, in the order of the source.
 *
 * A visitor says what it wants to see; what it returns false for is not gone into, and it may go
 * there itself in its own way with the walk_..._parts() functions. Nothing is changed. Past
 * WALK_DEPTH_MAX levels, which the checker refuses, the rest is left out. */
#ifndef VED_LANG_WALK_H
#define VED_LANG_WALK_H

#include "lang/ast.h"

#define WALK_DEPTH_MAX 1000

typedef struct Visitor Visitor;

/* Each function may be NULL: everything of that kind is gone into. */
struct Visitor {
    bool (*stmt)(Visitor *visitor, const Stmt *stmt);
    bool (*block)(Visitor *visitor, const Block *block);
    bool (*emit)(Visitor *visitor, const Emit *emit);
    bool (*expr)(Visitor *visitor, const Expr *expr);
    void *context;
    uint32_t depth; /* set by the walk; 0 where it begins */
};

/* For `expr` of a visitor that looks for emissions: the only expression with one is the value of a
 * `let`, so that the others need not be gone through. */
bool walk_emissions_only(Visitor *visitor, const Expr *expr);

/* Each may be given NULL. */
void walk_block(Visitor *visitor, const Block *block);
void walk_emit(Visitor *visitor, const Emit *emit);
void walk_expr(Visitor *visitor, const Expr *expr);

/* What stands in it, without itself: of a statement its expressions, then its blocks; of an
 * emission its arguments, then its `else`. */
void walk_stmt_parts(Visitor *visitor, const Stmt *stmt);
void walk_block_parts(Visitor *visitor, const Block *block);
void walk_emit_parts(Visitor *visitor, const Emit *emit);
void walk_expr_parts(Visitor *visitor, const Expr *expr);

/* The bodies of a domain: of its transitions, handlers and timers; with what decides about timers,
 * goals and invariants. */
void walk_domain(Visitor *visitor, const Domain *domain);

#endif
