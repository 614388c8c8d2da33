#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/json.h"
#include "lang/diagnostic.h"

static Arena arena;
static Diagnostics diagnostics;
static Source source;

static void begin(const char *text)
{
    source = (Source){.name = "stack.ved", .text = text, .size = strlen(text)};
    diagnostics_init(&diagnostics, &arena, &source);
}

static void done(void)
{
    arena_deinit(&arena);
}

TestSuite(diagnostic, .fini = done);

static void assert_prints(const char *expected)
{
    cleanup(buffer_deinit) Buffer out = {0};

    diagnostics_print(&diagnostics, false, &out);
    cr_assert_str_eq(buffer_text(&out), expected);
}

Test(diagnostic, shows_place_line_label_notes_consequence_and_remedy)
{
    begin("domain A {\n  if {\n}\n");
    Diagnostic *d = diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){16, 17},
                                    "expected %s", "a condition");
    d->label = "a condition must stand here";
    d->consequence = "nothing was checked";
    d->remedy = "write one";
    diagnostic_note(&diagnostics, d, (Span){0, 6}, "in this %s", "domain");
    assert_prints("error[V-ERR-009]: expected a condition\n"
                  " --> stack.ved:2:6\n"
                  "  |\n"
                  "2 |   if {\n"
                  "  |      ^ a condition must stand here\n"
                  "  = note: in this domain\n"
                  " --> stack.ved:1:1\n"
                  "1 | domain A {\n"
                  "  | ------\n"
                  "  = so: nothing was checked\n"
                  "  = help: write one\n");
}

Test(diagnostic, columns_count_characters_and_carets_stay_below_them)
{
    begin("\tx = \xc3\xa9\xc3\xa9 y\r\n");
    diagnostics_add(&diagnostics, SEVERITY_WARNING, "V-WRN-010", (Span){5, 9}, "odd");
    assert_prints("warning[V-WRN-010]: odd\n"
                  " --> stack.ved:1:6\n"
                  "  |\n"
                  "1 |  x = \xc3\xa9\xc3\xa9 y\n"
                  "  |      ^^\n");
}

Test(diagnostic, what_would_act_on_the_terminal_is_replaced)
{
    cleanup(buffer_deinit) Buffer out = {0};

    begin("a \x1b[31m b \xff \xe2\x80\xae c");
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-013", (Span){0, 1}, "odd");
    diagnostics_print(&diagnostics, false, &out);
    cr_assert_not_null(strstr(buffer_text(&out), "1 | a ?[31m b ? ? c\n"), "%s", buffer_text(&out));
}

Test(diagnostic, a_long_line_is_cut_around_the_carets)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(buffer_deinit) Buffer out = {0};

    for (int i = 0; i < 1000000; i++)
        buffer_add_char(&text, i == 500000 ? 'X' : 'a');
    begin(buffer_text(&text));
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){500000, 500001}, "here");
    diagnostics_print(&diagnostics, false, &out);
    cr_assert_lt(out.size, 500);
    const char *shown = strstr(buffer_text(&out), "1 | ...");
    const char *caret = strchr(buffer_text(&out), '^');
    cr_assert_not_null(shown);
    cr_assert_not_null(caret);
    const char *line = memrchr(buffer_text(&out), '\n', (size_t)(caret - buffer_text(&out)));
    cr_assert_eq(shown[caret - line - 1], 'X', "the caret is not below the character");
}

Test(diagnostic, a_place_past_the_end_is_the_end)
{
    begin("ab");
    SourcePlace place = source_place(&source, 99);
    cr_assert_eq(place.line, 1);
    cr_assert_eq(place.column, 3);
    begin("");
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){0, 0}, "empty");
    assert_prints("error[V-ERR-009]: empty\n --> stack.ved:1:1\n  |\n1 |\n  | ^\n");
}

/* Short and long lines, characters of several bytes, a line that begins where a mark of the index
 * is, and no line break at the end. */
static bool place_equal(SourcePlace a, SourcePlace b)
{
    return a.file == b.file && a.line == b.line && a.column == b.column && a.byte == b.byte &&
           a.line_start == b.line_start && a.line_end == b.line_end;
}

Test(diagnostic, the_index_knows_every_place_that_counting_finds)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (int i = 0; i < 4095; i++)
        buffer_add_char(&text, i % 7 == 0 ? '\n' : 'a');
    buffer_add_string(&text, "\n");
    for (int i = 0; i < 5000; i++)
        buffer_add_string(&text, "\xc3\xa9\xf0\x9f\x98\x80");
    buffer_add_string(&text, "\r\n\r\n");
    for (int i = 0; i < 9000; i++)
        buffer_add_char(&text, 'z');
    begin(buffer_text(&text));
    cleanup(source_index_deinit) SourceIndex index;
    source_index_init(&index, &source);
    for (uint32_t i = 0; i < source.size + 2; i += i % 64 == 0 ? 1 : 7) {
        SourcePlace counted = source_place(&source, i), found = source_index_place(&index, i);
        cr_assert(place_equal(counted, found), "at %u: %u:%u, found %u:%u", i, counted.line,
                  counted.column, found.line, found.column);
    }
}

