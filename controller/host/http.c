/* libcurl says which sockets and which delay it waits for; libevent waits; what has become ready is
 * handed to libcurl, which does the work and leaves finished transfers in a queue. Callbacks run
 * from that queue, never from inside libcurl, so they may start and cancel transfers. */
#include "controller/host/http.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <strings.h>

#include "controller/host/curl_api.h"
#include "lang/base/memory.h"

#define CONNECT_MS 10000 /* 5 s for TCP and 5 s for TLS */
#define IDLE_HANDLES_MAX 64
#define CONNECTIONS_KEPT_MAX 256
#define HEADERS_SIZE_MAX (256u << 10)

typedef struct HttpSocket {
    struct HttpSocket *next, **link;
    struct event *event;
} HttpSocket;

/* One of libcurl's, and what it was last told of TLS, which costs much to say again. */
typedef struct HttpHandle {
    CURL *easy;
    char *ca, *cert, *key;
} HttpHandle;

struct HttpClient {
    Loop *loop;
    const CurlApi *curl;
    CURLM *multi;
    CURLSH *share;
    LoopTimer *timer;
    HttpTransfer *transfers;
    HttpSocket *sockets;
    HttpHandle *idle[IDLE_HANDLES_MAX]; /* used again: making one costs more than a request */
    size_t idle_count;
};

struct HttpTransfer {
    HttpTransfer *next, **link;
    HttpClient *client;
    HttpHandle *handle;
    struct curl_slist *headers; /* all of it one piece of memory */
    HttpDone *done;
    void *context;
    bool has_body;
    bool begun;          /* a connection is there and the request may have begun to leave */
    bool refused;        /* to leave a second time */
    size_t headers_size; /* of the reply so far */
    LoopTimer *watchdog;
    int64_t header_ms, idle_ms;
    int64_t started_ms;
    int64_t last_byte_ms; /* of the reply; 0: none yet */
    HttpReply reply;
    char curl_error[CURL_ERROR_SIZE];
};

/* ---- the multi interface on the loop ---- */

static void finished_deliver(HttpClient *client);

static void on_socket_ready(evutil_socket_t fd, short what, void *context)
{
    HttpClient *client = context;
    int running;
    int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

    client->curl->multi_socket_action(client->multi, fd, mask, &running);
    finished_deliver(client);
}

static void on_curl_timeout(void *context)
{
    HttpClient *client = context;
    int running;

    client->curl->multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finished_deliver(client);
}

static int curl_wants_timer(CURLM *multi, long delay_ms, void *context)
{
    HttpClient *client = context;

    (void)multi;
    if (delay_ms < 0)
        loop_timer_clear(client->timer);
    else
        loop_timer_set(client->timer, delay_ms);
    return 0;
}

static void socket_forget(HttpSocket *entry)
{
    *entry->link = entry->next;
    if (entry->next)
        entry->next->link = entry->link;
    event_free(entry->event);
    free(entry);
}

static HttpSocket *socket_new(HttpClient *client)
{
    HttpSocket *entry = memory_zero(1, sizeof *entry);

    entry->next = client->sockets;
    entry->link = &client->sockets;
    if (entry->next)
        entry->next->link = &entry->next;
    client->sockets = entry;
    return entry;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    HttpClient *client = context;
    HttpSocket *entry = known;
    short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                           (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (entry)
            socket_forget(entry);
        client->curl->multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (!entry) {
        entry = socket_new(client);
        client->curl->multi_assign(client->multi, fd, entry);
    } else {
        event_free(entry->event);
    }
    entry->event = event_new(loop_base(client->loop), fd, events, on_socket_ready, client);
    if (!entry->event || event_add(entry->event, NULL) < 0)
        abort(); /* libevent was out of memory */
    return 0;
}

int http_client_new(Loop *loop, HttpClient **ret, Error *err)
{
    const CurlApi *curl;
    HttpClient *client;

    if (curl_api_load(&curl, err) < 0)
        return error_wrap(err, "prepare HTTPS");
    client = memory_zero(1, sizeof *client);
    client->loop = loop;
    client->curl = curl;
    client->multi = curl->multi_init();
    client->share = curl->share_init();
    if (!client->multi || !client->share)
        abort(); /* libcurl was out of memory */
    client->timer = loop_timer_new(loop, on_curl_timeout, client);
    curl->share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl->multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
    curl->multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl->multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
    curl->multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl->multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT_MAX);
    *ret = client;
    return 0;
}

