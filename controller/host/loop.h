/* The one wait of the process: sockets, timers and signals on a libevent base.
 *
 * One thread only, and callbacks never block. Times are milliseconds of a monotonic clock that has
 * nothing to do with the date. loop_new() makes the process ignore SIGPIPE: a peer that is gone
 * is an error of the write, not the end of the process. */
#ifndef VED_HOST_LOOP_H
#define VED_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/macros.h"

struct event_base;

typedef struct Loop Loop;
typedef struct LoopTimer LoopTimer;
typedef struct LoopWatch LoopWatch;

typedef void LoopCallback(void *context);
typedef void LoopSignalCallback(void *context, int signal_number);

int loop_new(Loop **ret, Error *err);

/* After everything that was made on it. */
void loop_free(Loop *loop);
CLEANUP_DEFINE(Loop *, loop_free);

/* Run until loop_stop(); or wait for and handle once what is due. Never from a callback. */
void loop_run(Loop *loop);
void loop_run_once(Loop *loop);

/* Make loop_run() return after the callback at hand. A stopped loop stays so, for those who call
 * loop_run_once() to see, until loop_run() is called again. */
void loop_stop(Loop *loop);
bool loop_is_stopped(const Loop *loop);

/* Take it back: what it was for is over. */
void loop_go_on(Loop *loop);

/* Now, not cached; only differences mean anything. */
int64_t loop_now_ms(const Loop *loop);

/* For libraries that speak libevent themselves. */
struct event_base *loop_base(Loop *loop);

/* Call back for SIGINT, SIGTERM, SIGHUP ... until the loop is freed. Once per signal number. */
int loop_on_signal(Loop *loop, int signal_number, LoopSignalCallback *callback, void *context,
                   Error *err);

/* A timer fires once per loop_timer_set(), which moves a running one; 0 is "next turn". */
LoopTimer *loop_timer_new(Loop *loop, LoopCallback *callback, void *context);
void loop_timer_set(LoopTimer *timer, int64_t delay_ms);
void loop_timer_clear(LoopTimer *timer);
bool loop_timer_is_set(const LoopTimer *timer);
void loop_timer_free(LoopTimer *timer); /* NULL is fine; also from its own callback */

/* Call back whenever `fd` can be read or written, until freed. Does not own the descriptor, which
 * must stay open as long. */
LoopWatch *loop_watch_new(Loop *loop, int fd, bool readable, bool writable, LoopCallback *callback,
                          void *context);
void loop_watch_free(LoopWatch *watch);

#endif
