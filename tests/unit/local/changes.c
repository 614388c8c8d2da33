/* What the schema says of a changed argument is what a changed argument does: each parameter of
 * each effect is changed once. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/local/postgres_tools.h"
#include "tests/lib/local/fixture.h"

static Fixture fixture;

static void setup(void)
{
    fixture_init(&fixture, NULL);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(changes, .init = setup, .fini = teardown, .timeout = 180);

/* A text of the object as it is now, in which the new argument shows. */
typedef char *Look(void);

typedef struct Change {
    const char *parameter;
    const char *to;    /* JSON */
    Look *look;        /* NULL: for people only */
    const char *shows; /* in that text, afterwards and not before */
} Change;

/* "@" stands for the fixture's folder. */
static Json *arguments_of(const char *text)
{
    cleanup(buffer_deinit) Buffer full = {0};
    Json *json = NULL;

    for (; *text != '\0'; text++)
        if (*text == '@')
            buffer_add_string(&full, fixture.folder);
        else
            buffer_add_char(&full, *text);
    cr_assert_eq(json_parse(buffer_text(&full), full.size, &json, NULL), 0, "%s",
                 buffer_text(&full));
    return json;
}

static char *apply(const char *effect, const Json *arguments, int *ret)
{
    cleanup(free) char *text = json_text(arguments);
    const char *type = schema_type_of(fixture_effect(&fixture, effect), effect);

    *ret = fixture_reconcile(&fixture, type, UID_A, text);
    return fixture.reply.external_id != NULL ? memory_copy_string(fixture.reply.external_id) : NULL;
}

static bool shows(const Change *change)
{
    cleanup(free) char *text = change->look != NULL ? change->look() : NULL;

    return text != NULL && strstr(text, change->shows) != NULL;
}

static void expect_refused(const char *effect, const Change *change)
{
    cleanup(free) char *pointer = memory_format("/%s", change->parameter);

    cr_expect_str_eq(fixture.problem.code, "UNSUPPORTED_CHANGE", "%s %s", effect, pointer);
    cr_expect_str_eq(fixture.problem.outcome, "not_applied");
    cr_expect_str_eq(fixture.problem.pointer, pointer);
    cr_expect(strstr(fixture.problem.detail, change->parameter) != NULL, "%s",
              fixture.problem.detail);
    cr_expect(strstr(fixture.problem.detail, "replace") != NULL, "%s", fixture.problem.detail);
    const Json *parameter = schema_parameter(fixture_effect(&fixture, effect), change->parameter);
    cr_expect(json_get_string(parameter, "x-ved-because", "")[0] != '\0', "%s says why", pointer);
}

static bool is_unknown(const Json *value)
{
    return json_get(value, "$unknown") != NULL;
}

/* Nothing that was said to be known is otherwise, and every member was foreseen. */
static void expect_foreseen(const char *what, const Json *planned, const Json *state)
{
    for (const Json *m = json_first(planned); m != NULL; m = json_next(m)) {
        const Json *now = json_get(state, json_key(m));
        cr_expect_not_null(now, "%s: %s was planned", what, json_key(m));
        cr_expect(is_unknown(m) || json_equal(m, now), "%s: %s is otherwise", what, json_key(m));
    }
    for (const Json *m = json_first(state); m != NULL; m = json_next(m))
        cr_expect_not_null(json_get(planned, json_key(m)), "%s: %s was not planned", what,
                           json_key(m));
}

static void make_change(const char *effect, const Json *before, const Change *change)
{
    const Json *entry = fixture_effect(&fixture, effect);
    const Json *parameter = schema_parameter(entry, change->parameter);
    cleanup(json_free) Json *after = json_copy(before);
    cleanup(json_free) Json *value = arguments_of(change->to);
    int code;

    json_set(after, change->parameter, take(value));
    cleanup(free) char *id = apply(effect, before, &code);
    cr_assert_eq(code, 0, "%s: %s", effect, fixture.problem.detail);
    cr_expect_not(shows(change), "%s %s", effect, change->parameter);
    cleanup(free) char *text = json_text(after);
    bool is_disruptive = schema_is_disruptive(entry, before, after);
    cleanup(json_free) Json *planned =
        fixture_predict(&fixture, effect, UID_A, text, false, is_disruptive);
    cleanup(free) char *id_after = apply(effect, after, &code);
    if (json_get_bool(parameter, "x-ved-immutable", false)) {
        cr_assert_eq(code, -1, "%s %s", effect, change->parameter);
        expect_refused(effect, change);
        return;
    }
    cr_assert_eq(code, 0, "%s %s: %s", effect, change->parameter, fixture.problem.detail);
    cr_expect(change->look == NULL || shows(change), "%s %s", effect, change->parameter);
    cr_expect_eq(strcmp(id, id_after) == 0, !is_disruptive, "%s %s: %s, %s", effect,
                 change->parameter, id, id_after);
    expect_foreseen(change->parameter, planned, fixture.reply.state);
}

