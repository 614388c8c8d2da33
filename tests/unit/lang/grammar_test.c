/* The grammar of the manual and the parser describe one language. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/lang/grammar.h"
#include "tests/lib/lang/parse_text.h"

#define TEXT_SIZE_MAX (1024 * 1024)

static Arena grammar_arena;

static void done(void)
{
    text_done();
    arena_deinit(&grammar_arena);
}

TestSuite(grammar, .fini = done);

static void file_text(const char *path, Buffer *ret)
{
    Error err = {0};

    buffer_init(ret, TEXT_SIZE_MAX);
    cr_assert_geq(file_read(path, TEXT_SIZE_MAX, ret, &err), 0, "%s", path);
}

static Token *tokens_of(const char *text, Source *ret_source, size_t *ret_count)
{
    Token *tokens = NULL;
    size_t capacity = 0;
    Lexer lexer;

    *ret_source = (Source){.name = "text", .text = text, .size = strlen(text)};
    diagnostics_init(&text_diagnostics, &text_arena, ret_source);
    lexer_init(&lexer, ret_source, &text_arena, &text_diagnostics, NULL);
    *ret_count = 0;
    do {
        arena_reserve_one(&text_arena, tokens, *ret_count, capacity);
        lexer_next(&lexer, &tokens[(*ret_count)++]);
    } while (tokens[*ret_count - 1].kind != TOKEN_END);
    (*ret_count)--;
    return tokens;
}

/* ---- the tools themselves ---- */

static bool accepts(const Grammar *grammar, const char *text)
{
    Source source;
    size_t count;
    const Token *tokens = tokens_of(text, &source, &count);

    return grammar_accepts(grammar, &source, tokens, count, NULL);
}

Test(grammar, what_the_notation_means)
{
    Grammar g = grammar_read(&grammar_arena,
                             "A = { B } [ \"x\" ] ( NAME - \"y\" - \"x\" | ~\"(\" INT \")\" )\n"
                             "B = \"+\" | \"-\" A\n  \"!\"\n");

    cr_assert(accepts(&g, "a"));
    cr_assert(accepts(&g, "x a"));
    cr_assert(accepts(&g, "+ + x(1)"));
    cr_assert(accepts(&g, "- + a ! z"));
    cr_assert_not(accepts(&g, ""));
    cr_assert_not(accepts(&g, "y"));
    cr_assert_not(accepts(&g, "x"));
    cr_assert_not(accepts(&g, "x x"));
    cr_assert_not(accepts(&g, "x\n(1)"));
    cr_assert_not(accepts(&g, "x (1) !"));
}

Test(grammar, ambiguous_texts_are_recognised)
{
    Grammar g =
        grammar_read(&grammar_arena, "A = { B } \"y\"\nB = \"x\" | \"x\" \"x\" | [ \"x\" ]\n");

    cr_assert(accepts(&g, "x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x y"));
    cr_assert_not(accepts(&g, "x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x"));
}

/* ---- generated texts ---- */

#define GENERATED 20000
#define GENERATED_SIZE 150

/* The codes of texts that do not follow the grammar. */
static bool is_syntax(const char *code)
{
    static const char *const codes[] = {"V-ERR-009", "V-ERR-010", "V-ERR-013", "V-ERR-014",
                                        "V-ERR-015"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static const Diagnostic *first_of(bool (*wanted)(const char *code))
{
    for (size_t i = 0; i < text_diagnostics.count; i++)
        if (wanted(text_diagnostics.items[i].code))
            return &text_diagnostics.items[i];
    return NULL;
}

Test(grammar, the_parser_accepts_what_the_grammar_makes, .timeout = 300)
{
    Grammar grammar = grammar_of_the_manual(&grammar_arena);
    uint64_t seed = 20;
    size_t longest = 0;

    for (int i = 0; i < GENERATED; i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        uint64_t before = seed;
        grammar_generate(&grammar, &seed, GENERATED_SIZE, &text);
        text_parse(buffer_text(&text));
        const Diagnostic *d = first_of(is_syntax);
        cr_assert_null(d, "seed %llu: %s: at '%.40s' of\n%s", (unsigned long long)before,
                       d->summary, buffer_text(&text) + d->span.start, buffer_text(&text));
        longest = text.size > longest ? text.size : longest;
        arena_reset(&text_arena);
    }
    cr_assert_gt(longest, 400, "only short texts were made");
    cr_assert_null(grammar_not_generated(&grammar), "`%s` was never made",
                   grammar_not_generated(&grammar));
}

Test(grammar, generated_texts_are_recognised, .timeout = 120)
{
    Grammar grammar = grammar_of_the_manual(&grammar_arena);
    uint64_t seed = 21;

    for (int i = 0; i < 300; i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        grammar_generate(&grammar, &seed, GENERATED_SIZE, &text);
        cr_assert(accepts(&grammar, buffer_text(&text)), "%s", buffer_text(&text));
        arena_reset(&text_arena);
    }
}

/* ---- programs ---- */

static bool is_grammatical_code(const char *code)
{
    return strcmp(code, "V-ERR-009") == 0;
}

static bool is_any(const char *code)
{
    return strncmp(code, "V-ERR", 5) == 0;
}

/* The program at `path` is one of the grammar if, and only if, it is one of the parser. */
static void assert_agreement(const Grammar *grammar, const char *path)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Source source;
    size_t count, furthest;

    file_text(path, &text);
    text_parse(buffer_text(&text));
    const Diagnostic *refused = first_of(is_grammatical_code);
    bool valid = first_of(is_any) == NULL;
    const Token *tokens = tokens_of(buffer_text(&text), &source, &count);
    bool accepted = grammar_accepts(grammar, &source, tokens, count, &furthest);
    if (valid)
        cr_assert(accepted, "%s: the grammar does not go on at '%.40s'", path,
                  buffer_text(&text) + tokens[furthest].span.start);
    if (refused != NULL)
        cr_assert_not(accepted, "%s: only the parser says: %s", path, refused->summary);
    arena_reset(&text_arena);
}

static unsigned assert_agreement_in(const Grammar *grammar, const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned count = 0;
    char path[600];

    cr_assert_not_null(dir, "%s", folder);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t size = strlen(entry->d_name);
        if (size < 5 || strcmp(entry->d_name + size - 4, ".ved") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_agreement(grammar, path);
        count++;
    }
    closedir(dir);
    return count;
}

Test(grammar, programs_are_of_the_grammar_if_they_are_of_the_parser, .timeout = 300)
{
    static const char *const folders[] = {"tests/golden", "tests/programs", "manifests/tour",
                                          "manifests/compact", "manifests/shop"};
    Grammar grammar = grammar_of_the_manual(&grammar_arena);
    unsigned count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        count += assert_agreement_in(&grammar, folders[i]);
    cr_assert_gt(count, 300);
}
