/* Plugins as shell scripts that are asked for their schema. */
#include "controller/host/plugin_schema.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "scratch.h"

#define LIMIT_MS 10000

static char *folder, *program;

static void make_folder(void)
{
    folder = scratch_make();
    program = scratch_path(folder, "plugin");
}

static void remove_folder(void)
{
    free(program);
    scratch_remove(folder);
}

TestSuite(plugin_schema, .init = make_folder, .fini = remove_folder);

static int ask(const char *script, int64_t limit_ms, ProviderSchema **ret, Error *err)
{
    scratch_write(program, script, strlen(script));
    cr_assert_eq(chmod(program, 0700), 0);
    return plugin_schema_ask(program, "{\"a\":1}", limit_ms, ret, err);
}

static void refuse(const char *script, int64_t limit_ms, const char *words)
{
    ProviderSchema *schema = NULL;
    Error err = {0};

    cr_assert_lt(ask(script, limit_ms, &schema, &err), 0);
    cr_assert_null(schema);
    cr_assert_not_null(strstr(err.message, words), "%s", err.message);
    cr_assert_not_null(strstr(err.message, program), "%s", err.message);
}

Test(plugin_schema, is_what_the_program_prints_when_asked_with_its_config)
{
    cleanup(provider_schema_free) ProviderSchema *schema = NULL;
    Error err = {0};

    cr_assert_eq(ask("#!/bin/sh\n"
                     "[ \"$*\" = '--schema --config {\"a\":1}' ] || exit 1\n"
                     "read line && exit 2\n"
                     "echo '{\"effects\":{\"E\":{}}}'\n",
                     LIMIT_MS, &schema, &err),
                 0, "%s", err.message);
    cr_assert_str_eq(schema_effect_at(schema, 0)->name, "E");
}

Test(plugin_schema, of_a_program_that_fails_is_none)
{
    refuse("#!/bin/sh\necho '{\"effects\":{}}'\nexit 3\n", LIMIT_MS, "ended with code 3");
    refuse("#!/bin/sh\necho no >&2\necho '2026-01-01T00:00:00.000Z bad config' >&2\nexit 65\n",
           LIMIT_MS, "it ended with code 65: bad config");
    refuse("#!/bin/sh\nkill -9 $$\n", LIMIT_MS, "was killed by signal 9");
    refuse("#!/nowhere\n", LIMIT_MS, "No such file");
}

Test(plugin_schema, of_a_program_that_prints_something_else_is_none)
{
    refuse("#!/bin/sh\necho https://127.0.0.1:1\n", LIMIT_MS, "--schema");
    refuse("#!/bin/sh\n", LIMIT_MS, "--schema");
    refuse("#!/bin/sh\necho '{}'\n", LIMIT_MS, "it has no effects");
    refuse("#!/bin/sh\nexec head -c 20000000 /dev/zero\n", LIMIT_MS, "it printed more than");
}

/* The pid that the script wrote down. */
static pid_t pid_of(const char *name)
{
    cleanup(free) char *path = scratch_path(folder, name);
    cleanup(buffer_deinit) Buffer text = {0};

    scratch_read(path, &text);
    return (pid_t)atoi(buffer_text(&text));
}

static bool is_gone(pid_t pid)
{
    for (int i = 0; i < 1000; i++) {
        cleanup(free) char *path = memory_format("/proc/%d/stat", pid);
        FILE *file = fopen(path, "r");
        char state = 'Z';
        if (file != NULL) {
            if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
                state = 'Z';
            fclose(file);
        }
        if (state == 'Z')
            return true;
        usleep(1000);
    }
    return false;
}

Test(plugin_schema, a_program_that_does_not_end_is_killed_with_its_children)
{
    cleanup(free) char *mute = memory_format("#!/bin/sh\necho $$ >%s/self\nsleep 100 &\n"
                                             "echo $! >%s/child\nwait\n",
                                             folder, folder);
    refuse(mute, 500, "did not end in time");
    cr_assert(is_gone(pid_of("self")));
    cr_assert(is_gone(pid_of("child")));
    cleanup(free) char *closed =
        memory_format("#!/bin/sh\necho $$ >%s/self\n"
                      "echo '{\"effects\":{}}'\nexec >/dev/null\nsleep 100\n",
                      folder);
    refuse(closed, 500, "did not end in time");
    cr_assert(is_gone(pid_of("self")));
}
