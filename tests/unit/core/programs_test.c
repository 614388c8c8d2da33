/* Whole programs in the manner of a control plane, each with its final state asserted.
 *
 * Every tests/programs/NAME.ved says in comments what it comes to:
 *     // final Domain.field = text         // final Domain["key"].field = text
 *     // final goal Domain.Goal is status
 *     // calls Infra.Effect = 3            different operations that reached the provider, releases
 * too
 *     // objects = 2                       that exist at the end
 *     // instances Domain = 4              // deadletters Domain = 1
 *     // check warning[V-WRN-010]          what the compiler says beside notes
 *     // refused V-ERR-001                 it does not compile, and that is why
 * and what happens to it:
 *     // action Infra.Effect               leaves no object
 *     // fail Infra.Effect 3               the next three fail
 *     // lose 60s ADDRESS                  the object of that address is lost at that time
 *     // until 10m                         run so long, timers included; else until nothing is left
 * `// apply` is for the script that runs the same programs by the real command. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/duration.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "tests/lib/core/crash.h"

#define PROGRAMS "tests/programs"
#define PROGRAMS_LEAST 30
#define LINE_MAX_SIZE 512
#define CRASHES_LEAST 10 /* places at which each is cut off */

typedef struct Story {
    const char *path;
    Buffer text;
    World *world;
    uint64_t until_ms;
    size_t finals;
} Story;

/* ---- the comments ---- */

typedef void DirectiveFunction(Story *story, char *rest);

typedef struct Directive {
    const char *word;
    DirectiveFunction *function;
} Directive;

/* Cut `text` at the last `sign`; the part behind it. */
static char *cut(const Story *story, char *text, const char *sign)
{
    char *at = NULL;

    for (char *found = strstr(text, sign); found != NULL; found = strstr(found + 1, sign))
        at = found;
    cr_assert_not_null(at, "%s: expected '%s' in '%s'", story->path, sign, text);
    *at = '\0';
    return at + strlen(sign);
}

static void each_directive(Story *story, const Directive *directives)
{
    const char *line = buffer_text(&story->text);
    char copy[LINE_MAX_SIZE];

    for (; strncmp(line, "//", 2) == 0; line = strchr(line, '\n') + 1) {
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        for (const Directive *d = directives; d->word != NULL; d++) {
            size_t size = strlen(d->word);
            if (strncmp(copy + 3, d->word, size) == 0 && copy[3 + size] == ' ')
                d->function(story, copy + 3 + size + 1);
        }
    }
}

/* ---- what happens to it ---- */

static void do_action(Story *story, char *rest)
{
    world_action(story->world, rest);
}

static void do_fail(Story *story, char *rest)
{
    size_t count = strtoul(cut(story, rest, " "), NULL, 10);

    world_fail_next(story->world, rest, count);
}

static uint64_t duration_of(const Story *story, const char *text)
{
    int64_t ms = 0;

    cr_assert(duration_parse(text, &ms), "%s: '%s' is no duration", story->path, text);
    return (uint64_t)ms;
}

static void do_lose(Story *story, char *rest)
{
    char *address = strchr(rest, ' ');

    *address++ = '\0';
    world_lose_at(story->world, world_now(story->world) + duration_of(story, rest), address);
}

static void do_until(Story *story, char *rest)
{
    story->until_ms = world_now(story->world) + duration_of(story, rest);
}

/* ---- what it comes to ---- */

/* "Domain.name" or "Domain["key"].name": the instance, and the name behind it. */
static const Instance *instance_of(const Story *story, char *path, const char **ret_name)
{
    char *name = cut(story, path, "."), *bracket = strchr(path, '['), *key = NULL;

    if (bracket != NULL) {
        *bracket = '\0';
        key = bracket + 2;
        key[strcspn(key, "\"")] = '\0';
    }
    const Instance *instance = runtime_find(world_runtime(story->world), path, key);
    cr_assert_not_null(instance, "%s: no instance %s", story->path, path);
    *ret_name = name;
    return instance;
}

