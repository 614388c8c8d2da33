#include "controller/conformance/wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "controller/host/curl_api.h"
#include "lang/base/memory.h"

#define CONNECT_MS 30000 /* a hundred at once take their time */
#define POLL_MS 100
#define HEADERS_SIZE_MAX (64u << 10)
#define CONNECTIONS_KEPT_MAX 128

struct Wire {
    const CurlApi *curl;
    CURLM *multi;
};

typedef struct Transfer {
    CURL *easy;
    struct curl_slist *headers;
    const WireRequest *request;
    Exchange *exchange;
    size_t sent;
    char error[CURL_ERROR_SIZE];
    bool lost; /* on purpose */
} Transfer;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int wire_new(Wire **ret, Error *err)
{
    const CurlApi *curl;

    if (curl_api_load(&curl, err) < 0)
        return error_wrap(err, "prepare HTTPS");
    Wire *wire = memory_zero(1, sizeof *wire);
    wire->curl = curl;
    wire_hang_up(wire);
    *ret = wire;
    return 0;
}

void wire_free(Wire *wire)
{
    if (wire == NULL)
        return;
    wire->curl->multi_cleanup(wire->multi);
    free(wire);
}

void wire_hang_up(Wire *wire)
{
    if (wire->multi != NULL)
        wire->curl->multi_cleanup(wire->multi);
    wire->multi = wire->curl->multi_init();
    if (wire->multi == NULL)
        abort(); /* libcurl was out of memory */
    wire->curl->multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT_MAX);
}

/* ---- what libcurl calls ---- */

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;

    if (transfer->request->loses_reply) {
        transfer->lost = true;
        return 0; /* an error to libcurl, which closes the connection */
    }
    buffer_add(&transfer->exchange->headers, line, size * count);
    return transfer->exchange->headers.overflowed ? 0 : size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;

    buffer_add(&transfer->exchange->body, bytes, size * count);
    return transfer->exchange->body.overflowed ? 0 : size * count;
}

static size_t give_body(char *room, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    const WireRequest *request = transfer->request;
    size_t end = request->break_after > 0 ? request->break_after : request->body_size;
    size_t left = end - transfer->sent, n = left < size * count ? left : size * count;

    if (n == 0 && request->break_after > 0) {
        transfer->lost = true;
        return CURL_READFUNC_ABORT;
    }
    memcpy(room, request->body + transfer->sent, n);
    transfer->sent += n;
    return n;
}

/* ---- one transfer ---- */

static void set_up_tls(const CurlApi *curl, CURL *easy, const HttpTls *tls)
{
    if (tls == NULL) {
        curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        return;
    }
    curl->easy_setopt(easy, CURLOPT_SSLVERSION,
                      (long)(tls->allows_1_2 ? CURL_SSLVERSION_TLSv1_2 : CURL_SSLVERSION_TLSv1_3));
    if (tls->ca != NULL) {
        curl->easy_setopt(easy, CURLOPT_CAINFO, tls->ca);
        curl->easy_setopt(easy, CURLOPT_CAPATH, NULL); /* this one and no other */
    }
    if (tls->cert != NULL)
        curl->easy_setopt(easy, CURLOPT_SSLCERT, tls->cert);
    if (tls->key != NULL)
        curl->easy_setopt(easy, CURLOPT_SSLKEY, tls->key);
}

static void set_up_body(const CurlApi *curl, Transfer *transfer)
{
    const WireRequest *request = transfer->request;
    CURL *easy = transfer->easy;

    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body == NULL)
        return;
    curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_size);
    curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl->easy_setopt(easy, CURLOPT_READDATA, transfer);
}

static void set_up(const CurlApi *curl, Transfer *transfer)
{
    const WireRequest *request = transfer->request;
    CURL *easy = transfer->easy;

    curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl->easy_setopt(easy, CURLOPT_URL, request->url);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->allows_plain ? "http,https" : "https");
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    set_up_tls(curl, easy, request->tls);
    set_up_body(curl, transfer);
}

static Exchange *exchange_new(const WireRequest *request)
{
    Exchange *exchange = memory_zero(1, sizeof *exchange);
    Buffer headers = {0};

    exchange->method = memory_copy_string(request->method);
    exchange->url = memory_copy_string(request->url);
    for (size_t i = 0; request->headers[i] != NULL; i++)
        buffer_add_format(&headers, "%s\n", request->headers[i]);
    exchange->request_headers = buffer_take(&headers);
    if (request->body != NULL)
        exchange->request_body = memory_copy_bytes(request->body, request->body_size);
    exchange->request_size = request->body_size;
    buffer_init(&exchange->headers, HEADERS_SIZE_MAX);
    buffer_init(&exchange->body, HTTP_BODY_MAX);
    return exchange;
}

