#include "planner.h"

#include <string.h>

#include "controller/host/fact_watch.h"
#include "controller/host/planner_private.h"
#include "lang/base/memory.h"

typedef struct Planner {
    Stack *stack;
    Plan *plan;
    PlanMaking making;
    Foresight *foresight;
    RuntimeOptions options;
    Effects effects;
    uint64_t *answers; /* intents to be answered, in order */
    size_t answer_count, answer_capacity, answer_next;
    FactWatch *facts;
    uint64_t now_ms;
    int wakes; /* of timers, so far */
} Planner;

static Instance *owner_of(const Runtime *runtime, const Intent *intent)
{
    const Object *object = intent->uid[0] != '\0' ? object_find(runtime, intent->uid) : NULL;
    Instance *owner = object != NULL ? object->owner : NULL;

    if (owner == NULL)
        intent_find(runtime, intent->number, &owner);
    return owner;
}

static void collect_call(Planner *planner, const Intent *intent)
{
    const Instance *owner = owner_of(planner->stack->runtime, intent);

    plan_call(&planner->making, owner, intent);
    foresight_consider(planner->foresight, owner, intent);
    memory_reserve_one(planner->answers, planner->answer_count, planner->answer_capacity);
    planner->answers[planner->answer_count++] = intent->number;
}

static void collect(Planner *planner)
{
    Effects *effects = &planner->effects;

    if (effects->slice_count > 0)
        planner->plan->has_slices = true;
    for (size_t i = 0; i < effects->notice_count; i++) {
        const Notice *notice = &effects->notices[i];
        if (notice->kind == NOTICE_UNDECIDED)
            plan_note(planner->plan,
                      memory_format("domain %s: (decided after %s)", notice->who, notice->text));
        else if (notice->kind == NOTICE_FAULTED)
            plan_note(planner->plan,
                      memory_format("domain %s: faults: %s", notice->who, notice->text));
        else if (notice->kind == NOTICE_LOOPED)
            plan_note(planner->plan, memory_format("domain %s: %s", notice->who, notice->text));
    }
    for (size_t i = 0; i < effects->call_count; i++)
        collect_call(planner, effects->calls[i]);
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
    Event event = {.type = EVENT_ANSWER, .now_ms = planner->now_ms, .applied = true};

    if (planner->answer_next == planner->answer_count)
        return false;
    event.intent = planner->answers[planner->answer_next++];
    event.result = foresight_result(planner->foresight, event.intent);
    runtime_step(planner->stack->runtime, &planner->options, &event, &planner->effects);
    collect(planner);
    return true;
}

/* One of the ceilings is reached; said as a note. */
static bool is_enough(Planner *planner, uint64_t slices)
{
    Plan *plan = planner->plan;
    uint64_t slices_max = planner->options.max_slices;
    bool too_long = slices_max != 0 && slices >= slices_max;

    if (!too_long && plan->count < PLAN_EFFECTS_MAX)
        return false;
    plan->truncated = true;
    plan_note(plan, too_long
                        ? memory_format("the prediction ends after %llu slices",
                                        (unsigned long long)slices_max)
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
        plan_note(planner->plan,
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

/* The plan is complete; the rest of the planner goes. */
static Plan *planner_finish(Planner *planner)
{
    plan_count(planner->plan);
    effects_deinit(&planner->effects);
    fact_watch_free(planner->facts);
    foresight_free(planner->foresight);
    plan_making_deinit(&planner->making);
    free(planner->answers);
    return planner->plan;
}

static void planner_init(Planner *planner, Stack *stack)
{
    *planner = (Planner){
        .stack = stack, .plan = memory_zero(1, sizeof(Plan)), .options = {.planning = true}};
    plan_making_init(&planner->making, stack, planner->plan);
    planner->foresight = foresight_new(stack, planner->plan);
    planner->facts = fact_watch_new(stack, facts_came, planner);
}

Plan *plan_apply(Stack *stack, uint64_t max_slices, uint64_t now_ms)
{
    Planner planner;
    Event begin = {.type = EVENT_BEGIN, .now_ms = now_ms, .detail = stack->boot_id};

    planner_init(&planner, stack);
    planner.options.max_slices = max_slices;
    planner.now_ms = now_ms;
    plan_renames(stack, planner.plan);
    for (size_t i = 0; i < stack->report.note_count; i++)
        plan_note(planner.plan, memory_copy_string(stack->report.notes[i]));
    runtime_step(stack->runtime, &planner.options, &begin, &planner.effects);
    runtime_resume_calls(stack->runtime, &planner.options, &planner.effects);
    collect(&planner);
    predict(&planner);
    plan_propose_moves(stack->runtime, planner.plan);
    return planner_finish(&planner);
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
    return planner_finish(&planner);
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
    plan_free(planner_finish(&planner));
}
