#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/base/file.h"
#include "tests/lib/lang/ast_dump.h"
#include "tests/lib/lang/grammar.h"

static void format_text(const char *text, Buffer *ret)
{
    Source source = {.name = "test.ved", .text = text, .size = strlen(text)};

    format_source(&source, ret);
}

/* False: it has errors. */
static bool dump(const char *text, Buffer *ret)
{
    Arena arena = {0};
    Source source = {.name = "test.ved", .text = text, .size = strlen(text)};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &source);
    const Ast *ast = parse(&source, &arena, &diagnostics);
    bool valid = diagnostics.error_count == 0;
    ast_dump(ast, ret);
    arena_deinit(&arena);
    return valid;
}

/* Formatting keeps the tree, and formatting again changes nothing. False: it has errors. */
static bool assert_stable(const char *name, const char *text)
{
    cleanup(buffer_deinit) Buffer before = {0};
    cleanup(buffer_deinit) Buffer after = {0};
    cleanup(buffer_deinit) Buffer once = {0};
    cleanup(buffer_deinit) Buffer twice = {0};

    if (!dump(text, &before))
        return false;
    format_text(text, &once);
    cr_assert(dump(buffer_text(&once), &after), "%s: formatted, it does not parse:\n%s", name,
              buffer_text(&once));
    cr_assert_str_eq(buffer_text(&before), buffer_text(&after), "%s, formatted:\n%s", name,
                     buffer_text(&once));
    format_text(buffer_text(&once), &twice);
    cr_assert_str_eq(buffer_text(&once), buffer_text(&twice), "%s", name);
    return true;
}

static void assert_formats(const char *text, const char *expected)
{
    cleanup(buffer_deinit) Buffer out = {0};

    cr_assert(assert_stable("program", text));
    format_text(text, &out);
    cr_assert_str_eq(buffer_text(&out), expected);
}

Test(format, one_item_a_line_in_the_first_forms)
{
    assert_formats("domain A { state { x: Int y: Boolean=true } goal G { target: x == 1 and not y "
                   "} transition T { x = 1; send(\"A\", \"T\") } invariant { x < 5 } }",
                   "domain A {\n"
                   "    state {\n"
                   "        x: int\n"
                   "        y: bool = true\n"
                   "    }\n"
                   "    goal G {\n"
                   "        predicate x == 1 && !y\n"
                   "    }\n"
                   "    transition T {\n"
                   "        step {\n"
                   "            x = 1\n"
                   "            send A T()\n"
                   "        }\n"
                   "    }\n"
                   "    invariant { x < 5 }\n"
                   "}\n");
}

Test(format, comments_keep_their_places_and_those_inside_a_line_move_before_it)
{
    assert_formats("// head\n\n\n\ndomain /* odd */ A { // opens\n // first\n\n goal a // behind\n"
                   " goal b == /* why */ 1\n // last\n}\n/* end */",
                   "// head\n\n"
                   "/* odd */\n"
                   "domain A { // opens\n"
                   "    // first\n\n"
                   "    goal a // behind\n"
                   "    /* why */\n"
                   "    goal b == 1\n"
                   "    // last\n"
                   "}\n"
                   "/* end */\n");
}

Test(format, what_moved_stands_on_one_line_with_its_comments_before_it)
{
    assert_formats("// once\nmoved  domain A\n  -> /* now */ B moved B . T . Infra.X ->\n"
                   "B.Infra . lost.X // behind\n\nexport moved B.U.X->B.T.X; domain B { goal g }",
                   "// once\n"
                   "/* now */\n"
                   "moved domain A -> B\n"
                   "moved B.T.Infra.X -> B.Infra.lost.X // behind\n\n"
                   "export moved B.U.X -> B.T.X\n"
                   "domain B {\n"
                   "    goal g\n"
                   "}\n");
}

Test(format, literals_keep_the_authors_spelling)
{
    assert_formats("domain A { state { a: int = (1_000) b: duration = 90m c: string = "
                   "\"\\u{e9}${ a+1 }\" d: int = - 9223372036854775808 } }",
                   "domain A {\n"
                   "    state {\n"
                   "        a: int = (1_000)\n"
                   "        b: duration = 90m\n"
                   "        c: string = \"\\u{e9}${a + 1}\"\n"
                   "        d: int = -9223372036854775808\n"
                   "    }\n"
                   "}\n");
}

Test(format, long_arguments_and_conditions_are_broken_at_100_columns)
{
    cleanup(buffer_deinit) Buffer out = {0};
    const char *text =
        "domain A { goal alpha_alpha_alpha == 1 && beta_beta_beta_beta == 2 && "
        "(gamma_gamma_gamma || delta_delta) && epsilon_epsilon != 5 "
        "transition T { emit Infra.Create(first: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", second: "
        "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\") else { fail \"x\" } } }";

    cr_assert(assert_stable("long", text));
    format_text(text, &out);
    for (const char *line = buffer_text(&out); *line != '\0'; line += strcspn(line, "\n") + 1)
        cr_assert_leq(strcspn(line, "\n"), 100, "%s", line);
    cr_assert_not_null(strstr(buffer_text(&out), "Infra.Create(\n"));
    cr_assert_not_null(strstr(buffer_text(&out), "\n            ) else {\n"));
    cr_assert_not_null(strstr(buffer_text(&out), " &&\n            (gamma"));
}

