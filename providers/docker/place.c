#include "providers/docker/place.h"

#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/object.h"
#include "providers/sdk/members.h"
#include "providers/sdk/secrets.h"

int place_check_name(const Json *desired, ProviderProblem *problem)
{
    const Json *given = json_get(desired, "name");
    const char *name = json_string(given, "x");

    if (value_is_opaque(given) || object_name_is_valid(name))
        return 0;
    return problem_argument(problem, "/name",
                            "name: expected letters, digits, '_', '.' and '-', beginning with a "
                            "letter or digit, found '%.64s'",
                            name);
}

/* 0 with what the engine says of it, 1: there is none, -1. */
static int look(Docker *docker, const PlaceKind *kind, const char *name, ApiAnswer *ret,
                ProviderProblem *problem)
{
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("%s/%s", kind->folder, part);
    cleanup(free) char *what = memory_format("look at %s '%.128s'", kind->word, name);

    if (api_call(&docker->api, &(ApiCall){.method = "GET", .path = path, .what = what}, ret,
                 problem) < 0)
        return -1;
    if (ret->status == 404)
        return 1;
    return ret->status >= 400 ? api_problem(ret, what, problem) : 0;
}

/* The name this object has: as it was told when it was made, or as it would be made. The caller
 * frees it. */
static char *name_of(const PlaceKind *kind, const ProviderRequest *request)
{
    char *told = text_get_string(request->private, "name");
    char name[OBJECT_NAME_SIZE];

    if (told != NULL)
        return told;
    if (request_names_adopted(request))
        return memory_copy_string(request->adopt);
    object_name(request, kind->word, name);
    return memory_copy_string(name);
}

/* Docker's volumes have no id but their name. */
static Json *state_of(const PlaceKind *kind, const Json *about)
{
    const char *name = json_get_string(about, "Name", "");
    Json *state = json_new_object();

    json_set_string(state, "id", json_get_string(about, "Id", name));
    json_set_string(state, "name", name);
    kind->tell(about, state);
    return state;
}

static void fill(const PlaceKind *kind, const Json *about, ProviderReply *reply)
{
    reply->state = state_of(kind, about);
    reply->external_id = memory_copy_string(json_get_string(about, "Name", ""));
    reply->private = json_new_object();
    json_set_string(reply->private, "name", json_get_string(about, "Name", ""));
}

static int make(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                const char *name, ProviderProblem *problem)
{
    cleanup(json_free) Json *desired = secrets_resolve(request->desired, request->secrets);
    cleanup(json_free) Json *body = json_new_object();
    cleanup(api_answer_deinit) ApiAnswer answer;
    cleanup(free) char *path = memory_format("%s/create", kind->folder);
    cleanup(free) char *what = memory_format("create %s '%.128s'", kind->word, name);

    json_set_string(body, "Name", name);
    json_set(body, "Labels", object_labels(request, json_get(desired, "labels")));
    kind->describe(desired, body);
    if (api_call(&docker->api,
                 &(ApiCall){.method = "POST", .path = path, .body = body, .what = what}, &answer,
                 problem) < 0)
        return -1;
    return answer.status < 400 || answer.status == 409 ? 0 : api_problem(&answer, what, problem);
}

/* Whose it is was asked before: an engine makes no second volume of a name, and says nothing. */
int place_reconcile(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                    ProviderReply *reply, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer before = {0}, after = {0};
    cleanup(free) char *name = name_of(kind, request);
    const Json *about = NULL;
    int code = look(docker, kind, name, &before, problem);

    if (code < 0)
        return -1;
    if (code == 1 && make(docker, kind, request, name, problem) < 0)
        return -1;
    if (code == 1 && (code = look(docker, kind, name, &after, problem)) != 0)
        return code < 0 ? -1
                        : provider_problem(problem, "UPSTREAM", "not_applied", true,
                                           "%s '%.128s' was made and is gone", kind->word, name);
    about = after.body != NULL ? after.body : before.body;
    cleanup(free) char *told = text_get_string(request->private, "name");
    if (told == NULL &&
        object_check_owner(request, kind->word, name, json_get(about, "Labels"), problem) < 0)
        return -1;
    fill(kind, about, reply);
    return 0;
}

