/* What is written down before an object is made: DATA/begun/UID, a JSON object.
 *
 *   op         the operation that began it
 *   digest     of what was wanted
 *   at         the parameters by which it is found
 *   id         as soon as it is known
 *   operation  the URL at which the API says how far it is
 *
 * The rule: it is durable before the request leaves, and goes only when the kit remembers the
 * object or nothing was made; so without a note no request to make it was ever sent. */
#ifndef VED_HTTP_NOTE_H
#define VED_HTTP_NOTE_H

#include "providers/http/request.h"

/* 0 with NULL if there is none; or -1 with the problem. The caller frees it. */
int note_read(const Site *site, const char *uid, Json **ret, ProviderProblem *problem);
int note_write(const Site *site, const char *uid, const Json *note, ProviderProblem *problem);
void note_forget(const Site *site, const char *uid);

#endif
