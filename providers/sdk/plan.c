/* What can be said of arguments without asking the world: whether they fit, and what a PUT of them
 * would come to. Both know the schema and the store only, so a plan of thousands reads no file. */
#include <string.h>

#include "providers/sdk/admission.h"
#include "providers/sdk/batch.h"
#include "providers/sdk/problem.h"

/* The effect an item names, or else the one that makes its type; "" if neither is there. */
static const char *item_effect(const Engine *engine, const Json *item)
{
    const char *effect = json_get_string(item, "effect", NULL);
    const char *type = json_get_string(item, "type", NULL);

    if (effect == NULL && type != NULL)
        effect = schema_effect_of_type(engine_options(engine)->schema, type);
    return effect != NULL ? effect : "";
}

static Json *validate_item(const Engine *engine, const Json *item)
{
    Json *reply = json_new_object();
    ProviderProblem problem = {0};
    int code =
        admission_check_arguments(engine_options(engine), item_effect(engine, item),
                                  json_get(item, "desired"), json_get(item, "secrets"), &problem);

    json_set_bool(reply, "valid", code == 0);
    if (code < 0)
        json_set(reply, "problem", problem_json(&problem));
    return reply;
}

/* One item on its way to an answer. */
typedef struct Plan {
    const EngineOptions *options;
    const char *effect, *type, *uid;
    const Json *entry;        /* of the effect, in the schema */
    const Json *desired;      /* what is wanted */
    const Instance *instance; /* what is recorded; NULL: nothing */
    const char *action;
    bool disruptive;
    Json *because; /* pointers of what makes it a replacement */
} Plan;

static bool needs_object(const Plan *plan)
{
    return schema_effect_is_action(plan->entry) || plan->instance == NULL ||
           plan->instance->partial;
}

/* What a PUT of `desired` would do to what is recorded. */
static void plan_choose(Plan *plan)
{
    plan->action = "noop";
    if (needs_object(plan)) {
        plan->action = "create";
        return;
    }
    if (!schema_is_changed(plan->entry, plan->instance->desired, plan->desired))
        return;
    schema_immutable_changes(plan->entry, plan->instance->desired, plan->desired, plan->because);
    plan->action = json_count(plan->because) > 0 ? "replace" : "update";
    plan->disruptive = json_count(plan->because) > 0 ||
                       schema_is_disruptive(plan->entry, plan->instance->desired, plan->desired);
}

/* The result as it will be. A replacement has a uid of its own, which is not known here. */
static Json *plan_result(const Plan *plan)
{
    bool is_new = strcmp(plan->action, "create") == 0, other = strcmp(plan->action, "replace") == 0;
    Provider *provider = plan->options->provider;

    if (strcmp(plan->action, "noop") == 0)
        return json_copy(plan->instance->state);
    Json *planned = schema_unknown_result(plan->entry);
    if (provider->predict == NULL)
        return planned;
    ProviderRequest request = {
        .op = "",
        .type = plan->type,
        .effect = plan->effect,
        .uid = is_new || other ? NULL : plan->uid,
        .address = "",
        .lineage = "",
        .desired = plan->desired,
        .prior = is_new || other ? NULL : plan->instance->state,
        .private = is_new || other ? NULL : plan->instance->private,
        .config = plan->options->config,
        .disruptive = plan->disruptive,
    };
    provider->predict(provider, &request, planned);
    return planned;
}

static Json *plan_reply(const Plan *plan)
{
    Json *reply = json_new_object();

    json_set_string(reply, "uid", plan->uid);
    json_set_string(reply, "action", plan->action);
    json_set(reply, "planned", plan_result(plan));
    json_set(reply, "replace_because", plan->because);
    json_set_bool(reply, "disruptive", plan->disruptive);
    json_set_int(reply, "estimate_s",
                 strcmp(plan->action, "noop") == 0 ? 0 : json_get_int(plan->entry, "typical_s", 0));
    json_set(reply, "warnings", json_new_array());
    return reply;
}

static Json *plan_item(const Engine *engine, const Json *item)
{
    const EngineOptions *options = engine_options(engine);
    ProviderProblem problem = {0};
    Plan plan = {
        .options = options,
        .effect = item_effect(engine, item),
        .uid = json_get_string(item, "uid", ""),
        .desired = json_get(item, "desired"),
    };

    if (admission_check_arguments(options, plan.effect, plan.desired, json_get(item, "secrets"),
                                  &problem) < 0) {
        Json *reply = json_new_object();
        json_set_string(reply, "uid", plan.uid);
        json_set(reply, "problem", problem_json(&problem));
        return reply;
    }
    plan.entry = schema_effect(options->schema, plan.effect);
    plan.type = schema_type_of(plan.entry, plan.effect);
    plan.instance = store_instance(options->store, plan.uid);
    plan.because = json_new_array();
    plan_choose(&plan);
    return plan_reply(&plan);
}

static Json *each_item(const Engine *engine, const Json *items,
                       Json *(*answer)(const Engine *, const Json *))
{
    Json *replies = json_new_array(), *reply = json_new_object();

    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        json_append(replies, answer(engine, i));
    json_set(reply, "items", replies);
    return reply;
}

Json *batch_validate(const Engine *engine, const Json *items)
{
    return each_item(engine, items, validate_item);
}

Json *batch_plan(const Engine *engine, const Json *items)
{
    return each_item(engine, items, plan_item);
}