#define A30 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B60 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" A30

Test(format, long_sums_are_broken_after_their_operators)
{
    assert_formats("domain D { state { s: string } transition T { s = \"" A30 "\" + s + \"" A30
                   "\" + s + \"" A30 "\" } }",
                   "domain D {\n    state {\n        s: string\n    }\n    transition T {\n"
                   "        step {\n"
                   "            s = \"" A30 "\" +\n"
                   "                    s +\n"
                   "                    \"" A30 "\" +\n"
                   "                    s +\n"
                   "                    \"" A30 "\"\n"
                   "        }\n    }\n}\n");
}

Test(format, what_is_long_inside_of_something_long_is_broken_too)
{
    assert_formats("domain D { state { s: string n: int } transition T { if !(s == \"" B60
                   "\" + \"" B60 "\" || n == 1) && n > 2 { emit P.E(text: \"" B60 "\" + \"" B60
                   "\") } } }",
                   "domain D {\n    state {\n        s: string\n        n: int\n    }\n"
                   "    transition T {\n        step {\n"
                   "            if !(s ==\n"
                   "                            \"" B60 "\" +\n"
                   "                                \"" B60 "\" ||\n"
                   "                        n == 1) &&\n"
                   "                    n > 2 {\n"
                   "                emit P.E(\n"
                   "                    text: \"" B60 "\" +\n"
                   "                        \"" B60 "\"\n"
                   "                )\n"
                   "            }\n        }\n    }\n}\n");
}

Test(format, a_long_string_goes_below_its_name_if_it_fits_there)
{
    assert_formats("domain D { state { text_of_the_message: string = \"" B60 "cccccccccccc\" } }",
                   "domain D {\n    state {\n        text_of_the_message: string =\n"
                   "                \"" B60 "cccccccccccc\"\n    }\n}\n");
}

Test(format, durations_keep_the_authors_spelling_everywhere)
{
    assert_formats("domain D { state { d: duration = 60m } goal G { predicate d == 1000ms "
                   "terminate_after: 24h backoff 60s to 0060m } goal H { predicate d == 7d "
                   "terminate_after 1_000 retries backoff 0s } }",
                   "domain D {\n    state {\n        d: duration = 60m\n    }\n"
                   "    goal G {\n        predicate d == 1000ms\n        terminate_after 24h\n"
                   "        backoff 60s to 0060m\n    }\n"
                   "    goal H {\n        predicate d == 7d\n"
                   "        terminate_after 1_000 retries\n        backoff 0s\n    }\n}\n");
}

/* Every program of a folder that has no errors; how many there were. */
static size_t folder_is_stable(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);

    cr_assert_not_null(dir, "%s is missing; run this from the root of the checkout", folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        cleanup(buffer_deinit) Buffer text = {0};
        char path[512];
        if (strstr(entry->d_name, ".ved") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        cr_assert_eq(file_read(path, SOURCE_SIZE_MAX, &text, NULL), 0);
        count += assert_stable(path, buffer_text(&text));
    }
    closedir(dir);
    return count;
}

Test(format, programs_of_the_corpora_keep_their_meaning)
{
    cr_assert_geq(folder_is_stable("tests/fuzz/corpus/parser"), 3);
    cr_assert_geq(folder_is_stable("tests/golden"), 20);
}

/* ---- texts that the grammar makes ---- */

/* With the sanitizers each takes a few milliseconds. */
#ifdef __SANITIZE_ADDRESS__
#define GENERATED 4000
#else
#define GENERATED 25000
#endif
#define GENERATED_SIZE 120

static void generated_is_stable(uint64_t share)
{
    Arena arena = {0};
    Grammar grammar = grammar_of_the_manual(&arena);
    uint64_t seed = share << 32;

    for (int count = 0; count < GENERATED;) {
        cleanup(buffer_deinit) Buffer text = {0};
        grammar_generate(&grammar, &seed, GENERATED_SIZE, &text);
        count += assert_stable(buffer_text(&text), buffer_text(&text));
    }
    arena_deinit(&arena);
}

Test(format, a_hundred_thousand_generated_texts_keep_their_meaning_1, .timeout = 300)
{
    generated_is_stable(1);
}

Test(format, a_hundred_thousand_generated_texts_keep_their_meaning_2, .timeout = 300)
{
    generated_is_stable(2);
}

Test(format, a_hundred_thousand_generated_texts_keep_their_meaning_3, .timeout = 300)
{
    generated_is_stable(3);
}

Test(format, a_hundred_thousand_generated_texts_keep_their_meaning_4, .timeout = 300)
{
    generated_is_stable(4);
}
