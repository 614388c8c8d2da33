/* In the place of the controller's loop: time passes when nothing else is left to do. */
#include "controller/host/loop.h"

#include <stdio.h>
#include <stdlib.h>

#include "lang/base/memory.h"
#include "tests/simulate/network.h"
#include "tests/simulate/world.h"

#define TURNS_MAX 2000000 /* a process that takes more does not end */

struct Loop {
    LoopTimer *timers;
    uint64_t last_number, turns;
    bool stopped;
    LoopSignalCallback *on_signal;
    void *signal_context;
};

struct LoopTimer {
    LoopTimer *next, **link;
    Loop *loop;
    LoopCallback *callback;
    void *context;
    int64_t due_ms;
    uint64_t number; /* 0: not set; else in the order they were set in */
};

static Loop *the_loop; /* one a process */

int loop_new(Loop **ret, Error *err)
{
    (void)err;
    *ret = the_loop = memory_zero(1, sizeof **ret);
    return 0;
}

void loop_free(Loop *loop)
{
    the_loop = NULL;
    free(loop);
}

static LoopTimer *timer_next(const Loop *loop)
{
    LoopTimer *next = NULL;

    for (LoopTimer *timer = loop->timers; timer != NULL; timer = timer->next)
        if (timer->number != 0 && (next == NULL || timer->due_ms < next->due_ms ||
                                   (timer->due_ms == next->due_ms && timer->number < next->number)))
            next = timer;
    return next;
}

static void clock_reach(int64_t ms)
{
    if (ms > world->now_ms)
        world->now_ms = ms;
}

/* The earlier of a timer and what comes from outside. */
void loop_run_once(Loop *loop)
{
    LoopTimer *timer = timer_next(loop);
    int64_t outside_ms = network_next_ms();

    world_step();
    if (++loop->turns > TURNS_MAX)
        world_wrong("the process does not come to an end");
    if (timer == NULL && outside_ms < 0)
        world_wrong("the process waits, and nothing will ever happen");
    if (timer != NULL && (outside_ms < 0 || timer->due_ms <= outside_ms)) {
        clock_reach(timer->due_ms);
        timer->number = 0;
        timer->callback(timer->context);
    } else {
        clock_reach(outside_ms);
        network_happen();
    }
}

void loop_run(Loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped)
        loop_run_once(loop);
}

void loop_stop(Loop *loop)
{
    loop->stopped = true;
}

bool loop_is_stopped(const Loop *loop)
{
    return loop->stopped;
}

int64_t loop_now_ms(const Loop *loop)
{
    (void)loop;
    return world->now_ms;
}

unsigned loop_armed(const Loop *loop)
{
    unsigned count = 0;

    for (const LoopTimer *timer = loop->timers; timer != NULL; timer = timer->next)
        count += timer->number != 0;
    return count;
}

/* ---- signals ---- */

int loop_on_signal(Loop *loop, int signal_number, LoopSignalCallback *callback, void *context,
                   Error *err)
{
    (void)signal_number;
    (void)err;
    loop->on_signal = callback;
    loop->signal_context = context;
    return 0;
}

void loop_deliver_signal(void)
{
    if (the_loop == NULL || the_loop->on_signal == NULL)
        return;
    world_trace("SIGTERM");
    the_loop->on_signal(the_loop->signal_context, 15);
}

/* ---- timers ---- */

LoopTimer *loop_timer_new(Loop *loop, LoopCallback *callback, void *context)
{
    LoopTimer *timer = memory_zero(1, sizeof *timer);

    timer->loop = loop;
    timer->callback = callback;
    timer->context = context;
    timer->next = loop->timers;
    timer->link = &loop->timers;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    loop->timers = timer;
    return timer;
}

void loop_timer_set(LoopTimer *timer, int64_t delay_ms)
{
    timer->due_ms = world->now_ms + (delay_ms > 0 ? delay_ms : 0);
    timer->number = ++timer->loop->last_number;
}

void loop_timer_clear(LoopTimer *timer)
{
    timer->number = 0;
}

bool loop_timer_is_set(const LoopTimer *timer)
{
    return timer->number != 0;
}

void loop_timer_free(LoopTimer *timer)
{
    if (timer == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    free(timer);
}

/* ---- what no process here has: sockets and pipes ---- */

static void refuse(const char *what)
{
    fprintf(stderr, "simulate: %s is not simulated\n", what);
    abort();
}

struct event_base *loop_base(Loop *loop)
{
    (void)loop;
    refuse("libevent");
    return NULL;
}

LoopWatch *loop_watch_new(Loop *loop, int fd, bool readable, bool writable, LoopCallback *callback,
                          void *context)
{
    (void)loop;
    (void)fd;
    (void)readable;
    (void)writable;
    (void)callback;
    (void)context;
    refuse("waiting for a descriptor");
    return NULL;
}

void loop_watch_free(LoopWatch *watch)
{
    (void)watch;
}
