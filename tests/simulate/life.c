#include "tests/simulate/life.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/core/snapshot.h"
#include "controller/host/engine.h"
#include "controller/host/planner.h"
#include "controller/host/provider_client.h"
#include "controller/host/replay.h"
#include "lang/base/memory.h"
#include "tests/simulate/calls.h"
#include "tests/simulate/disk.h"
#include "tests/simulate/promise.h"
#include "tests/simulate/provider.h"
#include "tests/simulate/world.h"

#define LIFE_SECONDS 60 /* of real time: it hangs */

/* How the process ends, as its exit code; EXIT_KILLED else. */
enum { EXIT_OF_LIFE = 10 };

static bool recovers;

bool life_recovers(void)
{
    return recovers;
}

/* ---- the state ---- */

static uint64_t state_hash(const Runtime *runtime)
{
    cleanup(buffer_deinit) Buffer text = {0};

    snapshot_write(runtime, &text);
    return hash_bytes(buffer_text(&text), text.size);
}

static int read_checkpoint(void *user, uint64_t position, const char *state, size_t size,
                           Error *err)
{
    Runtime *runtime = user;
    cleanup(json_free) Json *json = NULL;

    (void)position;
    if (json_parse_own(state, size, &json, err) < 0)
        return ERROR_STATE;
    json_free(json_detach(json, "plugins"));
    return snapshot_read(runtime, json, false, err);
}

static int read_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    Runtime *runtime = user;
    cleanup(json_free) Json *json = NULL;
    Arena arena = {0};
    Record record;

    promise_check_record(sequence, payload, size);
    int code = json_parse_own(payload, size, &json, err);
    if (code == 0) {
        json_free(json_detach(json, "plugins"));
        code = record_decode(runtime, json, &arena, &record, err);
    }
    if (code == 0)
        code = record_apply(runtime, &record, err);
    arena_deinit(&arena);
    return code;
}

/* Read it all once more, from another checkpoint than the controller perhaps: it must come to the
 * same. */
static void state_compare(const Stack *stack)
{
    Runtime *copy = runtime_new(stack->runtime->program, NULL, stack->runtime->lineage);
    StateVisitor visitor = {
        .on_checkpoint = read_checkpoint, .on_record = read_record, .user = copy};
    uint64_t from = STATE_NEWEST;
    StateRecovery recovery;
    Error err = {0};

    if (chance_one_in(&world->chance, 2) && state_dir_oldest(stack->dir, &from, &err) < 0)
        world_wrong("the oldest checkpoint: %s", err.message);
    if (from < world->passed_on)
        from = STATE_NEWEST; /* a program takes over by a checkpoint, not by records */
    int code = state_dir_read(stack->dir, from, &visitor, &recovery, &err);
    if (code < 0 && !(world->damaged && code == ERROR_STATE))
        world_wrong("the state was recovered, and cannot be read: %s", err.message);
    else if (code >= 0 && state_hash(copy) != state_hash(stack->runtime))
        world_wrong("read again from %" PRId64 ", the state at record %" PRIu64 " is another one",
                    (int64_t)from, recovery.position);
    runtime_free(copy);
}

/* Each slice computed again comes to what is recorded, each checkpoint holds what the records give.
 */
static void replay_check(const Stack *stack)
{
    ReplayOptions options = {.last = UINT64_MAX};
    cleanup(replay_report_deinit) ReplayReport report = {0};
    Error err = {0};
    if (promise_position() == 0)
        return; /* there is nothing yet */
    int code = state_replay(stack->dir, &options, &report, &err);
    if (code < 0 && !world->damaged)
        world_wrong("the journal cannot be replayed: %s", err.message);
    if (code == 0 && report.difference != NULL)
        world_wrong("replayed, record %" PRIu64 " differs: %s", report.differs_at,
                    report.difference);
}

/* The one with the highest number; NULL: there is none. */
static const Inode *last_journal(void)
{
    const Inode *last = NULL;
    const DiskEntry *entry;
    uint64_t highest = 0;
    Inode *folder;

    if (disk_find(SIMULATED_STATE, &folder) < 0)
        return NULL;
    for (size_t i = 0; (entry = inode_entry(folder, i)) != NULL; i++) {
        uint64_t number = 0;
        int size = 0;
        if (sscanf(entry->name, "journal-%" SCNu64 ".ndjson%n", &number, &size) != 1 || size == 0 ||
            (last != NULL && number < highest))
            continue;
        last = entry->inode;
        highest = number;
    }
    return last;
}

