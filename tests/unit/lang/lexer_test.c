#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/lexer.h"

static Arena arena;
static Diagnostics diagnostics;
static Source source;

static Lexer lexing(const char *text)
{
    Lexer lexer;

    source = (Source){.name = "test.ved", .text = text, .size = strlen(text)};
    diagnostics_init(&diagnostics, &arena, &source);
    lexer_init(&lexer, &source, &arena, &diagnostics, NULL);
    return lexer;
}

static Token next(Lexer *lexer)
{
    Token token;

    lexer_next(lexer, &token);
    return token;
}

static void done(void)
{
    arena_deinit(&arena);
}

TestSuite(lexer, .fini = done);

static void assert_kinds(const char *text, const TokenKind *kinds, size_t count)
{
    Lexer lexer = lexing(text);

    for (size_t i = 0; i < count; i++) {
        TokenKind kind = next(&lexer).kind;
        cr_assert_eq(kind, kinds[i], "token %zu of '%s' is %s, not %s", i, text,
                     token_kind_text(kind), token_kind_text(kinds[i]));
    }
}

#define assert_tokens(text, ...)                                                                   \
    assert_kinds(text, (TokenKind[]){__VA_ARGS__}, ARRAY_SIZE(((TokenKind[]){__VA_ARGS__})))

Test(lexer, longer_signs_come_before_shorter_ones)
{
    assert_tokens("a::b -> => += == = <= <", TOKEN_NAME, TOKEN_COLONS, TOKEN_NAME, TOKEN_ARROW,
                  TOKEN_FAT_ARROW, TOKEN_ADD_ASSIGN, TOKEN_EQ, TOKEN_ASSIGN, TOKEN_LE, TOKEN_LT,
                  TOKEN_END);
    cr_assert_eq(diagnostics.count, 0);
}

Test(lexer, words_are_reserved_whole_only)
{
    assert_tokens("state states send_high send_hig", TOKEN_STATE, TOKEN_NAME, TOKEN_SEND_HIGH,
                  TOKEN_NAME, TOKEN_END);
}

Test(lexer, numbers_and_durations_have_their_values)
{
    Lexer lexer = lexing("1_000 250ms 30s 5m 4h 7d 18446744073709551615");
    const uint64_t values[] = {1000, 250, 30000, 300000, 14400000, 604800000, UINT64_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        cr_assert_eq(next(&lexer).number, values[i]);
    cr_assert_eq(diagnostics.count, 0);
}

Test(lexer, a_string_with_holes_is_several_tokens)
{
    assert_tokens("\"a${ b }c${ \"d${1}\" }e\" f", TOKEN_STRING_HEAD, TOKEN_NAME,
                  TOKEN_STRING_MIDDLE, TOKEN_STRING_HEAD, TOKEN_INT, TOKEN_STRING_TAIL,
                  TOKEN_STRING_TAIL, TOKEN_NAME, TOKEN_END);
    assert_tokens("\"${ { } }\"", TOKEN_STRING_HEAD, TOKEN_BRACE_OPEN, TOKEN_BRACE_CLOSE,
                  TOKEN_STRING_TAIL, TOKEN_END);
    cr_assert_eq(diagnostics.count, 0);
}

Test(lexer, escapes_are_decoded)
{
    Lexer lexer = lexing("\"\\n\\t\\\"\\\\\\u{e9}\\u{1F600}\"");
    Token token = next(&lexer);

    cr_assert_str_eq(token.text, "\n\t\"\\\xc3\xa9\xf0\x9f\x98\x80");
    cr_assert_eq(token.size, strlen(token.text));
}

Test(lexer, a_line_break_before_a_token_is_seen_through_comments)
{
    Lexer lexer = lexing("a /* x */ b /* \n */ c // y\n d");
    const bool breaks[] = {false, false, true, true};

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++)
        cr_assert_eq(next(&lexer).after_newline, breaks[i]);
}

/* One report each, at the place given, and the lexer still gets to the end. */
static void assert_mistake(const char *text, const char *code, uint32_t start, const char *summary)
{
    Lexer lexer = lexing(text);

    while (next(&lexer).kind != TOKEN_END)
        ;
    cr_assert_eq(diagnostics.count, 1, "%zu reports about '%s'", diagnostics.count, text);
    cr_assert_str_eq(diagnostics.items[0].code, code);
    cr_assert_eq(diagnostics.items[0].span.start, start, "'%s'", text);
    cr_assert_not_null(strstr(diagnostics.items[0].summary, summary));
    cr_assert_not_null(diagnostics.items[0].remedy);
}

