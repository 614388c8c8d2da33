#include "providers/http/listing.h"

#include <stdlib.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/page.h"
#include "providers/http/pointer.h"

#define LISTS_MAX 64
#define ITEMS_MAX 200000

typedef struct Listing {
    Map items; /* id -> Json */
    int64_t asked_ms;
    uint64_t writes; /* how many changes of ours there were when it was asked for */
} Listing;

static void listing_free(Listing *listing)
{
    if (listing == NULL)
        return;
    for (MapEntry *e = map_next(&listing->items, NULL); e != NULL; e = map_next(&listing->items, e))
        json_free(e->value);
    map_deinit(&listing->items);
    free(listing);
}
CLEANUP_DEFINE(Listing *, listing_free);

void listings_forget(Map *lists)
{
    for (MapEntry *e = map_next(lists, NULL); e != NULL; e = map_next(lists, e))
        listing_free(e->value);
    map_deinit(lists);
    *lists = (Map){0};
}

/* ---- pages ---- */

/* One page. PAGE_MORE, 0 at the end or when `visit` has seen enough, or -1 with the problem. */
static int walk_page(Call *call, PageWalk *walk, ItemVisit *visit, void *context)
{
    const ListSpec *list = walk->spec;
    cleanup(json_free) Json *query = page_query(walk);
    cleanup(answer_deinit) Answer answer = {0};
    Conditions conditions = {.url = page_url(walk), .query = query};
    Error err;

    if (request_send(call, &list->request, &conditions, &answer) < 0)
        return -1;
    if (answer.kind == ANSWER_ABSENT && walk->pages > 0)
        return call_upstream(call, "%s: page %lld is not there", list->request.at,
                             (long long)walk->pages + 1);
    if (answer.kind == ANSWER_ABSENT)
        return 0;
    const Json *items = pointer_get(answer.body, list->items);
    if (!json_is_array(items) && !json_is_null(items))
        return call_upstream(call, "%s: the answer has no list at '%s'", list->request.at,
                             list->items);
    for (const Json *i = json_first(items); i != NULL; i = json_next(i))
        if (visit(context, i))
            return 0;
    int code =
        page_next(walk, answer.body, answer_header(&answer, "link"), json_count(items), &err);
    return code < 0 ? call_upstream(call, "%s", err.message) : code;
}

int list_walk(Call *call, const ListSpec *list, ItemVisit *visit, void *context)
{
    cleanup(page_walk_deinit) PageWalk walk = {.spec = list};
    int code;

    do
        code = walk_page(call, &walk, visit, context);
    while (code == PAGE_MORE);
    return code;
}

/* ---- what is kept ---- */

typedef struct Filling {
    Listing *listing;
    const ResourceSpec *resource;
} Filling;

char *item_id(const ResourceSpec *resource, const ListSpec *list, const Json *item)
{
    cleanup(free) char *id =
        scalar_text(pointer_get(item, list->id != NULL ? list->id : resource->id));

    return id != NULL && id[0] != '\0' ? take(id) : NULL;
}

static bool keep_item(void *context, const Json *item)
{
    const Filling *filling = context;
    cleanup(free) char *id = item_id(filling->resource, filling->resource->list, item);

    if (id != NULL && filling->listing->items.count < ITEMS_MAX)
        json_free(map_put(&filling->listing->items, id, json_copy(item)));
    return false;
}

static bool is_fresh(const Listing *listing, const ResourceSpec *resource, int64_t now_ms,
                     uint64_t writes)
{
    return listing != NULL && listing->writes == writes &&
           now_ms - listing->asked_ms <= resource->fresh_ms;
}

/* Ask for the list and keep it under its URL. */
static int listing_fetch(Call *call, const ResourceSpec *resource, ListCache *cache,
                         const char *url, const Listing **ret)
{
    cleanup(listing_free) Listing *listing = memory_zero(1, sizeof *listing);
    Filling filling = {listing, resource};

    listing->writes = site_writes(call->site, resource);
    listing->asked_ms = monotonic_ms();
    if (list_walk(call, resource->list, keep_item, &filling) < 0)
        return -1;
    if (listing->items.count >= ITEMS_MAX)
        return call_upstream(call, "%s: the list has more than %d objects",
                             resource->list->request.at, ITEMS_MAX);
    if (cache->lists.count >= LISTS_MAX)
        listings_forget(&cache->lists);
    *ret = listing;
    listing_free(map_put(&cache->lists, url, take(listing)));
    return 0;
}

int listing_find(Call *call, const ResourceSpec *resource, const char *id, Json **ret)
{
    ListCache *cache = site_lists(call->site, resource);
    cleanup(free) char *url = request_url(call, &resource->list->request);
    int64_t now_ms = monotonic_ms();
    int code = 0;

    if (url == NULL)
        return -1;
    pthread_mutex_lock(&cache->lock);
    const Listing *listing = map_get(&cache->lists, url);
    if (!is_fresh(listing, resource, now_ms, site_writes(call->site, resource)))
        code = listing_fetch(call, resource, cache, url, &listing);
    if (code == 0) {
        const Json *item = map_get(&listing->items, id);
        *ret = item != NULL ? json_copy(item) : NULL;
    }
    pthread_mutex_unlock(&cache->lock);
    return code;
}
