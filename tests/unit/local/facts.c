#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/memory.h"
#include "providers/local/port.h"
#include "tests/lib/local/fixture.h"

static Fixture fixture;

static void setup(void)
{
    fixture_init(&fixture, NULL);
}

static void teardown(void)
{
    fixture_deinit(&fixture);
}

TestSuite(facts, .init = setup, .fini = teardown);

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

Test(facts, files_exist_or_not)
{
    cr_expect_eq(fixture_query(&fixture, "file_exists", "{\"path\":\"/proc/self/stat\"}"), 1);
    cr_expect_eq(fixture_query(&fixture, "file_exists", "{\"path\":\"/no/such\"}"), 0);
    cr_expect_eq(fixture_query(&fixture, "file_exists", "{}"), -1);
    cr_expect_str_eq(fixture.problem.pointer, "/path");
}

Test(facts, what_cannot_be_looked_at_is_not_absent)
{
    char path[300] = "{\"path\":\"/";

    memset(path + strlen(path), 'x', 256); /* longer than any file's name */
    strcpy(path + strlen("{\"path\":\"/") + 256, "\"}");
    cr_expect_eq(fixture_query(&fixture, "file_exists", path), -1);
    cr_expect_str_eq(fixture.problem.code, "UNAVAILABLE");
}

Test(facts, processes_run_by_pid_and_by_name)
{
    cleanup(free) char *self = memory_format("{\"pid\":%d}", (int)getpid());
    cleanup(free) char *wrong = memory_format("{\"pid\":%d,\"name\":\"init\"}", (int)getpid());

    cr_expect_eq(fixture_query(&fixture, "process_running", self), 1);
    cr_expect_eq(fixture_query(&fixture, "process_running", wrong), 0);
    cr_expect_eq(fixture_query(&fixture, "process_running", "{\"name\":\"unit-local\"}"), 1);
    cr_expect_eq(fixture_query(&fixture, "process_running", "{\"name\":\"no-such-one\"}"), 0);
    cr_expect_eq(fixture_query(&fixture, "process_running", "{\"pid\":99999999999}"), 0);
    cr_expect_eq(fixture_query(&fixture, "process_running", "{}"), -1);
}

Test(facts, ports_are_open_while_somebody_listens)
{
    int port;
    int fd = listen_somewhere(&port);
    cleanup(free) char *args = memory_format("{\"port\":%d}", port);
    cleanup(free) char *named = memory_format("{\"port\":%d,\"host\":\"localhost\"}", port);

    cr_expect_eq(fixture_query(&fixture, "port_open", args), 1);
    cr_expect_eq(fixture_query(&fixture, "port_open", named), 1);
    cr_expect_not(port_is_free(port));
    close(fd);
    cr_expect_eq(fixture_query(&fixture, "port_open", args), 0);
    cr_expect(port_is_free(port));
    cr_expect_eq(fixture_query(&fixture, "port_open", "{\"port\":0}"), -1);
}

Test(facts, unknown_query_is_a_problem)
{
    cr_expect_eq(fixture_query(&fixture, "moon_phase", "{}"), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_FOUND");
}

static bool all_but(int port, const void *context)
{
    return port != *(const int *)context;
}

static bool none(int port, const void *context)
{
    (void)port;
    (void)context;
    return false;
}

Test(port, chosen_one_is_not_claimed_and_below_the_outgoing_range)
{
    int chosen = 0, first = 0, only = -1;
    Error err;

    cr_assert_eq(port_choose(none, NULL, &first, &err), 0, "%s", err.message);
    cr_expect_geq(first, 20000);
    cr_expect_lt(first, 32768);
    cr_expect(port_is_free(first));
    cr_expect_lt(port_choose(all_but, &only, &chosen, &err), 0, "claimed ports are never chosen");
}

Test(schema, every_effect_and_type_is_whole)
{
    cleanup(json_free) Json *schema = NULL;
    Error err;

    cr_assert_eq(json_parse(local_schema, strlen(local_schema), &schema, &err), 0, "%s",
                 err.message);
    const Json *effects = json_get(schema, "effects");
    cr_expect_eq(json_count(effects), 6);
    for (const Json *e = json_first(effects); e != NULL; e = json_next(e)) {
        const Json *parameters = json_get(e, "parameters");
        const Json *properties = json_get(parameters, "properties");
        const char *type = json_get_string(e, "type", NULL);
        cr_expect(json_is_object(json_get(properties, "name")), "%s takes a name", json_key(e));
        cr_expect_not(json_get_bool(parameters, "additionalProperties", true));
        for (const Json *p = json_first(json_get(e, "positional")); p != NULL; p = json_next(p))
            cr_expect(json_is_object(json_get(properties, json_string(p, ""))), "%s: %s",
                      json_key(e), json_string(p, ""));
        cr_expect(type == NULL || json_is_object(json_get(json_get(schema, "types"), type)), "%s",
                  json_key(e));
    }
}

Test(provider, unknown_types_and_actions_are_problems)
{
    fixture_init(&fixture, NULL);
    cr_expect_eq(fixture_reconcile(&fixture, "moon", UID_A, "{}"), -1);
    cr_expect_str_eq(fixture.problem.code, "NOT_FOUND");
    cr_expect_eq(fixture_observe(&fixture, "moon", UID_A), OBSERVE_ERROR);
    cr_expect_eq(fixture_run(&fixture, "FlyToMoon", "{}"), -1);
    fixture_deinit(&fixture);
}
