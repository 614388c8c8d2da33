/* The site: where the API is, who asks, how often. */
#include "providers/http/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lang/base/memory.h"
#include "providers/http/config_private.h"
#include "providers/sdk/fetch.h"

#define TIMEOUT_MS 30000
#define RETRIES 3
#define ANSWER_SIZE_MAX (16 << 20)
#define RATE_MAX 10000

/* ---- where ---- */

static bool host_is_local(const char *host, size_t size)
{
    return (size == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == size) ||
           (size == 5 && strncmp(host, "[::1]", 5) == 0);
}

static void check_plain(Reader *site, const char *url, const char *host, bool allowed)
{
    size_t size = strcspn(host, "/:?#");

    if (host[0] == '[')
        size = strcspn(host, "]") + 1;
    if (strncasecmp(url, "http://", 7) == 0 && !host_is_local(host, size) && !allowed)
        reader_fail(site, "base_url",
                    "'%.100s' would send everything, credentials too, unencrypted to another "
                    "machine; use https://, or say 'allow_plain_http: true'",
                    url);
}

static void read_base_url(HttpConfig *config, Reader *site)
{
    const char *url = reader_needed(site, "base_url");
    bool allowed = reader_bool(site, "allow_plain_http", false);
    const char *host = strstr(url, "://");

    if (host == NULL ||
        (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)) {
        reader_fail(site, "base_url", "expected https://HOST/..., found '%.100s'", url);
        return;
    }
    host += 3;
    size_t origin = (size_t)(host - url) + strcspn(host, "/?#");
    if (strcspn(host, "/?#") == 0 || strpbrk(url, "?# \t\r\n") != NULL)
        reader_fail(site, "base_url",
                    "expected a host and at most a path behind it, found '%.100s'", url);
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
        reader_fail(site, "base_url", "credentials have no place in it; they go to 'auth'");
    check_plain(site, url, host, allowed);
    size_t size = strlen(url);
    while (size > origin && url[size - 1] == '/')
        size--;
    config->base_url = arena_copy_bytes(&config->arena, url, size);
    config->origin = arena_copy_bytes(&config->arena, url, origin);
}

static int read_tls(HttpConfig *config, Reader *site)
{
    Reader reader;

    reader_begin(&reader, reader_object(site, "tls"), site->err, "tls");
    config->ca = reader_string(&reader, "ca", NULL);
    config->cert = reader_string(&reader, "cert", NULL);
    config->key = reader_string(&reader, "key", NULL);
    if ((config->cert != NULL) != (config->key != NULL))
        reader_fail(&reader, NULL, "'cert' and 'key' go together");
    return reader_end(&reader);
}

/* ---- who ---- */

static AuthKind auth_kind(const Json *auth)
{
    static const char *const names[] = {
        NULL,
#define AUTH(name, text) text,
#include "providers/http/auth_kind.def"
#undef AUTH
    };

    for (size_t i = 1; i < ARRAY_SIZE(names); i++)
        if (json_get(auth, names[i]) != NULL)
            return (AuthKind)i;
    return AUTH_NONE;
}

/* `key`, or a file of it. */
static void read_credential(Arena *arena, Reader *reader, const char *key, bool needed,
                            Credential *ret)
{
    const char *file_key = arena_format(arena, "%s_file", key);

    ret->text = reader_string(reader, key, NULL);
    ret->file = reader_string(reader, file_key, NULL);
    if ((ret->text != NULL) + (ret->file != NULL) > 1 ||
        (needed && ret->text == NULL && ret->file == NULL))
        reader_fail(reader, key, "expected either '%s' or '%s'", key, file_key);
}

static void read_sigv4(Arena *arena, Reader *reader, AuthSpec *ret)
{
    const char *region = reader_needed(reader, "region");
    const char *service = reader_needed(reader, "service");

    if (strchr(region, ':') != NULL || strchr(service, ':') != NULL)
        reader_fail(reader, NULL, "no colon belongs into 'region' or 'service'");
    ret->sigv4 = arena_format(arena, "aws:amz:%s:%s", region, service);
    read_credential(arena, reader, "access_key", true, &ret->key);
    read_credential(arena, reader, "secret_key", true, &ret->secret);
    read_credential(arena, reader, "session_token", false, &ret->session_token);
}

static void read_way(Arena *arena, Reader *reader, AuthSpec *ret)
{
    switch (ret->kind) {
    case AUTH_NONE:
        return;
    case AUTH_BEARER:
        read_credential(arena, reader, "token", true, &ret->secret);
        return;
    case AUTH_BASIC:
        ret->name = reader_needed(reader, "user");
        read_credential(arena, reader, "password", true, &ret->secret);
        return;
    case AUTH_HEADER:
    case AUTH_QUERY:
        ret->name = reader_needed(reader, "name");
        read_credential(arena, reader, "value", true, &ret->secret);
        return;
    case AUTH_SIGV4:
        read_sigv4(arena, reader, ret);
        return;
    }
}

