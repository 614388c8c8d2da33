/* A checked program: the facade of the language for everything outside lang/.
 *
 * Made from one source text, immutable, owns all it points to. Domains, transitions, handlers and
 * goals are in source order and known by their index. */
#ifndef VED_LANG_PROGRAM_H
#define VED_LANG_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/diagnostic.h"
#include "lang/source.h"
#include "lang/value.h"

typedef struct Code Code; /* bytecode of one slice, handler or predicate; see vm.h */

typedef enum FieldType {
    FIELD_INT,
    FIELD_BOOL,
    FIELD_STRING,
    FIELD_DURATION,
    FIELD_ANY /* event fields and parameters whose uses carry an effect's result */
} FieldType;

typedef struct ProgramField {
    const char *name;
    FieldType type;
    Value initial;  /* written, inferred (language: first value), or the zero value */
    bool inferred;  /* by the one inference; there is a note */
    bool parameter; /* no slice of the domain assigns it */
    Span span;
} ProgramField;

typedef enum ProgramTerminate { GOAL_NEVER, GOAL_RETRIES, GOAL_AFTER } ProgramTerminate;

typedef struct ProgramGoal {
    const char *name;
    const char *text; /* the predicate as written, on one line */
    const Code *predicate;
    uint8_t priority;            /* 0: background */
    const uint32_t *transitions; /* that serve it: its strategy, or every one that may */
    size_t transition_count;
    bool has_strategy;
    ProgramTerminate terminate;
    int64_t terminate_limit;  /* retries or ms */
    int64_t backoff_first_ms; /* default 1000 */
    int64_t backoff_cap_ms;   /* default 300000; equal to first: always so long */
    int32_t fallback;         /* transition, or -1 */
    Span span;
} ProgramGoal;

typedef struct ProgramParameter {
    const char *name;
    FieldType type;
} ProgramParameter;

typedef struct ProgramTransition {
    const char *name;
    const ProgramParameter *parameters;
    size_t parameter_count;
    const Code *const *slices;
    const char *const *slice_names;
    size_t slice_count;
    int32_t priority; /* @priority, or -1 */
    bool is_boot;
    Span span;
} ProgramTransition;

typedef struct ProgramHandler {
    uint32_t event; /* index into Program.events */
    const Code *code;
    Span span;
} ProgramHandler;

typedef struct ProgramInvariant {
    const char *name;
    const char *text;
    const Code *predicate;
    Span span;
} ProgramInvariant;

typedef struct ProgramDomain {
    const char *name;
    const ProgramField *fields;
    size_t field_count;
    const ProgramGoal *goals;
    size_t goal_count;
    const ProgramTransition *transitions;
    size_t transition_count;
    const ProgramHandler *handlers;
    size_t handler_count;
    const ProgramInvariant *invariants;
    size_t invariant_count;
    int32_t boot; /* transition, or -1 */
    bool started; /* `system` starts it, or there is no `system` */
    Span span;
} ProgramDomain;

/* An event: the fields its uses agree on, sorted by name. */
typedef struct ProgramEvent {
    const char *name;
    const ProgramParameter *fields;
    size_t field_count;
    bool emitted; /* somewhere in the program */
} ProgramEvent;

/* One `emit` of an effect in the text: what a provider must have (V-ERR-004 is checked against its
 * schema by whoever knows the bindings). */
typedef struct EffectUse {
    const char *provider; /* NULL: any */
    const char *effect;
    uint32_t domain;
    int32_t transition; /* -1: in a handler */
    int32_t handler;    /* -1: in a transition */
    uint32_t site;      /* n-th emit of that effect in the transition's or handler's text, from 0 */
    const char *const *argument_names; /* NULL entry: positional */
    size_t argument_count;             /* without name: and idempotency_key: */
    bool has_name;
    bool has_key;
    bool awaited;         /* its result is used, or it has an else */
    bool failure_follows; /* after it, something can still abort the slice */
    Span span;
} EffectUse;

/* One `emit Broadcast` in the text. */
typedef struct BroadcastUse {
    uint32_t event;
    uint32_t domain; /* that broadcasts */
    Span span;
} BroadcastUse;

/* One `send` in the text. */
typedef struct MessageUse {
    uint32_t domain; /* that sends */
    uint32_t receiver;
    uint32_t transition; /* of the receiver */
    Span span;
} MessageUse;

typedef struct Program {
    Arena arena;
    Source source;   /* a copy */
    char digest[65]; /* SHA-256 of the text, hexadecimal */
    const ProgramDomain *domains;
    size_t domain_count;
    const ProgramEvent *events;
    size_t event_count;
    const EffectUse *effects;
    size_t effect_count;
    const BroadcastUse *broadcasts; /* these, too, in source order */
    size_t broadcast_count;
    const MessageUse *messages;
    size_t message_count;
    Diagnostics diagnostics; /* warnings and notes as well as errors, sorted */
    bool valid;              /* no errors: code is there and may run */
} Program;

/* Compile a text; never NULL. Look at `valid` and `diagnostics`. The caller frees it. */
Program *program_compile(const char *name, const char *text, size_t size);
void program_free(Program *program);
CLEANUP_DEFINE(Program *, program_free);

/* -1: no such thing. */
int program_find_domain(const Program *program, const char *name);
int program_find_event(const Program *program, const char *name);
int domain_find_field(const ProgramDomain *domain, const char *name);
int domain_find_goal(const ProgramDomain *domain, const char *name);
int domain_find_transition(const ProgramDomain *domain, const char *name);
int domain_find_handler(const ProgramDomain *domain, uint32_t event);

/* Parse the text of `--set D.field=TEXT` as a value of the field's type (strings need no quotes);
 * 0 or a negative code with expected and found in `err`. */
int field_value_parse(const ProgramField *field, const char *text, Arena *arena, Value *ret,
                      Error *err);

const char *field_type_name(FieldType type);

#endif
