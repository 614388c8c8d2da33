#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "lang/base/map.h"
#include "lang/base/memory.h"

#define STILL_MS 10000
#define WAITING_TOLD_MAX 10 /* goals, or few more */

/* How a call is spoken of. */
typedef struct Words {
    const char *action; /* see call_action() */
    const char *doing;
    const char *still;
    const char *done;
} Words;

/* An effect that runs. */
typedef struct Running {
    char *address;
    char *op;
    const Words *words;
    int64_t since_ms;
    int64_t told_ms;
} Running;

struct Progress {
    Ui *ui;
    const Stack *stack;
    Loop *loop;
    LoopTimer *timer;
    Map running; /* op -> Running, in the order in which they began */
};

static const Words *words_of(const char *action)
{
    static const Words all[] = {
        {"create", "Creating", "Still creating", "Creation complete"},
        {"update", "Modifying", "Still modifying", "Modifications complete"},
        {"run", "Running", "Still running", "Run complete"},
        {"delete", "Destroying", "Still destroying", "Destruction complete"},
    };
    size_t i = 0;

    while (i + 1 < ARRAY_SIZE(all) && strcmp(all[i].action, action) != 0)
        i++;
    return &all[i];
}

/* Of one whose call an earlier process has made. */
static const Words *words_of_verb(IntentVerb verb)
{
    static const char *const actions[] = {
        [INTENT_PUT] = "create", [INTENT_ACTION] = "run", [INTENT_DELETE] = "delete"};

    return words_of(actions[verb]);
}

static Json *hook(const char *address, const Words *words)
{
    Json *json = json_new_object(), *inner = json_new_object(), *resource = json_new_object();

    json_set_string(resource, "addr", address);
    json_set(inner, "resource", resource);
    json_set_string(inner, "action", words->action);
    json_set(json, "hook", inner);
    return json;
}

static void running_free(Running *running)
{
    free(running->address);
    free(running->op);
    free(running);
}

/* ", 40 %, creating, disk": how far the provider says it is, as far as it does. */
static void put_progress(Buffer *ret, const CallProgress *told)
{
    cleanup(free) char *phase = text_clean(told->phase);
    cleanup(free) char *message = text_clean(told->message);

    if (told->done >= 0)
        buffer_add_format(ret, ", %d %%", (int)(told->done * 100));
    if (phase[0] != '\0')
        buffer_add_format(ret, ", %s", phase);
    if (message[0] != '\0')
        buffer_add_format(ret, ", %s", message);
}

static void set_progress(Json *hook, const CallProgress *told)
{
    if (told->done >= 0)
        json_set(hook, "progress", json_new_number(told->done));
    if (told->phase[0] != '\0')
        json_set_string(hook, "phase", told->phase);
    if (told->message[0] != '\0')
        json_set_string(hook, "message", told->message);
}

static void tell_still(Progress *progress, Running *running, int64_t now)
{
    int64_t seconds = (now - running->since_ms + 500) / 1000;
    Json *json = hook(running->address, running->words);
    const ProviderPool *pool = progress->stack->pool;
    const char *said = pool != NULL ? provider_call_trouble(pool, running->op) : NULL;
    cleanup(free) char *trouble = text_clean(said != NULL ? said : "");
    cleanup(buffer_deinit) Buffer how_far = {0};
    CallProgress told;

    running->told_ms = now;
    if (pool != NULL && provider_call_progress(pool, running->op, &told)) {
        put_progress(&how_far, &told);
        set_progress(json_get(json, "hook"), &told);
    }
    if (said != NULL)
        json_set_string(json, "problem", trouble);
    json_set_int(json_get(json, "hook"), "elapsed_seconds", seconds);
    json_set_string(json, "op", running->op);
    ui_event(progress->ui, "apply_progress", "info", json, "%s: %s... [%llds elapsed]",
             running->address, running->words->still, (long long)seconds);
    ui_progress(progress->ui, "%s: %s... [%llds elapsed%s%s%s]\n", running->address,
                running->words->still, (long long)seconds, buffer_text(&how_far),
                said != NULL ? "; it is tried again after: " : "", trouble);
}

static void on_timer(void *context)
{
    Progress *progress = context;
    int64_t now = loop_now_ms(progress->loop), next = STILL_MS;

    for (MapEntry *e = map_next(&progress->running, NULL); e; e = map_next(&progress->running, e)) {
        Running *running = e->value;
        if (now - running->told_ms >= STILL_MS)
            tell_still(progress, running, now);
        int64_t due = running->told_ms + STILL_MS - now;
        next = due < next ? due : next;
    }
    if (progress->running.count > 0)
        loop_timer_set(progress->timer, next);
}

static void running_begin(Progress *progress, const Intent *intent, const Words *words)
{
    Running *running = memory_zero(1, sizeof *running);

    running->address = memory_copy_string(intent->address);
    running->op = memory_copy_string(intent->op);
    running->words = words;
    running->since_ms = running->told_ms = loop_now_ms(progress->loop);
    running = map_put(&progress->running, intent->op, running);
    if (running != NULL) /* begun again */
        running_free(running);
}

