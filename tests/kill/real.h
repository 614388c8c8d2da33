/* For what is preloaded: the function behind one of ours.
 *
 * Not for malloc() and its like, which dlsym() calls itself. */
#ifndef VED_TESTS_REAL_H
#define VED_TESTS_REAL_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

static void *next_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    /* A library that was opened later and privately is not in the search order. */
    if (!symbol) {
        void *library = dlopen("libssl.so.3", RTLD_LAZY | RTLD_NOLOAD);

        symbol = library ? dlsym(library, name) : NULL;
    }
    if (!symbol) {
        fprintf(stderr, "preloaded: no function '%s' behind this one\n", name);
        abort();
    }
    return symbol;
}

/* Look the real function up once; `real` is then a pointer of its type. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
    real = (__typeof__(real))next_symbol(#name)

#endif
