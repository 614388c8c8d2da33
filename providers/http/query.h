/* Facts: a member of an answer, how long a list is, whether a thing is there. */
#ifndef VED_HTTP_QUERY_H
#define VED_HTTP_QUERY_H

#include "providers/http/site.h"

/* As Provider.query(); answered from memory for as long as the binding allows. */
int query_answer(Site *site, const QuerySpec *query, const Json *arguments, Json **ret,
                 ProviderProblem *problem);

/* Free all facts that are remembered. */
void facts_forget(Map *facts);

#endif
