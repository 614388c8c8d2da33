/* A string with holes is several tokens, "a${ and }b${ and }c", with the tokens of the expressions
 * between them. The lexer keeps a stack of the open holes: the `}` that closes one goes on with the
 * string. A string ends on the line it began on, so a forgotten quote costs one line. */
#include "lang/lexer.h"

#include <string.h>

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

TokenKind token_word(const char *text, size_t size)
{
    for (TokenKind kind = TOKEN_DOMAIN; kind < TOKEN_KIND_COUNT; kind++)
        if (kind_texts[kind][0] == text[0] && strlen(kind_texts[kind]) == size &&
            memcmp(kind_texts[kind], text, size) == 0)
            return kind;
    return TOKEN_NAME;
}

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

/* ---- encoding ---- */

static size_t utf8_encode(uint32_t point, char *ret)
{
    if (point < 0x80) {
        ret[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        ret[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    ret[0] = (char)(0xf00u >> length | point);
    return length;
}

static bool text_refuse(Diagnostics *diagnostics, uint32_t at, const char *what)
{
    Span span = {at, at + 1};
    Diagnostic *d = diagnostics_add(diagnostics, SEVERITY_ERROR, "V-ERR-012", span, "%s", what);

    d->label = "first here";
    d->consequence = "nothing of this file was read";
    d->remedy = "save the file as UTF-8 text without NUL bytes";
    return false;
}

bool source_is_text(const Source *source, Diagnostics *diagnostics)
{
    uint32_t point;

    if (source->size > SOURCE_SIZE_MAX) {
        Diagnostic *d = diagnostics_add(diagnostics, SEVERITY_ERROR, "V-ERR-012", (Span){0, 0},
                                        "the file has %zu bytes, at most %u are allowed",
                                        source->size, SOURCE_SIZE_MAX);
        d->remedy = "split the program into several files";
        return false;
    }
    for (size_t i = 0; i < source->size;) {
        size_t length = utf8_decode(source->text + i, source->size - i, &point);
        if (length == 0)
            return text_refuse(diagnostics, (uint32_t)i,
                               arena_format(diagnostics->arena, "byte 0x%02x is not UTF-8 text",
                                            (unsigned char)source->text[i]));
        if (point == 0)
            return text_refuse(diagnostics, (uint32_t)i, "the file has a NUL byte");
        i += length;
    }
    return true;
}

/* ---- the lexer ---- */

void lexer_init(Lexer *lexer, const Source *source, Arena *arena, Diagnostics *diagnostics,
                Comments *comments)
{
    *lexer =
        (Lexer){.source = source, .arena = arena, .diagnostics = diagnostics, .comments = comments};
    if (source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0)
        lexer->at = 3; /* a byte order mark */
}

/* The byte `ahead` of the current one; NUL, which no text has, past the end. */
static char peek(const Lexer *lexer, uint32_t ahead)
{
    uint32_t at = lexer->at + ahead;

    return at < lexer->source->size ? lexer->source->text[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static Diagnostic *lexer_error(Lexer *lexer, uint32_t start, uint32_t end, const char *summary)
{
    return diagnostics_add(lexer->diagnostics, SEVERITY_ERROR, "V-ERR-013", (Span){start, end},
                           "%s", summary);
}

static void comment_keep(Lexer *lexer, uint32_t start)
{
    Comments *comments = lexer->comments;

    if (comments == NULL)
        return;
    arena_reserve_one(lexer->arena, comments->items, comments->count, comments->capacity);
    comments->items[comments->count++] = (Span){start, lexer->at};
}

static void line_comment(Lexer *lexer)
{
    uint32_t start = lexer->at;

    while (peek(lexer, 0) != '\0' && peek(lexer, 0) != '\n')
        lexer->at++;
    comment_keep(lexer, start);
}

/* True if there is a line break in it. */
static bool block_comment(Lexer *lexer)
{
    uint32_t start = lexer->at;
    bool newline = false;

    for (lexer->at += 2; peek(lexer, 0) != '\0'; lexer->at++) {
        newline = newline || peek(lexer, 0) == '\n';
        if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            lexer->at += 2;
            comment_keep(lexer, start);
            return newline;
        }
    }
    Diagnostic *d = lexer_error(lexer, start, start + 2, "this comment has no end");
    d->label = "opened here";
    d->consequence = "the rest of the file was taken for a comment";
    d->remedy = "close it with `*/`";
    lexer->lost = true;
    return newline;
}

/* Pass blanks and comments; true if a line break was among them. */
static bool blanks_skip(Lexer *lexer)
{
    bool newline = false;

    for (;;) {
        char c = peek(lexer, 0);
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            newline = newline || c == '\n';
            lexer->at++;
        } else if (c == '/' && peek(lexer, 1) == '/') {
            line_comment(lexer);
        } else if (c == '/' && peek(lexer, 1) == '*') {
            newline = block_comment(lexer) || newline;
        } else {
            return newline;
        }
    }
}

/* ---- strings ---- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void escape_refuse(Lexer *lexer, uint32_t start, uint32_t end, const char *summary)
{
    Diagnostic *d = lexer_error(lexer, start, end, summary);

    d->remedy = lexer->source->text[start + 1] == '$'
                    ? "write `\\u{24}` for a `$` before `{`"
                    : "the escapes are \\n \\t \\\" \\\\ and \\u{HEX}, for example \\u{e9}";
}

/* \u{...}: `at` is at the backslash. Returns bytes of the source, decoded ones in `ret`. */
static uint32_t escape_unicode(Lexer *lexer, uint32_t at, uint32_t end, char *ret, size_t *ret_size)
{
    const char *text = lexer->source->text;
    uint32_t point = 0, i = at + 3;

    *ret_size = 0;
    if (at + 2 >= end || text[at + 2] != '{') {
        escape_refuse(lexer, at, at + 2, "`\\u` must be followed by `{`");
        return 2;
    }
    while (i < end && hex_digit(text[i]) >= 0 && point <= 0x10ffff)
        point = point * 16 + (uint32_t)hex_digit(text[i++]);
    bool well_formed = i > at + 3 && i < end && text[i] == '}';
    if (!well_formed || point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        escape_refuse(lexer, at, well_formed ? i + 1 : i, "this is no Unicode character");
        return i - at;
    }
    *ret_size = utf8_encode(point, ret);
    return i + 1 - at;
}

/* The bytes [start, end) between quotes and holes, unescaped, into the token. */
static void string_unescape(Lexer *lexer, uint32_t start, uint32_t end, Token *token)
{
    const char *text = lexer->source->text;
    char *out = arena_alloc(lexer->arena, (size_t)(end - start) + 1);
    size_t size = 0, more;

    for (uint32_t i = start; i < end;) {
        if (text[i] != '\\') {
            out[size++] = text[i++];
        } else if (text[i + 1] == 'u') {
            i += escape_unicode(lexer, i, end, out + size, &more);
            size += more;
        } else {
            const char *at = strchr("n\nt\t\"\"\\\\", text[i + 1]);
            if (at != NULL && (at - "n\nt\t\"\"\\\\") % 2 == 0)
                out[size++] = at[1];
            else
                escape_refuse(lexer, i, i + 2, "unknown escape in a string");
            i += 2;
        }
    }
    token->text = out;
    token->size = size;
}

static Token string_unterminated(Lexer *lexer, uint32_t start, Token token)
{
    Diagnostic *d = lexer_error(lexer, start, start + 1, "this string has no end");

    d->label = "opened here";
    d->consequence = "the rest of the line was taken for text";
    d->remedy = "close it with `\"` on the same line; write a line break as `\\n`";
    lexer->depth = 0;
    token.kind = TOKEN_ERROR;
    token.span.end = lexer->at;
    return token;
}

static bool hole_open(Lexer *lexer, uint32_t start)
{
    if (lexer->depth < INTERPOLATION_DEPTH_MAX) {
        lexer->holes[lexer->depth].start = start;
        lexer->holes[lexer->depth++].braces = 0;
        return true;
    }
    Diagnostic *d = diagnostics_add(lexer->diagnostics, SEVERITY_ERROR, "V-ERR-015",
                                    (Span){lexer->at, lexer->at + 2},
                                    "strings are nested deeper than %d", INTERPOLATION_DEPTH_MAX);
    d->remedy = "build the inner text with a `let` first";
    return false;
}

/* One stretch of a string's text, from `at` on; `start` is the quote that opened the string. */
static Token string_piece(Lexer *lexer, Token token, uint32_t start, bool first)
{
    uint32_t from = lexer->at;

    for (;; lexer->at++) {
        char c = peek(lexer, 0);
        if (c == '\\' && peek(lexer, 1) != '\0' && peek(lexer, 1) != '\n')
            lexer->at++;
        else if (c == '\0' || c == '\n' || c == '\\')
            return string_unterminated(lexer, start, token);
        else if (c == '"' || (c == '$' && peek(lexer, 1) == '{'))
            break;
    }
    string_unescape(lexer, from, lexer->at, &token);
    if (peek(lexer, 0) == '"') {
        token.kind = first ? TOKEN_STRING : TOKEN_STRING_TAIL;
        lexer->at++;
    } else if (hole_open(lexer, start)) {
        token.kind = first ? TOKEN_STRING_HEAD : TOKEN_STRING_MIDDLE;
        lexer->at += 2;
    } else {
        line_comment(lexer); /* its rest is lost */
        lexer->depth = 0;
        token.kind = TOKEN_ERROR;
    }
    token.span.end = lexer->at;
    return token;
}

/* ---- numbers ---- */

static uint64_t unit_ms(const char *text, size_t size)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == size && memcmp(units[i].name, text, size) == 0)
            return units[i].ms;
    return 0;
}

static Token number_end(Lexer *lexer, Token token, TokenKind kind)
{
    token.kind = kind;
    token.span.end = lexer->at;
    return token;
}

static Token number_refuse(Lexer *lexer, Token token, const char *summary, const char *remedy)
{
    Diagnostic *d = lexer_error(lexer, token.span.start, lexer->at, summary);

    d->remedy = remedy;
    token.number = 0;
    return number_end(lexer, token, TOKEN_INT);
}

/* The unit of a duration, or letters that make no sense there. */
static Token number_suffix(Lexer *lexer, Token token, bool overflow)
{
    uint32_t start = lexer->at;

    while (is_word(peek(lexer, 0)))
        lexer->at++;
    uint64_t ms = unit_ms(lexer->source->text + start, lexer->at - start);
    if (ms == 0)
        return number_refuse(lexer, token, "unknown unit after a number",
                             "the units are ms s m h d, one per duration: 90m, not 1h30m");
    if (overflow || __builtin_mul_overflow(token.number, ms, &token.number) ||
        token.number > INT64_MAX)
        token = number_refuse(lexer, token, "this duration is too long",
                              "the longest is 106751991167d");
    return number_end(lexer, token, TOKEN_DURATION);
}

static Token number(Lexer *lexer, Token token)
{
    bool overflow = false;

    for (; is_digit(peek(lexer, 0)) || (peek(lexer, 0) == '_' && is_digit(peek(lexer, 1)));
         lexer->at++) {
        if (peek(lexer, 0) == '_')
            continue;
        overflow =
            overflow || __builtin_mul_overflow(token.number, 10, &token.number) ||
            __builtin_add_overflow(token.number, (uint64_t)(peek(lexer, 0) - '0'), &token.number);
    }
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        lexer->at++;
        while (is_word(peek(lexer, 0)))
            lexer->at++;
        return number_end(lexer, token, TOKEN_FLOAT);
    }
    if (is_word(peek(lexer, 0)))
        return number_suffix(lexer, token, overflow);
    if (overflow)
        return number_refuse(lexer, token, "this number does not fit in 64 bits",
                             "the largest is 9223372036854775807");
    return number_end(lexer, token, TOKEN_INT);
}

