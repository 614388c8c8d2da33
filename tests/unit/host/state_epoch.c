#include "controller/host/state_epoch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/core/snapshot.h"
#include "controller/host/config.h"
#include "controller/host/state_salvage.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

#define PROGRAM "domain Shop { state { n: int } }"

static char *scratch, *folder;

static void begin(void)
{
    scratch = scratch_make();
    folder = scratch_path(scratch, "shop");
}

static void end(void)
{
    free(folder);
    scratch_remove(scratch);
}

TestSuite(state_epoch, .init = begin, .fini = end);

static StateDir *open_dir(const char *path)
{
    StateDirOptions options = {.stack = "shop", .command = "ved state restore newest"};
    StateDir *dir = NULL;
    Error err = {0};

    cr_assert_eq(state_dir_open(path, &options, &dir, &err), 0, "%s", err.message);
    return dir;
}

static void append(StateDir *dir, const char *payload)
{
    cr_assert_eq(journal_append(state_dir_journal(dir), payload, strlen(payload), NULL), 0);
    cr_assert_eq(journal_commit(state_dir_journal(dir), NULL), 0);
}

/* A checkpoint of an empty state of the program, and one record after it. */
static void make(const char *path)
{
    cleanup(program_free) Program *program = program_compile("shop.ved", PROGRAM, strlen(PROGRAM));
    cleanup(state_dir_close) StateDir *dir = open_dir(path);
    cleanup(buffer_deinit) Buffer state = {0};
    StateVisitor visitor = {0};
    StateRecovery recovery;

    cr_assert_eq(state_dir_recover(dir, &visitor, &recovery, NULL), 0);
    cr_assert_eq(state_dir_save_program(dir, 0, PROGRAM, strlen(PROGRAM), NULL), 0);
    append(dir, "{\"type\":\"begin\",\"at\":1}");
    Runtime *runtime = runtime_new(program, NULL, state_dir_lineage(dir));
    snapshot_write(runtime, &state);
    runtime_free(runtime);
    cr_assert_eq(state_dir_rotate(dir, buffer_text(&state), state.size, NULL), 0);
    append(dir, "{\"type\":\"begin\",\"at\":2}");
}

static Stack *open_stack(const char *path)
{
    StackOptions options = {.state_path = path, .plugin_dir = "/", .read_only = true};
    Stack *stack = NULL;
    Error err = {0};

    cr_assert_eq(stack_open(&options, NULL, config_new(), &stack, &err), 0, "%s", err.message);
    return stack;
}

static int begin_epoch(const char *from, NewEpoch *ret, Error *err)
{
    cleanup(state_dir_close) StateDir *dir = open_dir(folder);
    cleanup(stack_free) Stack *source = open_stack(from);

    return state_epoch_begin(dir, source, ret, err);
}

static void expect_epoch(uint64_t epoch, uint64_t position)
{
    cleanup(stack_free) Stack *stack = open_stack(folder);

    cr_assert_eq(stack->runtime->epoch, epoch);
    cr_assert_eq(stack->recovery.position, position);
}

Test(state_epoch, it_begins_above_all_that_was_and_keeps_that_aside)
{
    cleanup(new_epoch_deinit) NewEpoch first = {0}, second = {0};

    make(folder);
    cr_assert_eq(begin_epoch(folder, &first, NULL), 0);
    expect_epoch(2, 3);
    cr_assert_eq(first.position, 3);
    cleanup(stack_free) Stack *before = open_stack(first.aside);
    cr_assert_eq(before->runtime->epoch, 1);
    cr_assert_eq(before->recovery.position, 2);
    cr_assert_eq(begin_epoch(first.aside, &second, NULL), 0);
    expect_epoch(3, 4);
    cr_assert_str_neq(first.aside, second.aside);
}

Test(state_epoch, a_state_of_another_lineage_is_refused)
{
    cleanup(free) char *other = scratch_path(scratch, "other");
    cleanup(new_epoch_deinit) NewEpoch epoch = {0};
    Error err = {0};

    make(folder);
    make(other);
    cr_assert_eq(begin_epoch(other, &epoch, &err), ERROR_STALE);
    cr_assert_not_null(strstr(err.message, "lineage"));
    expect_epoch(1, 2);
}

/* The state is there, or is refused and what can be saved of it is all. */
static void expect_nothing_lost(int nth)
{
    cleanup(salvage_free) Salvage *salvage = NULL;
    cleanup(state_dir_close) StateDir *dir = open_dir(folder);
    StateVisitor nobody = {0};
    StateRecovery recovery;
    SalvagePoint point;

    if (state_dir_read(dir, STATE_NEWEST, &nobody, &recovery, NULL) >= 0) {
        cr_assert(recovery.position == 2 || recovery.position == 3, "crash %d", nth);
        return;
    }
    cr_assert_eq(salvage_read(folder, &salvage, NULL), 0);
    cr_assert_eq(salvage_point(salvage, SALVAGE_ALL, &point, NULL), 0);
    cr_assert_eq(point.position, 3, "crash %d", nth);
}

Test(state_epoch, a_crash_at_any_change_to_a_file_loses_nothing, .timeout = 60)
{
    int crashes = 0;

    for (int nth = 1;; nth++) {
        cleanup(new_epoch_deinit) NewEpoch epoch = {0};
        int status = 0;
        if (file_exists(folder))
            cr_assert_eq(folder_remove(folder, NULL), 0);
        make(folder);
        pid_t child = fork();
        if (child == 0) {
            scratch_crash_at(nth);
            _exit(begin_epoch(folder, &epoch, NULL) == 0 ? 0 : 1);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        expect_nothing_lost(nth);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        crashes++;
    }
    cr_assert_gt(crashes, 8);
}
