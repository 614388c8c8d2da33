/* How a story has ended. */
#include <string.h>

#include "lang/base/json.h"
#include "tests/simulate/provider.h"
#include "tests/simulate/story.h"
#include "tests/simulate/world.h"

/* ---- state ---- */

static void field_check(const FieldEnd *end, const Runtime *runtime)
{
    int domain = program_find_domain(runtime->program, end->domain);
    const Instance *instance = domain >= 0 ? instance_find(runtime, (uint32_t)domain, NULL) : NULL;
    cleanup(buffer_deinit) Buffer found = {0};

    if (instance == NULL) {
        world_wrong("%s is not there in the end", end->domain);
        return;
    }
    int field = domain_find_field(instance->domain, end->field);
    value_encode(&found, instance->fields[field]);
    if (strcmp(buffer_text(&found), end->value) != 0)
        world_wrong("%s.%s is %s in the end, and must be %s", end->domain, end->field,
                    buffer_text(&found), end->value);
}

static size_t dead_letters_due(const Story *story, const char *domain)
{
    for (size_t i = 0; i < story->dead_count; i++)
        if (strcmp(story->dead[i].domain, domain) == 0)
            return story->dead[i].count;
    return 0;
}

static void instance_check(const Story *story, const Instance *instance)
{
    const char *key = instance->key != NULL ? instance->key : "";
    const char *name = instance->domain->name;

    if (mailbox_count(&instance->active->mailbox) > 0)
        world_wrong("%zu messages wait for %s[%s] in the end",
                    mailbox_count(&instance->active->mailbox), name, key);
    if (instance->has->dead_letter_count != dead_letters_due(story, name))
        world_wrong("%s[%s] has %zu dead letters, and must have %zu", name, key,
                    instance->has->dead_letter_count, dead_letters_due(story, name));
    if (instance->active->pending != NULL || instance->has->run_count > 0)
        world_wrong("%s[%s] is not at its end", name, key);
    for (uint32_t g = 0; g < instance->domain->goal_count; g++)
        if (goal_status(instance, g) != GOAL_MET)
            world_wrong("goal %s of %s[%s] is %s in the end", instance->domain->goals[g].name, name,
                        key, goal_status_name(goal_status(instance, g)));
}

/* ---- outside ---- */

/* Each in order and once, and with `all` each that is due. */
static void deeds_check(const DeedEnd *end, bool all)
{
    int64_t done = 0;

    for (const Done *deed = provider_done(); deed != NULL; deed = deed->next)
        if (strcmp(deed->who, end->who) == 0 && deed->number != ++done)
            world_wrong("%s has done number %lld where number %lld was due", end->who,
                        (long long)deed->number, (long long)done);
    if (all ? done != end->count : done > end->count)
        world_wrong("%s has done %lld things, and must have done %lld", end->who, (long long)done,
                    (long long)end->count);
}

static bool deed_is_due(const Story *story, const Done *deed)
{
    for (size_t i = 0; i < story->deed_count; i++)
        if (strcmp(story->deeds[i].who, deed->who) == 0)
            return true;
    return false;
}

static bool thing_is(const Thing *thing, const char *tag)
{
    cleanup(json_free) Json *desired = NULL;

    json_parse(thing->desired, strlen(thing->desired), &desired, NULL);
    return thing->exists && strcmp(json_get_string(desired, "tag", ""), tag) == 0;
}

static size_t thing_check(const char *tag)
{
    size_t count = 0;

    for (const Thing *thing = provider_things(); thing != NULL; thing = thing->next)
        count += thing_is(thing, tag);
    if (count != 1)
        world_wrong("of %s there are %zu in the end, and must be 1", tag, count);
    return count;
}

/* What exists is what the state owns, and what the story ends with. */
static void things_check(const Story *story, const Runtime *runtime)
{
    size_t exist = 0, due = 0;

    for (size_t i = 0; i < story->thing_count; i++)
        due += thing_check(story->things[i].tag);
    for (const Thing *thing = provider_things(); thing != NULL; thing = thing->next) {
        const Object *object = object_find(runtime, thing->uid);
        exist += thing->exists;
        if (thing->exists && (object == NULL || object->state != OBJECT_READY))
            world_wrong("%s exists, and is %s", thing->address,
                        object == NULL ? "nobody's" : object_state_name(object->state));
    }
    if (exist != due || runtime->object_count != exist)
        world_wrong("%zu objects exist, the state has %zu, and %zu must be", exist,
                    runtime->object_count, due);
}

static void world_check(const Story *story, bool all)
{
    for (size_t i = 0; i < story->deed_count; i++)
        deeds_check(&story->deeds[i], all);
    for (const Done *deed = provider_done(); deed != NULL; deed = deed->next)
        if (!deed_is_due(story, deed))
            world_wrong("%s was done, and is nobody's", deed->who);
}

/* A try that fails while another program takes over does not count: that one decides. */
static void tries_check(const Story *story)
{
    unsigned tries = provider_refused("Forbid"), most = story->forbids;

    if (story->grown.size > story->text.size)
        most += story->forbids / MESSAGE_ATTEMPTS_MAX;
    if (tries < story->forbids || tries > most)
        world_wrong("handlers that fail were tried %u times, and must be %u times", tries,
                    story->forbids);
}

void story_check(const Story *story, const Runtime *runtime)
{
    for (size_t i = 0; i < story->field_count; i++)
        field_check(&story->fields[i], runtime);
    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        instance_check(story, i);
    world_check(story, true);
    tries_check(story);
    things_check(story, runtime);
}

void story_check_destroyed(const Story *story, const Runtime *runtime)
{
    world_check(story, false);
    for (const Thing *thing = provider_things(); thing != NULL; thing = thing->next)
        if (thing->exists)
            world_wrong("%s exists, and all was destroyed", thing->address);
    if (runtime->object_count > 0)
        world_wrong("the state has %zu objects, and all was destroyed", runtime->object_count);
}