int place_remove(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                 ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer = {0}, about = {0};
    cleanup(free) char *name = name_of(kind, request);
    cleanup(free) char *part = api_encoded(name);
    cleanup(free) char *path = memory_format("%s/%s", kind->folder, part);
    cleanup(free) char *what = memory_format("remove %s '%.128s'", kind->word, name);
    int code = look(docker, kind, name, &about, problem);
    const char *uid = json_get_string(json_get(about.body, "Labels"), LABEL_UID, "");

    if (code != 0)
        return code < 0 ? -1 : 0;
    /* Ours has gone, and somebody has made another of the same name. */
    if (uid[0] != '\0' && strcmp(uid, request->uid) != 0)
        return 0;
    if (api_call(&docker->api, &(ApiCall){.method = "DELETE", .path = path, .what = what}, &answer,
                 problem) < 0)
        return -1;
    return answer.status < 400 || answer.status == 404 ? 0 : api_problem(&answer, what, problem);
}

ObserveStatus place_observe(Docker *docker, const PlaceKind *kind, const ProviderRequest *request,
                            ProviderReply *reply, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer about = {0};
    cleanup(free) char *name = name_of(kind, request);
    int code = look(docker, kind, name, &about, problem);
    const char *uid = json_get_string(json_get(about.body, "Labels"), LABEL_UID, "");

    if (code < 0)
        return OBSERVE_ERROR;
    if (code == 0 && (uid[0] == '\0' || strcmp(uid, request->uid) == 0)) {
        fill(kind, about.body, reply);
        return OBSERVE_FOUND;
    }
    reply->reason = code == 1 ? memory_format("there is no such %s", kind->word)
                              : memory_format("the %s of that name is another's", kind->word);
    return OBSERVE_ABSENT;
}

void place_predict(const ProviderRequest *request, Json *planned)
{
    cleanup(json_free) Json *prior = text_json(request->prior);
    const Json *name = json_get(request->desired, "name");

    for (const Json *m = json_first(prior); m != NULL; m = json_next(m))
        json_set(planned, json_key(m), json_copy(m));
    if (json_is_string(name))
        json_set(planned, "name", json_copy(name));
}

static void find(const PlaceKind *kind, const Json *about, ProviderFinding *ret)
{
    const char *name = json_get_string(about, "Name", "");

    *ret = (ProviderFinding){.external_id = memory_copy_string(name),
                             .state = state_of(kind, about),
                             .desired = json_new_object()};
    json_set_string(ret->desired, "name", name);
}

static int find_all(Docker *docker, const PlaceKind *kind, const char *search, ProviderFinding *ret,
                    ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer answer = {0};
    int count = 0;

    if (api_must(&docker->api,
                 &(ApiCall){.method = "GET", .path = kind->folder, .what = "list them"}, &answer,
                 problem) < 0)
        return -1;
    const Json *all = kind->all != NULL ? json_get(answer.body, kind->all) : answer.body;
    for (const Json *a = json_first(all); a != NULL && count < FINDINGS_MAX; a = json_next(a))
        if (strstr(json_get_string(a, "Name", ""), search) != NULL)
            find(kind, a, &ret[count++]);
    return count;
}

int place_lookup(Docker *docker, const PlaceKind *kind, const char *external_id, const char *search,
                 ProviderFinding *ret, ProviderProblem *problem)
{
    cleanup(api_answer_deinit) ApiAnswer about = {0};

    if (external_id == NULL)
        return find_all(docker, kind, search, ret, problem);
    int code = look(docker, kind, external_id, &about, problem);
    if (code == 0)
        find(kind, about.body, ret);
    return code < 0 ? -1 : 1 - code;
}
