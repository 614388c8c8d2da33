/* What becomes of objects: every record is put to the new program, and is the same, stale, or
 * fades.
 */
#include <string.h>

#include "controller/core/evolution_private.h"
#include "controller/core/input.h"
#include "controller/core/origin.h"
#include "controller/core/proposal.h"
#include "controller/core/revise.h"
#include "lang/base/memory.h"
#include "lang/bytecode.h"

/* ---- protection ---- */

static const char *annotation_of(const Instance *owner, const char *where, Arena *arena)
{
    int index = domain_find_transition(owner->domain, where);

    if (index < 0 || !owner->domain->transitions[index].protect)
        return NULL;
    return arena_format(arena, "the @protect at %s",
                        program_line(owner->runtime->program,
                                     owner->domain->transitions[index].protect_span, arena));
}

static bool is_protected_by_binding(Passage *passage, const Object *object)
{
    const Program *program = passage->evolution->program;
    const EffectUse *use = object->owner->is_gone ? NULL : use_find(passage, object);

    return use != NULL && passage->evolution->bindings->effects[use - program->effects].protect;
}

static bool is_guarded(const Passage *passage, const Object *object)
{
    const Map *guarded = passage->evolution->guarded;

    return guarded != NULL && map_get(guarded, object->uid) != NULL;
}

/* What protects the object, in the program of before or in that of now; NULL: nothing. */
static const char *protection_of(Passage *passage, const Object *object)
{
    const Object *before = object_find(passage->old, object->uid);
    const char *text = NULL;

    if (before != NULL)
        text = annotation_of(before->owner, before->place.where, &passage->arena);
    if (text == NULL)
        text = annotation_of(object->owner, object->place.where, &passage->arena);
    if (text == NULL && is_protected_by_binding(passage, object))
        text = arena_format(&passage->arena, "`protect: true` in the binding of %s",
                            object->place.effect);
    if (text == NULL && is_guarded(passage, object))
        text = arena_format(&passage->arena,
                            "`protect: true` in the binding that %s was last applied with",
                            object->place.effect);
    return text;
}

int object_check_protection(Passage *passage, const Object *object, const char *would, Error *err)
{
    const char *protection = object->condemned ? NULL : protection_of(passage, object);

    if (protection == NULL)
        return 0;
    cleanup(free) char *address = object_address(object);
    return error_set(
        err, ERROR_DENIED,
        "this edit would %s %s, which is protected by %s: leave it as it is, or remove "
        "that first, apply, and then make this edit; nothing was touched",
        would, address, protection);
}

static int condemn(Passage *passage, Object *object, const char *because, Error *err)
{
    if (object_check_protection(passage, object, "destroy", err) < 0)
        return ERROR_DENIED;
    object_condemn(object, because);
    return 0;
}

/* ---- one record ---- */

typedef enum Verdict {
    VERDICT_SAME,
    VERDICT_STALE, /* it is computed again when its turn comes */
    VERDICT_FADES  /* nothing is left of it */
} Verdict;

typedef struct Judgement {
    Passage *passage;
    Instance *owner;
    Origin *origin;
    Recomputation now;
    bool ran;      /* `now` is what the program makes of it, to its end */
    bool *reached; /* of the record's effects: the program still emits them */
    const char *because;
    Verdict verdict;
} Judgement;

static void differs(Judgement *judgement, const char *because)
{
    if (judgement->verdict == VERDICT_SAME)
        judgement->because = because;
    judgement->verdict = VERDICT_STALE;
}

static void fades(Judgement *judgement, const char *because)
{
    judgement->verdict = VERDICT_FADES;
    judgement->because = because;
}

static const char *because(const Judgement *judgement)
{
    return because_of_slice(judgement->passage, judgement->owner, judgement->origin,
                            &judgement->now);
}

/* Its object, while this is the record of what it was last emitted by. */
static Object *effect_object(const Judgement *judgement, const OriginEffect *effect)
{
    Object *object = effect->verb == INTENT_PUT && effect->uid[0] != '\0'
                         ? object_find(judgement->passage->new, effect->uid)
                         : NULL;

    return object != NULL && object->origin == judgement->origin ? object : NULL;
}

