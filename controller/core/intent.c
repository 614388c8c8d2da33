#include "intent.h"

#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/keys.h"
#include "controller/core/recompute.h"
#include "lang/base/memory.h"

static Earlier *earlier_of(const Emitted *emitted)
{
    if (*emitted->index == NULL)
        *emitted->index = earlier_new();
    earlier_extend(*emitted->index, emitted->earlier, emitted->earlier_count);
    return *emitted->index;
}

static Object *object_named(const Emitted *emitted, const char *effect, const char *name)
{
    const ObjectRow *row = object_row_named(emitted->instance, effect, name);
    Object *object = row != NULL ? row->first : NULL;

    while (object != NULL && earlier_destroys(earlier_of(emitted), object->uid))
        object = object->rows[ROW_ADDRESS].next;
    return object;
}

/* The first that is in that state and not taken by this slice. */
static Object *object_at_place(const Emitted *emitted, const Place *place, ObjectState state)
{
    const ObjectRow *row = object_row_unnamed(emitted->instance, emitted->where, place->effect);
    Earlier *earlier = earlier_of(emitted);
    cleanup(free) char *what = memory_format("%d %u %s", (int)state, place->site, place->effect);
    Object *seen = earlier_seen(earlier, what);
    Object *object = seen != NULL ? seen->rows[ROW_ADDRESS].next : row != NULL ? row->first : NULL;

    for (; object != NULL; object = object->rows[ROW_ADDRESS].next) {
        earlier_see(earlier, what, object);
        if (object->state == state && object->place.site == place->site &&
            !earlier_has(earlier, object->uid))
            return object;
    }
    return NULL;
}

static const char *uid_of_named(const Emitted *emitted, const Intent *intent)
{
    const ObjectRow *row = object_row_named(emitted->instance, intent->place.effect, intent->name);

    for (const Object *object = row != NULL ? row->last : NULL; object != NULL;
         object = object->rows[ROW_ADDRESS].previous)
        if (object->exists && object->state != OBJECT_LEAVING &&
            !earlier_destroys(earlier_of(emitted), object->uid))
            return object->uid;
    return NULL;
}

/* The newest of that effect, whatever it is called. */
static const char *uid_of_newest(const Emitted *emitted, const Intent *intent)
{
    Earlier *earlier = earlier_of(emitted);
    const Object *seen = earlier_seen(earlier, intent->place.effect);
    Object *object = seen != NULL ? seen->owner_previous : emitted->instance->has->last_object;

    for (; object != NULL; object = object->owner_previous) {
        earlier_see(earlier, intent->place.effect, object);
        if (object->exists && object->state != OBJECT_LEAVING && object->state != OBJECT_LEFT &&
            strcmp(object->place.effect, intent->place.effect) == 0 &&
            !earlier_destroys(earlier, object->uid))
            return object->uid;
    }
    return NULL;
}

/* The object the emission means, in the order of language: which object an emission means. NULL: a
 * new one. */
static Object *object_meant(const Emitted *emitted, const Intent *intent)
{
    const Runtime *runtime = emitted->instance->runtime;
    Object *object = NULL;

    if (intent->name != NULL)
        return object_named(emitted, intent->place.effect, intent->name);
    if (runtime->left_count > 0)
        object = object_at_place(emitted, &intent->place, OBJECT_LEFT);
    if (object == NULL && runtime->lost_count > 0)
        object = object_at_place(emitted, &intent->place, OBJECT_LOST);
    return object;
}

static char *text_of_value(Value value)
{
    Buffer text = {0};

    if (value.type == VALUE_NULL)
        return NULL;
    value_print(&text, value);
    return buffer_take(&text);
}

/* What was done under that key; or at that place, with the same arguments: with other arguments it
 * is another deed. */
