#include "controller/core/manual.h"

#include <string.h>

#include "controller/core/address.h"
#include "controller/core/keys.h"
#include "controller/core/manual_private.h"
#include "lang/base/memory.h"
#include "lang/suggest.h"

#define SUGGESTED_FROM_MAX 5000 /* objects; of more, people look for themselves */

/* ---- what an address means ---- */

static Object *object_at(const Runtime *runtime, const char *address)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        cleanup(free) char *other = object_address(runtime->objects[i]);
        if (strcmp(other, address) == 0)
            return runtime->objects[i];
    }
    return NULL;
}

static void no_object(const Runtime *runtime, const char *address, Arena *arena, Error *err)
{
    Suggestion suggestion = suggest_begin(address);

    for (size_t i = 0; i < runtime->object_count && i < SUGGESTED_FROM_MAX; i++) {
        cleanup(free) char *other = object_address(runtime->objects[i]);
        suggest_try(&suggestion, arena_copy_string(arena, other));
    }
    if (suggestion.best != NULL)
        error_set(err, ERROR_USAGE, "the state owns no '%.300s': did you mean '%.300s'?", address,
                  suggestion.best);
    else
        error_set(err, ERROR_USAGE,
                  "the state owns no '%.300s': `ved get resources` prints the addresses", address);
}

static int expect_object(const char *text, const Address *address, Error *err)
{
    if (address->effect != NULL)
        return 0;
    return error_set(err, ERROR_USAGE, "'%.300s' is a domain: expected the address of an object",
                     text);
}

int manual_find(const Runtime *runtime, const char *address, Object **ret, Error *err)
{
    Object *object = object_at(runtime, address);
    Arena arena = {0};
    Address parsed;

    if (object == NULL) {
        if (address_parse(address, &arena, &parsed, err) == 0 &&
            expect_object(address, &parsed, err) == 0)
            no_object(runtime, address, &arena, err);
        arena_deinit(&arena);
        return ERROR_USAGE;
    }
    *ret = object;
    return 0;
}

/* What an attempt or a destruction is about is not touched by hand meanwhile. */
static int check_at_rest(const Object *object, const char *address, Error *err)
{
    if (object->state != OBJECT_WANTED && object->state != OBJECT_LEAVING &&
        object->leaving == NULL)
        return 0;
    return error_set(
        err, ERROR_USAGE,
        "%.300s is being %s: its outcome must be known first; `ved apply` finds it out", address,
        object->state == OBJECT_WANTED ? "made" : "destroyed");
}

static int find_at_rest(const Runtime *runtime, const char *address, Object **ret, Error *err)
{
    if (manual_find(runtime, address, ret, err) < 0)
        return ERROR_USAGE;
    return check_at_rest(*ret, address, err);
}

/* ---- places of the program ---- */

static bool is_action(const Runtime *runtime, const EffectUse *use)
{
    return runtime->bindings != NULL &&
           runtime->bindings->effects[use - runtime->program->effects].is_action;
}

static bool site_is_free(const Instance *owner, const EffectUse *use, const char *where)
{
    const Object *object = owner != NULL ? owner->has->first_object : NULL;

    for (; object != NULL; object = object->owner_next) {
        const char *dot = strrchr(object->place.effect, '.');
        if (object->name == NULL && object->place.site == use->site &&
            strcmp(object->place.where, where) == 0 &&
            strcmp(dot != NULL ? dot + 1 : object->place.effect, use->effect) == 0)
            return false;
    }
    return true;
}

/* How well the emission fits the address; 0: not. */
static int use_fit(const Runtime *runtime, const Instance *owner, const EffectUse *use,
                   const Address *address, const char *preferred)
{
    const char *where = effect_use_where(runtime->program, use);
    bool named = use->has_name || use->has_key;

    if (use->releases || is_action(runtime, use) || strcmp(use->effect, address->effect) != 0 ||
        named != (address->name != NULL))
        return 0;
    if (named)
        return preferred != NULL && strcmp(where, preferred) == 0 ? 2 : 1;
    if (strcmp(where, address->where) != 0)
        return 0;
    return site_is_free(owner, use, where) ? 2 : 1;
}

static void no_place(const Runtime *runtime, uint32_t domain, const char *text,
                     const Address *address, Arena *arena, Error *err)
{
    const Program *program = runtime->program;
    cleanup(free) char *label = instance_label_of(&program->domains[domain], address->key);
    Suggestion suggestion = suggest_begin(text);

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        if (use->domain != domain || use->releases || is_action(runtime, use))
            continue;
        suggest_try(&suggestion, use->has_name || use->has_key
                                     ? arena_format(arena, "%s.%s[\"%s\"]", label, use->effect,
                                                    address->name != NULL ? address->name : "NAME")
                                     : arena_format(arena, "%s.%s.%s[%u]", label,
                                                    effect_use_where(runtime->program, use),
                                                    use->effect, address->ordinal));
    }
    if (suggestion.best != NULL)
        error_set(err, ERROR_USAGE,
                  "the program has no emission for '%.300s': did you mean '%.300s'?", text,
                  suggestion.best);
    else
        error_set(err, ERROR_USAGE,
                  "the program has no emission for '%.300s': write one into it first", text);
}

