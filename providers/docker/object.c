#include "providers/docker/object.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"

#define UID_DIGITS 12 /* as many as engines show of an id */

bool object_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && (i == 0 || strchr("_.-", name[i]) == NULL))
            return false;
    return size > 0 && size < OBJECT_NAME_SIZE;
}

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

/* The name that the program gave the object, where it is the end of its address and engines take
 * it: Shop.Boot.RunContainer["web"]. The caller frees it; NULL: there is none. */
static char *name_in_address(const char *address)
{
    const char *open = address != NULL ? strrchr(address, '[') : NULL;
    size_t size = open != NULL ? strlen(open) : 0;

    if (size < 5 || open[1] != '"' || strcmp(open + size - 2, "\"]") != 0)
        return NULL;
    char *name = memory_format("%.*s", (int)(size - 4), open + 2);
    if (object_name_is_valid(name))
        return name;
    free(name);
    return NULL;
}

void object_name(const ProviderRequest *request, const char *kind, char ret[OBJECT_NAME_SIZE])
{
    const char *given = json_get_string(request->desired, "name", NULL);
    cleanup(free) char *said = name_in_address(request->address);

    if (given != NULL || said != NULL)
        snprintf(ret, OBJECT_NAME_SIZE, "%s", given != NULL ? given : said);
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
