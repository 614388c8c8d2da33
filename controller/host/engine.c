/* One turn: take what has come (answers, time), step the core on each, append all records as one
 * group, sync once; then start calls and tell what happened. Answers that arrive during the sync
 * are the next turn's.
 *
 *      provider answers ──▶ inbox ──▶ turn: runtime_step × n ──▶ journal_commit ──▶ calls, notices
 *                                       ▲                                              │
 *                                       └────────────── timer: more to run ◀───────────┘
 *
 * A turn of which nothing is seen does not wait for its sync: the next one is computed meanwhile,
 * and its group is written when that is through. Whatever is seen waits for all before it. */
#include "controller/host/engine_private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "controller/host/request.h"
#include "lang/base/memory.h"

#define GROUP_BYTES ((size_t)1 << 20)
#define STOP_GRACE_INT_MS 30000
#define STOP_GRACE_TERM_MS 15000

/* A time of the loop's clock. */
static uint64_t wall_ms(const Engine *engine, int64_t loop_ms)
{
    return engine->wall_start_ms + (uint64_t)(loop_ms - engine->loop_start_ms);
}

uint64_t engine_now_ms(const Engine *engine)
{
    return wall_ms(engine, loop_now_ms(engine->stack->loop));
}

/* ---- answers ---- */

static void arrived_free(Arrived *arrived)
{
    free(arrived->external_id);
    free(arrived->result);
    free(arrived->code);
    free(arrived->detail);
    free(arrived->trouble);
    free(arrived);
}

static void in_flight_remove(InFlight *flight)
{
    *flight->link = flight->next;
    if (flight->next != NULL)
        flight->next->link = flight->link;
    free(flight);
}

static void turn_soon(Engine *engine)
{
    loop_timer_set(engine->turn_timer, 0);
}

static void facts_came(void *context)
{
    turn_soon(context);
}

/* The gravest kind decides the exit code: contract and reachability over credentials over failure.
 */
static void note_kind(Engine *engine, int kind)
{
    if (engine->failure_kind == 0 || engine->failure_kind == ERROR_FAILED)
        engine->failure_kind = kind;
}

static void answer_unknown(Engine *engine, uint64_t number, const ProviderAnswer *answer)
{
    Instance *owner;
    const Intent *intent = intent_find(engine->stack->runtime, number, &owner);

    engine->counts.unknown++;
    if (intent != NULL && engine->observer.on_unknown != NULL)
        engine->observer.on_unknown(engine->observer.user, intent, answer->detail);
}

/* A provider that remembers the key of a request that was sent for the first time has seen a later
 * state than this one; and so has one that knows a newer epoch of it. */
static bool is_older_copy(Engine *engine, const InFlight *flight, const ProviderAnswer *answer)
{
    bool fenced = strcmp(answer->code, "STALE_FENCE") == 0;
    bool reused = answer->kind == ERROR_STALE && answer->outcome == ANSWER_FAILED;

    if (!reused && (!answer->replayed || answer->sendings != 1 || flight->asked_first))
        return false;
    if (fenced)
        error_set(&engine->error, ERROR_STALE,
                  "another copy of this state has begun a newer epoch than %llu, and a provider "
                  "takes nothing from this one any more; nothing more is sent. Go on with that "
                  "copy, or make '%s' the newest again: `ved state restore newest`",
                  (unsigned long long)engine->stack->runtime->epoch, engine->stack->state_path);
    else
        error_set(&engine->error, ERROR_STALE,
                  "a provider already knows a request that this state has never sent: the state "
                  "is an older copy; nothing more is sent. Use the newest copy of '%s', or go on "
                  "with this one in a new epoch: `ved state restore newest`",
                  engine->stack->state_path);
    return true;
}

/* What is in the way can be taken over, if somebody says so. */
static char *answer_detail(const Engine *engine, ProviderAnswer *answer)
{
    if (engine->options.adopt || strcmp(answer->code, "NOT_OWNED") != 0)
        return take(answer->detail);
    return memory_format("%s; `ved apply --adopt` takes it over", answer->detail);
}

