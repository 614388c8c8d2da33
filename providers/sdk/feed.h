/* What has changed, for those who listen: the change feed of VPP/1, GET /v1/events.
 *
 * An event says only that something is worth looking at again. The last FEED_MAX are remembered, in
 * memory: whoever was not quick enough, or listened to an earlier process, has lost its place and
 * observes everything, so that nothing is ever missed. feed_announce() may be called by any thread,
 * the others by the event thread only. */
#ifndef VED_SDK_FEED_H
#define VED_SDK_FEED_H

#include "lang/base/buffer.h"
#include "providers/sdk/provider.h"

#define FEED_MAX 4096
#define FEED_PAGE_MAX 500 /* events in one answer */

typedef struct Feed Feed;

/* The caller owns `*ret`. */
int feed_new(Feed **ret, Error *err);
void feed_free(Feed *feed);

/* `type` or `uid` may be NULL: any. */
void feed_announce(Feed *feed, const char *type, const char *uid, ProviderChange change);

/* Append the answer, {"items":[...],"cursor":TEXT}, to what has happened since `cursor`, NULL:
 * since now. Returns how many items it has, or -1: the cursor is none of ours, or too old. */
int feed_read(Feed *feed, const char *cursor, Buffer *ret);

/* Readable after an event, once for each feed_listen(). */
int feed_fd(const Feed *feed);
void feed_listen(Feed *feed);

CLEANUP_DEFINE(Feed *, feed_free);

#endif
