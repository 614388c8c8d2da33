/* Each request borrows a handle of its own, which holds the connection it last made; so as many
 * connections are open as requests were ever under way at once, and one thread after the other
 * finds one ready. */
#include "fetch.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define POLL_MS 1000

typedef struct Handle {
    CURL *easy;
    CURLM *multi; /* has the connection */
} Handle;

struct Fetcher {
    pthread_mutex_t lock;
    Handle *idle;
    size_t idle_count, idle_max;
};

/* One request under way. */
typedef struct Transfer {
    const FetchRequest *request;
    Handle handle;
    struct curl_slist *headers;
    FILE *file;
    Buffer answer_headers;
    Buffer body;
    bool refused; /* by chunk() */
    bool stopped;
    char why[CURL_ERROR_SIZE];
} Transfer;

int fetch_stop_init(FetchStop *stop, Error *err)
{
    stop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return stop->fd < 0 ? error_errno(err, errno, "make an eventfd") : 0;
}

void fetch_stop_request(FetchStop *stop)
{
    (void)eventfd_write(stop->fd, 1);
}

void fetch_stop_deinit(FetchStop *stop)
{
    fd_close(stop->fd);
    stop->fd = -1;
}

static bool stop_is_requested(const FetchStop *stop)
{
    struct pollfd one = {.fd = stop->fd, .events = POLLIN};

    return poll(&one, 1, 0) > 0;
}

static void handle_deinit(Handle *handle)
{
    curl_easy_cleanup(handle->easy);
    curl_multi_cleanup(handle->multi);
    *handle = (Handle){.easy = NULL};
}

static void set_up_library(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

Fetcher *fetcher_new(size_t idle_max)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    Fetcher *fetcher = memory_zero(1, sizeof *fetcher);

    pthread_once(&once, set_up_library);
    pthread_mutex_init(&fetcher->lock, NULL);
    fetcher->idle_max = idle_max;
    fetcher->idle = memory_zero(idle_max + 1, sizeof *fetcher->idle);
    return fetcher;
}

void fetcher_free(Fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    for (size_t i = 0; i < fetcher->idle_count; i++)
        handle_deinit(&fetcher->idle[i]);
    free(fetcher->idle);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher);
}

/* The one that was used last, as its connection is the likeliest to be alive. */
static Handle handle_borrow(Fetcher *fetcher)
{
    Handle handle = {.easy = NULL};

    pthread_mutex_lock(&fetcher->lock);
    if (fetcher->idle_count > 0)
        handle = fetcher->idle[--fetcher->idle_count];
    pthread_mutex_unlock(&fetcher->lock);
    if (handle.easy == NULL)
        handle = (Handle){.easy = curl_easy_init(), .multi = curl_multi_init()};
    if (handle.easy == NULL || handle.multi == NULL)
        memory_exhausted();
    return handle;
}

static void handle_give_back(Fetcher *fetcher, Handle handle)
{
    pthread_mutex_lock(&fetcher->lock);
    if (fetcher->idle_count < fetcher->idle_max) {
        fetcher->idle[fetcher->idle_count++] = handle;
        handle.easy = NULL;
    }
    pthread_mutex_unlock(&fetcher->lock);
    if (handle.easy != NULL)
        handle_deinit(&handle);
}

/* Fewer bytes than given ends the transfer: the ceiling is reached. */
static size_t collect_header(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;

    if (size * count >= 5 && strncmp(bytes, "HTTP/", 5) == 0)
        buffer_reset(&transfer->answer_headers);
    buffer_add(&transfer->answer_headers, bytes, size * count);
    return transfer->answer_headers.overflowed ? 0 : size * count;
}

static size_t collect_body(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    const FetchRequest *request = transfer->request;
    long status = 0;

    curl_easy_getinfo(transfer->handle.easy, CURLINFO_RESPONSE_CODE, &status);
    if (request->chunk != NULL && status < 300) {
        transfer->refused = !request->chunk(request->context, bytes, size * count);
        return transfer->refused ? 0 : size * count;
    }
    buffer_add(&transfer->body, bytes, size * count);
    return transfer->body.overflowed ? 0 : size * count;
}

static size_t read_file(char *bytes, size_t size, size_t count, void *context)
{
    Transfer *transfer = context;
    size_t got = fread(bytes, size, count, transfer->file);

    return ferror(transfer->file) ? CURL_READFUNC_ABORT : got * size;
}

static int seek_file(void *context, curl_off_t offset, int origin)
{
    Transfer *transfer = context;

    return fseeko(transfer->file, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static void set_site(CURL *easy, const FetchSite *site)
{
    if (site == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, site->unix_socket);
    if (site->ca != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, site->ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_SSLCERT, site->cert);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, site->key);
    if (site->bearer != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, site->bearer);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_USERNAME, site->user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, site->password);
    if (site->aws_sigv4 != NULL)
        curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, site->aws_sigv4);
    else if (site->user != NULL)
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
}

