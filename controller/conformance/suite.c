#include "controller/conformance/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "controller/conformance/shown.h"
#include "controller/conformance/thing.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"

/* ---- which rules ---- */

static bool is_chosen(const SuiteOptions *options, const Rule *rule)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (rule_is(rule, options->only[i]))
            return true;
    return options->only_count == 0;
}

static bool is_a_rule(const char *text)
{
    const Rule *rule;

    for (size_t i = 0; (rule = rule_at(i)) != NULL; i++)
        if (rule_is(rule, text))
            return true;
    return false;
}

int suite_count(const SuiteOptions *options, size_t *ret, Error *err)
{
    const Rule *rule;
    size_t count = 0;

    for (size_t i = 0; i < options->only_count; i++)
        if (!is_a_rule(options->only[i]))
            return error_set(err, ERROR_USAGE,
                             "--only '%s': no such rule; docs/conformance.md lists them",
                             options->only[i]);
    for (size_t i = 0; (rule = rule_at(i)) != NULL; i++)
        count += is_chosen(options, rule);
    *ret = count;
    return 0;
}

/* ---- the bench ---- */

static void bench_close(Bench *bench)
{
    wire_free(bench->wire);
    subject_close(bench->subject);
    json_free(bench->handshake);
    json_free(bench->schema);
    json_free(bench->samples);
}
#define bench_close_p bench_close

/* A document the provider has to show before anything can be tried. */
static int read_document(Bench *bench, const char *path, Json **ret, Error *err)
{
    Trial trial;
    int code = 0;

    trial_init(&trial, bench, rule_at(0));
    const Exchange *exchange = trial_get(&trial, "%s", path);
    if (exchange->status == 401 || exchange->status == 403)
        code = error_set(err, ERROR_AUTH, "'%s' answers GET %s with %d: %.300s",
                         subject_url(bench->subject), path, exchange->status,
                         json_get_string(exchange->json, "detail", "it does not know us"));
    else if (exchange->status == 0)
        code = error_set(err, ERROR_PROVIDER, "'%s' does not answer GET %s: %s",
                         subject_url(bench->subject), path, exchange->error);
    else if (exchange->status == 200 && json_is_object(exchange->json))
        *ret = json_copy(exchange->json);
    else
        code = error_set(err, ERROR_PROVIDER,
                         "'%s' answers GET %s with %d, expected 200 and a JSON object",
                         subject_url(bench->subject), path, exchange->status);
    trial_deinit(&trial);
    return code;
}

static int bench_open(Bench *bench, const SubjectOptions *options, int64_t timeout_ms, Error *err)
{
    uint8_t run[8] = {0};
    int code;

    if (getrandom(run, sizeof run, 0) != sizeof run)
        return error_set(err, ERROR_INTERNAL, "read random bytes");
    hex_encode(run, sizeof run, bench->run);
    bench->until_ms = bench_now_ms() + timeout_ms;
    if ((code = wire_new(&bench->wire, err)) < 0 ||
        (code = subject_open(options, &bench->subject, err)) < 0 ||
        (code = read_document(bench, "/.well-known/ved-provider", &bench->handshake, err)) < 0)
        return code;
    return read_document(bench, "/v1/schema", &bench->schema, err);
}

/* ---- one rule ---- */

static bool has_member(const Json *samples, const char *key)
{
    return json_count(json_get(samples, key)) > 0;
}

/* What the rule cannot be tried without and is not there; NULL: nothing. */
static const char *missing(const Bench *bench, const Rule *rule)
{
    if ((rule->needs & NEED_PROCESS) && !subject_is_ours(bench->subject))
        return "a plugin that is started here, to be killed";
    if ((rule->needs & NEED_ACTION) && !has_member(bench->samples, "actions"))
        return "the samples to have an action";
    if ((rule->needs & NEED_QUERY) && !has_member(bench->samples, "queries"))
        return "the samples to have a query";
    for (SampleKind kind = SAMPLE_DESIRED; kind <= SAMPLE_TEXT; kind++)
        if ((rule->needs & (1u << kind)) && samples_find(bench->samples, kind) == NULL)
            return sample_what(kind);
    return NULL;
}

static void try_rule(Trial *trial)
{
    const Rule *rule = trial->rule;
    const char *wanted = missing(trial->bench, rule);

    if (rule->capability != NULL && !bench_has(trial->bench, rule->capability))
        trial_skip(trial, "it does not advertise '%s'", rule->capability);
    else if (wanted != NULL)
        trial_skip(trial, "this needs %s", wanted);
    else if (bench_now_ms() > trial->bench->until_ms)
        trial_fail(trial, NULL, "not tried: --timeout has passed");
    else
        rule->function(trial);
}

/* A plugin that has died of a rule is started again for the next one. */
static void revive(Trial *trial)
{
    Subject *subject = trial->bench->subject;

    if (!subject_is_ours(subject) || trial->state != TRIAL_FAILED ||
        trial_get(trial, "/v1/health")->status != 0)
        return;
    subject_kill(subject);
    wire_hang_up(trial->bench->wire);
    subject_start(subject, NULL);
}

static void run_rule(Bench *bench, const Rule *rule, SuiteReport *report, void *context,
                     SuiteCounts *counts)
{
    Trial trial;

    trial_init(&trial, bench, rule);
    try_rule(&trial);
    cleanup(json_free) Json *result = shown_result(&trial);
    counts->passed += trial.state == TRIAL_PASSED;
    counts->failed += trial.state == TRIAL_FAILED;
    counts->skipped += trial.state == TRIAL_SKIPPED;
    report(context, result);
    revive(&trial);
    things_remove(&trial);
    trial_deinit(&trial);
}

int suite_run(const SuiteOptions *options, SuiteReport *report, void *context, SuiteCounts *ret,
              Error *err)
{
    cleanup(bench_close) Bench bench = {0};
    const Rule *rule;
    int code;

    if (options->samples != NULL &&
        (code = samples_load(options->samples, &bench.samples, err)) < 0)
        return code;
    if ((code = bench_open(&bench, &options->subject, options->timeout_ms, err)) < 0)
        return code;
    if (bench.samples == NULL)
        bench.samples = samples_of_schema(bench.schema);
    *ret = (SuiteCounts){0};
    for (size_t i = 0; (rule = rule_at(i)) != NULL; i++)
        if (is_chosen(options, rule))
            run_rule(&bench, rule, report, context, ret);
    return 0;
}

int suite_describe(const SubjectOptions *options, Json **ret, Error *err)
{
    cleanup(bench_close) Bench bench = {0};
    int code = bench_open(&bench, options, 60000, err);

    if (code < 0)
        return code;
    *ret = json_new_object();
    json_set(*ret, "handshake", take(bench.handshake));
    json_set(*ret, "schema", take(bench.schema));
    return 0;
}
