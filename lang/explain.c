/* What an example prints is not written down but found out, so it cannot grow old. */
#include "lang/explain.h"

#include <string.h>
#include <strings.h>

#include "lang/base/macros.h"
#include "lang/program.h"

#define WIDTH 80
#define LINE_MAX 100 /* longer lines of examples are cut in the middle */
#define LINE_HEAD 60
#define LINE_TAIL 30

/* Only for examples of what is too much. */
#define TEN(text) text text text text text text text text text text
#define HUNDRED(text) TEN(TEN(text))
#define NUMBERED(name)                                                                             \
    name "0: int, " name "1: int, " name "2: int, " name "3: int, " name "4: int, " name           \
         "5: int, " name "6: int, " name "7: int, " name "8: int, " name "9: int, "
/* It cannot make up its mind about these. */
/* clang-format off */
#define PARAMETERS_100                                                                             \
    NUMBERED("a") NUMBERED("b") NUMBERED("c") NUMBERED("d") NUMBERED("e")                          \
    NUMBERED("f") NUMBERED("g") NUMBERED("h") NUMBERED("i") NUMBERED("j")
#define PARAMETERS_200                                                                             \
    PARAMETERS_100                                                                                 \
    NUMBERED("k") NUMBERED("l") NUMBERED("m") NUMBERED("n") NUMBERED("o")                          \
    NUMBERED("p") NUMBERED("q") NUMBERED("r") NUMBERED("s") NUMBERED("t")
/* clang-format on */

static const Explanation explanations[] = {
#define EXPLAIN(code, why, example, prints, cure, cured) {code, why, example, prints, cure, cured},
#include "lang/explain.def"
};

const Explanation *explanation_find(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(explanations); i++)
        if (strcasecmp(explanations[i].code, code) == 0)
            return &explanations[i];
    return NULL;
}

const Explanation *explanation_at(size_t index)
{
    return index < ARRAY_SIZE(explanations) ? &explanations[index] : NULL;
}

/* ---- printing ---- */

static void add_wrapped(Buffer *ret, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column > 0 && column + 1 + size > WIDTH) {
            buffer_add_char(ret, '\n');
            column = 0;
        } else if (column > 0) {
            buffer_add_char(ret, ' ');
            column++;
        }
        buffer_add(ret, text, size);
        column += size;
        text += size;
        text += *text == ' ';
    }
    buffer_add_char(ret, '\n');
}

/* Bytes that are no text are part of one example, and no part of what goes to a terminal. */
static void add_shown(Buffer *ret, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x80)
            buffer_add_char(ret, text[i]);
        else
            buffer_add_format(ret, "\\x%02x", byte);
    }
}

static void add_program(Buffer *ret, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        buffer_add_string(ret, size > 0 ? "    " : "");
        if (size <= LINE_MAX) {
            add_shown(ret, text, size);
        } else {
            add_shown(ret, text, LINE_HEAD);
            buffer_add_string(ret, " ... ");
            add_shown(ret, text + size - LINE_TAIL, LINE_TAIL);
        }
        buffer_add_char(ret, '\n');
        text += size + (text[size] == '\n');
    }
}

static void add_indented(Buffer *ret, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        buffer_add_string(ret, size > 0 ? "    " : "");
        buffer_add(ret, text, size);
        buffer_add_char(ret, '\n');
        text += size + (text[size] == '\n');
    }
}

static void add_printed(Buffer *ret, const Explanation *explanation)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (explanation->prints != NULL) {
        add_indented(ret, explanation->prints);
        return;
    }
    cleanup(program_free) Program *program =
        program_compile("stack.ved", explanation->example, strlen(explanation->example));
    diagnostics_print(&program->diagnostics, false, &text);
    add_indented(ret, buffer_text(&text));
}

void explanation_print(const Explanation *explanation, Buffer *ret)
{
    buffer_add_format(ret, "%s: %s\n\n", explanation->code, code_meaning(explanation->code));
    add_wrapped(ret, explanation->why);
    buffer_add_string(ret, "\nFor example\n\n");
    add_program(ret, explanation->example);
    buffer_add_string(ret, explanation->prints != NULL
                               ? "\nprints, once providers or state are looked at\n\n"
                               : "\nprints\n\n");
    add_printed(ret, explanation);
    buffer_add_string(ret, "\nThe cure: ");
    add_wrapped(ret, explanation->cure);
    buffer_add_char(ret, '\n');
    add_program(ret, explanation->cured);
}
