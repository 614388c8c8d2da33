/* What the analyzer must know beyond the file it looks at; included before each file by lint.sh.
 *
 * It sees no other file's functions, so it would follow paths on which a failure is reported and
 * yet 0 returned. */
#ifndef VED_TESTS_TIDY_ANALYZER_H
#define VED_TESTS_TIDY_ANALYZER_H

#include "lang/base/error.h"

#define error_set(...) ((void)error_set(__VA_ARGS__), -1)
#define error_errno(...) ((void)error_errno(__VA_ARGS__), -1)
#define error_wrap(...) ((void)error_wrap(__VA_ARGS__), -1)

#endif
