#include "controller/host/replay.h"

#include <stdlib.h>
#include <string.h>

#include "controller/core/replay.h"
#include "controller/host/retrace.h"
#include "lang/base/memory.h"

#define REPLAY_DIFFERS 1

typedef struct Replaying {
    const ReplayOptions *options;
    ReplayReport *report;
} Replaying;

void replay_report_deinit(ReplayReport *report)
{
    free(report->difference);
    report->difference = NULL;
}

static int differs(ReplayReport *report, uint64_t sequence, char *difference)
{
    report->differs_at = sequence;
    report->difference = difference;
    return REPLAY_DIFFERS;
}

static int on_state(void *user, const Retrace *retrace, Error *err)
{
    Replaying *replaying = user;

    (void)retrace, (void)err;
    replaying->report->programs++;
    return 0;
}

static int on_record(void *user, const Retrace *retrace, uint64_t sequence, Record *record,
                     Error *err)
{
    Replaying *replaying = user;
    Arena arena = {0};
    const char *text = NULL;
    int code = 0;

    (void)retrace, (void)err;
    switch (record_replay(record, &arena, &text)) {
    case REPLAY_APPLIES:
        break;
    case REPLAY_SAME:
        replaying->report->computed++;
        break;
    case REPLAY_OTHER:
        code = differs(replaying->report, sequence, memory_copy_string(text));
        break;
    }
    arena_deinit(&arena);
    return code;
}

static int on_applied(void *user, const Retrace *retrace, uint64_t sequence, const Record *record,
                      Error *err)
{
    Replaying *replaying = user;
    const ReplayOptions *options = replaying->options;
    char digest[STATE_DIGEST_SIZE];

    (void)err;
    replaying->report->records++;
    if (options->on_digest == NULL)
        return 0;
    state_digest(retrace->runtime, digest);
    options->on_digest(options->user, sequence, record_type_name(record->type), digest);
    return 0;
}

static int on_checkpoint(void *user, const Retrace *retrace, Runtime *restored, Error *err)
{
    Replaying *replaying = user;
    char of_records[STATE_DIGEST_SIZE], of_checkpoint[STATE_DIGEST_SIZE];

    (void)err;
    replaying->report->checkpoints++;
    state_digest(retrace->runtime, of_records);
    state_digest(restored, of_checkpoint);
    if (strcmp(of_records, of_checkpoint) == 0)
        return 0;
    return differs(replaying->report, retrace->position,
                   memory_format("the checkpoint behind record %llu has digest %s, the records "
                                 "give %s",
                                 (unsigned long long)retrace->position, of_checkpoint, of_records));
}

static void restart(void *user)
{
    Replaying *replaying = user;

    replay_report_deinit(replaying->report);
    *replaying->report = (ReplayReport){0};
}

int state_replay(const StateDir *dir, const ReplayOptions *options, ReplayReport *ret, Error *err)
{
    cleanup(retrace_deinit) Retrace retrace = {0};
    Replaying replaying = {options, ret};
    RetraceVisitor visitor = {.user = &replaying,
                              .on_state = on_state,
                              .on_record = on_record,
                              .on_applied = on_applied,
                              .on_checkpoint = on_checkpoint,
                              .restart = options->on_digest == NULL ? restart : NULL};

    *ret = (ReplayReport){0};
    int code = retrace_run(dir, options->last, &visitor, &retrace, err);
    if (code < 0)
        return code;
    ret->since = retrace.since;
    ret->position = retrace.position;
    ret->torn = retrace.torn;
    state_digest(retrace.runtime, ret->digest);
    return 0;
}
