/* In the place of the controller's HTTPS: the same requests, over the virtual network. */
#include "controller/host/http.h"

#include <string.h>

#include "controller/host/tls_files.h"
#include "lang/base/memory.h"
#include "tests/simulate/network.h"
#include "tests/simulate/promise.h"
#include "tests/simulate/provider.h"
#include "tests/simulate/world.h"

struct HttpClient {
    Loop *loop;
    HttpTransfer *transfers;
};

struct HttpTransfer {
    HttpTransfer *next, **link;
    uint64_t number;
    HttpDone *done;
    void *context;
    LoopTimer *timer; /* its failure is known then, or its time is over */
    HttpReply reply;
};

static HttpClient *the_client; /* one a process */
static uint64_t last_number;

/* Connections are trusted here. */
int tls_files_make(const char *folder, const char *identity, Error *err)
{
    (void)folder;
    (void)identity;
    (void)err;
    return 0;
}

int http_client_new(Loop *loop, HttpClient **ret, Error *err)
{
    HttpClient *client = memory_zero(1, sizeof *client);

    (void)err;
    client->loop = loop;
    the_client = client;
    *ret = client;
    return 0;
}

static void transfer_free(HttpTransfer *transfer)
{
    *transfer->link = transfer->next;
    if (transfer->next != NULL)
        transfer->next->link = transfer->link;
    loop_timer_free(transfer->timer);
    buffer_deinit(&transfer->reply.body);
    free(transfer);
}

void http_cancel(HttpTransfer *transfer)
{
    if (transfer != NULL)
        transfer_free(transfer);
}

void http_client_free(HttpClient *client)
{
    if (client == NULL)
        return;
    while (client->transfers != NULL)
        transfer_free(client->transfers);
    the_client = NULL;
    free(client);
}

/* The transfer is gone then. */
static void transfer_end(HttpTransfer *transfer)
{
    HttpReply reply = transfer->reply;
    HttpDone *done = transfer->done;
    void *context = transfer->context;

    transfer->reply.body = (Buffer){0};
    transfer_free(transfer);
    done(context, &reply);
    buffer_deinit(&reply.body);
}

static void transfer_fail(HttpTransfer *transfer, HttpFailure failure, const char *why)
{
    transfer->reply.failure = failure;
    strcpy(transfer->reply.error, why);
}

static void on_timer(void *context)
{
    transfer_end(context);
}

static HttpTransfer *transfer_new(HttpClient *client, HttpDone *done, void *context)
{
    HttpTransfer *transfer = memory_zero(1, sizeof *transfer);

    transfer->number = ++last_number;
    transfer->done = done;
    transfer->context = context;
    transfer->timer = loop_timer_new(client->loop, on_timer, transfer);
    transfer->reply.retry_after_ms = -1;
    transfer->next = client->transfers;
    transfer->link = &client->transfers;
    if (transfer->next != NULL)
        transfer->next->link = &transfer->next;
    client->transfers = transfer;
    return transfer;
}

/* ---- requests ---- */

static const char *header_find(const HttpRequest *request, const char *name)
{
    size_t size = strlen(name);

    for (const char *const *h = request->headers; h != NULL && *h != NULL; h++)
        if (strncmp(*h, name, size) == 0)
            return *h + size;
    return NULL;
}

/* Without the quotes around it. */
static const char *key_of(const HttpRequest *request)
{
    const char *key = header_find(request, "Idempotency-Key: \"");

    return key != NULL ? world_copy(key, strlen(key) - 1) : NULL;
}

static Request request_of(const HttpTransfer *transfer, const HttpRequest *request)
{
    const char *digest = header_find(request, "Content-Digest: ");
    const char *path = request->url + strlen(PROVIDER_URL);

    return (Request){.method = world_copy(request->method, strlen(request->method)),
                     .path = world_copy(path, strlen(path)),
                     .key = key_of(request),
                     .digest = digest != NULL ? world_copy(digest, strlen(digest)) : "",
                     .if_none_match = header_find(request, "If-None-Match: *") != NULL,
                     .body = world_copy(request->body, request->body_size),
                     .body_size = request->body_size,
                     .transfer = transfer->number,
                     .life = world->life};
}

/* What is to be found: it is said to be done before it is asked for, and a process that dies takes
 * the asking along. */
static void answer_first(HttpTransfer *transfer)
{
    static const char done[] =
        "{\"outcome\":\"applied\",\"state\":{\"id\":\"i0\",\"address\":\"\"}}";

    transfer->reply.failure = HTTP_REPLIED;
    transfer->reply.status = 200;
    buffer_add_string(&transfer->reply.body, done);
    loop_timer_set(transfer->timer, 0);
}

/* What is to be found: the provider cannot tell that it had this before. */
static const char *other_key(void)
{
    cleanup(free) char *key =
        memory_format("dropped-%u-%llu", world->life, (unsigned long long)last_number);

    return world_copy(key, strlen(key));
}

static void mutation_leaves(HttpTransfer *transfer, Request *request)
{
    world_pass(POINT_BEFORE_CONNECT);
    promise_note_request(request);
    if (world->mutant == MUTANT_DROP_KEY)
        request->key = other_key();
    if (world->mutant == MUTANT_COMMIT_FIRST)
        answer_first(transfer);
    world_pass(POINT_HALF_SENT);
    if (world_trouble(TROUBLE_CUT_OFF, 60)) {
        network_cut(request);
        return;
    }
    network_send(request);
    world_pass(POINT_NO_REPLY);
}

HttpTransfer *http_start(HttpClient *client, const HttpRequest *request, HttpDone *done,
                         void *context)
{
    HttpTransfer *transfer = transfer_new(client, done, context);
    Request leaving = request_of(transfer, request);

    world_step();
    world_trace("send %s %s", leaving.method, leaving.path);
    if (provider_is_down() || world_trouble(TROUBLE_REFUSED, 60)) {
        transfer_fail(transfer, HTTP_NOT_SENT, "connection refused");
        loop_timer_set(transfer->timer, 1);
        return transfer;
    }
    transfer_fail(transfer, HTTP_LOST, "no reply in time");
    loop_timer_set(transfer->timer, request->header_ms > 0 ? request->header_ms : 60000);
    if (leaving.key != NULL)
        mutation_leaves(transfer, &leaving);
    else
        network_send(&leaving);
    return transfer;
}

/* ---- replies ---- */

static HttpTransfer *transfer_find(uint64_t number)
{
    HttpTransfer *transfer = the_client != NULL ? the_client->transfers : NULL;

    while (transfer != NULL && transfer->number != number)
        transfer = transfer->next;
    return transfer;
}

void http_deliver(uint64_t number, const Reply *reply)
{
    HttpTransfer *transfer = transfer_find(number);

    if (transfer == NULL)
        return; /* nobody waits for it any more */
    world_trace("reply %d%s", reply != NULL ? reply->status : 0,
                reply == NULL ? ", the connection is lost"
                : reply->cut  ? ", cut off"
                              : "");
    if (reply == NULL) {
        transfer_fail(transfer, HTTP_LOST, "connection lost");
    } else {
        transfer->reply.status = reply->status;
        transfer->reply.retry_after_ms = reply->retry_after_ms;
        transfer->reply.replayed = reply->replayed;
        if (reply->cut)
            transfer_fail(transfer, HTTP_LOST, "the reply ended too early");
        else
            transfer->reply.failure = HTTP_REPLIED;
        buffer_add(&transfer->reply.body, reply->body, reply->body_size / (reply->cut ? 2 : 1));
    }
    transfer_end(transfer);
}
