#include "providers/http/find.h"

#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/listing.h"
#include "providers/http/pointer.h"
#include "providers/http/template.h"

/* A text is compared as a text, whatever the API has made of it; anything else as it is. */
static bool value_matches(const Json *wanted, const Json *found)
{
    if (json_equal(wanted, found))
        return true;
    cleanup(free) char *a = scalar_text(wanted), *b = scalar_text(found);
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool find_matches(Call *call, const ResourceSpec *resource, const Json *document)
{
    const Json *match = resource->find != NULL ? resource->find->match : NULL;

    if (match == NULL || document == NULL)
        return false;
    for (const Json *m = json_first(match); m != NULL; m = json_next(m)) {
        cleanup(json_free) Json *wanted = NULL;
        const Json *found = pointer_get(document, json_key(m));
        if (found == NULL || template_json(m, call->scope, &wanted, NULL) != 0 ||
            !value_matches(wanted, found))
            return false;
    }
    return true;
}

typedef struct Search {
    Call *call;
    const ResourceSpec *resource;
    char *id;
    Json *item;
    size_t count;
} Search;

static bool search_item(void *context, const Json *item)
{
    Search *search = context;

    if (!find_matches(search->call, search->resource, item))
        return false;
    cleanup(free) char *id = item_id(search->resource, search->resource->find->list, item);
    if (id == NULL || (search->id != NULL && strcmp(search->id, id) == 0))
        return false;
    if (search->count++ == 0) {
        search->id = take(id);
        search->item = json_copy(item);
    }
    return search->count > 1;
}

int find_one(Call *call, const ResourceSpec *resource, char **ret_id, Json **ret_item)
{
    Search search = {.call = call, .resource = resource};
    int code = list_walk(call, resource->find->list, search_item, &search);

    if (code == 0 && search.count > 1)
        code = provider_problem(call->problem, "UPSTREAM", "unknown", false,
                                "%s: several objects carry what 'find' looks for, one is '%.100s'; "
                                "which of them is meant is not known",
                                resource->find->list->request.at, search.id);
    if (code < 0) {
        free(take(search.id));
        json_free(take(search.item));
    }
    *ret_id = search.id;
    *ret_item = search.item;
    return code;
}
