#include <string.h>

#include "controller/host/planner_private.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

/* Those of one provider. */
typedef struct QuestionList {
    PlanQuestions *questions;
    Json *items;
    uint64_t *tags;
    size_t count, capacity;
} QuestionList;

static void list_free(QuestionList *list)
{
    json_free(list->items);
    free(list->tags);
    free(list);
}

bool provider_plans(const Stack *stack, const char *provider)
{
    ProviderStatus status;

    return stack->pool != NULL && provider_schema(stack->pool, provider) != NULL &&
           provider_status(stack->pool, provider, &status) && status.plans;
}

static QuestionList *list_of(PlanQuestions *questions, const char *provider)
{
    QuestionList *list = map_get(&questions->providers, provider);

    if (list != NULL)
        return list;
    list = memory_zero(1, sizeof *list);
    list->questions = questions;
    list->items = json_new_array();
    map_put(&questions->providers, provider, list);
    return list;
}

static void put_desired(const char *lineage, const Json *desired, Json *into)
{
    Json *secrets = json_new_object();

    json_set(into, "desired", secrets_extract(lineage, desired, secrets));
    json_set(into, "secrets", secrets);
}

bool plan_question_add(PlanQuestions *questions, const PlanQuestion *question, uint64_t tag)
{
    cleanup(json_free) Json *desired = NULL, *prior = NULL;

    if (json_parse_own(question->arguments, strlen(question->arguments), &desired, NULL) < 0)
        return false;
    QuestionList *list = list_of(questions, question->provider);
    Json *json = json_new_object();
    json_set_string(json, "effect", question->effect);
    json_set_string(json, "type", question->type != NULL ? question->type : "");
    json_set_string(json, "uid", question->uid);
    put_desired(questions->stack->runtime->lineage, desired, json);
    if (question->prior != NULL &&
        json_parse_own(question->prior, strlen(question->prior), &prior, NULL) == 0)
        json_set(json, "prior", secrets_redact(prior));
    json_append(list->items, json);
    memory_reserve_one(list->tags, list->count, list->capacity);
    list->tags[list->count++] = tag;
    return true;
}

static void on_replies(void *context, ProviderItem *items, size_t count)
{
    QuestionList *list = context;
    PlanQuestions *questions = list->questions;

    for (size_t i = 0; i < count; i++)
        questions->answered(questions->context, list->tags[i], &items[i]);
    if (--questions->open == 0)
        loop_stop(questions->stack->loop);
}

void plan_questions_ask(PlanQuestions *questions)
{
    Stack *stack = questions->stack;
    const MapEntry *entry = NULL;

    while ((entry = map_next(&questions->providers, entry)) != NULL) {
        QuestionList *list = entry->value;
        questions->open++;
        provider_plan(stack->pool, entry->key, list->items, on_replies, list);
    }
    while (questions->open > 0) {
        loop_run(stack->loop);
        if (stack->signal_number != 0)
            provider_calls_abandon(stack->pool); /* the answers that miss come at once */
    }
    plan_questions_deinit(questions);
}

void plan_questions_deinit(PlanQuestions *questions)
{
    const MapEntry *entry = NULL;

    while ((entry = map_next(&questions->providers, entry)) != NULL)
        list_free(entry->value);
    map_deinit(&questions->providers);
    questions->providers = (Map){0};
}
