/* What the kinds of tokens are called, which of them are reserved words, and which word was meant
 * by one that is not. */
#include <string.h>

#include "lang/lexer.h"

static const char *const kind_texts[] = {
#define TOKEN(name, text) text,
#include "lang/token.def"
};

static const TokenRole kind_roles[] = {
#define TOKEN(name, text) ROLE_NONE,
#define WORD(name, text, role) role,
#include "lang/token.def"
};

const char *token_kind_text(TokenKind kind)
{
    return kind_texts[kind];
}

TokenRole token_role(TokenKind kind)
{
    return kind_roles[kind];
}

/* The reserved words of one size. `size` is a constant where this is called, so that the compiler
 * leaves a few comparisons of whole machine words. */
static inline __attribute__((always_inline)) TokenKind word_of_size(const char *text, size_t size)
{
#define TOKEN(name, spelling)
#define WORD(name, spelling, role)                                                                 \
    if (sizeof(spelling) - 1 == size && memcmp(text, spelling, sizeof(spelling) - 1) == 0)         \
        return TOKEN_##name;
#include "lang/token.def"
    return TOKEN_NAME;
}

TokenKind token_word(const char *text, size_t size)
{
    switch (size) {
#define SIZE(n)                                                                                    \
    case n:                                                                                        \
        return word_of_size(text, n);
        SIZE(2)
        SIZE(3)
        SIZE(4)
        SIZE(5)
        SIZE(6)
        SIZE(7)
        SIZE(8)
        SIZE(9)
        SIZE(10)
        SIZE(11)
        SIZE(12)
        SIZE(13)
        SIZE(14)
        SIZE(15)
        SIZE(16)
#undef SIZE
    }
    return TOKEN_NAME;
}

#define TOKEN(name, spelling)
#define WORD(name, spelling, role)                                                                 \
    _Static_assert(sizeof(spelling) - 1 >= 2 && sizeof(spelling) - 1 <= 16, "token_word()");
#include "lang/token.def"

/* ---- likeness ---- */

#define WORD_SIZE_MAX 24

/* Edit distance with swaps of neighbours counted as one (optimal string alignment). */
static size_t word_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_SIZE_MAX + 1];

    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_two = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above_two[j - 2] + 1 < best)
                best = above_two[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

TokenKind token_nearest_word(const char *text, size_t size, unsigned roles)
{
    TokenKind nearest = TOKEN_NAME;
    size_t best = size < 5 ? 2 : 3; /* one slip in a short word, two in a longer one */

    if (size < 2 || size > WORD_SIZE_MAX)
        return TOKEN_NAME;
    for (TokenKind kind = TOKEN_DOMAIN; kind < TOKEN_KIND_COUNT; kind++) {
        if (!(roles & 1u << kind_roles[kind]))
            continue;
        size_t distance = word_distance(text, size, kind_texts[kind], strlen(kind_texts[kind]));
        if (distance < best) {
            best = distance;
            nearest = kind;
        }
    }
    return nearest;
}
