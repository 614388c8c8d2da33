/* ved replace: apply, with one object to be made anew. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/invocation.h"
#include "lang/base/memory.h"

/* `replace ADDR FILE` is `apply --replace ADDR FILE`. */
ExitReasons verb_replace(Ui *ui, const Options *options)
{
    Options apply = *options;
    Error err = {0};

    if (options->arg_count != 2) {
        error_set(&err, ERROR_USAGE,
                  "replace: expected an address and a program: ved replace ADDR FILE");
        return fail(ui, &err);
    }
    cleanup(free) const char **replaces = memory_zero(options->replace_count + 1, sizeof *replaces);
    replaces[0] = options->args[0];
    for (size_t i = 0; i < options->replace_count; i++)
        replaces[i + 1] = options->replaces[i];
    apply.replaces = replaces;
    apply.replace_count = options->replace_count + 1;
    apply.args = &options->args[1];
    apply.arg_count = 1;
    return verb_apply(ui, &apply);
}