static const Deed *deed_find(const Emitted *emitted, const Intent *intent)
{
    cleanup(free) char *key =
        intent->key != NULL
            ? memory_format("%s:%s", intent->place.effect, intent->key)
            : memory_format("%s:%s%s:%u:%zu", emitted->where, intent->released ? "release " : "",
                            intent->place.effect, intent->place.site,
                            earlier_turn_of_site(earlier_of(emitted), intent));

    for (size_t i = 0; i < emitted->instance->has->deed_count; i++) {
        const Deed *deed = &emitted->instance->has->deeds[i];
        if (strcmp(deed->place_key, key) == 0 &&
            (deed->keyed ||
             ((intent->released || strcmp(deed->arguments, intent->arguments) == 0) &&
              !deed_is_of_another(emitted->instance, deed, emitted->cause))))
            return deed;
    }
    return NULL;
}

/* An action done before is not done again: its recorded answer is taken. */
static int action_recall(const Emitted *emitted, Intent *intent, Arena *arena,
                         const char **ret_text)
{
    const Deed *deed = deed_find(emitted, intent);

    if (deed == NULL)
        return 0;
    if (strcmp(deed->arguments, intent->arguments) == 0) {
        intent->state = INTENT_RECALLED;
        string_set(&intent->result, deed->result);
        return 0;
    }
    *ret_text = arena_format(arena,
                             "%s with idempotency_key \"%s\" was done with other arguments: "
                             "expected %s, found %s",
                             intent->place.effect, intent->key, deed->arguments, intent->arguments);
    return INTENT_FAULTS;
}

static char *action_address(const Emitted *emitted, const Intent *intent)
{
    cleanup(free) char *owner = instance_label(emitted->instance);
    const char *name = intent->name != NULL ? intent->name : intent->key;

    if (name != NULL)
        return memory_format("%s.%s[\"%s\"]", owner, intent->action, name);
    return memory_format("%s.%s.%s[%zu]", owner, emitted->where, intent->action,
                         earlier_turn(earlier_of(emitted), intent));
}

static char *effect_text(const EffectUse *use, const BoundEffect *bound)
{
    return memory_format("%s.%s", use->provider != NULL ? use->provider : bound->provider,
                         use->effect);
}

uint32_t intent_turn(Intent *const *earlier, size_t earlier_count, const Intent *intent)
{
    for (size_t i = earlier_count; i > 0; i--)
        if (earlier[i - 1]->verb == intent->verb &&
            earlier[i - 1]->place.site == intent->place.site &&
            strcmp(earlier[i - 1]->place.effect, intent->place.effect) == 0)
            return earlier[i - 1]->turn + 1;
    return 0;
}

static Intent *intent_new(const Emitted *emitted, IntentVerb verb)
{
    const Runtime *runtime = emitted->instance->runtime;
    const Output *output = emitted->output;
    const EffectUse *use = &runtime->program->effects[output->use];
    const BoundEffect *bound = &runtime->bindings->effects[output->use];
    Intent *intent = memory_zero(1, sizeof *intent);

    intent->number = emitted->number;
    intent->verb = verb;
    intent->provider = memory_copy_string(bound->provider);
    intent->action = memory_copy_string(bound->action);
    string_set(&intent->type, bound->type);
    intent->place = (Place){memory_copy_string(emitted->where), effect_text(use, bound), use->site};
    intent->name = text_of_value(output->name);
    intent->timeout_ms = bound->timeout_ms;
    return intent;
}

/* What a release destroys: the named object of its effect, or the newest. NULL: there is none, or
 * an aborted attempt has done it; what that made itself is made anew and goes anew. */
static const char *uid_released(const Emitted *emitted, const Intent *intent)
{
    const Intent *made = earlier_made(earlier_of(emitted), emitted->instance->runtime,
                                      intent->place.effect, intent->name);

    if (made != NULL)
        return made->uid;
    if (deed_find(emitted, intent) != NULL)
        return NULL;
    return intent->name != NULL ? uid_of_named(emitted, intent) : uid_of_newest(emitted, intent);
}

