/* An instance read back from its line: what nearly every one has where it stands, the rest from a
 * tree of that member. */
#include "controller/core/crashes.h"
#include "controller/core/intent.h"
#include "controller/core/members.h"
#include "controller/core/origin.h"
#include "controller/core/snapshot_reader.h"
#include "lang/base/memory.h"

#define ITEM_MEMBERS(X)                                                                            \
    X(domain)                                                                                      \
    X(key)                                                                                         \
    X(gone)                                                                                        \
    X(started)                                                                                     \
    X(booted)                                                                                      \
    X(stopping)                                                                                    \
    X(stop_failures)                                                                               \
    X(stop_due)                                                                                    \
    X(stop_given_up)                                                                               \
    X(state)                                                                                       \
    X(unlocked_by)                                                                                 \
    X(changed_by)                                                                                  \
    X(mailbox)                                                                                     \
    X(dead_letters)                                                                                \
    X(high_in_row)                                                                                 \
    X(handlers_in_row)                                                                             \
    X(runs)                                                                                        \
    X(transitions)                                                                                 \
    X(goals)                                                                                       \
    X(crashes)                                                                                     \
    X(timers)                                                                                      \
    X(pending)                                                                                     \
    X(deeds)                                                                                       \
    X(origins)

/* In the order in which they are written. */
typedef enum ItemMember {
#define X(name) ITEM_##name,
    ITEM_MEMBERS(X)
#undef X
        ITEM_COUNT
} ItemMember;

static const JsonWord item_words[] = {
#define X(name) JSON_WORD(#name),
    ITEM_MEMBERS(X)
#undef X
};

/* An instance that is being read. */
typedef struct Item {
    Reader *reader;
    Members members;
} Item;

static void seen_facts_read(Reader *reader, const Json *json, SeenFacts *ret)
{
    SeenFacts facts = seen_facts_decode(&reader->arena, json);

    seen_facts_add(ret, &facts);
}

static int read_fields(Reader *reader, Instance *instance, JsonPull *pull)
{
    size_t size;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        const char *name = json_pull_name(pull, &reader->arena, &size);
        int field = domain_find_field(instance->domain, name);
        if (field >= 0) {
            value_free(instance->fields[field]);
            instance->fields[field] = value_clone(value_pull(&reader->arena, pull));
        } else if (!pull->failed && reader_missing(reader, "field", name) < 0) {
            return ERROR_STATE;
        } else {
            json_pull_skip(pull);
        }
    }
    instance_fields_set(instance);
    return 0;
}

/* What the message is for; -1: the program has no such thing. */
static int message_target(const Reader *reader, const Instance *instance, MessageKind kind,
                          const char *name)
{
    switch (kind) {
    case MESSAGE_EVENT: {
        int event = program_find_event(reader->runtime->program, name);
        return event >= 0 && domain_find_handler(instance->domain, (uint32_t)event) < 0 ? -1
                                                                                        : event;
    }
    case MESSAGE_TRANSITION:
        return domain_find_transition(instance->domain, name);
    case MESSAGE_NAMED:
    case MESSAGE_REPORT:
        return handler_find(reader->runtime, instance->domain_index, name);
    case MESSAGE_TIMER:
        return timer_find(reader->runtime, instance->domain_index, name);
    }
    return -1;
}