static void expect_goal(Story *story, char *rest)
{
    char *status = cut(story, rest, " is ");
    const char *name;
    const Instance *instance = instance_of(story, rest, &name);
    int goal = domain_find_goal(instance->domain, name);

    cr_assert_geq(goal, 0, "%s: no goal %s", story->path, name);
    const char *found = goal_status_name(goal_status(instance, (uint32_t)goal));
    cr_expect_str_eq(found, status, "%s: goal %s is %s, expected %s", story->path, name, found,
                     status);
}

static void expect_final(Story *story, char *rest)
{
    cleanup(buffer_deinit) Buffer found = {0};
    const char *name;

    story->finals++;
    if (strncmp(rest, "goal ", 5) == 0) {
        expect_goal(story, rest + 5);
        return;
    }
    char *text = strstr(rest, " = ");
    cr_assert_not_null(text, "%s: expected ' = ' in '%s'", story->path, rest);
    *text = '\0';
    text += 3;
    const Instance *instance = instance_of(story, rest, &name);
    int field = domain_find_field(instance->domain, name);
    cr_assert_geq(field, 0, "%s: no field %s", story->path, name);
    value_print(&found, instance->fields[field]);
    cr_expect_str_eq(buffer_text(&found), text, "%s: %s is %s, expected %s", story->path, name,
                     buffer_text(&found), text);
}

static void expect_count(const Story *story, const char *what, size_t found, const char *text)
{
    cr_expect_eq(found, strtoul(text, NULL, 10), "%s: %zu %s, expected %s", story->path, found,
                 what, text);
}

static void expect_calls(Story *story, char *rest)
{
    char *count = cut(story, rest, " = ");

    expect_count(story, rest, world_operations(story->world, rest), count);
}

static void expect_objects(Story *story, char *rest)
{
    const Runtime *runtime = world_runtime(story->world);
    size_t found = 0;

    for (size_t i = 0; i < runtime->object_count; i++)
        found += runtime->objects[i]->exists;
    expect_count(story, "objects", found, rest + strlen("= "));
}

static void expect_instances(Story *story, char *rest)
{
    char *count = cut(story, rest, " = ");
    size_t found = 0;

    for (const Instance *i = instance_first(world_runtime(story->world)); i != NULL;
         i = instance_next(i))
        found += strcmp(i->domain->name, rest) == 0;
    expect_count(story, "instances", found, count);
}

static void expect_dead_letters(Story *story, char *rest)
{
    char *count = cut(story, rest, " = "), *bracket = strchr(rest, '['), *key = NULL;

    if (bracket != NULL) {
        *bracket = '\0';
        key = bracket + 2;
        key[strcspn(key, "\"")] = '\0';
    }
    const Instance *instance = runtime_find(world_runtime(story->world), rest, key);
    cr_assert_not_null(instance, "%s: no instance %s", story->path, rest);
    expect_count(story, "dead letters", instance->has->dead_letter_count, count);
}

static const Directive before[] = {
    {"action", do_action}, {"fail", do_fail}, {"lose", do_lose}, {"until", do_until}, {NULL, NULL}};
static const Directive after[] = {{"final", expect_final},
                                  {"calls", expect_calls},
                                  {"objects", expect_objects},
                                  {"instances", expect_instances},
                                  {"deadletters", expect_dead_letters},
                                  {NULL, NULL}};

/* ---- what the compiler says ---- */

static bool says(const Story *story, const char *severity, const char *code)
{
    cleanup(free) char *line = memory_format("// check %s[%s]", severity, code);

    return strstr(buffer_text(&story->text), line) != NULL;
}

