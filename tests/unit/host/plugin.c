/* Plugins as shell scripts: what the supervisor sees is a process, its first line and its end. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/plugin.h"
#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define GUARD_MS 10000

typedef struct PluginWorld {
    char folder[64];
    Loop *loop;
    Plugin *plugin;
    Buffer events; /* one line each */
    size_t count;
    bool late;
} PluginWorld;

static void on_event(void *context, PluginEvent event, const char *text)
{
    static const char *const names[] = {
        [PLUGIN_LISTENS] = "listens", [PLUGIN_DIED] = "died", [PLUGIN_DOWN] = "down"};
    PluginWorld *world = context;

    buffer_add_format(&world->events, "%s: %s\n", names[event], text);
    world->count++;
}

static void on_late(void *context)
{
    *(bool *)context = true;
}

static void world_begin(PluginWorld *world, const char *script, int64_t first_line_ms)
{
    cleanup(free) char *program = NULL;
    cleanup(free) char *data = NULL;
    Error err = {0};
    PluginOptions options = {.tls_dir = "/nowhere",
                             .config = "{\"a\":1}",
                             .first_line_ms = first_line_ms,
                             .restart_ms = 1};

    *world = (PluginWorld){.folder = "/tmp/ved-plugin-XXXXXX"};
    cr_assert(mkdtemp(world->folder));
    program = memory_format("%s/plugin", world->folder);
    data = memory_format("%s/data", world->folder);
    cr_assert_eq(file_replace(program, script, strlen(script), 0700, &err), 0, "%s", err.message);
    cr_assert_eq(loop_new(&world->loop, &err), 0);
    options.program = program;
    options.data_dir = data;
    world->plugin = plugin_new(world->loop, &options, on_event, world);
    plugin_start(world->plugin);
}

/* Run until `done` events have come, and, if asked for, no process is left. */
static void world_wait(PluginWorld *world, size_t count, bool ended)
{
    LoopTimer *timer = loop_timer_new(world->loop, on_late, &world->late);

    loop_timer_set(timer, GUARD_MS);
    while (!world->late && (world->count < count || (ended && plugin_is_running(world->plugin))))
        loop_run_once(world->loop);
    loop_timer_free(timer);
    cr_assert(!world->late, "too few events: %s", buffer_text(&world->events));
}

static void world_end(PluginWorld *world)
{
    plugin_free(world->plugin);
    loop_free(world->loop);
    buffer_deinit(&world->events);
    folder_remove(world->folder, NULL);
}

static char *world_read(PluginWorld *world, const char *name)
{
    cleanup(free) char *path = memory_format("%s/data/%s", world->folder, name);
    Buffer text = {0};

    cr_assert_eq(file_read(path, 1 << 20, &text, NULL), 0);
    return buffer_take(&text);
}

Test(plugin, tells_its_address_and_ends_with_its_stdin)
{
    PluginWorld world;
    pid_t pid;

    world_begin(&world, "#!/bin/sh\necho 'https://127.0.0.1:4711/'\ncat >/dev/null\n", 5000);
    world_wait(&world, 1, false);
    cr_assert_str_eq(buffer_text(&world.events), "listens: https://127.0.0.1:4711\n");
    pid = plugin_pid(world.plugin);
    cr_assert_eq(getpgid(pid), pid, "it must not share our process group");
    plugin_stop(world.plugin);
    world_wait(&world, 1, true);
    cr_assert_eq(kill(pid, 0), -1, "it must have been reaped");
    cr_assert_eq(world.count, 1, "an end that was asked for is no event");
    world_end(&world);
}

Test(plugin, gets_its_arguments_and_no_other_descriptors)
{
    PluginWorld world;
    cleanup(free) char *log = NULL;
    int leak = open("/dev/null", 0);

    cr_assert_geq(leak, 0);
    world_begin(&world,
                "#!/bin/sh\necho \"$@\" >&2\nls /proc/$$/fd | tr '\\n' ' ' >&2\n"
                "echo https://127.0.0.1:1\ncat >/dev/null\n",
                5000);
    world_wait(&world, 1, false);
    log = world_read(&world, "plugin.log");
    cr_assert(strstr(log, "--listen 127.0.0.1:0 --tls /nowhere --data "), "%s", log);
    cr_assert(strstr(log, "/data --config {\"a\":1}\n"), "%s", log);
    /* The shell's own descriptor of the script is 10. */
    cr_assert(strstr(log, "\n0 1 10 2 ") || strstr(log, "\n0 1 2 "), "%s", log);
    close(leak);
    world_end(&world);
}

Test(plugin, is_started_again_and_given_up_after_five_deaths)
{
    PluginWorld world;

    world_begin(&world, "#!/bin/sh\necho https://127.0.0.1:1\nexit 3\n", 5000);
    while (!strstr(buffer_text(&world.events), "down: "))
        world_wait(&world, world.count + 1, false);
    cr_assert(strstr(buffer_text(&world.events), "died: ended with code 3\n"));
    cr_assert(strstr(buffer_text(&world.events), "ended with code 3, 5 times within 60 s"));
    cr_assert_not(plugin_is_running(world.plugin));
    world_end(&world);
}

Test(plugin, is_given_up_at_once_with_its_own_words_if_it_was_started_wrongly)
{
    PluginWorld world;

    world_begin(&world, "#!/bin/sh\necho first >&2\necho 'config.a: no such member' >&2\nexit 65\n",
                5000);
    world_wait(&world, 1, false);
    cr_assert(strstr(buffer_text(&world.events), "down: "));
    cr_assert(
        strstr(buffer_text(&world.events), "ended with code 65: config.a: no such member; look"));
    cr_assert_not(plugin_is_running(world.plugin));
    world_end(&world);
}

Test(plugin, that_was_killed_is_started_again)
{
    PluginWorld world;

    world_begin(&world, "#!/bin/sh\necho https://127.0.0.1:1\ncat >/dev/null\n", 5000);
    world_wait(&world, 1, false);
    kill(plugin_pid(world.plugin), SIGKILL);
    world_wait(&world, 3, false);
    cr_assert_str_eq(buffer_text(&world.events), "listens: https://127.0.0.1:1\n"
                                                 "died: was killed by signal 9\n"
                                                 "listens: https://127.0.0.1:1\n");
    world_end(&world);
}

Test(plugin, that_says_nothing_or_something_else_is_killed)
{
    static const struct {
        const char *script, *expected;
    } cases[] = {
        {"#!/bin/sh\nexec sleep 60\n", "died: did not say in time where it listens\n"},
        {"#!/bin/sh\necho hello\nexec sleep 60\n",
         "died: printed something other than its https:// address first\n"},
        {"#!/bin/sh\nhead -c 4000 /dev/zero\nexec sleep 60\n",
         "died: printed no address but something longer on its first line\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        PluginWorld world;

        world_begin(&world, cases[i].script, i == 0 ? 200 : GUARD_MS);
        world_wait(&world, 1, false);
        cr_assert_eq(
            strncmp(buffer_text(&world.events), cases[i].expected, strlen(cases[i].expected)), 0,
            "%s", buffer_text(&world.events));
        world_end(&world);
    }
}

Test(plugin, that_does_not_exist_is_down_at_once)
{
    PluginWorld world;

    world_begin(&world, "#!/no/such/interpreter\n", 5000);
    world_wait(&world, 1, false);
    cr_assert(strstr(buffer_text(&world.events), "down: start plugin '"));
    cr_assert(strstr(buffer_text(&world.events), "No such file"));
    world_end(&world);
}
