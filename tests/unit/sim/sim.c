#include "providers/sim/sim.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sdk/operation.h"

#define UID "9a000000000000000000000000000001"

static char folder[64];
static Provider provider;
static const char *adopted; /* by the next reconcile */
static bool resumed;        /* the next call was cut off before */
static char *kept;          /* what the last reconcile has set aside */
static bool as_before;      /* the last observation said so */

static void open_sim(const char *config_text)
{
    cleanup(json_free) Json *config = NULL;
    Error err = {0};

    cr_assert_eq(json_parse(config_text, strlen(config_text), &config, NULL), 0);
    sim_init(&provider);
    cr_assert_eq(provider.describe(&provider, config, &err), 0, "%s", err.message);
    cr_assert_eq(provider.open(&provider, folder, config, &err), 0, "%s", err.message);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ved-sim.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    sim_deinit(&provider);
    free(take(kept));
    cr_assert_eq(folder_remove(folder, NULL), 0);
}

TestSuite(sim, .init = make_folder, .fini = remove_folder);

/* One call under a key of its own; the state comes back as text, or the problem's code. */
static char *reconcile(const char *op, const char *effect, const char *desired_text)
{
    cleanup(operation_free) Operation *operation = operation_new(op, OPERATION_RECONCILE);
    cleanup(json_free) Json *desired = NULL;
    ProviderReply reply = {0};
    ProviderProblem problem = {0};

    cr_assert_eq(json_parse(desired_text, strlen(desired_text), &desired, NULL), 0);
    ProviderRequest request = {.operation = operation,
                               .op = op,
                               .type = effect,
                               .effect = effect,
                               .uid = UID,
                               .address = "D.A",
                               .adopt = adopted,
                               .resumed = resumed,
                               .desired = desired};
    adopted = NULL;
    resumed = false;
    if (provider.reconcile(&provider, &request, &reply, &problem) < 0)
        return memory_copy_string(problem.code);
    char *text = json_text(reply.state);
    json_free(reply.state);
    free(kept);
    kept = json_text(reply.private);
    json_free(reply.private);
    free(reply.external_id);
    return text;
}

static void expect_reconcile(const char *op, const char *effect, const char *desired,
                             const char *expected)
{
    cleanup(free) char *found = reconcile(op, effect, desired);

    cr_assert_str_eq(found, expected);
}

static ObserveStatus observe(void)
{
    ProviderRequest request = {.uid = UID, .type = "A", .address = "", .private = kept};
    ProviderReply reply = {0};
    ProviderProblem problem = {0};
    ObserveStatus status = provider.observe(&provider, &request, &reply, &problem);

    as_before = status == OBSERVE_FOUND && reply.state == NULL;
    json_free(reply.state);
    free(reply.external_id);
    return status;
}

static Json *object(void)
{
    cleanup(free) char *path = memory_format("%s/objects/%s.json", folder, UID);
    cleanup(buffer_deinit) Buffer file = {0};
    Json *json = NULL;

    cr_assert_eq(file_read(path, 1 << 20, &file, NULL), 0);
    cr_assert_eq(json_parse(file.bytes, file.size, &json, NULL), 0);
    return json;
}

Test(sim, an_object_is_made_once_and_found_afterwards)
{
    open_sim("{}");
    expect_reconcile("op1", "A", "{\"n\":1}", "{\"id\":\"sim-9a000000\",\"effect\":\"A\",\"n\":1}");
    expect_reconcile("op2", "A", "{\"n\":1}", "{\"id\":\"sim-9a000000\",\"effect\":\"A\",\"n\":1}");
    cleanup(json_free) Json *made = object();
    cr_assert_str_eq(json_get_string(made, "created_by", ""), "op1");
}

Test(sim, an_update_keeps_the_object)
{
    open_sim("{}");
    free(reconcile("op1", "A", "{\"n\":1}"));
    free(reconcile("op2", "A", "{\"n\":2}"));
    cleanup(json_free) Json *made = object();
    cr_assert_str_eq(json_get_string(made, "created_by", ""), "op1");
    cr_assert_eq(json_get_int(json_get(made, "desired"), "n", 0), 2);
}

