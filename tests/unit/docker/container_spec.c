#include "providers/docker/container_spec.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"

static ProviderProblem problem;

static Json *parsed(const char *text)
{
    Json *json = NULL;
    Error err = {.code = 0};

    cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s", err.message);
    return json;
}

/* The body for these arguments, as canonical text; or the pointer of the argument at fault. */
static char *body_of(const char *arguments, const BodyContext *context)
{
    cleanup(json_free) Json *desired = parsed(arguments);
    cleanup(json_free) Json *body = NULL;
    cleanup(json_free) Json *labels = json_new_object();
    BodyContext own = context != NULL ? *context : (BodyContext){.network = "net"};
    ContainerSpec spec;
    Buffer text = {0};

    if (container_spec_read(desired, "name", &spec, &problem) < 0)
        return memory_copy_string(problem.pointer);
    own.labels = labels;
    body = container_spec_body(&spec, &own);
    json_write_canonical(&text, body);
    return buffer_take(&text);
}

static void expect_part(const char *arguments, const char *part)
{
    cleanup(free) char *body = body_of(arguments, NULL);

    cr_expect_not_null(strstr(body, part), "%s is not in %s", part, body);
}

Test(container_spec, sizes_of_memory_are_numbers_or_have_units)
{
    static const struct {
        const char *text;
        int64_t size;
    } cases[] = {{"1048576", 1048576},
                 {"\"64m\"", 64 << 20},
                 {"\"64MB\"", 64 << 20},
                 {"\"1.5g\"", 1610612736},
                 {"\"512k\"", 524288},
                 {"\"10b\"", 10},
                 {"\"7\"", 7},
                 {"\"\"", 0},
                 {"\"m\"", 0},
                 {"\"-5m\"", 0},
                 {"\"5x\"", 0},
                 {"\"5mm\"", 0},
                 {"\"0x10\"", 0},
                 {"\"1e300g\"", 0},
                 {"true", 0}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(json_free) Json *value = parsed(cases[i].text);
        cr_expect_eq(memory_size_parse(value), cases[i].size, "%s", cases[i].text);
    }
}

Test(container_spec, ports_are_host_and_container)
{
    static const struct {
        const char *text;
        PortSpec port;
    } cases[] = {{"8080", {"", 8080, 8080, "tcp"}},
                 {"\"8080\"", {"", 8080, 8080, "tcp"}},
                 {"\"8080:80\"", {"", 8080, 80, "tcp"}},
                 {"\"0:80/udp\"", {"", 0, 80, "udp"}},
                 {"\"127.0.0.1:8080:80\"", {"127.0.0.1", 8080, 80, "tcp"}},
                 {"\"[::1]:8080:80/tcp\"", {"::1", 8080, 80, "tcp"}}};
    static const char *const wrong[] = {"0",           "70000",           "\"a\"",
                                        "\"80:\"",     "\":80\"",         "\"8080:0\"",
                                        "\"80/icmp\"", "\"80:80:80:80\"", "\"80 :80\"",
                                        "true",        "\"[::1:80:80\"",  "\"80:99999\""};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(json_free) Json *value = parsed(cases[i].text);
        PortSpec port;
        cr_assert(port_parse(value, &port), "%s", cases[i].text);
        cr_expect_str_eq(port.host_ip, cases[i].port.host_ip, "%s", cases[i].text);
        cr_expect_eq(port.host_port, cases[i].port.host_port, "%s", cases[i].text);
        cr_expect_eq(port.port, cases[i].port.port, "%s", cases[i].text);
        cr_expect_str_eq(port.protocol, cases[i].port.protocol, "%s", cases[i].text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        cleanup(json_free) Json *value = parsed(wrong[i]);
        PortSpec port;
        cr_expect_not(port_parse(value, &port), "%s", wrong[i]);
    }
}

Test(container_spec, least_arguments_make_the_least_body)
{
    cleanup(free) char *body = body_of("{\"image\":\"busybox\"}", NULL);

    cr_expect_str_eq(
        body, "{\"Env\":[],\"ExposedPorts\":{},\"HostConfig\":{\"Init\":false,\"NetworkMode\":"
              "\"net\",\"PortBindings\":{},\"ReadonlyRootfs\":false,\"RestartPolicy\":{\"Name\":"
              "\"no\"}},\"Image\":\"busybox\",\"Labels\":{},\"NetworkingConfig\":{"
              "\"EndpointsConfig\":{\"net\":{}}},\"StopTimeout\":10}");
}

Test(container_spec, arguments_become_the_engines_words)
{
    expect_part("{\"command\":\"echo hi\"}", "\"Cmd\":[\"/bin/sh\",\"-c\",\"echo hi\"]");
    expect_part("{\"command\":[\"a\",\"b c\"]}", "\"Cmd\":[\"a\",\"b c\"]");
    expect_part("{\"entrypoint\":[\"/x\"]}", "\"Entrypoint\":[\"/x\"]");
    expect_part("{\"env\":{\"A\":\"b c\",\"N\":3}}", "\"Env\":[\"A=b c\",\"N=3\"]");
    expect_part("{\"ports\":[\"8080:80\",\"127.0.0.1:0:80\"]}",
                "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"},{\"HostIp\":"
                "\"127.0.0.1\",\"HostPort\":\"\"}]}");
    expect_part("{\"limits\":{\"memory\":\"64m\",\"cpus\":0.5,\"pids\":10}}",
                "\"Memory\":67108864,\"NanoCpus\":500000000");
    expect_part("{\"restart\":\"on-failure:3\"}",
                "\"RestartPolicy\":{\"MaximumRetryCount\":3,\"Name\":\"on-failure\"}");
    expect_part("{\"tmpfs\":[\"/tmp:size=1m\",\"/run\"]}",
                "\"Tmpfs\":{\"/run\":\"\",\"/tmp\":\"size=1m\"}");
    expect_part("{\"volumes\":[\"data:/data:ro\"]}", "\"Binds\":[\"data:/data:ro\"]");
    expect_part("{\"networks\":[\"a\",\"b\"],\"aliases\":[\"db\"]}",
                "\"EndpointsConfig\":{\"a\":{\"Aliases\":[\"db\"]}}");
    expect_part("{\"cap_drop\":[\"ALL\"],\"read_only\":true,\"user\":\"1:2\"}",
                "\"CapDrop\":[\"ALL\"]");
}

