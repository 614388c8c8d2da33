/* A state folder of a test's own, and a caller whose state is a sum. Each file that includes it has
 * its own: TestSuite(NAME, .init = begin, .fini = end). */
#ifndef VED_TESTS_STATE_MODEL_H
#define VED_TESTS_STATE_MODEL_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/state_dir.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

static char *scratch, *folder;
static const StateDirOptions defaults = {.stack = "shop", .command = "ved apply shop.ved"};

static inline void begin(void)
{
    scratch = scratch_make();
    folder = scratch_path(scratch, ".ved/shop");
}

static inline void end(void)
{
    free(folder);
    scratch_remove(scratch);
}

/* A model of a caller: its state is the sum of the numbers in its records. */
typedef struct Model {
    long long sum;
    uint64_t checkpoint;
    uint64_t records;
    uint64_t last;
} Model;

static inline int on_checkpoint(void *user, uint64_t position, const char *state, size_t size,
                                Error *err)
{
    Model *model = user;
    cleanup(json_free) Json *json = NULL;
    int code = json_parse(state, size, &json, err);

    if (code < 0)
        return code;
    model->sum = json_get_int(json, "sum", -1);
    model->checkpoint = position;
    return 0;
}

static inline int on_record(void *user, uint64_t sequence, const char *payload, size_t size,
                            Error *err)
{
    Model *model = user;
    cleanup(json_free) Json *json = NULL;
    int code = json_parse(payload, size, &json, err);

    if (code < 0)
        return code;
    cr_assert_gt(sequence, model->last);
    model->last = sequence;
    model->sum += json_get_int(json, "add", 0);
    model->records++;
    return 0;
}

static inline StateVisitor visitor(Model *model)
{
    *model = (Model){0};
    return (StateVisitor){.on_checkpoint = on_checkpoint, .on_record = on_record, .user = model};
}

static inline StateDir *open_dir(const StateDirOptions *options)
{
    StateDir *dir = NULL;
    Error err = {0};

    cr_assert_eq(state_dir_open(folder, options, &dir, &err), 0, "%s", err.message);
    return dir;
}

static inline StateDir *recover(Model *model, StateRecovery *recovery)
{
    StateDir *dir = open_dir(&defaults);
    StateVisitor each = visitor(model);
    Error err = {0};

    cr_assert_geq(state_dir_recover(dir, &each, recovery, &err), 0, "%s", err.message);
    return dir;
}

static inline int add(StateDir *dir, long long number, Error *err)
{
    cleanup(free) char *payload = memory_format("{\"type\":\"slice\",\"add\":%lld}", number);
    Journal *journal = state_dir_journal(dir);
    int code = journal_append(journal, payload, strlen(payload), err);

    return code < 0 ? code : journal_commit(journal, err);
}

static inline int rotate(StateDir *dir, long long sum, Error *err)
{
    cleanup(free) char *state = memory_format("{\"sum\":%lld}", sum);

    return state_dir_rotate(dir, state, strlen(state), err);
}

/* Records 1 to `count` that add their numbers, a checkpoint after each `every`-th. */
static inline void fill(int count, int every)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);
    long long sum = 0;

    for (int i = 1; i <= count; i++) {
        cr_assert_eq(add(dir, i, NULL), 0);
        sum += i;
        if (every > 0 && i % every == 0)
            cr_assert_eq(rotate(dir, sum, NULL), 0);
    }
    state_dir_close(dir);
}

static inline void begin_with_program(const char *text)
{
    Model model;
    StateRecovery recovery;
    StateDir *dir = recover(&model, &recovery);

    cr_assert_eq(state_dir_save_program(dir, 0, text, strlen(text), NULL), 0);
    state_dir_close(dir);
}

static inline int refused(const StateDirOptions *options, Error *err)
{
    StateDir *dir = NULL;
    int code = state_dir_open(folder, options, &dir, err);

    cr_assert_lt(code, 0);
    cr_assert_null(dir);
    return code;
}

static inline int recovery_refused(Error *err)
{
    Model model;
    StateRecovery recovery;
    StateVisitor each = visitor(&model);
    StateDir *dir = open_dir(&defaults);
    int code = state_dir_recover(dir, &each, &recovery, err);

    state_dir_close(dir);
    return code;
}

static inline bool has(const char *name)
{
    cleanup(free) char *path = scratch_path(folder, name);

    return file_exists(path);
}

static inline void drop(const char *name)
{
    cleanup(free) char *path = scratch_path(folder, name);

    cr_assert_eq(unlink(path), 0, "%s", name);
}

#endif