Test(sim, an_object_whose_file_is_deleted_is_lost)
{
    open_sim("{}");
    cr_assert_eq(observe(), OBSERVE_ABSENT);
    free(reconcile("op1", "A", "{}"));
    cr_assert_eq(observe(), OBSERVE_FOUND);
    cleanup(free) char *path = memory_format("%s/objects/%s.json", folder, UID);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(observe(), OBSERVE_ABSENT);
}

Test(sim, results_are_merged_into_the_state)
{
    open_sim("{\"results\":{\"A\":{\"url\":\"x\"}}}");
    expect_reconcile("op1", "A", "{}", "{\"id\":\"sim-9a000000\",\"effect\":\"A\",\"url\":\"x\"}");
}

Test(sim, the_first_calls_fail_even_across_a_restart)
{
    open_sim("{\"fail\":{\"A\":2}}");
    expect_reconcile("op1", "A", "{}", "VALIDATION_FAILED");
    sim_deinit(&provider);
    open_sim("{\"fail\":{\"A\":2}}");
    expect_reconcile("op2", "A", "{}", "VALIDATION_FAILED");
    cr_assert_eq(observe(), OBSERVE_ABSENT);
    expect_reconcile("op3", "A", "{}", "{\"id\":\"sim-9a000000\",\"effect\":\"A\"}");
}

Test(sim, transient_and_lasting_failures_are_told_apart)
{
    open_sim("{\"fail_transient\":{\"A\":1},\"fail_always\":[\"B\"]}");
    expect_reconcile("op1", "A", "{}", "UNAVAILABLE");
    expect_reconcile("op2", "B", "{}", "VALIDATION_FAILED");
    expect_reconcile("op3", "B", "{}", "VALIDATION_FAILED");
}

Test(sim, every_call_is_counted)
{
    cleanup(buffer_deinit) Buffer file = {0};
    cleanup(free) char *path = memory_format("%s/calls.ndjson", folder);
    cleanup(json_free) Json *call = NULL;

    open_sim("{}");
    free(reconcile("op1", "A", "{\"b\":1,\"a\":2}"));
    cr_assert_eq(file_read(path, 1 << 20, &file, NULL), 0);
    cr_assert_eq(json_parse(file.bytes, file.size, &call, NULL), 0);
    cr_assert_str_eq(json_get_string(call, "kind", ""), "reconcile");
    cr_assert_str_eq(json_get_string(call, "op", ""), "op1");
    cr_assert_str_eq(json_get_string(call, "uid", ""), UID);
    cr_assert_str_eq(json_get_string(call, "effect", ""), "A");
    cr_assert_str_eq(json_get_string(call, "address", ""), "D.A");
    /* SHA-256 of {"a":2,"b":1} */
    cr_assert_str_eq(json_get_string(call, "digest", ""),
                     "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772");
    cr_assert_not(json_get_bool(call, "resumed", true));
}

/* What the world has gone through: "op1 create, op2 update, ". */
static void expect_effects(const char *expected)
{
    cleanup(free) char *path = memory_format("%s/effects.ndjson", folder);
    cleanup(buffer_deinit) Buffer file = {0}, found = {0};

    cr_assert_eq(file_read(path, 1 << 20, &file, NULL), 0);
    for (const char *at = buffer_text(&file); *at != '\0'; at += strcspn(at, "\n") + 1) {
        cleanup(json_free) Json *line = NULL;
        cr_assert_eq(json_parse(at, strcspn(at, "\n"), &line, NULL), 0);
        buffer_add_format(&found, "%s %s, ", json_get_string(line, "op", ""),
                          json_get_string(line, "did", ""));
    }
    cr_assert_str_eq(buffer_text(&found), expected);
}

static void forget_effects(void)
{
    cleanup(free) char *path = memory_format("%s/effects.ndjson", folder);

    cr_assert_eq(truncate(path, 0), 0);
}

static int call(int (*verb)(Provider *, const ProviderRequest *, ProviderProblem *), const char *op)
{
    cleanup(operation_free) Operation *operation = operation_new(op, OPERATION_REMOVE);
    ProviderProblem problem = {0};
    ProviderRequest request = {.operation = operation,
                               .op = op,
                               .type = "A",
                               .uid = UID,
                               .address = "D.A",
                               .resumed = resumed};

    resumed = false;
    return verb(&provider, &request, &problem);
}