static void transfer_begin(Wire *wire, Transfer *transfer, const WireRequest *request)
{
    const CurlApi *curl = wire->curl;

    *transfer = (Transfer){.request = request, .exchange = exchange_new(request)};
    transfer->easy = curl->easy_init();
    if (transfer->easy == NULL)
        abort(); /* libcurl was out of memory */
    /* Without the empty one libcurl waits a second for "100 Continue". */
    transfer->headers = curl->slist_append(NULL, "Expect:");
    for (size_t i = 0; request->headers[i] != NULL; i++)
        transfer->headers = curl->slist_append(transfer->headers, request->headers[i]);
    set_up(curl, transfer);
    curl->multi_add_handle(wire->multi, transfer->easy);
}

static void exchange_read_body(Exchange *exchange)
{
    Error err = {0};

    if (exchange->body.size == 0)
        snprintf(exchange->problem, sizeof exchange->problem, "there is none");
    else if (json_parse(buffer_text(&exchange->body), exchange->body.size, &exchange->json, &err) <
             0)
        snprintf(exchange->problem, sizeof exchange->problem, "%.255s", err.message);
}

static void transfer_end(Wire *wire, Transfer *transfer, CURLcode result, int64_t elapsed_ms)
{
    const CurlApi *curl = wire->curl;
    Exchange *exchange = transfer->exchange;
    long status = 0;

    curl->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->elapsed_ms = elapsed_ms;
    /* Who refuses a body answers before it has all of it: that the rest could not be sent does not
     * take the answer away. */
    if (result == CURLE_OK || (result == CURLE_SEND_ERROR && status >= 400))
        exchange->status = (int)status;
    else
        snprintf(exchange->error, sizeof exchange->error, "%.255s",
                 transfer->lost       ? "the connection was closed on purpose"
                 : transfer->error[0] ? transfer->error
                                      : curl->easy_strerror(result));
    exchange_read_body(exchange);
    curl->multi_remove_handle(wire->multi, transfer->easy);
    curl->easy_cleanup(transfer->easy);
    curl->slist_free_all(transfer->headers);
}

static size_t collect(Wire *wire, int64_t began_ms)
{
    CURLMsg *message;
    size_t ended = 0;
    int left;

    while ((message = wire->curl->multi_info_read(wire->multi, &left)) != NULL) {
        Transfer *transfer;
        CURLcode result = message->data.result;
        wire->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer_end(wire, transfer, result, now_ms() - began_ms);
        ended++;
    }
    return ended;
}

void wire_send(Wire *wire, const WireRequest *requests, size_t count, Exchange **ret)
{
    Transfer *transfers = memory_zero(count, sizeof *transfers);
    int64_t began_ms = now_ms();
    size_t ended = 0;
    int running;

    assert(count <= WIRE_PARALLEL_MAX);
    for (size_t i = 0; i < count; i++) {
        transfer_begin(wire, &transfers[i], &requests[i]);
        ret[i] = transfers[i].exchange;
    }
    for (;;) {
        wire->curl->multi_perform(wire->multi, &running);
        ended += collect(wire, began_ms);
        if (ended == count)
            break;
        wire->curl->multi_poll(wire->multi, NULL, 0, POLL_MS, NULL);
    }
    free(transfers);
}

void exchange_free(Exchange *exchange)
{
    if (exchange == NULL)
        return;
    free(exchange->method);
    free(exchange->url);
    free(exchange->request_headers);
    free(exchange->request_body);
    buffer_deinit(&exchange->headers);
    buffer_deinit(&exchange->body);
    json_free(exchange->json);
    free(exchange);
}

bool exchange_header(const Exchange *exchange, const char *name, char *ret, size_t size)
{
    size_t name_size = strlen(name);

    for (const char *line = buffer_text(&exchange->headers), *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        if (strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
            continue;
        const char *value = line + name_size + 1, *last = end;
        while (value < last && (*value == ' ' || *value == '\t'))
            value++;
        while (last > value && strchr("\r\n \t", last[-1]) != NULL)
            last--;
        snprintf(ret, size, "%.*s", (int)(last - value), value);
        return true;
    }
    return false;
}
