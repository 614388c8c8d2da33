#include "fact.h"

#include <string.h>

#include "controller/core/state.h"
#include "lang/base/memory.h"

/* ---- what code has seen ---- */

const SeenFact *seen_facts_find(const SeenFacts *seen, const char *key)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->items[i].key, key) == 0)
            return &seen->items[i];
    return NULL;
}

void seen_facts_add(SeenFacts *seen, const SeenFacts *more)
{
    for (size_t i = 0; i < more->count; i++) {
        const SeenFact *fact = &more->items[i];
        if (seen_facts_find(seen, fact->key) != NULL)
            continue;
        memory_reserve_one(seen->items, seen->count, seen->capacity);
        seen->items[seen->count++] = (SeenFact){.key = memory_copy_string(fact->key),
                                                .known = fact->known,
                                                .value = value_clone(fact->value)};
    }
}

void seen_facts_deinit(SeenFacts *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        free((char *)seen->items[i].key);
        value_free(seen->items[i].value);
    }
    free(seen->items);
    *seen = (SeenFacts){0};
}

void seen_facts_encode(const SeenFacts *seen, Buffer *ret)
{
    if (seen->count == 0)
        return;
    buffer_add_string(ret, ",\"facts\":[");
    for (size_t i = 0; i < seen->count; i++) {
        buffer_add_string(ret, i > 0 ? ",{\"fact\":" : "{\"fact\":");
        json_put_string(ret, seen->items[i].key);
        if (seen->items[i].known) {
            buffer_add_string(ret, ",\"value\":");
            value_encode(ret, seen->items[i].value);
        }
        buffer_add_char(ret, '}');
    }
    buffer_add_char(ret, ']');
}

SeenFacts seen_facts_decode(Arena *arena, const Json *object)
{
    SeenFacts seen = {0};

    for (const Json *f = json_first(json_get(object, "facts")); f != NULL; f = json_next(f)) {
        const Json *value = json_get(f, "value");
        SeenFact fact = {.key = arena_copy_string(arena, json_get_string(f, "fact", "")),
                         .known = value != NULL};
        if (fact.known)
            fact.value = value_decode(arena, value);
        arena_reserve_one(arena, seen.items, seen.count, seen.capacity);
        seen.items[seen.count++] = fact;
    }
    return seen;
}

bool facts_are_as_seen(const Runtime *runtime, const SeenFacts *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        const Fact *fact = fact_find(runtime, seen->items[i].key);
        bool known = fact != NULL && fact->known;
        if (known != seen->items[i].known ||
            (known && !value_equal(fact->value, seen->items[i].value)))
            return false;
    }
    return true;
}

/* ---- the table ---- */

Fact *fact_find(const Runtime *runtime, const char *key)
{
    return map_get(&runtime->facts.facts, key);
}

/* A key is PROVIDER.QUERY(ARGUMENTS), where a provider may be ENVIRONMENT.PROVIDER. */
Fact *fact_get(Runtime *runtime, const char *key, const char *arguments)
{
    Fact *fact = fact_find(runtime, key);
    size_t name = strcspn(key, "("), provider = name;

    if (fact != NULL)
        return fact;
    while (provider > 0 && key[provider] != '.')
        provider--;
    fact = memory_zero(1, sizeof *fact);
    fact->key = memory_copy_string(key);
    fact->provider = memory_copy_bytes(key, provider);
    fact->query = name > provider ? memory_copy_bytes(key + provider + 1, name - provider - 1)
                                  : memory_copy_string("");
    fact->arguments = memory_copy_string(arguments);
    map_put(&runtime->facts.facts, key, fact);
    return fact;
}

static void fact_free(Fact *fact)
{
    free(fact->key);
    free(fact->provider);
    free(fact->query);
    free(fact->arguments);
    free(fact->reason);
    value_free(fact->value);
    free(fact);
}

void facts_clear(Runtime *runtime)
{
    bool live = runtime->facts.live;

    fact_table_deinit(&runtime->facts);
    runtime->facts.live = live;
}