static int run(Provider *sim, const ProviderRequest *request, ProviderProblem *problem)
{
    ProviderReply reply = {0};
    int code = sim->run(sim, request, &reply, problem);

    json_free(reply.state);
    return code;
}

Test(sim, each_change_of_the_world_is_counted_once)
{
    open_sim("{}");
    free(reconcile("op1", "A", "{\"n\":1}"));
    free(reconcile("op2", "A", "{\"n\":1}"));
    free(reconcile("op3", "A", "{\"n\":2}"));
    cr_assert_eq(call(provider.remove, "op4"), 0);
    cr_assert_eq(call(provider.remove, "op5"), 0);
    cr_assert_eq(call(run, "op6"), 0);
    expect_effects("op1 create, op3 update, op4 remove, op6 run, ");
}

Test(sim, a_call_that_was_cut_off_is_not_counted_again)
{
    open_sim("{}");
    free(reconcile("op1", "A", "{\"n\":1}"));
    resumed = true;
    free(reconcile("op1", "A", "{\"n\":1}"));
    free(reconcile("op2", "A", "{\"n\":2}"));
    resumed = true;
    free(reconcile("op2", "A", "{\"n\":2}"));
    cr_assert_eq(call(run, "op3"), 0);
    resumed = true;
    cr_assert_eq(call(run, "op3"), 0);
    cr_assert_eq(call(provider.remove, "op4"), 0);
    resumed = true;
    cr_assert_eq(call(provider.remove, "op4"), 0);
    expect_effects("op1 create, op2 update, op3 run, op4 remove, ");
}

/* Killed between the change and its line: the world itself says whose the change was. */
Test(sim, what_was_done_and_not_counted_is_counted_by_the_next_call)
{
    open_sim("{}");
    free(reconcile("op1", "A", "{\"n\":1}"));
    forget_effects();
    resumed = true;
    free(reconcile("op1", "A", "{\"n\":1}"));
    expect_effects("op1 create, ");
    free(reconcile("op2", "A", "{\"n\":2}"));
    forget_effects();
    resumed = true;
    free(reconcile("op2", "A", "{\"n\":2}"));
    expect_effects("op2 update, ");
    cr_assert_eq(call(provider.remove, "op3"), 0);
    forget_effects();
    resumed = true;
    cr_assert_eq(call(provider.remove, "op3"), 0);
    expect_effects("op3 remove, ");
}

/* The value of a fact as text; "unknown" if there is none. */
static void expect_fact(const char *query, const char *args_text, const char *expected)
{
    cleanup(json_free) Json *args = NULL, *value = NULL;
    ProviderProblem problem = {0};

    cr_assert_eq(json_parse(args_text, strlen(args_text), &args, NULL), 0);
    int code = provider.query(&provider, query, args, &value, &problem);
    cleanup(free) char *text = code == 0 ? json_text(value) : memory_copy_string("unknown");
    cr_assert_str_eq(text, expected);
}

Test(sim, facts_come_from_the_file_and_then_from_the_config)
{
    cleanup(free) char *path = memory_format("%s/facts.json", folder);
    static const char live[] = "{\"status(db)\":\"down\"}";

    open_sim("{\"facts\":{\"status(db)\":\"up\",\"load\":3}}");
    expect_fact("status", "{\"name\":\"db\"}", "\"up\"");
    expect_fact("status", "{\"name\":\"web\"}", "unknown");
    expect_fact("load", "{}", "3");
    cr_assert_eq(file_replace(path, live, strlen(live), 0600, NULL), 0);
    expect_fact("status", "{\"name\":\"db\"}", "\"down\"");
}

Test(sim, a_fact_may_be_told_not_to_be_known)
{
    open_sim("{\"facts\":{\"status(db)\":{\"unknown\":\"the network is down\"}}}");
    expect_fact("status", "{\"name\":\"db\"}", "unknown");
}

Test(sim, the_objects_of_an_effect_are_counted)
{
    open_sim("{}");
    expect_fact("count", "{\"0\":\"A\"}", "0");
    free(reconcile("op1", "A", "{\"n\":1}"));
    expect_fact("count", "{\"0\":\"A\"}", "1");
    expect_fact("count", "{\"0\":\"B\"}", "0");
}

