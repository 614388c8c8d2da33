#include "providers/http/object.h"

#include <string.h>

#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/note.h"
#include "providers/http/poll.h"
#include "providers/sdk/members.h"

#define APPEAR_MS 10000 /* how long an object that was just made may not be seen */
#define CONFLICTS_MAX 3

/* ---- what is known ---- */

const char *object_id(const Object *object)
{
    return json_get_string(object->call.scope, "id", NULL);
}

void object_set_id(Object *object, const char *id)
{
    json_set_string(object->call.scope, "id", id);
    if (object->request->operation != NULL)
        operation_external_id(object->request->operation, id);
}

static char *digest_of(const Json *desired)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    json_write_canonical(&text, desired);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, hex);
    return memory_copy_bytes(hex, 32);
}

/* Where it is found: as the arguments say, or as was kept. */
static void fill_at(Object *object)
{
    const Json *kept = json_get(object->private, "at");

    if (kept == NULL)
        kept = json_get(object->note, "at");
    for (const Json *k = json_first(object->resource->kept); k != NULL; k = json_next(k)) {
        const char *name = json_string(k, "");
        const Json *value = json_get(object->call.scope, name);
        value = value != NULL ? value : json_get(kept, name);
        if (value == NULL)
            continue;
        json_set(object->at, name, json_copy(value));
        if (json_get(object->call.scope, name) == NULL)
            json_set(object->call.scope, name, json_copy(value));
    }
}

static void fill_scope(Object *object)
{
    Call *call = &object->call;
    cleanup(json_free) Json *prior = text_json(object->request->prior);
    const char *id = json_get_string(object->private, "id", NULL);

    if (object->request->desired != NULL) {
        Json *filled = parameters_fill(&object->resource->parameters, call->scope);
        json_free(call->scope);
        call->scope = filled;
    }
    fill_at(object);
    if (prior != NULL)
        json_set(call->scope, "result", take(prior));
    if (id == NULL)
        id = json_get_string(object->note, "id", NULL);
    if (id != NULL)
        json_set_string(call->scope, "id", id);
}

int object_begin(Object *object, Site *site, const ResourceSpec *resource,
                 const ProviderRequest *request, ProviderProblem *problem)
{
    *object = (Object){.resource = resource, .request = request, .at = json_new_object()};
    call_begin(&object->call, site, request, problem);
    object->private = text_json(request->private);
    if (request->desired != NULL)
        object->digest = digest_of(request->desired);
    if (object->private == NULL && note_read(site, request->uid, &object->note, problem) < 0)
        return -1;
    fill_scope(object);
    return 0;
}

void object_deinit(Object *object)
{
    call_deinit(&object->call);
    json_free(object->private);
    json_free(object->note);
    json_free(object->at);
    free(object->digest);
    look_deinit(&object->look);
}

/* ---- as it should be ---- */

static int look_again(Object *object)
{
    look_deinit(&object->look);
    return look_at(&object->call, object->resource, NULL, &object->look);
}

/* -1 if there is no use in waiting on. */
static int judge_waiting(Object *object, int64_t waited_ms)
{
    const ResourceSpec *resource = object->resource;
    const Look *look = &object->look;
    Call *call = &object->call;

    if (look->status == LOOK_FOUND && look->readiness == BROKEN)
        return provider_problem(call->problem, "UPSTREAM", "partial", false,
                                "%s '%.100s' has failed: %s", resource->effect, object_id(object),
                                look->reason);
    if (look->status == LOOK_ABSENT && waited_ms >= APPEAR_MS)
        return provider_problem(call->problem, "UPSTREAM", "unknown", true,
                                "%s '%.100s' was made, and is not there %d s later",
                                resource->effect, object_id(object), APPEAR_MS / 1000);
    if (look->status == LOOK_FOUND && waited_ms >= resource->ready_timeout_ms)
        return provider_problem(call->problem, "UPSTREAM", "partial", true,
                                "%s '%.100s' is not ready after %lld s: %s", resource->effect,
                                object_id(object), (long long)(waited_ms / 1000), look->reason);
    return 0;
}

static bool is_as_it_should_be(const Object *object)
{
    return object->look.state != NULL && object->look.readiness == READY;
}

