/* Secrets in words: what says why something failed may repeat what it was given. */
#ifndef VED_BASE_CONCEAL_H
#define VED_BASE_CONCEAL_H

#include "json.h"

/* Shorter ones are left: words would be spoiled by them, and they are no secret. */
#define CONCEAL_MIN 4

/* Overwrite each occurrence of a secret by asterisks, also the beginning of one that `text` ends
 * with because it was cut. `secrets` is an object whose members are texts; NULL: there is none. */
void conceal(char *text, const Json *secrets);

#endif
