/* ved lint, ved fix: what is worth a thought, and what can be mended without one. */
#include <string.h>

#include "cmd/ved/invocation.h"
#include "controller/host/program_file.h"
#include "lang/base/file.h"

/* ---- lint ---- */

static size_t findings_count(const Diagnostics *diagnostics)
{
    size_t count = 0;

    for (size_t i = 0; i < diagnostics->count; i++)
        count += diagnostics->items[i].severity == SEVERITY_WARNING ||
                 diagnostics->items[i].severity == SEVERITY_LINT;
    return count;
}

static size_t lint_strictly(Ui *ui, const Program *program)
{
    Arena arena = {0};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &program->source);
    program_check_strict(program, &diagnostics);
    diagnostics_sort(&diagnostics);
    ui_diagnostics(ui, &diagnostics);
    size_t count = findings_count(&diagnostics);
    arena_deinit(&arena);
    return count;
}

static ExitReasons lint_file(Ui *ui, const Options *options, const char *file)
{
    cleanup(program_free) Program *program = NULL;
    Error err;

    if (program_read(ui, file, &program, &err) < 0)
        return fail(ui, &err);
    size_t count = findings_count(&program->diagnostics);
    if (options->strict)
        count += lint_strictly(ui, program);
    ui_progress(ui, "%s: %zu finding%s\n", file, count, count == 1 ? "" : "s");
    return count > 0 ? EXIT_BIT(FAILED) : 0;
}

ExitReasons verb_lint(Ui *ui, const Options *options)
{
    return each_file(ui, options, "lint: expected the files to look at: ved lint FILE...",
                     lint_file);
}

/* ---- fix ---- */

static void show_fix(void *context, const Diagnostics *diagnostics, const Diagnostic *made)
{
    Ui *ui = context;
    SourcePlace place = source_place(diagnostics->source, made->edit.span.start);

    ui_out(ui, "%s:%u:%u: %s: %s\n", place.file, place.line, place.column, made->code,
           made->summary);
}

static ExitReasons fix_file(Ui *ui, const Options *options, const char *file)
{
    cleanup(buffer_deinit) Buffer text = {0}, fixed = {0};
    Error err;
    int count = program_file_fix(file, show_fix, ui, &text, &fixed, &err);

    if (count < 0) {
        error_wrap(&err, "fix");
        err.code = ERROR_PROGRAM;
        return fail(ui, &err);
    }
    ui_progress(ui, "%s: %d mended\n", file, count);
    if (count == 0)
        return 0;
    if (options->check)
        return EXIT_BIT(FAILED);
    if (file_replace(file, buffer_text(&fixed), fixed.size, 0644, &err) < 0)
        return fail(ui, &err);
    return 0;
}

ExitReasons verb_fix(Ui *ui, const Options *options)
{
    return each_file(ui, options, "fix: expected the files to mend: ved fix FILE...", fix_file);
}
