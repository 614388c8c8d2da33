#include "controller/host/state_rekey.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/host/vault.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

#define RECORD "{\"type\":\"start\",\"set\":{\"a\":{\"$secret\":\"canary\"},\"b\":1}}"
#define STATE "{\"a\":{\"$secret\":\"canary\"}}"

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

TestSuite(state_rekey, .init = begin, .fini = end);

static StateDir *open_dir(const KeySources *keys)
{
    StateDirOptions options = {.stack = "shop", .command = "ved state rekey", .keys = keys};
    StateDir *dir = NULL;
    Error err = {0};

    cr_assert_eq(state_dir_open(folder, &options, &dir, &err), 0, "%s", err.message);
    return dir;
}

static void add(StateDir *dir)
{
    Error err = {0};

    cr_assert_eq(state_dir_append(dir, RECORD, strlen(RECORD), &err), 0, "%s", err.message);
    cr_assert_eq(journal_commit(state_dir_journal(dir), &err), 0);
}

/* journal-0 with two records, checkpoint-2, journal-2 with two. */
static void make(void)
{
    cleanup(state_dir_close) StateDir *dir = open_dir(NULL);
    StateVisitor nobody = {0};
    StateRecovery recovery;

    cr_assert_eq(state_dir_recover(dir, &nobody, &recovery, NULL), 0);
    add(dir);
    add(dir);
    cr_assert_eq(state_dir_rotate(dir, STATE, strlen(STATE), NULL), 0);
    add(dir);
    add(dir);
}

static int on_checkpoint(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    (void)user;
    (void)position;
    (void)size;
    (void)err;
    cr_assert_not_null(strstr(state, "\"canary\""));
    return 0;
}

static int on_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    (void)sequence;
    (void)size;
    (void)err;
    cr_assert_str_eq(payload, RECORD);
    ++*(int *)user;
    return 0;
}

/* All is as it was, from the first record on. */
static void expect_whole(const KeySources *keys)
{
    cleanup(state_dir_close) StateDir *dir = open_dir(keys);
    int count = 0;
    StateVisitor visitor = {.on_checkpoint = on_checkpoint, .on_record = on_record, .user = &count};
    StateRecovery recovery;
    Error err = {0};

    cr_assert_geq(state_dir_read(dir, 0, &visitor, &recovery, &err), 0, "%s", err.message);
    cr_assert_eq(count, 4);
    cr_assert_geq(state_dir_read(dir, STATE_NEWEST, &visitor, &recovery, &err), 0);
    cr_assert_eq(recovery.position, 4);
}

static int rekey(const KeySources *keys, RekeyReport *ret)
{
    cleanup(state_dir_close) StateDir *dir = open_dir(keys);

    return state_rekey(dir, ret, NULL);
}

/* How many of the folder's files have the text in them. */
static int files_with(const char *text)
{
    static const char *const names[] = {"journal-0.ndjson", "journal-2.ndjson",
                                        "checkpoint-2.json"};
    int count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        cleanup(buffer_deinit) Buffer bytes = {0};
        cleanup(free) char *path = scratch_path(folder, names[i]);
        scratch_read(path, &bytes);
        count += memmem(bytes.bytes, bytes.size, text, strlen(text)) != NULL;
    }
    return count;
}

Test(state_rekey, everything_is_sealed_anew_and_says_the_same)
{
    cleanup(rekey_report_deinit) RekeyReport first = {0}, second = {0};

    make();
    cr_assert_eq(files_with("canary"), 0);
    cr_assert_eq(rekey(NULL, &first), 0);
    cr_assert_eq(first.files, 3);
    cr_assert_eq(files_with(first.key), 3);
    expect_whole(NULL);
    cr_assert_eq(rekey(NULL, &second), 0);
    cr_assert_eq(files_with(first.key), 0);
    cr_assert_eq(files_with(second.key), 3);
    expect_whole(NULL);
}

Test(state_rekey, a_named_key_takes_the_place_of_the_folders_own)
{
    cleanup(free) char *path = scratch_path(scratch, "key");
    cleanup(free) char *own = scratch_path(folder, VAULT_KEY_FILE);
    cleanup(rekey_report_deinit) RekeyReport report = {0};
    const char *key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    KeySources keys = {.current.file = path};

    make();
    cr_assert(file_exists(own));
    scratch_write(path, key, strlen(key));
    expect_whole(&keys);
    cr_assert_eq(rekey(&keys, &report), 0);
    cr_assert_not(file_exists(own));
    expect_whole(&keys);
}

Test(state_rekey, a_crash_at_any_change_to_a_file_loses_nothing, .timeout = 60)
{
    int crashes = 0, status;

    make();
    for (int nth = 1;; nth++) {
        cleanup(rekey_report_deinit) RekeyReport report = {0};
        pid_t child = fork();
        if (child == 0) {
            scratch_crash_at(nth);
            _exit(rekey(NULL, &report) == 0 ? 0 : 1);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        expect_whole(NULL);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        crashes++;
    }
    cr_assert_gt(crashes, 8);
}
