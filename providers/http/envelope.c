#include "providers/http/envelope.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/http/template.h"

#define CREDENTIAL_SIZE_MAX ((size_t)64 << 10)
#define URL_SIZE_MAX ((size_t)8 << 10)

void envelope_deinit(Envelope *envelope)
{
    free(envelope->url);
    free(envelope->shown);
    free(envelope->body);
    json_free(envelope->headers);
    json_free(envelope->credentials);
    *envelope = (Envelope){0};
}

/* ---- the URL ---- */

/* One parameter of a query or field of a form: `name=value`, nothing where it is left out. */
static int add_field(Call *call, const char *name, const Json *value, Buffer *ret)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *plain = json_is_string(value) ? NULL : json_text(value);
    Error err;
    int code = template_text(plain != NULL ? plain : json_string(value, ""), call->scope,
                             PLACE_TEXT, &text, &err);

    if (code == TEMPLATE_LEFT_OUT)
        return 0;
    if (code < 0) {
        error_wrap(&err, "'%.64s'", name);
        return call_refuse(call, &err);
    }
    if (ret->size > 0)
        buffer_add_char(ret, '&');
    template_encode(ret, name);
    buffer_add_char(ret, '=');
    template_encode(ret, buffer_text(&text));
    return 0;
}

static int add_fields(Call *call, const Json *fields, Buffer *ret)
{
    for (const Json *f = json_first(fields); f != NULL; f = json_next(f))
        if (add_field(call, json_key(f), f, ret) < 0)
            return -1;
    return 0;
}

/* Everything of the URL but who asks. */
static int put_url(Call *call, const RequestSpec *spec, const Json *more, Buffer *ret)
{
    cleanup(buffer_deinit) Buffer query = {0};
    Error err;

    buffer_add_string(ret, call->site->config->base_url);
    int code = template_text(spec->path, call->scope, PLACE_URL, ret, &err);
    if (code == TEMPLATE_LEFT_OUT)
        code = error_set(&err, ERROR_PROGRAM, "a value in its path is missing");
    if (code < 0) {
        error_wrap(&err, "%s.path", spec->at);
        return call_refuse(call, &err);
    }
    if (add_fields(call, spec->query, &query) < 0 || add_fields(call, more, &query) < 0)
        return -1;
    if (query.size > 0)
        buffer_add_format(ret, "%c%s", strchr(buffer_text(ret), '?') != NULL ? '&' : '?',
                          buffer_text(&query));
    if (ret->size <= URL_SIZE_MAX)
        return 0;
    error_set(&err, ERROR_PROGRAM, "%s: the URL is longer than %zu bytes", spec->at, URL_SIZE_MAX);
    return call_refuse(call, &err);
}

char *request_url(Call *call, const RequestSpec *spec)
{
    cleanup(buffer_deinit) Buffer url = {0};

    return put_url(call, spec, NULL, &url) < 0 ? NULL : buffer_take(&url);
}

char *envelope_follow(Call *call, const char *url)
{
    const char *origin = call->site->config->origin;
    size_t size = strlen(origin);

    if (strpbrk(url, " \t\r\n") == NULL && strlen(url) <= URL_SIZE_MAX) {
        if (url[0] == '/' && url[1] != '/')
            return memory_format("%s%s", origin, url);
        if (strncasecmp(url, origin, size) == 0 && strchr("/?", url[size]) != NULL)
            return memory_copy_string(url);
    }
    call_upstream(call,
                  "the API names '%.*s' to be asked next, which is not at %s; nothing is sent "
                  "there",
                  (int)strcspn(url, "?") > 200 ? 200 : (int)strcspn(url, "?"), url, origin);
    return NULL;
}

/* ---- who asks ---- */

