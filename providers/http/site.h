/* The API as it runs: its configuration, connections, pace, and what is remembered of it.
 *
 * Many threads share it; what changes in it is behind its lock. */
#ifndef VED_HTTP_SITE_H
#define VED_HTTP_SITE_H

#include <pthread.h>

#include "lang/base/map.h"
#include "providers/http/config.h"
#include "providers/sdk/fetch.h"

/* What was listed last of one resource, by URL. */
typedef struct ListCache {
    pthread_mutex_t lock; /* held while a list is fetched: whoever else wants it waits for it */
    Map lists;            /* URL -> Listing */
    uint64_t writes; /* how many of our own changes were begun or ended; under the site's lock */
} ListCache;

typedef struct Site {
    HttpConfig *config;
    Fetcher *fetcher;
    char *notes_dir;
    char *schema;
    ListCache *lists;     /* one for each resource */
    pthread_mutex_t lock; /* of what follows */
    double tokens;        /* requests that may go out at once */
    int64_t refilled_ms;
    Map facts; /* question -> Fact */
} Site;

/* The site takes the configuration. The caller frees it with site_free(). */
Site *site_new(HttpConfig *config);
void site_free(Site *site);

ListCache *site_lists(Site *site, const ResourceSpec *resource);

/* A change of this resource is on its way or has just been made: what was listed before is old. */
void site_note_write(Site *site, const ResourceSpec *resource);
uint64_t site_writes(Site *site, const ResourceSpec *resource);

/* Take leave for one request: how long to wait before it goes out. */
int64_t site_pace_ms(Site *site);

int64_t monotonic_ms(void);

#endif
