/* Programs that say themselves what is to be said about them.
 *
 * Every tests/golden/NAME.ved has comments of the form
 *     // expect ok
 *     // expect error[V-ERR-005]: part of the summary        on the line of the comment
 *     // expect error[V-ERR-005] 12:8: part of the summary   on that line, at that column
 *     // expect error[V-ERR-009] 12:8: part of the summary => part of the remedy
 * with error, warning, lint or note, the column and the part left away at will. Each must be met by
 * a diagnostic of its own, and errors, warnings and lints that nobody expects are failures. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/program.h"

#define GOLDEN "tests/golden"
#define FILES_MAX 1000
#define EXPECTATIONS_MAX 64

typedef struct Expectation {
    char severity[16];
    char code[16];
    unsigned line;
    unsigned column; /* 0: any */
    char part[200];
    char remedy[200]; /* empty: any, or none */
    bool met;
} Expectation;

typedef struct Golden {
    char path[600];
    Buffer text;
    Expectation expectations[EXPECTATIONS_MAX];
    size_t count;
    bool ok;        /* `expect ok` stands in it */
    unsigned wrong; /* what this file got wrong so far */
} Golden;

static const char *severity_word(Severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return "error";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_LINT:
        return "lint";
    case SEVERITY_NOTE:
        return "note";
    }
    return "?";
}

static void expectation_read(Golden *golden, const char *text, unsigned line)
{
    Expectation *e = &golden->expectations[golden->count];
    int used = 0;
    unsigned number, column;

    *e = (Expectation){.line = line};
    if (strncmp(text, "ok", 2) == 0) {
        golden->ok = true;
        return;
    }
    cr_assert_lt(golden->count, (size_t)EXPECTATIONS_MAX);
    cr_assert_eq(sscanf(text, "%15[a-z][%15[A-Z0-9-]]%n", e->severity, e->code, &used), 2,
                 "%s:%u: this is no expectation: %.60s", golden->path, line, text);
    cr_assert_gt(used, 0);
    text += used;
    if (sscanf(text, " %u:%u%n", &number, &column, &used) == 2) {
        e->line = number;
        e->column = column;
        text += used;
    } else if (sscanf(text, " %u%n", &number, &used) == 1) {
        e->line = number;
        text += used;
    }
    sscanf(text, ": %199[^\n]", e->part);
    char *remedy = strstr(e->part, " => ");
    if (remedy != NULL) {
        snprintf(e->remedy, sizeof e->remedy, "%s", remedy + 4);
        *remedy = '\0';
    }
    golden->count++;
}

static void expectations_read(Golden *golden)
{
    const char *text = buffer_text(&golden->text);
    unsigned line = 1;

    for (const char *at = text; *at != '\0'; at++) {
        if (strncmp(at, "// expect ", 10) == 0)
            expectation_read(golden, at + 10, line);
        line += *at == '\n';
    }
}

/* Whether the diagnostic is one that is waited for; if so it is waited for no longer. */
static bool claim(const Program *program, const Diagnostic *d, Expectation *e)
{
    SourcePlace place = source_place(&program->source, d->span.start);

    if (e->met || strcmp(severity_word(d->severity), e->severity) != 0 ||
        strcmp(d->code, e->code) != 0 || place.line != e->line ||
        (e->column != 0 && place.column != e->column) || strstr(d->summary, e->part) == NULL ||
        (e->remedy[0] != '\0' && (d->remedy == NULL || strstr(d->remedy, e->remedy) == NULL)))
        return false;
    e->met = true;
    return true;
}

static void complain(Golden *golden, const char *what, const char *severity, const char *code,
                     unsigned line, const char *text)
{
    cr_log_error("%s:%u: %s %s[%s]: %s\n", golden->path, line, what, severity, code, text);
    golden->wrong++;
}

static void compare(Golden *golden, const Program *program)
{
    for (size_t i = 0; i < program->diagnostics.count; i++) {
        const Diagnostic *d = &program->diagnostics.items[i];
        bool met = false;
        for (size_t j = 0; j < golden->count && !met; j++)
            met = claim(program, d, &golden->expectations[j]);
        if (!met && d->severity != SEVERITY_NOTE)
            complain(golden, "unexpected", severity_word(d->severity), d->code,
                     source_place(&program->source, d->span.start).line, d->summary);
    }
    for (size_t j = 0; j < golden->count; j++) {
        const Expectation *e = &golden->expectations[j];
        if (!e->met)
            complain(golden, "missing", e->severity, e->code, e->line, e->part);
    }
    if (golden->count == 0 && !golden->ok)
        complain(golden, "missing", "ok", "-", 1, "the file expects nothing");
    if (golden->ok && !program->valid)
        complain(golden, "missing", "ok", "-", 1, "the program is not valid");
}

