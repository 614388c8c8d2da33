/* Objects and deeds: what effects made and did, who owns it, and what it was made from. */
#include <assert.h>
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/origin.h"
#include "controller/core/resource.h"
#include "lang/base/memory.h"

/* ---- objects ---- */

/* It is known by the name and number of what it replaces, and stands where that stood. */
static void object_take_place(Object *object, const Intent *intent)
{
    const Object *former = object_find(object->owner->runtime, intent->replaces);

    if (former != NULL) {
        object->ordinal = former->ordinal;
        object->rank = former->rank;
    } else if (intent->name == NULL) {
        object->ordinal = object_row_number(
            object_row_unnamed(object->owner, intent->place.where, intent->place.effect));
    }
}

Object *object_want(Instance *owner, const Intent *intent)
{
    Runtime *runtime = owner->runtime;
    Object *object = object_find(runtime, intent->uid);

    if (object != NULL) {
        if (object->state != OBJECT_WANTED) /* wanted twice: a slice emitted its name again */
            object->before = object->state;
        object_spare(object);
        object_move(object, OBJECT_WANTED);
        return object;
    }
    object = memory_zero(1, sizeof *object);
    memcpy(object->uid, intent->uid, UID_SIZE);
    object->state = OBJECT_WANTED;
    object->before = OBJECT_WANTED;
    object->owner = owner;
    object->place = (Place){memory_copy_string(intent->place.where),
                            memory_copy_string(intent->place.effect), intent->place.site};
    object_take_place(object, intent);
    object->sequence = runtime->next_sequence++;
    string_set(&object->name, intent->name);
    string_set(&object->provider, intent->provider);
    string_set(&object->action, intent->action);
    string_set(&object->type, intent->type);
    object_add(runtime, object);
    return object;
}

void object_made(Object *object, const Intent *intent)
{
    object->exists = true;
    object->by_hand = false;
    object_drift(object, false);
    object->generation = intent->generation;
    bool other = !outputs_equal(object->outputs, intent->result);
    string_set(&object->inputs, intent->arguments);
    string_set(&object->outputs, intent->result);
    string_set(&object->external_id, intent->external_id);
    string_set(&object->reason, NULL);
    if (other)
        outputs_changed(object);
}

/* What an emission wanted and did not get goes back to what it was. */
static void object_unwant(Runtime *runtime, Object *object)
{
    if (object->exists || object->before != OBJECT_WANTED)
        object_move(object, object->before == OBJECT_WANTED ? OBJECT_LEFT : object->before);
    else
        object_remove(runtime, object);
}

static void deed_deinit(Deed *deed)
{
    free(deed->place_key);
    free(deed->arguments);
    free(deed->result);
    free(deed->where);
}

static char *deed_key(const Intent *intent)
{
    if (intent->key != NULL)
        return memory_format("%s:%s", intent->place.effect, intent->key);
    return memory_format("%s:%s%s:%u:%u", intent->place.where, intent->released ? "release " : "",
                         intent->place.effect, intent->place.site, intent->turn);
}

void deed_remember(Instance *instance, const Intent *intent)
{
    Deed deed = {
        .place_key = deed_key(intent),
        .keyed = intent->key != NULL,
        .arguments = memory_copy_string(intent->arguments != NULL ? intent->arguments : "{}"),
        .result = intent->result != NULL ? memory_copy_string(intent->result) : NULL,
        .where = memory_copy_string(intent->place.where),
        .message = instance->active->pending->cause.message,
        .of_run = instance->active->pending->cause.kind == CAUSE_RUN,
    };

    Holdings *holdings = instance_holdings(instance);
    memory_reserve_one(holdings->deeds, holdings->deed_count, holdings->deed_capacity);
    holdings->deeds[holdings->deed_count++] = deed;
}

static bool has_run_of(const Instance *instance, const char *where)
{
    for (size_t i = 0; i < instance->has->run_count; i++) {
        const Run *run = &instance->has->runs[i];
        Cause cause = {.transition = run->transition, .handler = run->handler, .timer = run->timer};
        if (strcmp(cause_where(instance, &cause), where) == 0)
            return true;
    }
    return false;
}

