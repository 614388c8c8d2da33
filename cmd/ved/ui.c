#include "ui.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lang/base/memory.h"

#define UI_VERSION "1.0"

static bool wants_color(const Options *options, int fd)
{
    const char *term = getenv("TERM");

    if (options->color != COLOR_AUTO)
        return options->color == COLOR_ALWAYS;
    return isatty(fd) && getenv("NO_COLOR") == NULL && (term == NULL || strcmp(term, "dumb") != 0);
}

static void say_version(Ui *ui)
{
    Json *json = json_new_object();

    json_set_string(json, "ved", VED_VERSION);
    json_set_string(json, "ui", UI_VERSION);
    ui_event(ui, "version", "info", json, "Ved %s", VED_VERSION);
}

int ui_init(Ui *ui, const Options *options, Error *err)
{
    *ui = (Ui){.mute = options->json,
               .json = options->json,
               .quiet = options->quiet,
               .summary = options->summary,
               .color_out = wants_color(options, STDOUT_FILENO),
               .color_err = wants_color(options, STDERR_FILENO)};
    if (options->json_into != NULL) {
        ui->into = fopen(options->json_into, "we");
        if (ui->into == NULL)
            return error_set(err, ERROR_USAGE, "--json-into '%s': cannot be written",
                             options->json_into);
    }
    say_version(ui);
    return 0;
}

void ui_make_log(Ui *ui)
{
    ui->mute = true;
    ui->log = !ui->json;
}

Ui ui_part(Ui *whole, const char *name)
{
    Ui part = *whole;

    part.stack = name;
    part.whole = whole;
    part.counts = NULL;
    return part;
}

void ui_counts(Ui *ui, Json *counts)
{
    json_free(ui->counts);
    ui->counts = counts;
}

int ui_finish(Ui *ui, ExitReasons reasons)
{
    Json *json = json_new_object();

    json_set_int(json, "code", exit_code(reasons));
    json_set_string(json, "name", exit_name(reasons));
    json_set(json, "counts", ui->counts != NULL ? take(ui->counts) : json_new_object());
    ui_event(ui, "exit", "info", json, "exit %d", exit_code(reasons));
    if (fflush(stdout) != 0 || ferror(stdout))
        ui->broken = true;
    if (ui->into != NULL && fclose(ui->into) != 0)
        ui->broken = true;
    ui->into = NULL;
    if (ui->broken) {
        fputs("Error: the output could not be written\n", stderr);
        reasons |= EXIT_BIT(STATE);
    }
    return exit_code(reasons);
}

static void print(FILE *file, const char *format, va_list args)
{
    vfprintf(file, format, args);
}

void ui_out(Ui *ui, const char *format, ...)
{
    va_list args;

    if (ui->mute)
        return;
    va_start(args, format);
    print(stdout, format, args);
    va_end(args);
}

void ui_progress(Ui *ui, const char *format, ...)
{
    va_list args;

    if (ui->mute || ui->quiet)
        return;
    va_start(args, format);
    print(stderr, format, args);
    va_end(args);
    fflush(stderr);
}

const char *ui_color(const Ui *ui, const char *sequence)
{
    return ui->color_out ? sequence : "";
}

static char *copy_clean(const char *text, bool keeps_lines)
{
    char *copy = memory_copy_string(text);

    for (unsigned char *at = (unsigned char *)copy; *at != '\0'; at++) {
        if ((*at < 0x20 && !(keeps_lines && *at == '\n')) || *at == 0x7f)
            *at = ' ';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
            at[0] = at[1] = ' ';
    }
    return copy;
}

char *text_clean(const char *text)
{
    return copy_clean(text, false);
}

char *text_clean_lines(const char *text)
{
    return copy_clean(text, true);
}

#define CODE_BEGINS "error["
#define CODE_ENDS "]: "

/* The code in front of a sentence, "error[V-ERR-003]: ..."; the caller frees. NULL: there is none.
 */
