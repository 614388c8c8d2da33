#include "lang/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/utf8.h"
#include "lang/base/json.h"

void diagnostics_init(Diagnostics *diagnostics, Arena *arena, const Source *source)
{
    *diagnostics = (Diagnostics){.arena = arena, .source = source};
}

static char *format_text(Arena *arena, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

Diagnostic *diagnostics_add(Diagnostics *diagnostics, Severity severity, const char *code,
                            Span span, const char *summary, ...)
{
    static _Thread_local Diagnostic spare;
    va_list args;

    if (severity == SEVERITY_ERROR)
        diagnostics->error_count++;
    if (diagnostics->count == DIAGNOSTIC_COUNT_MAX) {
        diagnostics->dropped++;
        spare = (Diagnostic){0};
        return &spare;
    }
    arena_reserve_one(diagnostics->arena, diagnostics->items, diagnostics->count,
                      diagnostics->capacity);
    Diagnostic *d = &diagnostics->items[diagnostics->count++];
    *d = (Diagnostic){.severity = severity, .code = code, .span = span};
    va_start(args, summary);
    d->summary = format_text(diagnostics->arena, summary, args);
    va_end(args);
    return d;
}

void diagnostic_note(Diagnostics *diagnostics, Diagnostic *diagnostic, Span span,
                     const char *format, ...)
{
    Arena *arena = diagnostics->arena;
    DiagnosticNote *notes;
    va_list args;

    if (diagnostic->summary == NULL)
        return; /* the spare */
    notes = arena_array(arena, DiagnosticNote, diagnostic->note_count + 1);
    if (diagnostic->note_count > 0)
        memcpy(notes, diagnostic->notes, diagnostic->note_count * sizeof *notes);
    va_start(args, format);
    notes[diagnostic->note_count++] = (DiagnosticNote){span, format_text(arena, format, args)};
    va_end(args);
    diagnostic->notes = notes;
}

void diagnostic_edit(Diagnostics *diagnostics, Diagnostic *diagnostic, Span span,
                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diagnostic->edit = (DiagnosticEdit){span, format_text(diagnostics->arena, format, args)};
    va_end(args);
}

/* ---- order ---- */

static int compare_unsigned(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int diagnostic_compare(const void *left, const void *right)
{
    const Diagnostic *a = left, *b = right;
    int order = compare_unsigned(a->span.start, b->span.start);

    if (order == 0)
        order = compare_unsigned(a->severity, b->severity);
    if (order == 0)
        order = compare_unsigned(a->span.end, b->span.end);
    if (order == 0)
        order = strcmp(a->code, b->code);
    return order != 0 ? order : strcmp(a->summary, b->summary);
}

void diagnostics_sort(Diagnostics *diagnostics)
{
    size_t kept = 0;

    if (diagnostics->count == 0)
        return;
    qsort(diagnostics->items, diagnostics->count, sizeof *diagnostics->items, diagnostic_compare);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const Diagnostic *d = &diagnostics->items[i];
        if (kept > 0 && diagnostic_compare(&diagnostics->items[kept - 1], d) == 0)
            diagnostics->error_count -= d->severity == SEVERITY_ERROR;
        else
            diagnostics->items[kept++] = *d;
    }
    diagnostics->count = kept;
}

/* ---- for people ---- */

static const char *const severity_names[] = {
    [SEVERITY_ERROR] = "error",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_LINT] = "lint",
    [SEVERITY_NOTE] = "note",
};

static const char *const severity_colors[] = {
    [SEVERITY_ERROR] = "\x1b[1;31m",
    [SEVERITY_WARNING] = "\x1b[1;33m",
    [SEVERITY_LINT] = "\x1b[1;36m",
    [SEVERITY_NOTE] = "\x1b[1;32m",
};

typedef struct Printer {
    const Source *source;
    SourceIndex index;
    Buffer *out;
    bool color;
} Printer;

#define EXCERPT_WIDTH 100
#define EXCERPT_LEAD 40 /* columns kept before the carets of a line that is cut */