static int judge_effect(Judgement *judgement, const RecomputedEffect *effect, Error *err)
{
    Passage *passage = judgement->passage;
    const BoundEffect *bound = &passage->evolution->bindings->effects[effect->output->use];

    if (effect->known != NULL)
        judgement->reached[effect->known - judgement->origin->effects] = true;
    if (effect->fit == FIT_SAME || effect->fit == FIT_APART)
        return 0;
    if (judgement->verdict == VERDICT_SAME)
        differs(judgement, effect->fit == FIT_NEW
                               ? because(judgement)
                               : because_of_effect(passage, judgement->owner, judgement->origin,
                                                   &judgement->now, effect));
    if (effect->object != NULL && effect_replaces(bound, effect->object, effect->arguments))
        return object_check_protection(passage, effect->object, "replace", err);
    return 0;
}

/* Something that it has an object of, or that is yet to be asked for. */
static bool emits_anything(const Judgement *judgement)
{
    for (size_t i = 0; i < judgement->now.effect_count; i++) {
        const RecomputedEffect *effect = &judgement->now.effects[i];
        if (effect->fit == FIT_NEW || effect->fit == FIT_OTHER ||
            effect_object(judgement, effect->known) != NULL)
            return true;
    }
    return false;
}

static int judge_effects(Judgement *judgement, Error *err)
{
    const Origin *origin = judgement->origin;

    judgement->reached = arena_array(&judgement->passage->scratch, bool, origin->effect_count);
    for (size_t i = 0; i < judgement->now.effect_count; i++)
        if (judge_effect(judgement, &judgement->now.effects[i], err) < 0)
            return err->code;
    if (origin->references > 0 && !emits_anything(judgement))
        fades(judgement, because(judgement));
    return 0;
}

static void note_left(const Judgement *judgement, const ProgramField *field)
{
    cleanup(free) char *owner = instance_label(judgement->owner);

    passage_note(
        judgement->passage,
        memory_format("field '%s' of %s stays as it is: %s would set it otherwise now, but "
                      "something else has set it since",
                      field->name, owner, judgement->origin->where));
}

/* What the slice would do to the fields is not what it did, and could still be done. A field that
 * something else has set since is left. */
static void judge_fields(Judgement *judgement)
{
    const Instance *owner = judgement->owner;
    const Recomputation *now = &judgement->now;

    for (size_t i = 0; i < owner->domain->field_count; i++) {
        const ProgramField *field = &owner->domain->fields[i];
        const OriginChange *change = origin_change(judgement->origin, field->name);
        bool sets = !value_equal(now->found[i], now->result.fields[i]);
        bool same =
            change != NULL ? sets && value_digest(now->result.fields[i]) == change->after : !sets;
        if (same || field->parameter)
            continue;
        if (field_is_untouched(owner, judgement->origin, i, change))
            differs(judgement, because(judgement));
        else if (change != NULL && sets)
            note_left(judgement, field);
    }
}

static void judge_emissions(Judgement *judgement)
{
    const Origin *origin = judgement->origin;
    Proposal proposal;
    size_t said = 0;
    bool same = true;

    proposal_make(judgement->owner, &judgement->now.result, &judgement->passage->scratch,
                  &proposal);
    for (size_t i = 0; i < proposal.emission_count && same; i++) {
        if (proposal.emissions[i].kind == OUTPUT_LOG)
            continue;
        same = said < origin->said_count &&
               emission_equal(&origin->said[said], &proposal.emissions[i]);
        said++;
    }
    if (!same || said != origin->said_count)
        differs(judgement, because(judgement));
}

static int refuse(const Judgement *judgement, const char *why, const char *remedy, Error *err)
{
    cleanup(free) char *owner = instance_label(judgement->owner);

    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-007]: what %s.%s has made cannot be passed on: %s: %s; nothing "
                     "was touched",
                     owner, judgement->origin->where, why, remedy);
}

static int judge_result(Judgement *judgement, Error *err)
{
    Recomputation *now = &judgement->now;

    switch (now->result.status) {
    case SLICE_FAULTED:
        return refuse(judgement,
                      arena_format(&judgement->passage->scratch,
                                   "in this program the slice faults: %s", now->result.fault),
                      "correct that, or undo the edit", err);
    case SLICE_UNKNOWN:
    case SLICE_LACKS_FACT:
    case SLICE_AWAITS:
        differs(judgement, because(judgement)); /* it depends on what is not known yet */
        return 0;
    case SLICE_DONE:
    case SLICE_YIELDED:
        break;
    }
    judgement->ran = true;
    if (judge_effects(judgement, err) < 0)
        return err->code;
    if (judgement->verdict != VERDICT_FADES) {
        judge_fields(judgement);
        judge_emissions(judgement);
    }
    return 0;
}

