/* A provider that has everything VPP/1 knows and touches nothing: the object of the conformance
 * suite and of benchmarks. What its objects are, the SDK remembers; nothing exists beside that.
 *
 *     Noop   does nothing, as fast as the SDK can have it done
 *     Thing  a name, a size, a colour in any case, tags in any order, a zone that cannot change, a
 *            password; in its second schema version, the first of which called the name `label`
 *     Slow   takes `delay_ms`, says how far it is, and can be cancelled until it is done
 *     Ping   an action; echo(value) a fact */
#include <time.h>

#include "lang/base/memory.h"
#include "providers/sdk/members.h"
#include "providers/sdk/provider.h"

#define STEP_MS 20
#define TEXT(...) #__VA_ARGS__

// clang-format off
static const char schema[] = TEXT({
  "effects": {
    "Noop": {
      "kind": "instance",
      "parameters": {"type": "object"}, "result": {"type": "object"}, "typical_s": 0, "timeout_s": 60
    },
    "Thing": {
      "kind": "instance", "type": "thing", "positional": ["name"],
      "parameters": {
        "type": "object", "additionalProperties": false, "required": ["name"],
        "properties": {
          "name": {"type": "string", "minLength": 1}, "size": {"type": "integer", "minimum": 1, "default": 1},
          "note": {"type": "string"}, "password": {"type": "string", "x-ved-sensitive": true},
          "color": {"type": "string", "x-ved-normalize": "case"},
          "tags": {"type": "array", "x-ved-set": true},
          "zone": {"type": "string", "default": "a", "x-ved-immutable": true, "x-ved-because": "zones are far from each other"}
        }
      },
      "result": {"type": "object", "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "size": {"type": "integer"}, "note": {"type": "string"}}},
      "typical_s": 0, "timeout_s": 60
    },
    "Slow": {
      "kind": "instance",
      "parameters": {
        "type": "object", "additionalProperties": false,
        "properties": {"name": {"type": "string"}, "delay_ms": {"type": "integer", "minimum": 0, "maximum": 60000, "default": 0}}
      },
      "result": {"type": "object", "properties": {"id": {"type": "string"}}}, "typical_s": 1, "timeout_s": 120
    },
    "Ping": {
      "kind": "action",
      "parameters": {"type": "object"}, "result": {"type": "object"}, "typical_s": 0, "timeout_s": 60
    }
  },
  "queries": {"echo": {"positional": ["value"], "parameters": {"type": "object"}, "result": {}}},
  "types": {
    "Noop": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first"},
    "thing": {"schema_version": 2, "primary_id": "/id", "replace_order": "create_first"},
    "Slow": {"schema_version": 1, "primary_id": "/id", "replace_order": "delete_first"}
  }
});
// clang-format on

static void copy_text(Json *state, const Json *desired, const char *key)
{
    const char *text = json_get_string(desired, key, NULL);

    if (text != NULL)
        json_set_string(state, key, text);
}

/* What a thing of these arguments shows; of an id that is not known yet, nothing. */
static Json *thing_state(const char *id, const Json *desired)
{
    Json *state = json_new_object();

    if (id != NULL)
        json_set_string(state, "id", id);
    copy_text(state, desired, "name");
    copy_text(state, desired, "note");
    json_set_int(state, "size", json_get_int(desired, "size", 1));
    return state;
}

static bool is_effect(const ProviderRequest *request, const char *effect)
{
    return request->effect != NULL && strcmp(request->effect, effect) == 0;
}

/* Sleep and say how far it is; -1: cancelled meanwhile. */
static int take_time(const ProviderRequest *request, ProviderProblem *problem)
{
    int64_t delay_ms = json_get_int(request->desired, "delay_ms", 0);
    struct timespec step = {0, STEP_MS * 1000000L};

    for (int64_t ms = 0; ms < delay_ms; ms += STEP_MS) {
        operation_progress(request->operation, "waiting", "as it was asked to");
        operation_fraction(request->operation, (double)ms / (double)delay_ms);
        if (operation_cancelled(request->operation))
            return provider_problem(problem, "CANCELLED", "not_applied", false,
                                    "cancelled before anything was made");
        nanosleep(&step, NULL);
    }
    return 0;
}

static int reconcile(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
                     ProviderProblem *problem)
{
    (void)provider;
    if (is_effect(request, "Slow") && take_time(request, problem) < 0)
        return -1;
    reply->external_id = memory_copy_string(request->uid);
    reply->state = is_effect(request, "Thing") ? thing_state(request->uid, request->desired)
                                               : json_new_object();
    if (!is_effect(request, "Thing"))
        json_set_string(reply->state, "id", request->uid);
    return 0;
}

static int remove_object(Provider *provider, const ProviderRequest *request,
                         ProviderProblem *problem)
{
    (void)provider, (void)request, (void)problem;
    return 0;
}

static int run(Provider *provider, const ProviderRequest *request, ProviderReply *reply,
               ProviderProblem *problem)
{
    (void)provider, (void)problem;
    reply->state = json_new_object();
    json_set_string(reply->state, "pong", request->op);
    return 0;
}

/* There is what the SDK has on record, and it is as it was. */
static ObserveStatus observe(Provider *provider, const ProviderRequest *request,
                             ProviderReply *reply, ProviderProblem *problem)
{
    (void)provider, (void)reply, (void)problem;
    return request->prior != NULL ? OBSERVE_FOUND : OBSERVE_ABSENT;
}

static void predict(Provider *provider, const ProviderRequest *request, Json *planned)
{
    (void)provider;
    if (request->uid != NULL)
        json_set_string(planned, "id", request->uid);
    if (!is_effect(request, "Thing"))
        return;
    cleanup(json_free) Json *state = thing_state(request->uid, request->desired);
    for (const Json *m = json_first(state); m != NULL; m = json_next(m))
        json_set(planned, json_key(m), json_copy(m));
    if (json_get(state, "note") == NULL)
        json_free(json_detach(planned, "note"));
}

static int query(Provider *provider, const char *name, const Json *args, Json **ret,
                 ProviderProblem *problem)
{
    const Json *value = json_get(args, "value");

    (void)provider, (void)name;
    if (value == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "expected the argument 'value'");
    *ret = json_copy(value);
    return 0;
}

static int upgrade(Provider *provider, const char *type, int64_t from, Json *state,
                   ProviderProblem *problem)
{
    (void)provider, (void)problem;
    if (strcmp(type, "thing") == 0 && from == 1 && json_get(state, "label") != NULL)
        json_set(state, "name", json_detach(state, "label"));
    return 0;
}

int main(int argc, char **argv)
{
    static Provider provider = {.name = "reference",
                                .version = VED_VERSION,
                                .schema = schema,
                                .batch_max = 1000,
                                .reconcile = reconcile,
                                .remove = remove_object,
                                .run = run,
                                .observe = observe,
                                .predict = predict,
                                .query = query,
                                .upgrade = upgrade};

    return provider_main(&provider, argc, argv);
}
