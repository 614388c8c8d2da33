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
#include "lang/base/map.h"
#include "lang/bundle.h"
#include "lang/catalog.h"
#include "lang/diagnostic.h"
#include "lang/source.h"
#include "lang/type.h"
#include "lang/value.h"

typedef struct Code Code; /* bytecode of one slice, handler or predicate; see vm.h */

typedef struct ProgramField {
    const char *name;
    StaticType type;
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
    StaticType type; /* STATIC_ANY: also of event fields whose uses carry an effect's result */
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
    bool protect;      /* @protect */
    Span protect_span; /* of that annotation; empty: there is none */
    Span span;
} ProgramTransition;

typedef enum ProgramHandlerKind {
    ON_EVENT,
    ON_MESSAGE,
    ON_LOST,    /* of an object of `provider`: reported to its owner */
    ON_CHANGED, /* the same */
    ON_FAILED   /* of an effect of `provider` */
} ProgramHandlerKind;

typedef struct ProgramHandler {
    ProgramHandlerKind kind;
    uint32_t event;       /* ON_EVENT: index into Program.events; else 0 */
    const char *name;     /* ON_MESSAGE: of the message */
    const char *provider; /* ON_LOST and after */
    const char *where;    /* what records and addresses call it: "DatabaseReady", "Infra.lost" */
    /* What it gets: an event's fields, a message's parameters, or one object of what is reported.
     */
    const ProgramParameter *parameters;
    size_t parameter_count;
    const Code *code;
    Span span;
} ProgramHandler;

typedef struct ProgramTimer {
    bool repeats; /* every; else after ... when */
    int64_t interval_ms;
    const Code *when; /* a predicate; NULL: repeats */
    const Code *code;
    const char *text;  /* "every 5m", "after 30s when ready == false" */
    const char *where; /* what records call it: "every_5m"; the second such one "every_5m_2" */
    Span span;
} ProgramTimer;

/* One step of a migration: the fields of version `to` from those of version `from`. */
typedef struct ProgramMigration {
    uint32_t from;
    uint32_t to;
    /* Reads `old`, an object of the fields of before; for each of `fields` a value. */
    const char *const *fields;
    const Code *const *values; /* predicates in form: each gives one value; see migration_run() */
    size_t field_count;
    Span span;
} ProgramMigration;

/* A rename that keeps identity: `moved domain A -> B`, or `moved A.T.Infra.E -> B.U.Infra.E`. The
 * left side names what only an older state has; the right side what the program has, or what
 * another of its moves goes on from. Use program_moved_place() and program_moved_domain(). */
typedef struct ProgramMove {
    bool is_domain;          /* then only the domains are there, else all of it */
    const char *from_domain; /* of a place: as that domain is called now */
    const char *to_domain;   /* as it is called now, at the end of all lines */
    const char *from_where;  /* transition, handler or timer, as records name it: "Boot_db",
                              * "DatabaseReady", "Infra.lost", "every_5m" */
    const char *from_effect; /* "Infra.CreatePostgres"; bare "CreatePostgres": of any provider */
    const char *to_where;
    const char *to_effect; /* bare: of the same provider as before */
    uint32_t other;        /* the next of the same place but for the provider, index + 1; 0: none */
    Span span;
} ProgramMove;

/* Where in a text an effect is emitted. */
typedef struct ProgramPlace {
    const char *domain;
    const char *where;  /* transition, handler or timer, as in ProgramMove */
    const char *effect; /* "Infra.CreatePostgres" */
} ProgramPlace;

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
    const ProgramTimer *timers;
    size_t timer_count;
    const ProgramInvariant *invariants;
    size_t invariant_count;
    const ProgramMigration *migrations; /* by `from` */
    size_t migration_count;
    const char *key; /* what the program calls its key; NULL: one instance, without a key */
    uint32_t version;
    int32_t boot;        /* transition, or -1 */
    int32_t environment; /* that it is deployed to, or -1 */
    bool started;        /* not keyed, and `system` starts it or there is no `system` */
    bool is_script;
    const struct DomainIndex *index; /* for domain_find_...() */
    Span span;
} ProgramDomain;

/* An instance of a keyed domain that `system` starts. */
typedef struct ProgramStart {
    uint32_t domain;
    const ValueString *key;
    const Value *fields; /* of the domain, in order */
    Span span;
} ProgramStart;

/* What an `environment` says of one of its providers. */
typedef struct ProgramProvider {
    const char *name;
    const char *plugin;
    Value config; /* an object; null: none */
    Span span;
} ProgramProvider;

typedef struct ProgramEnvironment {
    const char *name;
    const ProgramProvider *providers;
    size_t provider_count;
    const char *const *hosts;
    size_t host_count;
    Span span;
} ProgramEnvironment;

/* @allow(CODE, reason: "...") */
typedef struct ProgramAllow {
    const char *code;
    const char *reason;
    Span span;     /* of the annotation */
    Span where;    /* of the item that it stands on */
    int32_t outer; /* of the same code, on what is around the item; -1: none */
} ProgramAllow;

/* An event: the fields its uses agree on, sorted by name. */
typedef struct ProgramEvent {
    const char *name;
    const ProgramParameter *fields;
    size_t field_count;
    bool emitted; /* somewhere in the program */
    bool retained;
} ProgramEvent;