void fact_table_deinit(FactTable *table)
{
    for (MapEntry *e = map_next(&table->facts, NULL); e != NULL; e = map_next(&table->facts, e))
        fact_free(e->value);
    map_deinit(&table->facts);
    map_deinit(&table->predicted);
    *table = (FactTable){0};
}

static int fact_compare(const void *a, const void *b)
{
    return strcmp((*(Fact *const *)a)->key, (*(Fact *const *)b)->key);
}

size_t facts_list(const Runtime *runtime, Arena *arena, Fact ***ret)
{
    const Map *facts = &runtime->facts.facts;
    Fact **list = arena_array(arena, Fact *, facts->count);
    size_t count = 0;

    for (MapEntry *e = map_next(facts, NULL); e != NULL; e = map_next(facts, e))
        list[count++] = e->value;
    if (count > 1)
        qsort(list, count, sizeof *list, fact_compare);
    *ret = list;
    return count;
}

bool fact_was_observed(const Fact *fact)
{
    return fact->known || fact->reason != NULL;
}

void fact_set(Fact *fact, const Value *value, const char *reason)
{
    Value old = fact->value;

    fact->known = value != NULL;
    fact->value = fact->known ? value_clone(*value) : value_null();
    value_free(old);
    string_set(&fact->reason, fact->known ? NULL : reason);
}

bool fact_is_asked(const Fact *fact)
{
    return fact->asked > fact->answered;
}

static void unwant(FactTable *table, Fact *fact)
{
    Fact **link = &table->wanted;

    while (*link != NULL && *link != fact)
        link = &(*link)->wanted_next;
    if (*link == fact)
        *link = fact->wanted_next;
    fact->is_wanted = false;
}

static void fact_remove(Runtime *runtime, Fact *fact)
{
    if (fact->is_wanted)
        unwant(&runtime->facts, fact);
    map_remove(&runtime->facts.facts, fact->key);
    fact_free(fact);
}

void fact_forget(Runtime *runtime, Fact *fact)
{
    fact_set(fact, NULL, NULL);
    if (fact->reads == NULL && !fact_is_asked(fact))
        fact_remove(runtime, fact);
}

Fact *fact_take_wanted(Runtime *runtime)
{
    Fact *fact = runtime->facts.wanted;

    if (fact != NULL)
        unwant(&runtime->facts, fact);
    return fact;
}

bool fact_is_predicted(const Runtime *runtime, const Fact *fact)
{
    return map_get(&runtime->facts.predicted, fact->provider) != NULL;
}

void fact_want(Runtime *runtime, Fact *fact)
{
    if (fact->is_wanted || fact_is_asked(fact) || fact_is_predicted(runtime, fact))
        return;
    fact->is_wanted = true;
    fact->wanted_next = runtime->facts.wanted;
    runtime->facts.wanted = fact;
}

/* ---- who reads what ---- */

static void instance_facts_changed(Instance *instance)
{
    instance_wake(instance)->facts.version++;
    instance_touch(instance);
}

/* The shorter list is searched: a fact may have very many readers, an instance many facts. */
static FactRead *read_find(const Instance *instance, const Fact *fact)
{
    const InstanceFacts *facts = &instance->active->facts;

    if (fact->read_count <= facts->read_count) {
        for (FactRead *read = fact->reads; read != NULL; read = read->next)
            if (read->instance == instance)
                return read;
        return NULL;
    }
    for (size_t i = 0; i < facts->read_count; i++)
        if (facts->reads[i]->fact == fact)
            return facts->reads[i];
    return NULL;
}

