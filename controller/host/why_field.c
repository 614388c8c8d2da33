/* Why a field has its value. */
#include <string.h>

#include "controller/core/address.h"
#include "controller/host/why_private.h"
#include "lang/base/memory.h"

/* `Domain.field` and `Domain["key"].field`: an instance, and a name behind it. */
static bool is_meant(Inquiry *inquiry)
{
    const char *dot = strrchr(inquiry->what, '.');
    Address address;
    Error err;

    if (dot == NULL || dot[1] == '\0')
        return false;
    const char *instance =
        arena_copy_bytes(&inquiry->arena, inquiry->what, (size_t)(dot - inquiry->what));
    if (address_parse(instance, &inquiry->arena, &address, &err) < 0 || address.effect != NULL)
        return false;
    inquiry->domain = address.domain;
    inquiry->key = address.key;
    inquiry->field = dot + 1;
    return true;
}

static const Value *value_now(const Inquiry *inquiry, const Runtime *runtime,
                              const Instance **ret_owner)
{
    const Instance *instance = runtime_find(runtime, inquiry->domain, inquiry->key);
    int field = instance != NULL ? domain_find_field(instance->domain, inquiry->field) : -1;

    *ret_owner = instance;
    return field >= 0 ? &instance->fields[field] : NULL;
}

/* As it is shown: secrets are not. NULL: there is none. */
static char *value_shown(const Inquiry *inquiry, const Runtime *runtime, Digest128 *ret_digest)
{
    const Instance *owner;
    const Value *value = value_now(inquiry, runtime, &owner);
    Buffer text = {0};

    *ret_digest = value != NULL ? value_digest(*value) : 0;
    if (value == NULL)
        return NULL;
    value_write_json(&text, *value);
    return buffer_take(&text);
}

static void look(Inquiry *inquiry, const Retrace *retrace, uint64_t at_ms, uint64_t slice,
                 const char *how)
{
    Digest128 digest;
    char *now = value_shown(inquiry, retrace->runtime, &digest);

    if (digest == inquiry->digest && (now == NULL) == (inquiry->value == NULL)) {
        free(now);
        return;
    }
    inquiry->found = true;
    inquiry->cause = slice;
    const char *was = inquiry->value != NULL ? inquiry->value : "nothing";
    why_event(inquiry, retrace->position, at_ms,
              memory_format("%s: %s -> %s", how, was, now != NULL ? now : "nothing"))
        ->slice = slice;
    free(inquiry->value);
    inquiry->value = now;
    inquiry->digest = digest;
}

static void on_state(Inquiry *inquiry, const Retrace *retrace)
{
    if (retrace->position > retrace->since) {
        look(inquiry, retrace, 0, 0, "a changed program");
        return;
    }
    inquiry->value = value_shown(inquiry, retrace->runtime, &inquiry->digest);
    inquiry->found = inquiry->value != NULL;
}

static void on_record(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                      const Record *record)
{
    (void)inquiry, (void)retrace, (void)sequence, (void)record;
}

static void on_applied(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                       const Record *record)
{
    (void)sequence;
    cleanup(free) char *how =
        record->slice != 0
            ? memory_format("slice %llu", (unsigned long long)record->slice)
            : memory_copy_string(record->type == RECORD_START ? "its first value"
                                                              : record_type_name(record->type));
    look(inquiry, retrace, record->time_ms, record->slice, how);
}

/* The record of a slice that made objects remembers what that slice left in the field. */
static uint64_t remembered_slice(const Inquiry *inquiry, const Instance *owner, const Value *value)
{
    for (size_t i = owner->has->origin_count; i-- > 0;) {
        const Origin *origin = owner->has->origins[i];
        const OriginChange *change = origin_change(origin, inquiry->field);
        if (change != NULL && change->after == value_digest(*value) && origin->trail != NULL)
            return origin->trail->slice;
    }
    return 0;
}

static int conclude(Inquiry *inquiry, const Retrace *retrace, Error *err)
{
    const Instance *owner;
    const Value *value = value_now(inquiry, retrace->runtime, &owner);
    Why *why = inquiry->why;

    if (!inquiry->found)
        return error_set(err, ERROR_USAGE,
                         "there is no field '%s', and the journal, which is kept behind record "
                         "%llu, knows of none: `ved get domains` lists what there is",
                         inquiry->what, (unsigned long long)why->since);
    why->subject = value != NULL ? memory_format("%s = %s", inquiry->what, inquiry->value)
                                 : memory_format("%s, which is not there any more", inquiry->what);
    if (inquiry->cause == 0 && why->event_count == 0 && value != NULL)
        inquiry->cause = remembered_slice(inquiry, owner, value);
    if (inquiry->cause != 0)
        why_follow(inquiry, retrace, inquiry->cause);
    else if (why->event_count > 0)
        why->end = memory_copy_string("no slice has set it");
    else
        why->end = memory_format("it had that value at record %llu, behind which the journal "
                                 "begins",
                                 (unsigned long long)why->since);
    return 0;
}

const Subject why_of_field = {is_meant, on_state, on_record, on_applied, conclude};
