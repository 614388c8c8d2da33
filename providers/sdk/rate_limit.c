#include "providers/sdk/rate_limit.h"

#define BURST_S 2

static double burst_of(double per_s)
{
    double burst = per_s * BURST_S;

    return burst < 1 ? 1 : burst;
}

RateLimit rate_limit(double per_s, int64_t now_ms)
{
    return (RateLimit){per_s, burst_of(per_s), now_ms};
}

int64_t rate_limit_take(RateLimit *limit, int64_t now_ms)
{
    double most = burst_of(limit->per_s);

    if (limit->per_s <= 0)
        return 0;
    if (now_ms > limit->at_ms)
        limit->left += (double)(now_ms - limit->at_ms) * limit->per_s / 1000;
    limit->at_ms = now_ms;
    if (limit->left > most)
        limit->left = most;
    if (limit->left < 1)
        return (int64_t)((1 - limit->left) * 1000 / limit->per_s) + 1;
    limit->left -= 1;
    return 0;
}
