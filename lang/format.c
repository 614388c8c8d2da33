/* Lines and comments. */
#include "lang/format.h"

#include <string.h>

#include "lang/parser.h"

/* ---- lines ---- */

void format_text(Formatter *formatter, const char *text)
{
    buffer_add_string(formatter->out, text);
}

void format_indent(Formatter *formatter, int more)
{
    for (int i = 0; i < (formatter->indent + more) * FORMAT_INDENT; i++)
        buffer_add_char(formatter->out, ' ');
    formatter->fresh = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Did the author leave an empty line before `at`? */
static bool blank_line_before(const Source *source, uint32_t at)
{
    int breaks = 0;

    while (at > 0 && is_blank(source->text[at - 1]))
        breaks += source->text[--at] == '\n';
    return breaks >= 2;
}

void format_blank_line(Formatter *formatter, uint32_t at)
{
    if (!formatter->fresh && blank_line_before(formatter->source, at))
        buffer_add_char(formatter->out, '\n');
}

/* ---- comments ---- */

bool format_has_comments(const Formatter *formatter, uint32_t before)
{
    return formatter->next < formatter->comments.count &&
           formatter->comments.items[formatter->next].start < before;
}

/* A comment as it is, without blanks at its end. */
static void comment(Formatter *formatter)
{
    Span span = formatter->comments.items[formatter->next++];
    const char *text = formatter->source->text;

    while (span.end > span.start && is_blank(text[span.end - 1]))
        span.end--;
    buffer_add(formatter->out, text + span.start, span.end - span.start);
}

void format_comments(Formatter *formatter, uint32_t before, bool blank_lines)
{
    while (format_has_comments(formatter, before)) {
        if (blank_lines)
            format_blank_line(formatter, formatter->comments.items[formatter->next].start);
        format_indent(formatter, 0);
        comment(formatter);
        buffer_add_char(formatter->out, '\n');
    }
}

void format_lead(Formatter *formatter, uint32_t start, uint32_t head_end)
{
    format_comments(formatter, start, true);
    format_blank_line(formatter, start);
    format_comments(formatter, head_end, false);
}

/* Only blanks and separators, and no line break, between two places. */
static bool same_line(const Source *source, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        char c = source->text[from];
        if (c == '\n' || !(is_blank(c) || c == ';' || c == ','))
            return false;
    }
    return true;
}

void format_line_end(Formatter *formatter, uint32_t end)
{
    while (formatter->next < formatter->comments.count) {
        Span span = formatter->comments.items[formatter->next];
        if (span.start < end || !same_line(formatter->source, end, span.start))
            break;
        buffer_add_char(formatter->out, ' ');
        comment(formatter);
        end = span.end;
    }
    buffer_add_char(formatter->out, '\n');
}

void format_open(Formatter *formatter, uint32_t brace)
{
    format_text(formatter, " {");
    format_line_end(formatter, brace + 1);
    formatter->indent++;
    formatter->fresh = true;
}

void format_close(Formatter *formatter, uint32_t brace)
{
    format_comments(formatter, brace, true);
    formatter->indent--;
    format_indent(formatter, 0);
    format_text(formatter, "}");
}

/* ---- the whole ---- */

bool format_or_report(const Source *source, Diagnostics *diagnostics, Buffer *ret)
{
    Arena *arena = diagnostics->arena; /* what is said has parts of the tree in it */
    Formatter formatter = {.source = source, .arena = arena, .out = ret, .fresh = true};
    const Ast *ast = parse_with_comments(source, arena, diagnostics, &formatter.comments);

    if (diagnostics->error_count > 0)
        return false;
    format_file(&formatter, ast);
    return true;
}

void format_source(const Source *source, Buffer *ret)
{
    Arena arena = {0};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, source);
    format_or_report(source, &diagnostics, ret);
    arena_deinit(&arena);
}
