/* Memory of the libraries we use: it comes from memory.h as well.
 *
 * OpenSSL does not get over a failed allocation everywhere, and what cannot be hashed must not be
 * taken for hashed. The rule: call it first thing in main(), before any library has memory. */
#ifndef VED_BASE_LIBRARY_MEMORY_H
#define VED_BASE_LIBRARY_MEMORY_H

#include <stddef.h>

/* From here on OpenSSL has its memory from memory.h. */
void library_memory_take_over(void);

/* realloc() that cannot fail, in the shape that libraries want theirs in. */
void *library_memory_resize(void *block, size_t size);

#endif