/* Behind a `yield` that is gone there is no text either. */
static bool judge_text(Judgement *judgement)
{
    const Origin *origin = judgement->origin;
    const Instance *owner = judgement->owner;

    if (origin_has_text(origin) &&
        origin->cause.yield <= cause_code(owner, &origin->cause)->yield_count)
        return true;
    fades(judgement, arena_format(&judgement->passage->arena, "%s.%s is gone", owner->domain->name,
                                  origin->where));
    return false;
}

static bool judge_locals(const Judgement *judgement)
{
    Origin *origin = judgement->origin;
    const Instance *before = instance_before(judgement->passage, judgement->owner);
    const Origin *former = before != NULL ? origin_find(before, origin->slice) : NULL;

    return former == NULL || origin_locals_pass(before, former, judgement->owner, origin);
}

static const char *unsaid_because(const Judgement *judgement)
{
    const char *text = judgement->origin->because;

    return arena_copy_string(&judgement->passage->arena,
                             text != NULL ? text : "what it handled is said no more");
}

static int judge(Judgement *judgement, Error *err)
{
    if (judgement->origin->unsaid) {
        fades(judgement, unsaid_because(judgement));
        return 0;
    }
    if (!judge_text(judgement))
        return 0;
    if (!judge_locals(judgement))
        return refuse(judgement, "behind its `yield` it goes on with other values than it kept",
                      "let what stands before the `yield` declare what it did, or undo the edit",
                      err);
    recompute(judgement->owner, judgement->origin, &judgement->passage->scratch, &judgement->now);
    return judge_result(judgement, err);
}

/* ---- what was said ---- */

/* The record of a slice that has handled it has nothing left to stand on. */
static void unsay_to(Instance *receiver, const char *where, const Emission *said, const char *what)
{
    Origin *origin = origin_that_handled(receiver, where, said->arguments, said->argument_count);
    cleanup(free) char *because = memory_format("%s is said no more", what);

    if (origin == NULL)
        return;
    origin->unsaid = true;
    origin_stale(receiver, origin, because);
}

static void message_unsay(Runtime *new, const Emission *said)
{
    Instance *receiver = instance_find(new, said->domain, said->key);
    const char *where =
        said->to_handler ? new->domains[said->domain].handlers[said->transition]
                         : new->program->domains[said->domain].transitions[said->transition].name;
    cleanup(free) char *what = memory_format("message %s", where);

    if (receiver != NULL)
        unsay_to(receiver, where, said, what);
}

static void event_unsay(Runtime *new, const Emission *said)
{
    const char *name = new->program->events[said->event].name;
    cleanup(free) char *what = memory_format("event %s", name);

    for (size_t d = 0; d < new->program->domain_count; d++)
        if (domain_find_handler(&new->program->domains[d], said->event) >= 0)
            for (Instance *i = new->domains[d].instances.first; i != NULL;
                 i = link_next(i, LIST_DOMAIN))
                unsay_to(i, name, said, what);
}

void said_withdraw(Runtime *new, uint32_t from, const Emission *said)
{
    if (said->kind == OUTPUT_MESSAGE)
        message_unsay(new, said);
    if (said->kind != OUTPUT_EVENT)
        return;
    if (!new->program->events[said->event].emitted)
        event_unsay(new, said);
    event_withdraw(new, from, said->event, said->arguments, said->argument_count);
}

/* ---- what follows ---- */

static bool is_reached(const Judgement *judgement, size_t effect)
{
    return judgement->verdict != VERDICT_FADES &&
           (judgement->reached == NULL || judgement->reached[effect]);
}

/* What is not emitted any more is destroyed, and the record forgets it: if it is emitted again, it
 * is new. */
static int drop_unreached(Judgement *judgement, Error *err)
{
    Origin *origin = judgement->origin;
    size_t kept = 0;
    int code = 0;

    for (size_t i = 0; i < origin->effect_count; i++) {
        OriginEffect *effect = &origin->effects[i];
        Object *object = is_reached(judgement, i) ? NULL : effect_object(judgement, effect);
        if (object == NULL || code < 0) {
            origin->effects[kept++] = *effect;
            continue;
        }
        const char *absence = because_of_absence(judgement->passage, object);
        const char *reason = judgement->because != NULL ? judgement->because : because(judgement);
        code = condemn(judgement->passage, object, absence != NULL ? absence : reason, err);
        object->origin = NULL;
        origin->references--;
        origin_effect_deinit(effect);
    }
    origin->effect_count = kept;
    return code;
}

/* A record whose slice has no objects any more. What its text still does holds. */
typedef struct Faded {
    Origin *origin;
    const char *because;
    Value *values; /* of the owner's fields: what those get that are `changed` */
    bool *changed;
    bool *is_said;  /* of what it had said: it still says it */
    bool says_more; /* and something else, which it is yet to be computed again for */
} Faded;

