#include "providers/http/look.h"

#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/listing.h"
#include "providers/http/pointer.h"

void look_deinit(Look *look)
{
    json_free(look->document);
    json_free(look->state);
    free(look->etag);
    free(look->reason);
    *look = (Look){0};
}

static bool is_among(const Json *values, const Json *value)
{
    for (const Json *v = json_first(values); v != NULL; v = json_next(v))
        if (json_equal(v, value))
            return true;
    return false;
}

Readiness condition_holds(const Condition *condition, const Json *document)
{
    const Json *value;

    if (condition->pointer == NULL)
        return READY;
    value = pointer_get(document, condition->pointer);
    if (value == NULL)
        return NOT_READY;
    if (is_among(condition->failed, value))
        return BROKEN;
    return is_among(condition->done, value) ? READY : NOT_READY;
}

static char *reason_of(const Condition *condition, const Json *document)
{
    const Json *value = pointer_get(document, condition->pointer);
    cleanup(free) char *text = value != NULL ? json_text(value) : memory_copy_string("not there");

    return memory_format("'%s' is %.100s", condition->pointer, text);
}

int look_make(const ResourceSpec *resource, const char *id, const Json *document, const char *etag,
              Look *ret, Error *err)
{
    cleanup(json_free) Json *state = json_new_object();

    json_set_string(state, "id", id);
    int code = results_extract(&resource->results, document, state, err);
    if (code < 0)
        return code;
    *ret = (Look){.status = LOOK_FOUND,
                  .document = document != NULL ? json_copy(document) : NULL,
                  .state = take(state),
                  .etag = etag != NULL ? memory_copy_string(etag) : NULL,
                  .readiness = condition_holds(&resource->ready, document)};
    if (ret->readiness != READY)
        ret->reason = reason_of(&resource->ready, document);
    return 0;
}

static int look_read(Call *call, const ResourceSpec *resource, const char *etag, Look *ret)
{
    cleanup(answer_deinit) Answer answer = {0};
    Conditions conditions = {.if_none_match = etag};
    Error err;

    if (request_send(call, resource->read, &conditions, &answer) < 0)
        return -1;
    if (answer.kind == ANSWER_ABSENT)
        ret->status = LOOK_ABSENT;
    else if (answer.kind == ANSWER_UNCHANGED)
        ret->status = LOOK_UNCHANGED;
    else if (look_make(resource, json_get_string(call->scope, "id", ""), answer.document,
                       answer_header(&answer, "etag"), ret, &err) < 0)
        return call_upstream(call, "%s: %.600s", resource->read->at, err.message);
    return 0;
}

static int look_in_list(Call *call, const ResourceSpec *resource, Look *ret)
{
    const char *id = json_get_string(call->scope, "id", "");
    cleanup(json_free) Json *item = NULL;
    Error err;

    if (listing_find(call, resource, id, &item) < 0)
        return -1;
    if (item == NULL)
        ret->status = LOOK_ABSENT;
    else if (look_make(resource, id, item, NULL, ret, &err) < 0)
        return call_upstream(call, "%s: %.600s", resource->list->request.at, err.message);
    return 0;
}

int look_at(Call *call, const ResourceSpec *resource, const char *etag, Look *ret)
{
    *ret = (Look){0};
    return resource->read != NULL ? look_read(call, resource, etag, ret)
                                  : look_in_list(call, resource, ret);
}

int look_among(Call *call, const ResourceSpec *resource, const char *etag, Look *ret)
{
    *ret = (Look){0};
    return resource->list != NULL ? look_in_list(call, resource, ret)
                                  : look_read(call, resource, etag, ret);
}