/* ---- signs ---- */

static const struct {
    char text[3];
    TokenKind kind;
} signs[] = {
    /* the longer ones first */
    {"::", TOKEN_COLONS},     {"->", TOKEN_ARROW},       {"=>", TOKEN_FAT_ARROW},
    {"+=", TOKEN_ADD_ASSIGN}, {"-=", TOKEN_SUB_ASSIGN},  {"*=", TOKEN_MUL_ASSIGN},
    {"==", TOKEN_EQ},         {"!=", TOKEN_NE},          {"<=", TOKEN_LE},
    {">=", TOKEN_GE},         {"&&", TOKEN_AND},         {"||", TOKEN_OR},
    {"{", TOKEN_BRACE_OPEN},  {"}", TOKEN_BRACE_CLOSE},  {"(", TOKEN_PAREN_OPEN},
    {")", TOKEN_PAREN_CLOSE}, {"[", TOKEN_BRACKET_OPEN}, {"]", TOKEN_BRACKET_CLOSE},
    {",", TOKEN_COMMA},       {";", TOKEN_SEMICOLON},    {":", TOKEN_COLON},
    {".", TOKEN_DOT},         {"@", TOKEN_AT},           {"?", TOKEN_QUESTION},
    {"=", TOKEN_ASSIGN},      {"<", TOKEN_LT},           {">", TOKEN_GT},
    {"+", TOKEN_ADD},         {"-", TOKEN_SUB},          {"*", TOKEN_MUL},
    {"/", TOKEN_DIV},         {"%", TOKEN_MOD},          {"!", TOKEN_BANG},
};

