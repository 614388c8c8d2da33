/* A string with holes is several tokens, "a${ and }b${ and }c", with the tokens of the expressions
 * between them. The lexer keeps a stack of the open holes: the `}` that closes one goes on with the
 * string. A string ends on the line it began on, so a forgotten quote costs one line. */
#include "lang/lexer.h"

#include <string.h>

#include "lang/base/utf8.h"

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

/* Where what is not plain ASCII without NUL next comes, at the earliest, from `at` on: most text
 * is, and is passed eight bytes at a time. */
static size_t plain_text(const Source *source, size_t at)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t bytes;

    for (; source->size - at >= sizeof bytes; at += sizeof bytes) {
        memcpy(&bytes, source->text + at, sizeof bytes);
        if (((bytes | (bytes - ones)) & highs) != 0) /* a high bit, or a NUL that borrowed one */
            break;
    }
    return at;
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
    for (size_t i = plain_text(source, 0); i < source->size; i = plain_text(source, i)) {
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

/* What is rare stays out of line, so that it takes no registers from what is not. */
#define RARE __attribute__((noinline))

/* The byte `ahead` of the current one; NUL, which no text has, past the end. */
static char peek(const Lexer *lexer, uint32_t ahead)
{
    uint32_t at = lexer->at + ahead;

    return at < lexer->source->size ? lexer->source->text[at] : '\0';
}

enum { CLASS_BLANK = 1, CLASS_NEWLINE = 2, CLASS_DIGIT = 4, CLASS_LETTER = 8, CLASS_STRING = 16 };

/* What a byte can be part of; CLASS_STRING ends a stretch of plain text in a string. */
static const uint8_t classes[256] = {
    [' '] = CLASS_BLANK,          ['\t'] = CLASS_BLANK,
    ['\r'] = CLASS_BLANK,         ['\n'] = CLASS_BLANK | CLASS_NEWLINE | CLASS_STRING,
    ['0' ... '9'] = CLASS_DIGIT,  ['a' ... 'z'] = CLASS_LETTER,
    ['A' ... 'Z'] = CLASS_LETTER, ['_'] = CLASS_LETTER,
    ['"'] = CLASS_STRING,         ['\\'] = CLASS_STRING,
    ['$'] = CLASS_STRING,
};

static unsigned class_of(char c)
{
    return classes[(unsigned char)c];
}

static bool is_digit(char c)
{
    return class_of(c) & CLASS_DIGIT;
}

static bool is_word(char c)
{
    return class_of(c) & (CLASS_DIGIT | CLASS_LETTER);
}

static void skip_word(Lexer *lexer)
{
    const char *text = lexer->source->text;
    uint32_t at = lexer->at, size = (uint32_t)lexer->source->size;

    while (at < size && is_word(text[at]))
        at++;
    lexer->at = at;
}

static void skip_line(Lexer *lexer)
{
    const char *text = lexer->source->text;
    const char *end = memchr(text + lexer->at, '\n', lexer->source->size - lexer->at);

    lexer->at = end != NULL ? (uint32_t)(end - text) : (uint32_t)lexer->source->size;
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

    skip_line(lexer);
    comment_keep(lexer, start);
}

/* True if there is a line break in it. */
RARE static bool block_comment(Lexer *lexer)
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

/* Pass blanks; true if a line break was among them. Indentation is passed a word at a time. */
static inline bool spaces_skip(Lexer *lexer)
{
    const char *text = lexer->source->text;
    uint32_t at = lexer->at, size = (uint32_t)lexer->source->size;
    unsigned seen = 0;

    while (at < size && class_of(text[at]) & CLASS_BLANK) {
        unsigned class = class_of(text[at++]);
        seen |= class;
        while (class & CLASS_NEWLINE && size - at >= 8 && memcmp(text + at, "        ", 8) == 0)
            at += 8;
    }
    lexer->at = at;
    return seen & CLASS_NEWLINE;
}

/* Pass blanks and comments; true if a line break was among them. */
static bool blanks_skip(Lexer *lexer)
{
    bool newline = false;

    for (;;) {
        newline = spaces_skip(lexer) || newline;
        if (peek(lexer, 0) != '/')
            return newline;
        if (peek(lexer, 1) == '/')
            line_comment(lexer);
        else if (peek(lexer, 1) == '*')
            newline = block_comment(lexer) || newline;
        else
            return newline;
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
    size_t size = 0, more;

    if (memchr(text + start, '\\', end - start) == NULL) {
        token->text = arena_copy_bytes(lexer->arena, text + start, end - start);
        token->size = end - start;
        return;
    }
    char *out = arena_alloc(lexer->arena, (size_t)(end - start) + 1);
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

RARE static TokenKind string_unterminated(Lexer *lexer, uint32_t start)
{
    Diagnostic *d = lexer_error(lexer, start, start + 1, "this string has no end");

    d->label = "opened here";
    d->consequence = "the rest of the line was taken for text";
    d->remedy = "close it with `\"` on the same line; write a line break as `\\n`";
    lexer->depth = 0;
    return TOKEN_ERROR;
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

/* Pass what stands for itself in a string. */
static void skip_plain(Lexer *lexer)
{
    const char *text = lexer->source->text;
    uint32_t at = lexer->at, size = (uint32_t)lexer->source->size;

    while (at < size && !(class_of(text[at]) & CLASS_STRING))
        at++;
    lexer->at = at;
}

/* One stretch of a string's text, from `at` on; `start` is the quote that opened the string. */
RARE static TokenKind string_piece(Lexer *lexer, Token *token, uint32_t start, bool first)
{
    uint32_t from = lexer->at;

    for (;; lexer->at++) {
        skip_plain(lexer);
        char c = peek(lexer, 0);
        if (c == '\\' && peek(lexer, 1) != '\0' && peek(lexer, 1) != '\n')
            lexer->at++;
        else if (c == '\0' || c == '\n' || c == '\\')
            return string_unterminated(lexer, start);
        else if (c == '"' || (c == '$' && peek(lexer, 1) == '{'))
            break;
    }
    string_unescape(lexer, from, lexer->at, token);
    if (peek(lexer, 0) == '"') {
        lexer->at++;
        return first ? TOKEN_STRING : TOKEN_STRING_TAIL;
    }
    if (hole_open(lexer, start)) {
        lexer->at += 2;
        return first ? TOKEN_STRING_HEAD : TOKEN_STRING_MIDDLE;
    }
    line_comment(lexer); /* its rest is lost */
    lexer->depth = 0;
    return TOKEN_ERROR;
}

/* ---- numbers ---- */

static uint64_t unit_ms(const char *text, size_t size)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strlen(units[i].name) == size && memcmp(units[i].name, text, size) == 0)
            return units[i].ms;
    return 0;
}

static TokenKind number_refuse(Lexer *lexer, Token *token, const char *summary, const char *remedy)
{
    Diagnostic *d = lexer_error(lexer, token->span.start, lexer->at, summary);

    d->remedy = remedy;
    token->number = 0;
    return TOKEN_INT;
}

/* The unit of a duration, or letters that make no sense there. */
static TokenKind number_suffix(Lexer *lexer, Token *token, bool overflow)
{
    uint32_t start = lexer->at;

    skip_word(lexer);
    const char *word = lexer->source->text + start;
    uint64_t ms = unit_ms(word, lexer->at - start);
    if (ms == 0 && (word[0] == 'e' || word[0] == 'E') &&
        (lexer->at == start + 1 || is_digit(word[1])))
        return number_refuse(lexer, token, "a number with an exponent is a float",
                             "a float has digits on both sides of its point: `1.0e5`");
    if (ms == 0)
        return number_refuse(lexer, token, "unknown unit after a number",
                             "the units are ms s m h d, one per duration: 90m, not 1h30m");
    if (overflow || __builtin_mul_overflow(token->number, ms, &token->number) ||
        token->number > INT64_MAX)
        number_refuse(lexer, token, "this duration is too long", "the longest is 106751991167d");
    return TOKEN_DURATION;
}

static void digits_skip(Lexer *lexer)
{
    while (is_digit(peek(lexer, 0)) || (peek(lexer, 0) == '_' && is_digit(peek(lexer, 1))))
        lexer->at++;
}

/* .5 or .5e-3, at its point. */
static TokenKind fraction(Lexer *lexer, Token *token)
{
    lexer->at++;
    digits_skip(lexer);
    if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') {
        uint32_t sign = peek(lexer, 1) == '-' || peek(lexer, 1) == '+';
        if (is_digit(peek(lexer, 1 + sign))) {
            lexer->at += 1 + sign;
            digits_skip(lexer);
        }
    }
    if (!is_word(peek(lexer, 0)))
        return TOKEN_FLOAT;
    skip_word(lexer);
    return number_refuse(lexer, token, "letters after a fraction",
                         "a fraction is 1.5 or 1.5e3; a duration is a whole number: 1500ms");
}

RARE static TokenKind long_number(Lexer *lexer, Token *token)
{
    bool overflow = false;

    for (; is_digit(peek(lexer, 0)) || (peek(lexer, 0) == '_' && is_digit(peek(lexer, 1)));
         lexer->at++) {
        if (peek(lexer, 0) == '_')
            continue;
        overflow =
            overflow || __builtin_mul_overflow(token->number, 10, &token->number) ||
            __builtin_add_overflow(token->number, (uint64_t)(peek(lexer, 0) - '0'), &token->number);
    }
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1)))
        return fraction(lexer, token);
    if (is_word(peek(lexer, 0)))
        return number_suffix(lexer, token, overflow);
    if (overflow)
        return number_refuse(lexer, token, "this number does not fit in 64 bits",
                             "the largest is 9223372036854775807");
    return TOKEN_INT;
}

