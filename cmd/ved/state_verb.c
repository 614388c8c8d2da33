#include "cmd/ved/state_verb.h"

#include <stdlib.h>

#include "controller/host/audit.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define BEHIND_SHOWN 100

void state_place_deinit(StatePlace *place)
{
    free(place->path);
    key_sources_deinit(&place->keys);
    *place = (StatePlace){0};
}

void state_invocation_close(StateInvocation *invocation)
{
    state_place_deinit(&invocation->place);
    free(invocation->plugin_dir);
    *invocation = (StateInvocation){0};
}

int state_verb_begin(StateInvocation *ret, Ui *ui, const Options *options, int args,
                     const char *usage, Error *err)
{
    cleanup(invocation_close) Invocation invocation = {0};
    cleanup(config_free) Config *config = NULL;
    const char *file = options->arg_count > args ? options->args[args] : NULL;

    *ret = (StateInvocation){.ui = ui, .options = options};
    if (options->arg_count < args || options->arg_count > args + 1)
        return error_set(err, ERROR_USAGE, "%d arguments, expected: %s", options->arg_count, usage);
    int code = invocation_find(&invocation, ui, options, file, &config, err);
    if (code < 0)
        return code;
    key_sources_copy(&config->keys, &ret->place.keys);
    ret->place.path = take(invocation.state_path);
    ret->plugin_dir = take(invocation.plugin_dir);
    return 0;
}

int state_verb_find(Ui *ui, const Options *options, int args, const char *usage, StatePlace *ret,
                    Error *err)
{
    StateInvocation invocation;
    int code = state_verb_begin(&invocation, ui, options, args, usage, err);

    if (code == 0) {
        *ret = invocation.place;
        invocation.place = (StatePlace){0};
    }
    state_invocation_close(&invocation);
    return code;
}

int state_verb_lock(const StateInvocation *invocation, StateDir **ret, Error *err)
{
    const Options *options = invocation->options;
    StateDirOptions dir = {.command = options->command,
                           .lock_timeout_ms = options->lock_timeout_ms,
                           .format = options->yaml_state ? STATE_YAML : STATE_JSON,
                           .keys = &invocation->place.keys};

    return state_dir_open(invocation->place.path, &dir, ret, err);
}

int state_verb_open(const StateInvocation *invocation, const char *path, Stack **ret, Error *err)
{
    StackOptions stack = {.state_path = path,
                          .command = invocation->options->command,
                          .plugin_dir = invocation->plugin_dir,
                          .read_only = true};
    Config *config = config_new();

    key_sources_copy(&invocation->place.keys, &config->keys);
    return stack_open(&stack, NULL, config, ret, err);
}

int state_verb_open_point(const StateInvocation *invocation, const StateDir *dir,
                          const Salvage *salvage, const SalvagePoint *point, char **ret_scratch,
                          Stack **ret, Error *err)
{
    *ret_scratch = memory_format("%s/.salvage", state_dir_path(dir));
    if (file_exists(*ret_scratch) && folder_remove(*ret_scratch, err) < 0)
        return err->code;
    if (salvage_build(salvage, point, *ret_scratch, err) < 0)
        return err->code;
    return state_verb_open(invocation, *ret_scratch, ret, err);
}

int state_verb_replace(const StateInvocation *invocation, const char *edit, StateDir *dir,
                       Stack *source, NewEpoch *ret, Error *err)
{
    cleanup(free) char *to =
        memory_format("the state at %llu", (unsigned long long)source->recovery.position);
    AuditEntry entry = {.command = invocation->options->command, .edit = edit, .to = to};

    if (audit_append(state_dir_path(dir), &entry, err) < 0)
        return err->code;
    return state_epoch_begin(dir, source, ret, err);
}

void state_verb_print_behind(Ui *ui, const Json *behind)
{
    size_t count = json_count(behind), shown = 0;

    for (const Json *m = json_first(behind); m != NULL && shown < BEHIND_SHOWN; m = json_next(m)) {
        cleanup(free) char *words = text_clean(json_get_string(m, "words", ""));
        ui_out(ui, "  %lld  %s line %lld: %s\n", (long long)json_get_int(m, "record", 0),
               json_get_string(m, "file", ""), (long long)json_get_int(m, "line", 0), words);
        shown++;
    }
    if (shown < count)
        ui_out(ui, "  ... and %zu more; --json lists all\n", count - shown);
}
