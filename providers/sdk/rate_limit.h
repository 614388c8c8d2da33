/* So many in a second, and as many as two seconds allow at once. */
#ifndef VED_SDK_RATE_LIMIT_H
#define VED_SDK_RATE_LIMIT_H

#include <stdint.h>

typedef struct RateLimit {
    double per_s; /* 0: no limit */
    double left;
    int64_t at_ms;
} RateLimit;

RateLimit rate_limit(double per_s, int64_t now_ms);

/* 0: one more has been let through; else how many milliseconds from now the next may be. */
int64_t rate_limit_take(RateLimit *limit, int64_t now_ms);

#endif
