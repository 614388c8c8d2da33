/* A program as its author keeps it: a file, and the files that it imports beside and below it. */
#ifndef VED_HOST_PROGRAM_FILE_H
#define VED_HOST_PROGRAM_FILE_H

#include "lang/program.h"

/* Read and compile it. 0 and a program, which may not be valid: look at its diagnostics; what
 * cannot be imported is one of them. Or a negative code: the file itself cannot be read. */
int program_file_compile(const char *file, Program **ret, Error *err);

#endif
