/* Observes facts for whoever runs a core: asks the providers what the core wants to know, keeps the
 * answers until they are taken, and says when to look again.
 *
 * A query changes nothing, so nothing of it is durable before the core has recorded the answer; a
 * failed one is an answer, too: it says why the fact is not known. */
#ifndef VED_HOST_FACT_WATCH_H
#define VED_HOST_FACT_WATCH_H

#include "controller/host/stack.h"

#define FACT_TIMEOUT_MS 30000              /* of a query, its retries included */
#define FACT_VALUE_MAX ((size_t)256 << 10) /* of the value's JSON */
#define FACT_POLL_FIRST_MS 2000            /* doubled each time, up to the provider's resync */

typedef struct FactWatch FactWatch;

/* Something can be taken with fact_watch_next(), or the last open question is answered. */
typedef void FactWatchWake(void *context);

/* The stack must be connected. What is open when it is freed is dropped. */
FactWatch *fact_watch_new(Stack *stack, FactWatchWake *wake, void *context);
void fact_watch_free(FactWatch *watch);
CLEANUP_DEFINE(FactWatch *, fact_watch_free);

/* Ask; each query is answered by one event. */
void fact_watch_ask(FactWatch *watch, const FactQuery *queries, size_t count);

/* The next event for the core, but for its time: EVENT_FACT or EVENT_FACTS_DUE. Its texts live
 * until the next call. False: there is none. */
bool fact_watch_next(FactWatch *watch, Event *ret);
bool fact_watch_has_next(const FactWatch *watch);

/* How many batches of questions are open. */
size_t fact_watch_open(const FactWatch *watch);

/* Whether facts are to be observed again and again. */
void fact_watch_poll(FactWatch *watch, bool on);

/* The questions that are open are not asked any further: this process stops. */
void fact_watch_abandon(FactWatch *watch);

#endif
