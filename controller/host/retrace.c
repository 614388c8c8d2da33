/* Where a program took over, what it made of the state stands in the checkpoint of that position
 * alone: there the way goes on from that. */
#include "controller/host/retrace.h"

#include <errno.h>

#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

/* Nothing more is to be read. Apart from what the readers below say themselves. */
#define RETRACE_REACHED 100
#define RETRACE_TRIES 5

typedef struct Walker {
    Retrace *retrace;
    const RetraceVisitor *visitor;
    uint64_t last;
    CheckpointHead *heads;
    size_t head_count, next_head;
    int outcome; /* of a visitor */
} Walker;

static void walker_deinit(Walker *walker)
{
    free(walker->heads);
}
#define walker_deinit_p walker_deinit

void retrace_deinit(Retrace *retrace)
{
    runtime_free(retrace->runtime);
    program_free(retrace->program);
    retrace->runtime = NULL;
    retrace->program = NULL;
}

/* ---- states ---- */

static int program_load(const StateDir *dir, uint64_t position, Program **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *name = memory_format("%s.ved", state_dir_stack(dir));
    int code = state_dir_read_program(dir, position, &text, err);

    if (code == -ENOENT && position == 0)
        return error_set(err, ERROR_STATE,
                         "state '%s' holds no stack: apply one first (`ved apply FILE`)",
                         state_dir_path(dir));
    if (code < 0)
        return code;
    cleanup(program_free) Program *program = program_compile(name, buffer_text(&text), text.size);
    if (!program->valid)
        return error_set(err, ERROR_STATE,
                         "program-%llu.ved of state '%s' does not compile with this ved: use the "
                         "version that wrote it",
                         (unsigned long long)position, state_dir_path(dir));
    *ret = take(program);
    return 0;
}

static int loading_finish(void *user, uint64_t position, const char *state, size_t size, Error *err)
{
    (void)position;
    (void)state;
    (void)size;
    int code = snapshot_reader_finish(user, NULL, err);
    return code < 0 ? code : RETRACE_REACHED;
}

/* What a checkpoint holds, for a runtime of its program. */
static int checkpoint_load(const StateDir *dir, uint64_t position, const Program *program,
                           Runtime **ret, Error *err)
{
    cleanup(runtime_free) Runtime *runtime = runtime_new(program, NULL, state_dir_lineage(dir));
    cleanup(snapshot_reader_free) SnapshotReader *reader = snapshot_reader_new(runtime);
    StateVisitor visitor = {
        .on_line = snapshot_reader_put, .on_checkpoint = loading_finish, .user = reader};
    StateRecovery recovery;
    int code = state_dir_read(dir, position, &visitor, &recovery, err);

    if (code < 0)
        return code;
    *ret = take(runtime);
    return 0;
}

static int state_taken(Walker *walker, Error *err)
{
    const RetraceVisitor *visitor = walker->visitor;

    return visitor->on_state != NULL ? visitor->on_state(visitor->user, walker->retrace, err) : 0;
}

/* Another program has passed the state on. */
static int program_switch(Walker *walker, const CheckpointHead *head, Error *err)
{
    Retrace *retrace = walker->retrace;
    cleanup(program_free) Program *program = NULL;
    cleanup(runtime_free) Runtime *runtime = NULL;
    int code = program_load(retrace->dir, head->program, &program, err);

    if (code == 0)
        code = checkpoint_load(retrace->dir, head->position, program, &runtime, err);
    if (code < 0)
        return code;
    retrace_deinit(retrace);
    retrace->program = take(program);
    retrace->runtime = take(runtime);
    retrace->program_position = head->program;
    return state_taken(walker, err);
}

/* One of another epoch was put there by hand. */
static int state_compare(Walker *walker, const CheckpointHead *head, Error *err)
{
    const RetraceVisitor *visitor = walker->visitor;
    Retrace *retrace = walker->retrace;
    cleanup(runtime_free) Runtime *restored = NULL;
    int code = checkpoint_load(retrace->dir, head->position, retrace->program, &restored, err);

    if (code < 0)
        return code;
    if (restored->epoch == retrace->runtime->epoch)
        return visitor->on_checkpoint != NULL
                   ? visitor->on_checkpoint(visitor->user, retrace, restored, err)
                   : 0;
    runtime_free(retrace->runtime);
    retrace->runtime = take(restored);
    return state_taken(walker, err);
}

/* The checkpoints behind the record that was applied last and before `next`. */
static int checkpoints_pass(Walker *walker, uint64_t next, Error *err)
{
    int code = 0;

    for (; code == 0 && walker->next_head < walker->head_count; walker->next_head++) {
        const CheckpointHead *head = &walker->heads[walker->next_head];
        if (head->position >= next)
            return 0;
        code = head->program != walker->retrace->program_position
                   ? program_switch(walker, head, err)
                   : state_compare(walker, head, err);
    }
    return code;
}

/* ---- records ---- */