Test(container_spec, ulimits_of_the_config_are_overruled_by_those_of_the_arguments)
{
    cleanup(json_free) Json *usual = parsed("{\"nofile\":1024,\"nproc\":1024}");
    BodyContext context = {.network = "n", .ulimits = usual, .runtime = "runc"};
    cleanup(free) char *body =
        body_of("{\"ulimits\":{\"nofile\":{\"soft\":10,\"hard\":20}}}", &context);

    cr_expect_not_null(strstr(body, "{\"Hard\":20,\"Name\":\"nofile\",\"Soft\":10}"), "%s", body);
    cr_expect_not_null(strstr(body, "{\"Hard\":1024,\"Name\":\"nproc\",\"Soft\":1024}"), "%s",
                       body);
    cr_expect_not_null(strstr(body, "\"Runtime\":\"runc\""));
}

Test(container_spec, health_of_the_engine_is_only_told_to_one_that_asks_itself)
{
    BodyContext context = {.network = "n", .engine_checks = true};
    static const char arguments[] = "{\"health\":{\"command\":\"true\",\"retries\":2}}";
    cleanup(free) char *told = body_of(arguments, &context);
    cleanup(free) char *untold = body_of(arguments, NULL);

    cr_expect_not_null(strstr(told, "\"Test\":[\"CMD-SHELL\",\"true\"]"), "%s", told);
    cr_expect_null(strstr(untold, "Healthcheck"));
}

Test(container_spec, first_port_is_exported_unless_the_program_says_otherwise)
{
    BodyContext context = {.network = "n", .exports_port = true};
    cleanup(free) char *exported = body_of("{\"ports\":[\"8080:80\"]}", &context);
    cleanup(free) char *own =
        body_of("{\"ports\":[\"8080:80\"],\"env\":{\"PORT\":\"1\"}}", &context);

    cr_expect_not_null(strstr(exported, "\"PORT=80\""));
    cr_expect_not_null(strstr(own, "\"Env\":[\"PORT=1\"]"));
}

Test(container_spec, mistakes_are_pointed_at)
{
    static const struct {
        const char *arguments, *pointer;
    } cases[] = {{"{\"name\":\"a b\"}", "/name"},
                 {"{\"name\":\"-a\"}", "/name"},
                 {"{\"ports\":[\"x\"]}", "/ports"},
                 {"{\"limits\":{\"memory\":\"1k\"}}", "/limits/memory"},
                 {"{\"limits\":{\"cpus\":0}}", "/limits/cpus"},
                 {"{\"limits\":{\"pids\":0}}", "/limits/pids"},
                 {"{\"restart\":\"sometimes\"}", "/restart"},
                 {"{\"restart\":\"always:3\"}", "/restart"},
                 {"{\"health\":{\"http\":\"/\"}}", "/health"},
                 {"{\"ports\":[80],\"health\":{\"http\":\"x\"}}", "/health/http"},
                 {"{\"ports\":[80],\"health\":{\"tcp\":true,\"command\":\"x\"}}", "/health"},
                 {"{\"volumes\":[\"data\"]}", "/volumes"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(free) char *pointer = body_of(cases[i].arguments, NULL);
        cr_expect_str_eq(pointer, cases[i].pointer, "%s", cases[i].arguments);
    }
}

Test(container_spec, what_is_not_known_yet_is_passed_over)
{
    cleanup(json_free) Json *desired =
        parsed("{\"name\":{\"$unknown\":{}},\"ports\":[{\"$unknown\":{}}],\"limits\":{\"memory\":"
               "{\"$unknown\":{}}},\"restart\":{\"$unknown\":{}},\"volumes\":{\"$unknown\":{}}}");

    cr_expect_eq(container_spec_check(desired, &problem), 0, "%s", problem.detail);
}

Test(container_spec, digest_leaves_out_what_changes_in_place)
{
    static const char *const same[] = {"{\"image\":\"a\",\"limits\":{\"pids\":1}}",
                                       "{\"image\":\"a\",\"restart\":\"always\",\"name\":\"x\"}",
                                       "{\"networks\":[\"b\"],\"image\":\"a\"}"};
    char first[SPEC_DIGEST_SIZE], other[SPEC_DIGEST_SIZE];
    cleanup(json_free) Json *plain = parsed("{\"image\":\"a\"}"),
                            *image = parsed("{\"image\":\"b\"}");

    container_spec_digest(plain, first);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        cleanup(json_free) Json *desired = parsed(same[i]);
        container_spec_digest(desired, other);
        cr_expect_str_eq(other, first, "%s", same[i]);
    }
    container_spec_digest(image, other);
    cr_expect_str_neq(other, first);
}
