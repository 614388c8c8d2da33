#include "tests/lib/local/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

static Json *parse(const char *text)
{
    Json *json = NULL;
    Error err;

    if (text == NULL)
        return NULL;
    cr_assert_eq(json_parse(text, strlen(text), &json, &err), 0, "%s: %s", text, err.message);
    return json;
}

static void findings_reset(Fixture *fixture)
{
    for (int i = 0; i < fixture->finding_count; i++) {
        free(fixture->findings[i].external_id);
        json_free(fixture->findings[i].state);
        json_free(fixture->findings[i].desired);
    }
    fixture->finding_count = 0;
}

static void reply_reset(Fixture *fixture)
{
    findings_reset(fixture);
    free(fixture->reply.external_id);
    free(fixture->reply.reason);
    json_free(fixture->reply.state);
    json_free(fixture->reply.private);
    fixture->reply = (ProviderReply){0};
    fixture->problem = (ProviderProblem){0};
}

static void provider_open(Fixture *fixture, const char *config)
{
    cleanup(json_free) Json *json = parse(config);
    Error err;

    local_init(&fixture->local, &fixture->provider);
    cr_assert_eq(fixture->provider.open(&fixture->provider, fixture->folder, json, &err), 0, "%s",
                 err.message);
}

void fixture_init(Fixture *fixture, const char *config)
{
    *fixture = (Fixture){0};
    cr_assert_eq(schema_new(local_schema, &fixture->schema, NULL), 0);
    strcpy(fixture->folder, "/tmp/ved-local-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->folder));
    provider_open(fixture, config);
}

void fixture_restart(Fixture *fixture, const char *config)
{
    reply_reset(fixture);
    local_deinit(&fixture->local);
    provider_open(fixture, config);
}

void fixture_deinit(Fixture *fixture)
{
    static const char *const types[] = {"process", "postgres", "file", "directory"};
    static const char *const uids[] = {UID_A, UID_B};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        for (size_t j = 0; j < ARRAY_SIZE(uids); j++)
            cr_expect_eq(fixture_remove(fixture, types[i], uids[j]), 0, "%s",
                         fixture->problem.detail);
    reply_reset(fixture);
    local_deinit(&fixture->local);
    schema_free(fixture->schema);
    folder_remove(fixture->folder, NULL);
}

static char *text_of(const Json *json)
{
    return json != NULL ? json_text(json) : NULL;
}

static ProviderRequest request_of(const Fixture *fixture, const char *type, const char *uid)
{
    return (ProviderRequest){.op = "00000000-0000-8000-8000-000000000001",
                             .type = type,
                             .uid = uid,
                             .address = "Test.Boot.Effect",
                             .lineage = "l",
                             .traceparent = fixture->traceparent,
                             .resumed = fixture->resumed};
}

int fixture_reconcile(Fixture *fixture, const char *type, const char *uid, const char *desired)
{
    cleanup(json_free) Json *json = parse(desired);
    ProviderRequest request = request_of(fixture, type, uid);

    reply_reset(fixture);
    request.desired = json;
    request.adopt = fixture->adopt;
    fixture->adopt = NULL;
    return fixture->provider.reconcile(&fixture->provider, &request, &fixture->reply,
                                       &fixture->problem);
}

int fixture_remove(Fixture *fixture, const char *type, const char *uid)
{
    ProviderRequest request = request_of(fixture, type, uid);

    reply_reset(fixture);
    return fixture->provider.remove(&fixture->provider, &request, &fixture->problem);
}

ObserveStatus fixture_observe(Fixture *fixture, const char *type, const char *uid)
{
    cleanup(free) char *prior = text_of(fixture->reply.state);
    cleanup(free) char *private = text_of(fixture->reply.private);
    ProviderRequest request = request_of(fixture, type, uid);

    request.prior = fixture->remembers ? prior : NULL;
    request.private = fixture->remembers ? private : NULL;
    fixture->remembers = false;
    reply_reset(fixture);
    return fixture->provider.observe(&fixture->provider, &request, &fixture->reply,
                                     &fixture->problem);
}

int fixture_lookup(Fixture *fixture, const char *type, const char *external_id, const char *search)
{
    reply_reset(fixture);
    int count = fixture->provider.lookup(&fixture->provider, type, external_id, search,
                                         fixture->findings, &fixture->problem);
    fixture->finding_count = count > 0 ? count : 0;
    return count;
}

const Json *fixture_effect(const Fixture *fixture, const char *effect)
{
    const Json *entry = schema_effect(fixture->schema, effect);

    cr_assert_not_null(entry);
    return entry;
}

Json *fixture_predict(Fixture *fixture, const char *effect, const char *uid, const char *desired,
                      bool is_new, bool disruptive)
{
    const Json *entry = fixture_effect(fixture, effect);
    cleanup(json_free) Json *json = parse(desired);
    Json *planned = schema_unknown_result(entry);
    ProviderRequest request = request_of(fixture, schema_type_of(entry, effect), uid);

    request.effect = effect;
    request.uid = is_new ? NULL : uid;
    request.desired = json;
    cleanup(free) char *prior = text_of(fixture->reply.state);
    request.prior = is_new ? NULL : prior;
    request.disruptive = disruptive;
    fixture->provider.predict(&fixture->provider, &request, planned);
    return planned;
}

int fixture_run(Fixture *fixture, const char *action, const char *arguments)
{
    cleanup(json_free) Json *json = parse(arguments);
    ProviderRequest request = request_of(fixture, action, NULL);

    reply_reset(fixture);
    request.desired = json;
    return fixture->provider.run(&fixture->provider, &request, &fixture->reply, &fixture->problem);
}

int fixture_validate(Fixture *fixture, const char *effect, const char *desired)
{
    cleanup(json_free) Json *json = parse(desired);

    reply_reset(fixture);
    return fixture->provider.validate(&fixture->provider, effect, json, &fixture->problem);
}

int fixture_query(Fixture *fixture, const char *query, const char *args)
{
    cleanup(json_free) Json *json = parse(args);
    cleanup(json_free) Json *answer = NULL;

    reply_reset(fixture);
    if (fixture->provider.query(&fixture->provider, query, json, &answer, &fixture->problem) < 0)
        return -1;
    cr_assert(json_is_bool(answer));
    return json_bool(answer, false);
}

const char *fixture_string(const Fixture *fixture, const char *key)
{
    return json_get_string(fixture->reply.state, key, "");
}

int64_t fixture_int(const Fixture *fixture, const char *key)
{
    return json_get_int(fixture->reply.state, key, -1);
}

const char *fixture_path(const Fixture *fixture, const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    return path;
}
