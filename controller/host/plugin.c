#include "controller/host/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/host/child.h"
#include "controller/host/plugin_log.h"
#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define LINE_MAX_SIZE 1024
#define DEATHS_MAX 5
#define DEATHS_WITHIN_MS 60000
#define RESTART_DOUBLINGS_MAX 8
#define PROGRAM_PREFIX "ved-provider-" /* of the built-in ones */

struct Plugin {
    Loop *loop;
    char *program, *tls_dir, *data_dir, *config;
    int64_t first_line_ms, restart_ms;
    PluginCallback *callback;
    void *context;
    pid_t pid;                    /* 0: no process */
    int pid_fd, stdin_fd, out_fd; /* -1: none */
    LoopWatch *pid_watch, *out_watch;
    LoopTimer *timer; /* for the first line while there is a process, else until the next start */
    Buffer line;
    bool listens, stopping;
    int64_t deaths[DEATHS_MAX]; /* when the last ones were; a ring */
    size_t death_count;
    char reason[512]; /* why it is being killed */
};

static void plugin_spawn_or_report(Plugin *plugin);

/* ---- names ---- */

bool plugin_is_url(const char *plugin)
{
    return strstr(plugin, "://") != NULL;
}

char *plugin_program(const char *plugin_dir, const char *plugin)
{
    if (plugin_is_url(plugin))
        return NULL;
    return strchr(plugin, '/') != NULL
               ? memory_copy_string(plugin)
               : memory_format("%s/" PROGRAM_PREFIX "%s", plugin_dir, plugin);
}

const char *plugin_short_name(const char *plugin)
{
    static const char prefix[] = PROGRAM_PREFIX;
    const char *slash = strrchr(plugin, '/');
    const char *name = slash != NULL ? slash + 1 : plugin;

    return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name;
}

/* ---- the process ---- */

static int process_start(const Plugin *plugin, const ChildStreams *streams, pid_t *ret)
{
    char *arguments[] = {plugin->program,
                         (char *)"--listen",
                         (char *)"127.0.0.1:0",
                         (char *)"--tls",
                         plugin->tls_dir,
                         (char *)"--data",
                         plugin->data_dir,
                         NULL,
                         NULL,
                         NULL};

    if (plugin->config) {
        arguments[7] = (char *)"--config";
        arguments[8] = plugin->config;
    }
    return child_start(arguments, streams, ret);
}

static void plugin_close_fds(Plugin *plugin)
{
    loop_watch_free(take(plugin->out_watch));
    loop_watch_free(take(plugin->pid_watch));
    fd_close(plugin->out_fd);
    fd_close(plugin->pid_fd);
    fd_close(plugin->stdin_fd);
    plugin->out_fd = plugin->pid_fd = plugin->stdin_fd = -1;
}

/* ---- deaths and restarts ---- */

/* Note a death; true once there were too many of them lately. */
static bool death_is_one_too_many(Plugin *plugin)
{
    int64_t now_ms = loop_now_ms(plugin->loop);
    int64_t oldest_ms;

    plugin->deaths[plugin->death_count % DEATHS_MAX] = now_ms;
    plugin->death_count++;
    if (plugin->death_count < DEATHS_MAX)
        return false;
    oldest_ms = plugin->deaths[plugin->death_count % DEATHS_MAX];
    return now_ms - oldest_ms <= DEATHS_WITHIN_MS;
}

static size_t deaths_lately(const Plugin *plugin)
{
    size_t known = plugin->death_count < DEATHS_MAX ? plugin->death_count : DEATHS_MAX;
    int64_t now_ms = loop_now_ms(plugin->loop);
    size_t n = 0;

    for (size_t i = 0; i < known; i++)
        n += now_ms - plugin->deaths[i] <= DEATHS_WITHIN_MS;
    return n;
}

/* With its own last words. */
static void plugin_give_up(Plugin *plugin, const char *how, const char *often)
{
    cleanup(free) char *last = plugin_log_last(plugin->data_dir);
    cleanup(free) char *text =
        memory_format("plugin '%s' %s%s%s%s; look at '%s/plugin.log'", plugin->program, how, often,
                      last[0] != '\0' ? ": " : "", last, plugin->data_dir);

    plugin->stopping = true;
    plugin->callback(plugin->context, PLUGIN_DOWN, text);
}

