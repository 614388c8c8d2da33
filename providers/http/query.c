#include "providers/http/query.h"

#include <stdlib.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/listing.h"
#include "providers/http/pointer.h"

#define FACTS_MAX 1000

typedef struct Fact {
    Json *value;
    int64_t asked_ms;
} Fact;

void facts_forget(Map *facts)
{
    for (MapEntry *e = map_next(facts, NULL); e != NULL; e = map_next(facts, e)) {
        Fact *fact = e->value;
        json_free(fact->value);
        free(fact);
    }
    map_deinit(facts);
    *facts = (Map){0};
}

/* ---- what is remembered ---- */

static char *question_of(const QuerySpec *query, const Json *arguments)
{
    Buffer text = {0};

    buffer_add_format(&text, "%s ", query->name);
    json_write_canonical(&text, arguments);
    return buffer_take(&text);
}

/* NULL: it is not remembered, or too old. The caller frees it. */
static Json *fact_recall(Site *site, const char *question, int64_t cache_ms)
{
    Json *value = NULL;

    pthread_mutex_lock(&site->lock);
    const Fact *fact = map_get(&site->facts, question);
    if (fact != NULL && monotonic_ms() - fact->asked_ms <= cache_ms)
        value = json_copy(fact->value);
    pthread_mutex_unlock(&site->lock);
    return value;
}

static void fact_remember(Site *site, const char *question, const Json *value, int64_t asked_ms)
{
    Fact *fact = memory_zero(1, sizeof *fact);

    *fact = (Fact){json_copy(value), asked_ms};
    pthread_mutex_lock(&site->lock);
    if (site->facts.count >= FACTS_MAX)
        facts_forget(&site->facts);
    Fact *before = map_put(&site->facts, question, fact);
    pthread_mutex_unlock(&site->lock);
    if (before != NULL)
        json_free(before->value);
    free(before);
}

/* ---- asking ---- */

static bool count_item(void *context, const Json *item)
{
    (void)item;
    ++*(int64_t *)context;
    return false;
}

static int ask_count(Call *call, const QuerySpec *query, Json **ret)
{
    int64_t count = 0;

    if (list_walk(call, query->list, count_item, &count) < 0)
        return -1;
    *ret = json_new_int(count);
    return 0;
}

static int ask_member(Call *call, const QuerySpec *query, const Answer *answer, Json **ret)
{
    const ResultSpec spec = {.name = "value", .pointer = query->pointer, .type = query->type};
    const Results results = {(ResultSpec *)&spec, 1};
    cleanup(json_free) Json *values = json_new_object();
    Error err;

    if (answer->kind == ANSWER_ABSENT)
        return provider_problem(call->problem, "NOT_FOUND", "not_applied", false,
                                "%s: there is no such thing (%d)", query->request.at,
                                answer->status);
    if (results_extract(&results, answer->document, values, &err) < 0)
        return call_upstream(call, "%s: %.600s", query->request.at, err.message);
    *ret = json_detach(values, "value");
    return 0;
}

static int ask(Call *call, const QuerySpec *query, Json **ret)
{
    cleanup(answer_deinit) Answer answer = {0};

    if (query->kind == QUERY_COUNT)
        return ask_count(call, query, ret);
    if (request_send(call, &query->request, NULL, &answer) < 0)
        return -1;
    if (query->kind == QUERY_POINTER)
        return ask_member(call, query, &answer, ret);
    *ret = json_new_bool(answer.kind != ANSWER_ABSENT);
    return 0;
}

int query_answer(Site *site, const QuerySpec *query, const Json *arguments, Json **ret,
                 ProviderProblem *problem)
{
    cleanup(free) char *question = question_of(query, arguments);
    cleanup(call_deinit) Call call = {0};
    int64_t asked_ms = monotonic_ms();

    *ret = query->cache_ms > 0 ? fact_recall(site, question, query->cache_ms) : NULL;
    if (*ret != NULL)
        return 0;
    call_begin(&call, site, NULL, problem);
    json_free(call.scope);
    call.scope = parameters_fill(&query->parameters, arguments);
    if (ask(&call, query, ret) < 0)
        return -1;
    if (query->cache_ms > 0)
        fact_remember(site, question, *ret, asked_ms);
    return 0;
}