static void on_call(void *user, const Intent *intent)
{
    Progress *progress = user;
    const Words *words = words_of(call_action(progress->stack->runtime, intent));
    Json *json = hook(intent->address, words);

    running_begin(progress, intent, words);
    json_set_string(json, "op", intent->op);
    ui_event(progress->ui, "apply_start", "info", json, "%s: %s...", intent->address, words->doing);
    ui_progress(progress->ui, "%s: %s... [op %s]\n", intent->address, words->doing, intent->op);
    if (!loop_timer_is_set(progress->timer))
        loop_timer_set(progress->timer, STILL_MS);
}

/* Seconds it ran; it runs no more. `ret`, which may be NULL, is set if it did run. */
static int64_t running_end(Progress *progress, const char *op, const Words **ret)
{
    Running *running = map_remove(&progress->running, op);

    if (running == NULL)
        return 0;
    int64_t seconds = (loop_now_ms(progress->loop) - running->since_ms + 500) / 1000;
    if (ret != NULL)
        *ret = running->words;
    running_free(running);
    return seconds;
}

static void tell_done(Progress *progress, const Notice *notice)
{
    const Words *words = words_of_verb(notice->verb);
    int64_t seconds = running_end(progress, notice->op, &words);
    const char *id = notice->external_id != NULL ? notice->external_id : "";
    cleanup(free) char *clean = text_clean(id);
    Json *json = hook(notice->address, words);

    json_set_int(json_get(json, "hook"), "elapsed_seconds", seconds);
    json_set_string(json_get(json, "hook"), "id_value", clean);
    json_set_string(json, "op", notice->op);
    ui_event(progress->ui, "apply_complete", "info", json, "%s: %s after %llds", notice->address,
             words->done, (long long)seconds);
    ui_progress(progress->ui, "%s: %s after %llds%s%s%s\n", notice->address, words->done,
                (long long)seconds, clean[0] ? " [id=" : "", clean, clean[0] ? "]" : "");
}

static void tell_failed(Progress *progress, const Notice *notice)
{
    const Words *words = words_of_verb(notice->verb);
    int64_t seconds = running_end(progress, notice->op, &words);
    Json *json = hook(notice->address, words);
    cleanup(free) char *text = text_clean(notice->text != NULL ? notice->text : "");
    const char *code = notice->code != NULL ? notice->code : "FAILED";

    json_set_int(json_get(json, "hook"), "elapsed_seconds", seconds);
    json_set_string(json, "op", notice->op);
    json_set_string(json, "problem", text);
    ui_event(progress->ui, "apply_errored", "error", json, "%s: failed after %llds: %s: %s",
             notice->address, (long long)seconds, code, text);
    if (!progress->ui->mute)
        fprintf(stderr, "%s: failed after %llds: %s: %s\n", notice->address, (long long)seconds,
                code, text);
}

static void tell_domain(Progress *progress, const Notice *notice, const char *type)
{
    Json *json = json_new_object();
    cleanup(free) char *text = text_clean(notice->text != NULL ? notice->text : "");

    json_set_string(json, "domain", notice->domain != NULL ? notice->domain : "");
    if (notice->key != NULL)
        json_set_string(json, "key", notice->key);
    ui_event(progress->ui, type, "info", json, "%s", text);
}

static void tell_trouble(Progress *progress, const Notice *notice, const char *type,
                         const char *what)
{
    cleanup(free) char *text = text_clean(notice->text != NULL ? notice->text : "");

    tell_domain(progress, notice, type);
    if (!progress->ui->mute)
        fprintf(stderr, "%s: %s: %s\n", notice->who, what, text);
}

static void tell_object(Progress *progress, const Notice *notice, const char *type,
                        const char *what)
{
    cleanup(free) char *text = text_clean(notice->text != NULL ? notice->text : "");
    Json *json = json_new_object();

    json_set_string(json, "addr", notice->address);
    ui_event(progress->ui, type, "warn", json, "%s: %s%s%s", notice->address, what,
             text[0] != '\0' ? ": " : "", text);
    ui_progress(progress->ui, "%s: %s%s%s\n", notice->address, what, text[0] != '\0' ? ": " : "",
                text);
}

static void tell_fact(Progress *progress, const Notice *notice)
{
    cleanup(free) char *text = text_clean(notice->text);

    ui_event(progress->ui, "fact", "info", NULL, "fact %s", text);
    ui_progress(progress->ui, "fact %s\n", text);
}