static Intent *release_make(const Emitted *emitted)
{
    Intent *intent = intent_new(emitted, INTENT_DELETE);

    intent->released = true;
    const char *uid = uid_released(emitted, intent);
    if (uid != NULL)
        memcpy(intent->uid, uid, UID_SIZE);
    else
        intent->state = INTENT_RECALLED;
    const Object *object = object_find(emitted->instance->runtime, intent->uid);
    if (object != NULL) {
        intent->address = object_address(object);
        string_set(&intent->provider, object->provider);
        string_set(&intent->action, object->action);
        string_set(&intent->type, object->type);
    } else if (uid == NULL) {
        intent->address = action_address(emitted, intent);
    }
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
    return intent;
}

static int release_check(const Emitted *emitted, Arena *arena, Intent **ret, const char **ret_text)
{
    Intent *intent = release_make(emitted);
    const Object *object = object_find(emitted->instance->runtime, intent->uid);

    if (object != NULL && object_is_protected(object)) {
        *ret_text =
            arena_format(arena,
                         "%s is protected, by @protect of '%s' or by `protect: true` in the "
                         "bindings: it is released once that is taken away and applied",
                         intent->address, object->place.where);
        intent_free(intent);
        return INTENT_FAULTS;
    }
    *ret = intent;
    return 0;
}

int intent_wish(const Emitted *emitted, Arena *arena, Intent **ret, const char **ret_text)
{
    const Runtime *runtime = emitted->instance->runtime;
    const Output *output = emitted->output;
    const BoundEffect *bound = &runtime->bindings->effects[output->use];
    char *arguments;

    int outcome = arguments_make(runtime, bound, output, arena, &arguments, ret_text);
    if (outcome != 0)
        return outcome;
    Intent *intent = intent_new(emitted, bound->is_action ? INTENT_ACTION : INTENT_PUT);
    intent->arguments = arguments;
    intent->key = text_of_value(output->key);
    if (intent->verb == INTENT_PUT && intent->name == NULL && intent->key != NULL)
        intent->name = memory_copy_string(intent->key); /* says which object is meant, like name: */
    intent->handled = output->handled;
    intent->unread = !output->has_result;
    intent->group = output->group;
    intent->turn = intent_turn(emitted->earlier, emitted->earlier_count, intent);
    *ret = intent;
    return 0;
}

/* It means that object, as it is to be from now on. */
static void intent_update(const Object *object, Intent *intent)
{
    memcpy(intent->uid, object->uid, UID_SIZE);
    intent->generation = object->generation + 1;
    intent->address = object_address(object);
    op_make(object->owner, intent->uid, intent->number, intent->op);
}

/* It means another one, which takes the place of that. */
static void intent_replace(const Object *object, Intent *intent)
{
    uid_make(object->owner, intent->number, intent->uid);
    memcpy(intent->replaces, object->uid, UID_SIZE);
    intent->generation = 1;
    intent->address = object_address(object);
    op_make(object->owner, intent->uid, intent->number, intent->op);
}

static int refuse_replacement(const Object *object, Arena *arena, const char **ret_text)
{
    cleanup(free) char *address = object_address(object);

    *ret_text = arena_format(arena, "%s would be replaced, but is protected", address);
    return INTENT_FAULTS;
}

static bool needs_another(const Object *object, const BoundEffect *bound, const char *arguments)
{
    return object->exists && effect_replaces(bound, object, arguments);
}

int intents_for(const Emitted *emitted, Object *object, Intent *intent, Arena *arena, Intents *ret,
                const char **ret_text)
{
    const BoundEffect *bound = &emitted->instance->runtime->bindings->effects[emitted->output->use];

    if (!needs_another(object, bound, intent->arguments)) {
        intent_update(object, intent);
    } else if (object_is_protected(object)) {
        intent_free(intent);
        return refuse_replacement(object, arena, ret_text);
    } else {
        if (!bound->create_first) {
            ret->items[ret->count++] = intent_destroy(object, emitted->number, 0);
            intent->number = emitted->number + 1;
        }
        intent_replace(object, intent);
    }
    ret->items[ret->count++] = intent;
    return 0;
}