static MessageKind message_kind(const Json *json)
{
    static const MessageKind kinds[] = {
#define MESSAGE(name, text) MESSAGE_##name,
#include "controller/core/message.def"
#undef MESSAGE
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (json_get(json, message_kind_name(kinds[i])) != NULL)
            return kinds[i];
    return MESSAGE_EVENT;
}

/* NULL: the program has no such thing. */
static Message *read_message(Reader *reader, Instance *instance, const Json *json)
{
    MessageKind kind = message_kind(json);
    int from = program_find_domain(reader->runtime->program, json_get_string(json, "from", ""));
    int target =
        message_target(reader, instance, kind, json_get_string(json, message_kind_name(kind), ""));
    size_t count;

    if (target < 0)
        return NULL;
    Value *arguments = values_decode(&reader->arena, json_get(json, "arguments"), &count);
    Message *message = message_new((uint64_t)json_get_int(json, "id", 0), kind, (uint32_t)target,
                                   from < 0 ? instance->domain_index : (uint32_t)from,
                                   json_get_bool(json, "high", false), arguments, count);
    message->attempts = (uint32_t)json_get_int(json, "attempts", 0);
    message->due_ms = (uint64_t)json_get_int(json, "due", 0);
    message->parent = reader_trail(reader, (uint64_t)json_get_int(json, "parent", 0));
    if (json_get_bool(json, "travels", false) || json_get_bool(json, "unsaid", false)) {
        Value *former = values_decode(&reader->arena, json_get(json, "former"), &count);
        message_travel(message, former, count, json_get_bool(json, "unsaid", false));
    }
    return message;
}

static void mailbox_add(Instance *instance, Message *message)
{
    mailbox_put(&instance_wake(instance)->mailbox, message);
    if (message->kind == MESSAGE_TIMER)
        instance_timers(instance)[message->target].waits = true;
}

static int read_mailbox(Item *item, Instance *instance)
{
    Reader *reader = item->reader;
    cleanup(json_free) Json *list = members_tree(&item->members, ITEM_mailbox);

    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        Message *message = read_message(reader, instance, m);
        if (message != NULL)
            mailbox_add(instance, message);
        else if (reader_missing(reader, "a message of domain", instance->domain->name) < 0)
            return ERROR_STATE;
    }
    uint64_t high_in_row = members_number(&item->members, ITEM_high_in_row);
    if (mailbox_count(&instance->active->mailbox) > 0)
        instance_wake(instance)->mailbox.high_in_row = (uint32_t)high_in_row;
    uint64_t in_row = members_number(&item->members, ITEM_handlers_in_row);
    instance->handlers_in_row =
        (uint8_t)(in_row < HANDLERS_IN_ROW_MAX ? in_row : HANDLERS_IN_ROW_MAX);
    return 0;
}

static void read_dead_letters(Item *item, Instance *instance)
{
    cleanup(json_free) Json *list = members_tree(&item->members, ITEM_dead_letters);

    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        Message *message = read_message(item->reader, instance, json_get(m, "message"));
        if (message == NULL)
            continue;
        Holdings *holdings = instance_holdings(instance);
        memory_reserve_one(holdings->dead_letters, holdings->dead_letter_count,
                           holdings->dead_letter_capacity);
        holdings->dead_letters[holdings->dead_letter_count++] =
            (DeadLetter){message, memory_copy_string(json_get_string(m, "reason", ""))};
    }
}

static int read_run(Reader *reader, Instance *instance, const Json *json)
{
    int from = program_find_domain(reader->runtime->program, json_get_string(json, "from", ""));
    Cause next;

    if (cause_decode(instance, json_get(json, "next"), &next, reader->err) < 0)
        return reader->lenient ? 0 : ERROR_STATE;
    Run run = {.transition = next.transition,
               .handler = next.handler,
               .timer = next.timer,
               .next_step = next.step,
               .yield = next.yield,
               .goal = next.goal,
               .kind = next.kind,
               .from = from < 0 ? instance->domain_index : (uint32_t)from,
               .by = reader_trail(reader, (uint64_t)json_get_int(json, "after", 0)),
               .began = member_digest(json, "began"),
               .attempts = (uint32_t)json_get_int(json, "attempts", 0),
               .due_ms = (uint64_t)json_get_int(json, "due", 0)};
    run.arguments = reader_values(reader, json_get(json, "arguments"), &run.argument_count);
    run.locals = reader_values(reader, json_get(json, "locals"), &run.local_count);
    seen_facts_read(reader, json, &run.facts);
    Holdings *holdings = instance_holdings(instance);
    memory_reserve_one(holdings->runs, holdings->run_count, holdings->run_capacity);
    holdings->runs[holdings->run_count++] = run;
    return 0;
}

static int read_runs(Item *item, Instance *instance)
{
    cleanup(json_free) Json *list = members_tree(&item->members, ITEM_runs);

    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        if (read_run(item->reader, instance, m) < 0)
            return ERROR_STATE;
    return 0;
}

static int read_timers(Item *item, Instance *instance)
{
    Reader *reader = item->reader;
    JsonPull *pull = members_get(&item->members, ITEM_timers);
    TimerChange *timers;
    size_t count;

    if (pull == NULL)
        return 0;
    if (timers_pull(reader->runtime, instance->domain_index, pull, reader->lenient, &reader->arena,
                    &timers, &count, reader->err) < 0)
        return ERROR_STATE;
    for (size_t i = 0; i < count; i++) {
        TimerMark *mark = &instance_timers(instance)[timers[i].timer];
        mark->armed = timers[i].armed;
        mark->due_ms = timers[i].due_ms;
    }
    return 0;
}

