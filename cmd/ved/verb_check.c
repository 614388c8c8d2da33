/* ved check, ved fmt: programs alone, without providers, network or a state that must be there. */
#include <errno.h>
#include <string.h>

#include "cmd/ved/invocation.h"
#include "lang/ast.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static ExitReasons check_file(Ui *ui, const Options *options, const char *file)
{
    cleanup(program_free) Program *program = NULL;
    Error err;

    if (program_read(ui, file, &program, &err) < 0 ||
        invocation_check_effects(ui, options, file, program, &err) < 0)
        return fail(ui, &err);
    ui_progress(ui, "%s: ok, %zu domain%s\n", file, program->domain_count,
                program->domain_count == 1 ? "" : "s");
    return 0;
}

ExitReasons verb_check(Ui *ui, const Options *options)
{
    return each_file(ui, options, "check: expected the files to check: ved check FILE...",
                     check_file);
}

/* Format one text; diagnostics are shown when it does not parse. */
static int format_text(Ui *ui, const char *name, const Buffer *text, Buffer *ret, Error *err)
{
    Arena arena = {0};
    Source source = {.name = name, .text = buffer_text(text), .size = text->size};
    Diagnostics diagnostics;
    int code = 0;

    diagnostics_init(&diagnostics, &arena, &source);
    if (!format_or_report(&source, &diagnostics, ret))
        code = error_set(err, ERROR_PROGRAM, "%s", "");
    diagnostics_sort(&diagnostics);
    ui_diagnostics(ui, &diagnostics);
    arena_deinit(&arena);
    return code;
}

static ExitReasons format_file(Ui *ui, const Options *options, const char *file)
{
    cleanup(buffer_deinit) Buffer text = {0}, formatted = {0};
    Error err;
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;

    if (file_read(path, SOURCE_SIZE_MAX, &text, &err) < 0) {
        error_wrap(&err, "fmt");
        err.code = ERROR_PROGRAM;
        return fail(ui, &err);
    }
    if (format_text(ui, file, &text, &formatted, &err) < 0)
        return fail(ui, &err);
    bool same = text.size == formatted.size &&
                memcmp(buffer_text(&text), buffer_text(&formatted), text.size) == 0;
    if (strcmp(file, "-") == 0 && !options->check) {
        ui_out(ui, "%s", buffer_text(&formatted));
        return 0;
    }
    if (same)
        return 0;
    ui_out(ui, "%s\n", file);
    if (options->check)
        return EXIT_BIT(FAILED);
    if (file_replace(file, buffer_text(&formatted), formatted.size, 0644, &err) < 0)
        return fail(ui, &err);
    return 0;
}

ExitReasons verb_fmt(Ui *ui, const Options *options)
{
    return each_file(ui, options,
                     "fmt: expected the files to format (- for standard input): ved fmt FILE...",
                     format_file);
}