static void fade_fields(const Judgement *judgement, Faded *ret)
{
    const Instance *owner = judgement->owner;
    const Recomputation *now = &judgement->now;
    Arena *arena = &judgement->passage->arena;

    ret->values = arena_array(arena, Value, owner->domain->field_count);
    ret->changed = arena_array(arena, bool, owner->domain->field_count);
    for (size_t i = 0; i < owner->domain->field_count; i++) {
        const OriginChange *change =
            origin_change(judgement->origin, owner->domain->fields[i].name);
        bool sets = judgement->ran && !value_equal(now->found[i], now->result.fields[i]);
        bool same = sets && change != NULL && value_digest(now->result.fields[i]) == change->after;
        if (owner->domain->fields[i].parameter || same || (change == NULL && !sets))
            continue;
        ret->changed[i] = change != NULL || field_is_untouched(owner, judgement->origin, i, NULL);
        ret->values[i] = value_copy(arena, sets ? now->result.fields[i] : change->before);
    }
}

static bool take_said(const Origin *origin, const Emission *emission, bool *taken)
{
    for (size_t i = 0; i < origin->said_count; i++)
        if (!taken[i] && emission_equal(&origin->said[i], emission)) {
            taken[i] = true;
            return true;
        }
    return false;
}

static void fade_said(const Judgement *judgement, Faded *ret)
{
    Proposal proposal = {0};

    ret->is_said = arena_array(&judgement->passage->arena, bool, judgement->origin->said_count);
    if (judgement->ran)
        proposal_make(judgement->owner, &judgement->now.result, &judgement->passage->scratch,
                      &proposal);
    for (size_t i = 0; i < proposal.emission_count; i++)
        if (proposal.emissions[i].kind != OUTPUT_LOG &&
            !take_said(judgement->origin, &proposal.emissions[i], ret->is_said))
            ret->says_more = true;
}

/* What the fields of an instance will say, and why; NULL: they stay as they are. */
typedef struct PutBack {
    Value *values;
    const char **because;
} PutBack;

/* A field that still holds what the slice had set gets back what it had found. */
static void fields_put_back(const Instance *owner, const Faded *faded, PutBack *put_back)
{
    for (size_t i = 0; i < owner->domain->field_count; i++) {
        const OriginChange *change = origin_change(faded->origin, owner->domain->fields[i].name);
        if (!faded->changed[i] ||
            (change != NULL && change->after != value_digest(put_back->values[i])))
            continue;
        put_back->values[i] = faded->values[i];
        put_back->because[i] = faded->because;
    }
}

/* What it had done to the fields is undone, or others have set them since. */
static void changes_drop(const Instance *owner, const Faded *faded)
{
    Origin *origin = faded->origin;
    size_t kept = 0;

    for (size_t i = 0; i < origin->change_count; i++) {
        int field = domain_find_field(owner->domain, origin->changes[i].field);
        if (field >= 0 && !faded->changed[field]) {
            origin->changes[kept++] = origin->changes[i];
            continue;
        }
        free(origin->changes[i].field);
        value_free(origin->changes[i].before);
    }
    origin->change_count = kept;
}

/* What it had said and does not say any more is withdrawn; then it is no more, unless it has
 * something else to say. */
static void origin_fade(Instance *owner, const Faded *faded)
{
    Origin *origin = faded->origin;

    if (faded->says_more) {
        changes_drop(owner, faded);
        origin_stale(owner, origin, faded->because);
        return;
    }
    for (size_t i = 0; i < origin->said_count; i++)
        if (!faded->is_said[i])
            said_withdraw(owner->runtime, owner->domain_index, &origin->said[i]);
    origin_settle(origin);
    origin->vacant = false;
    origin->references++;
    origin_release(origin);
}

/* The records that remain follow what they had read there. */
static void fields_follow(Instance *owner, const PutBack *put_back)
{
    for (uint32_t i = 0; i < owner->domain->field_count; i++) {
        if (put_back->because[i] == NULL || value_equal(owner->fields[i], put_back->values[i]))
            continue;
        origins_follow(owner, i, put_back->values[i], put_back->because[i]);
        value_free(owner->fields[i]);
        owner->fields[i] = value_clone(put_back->values[i]);
    }
    instance_fields_set(owner);
}