/* What people type for one of our signs, and what to type instead. */
static const struct {
    uint32_t point;
    const char *remedy;
} lookalikes[] = {
    {0x2018, "strings stand in straight double quotes: \"text\""},
    {0x2019, "strings stand in straight double quotes: \"text\""},
    {0x201c, "strings stand in straight double quotes: \"text\""},
    {0x201d, "strings stand in straight double quotes: \"text\""},
    {0x201e, "strings stand in straight double quotes: \"text\""},
    {0x2013, "write `-`"},
    {0x2212, "write `-`"},
    {0x2260, "write `!=`"},
    {0x2264, "write `<=`"},
    {0x2265, "write `>=`"},
    {0x00a0, "this is a no-break space: put an ordinary one"},
    {'#', "a comment begins with `//`"},
    {'\'', "strings stand in double quotes: \"text\""},
    {'&', "write `&&`"},
    {'|', "write `||`"},
};

static const char *lookalike_remedy(uint32_t point)
{
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
        if (lookalikes[i].point == point)
            return lookalikes[i].remedy;
    return "names are made of A-Z a-z 0-9 and _; anything else stands in a string";
}

/* Pass what belongs to a character that opens nothing we know, so that it is reported once. */
static void unknown_skip(Lexer *lexer, uint32_t point)
{
    if (point == '#') {
        while (peek(lexer, 0) != '\0' && peek(lexer, 0) != '\n')
            lexer->at++;
    } else if (point == '\'') {
        uint32_t ahead = 0;
        while (peek(lexer, ahead) != '\0' && peek(lexer, ahead) != '\n' &&
               peek(lexer, ahead) != '\'')
            ahead++;
        if (peek(lexer, ahead) == '\'')
            lexer->at += ahead + 1;
    } else {
        char first = lexer->source->text[lexer->at - 1];
        while ((peek(lexer, 0) != '\0' && peek(lexer, 0) == first) || peek(lexer, 0) & 0x80 ||
               is_word(peek(lexer, 0)))
            lexer->at++;
    }
}