static void answer_arrived(void *context, ProviderAnswer *answer)
{
    InFlight *flight = context;
    Engine *engine = flight->engine;
    uint64_t number = flight->intent, started_ms = flight->started_ms;

    if (engine == NULL) { /* it has ended; the next run asks what became of the call */
        free(flight);
        return;
    }
    bool stale = answer->outcome != ANSWER_ABANDONED && is_older_copy(engine, flight, answer);
    in_flight_remove(flight);
    turn_soon(engine);
    if (answer->outcome == ANSWER_ABANDONED || stale)
        return;
    if (answer->outcome == ANSWER_UNKNOWN) {
        answer_unknown(engine, number, answer);
        return;
    }
    Arrived *arrived = memory_zero(1, sizeof *arrived);
    arrived->intent = number;
    arrived->applied = answer->outcome == ANSWER_APPLIED;
    arrived->times =
        (CallTimes){.durable_ms = started_ms,
                    .sent_ms = answer->asked_ms != 0 ? wall_ms(engine, answer->asked_ms) : 0,
                    .answered_ms = engine_now_ms(engine),
                    .sendings = (uint32_t)answer->sendings};
    arrived->trouble = take(answer->trouble);
    arrived->external_id = take(answer->external_id);
    if (answer->state != NULL)
        arrived->result = json_text(answer->state);
    if (!arrived->applied) {
        arrived->detail = answer_detail(engine, answer);
        arrived->code = take(answer->code);
        note_kind(engine, answer->kind);
    }
    *engine->inbox_end = arrived;
    engine->inbox_end = &arrived->next;
}

static CallVerb call_verb(IntentVerb verb)
{
    switch (verb) {
    case INTENT_PUT:
        return CALL_PUT;
    case INTENT_ACTION:
        return CALL_ACTION;
    case INTENT_DELETE:
        return CALL_DELETE;
    }
    return CALL_PUT;
}

const char *call_action(const Runtime *runtime, const Intent *intent)
{
    const Object *object = object_find(runtime, intent->uid);

    switch (intent->verb) {
    case INTENT_ACTION:
        return "run";
    case INTENT_DELETE:
        return "delete";
    case INTENT_PUT:
        break;
    }
    return object != NULL && object->exists && object->before != OBJECT_LOST ? "update" : "create";
}

/* A saved plan is kept to: what it does not hold is not done. */
static bool call_is_allowed(Engine *engine, const Intent *intent)
{
    const char *action = call_action(engine->stack->runtime, intent);

    if (engine->options.may_call == NULL ||
        engine->options.may_call(engine->options.may_call_user, intent, action))
        return true;
    error_set(&engine->error, ERROR_STALE,
              "%s: the run asks to %s it, which is not in the plan: nothing more is done; plan "
              "again",
              intent->address, action);
    return false;
}

static void call_start(Engine *engine, const Intent *intent)
{
    const Runtime *runtime = engine->stack->runtime;
    const Object *object = intent->uid[0] != '\0' ? object_find(runtime, intent->uid) : NULL;
    cleanup(free) char *domain = memory_copy_bytes(intent->address, strcspn(intent->address, ".["));
    cleanup(buffer_deinit) Buffer body = {0};
    InFlight *flight = memory_zero(1, sizeof *flight);

    if (engine->observer.on_call != NULL)
        engine->observer.on_call(engine->observer.user, intent);
    request_body(runtime, engine->stack->name, intent, &body);
    *flight = (InFlight){.next = engine->in_flight,
                         .link = &engine->in_flight,
                         .engine = engine,
                         .intent = intent->number,
                         .asked_first = intent->recovered,
                         .started_ms = engine_now_ms(engine)};
    if (flight->next != NULL)
        flight->next->link = &flight->next;
    engine->in_flight = flight;
    ProviderCall call = {.provider = intent->provider,
                         .verb = call_verb(intent->verb),
                         .type = intent->type,
                         .uid = intent->uid,
                         .effect = intent->action,
                         .domain = domain,
                         .op = intent->op,
                         .body = buffer_text(&body),
                         .body_size = body.size,
                         .fence = runtime->epoch,
                         .timeout_ms = intent->timeout_ms,
                         .creates = object != NULL && !object->exists,
                         .ask_first = intent->recovered};
    provider_call_start(engine->stack->pool, &call, answer_arrived, flight);
}

