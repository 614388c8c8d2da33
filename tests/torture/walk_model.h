/* The programs of a walk: a family of stacks that is small enough to be edited by chance, and has
 * everything in it that an edit can change.
 *
 * A model is a plain value: copying it is taking a note of it. Every unit of it makes some objects.
 * It is made so that what its program owns in the end depends neither on chance nor on time, nor on
 * what it was before, as far as the language promises that. Where it does not:
 *
 * - A handler that makes nothing leaves no record. What it has put into a field stays there when
 *   nobody says that event any more. So one who waits for an event goes when its source goes, and
 *   the text of such a handler is never edited (see withdraw()).
 * - A slice that makes nothing leaves no record either, so each makes something.
 * - A message is given up after five attempts, so fewer effects fail in one walk.
 * - The next worker of a pool takes the place of one that was lost, so those of pools are never
 *   lost unless they have names.
 * - No field has two writers, so none is ever left. */
#ifndef VED_TESTS_TORTURE_WALK_MODEL_H
#define VED_TESTS_TORTURE_WALK_MODEL_H

#include "controller/core/bindings.h"
#include "lang/base/buffer.h"
#include "lang/program.h"
#include "tests/lib/chance.h"

#define DOMAINS_MAX 4
#define UNITS_MAX 5
#define EMITS_MAX 4
#define EFFECTS_MAX 5 /* the last of them is Zone, of which a stack has one object at most */
#define ZONE (EFFECTS_MAX - 1)
#define ACTION EFFECTS_MAX
#define NAMES_MAX 12 /* of domains */
#define KEYS_MAX 3
#define MOVES_MAX (DOMAINS_MAX * (1 + UNITS_MAX * EMITS_MAX))
#define RELICS_MAX 8
#define RENAMED_MAX 4

/* ---- the family ---- */

typedef enum UnitKind {
    UNIT_ONCE,  /* a transition that runs once */
    UNIT_POOL,  /* one that counts up to a parameter */
    UNIT_LOOP,  /* one that runs once, and loops up to a parameter */
    UNIT_WAITS, /* one that runs once an event has come, with what came */
    UNIT_HEARS  /* a handler of an event that makes objects itself */
} UnitKind;

typedef struct Emit {
    uint32_t effect;
    uint32_t name;   /* number in its name; 0: it has none */
    uint32_t number; /* its size; 0: the domain's parameter */
    bool labelled;   /* it has the domain's label */
    bool on_result;  /* it stands on what the one before it, or the event, results in */
    bool echoes;     /* it has the size of what it stands on */
} Emit;

typedef struct Unit {
    uint32_t id; /* never used twice in a walk; 0: there is none */
    UnitKind kind;
    uint32_t title;  /* number in its transition's name; grows when it is renamed */
    bool anew;       /* the newest edit has renamed it without `moved` */
    uint32_t marker; /* the same of its field */
    uint32_t source; /* UNIT_WAITS, HEARS: the unit that says the event */
    uint32_t after;  /* unit of its domain that has run before; 0: none */
    uint32_t count;  /* UNIT_POOL, LOOP: the parameter */
    bool exact;      /* UNIT_POOL: its goal says == */
    bool strategy;   /* its goal names it */
    bool speaks;     /* it broadcasts what its first emission results in */
    uint32_t more;   /* fields that its event has more */
    uint32_t said;   /* what these say */
    bool acts;       /* it does something, too, that leaves no object */
    bool together;   /* its emissions are one `parallel`: none stands on another */
    bool protect;
    uint32_t emit_count;
    Emit emits[EMITS_MAX];
} Unit;

typedef struct Relic {
    uint32_t id, marker; /* of a field that is declared still, and used no more */
} Relic;

typedef struct Marking {
    uint32_t id, from, to; /* a field that the newest migration renames */
} Marking;

typedef struct Domain {
    bool exists;
    uint32_t birth; /* tells it from another one that has come into its place */
    bool is_zone;   /* it makes the zone and nothing else: who waits for that acts no further */
    uint32_t name;
    uint32_t version;
    bool keyed;
    bool started[KEYS_MAX];
    uint32_t key_size[KEYS_MAX];
    uint32_t size, label; /* the parameters */
    Relic relics[RELICS_MAX];
    size_t relic_count;
    Marking markings[RENAMED_MAX];
    size_t marking_count;
    Unit units[UNITS_MAX];
} Domain;

typedef struct EffectModel {
    uint32_t tier; /* default of its binding; 0: none */
    bool zoned;    /* its default refers to the zone */
    bool size_is_immutable, label_is_immutable;
    bool create_first;
    bool protect;
} EffectModel;

typedef struct Move {
    bool is_domain;
    uint32_t from_name, to_name; /* of domains; the same for a transition */
    uint32_t id, from_title, to_title, effect;
} Move;

typedef struct Model {
    uint32_t next_id;
    uint32_t versions[NAMES_MAX]; /* that a domain of that name had last */
    Domain domains[DOMAINS_MAX];
    EffectModel effects[EFFECTS_MAX];
    Move moves[MOVES_MAX];
    size_t move_count;
} Model;

extern const char *const effect_names[EFFECTS_MAX + 1]; /* and the action */

void model_make(Model *model, Chance *chance);

/* One to three edits; what they were is added to `said`. */
void model_edit(Model *model, Chance *chance, Buffer *said);

/* True if the model has anything that may not be destroyed. */
bool model_protects(const Model *model);

/* True if objects without a name may be lost that this made. */
bool model_may_lose(const Model *model, const char *where);

/* Its program, and what its effects are bound to. The caller frees the bindings. */
void model_write(const Model *model, Buffer *ret);
Bindings *model_bind(const Model *model, const Program *program);
void model_bindings_free(Bindings *bindings);

/* The name of its transition, or of its handler, as records have it. */
void unit_where(const Unit *unit, char *ret, size_t size);
bool unit_has_marker(const Unit *unit);
const char *domain_name(const Domain *domain);

#endif
