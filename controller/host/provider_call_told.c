#include <string.h>

#include "controller/host/provider_call_private.h"
#include "lang/base/memory.h"

struct CallTold {
    char phase[64], message[256]; /* control characters replaced */
    double done;
};

/* Of an operation that has not ended. */
void call_told_take(struct CallTold **told, const Json *operation)
{
    const char *state = json_get_string(operation, "state", "");
    const char *phase = json_get_string(operation, "phase", "");
    const char *message = json_get_string(operation, "message", "");
    double done = json_number(json_get(operation, "progress"), -1);
    bool is_under_way = strcmp(state, "running") == 0 || strcmp(state, "pending") == 0;

    if (!is_under_way || (phase[0] == '\0' && message[0] == '\0' && done < 0))
        return;
    if (*told == NULL)
        *told = memory_zero(1, sizeof **told);
    text_make_harmless(phase, (*told)->phase, sizeof(*told)->phase);
    text_make_harmless(message, (*told)->message, sizeof(*told)->message);
    (*told)->done = done < 0 || done > 1 ? -1 : done;
}

bool call_told_get(const struct CallTold *told, CallProgress *ret)
{
    if (told == NULL)
        return false;
    *ret = (CallProgress){told->phase, told->message, told->done};
    return true;
}
