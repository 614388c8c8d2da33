/* The durable memory of a plugin: operations by their keys, instances by their uids.
 *
 * store_begin(), store_again() and store_end() change what is remembered at once but are durable
 * only after the next store_sync(): before that nothing that follows from them may be done or
 * answered. One thread uses a store. The store owns all operations and instances in it.
 *
 * Kept in DIR/journal.ndjson, see store_record.h. It is compacted – to a record for each object,
 * key and fence – when it has grown, when much in it turns out to be dead on opening, and on
 * closing. */
#ifndef VED_SDK_STORE_H
#define VED_SDK_STORE_H

#include "lang/base/map.h"
#include "providers/sdk/instance.h"
#include "providers/sdk/operation.h"

#define STORE_TTL_S 2592000 /* a key is remembered at least this long after it ended */

typedef struct Store Store;

typedef struct StoreOptions {
    const char *data_dir;
    size_t compact_size; /* journal bytes from which compaction is considered; 0: 4 MiB */
    int64_t now_ms;
} StoreOptions;

/* How an operation ended, and what that means for the instance it was about. */
typedef struct StoreEnd {
    OperationState state;
    int status;
    char *reply;            /* JSON text, taken; NULL beside an instance: its representation */
    char *problem;          /* JSON text, taken */
    Instance *instance;     /* taken: put in the place of what was there; NULL: left */
    bool removed;           /* the instance is gone */
    const char *superseded; /* uid of the instance whose object this one took over; NULL: none */
    int64_t now_ms;
} StoreEnd;

/* STORE_TORN_TAIL: opened, and a half-written end was cut off. The caller owns `*ret`. */
#define STORE_TORN_TAIL 1
int store_open(const StoreOptions *options, Store **ret, Error *err);
void store_free(Store *store);

/* The orderly end of a process: make what was remembered durable, and the journal short for the
 * next one to read if it is not. */
int store_close(Store *store, int64_t now_ms, Error *err);

Operation *store_operation(const Store *store, const char *op); /* NULL: not known */
Instance *store_instance(const Store *store, const char *uid);  /* NULL: not known */
const Map *store_operations(const Store *store);                /* op -> Operation */
const Map *store_instances(const Store *store);                 /* uid -> Instance */

/* Remember a new operation (taken), or that an ended one begins again. */
void store_begin(Store *store, Operation *operation);
void store_again(Store *store, Operation *operation, int64_t now_ms);

/* Remember how it ended. */
void store_end(Store *store, Operation *operation, const StoreEnd *end);

/* Have an instance's state in the shape of another schema version from now on. What its operation
 * has answered stays. It is not made durable: whoever opens the store does it again. */
void store_reshape(Instance *instance, int64_t schema_version, const Json *state);

/* The highest fence that a client of this lineage has sent; 0: none. Raising it is remembered like
 * everything else; a lower one does nothing. */
int64_t store_fence(const Store *store, const char *lineage);
void store_raise_fence(Store *store, const char *lineage, int64_t fence);

/* Make what was remembered durable, compacting when the file has grown. On failure the process must
 * end: what is in memory is no longer what the disk will say. */
int store_sync(Store *store, int64_t now_ms, Error *err);

/* Forget every key, keep the instances. What an unfinished operation may have made becomes a
 * partial instance, so that it can still be found and removed. */
int store_forget_keys(Store *store, Error *err);

CLEANUP_DEFINE(Store *, store_free);

#endif
