/* What an update leaves as it is need not be unknown to those who read it: the providers that can
 * are asked before, many at a time, what their effects would come to. */
#include <stdio.h>
#include <string.h>

#include "controller/host/planner_private.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

#define UNKNOWN_RESULT "{\"$unknown\":{}}"
#define NUMBER_SIZE 24

typedef struct Asked {
    uint64_t intent;
    char uid[UID_SIZE];
    char *address;
    const Json *listed; /* members of its result, by the schema; NULL: not said */
    bool is_known;      /* all of its arguments: what is not known yet cannot be refused */
} Asked;

struct Foresight {
    Stack *stack;
    Plan *plan;
    PlanQuestions questions;
    Asked *asked; /* by what they are tagged with; the replies are not there yet */
    size_t asked_count, asked_capacity;
    Map results; /* number of the intent -> its result; unknown for those that are asked about */
    char *taken; /* handed out last */
};

static void number_text(uint64_t number, char ret[NUMBER_SIZE])
{
    snprintf(ret, NUMBER_SIZE, "%llu", (unsigned long long)number);
}

/* ---- what a reply says ---- */

static Json *unknown_new(void)
{
    Json *json = json_new_object();

    json_set(json, "$unknown", json_new_object());
    return json;
}

/* Without what a provider says about the unknown; and what stands for a secret says nothing here.
 */
static Json *planned_member(const Json *planned)
{
    if (planned == NULL || json_get(planned, "$unknown") != NULL ||
        json_get(planned, "$secret") != NULL)
        return unknown_new();
    if (!json_is_object(planned) && !json_is_array(planned))
        return json_copy(planned);
    Json *copy = json_is_object(planned) ? json_new_object() : json_new_array();
    for (const Json *m = json_first(planned); m != NULL; m = json_next(m)) {
        if (json_is_object(planned))
            json_set(copy, json_key(m), planned_member(m));
        else
            json_append(copy, planned_member(m));
    }
    return copy;
}

static void members_take(const Json *names, const Json *planned, Json *into)
{
    for (const Json *m = json_first(names); m != NULL; m = json_next(m))
        if (json_get(into, json_key(m)) == NULL)
            json_set(into, json_key(m), planned_member(json_get(planned, json_key(m))));
}

/* What it will have: the members that it has now, and those that its schema lists; a provider may
 * plan with its arguments, which need not be among them. Of what has neither nothing is known. */
static char *result_make(const Json *reply, const char *prior_text, const Json *listed)
{
    const Json *planned = json_get(reply, "planned");
    cleanup(json_free) Json *prior = NULL, *members = json_new_object(), *result = NULL;

    if (prior_text != NULL && json_parse_own(prior_text, strlen(prior_text), &prior, NULL) < 0)
        return NULL;
    members_take(prior, planned, members);
    members_take(listed, planned, members);
    if (json_count(members) == 0)
        return NULL;
    result = secrets_mark(members, json_get(reply, "sensitive"));
    return prior != NULL && json_equal(prior, result) ? memory_copy_string(prior_text)
                                                      : json_text(result);
}

static const Json *listed_members(const Stack *stack, const Intent *intent)
{
    const ProviderSchema *schema = provider_schema(stack->pool, intent->provider);
    const SchemaEffect *effect = schema_effect(schema, intent->action);

    return effect != NULL ? json_get(effect->result, "properties") : NULL;
}

static const char *recorded(const Stack *stack, const char *uid)
{
    const Object *object = object_find(stack->runtime, uid);

    return object != NULL && object->exists ? object->outputs : NULL;
}

static void take_refusal(Plan *plan, const Asked *asked, const Json *problem)
{
    if (problem != NULL && asked->is_known && plan->refusal == NULL)
        plan->refusal =
            memory_format("%s: %s: %s", asked->address, json_get_string(problem, "code", "REFUSED"),
                          json_get_string(problem, "detail", "no reason given"));
}

