/* `test` blocks. */
#include <inttypes.h>
#include <string.h>

#include "lang/format.h"

static const char *limit_text(Formatter *formatter, const TestStep *step)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (step->in_ticks)
        buffer_add_format(&text, "%" PRId64 " ticks", step->limit);
    else
        value_print(&text, value_duration(step->limit));
    return arena_copy_string(formatter->arena, buffer_text(&text));
}

static void format_scripted_effect(Formatter *formatter, const TestStep *step)
{
    const char *provider = step->provider.text;
    const char *head =
        arena_format(formatter->arena, "effect %s%s%s { ", provider != NULL ? provider : "",
                     provider != NULL ? "." : "", step->effect.text);

    if (!step->fails) {
        format_value(formatter, arena_format(formatter->arena, "%sresult ", head), step->result,
                     strlen(" }"));
        format_text(formatter, " }");
        return;
    }
    format_indent(formatter, 0);
    buffer_add_format(formatter->out, "%sfail %s", head, step->failure.text);
    if (step->times > 0)
        buffer_add_format(formatter->out, " %" PRId64, step->times);
    format_text(formatter, " }");
}

static void format_condition(Formatter *formatter, const char *word, const TestStep *step)
{
    format_value(formatter, arena_format(formatter->arena, "%s ", word), step->value, 0);
}

static void format_step(Formatter *formatter, const TestStep *step)
{
    Arena *arena = formatter->arena;

    if (step->kind == STEP_SEND || step->kind == STEP_EMIT) {
        format_statement(formatter, step->statement);
        return;
    }
    format_lead(formatter, step->span.start, step->span.end);
    switch (step->kind) {
    case STEP_SET:
        format_value(formatter,
                     arena_format(arena,
                                  "%s.%s = ", format_instance(formatter, step->domain, step->key),
                                  step->field.text),
                     step->value, 0);
        break;
    case STEP_EFFECT:
        format_scripted_effect(formatter, step);
        break;
    case STEP_RUN:
        format_indent(formatter, 0);
        buffer_add_format(formatter->out, "run %s", limit_text(formatter, step));
        break;
    case STEP_CRASH:
        format_indent(formatter, 0);
        format_text(formatter, "crash");
        break;
    case STEP_ALWAYS:
        format_condition(formatter, "always", step);
        break;
    case STEP_EVENTUALLY:
        format_condition(formatter, "eventually", step);
        break;
    case STEP_WITHIN:
        format_condition(formatter, arena_format(arena, "within %s", limit_text(formatter, step)),
                         step);
        break;
    case STEP_NEVER:
        format_condition(formatter, "never", step);
        break;
    case STEP_SEND:
    case STEP_EMIT:
        break;
    }
    format_line_end(formatter, step->span.end);
}

static void format_part(Formatter *formatter, const char *word, const TestStep *steps, Span body)
{
    if (body.end == 0)
        return;
    format_comments(formatter, body.start, true);
    format_blank_line(formatter, body.start);
    format_indent(formatter, 0);
    format_text(formatter, word);
    if (steps == NULL && !format_has_comments(formatter, body.end)) {
        format_text(formatter, " { }");
    } else {
        format_open(formatter, body.start);
        for (const TestStep *step = steps; step != NULL; step = step->next)
            format_step(formatter, step);
        format_close(formatter, body.end);
    }
    format_line_end(formatter, body.end);
}

void format_test(Formatter *formatter, const Test *test)
{
    format_lead(formatter, test->span.start, test->body.start);
    format_allows(formatter, test->declared.allows);
    format_indent(formatter, 0);
    format_text(formatter, test->declared.exported ? "export " : "");
    buffer_add_format(formatter->out, "test %s", format_quoted(formatter, test->name.text));
    format_open(formatter, test->body.start);
    format_part(formatter, "given", test->given, test->given_body);
    format_part(formatter, "simulate", test->simulate, test->simulate_body);
    format_part(formatter, "expect", test->expect, test->expect_body);
    format_close(formatter, test->body.end);
    format_line_end(formatter, test->span.end);
}
