/* Source text to tokens, one at a time; comments are set aside.
 *
 * The text must have passed source_is_text(). What cannot be read is reported once and becomes
 * TOKEN_ERROR, or the token that was meant; the lexer always gets to TOKEN_END. */
#ifndef VED_LANG_LEXER_H
#define VED_LANG_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/diagnostic.h"
#include "lang/source.h"

typedef enum TokenKind {
#define TOKEN(name, text) TOKEN_##name,
#include "lang/token.def"
    TOKEN_KIND_COUNT
} TokenKind;

/* What a reserved word is for; decides where recovery may stop. */
typedef enum TokenRole {
    ROLE_NONE,        /* no word */
    ROLE_ITEM,        /* begins a domain, a system, or an item of a domain */
    ROLE_DECLARATION, /* begins what stands outside of domains */
    ROLE_PART,
    ROLE_STATEMENT,
    ROLE_OTHER
} TokenRole;

typedef struct Token {
    TokenKind kind;
    bool after_newline; /* a line break stands between the token before and this one */
    Span span;
    uint64_t number;  /* TOKEN_INT: up to 2^64-1; TOKEN_DURATION: milliseconds */
    const char *text; /* strings: unescaped and NUL-terminated; in the arena */
    size_t size;
} Token;

/* Comments in source order, for the formatter. */
typedef struct Comments {
    Span *items;
    size_t count;
    size_t capacity;
} Comments;

#define INTERPOLATION_DEPTH_MAX 16

typedef struct Lexer {
    const Source *source;
    Arena *arena;
    Diagnostics *diagnostics;
    Comments *comments; /* NULL: not wanted */
    uint32_t at;
    bool lost;    /* a comment without an end took the rest */
    size_t depth; /* of `${` that are open */
    struct {
        uint32_t start;  /* of the string */
        uint32_t braces; /* open inside the `${` */
    } holes[INTERPOLATION_DEPTH_MAX];
} Lexer;

void lexer_init(Lexer *lexer, const Source *source, Arena *arena, Diagnostics *diagnostics,
                Comments *comments);
void lexer_next(Lexer *lexer, Token *ret);

/* False, and reported, for what is not UTF-8 text of at most SOURCE_SIZE_MAX bytes. */
bool source_is_text(const Source *source, Diagnostics *diagnostics);

const char *token_kind_text(TokenKind kind);
TokenRole token_role(TokenKind kind);

/* The reserved word these bytes spell, or TOKEN_NAME. */
TokenKind token_word(const char *text, size_t size);

/* The reserved word of a role in `roles` (bits 1 << role) most like the bytes; TOKEN_NAME: none is
 * near. */
TokenKind token_nearest_word(const char *text, size_t size, unsigned roles);

#endif
