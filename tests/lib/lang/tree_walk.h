/* Runs a slice on its tree: the plainest reading of the language, to compare the machine with.
 *
 * It binds by name and knows nothing of the checker's and the compiler's findings. No effects: only
 * what is computed, broadcast, sent and logged. */
#ifndef VED_TESTS_TREE_WALK_H
#define VED_TESTS_TREE_WALK_H

#include "lang/ast.h"
#include "lang/value.h"

typedef struct Binding {
    const char *name;
    Value value;
} Binding;

#define TREE_BINDINGS_MAX 256
#define TREE_OUTPUTS_MAX 1000

typedef struct TreeWalk {
    Arena *arena;
    Binding bindings[TREE_BINDINGS_MAX]; /* fields first, then the locals that are in scope */
    size_t count;
    Value outputs[TREE_OUTPUTS_MAX]; /* every value that was put out, in order */
    size_t output_count;
    bool faulted;
} TreeWalk;

void tree_bind(TreeWalk *walk, const char *name, Value value);

/* The value now, which must be there. */
Value tree_value(const TreeWalk *walk, const char *name);

/* Run it on the bindings; `faulted` says whether it came to its end. */
void tree_run(TreeWalk *walk, const Block *block);
Value tree_evaluate(TreeWalk *walk, const Expr *expr);

#endif
