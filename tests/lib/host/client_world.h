/* Loop, scripted provider bound as "P", and pool, with the times of the protocol shortened. */
#ifndef VED_TESTS_CLIENT_WORLD_H
#define VED_TESTS_CLIENT_WORLD_H

#include "controller/host/provider_client.h"
#include "tests/lib/host/faulty_server.h"

#define GUARD_MS 20000 /* no test waits longer */

typedef struct ClientWorld {
    char folder[64];
    char *plugin_dir; /* where this test program and the plugins built with it are */
    Loop *loop;
    FaultyServer *server;
    ProviderPool *pool;
    ProviderAnswer answer; /* the last one; members belong to the world */
    size_t answers;
} ClientWorld;

void world_init(ClientWorld *world);
void world_deinit(ClientWorld *world);

/* A pool without bindings, and one started with the scripted provider as "P". */
void world_make_pool(ClientWorld *world);
void world_bind(ClientWorld *world, int concurrency, double rate_per_s);
void world_up(ClientWorld *world);

/* Script the next requests. */
#define world_script(world, ...)                                                                   \
    faulty_server_script((world)->server, (const Fault[]){__VA_ARGS__},                            \
                         sizeof((const Fault[]){__VA_ARGS__}) / sizeof(Fault))

/* The call every test begins with: object u1 of type T, operation "op-1", a minute of time. */
ProviderCall world_call(CallVerb verb);

/* Start without waiting; wait until `count` calls in all have been answered. */
uint64_t world_start(ClientWorld *world, const ProviderCall *call);
void world_wait(ClientWorld *world, size_t count);

/* Both, for one call. */
const ProviderAnswer *world_do(ClientWorld *world, const ProviderCall *call);

/* Run the loop for a while. */
void world_pass(ClientWorld *world, int64_t ms);

/* Run it until that holds. */
#define WORLD_UNTIL(world, condition)                                                              \
    do {                                                                                           \
        for (int waited_ms_ = 0; !(condition); waited_ms_ += 5) {                                  \
            cr_assert_lt(waited_ms_, GUARD_MS, "%s", #condition);                                  \
            world_pass(world, 5);                                                                  \
        }                                                                                          \
    } while (false)

/* Run it until the first request has arrived. */
void world_wait_for_request(ClientWorld *world);

void world_expect_log(const ClientWorld *world, const char *expected);

#endif
