/* Making an object once.
 *
 *   not there, nothing begun -> note -> POST -> id into the note -> ready
 *                                |       |
 *                      killed ---+-------+--- killed, or the answer was lost
 *                                |
 *      the note has the operation's URL: it is asked how far it is
 *      the note has an id, or the id is chosen: it is read
 *      `find`: it is searched for, for `settle` after a lost answer
 *      none of these: outcome unknown, unless the API does once what comes twice */
#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/find.h"
#include "providers/http/note.h"
#include "providers/http/object.h"
#include "providers/http/pointer.h"
#include "providers/http/poll.h"
#include "providers/http/template.h"

#define SEARCH_STEP_MS 250

/* ---- the note ---- */

static int note_save(Object *object)
{
    return note_write(object->call.site, object->request->uid, object->note, object->call.problem);
}

static int note_begin(Object *object)
{
    json_free(object->note);
    object->note = json_new_object();
    json_set_string(object->note, "op", object->request->op);
    json_set_string(object->note, "digest", object->digest);
    json_set(object->note, "at", json_copy(object->at));
    if (object->resource->id_is_chosen)
        json_set_string(object->note, "id", object_id(object));
    return note_save(object);
}

/* What the API tells meanwhile is noted as well as can be: without it the successor has to search,
 * but makes no second object. */
static void note_improve(Object *object)
{
    note_write(object->call.site, object->request->uid, object->note, &(ProviderProblem){0});
}

/* The deed is over and the object is there. */
static void note_arrival(Object *object)
{
    json_free(json_detach(object->note, "operation"));
    json_set_string(object->note, "id", object_id(object));
    note_improve(object);
}

static bool note_is_of_this(const Object *object)
{
    return strcmp(json_get_string(object->note, "digest", ""), object->digest) == 0;
}

/* ---- finding it ---- */

int object_search(Object *object)
{
    cleanup(free) char *id = NULL;
    cleanup(json_free) Json *item = NULL;
    Error err;

    if (find_one(&object->call, object->resource, &id, &item) < 0)
        return -1;
    if (id == NULL)
        return 0;
    object_set_id(object, id);
    look_deinit(&object->look);
    if (look_make(object->resource, id, item, NULL, &object->look, &err) == 0)
        return 0;
    /* A list may show less of it than it shows itself. */
    return look_at(&object->call, object->resource, NULL, &object->look);
}

/* What was sent may be there, or may still come. 1: it was found, and the id is known; 0: it was
 * not for all of `settle`; -1. */
static int search_patiently(Object *object)
{
    int64_t until_ms = monotonic_ms() + object->resource->find->settle_ms;

    do {
        if (object_search(object) < 0)
            return -1;
        if (object_id(object) != NULL)
            return 1;
        if (monotonic_ms() >= until_ms)
            return 0;
    } while (call_wait(&object->call, SEARCH_STEP_MS, "looking for what was begun") == 0);
    return -1;
}

/* The answer was lost. 0: it was found; -1. */
static int search_lost(Object *object)
{
    ProviderProblem lost = *object->call.problem;
    int found = search_patiently(object);

    if (found < 0)
        return -1;
    if (found > 0) {
        note_arrival(object);
        return object_settle(object, object->look.document, NULL);
    }
    *object->call.problem = lost;
    object->call.problem->outcome = "unknown";
    object->call.problem->retryable = true;
    return -1;
}

/* ---- making it ---- */

/* Where the object is, as a header says that has no document beside it. */
static int follow_location(Object *object, const char *location, Answer *ret)
{
    Conditions conditions = {.url = location};

    answer_deinit(ret);
    return request_send(&object->call, &object->resource->create, &conditions, ret);
}

