#include "providers/http/lookup.h"

#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/listing.h"
#include "providers/http/look.h"

/* The arguments that would leave it as it is, as far as results show them. */
static Json *desired_of(const ResourceSpec *resource, const Json *state)
{
    Json *desired = json_new_object();

    for (size_t i = 0; i < resource->results.count; i++) {
        const ResultSpec *spec = &resource->results.specs[i];
        const Json *value = json_get(state, spec->name);
        if (spec->parameter != NULL && value != NULL && !spec->sensitive)
            json_set(desired, spec->parameter, json_copy(value));
    }
    return desired;
}

static void fill_finding(const ResourceSpec *resource, Look *look, ProviderFinding *ret)
{
    ret->external_id = memory_copy_string(json_get_string(look->state, "id", ""));
    ret->desired = desired_of(resource, look->state);
    ret->state = take(look->state);
}

static int find_by_id(Call *call, const ResourceSpec *resource, const char *id,
                      ProviderFinding *ret)
{
    cleanup(look_deinit) Look look = {0};

    json_set_string(call->scope, "id", id);
    if (look_at(call, resource, NULL, &look) < 0)
        return -1;
    if (look.status == LOOK_ABSENT)
        return 0;
    fill_finding(resource, &look, ret);
    return 1;
}

typedef struct Hunt {
    const ResourceSpec *resource;
    const char *text;
    ProviderFinding *findings;
    int count;
} Hunt;

static bool hunt_item(void *context, const Json *item)
{
    Hunt *hunt = context;
    cleanup(free) char *text = json_text(item);
    cleanup(free) char *id = item_id(hunt->resource, hunt->resource->list, item);
    cleanup(look_deinit) Look look = {0};

    if (id == NULL || strstr(text, hunt->text) == NULL ||
        look_make(hunt->resource, id, item, NULL, &look, NULL) < 0)
        return false;
    fill_finding(hunt->resource, &look, &hunt->findings[hunt->count++]);
    return hunt->count == FINDINGS_MAX;
}

int lookup_find(Site *site, const ResourceSpec *resource, const char *external_id,
                const char *search, ProviderFinding *ret, ProviderProblem *problem)
{
    cleanup(call_deinit) Call call = {0};
    Hunt hunt = {.resource = resource, .text = search, .findings = ret};

    call_begin(&call, site, NULL, problem);
    if (json_count(resource->kept) > 0)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "a %s is found by more than its id (%s), so it cannot be looked up",
                                resource->type, json_string(json_first(resource->kept), ""));
    if (external_id != NULL)
        return find_by_id(&call, resource, external_id, ret);
    if (resource->list == NULL)
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "the binding has no 'list' of '%s' to search", resource->effect);
    return list_walk(&call, resource->list, hunt_item, &hunt) < 0 ? -1 : hunt.count;
}