Test(sim, actions_of_the_config_are_actions_of_the_schema)
{
    cleanup(json_free) Json *schema = NULL;

    open_sim("{\"actions\":[\"RunJob\"]}");
    cr_assert_eq(json_parse(provider.schema, strlen(provider.schema), &schema, NULL), 0);
    const Json *job = json_get(json_get(schema, "effects"), "RunJob");
    cr_assert_str_eq(json_get_string(job, "kind", ""), "action");
    cr_assert_str_eq(json_get_string(json_get(schema, "any"), "kind", ""), "instance");
}

Test(sim, results_name_the_uid_and_the_arguments)
{
    open_sim("{\"results\":{\"A\":{\"url\":\"http://${uid}.${zone}:${port}/$x\",\"n\":7}}}");
    expect_reconcile("op1", "A", "{\"zone\":\"b\",\"port\":80}",
                     "{\"id\":\"sim-9a000000\",\"effect\":\"A\",\"zone\":\"b\",\"port\":80,"
                     "\"url\":\"http://" UID ".b:80/$x\",\"n\":7}");
}

Test(sim, what_a_change_needs_is_said_by_the_schema)
{
    cleanup(json_free) Json *schema = NULL;

    open_sim("{\"immutable\":{\"Make\":[\"zone\"]},\"disruptive\":{\"Make\":[\"size\"]},"
             "\"create_first\":[\"Make\"]}");
    cr_assert_eq(json_parse(provider.schema, strlen(provider.schema), &schema, NULL), 0);
    const Json *make = json_get(json_get(schema, "effects"), "Make");
    const Json *properties = json_get(json_get(make, "parameters"), "properties");
    cr_expect(json_get_bool(json_get(properties, "zone"), "x-ved-immutable", false));
    cr_expect_not(json_get_bool(json_get(properties, "size"), "x-ved-immutable", false));
    cr_expect(json_get_bool(json_get(properties, "size"), "x-ved-disruptive", false));
    cr_expect_str_eq(json_get_string(make, "kind", ""), "instance");
    cr_expect_str_eq(
        json_get_string(json_get(json_get(schema, "types"), "Make"), "replace_order", ""),
        "create_first");
}

static void expect_predicted(const char *uid, const char *prior, const char *expected)
{
    cleanup(json_free) Json *desired = NULL, *planned = json_new_object();
    static const char text[] = "{\"n\":{\"$unknown\":{}},\"m\":1}";

    cr_assert_eq(json_parse(text, strlen(text), &desired, NULL), 0);
    ProviderRequest request = {
        .uid = uid, .type = "A", .effect = "A", .desired = desired, .prior = prior};
    provider.predict(&provider, &request, planned);
    cleanup(free) char *found = json_text(planned);
    cr_assert_str_eq(found, expected);
}

Test(sim, results_are_foreseen_as_far_as_the_uid_is_known)
{
    open_sim("{\"results\":{\"A\":{\"url\":\"${uid}\",\"a\":\"${m}\",\"b\":\"${n}\"}}}");
    expect_predicted(NULL, NULL,
                     "{\"id\":{\"$unknown\":{}},\"effect\":\"A\",\"n\":{\"$unknown\":{}},\"m\":1,"
                     "\"url\":{\"$unknown\":{}},\"a\":\"1\",\"b\":{\"$unknown\":{}}}");
    expect_predicted(UID, "{\"id\":\"sim-1\"}",
                     "{\"id\":\"sim-1\",\"effect\":\"A\",\"n\":{\"$unknown\":{}},\"m\":1,"
                     "\"url\":\"" UID "\",\"a\":\"1\",\"b\":{\"$unknown\":{}}}");
}

static void put_file(const char *name, const char *text)
{
    cleanup(free) char *path = memory_format("%s/%s", folder, name);

    cr_assert_eq(file_replace(path, text, strlen(text), 0600, NULL), 0);
}

Test(sim, an_object_that_looks_the_same_is_not_read)
{
    open_sim("{}");
    free(reconcile("op1", "A", "{\"n\":1}"));
    cr_expect_eq(observe(), OBSERVE_FOUND);
    cr_expect(as_before);
    put_file("objects/" UID ".json", "{\"effect\":\"A\",\"desired\":{\"n\":2}}");
    cr_expect_eq(observe(), OBSERVE_FOUND);
    cr_expect_not(as_before);
}

