/* Small helpers every file may use: scoped cleanup, handing over ownership, array length. */
#ifndef VED_BASE_MACROS_H
#define VED_BASE_MACROS_H

#include <stddef.h>

/* Run `f##_p` on the variable when it goes out of scope; see CLEANUP_DEFINE. */
#define cleanup(f) __attribute__((cleanup(f##_p)))

/* Make `f`, a destructor that takes a pointer, usable with cleanup(). */
#define CLEANUP_DEFINE(type, f)                                                                    \
    static inline void f##_p(type *p)                                                              \
    {                                                                                              \
        f(*p);                                                                                     \
    }                                                                                              \
    struct f##_semicolon

/* Hand the value of a variable over and leave NULL behind, so that its cleanup does nothing. */
#define take(variable)                                                                             \
    __extension__({                                                                                \
        __typeof__(variable) taken_ = (variable);                                                  \
        (variable) = NULL;                                                                         \
        taken_;                                                                                    \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

#endif
