/* The provider of a walk's world: what it has made, and what it never accepts. */
#ifndef VED_TESTS_TORTURE_WALK_PROVIDER_H
#define VED_TESTS_TORTURE_WALK_PROVIDER_H

#include "tests/torture/walk_world.h"

/* Do what the intent says, or – with a key that it knows – nothing. Which deal it is. */
size_t provider_ask(World *world, const Intent *intent);

Thing *provider_find(const Provider *provider, const char *uid);
void provider_deinit(Provider *provider);

/* The things that exist by what they are: where they were emitted, with which arguments, on what.
 * Results in arguments are replaced by what they are the results of. Sorted. */
void provider_list(const World *world, Buffer *ret);

#endif
