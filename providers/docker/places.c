/* CreateNetwork and CreateVolume. */
#include "providers/docker/place.h"

static void copy_member(const Json *from, const char *key, Json *into, const char *as)
{
    const Json *value = json_get(from, key);

    if (value != NULL && !json_is_null(value))
        json_set(into, as, json_copy(value));
}

static void network_describe(const Json *desired, Json *body)
{
    const Json *subnet = json_get(desired, "subnet");

    json_set_string(body, "Driver", json_get_string(desired, "driver", "bridge"));
    json_set_bool(body, "CheckDuplicate", true);
    json_set_bool(body, "Internal", json_get_bool(desired, "internal", false));
    copy_member(desired, "options", body, "Options");
    if (subnet == NULL)
        return;
    Json *ipam = json_new_object(), *all = json_new_array(), *one = json_new_object();
    json_set(one, "Subnet", json_copy(subnet));
    copy_member(desired, "gateway", one, "Gateway");
    json_append(all, one);
    json_set(ipam, "Config", all);
    json_set(body, "IPAM", ipam);
}

static void network_tell(const Json *about, Json *state)
{
    const Json *one = json_at(json_get(json_get(about, "IPAM"), "Config"), 0);

    copy_member(about, "Driver", state, "driver");
    copy_member(one, "Subnet", state, "subnet");
    copy_member(one, "Gateway", state, "gateway");
}

static void volume_describe(const Json *desired, Json *body)
{
    json_set_string(body, "Driver", json_get_string(desired, "driver", "local"));
    copy_member(desired, "options", body, "DriverOpts");
}

static void volume_tell(const Json *about, Json *state)
{
    copy_member(about, "Driver", state, "driver");
    copy_member(about, "Mountpoint", state, "path");
}

static const PlaceKind network_kind = {
    .word = "network", .folder = "/networks", .describe = network_describe, .tell = network_tell};
static const PlaceKind volume_kind = {.word = "volume",
                                      .folder = "/volumes",
                                      .all = "Volumes",
                                      .describe = volume_describe,
                                      .tell = volume_tell};

#define PLACE(prefix)                                                                              \
    int prefix##_validate(const Json *desired, ProviderProblem *problem)                           \
    {                                                                                              \
        return place_check_name(desired, problem);                                                 \
    }                                                                                              \
    int prefix##_reconcile(Docker *docker, const ProviderRequest *request, ProviderReply *reply,   \
                           ProviderProblem *problem)                                               \
    {                                                                                              \
        return place_reconcile(docker, &prefix##_kind, request, reply, problem);                   \
    }                                                                                              \
    int prefix##_remove(Docker *docker, const ProviderRequest *request, ProviderProblem *problem)  \
    {                                                                                              \
        return place_remove(docker, &prefix##_kind, request, problem);                             \
    }                                                                                              \
    ObserveStatus prefix##_observe(Docker *docker, const ProviderRequest *request,                 \
                                   ProviderReply *reply, ProviderProblem *problem)                 \
    {                                                                                              \
        return place_observe(docker, &prefix##_kind, request, reply, problem);                     \
    }                                                                                              \
    void prefix##_predict(Docker *docker, const ProviderRequest *request, Json *planned)           \
    {                                                                                              \
        (void)docker;                                                                              \
        place_predict(request, planned);                                                           \
    }                                                                                              \
    int prefix##_lookup(Docker *docker, const char *external_id, const char *search,               \
                        ProviderFinding *ret, ProviderProblem *problem)                            \
    {                                                                                              \
        return place_lookup(docker, &prefix##_kind, external_id, search, ret, problem);            \
    }

PLACE(network)
PLACE(volume)