/* The credential's text, kept in the envelope. NULL with the problem. */
static const char *credential_text(Call *call, const Credential *credential, const char *name,
                                   Envelope *ret)
{
    cleanup(buffer_deinit) Buffer file = {0};
    Error err;

    if (credential->file == NULL) {
        json_set_string(ret->credentials, name, credential->text);
        return json_get_string(ret->credentials, name, NULL);
    }
    if (file_read(credential->file, CREDENTIAL_SIZE_MAX, &file, &err) < 0) {
        provider_problem(call->problem, "UNAUTHENTICATED", "not_applied", true,
                         "read the credentials: %s", err.message);
        return NULL;
    }
    char *text = file.bytes != NULL ? file.bytes : (char *)"";
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0') {
        provider_problem(call->problem, "UNAUTHENTICATED", "not_applied", true,
                         "the file of credentials '%s' is empty", credential->file);
        return NULL;
    }
    json_set_string(ret->credentials, name, text);
    return json_get_string(ret->credentials, name, NULL);
}

static void add_header(Json *headers, const char *name, const char *value)
{
    for (const Json *h = json_first(headers), *next; h != NULL; h = next) {
        next = json_next(h);
        if (strcasecmp(json_key(h), name) == 0) {
            json_free(json_detach(headers, json_key(h)));
            break;
        }
    }
    json_set_string(headers, name, value);
}

static void add_to_query(Envelope *envelope, const char *name, const char *value)
{
    Buffer url = {0};

    buffer_add_string(&url, envelope->url);
    buffer_add_char(&url, strchr(envelope->url, '?') != NULL ? '&' : '?');
    template_encode(&url, name);
    buffer_add_char(&url, '=');
    template_encode(&url, value);
    free(envelope->url);
    envelope->url = buffer_take(&url);
}

static int sign(Call *call, const AuthSpec *auth, Envelope *ret)
{
    ret->site.aws_sigv4 = auth->sigv4;
    ret->site.user = credential_text(call, &auth->key, "key", ret);
    ret->site.password = credential_text(call, &auth->secret, "secret", ret);
    if (ret->site.user == NULL || ret->site.password == NULL)
        return -1;
    if (auth->session_token.text == NULL && auth->session_token.file == NULL)
        return 0;
    const char *token = credential_text(call, &auth->session_token, "session", ret);
    if (token == NULL)
        return -1;
    add_header(ret->headers, "X-Amz-Security-Token", token);
    return 0;
}

static int authenticate(Call *call, Envelope *ret)
{
    const HttpConfig *config = call->site->config;
    const AuthSpec *auth = &config->auth;

    ret->site.ca = config->ca;
    ret->site.cert = config->cert;
    ret->site.key = config->key;
    if (auth->kind == AUTH_SIGV4)
        return sign(call, auth, ret);
    const char *secret =
        auth->kind != AUTH_NONE ? credential_text(call, &auth->secret, "secret", ret) : NULL;
    if (auth->kind != AUTH_NONE && secret == NULL)
        return -1;
    switch (auth->kind) {
    case AUTH_NONE:
    case AUTH_SIGV4:
        return 0;
    case AUTH_BEARER:
        ret->site.bearer = secret;
        return 0;
    case AUTH_BASIC:
        ret->site.user = auth->name;
        ret->site.password = secret;
        return 0;
    case AUTH_HEADER:
        add_header(ret->headers, auth->name, secret);
        return 0;
    case AUTH_QUERY:
        add_to_query(ret, auth->name, secret);
        return 0;
    }
    return 0;
}

/* ---- headers and body ---- */

static int add_headers(Call *call, const Json *templates, Json *headers)
{
    for (const Json *h = json_first(templates); h != NULL; h = json_next(h)) {
        cleanup(buffer_deinit) Buffer value = {0};
        Error err;
        int code = template_text(json_string(h, ""), call->scope, PLACE_HEADER, &value, &err);
        if (code < 0) {
            error_wrap(&err, "header '%.64s'", json_key(h));
            return call_refuse(call, &err);
        }
        if (code == 0)
            add_header(headers, json_key(h), buffer_text(&value));
    }
    return 0;
}

