/* What providers say has changed: the change feed of VPP/1, listened to until told to stop.
 *
 * An event only says that an object should be looked at again. PROVIDER_EVENT_LOST says that nobody
 * knows what has happened: look at all of them; what comes afterwards is told. It is the first
 * thing that is told, and comes again when the provider has forgotten our place or was started
 * anew. */
#ifndef VED_HOST_PROVIDER_EVENTS_H
#define VED_HOST_PROVIDER_EVENTS_H

#include "controller/host/provider_client.h"

typedef struct ProviderEvents ProviderEvents;

typedef enum ProviderEventKind {
    PROVIDER_EVENT_CHANGED,
    PROVIDER_EVENT_GONE,
    PROVIDER_EVENT_LOST,
    PROVIDER_EVENT_SILENT, /* the provider has no feed: nothing more will be told */
} ProviderEventKind;

typedef struct ProviderEvent {
    ProviderEventKind kind;
    const char *type; /* NULL: objects of any type */
    const char *uid;  /* NULL: any object of the type */
} ProviderEvent;

/* Called from the loop; the event is lent for the call. It may call provider_events_stop(). */
typedef void ProviderEventsTold(void *context, const ProviderEvent *event);

/* Listen, also across restarts of the plugin and of the network, more and more slowly while the
 * provider cannot be reached. It holds none of the provider's slots. NULL: no such provider. */
ProviderEvents *provider_events_listen(ProviderPool *pool, const char *provider,
                                       ProviderEventsTold *told, void *context);

/* NULL is fine. The pool stops those that are left when it is freed. */
void provider_events_stop(ProviderEvents *events);

#endif
