/* What the files of a provider call share. Internal: others use provider_client.h. */
#ifndef VED_HOST_PROVIDER_CALL_PRIVATE_H
#define VED_HOST_PROVIDER_CALL_PRIVATE_H

#include "controller/host/provider_pool.h"
#include "controller/host/verdict.h"

typedef enum CallEnding {
    ENDING_NONE,
    ENDING_BY_CANCEL,
    ENDING_BY_TIMEOUT,
    ENDING_BY_ABANDON,
} CallEnding;

struct PendingCall {
    PendingCall *next, **link;
    ProviderPool *pool;
    Endpoint *endpoint; /* NULL: the name is not known */
    Slot slot;
    CallVerb verb;
    char *type, *uid, *effect, *domain, *op, *etag, *body, *digest;
    size_t body_size;
    uint64_t fence;
    bool creates;
    int64_t timeout_ms;
    ProviderCallDone *done;
    void *context;
    CallStep step; /* the request under way, or the next one */
    HttpTransfer *transfer;
    LoopTimer *timer;               /* until the next request */
    LoopTimer *deadline;            /* of all tries; of the ending */
    int64_t requested_ms, asked_ms; /* the last request; the first one */
    unsigned tries;                 /* in a row without progress */
    int sendings;
    bool began;         /* had a slot: the time for all tries runs */
    bool in_doubt;      /* the bytes may have been read and no answer has said otherwise */
    bool token_renewed; /* 401 has had its second try */
    CallEnding ending;
    int http_status;
    bool replayed;
    char *trouble;               /* why it was last sent again; NULL */
    char *external_id;           /* the last one heard of */
    char code[64], detail[2048]; /* control characters replaced */
    struct CallTold *told;       /* how far it is; NULL: nothing was said */
};

/* Send the request of the call's step; its reply goes to pending_call_take_reply(). */
void pending_call_send(PendingCall *call);
void pending_call_take_reply(void *context, HttpReply *reply);

/* What an operation's document says of how far it is; kept in `*told`, made when there is something
 * to keep, freed with free(). */
void call_told_take(struct CallTold **told, const Json *operation);
bool call_told_get(const struct CallTold *told, CallProgress *ret);

#endif
