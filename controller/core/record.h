/* One change of the durable state: made by the core's decisions, appended to the journal, applied
 * live and in recovery by the same function.
 *
 * Applying computes nothing: no program code runs, no clock is read. A record made in a turn points
 * into the turn's arena; applying copies what stays. */
#ifndef VED_CORE_RECORD_H
#define VED_CORE_RECORD_H

#include "controller/core/state.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/json.h"
#include "lang/base/json_pull.h"

typedef enum RecordType {
#define RECORD(name, text, members) RECORD_##name,
#include "controller/core/record.def"
#undef RECORD
} RecordType;

/* RECORD_MOVE, IMPORT: where in the program an object stands, and what it is. */
typedef struct Seat {
    const char *where; /* as in Place, with the next two */
    const char *effect;
    uint32_t site;
    uint32_t ordinal;
    const char *name;     /* NULL: it has the ordinal */
    const char *provider; /* RECORD_IMPORT: as in Object, with the next two */
    const char *action;
    const char *type;
} Seat;

/* How an effect came to its answer: for people, nothing is decided by it. Times are ms since 1970;
 * 0: it is not known. */
typedef struct CallTimes {
    uint64_t durable_ms;  /* its intent was on disk */
    uint64_t sent_ms;     /* the first request of this process left */
    uint64_t answered_ms; /* the answer came */
    uint32_t sendings;    /* how often its bytes left */
    const char *trouble;  /* after which it was last tried again; NULL: none */
} CallTimes;

typedef struct Record {
    RecordType type;
    uint64_t time_ms;   /* of the turn that made it */
    bool same_time;     /* it has that of the record before, which stands in the same group */
    bool hears_next;    /* `cause` consumes the message that was the next to be handled */
    Instance *instance; /* NULL where it concerns none; RECORD_START, END: none after or before */
    uint32_t domain;    /* RECORD_END: domain and key of the instance */
    const char *key;
    uint64_t slice; /* RECORD_SLICE, PREPARE, COMMIT, ABORT, FAULT: its number, from 1 */
    Cause cause;
    bool has_cause;      /* RECORD_CRASH: what it handled, and may be given up */
    Proposal proposal;   /* RECORD_SLICE, PREPARE */
    TimerChange *timers; /* RECORD_SLICE, COMMIT, TIMER: those that change */
    size_t timer_count;
    /* RECORD_START: the one; SLICE, COMMIT: those that its emissions make, in their order */
    InstanceStart *starts;
    size_t start_count;
    bool by_system;   /* RECORD_START: a keyed instance that `system` starts */
    Intent **intents; /* RECORD_PREPARE: new ones; RECORD_DESTROY: one or none. Applying takes them
                         over. */
    size_t intent_count;
    bool awaits;
    uint64_t intent; /* RECORD_ANSWER */
    IntentState outcome;
    CallTimes times; /* RECORD_ANSWER */
    const char *external_id;
    const char *result;
    const char *code;
    uint64_t message; /* RECORD_REDELIVER */
    const char *text; /* RECORD_ABORT, FAULT, CRASH, OBSERVE: why; ANSWER: detail; BEGIN: boot id */
    uint64_t due_ms;  /* RECORD_ABORT, CRASH: not tried again before */
    bool retry;       /* RECORD_ABORT, CRASH: it will be tried again in this run */
    const char *uid;  /* RECORD_OBSERVE */
    ObjectState object;      /* RECORD_OBSERVE: OBJECT_READY or OBJECT_LOST */
    bool changed;            /* RECORD_OBSERVE: it is there, but `result` is another one */
    uint32_t goal;           /* RECORD_GOAL */
    bool failed;             /* RECORD_GOAL */
    uint64_t unmet_since_ms; /* RECORD_GOAL: where its time is limited; 0: met, or no limit */
    const char *digest;      /* RECORD_BEGIN: of program, bindings and parameters */
    const char *plugins;     /* RECORD_BEGIN, read back: the host's own, as JSON; NULL: none */
    SeenFacts facts;         /* RECORD_SLICE, PREPARE, FAULT: that the slice has read */
    Seat seat;
    const char *fact; /* RECORD_FACT: its key; without a value and `text`, it is forgotten */
    const char *arguments;
    bool known;
    Value value;
} Record;

/* See what need not be written because the state before the record says it; before it is applied.
 * `follows`: the record before has the same time and will stand in the same group. */
void record_abridge(Record *record, bool follows);

/* The payload of the journal's line: a JSON object without seq and crc. To be called after the
 * record has been applied, which settles what it leaves open (the instance that a start makes). */
void record_encode(const Runtime *runtime, const Record *record, Buffer *ret);

/* The way back, against the state before it; names are looked up in the runtime's program. Parts
 * live in the arena, intents on the heap. 0 or ERROR_STATE with a sentence. */
int record_read(Runtime *runtime, const char *text, size_t size, Arena *arena, Record *ret,
                Error *err);

/* The same of a tree. */
int record_decode(Runtime *runtime, const Json *json, Arena *arena, Record *ret, Error *err);

/* Change the state. The record must fit it (asserted live; ERROR_STATE from a journal). */
int record_apply(Runtime *runtime, Record *record, Error *err);

/* Put into the mailbox what was last said of each event that the instance handles and `before`, the
 * same domain in another program, did not; NULL: it has just started. */
void retained_deliver(Instance *instance, const Instance *before);

const char *record_type_name(RecordType type);

/* It cannot be without one; RECORD_START and END have none after or before. */
bool record_needs_instance(RecordType type);

/* The parts of a record of an edit by hand, and what it changes. */
void manual_record_encode(const Record *record, Buffer *ret);
int seat_decode(const Json *json, Arena *arena, Seat *ret, Error *err);
int manual_record_apply(Runtime *runtime, const Record *record, Error *err);

