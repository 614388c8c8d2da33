/* The records of a store's journal: how operations and instances become text, and come back.
 *
 *     {"record":"begin","op":...}     an operation that has begun, or begins again
 *     {"record":"end","op":...}       how it ended, and what became of the instance: one record for
 *                                     both, so that there is never one without the other
 *     {"record":"operation",...}      both of these, as compaction leaves them
 *     {"record":"instance",...}       an instance that is no operation's answer any more
 *     {"record":"fence",...}          the highest fence of a lineage
 *
 * An answer that is the representation of the record's instance is not written a second time. Older
 * journals have bodies as texts in strings; they are read as well. */
#ifndef VED_SDK_STORE_RECORD_H
#define VED_SDK_STORE_RECORD_H

#include "providers/sdk/instance.h"
#include "providers/sdk/operation.h"

/* What a record says. Who reads it owns the members. */
typedef struct StoreRecord {
    enum { RECORD_BEGIN, RECORD_END, RECORD_OPERATION, RECORD_INSTANCE, RECORD_FENCE } kind;
    Operation *operation; /* of BEGIN and OPERATION; of END only what it says, and the key */
    Instance *instance;   /* NULL: none */
    char *removed;        /* uid of an instance that is gone; NULL: none */
    char *lineage;        /* of FENCE */
    int64_t fence;
} StoreRecord;

void store_record_deinit(StoreRecord *record);
#define store_record_deinit_p store_record_deinit

/* 0, or a negative code: it is no record that is known here. */
int store_record_parse(const char *text, size_t size, StoreRecord *ret, Error *err);

void store_record_put_begin(Buffer *ret, const Operation *operation);
void store_record_put_end(Buffer *ret, const Operation *operation, const Instance *instance,
                          const char *removed);
void store_record_put_operation(Buffer *ret, const Operation *operation);
void store_record_put_instance(Buffer *ret, const Instance *instance);
void store_record_put_fence(Buffer *ret, const char *lineage, int64_t fence);

#endif
