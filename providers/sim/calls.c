/* Two files that are only ever appended to, a line in one write(), for whoever counts: what reached
 * the provider, and what took hold in its world. A line written is there whatever kills the plugin
 * afterwards; only a machine that loses its power may lose some, so nothing is synced. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sim/sim_private.h"

#define FILE_SIZE_MAX ((size_t)1 << 30)

static size_t count_up(Sim *sim, const char *effect)
{
    size_t count = (size_t)(uintptr_t)map_get(&sim->counts, effect) + 1;

    map_put(&sim->counts, effect, (void *)(uintptr_t)count);
    return count;
}

static bool is_counted(const char *kind)
{
    return strcmp(kind, "remove") != 0;
}

/* Call `visit` for each whole line until it returns true. */
static int lines_visit(const char *path, bool (*visit)(void *context, const char *line),
                       void *context, Error *err)
{
    cleanup(buffer_deinit) Buffer file = {0};
    int code = file_read(path, FILE_SIZE_MAX, &file, err);

    for (char *at = file.bytes, *end; code == 0 && at != NULL; at = end + 1) {
        if ((end = strchr(at, '\n')) == NULL)
            break;
        *end = '\0';
        if (visit(context, at))
            break;
    }
    return code;
}

static bool count_line(void *context, const char *line)
{
    cleanup(free) char *kind = text_get_string(line, "kind");
    cleanup(free) char *effect = text_get_string(line, "effect");

    if (kind != NULL && effect != NULL && is_counted(kind))
        count_up(context, effect);
    return false;
}

static int open_appending(const char *path, int *ret, Error *err)
{
    *ret = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return *ret < 0 ? error_errno(err, errno, "open '%s'", path) : 0;
}

int calls_open(Sim *sim, Error *err)
{
    cleanup(free) char *calls = memory_format("%s/calls.ndjson", sim->data_dir);
    cleanup(free) char *effects = memory_format("%s/effects.ndjson", sim->data_dir);
    const Json *config = sim->config;
    int code = open_appending(calls, &sim->calls_fd, err);

    if (code < 0 || (code = open_appending(effects, &sim->effects_fd, err)) < 0)
        return code;
    /* The "first two calls" of an effect are those in the log, whichever process wrote it. */
    if (json_count(json_get(config, "fail")) + json_count(json_get(config, "fail_transient")) > 0)
        code = lines_visit(calls, count_line, sim, err);
    return code;
}

/* ---- writing ---- */

static void desired_digest(const Json *desired, char ret[2 * SHA256_SIZE + 1])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    if (desired != NULL)
        json_write_canonical(&text, desired);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, ret);
}

int call_log(Sim *sim, const char *kind, const ProviderRequest *request, size_t *ret,
             ProviderProblem *problem)
{
    cleanup(buffer_deinit) Buffer line = {0};
    char digest[2 * SHA256_SIZE + 1];
    Error err = {0};

    desired_digest(request->desired, digest);
    buffer_add_char(&line, '{');
    member_put_string(&line, "kind", kind);
    member_put_string(&line, "op", request->op);
    member_put_string(&line, "uid", request->uid);
    member_put_string(&line, "effect", effect_of(request));
    member_put_string(&line, "address", request->address);
    member_put_string(&line, "digest", digest);
    member_put_bool(&line, "resumed", request->resumed);
    member_put_string(&line, "traceparent", request->traceparent);
    buffer_add_string(&line, "}\n");
    pthread_mutex_lock(&sim->lock);
    int code = fd_write_all(sim->calls_fd, line.bytes, line.size, &err);
    *ret = is_counted(kind) ? count_up(sim, effect_of(request)) : 0;
    pthread_mutex_unlock(&sim->lock);
    if (code < 0)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true,
                                "write the log of calls: %s", err.message);
    return 0;
}

/* ---- effects ---- */

typedef struct Noted {
    const char *op;
    bool found;
} Noted;

static bool note_line(void *context, const char *line)
{
    Noted *noted = context;
    cleanup(free) char *op = text_get_string(line, "op");

    noted->found = op != NULL && strcmp(op, noted->op) == 0;
    return noted->found;
}

static bool effect_is_noted(const Sim *sim, const char *op)
{
    cleanup(free) char *path = memory_format("%s/effects.ndjson", sim->data_dir);
    Noted noted = {.op = op};

    lines_visit(path, note_line, &noted, NULL);
    return noted.found;
}

int effect_note(Sim *sim, Deed deed, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(buffer_deinit) Buffer line = {0};
    Error err = {0};

    if (deed.did == NULL || (deed.before && effect_is_noted(sim, request->op)))
        return 0;
    buffer_add_char(&line, '{');
    member_put_string(&line, "op", request->op);
    member_put_string(&line, "did", deed.did);
    member_put_string(&line, "uid", request->uid);
    member_put_string(&line, "effect", effect_of(request));
    member_put_string(&line, "address", request->address);
    buffer_add_string(&line, "}\n");
    if (fd_write_all(sim->effects_fd, line.bytes, line.size, &err) < 0)
        return provider_problem(problem, "INTERNAL", "unknown", true,
                                "write the log of effects: %s", err.message);
    return 0;
}
