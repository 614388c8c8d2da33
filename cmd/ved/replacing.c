#include "cmd/ved/replacing.h"

#include "controller/host/state_edit.h"

/* The edit that takes a protection away does not replace what it had protected. */
static int check_guarded(const Stack *stack, const Runtime *copy, const char *address, Error *err)
{
    Object *object;

    if (manual_find(copy, address, &object, err) < 0)
        return err->code;
    if (map_get(&stack->guarded, object->uid) == NULL)
        return 0;
    return error_set(err, ERROR_DENIED,
                     "%.300s is protected, by @protect of '%s' or by `protect: true` in the "
                     "bindings: take that away and `ved apply`, then replace; nothing was touched",
                     address, object->place.where);
}

static int predict(const Stack *stack, Runtime *copy, const char *address, Error *err)
{
    ManualEdit edit = {.kind = MANUAL_REPLACE, .address = address};
    Effects effects;

    if (check_guarded(stack, copy, address, err) < 0)
        return err->code;
    effects_init(&effects);
    int code = manual_edit(copy, &edit, copy->time_ms, &effects, err);
    effects_deinit(&effects);
    return code;
}

int replacing_predict(const Stack *stack, Runtime *copy, const Options *options, Error *err)
{
    int code = 0;

    for (size_t i = 0; i < options->replace_count && code == 0; i++)
        code = predict(stack, copy, options->replaces[i], err);
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
