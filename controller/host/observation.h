/* What a provider says of one object, held against what the state has recorded of it. */
#ifndef VED_HOST_OBSERVATION_H
#define VED_HOST_OBSERVATION_H

#include "controller/core/runtime.h"
#include "controller/host/provider_client.h"
#include "lang/base/map.h"

typedef enum ObservationKind {
    OBSERVATION_SAME,    /* nothing that the core would not know */
    OBSERVATION_GONE,    /* it exists no more */
    OBSERVATION_OTHER,   /* it is there, with another result */
    OBSERVATION_BACK,    /* it was lost, and is there */
    OBSERVATION_TROUBLE, /* the provider cannot say */
} ObservationKind;

/* Owned by whoever read it; free with observation_deinit(). */
typedef struct Observation {
    ObservationKind kind;
    char uid[UID_SIZE];
    char *reason; /* the provider's; NULL */
    /* of OBSERVATION_OTHER, if its domain has a handler for that: it is told what has become of
     * it; else it is made again as it was */
    bool is_heard;
    char *external_id, *result;
} Observation;

/* The objects of that provider that it can be asked about, as provider_observe() takes them; the
 * caller's. `only`: those with these uids; NULL: all. */
Json *observation_question(const Runtime *runtime, const char *provider, const Map *only);

/* Read one reply. `ret_trouble`, set with OBSERVATION_TROUBLE alone, says why, and lives as long as
 * the item. */
ObservationKind observation_read(const Runtime *runtime, const ProviderItem *item, Observation *ret,
                                 const char **ret_trouble);
void observation_deinit(Observation *observation);
#define observation_deinit_p observation_deinit

/* What the core is to be told, but for the time. Its texts are the observation's. */
Event observation_event(const Observation *observation);

#endif
