/* Lines that would be longer than 100 columns.
 *
 * A list is broken into an item a line, an expression after its operators, outermost first: a chain
 * of one operator gets a line for each operand, and an operand that is still too long is broken in
 * turn, one level deeper. Literals of lists and maps and calls are broken inside their brackets.
 * What cannot be broken, a long string, at least gets a line of its own. */
#include "lang/format.h"

#include <string.h>

static size_t column_count(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Columns of the line that is being written. */
static size_t columns_used(const Formatter *formatter)
{
    const char *text = buffer_text(formatter->out);
    const char *end = memrchr(text, '\n', formatter->out->size);
    size_t start = end == NULL ? 0 : (size_t)(end - text) + 1;

    return column_count(text + start, formatter->out->size - start);
}

static size_t room_left(const Formatter *formatter, size_t tail)
{
    size_t used = columns_used(formatter) + tail;

    return used < FORMAT_COLUMNS ? FORMAT_COLUMNS - used : 0;
}

/* The expression on one line; false: that takes more than `room` columns. */
static bool line_fits(Formatter *formatter, const Expr *expr, size_t room, Buffer *ret)
{
    buffer_init(ret, room * 4 + 1); /* a character has four bytes at most */
    format_expr(formatter, expr, ret);
    return !ret->overflowed && column_count(buffer_text(ret), ret->size) <= room;
}

/* Write `prefix` and the expression if both fit on this line, before `tail` columns. */
static bool put_if_fits(Formatter *formatter, const char *prefix, const Expr *expr, size_t tail)
{
    cleanup(buffer_deinit) Buffer line = {0};
    size_t width = column_count(prefix, strlen(prefix));

    if (!line_fits(formatter, expr, room_left(formatter, width + tail), &line))
        return false;
    format_text(formatter, prefix);
    buffer_add(formatter->out, buffer_text(&line), line.size);
    return true;
}

/* ---- expressions ---- */

static bool is_chain(const Expr *expr, Operator operator)
{
    return expr->kind == EXPR_BINARY && !expr->parenthesised && expr->operator== operator;
}

/* Has brackets with something between them. */
static bool has_items(const Expr *expr)
{
    return (expr->kind == EXPR_LIST && expr->items != NULL) ||
           (expr->kind == EXPR_MAP && expr->entries != NULL) ||
           ((expr->kind == EXPR_CALL || expr->kind == EXPR_QUERY) && expr->arguments != NULL);
}

static bool can_break(const Expr *expr)
{
    while (expr->kind == EXPR_UNARY)
        expr = expr->left;
    return expr->kind == EXPR_BINARY || has_items(expr);
}

static void put_broken(Formatter *formatter, const Expr *expr, int more, size_t tail);

/* Operands of a chain from left to right, a line each. */
static void put_chain(Formatter *formatter, const Expr *expr, int more, size_t tail)
{
    const char *operator= format_operator(expr->operator);

    if (is_chain(expr->left, expr->operator))
        put_chain(formatter, expr->left, more, strlen(operator) + 1);
    else
        put_broken(formatter, expr->left, more + 1, strlen(operator) + 1);
    format_text(formatter, " ");
    format_text(formatter, operator);
    format_text(formatter, "\n");
    format_indent(formatter, more);
    put_broken(formatter, expr->right, more + 1, tail);
}

static void put_item(Formatter *formatter, const Expr *value, int more, bool last)
{
    put_broken(formatter, value, more + 1, last ? 0 : 1);
    format_text(formatter, last ? "\n" : ",\n");
}

static void put_arguments_broken(Formatter *formatter, const Argument *arguments, int more)
{
    for (const Argument *a = arguments; a != NULL; a = a->next) {
        format_indent(formatter, more);
        if (a->name.text != NULL)
            buffer_add_format(formatter->out, "%s: ", a->name.text);
        put_item(formatter, a->value, more, a->next == NULL);
    }
}

static void put_entries_broken(Formatter *formatter, const MapItem *entries, int more)
{
    for (const MapItem *entry = entries; entry != NULL; entry = entry->next) {
        format_indent(formatter, more);
        format_key(formatter, entry->key, formatter->out);
        format_text(formatter, ": ");
        put_item(formatter, entry->value, more, entry->next == NULL);
    }
}

/* `[`, an item a line, and `]` at the end of a line that is indented one level less. */
static void put_items(Formatter *formatter, const Expr *expr, int more)
{
    bool list = expr->kind == EXPR_LIST, map = expr->kind == EXPR_MAP;

    if (!list && !map)
        format_call_head(expr, formatter->out);
    format_text(formatter, list ? "[\n" : map ? "{\n" : "\n");
    if (map)
        put_entries_broken(formatter, expr->entries, more);
    else
        put_arguments_broken(formatter, list ? expr->items : expr->arguments, more);
    format_indent(formatter, more - 1);
    format_text(formatter, list ? "]" : map ? "}" : ")");
}

/* Its further lines are indented by `more`; `tail` columns must stay free behind it. */
static void put_broken(Formatter *formatter, const Expr *expr, int more, size_t tail)
{
    bool parenthesised = expr->parenthesised;

    if (put_if_fits(formatter, "", expr, tail))
        return;
    if (!can_break(expr)) {
        format_expr(formatter, expr, formatter->out);
        return;
    }
    if (parenthesised)
        format_text(formatter, "(");
    if (expr->kind == EXPR_BINARY) {
        put_chain(formatter, expr, more, tail + parenthesised);
    } else if (has_items(expr)) {
        put_items(formatter, expr, more);
    } else {
        format_text(formatter, format_operator(expr->operator));
        put_broken(formatter, expr->left, more, tail + parenthesised);
    }
    if (parenthesised)
        format_text(formatter, ")");
}

/* A long string after `x =` may stand in the next line, if it fits there. */
static bool put_below(Formatter *formatter, const char *prefix, const Expr *expr, size_t tail)
{
    cleanup(buffer_deinit) Buffer line = {0};
    size_t size = strlen(prefix), taken = (size_t)(formatter->indent + 2) * FORMAT_INDENT + tail;

    if (can_break(expr) || size < 2 || prefix[size - 2] != '=' || taken > FORMAT_COLUMNS ||
        !line_fits(formatter, expr, FORMAT_COLUMNS - taken, &line))
        return false;
    buffer_add(formatter->out, prefix, size - 1);
    format_text(formatter, "\n");
    format_indent(formatter, 2);
    buffer_add(formatter->out, buffer_text(&line), line.size);
    return true;
}

void format_value_here(Formatter *formatter, const char *prefix, const Expr *expr, size_t tail)
{
    if (put_if_fits(formatter, prefix, expr, tail) || put_below(formatter, prefix, expr, tail))
        return;
    format_text(formatter, prefix);
    put_broken(formatter, expr, has_items(expr) ? 1 : 2, tail);
}

void format_value(Formatter *formatter, const char *prefix, const Expr *expr, size_t tail)
{
    format_indent(formatter, 0);
    format_value_here(formatter, prefix, expr, tail);
}

/* ---- lists ---- */

void format_list_add(Formatter *formatter, FormatList *list, const char *text, const Expr *value)
{
    arena_reserve_one(formatter->arena, list->items, list->count, list->capacity);
    list->items[list->count++] = (FormatItem){text, value};
}

static void list_broken(Formatter *formatter, const char *prefix, const FormatList *list,
                        const char *suffix)
{
    size_t size = strlen(prefix);

    buffer_add(formatter->out, prefix, size - (prefix[size - 1] == ' '));
    for (size_t i = 0; i < list->count; i++) {
        format_text(formatter, i > 0 ? ",\n" : "\n");
        format_indent(formatter, 1);
        format_text(formatter, list->items[i].text);
        if (list->items[i].value != NULL)
            put_broken(formatter, list->items[i].value, 2, 1);
    }
    format_text(formatter, "\n");
    format_indent(formatter, 0);
    format_text(formatter, suffix + (suffix[0] == ' '));
}

void format_list(Formatter *formatter, const char *prefix, const FormatList *list,
                 const char *suffix)
{
    cleanup(buffer_deinit) Buffer line = {0};

    format_indent(formatter, 0);
    buffer_add_string(&line, prefix);
    for (size_t i = 0; i < list->count; i++) {
        buffer_add_format(&line, "%s%s", i > 0 ? ", " : "", list->items[i].text);
        if (list->items[i].value != NULL)
            format_expr(formatter, list->items[i].value, &line);
    }
    buffer_add_string(&line, suffix);
    if (list->count == 0 || column_count(buffer_text(&line), line.size) <= room_left(formatter, 0))
        buffer_add(formatter->out, buffer_text(&line), line.size);
    else
        list_broken(formatter, prefix, list, suffix);
}
