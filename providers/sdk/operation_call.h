/* A call of the provider for an operation, from what it is given to what is to be remembered of it.
 *
 * The rule: it shares nothing with the operation's thread but the job. Everything the provider is
 * given is the call's own, and nobody touches the reply before the job is done. */
#ifndef VED_SDK_OPERATION_CALL_H
#define VED_SDK_OPERATION_CALL_H

#include "providers/sdk/engine.h"

typedef struct OperationCall {
    Job job;       /* work() is set: it calls the provider */
    void *context; /* of who sets done() */
    const EngineOptions *options;
    Operation *operation;
    ProviderRequest request;
    char *uid, *type, *effect, *op, *address, *lineage, *adopt, *traceparent, *prior, *private;
    char *superseded;
    Json *desired, *secrets;
    Json *body; /* of the request, without the secrets */
    ProviderReply reply;
    ProviderProblem problem; /* filled if `code` is negative */
    int code;
} OperationCall;

/* The secrets are taken, and may be NULL; the options outlive the call. */
OperationCall *operation_call_new(const EngineOptions *options, Operation *operation,
                                  Json *secrets);
void operation_call_free(OperationCall *call);

/* Once the job is done: how the operation ends. What is said there to be taken is, the rest lives
 * as long as the call. */
StoreEnd operation_call_end(OperationCall *call);

#endif