/* What the protocol and the call have to say; the binding may say it otherwise. */
static void add_common(Call *call, const RequestSpec *spec, const Conditions *conditions,
                       Json *headers)
{
    const HttpConfig *config = call->site->config;
    bool reads = conditions->url != NULL || strcmp(spec->method, "GET") == 0;

    add_header(headers, "Accept", "application/json");
    if (spec->form != NULL && conditions->url == NULL)
        add_header(headers, "Content-Type", "application/x-www-form-urlencoded");
    else if (spec->body != NULL && conditions->url == NULL)
        add_header(headers, "Content-Type", "application/json");
    if (config->idempotency_header != NULL && call->key != NULL && !reads)
        add_header(headers, config->idempotency_header, call->key);
    if (call->request != NULL && call->request->traceparent != NULL)
        add_header(headers, "traceparent", call->request->traceparent);
    if (conditions->if_match != NULL)
        add_header(headers, "If-Match", conditions->if_match);
    if (conditions->if_none_match != NULL)
        add_header(headers, "If-None-Match", conditions->if_none_match);
    for (const Json *h = json_first(config->headers); h != NULL; h = json_next(h))
        add_header(headers, json_key(h), json_string(h, ""));
}

/* A text whose Content-Type the binding has said to be no JSON is sent as it is. */
static bool body_is_plain(const RequestSpec *spec, const Json *headers)
{
    const char *type = json_get_string(headers, "Content-Type", "");

    for (const Json *h = json_first(spec->headers); h != NULL; h = json_next(h))
        if (strcasecmp(json_key(h), "Content-Type") == 0)
            type = json_string(h, "");
    return json_is_string(spec->body) && strstr(type, "json") == NULL;
}

static int fill_body(Call *call, const RequestSpec *spec, Envelope *ret)
{
    cleanup(buffer_deinit) Buffer form = {0};
    cleanup(json_free) Json *body = NULL;
    Error err;

    if (spec->form != NULL) {
        if (add_fields(call, spec->form, &form) < 0)
            return -1;
        ret->body = buffer_take(&form);
    }
    if (spec->body == NULL)
        return 0;
    if (template_json(spec->body, call->scope, &body, &err) < 0) {
        error_wrap(&err, "%s.body", spec->at);
        return call_refuse(call, &err);
    }
    ret->body = body_is_plain(spec, ret->headers) ? memory_copy_string(json_string(body, ""))
                                                  : json_text(body);
    return 0;
}

int envelope_fill(Call *call, const RequestSpec *spec, const Conditions *conditions, Envelope *ret)
{
    cleanup(buffer_deinit) Buffer url = {0};

    *ret = (Envelope){.headers = json_new_object(), .credentials = json_new_object()};
    if (conditions->url != NULL)
        ret->url = envelope_follow(call, conditions->url);
    else if (put_url(call, spec, conditions->query, &url) == 0)
        ret->url = buffer_take(&url);
    if (ret->url == NULL)
        return -1;
    ret->shown = memory_format("%s %.*s", conditions->url != NULL ? "GET" : spec->method,
                               (int)strcspn(ret->url, "?"), ret->url);
    add_common(call, spec, conditions, ret->headers);
    if (add_headers(call, spec->headers, ret->headers) < 0)
        return -1;
    if (conditions->url == NULL && fill_body(call, spec, ret) < 0)
        return -1;
    return authenticate(call, ret);
}

int request_try(Call *call, const RequestSpec *spec)
{
    cleanup(buffer_deinit) Buffer url = {0};
    cleanup(envelope_deinit) Envelope envelope = {.headers = json_new_object()};

    if (put_url(call, spec, NULL, &url) < 0 ||
        add_headers(call, spec->headers, envelope.headers) < 0)
        return -1;
    return fill_body(call, spec, &envelope);
}