/* ---- turns ---- */

/* Somebody is still to answer. Once something has gone wrong nobody is waited for. */
static bool is_under_way(const Engine *engine)
{
    return engine->error.code == 0 &&
           (engine->in_flight != NULL || fact_watch_open(engine->facts) > 0);
}

static bool is_stopping(const Engine *engine)
{
    return engine->signal_number != 0 || engine->timed_out || engine->error.code != 0;
}

bool engine_step(Engine *engine, size_t index, const Event *event)
{
    Effects *effects = &engine->steps[index];
    size_t start = 0;

    runtime_step(engine->stack->runtime, &engine->runtime_options, event, effects);
    for (size_t i = 0; i < effects->record_count; i++) {
        if (state_dir_append(engine->stack->dir, effects->records.bytes + start,
                             effects->record_ends[i] - start, &engine->error) < 0)
            return false;
        start = effects->record_ends[i];
    }
    return true;
}

static void count_notice(Engine *engine, const Notice *notice)
{
    EngineCounts *counts = &engine->counts;

    switch (notice->kind) {
    case NOTICE_EFFECT_DONE:
        if (notice->verb == INTENT_ACTION)
            counts->run++;
        else if (notice->changed)
            counts->changed++;
        else if (!notice->repaired)
            counts->added++;
        break;
    case NOTICE_EFFECT_REMOVED:
        counts->destroyed++;
        break;
    case NOTICE_EFFECT_FAILED:
        counts->failed++;
        break;
    case NOTICE_DEAD_LETTER:
        counts->dead_letters++;
        break;
    case NOTICE_FAULTED:
        counts->faults++;
        break;
    case NOTICE_ABORTED:
        counts->aborts++;
        break;
    case NOTICE_STARTED:
    case NOTICE_COMMITTED:
    case NOTICE_EFFECT_BEGAN:
    case NOTICE_EVENT_SENT:
    case NOTICE_LOGGED:
    case NOTICE_LOST:
    case NOTICE_CHANGED:
    case NOTICE_ELEVATED:
    case NOTICE_STOPPED:
    case NOTICE_LOOPED:
    case NOTICE_GOAL_FAILED:
    case NOTICE_UNDECIDED:
    case NOTICE_FACT:
    case NOTICE_CRASHED:
    case NOTICE_DOWN:
        break;
    }
}

void engine_release(Engine *engine, const Effects *effects)
{
    for (size_t i = 0; i < effects->notice_count; i++) {
        count_notice(engine, &effects->notices[i]);
        if (engine->observer.on_notice != NULL)
            engine->observer.on_notice(engine->observer.user, &effects->notices[i]);
    }
    for (size_t i = 0; i < effects->call_count && !is_stopping(engine); i++)
        if (call_is_allowed(engine, effects->calls[i]))
            call_start(engine, effects->calls[i]);
    if (!is_stopping(engine))
        fact_watch_ask(engine->facts, effects->queries, effects->query_count);
}

/* Where the records go; NULL: nowhere. */
static Journal *engine_journal(const Engine *engine)
{
    return engine->stack->dir != NULL && !engine->options.read_only
               ? state_dir_journal(engine->stack->dir)
               : NULL;
}

static bool commit_check(Engine *engine, int code)
{
    if (code < 0)
        error_wrap(&engine->error, "state '%s'", engine->stack->state_path);
    return code == 0;
}

bool engine_commit(Engine *engine)
{
    Journal *journal = engine_journal(engine);

    return journal == NULL || commit_check(engine, journal_commit(journal, &engine->error));
}

/* Nothing waits for these records: what comes next is computed while they are synced. */
static bool commit_beside(Engine *engine)
{
    Journal *journal = engine_journal(engine);

    return journal == NULL || commit_check(engine, journal_begin_commit(journal, &engine->error));
}

