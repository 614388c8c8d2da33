#include "controller/core/dead_letter.h"

#include <string.h>

#include "controller/core/turn.h"
#include "lang/base/memory.h"

void dead_letter_add(Instance *instance, Message *message, const char *reason)
{
    Turn *turn = instance->runtime->turn;

    if (message == NULL)
        return;
    Holdings *holdings = instance_holdings(instance);
    instance_changed(instance);
    memory_reserve_one(holdings->dead_letters, holdings->dead_letter_count,
                       holdings->dead_letter_capacity);
    holdings->dead_letters[holdings->dead_letter_count++] =
        (DeadLetter){message, memory_copy_string(reason != NULL ? reason : "")};
    if (turn != NULL && reason != NULL)
        turn_notice(turn, NOTICE_DEAD_LETTER, instance)->text =
            arena_copy_string(turn->arena, reason);
}

Message *dead_letter_take(Instance *instance, uint64_t message)
{
    Holdings *holdings = instance_holdings(instance);

    for (size_t i = 0; i < holdings->dead_letter_count; i++) {
        DeadLetter *letter = &holdings->dead_letters[i];
        Message *taken = letter->message;
        if (taken->id != message)
            continue;
        free(letter->reason);
        memmove(letter, letter + 1, (--holdings->dead_letter_count - i) * sizeof *letter);
        return taken;
    }
    return NULL;
}

bool dead_letters_are_full(const Instance *instance)
{
    return instance->has->dead_letter_count >= DEAD_LETTERS_MAX;
}
