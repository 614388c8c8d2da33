/* The schema document that a configuration comes to. Format: VPP/1, schema; see
 * providers/sdk/schema.h. */
#ifndef VED_HTTP_SCHEMA_H
#define VED_HTTP_SCHEMA_H

#include "providers/http/config.h"

/* The caller frees it. */
char *http_schema(const HttpConfig *config);

#endif
