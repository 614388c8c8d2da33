#include "controller/host/why.h"

#include <stdio.h>
#include <string.h>

#include "controller/core/address.h"
#include "controller/host/retrace.h"
#include "controller/host/timestamp.h"
#include "controller/host/why_private.h"
#include "lang/base/memory.h"

void why_deinit(Why *why)
{
    free(why->subject);
    free(why->end);
    for (size_t i = 0; i < why->event_count; i++)
        free(why->events[i].text);
    for (size_t i = 0; i < why->link_count; i++) {
        free(why->links[i].who);
        free(why->links[i].what);
        free(why->links[i].place);
    }
    free(why->events);
    free(why->links);
    *why = (Why){0};
}

/* ---- slices that are kept ---- */

/* A slice of the journal that something came of. */
typedef struct Past {
    uint64_t slice, earlier; /* 0: none */
    uint64_t sequence, at_ms;
    CauseKind kind;
    MessageKind heard;
    char *who, *what, *place;
} Past;

static void past_free(Past *past)
{
    if (past == NULL)
        return;
    free(past->who);
    free(past->what);
    free(past->place);
    free(past);
}

static const char *slice_key(char text[24], uint64_t slice)
{
    snprintf(text, 24, "%llu", (unsigned long long)slice);
    return text;
}

static Past *past_find(const Inquiry *inquiry, uint64_t slice)
{
    char key[24];

    return slice != 0 ? map_get(&inquiry->pasts, slice_key(key, slice)) : NULL;
}

static char *label_of(const char *domain, const char *key)
{
    return key != NULL ? memory_format("%s[\"%s\"]", domain, key) : memory_copy_string(domain);
}

/* Where the text stands that records and addresses call so; NULL: the program has none. */
static const Span *text_span(const Program *program, const char *domain_name, const char *where)
{
    int index = program_find_domain(program, domain_name);
    const ProgramDomain *domain = index >= 0 ? &program->domains[index] : NULL;

    if (domain == NULL || where == NULL)
        return NULL;
    for (size_t i = 0; i < domain->transition_count; i++)
        if (strcmp(domain->transitions[i].name, where) == 0)
            return &domain->transitions[i].span;
    for (size_t i = 0; i < domain->handler_count; i++)
        if (strcmp(domain->handlers[i].where, where) == 0)
            return &domain->handlers[i].span;
    for (size_t i = 0; i < domain->timer_count; i++)
        if (strcmp(domain->timers[i].where, where) == 0)
            return &domain->timers[i].span;
    return NULL;
}

static char *place_of(const Program *program, const Trail *trail)
{
    const Span *span = text_span(program, trail->domain, trail->where);

    if (span == NULL)
        return NULL;
    SourcePlace place = source_place(&program->source, span->start);
    return memory_format("%s:%u", place.file, place.line);
}

static Past *past_of(const Trail *trail, const Program *program, uint64_t sequence)
{
    cleanup(buffer_deinit) Buffer what = {0};
    Past *past = memory_zero(1, sizeof *past);

    trail_describe(trail, &what);
    *past = (Past){.slice = trail->slice,
                   .earlier = trail->earlier != NULL ? trail->earlier->slice : 0,
                   .sequence = sequence,
                   .at_ms = trail->at_ms,
                   .kind = trail->kind,
                   .heard = trail->heard,
                   .who = label_of(trail->domain, trail->key),
                   .what = memory_copy_string(buffer_text(&what)),
                   .place = place_of(program, trail)};
    return past;
}

/* A slice of which nothing came has left no trail. */
static void past_take(Inquiry *inquiry, const Retrace *retrace, uint64_t sequence,
                      const Record *record)
{
    const Trail *newest = retrace->runtime->trails.previous;
    char key[24];

    if ((record->type != RECORD_SLICE && record->type != RECORD_COMMIT) ||
        newest == &retrace->runtime->trails || newest->slice != record->slice)
        return;
    past_free(map_put(&inquiry->pasts, slice_key(key, record->slice),
                      past_of(newest, retrace->program, sequence)));
}

/* ---- the chain ---- */

