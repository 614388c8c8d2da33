/* What is wrong or worth knowing about a program: collected, sorted by place, printed once.
 *
 * A diagnostic names the place, what was found and expected, what follows, and the remedy. */
#ifndef VED_LANG_DIAGNOSTIC_H
#define VED_LANG_DIAGNOSTIC_H

#include <stdbool.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/source.h"
#include "lang/suggest.h"

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_LINT, SEVERITY_NOTE } Severity;

typedef struct DiagnosticNote {
    Span span;
    const char *text;
} DiagnosticNote;

/* What to write instead of a stretch of the source. */
typedef struct DiagnosticEdit {
    Span span;
    const char *text; /* NULL: there is nothing that could be done by itself */
} DiagnosticEdit;

typedef struct Diagnostic {
    Severity severity;
    const char *code; /* "V-ERR-004" */
    Span span;
    const char *summary;     /* one line: what is wrong */
    const char *label;       /* under the carets; may be NULL */
    const char *consequence; /* what follows; may be NULL */
    const char *remedy;      /* what to write or do instead; may be NULL */
    DiagnosticNote *notes;   /* where the other half is */
    size_t note_count;
    DiagnosticEdit edit; /* the remedy, as `ved fix` carries it out */
} Diagnostic;

#define DIAGNOSTIC_COUNT_MAX 200 /* after that one says how many more there were */

typedef struct Diagnostics {
    Arena *arena; /* owns every text */
    const Source *source;
    Diagnostic *items;
    size_t count;
    size_t capacity;
    size_t error_count;
    size_t dropped;
} Diagnostics;

void diagnostics_init(Diagnostics *diagnostics, Arena *arena, const Source *source);

/* Add one; `summary` is a format. The result may be completed (label, consequence, remedy, notes)
 * until the next is added. Never NULL: past the ceiling it is a spare that is not printed. */
Diagnostic *diagnostics_add(Diagnostics *diagnostics, Severity severity, const char *code,
                            Span span, const char *summary, ...) PRINTF_LIKE(5, 6);
void diagnostic_note(Diagnostics *diagnostics, Diagnostic *diagnostic, Span span,
                     const char *format, ...) PRINTF_LIKE(4, 5);

/* Say which edit is the remedy; only where it is surely what was meant, or the program would not
 * run anyway. */
void diagnostic_edit(Diagnostics *diagnostics, Diagnostic *diagnostic, Span span,
                     const char *format, ...) PRINTF_LIKE(4, 5);

/* Sort by place, then severity; drop exact repetitions. */
void diagnostics_sort(Diagnostics *diagnostics);

/* For people: `error[V-ERR-004]: summary`, ` --> file:line:column`, the line, carets, notes,
 * consequence, remedy. Long lines are cut around the carets; control characters are replaced. */
void diagnostics_print(const Diagnostics *diagnostics, bool color, Buffer *ret);

/* One JSON object a line: {severity, code, summary, detail, remedy, range{file,start{line,column,
 * byte},end{...}}, notes[], and edit{text,range} where there is one}. */
void diagnostics_print_json(const Diagnostics *diagnostics, Buffer *ret);

/* What a code of lang/codes.def means, in one line; NULL: no such code. */
const char *code_meaning(const char *code);

/* Consider every code for a suggestion. */
void code_suggest(Suggestion *suggestion);

#endif
