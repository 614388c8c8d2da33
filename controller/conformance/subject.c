#include "controller/conformance/subject.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/host/plugin.h"
#include "controller/host/tls_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define LOG_SIZE_MAX ((size_t)16 << 20)
#define TOKEN_SIZE_MAX 16384
#define RESTART_MS 100

struct Subject {
    SubjectOptions options; /* its strings are not used after subject_open(), but those of `tls` */
    char *folder;           /* with tls, data and work in it */
    char *program, *config, *token_file, *work_dir;
    char *url;
    char *log_path;
    HttpTls tls;      /* with which it is spoken to */
    HttpTls tls_made; /* files of ours, where it was started here */
    Loop *loop;       /* NULL: a URL */
    Plugin *plugin;   /* NULL: not running */
    Error error;      /* why it did not come up */
    bool is_settled;  /* it listens, or never will */
};

static char *copy_or_null(const char *text)
{
    return text != NULL ? memory_copy_string(text) : NULL;
}

/* ---- the process ---- */

static void on_plugin(void *context, PluginEvent event, const char *text)
{
    Subject *subject = context;

    if (subject->is_settled)
        return;
    if (event == PLUGIN_LISTENS) {
        free(subject->url);
        subject->url = memory_copy_string(text);
    } else {
        error_set(&subject->error, ERROR_PROVIDER, "plugin '%s' does not come up: %s",
                  subject->program, text);
        plugin_stop(subject->plugin);
    }
    subject->is_settled = true;
    loop_stop(subject->loop);
}

static void on_too_late(void *context)
{
    Subject *subject = context;

    error_set(&subject->error, ERROR_PROVIDER,
              "plugin '%s' does not come up: it has not said where it listens", subject->program);
    subject->is_settled = true;
    loop_stop(subject->loop);
}

/* The last words of a plugin that did not come up say more than how it ended. */
static void add_last_words(const Subject *subject, Error *err)
{
    cleanup(buffer_deinit) Buffer log = {0};
    size_t used = strlen(err->message);

    subject_log(subject, &log);
    while (log.size > 0 && isspace((unsigned char)log.bytes[log.size - 1]))
        log.bytes[--log.size] = '\0';
    const char *line = log.size > 0 ? strrchr(log.bytes, '\n') : NULL;
    if (log.size > 0)
        snprintf(err->message + used, sizeof err->message - used, "; its last words: %.500s",
                 line != NULL ? line + 1 : log.bytes);
}

int subject_start(Subject *subject, Error *err)
{
    cleanup(free) char *tls_dir = memory_format("%s/tls/plugin", subject->folder);
    cleanup(free) char *data_dir = memory_format("%s/data", subject->folder);
    PluginOptions options = {
        .program = subject->program,
        .tls_dir = tls_dir,
        .data_dir = data_dir,
        .config = subject->config,
        .first_line_ms = subject->options.start_ms,
        .restart_ms = RESTART_MS,
    };

    plugin_free(take(subject->plugin));
    subject->is_settled = false;
    subject->error = (Error){0};
    subject->plugin = plugin_new(subject->loop, &options, on_plugin, subject);
    LoopTimer *timer = loop_timer_new(subject->loop, on_too_late, subject);
    loop_timer_set(timer, subject->options.start_ms + RESTART_MS);
    plugin_start(subject->plugin);
    if (!subject->is_settled)
        loop_run(subject->loop);
    loop_timer_free(timer);
    if (subject->error.code == 0)
        return 0;
    add_last_words(subject, &subject->error);
    if (err != NULL)
        *err = subject->error;
    return subject->error.code;
}

void subject_kill(Subject *subject)
{
    if (subject->plugin != NULL)
        plugin_end(subject->plugin);
    plugin_free(take(subject->plugin));
}

/* ---- opening ---- */

