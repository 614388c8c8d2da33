/* What is on its way between a controller and its provider, and when it comes to be.
 *
 * A request that has left arrives, or is lost, whatever becomes of who sent it; its answer reaches
 * only the process that waits for it. A request arrives within NETWORK_LATE_MS or never, as one
 * over a connection does that is closed from this side. */
#ifndef VED_TESTS_SIMULATE_NETWORK_H
#define VED_TESTS_SIMULATE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_LATE_MS 20000

typedef struct Request {
    const char *method, *path;
    const char *key; /* idempotency key; NULL: it changes nothing */
    const char *digest;
    bool if_none_match;
    const char *body;
    size_t body_size;
    uint64_t transfer; /* who waits for the answer */
    unsigned life;     /* in which process; 0: nobody */
} Request;

typedef struct Reply {
    int status;
    const char *body;
    size_t body_size;
    int64_t retry_after_ms; /* -1: not said */
    bool replayed;
    bool cut; /* its end is missing */
} Reply;

void network_make(void);

/* The request leaves: what becomes of it, and of its answer, is up to chance. */
void network_send(const Request *request);

/* Half of it leaves; the rest never does. */
void network_cut(const Request *request);

/* The provider's work on this operation ends then; it is up again then; a signal comes to the next
 * process. */
void network_operation_ends(size_t operation, int64_t after_ms);
void network_provider_returns(int64_t after_ms);
void network_signal(int64_t after_ms);

/* When the next thing happens; -1: nothing will. */
int64_t network_next_ms(void);

/* It happens; the clock must have come to its time. */
void network_happen(void);

/* Let the time pass in which no process runs. */
void network_pass(int64_t ms);

/* ---- of the process, in http.c and loop.c ---- */

/* The answer has come, or `reply` is NULL: the connection is lost. */
void http_deliver(uint64_t transfer, const Reply *reply);
void loop_deliver_signal(void);

/* How many timers are set now. */
struct Loop;
unsigned loop_armed(const struct Loop *loop);

#endif
