/* The nodes of a grammar, for the files that read it, recognise by it and generate from it. */
#ifndef VED_TESTS_GRAMMAR_PRIVATE_H
#define VED_TESTS_GRAMMAR_PRIVATE_H

#include "tests/lib/lang/grammar.h"

typedef enum NodeKind {
    NODE_TEXT,     /* "x" */
    NODE_CLASS,    /* NAME */
    NODE_RULE,     /* Expr */
    NODE_SEQUENCE, /* of its children */
    NODE_CHOICE,   /* of one of its children */
    NODE_OPTIONAL, /* [ child ] */
    NODE_REPEAT,   /* { child } */
    NODE_EXCEPT    /* first child but none of the others */
} NodeKind;

typedef enum TokenClass {
    CLASS_NAME,
    CLASS_WORD,
    CLASS_INT,
    CLASS_FLOAT,
    CLASS_DURATION,
    CLASS_STRING,
    CLASS_NAME_STRING,
    CLASS_STRING_HEAD,
    CLASS_STRING_MIDDLE,
    CLASS_STRING_TAIL,
    CLASS_CODE,
    CLASS_COUNT
} TokenClass;

extern const char *const token_classes[CLASS_COUNT];

struct GrammarNode {
    GrammarNode *next; /* of the same parent */
    GrammarNode *made_before;
    NodeKind kind;
    GrammarNode *first;
    const char *text; /* NODE_TEXT, NODE_RULE */
    bool same_line;   /* NODE_TEXT */
    TokenClass class;
    size_t rule;    /* NODE_RULE */
    unsigned depth; /* of the shallowest text */
    bool generated;
};

#define GRAMMAR_CODE_TOKENS 5 /* V-LNT-001 to the lexer */

#endif
