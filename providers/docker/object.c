#include "providers/docker/object.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"

#define UID_DIGITS 12 /* as many as engines show of an id */

Json *object_labels(const ProviderRequest *request, const Json *given)
{
    Json *labels = json_new_object();

    for (const Json *m = json_first(given); m != NULL; m = json_next(m)) {
        cleanup(free) char *text =
            json_is_string(m) ? memory_copy_string(json_string(m, "")) : json_text(m);
        json_set_string(labels, json_key(m), text);
    }
    if (request->uid != NULL)
        json_set_string(labels, LABEL_UID, request->uid);
    json_set_string(labels, LABEL_LINEAGE, request->lineage != NULL ? request->lineage : "");
    json_set_string(labels, LABEL_ADDRESS, request->address != NULL ? request->address : "");
    json_set_string(labels, LABEL_EFFECT, request->effect != NULL ? request->effect : "");
    return labels;
}

void object_name(const ProviderRequest *request, const char *kind, char ret[OBJECT_NAME_SIZE])
{
    const char *given = json_get_string(request->desired, "name", NULL);

    if (given != NULL)
        snprintf(ret, OBJECT_NAME_SIZE, "%s", given);
    else
        snprintf(ret, OBJECT_NAME_SIZE, "%s-%.*s", kind, UID_DIGITS,
                 request->uid != NULL ? request->uid : "");
}

int object_check_owner(const ProviderRequest *request, const char *kind, const char *name,
                       const Json *labels, ProviderProblem *problem)
{
    const char *uid = json_get_string(labels, LABEL_UID, "");
    const char *address = json_get_string(labels, LABEL_ADDRESS, "");

    if (strcmp(uid, request->uid) == 0)
        return 0;
    bool may_take = request->adopt != NULL && (request->adopt[0] != '\0' || uid[0] == '\0');
    if (may_take)
        return 0;
    if (uid[0] != '\0')
        return provider_problem(problem, "CLAIMED", "not_applied", false,
                                "the %s '%.128s' is there already and belongs to %.200s", kind,
                                name, address[0] != '\0' ? address : "another object of Ved");
    return provider_problem(problem, "NOT_OWNED", "not_applied", false,
                            "the %s '%.128s' is there already and was not made by Ved: remove it, "
                            "give another name, or take it over by `ved import %.200s %.128s FILE`",
                            kind, name, request->address, name);
}