static int make_folder(Subject *subject, Error *err)
{
    char folder[] = "/tmp/ved-conformance.XXXXXX";

    if (mkdtemp(folder) == NULL)
        return error_errno(err, errno, "make a folder '%s'", folder);
    subject->folder = memory_copy_string(folder);
    subject->work_dir = memory_format("%s/work", folder);
    return folder_make(subject->work_dir, 0700, err);
}

static int open_program(Subject *subject, Error *err)
{
    cleanup(free) char *tls = memory_format("%s/tls", subject->folder);
    int code = tls_files_make(tls, "conformance", err);

    if (code < 0 || (code = loop_new(&subject->loop, err)) < 0)
        return code;
    subject->log_path = memory_format("%s/data/plugin.log", subject->folder);
    subject->tls_made = (HttpTls){
        .ca = memory_format("%s/client/ca.crt", tls),
        .cert = memory_format("%s/client/tls.crt", tls),
        .key = memory_format("%s/client/tls.key", tls),
    };
    subject->tls = subject->tls_made;
    return subject_start(subject, err);
}

static int open_url(Subject *subject, const SubjectOptions *options, Error *err)
{
    size_t size = strlen(options->plugin);

    if (strncmp(options->plugin, "https://", 8) != 0)
        return error_set(err, ERROR_USAGE,
                         "'%s': expected https://HOST:PORT; plain HTTP is refused",
                         options->plugin);
    if (options->config != NULL)
        return error_set(err, ERROR_USAGE,
                         "--config is for a plugin that is started here; '%s' has its own",
                         options->plugin);
    while (size > 0 && options->plugin[size - 1] == '/')
        size--;
    subject->url = memory_copy_bytes(options->plugin, size);
    subject->tls = options->tls;
    return 0;
}

int subject_open(const SubjectOptions *options, Subject **ret, Error *err)
{
    cleanup(subject_close) Subject *subject = memory_zero(1, sizeof *subject);
    int code = make_folder(subject, err);

    subject->options = *options;
    subject->config = copy_or_null(options->config);
    subject->token_file = copy_or_null(options->token_file);
    subject->program = plugin_program(options->plugin_dir, options->plugin);
    if (code < 0)
        return code;
    code = subject->program != NULL ? open_program(subject, err) : open_url(subject, options, err);
    if (code < 0)
        return code;
    *ret = take(subject);
    return 0;
}

void subject_close(Subject *subject)
{
    if (subject == NULL)
        return;
    subject_kill(subject);
    loop_free(subject->loop);
    if (subject->folder != NULL)
        folder_remove(subject->folder, NULL);
    free(subject->folder);
    free(subject->work_dir);
    free(subject->program);
    free(subject->config);
    free(subject->token_file);
    free(subject->log_path);
    free(subject->url);
    free(subject->tls_made.ca);
    free(subject->tls_made.cert);
    free(subject->tls_made.key);
    free(subject);
}

/* ---- what it is ---- */

const char *subject_url(const Subject *subject)
{
    return subject->url;
}

const HttpTls *subject_tls(const Subject *subject)
{
    return &subject->tls;
}

char *subject_authorization(const Subject *subject)
{
    cleanup(buffer_deinit) Buffer token = {0};

    if (subject->token_file == NULL ||
        file_read(subject->token_file, TOKEN_SIZE_MAX, &token, NULL) < 0)
        return NULL;
    while (token.size > 0 && isspace((unsigned char)token.bytes[token.size - 1]))
        token.bytes[--token.size] = '\0';
    return memory_format("Authorization: Bearer %s", buffer_text(&token));
}

const char *subject_work_dir(const Subject *subject)
{
    return subject->work_dir;
}

bool subject_is_ours(const Subject *subject)
{
    return subject->loop != NULL;
}

void subject_log(const Subject *subject, Buffer *ret)
{
    if (subject->log_path != NULL)
        file_read(subject->log_path, LOG_SIZE_MAX, ret, NULL);
}