static const Trail *trail_of(const Runtime *runtime, uint64_t slice)
{
    const Trail *ring = &runtime->trails;

    for (const Trail *trail = ring->previous; trail != ring; trail = trail->previous)
        if (trail->slice == slice)
            return trail;
    return NULL;
}

static WhyLink *chain_add(Why *why, const Past *past)
{
    memory_reserve_one(why->links, why->link_count, why->link_capacity);
    WhyLink *link = &why->links[why->link_count++];
    *link = (WhyLink){.slice = past->slice,
                      .sequence = past->sequence,
                      .at_ms = past->at_ms,
                      .who = memory_copy_string(past->who),
                      .what = memory_copy_string(past->what),
                      .place = past->place != NULL ? memory_copy_string(past->place) : NULL};
    return link;
}

/* The first slice of a past: what is outside of the stack, or that nothing more is kept. */
static char *end_of(const Inquiry *inquiry, const Past *first)
{
    unsigned long long since = inquiry->why->since;
    uint64_t started = (uint64_t)(uintptr_t)map_get(&inquiry->starts, first->who);

    if (first->kind == CAUSE_MESSAGE && first->heard == MESSAGE_TIMER)
        return memory_format("a timer of %s was due", first->who);
    if (first->kind == CAUSE_MESSAGE && first->heard == MESSAGE_REPORT)
        return memory_format("a provider said so to %s", first->who);
    if (first->kind == CAUSE_MESSAGE || first->kind == CAUSE_RUN || first->kind == CAUSE_REVISE)
        return memory_format("what was before is not kept: the journal begins behind record %llu",
                             since);
    if (started != 0)
        return memory_format("%s began with record %llu, by an apply", first->who,
                             (unsigned long long)started);
    return memory_format("%s was there at record %llu, behind which the journal begins", first->who,
                         since);
}

void why_follow(Inquiry *inquiry, const Retrace *retrace, uint64_t slice)
{
    Why *why = inquiry->why;

    while (slice != 0) {
        Past *past = past_find(inquiry, slice), *made = NULL;
        uint64_t omitted = 0;
        if (past == NULL) {
            const Trail *trail = trail_of(retrace->runtime, slice);
            if (trail == NULL)
                break;
            past = made = past_of(trail, retrace->program, 0);
            omitted = trail->omitted;
        }
        chain_add(why, past)->omitted = omitted;
        slice = past->earlier;
        free(why->end);
        why->end = slice == 0 ? end_of(inquiry, past) : NULL;
        past_free(made);
    }
    if (why->end == NULL)
        why->end = memory_format("what was before is not kept: the journal begins behind record "
                                 "%llu",
                                 (unsigned long long)why->since);
}

/* ---- asking ---- */

WhyEvent *why_event(Inquiry *inquiry, uint64_t sequence, uint64_t at_ms, char *text)
{
    Why *why = inquiry->why;

    memory_reserve_one(why->events, why->event_count, why->event_capacity);
    WhyEvent *event = &why->events[why->event_count++];
    *event = (WhyEvent){.sequence = sequence, .at_ms = at_ms, .text = text};
    return event;
}

static int on_state(void *user, const Retrace *retrace, Error *err)
{
    Inquiry *inquiry = user;

    (void)err;
    inquiry->subject->on_state(inquiry, retrace);
    return 0;
}

static int on_record(void *user, const Retrace *retrace, uint64_t sequence, Record *record,
                     Error *err)
{
    Inquiry *inquiry = user;

    (void)err;
    inquiry->subject->on_record(inquiry, retrace, sequence, record);
    return 0;
}

static void start_take(Inquiry *inquiry, uint64_t sequence, const Record *record)
{
    if (record->type != RECORD_START)
        return;
    cleanup(free) char *label = instance_label(record->instance);
    map_put(&inquiry->starts, label, (void *)(uintptr_t)sequence);
}

static int on_applied(void *user, const Retrace *retrace, uint64_t sequence, const Record *record,
                      Error *err)
{
    Inquiry *inquiry = user;

    (void)err;
    start_take(inquiry, sequence, record);
    past_take(inquiry, retrace, sequence, record);
    inquiry->subject->on_applied(inquiry, retrace, sequence, record);
    return 0;
}

