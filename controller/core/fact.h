/* Facts: what the domains of a stack know of the outside (language: facts).
 *
 * A fact is a provider's query with its arguments. What was last observed of it is durable and
 * changes by records only; who reads it, and whether this process has observed it yet, is derived
 * anew by every process. Program code sees facts through a Reading and in no other way, so that the
 * core knows which code depends on which fact. */
#ifndef VED_CORE_FACT_H
#define VED_CORE_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/base/map.h"
#include "lang/vm.h"

#define FACTS_OF_DOMAIN_MAX 1000

typedef struct Instance Instance;
typedef struct Runtime Runtime;
typedef struct Fact Fact;
typedef struct FactRead FactRead;

/* ---- what code has seen ---- */

/* A fact as it was when a slice or a predicate read it. */
typedef struct SeenFact {
    const char *key;
    bool known;
    Value value; /* known */
} SeenFact;

typedef struct SeenFacts {
    SeenFact *items;
    size_t count, capacity;
} SeenFacts;

/* Copies on the heap of those that are not in it yet. */
void seen_facts_add(SeenFacts *seen, const SeenFacts *more);
void seen_facts_deinit(SeenFacts *seen);
const SeenFact *seen_facts_find(const SeenFacts *seen, const char *key); /* NULL: not there */

/* ,"facts":[{"fact":KEY,"value":V}, ...], without a value where it was not known; nothing at all
 * for none. Reading gives a list in the arena. */
void seen_facts_encode(const SeenFacts *seen, Buffer *ret);
SeenFacts seen_facts_decode(Arena *arena, const Json *object);

/* ---- the table ---- */

struct Fact {
    char *key; /* Infra.status("db"), as people read it */
    char *provider;
    char *query;
    char *arguments; /* a JSON object; those without a name are "0", "1" ... */
    /* durable: the last observation */
    bool known;
    Value value;  /* known */
    char *reason; /* why it failed; NULL: it did not, or there was none */
    /* derived */
    uint64_t asked;    /* how often this process has asked */
    uint64_t answered; /* the last of these that was answered */
    bool is_wanted;    /* in the list of those to be asked for */
    Fact *wanted_next;
    FactRead *reads;
    size_t read_count;
};

typedef struct FactTable {
    Map facts; /* by key */
    Fact *wanted;
    bool live;     /* this process has begun; before, the last values are shown */
    Map predicted; /* planning: providers that a predicted effect has used */
} FactTable;

/* That an instance reads a fact. */
struct FactRead {
    Fact *fact;
    Instance *instance;
    FactRead *next, **link; /* among those of the fact */
    size_t uses;            /* by how many of its codes */
    uint64_t needs;         /* no answer before this one counts */
};

/* What one code of an instance read when it last ran. */
typedef struct CodeFacts {
    const Code *code;
    Fact **items;
    size_t count;
} CodeFacts;

/* What an instance reads; derived. */
typedef struct InstanceFacts {
    FactRead **reads;
    size_t read_count, read_capacity;
    CodeFacts *codes;
    size_t code_count, code_capacity;
    uint64_t version; /* grows when one of them has changed, or becomes known or unknown */
} InstanceFacts;

void fact_table_deinit(FactTable *table);
void facts_clear(Runtime *runtime); /* with the instances, which are gone before */
void instance_facts_deinit(Instance *instance);

/* NULL: nobody has read it. */
Fact *fact_find(const Runtime *runtime, const char *key);

/* The fact of that key, made if it is not there. */
Fact *fact_get(Runtime *runtime, const char *key, const char *arguments);

/* All of them, by key; `*ret` is an array in the arena. */
size_t facts_list(const Runtime *runtime, Arena *arena, Fact ***ret);

/* There is a value, or a reason why there is none. */
bool fact_was_observed(const Fact *fact);

/* What a record says: the value, or – NULL – the reason why there is none. */
void fact_set(Fact *fact, const Value *value, const char *reason);

/* Nothing that was ever observed of it counts any more; it is freed if nobody reads it. */
void fact_forget(Runtime *runtime, Fact *fact);

/* Ask for it with the next turn; nothing if it is being asked for. */
void fact_want(Runtime *runtime, Fact *fact);

/* Out of those to be asked for; NULL: no more. */
Fact *fact_take_wanted(Runtime *runtime);

/* Asked, and not answered yet. */
bool fact_is_asked(const Fact *fact);

/* What was asked last is answered: its readers look again, and ask again if that is older than what
 * they need. Frees it if nobody reads it any more and nothing is known of it. */
void fact_answered(Runtime *runtime, Fact *fact);

/* Planning: an effect at its provider was predicted, so nobody can say. */
bool fact_is_predicted(const Runtime *runtime, const Fact *fact);

/* Whether the instance may use what is known of the fact: it was observed by this process, and
 * since the last effect of the instance at that provider. */
bool fact_is_fresh(const Instance *instance, const Fact *fact);

/* A process has taken over: everything is to be observed before it is used. */
void facts_begin(Runtime *runtime);

/* An effect of the instance at the provider has been answered: what it reads there is observed
 * before its goals are evaluated again. Planning, it cannot be known by anybody. */
void facts_after_effect(Instance *instance, const char *provider, bool planning);

/* What the code read when it last ran; NULL: nothing so far. */
const CodeFacts *code_facts(const Instance *instance, const Code *code);

/* From now on the code depends on these. */
void code_facts_set(Instance *instance, const Code *code, Fact *const *items, size_t count);

/* The first fact that the code lacked when it last ran; NULL: none. */
const Fact *code_lacks(const Instance *instance, const Code *code);
bool code_reads_facts(const Instance *instance, const Code *code);

/* Whether each of these facts still is as it was. */
bool facts_are_as_seen(const Runtime *runtime, const SeenFacts *seen);

/* `lacks`: when some code of the instance lacked a fact, 0: never. True while nothing that the
 * instance knows of facts has changed since. */
bool fact_is_lacked(const Instance *instance, uint64_t lacks);

/* "fact Infra.status("db") is not known: connection refused"; the caller frees it. */
char *fact_explain(const Fact *fact);

/* ---- running code ---- */

/* One run of one code for an instance. Between beginning and end nothing else may happen. */
typedef struct Reading {
    FactReader reader; /* for the code's input */
    Instance *instance;
    const Code *code;
    Arena *arena;
    const SeenFacts *kept; /* what the slice began with, which it sees again; NULL: nothing */
    SeenFacts seen;        /* in the arena */
    Fact **facts;          /* of the table, in the arena */
    size_t fact_count, fact_capacity;
    bool waits;        /* it read a fact that is being observed: what it came to does not count */
    const char *fault; /* it may not go on; NULL: it may */
} Reading;

void reading_begin(Reading *reading, Instance *instance, const Code *code, const SeenFacts *kept,
                   Arena *arena);

/* From here on the code depends on exactly what it has read. */
void reading_end(Reading *reading);

/* A slice's of that transition (-1: none): add what the goals that it serves saw last, for these
 * facts, too, it is tried again when they change. */
void reading_add_goals(Reading *reading, int32_t transition);

/* What came of the slice, with a fault of the reading as its fault. */
SliceStatus reading_status(const Reading *reading, SliceResult *result);

/* predicate_evaluate() with the facts that the instance knows. */
Truth instance_evaluate(Instance *instance, const PredicateInput *input, Arena *arena,
                        const char **ret_fault);

#endif
