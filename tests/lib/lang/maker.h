/* What the files of the program generator share.
 *
 * Nothing it makes grows without bound: in loops no text is made of texts and no list of lists, and
 * a statement outside of them takes up few. So a run is short, and no ceiling is met. */
#ifndef VED_TESTS_MAKER_H
#define VED_TESTS_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/buffer.h"

#define LOCALS_MAX 60
#define EXPR_DEPTH 3
#define BLOCK_DEPTH 2

/* The types that values have: maker_prelude() declares what is not plain. */
typedef enum Kind {
    KIND_OF_INT,
    KIND_OF_BOOL,
    KIND_OF_STRING,
    KIND_OF_DURATION,
    KIND_OF_FLOAT,
    KIND_OF_ENUM,    /* E */
    KIND_OF_OPTION,  /* int? */
    KIND_OF_LIST,    /* list<int> */
    KIND_OF_WORDS,   /* list<string> */
    KIND_OF_MAP,     /* map<int> */
    KIND_OF_RECORD,  /* R */
    KIND_OF_RECORDS, /* list<R> */
    KIND_COUNT
} Kind;

typedef struct Local {
    Kind kind;
    bool fixed; /* it counts a loop's turns, or is one's entry, and is not assigned */
} Local;

typedef struct Maker {
    uint64_t random;
    Buffer *out;
    Local locals[LOCALS_MAX]; /* l0, l1 ... in scope */
    size_t local_count;
    uint32_t loops;
    uint32_t copies;  /* names of texts and lists that the statement may still take up */
    uint32_t callees; /* functions of the prelude that may be called */
    bool fields;      /* the state is seen */
    bool locals_seen; /* not in a goal */
    bool narrowed;    /* something is known of an option, so it is not asked again */
    bool asked;       /* the statement has asked for one */
} Maker;

uint32_t pick(Maker *maker, uint32_t limit);
void put(Maker *maker, const char *text);
void put_any(Maker *maker, const char *const *texts, uint32_t count);

#define PUT_ANY(maker, ...)                                                                        \
    put_any(maker, (const char *const[]){__VA_ARGS__},                                             \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A variable of the kind, or NULL; valid until the next. */
const char *maker_variable(Maker *maker, Kind kind);
const char *kind_text(Kind kind);

void make_literal(Maker *maker, Kind kind);
void make_expr(Maker *maker, Kind kind, int depth);
void make_index(Maker *maker, const char *list);
void make_key(Maker *maker);

/* program_make.c */
void make_block(Maker *maker, int depth);

#endif
