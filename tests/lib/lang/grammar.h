/* A grammar in the notation of docs/language.md, and two uses of it that know nothing of the
 * parser: to recognise texts, and to make some up.
 *
 * Rules must not be left-recursive; ambiguity is allowed. All lives in the arena given. */
#ifndef VED_TESTS_GRAMMAR_H
#define VED_TESTS_GRAMMAR_H

#include "lang/ast.h"
#include "lang/lexer.h"

typedef struct GrammarNode GrammarNode;

typedef struct GrammarRule {
    const char *name;
    GrammarNode *body;
    unsigned depth; /* of the shallowest text */
} GrammarRule;

typedef struct Grammar {
    Arena *arena;
    GrammarRule *rules; /* the first is what a text is */
    size_t count;
    GrammarNode *nodes; /* all of them, the last made first */
} Grammar;

/* Asserts that the text is a grammar in which every name is defined and used. */
Grammar grammar_read(Arena *arena, const char *text);

/* The grammar that docs/language.md has, between ```ebnf and ```. */
Grammar grammar_of_the_manual(Arena *arena);

/* Whether the tokens are a text of the grammar; `furthest`, if not NULL, is the first token that
 * nothing could go on with. Needs memory in the order of tokens times rules. */
bool grammar_accepts(const Grammar *grammar, const Source *source, const Token *tokens,
                     size_t count, size_t *furthest);

/* A random text, of about `size` tokens at most, over one line or several. */
void grammar_generate(Grammar *grammar, uint64_t *seed, size_t size, Buffer *ret);

/* Something in the grammar that grammar_generate() has not yet made; NULL: it has made all. */
const char *grammar_not_generated(const Grammar *grammar);

#endif
