#include "controller/host/state_history.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

static char *scratch, *folder;
static StateDir *dir;
static Json *history;

static void begin(void)
{
    StateDirOptions options = {.stack = "shop", .command = "ved apply shop.ved"};
    StateVisitor visitor = {0};
    StateRecovery recovery;
    Error err = {0};

    scratch = scratch_make();
    folder = scratch_path(scratch, "shop");
    cr_assert_eq(state_dir_open(folder, &options, &dir, &err), 0, "%s", err.message);
    cr_assert_eq(state_dir_recover(dir, &visitor, &recovery, &err), 0, "%s", err.message);
    cr_assert_eq(state_dir_save_program(dir, 0, "first", 5, NULL), 0);
}

static void end(void)
{
    json_free(history);
    state_dir_close(dir);
    free(folder);
    scratch_remove(scratch);
}

TestSuite(state_history, .init = begin, .fini = end);

static void add(const char *payload)
{
    cr_assert_eq(journal_append(state_dir_journal(dir), payload, strlen(payload), NULL), 0);
    cr_assert_eq(journal_commit(state_dir_journal(dir), NULL), 0);
}

static void read_history(const char *domain, size_t limit)
{
    HistoryOptions options = {.domain = domain, .limit = limit};
    Error err = {0};

    json_free(take(history));
    cr_assert_eq(state_history(dir, &options, &history, &err), 0, "%s", err.message);
}

static void expect(size_t at, int64_t sequence, const char *type)
{
    const Json *entry = json_at(history, at);

    cr_assert_eq(json_get_int(entry, "sequence", 0), sequence);
    cr_assert_str_eq(json_get_string(entry, "type", ""), type);
}

/* Two slices with effects whose records stand between each other's; the second ends first. */
static void add_two_slices(void)
{
    add("{\"type\":\"prepare\",\"at\":1000,\"domain\":\"A\",\"slice\":1,\"cause\":{\"by\":\"boot\"}"
        ","
        "\"set\":{},\"out\":[],\"intents\":[{\"intent\":1,\"verb\":\"put\",\"address\":\"A.X[0]\"}]"
        ","
        "\"awaits\":true}");
    add("{\"type\":\"prepare\",\"at\":1000,\"domain\":\"B\",\"key\":\"k\",\"slice\":2,\"cause\":{"
        "\"by\":\"boot\"},\"set\":{},\"out\":[],\"intents\":[{\"intent\":2,\"verb\":\"put\","
        "\"address\":\"B.X[0]\"}],\"awaits\":true}");
    add("{\"type\":\"answer\",\"at\":1500,\"intent\":2,\"outcome\":\"failed\",\"text\":\"no\"}");
    add("{\"type\":\"abort\",\"at\":1500,\"domain\":\"B\",\"key\":\"k\",\"slice\":2,\"text\":"
        "\"no\"}");
    add("{\"type\":\"answer\",\"at\":2000,\"intent\":1,\"outcome\":\"applied\",\"external_id\":"
        "\"x\"}");
    add("{\"type\":\"prepare\",\"at\":2000,\"domain\":\"A\",\"slice\":1,\"cause\":{\"by\":\"boot\"}"
        ","
        "\"set\":{\"n\":7,\"word\":{\"$secret\":\"canary\"}},\"out\":[{\"event\":\"Made\"}],"
        "\"intents\":[]}");
    add("{\"type\":\"commit\",\"at\":2000,\"domain\":\"A\",\"slice\":1}");
}

Test(state_history, a_slice_with_effects_is_one_entry_where_it_committed)
{
    add_two_slices();
    read_history(NULL, 0);
    cr_assert_eq(json_count(history), 2);
    expect(0, 4, "abort");
    expect(1, 7, "commit");
    const Json *entry = json_at(history, 1);
    cr_assert_str_eq(json_get_string(entry, "at", ""), "1970-01-01T00:00:02.000Z");
    const Json *effect = json_at(json_get(entry, "effects"), 0);
    cr_assert_str_eq(json_get_string(effect, "address", ""), "A.X[0]");
    cr_assert_str_eq(json_get_string(effect, "outcome", ""), "applied");
    cr_assert_eq(json_get_int(json_get(entry, "changes"), "n", 0), 7);
    cr_assert_str_eq(json_string(json_at(json_get(entry, "said"), 0), ""), "Made");
    cr_assert_str_eq(json_get_string(json_at(history, 0), "text", ""), "no");
}

Test(state_history, a_secret_is_not_in_it)
{
    add_two_slices();
    read_history(NULL, 0);
    cleanup(free) char *text = json_text(history);
    cr_assert_null(strstr(text, "canary"));
    cr_assert_not_null(strstr(text, "(sensitive)"));
}

Test(state_history, one_domain_and_the_last_entries_can_be_asked_for)
{
    add_two_slices();
    for (int i = 0; i < 10; i++)
        add("{\"type\":\"slice\",\"at\":3000,\"domain\":\"B\",\"slice\":3,\"set\":{}}");
    read_history("A", 0);
    cr_assert_eq(json_count(history), 1);
    read_history("B", 0);
    cr_assert_eq(json_count(history), 11);
    for (size_t limit = 1; limit < 12; limit++) {
        read_history(NULL, limit);
        cr_assert_eq(json_count(history), limit);
        expect(limit - 1, 17, "slice");
        expect(0, limit < 11 ? 18 - (int64_t)limit : 7, limit < 11 ? "slice" : "commit");
    }
}

Test(state_history, what_is_under_way_comes_last_and_says_so)
{
    add("{\"type\":\"prepare\",\"at\":1000,\"domain\":\"A\",\"slice\":1,\"set\":{},\"intents\":[]"
        "}");
    add("{\"type\":\"slice\",\"at\":3000,\"domain\":\"B\",\"slice\":2,\"set\":{}}");
    add("{\"type\":\"destroy\",\"at\":3000,\"intents\":[{\"intent\":4,\"verb\":\"delete\","
        "\"address\":\"A.X[0]\"}]}");
    read_history(NULL, 0);
    cr_assert_eq(json_count(history), 3);
    expect(0, 2, "slice");
    expect(1, 1, "prepare");
    expect(2, 3, "destroy");
    cr_assert(json_get_bool(json_at(history, 2), "open", false));
    add("{\"type\":\"answer\",\"at\":4000,\"intent\":4,\"outcome\":\"applied\"}");
    read_history(NULL, 0);
    expect(1, 4, "destroy");
    cr_assert_not(json_get_bool(json_at(history, 1), "open", false));
}

Test(state_history, it_reaches_back_over_checkpoints)
{
    add("{\"type\":\"slice\",\"at\":1000,\"domain\":\"A\",\"slice\":1,\"set\":{\"n\":1}}");
    cr_assert_eq(state_dir_rotate(dir, "{}", 2, NULL), 0);
    add("{\"type\":\"slice\",\"at\":2000,\"domain\":\"A\",\"slice\":2,\"set\":{\"n\":2}}");
    read_history(NULL, 0);
    cr_assert_eq(json_count(history), 2);
    expect(0, 1, "slice");
    expect(1, 2, "slice");
}
