#include "planner.h"

#include <string.h>

#include "controller/host/fact_watch.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

#define UNKNOWN_RESULT "{\"$unknown\":{}}"

typedef struct Planner {
    Stack *stack;
    Plan *plan;
    RuntimeOptions options;
    Effects effects;
    uint64_t *answers; /* intents to be answered, in order */
    size_t answer_count, answer_capacity, answer_next;
    FactWatch *facts;
    uint64_t now_ms;
    int wakes; /* of timers, so far */
} Planner;

static PlanItem *item_add(Plan *plan)
{
    memory_reserve_one(plan->items, plan->count, plan->capacity);
    PlanItem *item = &plan->items[plan->count++];
    *item = (PlanItem){0};
    return item;
}

static void note_add(Plan *plan, char *text)
{
    memory_reserve_one(plan->notes, plan->note_count, plan->note_capacity);
    plan->notes[plan->note_count++] = text;
}

static void item_count(Plan *plan, const PlanItem *item)
{
    switch (item->action) {
    case PLAN_CREATE:
    case PLAN_RECREATE:
        plan->add++;
        break;
    case PLAN_UPDATE:
        plan->change++;
        break;
    case PLAN_DESTROY:
        plan->destroy++;
        break;
    case PLAN_RUN:
        plan->run++;
        break;
    case PLAN_NOOP:
        break;
    }
}

static PlanAction action_of(const Object *object, const Intent *intent)
{
    if (intent->verb == INTENT_ACTION)
        return PLAN_RUN;
    if (intent->verb == INTENT_DELETE)
        return PLAN_DESTROY;
    if (object == NULL || !object->exists)
        return PLAN_CREATE;
    if (object->before == OBJECT_LOST)
        return PLAN_RECREATE;
    if (object->inputs != NULL && strcmp(object->inputs, intent->arguments) != 0)
        return PLAN_UPDATE;
    return PLAN_NOOP;
}

static void item_cause(PlanItem *item, const Instance *owner)
{
    Arena arena = {0};

    if (owner->pending != NULL) {
        string_set(&item->cause, cause_describe(owner, &owner->pending->cause, &arena));
        string_set(&item->after, owner->unlocked_by);
    }
    arena_deinit(&arena);
}

static void plan_intent(Planner *planner, const Intent *intent)
{
    Instance *owner = NULL;
    PlanItem *item = item_add(planner->plan);
    const Object *object =
        intent->uid[0] != '\0' ? object_find(planner->stack->runtime, intent->uid) : NULL;

    intent_find(planner->stack->runtime, intent->number, &owner);
    item->action = action_of(object, intent);
    string_set(&item->address, intent->address);
    string_set(&item->domain, owner->domain->name);
    string_set(&item->provider, intent->provider);
    string_set(&item->effect, intent->action);
    string_set(&item->type, intent->type);
    string_set(&item->uid, intent->uid);
    string_set(&item->op, intent->op);
    string_set(&item->arguments, intent->arguments);
    if (object != NULL) {
        string_set(&item->external_id, object->external_id);
        string_set(&item->reason, object->reason);
        if (item->action == PLAN_UPDATE)
            string_set(&item->before, object->inputs);
    }
    item_cause(item, owner);
    item_count(planner->plan, item);
}

static void collect(Planner *planner)
{
    Effects *effects = &planner->effects;

    for (size_t i = 0; i < effects->notice_count; i++) {
        const Notice *notice = &effects->notices[i];
        if (notice->kind == NOTICE_COMMITTED)
            planner->plan->has_slices = true;
        else if (notice->kind == NOTICE_UNDECIDED)
            note_add(planner->plan,
                     memory_format("domain %s: (decided after %s)", notice->who, notice->text));
        else if (notice->kind == NOTICE_FAULTED)
            note_add(planner->plan,
                     memory_format("domain %s: faults: %s", notice->who, notice->text));
        else if (notice->kind == NOTICE_LOOPED)
            note_add(planner->plan, memory_format("domain %s: %s", notice->who, notice->text));
    }
    for (size_t i = 0; i < effects->call_count; i++) {
        plan_intent(planner, effects->calls[i]);
        memory_reserve_one(planner->answers, planner->answer_count, planner->answer_capacity);
        planner->answers[planner->answer_count++] = effects->calls[i]->number;
    }
    fact_watch_ask(planner->facts, effects->queries, effects->query_count);
}