/* Every parameter of the schema is in the table, and everything in the table is a parameter. */
static void expect_all(const char *effect, const Change *changes, size_t count)
{
    const Json *parameters = json_get(fixture_effect(&fixture, effect), "parameters");
    const Json *properties = json_get(parameters, "properties");

    cr_expect_eq(json_count(properties), count, "%s", effect);
    for (size_t i = 0; i < count; i++)
        cr_expect_not_null(json_get(properties, changes[i].parameter), "%s %s", effect,
                           changes[i].parameter);
}

static void make_changes(const char *effect, const char *base, const Change *changes, size_t count)
{
    cleanup(json_free) Json *before = arguments_of(base);
    cleanup(free) char *text = json_text(before);
    cleanup(json_free) Json *planned = fixture_predict(&fixture, effect, UID_A, text, true, false);
    int code;

    expect_all(effect, changes, count);
    free(apply(effect, before, &code));
    cr_assert_eq(code, 0, "%s", fixture.problem.detail);
    expect_foreseen("a new one", planned, fixture.reply.state);
    for (size_t i = 0; i < count; i++)
        make_change(effect, before, &changes[i]);
}

static char *look_at_file(void)
{
    cleanup(buffer_deinit) Buffer text = {0};
    struct stat info;

    cr_assert_eq(file_read(fixture_path(&fixture, "f"), 4096, &text, NULL), 0);
    cr_assert_eq(stat(fixture_path(&fixture, "f"), &info), 0);
    return memory_format("%s %o", buffer_text(&text), info.st_mode & 07777);
}

Test(changes, of_a_file)
{
    static const Change changes[] = {
        {"name", "\"x\"", NULL, NULL},
        {"path", "\"@/g\"", NULL, NULL},
        {"content", "\"hullo\"", look_at_file, "hullo"},
        {"mode", "\"0600\"", look_at_file, " 600"},
    };

    make_changes("WriteFile", "{\"path\":\"@/f\",\"content\":\"hello\"}", changes,
                 ARRAY_SIZE(changes));
}

static char *look_at_folder(void)
{
    struct stat info;

    cr_assert_eq(stat(fixture_path(&fixture, "d"), &info), 0);
    return memory_format("%o", info.st_mode & 07777);
}

Test(changes, of_a_folder)
{
    static const Change changes[] = {
        {"name", "\"x\"", NULL, NULL},
        {"path", "\"@/e\"", NULL, NULL},
        {"mode", "\"0700\"", look_at_folder, "700"},
    };

    make_changes("CreateDirectory", "{\"path\":\"@/d\"}", changes, ARRAY_SIZE(changes));
}

/* The last line of its log, which says how it was started. */
static char *look_at_log(void)
{
    cleanup(free) char *log = memory_copy_string(fixture_string(&fixture, "log"));
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(file_read(log, 65536, &text, NULL), 0);
    const char *last = strrchr(buffer_text(&text), '#');
    return memory_copy_string(last != NULL ? last : "");
}

static char *look_at_record(void)
{
    cleanup(buffer_deinit) Buffer text = {0};

    cr_assert_eq(
        file_read(fixture_path(&fixture, "process/" UID_A "/object.json"), 65536, &text, NULL), 0);
    return memory_copy_string(buffer_text(&text));
}

static const Change process_changes[] = {
    {"name", "\"x\"", look_at_record, "\"name\":\"x\""},
    {"command", "\"echo '# other'; exec sleep 600\"", look_at_log, "other"},
    {"env", "{\"A\":\"2\"}", look_at_log, "A=2"},
    {"ports", "[18262]", look_at_log, "PORT=18262"},
    {"working_dir", "\"/usr\"", look_at_log, "PWD=/usr"},
    {"health", "{\"tcp\":false,\"timeout_s\":7}", NULL, NULL},
    {"stop_timeout_s", "3", look_at_record, "\"stop_timeout_s\":3"},
};

static const char process_base[] =
    "{\"command\":\"echo \\\"# A=$A PORT=$PORT PWD=$PWD\\\"; exec sleep "
    "600\",\"env\":{\"A\":\"1\"},"
    "\"ports\":[18261],\"health\":{\"tcp\":false},\"working_dir\":\"/\"}";

Test(changes, of_a_process)
{
    make_changes("RunProcess", process_base, process_changes, ARRAY_SIZE(process_changes));
}

Test(changes, of_an_application)
{
    make_changes("StartAppContainer", process_base, process_changes, ARRAY_SIZE(process_changes));
}

Test(changes, of_a_database)
{
    static const Change changes[] = {
        {"name", "\"x\"", NULL, NULL},
        {"version", "9", NULL, NULL},
        {"database", "\"other\"", NULL, NULL},
        {"user", "\"other\"", NULL, NULL},
    };
    PostgresTools tools;

    if (postgres_tools_find("/usr/lib/postgresql", 0, &tools, NULL) < 0)
        cr_skip_test("PostgreSQL is not installed");
    postgres_tools_deinit(&tools);
    make_changes("CreatePostgres", "{}", changes, ARRAY_SIZE(changes));
}