static void read_transitions(Item *item, Instance *instance)
{
    Reader *reader = item->reader;
    cleanup(json_free) Json *list = members_tree(&item->members, ITEM_transitions);

    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        int transition = domain_find_transition(instance->domain, json_key(m));
        if (transition < 0)
            continue;
        TransitionMark *mark = &instance->transitions[transition];
        mark->failures = (uint32_t)json_get_int(m, "failures", 0);
        mark->due_ms = (uint64_t)json_get_int(m, "due", 0);
        mark->given_up = json_get_bool(m, "given_up", false);
        if (!reader->lenient) { /* another program may do better */
            mark->blocked = json_get_bool(m, "blocked", false);
            mark->faulted = json_get_bool(m, "faulted", false);
            mark->blocked_version = instance->version;
            seen_facts_read(reader, m, &mark->facts);
            mark->reason = member_copy(m, "reason");
        }
    }
}

static void read_goal(Item *item, JsonPull *pull, const ProgramDomain *domain, GoalMark *ret)
{
    enum { RETRIES, FAILED, FALLBACK_DONE, UNMET_SINCE, LAST };
    static const JsonWord words[] = {JSON_WORD("retries"), JSON_WORD("failed"),
                                     JSON_WORD("fallback_done"), JSON_WORD("unmet_since"),
                                     JSON_WORD("last")};
    JsonKeys keys = {.words = words, .count = ARRAY_SIZE(words)};
    Arena *arena = &item->reader->arena;
    const char *other;

    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        int key = json_pull_key(pull, &keys, arena, &other);
        if (key == RETRIES)
            ret->retries = (uint32_t)json_pull_count(pull);
        else if (key == FAILED)
            ret->failed = json_pull_bool(pull);
        else if (key == FALLBACK_DONE)
            ret->fallback_done = json_pull_bool(pull);
        else if (key == UNMET_SINCE)
            ret->unmet_since_ms = json_pull_count(pull);
        else if (key == LAST)
            ret->last_transition = domain_find_transition(domain, json_pull_string(pull, arena));
    }
}

static void read_goals(Item *item, Instance *instance)
{
    JsonPull *pull = members_get(&item->members, ITEM_goals);
    size_t size;

    if (pull == NULL)
        return;
    for (bool more = json_pull_open(pull, '{'); more; more = json_pull_more(pull, '}')) {
        const char *name = json_pull_name(pull, &item->reader->arena, &size);
        int goal = domain_find_goal(instance->domain, name);
        if (goal >= 0)
            read_goal(item, pull, instance->domain, &instance->goals[goal]);
        else
            json_pull_skip(pull);
    }
}

static void read_crashes(Item *item, Instance *instance)
{
    cleanup(json_free) Json *crashes = members_tree(&item->members, ITEM_crashes);

    if (!item->reader->lenient) /* another program may do better */
        crashes_decode(instance, crashes);
}

static int read_intents(Reader *reader, Instance *instance, const Json *list)
{
    Pending *pending = instance->active->pending;

    pending->intents = memory_zero(json_count(list), sizeof(Intent *));
    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Intent *intent;
        if (intent_decode(item, &intent, reader->err) < 0)
            return ERROR_STATE;
        intent->turn = intent_turn(pending->intents, pending->intent_count, intent);
        pending->intents[pending->intent_count++] = intent;
        intent_enter(instance, intent);
    }
    return 0;
}

static int read_pending(Item *item, Instance *instance)
{
    Reader *reader = item->reader;
    cleanup(json_free) Json *json = members_tree(&item->members, ITEM_pending);
    Proposal proposal;
    Cause cause;

    if (json == NULL)
        return 0;
    if (cause_decode(instance, json_get(json, "cause"), &cause, reader->err) < 0 ||
        proposal_decode(instance, json, &reader->arena, &proposal, reader->err) < 0)
        return ERROR_STATE;
    Pending *pending = memory_zero(1, sizeof *pending);
    pending->slice = (uint64_t)json_get_int(json, "slice", 0);
    pending->cause = cause;
    pending->awaits = json_get_bool(json, "awaits", false);
    pending->outdated = json_get_bool(json, "outdated", false);
    proposal_clone(&pending->proposal, &proposal);
    seen_facts_read(reader, json, &pending->facts);
    pending_set(instance, pending);
    return read_intents(reader, instance, json_get(json, "intents"));
}

