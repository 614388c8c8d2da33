/* The sample's view of its database: the table `guests`, asked without ever blocking.
 *
 * It connects by itself, again whenever the connection is lost, and makes the table if it is
 * missing. Every question is answered exactly once, within DATABASE_TIMEOUT_S. */
#ifndef VED_SAMPLE_DATABASE_H
#define VED_SAMPLE_DATABASE_H

#include <stddef.h>

#include <event2/event.h>

#define DATABASE_TIMEOUT_S 2
#define GUESTS_SHOWN 10

typedef struct Database Database;

typedef struct Guests {
    const char *count; /* digits */
    const char *newest[GUESTS_SHOWN];
    size_t newest_count;
} Guests;

/* `guests` is NULL if the database did not answer; then `why` is one line that says so. Both are
 * valid during the call only. */
typedef void (*GuestsDone)(const Guests *guests, const char *why, void *context);

/* Begin to connect to `url`, which must outlive it. The caller frees it. */
Database *database_new(struct event_base *base, const char *url);

/* Questions that are still open are forgotten. */
void database_free(Database *database);

void database_ask(Database *database, GuestsDone done, void *context);

#endif
