/* Addresses of objects, as people write them: `Domain.Transition.Effect[n]`,
 * `Domain["key"].Effect["name"]`; and `Domain` or `Domain["key"]` alone, which mean an instance.
 *
 * object_address() writes what this reads. That it reads says nothing of whether there is such a
 * thing. */
#ifndef VED_CORE_ADDRESS_H
#define VED_CORE_ADDRESS_H

#include <stdint.h>

#include "lang/base/arena.h"
#include "lang/base/error.h"

#define ADDRESS_SIZE_MAX 8192 /* bytes */

typedef struct Address {
    const char *domain;
    const char *key;    /* of the instance; NULL: none */
    const char *where;  /* transition, handler or timer; NULL: with a name, or an instance */
    const char *effect; /* without its provider; NULL: an instance */
    const char *name;   /* NULL: none */
    uint32_t ordinal;   /* without a name: the [n] */
} Address;

/* Texts are in the arena. 0, or ERROR_USAGE with what was expected. */
int address_parse(const char *text, Arena *arena, Address *ret, Error *err);

#endif