/* Newest first, so that each finds what it had left. */
static void records_fade(Instance *owner, const Faded *faded, size_t count, Arena *arena)
{
    size_t field_count = owner->domain->field_count;
    PutBack put_back = {arena_array(arena, Value, field_count),
                        arena_array(arena, const char *, field_count)};

    for (size_t i = 0; i < field_count; i++)
        put_back.values[i] = owner->fields[i];
    for (size_t i = count; i-- > 0;) {
        fields_put_back(owner, &faded[i], &put_back);
        origin_fade(owner, &faded[i]);
    }
    fields_follow(owner, &put_back);
}

static int origin_pass(Passage *passage, Instance *owner, Origin *origin, Faded *faded,
                       size_t *faded_count, Error *err)
{
    Judgement judgement = {.passage = passage, .owner = owner, .origin = origin};

    if (judge(&judgement, err) < 0 || drop_unreached(&judgement, err) < 0)
        return err->code;
    switch (judgement.verdict) {
    case VERDICT_SAME:
        origin_settle(origin);
        break;
    case VERDICT_STALE:
        origin_stale(owner, origin, judgement.because);
        break;
    case VERDICT_FADES:
        origin_settle(origin);
        faded[*faded_count] = (Faded){.origin = origin, .because = judgement.because};
        fade_fields(&judgement, &faded[*faded_count]);
        fade_said(&judgement, &faded[(*faded_count)++]);
        break;
    }
    return 0;
}

/* Put the records to the program, all or those that are stale; those that come to nothing fade. */
static int records_pass(Passage *passage, Instance *instance, bool stale_only, size_t *ret_faded,
                        Error *err)
{
    Faded *faded = arena_array(&passage->arena, Faded, instance->has->origin_count);
    int code = 0;

    *ret_faded = 0;
    for (size_t i = 0; i < instance->has->origin_count && code == 0; i++) {
        if (!stale_only || instance->has->origins[i]->stale)
            code = origin_pass(passage, instance, instance->has->origins[i], faded, ret_faded, err);
        arena_reset(&passage->scratch);
    }
    if (code == 0 && *ret_faded > 0)
        records_fade(instance, faded, *ret_faded, &passage->arena);
    return code;
}

/* What no record speaks of goes with its place. */
static int object_pass(Passage *passage, Object *object, Error *err)
{
    const char *absence = object->origin == NULL && !object->condemned && !object->by_hand
                              ? because_of_absence(passage, object)
                              : NULL;
    int code = absence != NULL ? condemn(passage, object, absence, err) : 0;

    arena_reset(&passage->scratch);
    return code;
}

/* ---- instances that `system` does not start any more ---- */

static bool is_started(const Runtime *runtime, const Instance *instance)
{
    cleanup(free) char *label = instance_label(instance);

    return map_get(&runtime->system_starts, label) != NULL;
}

static int instance_stop(Passage *passage, Instance *instance, Error *err)
{
    cleanup(free) char *label = instance_label(instance);

    for (const Object *object = instance->has->first_object; object != NULL;
         object = object->owner_next)
        if (object_check_protection(passage, object, "destroy", err) < 0)
            return ERROR_DENIED;
    instance->stopping = true;
    passage_note(passage,
                 memory_format("instance %s is not started by `system` any more: it stops", label));
    return 0;
}

static int instances_stop(Passage *passage, Error *err)
{
    for (Instance *i = instance_first(passage->new); i != NULL; i = instance_next(i)) {
        const Instance *before = i->key != NULL ? instance_before(passage, i) : NULL;
        if (before != NULL && !i->stopping && is_started(passage->old, before) &&
            !is_started(passage->new, i) && instance_stop(passage, i, err) < 0)
            return err->code;
    }
    return 0;
}

/* ---- all of it ---- */

/* What has followed a field that was put back, or has handled what is said no more, may come to
 * nothing by that. */
static int all_records_pass(Passage *passage, Error *err)
{
    size_t faded = 0;
    bool first = true;

    do {
        faded = 0;
        for (Instance *i = instance_first(passage->new); i != NULL; i = instance_next(i)) {
            size_t count = 0;
            if (!i->is_gone && records_pass(passage, i, !first, &count, err) < 0)
                return err->code;
            faded += count;
        }
        first = false;
    } while (faded > 0);
    for (Instance *i = instance_first(passage->new); i != NULL; i = instance_next(i))
        origins_prune(i);
    return 0;
}

int objects_pass(Passage *passage, Error *err)
{
    Runtime *new = passage->new;

    if (all_records_pass(passage, err) < 0)
        return err->code;
    for (size_t i = 0; i < new->object_count; i++)
        if (object_pass(passage, new->objects[i], err) < 0)
            return err->code;
    return instances_stop(passage, err);
}
