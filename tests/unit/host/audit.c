#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "controller/host/audit.h"
#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

static char folder[] = "/tmp/ved-audit-XXXXXX";
static char *path;

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    path = memory_format("%s/audit.ndjson", folder);
}

static void teardown(void)
{
    folder_remove(folder, NULL);
    free(path);
}

TestSuite(audit, .init = setup, .fini = teardown);

static void append(const char *edit, const char *to)
{
    AuditEntry entry = {
        .command = "ved \"x\"\n", .edit = edit, .address = "D.Make[\"a\"]", .to = to};
    Error err = {0};

    cr_assert_eq(audit_append(folder, &entry, &err), 0, "%s", err.message);
}

/* The line, which must be whole; the caller frees it. */
static Json *line(const char *text, size_t index)
{
    Json *json = NULL;

    for (; index > 0; index--)
        text = strchr(text, '\n') + 1;
    cr_assert_eq(json_parse(text, strcspn(text, "\n"), &json, NULL), 0);
    return json;
}

Test(audit, a_line_says_who_did_what)
{
    cleanup(buffer_deinit) Buffer text = {0};

    append("forget", NULL);
    append("move", "D.Make[\"b\"]");
    cr_assert_eq(file_read(path, 65536, &text, NULL), 0);
    cleanup(json_free) Json *first = line(buffer_text(&text), 0);
    cleanup(json_free) Json *second = line(buffer_text(&text), 1);
    cr_expect_str_eq(json_get_string(first, "edit", ""), "forget");
    cr_expect_str_eq(json_get_string(first, "command", ""), "ved \"x\"\n");
    cr_expect_str_eq(json_get_string(first, "address", ""), "D.Make[\"a\"]");
    cr_expect_null(json_get(first, "to"));
    cr_expect_eq(json_get_int(first, "uid", -1), (int64_t)getuid());
    cr_expect_eq(json_get_int(first, "pid", -1), (int64_t)getpid());
    cr_expect_str_eq(json_get_string(second, "to", ""), "D.Make[\"b\"]");
    cr_expect_eq(text.bytes[text.size - 1], '\n');
}

Test(audit, a_line_that_a_crash_cut_short_spoils_no_other)
{
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(file_replace(path, "{\"at\":\"20", 9, 0600, NULL), 0);
    append("forget", NULL);
    append("forget", NULL);
    cr_assert_eq(file_read(path, 65536, &text, NULL), 0);
    json_free(line(buffer_text(&text), 1));
    json_free(line(buffer_text(&text), 2));
}

Test(audit, without_a_folder_it_fails)
{
    AuditEntry entry = {.command = "", .edit = "forget", .address = "D"};
    cleanup(free) char *missing = memory_format("%s/missing", folder);
    Error err = {0};

    cr_expect_lt(audit_append(missing, &entry, &err), 0);
    cr_expect_not_null(strstr(err.message, "audit.ndjson"));
}