/* The parts of a record of a fact, and the facts of a snapshot. */
void fact_record_encode(const Record *record, Buffer *ret);
int fact_record_decode(const Json *json, Arena *arena, Record *ret, Error *err);
void fact_record_apply(Runtime *runtime, const Record *record);
void facts_write(const Runtime *runtime, Buffer *ret);
int facts_read(Runtime *runtime, const Json *list, Arena *arena, Error *err);

/* What is left out of a record because it goes without saying, for those who read it as it stands:
 * `type`, `at` – `last_at` is that of the record before –, and `by` of its cause. */
void record_unabridge(Json *record, int64_t *last_at);
void cause_unabridge(Json *cause);

/* Shared with the snapshot. */
void cause_encode(const Instance *instance, const Cause *cause, Buffer *ret);
int cause_decode(const Instance *instance, const Json *json, Cause *ret, Error *err);
int cause_pull(const Instance *instance, JsonPull *pull, Arena *arena, Cause *ret, Error *err);
void intent_encode(const Intent *intent, Buffer *ret);
int intent_decode(const Json *json, Intent **ret, Error *err);

/* Members without braces around them, the first with a comma before it. */
void proposal_encode(const Instance *instance, const Proposal *proposal, Buffer *ret);
int proposal_decode(const Instance *instance, const Json *json, Arena *arena, Proposal *ret,
                    Error *err);

/* Those members, each where it stands; NULL: it is not there. */
typedef struct ProposalParts {
    JsonPull *set, *left, *reads, *out, *yield, *locals;
} ProposalParts;
int proposal_pull(const Instance *instance, const ProposalParts *parts, Arena *arena, Proposal *ret,
                  Error *err);

/* [{"event":"NAME", ...}, ...]. Read leniently, those are left out whose names the program lacks.
 */
void emissions_encode(const Runtime *runtime, const Emission *emissions, size_t count, Buffer *ret);
int emissions_decode(const Runtime *runtime, const Json *json, bool lenient, Arena *arena,
                     Emission **ret, size_t *ret_count, Error *err);

/* {"field":value, ...} */
void field_changes_encode(const ProgramDomain *domain, const FieldChange *changes, size_t count,
                          Buffer *ret);
int field_changes_pull(const ProgramDomain *domain, JsonPull *pull, Arena *arena, FieldChange **ret,
                       size_t *ret_count, Error *err);
void values_encode(const Value *values, size_t count, Buffer *ret);
Value *values_decode(Arena *arena, const Json *json, size_t *ret_count);
Value *values_pull(Arena *arena, JsonPull *pull, size_t *ret_count);

/* ,"key": and no value yet; the key is a word of ours. */
void member_begin(Buffer *ret, const char *key);

/* ,"key":"text" if there is a text; ,"key":true if it is set; ,"key":7; the same unless it is 0;
 * ,"key":JSON if there is any. */
void member_encode(Buffer *ret, const char *key, const char *text);
void member_encode_flag(Buffer *ret, const char *key, bool flag);
void member_encode_number(Buffer *ret, const char *key, uint64_t number);
void member_encode_count(Buffer *ret, const char *key, uint64_t number);
void member_encode_json(Buffer *ret, const char *key, const char *json);

/* ,"key":"32 hexadecimal digits"; back: 0 if there is none. */
void member_encode_digest(Buffer *ret, const char *key, Digest128 digest);
Digest128 member_digest(const Json *json, const char *key);

/* The other way, on the heap; NULL: not there. */
char *member_copy(const Json *json, const char *key);
char *member_copy_json(const Json *json, const char *key);

/* The text of the tree, in the arena, to be read as such. */
JsonPull member_pull(const Json *json, Arena *arena);

/* ERROR_STATE with a sentence: `what` has a member of that name – NULL: or what is in it – which
 * is not as it must be. */
int member_unknown(Error *err, const char *what, const char *name);

/* 0 if every member of the object is one of the words in `known`, which stand apart by spaces;
 * ERROR_STATE with a sentence that names the other one. */
int members_check(const Json *object, const char *what, const char *known, Error *err);

/* ERROR_STATE: the state speaks of something that the program does not have. */
int unknown_name(Error *err, const ProgramDomain *domain, const char *kind, const char *name);

/* {"every_5m":{"armed":true,"due":N,"fires":true}}; read leniently, those are left out that the
 * program lacks. */
void timers_encode(const Runtime *runtime, uint32_t domain, const TimerChange *timers, size_t count,
                   Buffer *ret);
int timers_pull(const Runtime *runtime, uint32_t domain, JsonPull *pull, bool lenient, Arena *arena,
                TimerChange **ret, size_t *ret_count, Error *err);

/* First values and timers; `domain` and `key` are written by the caller. */
void start_encode(const Runtime *runtime, const InstanceStart *start, Buffer *ret);

/* Back, from the members that are there, else NULL. */
typedef struct StartParts {
    const char *domain, *key;
    JsonPull *set, *timers;
} StartParts;
int start_pull(const Runtime *runtime, const StartParts *parts, Arena *arena, InstanceStart *ret,
               Error *err);

/* [{"domain":"NAME", ...}, ...] */
int starts_pull(const Runtime *runtime, JsonPull *pull, Arena *arena, InstanceStart **ret,
                size_t *ret_count, Error *err);

const char *intent_verb_name(IntentVerb verb);
int intent_verb_find(const char *name); /* -1: none */
const char *outcome_name(IntentState state);
int outcome_find(const char *name);
const char *cause_kind_name(CauseKind kind);
int cause_kind_find(const char *name); /* -1: none */
const char *object_state_name(ObjectState state);
int object_state_find(const char *name); /* -1: none */

#endif
