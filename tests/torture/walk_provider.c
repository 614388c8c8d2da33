#include "tests/torture/walk_provider.h"

#include <inttypes.h>
#include <string.h>

#include "lang/base/memory.h"

#define DEPTH_MAX 16 /* of objects that stand on each other */

Thing *provider_find(const Provider *provider, const char *uid)
{
    for (size_t i = 0; i < provider->count; i++)
        if (strcmp(provider->things[i].uid, uid) == 0)
            return &provider->things[i];
    return NULL;
}

void provider_deinit(Provider *provider)
{
    for (size_t i = 0; i < provider->count; i++) {
        free(provider->things[i].address);
        free(provider->things[i].effect);
        free(provider->things[i].arguments);
    }
    for (size_t i = 0; i < provider->deal_count; i++) {
        free(provider->deals[i].line);
        free(provider->deals[i].result);
    }
    free(provider->things);
    free(provider->deals);
}

/* ---- asking ---- */

static const char *verb_name(IntentVerb verb)
{
    switch (verb) {
    case INTENT_PUT:
        return "put";
    case INTENT_ACTION:
        return "run";
    case INTENT_DELETE:
        return "delete";
    }
    return "";
}

static bool member_differs(const char *before, const char *after, const char *member)
{
    cleanup(json_free) Json *was = NULL;
    cleanup(json_free) Json *is = NULL;

    json_parse_own(before, strlen(before), &was, NULL);
    json_parse_own(after, strlen(after), &is, NULL);
    const Json *a = json_get(was, member), *b = json_get(is, member);
    return (a == NULL) != (b == NULL) || (a != NULL && !json_equal(a, b));
}

/* Of what exists some parameters cannot be changed. */
static void immutable_check(World *world, const Intent *intent, const Thing *thing)
{
    for (size_t i = 0; i < world->bindings->effect_count; i++) {
        const BoundEffect *bound = &world->bindings->effects[i];
        if (strcmp(bound->action, intent->action) != 0)
            continue;
        for (size_t k = 0; k < bound->immutable_count; k++)
            if (member_differs(thing->arguments, intent->arguments, bound->immutable[k]))
                world_wrong(world, "%s exists, and its '%s' is changed, which is immutable",
                            intent->address, bound->immutable[k]);
    }
}

static char *thing_put(World *world, const Intent *intent)
{
    Provider *provider = &world->provider;
    Thing *thing = provider_find(provider, intent->uid);

    if (thing == NULL) {
        memory_reserve_one(provider->things, provider->count, provider->capacity);
        thing = &provider->things[provider->count++];
        *thing = (Thing){.effect = memory_copy_string(intent->action)};
        memcpy(thing->uid, intent->uid, UID_SIZE);
    } else if (thing->deleted) {
        world_wrong(world, "%s is made again under the uid %s, which was destroyed",
                    intent->address, intent->uid);
    } else if (thing->exists) {
        immutable_check(world, intent, thing);
    }
    if (strcmp(thing->effect, intent->action) != 0)
        world_wrong(world, "%s is made under the uid %s of a %s", intent->address, intent->uid,
                    thing->effect);
    if (!thing->exists)
        thing->birth = ++provider->next_birth;
    thing->exists = true;
    string_set(&thing->address, intent->address);
    string_set(&thing->arguments, intent->arguments);
    cleanup(json_free) Json *arguments = NULL;
    json_parse_own(intent->arguments, strlen(intent->arguments), &arguments, NULL);
    return memory_format("{\"id\":\"<%" PRIu64 ">\",\"size\":%" PRId64 "}", thing->birth,
                         json_get_int(arguments, "size", 0));
}

static void thing_delete(World *world, const Intent *intent)
{
    Thing *thing = provider_find(&world->provider, intent->uid);

    if (thing == NULL)
        return;
    thing->exists = false;
    thing->deleted = true;
}

static size_t deal_find(const Provider *provider, const char *op)
{
    size_t i = 0;

    while (i < provider->deal_count && strcmp(provider->deals[i].op, op) != 0)
        i++;
    return i;
}

size_t provider_ask(World *world, const Intent *intent)
{
    Provider *provider = &world->provider;
    size_t index = deal_find(provider, intent->op);
    cleanup(free) char *line =
        memory_format("%s %s %s", verb_name(intent->verb), intent->uid,
                      intent->verb == INTENT_DELETE ? "" : intent->arguments);

    if (index < provider->deal_count) {
        if (strcmp(provider->deals[index].line, line) != 0)
            world_wrong(world, "the key %s meant '%s', and now '%s'", intent->op,
                        provider->deals[index].line, line);
        return index;
    }
    memory_reserve_one(provider->deals, provider->deal_count, provider->deal_capacity);
    Deal *deal = &provider->deals[provider->deal_count++];
    *deal = (Deal){.line = take(line), .applied = provider->failing == 0};
    memcpy(deal->op, intent->op, OP_SIZE);
    if (provider->failing > 0)
        provider->failing--;
    else if (intent->verb == INTENT_PUT)
        deal->result = thing_put(world, intent);
    else if (intent->verb == INTENT_DELETE)
        thing_delete(world, intent);
    else
        deal->result = memory_copy_string("{}");
    return index;
}

/* ---- listing ---- */

static void thing_write(const World *world, const Thing *thing, int depth, Buffer *ret);

/* A text in which "<7>" stands for what has that birth. */
static void text_write(const World *world, const char *text, int depth, Buffer *ret)
{
    const Provider *provider = &world->provider;

    for (const char *open; (open = strchr(text, '<')) != NULL;) {
        char *end;
        uint64_t birth = strtoull(open + 1, &end, 10);
        const Thing *found = NULL;
        buffer_add(ret, text, (size_t)(open - text));
        for (size_t i = 0; i < provider->count; i++)
            if (provider->things[i].birth == birth && provider->things[i].exists)
                found = &provider->things[i];
        buffer_add_char(ret, '<');
        if (found == NULL)
            buffer_add_string(ret, "NOTHING");
        else if (depth < DEPTH_MAX)
            thing_write(world, found, depth + 1, ret);
        text = end;
    }
    buffer_add_string(ret, text);
}

/* Where it is, as its owner has it: after a rename the provider may not have heard. Without the
 * ordinal: which of its like was made first may differ. */
static void thing_write(const World *world, const Thing *thing, int depth, Buffer *ret)
{
    const Object *object = object_find(world->runtime, thing->uid);

    if (object == NULL) {
        buffer_add_format(ret, "%s (which nobody owns)", thing->address);
    } else {
        cleanup(free) char *address = object_address(object);
        if (object->name == NULL)
            *strrchr(address, '[') = '\0';
        buffer_add_string(ret, address);
        if (object->name == NULL)
            buffer_add_format(ret, "#%" PRIu32, object->place.site);
    }
    buffer_add_char(ret, ' ');
    text_write(world, thing->arguments, depth, ret);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void provider_list(const World *world, Buffer *ret)
{
    const Provider *provider = &world->provider;
    cleanup(free) char **lines = memory_zero(provider->count + 1, sizeof(char *));
    size_t count = 0;

    for (size_t i = 0; i < provider->count; i++) {
        Buffer line = {0};
        if (!provider->things[i].exists)
            continue;
        thing_write(world, &provider->things[i], 0, &line);
        lines[count++] = buffer_take(&line);
    }
    qsort(lines, count, sizeof(char *), compare_text);
    for (size_t i = 0; i < count; i++) {
        buffer_add_format(ret, "%s\n", lines[i]);
        free(lines[i]);
    }
}