/* One `emit` of an effect in the text: what a provider must have (V-ERR-004 is checked against its
 * schema by whoever knows the bindings). */
typedef struct EffectUse {
    const char *provider; /* NULL: any */
    const char *effect;   /* the provider's name of it, also where the program has an alias */
    uint32_t domain;
    int32_t transition; /* -1: not in one */
    int32_t handler;    /* -1: not in one */
    int32_t timer;      /* -1: not in one */
    uint32_t site;      /* n-th emit of that effect in the transition's or handler's text, from 0 */
    bool releases;      /* `release`: takes the newest object away, or the named one */
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
    uint32_t transition; /* of the receiver; with to_handler: its handler */
    bool to_handler;
    bool elevated; /* an `elevate` block stands around it */
    Span span;
} MessageUse;

/* One provider query in the text: a fact. */
typedef struct FactUse {
    const char *provider;
    const char *query;
    uint32_t domain; /* whose text it stands in; UINT32_MAX: in a function */
    Span span;
} FactUse;

typedef struct Program {
    Arena arena;
    Source source;         /* a copy */
    const struct Ast *ast; /* of the source, in the arena; for lang/ alone */
    char digest[65];       /* SHA-256 of the text, hexadecimal */
    TypeTable types;
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
    const FactUse *facts;
    size_t fact_count;
    const Code *const *functions; /* of `fn`, by the number that calls have */
    size_t function_count;
    const ProgramStart *starts;
    size_t start_count;
    const ProgramEnvironment *environments;
    size_t environment_count;
    const ProgramMove *moves; /* in source order */
    size_t move_count;
    const ProgramAllow *allows; /* by code, then place */
    size_t allow_count;
    Diagnostics diagnostics; /* warnings and notes as well as errors, sorted */
    bool valid;              /* no errors: code is there and may run */
    Map domain_names;        /* for program_find_...(), as the next */
    Map event_names;
    Map move_sources; /* for program_moved_...() */
} Program;

/* Compile a text; never NULL. Look at `valid` and `diagnostics`. The caller frees it. */
Program *program_compile(const char *name, const char *text, size_t size);

/* The same with the files that it imports, which `loader` reads. `source` has the text of all of
 * them: program_compile() makes the same program of it. */
Program *program_compile_files(const char *name, const char *text, size_t size,
                               const SourceLoader *loader);
void program_free(Program *program);
CLEANUP_DEFINE(Program *, program_free);

/* What is wrong, by what the bound providers offer, with effects, queries and results of a valid
 * program: V-ERR-004s in `diagnostics`, which are of its source. */
void program_check_effects(const Program *program, const Catalog *catalog,
                           Diagnostics *diagnostics);

/* What is right in many programs and worth a thought in a large one: warnings about a valid program
 * that `ved lint --strict` adds. */
void program_check_strict(const Program *program, Diagnostics *diagnostics);

/* Whether an annotation silences warnings or lints of that code at that place. */
bool program_allows(const Program *program, const char *code, uint32_t at);

/* -1: no such thing. */
int program_find_domain(const Program *program, const char *name);
int program_find_event(const Program *program, const char *name);
int domain_find_field(const ProgramDomain *domain, const char *name);
int domain_find_goal(const ProgramDomain *domain, const char *name);
int domain_find_transition(const ProgramDomain *domain, const char *name);
int domain_find_handler(const ProgramDomain *domain, uint32_t event);
int domain_find_message(const ProgramDomain *domain, const char *name);
int domain_find_report(const ProgramDomain *domain, ProgramHandlerKind kind, const char *provider);

/* What is left of a domain that a program has no more: a copy of its name. In the arena. */
const ProgramDomain *domain_new_empty(const char *name, Arena *arena);

/* Whether two spellings can mean one effect: "Infra.CreatePostgres" and "CreatePostgres" can. */
bool effects_agree(const char *a, const char *b);

/* What a domain, and a place, of an older state are called in this program: its moves are followed
 * to their end, those of domains first. What none is about comes back as it is. Texts are the
 * program's, the given ones, or in the arena. */
const char *program_moved_domain(const Program *program, const char *domain);
ProgramPlace program_moved_place(const Program *program, ProgramPlace place, Arena *arena);

/* What records call the transition, handler or timer that a use stands in, as in ProgramPlace. */
const char *effect_use_where(const Program *program, const EffectUse *use);

/* The `site`-th emit of that effect at the place, from 0; one that is written without provider
 * where none is with that one. NULL: the text has none. */
const EffectUse *program_find_emit(const Program *program, ProgramPlace place, uint32_t site);

/* "shop.ved:12", in the arena: where a span begins; and the same of program_find_emit() – NULL if
 * there is none. Both count lines from the start of the file. */
const char *program_line(const Program *program, Span span, Arena *arena);
const char *program_emit_line(const Program *program, ProgramPlace place, uint32_t site,
                              Arena *arena);

/* Parse the text of `--set D.field=TEXT` as a value of the field's type (strings need no quotes);
 * 0 or a negative code with expected and found in `err`. */
int field_value_parse(const Program *program, const ProgramField *field, const char *text,
                      Arena *arena, Value *ret, Error *err);

#endif
