/* What can be said of arguments without asking the world: whether they fit, and what a PUT of them
 * would come to. Both know the schema and the store only, so a plan of thousands reads no file. */
#include <string.h>

#include "lang/base/memory.h"
#include "providers/sdk/admission.h"
#include "providers/sdk/batch.h"
#include "providers/sdk/members.h"
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

static void put_problem(Buffer *ret, const ProviderProblem *problem)
{
    cleanup(free) char *text = problem_text(problem, NULL);

    member_put_text(ret, "problem", text);
}

static void validate_item(const Engine *engine, const Json *item, Buffer *ret)
{
    ProviderProblem problem = {0};
    int code =
        admission_check_arguments(engine_options(engine), item_effect(engine, item),
                                  json_get(item, "desired"), json_get(item, "secrets"), &problem);

    member_put_bool(ret, "valid", code == 0);
    if (code < 0)
        put_problem(ret, &problem);
}

/* One item on its way to an answer. */
typedef struct Plan {
    const EngineOptions *options;
    const char *effect, *type, *uid;
    const Json *entry;        /* of the effect, in the schema */
    const Json *desired;      /* what is wanted */
    const Instance *instance; /* what is recorded; NULL: nothing */
    Json *before;             /* what was wanted of it last */
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
    plan->action = "create";
    if (needs_object(plan))
        return;
    plan->before = text_json(plan->instance->desired);
    plan->action = "noop";
    if (!schema_is_changed(plan->entry, plan->before, plan->desired))
        return;
    schema_immutable_changes(plan->entry, plan->before, plan->desired, plan->because);
    plan->action = json_count(plan->because) > 0 ? "replace" : "update";
    plan->disruptive = json_count(plan->because) > 0 ||
                       schema_is_disruptive(plan->entry, plan->before, plan->desired);
}

static bool plan_is(const Plan *plan, const char *action)
{
    return strcmp(plan->action, action) == 0;
}

/* The result as it will be, as JSON text. A replacement has a uid of its own, which is not known
 * here. */
static char *plan_result(const Plan *plan)
{
    bool stays = !plan_is(plan, "create") && !plan_is(plan, "replace");
    Provider *provider = plan->options->provider;

    if (plan_is(plan, "noop"))
        return memory_copy_string(plan->instance->state != NULL ? plan->instance->state : "null");
    cleanup(json_free) Json *planned = schema_unknown_result(plan->entry);
    if (provider->predict == NULL)
        return json_text(planned);
    ProviderRequest request = {
        .op = "",
        .type = plan->type,
        .effect = plan->effect,
        .uid = stays ? plan->uid : NULL,
        .address = "",
        .lineage = "",
        .desired = plan->desired,
        .prior = stays ? plan->instance->state : NULL,
        .private = stays ? plan->instance->private : NULL,
        .config = plan->options->config,
        .disruptive = plan->disruptive,
    };
    provider->predict(provider, &request, planned);
    return json_text(planned);
}

static void plan_put(const Plan *plan, Buffer *ret)
{
    cleanup(free) char *planned = plan_result(plan), *because = json_text(plan->because);
    cleanup(free) char *sensitive = schema_sensitive(plan->entry, planned);

    member_put_string(ret, "action", plan->action);
    member_put_text(ret, "planned", planned);
    member_put_text(ret, "sensitive", sensitive);
    member_put_text(ret, "replace_because", because);
    member_put_bool(ret, "disruptive", plan->disruptive);
    member_put_int(ret, "estimate_s",
                   plan_is(plan, "noop") ? 0 : json_get_int(plan->entry, "typical_s", 0));
    member_put_text(ret, "warnings", "[]");
}

static void plan_item(const Engine *engine, const Json *item, Buffer *ret)
{
    const EngineOptions *options = engine_options(engine);
    ProviderProblem problem = {0};
    Plan plan = {
        .options = options,
        .effect = item_effect(engine, item),
        .uid = json_get_string(item, "uid", ""),
        .desired = json_get(item, "desired"),
    };

    member_put_string(ret, "uid", plan.uid);
    if (admission_check_arguments(options, plan.effect, plan.desired, json_get(item, "secrets"),
                                  &problem) < 0) {
        put_problem(ret, &problem);
        return;
    }
    plan.entry = schema_effect(options->schema, plan.effect);
    plan.type = schema_type_of(plan.entry, plan.effect);
    plan.instance = store_instance(options->store, plan.uid);
    plan.because = json_new_array();
    plan_choose(&plan);
    plan_put(&plan, ret);
    json_free(plan.because);
    json_free(plan.before);
}

static void each_item(const Engine *engine, const Json *items, Buffer *ret,
                      void (*answer)(const Engine *, const Json *, Buffer *))
{
    buffer_add_string(ret, "{\"items\":[");
    for (const Json *i = json_first(items); i != NULL; i = json_next(i)) {
        buffer_add_string(ret, i != json_first(items) ? ",{" : "{");
        answer(engine, i, ret);
        buffer_add_char(ret, '}');
    }
    buffer_add_string(ret, "]}");
}

void batch_validate(const Engine *engine, const Json *items, Buffer *ret)
{
    each_item(engine, items, ret, validate_item);
}

void batch_plan(const Engine *engine, const Json *items, Buffer *ret)
{
    each_item(engine, items, ret, plan_item);
}