static char *code_of(const char *text, const char **ret_sentence)
{
    const char *code = text + strlen(CODE_BEGINS), *end;

    *ret_sentence = text;
    if (strncmp(text, CODE_BEGINS, strlen(CODE_BEGINS)) != 0 ||
        (end = strstr(code, CODE_ENDS)) == NULL)
        return NULL;
    *ret_sentence = end + strlen(CODE_ENDS);
    return memory_copy_bytes(code, (size_t)(end - code));
}

static Json *diagnostic_of_error(const Error *err)
{
    Json *json = json_new_object(), *inner = json_new_object();
    const char *sentence;
    cleanup(free) char *code = code_of(err->message, &sentence);

    json_set_string(inner, "severity", "error");
    if (code != NULL)
        json_set_string(inner, "code", code);
    json_set_string(inner, "summary", sentence);
    json_set_string(inner, "detail", "");
    json_set(json, "diagnostic", inner);
    return json;
}

void ui_error(Ui *ui, const Error *err)
{
    cleanup(free) char *text = text_clean(err->message);

    if (text[0] == '\0')
        return; /* said already, as diagnostics */
    const char *lead = strncmp(text, CODE_BEGINS, strlen(CODE_BEGINS)) == 0 ? "" : "Error: ";
    if (!ui->mute)
        fprintf(stderr, "%s%s%s%s\n", ui->color_err ? COLOR_RED : "", lead,
                ui->color_err ? COLOR_OFF : "", text);
    ui_event(ui, "diagnostic", "error", diagnostic_of_error(err), "%s%s", lead, text);
}

void ui_warning(Ui *ui, const char *text)
{
    cleanup(free) char *clean = text_clean(text);

    if (!ui->mute)
        fprintf(stderr, "%sWarning: %s%s\n", ui->color_err ? COLOR_YELLOW : "",
                ui->color_err ? COLOR_OFF : "", clean);
    ui_event(ui, "diagnostic", "warn", NULL, "Warning: %s", clean);
}

void ui_note(Ui *ui, const char *text)
{
    cleanup(free) char *line = text_clean(text);

    if (!ui->quiet)
        ui_out(ui, "Note: %s\n", line);
    ui_event(ui, "diagnostic", "info", NULL, "Note: %s", line);
}

/* The diagnostics' own lines become members of the stream's. */
static void diagnostic_events(Ui *ui, const Diagnostics *diagnostics)
{
    cleanup(buffer_deinit) Buffer lines = {0};
    const char *at, *end;

    diagnostics_print_json(diagnostics, &lines);
    for (at = buffer_text(&lines); (end = strchr(at, '\n')) != NULL; at = end + 1) {
        Json *json = json_new_object(), *inner = NULL;
        if (json_parse(at, (size_t)(end - at), &inner, NULL) < 0) {
            json_free(json);
            continue;
        }
        const char *severity = json_get_string(inner, "severity", "error");
        cleanup(free) char *summary = memory_copy_string(json_get_string(inner, "summary", ""));
        const char *level = strcmp(severity, "error") == 0     ? "error"
                            : strcmp(severity, "warning") == 0 ? "warn"
                                                               : "info";
        json_set(json, "diagnostic", inner);
        ui_event(ui, "diagnostic", level, json, "%s", summary);
    }
}

void ui_warnings(Ui *ui, const char *before, const Buffer *lines)
{
    const char *end;

    for (const char *at = buffer_text(lines); (end = strchr(at, '\n')) != NULL; at = end + 1) {
        cleanup(free) char *line = memory_format("%s%.*s", before, (int)(end - at), at);
        ui_warning(ui, line);
    }
}

void ui_diagnostics(Ui *ui, const Diagnostics *diagnostics)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (diagnostics->count == 0)
        return;
    if (ui_wants_events(ui))
        diagnostic_events(ui, diagnostics);
    if (ui->mute || (ui->quiet && diagnostics->error_count == 0))
        return;
    diagnostics_print(diagnostics, ui->color_err, &text);
    fputs(buffer_text(&text), stderr);
    fflush(stderr);
}

bool ui_wants_events(const Ui *ui)
{
    return ui->json || ui->log || ui->into != NULL;
}

