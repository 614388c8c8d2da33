#include "providers/docker/container_update.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

#define THERE                                                                                      \
    "{\"Name\":\"/web\",\"HostConfig\":{\"Memory\":67108864,\"NanoCpus\":0,\"PidsLimit\":2048,"    \
    "\"RestartPolicy\":{\"Name\":\"\"}},\"NetworkSettings\":{\"Networks\":{\"net\":{}}}}"

static Json *inspected, *desired;
static ContainerSpec spec;
static ContainerChanges changes;

static void compare(const char *arguments)
{
    ProviderProblem problem;

    json_free(desired);
    container_changes_deinit(&changes);
    cr_assert_eq(json_parse(arguments, strlen(arguments), &desired, NULL), 0);
    cr_assert_eq(container_spec_read(desired, "web", &spec, &problem), 0);
    changes = container_changes(inspected, &spec, "net");
}

static void setup(void)
{
    cr_assert_eq(json_parse(THERE, strlen(THERE), &inspected, NULL), 0);
}

static void teardown(void)
{
    json_free(inspected);
    json_free(take(desired));
    container_changes_deinit(&changes);
}

TestSuite(container_update, .init = setup, .fini = teardown);

Test(container_update, what_is_as_wanted_does_not_change)
{
    compare("{\"limits\":{\"memory\":\"64m\"}}");
    cr_expect_not(changes.name || changes.limits || changes.restart || changes.needs_new);
    cr_expect_eq(json_count(changes.connect) + json_count(changes.disconnect), 0);
}

Test(container_update, name_limits_and_restart_policy_change_in_place)
{
    compare("{\"name\":\"other\",\"limits\":{\"memory\":\"128m\",\"pids\":5},\"restart\":"
            "\"on-failure:2\"}");
    cr_expect(changes.name && changes.limits && changes.restart);
    cr_expect_not(changes.needs_new);
    cleanup(json_free) Json *docker = container_update_body(&spec, &changes, false);
    cr_expect_eq(json_get_int(docker, "Memory", 0), 128 << 20);
    cr_expect_eq(json_get_int(docker, "PidsLimit", 0), 5);
    cr_expect_eq(json_get_int(json_get(docker, "RestartPolicy"), "MaximumRetryCount", 0), 2);
    cleanup(json_free) Json *podman = container_update_body(&spec, &changes, true);
    cr_expect_eq(json_get_int(json_get(podman, "memory"), "limit", 0), 128 << 20);
    cr_expect_eq(json_get_int(json_get(podman, "pids"), "limit", 0), 5);
}

Test(container_update, limit_that_goes_needs_another_container)
{
    compare("{}");
    cr_expect(changes.needs_new);
}

Test(container_update, networks_are_joined_and_left)
{
    compare("{\"limits\":{\"memory\":\"64m\"},\"networks\":[\"a\",\"b\"]}");
    cr_expect_eq(json_count(changes.connect), 2);
    cr_expect_eq(json_count(changes.disconnect), 1);
    cr_expect_str_eq(json_string(json_at(changes.disconnect, 0), ""), "net");
}
