/* Deeds that go on after their request was answered: where to ask, until when, and what came of it.
 */
#ifndef VED_HTTP_POLL_H
#define VED_HTTP_POLL_H

#include "providers/http/request.h"

/* Does this answer say that the deed goes on? */
bool poll_is_begun(const RequestSpec *spec, const Answer *answer);

/* The URL at which to ask how far it is. The caller frees it; NULL with the call's problem. */
char *poll_url(Call *call, const RequestSpec *spec, const Answer *answer);

/* Ask until it is done. 0 with the last answer, whose document is the result if the operation has
 * one (else NULL), which the caller deinits; -1 with the problem. */
int poll_until_done(Call *call, const RequestSpec *spec, const char *url, Answer *ret);

#endif
