#include "tests/simulate/network.h"

#include <string.h>

#include "tests/simulate/provider.h"
#include "tests/simulate/promise.h"
#include "tests/simulate/world.h"

typedef enum HappeningKind {
    REQUEST_ARRIVES,
    REPLY_ARRIVES,
    CONNECTION_ENDS,
    OPERATION_ENDS,
    PROVIDER_RETURNS,
    SIGNAL_COMES
} HappeningKind;

typedef struct Happening {
    struct Happening *next;
    int64_t due_ms;
    HappeningKind kind;
    const Request *request; /* REQUEST, REPLY, CONNECTION */
    const Reply *reply;
    size_t operation;
    unsigned life; /* 0: also when that process is gone */
} Happening;

struct Network {
    Happening *first;
};

void network_make(void)
{
    world->network = world_alloc(sizeof *world->network);
}

/* What is due at the same time happens in the order it was said in. */
static void happen_later(Happening happening, int64_t after_ms)
{
    Happening **link = &world->network->first, *kept = world_alloc(sizeof *kept);

    *kept = happening;
    kept->due_ms = world->now_ms + after_ms;
    while (*link != NULL && (*link)->due_ms <= kept->due_ms)
        link = &(*link)->next;
    kept->next = *link;
    *link = kept;
}

static int64_t delay_ms(void)
{
    return 1 + (int64_t)chance_below(&world->chance, 20);
}

static int64_t long_delay_ms(void)
{
    return (int64_t)chance_below(&world->chance, NETWORK_LATE_MS);
}

static void connection_ends(const Request *request, int64_t after_ms)
{
    happen_later((Happening){.kind = CONNECTION_ENDS, .request = request, .life = request->life},
                 after_ms);
}

/* ---- sending ---- */

static const Request *request_keep(const Request *request)
{
    Request *kept = world_alloc(sizeof *kept);

    *kept = *request;
    return kept;
}

/* Sent by itself once more, by what lies between; nobody waits for what comes of it. */
static void send_twice(const Request *request, int64_t after_ms)
{
    Request ghost = *request;

    ghost.life = 0;
    happen_later((Happening){.kind = REQUEST_ARRIVES, .request = request_keep(&ghost)}, after_ms);
}

void network_send(const Request *request)
{
    const Request *kept = request_keep(request);

    tally->requests++;
    if (world_trouble(TROUBLE_REQUEST_LOST, 40)) {
        connection_ends(kept, long_delay_ms());
        return;
    }
    bool late = world_trouble(TROUBLE_REQUEST_LATE, 60);
    int64_t after_ms = late ? long_delay_ms() : delay_ms();
    happen_later((Happening){.kind = REQUEST_ARRIVES,
                             .request = kept,
                             .life = world->mutant == MUTANT_COMMIT_FIRST ? world->life : 0},
                 after_ms);
    if (kept->key != NULL && world_trouble(TROUBLE_REQUEST_TWICE, 60))
        send_twice(kept, after_ms + long_delay_ms());
    if (late && chance_one_in(&world->chance, 2))
        connection_ends(kept, delay_ms());
}

void network_cut(const Request *request)
{
    tally->requests++;
    connection_ends(request_keep(request), delay_ms());
}

/* ---- answering ---- */

static const Reply *reply_keep(const Reply *reply)
{
    Reply *kept = world_alloc(sizeof *kept);

    *kept = *reply;
    if (world_trouble(TROUBLE_REPLY_GARBLED, 150)) {
        kept->body = "{\"uid\":";
        kept->body_size = strlen(kept->body);
    }
    kept->cut = kept->body_size > 0 && world_trouble(TROUBLE_REPLY_CUT, 80);
    return kept;
}

static void reply_send(const Request *request, const Reply *reply)
{
    if (world_provider_dies(POINT_PROVIDER_ANSWERING)) {
        Reply half = *reply;
        half.cut = true;
        happen_later((Happening){.kind = REPLY_ARRIVES,
                                 .request = request,
                                 .reply = reply_keep(&half),
                                 .life = request->life},
                     delay_ms());
        provider_die();
        return;
    }
    if (world_trouble(TROUBLE_REPLY_LOST, 40)) {
        connection_ends(request, long_delay_ms());
        return;
    }
    happen_later((Happening){.kind = REPLY_ARRIVES,
                             .request = request,
                             .reply = reply_keep(reply),
                             .life = request->life},
                 world_trouble(TROUBLE_REPLY_LATE, 60) ? 2 * long_delay_ms() : delay_ms());
}

static void request_arrives(const Request *request)
{
    Reply reply = {.retry_after_ms = -1};

    world_trace("provider: %s %s%s", request->method, request->path,
                request->life == 0 ? " (once more)" : "");
    if (!provider_take(request, &reply))
        connection_ends(request, delay_ms());
    else if (request->life != 0)
        reply_send(request, &reply);
}

/* ---- time ---- */

void network_operation_ends(size_t operation, int64_t after_ms)
{
    happen_later((Happening){.kind = OPERATION_ENDS, .operation = operation}, after_ms);
}

void network_provider_returns(int64_t after_ms)
{
    happen_later((Happening){.kind = PROVIDER_RETURNS}, after_ms);
}

void network_signal(int64_t after_ms)
{
    happen_later((Happening){.kind = SIGNAL_COMES, .life = world->life + 1}, after_ms);
}

int64_t network_next_ms(void)
{
    return world->network->first != NULL ? world->network->first->due_ms : -1;
}

static void reply_arrives(const Request *request, const Reply *reply)
{
    if (!reply->cut)
        promise_note_answer(request, reply);
    http_deliver(request->transfer, reply);
}

void network_happen(void)
{
    Happening *now = world->network->first;

    world->network->first = now->next;
    if (now->life != 0 && (!world->running || now->life != world->life))
        return; /* whom it was for is gone */
    switch (now->kind) {
    case REQUEST_ARRIVES:
        request_arrives(now->request);
        return;
    case REPLY_ARRIVES:
        reply_arrives(now->request, now->reply);
        return;
    case CONNECTION_ENDS:
        http_deliver(now->request->transfer, NULL);
        return;
    case OPERATION_ENDS:
        provider_operation_ends(now->operation);
        return;
    case PROVIDER_RETURNS:
        provider_return();
        return;
    case SIGNAL_COMES:
        world_count(TROUBLE_SIGNAL);
        loop_deliver_signal();
        return;
    }
}

void network_pass(int64_t ms)
{
    int64_t until_ms = world->now_ms + ms;

    while (network_next_ms() >= 0 && network_next_ms() <= until_ms) {
        if (network_next_ms() > world->now_ms)
            world->now_ms = network_next_ms();
        network_happen();
    }
    world->now_ms = until_ms;
}
