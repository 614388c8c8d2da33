/* What waits for one domain: two durable first-in-first-out lanes.
 *
 * Of high messages at most three are taken in a row while a normal one waits. The digest of all
 * that waits is for the proof that a configuration comes again: it is made when it is asked for,
 * and that of a long lane is then kept up to date at constant cost. */
#ifndef VED_CORE_MAILBOX_H
#define VED_CORE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/hash.h"
#include "lang/value.h"

#define MAILBOX_CEILING 10000
#define MAILBOX_BEYOND (MAILBOX_CEILING * 10) /* for handlers, and what the runtime reports */
#define HIGH_IN_ROW_MAX 3

typedef enum MessageKind {
#define MESSAGE(name, text) MESSAGE_##name,
#include "controller/core/message.def"
#undef MESSAGE
} MessageKind;

typedef struct Trail Trail; /* see trail.h */

typedef struct Message {
    uint64_t id;
    MessageKind kind;
    bool high;
    uint32_t target; /* event; transition, timer or handler of the receiver */
    uint32_t from;   /* sending domain */
    uint32_t attempts;
    uint64_t due_ms; /* after a failed attempt: not before */
    Trail *parent;   /* of the slice that sent it, held; NULL: what is outside did */
    bool travels;    /* it takes the place of one that was sent before, with other content */
    bool unsaid;     /* it only takes that back */
    Value *former;   /* travels, unsaid: the content of that one; on the heap */
    size_t former_count;
    Digest128 digest; /* of what it says, not of who it is: see message_digest(); 0: not made yet */
    size_t argument_count;
    Value arguments[]; /* their parts are on the heap */
} Message;

typedef struct Lane {
    Message **items; /* ring */
    size_t capacity; /* power of two */
    size_t head;
    size_t count;
    bool digested;
    Digest128 digest; /* digested: polynomial over the messages' digests, head first */
} Lane;

typedef struct Mailbox {
    Lane normal;
    Lane high;
    uint32_t high_in_row;
} Mailbox;

void mailbox_deinit(Mailbox *mailbox);

/* As a new one, but that it keeps its memory where that is little. */
void mailbox_empty(Mailbox *mailbox);

static inline size_t mailbox_count(const Mailbox *mailbox)
{
    return mailbox->normal.count + mailbox->high.count;
}

/* The mailbox owns the message from then on. */
void mailbox_put(Mailbox *mailbox, Message *message);

/* The first of a lane that is not empty. */
static inline Message *lane_first(const Lane *lane)
{
    return lane->items[lane->head];
}

/* The one to handle next, still owned by the mailbox; NULL: empty. */
static inline Message *mailbox_peek(const Mailbox *mailbox)
{
    const Lane *normal = &mailbox->normal, *high = &mailbox->high;

    if (high->count > 0 && (normal->count == 0 || mailbox->high_in_row < HIGH_IN_ROW_MAX))
        return lane_first(high);
    return normal->count > 0 ? lane_first(normal) : NULL;
}

/* The message with that id, which must be at the head of its lane: one that is being handled stays
 * there, but a high one may have come since and be next. NULL: not there. */
static inline Message *mailbox_find(const Mailbox *mailbox, uint64_t id)
{
    const Lane *normal = &mailbox->normal, *high = &mailbox->high;

    if (high->count > 0 && lane_first(high)->id == id)
        return lane_first(high);
    return normal->count > 0 && lane_first(normal)->id == id ? lane_first(normal) : NULL;
}

/* Take out the message with that id, which must be at the head of its lane; the caller owns it.
 * NULL: not there. */
Message *mailbox_take(Mailbox *mailbox, uint64_t id);

/* Of the messages that wait in the lane, and their order. It is remembered in the lane. */
Digest128 lane_digest(const Lane *lane);

/* for (i = 0; (m = mailbox_at(mailbox, i)); i++): high lane first. */
Message *mailbox_at(const Mailbox *mailbox, size_t index);

const char *message_kind_name(MessageKind kind);
int message_kind_find(const char *name); /* -1: none */

/* "event Ready from Database", "message Ping from Ring", "timer every_5m": for people. The caller
 * frees it. */
char *message_words(MessageKind kind, const char *name, const char *from);

/* A message with copies of the arguments. */
Message *message_new(uint64_t id, MessageKind kind, uint32_t target, uint32_t from, bool high,
                     const Value *arguments, size_t argument_count);
void message_free(Message *message);

/* Of its content, kind and sender; never 0. */
Digest128 message_digest(Message *message);

/* It takes the place of one that said `former`, or only takes that back. To be called before it is
 * put into a mailbox, once. */
void message_travel(Message *message, const Value *former, size_t count, bool unsaid);

#endif
