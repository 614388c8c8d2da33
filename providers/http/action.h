/* Actions: a request that leaves no object. */
#ifndef VED_HTTP_ACTION_H
#define VED_HTTP_ACTION_H

#include "providers/http/site.h"

/* As Provider.run(). One that is not repeatable and was cut off is not sent again. */
int action_run(Site *site, const ActionSpec *action, const ProviderRequest *request,
               ProviderReply *reply, ProviderProblem *problem);

#endif