static int find_domain(const Runtime *runtime, const char *name, uint32_t *ret, Error *err)
{
    int domain = program_find_domain(runtime->program, name);
    Suggestion suggestion = suggest_begin(name);

    if (domain >= 0) {
        *ret = (uint32_t)domain;
        return 0;
    }
    suggest_try_map(&suggestion, &runtime->program->domain_names);
    if (suggestion.best != NULL)
        error_set(err, ERROR_USAGE, "the program has no domain '%.200s': did you mean '%s'?", name,
                  suggestion.best);
    else
        error_set(err, ERROR_USAGE,
                  "the program has no domain '%.200s': `ved get domains` prints them", name);
    return ERROR_USAGE;
}

/* The best emission for the address, which is in that domain; of equally good ones the first. */
static int find_use(const Runtime *runtime, uint32_t domain, const char *text,
                    const Address *address, const char *preferred, Arena *arena,
                    const EffectUse **ret, Error *err)
{
    const Program *program = runtime->program;
    const Instance *owner = instance_find(runtime, domain, address->key);
    const EffectUse *best = NULL;
    int best_fit = 0;

    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        int fit = use->domain == domain ? use_fit(runtime, owner, use, address, preferred) : 0;
        if (fit > best_fit) {
            best_fit = fit;
            best = use;
        }
    }
    if (best != NULL) {
        *ret = best;
        return 0;
    }
    no_place(runtime, domain, text, address, arena, err);
    return ERROR_USAGE;
}

static int check_is_free(const Runtime *runtime, const char *address, Error *err)
{
    if (object_at(runtime, address) == NULL)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "the state owns an object at '%.300s' already: `ved forget` or `ved state mv` "
                     "it first",
                     address);
}

static Seat seat_of(const Runtime *runtime, const EffectUse *use, const Address *address)
{
    return (Seat){.where = effect_use_where(runtime->program, use),
                  .site = use->site,
                  .ordinal = address->ordinal,
                  .name = address->name};
}

int manual_seat(const Runtime *runtime, const char *text, Arena *arena, Seat *ret, Error *err)
{
    const EffectUse *use;
    uint32_t domain;
    Address address;

    if (address_parse(text, arena, &address, err) < 0 || expect_object(text, &address, err) < 0 ||
        check_is_free(runtime, text, err) < 0 ||
        find_domain(runtime, address.domain, &domain, err) < 0 ||
        find_use(runtime, domain, text, &address, NULL, arena, &use, err) < 0)
        return err->code;
    const BoundEffect *bound = &runtime->bindings->effects[use - runtime->program->effects];
    *ret = seat_of(runtime, use, &address);
    ret->effect = arena_format(
        arena, "%s.%s", use->provider != NULL ? use->provider : bound->provider, use->effect);
    ret->provider = bound->provider;
    ret->action = bound->action;
    ret->type = bound->type;
    return 0;
}

/* ---- the edits ---- */

static int edit_forget(Turn *turn, const ManualEdit *edit, Error *err)
{
    Object *object;

    if (find_at_rest(turn->runtime, edit->address, &object, err) < 0)
        return err->code;
    Record record = {.type = RECORD_FORGET, .uid = arena_copy_string(turn->arena, object->uid)};
    turn_record(turn, &record);
    return 0;
}

/* Only what a slice has made can be made again by it. */
static int check_replaceable(const Object *object, const char *address, Error *err)
{
    const char *why = NULL;

    if (object->state == OBJECT_LOST)
        why = "is lost: `ved apply` makes it again by itself";
    else if (object->condemned)
        why = "is about to be destroyed";
    else if (object->state == OBJECT_LEFT && object->by_hand)
        why = "has been put there by hand, and no emission has taken it up yet";
    else if (object->state == OBJECT_LEFT)
        why = "was left by an attempt that failed; the next one takes it up";
    else if (object->origin == NULL)
        why = "has no record of the slice that made it, which could make it again: emit it with "
              "another name, or `ved destroy`";
    if (why != NULL)
        return error_set(err, ERROR_USAGE, "%.300s %s", address, why);
    if (!object_is_protected(object))
        return 0;
    return error_set(err, ERROR_DENIED,
                     "%.300s is protected, by @protect of '%s' or by `protect: true` in the "
                     "bindings: take that away and `ved apply`, then replace; nothing was touched",
                     address, object->place.where);
}