static int read_auth(HttpConfig *config, Reader *site)
{
    const Json *auth = reader_object(site, "auth");
    AuthSpec *spec = &config->auth;
    Reader reader;

    if (auth == NULL)
        return 0;
    spec->kind = auth_kind(auth);
    if (spec->kind == AUTH_NONE || json_count(auth) != 1)
        return reader_fail(site, "auth",
                           "expected exactly one of bearer, basic, header, query and sigv4 (client "
                           "certificates go to 'tls')");
    const Json *way = json_first(auth);
    reader_begin(&reader, way, site->err, "auth.%s", json_key(way));
    read_way(&config->arena, &reader, spec);
    if (spec->kind == AUTH_HEADER && !fetch_header_is_sendable(spec->name, ""))
        reader_fail(&reader, "name", "'%.64s' is no name of a header", spec->name);
    return reader_end(&reader);
}

/* ---- how ---- */

static void read_headers(HttpConfig *config, Reader *site)
{
    config->headers = reader_object(site, "headers");
    for (const Json *h = json_first(config->headers); h != NULL; h = json_next(h))
        if (!json_is_string(h) || !fetch_header_is_sendable(json_key(h), json_string(h, "")))
            reader_fail(site, "headers", "'%.64s' is no header that can be sent as a text",
                        json_key(h));
}

/* "20/s" or "600/m". */
static void read_rate(HttpConfig *config, Reader *site)
{
    const char *text = reader_string(site, "rate", NULL);
    char *end = NULL;
    double rate = text != NULL ? strtod(text, &end) : 0;

    config->burst = reader_int(site, "burst", 10, 1, RATE_MAX);
    if (text == NULL)
        return;
    bool by_minute = strcmp(end, "/m") == 0;
    if (end == text || (!by_minute && strcmp(end, "/s") != 0) || !(rate > 0) || rate > RATE_MAX) {
        reader_fail(site, "rate", "expected a rate like 20/s or 600/m, found '%.32s'", text);
        return;
    }
    config->rate = by_minute ? rate / 60 : rate;
}

static int read_idempotency(HttpConfig *config, Reader *site)
{
    const Json *object = reader_object(site, "idempotency");
    Reader reader;

    reader_begin(&reader, object, site->err, "idempotency");
    config->idempotency_header = reader_string(&reader, "header", NULL);
    config->idempotent_by_header = reader_bool(&reader, "honoured", false);
    if (object != NULL && config->idempotency_header == NULL)
        reader_fail(&reader, "header", "expected the header that carries the operation's key");
    if (config->idempotency_header != NULL &&
        !fetch_header_is_sendable(config->idempotency_header, ""))
        reader_fail(&reader, "header", "'%.64s' is no name of a header",
                    config->idempotency_header);
    return reader_end(&reader);
}

static int read_site(HttpConfig *config, Error *err)
{
    Reader site;

    reader_begin(&site, config->tree, err, "%s", "");
    read_base_url(config, &site);
    read_headers(config, &site);
    read_rate(config, &site);
    config->error = reader_pointer(&site, "error", NULL);
    config->timeout_ms = reader_duration_ms(&site, "timeout", TIMEOUT_MS, WAIT_MS_MAX);
    config->retries = reader_int(&site, "retries", RETRIES, 0, 20);
    config->answer_size_max = reader_int(&site, "answer_size_max", 4 << 20, 1024, ANSWER_SIZE_MAX);
    if (read_tls(config, &site) < 0 || read_auth(config, &site) < 0 ||
        read_idempotency(config, &site) < 0 || resources_read(config, &site) < 0 ||
        actions_read(config, &site) < 0 || queries_read(config, &site) < 0)
        return err->code;
    return reader_end(&site);
}

int http_config_read(const Json *tree, HttpConfig **ret, Error *err)
{
    cleanup(http_config_free) HttpConfig *config = memory_zero(1, sizeof *config);
    int code;

    config->tree = json_copy(tree);
    if ((code = read_site(config, err)) < 0)
        return code;
    *ret = take(config);
    return 0;
}

void http_config_free(HttpConfig *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->resource_count; i++)
        json_free(config->resources[i].kept);
    json_free(config->tree);
    arena_deinit(&config->arena);
    free(config);
}

/* ---- by name ---- */

const ResourceSpec *config_resource(const HttpConfig *config, const char *effect)
{
    for (size_t i = 0; i < config->resource_count; i++)
        if (effect != NULL && strcmp(config->resources[i].effect, effect) == 0)
            return &config->resources[i];
    return NULL;
}

const ResourceSpec *config_resource_of_type(const HttpConfig *config, const char *type)
{
    for (size_t i = 0; i < config->resource_count; i++)
        if (strcmp(config->resources[i].type, type) == 0)
            return &config->resources[i];
    return NULL;
}

const ActionSpec *config_action(const HttpConfig *config, const char *name)
{
    for (size_t i = 0; i < config->action_count; i++)
        if (strcmp(config->actions[i].name, name) == 0)
            return &config->actions[i];
    return NULL;
}

const QuerySpec *config_query(const HttpConfig *config, const char *name)
{
    for (size_t i = 0; i < config->query_count; i++)
        if (strcmp(config->queries[i].name, name) == 0)
            return &config->queries[i];
    return NULL;
}
