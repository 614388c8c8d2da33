/* The digest of a lane is sum(d[i] * B^(n-1-i)): appending multiplies by B and adds, taking the
 * head subtracts d[0] * B^(n-1). All modulo 2^128 with an odd B. */
#include "mailbox.h"

#include <assert.h>
#include <string.h>

#include "controller/core/trail.h"
#include "lang/base/memory.h"

#define LANE_LEAST 8 /* messages that the smallest ring has room for */
#define LANE_SHORT 8 /* messages; the digest of a shorter lane is made anew each time */

static const Digest128 LANE_BASE = (Digest128)0x9e3779b97f4a7c15ULL << 64 | 0xf39cc0605cedc835ULL;

static Digest128 lane_power(size_t exponent)
{
    Digest128 result = 1, base = LANE_BASE;

    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1)
            result *= base;
    return result;
}

static void lane_grow(Lane *lane)
{
    size_t capacity = lane->capacity != 0 ? lane->capacity * 2 : LANE_LEAST;
    Message **items = memory_alloc(capacity * sizeof *items);

    for (size_t i = 0; i < lane->count; i++)
        items[i] = lane->items[(lane->head + i) & (lane->capacity - 1)];
    free(lane->items);
    lane->items = items;
    lane->capacity = capacity;
    lane->head = 0;
}

static Message *lane_at(const Lane *lane, size_t index)
{
    return lane->items[(lane->head + index) & (lane->capacity - 1)];
}

static void lane_put(Lane *lane, Message *message)
{
    if (lane->count == lane->capacity)
        lane_grow(lane);
    lane->items[(lane->head + lane->count++) & (lane->capacity - 1)] = message;
    if (lane->digested && lane->count > LANE_SHORT)
        lane->digest = lane->digest * LANE_BASE + message_digest(message);
    else
        lane->digested = false;
}

static Message *lane_take(Lane *lane)
{
    Message *message = lane_first(lane);

    if (lane->digested && lane->count > LANE_SHORT)
        lane->digest -= message_digest(message) * lane_power(lane->count - 1);
    else
        lane->digested = false;
    lane->head = (lane->head + 1) & (lane->capacity - 1);
    lane->count--;
    return message;
}

Digest128 lane_digest(const Lane *lane)
{
    Lane *remembering = (Lane *)lane; /* one with messages is nobody's constant */
    Digest128 digest = 0;

    if (lane->count == 0 || lane->digested)
        return lane->count == 0 ? 0 : lane->digest;
    for (size_t i = 0; i < lane->count; i++)
        digest = digest * LANE_BASE + message_digest(lane_at(lane, i));
    remembering->digested = true;
    remembering->digest = digest;
    return digest;
}

static void lane_empty(Lane *lane)
{
    for (size_t i = 0; i < lane->count; i++)
        message_free(lane_at(lane, i));
    if (lane->capacity <= LANE_LEAST) {
        *lane = (Lane){.items = lane->items, .capacity = lane->capacity};
        return;
    }
    free(lane->items);
    *lane = (Lane){0};
}

void mailbox_empty(Mailbox *mailbox)
{
    lane_empty(&mailbox->normal);
    lane_empty(&mailbox->high);
    mailbox->high_in_row = 0;
}

void mailbox_deinit(Mailbox *mailbox)
{
    mailbox_empty(mailbox);
    free(mailbox->normal.items);
    free(mailbox->high.items);
    *mailbox = (Mailbox){0};
}

void mailbox_put(Mailbox *mailbox, Message *message)
{
    lane_put(message->high ? &mailbox->high : &mailbox->normal, message);
}

Message *mailbox_take(Mailbox *mailbox, uint64_t id)
{
    if (mailbox->high.count > 0 && lane_first(&mailbox->high)->id == id) {
        mailbox->high_in_row = mailbox->normal.count > 0 ? mailbox->high_in_row + 1 : 0;
        return lane_take(&mailbox->high);
    }
    if (mailbox->normal.count > 0 && lane_first(&mailbox->normal)->id == id) {
        mailbox->high_in_row = 0;
        return lane_take(&mailbox->normal);
    }
    return NULL;
}

Message *mailbox_at(const Mailbox *mailbox, size_t index)
{
    if (index < mailbox->high.count)
        return lane_at(&mailbox->high, index);
    index -= mailbox->high.count;
    return index < mailbox->normal.count ? lane_at(&mailbox->normal, index) : NULL;
}

static const char *const kind_names[] = {
#define MESSAGE(name, text) text,
#include "controller/core/message.def"
#undef MESSAGE
};

const char *message_kind_name(MessageKind kind)
{
    return kind_names[kind];
}

int message_kind_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < ARRAY_SIZE(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0)
            return (int)i;
    return -1;
}

char *message_words(MessageKind kind, const char *name, const char *from)
{
    switch (kind) {
    case MESSAGE_EVENT:
        return memory_format("event %s from %s", name, from);
    case MESSAGE_TRANSITION:
    case MESSAGE_NAMED:
        return memory_format("message %s from %s", name, from);
    case MESSAGE_TIMER:
        return memory_format("timer %s", name);
    case MESSAGE_REPORT:
        return memory_format("report %s", name);
    }
    return NULL;
}

Digest128 message_digest(Message *message)
{
    if (message->digest != 0)
        return message->digest;
    uint64_t head[2] = {(uint64_t)message->target << 32 | message->from,
                        (uint64_t)message->kind << 2 | message->travels << 1 | message->unsaid};
    Digest128 digest = digest128_bytes(head, sizeof head, 11);

    for (size_t i = 0; i < message->argument_count; i++)
        digest = digest * LANE_BASE + value_digest(message->arguments[i]);
    for (size_t i = 0; i < message->former_count; i++)
        digest = digest * LANE_BASE + value_digest(message->former[i]);
    message->digest = digest | 1;
    return message->digest;
}

Message *message_new(uint64_t id, MessageKind kind, uint32_t target, uint32_t from, bool high,
                     const Value *arguments, size_t argument_count)
{
    Message *message = memory_alloc(sizeof *message + argument_count * sizeof(Value));

    *message = (Message){.id = id,
                         .kind = kind,
                         .target = target,
                         .from = from,
                         .high = high,
                         .argument_count = argument_count};
    for (size_t i = 0; i < argument_count; i++)
        message->arguments[i] = value_clone(arguments[i]);
    return message;
}

void message_travel(Message *message, const Value *former, size_t count, bool unsaid)
{
    message->travels = !unsaid;
    message->unsaid = unsaid;
    message->former = memory_zero(count, sizeof(Value));
    for (; message->former_count < count; message->former_count++)
        message->former[message->former_count] = value_clone(former[message->former_count]);
    message->digest = 0;
}

void message_free(Message *message)
{
    if (message == NULL)
        return;
    for (size_t i = 0; i < message->former_count; i++)
        value_free(message->former[i]);
    if (message->former != NULL)
        free(message->former);
    trail_release(message->parent);
    for (size_t i = 0; i < message->argument_count; i++)
        value_free(message->arguments[i]);
    free(message);
}