static void read_begin(Instance *instance, Fact *fact)
{
    InstanceFacts *facts = &instance_wake(instance)->facts;
    FactRead *read = read_find(instance, fact);

    if (read == NULL) {
        read = memory_zero(1, sizeof *read);
        *read = (FactRead){.fact = fact, .instance = instance, .needs = 1, .link = &fact->reads};
        read->next = fact->reads;
        if (read->next != NULL)
            read->next->link = &read->next;
        fact->reads = read;
        fact->read_count++;
        memory_reserve_one(facts->reads, facts->read_count, facts->read_capacity);
        facts->reads[facts->read_count++] = read;
        link_add(instance, LIST_READERS);
    }
    read->uses++;
}

/* Who reads it the next time is not served with what was seen long ago. What was observed is
 * durable, and therefore forgotten by a record, when facts are due. */
static void fact_rest(Runtime *runtime, Fact *fact)
{
    if (fact->is_wanted)
        unwant(&runtime->facts, fact);
    if (fact_is_asked(fact))
        return;
    fact->asked = fact->answered = 0;
    if (!fact_was_observed(fact))
        fact_remove(runtime, fact);
}

static void read_free(Runtime *runtime, FactRead *read)
{
    Fact *fact = read->fact;

    *read->link = read->next;
    if (read->next != NULL)
        read->next->link = read->link;
    if (--fact->read_count == 0)
        fact_rest(runtime, fact);
    free(read);
}

static void read_end(Instance *instance, const Fact *fact)
{
    InstanceFacts *facts = &instance_wake(instance)->facts;
    size_t at = 0;

    while (facts->reads[at]->fact != fact)
        at++;
    if (--facts->reads[at]->uses > 0)
        return;
    FactRead *read = facts->reads[at];
    facts->reads[at] = facts->reads[--facts->read_count];
    if (facts->read_count == 0)
        link_remove(instance, LIST_READERS);
    read_free(instance->runtime, read);
}

void instance_facts_deinit(Instance *instance)
{
    InstanceFacts *facts = &instance_wake(instance)->facts;

    link_remove(instance, LIST_READERS);
    for (size_t i = 0; i < facts->read_count; i++)
        read_free(instance->runtime, facts->reads[i]);
    for (size_t i = 0; i < facts->code_count; i++)
        free(facts->codes[i].items);
    free(facts->reads);
    free(facts->codes);
    *facts = (InstanceFacts){0};
}

static CodeFacts *code_find(const Instance *instance, const Code *code)
{
    for (size_t i = 0; i < instance->active->facts.code_count; i++)
        if (instance->active->facts.codes[i].code == code)
            return &instance->active->facts.codes[i];
    return NULL;
}

const CodeFacts *code_facts(const Instance *instance, const Code *code)
{
    return code_find(instance, code);
}

bool code_reads_facts(const Instance *instance, const Code *code)
{
    const CodeFacts *facts = code_find(instance, code);

    return facts != NULL && facts->count > 0;
}

const Fact *code_lacks(const Instance *instance, const Code *code)
{
    const CodeFacts *facts = code_find(instance, code);

    for (size_t i = 0; facts != NULL && i < facts->count; i++)
        if (!facts->items[i]->known || !fact_is_fresh(instance, facts->items[i]))
            return facts->items[i];
    return NULL;
}

static bool is_same(const CodeFacts *facts, Fact *const *items, size_t count)
{
    return facts->count == count &&
           (count == 0 || memcmp(facts->items, items, count * sizeof *items) == 0);
}

/* New ones are begun before old ones end, so that what stays is not forgotten in between. */
void code_facts_set(Instance *instance, const Code *code, Fact *const *items, size_t count)
{
    CodeFacts *facts = code_find(instance, code);

    if (facts == NULL && count == 0)
        return;
    if (facts == NULL) {
        InstanceFacts *known = &instance_wake(instance)->facts;
        memory_reserve_one(known->codes, known->code_count, known->code_capacity);
        facts = &known->codes[known->code_count++];
        *facts = (CodeFacts){.code = code};
    }
    if (is_same(facts, items, count))
        return;
    CodeFacts before = *facts;
    facts->items = memory_alloc((count + 1) * sizeof *facts->items);
    facts->count = count;
    for (size_t i = 0; i < count; i++) {
        facts->items[i] = items[i];
        read_begin(instance, items[i]);
    }
    for (size_t i = 0; i < before.count; i++)
        read_end(instance, before.items[i]);
    free(before.items);
}