static void on_answer(void *context, uint64_t tag, ProviderItem *item)
{
    Foresight *foresight = context;
    const Asked *asked = &foresight->asked[tag];
    const Json *planned = json_get(item->reply, "planned");
    char key[NUMBER_SIZE];

    take_refusal(foresight->plan, asked, json_get(item->reply, "problem"));
    if (!json_is_object(planned) || json_get(planned, "$unknown") != NULL)
        return;
    char *result = result_make(item->reply, recorded(foresight->stack, asked->uid), asked->listed);
    if (result == NULL)
        return;
    number_text(asked->intent, key);
    free(map_put(&foresight->results, key, result));
}

/* ---- asking ---- */

/* False: it has been considered before, or there is nothing to ask. */
static bool consider(Foresight *foresight, const Intent *intent)
{
    char key[NUMBER_SIZE];

    if (intent->verb != INTENT_PUT || intent->state != INTENT_OPEN)
        return false;
    number_text(intent->number, key);
    if (map_get(&foresight->results, key) != NULL ||
        !provider_plans(foresight->stack, intent->provider))
        return false;
    PlanQuestion question = {.provider = intent->provider,
                             .effect = intent->action,
                             .type = intent->type,
                             .uid = intent->uid,
                             .arguments = intent->arguments,
                             .prior = recorded(foresight->stack, intent->uid)};
    if (!plan_question_add(&foresight->questions, &question, foresight->asked_count))
        return false;
    memory_reserve_one(foresight->asked, foresight->asked_count, foresight->asked_capacity);
    Asked *asked = &foresight->asked[foresight->asked_count++];
    *asked = (Asked){.intent = intent->number,
                     .address = memory_copy_string(intent->address),
                     .listed = listed_members(foresight->stack, intent),
                     .is_known = strstr(intent->arguments, "\"$unknown\"") == NULL};
    memcpy(asked->uid, intent->uid, UID_SIZE);
    map_put(&foresight->results, key, memory_copy_string(UNKNOWN_RESULT));
    return true;
}

void foresight_consider(Foresight *foresight, const Instance *owner, const Intent *intent)
{
    if (!consider(foresight, intent) || owner->active->pending == NULL)
        return;
    for (size_t i = 0; i < owner->active->pending->intent_count; i++)
        consider(foresight, owner->active->pending->intents[i]);
}

static void asked_clear(Foresight *foresight)
{
    for (size_t i = 0; i < foresight->asked_count; i++)
        free(foresight->asked[i].address);
    foresight->asked_count = 0;
}

const char *foresight_result(Foresight *foresight, uint64_t intent)
{
    char key[NUMBER_SIZE];

    number_text(intent, key);
    free(take(foresight->taken));
    if (foresight->asked_count > 0)
        plan_questions_ask(&foresight->questions);
    asked_clear(foresight);
    foresight->taken = map_remove(&foresight->results, key);
    return foresight->taken != NULL ? foresight->taken : UNKNOWN_RESULT;
}

int plan_validate(const Plan *plan, Error *err)
{
    return plan->refusal == NULL ? 0 : error_set(err, ERROR_FAILED, "%s", plan->refusal);
}

Foresight *foresight_new(Stack *stack, Plan *plan)
{
    Foresight *foresight = memory_zero(1, sizeof *foresight);

    *foresight = (Foresight){.stack = stack, .plan = plan};
    foresight->questions =
        (PlanQuestions){.stack = stack, .answered = on_answer, .context = foresight};
    return foresight;
}

void foresight_free(Foresight *foresight)
{
    const MapEntry *entry = NULL;

    if (foresight == NULL)
        return;
    while ((entry = map_next(&foresight->results, entry)) != NULL)
        free(entry->value);
    map_deinit(&foresight->results);
    plan_questions_deinit(&foresight->questions);
    asked_clear(foresight);
    free(foresight->asked);
    free(foresight->taken);
    free(foresight);
}
