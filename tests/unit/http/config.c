#include "providers/http/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/http/schema.h"
#include "providers/sdk/schema.h"

#define BOX                                                                                        \
    "\"id\":\"/id\",\"parameters\":{\"name\":{\"required\":true},"                                 \
    "\"size\":{\"type\":\"integer\",\"default\":1},\"note\":{}},"                                  \
    "\"create\":{\"path\":\"/boxes\",\"body\":{\"n\":\"${name}\"}},"                               \
    "\"read\":{\"path\":\"/boxes/${id}\"},\"delete\":{\"path\":\"/boxes/${id}\"}"
#define SITE "\"base_url\":\"https://api.example/v1/\""

static int read_text(const char *text, HttpConfig **ret, Error *err)
{
    cleanup(json_free) Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, err), 0, "%s", err->message);
    return http_config_read(json, ret, err);
}

static HttpConfig *read_good(const char *text)
{
    HttpConfig *config = NULL;
    Error err = {0};

    cr_assert_eq(read_text(text, &config, &err), 0, "%s", err.message);
    return config;
}

static void expect_mistake(const char *text, const char *expected)
{
    HttpConfig *config = NULL;
    Error err = {0};

    cr_assert_lt(read_text(text, &config, &err), 0, "%s", text);
    cr_assert_null(config);
    cr_expect_eq(err.code, ERROR_PROGRAM);
    cr_expect(strstr(err.message, expected) != NULL, "expected '%s' in: %s", expected, err.message);
}

/* A resource like BOX with more members. */
static void expect_resource_mistake(const char *more, const char *expected)
{
    cleanup(free) char *text =
        memory_format("{" SITE ",\"resources\":{\"CreateBox\":{" BOX "%s}}}", more);

    expect_mistake(text, expected);
}

Test(config, is_read_with_its_defaults)
{
    cleanup(http_config_free) HttpConfig *config =
        read_good("{" SITE ",\"resources\":{\"CreateBox\":{" BOX "}}}");
    const ResourceSpec *box = config_resource(config, "CreateBox");

    cr_assert_not_null(box);
    cr_expect_str_eq(config->base_url, "https://api.example/v1");
    cr_expect_str_eq(config->origin, "https://api.example");
    cr_expect_str_eq(box->type, "CreateBox");
    cr_expect_str_eq(box->create.method, "POST");
    cr_expect_str_eq(box->remove->method, "DELETE");
    cr_expect(!box->create.repeatable);
    cr_expect(box->remove->repeatable);
    cr_expect(status_set_has(&box->read->absent, 404));
    cr_expect_null(box->update);
    cr_expect_eq(config_resource_of_type(config, "CreateBox"), box);
    cr_expect_null(config_resource(config, NULL));
}

Test(config, without_an_update_nothing_changes_in_place)
{
    cleanup(http_config_free) HttpConfig *config =
        read_good("{" SITE ",\"resources\":{\"CreateBox\":{" BOX "}}}");
    const ParameterSpec *size = parameters_get(&config->resources[0].parameters, "size");

    cr_expect(size->immutable);
    cr_expect_str_eq(size->because, "the API changes no existing object of this type");
}

Test(config, says_where_the_api_must_be)
{
    expect_mistake("{}", "base_url: expected a text, found none");
    expect_mistake("{\"base_url\":\"api.example\"}", "base_url: expected https://HOST");
    expect_mistake("{\"base_url\":\"https:///x\"}", "base_url: expected a host");
    expect_mistake("{\"base_url\":\"https://a/?k=v\"}", "base_url: expected a host");
    expect_mistake("{\"base_url\":\"https://me:pw@a/\"}", "credentials have no place");
    expect_mistake("{\"base_url\":\"http://a.example/\"}", "allow_plain_http");
    expect_mistake("{\"base_url\":\"http://127.0.0.1.evil.example/\"}", "allow_plain_http");
}