/* ---- freshness ---- */

bool fact_is_fresh(const Instance *instance, const Fact *fact)
{
    const FactRead *read;

    if (!instance->runtime->facts.live)
        return true;
    read = read_find(instance, fact);
    return fact->answered >= (read != NULL ? read->needs : 1);
}

void fact_answered(Runtime *runtime, Fact *fact)
{
    fact->answered = fact->asked;
    if (fact->reads == NULL)
        fact_rest(runtime, fact);
    else
        for (FactRead *read = fact->reads; read != NULL; read = read->next) {
            if (read->needs > fact->answered)
                fact_want(runtime, fact);
            instance_facts_changed(read->instance);
        }
}

/* A blocked transition is not run before one of these has changed, so that it depends on them
 * without having read them in this process. */
static void blocked_read(Instance *instance, uint32_t transition)
{
    const SeenFacts *seen = &instance->transitions[transition].facts;
    const Code *code = instance->domain->transitions[transition].slices[0];
    cleanup(free) Fact **facts = memory_alloc((seen->count + 1) * sizeof(Fact *));
    size_t count = 0;

    if (!transition_is_blocked(instance, transition) || code_reads_facts(instance, code))
        return;
    for (size_t i = 0; i < seen->count; i++) {
        Fact *fact = fact_find(instance->runtime, seen->items[i].key);
        if (fact != NULL)
            facts[count++] = fact;
    }
    code_facts_set(instance, code, facts, count);
}

static void blocked_read_all(Runtime *runtime)
{
    for (Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (uint32_t t = 0; t < i->domain->transition_count; t++)
            if (i->transitions[t].facts.count > 0)
                blocked_read(i, t);
}

void facts_begin(Runtime *runtime)
{
    runtime->facts.live = true;
    if (runtime->program->fact_count > 0)
        blocked_read_all(runtime);
    for (MapEntry *e = map_next(&runtime->facts.facts, NULL); e != NULL;
         e = map_next(&runtime->facts.facts, e)) {
        Fact *fact = e->value;
        fact->asked = fact->answered = 0;
        for (FactRead *read = fact->reads; read != NULL; read = read->next) {
            read->needs = 1;
            instance_facts_changed(read->instance);
        }
        if (fact->reads != NULL)
            fact_want(runtime, fact);
    }
}

static void facts_predict(Runtime *runtime, const char *provider)
{
    if (map_put(&runtime->facts.predicted, provider, runtime) != NULL)
        return;
    for (MapEntry *e = map_next(&runtime->facts.facts, NULL); e != NULL;
         e = map_next(&runtime->facts.facts, e)) {
        Fact *fact = e->value;
        if (strcmp(fact->provider, provider) != 0)
            continue;
        if (fact->is_wanted)
            unwant(&runtime->facts, fact);
        for (FactRead *read = fact->reads; read != NULL; read = read->next)
            instance_facts_changed(read->instance);
    }
}

void facts_after_effect(Instance *instance, const char *provider, bool planning)
{
    if (planning) {
        facts_predict(instance->runtime, provider);
        return;
    }
    for (size_t i = 0; i < instance->active->facts.read_count; i++) {
        FactRead *read = instance->active->facts.reads[i];
        if (strcmp(read->fact->provider, provider) != 0)
            continue;
        read->needs = read->fact->asked + 1;
        fact_want(instance->runtime, read->fact);
        instance_facts_changed(instance);
    }
}

char *fact_explain(const Fact *fact)
{
    if (fact->known)
        return memory_format("fact %s has not been observed since", fact->key);
    if (fact->reason != NULL)
        return memory_format("fact %s is not known: %s", fact->key, fact->reason);
    return memory_format("fact %s has not been observed yet", fact->key);
}