/* At the end of a turn: what has begun with a long journal runs first, and what leaves does not
 * wait for it. */
static void journal_fold(Engine *engine)
{
    Stack *stack = engine->stack;
    const Journal *journal = engine_journal(engine);
    off_t size = journal != NULL ? journal_size(journal) : 0;

    if (size > (stack->copy != NULL ? STACK_JOURNAL_WAIT : STACK_JOURNAL_MAX) &&
        engine_commit(engine))
        stack_checkpoint_beside(stack, &engine->error);
}

static Event event_of(const Engine *engine, const Arrived *arrived)
{
    Event event = {.type = EVENT_ANSWER,
                   .now_ms = engine_now_ms(engine),
                   .intent = arrived->intent,
                   .applied = arrived->applied,
                   .external_id = arrived->external_id,
                   .result = arrived->result,
                   .code = arrived->code,
                   .times = arrived->times,
                   .detail = arrived->detail};

    event.times.trouble = arrived->trouble;
    return event;
}

static bool wants_turn(Engine *engine)
{
    return (engine->mode == MODE_APPLY || engine->mode == MODE_CONTROL) && !is_stopping(engine);
}

/* Something is to be shown or asked for, once it is durable. */
static bool is_seen(const Effects *effects)
{
    return effects->notice_count > 0 || effects->call_count > 0 || effects->query_count > 0;
}

/* The group is as large as it should be: what leaves waits for no more than it has to, what does
 * not goes as soon as the group before is on disk. */
static bool group_is_full(Engine *engine, const Effects *last, size_t bytes)
{
    Journal *journal = engine_journal(engine);

    return last->leaves || bytes >= GROUP_BYTES ||
           (journal != NULL && !journal_is_committing(journal));
}

/* Steps of one group: first the answers that have come, then slices. */
static size_t steps_take(Engine *engine)
{
    size_t count = 0, bytes = 0;
    bool more = true;
    Event seen;

    while (engine->inbox != NULL && count < STEPS_A_TURN && engine->error.code == 0) {
        Arrived *arrived = engine->inbox;
        Event event = event_of(engine, arrived);
        engine->inbox = arrived->next;
        if (engine->inbox == NULL)
            engine->inbox_end = &engine->inbox;
        engine_step(engine, count++, &event);
        arrived_free(arrived);
    }
    while (wants_turn(engine) && count < STEPS_A_TURN && fact_watch_next(engine->facts, &seen)) {
        seen.now_ms = engine_now_ms(engine);
        if (!engine_step(engine, count++, &seen))
            return count;
    }
    while (engine->objects != NULL && wants_turn(engine) && count < STEPS_A_TURN &&
           object_watch_next(engine->objects, &seen)) {
        seen.now_ms = engine_now_ms(engine);
        if (!engine_step(engine, count++, &seen))
            return count;
    }
    while (wants_turn(engine) && more && count < STEPS_A_TURN) {
        Event event = {.type = EVENT_TURN, .now_ms = engine_now_ms(engine)};
        Effects *effects = &engine->steps[count];
        if (!engine_step(engine, count++, &event))
            return count;
        bytes += effects->records.size;
        more = !group_is_full(engine, effects, bytes) &&
               runtime_is_runnable(engine->stack->runtime) &&
               !runtime_is_wary(engine->stack->runtime);
    }
    return count;
}

/* Nothing of these steps is seen, and more is to be computed at once. */
static bool may_go_on(Engine *engine, size_t count)
{
    Runtime *runtime = engine->stack->runtime;

    for (size_t i = 0; i < count; i++)
        if (is_seen(&engine->steps[i]))
            return false;
    return wants_turn(engine) && !runtime_is_wary(runtime) && runtime_is_runnable(runtime);
}

/* Something has come, or there is something to run. */
static bool has_work(Engine *engine)
{
    return engine->inbox != NULL ||
           (wants_turn(engine) &&
            (fact_watch_has_next(engine->facts) ||
             (engine->objects != NULL && object_watch_has_next(engine->objects)) ||
             runtime_is_runnable(engine->stack->runtime)));
}

