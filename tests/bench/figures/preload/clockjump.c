/* Preloaded into the unmodified ved: CLOCKJUMP_S seconds after its start the clock on the wall
 * jumps an hour ahead, and as long after that an hour back behind where it would have been. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HOUR_S 3600

static time_t start_s;
static time_t jump_s;

static time_t steady_s(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

__attribute__((constructor)) static void clockjump_init(void)
{
    const char *text = getenv("CLOCKJUMP_S");

    start_s = steady_s();
    jump_s = text != NULL ? atol(text) : 0;
}

static time_t jump_now(void)
{
    time_t age_s = steady_s() - start_s;

    if (jump_s == 0 || age_s < jump_s)
        return 0;
    return age_s < 2 * jump_s ? HOUR_S : -HOUR_S;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int code = (int)syscall(SYS_clock_gettime, clock, ret);

    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret->tv_sec += jump_now();
    return code;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    *ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