static void timestamp(char ret[40])
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t length = strftime(ret, 24, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret + length, 40 - length, ".%06ldZ", now.tv_nsec / 1000);
}

typedef struct Line {
    const char *type, *level;
    const Json *members;
    const char *message;
} Line;

static uint64_t sequence_next(Ui *ui)
{
    return ui->whole != NULL ? ++ui->whole->sequence : ++ui->sequence;
}

static void json_write_line(Ui *ui, const Line *line, Buffer *ret)
{
    char time_text[40];

    timestamp(time_text);
    buffer_add_format(ret, "{\"@level\":\"%s\",\"@message\":", line->level);
    json_put_string(ret, line->message);
    buffer_add_format(ret,
                      ",\"@module\":\"ved.ui\",\"@timestamp\":\"%s\",\"seq\":%llu,"
                      "\"type\":\"%s\"",
                      time_text, (unsigned long long)sequence_next(ui), line->type);
    if (ui->stack != NULL) {
        buffer_add_string(ret, ",\"stack\":");
        json_put_string(ret, ui->stack);
    }
    for (const Json *m = json_first(line->members); m != NULL; m = json_next(m)) {
        buffer_add_char(ret, ',');
        json_put_string(ret, json_key(m));
        buffer_add_char(ret, ':');
        json_write(ret, m);
    }
    buffer_add_string(ret, "}\n");
}

/* As it stands where nothing in it could be taken for something else; else as a JSON string. */
static void log_put_value(Buffer *ret, const char *text)
{
    bool is_plain = text[0] != '\0';

    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        is_plain &= *c > ' ' && *c < 0x7f && *c != '"' && *c != '=' && *c != '\\';
    if (is_plain)
        buffer_add_string(ret, text);
    else
        json_put_string(ret, text);
}

/* Leaves only; those of what an event is about have no path in front. */
static void log_put_members(Buffer *ret, const char *path, const Json *members)
{
    for (const Json *m = json_first(members); m != NULL; m = json_next(m)) {
        const char *key = json_key(m);
        bool is_wrapping = strcmp(key, "hook") == 0 || strcmp(key, "resource") == 0;
        cleanup(free) char *below =
            is_wrapping ? memory_copy_string(path) : memory_format("%s%s.", path, key);
        if (json_is_object(m)) {
            log_put_members(ret, below, m);
            continue;
        }
        cleanup(free) char *text =
            json_is_string(m) ? text_clean(json_string(m, "")) : json_text(m);
        buffer_add_format(ret, " %s%s=", path, key);
        log_put_value(ret, text);
    }
}

static void log_write_line(const Ui *ui, const Line *line, Buffer *ret)
{
    char time_text[40];

    timestamp(time_text);
    buffer_add_format(ret, "time=%s level=%s type=%s", time_text, line->level, line->type);
    if (ui->stack != NULL) {
        buffer_add_string(ret, " stack=");
        log_put_value(ret, ui->stack);
    }
    buffer_add_string(ret, " msg=");
    log_put_value(ret, line->message);
    log_put_members(ret, "", line->members);
    buffer_add_char(ret, '\n');
}

static void line_write(Ui *ui, const Line *line)
{
    cleanup(buffer_deinit) Buffer json = {0}, log = {0};

    if (ui->json || ui->into != NULL)
        json_write_line(ui, line, &json);
    if (ui->log)
        log_write_line(ui, line, &log);
    if (ui->json && (fputs(buffer_text(&json), stdout) < 0 || fflush(stdout) != 0))
        ui->broken = true;
    if (ui->into != NULL && fputs(buffer_text(&json), ui->into) < 0)
        ui->broken = true;
    if (ui->log)
        fputs(buffer_text(&log), stderr);
}

void ui_event(Ui *ui, const char *type, const char *level, Json *members, const char *format, ...)
{
    cleanup(json_free) Json *owned = members;
    cleanup(free) char *text = NULL;
    va_list args;

    if (!ui_wants_events(ui))
        return;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        text = NULL;
    const Line line = {type, level, owned, text != NULL ? text : ""};
    line_write(ui, &line);
}
