#include "cmd/ved/replacing.h"

#include "controller/host/state_edit.h"

int replacing_predict(Runtime *copy, const Options *options, Error *err)
{
    int code = 0;

    for (size_t i = 0; i < options->replace_count && code == 0; i++) {
        ManualEdit edit = {.kind = MANUAL_REPLACE, .address = options->replaces[i]};
        Effects effects;
        effects_init(&effects);
        code = manual_edit(copy, &edit, copy->time_ms, &effects, err);
        effects_deinit(&effects);
    }
    return code;
}

int replacing_make(Stack *stack, const Options *options, Error *err)
{
    for (size_t i = 0; i < options->replace_count; i++) {
        ManualEdit edit = {.kind = MANUAL_REPLACE, .address = options->replaces[i]};
        if (stack_edit(stack, &edit, options->command, err) < 0)
            return err->code;
    }
    return 0;
}
