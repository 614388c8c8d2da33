#include "earlier.h"

#include <string.h>

#include "controller/core/state.h"
#include "lang/base/memory.h"

/* One of a chain, the newest first. */
struct EarlierPut {
    const Intent *intent;
    EarlierPut *before;
    EarlierPut *all; /* of all chains, to be freed */
};

enum { MEANT = 1, DESTROYED = 2 }; /* values of `objects` */

Earlier *earlier_new(void)
{
    Earlier *earlier = memory_zero(1, sizeof *earlier);

    earlier->objects.borrows = true; /* the intents' own */
    return earlier;
}

void earlier_free(Earlier *earlier)
{
    if (earlier == NULL)
        return;
    map_deinit(&earlier->objects);
    map_deinit(&earlier->puts);
    map_deinit(&earlier->turns);
    map_deinit(&earlier->seen);
    for (EarlierPut *put = earlier->all, *next; put != NULL; put = next) {
        next = put->all;
        free(put);
    }
    free(earlier);
}

static char *name_key(const char *effect, const char *name)
{
    return name != NULL ? memory_format("%s \"%s", effect, name) : memory_copy_string(effect);
}

static char *turn_key(const Intent *intent)
{
    return memory_format("%d %s", (int)intent->verb, intent->place.effect);
}

static char *site_key(const Intent *intent)
{
    return memory_format("%d %u %s", (int)intent->verb, intent->place.site, intent->place.effect);
}

/* ---- taking up ---- */

static void turn_add(Earlier *earlier, const char *key)
{
    uintptr_t turns = (uintptr_t)map_get(&earlier->turns, key);

    map_put(&earlier->turns, key, (void *)(turns + 1));
}

/* The same object wanted once more stands for the time before. */
static void put_add(Earlier *earlier, const Intent *intent, const char *name)
{
    cleanup(free) char *key = name_key(intent->place.effect, name);
    EarlierPut *newest = map_get(&earlier->puts, key);

    if (newest != NULL && strcmp(newest->intent->uid, intent->uid) == 0) {
        newest->intent = intent;
        return;
    }
    EarlierPut *put = memory_alloc(sizeof *put);
    *put = (EarlierPut){intent, newest, earlier->all};
    earlier->all = put;
    map_put(&earlier->puts, key, put);
}

static void intent_add(Earlier *earlier, const Intent *intent)
{
    cleanup(free) char *turn = turn_key(intent), *site = site_key(intent);
    bool destroyed = intent->verb == INTENT_DELETE || earlier_destroys(earlier, intent->uid);

    map_put(&earlier->objects, intent->uid, (void *)(uintptr_t)(destroyed ? DESTROYED : MEANT));
    if (intent->replaces[0] != '\0' && !earlier_has(earlier, intent->replaces))
        map_put(&earlier->objects, intent->replaces, (void *)(uintptr_t)MEANT);
    turn_add(earlier, turn);
    turn_add(earlier, site);
    if (intent->verb != INTENT_PUT)
        return;
    put_add(earlier, intent, NULL);
    if (intent->name != NULL)
        put_add(earlier, intent, intent->name);
}

void earlier_extend(Earlier *earlier, Intent *const *intents, size_t count)
{
    for (; earlier->count < count; earlier->count++)
        intent_add(earlier, intents[earlier->count]);
}

void earlier_begin(Earlier *earlier)
{
    map_deinit(&earlier->seen);
}

/* ---- finding ---- */

bool earlier_has(const Earlier *earlier, const char *uid)
{
    return map_get(&earlier->objects, uid) != NULL;
}

bool earlier_destroys(const Earlier *earlier, const char *uid)
{
    return (uintptr_t)map_get(&earlier->objects, uid) == DESTROYED;
}

static EarlierPut *puts_of(const Earlier *earlier, const char *effect, const char *name)
{
    cleanup(free) char *key = name_key(effect, name);

    return map_get(&earlier->puts, key);
}

const Intent *earlier_named(const Earlier *earlier, const char *effect, const char *name)
{
    const EarlierPut *put = puts_of(earlier, effect, name);

    while (put != NULL && earlier_destroys(earlier, put->intent->uid))
        put = put->before;
    return put != NULL ? put->intent : NULL;
}

static bool was_made(const Earlier *earlier, const Runtime *runtime, const Intent *intent)
{
    const Object *object = object_find(runtime, intent->uid);

    return intent->state != INTENT_FAILED && (object == NULL || object->rank == 0) &&
           !earlier_destroys(earlier, intent->uid);
}

/* What is not of it any more never is again: it leaves the chain. */
const Intent *earlier_made(Earlier *earlier, const Runtime *runtime, const char *effect,
                           const char *name)
{
    EarlierPut *put = puts_of(earlier, effect, name);

    while (put != NULL && !was_made(earlier, runtime, put->intent))
        put = put->before;
    if (name == NULL && put != NULL)
        map_put(&earlier->puts, effect, put);
    return put != NULL ? put->intent : NULL;
}

static size_t turns_of(const Earlier *earlier, char *key)
{
    size_t turns = (size_t)(uintptr_t)map_get(&earlier->turns, key);

    free(key);
    return turns;
}

size_t earlier_turn(const Earlier *earlier, const Intent *intent)
{
    return turns_of(earlier, turn_key(intent));
}

size_t earlier_turn_of_site(const Earlier *earlier, const Intent *intent)
{
    return turns_of(earlier, site_key(intent));
}

Object *earlier_seen(const Earlier *earlier, const char *what)
{
    return map_get(&earlier->seen, what);
}

void earlier_see(Earlier *earlier, const char *what, Object *object)
{
    map_put(&earlier->seen, what, object);
}