/* Take the id out of the answer. 0; -1 with the problem if it has none. */
static int take_id(Object *object, Answer *answer)
{
    const ResourceSpec *resource = object->resource;
    const char *header = answer_header(answer, "location");
    cleanup(free) char *location = header != NULL ? memory_copy_string(header) : NULL;

    if (resource->id_is_chosen)
        return 0;
    cleanup(free) char *id = scalar_text(pointer_get(answer->document, resource->id));
    if (id == NULL && location != NULL) {
        if (follow_location(object, location, answer) < 0)
            return -1;
        id = scalar_text(pointer_get(answer->document, resource->id));
    }
    if (id == NULL || id[0] == '\0')
        return call_upstream(&object->call, "%s: the answer has no id at '%s'", resource->create.at,
                             resource->id);
    object_set_id(object, id);
    return 0;
}

/* It was made; what is left is to know it. */
static int arrive(Object *object, Answer *answer)
{
    if (take_id(object, answer) < 0) {
        object->call.problem->outcome = "unknown";
        return object->resource->find != NULL && object->resource->find->list != NULL
                   ? search_lost(object)
                   : -1;
    }
    note_arrival(object);
    return object_settle(object, answer->document, answer_header(answer, "etag"));
}

static int wait_for(Object *object, const char *url)
{
    cleanup(answer_deinit) Answer answer = {0};

    if (poll_until_done(&object->call, &object->resource->create, url, &answer) < 0) {
        /* A deed that has failed has made nothing to wait for any more. */
        if (!problem_is_unknown(object->call.problem)) {
            json_free(json_detach(object->note, "operation"));
            note_improve(object);
        }
        return -1;
    }
    return arrive(object, &answer);
}

static int refuse_foreign(Object *object)
{
    const char *id = object_id(object);

    return provider_problem(object->call.problem, "NOT_OWNED", "not_applied", false,
                            "%s%s%.200s%s is there already, and was not made by this program",
                            object->resource->type, id != NULL ? " '" : "", id != NULL ? id : "",
                            id != NULL ? "'" : "");
}

static bool may_take(const Object *object)
{
    return object->request->adopt != NULL;
}

/* Something stands where the object was to be made. */
static int meet(Object *object)
{
    const ResourceSpec *resource = object->resource;

    if (resource->id_is_chosen) {
        look_deinit(&object->look);
        if (look_at(&object->call, resource, NULL, &object->look) < 0)
            return -1;
        bool ours = find_matches(&object->call, resource, object->look.document);
        return ours || may_take(object) ? object_update(object) : refuse_foreign(object);
    }
    if (resource->find == NULL)
        return refuse_foreign(object);
    if (object_search(object) < 0)
        return -1;
    return object_id(object) != NULL ? object_update(object) : refuse_foreign(object);
}

/* The request that makes it failed. */
static int fail_create(Object *object)
{
    const FindSpec *find = object->resource->find;

    if (!object->call.may_have_acted &&
        !(object->begun_before && object->call.problem->retryable)) {
        note_forget(object->call.site, object->request->uid);
        return -1;
    }
    object->call.problem->outcome = "unknown";
    if (!object->call.may_have_acted)
        return -1;
    /* Where it would be is known, so the next call will see. */
    if (object->resource->id_is_chosen)
        object->call.problem->retryable = true;
    else if (find != NULL)
        return search_lost(object);
    return -1;
}

static int send_create(Object *object)
{
    const RequestSpec *spec = &object->resource->create;
    cleanup(answer_deinit) Answer answer = {0};
    Conditions conditions = {.if_none_match = spec->if_none_match ? "*" : NULL};
    Call *call = &object->call;

    if (request_send(call, spec, &conditions, &answer) < 0)
        return fail_create(object);
    if (answer.kind == ANSWER_EXISTS || answer.kind == ANSWER_ABSENT) {
        /* An earlier try of this very request may be what stands there. */
        if (object->resource->id_is_chosen && call->may_have_acted)
            return object_settle(object, NULL, NULL);
        note_forget(call->site, object->request->uid);
        return meet(object);
    }
    if (!poll_is_begun(spec, &answer))
        return arrive(object, &answer);
    cleanup(free) char *url = poll_url(call, spec, &answer);
    if (url == NULL)
        return fail_create(object);
    json_set_string(object->note, "operation", url);
    note_improve(object);
    return wait_for(object, url);
}