static void put_style(Printer *printer, const char *style)
{
    if (printer->color)
        buffer_add_string(printer->out, style);
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* What would move the cursor or turn the text around on a terminal. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* A tab becomes a blank, so that the carets stay below what they mean. */
static void put_text(Printer *printer, const char *text, size_t size)
{
    uint32_t point;

    for (size_t i = 0, length; i < size; i += length) {
        length = utf8_decode(text + i, size - i, &point);
        if (length == 1 && text[i] == '\t')
            buffer_add_char(printer->out, ' ');
        else if (length == 0 || is_unsafe(point))
            buffer_add_char(printer->out, '?');
        else
            buffer_add(printer->out, text + i, length);
        length = length > 0 ? length : 1;
    }
}

static uint32_t columns(const Source *source, uint32_t start, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t i = start; i < end; i++)
        count += !is_continuation(source->text[i]);
    return count;
}

/* `count` code points back from, or on from, `at`, within [low, high]. */
static uint32_t step_back(const Source *source, uint32_t at, uint32_t low, uint32_t count)
{
    for (; at > low && count > 0; count--)
        do
            at--;
        while (at > low && is_continuation(source->text[at]));
    return at;
}

static uint32_t step_on(const Source *source, uint32_t at, uint32_t high, uint32_t count)
{
    for (; at < high && count > 0; count--)
        do
            at++;
        while (at < high && is_continuation(source->text[at]));
    return at;
}

static void print_carets(Printer *printer, Span span, uint32_t from, uint32_t to, char mark)
{
    uint32_t end = span.end < to ? span.end : to;
    uint32_t width = end > span.start ? columns(printer->source, span.start, end) : 0;

    for (uint32_t i = columns(printer->source, from, span.start); i > 0; i--)
        buffer_add_char(printer->out, ' ');
    for (uint32_t i = 0; i < (width > 0 ? width : 1); i++)
        buffer_add_char(printer->out, mark);
}

static void print_gutter(Printer *printer, int width, const char *sign)
{
    put_style(printer, "\x1b[1;34m");
    buffer_add_format(printer->out, "%*s %s", width, "", sign);
    put_style(printer, "\x1b[0m");
}

/* The line of `span` and the marks below it. */
static void print_excerpt(Printer *printer, Span span, SourcePlace place, int width,
                          const char *label, char mark)
{
    const Source *source = printer->source;
    uint32_t from = place.line_start, to = place.line_end;
    uint32_t start = span.start < to ? span.start : to;

    if (place.column > EXCERPT_WIDTH - EXCERPT_LEAD / 2)
        from = step_back(source, start, place.line_start, EXCERPT_LEAD);
    to = step_on(source, from, place.line_end, EXCERPT_WIDTH);
    put_style(printer, "\x1b[1;34m");
    buffer_add_format(printer->out, "%*u |", width, place.line);
    put_style(printer, "\x1b[0m");
    if (place.line_end > place.line_start)
        buffer_add_char(printer->out, ' ');
    buffer_add_string(printer->out, from > place.line_start ? "..." : "");
    put_text(printer, source->text + from, to - from);
    buffer_add_string(printer->out, to < place.line_end ? "...\n" : "\n");
    print_gutter(printer, width, "| ");
    buffer_add_string(printer->out, from > place.line_start ? "   " : "");
    print_carets(printer, (Span){start, span.end}, from, to, mark);
    if (label != NULL)
        buffer_add_format(printer->out, " %s", label);
    buffer_add_char(printer->out, '\n');
}

static void print_line(Printer *printer, int width, const char *word, const char *text)
{
    if (text == NULL)
        return;
    print_gutter(printer, width, "= ");
    buffer_add_format(printer->out, "%s: %s\n", word, text);
}

