/* Requests that change nothing: what the plugin is, batches of questions, lists and single reads.
 */
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/batch.h"
#include "providers/sdk/handshake.h"
#include "providers/sdk/http.h"
#include "providers/sdk/members.h"
#include "providers/sdk/problem.h"
#include "providers/sdk/server_call.h"
#include "providers/sdk/upgrade.h"

#define PAGE_SIZE 200

/* ---- what the plugin is ---- */

void handle_handshake(Call *call)
{
    http_send_json(call->request, 200,
                   handshake_json(call_options(call), call->server->token_file != NULL));
}

void handle_health(Call *call)
{
    Provider *provider = call_options(call)->provider;
    char reason[512] = "";
    bool is_ready = provider->ready == NULL || provider->ready(provider, reason, sizeof reason);
    Json *json = json_new_object();

    json_set_bool(json, "ready", is_ready);
    json_set_string(json, "reason", is_ready ? "" : reason);
    http_send_json(call->request, 200, json);
}

void handle_schema(Call *call)
{
    const Schema *schema = call_options(call)->schema;
    const char *known = http_header(call->request, "If-None-Match");
    Json *json = NULL;

    http_set_header(call->request, "ETag", schema_etag(schema));
    if (known != NULL && strcmp(known, schema_etag(schema)) == 0) {
        http_send_json(call->request, 304, NULL);
        return;
    }
    json_parse(schema_text(schema), strlen(schema_text(schema)), &json, NULL);
    http_send_json(call->request, 200, json);
}

/* ---- batches ---- */

/* The items of a batch; NULL: refused and answered. */
static const Json *batch_items(Call *call)
{
    const Json *items = json_get(call->body, "items");
    size_t count_max = batch_max(call_options(call)->provider);

    if (!json_is_array(items)) {
        call_problem(call, "INVALID_REQUEST", "member 'items': expected an array");
        return NULL;
    }
    if (json_count(items) > count_max) {
        cleanup(free) char *detail =
            memory_format("member 'items': expected at most %zu; split the batch", count_max);
        call_problem(call, "TOO_LARGE", detail);
        return NULL;
    }
    return items;
}

void handle_validate(Call *call)
{
    const Json *items = batch_items(call);
    Buffer reply = {0};

    if (items == NULL)
        return;
    batch_validate(call->server->engine, items, &reply);
    http_send_text(call->request, 200, &reply);
}

void handle_plan(Call *call)
{
    const Json *items = batch_items(call);
    Buffer reply = {0};

    if (items == NULL)
        return;
    batch_plan(call->server->engine, items, &reply);
    http_send_text(call->request, 200, &reply);
}

static void batch_answer(void *context, Buffer *reply)
{
    http_send_text(context, 200, reply);
}

void handle_observe(Call *call)
{
    const Json *items = batch_items(call);

    if (items != NULL)
        batch_observe(call->server->engine, items, batch_answer, call->request);
}

void handle_query(Call *call)
{
    const Json *items = batch_items(call);

    if (items != NULL)
        batch_query(call->server->engine, items, batch_answer, call->request);
}

static void lookup_answer(void *context, Json *reply, const ProviderProblem *problem)
{
    if (problem != NULL)
        http_send_problem(context, problem, NULL);
    else
        http_send_json(context, 200, reply);
}

void handle_lookup(Call *call)
{
    lookup_start(call->server->engine, call->body, lookup_answer, call->request);
}

void handle_upgrade(Call *call)
{
    ProviderProblem problem = {0};
    Json *reply = NULL;

    if (upgrade_answer(call_options(call), call->body, &reply, &problem) < 0)
        http_send_problem(call->request, &problem, NULL);
    else
        http_send_json(call->request, 200, reply);
}

/* ---- lists and single reads ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a map after `token` in alphabetical order, so that a page follows the one before
 * whatever was added or removed between them. The caller frees the array, not the names. */
static const char **names_after(const Map *map, const char *token, size_t *ret_count)
{
    const char **names = memory_alloc((map->count + 1) * sizeof *names);
    size_t count = 0;

    for (MapEntry *e = map_next(map, NULL); e != NULL; e = map_next(map, e))
        if (token == NULL || strcmp(e->key, token) > 0)
            names[count++] = e->key;
    qsort(names, count, sizeof *names, compare_names);
    *ret_count = count;
    return names;
}

/* Append what a list shows of the entry `value`, or nothing if the call does not ask for it. */
typedef void (*ListItem)(const Call *call, void *value, Buffer *ret);

static void send_list(Call *call, const Map *map, ListItem put_item)
{
    size_t count, shown = 0;
    const char **names = names_after(map, call_parameter(call, "page_token"), &count);
    const char *next = NULL;
    Buffer reply = {0};

    buffer_add_string(&reply, "{\"items\":[");
    for (size_t i = 0; i < count && next == NULL; i++) {
        cleanup(buffer_deinit) Buffer item = {0};
        put_item(call, map_get(map, names[i]), &item);
        if (item.size == 0)
            continue;
        buffer_add_string(&reply, shown > 0 ? "," : "");
        buffer_add(&reply, item.bytes, item.size);
        if (++shown == PAGE_SIZE && i + 1 < count)
            next = names[i];
    }
    buffer_add_char(&reply, ']');
    member_put_string(&reply, "next_page_token", next);
    buffer_add_char(&reply, '}');
    free(names);
    http_send_text(call->request, 200, &reply);
}

static bool is_wanted(const Call *call, const char *parameter, const char *value)
{
    const char *wanted = call_parameter(call, parameter);

    return wanted == NULL || *wanted == '\0' || strcmp(wanted, value) == 0;
}

/* The same for one of several, with commas between. */
static bool is_among(const Call *call, const char *parameter, const char *value)
{
    const char *wanted = call_parameter(call, parameter);
    size_t size = strlen(value);

    if (wanted == NULL || *wanted == '\0')
        return true;
    for (const char *at = wanted; (at = strstr(at, value)) != NULL; at += size)
        if ((at == wanted || at[-1] == ',') && (at[size] == ',' || at[size] == '\0'))
            return true;
    return false;
}

static void list_instance(const Call *call, void *value, Buffer *ret)
{
    const Instance *instance = value;
    cleanup(free) char *lineage = text_get_string(instance->owner, "lineage");

    if (is_wanted(call, "type", instance->type) &&
        is_wanted(call, "owner", lineage != NULL ? lineage : ""))
        instance_put_representation(ret, instance, NULL);
}

static void list_operation(const Call *call, void *value, Buffer *ret)
{
    const Operation *operation = value;

    if (is_wanted(call, "owner", operation->lineage) &&
        is_among(call, "state", operation_state_name(operation_state_shown(operation))))
        operation_put(ret, operation);
}

void handle_instances(Call *call)
{
    send_list(call, store_instances(call_options(call)->store), list_instance);
}

void handle_operations(Call *call)
{
    send_list(call, store_operations(call_options(call)->store), list_operation);
}

void handle_instance(Call *call)
{
    const Instance *instance = store_instance(call_options(call)->store, call->names[1]);

    if (instance == NULL || instance->partial || strcmp(instance->type, call->names[0]) != 0) {
        call_problem(call, "NOT_FOUND", "there is no such object");
        return;
    }
    const char *known = http_header(call->request, "If-None-Match");
    Buffer body = {0};
    http_set_header(call->request, "ETag", instance->etag);
    if (known != NULL && strcmp(known, instance->etag) == 0) {
        http_send_json(call->request, 304, NULL);
        return;
    }
    instance_put_representation(&body, instance, NULL);
    http_send_text(call->request, 200, &body);
}