/* What was found so far. */
static void findings_deinit(Inquiry *inquiry)
{
    for (MapEntry *e = map_next(&inquiry->pasts, NULL); e != NULL; e = map_next(&inquiry->pasts, e))
        past_free(e->value);
    map_deinit(&inquiry->pasts);
    map_deinit(&inquiry->starts);
    map_deinit(&inquiry->intents);
    string_set(&inquiry->uid, NULL);
    string_set(&inquiry->value, NULL);
}

static void restart(void *user)
{
    Inquiry *inquiry = user;

    findings_deinit(inquiry);
    why_deinit(inquiry->why);
    inquiry->pasts = inquiry->starts = inquiry->intents = (Map){0};
    inquiry->cause = 0;
    inquiry->found = false;
}

static void inquiry_deinit(Inquiry *inquiry)
{
    findings_deinit(inquiry);
    arena_deinit(&inquiry->arena);
}
#define inquiry_deinit_p inquiry_deinit

static int subject_find(Inquiry *inquiry, Error *err)
{
    static const Subject *const subjects[] = {&why_of_message, &why_of_object, &why_of_field};
    size_t known = sizeof subjects / sizeof *subjects;

    for (size_t i = 0; i < known && inquiry->subject == NULL; i++)
        if (subjects[i]->is_meant(inquiry))
            inquiry->subject = subjects[i];
    if (inquiry->subject != NULL)
        return 0;
    return error_set(err, ERROR_USAGE,
                     "'%.200s': expected the address of an object, as `ved get resources` prints "
                     "it, the number of a message, as `ved get mailboxes` does, or Domain.field",
                     inquiry->what);
}

int why_find(const StateDir *dir, const char *what, Why *ret, Error *err)
{
    cleanup(inquiry_deinit) Inquiry inquiry = {.what = what, .why = ret};
    cleanup(retrace_deinit) Retrace retrace = {0};
    RetraceVisitor visitor = {.user = &inquiry,
                              .on_state = on_state,
                              .on_record = on_record,
                              .on_applied = on_applied,
                              .restart = restart};

    *ret = (Why){0};
    int code = subject_find(&inquiry, err);
    if (code == 0)
        code = retrace_run(dir, UINT64_MAX, &visitor, &retrace, err);
    if (code < 0)
        return code;
    ret->since = retrace.since;
    return inquiry.subject->conclude(&inquiry, &retrace, err);
}

/* ---- for machines ---- */

static void set_time(Json *json, uint64_t at_ms)
{
    cleanup(buffer_deinit) Buffer at = {0};

    if (at_ms == 0)
        return;
    timestamp_add(&at, at_ms);
    json_set_string(json, "at", buffer_text(&at));
}

static Json *link_json(const WhyLink *link)
{
    Json *json = json_new_object();

    json_set_int(json, "slice", (int64_t)link->slice);
    if (link->sequence != 0)
        json_set_int(json, "sequence", (int64_t)link->sequence);
    set_time(json, link->at_ms);
    json_set_string(json, "who", link->who);
    json_set_string(json, "what", link->what);
    if (link->place != NULL)
        json_set_string(json, "place", link->place);
    if (link->omitted != 0)
        json_set_int(json, "omitted", (int64_t)link->omitted);
    return json;
}

static Json *event_json(const WhyEvent *event)
{
    Json *json = json_new_object();

    json_set_int(json, "sequence", (int64_t)event->sequence);
    set_time(json, event->at_ms);
    if (event->slice != 0)
        json_set_int(json, "slice", (int64_t)event->slice);
    json_set_string(json, "text", event->text);
    return json;
}

Json *why_json(const Why *why)
{
    Json *json = json_new_object(), *events = json_new_array(), *chain = json_new_array();

    for (size_t i = 0; i < why->event_count; i++)
        json_append(events, event_json(&why->events[i]));
    for (size_t i = 0; i < why->link_count; i++)
        json_append(chain, link_json(&why->links[i]));
    json_set_string(json, "subject", why->subject);
    json_set(json, "events", events);
    json_set(json, "chain", chain);
    json_set_string(json, "end", why->end);
    json_set_int(json, "since", (int64_t)why->since);
    return json;
}