#define DIGITS_SHORT 18 /* fit in 64 bits whatever they are */

static TokenKind number(Lexer *lexer, Token *token)
{
    const char *text = lexer->source->text;
    uint32_t size = (uint32_t)lexer->source->size, at = lexer->at;
    uint32_t end = size - at > DIGITS_SHORT ? at + DIGITS_SHORT : size;
    uint64_t value = 0;

    for (; at < end && is_digit(text[at]); at++)
        value = value * 10 + (uint64_t)(text[at] - '0');
    if (at < size && (is_word(text[at]) || text[at] == '.'))
        return long_number(lexer, token);
    token->number = value;
    lexer->at = at;
    return TOKEN_INT;
}

/* ---- signs ---- */

/* What a byte is by itself, TOKEN_END for nothing, and with a second one behind it. */
static const struct {
    TokenKind alone;
    struct {
        char second;
        TokenKind kind;
    } pairs[2];
} signs[256] = {
    ['{'] = {.alone = TOKEN_BRACE_OPEN},
    ['}'] = {.alone = TOKEN_BRACE_CLOSE},
    ['('] = {.alone = TOKEN_PAREN_OPEN},
    [')'] = {.alone = TOKEN_PAREN_CLOSE},
    ['['] = {.alone = TOKEN_BRACKET_OPEN},
    [']'] = {.alone = TOKEN_BRACKET_CLOSE},
    [','] = {.alone = TOKEN_COMMA},
    [';'] = {.alone = TOKEN_SEMICOLON},
    [':'] = {TOKEN_COLON, {{':', TOKEN_COLONS}}},
    ['.'] = {.alone = TOKEN_DOT},
    ['@'] = {.alone = TOKEN_AT},
    ['?'] = {.alone = TOKEN_QUESTION},
    ['='] = {TOKEN_ASSIGN, {{'=', TOKEN_EQ}, {'>', TOKEN_FAT_ARROW}}},
    ['<'] = {TOKEN_LT, {{'=', TOKEN_LE}}},
    ['>'] = {TOKEN_GT, {{'=', TOKEN_GE}}},
    ['+'] = {TOKEN_ADD, {{'=', TOKEN_ADD_ASSIGN}}},
    ['-'] = {TOKEN_SUB, {{'=', TOKEN_SUB_ASSIGN}, {'>', TOKEN_ARROW}}},
    ['*'] = {TOKEN_MUL, {{'=', TOKEN_MUL_ASSIGN}}},
    ['/'] = {.alone = TOKEN_DIV},
    ['%'] = {.alone = TOKEN_MOD},
    ['!'] = {TOKEN_BANG, {{'=', TOKEN_NE}}},
    ['&'] = {TOKEN_END, {{'&', TOKEN_AND}}},
    ['|'] = {TOKEN_END, {{'|', TOKEN_OR}}},
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
    for (size_t i = 0; i < ARRAY_SIZE(lookalikes); i++)
        if (lookalikes[i].point == point)
            return lookalikes[i].remedy;
    return "names are made of A-Z a-z 0-9 and _; anything else stands in a string";
}