static void tell_waiting(Engine *engine)
{
    if (!engine->told_waiting && engine->observer.on_waiting != NULL)
        engine->observer.on_waiting(engine->observer.user);
    engine->told_waiting = true;
}

/* The end of a goal's time is not waited for, but does not pass unnoticed while something else is.
 */
static void alarm_set_next(Engine *engine, uint64_t alarm_ms)
{
    uint64_t now_ms = engine_now_ms(engine);

    if (alarm_ms != 0)
        loop_timer_set(engine->turn_timer, alarm_ms > now_ms ? (int64_t)(alarm_ms - now_ms) : 0);
}

/* Nothing is to be done: that is no end, unless it is to come to one. */
static void control_rest(Engine *engine)
{
    if (!is_stopping(engine))
        return;
    object_watch_stop(engine->objects);
    engine->ended = true;
    loop_stop(engine->stack->loop);
}

static void schedule_next(Engine *engine)
{
    const Runtime *runtime = engine->stack->runtime;
    bool awaits = wants_turn(engine) && !engine->options.repair_only &&
                  (engine->mode == MODE_CONTROL || runtime_awaits_facts(runtime));

    fact_watch_poll(engine->facts, awaits);
    if (has_work(engine)) {
        turn_soon(engine);
        return;
    }
    if (wants_turn(engine))
        alarm_set_next(engine, runtime_next_alarm(runtime));
    if (is_under_way(engine) || (wants_turn(engine) && runtime_next_wake(runtime) != 0))
        return;
    if (engine->mode == MODE_CONTROL) {
        control_rest(engine);
        return;
    }
    if (awaits)
        tell_waiting(engine);
    else
        loop_stop(engine->stack->loop);
}

static void turn(void *context)
{
    Engine *engine = context;
    size_t count = steps_take(engine);

    if (engine->error.code == 0 &&
        (may_go_on(engine, count) ? commit_beside(engine) : engine_commit(engine)))
        for (size_t i = 0; i < count; i++) {
            engine->told_waiting &= engine->steps[i].record_count == 0;
            engine_release(engine, &engine->steps[i]);
        }
    if (engine->error.code == 0)
        journal_fold(engine);
    schedule_next(engine);
}

/* ---- stopping ---- */

static void abandon(void *context)
{
    Engine *engine = context;

    engine->abandoned = true;
    provider_calls_abandon(engine->stack->pool);
    turn_soon(engine);
}

static void on_timeout(void *context)
{
    Engine *engine = context;

    engine->timed_out = true;
    fact_watch_abandon(engine->facts);
    if (engine->stack->pool != NULL)
        abandon(engine);
    turn_soon(engine);
}

static int flights_count(const Engine *engine)
{
    int count = 0;

    for (const InFlight *flight = engine->in_flight; flight != NULL; flight = flight->next)
        count++;
    return count;
}

/* First signal: begin nothing, await what runs. Second: leave it to the provider. Third: go. */
static void on_signal(void *context, int signal_number)
{
    Engine *engine = context;

    if (engine->signal_number == 0)
        engine->signal_number = signal_number;
    engine->signal_count++;
    if (engine->signal_count >= 3)
        _exit(128 + engine->signal_number);
    if (engine->observer.on_stopping != NULL)
        engine->observer.on_stopping(engine->observer.user, signal_number, flights_count(engine));
    fact_watch_abandon(engine->facts);
    if (engine->signal_count == 2 && engine->stack->pool != NULL)
        abandon(engine);
    else if (engine->signal_count == 1)
        loop_timer_set(engine->grace_timer,
                       signal_number == SIGTERM ? STOP_GRACE_TERM_MS : STOP_GRACE_INT_MS);
    turn_soon(engine);
}

static void on_grace_over(void *context)
{
    Engine *engine = context;

    if (engine->stack->pool != NULL)
        abandon(engine);
}

/* ---- life ---- */

