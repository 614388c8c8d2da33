/* Questions about many things at once: split to what the provider takes, asked side by side, put
 * together in the order they were asked in. They change nothing, so what fails is simply asked
 * again until the time is up. */
#include <stdio.h>
#include <string.h>

#include "controller/host/provider_pool.h"
#include "controller/host/secrets.h"
#include "controller/host/verdict.h"
#include "lang/base/memory.h"

typedef struct Chunk {
    PendingBatch *batch;
    Slot slot;
    size_t first, count;
    char *body;
    size_t body_size;
    char *digest;
    HttpTransfer *transfer;
    LoopTimer *timer;
    unsigned tries;
    bool done;
    char reason[1024]; /* why the last try failed */
} Chunk;

struct PendingBatch {
    PendingBatch *next, **link;
    ProviderPool *pool;
    Endpoint *endpoint; /* NULL: the name is not known */
    const char *path;
    ProviderBatchDone *done;
    void *context;
    Json *asked;
    ProviderItem *items;
    size_t count;
    Chunk *chunks; /* NULL until the endpoint has said how much it takes */
    size_t chunk_count, chunks_open;
    Slot gate; /* the first slot: its turn says that the endpoint is up, or down */
    LoopTimer *later;
    LoopTimer *deadline;
    int64_t timeout_ms;
    bool single; /* the question is the request itself, and the reply is the answer */
    bool abandoned;
};

/* ---- the end ---- */

static void batch_free(PendingBatch *batch)
{
    *batch->link = batch->next;
    if (batch->next)
        batch->next->link = batch->link;
    batch->pool->pending--;
    for (size_t i = 0; i < batch->chunk_count; i++) {
        Chunk *chunk = &batch->chunks[i];

        endpoint_leave(batch->endpoint, &chunk->slot);
        http_cancel(chunk->transfer);
        loop_timer_free(chunk->timer);
        free(chunk->body);
        free(chunk->digest);
    }
    if (batch->endpoint)
        endpoint_leave(batch->endpoint, &batch->gate);
    for (size_t i = 0; i < batch->count; i++) {
        json_free(batch->items[i].reply);
        free(batch->items[i].error);
    }
    loop_timer_free(batch->later);
    loop_timer_free(batch->deadline);
    json_free(batch->asked);
    free(batch->chunks);
    free(batch->items);
    free(batch);
}

/* Give the answer; what has none gets `reason`. The batch is gone afterwards. */
static void batch_answer(PendingBatch *batch, const char *reason)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].reply && !batch->items[i].error)
            batch->items[i].error = memory_copy_string(reason);
    batch->done(batch->context, batch->items, batch->count);
    batch_free(batch);
}

static void chunk_finish(Chunk *chunk)
{
    PendingBatch *batch = chunk->batch;

    chunk->done = true;
    endpoint_leave(batch->endpoint, &chunk->slot);
    if (--batch->chunks_open == 0)
        batch_answer(batch, "the provider gave no answer for it");
}

static void chunk_fail(Chunk *chunk, const char *reason)
{
    for (size_t i = 0; i < chunk->count; i++)
        chunk->batch->items[chunk->first + i].error = memory_copy_string(reason);
    chunk_finish(chunk);
}

/* ---- splitting ---- */

static void on_turn(void *context);
static void on_retry(void *context);

/* As many items from `question` on as one request takes, `most` at most; at least one. Moves
 * `question` on. */
static void chunk_fill(Chunk *chunk, const Json **question, size_t most)
{
    size_t size_max = endpoint_body_max(chunk->batch->endpoint);
    bool single = chunk->batch->single;
    Buffer body = {0};

    chunk->count = 0;
    buffer_add_string(&body, single ? "" : "{\"items\":[");
    while (*question && chunk->count < most) {
        size_t before = body.size;

        if (chunk->count > 0)
            buffer_add_char(&body, ',');
        json_write(&body, *question);
        if (chunk->count > 0 && body.size + 2 > size_max) {
            body.size = before;
            break;
        }
        chunk->count++;
        *question = json_next(*question);
    }
    buffer_add_string(&body, single ? "" : "]}");
    free(chunk->body);
    free(chunk->digest);
    chunk->body_size = body.size;
    chunk->body = buffer_take(&body);
    chunk->digest = content_digest_header(chunk->body, chunk->body_size);
}

/* Slots point into the array: it was made as long as it can become, and is not moved. */
static Chunk *chunk_new(PendingBatch *batch, size_t first)
{
    Chunk *chunk = &batch->chunks[batch->chunk_count++];

    chunk->batch = batch;
    chunk->first = first;
    chunk->slot = (Slot){.number = batch->gate.number, .turn = on_turn, .context = chunk};
    chunk->timer = loop_timer_new(batch->pool->loop, on_retry, chunk);
    batch->chunks_open++;
    return chunk;
}