static int edit_replace(Turn *turn, const ManualEdit *edit, Error *err)
{
    Object *object;

    if (find_at_rest(turn->runtime, edit->address, &object, err) < 0 ||
        check_replaceable(object, edit->address, err) < 0)
        return err->code;
    Record record = {.type = RECORD_MARK, .uid = object->uid, .text = "ved replace"};
    turn_record(turn, &record);
    return 0;
}

static Instance *find_instance(const Runtime *runtime, const Address *address, Error *err)
{
    uint32_t domain;

    if (find_domain(runtime, address->domain, &domain, err) < 0)
        return NULL;
    Instance *instance = instance_find(runtime, domain, address->key);
    if (instance != NULL)
        return instance;
    cleanup(free) char *label = instance_label_of(&runtime->program->domains[domain], address->key);
    error_set(err, ERROR_USAGE,
              "'%.300s' has not started: `ved get domains` prints those that have", label);
    return NULL;
}

int manual_instance(const Runtime *runtime, const char *text, Instance **ret, Error *err)
{
    Arena arena = {0};
    Address address;
    int code = address_parse(text, &arena, &address, err);

    *ret = NULL;
    if (code == 0 && address.effect != NULL)
        code = error_set(err, ERROR_USAGE, "'%.300s' is an object: expected a domain", text);
    if (code == 0)
        *ret = find_instance(runtime, &address, err);
    arena_deinit(&arena);
    return *ret != NULL ? 0 : err->code;
}

/* The effect is the same if the text there spells it like the object's, or says no provider. */
static int check_effect(const Object *object, const EffectUse *use, const char *address,
                        const char *to, Error *err)
{
    const char *dot = strrchr(object->place.effect, '.');
    const char *effect = dot != NULL ? dot + 1 : object->place.effect;
    size_t size = dot != NULL ? (size_t)(dot - object->place.effect) : 0;

    if (strcmp(use->effect, effect) == 0 &&
        (use->provider == NULL ||
         (strlen(use->provider) == size && memcmp(use->provider, object->place.effect, size) == 0)))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "%.300s is of effect %s, and what the program emits at '%.300s' is %s%s%s: "
                     "expected a place of the same effect",
                     address, object->place.effect, to, use->provider != NULL ? use->provider : "",
                     use->provider != NULL ? "." : "", use->effect);
}

/* Where `object` would stand as the address `to` says, which is free. */
static int seat_make(Turn *turn, const Object *object, const char *to, const Address *address,
                     const Instance *owner, Record *ret, Error *err)
{
    cleanup(free) char *from = object_address(object);
    const EffectUse *use;

    if (check_at_rest(object, from, err) < 0 ||
        find_use(turn->runtime, owner->domain_index, to, address,
                 object->owner == owner ? object->place.where : NULL, turn->arena, &use, err) < 0 ||
        check_effect(object, use, from, to, err) < 0)
        return err->code;
    ret->seat = seat_of(turn->runtime, use, address);
    ret->seat.effect = arena_copy_string(turn->arena, object->place.effect);
    if (ret->seat.name == NULL && object->name == NULL && object->owner == owner &&
        strcmp(object->place.where, ret->seat.where) == 0)
        ret->seat.site = object->place.site; /* only its number is another one */
    return 0;
}

static int move_object(Turn *turn, const ManualEdit *edit, const Address *to, Error *err)
{
    Object *object = NULL;
    Record record = {.type = RECORD_MOVE};

    if (expect_object(edit->to, to, err) < 0 ||
        manual_find(turn->runtime, edit->address, &object, err) < 0)
        return err->code;
    if (object == object_at(turn->runtime, edit->to))
        return error_set(err, ERROR_USAGE, "%.300s is there already: expected another address",
                         edit->to);
    if (check_is_free(turn->runtime, edit->to, err) < 0)
        return err->code;
    record.instance = find_instance(turn->runtime, to, err);
    if (record.instance == NULL ||
        seat_make(turn, object, edit->to, to, record.instance, &record, err) < 0)
        return err->code;
    record.uid = object->uid;
    turn_record(turn, &record);
    return 0;
}

/* The same place in another instance. */
static int seat_in(Turn *turn, const Object *object, Instance *to, Record *ret, Error *err)
{
    cleanup(free) char *label = instance_label(to);
    const char *dot = strrchr(object->place.effect, '.');
    Address address = {
        .domain = to->domain->name,
        .key = to->key,
        .where = arena_copy_string(turn->arena, object->place.where),
        .effect = arena_copy_string(turn->arena, dot != NULL ? dot + 1 : object->place.effect),
        .ordinal = object->ordinal};
    const char *text;

    if (object->name != NULL) {
        address.name = arena_copy_string(turn->arena, object->name);
        text = arena_format(turn->arena, "%s.%s[\"%s\"]", label, address.effect, address.name);
    } else {
        text = arena_format(turn->arena, "%s.%s.%s[%u]", label, address.where, address.effect,
                            address.ordinal);
    }
    *ret = (Record){
        .type = RECORD_MOVE, .instance = to, .uid = arena_copy_string(turn->arena, object->uid)};
    return seat_make(turn, object, text, &address, to, ret, err);
}

