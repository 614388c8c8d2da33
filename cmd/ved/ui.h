/* The only place that prints: people's text, the machine's NDJSON, a log, and which is wanted.
 *
 * stdout is the result, stderr progress and diagnostics. With --json stdout carries NDJSON and
 * nothing else; with --json-into both are written. A log is the same stream as logfmt on stderr,
 * and no other text. Text that came from a provider has its control characters replaced. */
#ifndef VED_CMD_UI_H
#define VED_CMD_UI_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd/ved/exit_code.h"
#include "cmd/ved/options.h"
#include "lang/base/json.h"
#include "lang/diagnostic.h"

typedef struct Ui {
    bool mute;         /* no text for people */
    bool json;         /* NDJSON on stdout */
    bool log;          /* logfmt on stderr */
    const char *stack; /* whose lines these are, where there are several; NULL */
    struct Ui *whole;  /* that this one is a stack's part of; NULL */
    bool quiet;
    bool summary;
    bool color_out, color_err;
    FILE *into; /* --json-into; NULL */
    uint64_t sequence;
    Json *counts; /* what the exit line says was planned or done; NULL */
    bool broken;  /* stdout or the file could not be written */
} Ui;

/* 0, or a negative code when --json-into cannot be opened. */
int ui_init(Ui *ui, const Options *options, Error *err);

/* From here on a log: for what runs for long. With --json that is NDJSON as ever. */
void ui_make_log(Ui *ui);

/* The part of one stack; `name` is the caller's. */
Ui ui_part(Ui *whole, const char *name);

/* Say the exit code to the machine, flush, close: the process's exit code, which is STATE IO if the
 * output could not be written. */
int ui_finish(Ui *ui, ExitReasons reasons);

/* What the exit line says was planned or done; takes it over, and the last one counts. */
void ui_counts(Ui *ui, Json *counts);

/* Result text (nothing with --json); progress (nothing with --quiet or --json). */
void ui_out(Ui *ui, const char *format, ...) PRINTF_LIKE(2, 3);
void ui_progress(Ui *ui, const char *format, ...) PRINTF_LIKE(2, 3);

/* An error for people and machine: "Error: sentence". */
void ui_error(Ui *ui, const Error *err);
void ui_warning(Ui *ui, const char *text);
/* Something to know that asks for nothing: part of the result. */
void ui_note(Ui *ui, const char *text);
/* One for each line of `lines`, with `before` in front. */
void ui_warnings(Ui *ui, const char *before, const Buffer *lines);
void ui_diagnostics(Ui *ui, const Diagnostics *diagnostics);

/* One line of the machine's stream; takes over `members` (may be NULL), to which it adds level,
 * message, module, time, type and number. */
void ui_event(Ui *ui, const char *type, const char *level, Json *members, const char *format, ...)
    PRINTF_LIKE(5, 6);
bool ui_wants_events(const Ui *ui);

/* A copy with C0, C1 and DEL replaced by spaces; the caller frees it. The other one keeps the ends
 * of lines. */
char *text_clean(const char *text);
char *text_clean_lines(const char *text);

#define COLOR_GREEN "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_MAGENTA "\033[35m"
#define COLOR_RED "\033[31m"
#define COLOR_CYAN "\033[36m"
#define COLOR_BOLD "\033[1m"
#define COLOR_OFF "\033[0m"

/* The sequence if stdout has colours, else "". */
const char *ui_color(const Ui *ui, const char *sequence);

#endif