Test(config, plain_http_is_for_this_machine_or_by_leave)
{
    static const char *const good[] = {
        "{\"base_url\":\"http://127.0.0.1:80/x\"}",
        "{\"base_url\":\"http://localhost\"}",
        "{\"base_url\":\"http://[::1]:80\"}",
        "{\"base_url\":\"http://a.example\",\"allow_plain_http\":true}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        http_config_free(read_good(good[i]));
}

Test(config, names_each_mistake_by_its_place)
{
    expect_mistake("{" SITE ",\"tokn\":1}", "tokn: there is no such member; there are: base_url");
    expect_mistake("{" SITE ",\"auth\":{}}", "auth: expected exactly one of bearer");
    expect_mistake("{" SITE ",\"auth\":{\"bearer\":{}}}", "auth.bearer.token: expected either");
    expect_mistake("{" SITE ",\"auth\":{\"bearer\":{\"token\":\"a\",\"token_file\":\"b\"}}}",
                   "expected either 'token' or 'token_file'");
    expect_mistake("{" SITE ",\"auth\":{\"sigv4\":{\"region\":\"a:b\",\"service\":\"s\"}}}",
                   "no colon");
    expect_mistake("{" SITE ",\"rate\":\"fast\"}", "rate: expected a rate like 20/s");
    expect_mistake("{" SITE ",\"timeout\":\"soon\"}", "timeout: expected a duration");
    expect_mistake("{" SITE ",\"retries\":99}", "retries: expected a whole number from 0 to 20");
    expect_mistake("{" SITE ",\"tls\":{\"cert\":\"a\"}}", "tls: 'cert' and 'key' go together");
    expect_mistake("{" SITE ",\"headers\":{\"A:\":\"b\"}}", "headers: 'A:' is no header");
    expect_mistake("{" SITE ",\"idempotency\":{}}", "idempotency.header: expected the header");
}

Test(config, names_each_mistake_of_a_resource)
{
    expect_resource_mistake(",\"reed\":{}", "resources.CreateBox.reed: there is no such member");
    expect_resource_mistake(",\"update\":{\"path\":\"x\"}",
                            "resources.CreateBox.update.path: expected one that begins with '/'");
    expect_resource_mistake(",\"update\":{\"path\":\"/${nam}\"}",
                            "resources.CreateBox.update.path: '${nam}': there is no parameter");
    expect_resource_mistake(",\"update\":{\"path\":\"/x\",\"body\":{\"a\":[\"${note}\"]}}",
                            "'${note?}' leaves the member out");
    expect_resource_mistake(",\"update\":{\"path\":\"/x\",\"body\":{},\"form\":{}}",
                            "a body or a form, not both");
    expect_resource_mistake(",\"results\":{\"url\":\"url\"}",
                            "resources.CreateBox.results.url: expected a JSON pointer");
    expect_resource_mistake(",\"results\":{\"id\":\"/id\"}", "'id' is always one");
    expect_resource_mistake(",\"results\":{\"u\":{\"pointer\":\"/u\",\"parameter\":\"x\"}}",
                            "there is no parameter 'x'");
    expect_resource_mistake(",\"find\":{\"match\":{\"/tag\":\"${uid}\"}}",
                            "expected where to look");
    expect_resource_mistake(",\"ready\":{\"state\":\"/s\"}", "ready.done: expected a list");
    expect_resource_mistake(",\"list\":{\"path\":\"/x\",\"next\":{}}", "next: expected one of");
    expect_resource_mistake(",\"positional\":[\"x\"]", "positional: 'x' is no parameter");
    expect_resource_mistake(",\"replace_order\":\"both\"", "replace_order: expected delete_first");
}

Test(config, a_long_running_deed_says_where_to_ask)
{
    expect_resource_mistake(",\"update\":{\"path\":\"/x\",\"operation\":{}}",
                            "update.operation: expected one of 'header', 'pointer' and 'path'");
    expect_resource_mistake(
        ",\"update\":{\"path\":\"/x\",\"operation\":{\"path\":\"/o/${operation}\"}}",
        "operation.id: goes with 'path'");
    expect_resource_mistake(",\"update\":{\"path\":\"/x\",\"operation\":{\"path\":\"/${oper}\","
                            "\"id\":\"/name\"}}",
                            "operation.path: '${oper}': there is no parameter");
}

Test(config, what_an_object_is_found_by_never_changes)
{
    expect_mistake("{" SITE ",\"resources\":{\"A\":{\"id\":\"/id\",\"parameters\":{\"p\":{"
                   "\"required\":true}},\"create\":{\"path\":\"/${p}\"},\"read\":{\"path\":"
                   "\"/${p}/${id}\"},\"update\":{\"path\":\"/${p}/${id}\"},\"delete\":{\"path\":"
                   "\"/${p}/${id}\"}}}}",
                   "needs 'immutable: true'");
    expect_mistake("{" SITE ",\"resources\":{\"A\":{\"id\":\"/id\",\"parameters\":{\"p\":{"
                   "\"required\":true,\"sensitive\":true}},\"create\":{\"path\":\"/${p}\"},"
                   "\"read\":{\"path\":\"/${p}/${id}\"},\"delete\":{\"path\":\"/x\"}}}}",
                   "is sensitive");
}

Test(config, a_parameter_has_a_name_of_its_own)
{
    expect_mistake("{" SITE ",\"actions\":{\"A\":{\"parameters\":{\"uid\":{}},"
                   "\"request\":{\"path\":\"/\"}}}}",
                   "'uid' means something else");
    expect_mistake("{" SITE ",\"actions\":{\"A\":{\"parameters\":{\"a-b\":{}},"
                   "\"request\":{\"path\":\"/\"}}}}",
                   "expected a name of letters");
}

Test(config, a_query_has_one_kind_of_value)
{
    expect_mistake("{" SITE ",\"queries\":{\"q\":{\"request\":{\"path\":\"/\"}}}}",
                   "queries.q: expected one of 'pointer'");
    expect_mistake("{" SITE ",\"queries\":{\"q\":{\"exists\":true}}}",
                   "queries.q.request: expected either it or 'count'");
}

Test(config, comes_to_a_schema_that_the_kit_reads)
{
    cleanup(http_config_free) HttpConfig *config = read_good(
        "{" SITE ",\"resources\":{\"CreateBox\":{\"type\":\"box\",\"positional\":[\"name\"]," BOX
        ",\"results\":{\"url\":{\"pointer\":\"/url\",\"type\":\"string\"}}}},"
        "\"actions\":{\"Restart\":{\"request\":{\"path\":\"/restart\"}}},"
        "\"queries\":{\"up\":{\"request\":{\"path\":\"/\"},\"exists\":true}}}");
    cleanup(free) char *text = http_schema(config);
    cleanup(schema_free) Schema *schema = NULL;
    cleanup(json_free) Json *desired = NULL;
    ProviderProblem problem = {0};
    Error err = {0};

    cr_assert_eq(schema_new(text, &schema, &err), 0, "%s", err.message);
    const Json *box = schema_effect(schema, "CreateBox");
    cr_expect_str_eq(schema_type_of(box, "CreateBox"), "box");
    cr_expect(schema_effect_is_action(schema_effect(schema, "Restart")));
    cr_expect_not_null(schema_query(schema, "up"));
    cr_assert_eq(json_parse("{\"size\":1}", 10, &desired, &err), 0);
    cr_expect_eq(schema_check(json_get(box, "parameters"), desired, &problem), -1);
    cr_expect_str_eq(problem.pointer, "/name");
}

Test(config, parameters_that_are_not_given_have_their_default)
{
    cleanup(http_config_free) HttpConfig *config =
        read_good("{" SITE ",\"resources\":{\"CreateBox\":{" BOX "}}}");
    cleanup(json_free) Json *arguments = NULL, *filled = NULL;

    cr_assert_eq(json_parse("{\"name\":\"a\"}", 12, &arguments, NULL), 0);
    filled = parameters_fill(&config->resources[0].parameters, arguments);
    cr_expect_eq(json_get_int(filled, "size", 0), 1);
    cr_expect_str_eq(json_get_string(filled, "name", ""), "a");
    cr_expect_null(json_get(filled, "note"));
}