Test(lexer, what_cannot_be_read_is_reported_once_with_a_remedy)
{
    assert_mistake("a \"bc", "V-ERR-013", 2, "string has no end");
    assert_mistake("\"${a\nb", "V-ERR-013", 0, "string has no end");
    assert_mistake("a /* b", "V-ERR-013", 2, "comment has no end");
    assert_mistake("\"\\q\"", "V-ERR-013", 1, "unknown escape");
    assert_mistake("\"\\u{110000}\"", "V-ERR-013", 1, "no Unicode character");
    assert_mistake("\"\\u{d800}\"", "V-ERR-013", 1, "no Unicode character");
    assert_mistake("\"\\u{0}\"", "V-ERR-013", 1, "no Unicode character");
    assert_mistake("18446744073709551616", "V-ERR-013", 0, "64 bits");
    assert_mistake("5x", "V-ERR-013", 0, "unknown unit");
    assert_mistake("99999999999999999d", "V-ERR-013", 0, "too long");
    assert_mistake("a \xc3\xa9\xc3\xa9 b", "V-ERR-013", 2, "U+00E9");
    assert_mistake("'text' b", "V-ERR-013", 0, "U+0027");
    assert_mistake("a & b", "V-ERR-013", 2, "U+0026");
}

Test(lexer, strings_nest_to_a_limit)
{
    char text[200] = "";

    for (int i = 0; i < INTERPOLATION_DEPTH_MAX + 1; i++)
        strcat(text, "\"${");
    assert_mistake(text, "V-ERR-015", INTERPOLATION_DEPTH_MAX * 3 + 1, "nested deeper");
}

static void assert_no_text(const char *bytes, size_t size, uint32_t at)
{
    Source bad = {.name = "bad.ved", .text = bytes, .size = size};

    diagnostics_init(&diagnostics, &arena, &bad);
    cr_assert_not(source_is_text(&bad, &diagnostics));
    cr_assert_eq(diagnostics.count, 1);
    cr_assert_str_eq(diagnostics.items[0].code, "V-ERR-012");
    cr_assert_eq(diagnostics.items[0].span.start, at);
}

Test(lexer, bytes_that_are_no_utf8_text_are_refused_at_the_first)
{
    assert_no_text("ab\0cd", 5, 2);
    assert_no_text("ab\xff", 3, 2);
    assert_no_text("\xc0\xaf", 2, 0);     /* overlong */
    assert_no_text("\xed\xa0\x80", 3, 0); /* a surrogate */
    assert_no_text("a\xe2\x82", 3, 1);    /* cut off */
    Source good = {.name = "good.ved", .text = "\xef\xbb\xbf\xf0\x9f\x98\x80", .size = 7};
    diagnostics_init(&diagnostics, &arena, &good);
    cr_assert(source_is_text(&good, &diagnostics));
}

Test(lexer, a_misspelt_word_finds_its_neighbour)
{
    unsigned items = 1u << ROLE_ITEM;

    cr_assert_eq(token_nearest_word("transtion", 9, items), TOKEN_TRANSITION);
    cr_assert_eq(token_nearest_word("gaol", 4, items), TOKEN_GOAL);
    cr_assert_eq(token_nearest_word("banana", 6, items), TOKEN_NAME);
    cr_assert_eq(token_nearest_word("emti", 4, items), TOKEN_NAME);
}

/* ---- text and words ---- */

static bool is_text(const char *text, size_t size)
{
    source = (Source){.name = "test.ved", .text = text, .size = size};
    diagnostics_init(&diagnostics, &arena, &source);
    return source_is_text(&source, &diagnostics);
}

Test(lexer, what_is_no_text_is_found_wherever_it_stands)
{
    enum { SIZE = 40 };
    char text[SIZE];

    for (size_t at = 0; at < SIZE; at++) {
        memset(text, 'x', SIZE);
        cr_assert(is_text(text, SIZE));
        text[at] = '\0';
        cr_assert(!is_text(text, SIZE));
        cr_assert_eq(diagnostics.items[0].span.start, at);
        text[at] = (char)0xff;
        cr_assert(!is_text(text, SIZE));
        cr_assert_eq(diagnostics.items[0].span.start, at);
        if (at + 2 > SIZE)
            continue;
        memcpy(text + at, "\xc3\xa9", 2);
        cr_assert(is_text(text, SIZE));
    }
}

Test(lexer, a_text_that_is_too_large_is_refused_unread)
{
    cr_assert(!is_text("x", (size_t)SOURCE_SIZE_MAX + 1));
    cr_assert_eq(diagnostics.error_count, 1);
}

Test(lexer, every_reserved_word_is_known_and_nothing_near_it)
{
    char near[64];

    for (TokenKind kind = 0; kind < TOKEN_KIND_COUNT; kind++) {
        const char *text = token_kind_text(kind);
        size_t size = strlen(text);
        if (token_role(kind) == ROLE_NONE)
            continue;
        cr_assert_eq(token_word(text, size), kind, "%s", text);
        snprintf(near, sizeof near, "%s_", text);
        cr_assert_eq(token_word(near, size + 1), TOKEN_NAME, "%s", near);
        snprintf(near, sizeof near, "%s", text);
        near[size - 1] = '_';
        cr_assert_eq(token_word(near, size), TOKEN_NAME, "%s", near);
    }
}
