/* A slice of a program's text, run for a test: domain `D`, its transition `T` unless said. */
#ifndef VED_TESTS_SLICE_CASE_H
#define VED_TESTS_SLICE_CASE_H

#include "lang/vm.h"

typedef struct SliceCase {
    Program *program;
    const ProgramDomain *domain;
    Arena arena;
    Value *fields; /* what it begins with: first values */
    SliceInput input;
    SliceResult result;
} SliceCase;

/* Compile a whole program, which must be valid. */
void slice_case_init(SliceCase *c, const char *text);
void slice_case_deinit(SliceCase *c);

/* The same of `declarations`, then a domain with the usual fields and `body` as its T. */
void slice_case_body(SliceCase *c, const char *declarations, const char *body);

/* Run `input`; for a code of its own set input.code before. */
SliceStatus slice_case_run(SliceCase *c);

/* A field of the result, or an argument of an output, as JSON that reads back. */
const char *slice_case_field(SliceCase *c, const char *name);
const char *slice_case_encoded(SliceCase *c, Value value);
Value slice_case_value(SliceCase *c, const char *json);

#endif