Test(sim, results_that_the_config_changes_are_noticed)
{
    open_sim("{\"results\":{\"A\":{\"v\":1}}}");
    free(reconcile("op1", "A", "{}"));
    sim_deinit(&provider);
    open_sim("{\"results\":{\"A\":{\"v\":2}}}");
    cr_expect_eq(observe(), OBSERVE_FOUND);
    cr_expect_not(as_before);
}

Test(sim, objects_are_lost_when_a_file_says_so)
{
    static const char *const names[] = {UID, "D.A", "A"};

    open_sim("{}");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        cleanup(free) char *lines = memory_format("nobody\n%s\n", names[i]);
        free(reconcile("op1", "A", "{}"));
        put_file("lose", "nobody\n");
        cr_expect_eq(observe(), OBSERVE_FOUND);
        put_file("lose", lines);
        cr_expect_eq(observe(), OBSERVE_ABSENT, "%s", names[i]);
    }
}

Test(sim, calls_fail_while_a_file_says_so)
{
    cleanup(free) char *path = memory_format("%s/fail.json", folder);

    open_sim("{}");
    put_file("fail.json", "{\"A\":\"the disk is full\"}");
    expect_reconcile("op1", "A", "{}", "VALIDATION_FAILED");
    cr_expect_eq(observe(), OBSERVE_ABSENT);
    cr_assert_eq(unlink(path), 0);
    expect_reconcile("op2", "A", "{}", "{\"id\":\"sim-9a000000\",\"effect\":\"A\"}");
}

static void put_outside(const char *name, const char *text)
{
    cleanup(free) char *path = memory_format("%s/outside", folder);
    cleanup(free) char *file = memory_format("outside/%s.json", name);

    cr_assert_eq(folder_make(path, 0700, NULL), 0);
    put_file(file, text);
}

Test(sim, what_is_nobodys_stands_in_the_way_of_its_name)
{
    open_sim("{}");
    put_outside("x", "{\"effect\":\"A\",\"desired\":{\"name\":\"web\"}}");
    expect_reconcile("op1", "A", "{\"name\":\"db\"}",
                     "{\"id\":\"sim-9a000000\",\"effect\":\"A\",\"name\":\"db\"}");
    put_file("lose", UID);
    expect_reconcile("op2", "A", "{\"name\":\"web\"}", "NOT_OWNED");
    expect_fact("count", "{\"0\":\"A\"}", "0");
    adopted = "";
    expect_reconcile("op3", "A", "{\"name\":\"web\"}",
                     "{\"id\":\"x\",\"effect\":\"A\",\"name\":\"web\"}");
    expect_reconcile("op4", "A", "{\"name\":\"web\",\"n\":1}",
                     "{\"id\":\"x\",\"effect\":\"A\",\"name\":\"web\",\"n\":1}");
}

Test(sim, an_object_is_taken_over_with_the_name_it_has)
{
    ProviderFinding found[FINDINGS_MAX] = {0};
    ProviderProblem problem = {0};

    open_sim("{}");
    put_outside("sim-11111111", "{\"effect\":\"A\",\"desired\":{\"n\":1}}");
    cr_assert_eq(provider.lookup(&provider, "A", "sim-11111111", NULL, found, &problem), 1);
    cr_expect_eq(json_get_int(found[0].desired, "n", 0), 1);
    cr_expect_str_eq(json_get_string(found[0].state, "id", ""), "sim-11111111");
    free(found[0].external_id);
    json_free(found[0].state);
    json_free(found[0].desired);
    cr_expect_eq(provider.lookup(&provider, "B", NULL, "n", found, &problem), 0);

    adopted = "sim-none";
    expect_reconcile("op1", "A", "{\"n\":2}", "NOT_FOUND");
    adopted = "sim-11111111";
    expect_reconcile("op2", "A", "{\"n\":2}", "{\"id\":\"sim-11111111\",\"effect\":\"A\",\"n\":2}");
    expect_reconcile("op3", "A", "{\"n\":3}", "{\"id\":\"sim-11111111\",\"effect\":\"A\",\"n\":3}");
    expect_fact("count", "{\"0\":\"A\"}", "1");
}
