/* Any bytes: parsing ends with a tree or with diagnostics that can be printed. A program without
 * errors is formatted; the result parses to the same tree and is what formatting it again gives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lang/ast.h"
/* A target is one object and the libraries; the dump is no part of these. */
#include "tests/lib/lang/ast_dump.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The dump of a text's tree; false if it has errors. */
static bool parse_dump(const char *text, size_t size, Buffer *ret)
{
    Arena arena = {0};
    Source source = {.name = "fuzz.ved", .text = text, .size = size};
    Diagnostics diagnostics;
    Buffer printed = {0};

    diagnostics_init(&diagnostics, &arena, &source);
    const Ast *ast = parse(&source, &arena, &diagnostics);
    diagnostics_sort(&diagnostics);
    diagnostics_print(&diagnostics, true, &printed);
    diagnostics_print_json(&diagnostics, &printed);
    bool valid = diagnostics.error_count == 0;
    if (valid)
        ast_dump(ast, ret);
    buffer_deinit(&printed);
    arena_deinit(&arena);
    return valid;
}

static void format_text(const char *text, size_t size, Buffer *ret)
{
    Source source = {.name = "fuzz.ved", .text = text, .size = size};

    format_source(&source, ret);
}

static void must_equal(const Buffer *a, const Buffer *b)
{
    if (a->size != b->size || memcmp(buffer_text(a), buffer_text(b), a->size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(buffer_deinit) Buffer before = {0};
    cleanup(buffer_deinit) Buffer after = {0};
    cleanup(buffer_deinit) Buffer once = {0};
    cleanup(buffer_deinit) Buffer twice = {0};

    if (!parse_dump((const char *)data, size, &before))
        return 0;
    format_text((const char *)data, size, &once);
    if (!parse_dump(buffer_text(&once), once.size, &after))
        abort();
    must_equal(&before, &after);
    format_text(buffer_text(&once), once.size, &twice);
    must_equal(&once, &twice);
    return 0;
}