static void facts_came(void *context)
{
    Planner *planner = context;

    if (fact_watch_open(planner->facts) == 0)
        loop_stop(planner->stack->loop);
}

/* Facts are observed really: a query changes nothing. Says whether there was any to tell of. */
static bool facts_observe(Planner *planner)
{
    Event event;
    bool any = false;

    while (fact_watch_open(planner->facts) > 0) {
        loop_run(planner->stack->loop);
        if (planner->stack->signal_number != 0)
            fact_watch_abandon(planner->facts); /* the answers that miss come at once */
    }
    while (fact_watch_next(planner->facts, &event)) {
        event.now_ms = planner->now_ms;
        runtime_step(planner->stack->runtime, &planner->options, &event, &planner->effects);
        collect(planner);
        any = true;
    }
    return any;
}

static bool answer_next(Planner *planner)
{
    Event event = {
        .type = EVENT_ANSWER, .now_ms = planner->now_ms, .applied = true, .result = UNKNOWN_RESULT};

    if (planner->answer_next == planner->answer_count)
        return false;
    event.intent = planner->answers[planner->answer_next++];
    runtime_step(planner->stack->runtime, &planner->options, &event, &planner->effects);
    collect(planner);
    return true;
}

/* One of the ceilings is reached; said as a note. */
static bool is_enough(Planner *planner, uint64_t slices)
{
    Plan *plan = planner->plan;

    if (slices < PLAN_SLICES_MAX && plan->count < PLAN_EFFECTS_MAX)
        return false;
    plan->truncated = true;
    note_add(plan, slices >= PLAN_SLICES_MAX
                       ? memory_format("the prediction ends after %d slices", PLAN_SLICES_MAX)
                       : memory_format("the prediction ends after %d effects", PLAN_EFFECTS_MAX));
    return true;
}

/* Nothing is left to do now: go to when the next timer is due that `apply` would wait for. False:
 * there is none. */
static bool time_passes(Planner *planner)
{
    uint64_t wake = runtime_next_wake(planner->stack->runtime);

    if (wake <= planner->now_ms)
        return false;
    if (planner->wakes++ == PLAN_TIMERS_MAX) {
        planner->plan->truncated = true;
        note_add(planner->plan,
                 memory_format("the prediction ends after %d timers", PLAN_TIMERS_MAX));
        return false;
    }
    planner->now_ms = wake;
    return true;
}

static void predict(Planner *planner)
{
    Runtime *runtime = planner->stack->runtime;
    uint64_t start = runtime->logical_time;

    for (;;) {
        Event turn = {.type = EVENT_TURN, .now_ms = planner->now_ms};
        runtime_step(runtime, &planner->options, &turn, &planner->effects);
        collect(planner);
        if (is_enough(planner, runtime->logical_time - start))
            return;
        if (!facts_observe(planner) && !answer_next(planner) && !runtime_is_runnable(runtime) &&
            !time_passes(planner))
            return;
    }
}

static void planner_deinit(Planner *planner)
{
    effects_deinit(&planner->effects);
    fact_watch_free(planner->facts);
    free(planner->answers);
}

static void planner_init(Planner *planner, Stack *stack)
{
    *planner = (Planner){
        .stack = stack, .plan = memory_zero(1, sizeof(Plan)), .options = {.planning = true}};
    planner->facts = fact_watch_new(stack, facts_came, planner);
}

Plan *plan_apply(Stack *stack, uint64_t max_slices, uint64_t now_ms)
{
    Planner planner;
    Event begin = {.type = EVENT_BEGIN, .now_ms = now_ms, .detail = stack->boot_id};

    planner_init(&planner, stack);
    planner.options.max_slices = max_slices;
    planner.now_ms = now_ms;
    runtime_step(stack->runtime, &planner.options, &begin, &planner.effects);
    runtime_resume_calls(stack->runtime, &planner.options, &planner.effects);
    collect(&planner);
    predict(&planner);
    planner_deinit(&planner);
    return planner.plan;
}