static int check_is_empty(const Instance *to, const char *text, Error *err)
{
    if (to->has->object_count == 0)
        return 0;
    return error_set(
        err, ERROR_USAGE,
        "'%.300s' owns %zu object%s: only a domain that owns none takes another one's; "
        "move them one by one, by their addresses",
        text, to->has->object_count, to->has->object_count == 1 ? "" : "s");
}

/* All or none: the records are made before the first is applied. Where nothing is, every address is
 * free. */
static int move_instance(Turn *turn, const ManualEdit *edit, const Address *from, const Address *to,
                         Error *err)
{
    Instance *instance = find_instance(turn->runtime, from, err);
    Instance *target = instance != NULL ? find_instance(turn->runtime, to, err) : NULL;
    size_t count = 0;

    if (target == NULL)
        return err->code;
    if (to->effect != NULL || instance == target)
        return error_set(err, ERROR_USAGE,
                         "'%.300s' is a domain: expected another domain, found "
                         "'%.300s'",
                         edit->address, edit->to);
    if (check_is_empty(target, edit->to, err) < 0)
        return err->code;
    Record *records = arena_array(turn->arena, Record, instance->has->object_count);
    for (const Object *object = instance->has->first_object; object != NULL;
         object = object->owner_next)
        if (seat_in(turn, object, target, &records[count++], err) < 0)
            return err->code;
    if (count == 0)
        return error_set(err, ERROR_USAGE, "'%.300s' owns no objects", edit->address);
    for (size_t i = 0; i < count; i++)
        turn_record(turn, &records[i]);
    return 0;
}

static int edit_move(Turn *turn, const ManualEdit *edit, Error *err)
{
    Address from, to;

    if (address_parse(edit->address, turn->arena, &from, err) < 0 ||
        address_parse(edit->to, turn->arena, &to, err) < 0)
        return err->code;
    if (from.effect == NULL)
        return move_instance(turn, edit, &from, &to, err);
    return move_object(turn, edit, &to, err);
}

/* The owner of a place; one that the program starts is started for it. */
static Instance *owner_make(Turn *turn, const Address *address, Error *err)
{
    int domain = program_find_domain(turn->runtime->program, address->domain);
    Instance *owner = instance_find(turn->runtime, (uint32_t)domain, address->key);

    if (owner == NULL)
        owner = instance_start_declared(turn, (uint32_t)domain, address->key);
    return owner != NULL ? owner : find_instance(turn->runtime, address, err);
}

static int edit_import(Turn *turn, const ManualEdit *edit, Error *err)
{
    Record record = {.type = RECORD_IMPORT,
                     .intent = turn->runtime->next_intent,
                     .external_id = edit->external_id,
                     .result = edit->outputs};
    char uid[UID_SIZE];
    Address address;

    if (manual_seat(turn->runtime, edit->address, turn->arena, &record.seat, err) < 0 ||
        address_parse(edit->address, turn->arena, &address, err) < 0)
        return err->code;
    record.instance = owner_make(turn, &address, err);
    if (record.instance == NULL)
        return err->code;
    uid_make(record.instance, record.intent, uid);
    record.uid = uid;
    turn_record(turn, &record);
    return 0;
}

int manual_edit(Runtime *runtime, const ManualEdit *edit, uint64_t now_ms, Effects *effects,
                Error *err)
{
    const RuntimeOptions options = {0};
    Turn turn = {runtime, &options, now_ms, effects, &effects->arena};

    effects_reset(effects);
    if (runtime->destroying && edit->kind != MANUAL_FORGET)
        return error_set(err, ERROR_USAGE,
                         "a destroy is half done: `ved destroy` brings it to its end first, and "
                         "`ved forget` lets go of what cannot be destroyed");
    switch (edit->kind) {
    case MANUAL_FORGET:
        return edit_forget(&turn, edit, err);
    case MANUAL_REPLACE:
        return edit_replace(&turn, edit, err);
    case MANUAL_MOVE:
        return edit_move(&turn, edit, err);
    case MANUAL_IMPORT:
        return edit_import(&turn, edit, err);
    case MANUAL_REDELIVER:
        return edit_redeliver(&turn, edit, err);
    case MANUAL_RESUME:
        return edit_resume(&turn, edit, err);
    case MANUAL_RESOLVE:
        return edit_resolve(&turn, edit, err);
    }
    return error_set(err, ERROR_INTERNAL, "edit of kind %d", (int)edit->kind);
}