/* ---- formatting ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is said about a program, without the places. The caller frees it. */
static char *said_about(const char *text, size_t size)
{
    cleanup(program_free) Program *program = program_compile("formatted.ved", text, size);
    char *lines[DIAGNOSTIC_COUNT_MAX];
    size_t count = program->diagnostics.count;
    Buffer all = {0};

    for (size_t i = 0; i < count; i++)
        lines[i] = memory_format("%s %s", program->diagnostics.items[i].code,
                                 program->diagnostics.items[i].summary);
    if (count > 0)
        qsort(lines, count, sizeof lines[0], compare_texts);
    for (size_t i = 0; i < count; i++) {
        buffer_add_format(&all, "%s\n", lines[i]);
        free(lines[i]);
    }
    return buffer_take(&all);
}

static bool formats(const char *text, size_t size, Buffer *ret)
{
    Arena arena = {0};
    Source source = {.name = "golden.ved", .text = text, .size = size};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &source);
    parse(&source, &arena, &diagnostics);
    bool parsed = diagnostics.error_count == 0;
    arena_deinit(&arena);
    if (parsed)
        format_source(&source, ret);
    return parsed;
}

/* Formatting changes nothing but the looks, and nothing at all the second time. */
static void golden_format(Golden *golden)
{
    cleanup(buffer_deinit) Buffer once = {0};
    cleanup(buffer_deinit) Buffer twice = {0};

    if (!formats(buffer_text(&golden->text), golden->text.size, &once))
        return;
    if (!formats(buffer_text(&once), once.size, &twice) ||
        strcmp(buffer_text(&once), buffer_text(&twice)) != 0)
        complain(golden, "formatted twice", "it", "fmt", 1, buffer_text(&twice));
    cleanup(free) char *before = said_about(buffer_text(&golden->text), golden->text.size);
    cleanup(free) char *after = said_about(buffer_text(&once), once.size);
    if (strcmp(before, after) != 0)
        complain(golden, "formatted it is another program:", "it", "fmt", 1, after);
}

static void golden_check(Golden *golden)
{
    Error err;

    cr_assert_eq(file_read(golden->path, SOURCE_SIZE_MAX, &golden->text, &err), 0, "%s",
                 err.message);
    expectations_read(golden);
    Program *program = program_compile(golden->path, buffer_text(&golden->text), golden->text.size);
    compare(golden, program);
    program_free(program);
    golden_format(golden);
}

static int is_program(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');

    return end != NULL && strcmp(end, ".ved") == 0;
}

/* How many files there must be, so that an empty folder is no success. */
static int stated_count(void)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err;
    int count = 0;

    cr_assert_eq(file_read(GOLDEN "/COUNT", 100, &text, &err), 0, "%s", err.message);
    cr_assert_eq(sscanf(buffer_text(&text), "%d", &count), 1);
    return count;
}

Test(golden, every_program_gets_what_it_expects)
{
    struct dirent **entries;
    int count = scandir(GOLDEN, &entries, is_program, alphasort);
    unsigned wrong = 0;

    cr_assert_eq(count, stated_count(), "%d programs in " GOLDEN ", COUNT says %d", count,
                 stated_count());
    for (int i = 0; i < count; i++) {
        Golden golden = {0};
        snprintf(golden.path, sizeof golden.path, GOLDEN "/%s", entries[i]->d_name);
        golden_check(&golden);
        wrong += golden.wrong;
        buffer_deinit(&golden.text);
        free(entries[i]);
    }
    free(entries);
    cr_assert_eq(wrong, 0, "%u expectations were not met", wrong);
}

/* ---- every code ---- */

static const char *const codes[] = {
#define CODE(code, meaning) code,
#include "lang/codes.def"
};

/* What providers, a state or other files make be said, and what only --strict says; the tests of
 * these have their own examples. */
static bool is_said_elsewhere(const char *code)
{
    static const char *const elsewhere[] = {"V-ERR-003", "V-ERR-004", "V-ERR-007", "V-ERR-030",
                                            "V-WRN-018", "V-WRN-021", "V-WRN-022", "V-WRN-030"};

    for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
        if (strcmp(elsewhere[i], code) == 0)
            return true;
    return false;
}

Test(golden, every_code_of_the_compiler_is_expected_by_a_program)
{
    struct dirent **entries;
    int count = scandir(GOLDEN, &entries, is_program, alphasort);
    bool expected[ARRAY_SIZE(codes)] = {false};
    char path[600], wanted[40];

    cr_assert_gt(count, 0);
    for (int i = 0; i < count; i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        snprintf(path, sizeof path, GOLDEN "/%s", entries[i]->d_name);
        cr_assert_eq(file_read(path, SOURCE_SIZE_MAX, &text, NULL), 0, "%s", path);
        for (size_t c = 0; c < ARRAY_SIZE(codes); c++) {
            snprintf(wanted, sizeof wanted, "[%s]", codes[c]);
            expected[c] = expected[c] || strstr(buffer_text(&text), wanted) != NULL;
        }
        free(entries[i]);
    }
    free(entries);
    for (size_t c = 0; c < ARRAY_SIZE(codes); c++)
        cr_expect(expected[c] || is_said_elsewhere(codes[c]), "no program expects %s", codes[c]);
}