static Token unknown(Lexer *lexer, Token token)
{
    uint32_t point = 0;
    size_t left = lexer->source->size - lexer->at;
    size_t length = utf8_decode(lexer->source->text + lexer->at, left, &point);
    Span span = {lexer->at, lexer->at + (uint32_t)length};

    Diagnostic *d =
        diagnostics_add(lexer->diagnostics, SEVERITY_ERROR, "V-ERR-013", span,
                        point < 0x20 || point == 0x7f ? "unknown character U+%04X"
                                                      : "unknown character U+%04X `%.*s`",
                        point, (int)length, lexer->source->text + lexer->at);
    d->remedy = lookalike_remedy(point);
    lexer->at += (uint32_t)length;
    if (point == '&' || point == '|') {
        token.kind = point == '&' ? TOKEN_AND : TOKEN_OR;
    } else {
        unknown_skip(lexer, point);
        token.kind = TOKEN_ERROR;
    }
    token.span.end = lexer->at;
    return token;
}

static Token sign(Lexer *lexer, Token token)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        uint32_t size = signs[i].text[1] != '\0' ? 2 : 1;
        if (peek(lexer, 0) != signs[i].text[0] || (size == 2 && peek(lexer, 1) != signs[i].text[1]))
            continue;
        lexer->at += size;
        token.kind = signs[i].kind;
        token.span.end = lexer->at;
        return token;
    }
    return unknown(lexer, token);
}

static Token word(Lexer *lexer, Token token)
{
    while (is_word(peek(lexer, 0)))
        lexer->at++;
    token.span.end = lexer->at;
    token.kind =
        token_word(lexer->source->text + token.span.start, token.span.end - token.span.start);
    return token;
}

/* A `}` that closes a hole goes on with the string; the other braces inside a hole are counted. */
static bool brace_closes_hole(Lexer *lexer, char c)
{
    if (lexer->depth == 0)
        return false;
    if (c == '{')
        lexer->holes[lexer->depth - 1].braces++;
    else if (c == '}' && lexer->holes[lexer->depth - 1].braces-- == 0)
        return true;
    return false;
}

Token lexer_next(Lexer *lexer)
{
    bool newline = blanks_skip(lexer);
    Token token = {.after_newline = newline, .span = {lexer->at, lexer->at}};
    char c = peek(lexer, 0);

    if (lexer->depth > 0 && (newline || c == '\0'))
        return string_unterminated(lexer, lexer->holes[lexer->depth - 1].start, token);
    if (c == '\0') {
        /* That something is missing at the end of a lost file is no news. */
        token.kind = lexer->lost ? TOKEN_ERROR : TOKEN_END;
        lexer->lost = false;
        return token;
    }
    if (brace_closes_hole(lexer, c)) {
        lexer->at++;
        return string_piece(lexer, token, lexer->holes[--lexer->depth].start, false);
    }
    if (c == '"') {
        lexer->at++;
        return string_piece(lexer, token, token.span.start, true);
    }
    if (is_digit(c))
        return number(lexer, token);
    if (is_word(c))
        return word(lexer, token);
    return sign(lexer, token);
}
