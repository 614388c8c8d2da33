/* Facts in the course of the core's steps: what is to be asked, what was answered, what slices wait
 * for. */
#include <string.h>

#include "controller/core/convergence.h"
#include "controller/core/origin.h"
#include "controller/core/turn.h"
#include "lang/base/memory.h"

#define VALUE_TOLD_MAX 200 /* bytes of a value that people are told */
#define REASON_UNSAID "the provider gives no reason"

/* ---- asking ---- */

static void ask(Turn *turn, Fact *fact)
{
    Effects *effects = turn->effects;

    fact->asked++;
    memory_reserve_one(effects->queries, effects->query_count, effects->query_capacity);
    effects->queries[effects->query_count++] =
        (FactQuery){.fact = arena_copy_string(turn->arena, fact->key),
                    .provider = arena_copy_string(turn->arena, fact->provider),
                    .query = arena_copy_string(turn->arena, fact->query),
                    .arguments = arena_copy_string(turn->arena, fact->arguments)};
}

void facts_ask(Turn *turn)
{
    Fact *fact;

    if (!turn->runtime->facts.live)
        return;
    while ((fact = fact_take_wanted(turn->runtime)) != NULL)
        ask(turn, fact);
}

/* Nobody reads it any more. What was observed of it is durable, and goes by a record. */
static void drop(Turn *turn, Fact *fact)
{
    Record record = {.type = RECORD_FACT};

    if (!fact_was_observed(fact)) {
        fact_forget(turn->runtime, fact);
        return;
    }
    record.fact = arena_copy_string(turn->arena, fact->key);
    record.arguments = arena_copy_string(turn->arena, fact->arguments);
    turn_record(turn, &record);
}

void facts_due_step(Turn *turn, const Event *event)
{
    Fact **facts;
    size_t count = facts_list(turn->runtime, turn->arena, &facts);

    for (size_t i = 0; i < count; i++) {
        Fact *fact = facts[i];
        if (event->provider != NULL && strcmp(event->provider, fact->provider) != 0)
            continue;
        if (fact->reads != NULL)
            fact_want(turn->runtime, fact);
        else if (!fact_is_asked(fact))
            drop(turn, fact);
    }
}

/* ---- answers ---- */

static bool says_the_same(const Fact *fact, const Record *record)
{
    if (fact->known != record->known)
        return false;
    if (fact->known)
        return value_equal(fact->value, record->value);
    return fact->reason != NULL && strcmp(fact->reason, record->text) == 0;
}

static void answer_decode(Turn *turn, const Event *event, Record *ret)
{
    cleanup(json_free) Json *json = NULL;

    if (event->applied && event->result != NULL &&
        json_parse_own(event->result, strlen(event->result), &json, NULL) == 0) {
        ret->known = true;
        ret->value = value_decode(turn->arena, json);
    } else {
        ret->text = event->detail != NULL ? event->detail : REASON_UNSAID;
    }
}

/* Something from outside has changed: whoever reads it begins anew. */
static void readers_tell(const Fact *fact)
{
    for (const FactRead *read = fact->reads; read != NULL; read = read->next)
        convergence_outside(read->instance);
}

static void fact_notice(Turn *turn, const Fact *fact)
{
    cleanup(buffer_deinit) Buffer text = {0};

    buffer_add_format(&text, "%s is ", fact->key);
    size_t size = text.size;
    if (fact->known)
        value_write_json(&text, fact->value);
    else
        buffer_add_format(&text, "not known: %s", fact->reason);
    if (fact->known && text.size - size > VALUE_TOLD_MAX) {
        text.size = size;
        buffer_add_string(&text, "another value");
    }
    turn_notice(turn, NOTICE_FACT, NULL)->text = arena_copy_string(turn->arena, buffer_text(&text));
}

static void waiting_wake(const Fact *fact)
{
    for (const FactRead *read = fact->reads; read != NULL; read = read->next)
        if (read->instance->active->pending != NULL)
            read->instance->runtime->resources_came = true;
}

void fact_step(Turn *turn, const Event *event)
{
    Fact *fact = fact_find(turn->runtime, event->fact);
    Record record = {.type = RECORD_FACT};

    if (fact == NULL || !fact_is_asked(fact))
        return; /* forgotten meanwhile */
    record.fact = arena_copy_string(turn->arena, fact->key);
    record.arguments = arena_copy_string(turn->arena, fact->arguments);
    answer_decode(turn, event, &record);
    if (fact->reads != NULL && !says_the_same(fact, &record)) {
        turn_record(turn, &record);
        fact_notice(turn, fact);
        readers_tell(fact);
    }
    waiting_wake(fact);
    fact_answered(turn->runtime, fact);
}

/* ---- what waits ---- */

/* The state of the instance's facts in which something lacked one; 0 is none. */
static uint64_t lacking_now(const Instance *instance)
{
    return instance->active->facts.version + 1;
}

void slice_lacks_fact(Instance *instance, const Cause *cause)
{
    uint64_t now = lacking_now(instance);

    if (instance->active->pending != NULL)
        return; /* it is computed further when an answer comes */
    if (cause->kind == CAUSE_REVISE)
        origin_find(instance, cause->origin)->lacks = now;
    else if (cause->message != 0)
        instance_wake(instance)->message_lacks = now;
    else if (cause->kind == CAUSE_RUN)
        instance_wake(instance)->run_lacks = now;
    else
        instance->transitions[cause->transition].lacks = now;
}

bool fact_is_lacked(const Instance *instance, uint64_t lacks)
{
    return lacks == lacking_now(instance);
}

static bool goal_awaits(const Instance *instance, uint32_t index)
{
    const ProgramGoal *goal = &instance->domain->goals[index];
    GoalStatus status = goal_status(instance, index);

    if (goal->priority == 0 ||
        (status != GOAL_UNMET && status != GOAL_UNKNOWN && status != GOAL_BLOCKED))
        return false;
    if (code_reads_facts(instance, goal->predicate))
        return true;
    for (size_t i = 0; i < goal->transition_count; i++) {
        const ProgramTransition *transition = &instance->domain->transitions[goal->transitions[i]];
        for (size_t k = 0; k < transition->slice_count; k++)
            if (code_reads_facts(instance, transition->slices[k]))
                return true;
    }
    return false;
}

static bool instance_awaits(const Instance *instance)
{
    for (uint32_t i = 0; i < instance->domain->goal_count; i++)
        if (goal_awaits(instance, i))
            return true;
    return (mailbox_count(&instance->active->mailbox) > 0 &&
            fact_is_lacked(instance, instance->active->message_lacks)) ||
           (instance->has->run_count > 0 &&
            fact_is_lacked(instance, instance->active->run_lacks)) ||
           (!instance->booted &&
            fact_is_lacked(instance, instance->transitions[instance->domain->boot].lacks)) ||
           (instance->active->pending != NULL && instance->active->pending->awaits);
}

bool runtime_awaits_facts(const Runtime *runtime)
{
    const Instance *instance = runtime->lists[LIST_READERS].first;

    while (instance != NULL && !instance_awaits(instance))
        instance = link_next(instance, LIST_READERS);
    return instance != NULL;
}
