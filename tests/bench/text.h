/* Programs made to be measured: each function appends one of them, the same on every machine.
 *
 * The first group is correct and without warnings; `size` is about how many bytes it has. The
 * second is nested `depth` levels deep, which is one mistake. */
#ifndef VED_BENCH_TEXT_H
#define VED_BENCH_TEXT_H

#include "lang/base/buffer.h"

void text_shops(Buffer *ret, size_t size);       /* many small domains with comments */
void text_bodies(Buffer *ret, size_t size);      /* few domains with long slices */
void text_expressions(Buffer *ret, size_t size); /* conditions and values of many operators */
void text_domains(Buffer *ret, size_t count);    /* so many domains, whatever their size */

void text_parentheses(Buffer *ret, size_t depth);
void text_brackets(Buffer *ret, size_t depth);
void text_braces(Buffer *ret, size_t depth);
void text_ifs(Buffer *ret, size_t depth);
void text_else_ifs(Buffer *ret, size_t depth);
void text_nots(Buffer *ret, size_t depth);
void text_holes(Buffer *ret, size_t depth); /* strings in strings */

#endif
