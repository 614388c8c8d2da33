/* What stands outside: one object by its id, or those in the list whose text has a word. */
#ifndef VED_HTTP_LOOKUP_H
#define VED_HTTP_LOOKUP_H

#include "providers/http/site.h"

/* As Provider.lookup(). */
int lookup_find(Site *site, const ResourceSpec *resource, const char *external_id,
                const char *search, ProviderFinding *ret, ProviderProblem *problem);

#endif
