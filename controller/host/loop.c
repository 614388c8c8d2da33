#include "controller/host/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <time.h>

#include "lang/base/library_memory.h"
#include "lang/base/memory.h"

typedef struct LoopSignal {
    struct LoopSignal *next;
    struct event *event;
    LoopSignalCallback *callback;
    void *context;
} LoopSignal;

struct Loop {
    struct event_base *base;
    LoopSignal *signals;
    bool stopped;
};

struct LoopTimer {
    struct event *event;
    LoopCallback *callback;
    void *context;
};

struct LoopWatch {
    struct event *event;
    LoopCallback *callback;
    void *context;
};

int loop_new(Loop **ret, Error *err)
{
    struct event_base *base;
    Loop *loop;

    event_set_mem_functions(memory_alloc, library_memory_resize, free);
    base = event_base_new();
    if (!base)
        return error_set(err, ERROR_INTERNAL, "make an event loop: libevent has no backend");
    signal(SIGPIPE, SIG_IGN);
    loop = memory_zero(1, sizeof *loop);
    loop->base = base;
    *ret = loop;
    return 0;
}

void loop_free(Loop *loop)
{
    if (!loop)
        return;
    while (loop->signals) {
        LoopSignal *entry = loop->signals;

        loop->signals = entry->next;
        event_free(entry->event);
        free(entry);
    }
    event_base_free(loop->base);
    free(loop);
}

void loop_run(Loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped)
        loop_run_once(loop);
}

void loop_run_once(Loop *loop)
{
    /* Without NO_EXIT_ON_EMPTY a loop that waits for nothing would spin in loop_run(). */
    event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(Loop *loop)
{
    loop->stopped = true;
    event_base_loopbreak(loop->base);
}

void loop_go_on(Loop *loop)
{
    loop->stopped = false;
}

bool loop_is_stopped(const Loop *loop)
{
    return loop->stopped;
}

int64_t loop_now_ms(const Loop *loop)
{
    struct timespec now;

    (void)loop;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct event_base *loop_base(Loop *loop)
{
    return loop->base;
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    LoopSignal *entry = context;

    (void)what;
    entry->callback(entry->context, (int)number);
}

int loop_on_signal(Loop *loop, int signal_number, LoopSignalCallback *callback, void *context,
                   Error *err)
{
    LoopSignal *entry = memory_zero(1, sizeof *entry);

    entry->callback = callback;
    entry->context = context;
    entry->event = evsignal_new(loop->base, signal_number, on_signal, entry);
    if (!entry->event || event_add(entry->event, NULL) < 0) {
        if (entry->event)
            event_free(entry->event);
        free(entry);
        return error_set(err, ERROR_INTERNAL, "watch signal %d: libevent refused", signal_number);
    }
    entry->next = loop->signals;
    loop->signals = entry;
    return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    LoopTimer *timer = context;

    (void)fd;
    (void)what;
    timer->callback(timer->context);
}

LoopTimer *loop_timer_new(Loop *loop, LoopCallback *callback, void *context)
{
    LoopTimer *timer = memory_zero(1, sizeof *timer);

    timer->callback = callback;
    timer->context = context;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    if (!timer->event)
        abort(); /* libevent was out of memory */
    return timer;
}

void loop_timer_set(LoopTimer *timer, int64_t delay_ms)
{
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};

    if (delay_ms < 0)
        delay = (struct timeval){0};
    evtimer_add(timer->event, &delay);
}

void loop_timer_clear(LoopTimer *timer)
{
    evtimer_del(timer->event);
}

bool loop_timer_is_set(const LoopTimer *timer)
{
    return evtimer_pending(timer->event, NULL) != 0;
}

void loop_timer_free(LoopTimer *timer)
{
    if (!timer)
        return;
    event_free(timer->event);
    free(timer);
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    LoopWatch *watch = context;

    (void)fd;
    (void)what;
    watch->callback(watch->context);
}

LoopWatch *loop_watch_new(Loop *loop, int fd, bool readable, bool writable, LoopCallback *callback,
                          void *context)
{
    LoopWatch *watch = memory_zero(1, sizeof *watch);
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    watch->callback = callback;
    watch->context = context;
    watch->event = event_new(loop->base, fd, what, on_ready, watch);
    if (!watch->event || event_add(watch->event, NULL) < 0)
        abort(); /* a descriptor that cannot be polled is a defect of the caller */
    return watch;
}

void loop_watch_free(LoopWatch *watch)
{
    if (!watch)
        return;
    event_free(watch->event);
    free(watch);
}
