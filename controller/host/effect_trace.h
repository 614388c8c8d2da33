/* The way of an effect from the slice that wanted it to the slice that ended with its answer, as
 * the journal tells it.
 *
 * Made of the records alone; no program and no key is needed, and nothing is locked or written. */
#ifndef VED_HOST_EFFECT_TRACE_H
#define VED_HOST_EFFECT_TRACE_H

#include <stdbool.h>

#include "controller/host/state_dir.h"
#include "lang/base/json.h"

typedef enum EffectStage {
#define STAGE(name, text) STAGE_##name,
#include "controller/host/effect_stage.def"
#undef STAGE
    STAGE_COUNT
} EffectStage;

/* "EMITTED"; and what that means. */
const char *effect_stage_name(EffectStage stage);
const char *effect_stage_meaning(EffectStage stage);

typedef struct StageTime {
    bool reached;
    uint64_t at_ms;    /* 0: not known */
    uint64_t sequence; /* of the record that says so; 0: none of those that are kept */
} StageTime;

/* One intent. */
typedef struct EffectTrace {
    uint64_t intent;
    uint64_t slice; /* 0: of no slice: the destruction of everything */
    bool awaited;   /* its slice was computed only as far as to it */
    char *address, *effect, *verb, *op, *uid, *domain, *key;
    Json *cause; /* of the slice; NULL: none, or it is not kept */
    StageTime stages[STAGE_COUNT];
    unsigned sendings;
    char *trouble; /* after which it was last tried again; NULL: none is known */
    char *outcome; /* "applied", "failed", "recalled"; NULL: none is recorded */
    char *external_id, *code, *text;
    char *end; /* "commit", "abort", "fault", "answer"; NULL: it has not ended */
} EffectTrace;

typedef struct EffectTraces {
    EffectTrace *items; /* in the order of emission */
    size_t count, capacity;
    uint64_t since; /* the journal is kept from the record after this one on */
} EffectTraces;

void effect_traces_deinit(EffectTraces *traces);
#define effect_traces_deinit_p effect_traces_deinit

/* All that `which` names: an operation's key or its first 6 characters or more, a uid, or an
 * address. 0, with none if there is none; or a failure. */
int effect_traces_find(const StateDir *dir, const char *which, EffectTraces *ret, Error *err);

/* {"address","effect","verb","op","uid","intent","domain","key","slice","cause","outcome",
 * "external_id","code","text","sendings","trouble","end","stages":[{"stage","at","sequence",
 * "after_ms"}]}; the caller's. */
Json *effect_trace_json(const EffectTrace *trace);

#endif
