/* What an effect costs at the least: as many requests as an apply of effects.ved sends, to a plugin
 * of the same kind, by a loop over libcurl that does nothing else. It keeps as many connections
 * open as the plugin allows calls at once.
 *
 *     effects-plain FOLDER PLUGIN CONFIG REQUESTS CONNECTIONS
 *
 * prints the seconds by the clock, and those of both processes' processor time. */
#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/host/child.h"
#include "controller/host/tls_files.h"
#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

#define WAIT_MS 1000

/* One connection, and the request on it. */
typedef struct Connection {
    CURL *easy;
    struct curl_slist *headers;
    char body[512];
    char digest[96];
} Connection;

typedef struct Run {
    const char *folder;
    char *url;
    CURLM *multi;
    size_t wanted, begun, ended, failed;
} Run;

static double clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double used_s(int who)
{
    struct rusage used;

    getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* ---- the plugin ---- */

/* Its address, from the first line that it prints; the caller frees it. */
static char *plugin_url(int fd)
{
    char line[256] = "";
    size_t size = 0;

    while (size + 1 < sizeof line && strchr(line, '\n') == NULL) {
        ssize_t got = read(fd, line + size, sizeof line - 1 - size);
        if (got <= 0)
            return NULL;
        size += (size_t)got;
    }
    line[strcspn(line, "\n")] = '\0';
    return memory_copy_string(line);
}

/* `*ret_stdin` ends it when it is closed. */
static pid_t plugin_start(const char *folder, const char *program, const char *config,
                          int *ret_stdin, char **ret_url)
{
    cleanup(free) char *tls = memory_format("%s/plugin", folder);
    cleanup(free) char *data = memory_format("%s/data", folder);
    cleanup(free) char *log = memory_format("%s/log", folder);
    char *arguments[] = {(char *)program, "--listen", "127.0.0.1:0", "--tls",        tls,
                         "--data",        data,       "--config",    (char *)config, NULL};
    int in[2], out[2];
    pid_t pid = -1;

    if (child_pipe(in) < 0 || child_pipe(out) < 0)
        return -1;
    int err = child_stream(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ChildStreams streams = {in[0], out[1], err};
    if (err < 0 || child_start(arguments, &streams, &pid) < 0)
        return -1;
    close(in[0]);
    close(out[1]);
    close(err);
    *ret_stdin = in[1];
    *ret_url = plugin_url(out[0]);
    close(out[0]);
    return *ret_url != NULL ? pid : -1;
}

/* ---- requests ---- */

static size_t ignore_reply(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static void set_digest(Connection *connection, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    unsigned char text[64];

    sha256(connection->body, size, digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    snprintf(connection->digest, sizeof connection->digest, "Content-Digest: sha-256=:%s:", text);
}

/* The same headers and, but for its numbers, the same body as an apply sends. */
static void request_begin(Run *run, Connection *connection)
{
    CURL *easy = connection->easy;
    char key[96], op[40];

    snprintf(op, sizeof op, "7f1c0000-0000-8000-8000-%012zu", run->begun++);
    int size = snprintf(
        connection->body, sizeof connection->body,
        "{\"op\":\"%s\",\"owner\":{\"lineage\":\"b0000000000000000000000000000001\","
        "\"stack\":\"effects\",\"domain\":\"Doer\",\"address\":\"Doer[\\\"%zu\\\"].Do.Ping\"},"
        "\"fence\":1,\"arguments\":{\"n\":%zu}}",
        op, run->begun, run->begun % 10);
    snprintf(key, sizeof key, "Idempotency-Key: \"%s\"", op);
    set_digest(connection, (size_t)size);
    curl_slist_free_all(connection->headers);
    connection->headers = curl_slist_append(NULL, "Content-Type: application/json");
    connection->headers = curl_slist_append(connection->headers, "Expect:");
    connection->headers = curl_slist_append(connection->headers, "Ved-Protocol: 1.0");
    connection->headers = curl_slist_append(connection->headers, connection->digest);
    connection->headers = curl_slist_append(connection->headers, key);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, connection->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, connection->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)size);
    curl_multi_add_handle(run->multi, easy);
}

static void connection_init(Run *run, Connection *connection)
{
    cleanup(free) char *url = memory_format("%s/v1/actions/Ping", run->url);
    cleanup(free) char *ca = memory_format("%s/client/ca.crt", run->folder);
    cleanup(free) char *cert = memory_format("%s/client/tls.crt", run->folder);
    cleanup(free) char *key = memory_format("%s/client/tls.key", run->folder);
    CURL *easy = curl_easy_init();

    *connection = (Connection){.easy = easy};
    curl_easy_setopt(easy, CURLOPT_PRIVATE, connection);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(easy, CURLOPT_SSLCERT, cert);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_reply);
}

static void request_end(Run *run, CURL *easy, CURLcode result)
{
    Connection *connection = NULL;
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &connection);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(run->multi, easy);
    run->ended++;
    if (result != CURLE_OK || status != 200)
        run->failed++;
    if (run->begun < run->wanted)
        request_begin(run, connection);
}

