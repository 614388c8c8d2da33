/* Carries out the remedies that need no thought: what `ved fix` does.
 *
 * Edits come from diagnostics. After each round the program is checked again, and a round that
 * made anything worse is taken back, so the result never has more errors than the text given. */
#ifndef VED_LANG_FIX_H
#define VED_LANG_FIX_H

#include "lang/base/buffer.h"
#include "lang/program.h"

#define FIX_ROUNDS_MAX 10

/* Called for each edit that was made, with the program it was found in. */
typedef void FixReport(void *context, const Diagnostics *diagnostics, const Diagnostic *made);

/* The text of a program with its edits made; of a program of several files only the first is
 * touched. Returns how many were made. `loader` as for program_compile_files(). */
size_t fix_source(const char *name, const char *text, size_t size, const SourceLoader *loader,
                  FixReport *report, void *context, Buffer *ret);

#endif