/* The id that the arguments come to. */
static int choose_id(Object *object)
{
    cleanup(buffer_deinit) Buffer id = {0};
    Error err;
    int code = template_text(object->resource->id, object->call.scope, PLACE_TEXT, &id, &err);

    if (code == TEMPLATE_LEFT_OUT)
        code = error_set(&err, ERROR_PROGRAM, "a value in it is missing");
    if (code < 0) {
        error_wrap(&err, "id '%s'", object->resource->id);
        return call_refuse(&object->call, &err);
    }
    object_set_id(object, buffer_text(&id));
    return 0;
}

/* What is there already and whose it is, before the first request to make it. 1: nothing is there;
 * 0: it is taken; -1. */
static int look_before(Object *object)
{
    const ResourceSpec *resource = object->resource;

    if (resource->id_is_chosen) {
        look_deinit(&object->look);
        if (look_at(&object->call, resource, NULL, &object->look) < 0)
            return -1;
        return object->look.status == LOOK_ABSENT ? 1 : meet(object);
    }
    if (!may_take(object) || resource->find == NULL)
        return 1;
    if (object_search(object) < 0)
        return -1;
    return object_id(object) != NULL ? object_update(object) : 1;
}

int object_create(Object *object)
{
    int code;

    json_free(json_detach(object->call.scope, "id"));
    object->call.may_have_acted = false;
    if (object->resource->id_is_chosen && choose_id(object) < 0)
        return -1;
    if ((code = look_before(object)) <= 0)
        return code;
    site_note_write(object->call.site, object->resource);
    if (note_begin(object) < 0)
        return -1;
    return send_create(object);
}

/* ---- what was begun before ---- */

static int refuse_to_repeat(Object *object)
{
    return provider_problem(object->call.problem, "UPSTREAM", "unknown", false,
                            "%s: the request was cut off before its answer was read; whether the "
                            "object was made is not known, and it is not sent again. Look at the "
                            "API: `find` in the binding would tell, `ved import` takes over what "
                            "is there",
                            object->resource->create.at);
}

/* It was found: is it what is wanted now? */
static int finish(Object *object)
{
    note_arrival(object);
    return note_is_of_this(object) ? object_settle(object, object->look.document, object->look.etag)
                                   : object_update(object);
}

/* The same bytes under the same key, which the API does once. */
static int repeat(Object *object)
{
    const char *op = json_get_string(object->note, "op", NULL);
    cleanup(free) char *first = op != NULL ? memory_copy_string(op) : NULL;

    if (first != NULL) {
        object->call.key = first;
        json_set_string(object->call.scope, "op", first);
    }
    int code = send_create(object);
    object->call.key = object->request->op;
    return code;
}

static bool may_repeat(const Object *object)
{
    return note_is_of_this(object) &&
           (object->resource->create.repeatable || object->call.site->config->idempotent_by_header);
}

/* Its id is known. */
static int resume_known(Object *object)
{
    look_deinit(&object->look);
    if (look_at(&object->call, object->resource, NULL, &object->look) < 0)
        return -1;
    if (object->look.status == LOOK_FOUND)
        return finish(object);
    return object->resource->id_is_chosen ? send_create(object) : object_create(object);
}

int object_resume(Object *object)
{
    const char *url = json_get_string(object->note, "operation", NULL);

    object->begun_before = true;
    site_note_write(object->call.site, object->resource);
    if (url != NULL) {
        cleanup(free) char *kept = memory_copy_string(url);
        return wait_for(object, kept);
    }
    if (object_id(object) != NULL)
        return resume_known(object);
    if (object->resource->find != NULL) {
        int found = search_patiently(object);
        if (found < 0)
            return -1;
        return found > 0 ? finish(object) : object_create(object);
    }
    return may_repeat(object) ? repeat(object) : refuse_to_repeat(object);
}
