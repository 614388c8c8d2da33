/* Who may come in, and how often: what is asked of every request before it is looked at. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/crypto.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/handshake.h"
#include "providers/sdk/http.h"
#include "providers/sdk/server_call.h"
#include "providers/sdk/tls.h"

#define TOKEN_SIZE_MAX 16384
#define BEARER "Bearer "

static SSL *call_ssl(const Call *call)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(call->request);

    return bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection));
}

/* Is `token` what the file says now? Tokens rotate, so it is read each time. */
static bool token_is_right(const char *path, const char *token)
{
    cleanup(buffer_deinit) Buffer file = {0};
    Error err = {0};

    if (file_read(path, TOKEN_SIZE_MAX, &file, &err) < 0)
        return false;
    while (file.size > 0 && isspace((unsigned char)file.bytes[file.size - 1]))
        file.size--;
    return file.size > 0 && strlen(token) == file.size &&
           CRYPTO_memcmp(token, file.bytes, file.size) == 0;
}

/* A certificate of the authority's, or, where there is a token, the token. */
static bool client_is_known(Call *call)
{
    const char *path = call->server->token_file;
    const char *header = http_header(call->request, "Authorization");
    ProviderProblem problem = {0};

    if (path == NULL || tls_has_peer(call_ssl(call)))
        return true;
    if (header != NULL && strncasecmp(header, BEARER, strlen(BEARER)) == 0 &&
        token_is_right(path, header + strlen(BEARER)))
        return true;
    http_set_header(call->request, "WWW-Authenticate", "Bearer");
    provider_problem(&problem, "UNAUTHENTICATED", "not_applied", false,
                     "expected a client certificate of the plugin's authority, or the header "
                     "'Authorization: Bearer TOKEN' with its token");
    http_send_problem(call->request, &problem, NULL);
    return false;
}

static bool protocol_is_spoken(Call *call)
{
    const char *version = http_header(call->request, "Ved-Protocol");
    ProviderProblem problem = {0};

    if (version == NULL || strcmp(version, "1") == 0 || strncmp(version, "1.", 2) == 0)
        return true;
    Json *more = json_new_object();
    json_set(more, "supported", handshake_versions());
    provider_problem(&problem, "PROTOCOL_VERSION_UNSUPPORTED", "not_applied", false,
                     "Ved-Protocol is '%.16s', expected '1.0'", version);
    http_send_problem(call->request, &problem, more);
    return false;
}

bool gate_admits(Call *call)
{
    return client_is_known(call) && protocol_is_spoken(call);
}

bool gate_has_room(Call *call)
{
    ProviderProblem problem = {0};
    int64_t wait_ms = rate_limit_take(&call->server->rate, clock_now_ms());

    if (wait_ms == 0)
        return true;
    provider_problem(&problem, "THROTTLED", "not_applied", true,
                     "more than %g requests in a second; the next may come in %lld ms",
                     call->server->rate.per_s, (long long)wait_ms);
    problem.retry_after_ms = wait_ms;
    http_send_problem(call->request, &problem, NULL);
    return false;
}

void call_client_name(const Call *call, char *ret, size_t size)
{
    tls_peer_name(call_ssl(call), ret, size);
    if (ret[0] == '\0')
        snprintf(ret, size, "bearer");
}