Engine *engine_new(Stack *stack, const EngineOptions *options, const EngineObserver *observer)
{
    Engine *engine = memory_zero(1, sizeof *engine);
    struct timeval wall;

    engine->stack = stack;
    engine->options = *options;
    engine->observer = *observer;
    engine->inbox_end = &engine->inbox;
    engine->runtime_options.max_slices = options->max_slices;
    engine->runtime_options.planning = options->read_only;
    engine->runtime_options.adopt = options->adopt;
    engine->runtime_options.repair_only = options->repair_only;
    gettimeofday(&wall, NULL);
    engine->wall_start_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_usec / 1000;
    engine->loop_start_ms = loop_now_ms(stack->loop);
    engine->facts = fact_watch_new(stack, facts_came, engine);
    engine->turn_timer = loop_timer_new(stack->loop, turn, engine);
    engine->timeout_timer = loop_timer_new(stack->loop, on_timeout, engine);
    engine->grace_timer = loop_timer_new(stack->loop, on_grace_over, engine);
    if (options->timeout_ms > 0)
        loop_timer_set(engine->timeout_timer, options->timeout_ms);
    stack->on_signal = on_signal;
    stack->on_signal_context = engine;
    if (stack->signal_number != 0)
        on_signal(engine, stack->signal_number); /* it came while connecting */
    return engine;
}

void engine_free(Engine *engine)
{
    if (engine == NULL)
        return;
    engine->stack->on_signal = NULL;
    engine->stack->runtime->running = &engine->stack->runtime->not_noted;
    running_note_close(engine->note);
    fact_watch_free(engine->facts);
    object_watch_free(engine->objects);
    for (Arrived *next; engine->inbox != NULL; engine->inbox = next) {
        next = engine->inbox->next;
        arrived_free(engine->inbox);
    }
    for (InFlight *flight = engine->in_flight; flight != NULL; flight = flight->next)
        flight->engine = NULL; /* whoever still calls owns it now */
    for (size_t i = 0; i < STEPS_A_TURN; i++)
        effects_deinit(&engine->steps[i]);
    loop_timer_free(engine->turn_timer);
    loop_timer_free(engine->timeout_timer);
    loop_timer_free(engine->grace_timer);
    free(engine->observe_error);
    free(engine);
}

const EngineCounts *engine_counts(const Engine *engine)
{
    return &engine->counts;
}

int engine_signal(const Engine *engine)
{
    return engine->signal_number;
}

int engine_failure_kind(const Engine *engine)
{
    return engine->failure_kind;
}

/* ---- running ---- */

static EngineEnd end_of(const Engine *engine, Error *err)
{
    if (engine->error.code != 0) {
        *err = engine->error;
        return ENGINE_FAILED;
    }
    if (engine->signal_number != 0)
        return ENGINE_INTERRUPTED;
    return engine->timed_out ? ENGINE_TIMEOUT : ENGINE_QUIET;
}

static EngineEnd run(Engine *engine, Error *err)
{
    if (engine->error.code == 0 && engine->signal_number == 0) {
        turn_soon(engine);
        do
            loop_run(engine->stack->loop);
        while (is_under_way(engine));
    }
    return end_of(engine, err);
}

/* The process before died in a slice: that is counted before it is tried again. */
static bool crash_record(Engine *engine)
{
    cleanup(free) char *how = engine->left.signal_number != 0
                                  ? memory_format("signal %d, %s", engine->left.signal_number,
                                                  strsignal(engine->left.signal_number))
                                  : memory_copy_string("it was killed");
    Event event = {.type = EVENT_CRASHED,
                   .now_ms = engine_now_ms(engine),
                   .instance = engine->left.slice.instance,
                   .message = engine->left.slice.message,
                   .run = engine->left.slice.run,
                   .by_itself = engine->left.signal_number != 0,
                   .detail = how};

    engine->left = (RunningLeft){0};
    if (!engine_step(engine, 0, &event) || !engine_commit(engine))
        return false;
    engine_release(engine, &engine->steps[0]);
    return true;
}

/* From here on slices are noted, and what the process before died in is recorded. Not sooner: a
 * verb that is refused before leaves the note to the next. */