static void run_requests(Run *run, Connection *connections, size_t count)
{
    CURLMsg *message;
    int running, left;

    for (size_t i = 0; i < count && run->begun < run->wanted; i++)
        request_begin(run, &connections[i]);
    while (run->ended < run->wanted) {
        curl_multi_perform(run->multi, &running);
        while ((message = curl_multi_info_read(run->multi, &left)) != NULL)
            if (message->msg == CURLMSG_DONE)
                request_end(run, message->easy_handle, message->data.result);
        if (run->ended < run->wanted)
            curl_multi_poll(run->multi, NULL, 0, WAIT_MS, NULL);
    }
}

/* Returns how many failed. */
static size_t run_all(Run *run, size_t count)
{
    Connection *connections = memory_zero(count, sizeof *connections);

    run->multi = curl_multi_init();
    for (size_t i = 0; i < count; i++)
        connection_init(run, &connections[i]);
    run_requests(run, connections, count);
    for (size_t i = 0; i < count; i++) {
        curl_easy_cleanup(connections[i].easy);
        curl_slist_free_all(connections[i].headers);
    }
    curl_multi_cleanup(run->multi);
    free(connections);
    return run->failed;
}

static int measure(Run *run, const char *program, const char *config, size_t connections)
{
    int in = -1;
    pid_t pid = plugin_start(run->folder, program, config, &in, &run->url);

    if (pid < 0) {
        fprintf(stderr, "effects-plain: '%s' could not be started, see '%s/log'\n", program,
                run->folder);
        return EXIT_FAILURE;
    }
    double start_s = clock_s(), start_used_s = used_s(RUSAGE_SELF);
    size_t failed = run_all(run, connections);
    double wall_s = clock_s() - start_s;
    double own_s = used_s(RUSAGE_SELF) - start_used_s;
    close(in);
    waitpid(pid, NULL, 0);
    printf("%.6f %.6f\n", wall_s, own_s + used_s(RUSAGE_CHILDREN));
    free(run->url);
    if (failed > 0)
        fprintf(stderr, "effects-plain: %zu requests of %zu failed\n", failed, run->wanted);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    Error err = {0};

    if (argc != 6) {
        fprintf(stderr, "expected FOLDER PLUGIN CONFIG REQUESTS CONNECTIONS\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    if (folder_make(argv[1], 0700, &err) < 0 || tls_files_make(argv[1], "bench", &err) < 0) {
        fprintf(stderr, "effects-plain: %s\n", err.message);
        return EXIT_FAILURE;
    }
    Run run = {.folder = argv[1], .wanted = strtoul(argv[4], NULL, 10)};
    return measure(&run, argv[2], argv[3], strtoul(argv[5], NULL, 10));
}