bool deed_is_of_another(const Instance *instance, const Deed *deed, const Cause *cause)
{
    if (deed->message != 0)
        return deed->message != cause->message &&
               mailbox_find(&instance->active->mailbox, deed->message) != NULL;
    return deed->of_run && cause->kind != CAUSE_RUN && has_run_of(instance, deed->where);
}

/* Forget those that are done again when they are emitted again: of one transition, or, with `where`
 * NULL, of these keys. */
static void deeds_drop(Instance *instance, const Cause *cause, const Map *keys, const char *where)
{
    size_t kept = 0;

    for (size_t i = 0; i < instance->has->deed_count; i++) {
        Deed *deed = &instance->has->deeds[i];
        bool is_meant = where != NULL ? strcmp(deed->where, where) == 0
                                      : map_get(keys, deed->place_key) != NULL;
        if (!deed->keyed && is_meant && !deed_is_of_another(instance, deed, cause))
            deed_deinit(deed);
        else
            instance->has->deeds[kept++] = *deed;
    }
    if (instance->has->deed_count > kept)
        instance_holdings(instance)->deed_count = kept;
}

/* The slice that did them has committed: another run of the same transition does them again. */
void deeds_commit(Instance *instance, const Pending *pending)
{
    cleanup(map_deinit) Map keys = {0};

    for (size_t i = 0; instance->has->deed_count > 0 && i < pending->intent_count; i++) {
        if (pending->intents[i]->verb == INTENT_PUT)
            continue;
        cleanup(free) char *key = deed_key(pending->intents[i]);
        map_put(&keys, key, instance);
    }
    deeds_drop(instance, &pending->cause, &keys, NULL);
}

/* Forget what aborted attempts of that transition had done: its run has committed. */
void deeds_forget(Instance *instance, const Cause *cause)
{
    if (instance->has->deed_count > 0)
        deeds_drop(instance, cause, NULL, cause_where(instance, cause));
}

/* ---- the end of a slice ---- */

/* It was asked for, and is not there; or the same slice has released it again. */
static void object_missed(Runtime *runtime, Object *object)
{
    if (object != NULL && object->state == OBJECT_WANTED)
        object_unwant(runtime, object);
}

static void object_ready(Runtime *runtime, Object *object)
{
    object_move(object, OBJECT_READY);
    object->repair_failures = 0;
    object->repair_due_ms = 0;
    if (object->rank == 0)
        object->rank = runtime->next_rank++;
}

/* What the runtime does by itself leaves objects those of the slice that first emitted them. */
static bool has_record(const Cause *cause)
{
    return cause->kind != CAUSE_REPAIR && cause->kind != CAUSE_STOP && cause->kind != CAUSE_CONDEMN;
}

static void object_record(Object *object, Origin *origin)
{
    origin->references++;
    origin_release(object->origin);
    object->origin = origin;
}

/* What the slice, computed again, has not reached: each that it has is among its effects. */
static void objects_unreached(const Instance *instance, Origin *origin, const char *because)
{
    Map reached = {0};

    for (size_t i = 0; i < origin->effect_count; i++)
        map_put(&reached, origin->effects[i].uid, origin->effects);
    for (Object *object = instance->has->first_object; object != NULL;
         object = object->owner_next) {
        if (object->origin != origin || map_get(&reached, object->uid) != NULL)
            continue;
        object->origin = NULL;
        origin_release(origin);
        object_condemn(object, because);
    }
    map_deinit(&reached);
}

/* The object that the intent has come to, if it is the slice's: what a slice computed again only
 * recalls may have been emitted by a later one since. */
static Object *object_of_slice(const Instance *instance, const Intent *intent, const Origin *origin)
{
    bool has = intent->verb == INTENT_PUT && intent->state != INTENT_FAILED;
    Object *object = has ? object_find(instance->runtime, intent->uid) : NULL;
    bool is_others = object != NULL && intent->state == INTENT_RECALLED && object->origin != origin;

    return is_others ? NULL : object;
}