Test(diagnostic, two_hundred_places_in_a_long_text_are_printed_at_once)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(buffer_deinit) Buffer out = {0};
    const uint32_t size = 8 * 1024 * 1024;

    for (uint32_t i = 0; i < size; i++)
        buffer_add_char(&text, i % 50 == 49 ? '\n' : 'a');
    begin(buffer_text(&text));
    for (uint32_t i = 0; i < DIAGNOSTIC_COUNT_MAX; i++)
        diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){size - i, size - i + 1},
                        "here");
    clock_t start = clock();
    diagnostics_print(&diagnostics, false, &out);
    diagnostics_print_json(&diagnostics, &out);
    cr_expect_lt((double)(clock() - start) / CLOCKS_PER_SEC, 2.0);
    cr_expect_not_null(strstr(buffer_text(&out), "--> stack.ved:167773:9\n"));
}

Test(diagnostic, sorted_by_place_then_severity_without_repetitions)
{
    begin("abcdef");
    diagnostics_add(&diagnostics, SEVERITY_WARNING, "V-WRN-010", (Span){3, 4}, "w");
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){3, 4}, "e");
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){1, 2}, "first");
    diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){3, 4}, "e");
    diagnostics_sort(&diagnostics);
    cr_assert_eq(diagnostics.count, 3);
    cr_assert_eq(diagnostics.error_count, 2);
    cr_assert_str_eq(diagnostics.items[0].summary, "first");
    cr_assert_str_eq(diagnostics.items[1].summary, "e");
    cr_assert_str_eq(diagnostics.items[2].summary, "w");
}

Test(diagnostic, past_the_ceiling_they_are_counted_and_no_longer_kept)
{
    cleanup(buffer_deinit) Buffer out = {0};

    begin("abc");
    for (int i = 0; i < DIAGNOSTIC_COUNT_MAX + 7; i++) {
        Diagnostic *d =
            diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){0, 1}, "%d", i);
        diagnostic_note(&diagnostics, d, (Span){1, 2}, "note");
    }
    cr_assert_eq(diagnostics.count, DIAGNOSTIC_COUNT_MAX);
    cr_assert_eq(diagnostics.error_count, DIAGNOSTIC_COUNT_MAX + 7);
    diagnostics_print(&diagnostics, false, &out);
    cr_assert_not_null(strstr(buffer_text(&out), "7 more are not shown"));
}

Test(diagnostic, json_is_one_object_a_line)
{
    cleanup(buffer_deinit) Buffer out = {0};
    cleanup(json_free) Json *json = NULL;
    Error err = {0};

    begin("a\n\"b\"");
    Diagnostic *d =
        diagnostics_add(&diagnostics, SEVERITY_ERROR, "V-ERR-009", (Span){2, 5}, "say \"x\"");
    d->label = "here";
    diagnostic_note(&diagnostics, d, (Span){0, 1}, "there");
    diagnostics_print_json(&diagnostics, &out);
    cr_assert_eq(buffer_text(&out)[out.size - 1], '\n');
    cr_assert_eq(json_parse(buffer_text(&out), out.size - 1, &json, &err), 0, "%s", err.message);
    cr_assert_str_eq(json_get_string(json, "severity", ""), "error");
    cr_assert_str_eq(json_get_string(json, "summary", ""), "say \"x\"");
    cr_assert_str_eq(json_get_string(json, "detail", ""), "here");
    cr_assert(json_is_null(json_get(json, "remedy")));
    Json *start = json_get(json_get(json, "range"), "start");
    cr_assert_eq(json_get_int(start, "line", 0), 2);
    cr_assert_eq(json_get_int(start, "column", 0), 1);
    cr_assert_eq(json_get_int(start, "byte", 0), 2);
    cr_assert_eq(json_count(json_get(json, "notes")), 1);
}

Test(diagnostic, every_code_of_the_parser_has_a_meaning)
{
    static const char *const codes[] = {"V-ERR-009", "V-ERR-010", "V-ERR-012", "V-ERR-013",
                                        "V-ERR-014", "V-ERR-015", "V-ERR-016", "V-ERR-017"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        cr_assert_not_null(code_meaning(codes[i]), "%s", codes[i]);
    cr_assert_null(code_meaning("V-ERR-999"));
}