Plan *plan_destroy(Stack *stack)
{
    Planner planner;
    Event destroy = {.type = EVENT_DESTROY};

    planner_init(&planner, stack);
    runtime_resume_calls(stack->runtime, &planner.options, &planner.effects);
    collect(&planner);
    while (answer_next(&planner)) /* what is under way is awaited first */
        continue;
    runtime_step(stack->runtime, &planner.options, &destroy, &planner.effects);
    collect(&planner);
    while (answer_next(&planner))
        continue;
    planner_deinit(&planner);
    return planner.plan;
}

void plan_settle(Stack *stack)
{
    Planner planner;

    planner_init(&planner, stack);
    planner.options.settling = true;
    runtime_resume_calls(stack->runtime, &planner.options, &planner.effects);
    collect(&planner);
    while (answer_next(&planner))
        continue;
    planner_deinit(&planner);
    plan_free(planner.plan);
}

void plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        PlanItem *item = &plan->items[i];
        char *const texts[] = {item->address, item->domain,    item->provider, item->effect,
                               item->type,    item->uid,       item->op,       item->external_id,
                               item->before,  item->arguments, item->cause,    item->after,
                               item->reason};
        for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
            free(texts[k]);
    }
    for (size_t i = 0; i < plan->note_count; i++)
        free(plan->notes[i]);
    free(plan->items);
    free(plan->notes);
    free(plan);
}

/* ---- validation ---- */

typedef struct Validation {
    Stack *stack;
    const Plan *plan;
    size_t batches;
    Error *err;
    int code;
} Validation;

typedef struct ValidationBatch {
    Validation *validation;
    const PlanItem **items;
} ValidationBatch;

static void validated(void *context, ProviderItem *replies, size_t count)
{
    ValidationBatch *batch = context;
    Validation *validation = batch->validation;

    for (size_t i = 0; i < count && validation->code == 0; i++) {
        const Json *problem = json_get(replies[i].reply, "problem");
        if (problem != NULL)
            validation->code =
                error_set(validation->err, ERROR_FAILED, "%s: %s: %s", batch->items[i]->address,
                          json_get_string(problem, "code", "REFUSED"),
                          json_get_string(problem, "detail", "no reason given"));
    }
    free(batch->items);
    free(batch);
    if (--validation->batches == 0)
        loop_stop(validation->stack->loop);
}

static bool is_known(const PlanItem *item)
{
    return item->arguments != NULL && item->action != PLAN_RUN && item->action != PLAN_NOOP &&
           strstr(item->arguments, "\"$unknown\"") == NULL;
}

static void put_desired(const char *lineage, const Json *desired, Json *into)
{
    Json *secrets = json_new_object();

    json_set(into, "desired", secrets_extract(lineage, desired, secrets));
    json_set(into, "secrets", secrets);
}

static void validate_provider(Validation *validation, const char *provider)
{
    cleanup(json_free) Json *items = json_new_array();
    ValidationBatch *batch = memory_zero(1, sizeof *batch);
    size_t count = 0;

    *batch = (ValidationBatch){
        validation, memory_alloc((validation->plan->count + 1) * sizeof(const PlanItem *))};
    for (size_t i = 0; i < validation->plan->count; i++) {
        const PlanItem *item = &validation->plan->items[i];
        cleanup(json_free) Json *desired = NULL;
        if (strcmp(item->provider, provider) != 0 || !is_known(item) ||
            json_parse(item->arguments, strlen(item->arguments), &desired, NULL) < 0)
            continue;
        Json *json = json_new_object();
        json_set_string(json, "effect", item->effect);
        json_set_string(json, "type", item->type != NULL ? item->type : "");
        json_set_string(json, "uid", item->uid);
        put_desired(validation->stack->runtime->lineage, desired, json);
        json_append(items, json);
        batch->items[count++] = item;
    }
    if (count == 0) {
        free(batch->items);
        free(batch);
        return;
    }
    validation->batches++;
    provider_plan(validation->stack->pool, provider, items, validated, batch);
}

int plan_validate(Stack *stack, const Plan *plan, Error *err)
{
    Validation validation = {.stack = stack, .plan = plan, .err = err};

    for (size_t i = 0; i < stack->config->provider_count; i++)
        if (provider_schema(stack->pool, stack->config->providers[i].name) != NULL)
            validate_provider(&validation, stack->config->providers[i].name);
    while (validation.batches > 0) {
        loop_run(stack->loop);
        if (stack->signal_number != 0)
            provider_calls_abandon(stack->pool); /* the answers that miss come at once */
    }
    return validation.code;
}