static int digits(uint32_t number)
{
    int count = 1;

    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static void print_note(Printer *printer, const DiagnosticNote *note, int width)
{
    SourcePlace place = source_index_place(&printer->index, note->span.start);

    print_line(printer, width, "note", note->text);
    buffer_add_format(printer->out, "%*s--> %s:%u:%u\n", width, "", place.file, place.line,
                      place.column);
    print_excerpt(printer, note->span, place, width, NULL, '-');
}

static void print_diagnostic(Printer *printer, const Diagnostic *d)
{
    SourcePlace place = source_index_place(&printer->index, d->span.start);
    int width = digits(place.line);

    for (size_t i = 0; i < d->note_count; i++) {
        int other = digits(source_index_place(&printer->index, d->notes[i].span.start).line);
        width = other > width ? other : width;
    }
    put_style(printer, severity_colors[d->severity]);
    buffer_add_format(printer->out, "%s[%s]", severity_names[d->severity], d->code);
    put_style(printer, "\x1b[0m");
    buffer_add_format(printer->out, ": %s\n%*s--> %s:%u:%u\n", d->summary, width, "", place.file,
                      place.line, place.column);
    print_gutter(printer, width, "|\n");
    print_excerpt(printer, d->span, place, width, d->label, '^');
    for (size_t i = 0; i < d->note_count; i++)
        print_note(printer, &d->notes[i], width);
    print_line(printer, width, "so", d->consequence);
    print_line(printer, width, "help", d->remedy);
}

void diagnostics_print(const Diagnostics *diagnostics, bool color, Buffer *ret)
{
    Printer printer = {.source = diagnostics->source, .out = ret, .color = color};

    if (diagnostics->count == 0)
        return;
    source_index_init(&printer.index, diagnostics->source);
    for (size_t i = 0; i < diagnostics->count; i++) {
        if (i > 0)
            buffer_add_char(ret, '\n');
        print_diagnostic(&printer, &diagnostics->items[i]);
    }
    if (diagnostics->dropped > 0)
        buffer_add_format(ret, "\n%zu more are not shown; mend these first\n",
                          diagnostics->dropped);
    source_index_deinit(&printer.index);
}

/* ---- for programs ---- */

static void json_place(Buffer *out, const SourceIndex *index, const char *key, uint32_t offset)
{
    SourcePlace place = source_index_place(index, offset);

    buffer_add_format(out, "\"%s\":{\"line\":%u,\"column\":%u,\"byte\":%u}", key, place.line,
                      place.column, place.byte);
}

static void json_range(Buffer *out, const SourceIndex *index, Span span)
{
    buffer_add_string(out, "\"range\":{\"file\":");
    json_put_string(out, source_index_place(index, span.start).file);
    buffer_add_char(out, ',');
    json_place(out, index, "start", span.start);
    buffer_add_char(out, ',');
    json_place(out, index, "end", span.end);
    buffer_add_char(out, '}');
}

static void json_member(Buffer *out, const char *key, const char *text)
{
    buffer_add_format(out, "\"%s\":", key);
    if (text != NULL)
        json_put_string(out, text);
    else
        buffer_add_string(out, "null");
    buffer_add_char(out, ',');
}

/* Label and consequence together say what is at the place and what follows. */
static void json_detail(Buffer *out, const Diagnostic *d)
{
    cleanup(buffer_deinit) Buffer detail = {0};

    if (d->label != NULL)
        buffer_add_string(&detail, d->label);
    if (d->consequence != NULL)
        buffer_add_format(&detail, "%s%s", detail.size > 0 ? "; " : "", d->consequence);
    json_member(out, "detail", detail.size > 0 ? buffer_text(&detail) : NULL);
}

static void json_diagnostic(Buffer *out, const SourceIndex *index, const Diagnostic *d)
{
    buffer_add_char(out, '{');
    json_member(out, "severity", severity_names[d->severity]);
    json_member(out, "code", d->code);
    json_member(out, "summary", d->summary);
    json_detail(out, d);
    json_member(out, "remedy", d->remedy);
    json_range(out, index, d->span);
    buffer_add_string(out, ",\"notes\":[");
    for (size_t i = 0; i < d->note_count; i++) {
        buffer_add_string(out, i > 0 ? ",{" : "{");
        json_member(out, "text", d->notes[i].text);
        json_range(out, index, d->notes[i].span);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
    if (d->edit.text != NULL) {
        buffer_add_string(out, ",\"edit\":{");
        json_member(out, "text", d->edit.text);
        json_range(out, index, d->edit.span);
        buffer_add_char(out, '}');
    }
    buffer_add_string(out, "}\n");
}

void diagnostics_print_json(const Diagnostics *diagnostics, Buffer *ret)
{
    SourceIndex index;

    if (diagnostics->count == 0)
        return;
    source_index_init(&index, diagnostics->source);
    for (size_t i = 0; i < diagnostics->count; i++)
        json_diagnostic(ret, &index, &diagnostics->items[i]);
    source_index_deinit(&index);
}

/* ---- codes ---- */

static const struct {
    const char *code;
    const char *meaning;
} codes[] = {
#define CODE(code, meaning) {code, meaning},
#include "lang/codes.def"
};

const char *code_meaning(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].meaning;
    return NULL;
}

void code_suggest(Suggestion *suggestion)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        suggest_try(suggestion, codes[i].code);
}