/* The provider takes less than it has said: the second half becomes a request of its own. */
static void chunk_halve(Chunk *chunk)
{
    PendingBatch *batch = chunk->batch;
    size_t count = chunk->count, half = count / 2;
    const Json *question = json_at(batch->asked, chunk->first);
    Chunk *second = chunk_new(batch, chunk->first + half);

    chunk_fill(chunk, &question, half);
    chunk_fill(second, &question, count - half);
    endpoint_leave(batch->endpoint, &chunk->slot);
    endpoint_wait(batch->endpoint, &chunk->slot);
    endpoint_wait(batch->endpoint, &second->slot);
}

/* ---- one request ---- */

/* Replies that name their uid are found by it; others stand where their question stood. */
static void chunk_take_replies(Chunk *chunk, const Json *replies)
{
    PendingBatch *batch = chunk->batch;
    cleanup(map_deinit) Map by_uid = {0};
    const Json *question = json_at(batch->asked, chunk->first);
    const Json *reply = json_first(replies);

    for (const Json *r = reply; r; r = json_next(r))
        if (json_get_string(r, "uid", NULL))
            map_put(&by_uid, json_get_string(r, "uid", ""), (void *)r);
    for (size_t i = 0; i < chunk->count; i++, question = json_next(question)) {
        const char *uid = json_get_string(question, "uid", NULL);
        const Json *found = uid ? map_get(&by_uid, uid) : NULL;

        if (!found && reply && !json_get_string(reply, "uid", NULL))
            found = reply;
        if (json_is_object(found))
            batch->items[chunk->first + i].reply = secrets_mark_reply(found);
        reply = reply ? json_next(reply) : NULL;
    }
    chunk_finish(chunk);
}

static void chunk_retry(Chunk *chunk, const char *reason, int64_t at_least_ms)
{
    Endpoint *endpoint = chunk->batch->endpoint;
    int64_t delay_ms = endpoint_backoff_ms(endpoint, chunk->tries++);

    snprintf(chunk->reason, sizeof chunk->reason, "%s", reason);
    endpoint_leave(endpoint, &chunk->slot);
    loop_timer_set(chunk->timer, delay_ms > at_least_ms ? delay_ms : at_least_ms);
}

static void chunk_take_problem(Chunk *chunk, const HttpReply *reply, const Json *problem)
{
    const char *title = json_get_string(problem, "title", "");
    char harmless[800], reason[1024];
    bool passes = reply->status >= 500 || reply->status == 429 || reply->status == 408;

    text_make_harmless(json_get_string(problem, "detail", title), harmless, sizeof harmless);
    snprintf(reason, sizeof reason, "the provider answered with status %d%s%s", reply->status,
             harmless[0] ? ": " : "", harmless);
    if (passes && reply->status != 501 && json_get_bool(problem, "retryable", true))
        chunk_retry(chunk, reason, reply->retry_after_ms);
    else
        chunk_fail(chunk, reason);
}

/* The reply as a whole, also one that says no. */
static void chunk_take_answer(Chunk *chunk, const Json *answer)
{
    chunk->batch->items[chunk->first].reply = secrets_mark_reply(answer);
    chunk_finish(chunk);
}

static void on_reply(void *context, HttpReply *reply)
{
    Chunk *chunk = context;
    cleanup(json_free) Json *document = NULL;

    chunk->transfer = NULL;
    endpoint_report(chunk->batch->endpoint, reply);
    if (reply->failure == HTTP_TOO_LARGE) {
        chunk_fail(chunk, reply->error);
        return;
    }
    if (reply->failure != HTTP_REPLIED) {
        chunk_retry(chunk, reply->error, 0);
        return;
    }
    json_parse(buffer_text(&reply->body), reply->body.size, &document, NULL);
    if (chunk->batch->single && json_is_object(document) &&
        (reply->status == 200 || (reply->status >= 400 && reply->status < 429)))
        chunk_take_answer(chunk, document);
    else if (reply->status == 413 && chunk->count > 1)
        chunk_halve(chunk);
    else if (reply->status != 200)
        chunk_take_problem(chunk, reply, document);
    else if (!json_is_array(json_get(document, "items")))
        chunk_retry(chunk, "the provider's reply has no list of items", 0);
    else
        chunk_take_replies(chunk, json_get(document, "items"));
}

static void on_turn(void *context)
{
    Chunk *chunk = context;
    Endpoint *endpoint = chunk->batch->endpoint;
    const ProviderTiming *timing = &chunk->batch->pool->timing;
    const char *headers[] = {"Content-Type: application/json", chunk->digest, NULL};
    HttpRequest request = {
        .method = "POST",
        .headers = headers,
        .body = chunk->body,
        .body_size = chunk->body_size,
        .header_ms = timing->deadline_ms + timing->header_ms,
    };

    if (endpoint_state(endpoint) == ENDPOINT_DOWN)
        chunk_fail(chunk, endpoint_error(endpoint)->message);
    else
        chunk->transfer = endpoint_send(endpoint, chunk->batch->path, &request, on_reply, chunk);
}

