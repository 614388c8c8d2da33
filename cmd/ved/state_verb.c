#include "cmd/ved/state_verb.h"

#include "lang/base/memory.h"

int state_verb_find(Ui *ui, const Options *options, int args, const char *usage, char **ret,
                    Error *err)
{
    cleanup(invocation_close) Invocation invocation = {0};
    cleanup(config_free) Config *config = NULL;
    const char *file = options->arg_count > args ? options->args[args] : NULL;

    if (options->arg_count < args || options->arg_count > args + 1)
        return error_set(err, ERROR_USAGE, "%d arguments, expected: %s", options->arg_count, usage);
    if (invocation_find(&invocation, ui, options, file, &config, err) < 0)
        return err->code;
    *ret = take(invocation.state_path);
    return 0;
}
