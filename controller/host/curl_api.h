/* libcurl, loaded when the first request is prepared and not before.
 *
 * Debian's build pulls in some thirty shared objects, 7-10 ms of start-up; most commands talk to
 * nobody. Only http.c and the conformance suite's wire.c call through this table. */
#ifndef VED_HOST_CURL_API_H
#define VED_HOST_CURL_API_H

/* The checking macros would expand names of the table. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "lang/base/error.h"

typedef struct CurlApi {
#define CURL_API(name) __typeof__(curl_##name) *name;
#include "controller/host/curl_api.def"
#undef CURL_API
} CurlApi;

/* The table, loaded once for the life of the process; ERROR_INTERNAL if libcurl.so.4 or one of the
 * functions is missing. */
int curl_api_load(const CurlApi **ret, Error *err);

#endif