/* False: it does not compile, as it says itself. */
static bool compiles(Story *story)
{
    const char *refused = strstr(buffer_text(&story->text), "\n// refused ");
    Program *program = program_compile(story->path, buffer_text(&story->text), story->text.size);
    bool valid = program->valid, found = false;
    cleanup(buffer_deinit) Buffer said = {0};

    diagnostics_print(&program->diagnostics, false, &said);
    for (size_t i = 0; i < program->diagnostics.count; i++) {
        const Diagnostic *d = &program->diagnostics.items[i];
        if (refused != NULL)
            found |= strncmp(refused + strlen("\n// refused "), d->code, strlen(d->code)) == 0;
        else if (d->severity == SEVERITY_WARNING || d->severity == SEVERITY_LINT)
            cr_expect(says(story, d->severity == SEVERITY_LINT ? "lint" : "warning", d->code), "%s",
                      buffer_text(&said));
    }
    if (refused != NULL)
        cr_expect(!valid && found, "%s: is not refused for that\n%s", story->path,
                  buffer_text(&said));
    else
        cr_expect(valid, "%s", buffer_text(&said));
    program_free(program);
    return valid && refused == NULL;
}

/* ---- stories ---- */

/* To its end. False: it does not compile, as it says itself. */
static bool story_begin(Story *story, const char *path)
{
    *story = (Story){.path = path};
    cr_assert_eq(file_read(path, 1 << 20, &story->text, NULL), 0);
    if (!compiles(story))
        return false;
    story->world = world_new(buffer_text(&story->text));
    each_directive(story, before);
    if (story->until_ms != 0)
        world_run_until(story->world, story->until_ms);
    else
        world_run(story->world);
    return true;
}

static void story_end(Story *story)
{
    if (story->world != NULL)
        world_free(story->world);
    buffer_deinit(&story->text);
}

typedef struct Path {
    char text[300];
} Path;

#define PATHS_MAX 200

/* Called in the parent and in every child; the order does not matter. */
static struct criterion_test_params paths_all(void)
{
    static Path paths[PATHS_MAX];
    DIR *dir = opendir(PROGRAMS);
    size_t count = 0;

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".ved") == 0 && count < PATHS_MAX)
            snprintf(paths[count++].text, sizeof paths->text, "%s/%s", PROGRAMS, entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return cr_make_param_array(Path, paths, count);
}

ParameterizedTestParameters(programs, comes_to_what_it_says)
{
    return paths_all();
}

ParameterizedTest(Path *path, programs, comes_to_what_it_says, .timeout = 60)
{
    Story story;

    if (story_begin(&story, path->text)) {
        each_directive(&story, after);
        cr_expect_gt(story.finals, 0, "%s says nothing about its end", story.path);
    }
    story_end(&story);
}

ParameterizedTestParameters(programs, comes_to_the_same_after_a_crash)
{
    return paths_all();
}

static void expect_the_same(World *world, const Crash *crash, void *context)
{
    const Story *whole = context;
    cleanup(free) char *path =
        memory_format("%s, after %zu records (snapshot %d, sent %d)", whole->path, crash->records,
                      crash->from_snapshot, crash->sent);
    Story story = {.path = path, .text = whole->text, .world = world};

    each_directive(&story, after);
    cr_expect_eq(world_operations(world, NULL), world_operations(whole->world, NULL),
                 "%s: %zu operations, expected %zu\n%s", path, world_operations(world, NULL),
                 world_operations(whole->world, NULL), world_trace(world));
}

ParameterizedTest(Path *path, programs, comes_to_the_same_after_a_crash, .timeout = 60)
{
    Story story;

    if (story_begin(&story, path->text))
        crash_each(story.world, story.until_ms, world_records(story.world) / CRASHES_LEAST + 1,
                   expect_the_same, &story);
    story_end(&story);
}

Test(programs, are_many)
{
    DIR *dir = opendir(PROGRAMS);
    size_t count = 0;

    cr_assert_not_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strstr(entry->d_name, ".ved") != NULL;
    closedir(dir);
    cr_expect_geq(count, PROGRAMS_LEAST, "only %zu programs", count);
}