static void read_deeds(Item *members, Instance *instance)
{
    cleanup(json_free) Json *list = members_tree(&members->members, ITEM_deeds);

    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        Deed deed = {.keyed = json_get_bool(item, "keyed", false),
                     .message = (uint64_t)json_get_int(item, "message", 0),
                     .of_run = json_get_bool(item, "of_run", false)};
        deed.place_key = member_copy(item, "place");
        deed.where = member_copy(item, "where");
        deed.arguments = member_copy_json(item, "arguments");
        deed.result = member_copy_json(item, "result");
        Holdings *holdings = instance_holdings(instance);
        memory_reserve_one(holdings->deeds, holdings->deed_count, holdings->deed_capacity);
        holdings->deeds[holdings->deed_count++] = deed;
    }
}

static int read_origins(Item *item, Instance *instance)
{
    Reader *reader = item->reader;
    cleanup(json_free) Json *list = members_tree(&item->members, ITEM_origins);

    for (const Json *m = json_first(list); m != NULL; m = json_next(m))
        if (origin_decode(instance, m, reader->lenient, &reader->arena, reader->err) < 0)
            return ERROR_STATE;
    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        Origin *origin = origin_find(instance, (uint64_t)json_get_int(m, "slice", 0));
        if (origin != NULL)
            origin->trail = reader_trail(reader, (uint64_t)json_get_int(m, "trail", 0));
    }
    return 0;
}

/* Of one that is gone, it is made. -1: the program has no such thing. */
static int find_domain(Item *item, const char *name)
{
    Runtime *runtime = item->reader->runtime;
    bool keyed = members_get(&item->members, ITEM_key) != NULL;

    if (members_flag(&item->members, ITEM_gone))
        return (int)runtime_gone_domain(runtime, name);
    int domain = program_find_domain(runtime->program, name);
    return domain >= 0 && (runtime->program->domains[domain].key != NULL) == keyed ? domain : -1;
}

static void read_stopping(Item *item, Instance *instance)
{
    Members *members = &item->members;
    uint32_t failures = (uint32_t)members_number(members, ITEM_stop_failures);

    instance->stopping = members_flag(members, ITEM_stopping);
    if (failures == 0)
        return;
    Holdings *holdings = instance_holdings(instance);
    holdings->stop_failures = failures;
    holdings->stop_due_ms = members_number(members, ITEM_stop_due);
    holdings->stop_given_up = members_flag(members, ITEM_stop_given_up);
}

static int read_life(Item *item, Instance *instance)
{
    Members *members = &item->members;
    JsonPull *state = members_get(members, ITEM_state);

    instance->started = members_number(members, ITEM_started);
    instance->booted |= members_flag(members, ITEM_booted);
    read_stopping(item, instance);
    instance->unlocked_by =
        runtime_text(instance->runtime, members_string(members, ITEM_unlocked_by));
    if (members_get(members, ITEM_changed_by) != NULL)
        instance->trail = reader_trail(item->reader, members_number(members, ITEM_changed_by));
    return state != NULL ? read_fields(item->reader, instance, state) : 0;
}

static int read_parts(Item *item, Instance *instance)
{
    if (read_life(item, instance) < 0 || read_mailbox(item, instance) < 0)
        return ERROR_STATE;
    read_dead_letters(item, instance);
    if (read_runs(item, instance) < 0 || read_timers(item, instance) < 0)
        return ERROR_STATE;
    read_transitions(item, instance);
    read_goals(item, instance);
    read_crashes(item, instance);
    read_deeds(item, instance);
    if (read_origins(item, instance) < 0)
        return ERROR_STATE;
    return read_pending(item, instance);
}

int reader_instance(Reader *reader, JsonPull pull)
{
    Item item;
    const char *other;

    item.reader = reader;
    members_init(&item.members, item_words, ITEM_COUNT, &reader->arena);
    if (!members_find(&item.members, pull, &other))
        return member_unknown(reader->err, "a domain of the state", other);
    const char *name = members_string(&item.members, ITEM_domain);
    name = name != NULL ? name : "";
    int domain = find_domain(&item, name);
    if (domain < 0)
        return reader_missing(reader, "domain", name);
    Instance *instance =
        instance_new(reader->runtime, (uint32_t)domain, members_string(&item.members, ITEM_key));
    if (read_parts(&item, instance) < 0)
        return ERROR_STATE;
    other = members_done(&item.members);
    return other == NULL ? 0 : member_unknown(reader->err, "a domain of the state", other);
}
