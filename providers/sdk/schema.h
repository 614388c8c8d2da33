/* The schema document of a provider: which effects, queries and types it has, and whether arguments
 * fit them.
 *
 * Parameters are described by a subset of JSON Schema 2020-12: type, enum, const, required,
 * properties, additionalProperties, items, minimum, maximum, minLength, maxLength. A value that is
 * not known yet ({"$unknown":...}) or that is secret ({"$secret":"id"}) fits everywhere.
 *
 * Of each parameter is said what another value means: "x-ved-immutable", with the reason in
 * "x-ved-because", asks for another object; any other is updated in place, and if it is
 * "x-ved-disruptive" the object does not serve meanwhile. "x-ved-set" and "x-ved-normalize" (case,
 * json, cidr) say which values are no other ones, see schema_change.c. A member of a result that is
 * "x-ved-sensitive" is a secret. */
#ifndef VED_SDK_SCHEMA_H
#define VED_SDK_SCHEMA_H

#include "providers/sdk/provider.h"

typedef struct Schema Schema;

/* Read a document; the caller frees it with schema_free(). */
int schema_new(const char *text, Schema **ret, Error *err);
void schema_free(Schema *schema);

const char *schema_text(const Schema *schema);
const char *schema_etag(const Schema *schema); /* with its quotes */

/* The entry of an effect, or that of "any" where the provider takes every name; NULL: not there. */
const Json *schema_effect(const Schema *schema, const char *name);

/* The name of an effect that makes instances of `type`; NULL: none. */
const char *schema_effect_of_type(const Schema *schema, const char *type);

/* The entry of a query; NULL: not there. */
const Json *schema_query(const Schema *schema, const char *name);

/* What an effect makes: its "type", or its own name where the entry is that of "any". */
const char *schema_type_of(const Json *effect, const char *name);
bool schema_effect_is_action(const Json *effect);
int64_t schema_version_of(const Schema *schema, const char *type);

/* 0, or -1 with a VALIDATION_FAILED problem that points at the first member at fault. */
int schema_check(const Json *parameters, const Json *value, ProviderProblem *problem);

/* Append to `ret`, an array, the pointers of the immutable parameters that differ. A parameter that
 * is not given has its default. */
void schema_immutable_changes(const Json *effect, const Json *before, const Json *after, Json *ret);

/* Does any parameter differ; and one that cannot change without a break in what the object does
 * ("x-ved-disruptive")? */
bool schema_is_changed(const Json *effect, const Json *before, const Json *after);
bool schema_is_disruptive(const Json *effect, const Json *before, const Json *after);

/* The schema of one parameter; NULL: not named there. */
const Json *schema_parameter(const Json *effect, const char *name);

/* What an effect's result is before anything is known of it: every member that the schema names
 * stands as {"$unknown":{}}. The caller owns it. */
Json *schema_unknown_result(const Json *effect);
Json *schema_unknown(void);

/* Where a result, a JSON text or NULL, has something secret: what its schema calls
 * "x-ved-sensitive", and what was concealed. The text of an array of JSON pointers; the caller
 * frees it. */
char *schema_sensitive(const Json *effect, const char *result);

/* Does a value that is not known yet stand anywhere in it? */
bool schema_has_unknown(const Json *value);

CLEANUP_DEFINE(Schema *, schema_free);

#endif
