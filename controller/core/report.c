/* What the runtime reports to handlers: `on P.lost(r)`, `on P.changed(r)` and `on P.failed(e)`.
 * They overtake the normal messages of their domain. */
#include <string.h>

#include "controller/core/apply.h"
#include "controller/core/crashes.h"
#include "controller/core/dead_letter.h"
#include "lang/base/memory.h"

/* A provider of an environment is known to the program by what stands behind the environment's
 * name. */
static bool is_provider(const char *bound, const char *written)
{
    const char *dot = strchr(bound, '.');

    return strcmp(dot != NULL ? dot + 1 : bound, written) == 0;
}

static int report_handler(const Instance *instance, ProgramHandlerKind kind, const char *provider)
{
    const ProgramDomain *domain = instance->domain;

    for (size_t i = 0; i < domain->handler_count; i++)
        if (domain->handlers[i].kind == kind && is_provider(provider, domain->handlers[i].provider))
            return (int)i;
    return -1;
}

static void set_text(Json *json, const char *key, const char *text)
{
    json_set(json, key, text != NULL ? json_new_string(text) : json_new_null());
}

static void set_json(Json *json, const char *key, const char *text)
{
    Json *value = NULL;

    if (text == NULL || json_parse_own(text, strlen(text), &value, NULL) < 0)
        value = json_new_null();
    json_set(json, key, value);
}

/* The handler has one parameter, of type any. */
static void report(Instance *instance, int handler, const Json *json)
{
    Arena arena = {0};
    Value value = value_decode(&arena, json);
    Message *message = message_for(instance, MESSAGE_REPORT, (uint32_t)handler,
                                   instance->domain_index, true, &value, 1);

    if (mailbox_count(&instance->active->mailbox) < MAILBOX_BEYOND)
        message_put(instance, message);
    else
        dead_letter_add(instance, message, "the mailbox held ten times its ceiling");
    arena_deinit(&arena);
}

bool report_has_room(const Object *object)
{
    const Instance *owner = object->owner;

    return (!instance_is_down(owner) && mailbox_count(&owner->active->mailbox) < MAILBOX_BEYOND) ||
           !dead_letters_are_full(owner) ||
           (report_handler(owner, ON_LOST, object->provider) < 0 &&
            report_handler(owner, ON_CHANGED, object->provider) < 0);
}

bool object_hears_changes(const Object *object)
{
    return report_handler(object->owner, ON_CHANGED, object->provider) >= 0;
}

void report_object(Object *object, ProgramHandlerKind kind)
{
    cleanup(json_free) Json *json = NULL;
    cleanup(free) char *address = NULL;
    int handler = report_handler(object->owner, kind, object->provider);

    if (handler < 0)
        return;
    json = json_new_object();
    address = object_address(object);
    set_text(json, "address", address);
    set_text(json, "effect", object->place.effect);
    set_text(json, "name", object->name);
    set_text(json, "external_id", object->external_id);
    set_json(json, "inputs", object->inputs);
    set_json(json, "outputs", object->outputs);
    set_text(json, "reason", object->reason);
    report(object->owner, handler, json);
}

/* A handler that is told of failures is not told of its own, or one failure would make ever more.
 */
static bool hears_failures(const Instance *instance, const Cause *cause)
{
    return cause->handler >= 0 && instance->domain->handlers[cause->handler].kind == ON_FAILED;
}

void report_failures(Instance *instance, const Pending *pending)
{
    if (hears_failures(instance, &pending->cause))
        return;
    for (size_t i = 0; i < pending->intent_count; i++) {
        const Intent *intent = pending->intents[i];
        int handler = report_handler(instance, ON_FAILED, intent->provider);
        if (handler < 0 || intent->state != INTENT_FAILED || intent->handled)
            continue;
        cleanup(json_free) Json *json = json_new_object();
        set_text(json, "code", intent->code != NULL ? intent->code : "FAILED");
        set_text(json, "message", intent->detail != NULL ? intent->detail : "");
        set_text(json, "effect", intent->place.effect);
        set_text(json, "address", intent->address);
        report(instance, handler, json);
    }
}