/* By its exit code it has said that it was started wrongly; another start would be no better. */
static bool death_is_final(const Plugin *plugin, int status)
{
    int code = WIFEXITED(status) ? -10000 - WEXITSTATUS(status) : 0;

    return !plugin->listens && (code == ERROR_USAGE || code == ERROR_PROGRAM);
}

static void plugin_report_death(Plugin *plugin, const char *how, int status)
{
    size_t lately;
    char often[64];

    if (plugin->stopping)
        return;
    if (death_is_final(plugin, status)) {
        plugin_give_up(plugin, how, "");
        return;
    }
    if (death_is_one_too_many(plugin)) {
        snprintf(often, sizeof often, ", %d times within %d s", DEATHS_MAX,
                 DEATHS_WITHIN_MS / 1000);
        plugin_give_up(plugin, how, often);
        return;
    }
    lately = deaths_lately(plugin) - 1;
    if (lately > RESTART_DOUBLINGS_MAX)
        lately = RESTART_DOUBLINGS_MAX;
    loop_timer_set(plugin->timer, plugin->restart_ms << lately);
    plugin->callback(plugin->context, PLUGIN_DIED, how);
}

static void on_exit_of_process(void *context)
{
    Plugin *plugin = context;
    char how[640];
    int status;

    if (waitpid(plugin->pid, &status, WNOHANG) == 0)
        return;
    child_end_describe(status, how, sizeof how);
    if (plugin->reason[0])
        snprintf(how, sizeof how, "%s", plugin->reason);
    plugin->pid = 0;
    plugin_close_fds(plugin);
    loop_timer_clear(plugin->timer);
    plugin_report_death(plugin, how, status);
}

/* Its end is noticed as any other's. */
static void plugin_kill(Plugin *plugin, const char *reason)
{
    snprintf(plugin->reason, sizeof plugin->reason, "%s", reason);
    kill(plugin->pid, SIGKILL);
}

/* ---- the first line ---- */

static void plugin_take_line(Plugin *plugin)
{
    char *end = strchr(plugin->line.bytes, '\n');
    char url[LINE_MAX_SIZE];

    if (!end) {
        if (plugin->line.size >= LINE_MAX_SIZE - 1)
            plugin_kill(plugin, "printed no address but something longer on its first line");
        return;
    }
    while (end > plugin->line.bytes && (end[-1] == '\r' || end[-1] == ' '))
        end--;
    *end = '\0';
    if (strncmp(plugin->line.bytes, "https://", 8) != 0) {
        plugin_kill(plugin, "printed something other than its https:// address first");
        return;
    }
    /* A '/' at the end would double with the paths that follow. */
    while (end > plugin->line.bytes + 8 && end[-1] == '/')
        *--end = '\0';
    snprintf(url, sizeof url, "%s", plugin->line.bytes);
    plugin->listens = true;
    loop_timer_clear(plugin->timer);
    plugin->callback(plugin->context, PLUGIN_LISTENS, url);
}

/* What follows the first line is read so that the pipe never fills, and dropped. */
static void on_output(void *context)
{
    Plugin *plugin = context;
    char bytes[512];
    ssize_t n = read(plugin->out_fd, bytes, sizeof bytes);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        loop_watch_free(take(plugin->out_watch));
        return;
    }
    if (plugin->listens || plugin->reason[0] || plugin->stopping)
        return;
    for (ssize_t i = 0; i < n && plugin->line.size < LINE_MAX_SIZE - 1; i++)
        buffer_add_char(&plugin->line, bytes[i] ? bytes[i] : '?');
    plugin_take_line(plugin);
}

static void on_timer(void *context)
{
    Plugin *plugin = context;

    if (plugin->pid == 0)
        plugin_spawn_or_report(plugin);
    else
        plugin_kill(plugin, "did not say in time where it listens");
}

/* ---- starting ---- */

static int refuse_to_start(const Plugin *plugin, int errnum, Error *err)
{
    if (errnum != ENOENT && errnum != EACCES)
        return error_errno(err, errnum, "start plugin '%s'", plugin->program);
    return error_set(err, -errnum,
                     "start plugin '%s': %s: put the program there, or bind the provider to "
                     "another plugin, in the binding file or by `--provider NAME=PLUGIN`",
                     plugin->program, strerror(errnum));
}

