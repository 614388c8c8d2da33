/* Networks and volumes, which have a name, labels, and nothing that changes: the two are made,
 * found and removed in the same way, at paths of their own. */
#ifndef VED_DOCKER_PLACE_H
#define VED_DOCKER_PLACE_H

#include "providers/docker/docker.h"

typedef struct PlaceKind {
    const char *word;   /* for people, and what names begin with */
    const char *folder; /* "/networks" */
    const char *all;    /* the member of the list's answer that is the array; NULL: it is one */
    /* What of the arguments goes into the body of the creation. */
    void (*describe)(const Json *desired, Json *body);
    /* Members of the result beside id and name. */
    void (*tell)(const Json *about, Json *state);
} PlaceKind;

int place_reconcile(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                    ProviderReply *reply, ProviderProblem *problem);
int place_remove(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                 ProviderProblem *problem);
ObserveStatus place_observe(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                            ProviderReply *reply, ProviderProblem *problem);
void place_predict(const ProviderRequest *request, Json *planned);
int place_lookup(Docker *docker, const PlaceKind *kind, const char *external_id, const char *search,
                 ProviderFinding *ret, ProviderProblem *problem);

/* Names that engines accept: letters, digits, '_', '.' and '-'. */
int place_check_name(const Json *desired, ProviderProblem *problem);

#endif
