/* ved explain: what a diagnostic code means, without any program at hand. */
#include "cmd/ved/invocation.h"
#include "lang/explain.h"
#include "lang/suggest.h"

static void list_codes(Ui *ui)
{
    const Explanation *explanation;

    for (size_t i = 0; (explanation = explanation_at(i)) != NULL; i++)
        ui_out(ui, "%s  %s\n", explanation->code, code_meaning(explanation->code));
}

static ExitReasons unknown_code(Ui *ui, const char *code)
{
    Suggestion suggestion = suggest_begin(code);
    const Explanation *explanation;
    Error err;

    for (size_t i = 0; (explanation = explanation_at(i)) != NULL; i++)
        suggest_try(&suggestion, explanation->code);
    if (suggestion.best != NULL)
        error_set(&err, ERROR_USAGE, "no code '%s': did you mean `ved explain %s`?", code,
                  suggestion.best);
    else
        error_set(&err, ERROR_USAGE, "no code '%s': `ved explain` lists them", code);
    return fail(ui, &err);
}

ExitReasons verb_explain(Ui *ui, const Options *options)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Error err;

    if (options->arg_count == 0) {
        list_codes(ui);
        return 0;
    }
    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE, "explain: expected one code, found %d: ved explain CODE",
                  options->arg_count);
        return fail(ui, &err);
    }
    const Explanation *explanation = explanation_find(options->args[0]);
    if (explanation == NULL)
        return unknown_code(ui, options->args[0]);
    explanation_print(explanation, &text);
    ui_out(ui, "%s", buffer_text(&text));
    return 0;
}