static long timeout_or(int64_t given_ms, long otherwise_ms)
{
    return given_ms == 0 ? otherwise_ms : given_ms == FETCH_FOREVER ? 0 : (long)given_ms;
}

static void set_limits(CURL *easy, const FetchRequest *request)
{
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_or(request->connect_timeout_ms, FETCH_CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_or(request->timeout_ms, FETCH_TIMEOUT_MS));
    if (request->idle_timeout_ms > 0) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                         (long)((request->idle_timeout_ms + 999) / 1000));
    }
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
}

static void set_answer(CURL *easy, Transfer *transfer)
{
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, collect_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
}

static void set_method(CURL *easy, const FetchRequest *request)
{
    const char *method = request->method != NULL ? request->method : "GET";

    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    if (request->body != NULL || (request->body_file == NULL && strcmp(method, "POST") == 0)) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body != NULL ? request->body : "");
    }
}

static int set_body_file(CURL *easy, Transfer *transfer, Error *err)
{
    const char *path = transfer->request->body_file;
    struct stat about;

    if (path == NULL)
        return 0;
    transfer->file = fopen(path, "rbe");
    if (transfer->file == NULL || fstat(fileno(transfer->file), &about) < 0)
        return error_errno(err, errno, "open '%s'", path);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)about.st_size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_file);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_file);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
    return 0;
}

static void add_header(Transfer *transfer, const char *name, const char *value)
{
    /* libcurl's way to send a header without a value. */
    cleanup(free) char *line =
        value[0] != '\0' ? memory_format("%s: %s", name, value) : memory_format("%s;", name);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);

    if (longer == NULL)
        memory_exhausted();
    transfer->headers = longer;
}

static int set_headers(CURL *easy, Transfer *transfer, Error *err)
{
    const Json *headers = transfer->request->headers;

    if (json_count(headers) > FETCH_HEADERS_COUNT_MAX)
        return error_set(err, -EINVAL, "expected at most %d headers, found %zu",
                         FETCH_HEADERS_COUNT_MAX, json_count(headers));
    for (const Json *h = json_first(headers); h != NULL; h = json_next(h)) {
        if (!fetch_header_is_sendable(json_key(h), json_string(h, "")))
            return error_set(err, -EINVAL,
                             "header '%.64s' cannot be sent: it holds a line break or its name a "
                             "colon",
                             json_key(h));
        add_header(transfer, json_key(h), json_string(h, ""));
    }
    /* Otherwise a body of some size waits a second for a permission that few servers give. */
    struct curl_slist *longer = curl_slist_append(transfer->headers, "Expect:");
    if (longer == NULL)
        memory_exhausted();
    transfer->headers = longer;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    return 0;
}

static int transfer_set_up(Transfer *transfer, Error *err)
{
    CURL *easy = transfer->handle.easy;

    curl_easy_setopt(easy, CURLOPT_URL, transfer->request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ved/" VED_VERSION);
    set_site(easy, transfer->request->site);
    set_limits(easy, transfer->request);
    set_answer(easy, transfer);
    set_method(easy, transfer->request);
    int code = set_body_file(easy, transfer, err);
    return code < 0 ? code : set_headers(easy, transfer, err);
}

/* The result of the one transfer in `multi`, which has ended. */
static CURLcode ended_with(CURLM *multi)
{
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);

    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result
                                                           : CURLE_FAILED_INIT;
}

static CURLcode transfer_run(Transfer *transfer)
{
    const FetchStop *stop = transfer->request->stop;
    struct curl_waitfd also = {.fd = stop != NULL ? stop->fd : -1, .events = CURL_WAIT_POLLIN};
    CURLM *multi = transfer->handle.multi;
    CURLMcode code = curl_multi_add_handle(multi, transfer->handle.easy);
    int running = 1;

    while (code == CURLM_OK && !transfer->stopped) {
        code = curl_multi_perform(multi, &running);
        if (code != CURLM_OK || running == 0)
            break;
        transfer->stopped = stop != NULL && stop_is_requested(stop);
        if (!transfer->stopped)
            code = curl_multi_poll(multi, &also, stop != NULL, POLL_MS, NULL);
    }
    CURLcode result = running == 0 ? ended_with(multi) : CURLE_FAILED_INIT;
    curl_multi_remove_handle(multi, transfer->handle.easy);
    return result;
}

