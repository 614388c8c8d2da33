/* Texts with `${name}` in them, which stand in the configuration where a request is described.
 *
 *   ${size}          a parameter; ${labels.app}: a member of one
 *   ${id} ${uid} ${op} ${address} ${lineage} ${result.url} ${operation}
 *   ${size?}         nothing if there is no such value: the whole member, header or query parameter
 *                    that the text stands in is left out then
 *   ${key|base64}    the bytes in Base64; |json: the value as JSON text; |path: slashes stay
 * slashes
 *   $${              a literal ${
 *
 * A value is written as its place demands: percent-encoded in a URL, without control characters in
 * a header, as it is in a body. A text that is nothing but one `${name}` has in a JSON body the
 * type of the value. */
#ifndef VED_HTTP_TEMPLATE_H
#define VED_HTTP_TEMPLATE_H

#include "lang/base/json.h"

#define TEMPLATE_NAME_MAX 127
#define TEMPLATE_SIZE_MAX ((size_t)1 << 20) /* of a text once it is filled in */

/* FILTER(name, how it is written) */
#define TEMPLATE_FILTERS(FILTER)                                                                   \
    FILTER(NONE, "")                                                                               \
    FILTER(BASE64, "base64")                                                                       \
    FILTER(JSON, "json")                                                                           \
    FILTER(PATH, "path")

typedef enum TemplateFilter {
#define FILTER(name, text) FILTER_##name,
    TEMPLATE_FILTERS(FILTER)
#undef FILTER
} TemplateFilter;

/* Where the text goes. */
typedef enum TemplatePlace { PLACE_URL, PLACE_HEADER, PLACE_TEXT } TemplatePlace;

/* A piece of a template: a run of literal bytes or a value's name. */
typedef struct TemplatePart {
    const char *literal; /* NULL: it is a name */
    size_t literal_size;
    char name[TEMPLATE_NAME_MAX + 1];
    TemplateFilter filter;
    bool is_optional;
} TemplatePart;

/* A part was found; there are no more. */
#define TEMPLATE_PART 1

/* The next part of the text from `*at` on, which moves behind it. TEMPLATE_PART, 0 at the end, or a
 * negative code. */
int template_next(const char **at, TemplatePart *ret, Error *err);

/* An optional value is not there, so what the text stands in is to be left out. */
#define TEMPLATE_LEFT_OUT 1

/* Append the text with its values, the members of `scope`. 0, TEMPLATE_LEFT_OUT or a negative code;
 * `ret` is of use after 0 only. */
int template_text(const char *text, const Json *scope, TemplatePlace place, Buffer *ret,
                  Error *err);

/* A copy of a JSON body with the values in its texts. The caller owns it. 0, or a negative code. */
int template_json(const Json *body, const Json *scope, Json **ret, Error *err);

/* Append a text percent-encoded, all but the unreserved characters of RFC 3986. */
void template_encode(Buffer *ret, const char *text);

/* The value of `a.b.c` in a scope; NULL: not there. */
const Json *scope_value(const Json *scope, const char *name);

#endif