static bool note_begin(Engine *engine)
{
    Stack *stack = engine->stack;

    if (engine->options.notes_slices && stack->dir != NULL && engine->note == NULL)
        engine->note = running_note_open(stack->state_path, &engine->left);
    if (engine->note != NULL)
        stack->runtime->running = running_note_slice(engine->note);
    return engine->left.slice.instance == 0 || crash_record(engine);
}

/* Say who runs and hand out again what an earlier process may have sent. */
static bool begin(Engine *engine, bool record)
{
    Event event = {.type = EVENT_BEGIN,
                   .now_ms = engine_now_ms(engine),
                   .detail = engine->stack->boot_id,
                   .digest = engine->stack->runtime->program_digest};
    Effects *effects = &engine->steps[0];

    if (record && !engine_step(engine, 0, &event))
        return false;
    if (record && !engine_commit(engine))
        return false;
    if (record && !note_begin(engine))
        return false;
    runtime_resume_calls(engine->stack->runtime, &engine->runtime_options, effects);
    size_t start = 0;
    for (size_t i = 0; i < effects->record_count; i++) {
        if (state_dir_append(engine->stack->dir, effects->records.bytes + start,
                             effects->record_ends[i] - start, &engine->error) < 0)
            return false;
        start = effects->record_ends[i];
    }
    if (!engine_commit(engine))
        return false;
    engine_release(engine, effects);
    memory_give_back(); /* what it took to look at every instance for the first time */
    return true;
}

EngineEnd engine_settle(Engine *engine, Error *err)
{
    engine->mode = MODE_SETTLE;
    engine->runtime_options.settling = true;
    if (engine->signal_number == 0)
        begin(engine, false);
    EngineEnd end = run(engine, err);
    engine->runtime_options.settling = false;
    return end;
}

EngineEnd engine_apply(Engine *engine, Error *err)
{
    engine->mode = MODE_APPLY;
    if (engine->signal_number == 0)
        begin(engine, true);
    return run(engine, err);
}

/* ---- without an end ---- */

static void objects_came(void *context)
{
    turn_soon(context);
}

static void tell_warning(void *context, const char *text)
{
    const Engine *engine = context;

    if (engine->observer.on_warning != NULL)
        engine->observer.on_warning(engine->observer.user, text);
}

void engine_control(Engine *engine)
{
    engine->mode = MODE_CONTROL;
    engine->runtime_options.timers = true;
    engine->runtime_options.retry_failed = true;
    engine->objects = object_watch_new(engine->stack, objects_came, tell_warning, engine);
    if (engine->signal_number == 0 && begin(engine, true))
        object_watch_start(engine->objects);
    turn_soon(engine);
}

bool engine_has_ended(const Engine *engine, EngineEnd *ret, Error *err)
{
    if (engine->ended)
        *ret = end_of(engine, err);
    return engine->ended;
}

void engine_look(Engine *engine, bool believed)
{
    if (engine->objects != NULL && wants_turn(engine))
        object_watch_look(engine->objects, believed);
}

EngineEnd engine_destroy(Engine *engine, Error *err)
{
    Event event = {.type = EVENT_DESTROY, .now_ms = engine_now_ms(engine)};

    engine->mode = MODE_DESTROY;
    if (engine->signal_number == 0 && begin(engine, true) && engine_step(engine, 0, &event) &&
        engine_commit(engine))
        engine_release(engine, &engine->steps[0]);
    return run(engine, err);
}

int engine_finish(Engine *engine, Error *err)
{
    Stack *stack = engine->stack;

    if (stack->dir == NULL || state_dir_journal(stack->dir) == NULL ||
        journal_is_broken(state_dir_journal(stack->dir)))
        return 0;
    if (!engine_commit(engine)) {
        *err = engine->error;
        return err->code;
    }
    if (stack->is_new && stack->runtime->program_digest == NULL)
        return 0; /* stopped before the program was taken over: there is no state yet */
    if (stack_checkpoint(stack, err) < 0)
        return error_wrap(err, "state '%s'", stack->state_path);
    return state_dir_seal(stack->dir, err);
}
