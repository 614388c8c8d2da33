/* A program as its author keeps it: a file, and the files that it imports beside and below it. */
#ifndef VED_HOST_PROGRAM_FILE_H
#define VED_HOST_PROGRAM_FILE_H

#include "lang/fix.h"
#include "lang/program.h"

/* Read and compile it. 0 and a program, which may not be valid: look at its diagnostics; what
 * cannot be imported is one of them. Or a negative code: the file itself cannot be read. */
int program_file_compile(const char *file, Program **ret, Error *err);

/* Its text, and the same with the edits of its diagnostics made; see fix_source(). The number of
 * edits, or a negative code. */
int program_file_fix(const char *file, FixReport *report, void *context, Buffer *ret_text,
                     Buffer *ret_fixed, Error *err);

#endif