static void on_notice(void *user, const Notice *notice)
{
    Progress *progress = user;

    switch (notice->kind) {
    case NOTICE_EFFECT_DONE:
    case NOTICE_EFFECT_REMOVED:
        tell_done(progress, notice);
        break;
    case NOTICE_EFFECT_FAILED:
        tell_failed(progress, notice);
        break;
    case NOTICE_LOGGED: {
        cleanup(free) char *text = text_clean(notice->text);
        tell_domain(progress, notice, "log");
        ui_out(progress->ui, "%s: %s\n", notice->who, text);
        break;
    }
    case NOTICE_EVENT_SENT:
        tell_domain(progress, notice, "event_sent");
        break;
    case NOTICE_LOST:
        tell_object(progress, notice, "object_lost", "lost");
        break;
    case NOTICE_CHANGED:
        tell_object(progress, notice, "object_changed", "changed");
        break;
    case NOTICE_ELEVATED:
        tell_domain(progress, notice, "elevated");
        ui_progress(progress->ui, "%s: sent with elevated authority: %s\n", notice->who,
                    notice->text);
        break;
    case NOTICE_STOPPED:
        tell_domain(progress, notice, "domain_stopped");
        break;
    case NOTICE_FAULTED:
        tell_trouble(progress, notice, "slice_faulted", "fault");
        break;
    case NOTICE_DEAD_LETTER:
        tell_trouble(progress, notice, "dead_letter", "a message became a dead letter");
        break;
    case NOTICE_CRASHED:
        tell_trouble(progress, notice, "domain_crashed",
                     "the process before died in a slice of it, which is tried again");
        break;
    case NOTICE_DOWN:
        tell_trouble(progress, notice, "domain_down",
                     "is down: the process died 6 times within a minute in its slices");
        break;
    case NOTICE_LOOPED:
        tell_trouble(progress, notice, "loop", "stopped");
        break;
    case NOTICE_GOAL_FAILED:
        tell_trouble(progress, notice, "goal_failed",
                     "goal failed, its terminate_after is reached");
        break;
    case NOTICE_FACT:
        tell_fact(progress, notice);
        break;
    case NOTICE_COMMITTED:
    case NOTICE_STARTED:
    case NOTICE_ABORTED:
    case NOTICE_EFFECT_BEGAN:
    case NOTICE_UNDECIDED:
        break;
    }
}

static void on_unknown(void *user, const Intent *intent, const char *reason)
{
    Progress *progress = user;
    Json *json = hook(intent->address, words_of(call_action(progress->stack->runtime, intent)));
    cleanup(free) char *text = text_clean(reason != NULL ? reason : "");

    running_end(progress, intent->op, NULL);
    json_set_string(json, "op", intent->op);
    ui_event(progress->ui, "effect_unknown", "error", json, "%s: outcome unknown: %s",
             intent->address, text);
    if (!progress->ui->mute)
        fprintf(
            stderr,
            "? %s: outcome unknown: %s; run the same command again and it is asked for [op %s]\n",
            intent->address, text, intent->op);
}

static void on_warning(void *user, const char *text)
{
    const Progress *progress = user;

    ui_warning(progress->ui, text);
}

static bool goal_waits(const Instance *instance, uint32_t goal)
{
    switch (goal_status(instance, goal)) {
    case GOAL_UNMET:
    case GOAL_UNKNOWN:
    case GOAL_BLOCKED:
        return instance->domain->goals[goal].priority > 0;
    case GOAL_MET:
    case GOAL_FAULTED:
    case GOAL_OSCILLATING:
    case GOAL_FAILED:
        return false;
    }
    return false;
}

/* Why a run that does nothing goes on. */
static void on_waiting(void *user)
{
    const Progress *progress = user;
    const Instance *instance = instance_first(progress->stack->runtime);
    unsigned told = 0;

    for (; instance != NULL && told < WAITING_TOLD_MAX; instance = instance_next(instance))
        for (uint32_t g = 0; g < instance->domain->goal_count; g++) {
            if (!goal_waits(instance, g))
                continue;
            cleanup(free) char *sentence = goal_explain(instance, g);
            cleanup(free) char *text = text_clean(sentence);
            ui_progress(progress->ui, "waiting: %s\n", text);
            told++;
        }
}

static void on_stopping(void *user, int signal_number, int running)
{
    Progress *progress = user;

    if (!progress->ui->mute && running == 0)
        fprintf(stderr, "\nStopping (signal %d): nothing new is begun.\n", signal_number);
    else if (!progress->ui->mute)
        fprintf(stderr,
                "\nStopping (signal %d): nothing new is begun, %d running effect%s awaited. Once "
                "more to leave %s to the provider.\n",
                signal_number, running, running == 1 ? " is" : "s are",
                running == 1 ? "it" : "them");
}

EngineObserver progress_observer(Progress *progress)
{
    return (EngineObserver){.user = progress,
                            .on_notice = on_notice,
                            .on_call = on_call,
                            .on_unknown = on_unknown,
                            .on_warning = on_warning,
                            .on_waiting = on_waiting,
                            .on_stopping = on_stopping};
}

Progress *progress_new(Ui *ui, const Stack *stack)
{
    Progress *progress = memory_zero(1, sizeof *progress);

    *progress = (Progress){.ui = ui, .stack = stack, .loop = stack->loop};
    progress->timer = loop_timer_new(stack->loop, on_timer, progress);
    return progress;
}

void progress_free(Progress *progress)
{
    if (progress == NULL)
        return;
    for (MapEntry *e = map_next(&progress->running, NULL); e; e = map_next(&progress->running, e))
        running_free(e->value);
    map_deinit(&progress->running);
    loop_timer_free(progress->timer);
    free(progress);
}