static void on_retry(void *context)
{
    Chunk *chunk = context;

    chunk->slot.again = true;
    endpoint_wait(chunk->batch->endpoint, &chunk->slot);
}

static void batch_split(PendingBatch *batch)
{
    const Json *question = json_first(batch->asked);
    size_t first = 0;

    batch->chunks = memory_zero(batch->count, sizeof *batch->chunks);
    while (question) {
        Chunk *chunk = chunk_new(batch, first);

        chunk_fill(chunk, &question, endpoint_batch_max(batch->endpoint));
        first += chunk->count;
        endpoint_wait(batch->endpoint, &chunk->slot);
    }
}

static void on_gate(void *context)
{
    PendingBatch *batch = context;

    endpoint_leave(batch->endpoint, &batch->gate);
    if (endpoint_state(batch->endpoint) == ENDPOINT_DOWN)
        batch_answer(batch, endpoint_error(batch->endpoint)->message);
    else
        batch_split(batch);
}

/* ---- starting and ending ---- */

static void on_later(void *context)
{
    PendingBatch *batch = context;

    batch_answer(batch, batch->abandoned ? "the question was abandoned: this process stops"
                                         : "no provider of that name is bound");
}

static void on_deadline(void *context)
{
    PendingBatch *batch = context;
    const char *last = "";
    char reason[1200];

    for (size_t i = 0; i < batch->chunk_count && !last[0]; i++)
        if (!batch->chunks[i].done)
            last = batch->chunks[i].reason;
    snprintf(reason, sizeof reason, "the provider did not answer within %lld ms%s%s",
             (long long)batch->timeout_ms, last[0] ? "; last: " : "", last);
    batch_answer(batch, reason);
}

static PendingBatch *batch_start(ProviderPool *pool, const char *provider, const char *path,
                                 const Json *items, int64_t timeout_ms, ProviderBatchDone *done,
                                 void *context)
{
    PendingBatch *batch = memory_zero(1, sizeof *batch);
    PoolName *name = pool_name(pool, provider);

    batch->pool = pool;
    batch->path = path;
    batch->done = done;
    batch->context = context;
    batch->asked = json_copy(items);
    batch->count = json_count(items);
    batch->items = memory_zero(batch->count + 1, sizeof *batch->items);
    batch->gate = (Slot){.number = ++pool->last_number, .turn = on_gate, .context = batch};
    batch->later = loop_timer_new(pool->loop, on_later, batch);
    batch->deadline = loop_timer_new(pool->loop, on_deadline, batch);
    batch->next = pool->batches;
    batch->link = &pool->batches;
    if (batch->next)
        batch->next->link = &batch->next;
    pool->batches = batch;
    pool->pending++;
    if (!name || batch->count == 0) {
        loop_timer_set(batch->later, 0);
        return batch;
    }
    batch->endpoint = name->endpoint;
    batch->timeout_ms = pool->provider_timeout_ms;
    if (timeout_ms > 0 && timeout_ms < batch->timeout_ms)
        batch->timeout_ms = timeout_ms;
    loop_timer_set(batch->deadline, batch->timeout_ms);
    endpoint_wait(batch->endpoint, &batch->gate);
    return batch;
}

void provider_observe(ProviderPool *pool, const char *provider, const Json *items,
                      ProviderBatchDone *done, void *context)
{
    batch_start(pool, provider, "/v1/observe", items, 0, done, context);
}

void provider_plan(ProviderPool *pool, const char *provider, const Json *items,
                   ProviderBatchDone *done, void *context)
{
    batch_start(pool, provider, "/v1/plan", items, 0, done, context);
}

void provider_query(ProviderPool *pool, const char *provider, const Json *items, int64_t timeout_ms,
                    ProviderBatchDone *done, void *context)
{
    batch_start(pool, provider, "/v1/query", items, timeout_ms, done, context);
}

/* Split when the loop runs, so it may be said afterwards what it is. */
void provider_lookup(ProviderPool *pool, const char *provider, const Json *question,
                     ProviderBatchDone *done, void *context)
{
    cleanup(json_free) Json *items = json_new_array();

    json_append(items, json_copy(question));
    batch_start(pool, provider, "/v1/lookup", items, 0, done, context)->single = true;
}

void provider_batches_abandon(ProviderPool *pool)
{
    for (PendingBatch *batch = pool->batches; batch; batch = batch->next) {
        for (size_t i = 0; i < batch->chunk_count; i++) {
            http_cancel(take(batch->chunks[i].transfer));
            loop_timer_clear(batch->chunks[i].timer);
            endpoint_leave(batch->endpoint, &batch->chunks[i].slot);
        }
        if (batch->endpoint)
            endpoint_leave(batch->endpoint, &batch->gate);
        batch->abandoned = batch->endpoint != NULL;
        loop_timer_set(batch->later, 0);
    }
}

void pending_batches_free(ProviderPool *pool)
{
    while (pool->batches)
        batch_free(pool->batches);
}