static void handle_free(const HttpClient *client, HttpHandle *handle)
{
    client->curl->easy_cleanup(handle->easy);
    free(handle->ca);
    free(handle->cert);
    free(handle->key);
    free(handle);
}

void http_client_free(HttpClient *client)
{
    if (!client)
        return;
    while (client->transfers)
        http_cancel(client->transfers);
    for (size_t i = 0; i < client->idle_count; i++)
        handle_free(client, client->idle[i]);
    client->curl->multi_cleanup(client->multi); /* closes connections: sockets are let go of */
    client->curl->share_cleanup(client->share);
    while (client->sockets)
        socket_forget(client->sockets);
    loop_timer_free(client->timer);
    free(client);
}

/* ---- one transfer ---- */

/* Called before each sending, also when libcurl wants to send again what it has sent on a kept
 * connection that turned out to be closed: a request with a body is not. */
static int on_sending(void *context, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
    HttpTransfer *transfer = context;

    (void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
    transfer->refused = transfer->begun && transfer->has_body;
    transfer->begun = true;
    return transfer->refused ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    HttpTransfer *transfer = context;

    transfer->last_byte_ms = loop_now_ms(transfer->client->loop);
    buffer_add(&transfer->reply.body, bytes, size * count);
    return transfer->reply.body.overflowed ? 0 : size * count;
}

/* The value of header `name` if that is what the line holds, trimmed; its length in `ret_size`. */
static const char *header_value(const char *line, size_t size, const char *name, size_t *ret_size)
{
    size_t name_size = strlen(name);
    const char *end = line + size;

    if (size <= name_size || strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
        return NULL;
    line += name_size + 1;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    while (end > line && strchr("\r\n \t", end[-1]))
        end--;
    *ret_size = (size_t)(end - line);
    return line;
}

static int64_t seconds_parse(const char *text, size_t size)
{
    int64_t seconds = 0;

    if (size == 0 || size > 6)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        seconds = seconds * 10 + (text[i] - '0');
    }
    return seconds * 1000;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    HttpTransfer *transfer = context;
    HttpReply *reply = &transfer->reply;
    const char *value;
    size_t n;

    size *= count;
    transfer->headers_size += size;
    if (transfer->headers_size > HEADERS_SIZE_MAX)
        return 0; /* an error to libcurl, which ends the transfer */
    transfer->last_byte_ms = loop_now_ms(transfer->client->loop);
    if ((value = header_value(line, size, "ETag", &n)) && n < sizeof reply->etag) {
        memcpy(reply->etag, value, n);
        reply->etag[n] = '\0';
    } else if ((value = header_value(line, size, "Retry-After", &n))) {
        reply->retry_after_ms = seconds_parse(value, n);
    } else if ((value = header_value(line, size, "Idempotency-Replayed", &n))) {
        reply->replayed = n >= 4 && strncasecmp(value + n - 4, "true", 4) == 0;
    }
    return size;
}

static void transfer_free(HttpTransfer *transfer)
{
    HttpClient *client = transfer->client;

    *transfer->link = transfer->next;
    if (transfer->next)
        transfer->next->link = transfer->link;
    client->curl->multi_remove_handle(client->multi, transfer->handle->easy);
    if (client->idle_count < IDLE_HANDLES_MAX)
        client->idle[client->idle_count++] = transfer->handle;
    else
        handle_free(client, transfer->handle);
    free(transfer->headers);
    loop_timer_free(transfer->watchdog);
    buffer_deinit(&transfer->reply.body);
    free(transfer);
}

void http_cancel(HttpTransfer *transfer)
{
    if (transfer)
        transfer_free(transfer);
}

static HttpFailure failure_classify(const HttpTransfer *transfer, CURLcode result)
{
    long sent = 0;

    if (result == CURLE_OK)
        return HTTP_REPLIED;
    if (transfer->reply.body.overflowed)
        return HTTP_TOO_LARGE;
    /* Bytes of the request that libcurl wrote. One that was refused a second time had written them
     * to a connection this number no longer counts. */
    transfer->client->curl->easy_getinfo(transfer->handle->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (!transfer->begun || (sent == 0 && !transfer->refused && transfer->last_byte_ms == 0))
        return HTTP_NOT_SENT;
    return HTTP_LOST;
}

static void transfer_finish(HttpTransfer *transfer, CURLcode result)
{
    HttpClient *client = transfer->client;
    HttpReply *reply = &transfer->reply;
    long status = 0;

    client->curl->easy_getinfo(transfer->handle->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status;
    reply->failure = failure_classify(transfer, result);
    if (reply->failure == HTTP_TOO_LARGE)
        snprintf(reply->error, sizeof reply->error, "the reply is larger than %u bytes",
                 HTTP_BODY_MAX);
    else if (transfer->refused)
        snprintf(reply->error, sizeof reply->error, "the kept connection had been closed");
    else if (result != CURLE_OK)
        snprintf(reply->error, sizeof reply->error, "%s",
                 transfer->curl_error[0] ? transfer->curl_error
                                         : client->curl->easy_strerror(result));
    transfer->done(transfer->context, reply);
    transfer_free(transfer);
}

static void finished_deliver(HttpClient *client)
{
    CURLMsg *message;
    int left;

    while ((message = client->curl->multi_info_read(client->multi, &left))) {
        HttpTransfer *transfer;

        if (message->msg != CURLMSG_DONE)
            continue;
        client->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer_finish(transfer, message->data.result);
    }
}

static void transfer_time_out(HttpTransfer *transfer, const char *what, int64_t limit_ms)
{
    HttpReply *reply = &transfer->reply;

    reply->failure = HTTP_LOST;
    snprintf(reply->error, sizeof reply->error, "%s for %lld ms", what, (long long)limit_ms);
    transfer->done(transfer->context, reply);
    transfer_free(transfer);
}

/* How long the request has been with the other side; 0 while connecting, which has libcurl's own
 * limit. */
static int64_t waited_ms(const HttpTransfer *transfer)
{
    const CurlApi *curl = transfer->client->curl;
    int64_t elapsed_ms = loop_now_ms(transfer->client->loop) - transfer->started_ms;
    curl_off_t connect_us = 0;

    curl->easy_getinfo(transfer->handle->easy, CURLINFO_PRETRANSFER_TIME_T, &connect_us);
    return connect_us == 0 ? 0 : elapsed_ms - connect_us / 1000;
}

/* One timer serves both limits; it is not moved with each byte but looks, when it fires, how long
 * ago the last one was. */
static void on_watchdog(void *context)
{
    HttpTransfer *transfer = context;
    bool began = transfer->last_byte_ms != 0;
    int64_t limit_ms = began ? transfer->idle_ms : transfer->header_ms;
    int64_t quiet_ms =
        began ? loop_now_ms(transfer->client->loop) - transfer->last_byte_ms : waited_ms(transfer);

    if (limit_ms == 0)
        return;
    if (quiet_ms >= limit_ms)
        transfer_time_out(transfer, began ? "the reply stopped" : "no reply began", limit_ms);
    else
        loop_timer_set(transfer->watchdog, limit_ms - quiet_ms);
}

/* ---- handles ---- */

/* What is the same for all requests. */
static void handle_set_up(const HttpClient *client, CURL *easy)
{
    const CurlApi *curl = client->curl;

    curl->easy_setopt(easy, CURLOPT_SHARE, client->share);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
}

static HttpHandle *handle_new(const HttpClient *client)
{
    HttpHandle *handle = memory_zero(1, sizeof *handle);

    handle->easy = client->curl->easy_init();
    if (!handle->easy)
        abort(); /* libcurl was out of memory */
    handle_set_up(client, handle->easy);
    return handle;
}

static bool is_other(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) != 0 : a != b;
}

static void handle_set_file(const HttpClient *client, HttpHandle *handle, CURLoption option,
                            char **at, const char *file)
{
    if (!is_other(*at, file))
        return;
    client->curl->easy_setopt(handle->easy, option, file);
    free(*at);
    *at = file ? memory_copy_string(file) : NULL;
}

static void handle_set_tls(const HttpClient *client, HttpHandle *handle, const HttpTls *tls)
{
    static const HttpTls none;
    const CurlApi *curl = client->curl;

    tls = tls ? tls : &none;
    if (!handle->ca && tls->ca) /* this one and no other */
        curl->easy_setopt(handle->easy, CURLOPT_CAPATH, NULL);
    handle_set_file(client, handle, CURLOPT_CAINFO, &handle->ca, tls->ca);
    handle_set_file(client, handle, CURLOPT_SSLCERT, &handle->cert, tls->cert);
    handle_set_file(client, handle, CURLOPT_SSLKEY, &handle->key, tls->key);
    curl->easy_setopt(handle->easy, CURLOPT_SSLVERSION,
                      (long)(tls->allows_1_2 ? CURL_SSLVERSION_TLSv1_2 : CURL_SSLVERSION_TLSv1_3));
}

/* One for that authority: what libcurl trusts of its own accord cannot be said again. */
static HttpHandle *handle_take(HttpClient *client, const HttpTls *tls)
{
    HttpHandle *handle = client->idle_count > 0 ? client->idle[client->idle_count - 1] : NULL;

    if (!handle)
        return handle_new(client);
    client->idle_count--;
    if (!is_other(handle->ca, tls ? tls->ca : NULL))
        return handle;
    handle_free(client, handle);
    return handle_new(client);
}

/* ---- starting ---- */

static const char no_expect[] = "Expect:"; /* else libcurl waits a second for "100 Continue" */

static size_t headers_measure(const char *const *headers, size_t *ret_count)
{
    size_t size = 0;

    *ret_count = 1;
    for (; headers && *headers; headers++, ++*ret_count)
        size += strlen(*headers) + 1;
    return size;
}

static struct curl_slist *headers_copy(const char *const *headers)
{
    size_t count, size = headers_measure(headers, &count);
    struct curl_slist *list = memory_alloc(count * sizeof *list + size);
    char *text = (char *)(list + count);

    list[0] = (struct curl_slist){.data = (char *)no_expect};
    for (size_t i = 1; i < count; i++) {
        size_t length = strlen(headers[i - 1]) + 1;
        list[i - 1].next = &list[i];
        list[i] = (struct curl_slist){.data = memcpy(text, headers[i - 1], length)};
        text += length;
    }
    return list;
}

static void transfer_set_up(HttpTransfer *transfer, const HttpRequest *request)
{
    const CurlApi *curl = transfer->client->curl;
    CURL *easy = transfer->handle->easy;

    curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_URL, request->url);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    /* Headers and body that libcurl knows beforehand leave together. */
    if (request->body) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    } else {
        curl->easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static HttpTransfer *transfer_new(HttpClient *client, const HttpTls *tls, HttpDone *done,
                                  void *context)
{
    HttpTransfer *transfer = memory_zero(1, sizeof *transfer);

    transfer->client = client;
    transfer->done = done;
    transfer->context = context;
    transfer->reply.retry_after_ms = -1;
    buffer_init(&transfer->reply.body, HTTP_BODY_MAX);
    transfer->handle = handle_take(client, tls);
    handle_set_tls(client, transfer->handle, tls);
    transfer->next = client->transfers;
    transfer->link = &client->transfers;
    if (transfer->next)
        transfer->next->link = &transfer->next;
    client->transfers = transfer;
    return transfer;
}

HttpTransfer *http_start(HttpClient *client, const HttpRequest *request, HttpDone *done,
                         void *context)
{
    HttpTransfer *transfer = transfer_new(client, request->tls, done, context);

    transfer->has_body = request->body != NULL;
    transfer->headers = headers_copy(request->headers);
    transfer_set_up(transfer, request);
    transfer->header_ms = request->header_ms;
    transfer->idle_ms = request->idle_ms;
    transfer->watchdog = loop_timer_new(client->loop, on_watchdog, transfer);
    transfer->started_ms = loop_now_ms(client->loop);
    if (request->header_ms > 0)
        loop_timer_set(transfer->watchdog, request->header_ms);
    client->curl->multi_add_handle(client->multi, transfer->handle->easy);
    return transfer;
}
