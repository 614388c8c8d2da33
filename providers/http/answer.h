/* What an API has answered: its body as a document, and what it says where something is wrong. */
#ifndef VED_HTTP_ANSWER_H
#define VED_HTTP_ANSWER_H

#include "providers/http/request.h"

/* Take the response's headers and body; `document` points to the object in it. The caller deinits
 * the answer. */
void answer_take(Answer *ret, FetchResponse *response, const char *document);

/* Another part of the same body is the object. */
void answer_point(Answer *answer, const char *document);

/* What the answer says of its own failure, one line without control characters, or "". The caller
 * frees it. */
char *answer_message(const Answer *answer, const char *pointer);

/* A status that was not expected, as a problem. `harmless`: the request may be sent again, or the
 * server said that it did nothing. */
void answer_problem(int status, bool harmless, const char *shown, const char *why,
                    ProviderProblem *problem);

/* The members of a result out of a document. 0 with them added to `ret`, or a negative code. */
int results_extract(const Results *results, const Json *document, Json *ret, Error *err);

/* A text, number or truth value as text; NULL if it is none. The caller frees it. */
char *scalar_text(const Json *value);

#endif