static int record_visit(Walker *walker, uint64_t sequence, Record *record, Error *err)
{
    const RetraceVisitor *visitor = walker->visitor;
    Retrace *retrace = walker->retrace;
    int code = 0;

    if (visitor->on_record != NULL)
        code = visitor->on_record(visitor->user, retrace, sequence, record, err);
    if (code == 0)
        code = record_apply(retrace->runtime, record, err);
    if (code != 0)
        return code;
    retrace->position = sequence;
    if (visitor->on_applied != NULL)
        code = visitor->on_applied(visitor->user, retrace, sequence, record, err);
    return code;
}

static int record_take(Walker *walker, uint64_t sequence, const char *payload, size_t size,
                       Error *err)
{
    Arena arena = {0};
    Record record;
    int code = record_read(walker->retrace->runtime, payload, size, &arena, &record, err);

    if (code == 0)
        code = record_visit(walker, sequence, &record, err);
    arena_deinit(&arena);
    return code;
}

static int on_record(void *user, uint64_t sequence, const char *payload, size_t size, Error *err)
{
    Walker *walker = user;

    if (sequence > walker->last)
        return RETRACE_REACHED;
    int code = checkpoints_pass(walker, sequence, err);
    if (code == 0)
        code = record_take(walker, sequence, payload, size, err);
    if (code < 0)
        error_wrap(err, "record %llu of the journal", (unsigned long long)sequence);
    if (code > 0) {
        walker->outcome = code;
        return RETRACE_REACHED;
    }
    return code;
}

/* The state that the way begins with stands in no checkpoint if it is the empty one. */
static int begin(Walker *walker, Error *err)
{
    Retrace *retrace = walker->retrace;
    const StateDir *dir = retrace->dir;
    bool from_nothing = walker->head_count == 0 || walker->heads[0].position > retrace->since;

    retrace->program_position = from_nothing ? 0 : walker->heads[0].program;
    int code = program_load(dir, retrace->program_position, &retrace->program, err);
    if (code < 0)
        return code;
    if (from_nothing) {
        retrace->runtime = runtime_new(retrace->program, NULL, state_dir_lineage(dir));
        return state_taken(walker, err);
    }
    walker->next_head = 1;
    code = checkpoint_load(dir, retrace->since, retrace->program, &retrace->runtime, err);
    return code < 0 ? code : state_taken(walker, err);
}

static int walk(Walker *walker, Error *err)
{
    Retrace *retrace = walker->retrace;
    StateVisitor visitor = {.on_record = on_record, .user = walker};
    StateRecovery recovery = {0};
    int code = begin(walker, err);

    if (code == 0)
        code = state_dir_read(retrace->dir, retrace->since, &visitor, &recovery, err);
    if (code < 0 || walker->outcome != 0)
        return code < 0 ? code : walker->outcome;
    retrace->torn = code == STATE_TORN_TAIL && recovery.torn;
    return checkpoints_pass(walker, walker->last == UINT64_MAX ? UINT64_MAX : walker->last + 1,
                            err);
}

static uint64_t newest_of(const CheckpointHead *heads, size_t count)
{
    return count > 0 ? heads[count - 1].position : 0;
}

/* There is a newer checkpoint than those that were listed. */
static bool has_moved_on(const StateDir *dir, uint64_t newest)
{
    cleanup(free) CheckpointHead *heads = NULL;
    size_t count;

    return state_dir_checkpoints(dir, 0, &heads, &count, NULL) == 0 &&
           newest_of(heads, count) > newest;
}

static int run_once(const StateDir *dir, uint64_t last, const RetraceVisitor *visitor, Retrace *ret,
                    uint64_t *ret_newest, Error *err)
{
    cleanup(walker_deinit) Walker walker = {.retrace = ret, .visitor = visitor, .last = last};

    *ret = (Retrace){.dir = dir};
    int code = state_dir_oldest(dir, &ret->since, err);
    if (code == 0)
        code = state_dir_checkpoints(dir, ret->since, &walker.heads, &walker.head_count, err);
    if (code < 0)
        return code;
    if (last < ret->since)
        return error_set(err, ERROR_USAGE,
                         "record %llu is not kept: the journal of state '%s' begins behind record "
                         "%llu",
                         (unsigned long long)last, state_dir_path(dir),
                         (unsigned long long)ret->since);
    *ret_newest = newest_of(walker.heads, walker.head_count);
    ret->position = ret->since;
    return walk(&walker, err);
}

int retrace_run(const StateDir *dir, uint64_t last, const RetraceVisitor *visitor, Retrace *ret,
                Error *err)
{
    for (int tries = 1;; tries++) {
        uint64_t newest = 0;
        int code = run_once(dir, last, visitor, ret, &newest, err);
        if (code >= 0 || visitor->restart == NULL || tries == RETRACE_TRIES ||
            !has_moved_on(dir, newest))
            return code;
        retrace_deinit(ret);
        visitor->restart(visitor->user);
    }
}