/* The slice has a record, which its objects share. */
static void objects_record(Instance *instance, const Pending *pending)
{
    bool revised = pending->cause.kind == CAUSE_REVISE;
    const Origin *before = revised ? origin_find(instance, pending->cause.origin) : NULL;
    cleanup(free) char *because = memory_copy_string(
        revised && before->because != NULL ? before->because : "its slice was computed again");
    Origin *origin = origin_make(instance, pending);

    for (size_t i = 0; i < pending->intent_count; i++) {
        Object *object = object_of_slice(instance, pending->intents[i], origin);
        if (object != NULL)
            object_record(object, origin);
    }
    if (revised) {
        objects_unreached(instance, origin, because);
        resources_recheck(instance, pending, origin);
    }
    if (pending->outdated)
        origin_stale(instance, origin, "a result that it was made from changed");
    origin_release(origin);
}

void objects_commit(Instance *instance, const Pending *pending)
{
    Runtime *runtime = instance->runtime;
    bool any = pending->cause.kind == CAUSE_REVISE;

    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        Object *object = intent->verb == INTENT_PUT ? object_find(runtime, intent->uid) : NULL;
        if (intent->verb != INTENT_PUT || intent->state == INTENT_RECALLED)
            continue;
        if (intent->state != INTENT_APPLIED) {
            object_missed(runtime, object);
            continue;
        }
        any = true;
        if (object != NULL)
            object_ready(runtime, object);
    }
    if (any && has_record(&pending->cause))
        objects_record(instance, pending);
}

/* What it wished to destroy and did not stays what it was. */
static void object_stays(Object *object)
{
    if (object != NULL && object->state == OBJECT_LEAVING)
        object_move(object, object->before);
}

/* It was lost, and is there again: the record that is computed again has it still. */
static bool is_of_record(const Pending *pending, const Object *object)
{
    return pending->cause.kind == CAUSE_REVISE && object->before == OBJECT_LOST;
}

/* What the effects of a discarded slice made stays, to be taken up by the next attempt. */
void objects_discard(Runtime *runtime, const Pending *pending)
{
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        Object *object = object_find(runtime, intent->uid);
        if (intent->verb == INTENT_DELETE)
            object_stays(object);
        if (intent->verb != INTENT_PUT || intent->state == INTENT_RECALLED || object == NULL)
            continue;
        if (intent->state != INTENT_APPLIED || object->before == OBJECT_READY)
            object_unwant(runtime, object);
        else
            object_move(object, is_of_record(pending, object) ? OBJECT_READY : OBJECT_LEFT);
    }
}

/* ---- protection ---- */

static bool is_protected_by_text(const Object *object)
{
    const ProgramDomain *domain = object->owner->domain;
    int transition = domain_find_transition(domain, object->place.where);

    return transition >= 0 && domain->transitions[transition].protect;
}

static bool is_protected_by_binding(const Object *object)
{
    const Runtime *runtime = object->owner->runtime;
    const Bindings *bindings = runtime->bindings;
    const char *dot = strrchr(object->place.effect, '.');
    const char *effect = dot != NULL ? dot + 1 : object->place.effect;

    for (size_t i = 0; bindings != NULL && i < bindings->effect_count; i++)
        if (bindings->effects[i].protect &&
            strcmp(bindings->effects[i].provider, object->provider) == 0 &&
            strcmp(runtime->program->effects[i].effect, effect) == 0)
            return true;
    return false;
}

bool object_is_protected(const Object *object)
{
    return is_protected_by_text(object) || is_protected_by_binding(object);
}

const Object *instance_protected(const Instance *instance)
{
    const Runtime *runtime = instance->runtime;

    for (size_t i = 0; i < runtime->object_count; i++)
        if (runtime->objects[i]->owner == instance && object_is_protected(runtime->objects[i]))
            return runtime->objects[i];
    return NULL;
}
