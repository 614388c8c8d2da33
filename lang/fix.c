#include "lang/fix.h"

#include <stdlib.h>

/* Edits by place; of two that overlap only the first is made. */
typedef struct Edits {
    const Diagnostic **items;
    size_t count;
} Edits;

static int edit_compare(const void *left, const void *right)
{
    const Span a = (*(const Diagnostic *const *)left)->edit.span;
    const Span b = (*(const Diagnostic *const *)right)->edit.span;

    return a.start != b.start ? (a.start > b.start) - (a.start < b.start)
                              : (a.end > b.end) - (a.end < b.end);
}

static Span first_file(const Source *source)
{
    return source->file_count > 0 ? (Span){source->files[0].start, source->files[0].end}
                                  : (Span){0, (uint32_t)source->size};
}

static bool is_within(Span span, Span outer)
{
    return span.start >= outer.start && span.end <= outer.end;
}

static Edits edits_collect(const Program *program, Arena *arena)
{
    const Diagnostics *diagnostics = &program->diagnostics;
    Edits edits = {.items = arena_array(arena, const Diagnostic *, diagnostics->count)};
    Span file = first_file(&program->source);
    uint32_t free_from = 0;
    size_t kept = 0;

    for (size_t i = 0; i < diagnostics->count; i++)
        if (diagnostics->items[i].edit.text != NULL &&
            is_within(diagnostics->items[i].edit.span, file))
            edits.items[edits.count++] = &diagnostics->items[i];
    if (edits.count > 0)
        qsort(edits.items, edits.count, sizeof *edits.items, edit_compare);
    for (size_t i = 0; i < edits.count; i++) {
        Span span = edits.items[i]->edit.span;
        if (kept > 0 && span.start < free_from)
            continue;
        edits.items[kept++] = edits.items[i];
        free_from = span.end > span.start ? span.end : span.start + 1;
    }
    edits.count = kept;
    return edits;
}

static void edits_apply(const Source *source, const Edits *edits, Buffer *ret)
{
    Span file = first_file(source);
    uint32_t at = file.start;

    for (size_t i = 0; i < edits->count; i++) {
        const DiagnosticEdit *edit = &edits->items[i]->edit;
        buffer_add(ret, source->text + at, edit->span.start - at);
        buffer_add_string(ret, edit->text);
        at = edit->span.end;
    }
    buffer_add(ret, source->text + at, file.end - at);
}

/* One round: the edits of `program`, and the program that they make; NULL: none, or they made it
 * worse. */
static Program *fix_round(const Program *program, const SourceLoader *loader, FixReport *report,
                          void *context, size_t *count)
{
    Arena arena = {0};
    cleanup(buffer_deinit) Buffer text = {0};
    Edits edits = edits_collect(program, &arena);
    Program *next = NULL;

    edits_apply(&program->source, &edits, &text);
    if (edits.count > 0)
        next = program_compile_files(program->source.name, buffer_text(&text), text.size, loader);
    if (next != NULL && next->diagnostics.error_count > program->diagnostics.error_count) {
        program_free(next);
        next = NULL;
    }
    for (size_t i = 0; next != NULL && i < edits.count; i++)
        report(context, &program->diagnostics, edits.items[i]);
    *count += next != NULL ? edits.count : 0;
    arena_deinit(&arena);
    return next;
}

size_t fix_source(const char *name, const char *text, size_t size, const SourceLoader *loader,
                  FixReport *report, void *context, Buffer *ret)
{
    Program *program = program_compile_files(name, text, size, loader);
    size_t count = 0;

    for (int round = 0; round < FIX_ROUNDS_MAX; round++) {
        Program *next = fix_round(program, loader, report, context, &count);
        if (next == NULL)
            break;
        program_free(program);
        program = next;
    }
    Span file = first_file(&program->source);
    buffer_add(ret, program->source.text + file.start, file.end - file.start);
    program_free(program);
    return count;
}