static int plugin_spawn(Plugin *plugin, Error *err)
{
    cleanup(fd_close) int log = -1;
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    pid_t pid = 0;
    int r;

    if (folder_make(plugin->data_dir, 0700, err) < 0 ||
        (log = plugin_log_open(plugin->data_dir, err)) < 0)
        return error_wrap(err, "start plugin '%s'", plugin->program);
    if ((r = child_pipe(in)) == 0 && (r = child_pipe(out)) == 0)
        r = process_start(plugin, &(ChildStreams){in[0], out[1], log}, &pid);
    fd_close(in[0]);
    fd_close(out[1]);
    plugin->stdin_fd = in[1];
    plugin->out_fd = out[0];
    if (r == 0 && (plugin->pid_fd = pidfd_open(pid, 0)) < 0) {
        r = -errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (r < 0) {
        plugin_close_fds(plugin);
        return refuse_to_start(plugin, -r, err);
    }
    plugin->pid = pid;
    return 0;
}

static void plugin_spawn_or_report(Plugin *plugin)
{
    Error err = {0};

    plugin->listens = false;
    plugin->reason[0] = '\0';
    buffer_reset(&plugin->line);
    if (plugin_spawn(plugin, &err) < 0) {
        plugin->stopping = true;
        plugin->callback(plugin->context, PLUGIN_DOWN, err.message);
        return;
    }
    fcntl(plugin->out_fd, F_SETFL, O_NONBLOCK);
    plugin->out_watch =
        loop_watch_new(plugin->loop, plugin->out_fd, true, false, on_output, plugin);
    plugin->pid_watch =
        loop_watch_new(plugin->loop, plugin->pid_fd, true, false, on_exit_of_process, plugin);
    loop_timer_set(plugin->timer, plugin->first_line_ms);
}

Plugin *plugin_new(Loop *loop, const PluginOptions *options, PluginCallback *callback,
                   void *context)
{
    Plugin *plugin = memory_zero(1, sizeof *plugin);

    plugin->loop = loop;
    plugin->program = memory_copy_string(options->program);
    plugin->tls_dir = memory_copy_string(options->tls_dir);
    plugin->data_dir = memory_copy_string(options->data_dir);
    plugin->config = options->config ? memory_copy_string(options->config) : NULL;
    plugin->first_line_ms = options->first_line_ms;
    plugin->restart_ms = options->restart_ms;
    plugin->callback = callback;
    plugin->context = context;
    plugin->pid_fd = plugin->stdin_fd = plugin->out_fd = -1;
    plugin->timer = loop_timer_new(loop, on_timer, plugin);
    buffer_init(&plugin->line, LINE_MAX_SIZE);
    return plugin;
}

void plugin_end(Plugin *plugin)
{
    plugin_stop(plugin);
    if (plugin->pid != 0) {
        kill(plugin->pid, SIGKILL);
        while (waitpid(plugin->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        plugin->pid = 0;
    }
    plugin_close_fds(plugin);
}

void plugin_free(Plugin *plugin)
{
    if (!plugin)
        return;
    plugin_end(plugin);
    loop_timer_free(plugin->timer);
    buffer_deinit(&plugin->line);
    free(plugin->program);
    free(plugin->tls_dir);
    free(plugin->data_dir);
    free(plugin->config);
    free(plugin);
}

void plugin_start(Plugin *plugin)
{
    /* From the loop, so that even a program that does not exist is reported by an event. */
    loop_timer_set(plugin->timer, 0);
}

void plugin_stop(Plugin *plugin)
{
    plugin->stopping = true;
    loop_timer_clear(plugin->timer);
    /* One that does not listen yet has nothing to bring to an end, and may not look at its stdin.
     */
    if (plugin->pid != 0 && !plugin->listens)
        kill(plugin->pid, SIGTERM);
    fd_close(plugin->stdin_fd);
    plugin->stdin_fd = -1;
}

bool plugin_is_running(const Plugin *plugin)
{
    return plugin->pid != 0;
}

pid_t plugin_pid(const Plugin *plugin)
{
    return plugin->pid;
}