/* Pass what belongs to a character that opens nothing we know, so that it is reported once. */
static void unknown_skip(Lexer *lexer, uint32_t point)
{
    if (point == '#') {
        skip_line(lexer);
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

RARE static TokenKind unknown(Lexer *lexer)
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
    if (point == '&' || point == '|')
        return point == '&' ? TOKEN_AND : TOKEN_OR;
    unknown_skip(lexer, point);
    return TOKEN_ERROR;
}

static TokenKind sign(Lexer *lexer)
{
    unsigned char first = (unsigned char)peek(lexer, 0);
    char second = peek(lexer, 1);
    TokenKind kind = signs[first].alone;
    uint32_t size = 1;

    for (size_t i = 0; second != '\0' && i < ARRAY_SIZE(signs[first].pairs); i++) {
        if (signs[first].pairs[i].second == second) {
            kind = signs[first].pairs[i].kind;
            size = 2;
        }
    }
    if (kind == TOKEN_END)
        return unknown(lexer);
    lexer->at += size;
    return kind;
}

static TokenKind word(Lexer *lexer)
{
    uint32_t start = lexer->at;

    skip_word(lexer);
    return token_word(lexer->source->text + start, lexer->at - start);
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

/* What begins here, its text or number in `token`. */
static TokenKind token_read(Lexer *lexer, Token *token)
{
    char c = peek(lexer, 0);

    if (lexer->depth > 0 && (token->after_newline || c == '\0'))
        return string_unterminated(lexer, lexer->holes[lexer->depth - 1].start);
    if (c == '\0') {
        /* That something is missing at the end of a lost file is no news. */
        bool lost = lexer->lost;
        lexer->lost = false;
        return lost ? TOKEN_ERROR : TOKEN_END;
    }
    if (brace_closes_hole(lexer, c)) {
        lexer->at++;
        return string_piece(lexer, token, lexer->holes[--lexer->depth].start, false);
    }
    if (c == '"') {
        lexer->at++;
        return string_piece(lexer, token, token->span.start, true);
    }
    if (is_digit(c))
        return number(lexer, token);
    return is_word(c) ? word(lexer) : sign(lexer);
}

void lexer_next(Lexer *lexer, Token *ret)
{
    bool newline = blanks_skip(lexer);

    *ret = (Token){.after_newline = newline, .span.start = lexer->at};
    ret->kind = token_read(lexer, ret);
    ret->span.end = lexer->at;
}