/* An object that the same slice has emitted before is emitted once more. */
static void intent_again(const Emitted *emitted, const Intent *earlier, Intent *intent)
{
    memcpy(intent->uid, earlier->uid, UID_SIZE);
    intent->generation = earlier->generation + 1;
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
}

static void intent_begin(const Emitted *emitted, Intent *intent)
{
    uid_make(emitted->instance, intent->number, intent->uid);
    intent->generation = 1;
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
}

static int intent_act(const Emitted *emitted, Arena *arena, Intent *intent, const char **ret_text)
{
    intent->address = action_address(emitted, intent);
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
    int outcome = action_recall(emitted, intent, arena, ret_text);
    if (outcome != 0)
        intent_free(intent);
    return outcome;
}

int intent_complete(const Emitted *emitted, Arena *arena, Intent *intent, Intents *ret,
                    const char **ret_text)
{
    if (intent->verb == INTENT_ACTION) {
        ret->items[ret->count++] = intent;
        return intent_act(emitted, arena, intent, ret_text);
    }
    const Intent *earlier = intent->name != NULL ? earlier_named(earlier_of(emitted),
                                                                 intent->place.effect, intent->name)
                                                 : NULL;
    Object *object = earlier == NULL ? object_meant(emitted, intent) : NULL;
    if (object != NULL)
        return intents_for(emitted, object, intent, arena, ret, ret_text);
    if (earlier != NULL)
        intent_again(emitted, earlier, intent);
    else
        intent_begin(emitted, intent);
    ret->items[ret->count++] = intent;
    return 0;
}

int intent_make(const Emitted *emitted, Arena *arena, Intents *ret, const char **ret_text)
{
    Intent *intent;

    ret->count = 0;
    if (emitted->output->kind == OUTPUT_RELEASE) {
        ret->count = 1;
        return release_check(emitted, arena, ret->items, ret_text);
    }
    int outcome = intent_wish(emitted, arena, &intent, ret_text);
    return outcome != 0 ? outcome : intent_complete(emitted, arena, intent, ret, ret_text);
}

void intent_recall(const Emitted *emitted, const Object *object, Intent *intent)
{
    if (object != NULL) {
        memcpy(intent->uid, object->uid, UID_SIZE);
        intent->generation = object->generation;
    }
    intent->address = object != NULL ? object_address(object) : action_address(emitted, intent);
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
}

Intent *intent_released_before(const Emitted *emitted)
{
    Intent *intent = intent_new(emitted, INTENT_DELETE);

    intent->released = true;
    intent->state = INTENT_RECALLED;
    intent->address = action_address(emitted, intent);
    op_make(emitted->instance, intent->uid, intent->number, intent->op);
    return intent;
}

static Intent *intent_for_object(const Object *object, IntentVerb verb, uint64_t number,
                                 int64_t timeout_ms)
{
    Intent *intent = memory_zero(1, sizeof *intent);

    intent->number = number;
    intent->verb = verb;
    memcpy(intent->uid, object->uid, UID_SIZE);
    op_make(object->owner, object->uid, number, intent->op);
    intent->address = object_address(object);
    string_set(&intent->provider, object->provider);
    string_set(&intent->action, object->action);
    string_set(&intent->type, object->type);
    string_set(&intent->name, object->name);
    intent->place = (Place){memory_copy_string(object->place.where),
                            memory_copy_string(object->place.effect), object->place.site};
    intent->timeout_ms = timeout_ms;
    return intent;
}

Intent *intent_repair(Object *object, uint64_t number, int64_t timeout_ms)
{
    Intent *intent = intent_for_object(object, INTENT_PUT, number, timeout_ms);

    intent->generation = object->generation + 1;
    string_set(&intent->arguments, object->inputs);
    return intent;
}

Intent *intent_destroy(Object *object, uint64_t number, int64_t timeout_ms)
{
    return intent_for_object(object, INTENT_DELETE, number, timeout_ms);
}
