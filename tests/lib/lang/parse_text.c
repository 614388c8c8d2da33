#include "tests/lib/lang/parse_text.h"

#include <criterion/criterion.h>
#include <string.h>

Arena text_arena;
Diagnostics text_diagnostics;
static Source text_source;

void text_done(void)
{
    arena_deinit(&text_arena);
}

const Ast *text_parse_files(const Source *source)
{
    text_source = *source;
    diagnostics_init(&text_diagnostics, &text_arena, &text_source);
    const Ast *ast = parse(&text_source, &text_arena, &text_diagnostics);
    diagnostics_sort(&text_diagnostics);
    return ast;
}

const Ast *text_parse(const char *text)
{
    return text_parse_files(&(Source){.name = "test.ved", .text = text, .size = strlen(text)});
}

const Ast *text_valid(const char *text)
{
    const Ast *ast = text_parse(text);

    cr_assert_eq(text_diagnostics.count, 0, "'%s': %s", text,
                 text_diagnostics.count > 0 ? text_diagnostics.items[0].summary : "");
    return ast;
}

const Stmt *text_statements(const char *text)
{
    const char *program =
        arena_format(&text_arena, "domain A { transition T { step {\n%s\n} } }", text);

    return text_valid(program)->domains->transitions->slices->body->first;
}

void text_assert_reports(const char *text, const char *const *expected, size_t count)
{
    text_parse(text);
    for (size_t i = 0; i < text_diagnostics.count && i < count; i++) {
        const Diagnostic *d = &text_diagnostics.items[i];
        cr_assert_eq(strncmp(d->code, expected[i], 9), 0, "'%s': %s %s", text, d->code, d->summary);
        cr_assert_not_null(strstr(d->summary, expected[i] + 10), "'%s': %s", text, d->summary);
    }
    cr_assert_eq(text_diagnostics.count, count, "'%s' has %zu reports, not %zu; the last: %s", text,
                 text_diagnostics.count, count,
                 text_diagnostics.count > 0
                     ? text_diagnostics.items[text_diagnostics.count - 1].summary
                     : "none");
}

void assert_mistake(const char *text, const char *expected, const char *remedy)
{
    text_assert_reports(text, &expected, 1);
    if (remedy == NULL)
        return;
    const char *found = text_diagnostics.items[0].remedy;
    cr_assert(found != NULL && strstr(found, remedy) != NULL, "'%s': %s", text,
              found != NULL ? found : "no remedy");
}