/* What was torn is cut off: behind the records that were read there is nothing. */
static void tail_check(const Stack *stack)
{
    off_t size = calls_journal_size(state_dir_journal(stack->dir));
    const Inode *journal = last_journal();

    if (journal == NULL || inode_size(journal) != size)
        world_wrong("behind the records of the journal, %lld bytes, something is left",
                    (long long)size);
}

static void recovery_check(const Stack *stack)
{
    world_trace("recovered record %" PRIu64 "%s", stack->recovery.position,
                stack->recovery.torn ? ", torn" : "");
    tail_check(stack);
    promise_check_position(stack->recovery.position);
    promise_check_state(stack->recovery.position, state_hash(stack->runtime));
    state_compare(stack);
    if (chance_one_in(&world->chance, 3))
        replay_check(stack);
}

/* ---- the end ---- */

static void end(LifeEnd how)
{
    fflush(stdout);
    _exit(EXIT_OF_LIFE + (int)how);
}

/* Errors are for those who have a reason to fail. */
static void end_failed(const Error *err, bool opening)
{
    world_trace("error %d: %s", err->code, err->message);
    if (opening && world->damaged && err->code == ERROR_STATE)
        end(LIFE_REFUSED);
    if (!world->disk_trouble)
        world_wrong("it ends with error %d: %s", err->code, err->message);
    end(LIFE_FAILED);
}

static int runtime_copy(const Runtime *original, Runtime **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer snapshot = {0};
    cleanup(json_free) Json *json = NULL;

    snapshot_write(original, &snapshot);
    *ret = runtime_new(original->program, original->bindings, original->lineage);
    (*ret)->first_values = original->first_values;
    if (json_parse_own(buffer_text(&snapshot), snapshot.size, &json, err) < 0)
        return err->code;
    return snapshot_read(*ret, json, false, err);
}

/* After it the stack is only good for being left. */
static void plan_check(Stack *stack)
{
    Runtime *original = stack->runtime;
    Error err = {0};

    if (runtime_copy(original, &stack->runtime, &err) < 0)
        world_wrong("the state cannot be copied: %s", err.message);
    Plan *plan = plan_apply(stack, RUNTIME_MAX_SLICES, (uint64_t)world_calendar_ms());
    if (plan->count > 0)
        world_wrong("a plan is not empty: %s", plan->items[0].address);
    plan_free(plan);
    runtime_free(stack->runtime);
    stack->runtime = original;
}

static void idle_check(const Stack *stack)
{
    unsigned armed =
        loop_armed(stack->loop) - (stack->copy != NULL); /* which has its turn by one */

    if (stack->pool != NULL && provider_pool_pending(stack->pool) > 0)
        world_wrong("%zu calls are under way in the end", provider_pool_pending(stack->pool));
    if (armed > 0)
        world_wrong("%u timers are armed in the end, and nothing is to be done", armed);
}

/* ---- the life ---- */

/* Only what is durable may be told. */
static void on_notice(void *user, const Notice *notice)
{
    const Stack *stack = user;
    const Journal *journal = state_dir_journal(stack->dir);

    if (journal_next(journal) != journal_position(journal) + 1)
        world_wrong("something is told while records are not on disk");
    world_trace("told: %s %s", notice->who != NULL ? notice->who : "",
                notice->text != NULL ? notice->text : "");
}

static EngineEnd destroy(Engine *engine, Error *err)
{
    EngineEnd how = engine_settle(engine, err);

    return how == ENGINE_QUIET ? engine_destroy(engine, err) : how;
}

static EngineEnd apply(Stack *stack, Engine *engine, Error *err)
{
    EngineEnd how = engine_observe(engine, err);

    if (how == ENGINE_INTERRUPTED || how == ENGINE_TIMEOUT)
        end(LIFE_STOPPED); /* before all was observed */
    if (how == ENGINE_QUIET && (stack->changed || stack->old_program != NULL))
        how = engine_settle(engine, err);
    if (how != ENGINE_QUIET)
        return how;
    if (stack_is_passed_on(stack))
        world->passed_on = journal_position(state_dir_journal(stack->dir)) + 1;
    if (stack_evolve(stack, err) < 0)
        return ENGINE_FAILED;
    return engine_apply(engine, err);
}

