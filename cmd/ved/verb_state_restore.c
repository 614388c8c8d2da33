/* ved state restore: back to an earlier state, or to a copy of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/ved/document.h"
#include "cmd/ved/edit_verb.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/state_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define USAGE "ved state restore N | CHECKPOINT | DIR | newest [FILE]"

typedef struct Restore {
    StateInvocation invocation;
    StateDir *dir;
    Stack *source;
    char *scratch;
    Json *behind;
    NewEpoch epoch;
} Restore;

static void restore_deinit(Restore *restore)
{
    stack_free(restore->source);
    if (restore->scratch != NULL)
        folder_remove(restore->scratch, NULL);
    free(restore->scratch);
    state_dir_close(restore->dir);
    new_epoch_deinit(&restore->epoch);
    json_free(restore->behind);
    state_invocation_close(&restore->invocation);
}
#define restore_deinit_p restore_deinit

/* ---- where from ---- */

static bool is_number(const char *text, uint64_t *ret)
{
    char *end;

    *ret = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int open_position(Restore *restore, const char *folder, uint64_t position, Error *err)
{
    cleanup(salvage_free) Salvage *salvage = NULL;
    SalvagePoint point;

    if (salvage_read(folder, &salvage, err) < 0 ||
        salvage_point(salvage, position, &point, err) < 0)
        return err->code;
    return state_verb_open_point(&restore->invocation, restore->dir, salvage, &point,
                                 &restore->scratch, &restore->source, err);
}

/* A checkpoint's file stands for its folder at its position. */
static int open_file(Restore *restore, const char *path, Error *err)
{
    const char *slash = strrchr(path, '/');
    cleanup(free) char *folder =
        slash != NULL ? memory_copy_bytes(path, (size_t)(slash - path)) : memory_copy_string(".");
    StateFile file;

    if (!file_exists(path) || !state_file_parse(slash != NULL ? slash + 1 : path, &file) ||
        !state_file_is_checkpoint(&file))
        return error_set(err, ERROR_USAGE,
                         "state restore '%s': expected a position, a checkpoint's file, a state "
                         "folder or `newest`: " USAGE,
                         path);
    return open_position(restore, folder, file.position, err);
}

static int open_source(Restore *restore, const char *what, Error *err)
{
    uint64_t position = 0;

    if (is_number(what, &position))
        return open_position(restore, restore->invocation.place.path, position, err);
    if (strcmp(what, "newest") == 0)
        return state_verb_open(&restore->invocation, restore->invocation.place.path,
                               &restore->source, err);
    if (is_folder(what))
        return state_verb_open(&restore->invocation, what, &restore->source, err);
    return open_file(restore, what, err);
}

/* ---- what is left behind ---- */

static int behind_find(Restore *restore, Error *err)
{
    cleanup(salvage_free) Salvage *salvage = NULL;

    if (salvage_read(restore->invocation.place.path, &salvage, err) < 0)
        return err->code;
    restore->behind = salvage_behind(salvage, restore->source->recovery.position);
    return 0;
}

static void print_intent(Ui *ui, const Restore *restore)
{
    size_t count = json_count(restore->behind);

    ui_out(ui, "The state at %llu%s%s%s takes the place of what '%s' holds.\n",
           (unsigned long long)restore->source->recovery.position,
           restore->scratch == NULL ? " of '" : "",
           restore->scratch == NULL ? restore->source->state_path : "",
           restore->scratch == NULL ? "'" : "", restore->invocation.place.path);
    if (count > 0)
        ui_out(ui, "%zu records are left behind; what they did in the world stays done:\n", count);
    state_verb_print_behind(ui, restore->behind);
}

static void print_result(Ui *ui, const Options *options, const Restore *restore)
{
    cleanup(json_free) Json *json = json_new_object();

    json_set_string(json, "state", restore->invocation.place.path);
    json_set_int(json, "position", (int64_t)restore->source->recovery.position);
    json_set_int(json, "epoch", (int64_t)restore->epoch.epoch);
    json_set_string(json, "aside", restore->epoch.aside);
    json_set(json, "left", json_copy(restore->behind));
    if (!document_print_wanted(ui, options, json))
        ui_out(ui, "Restored: epoch %llu begins. The files of before are in '%s'.\n",
               (unsigned long long)restore->epoch.epoch, restore->epoch.aside);
}

ExitReasons verb_state_restore(Ui *ui, const Options *options)
{
    cleanup(restore_deinit) Restore restore = {0};
    Error err = {0};

    if (state_verb_begin(&restore.invocation, ui, options, 1, USAGE, &err) < 0 ||
        state_verb_lock(&restore.invocation, &restore.dir, &err) < 0 ||
        open_source(&restore, options->args[0], &err) < 0 || behind_find(&restore, &err) < 0)
        return fail(ui, &err);
    if (!options->json)
        print_intent(ui, &restore);
    if (edit_confirm(ui, options, &err) < 0 ||
        state_verb_replace(&restore.invocation, "restore", restore.dir, restore.source,
                           &restore.epoch, &err) < 0)
        return fail(ui, &err);
    print_result(ui, options, &restore);
    return 0;
}