/* Look at a document, which may belong to the look before. One that does not show all of the object
 * is no mistake here: then it is asked for. */
static void take_look(Object *object, const Json *document, const char *etag)
{
    Look look = {0};

    if (document != NULL)
        look_make(object->resource, object_id(object), document, etag, &look, NULL);
    look_deinit(&object->look);
    object->look = look;
}

int object_settle(Object *object, const Json *document, const char *etag)
{
    const ResourceSpec *resource = object->resource;
    int64_t interval_ms = resource->ready_interval_ms > 0 ? resource->ready_interval_ms : 250;
    int64_t begun_ms = monotonic_ms();

    site_note_write(object->call.site, resource);
    take_look(object, document, etag);
    if (is_as_it_should_be(object))
        return 0;
    while (look_again(object) == 0) {
        if (is_as_it_should_be(object))
            return 0;
        if (judge_waiting(object, monotonic_ms() - begun_ms) < 0 ||
            call_wait(&object->call, interval_ms, "waiting until it is ready") < 0)
            return -1;
        site_note_write(object->call.site, resource);
    }
    if (!problem_is_unknown(object->call.problem))
        object->call.problem->outcome = "partial";
    return -1;
}

/* ---- changing what exists ---- */

/* One try of the update. 0: done; 1: it was changed meanwhile; 2: it is not there; -1. */
static int update_once(Object *object, const char *etag)
{
    const RequestSpec *spec = object->resource->update;
    cleanup(answer_deinit) Answer answer = {0};
    Conditions conditions = {.if_match = spec->if_match ? etag : NULL};
    Call *call = &object->call;

    if (request_send(call, spec, &conditions, &answer) < 0) {
        if (call->may_have_acted)
            call->problem->outcome = "unknown";
        return -1;
    }
    if (answer.kind == ANSWER_CHANGED)
        return 1;
    if (answer.kind == ANSWER_ABSENT)
        return 2;
    if (poll_is_begun(spec, &answer)) {
        cleanup(free) char *url = poll_url(call, spec, &answer);
        if (url == NULL || poll_until_done(call, spec, url, &answer) < 0)
            return -1;
    }
    return object_settle(object, answer.document, answer_header(&answer, "etag"));
}

int object_update(Object *object)
{
    const char *known = json_get_string(object->private, "etag", NULL);
    cleanup(free) char *etag = known != NULL ? memory_copy_string(known) : NULL;

    if (object->resource->update == NULL)
        return object_settle(object, NULL, NULL);
    for (int tries = 0; tries < CONFLICTS_MAX; tries++) {
        bool needs_etag = object->resource->update->if_match && etag == NULL;
        int code = needs_etag ? 1 : update_once(object, etag);
        if (code == 2)
            return object_create(object);
        if (code <= 0)
            return code;
        if (look_again(object) < 0)
            return -1;
        if (object->look.status == LOOK_ABSENT)
            return object_create(object);
        free(etag);
        etag = object->look.etag != NULL ? memory_copy_string(object->look.etag) : NULL;
    }
    return provider_problem(object->call.problem, "ETAG_MISMATCH", "not_applied", true,
                            "%s '%.100s' is changed by others again and again",
                            object->resource->effect, object_id(object));
}

/* ---- bringing it about ---- */

static bool wants_what_it_was(const Object *object)
{
    return strcmp(json_get_string(object->private, "digest", ""), object->digest) == 0;
}

/* Nothing else is wanted than before: only what has changed outside is changed back. */
static int restore(Object *object)
{
    const Json *prior = json_get(object->call.scope, "result");

    if (look_again(object) < 0)
        return -1;
    if (object->look.status == LOOK_ABSENT)
        return object_create(object);
    if (is_as_it_should_be(object) && prior != NULL && json_equal(prior, object->look.state))
        return 0;
    return object_update(object);
}

static int renew(Object *object)
{
    note_forget(object->call.site, object->request->uid);
    return wants_what_it_was(object) ? restore(object) : object_update(object);
}

static int adopt(Object *object)
{
    object_set_id(object, object->request->adopt);
    if (look_again(object) < 0)
        return -1;
    if (object->look.status == LOOK_ABSENT)
        return provider_problem(object->call.problem, "NOT_FOUND", "not_applied", false,
                                "there is no %s '%.200s' to take over", object->resource->type,
                                object->request->adopt);
    return object_update(object);
}

