/* A provider, and the world that it works on.
 *
 * It remembers keys as the protocol asks: a key is noted before anything is done, and what came of
 * it after; killed between the two, it looks at the world and finishes. It may work at once or take
 * its time. The world counts: what was done, how often, and in which order. */
#ifndef VED_TESTS_SIMULATE_PROVIDER_H
#define VED_TESTS_SIMULATE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulate/network.h"

#define PROVIDER_NAME "Infra"
#define PROVIDER_URL "https://infra.example:8443"

/* An object outside. */
typedef struct Thing {
    struct Thing *next;
    const char *uid, *address, *effect, *desired;
    const char *op; /* of the last one that made or changed it */
    uint64_t birth;
    unsigned births;
    bool exists;
} Thing;

/* Something that was done and left no object. */
typedef struct Done {
    struct Done *next;
    const char *op, *effect, *who;
    int64_t number;
} Done;

void provider_make(void);

/* The next `count` operations on that effect are refused for good. */
void provider_refuse(const char *effect, unsigned count);

/* How often it was. */
unsigned provider_refused(const char *effect);

/* `Infra.ready` is true from then on. */
void provider_ready_from(int64_t ms);

/* A request arrives. True: `ret` is the answer; false: there is none, the connection ends. */
bool provider_take(const Request *request, Reply *ret);

/* Nobody can connect. */
bool provider_is_down(void);

void provider_die(void);
void provider_return(void);
void provider_operation_ends(size_t operation);

/* An object is lost outside; false: there is none that may be. */
bool provider_lose(void);

/* What there is in the end, in the order it came about. */
const Thing *provider_things(void);
const Done *provider_done(void);

#endif
