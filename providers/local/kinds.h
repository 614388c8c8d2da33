/* The kinds of object this provider keeps, each by the same five functions, and its actions and
 * queries. All may block; none keeps anything in memory between calls. */
#ifndef VED_LOCAL_KINDS_H
#define VED_LOCAL_KINDS_H

#include "providers/local/local.h"

/* KIND(type, prefix of its functions) */
#define LOCAL_KINDS(KIND)                                                                          \
    KIND("postgres", postgres)                                                                     \
    KIND("process", process)                                                                       \
    KIND("file", file)                                                                             \
    KIND("directory", directory)

#define KIND(type, prefix)                                                                         \
    int prefix##_reconcile(Local *local, const ProviderRequest *request, ProviderReply *reply,     \
                           ProviderProblem *problem);                                              \
    int prefix##_remove(Local *local, const ProviderRequest *request, ProviderProblem *problem);   \
    ObserveStatus prefix##_observe(Local *local, const ProviderRequest *request,                   \
                                   ProviderReply *reply, ProviderProblem *problem);                \
    void prefix##_predict(Local *local, const ProviderRequest *request, Json *planned);            \
    int prefix##_lookup(Local *local, const char *external_id, const char *search,                 \
                        ProviderFinding *ret, ProviderProblem *problem);
LOCAL_KINDS(KIND)
#undef KIND

/* Pure checks of arguments beyond the schema: 0, or -1 with a VALIDATION_FAILED problem. */
int postgres_validate(const Json *desired, ProviderProblem *problem);
int path_validate(const Json *desired, ProviderProblem *problem);
int http_validate(const Json *desired, ProviderProblem *problem);

/* The action HttpRequest. A request that is not idempotent and was cut off is not sent again. */
int http_run(Local *local, const ProviderRequest *request, ProviderReply *reply,
             ProviderProblem *problem);

/* GET http://127.0.0.1:PORT/PATH answers with a status below 400 within `timeout_ms`. */
bool http_answers(Local *local, int port, const char *path, int64_t timeout_ms);

/* The queries file_exists, process_running and port_open. */
int facts_query(Local *local, const char *query, const Json *args, Json **ret,
                ProviderProblem *problem);

#endif
