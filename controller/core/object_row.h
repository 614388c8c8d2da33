/* Objects by what they are looked for.
 *
 * Two kinds of rows. ROW_ADDRESS: what has the same address up to its [n]: objects of one owner and
 * effect that have the same name or, without one, were emitted by the same text. ROW_EFFECT: all of
 * one effect, whoever owns them. In each they stand by sequence.
 *
 * Derived, never stored. Owner, name, place and number of an object that is in its rows change only
 * between object_rows_leave() and object_rows_enter(). */
#ifndef VED_CORE_OBJECT_ROW_H
#define VED_CORE_OBJECT_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "controller/core/cause.h"

typedef struct Object Object;
typedef struct ObjectRow ObjectRow;

typedef enum ObjectRowKind { ROW_ADDRESS, ROW_EFFECT, ROW_COUNT } ObjectRowKind;

struct ObjectRow {
    Object *first, *last;
    size_t count;
    uint64_t hash;
    ObjectRow *bucket_next;
    /* how many have each of the first numbers; counted when one that is free is asked for */
    uint32_t *holders;
    size_t holder_count;
    uint32_t free_from; /* no smaller number is free */
};

/* Where an object stands in a row. */
typedef struct ObjectRowLink {
    ObjectRow *row;
    Object *next, *previous;
} ObjectRowLink;

/* All rows of one kind, by what their objects share. */
typedef struct ObjectRowTable {
    ObjectRow **buckets;
    size_t bucket_count; /* 0, or a power of two */
    size_t count;
} ObjectRowTable;

/* NULL: there is no such object. */
ObjectRow *object_row_named(const Instance *owner, const char *effect, const char *name);
ObjectRow *object_row_unnamed(const Instance *owner, const char *where, const char *effect);

/* Of the effect that bindings know by that name, without its provider: "Create" of "Infra.Create".
 */
ObjectRow *object_row_of_effect(const Runtime *runtime, const char *base);

/* "Create" of "Infra.Create". */
const char *effect_short(const char *effect);

/* All rows of the table, in no order that means anything: the first of NULL, and the one after. */
ObjectRow *object_rows_next(const ObjectRowTable *table, const ObjectRow *row);

/* The smallest [n] that no object of the row has; 0 of NULL. Constant time, but for what was freed
 * since. */
uint32_t object_row_number(ObjectRow *row);

/* Into the rows that the object belongs to, and out of them. */
void object_rows_enter(Object *object);
void object_rows_leave(Object *object);

/* The objects of its rows are gone, or go without leaving them. */
void object_rows_deinit(ObjectRowTable *table);

#endif
