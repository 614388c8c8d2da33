#include "providers/http/answer.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "lang/base/memory.h"
#include "lang/base/utf8.h"
#include "providers/http/pointer.h"

#define MESSAGE_SIZE 300
#define CONCEALED "(sensitive)"

/* ---- the document ---- */

void answer_take(Answer *ret, FetchResponse *response, const char *document)
{
    const Buffer *body = &response->body;

    *ret = (Answer){.status = response->status, .headers = response->headers};
    response->headers = NULL;
    /* A body that is no JSON is a text, if it is one. */
    if (body->size > 0 && text_fits_json(body) &&
        json_parse(buffer_text(body), body->size, &ret->body, NULL) < 0)
        ret->body = json_new_string(buffer_text(body));
    answer_point(ret, document);
}

void answer_point(Answer *answer, const char *document)
{
    answer->document = pointer_get(answer->body, document);
}

void answer_deinit(Answer *answer)
{
    json_free(answer->headers);
    json_free(answer->body);
    *answer = (Answer){0};
}

const char *answer_header(const Answer *answer, const char *name)
{
    cleanup(free) char *key = memory_copy_string(name);

    for (char *c = key; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return json_get_string(answer->headers, key, NULL);
}

char *scalar_text(const Json *value)
{
    if (json_is_string(value))
        return memory_copy_string(json_string(value, ""));
    return json_is_number(value) || json_is_bool(value) ? json_text(value) : NULL;
}

/* ---- what went wrong ---- */

/* Where APIs usually say so. */
static const Json *usual_message(const Json *body)
{
    static const char *const pointers[] = {
        "/error/message",
        "/detail",
        "/message",
        "/error_description",
        "/error",
        "/errors/0/detail",
        "/errors/0/message",
        "/errors/0",
        "/title",
        "/reason",
        "",
    };

    for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
        const Json *found = pointer_get(body, pointers[i]);
        if (json_is_string(found) && json_string(found, "")[0] != '\0')
            return found;
    }
    return NULL;
}

char *answer_message(const Answer *answer, const char *pointer)
{
    const Json *found = pointer != NULL ? pointer_get(answer->body, pointer) : NULL;
    cleanup(free) char *text = NULL;

    if (found == NULL)
        found = usual_message(answer->body);
    text = json_is_string(found) ? memory_copy_string(json_string(found, ""))
           : found != NULL       ? json_text(found)
                                 : memory_copy_string("");
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    size_t size = strlen(text), kept = size < MESSAGE_SIZE ? size : MESSAGE_SIZE;
    /* Not in the middle of a character. */
    while (kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80)
        kept--;
    return memory_format("%.*s%s", (int)kept, text, kept < size ? "..." : "");
}

/* What a status means where the binding says nothing of it. */
typedef struct Meaning {
    int status;
    const char *code;
    bool may_pass; /* later it may go well */
} Meaning;

static Meaning meaning_of(int status)
{
    static const Meaning meanings[] = {
        {400, "VALIDATION_FAILED", false}, {401, "UNAUTHENTICATED", false},
        {403, "PERMISSION_DENIED", false}, {404, "NOT_FOUND", false},
        {408, "UNAVAILABLE", true},        {409, "UNAVAILABLE", true},
        {410, "NOT_FOUND", false},         {412, "ETAG_MISMATCH", true},
        {413, "TOO_LARGE", false},         {422, "VALIDATION_FAILED", false},
        {423, "UNAVAILABLE", true},        {425, "UNAVAILABLE", true},
        {429, "THROTTLED", true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i];
    return (Meaning){status, "UPSTREAM", false};
}

void answer_problem(int status, bool harmless, const char *shown, const char *why,
                    ProviderProblem *problem)
{
    Meaning meaning = meaning_of(status);
    const char *colon = why[0] != '\0' ? ": " : "";

    if (status < 500) {
        provider_problem(problem, meaning.code, "not_applied", meaning.may_pass,
                         "%.400s: answered %d%s%s%s", shown, status, colon, why,
                         status / 100 == 3 ? "; redirects are not followed" : "");
        return;
    }
    if (harmless)
        provider_problem(problem, "UNAVAILABLE", "not_applied", true, "%.400s: answered %d%s%s",
                         shown, status, colon, why);
    else
        provider_problem(problem, "UPSTREAM", "unknown", false,
                         "%.400s: answered %d%s%s; whether it did anything is not known", shown,
                         status, colon, why);
}

/* ---- results ---- */

static bool type_fits(const char *type, const Json *value)
{
    static const struct {
        const char *type;
        bool (*is)(const Json *);
    } kinds[] = {
        {"string", json_is_string}, {"number", json_is_number}, {"boolean", json_is_bool},
        {"object", json_is_object}, {"array", json_is_array},   {"integer", json_is_int},
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].is(value);
    return true;
}

/* A number for a text that is to be one: identifiers are often numbers. */
static Json *as_typed(const ResultSpec *spec, const Json *value)
{
    if (spec->type != NULL && strcmp(spec->type, "string") == 0 && !json_is_string(value)) {
        cleanup(free) char *text = scalar_text(value);
        if (text != NULL)
            return json_new_string(text);
    }
    return json_copy(value);
}

/* NULL: it is no text in Base64. */
static Json *decoded(const Json *value)
{
    const char *text = json_string(value, NULL);
    size_t size = text != NULL ? strlen(text) : 1;

    if (size % 4 != 0)
        return NULL;
    cleanup(buffer_deinit) Buffer bytes = {0};
    char *room = buffer_room(&bytes, size / 4 * 3 + 1);
    int got = EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)text, (int)size);
    if (got < 0)
        return NULL;
    size_t padding = (size > 0 && text[size - 1] == '=') + (size > 1 && text[size - 2] == '=');
    buffer_took(&bytes, (size_t)got - padding);
    return text_fits_json(&bytes) ? json_new_string(buffer_text(&bytes)) : NULL;
}

static int result_extract(const ResultSpec *spec, const Json *document, Json *ret, Error *err)
{
    const Json *found = pointer_get(document, spec->pointer);
    cleanup(json_free) Json *value = NULL;

    if (found == NULL && spec->optional)
        return 0;
    if (found == NULL)
        return error_set(err, ERROR_PROVIDER,
                         "the answer has no '%s', of which result '%s' is made", spec->pointer,
                         spec->name);
    if (spec->sensitive) {
        json_set_string(ret, spec->name, CONCEALED);
        return 0;
    }
    value = spec->base64 ? decoded(found) : as_typed(spec, found);
    if (value == NULL)
        return error_set(err, ERROR_PROVIDER,
                         "result '%s': '%s' of the answer is no text in Base64", spec->name,
                         spec->pointer);
    if (spec->type != NULL && !type_fits(spec->type, value))
        return error_set(err, ERROR_PROVIDER, "result '%s': '%s' of the answer is no %s",
                         spec->name, spec->pointer, spec->type);
    json_set(ret, spec->name, take(value));
    return 0;
}

int results_extract(const Results *results, const Json *document, Json *ret, Error *err)
{
    int code = 0;

    for (size_t i = 0; i < results->count && code == 0; i++)
        code = result_extract(&results->specs[i], document, ret, err);
    return code;
}
