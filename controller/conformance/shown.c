#include "controller/conformance/shown.h"

#include <string.h>
#include <strings.h>

#include "controller/conformance/suite.h"
#include "lang/base/conceal.h"
#include "lang/base/memory.h"

#define BODY_SHOWN_MAX 2000

static const char *const state_names[] = {
    [TRIAL_PASSED] = "passed", [TRIAL_FAILED] = "failed", [TRIAL_SKIPPED] = "skipped"};

/* ---- as JSON ---- */

/* A terminal is given nothing to obey. */
static void put_printable(Buffer *ret, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool is_shown = (unsigned char)text[i] >= ' ' && (unsigned char)text[i] < 0x7f;
        buffer_add_char(ret, is_shown || text[i] == '\n' ? text[i] : '.');
    }
}

/* Cut where it is too long, and the secrets in it overwritten before. */
static void put_body(Buffer *ret, const char *body, size_t size, const Json *secrets)
{
    size_t length = strnlen(body, size < BODY_SHOWN_MAX ? size : BODY_SHOWN_MAX);
    cleanup(free) char *shown = memory_copy_bytes(body, length);

    conceal(shown, secrets);
    put_printable(ret, shown, strlen(shown));
    if (length < size)
        buffer_add_format(ret, "... (%zu bytes)", size);
}

/* Lines of "Name: value"; what proves who we are is left out. */
static void put_headers(Buffer *ret, const char *lines)
{
    static const char secret[] = "Authorization:";

    for (const char *line = lines, *end; *line != '\0'; line = end) {
        size_t size = strcspn(line, "\r\n");
        end = line + size + strspn(line + size, "\r\n");
        if (strncasecmp(line, secret, strlen(secret)) == 0)
            buffer_add_format(ret, "%s (concealed)", secret);
        else
            put_printable(ret, line, size);
        buffer_add_char(ret, '\n');
    }
}

/* The path and what follows it. */
static const char *url_path(const char *url)
{
    const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL;

    return path != NULL ? path : url;
}

/* Add the texts of every member `secrets` in a request's body, under themselves. */
static void collect_secrets(const Json *json, Json *into)
{
    if (!json_is_object(json) && !json_is_array(json))
        return;
    for (const Json *s = json_first(json_get(json, "secrets")); s != NULL; s = json_next(s))
        json_set_string(into, json_string(s, ""), json_string(s, ""));
    for (const Json *m = json_first(json); m != NULL; m = json_next(m))
        collect_secrets(m, into);
}

/* All secrets that the trial has told the provider. The caller frees it. */
static Json *secrets_told(const Trial *trial)
{
    Json *secrets = json_new_object();

    for (const Exchange *e = trial->exchanges; e != NULL; e = e->next) {
        cleanup(json_free) Json *body = NULL;
        if (e->request_body != NULL && strstr(e->request_body, "\"secrets\":{\"") != NULL &&
            json_parse(e->request_body, e->request_size, &body, NULL) == 0)
            collect_secrets(body, secrets);
    }
    return secrets;
}

static void set_text(Json *json, const char *key, Buffer *text)
{
    cleanup(free) char *owned = buffer_take(text);

    json_set_string(json, key, owned);
}

static Json *exchange_json(const Exchange *exchange, const Json *secrets)
{
    Json *json = json_new_object();
    Buffer request = {0}, reply = {0};

    buffer_add_format(&request, "%s %s\n", exchange->method, url_path(exchange->url));
    put_headers(&request, exchange->request_headers);
    if (exchange->request_body != NULL) {
        buffer_add_char(&request, '\n');
        put_body(&request, exchange->request_body, exchange->request_size, secrets);
    }
    if (exchange->status == 0)
        buffer_add_format(&reply, "none: %s", exchange->error);
    put_headers(&reply, buffer_text(&exchange->headers));
    if (exchange->body.size > 0) {
        buffer_add_char(&reply, '\n');
        put_body(&reply, exchange->body.bytes, exchange->body.size, secrets);
    }
    set_text(json, "request", &request);
    set_text(json, "reply", &reply);
    json_set_int(json, "elapsed_ms", exchange->elapsed_ms);
    return json;
}

Json *shown_result(const Trial *trial)
{
    cleanup(json_free) Json *secrets = secrets_told(trial);
    Json *result = json_new_object(), *exchanges = json_new_array();
    char name[RULE_NAME_SIZE];

    rule_name(trial->rule, name);
    json_set_string(result, "rule", name);
    json_set_string(result, "sentence", trial->rule->sentence);
    json_set_string(result, "state", state_names[trial->state]);
    cleanup(free) char *why = memory_copy_string(trial->why);
    conceal(why, secrets);
    if (why[0] != '\0')
        json_set_string(result, "why", why);
    for (size_t i = 0; i < SHOWN_MAX && trial->state == TRIAL_FAILED; i++)
        if (trial->shown[i] != NULL)
            json_append(exchanges, exchange_json(trial->shown[i], secrets));
    json_set(result, "exchanges", exchanges);
    return result;
}

/* ---- as TAP ---- */

/* A block scalar of YAML. */
static void put_block(Buffer *ret, const char *key, const char *text)
{
    buffer_add_format(ret, "      %s: |\n", key);
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        buffer_add_format(ret, "        %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

static void put_failure(Buffer *ret, const Json *result)
{
    const Json *exchanges = json_get(result, "exchanges");

    buffer_add_string(ret, "  ---\n  message: ");
    json_put_string(ret, json_get_string(result, "why", ""));
    buffer_add_string(ret, "\n  rule: ");
    json_put_string(ret, json_get_string(result, "sentence", ""));
    buffer_add_string(ret, json_count(exchanges) > 0 ? "\n  exchanges:\n" : "\n");
    for (const Json *e = json_first(exchanges); e != NULL; e = json_next(e)) {
        buffer_add_format(ret, "    - elapsed_ms: %lld\n",
                          (long long)json_get_int(e, "elapsed_ms", 0));
        put_block(ret, "request", json_get_string(e, "request", ""));
        put_block(ret, "reply", json_get_string(e, "reply", ""));
    }
    buffer_add_string(ret, "  ...\n");
}

void tap_put(Buffer *ret, size_t index, const Json *result)
{
    const char *state = json_get_string(result, "state", "");
    bool failed = strcmp(state, state_names[TRIAL_FAILED]) == 0;

    buffer_add_format(ret, "%s %zu - %s", failed ? "not ok" : "ok", index,
                      json_get_string(result, "rule", ""));
    if (strcmp(state, state_names[TRIAL_SKIPPED]) == 0)
        buffer_add_format(ret, " # SKIP %s", json_get_string(result, "why", ""));
    buffer_add_char(ret, '\n');
    if (failed)
        put_failure(ret, result);
}
