#include "providers/docker/container_facts.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static bool read(const char *text, bool inspected, ContainerFacts *ret)
{
    cleanup(json_free) Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    return inspected ? container_facts_from_inspect(json, ret)
                     : container_facts_from_list(json, ret);
}

Test(container_facts, are_read_from_a_list)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};

    cr_assert(read("{\"Id\":\"abc\",\"Names\":[\"/web\"],\"Image\":\"i:1\",\"State\":\"exited\","
                   "\"Status\":\"Exited (137) 3 seconds ago\",\"Labels\":{\"ved.uid\":\"u\"},"
                   "\"Ports\":[{\"PrivatePort\":80,\"PublicPort\":8080,\"Type\":\"tcp\"},"
                   "{\"PrivatePort\":81,\"Type\":\"tcp\"}],\"NetworkSettings\":{\"Networks\":"
                   "{\"n\":{\"IPAddress\":\"10.0.0.2\"}}}}",
                   false, &facts));
    cr_expect_str_eq(facts.id, "abc");
    cr_expect_str_eq(facts.name, "web");
    cr_expect_eq(facts.state, CONTAINER_EXITED);
    cr_expect_eq(facts.exit_code, 137);
    cr_expect_str_eq(container_label(&facts, LABEL_UID), "u");
    cr_expect_eq(json_count(facts.ports), 1);
    cr_expect_eq(json_get_int(facts.ports, "80/tcp", 0), 8080);
    cr_expect_str_eq(json_string(json_at(facts.networks, 0), ""), "n");
    cr_expect_str_eq(facts.address, "10.0.0.2");
}

Test(container_facts, are_read_from_a_look_at_one)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};

    cr_assert(
        read("{\"Id\":\"abc\",\"Name\":\"/web\",\"State\":{\"Status\":\"running\","
             "\"ExitCode\":0,\"Health\":{\"Status\":\"healthy\"}},\"Config\":{\"Image\":\"i\","
             "\"Labels\":{\"a\":\"b\"}},\"NetworkSettings\":{\"Ports\":{\"80/tcp\":"
             "[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],\"81/tcp\":null},\"Networks\":{}}}",
             true, &facts));
    cr_expect_eq(facts.state, CONTAINER_RUNNING);
    cr_expect_eq(facts.health, HEALTH_GOOD);
    cr_expect_eq(facts.exit_code, -1, "it has not ended");
    cr_expect_eq(json_get_int(facts.ports, "80/tcp", 0), 8080);
    cr_expect_eq(json_count(facts.ports), 1);
}

Test(container_facts, health_is_told_in_the_status_of_a_list)
{
    static const struct {
        const char *status;
        HealthState health;
    } cases[] = {{"Up 2 minutes (healthy)", HEALTH_GOOD},
                 {"Up 2 minutes (unhealthy)", HEALTH_BAD},
                 {"Up 1 second (health: starting)", HEALTH_STARTING},
                 {"Up 2 minutes", HEALTH_UNTOLD}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(container_facts_deinit) ContainerFacts facts = {0};
        cleanup(free) char *text =
            memory_format("{\"Id\":\"a\",\"Status\":\"%s\"}", cases[i].status);
        cr_assert(read(text, false, &facts));
        cr_expect_eq(facts.health, cases[i].health, "%s", cases[i].status);
    }
}

Test(container_facts, answers_of_a_hostile_engine_are_not_believed)
{
    static const char *const answers[] = {
        "{\"Id\":\"a\",\"Names\":7,\"Ports\":{\"x\":1},\"Labels\":[1],\"State\":{},"
        "\"NetworkSettings\":[]}",
        "{\"Id\":\"a\",\"Names\":[],\"Ports\":[7,{\"PrivatePort\":-1,\"PublicPort\":99999999999},"
        "{\"PrivatePort\":80,\"PublicPort\":65536}],\"Labels\":{\"a\":{\"b\":1}}}",
        "{\"Id\":\"a\",\"Name\":9,\"State\":\"running\",\"Config\":7,\"NetworkSettings\":{"
        "\"Ports\":[1],\"Networks\":7}}",
        "{\"Id\":\"a\",\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostPort\":\"-4\"}],"
        "\"81/tcp\":{\"HostPort\":5}}}}"};

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        for (int inspected = 0; inspected < 2; inspected++) {
            cleanup(container_facts_deinit) ContainerFacts facts = {0};
            cr_assert(read(answers[i], inspected, &facts));
            cr_expect_eq(json_count(facts.ports), 0, "%s", answers[i]);
            cr_expect_eq(json_count(facts.labels), 0, "%s", answers[i]);
        }
    ContainerFacts none;
    cr_expect_not(read("[]", false, &none));
    cr_expect_not(read("{\"Id\":7}", true, &none));
}

Test(container_facts, names_are_bounded_and_clean)
{
    cleanup(container_facts_deinit) ContainerFacts facts = {0};
    cleanup(free) char *name = memory_alloc(5001);
    memset(name, 'x', 5000);
    name[5000] = '\0';
    cleanup(free) char *text =
        memory_format("{\"Id\":\"a\",\"Names\":[\"/%s\"],\"Image\":\"i\\u001b[2J\"}", name);

    cr_assert(read(text, false, &facts));
    cr_expect_leq(strlen(facts.name), 512);
    cr_expect_str_eq(facts.image, "i?[2J");
}
