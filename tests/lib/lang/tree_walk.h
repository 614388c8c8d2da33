/* Runs a slice on its tree: the plainest reading of the language, to compare the machine with.
 *
 * It binds by name and knows nothing of the checker's and the compiler's findings. No effects, no
 * facts: only what is computed, broadcast, sent and logged. */
#ifndef VED_TESTS_TREE_WALK_H
#define VED_TESTS_TREE_WALK_H

#include "lang/ast.h"
#include "lang/value.h"

typedef struct Binding {
    const char *name;
    Value value;
} Binding;

#define TREE_BINDINGS_MAX 4096
#define TREE_OUTPUTS_MAX 20000
#define TREE_CALLS_MAX 100

typedef struct TreeWalk {
    Arena *arena;
    const Ast *ast;                      /* for functions, constants, records */
    Binding bindings[TREE_BINDINGS_MAX]; /* fields first, then the locals that are in scope */
    size_t count;
    size_t base;                     /* the first that is seen: a function does not see the state */
    Value outputs[TREE_OUTPUTS_MAX]; /* every value that was put out, in order */
    size_t output_count;
    unsigned calls; /* under way */
    bool faulted;
    bool returned; /* the function has its value */
    Value result;
} TreeWalk;

void tree_bind(TreeWalk *walk, const char *name, Value value);

/* The value now, which must be there. */
Value tree_value(const TreeWalk *walk, const char *name);

/* Run it on the bindings; `faulted` says whether it came to its end. */
void tree_run(TreeWalk *walk, const Block *block);
Value tree_evaluate(TreeWalk *walk, const Expr *expr);

/* ---- what its files share ---- */

Value tree_fault(TreeWalk *walk);
bool tree_find(const TreeWalk *walk, const char *name, Binding **ret);
Value tree_call(TreeWalk *walk, const Expr *expr);
Value tree_builtin(TreeWalk *walk, const char *name, const Value *arguments, size_t count);
Value tree_arithmetic(TreeWalk *walk, Operator operator, Value left, Value right);

/* An int where a float is asked for is one; the others are what they are. */
Value tree_as_type(TreeWalk *walk, Value value, const TypeExpr *type);
Value tree_like(Value value, Value other);

/* The part that a step leads to, and a copy with another one there. */
Value tree_part(TreeWalk *walk, Value whole, Value index);
Value tree_with_part(TreeWalk *walk, Value whole, Value index, Value part);

Value tree_new_list(TreeWalk *walk, size_t count, Value **ret_items);
Value tree_new_object(TreeWalk *walk, size_t count, ValueMember **ret_members);

#endif