/* Header lines as an object with lower-case names. What is not ASCII may be in any encoding. */
static Json *headers_parse(const Buffer *text)
{
    Json *headers = json_new_object();
    cleanup(free) char *lines = memory_copy_string(buffer_text(text));
    char *rest = NULL;

    for (char *line = strtok_r(lines, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *colon = strchr(line, ':');
        if (colon == NULL || colon == line)
            continue;
        *colon = '\0';
        for (char *c = line; *c != '\0'; c++)
            *c = (unsigned char)*c >= 0x80 ? '?' : (char)tolower((unsigned char)*c);
        for (char *c = colon + 1; *c != '\0'; c++)
            if ((unsigned char)*c >= 0x80)
                *c = '?';
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        const char *before = json_get_string(headers, line, NULL);
        cleanup(free) char *joined = before != NULL ? memory_format("%s, %s", before, value) : NULL;
        json_set_string(headers, line, joined != NULL ? joined : value);
    }
    return headers;
}

static bool never_left(CURL *easy, CURLcode code)
{
    long sent = 0;

    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent == 0 || code == CURLE_URL_MALFORMAT;
}

static int transfer_failed(const Transfer *transfer, CURLcode code, Error *err)
{
    const char *why = transfer->why[0] != '\0' ? transfer->why : curl_easy_strerror(code);
    const FetchSite *site = transfer->request->site;

    if (transfer->answer_headers.overflowed || transfer->body.overflowed)
        return error_set(err, FETCH_TOO_LARGE, "the answer is larger than %zu bytes",
                         transfer->body.overflowed ? transfer->body.ceiling
                                                   : transfer->answer_headers.ceiling);
    if (transfer->stopped || transfer->refused)
        return error_set(err, FETCH_STOPPED, "stopped");
    if (never_left(transfer->handle.easy, code)) {
        if (site != NULL && site->unix_socket != NULL && code == CURLE_COULDNT_CONNECT)
            return error_set(err, FETCH_NOT_SENT, "nobody listens on the socket '%s'",
                             site->unix_socket);
        return error_set(err, FETCH_NOT_SENT, "%s", why);
    }
    return error_set(err, code == CURLE_OPERATION_TIMEDOUT ? FETCH_TIMED_OUT : FETCH_CUT_OFF, "%s",
                     why);
}

static int transfer_finish(Transfer *transfer, CURLcode code, FetchResponse *ret, Error *err)
{
    long status = 0;

    curl_easy_getinfo(transfer->handle.easy, CURLINFO_RESPONSE_CODE, &status);
    ret->status = (int)status;
    if (code != CURLE_OK || transfer->stopped)
        return transfer_failed(transfer, code, err);
    ret->headers = headers_parse(&transfer->answer_headers);
    ret->body = transfer->body;
    buffer_init(&transfer->body, 0);
    return 0;
}

int fetch(Fetcher *fetcher, const FetchRequest *request, FetchResponse *ret, Error *err)
{
    Transfer transfer = {.request = request, .handle = handle_borrow(fetcher)};
    size_t body_max = request->body_size_max > 0 ? request->body_size_max : FETCH_BODY_SIZE_MAX;
    size_t headers_max =
        request->headers_size_max > 0 ? request->headers_size_max : FETCH_HEADERS_SIZE_MAX;

    *ret = (FetchResponse){.status = 0};
    buffer_init(&transfer.body, body_max);
    buffer_init(&transfer.answer_headers, headers_max);
    int code = transfer_set_up(&transfer, err);
    if (code == 0)
        code = transfer_finish(&transfer, transfer_run(&transfer), ret, err);
    if (transfer.file != NULL)
        fclose(transfer.file);
    /* Forgets the options, keeps the connection. */
    curl_easy_reset(transfer.handle.easy);
    curl_slist_free_all(transfer.headers);
    buffer_deinit(&transfer.body);
    buffer_deinit(&transfer.answer_headers);
    handle_give_back(fetcher, transfer.handle);
    return code;
}

void fetch_response_deinit(FetchResponse *response)
{
    json_free(take(response->headers));
    buffer_deinit(&response->body);
}

int fetch_problem(int outcome, const Error *why, const char *what, bool idempotent,
                  ProviderProblem *problem)
{
    if (outcome < 0)
        return provider_problem(problem, "INTERNAL", "not_applied", false, "%.400s: %.400s", what,
                                why->message);
    if (outcome == FETCH_TOO_LARGE)
        return provider_problem(problem, "UPSTREAM", "applied", false, "%.400s: %.400s", what,
                                why->message);
    if (outcome == FETCH_NOT_SENT || idempotent)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%.400s: %.400s", what,
                                why->message);
    return provider_problem(problem, outcome == FETCH_TIMED_OUT ? "DEADLINE" : "UPSTREAM",
                            "unknown", false, "%.400s: %.400s; whether it arrived is not known",
                            what, why->message);
}

bool fetch_header_is_sendable(const char *name, const char *value)
{
    return strpbrk(name, ":\r\n") == NULL && strpbrk(value, "\r\n") == NULL;
}

bool fetch_method_is_idempotent(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}
