/* Texts that are parsed for a test: into one tree at a time, which dies with the test. */
#ifndef VED_TESTS_PARSE_TEXT_H
#define VED_TESTS_PARSE_TEXT_H

#include "lang/ast.h"

extern Arena text_arena;
extern Diagnostics text_diagnostics; /* of what was parsed last, sorted */

void text_done(void); /* for .fini */

const Ast *text_parse(const char *text);
const Ast *text_parse_files(const Source *source);

/* Asserts that there is nothing to report. */
const Ast *text_valid(const char *text);
/* The statements, in the one step of a program's one transition. */
const Stmt *text_statements(const char *text);

/* Asserts that there are exactly these reports, "CODE part of the summary" each, in the order of
 * their places. */
void text_assert_reports(const char *text, const char *const *expected, size_t count);

#define assert_mistakes(text, ...)                                                                 \
    text_assert_reports(text, (const char *const[]){__VA_ARGS__},                                  \
                        ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

/* The same for one, with a part of the remedy if that is not NULL. */
void assert_mistake(const char *text, const char *expected, const char *remedy);

#endif
