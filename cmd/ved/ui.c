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
    *ui = (Ui){.json = options->json,
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

    if (ui->json)
        return;
    va_start(args, format);
    print(stdout, format, args);
    va_end(args);
}

void ui_progress(Ui *ui, const char *format, ...)
{
    va_list args;

    if (ui->json || ui->quiet)
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
    if (!ui->json)
        fprintf(stderr, "%s%s%s%s\n", ui->color_err ? COLOR_RED : "", lead,
                ui->color_err ? COLOR_OFF : "", text);
    ui_event(ui, "diagnostic", "error", diagnostic_of_error(err), "%s%s", lead, text);
}

void ui_warning(Ui *ui, const char *text)
{
    cleanup(free) char *clean = text_clean(text);

    if (!ui->json)
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
    if (ui->json || (ui->quiet && diagnostics->error_count == 0))
        return;
    diagnostics_print(diagnostics, ui->color_err, &text);
    fputs(buffer_text(&text), stderr);
    fflush(stderr);
}

bool ui_wants_events(const Ui *ui)
{
    return ui->json || ui->into != NULL;
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

void ui_event(Ui *ui, const char *type, const char *level, Json *members, const char *format, ...)
{
    cleanup(buffer_deinit) Buffer line = {0}, message = {0};
    cleanup(json_free) Json *owned = members;
    char time_text[40];
    va_list args;

    if (!ui_wants_events(ui))
        return;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) >= 0)
        json_put_string(&message, text);
    va_end(args);
    free(text);
    timestamp(time_text);
    buffer_add_format(&line,
                      "{\"@level\":\"%s\",\"@message\":%s,\"@module\":\"ved.ui\",\"@timestamp\":"
                      "\"%s\",\"seq\":%llu,\"type\":\"%s\"",
                      level, buffer_text(&message), time_text, (unsigned long long)++ui->sequence,
                      type);
    for (const Json *m = json_first(owned); m != NULL; m = json_next(m)) {
        buffer_add_char(&line, ',');
        json_put_string(&line, json_key(m));
        buffer_add_char(&line, ':');
        json_write(&line, m);
    }
    buffer_add_string(&line, "}\n");
    if (ui->json && (fputs(buffer_text(&line), stdout) < 0 || fflush(stdout) != 0))
        ui->broken = true;
    if (ui->into != NULL && fputs(buffer_text(&line), ui->into) < 0)
        ui->broken = true;
}
