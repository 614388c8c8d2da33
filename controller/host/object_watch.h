/* Observes the objects of a state for whoever runs a core for long: asks each provider at its
 * interval, and at once about those that its change feed names, which of them still exist and are
 * as they were recorded, and hands out what differs.
 *
 * A look changes nothing, so nothing of it is durable before the core has recorded it. The rule of
 * the brake: where a tenth of a provider's objects, and at least three, are gone in one look, that
 * is not believed. Nothing of it reaches the core until a later look finds fewer gone, or
 * somebody says that it is so. */
#ifndef VED_HOST_OBJECT_WATCH_H
#define VED_HOST_OBJECT_WATCH_H

#include "controller/host/stack.h"

#define BRAKE_LOST_MIN 3 /* so many at least, and */
#define BRAKE_SHARE 10   /* one in so many */
/* A look comes up to this share of the interval sooner or later, so that many stacks do not ask at
 * once. */
#define WATCH_JITTER 10
/* What a change feed tells within this time is looked at together. */
#define WATCH_GATHER_MS 30

typedef struct ObjectWatch ObjectWatch;

/* Something can be taken with object_watch_next(). */
typedef void ObjectWatchWake(void *context);

/* One sentence about a provider that cannot say, or can again, or is not believed. */
typedef void ObjectWatchTell(void *context, const char *text);

/* The stack must be connected and outlive it. What is open when it is freed is dropped. */
ObjectWatch *object_watch_new(Stack *stack, ObjectWatchWake *wake, ObjectWatchTell *tell,
                              void *context);
void object_watch_free(ObjectWatch *watch);
CLEANUP_DEFINE(ObjectWatch *, object_watch_free);

/* Look from now on, first after one interval. */
void object_watch_start(ObjectWatch *watch);

/* Begin no look any more, and take up what is under way no more. */
void object_watch_stop(ObjectWatch *watch);

/* Look at all at once. `believed`: what is gone then is gone, however much it is. */
void object_watch_look(ObjectWatch *watch, bool believed);

/* The next event for the core, but for its time: EVENT_OBSERVED or EVENT_DRIFTED. Its texts live
 * until the next call. False: there is none. */
bool object_watch_next(ObjectWatch *watch, Event *ret);
bool object_watch_has_next(const ObjectWatch *watch);

/* Whether that provider's looks are held back by the brake. */
bool object_watch_is_braked(const ObjectWatch *watch, const char *provider);

#endif
