/* What a record of the journal says, for people: without its program, and also of records that no
 * state fits any more. Secrets are "(sensitive)". */
#ifndef VED_HOST_RECORD_WORDS_H
#define VED_HOST_RECORD_WORDS_H

#include "lang/base/buffer.h"
#include "lang/base/json.h"

/* "slice 7 of Shop (event Paid): n = 3". */
void record_words(const Json *record, Buffer *ret);

/* "goal Live; transition Boot_app"; nothing for a cause that is not known. */
void cause_words(const Json *cause, Buffer *ret);

/* `Shop["a"]`, `Shop`; nothing where a record concerns no instance. */
void instance_words(const Json *record, Buffer *ret);

/* "n = 3, name = "x"": values longer than a few words are cut. */
void values_words(const Json *values, Buffer *ret);

#endif