static Stack *open_stack(const LifeOptions *options, const StackOptions *stack_options)
{
    Config *config = config_new();
    Stack *stack = NULL;
    Error err = {0};

    config_bind(config, PROVIDER_NAME, PROVIDER_URL);
    recovers = true;
    int code = stack_open(stack_options, options->program, config, &stack, &err);
    recovers = false;
    if (code < 0 && options->program == NULL && promise_position() == 0)
        end(LIFE_QUIET); /* there is nothing yet */
    if (code < 0)
        end_failed(&err, true);
    recovery_check(stack);
    return stack;
}

static void connect_stack(Stack *stack, const StackOptions *stack_options)
{
    Diagnostics diagnostics;
    Arena arena = {0};
    Error err = {0};

    diagnostics_init(&diagnostics, &arena, &stack->program->source);
    int code = stack_connect(stack, stack_options, &diagnostics, &err);
    arena_deinit(&arena);
    if (code < 0)
        end_failed(&err, false);
    if (code == STACK_INTERRUPTED)
        end(LIFE_STOPPED);
}

static void last_check(const LifeOptions *options, Stack *stack)
{
    idle_check(stack);
    if (options->program == NULL) {
        story_check_destroyed(options->story, stack->runtime);
        return;
    }
    story_check(options->story, stack->runtime);
    plan_check(stack);
}

/* 0: it may take what it takes. */
static int64_t timeout_ms(void)
{
    if (world->calm || !chance_one_in(&world->chance, 12))
        return 0;
    return 1 + (int64_t)chance_below(&world->chance, 30000);
}

static void live(const LifeOptions *options)
{
    StackOptions stack_options = {.name = "sim", .state_path = SIMULATED_STATE, .plugin_dir = "/"};
    EngineOptions engine_options = {.max_slices = RUNTIME_MAX_SLICES, .timeout_ms = timeout_ms()};
    Stack *stack = open_stack(options, &stack_options);
    EngineObserver observer = {.on_notice = on_notice, .user = stack};
    Error err = {0};

    connect_stack(stack, &stack_options);
    Engine *engine = engine_new(stack, &engine_options, &observer);
    EngineEnd how = options->program == NULL ? destroy(engine, &err) : apply(stack, engine, &err);
    if (how == ENGINE_FAILED)
        end_failed(&err, false);
    if (how == ENGINE_TIMEOUT)
        world_count(TROUBLE_TIMEOUT);
    if (options->is_last && how == ENGINE_QUIET)
        last_check(options, stack);
    if (engine_finish(engine, &err) < 0)
        end_failed(&err, false);
    if (options->is_last)
        replay_check(stack);
    promise_note_state(journal_position(state_dir_journal(stack->dir)), state_hash(stack->runtime));
    engine_free(engine);
    stack_free(stack);
    end(how == ENGINE_QUIET ? LIFE_QUIET : LIFE_STOPPED);
}

/* ---- its process ---- */

static LifeEnd end_of(int status)
{
    if (WIFSIGNALED(status)) {
        world_wrong(WTERMSIG(status) == SIGALRM ? "the process hangs" : "the process crashes: %s",
                    strsignal(WTERMSIG(status)));
        return LIFE_KILLED;
    }
    int code = WEXITSTATUS(status);
    if (code != EXIT_KILLED && (code < EXIT_OF_LIFE || code > EXIT_OF_LIFE + LIFE_REFUSED))
        world_wrong("the process ends with exit code %d", code);
    return code >= EXIT_OF_LIFE && code < EXIT_KILLED ? (LifeEnd)(code - EXIT_OF_LIFE)
                                                      : LIFE_KILLED;
}

LifeEnd life_run(const LifeOptions *options)
{
    int status = 0;

    tally->lives++;
    world->life++;
    world->running = true;
    world_trace("---- process %u", world->life);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(LIFE_SECONDS);
        live(options);
    }
    waitpid(child, &status, 0);
    world->running = false;
    return end_of(status);
}
