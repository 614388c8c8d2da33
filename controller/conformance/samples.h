/* With which arguments objects can be made: the samples' file, or else what the schema tells.
 *
 * The file is JSON:
 *
 *     {"effects": {"File": {"desired": {...}, "update": {...}, "replace": {...}, "same": {...},
 *                           "invalid": {...}, "slow": {...}, "secret": {...}, "text": "content"}},
 *      "actions": {"Ping": {"desired": {...}}}, "queries": {"exists": {"args": {...}}}}
 *
 * `update` changes an object of `desired` in place, `replace` cannot; `same` says `desired` in
 * other words; `slow` takes a second or longer; in `secret` stands {"$secret": "s1"} where a secret
 * may stand; `text` names the argument that takes any text. All but `desired` may be left out. In
 * texts
 * ${n} is a number that no other object has, ${dir} an empty folder of the run's own. */
#ifndef VED_CONFORMANCE_SAMPLES_H
#define VED_CONFORMANCE_SAMPLES_H

#include "controller/host/provider_schema.h"
#include "lang/base/error.h"
#include "lang/base/json.h"

typedef enum SampleKind {
#define SAMPLE(id, name, what) SAMPLE_##id,
#include "controller/conformance/sample.def"
#undef SAMPLE
} SampleKind;

/* As the file calls it; and in words, for a rule that is skipped for want of it. */
const char *sample_name(SampleKind kind);
const char *sample_what(SampleKind kind);

/* Read a samples' file: ERROR_USAGE and a sentence if it is none. The caller frees the document. */
int samples_load(const char *path, Json **ret, Error *err);

/* What can be told from a schema: of each effect that makes objects `desired`, and `update`,
 * `replace`, `invalid` and `text` where the schema has parameters for them. The caller frees it. */
Json *samples_of_schema(const Json *schema);

/* The first effect of the samples that has one of that kind, under "effects"; NULL: none has. */
const Json *samples_find(const Json *samples, SampleKind kind);

/* A copy of arguments with ${n} and ${dir} filled in; the caller frees it. */
Json *sample_fill(const Json *arguments, unsigned number, const char *dir);

#endif
