/* Between the parts of the controller: the witness, the named places, and the mutants.
 *
 * The linker sends the calls that one file of the controller makes of another here. Without a
 * mutant each does what it stands for, and nothing else. */
#include <string.h>

#include "controller/core/mailbox.h"
#include "controller/core/record.h"
#include "controller/host/journal.h"
#include "controller/host/journal_line.h"
#include "controller/host/stack.h"
#include "controller/host/verdict.h"
#include "tests/simulate/calls.h"
#include "tests/simulate/life.h"
#include "tests/simulate/promise.h"
#include "tests/simulate/world.h"

int __real_journal_append(Journal *journal, const char *payload, size_t size, Error *err);
int __wrap_journal_append(Journal *journal, const char *payload, size_t size, Error *err);
int __real_journal_commit(Journal *journal, Error *err);
int __wrap_journal_commit(Journal *journal, Error *err);
off_t __real_journal_size(const Journal *journal);
off_t __wrap_journal_size(const Journal *journal);
int __real_state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret,
                          Error *err);
int __wrap_state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret,
                          Error *err);
JournalLineVerdict __real_journal_line_parse(const char *line, size_t size, JournalLine *ret);
JournalLineVerdict __wrap_journal_line_parse(const char *line, size_t size, JournalLine *ret);
int __real_record_apply(Runtime *runtime, Record *record, Error *err);
int __wrap_record_apply(Runtime *runtime, Record *record, Error *err);
void __real_mailbox_put(Mailbox *mailbox, Message *message);
void __wrap_mailbox_put(Mailbox *mailbox, Message *message);
Message *__real_mailbox_take(Mailbox *mailbox, uint64_t id);
Message *__wrap_mailbox_take(Mailbox *mailbox, uint64_t id);
void __real_instance_changed(Instance *instance);
void __wrap_instance_changed(Instance *instance);
void __real_verdict_judge(const CallFacts *facts, const HttpReply *reply, const Json *document,
                          Verdict *ret);
void __wrap_verdict_judge(const CallFacts *facts, const HttpReply *reply, const Json *document,
                          Verdict *ret);

/* ---- the journal ---- */

static bool group_prepares, group_answers;

static bool starts_with(const char *payload, const char *text)
{
    return strncmp(payload, text, strlen(text)) == 0;
}

int __wrap_journal_append(Journal *journal, const char *payload, size_t size, Error *err)
{
    promise_note_record(journal_next(journal), payload, size);
    world_trace("record %llu: %.*s", (unsigned long long)journal_next(journal), (int)size, payload);
    group_prepares |= starts_with(payload, "{\"type\":\"prepare\"");
    group_answers |= starts_with(payload, "{\"type\":\"answer\"");
    return __real_journal_append(journal, payload, size, err);
}

int __wrap_journal_commit(Journal *journal, Error *err)
{
    bool answers = group_answers;
    uint64_t position = journal_position(journal);
    off_t group_at = __real_journal_size(journal);

    if (group_prepares)
        world_pass(POINT_BEFORE_INTENT);
    if (group_answers)
        world_pass(POINT_REPLY_RECEIVED);
    group_prepares = group_answers = false;
    if (world->mutant == MUTANT_TELL_EARLY)
        return journal_begin_commit(journal, err);
    int code = __real_journal_commit(journal, err);
    if (code < 0)
        return code;
    promise_note_commit(journal_position(journal));
    if (journal_position(journal) > position)
        promise_note_group(calls_journal(), group_at);
    if (answers)
        world_pass(POINT_REPLY_JOURNALLED);
    return code;
}

off_t calls_journal_size(const Journal *journal)
{
    return __real_journal_size(journal);
}

/* Now and then it is long enough to be folded into a checkpoint, or so long that this is waited
 * for. */
off_t __wrap_journal_size(const Journal *journal)
{
    off_t size = __real_journal_size(journal);

    if (size == 0 || !chance_one_in(&world->chance, 20))
        return size;
    return (chance_one_in(&world->chance, 4) ? STACK_JOURNAL_WAIT : STACK_JOURNAL_MAX) + 1;
}

/* Little room is given to what is kept, so that old files go. */
int __wrap_state_dir_open(const char *path, const StateDirOptions *options, StateDir **ret,
                          Error *err)
{
    StateDirOptions tight = *options;

    if (chance_one_in(&world->chance, 2))
        tight.keep_bytes = 1 + chance_below(&world->chance, 20000);
    return __real_state_dir_open(path, &tight, ret, err);
}

/* ---- mutants ---- */

bool calls_keep_tail(const char *name)
{
    return world->mutant == MUTANT_KEEP_TAIL && life_recovers() && starts_with(name, "journal-");
}

JournalLineVerdict __wrap_journal_line_parse(const char *line, size_t size, JournalLine *ret)
{
    JournalLineVerdict verdict = __real_journal_line_parse(line, size, ret);

    if (world->mutant == MUTANT_ACCEPT_CHECKSUM && verdict == LINE_BAD_CHECKSUM)
        return LINE_GOOD;
    return verdict;
}

int __wrap_record_apply(Runtime *runtime, Record *record, Error *err)
{
    if (life_recovers() && world->mutant == MUTANT_FORGET_TIMER)
        record->timer_count = 0;
    int code = __real_record_apply(runtime, record, err);
    if (code == 0 && life_recovers() && world->mutant == MUTANT_APPLY_TWICE &&
        record->type == RECORD_SLICE)
        code = __real_record_apply(runtime, record, err);
    return code;
}

void __wrap_mailbox_put(Mailbox *mailbox, Message *message)
{
    if (world->mutant == MUTANT_LOSE_AT_CEILING && mailbox_count(mailbox) >= MAILBOX_CEILING - 1)
        message_free(message);
    else
        __real_mailbox_put(mailbox, message);
}

Message *__wrap_mailbox_take(Mailbox *mailbox, uint64_t id)
{
    Message *message = __real_mailbox_take(mailbox, id);

    if (world->mutant == MUTANT_FORGET_LIMIT)
        mailbox->high_in_row = 0;
    return message;
}

/* One of eight, and always the same ones. */
void __wrap_instance_changed(Instance *instance)
{
    if (instance == NULL || world->mutant != MUTANT_FORGET_CHANGE || instance->version % 8 != 0)
        __real_instance_changed(instance);
}

void __wrap_verdict_judge(const CallFacts *facts, const HttpReply *reply, const Json *document,
                          Verdict *ret)
{
    __real_verdict_judge(facts, reply, document, ret);
    if (world->mutant == MUTANT_REPEAT_BLINDLY && facts->step == STEP_SEND &&
        reply->failure == HTTP_LOST)
        ret->step = STEP_SEND;
}