static Json *private_of(const Object *object)
{
    Json *private = json_new_object();

    json_set_string(private, "id", object_id(object));
    json_set_string(private, "digest", object->digest);
    if (object->look.etag != NULL)
        json_set_string(private, "etag", object->look.etag);
    if (json_count(object->at) > 0)
        json_set(private, "at", json_copy(object->at));
    return private;
}

int object_reconcile(Object *object, ProviderReply *reply)
{
    const char *adopted = object->request->adopt;
    int code;

    if (object->private != NULL)
        code = renew(object);
    else if (adopted != NULL && adopted[0] != '\0')
        code = adopt(object);
    else
        code = object->note != NULL ? object_resume(object) : object_create(object);
    if (code < 0)
        return -1;
    reply->external_id = memory_copy_string(object_id(object));
    reply->state = take(object->look.state);
    reply->private = private_of(object);
    return 0;
}

/* ---- looking at it ---- */

ObserveStatus object_observe(Object *object, ProviderReply *reply)
{
    const char *etag = json_get_string(object->private, "etag", NULL);
    Look *look = &object->look;

    if (object_id(object) == NULL) {
        if (object->note == NULL)
            return OBSERVE_ABSENT;
        if (object->resource->find == NULL) {
            provider_problem(object->call.problem, "UPSTREAM", "unknown", false,
                             "whether it was made is not known");
            return OBSERVE_ERROR;
        }
        if (object_search(object) < 0)
            return OBSERVE_ERROR;
        if (object_id(object) == NULL)
            return OBSERVE_ABSENT;
    } else if (look_among(&object->call, object->resource, etag, look) < 0) {
        return OBSERVE_ERROR;
    }
    if (look->status == LOOK_ABSENT)
        return OBSERVE_ABSENT;
    if (look->status == LOOK_UNCHANGED)
        return OBSERVE_FOUND;
    reply->external_id = memory_copy_string(object_id(object));
    reply->state = take(look->state);
    reply->not_ready = look->readiness != READY;
    reply->reason = take(look->reason);
    return OBSERVE_FOUND;
}

/* ---- removing it ---- */

static int remove_known(Object *object)
{
    const RequestSpec *spec = object->resource->remove;
    const char *etag = json_get_string(object->private, "etag", NULL);
    Call *call = &object->call;

    for (int tries = 0; tries < CONFLICTS_MAX; tries++) {
        cleanup(answer_deinit) Answer answer = {0};
        Conditions conditions = {.if_match = spec->if_match ? etag : NULL};
        if (request_send(call, spec, &conditions, &answer) < 0)
            return -1;
        if (answer.kind == ANSWER_CHANGED) {
            if (look_again(object) < 0)
                return -1;
            etag = object->look.etag;
            continue;
        }
        if (answer.kind != ANSWER_ABSENT && poll_is_begun(spec, &answer)) {
            cleanup(free) char *url = poll_url(call, spec, &answer);
            if (url == NULL || poll_until_done(call, spec, url, &answer) < 0)
                return -1;
        }
        return 0;
    }
    return provider_problem(call->problem, "ETAG_MISMATCH", "not_applied", true,
                            "%s '%.100s' is changed by others again and again",
                            object->resource->effect, object_id(object));
}

/* What was begun and whose id was never told. */
static int remove_begun(Object *object)
{
    if (object->note == NULL)
        return 0;
    if (object->resource->find == NULL)
        return provider_problem(object->call.problem, "UPSTREAM", "unknown", false,
                                "%s: the request that makes it was cut off, so whether there is "
                                "anything to remove is not known; look at the API",
                                object->resource->create.at);
    if (object_search(object) < 0)
        return -1;
    return object_id(object) != NULL ? remove_known(object) : 0;
}

int object_remove(Object *object)
{
    site_note_write(object->call.site, object->resource);
    int code = object_id(object) != NULL ? remove_known(object) : remove_begun(object);
    site_note_write(object->call.site, object->resource);
    if (code == 0)
        note_forget(object->call.site, object->request->uid);
    return code;
}
