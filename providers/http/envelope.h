/* A request as it goes out: the URL, the headers and the body that templates come to, and who asks.
 *
 * The rule: `shown` is for people and has no query, where credentials may stand; `url` is for the
 * wire only. What `concealed` holds must be in nothing that is said. */
#ifndef VED_HTTP_ENVELOPE_H
#define VED_HTTP_ENVELOPE_H

#include "providers/http/request.h"

typedef struct Envelope {
    char *url;
    char *shown; /* GET https://host/path */
    Json *headers;
    char *body; /* NULL: none */
    FetchSite site;
    Json *credentials; /* the texts that `site` points to */
} Envelope;

/* 0, or -1 with the call's problem. The caller deinits it in either case. */
int envelope_fill(Call *call, const RequestSpec *spec, const Conditions *conditions, Envelope *ret);
void envelope_deinit(Envelope *envelope);
#define envelope_deinit_p envelope_deinit

/* `url` as the API has named it, made absolute: only its own origin is asked. NULL with the
 * problem. */
char *envelope_follow(Call *call, const char *url);

#endif
