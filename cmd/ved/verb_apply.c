/* ved apply, ved destroy: the engine until it is quiet, and what that means for the exit code. */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ved/approval.h"
#include "cmd/ved/engine_end.h"
#include "cmd/ved/progress.h"
#include "cmd/ved/replacing.h"
#include "cmd/ved/plan_sets.h"
#include "cmd/ved/render.h"
#include "cmd/ved/invocation.h"
#include "controller/core/snapshot.h"
#include "controller/host/engine.h"
#include "controller/host/protection.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define PLAN_FILE_MAX ((size_t)256 << 20)

typedef struct Apply {
    Invocation invocation;
    Progress *progress;
    Engine *engine;
    Json *plan;      /* a saved one that must be kept to; NULL */
    Options planned; /* with the plan's, where the command line gives none */
    Approval approval;
} Apply;

static void apply_deinit(Apply *apply)
{
    engine_free(apply->engine);
    progress_free(apply->progress);
    invocation_close(&apply->invocation);
    free(apply->planned.sets);
    free(apply->planned.providers);
    free(apply->planned.replaces);
    json_free(apply->plan);
}
#define apply_deinit_p apply_deinit

/* ---- saved plans ---- */

static int plan_load(const char *file, Json **ret, Program **ret_program, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;

    if (file_read(file, PLAN_FILE_MAX, &text, err) < 0) {
        error_wrap(err, "saved plan (a program's name ends in .ved)");
        return err->code = ERROR_USAGE;
    }
    if (json_parse_own(buffer_text(&text), text.size, &json, err) < 0 ||
        strcmp(json_get_string(json, "kind", ""), "ved.plan") != 0)
        return error_set(err, ERROR_USAGE,
                         "'%s' is neither a program (*.ved) nor a plan saved by ved plan --out",
                         file);
    const char *program = json_get_string(json, "program", "");
    *ret_program =
        program_compile(json_get_string(json, "file", "plan.ved"), program, strlen(program));
    if (!(*ret_program)->valid) {
        program_free(take(*ret_program));
        return error_set(err, ERROR_STALE,
                         "'%s': its program does not compile with this ved: plan again", file);
    }
    *ret = take(json);
    return 0;
}

static const char **list_join(const Json *planned, const char **given, size_t given_count,
                              size_t *ret_count)
{
    const char **list = memory_zero(json_count(planned) + given_count + 1, sizeof *list);
    size_t count = 0;

    for (const Json *text = json_first(planned); text != NULL; text = json_next(text))
        list[count++] = json_string(text, "");
    for (size_t i = 0; i < given_count; i++)
        list[count++] = given[i];
    *ret_count = count;
    return list;
}

/* The plan was made for one state and one set of bindings: these are meant, wherever we are. */
static const Options *plan_options(Apply *apply, const Options *given)
{
    const Json *saved = json_get(apply->plan, "options");
    Options *planned = &apply->planned;

    *planned = *given;
    if (given->state == NULL && given->stack == NULL)
        planned->state = json_get_string(saved, "state", NULL);
    if (given->bindings == NULL)
        planned->bindings = json_get_string(saved, "bindings", NULL);
    planned->sets =
        list_join(json_get(saved, "sets"), given->sets, given->set_count, &planned->set_count);
    planned->replaces = list_join(json_get(saved, "replaces"), given->replaces,
                                  given->replace_count, &planned->replace_count);
    planned->providers = list_join(json_get(saved, "providers"), given->providers,
                                   given->provider_count, &planned->provider_count);
    return planned;
}

/* Connected, we know what the bindings and parameters of this run are. */
static int plan_check_digest(const Apply *apply, Error *err)
{
    if (strcmp(json_get_string(apply->plan, "digest", ""), apply->invocation.stack->digest) == 0)
        return 0;
    return error_set(err, ERROR_STALE,
                     "the plan was made with other bindings or parameters than this run has: plan "
                     "again");
}

static int plan_check(const Apply *apply, Error *err)
{
    const Stack *stack = apply->invocation.stack;
    assert(stack != NULL);
    const char *lineage = json_get_string(apply->plan, "lineage", "");
    uint64_t serial = (uint64_t)json_get_int(apply->plan, "serial", 0);

    if (lineage[0] != '\0' && strcmp(lineage, stack->runtime->lineage) != 0)
        return error_set(err, ERROR_STALE,
                         "the plan was made for another state (lineage %s, found %s): plan again",
                         lineage, stack->runtime->lineage);
    if (serial != stack->recovery.position)
        return error_set(err, ERROR_STALE,
                         "the state has changed since the plan was made (position %llu, found "
                         "%llu): plan again",
                         (unsigned long long)serial, (unsigned long long)stack->recovery.position);
    return 0;
}

static bool may_call(void *user, const Intent *intent, const char *action)
{
    const Apply *apply = user;

    return plan_allows(apply->plan, intent->address, action, intent->arguments);
}

/* ---- the end ---- */

static Json *counts_json(const EngineCounts *counts, const char *operation)
{
    Json *json = json_new_object();

    json_set_int(json, "add", counts->added);
    json_set_int(json, "change", counts->changed);
    json_set_int(json, "remove", counts->destroyed);
    json_set_int(json, "run", counts->run);
    json_set_int(json, "failed", counts->failed);
    json_set_int(json, "unknown", counts->unknown);
    json_set_string(json, "operation", operation);
    return json;
}

static size_t lost_objects(const Runtime *runtime)
{
    size_t count = 0;

    for (size_t i = 0; i < runtime->object_count; i++)
        count += runtime->objects[i]->state == OBJECT_LOST;
    return count;
}

/* Open intents, lost objects and what a destroy did not come to. */
static unsigned not_attempted(const Runtime *runtime, bool destroy, const EngineCounts *counts)
{
    unsigned count = 0;

    for (const Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; k < i->active->pending->intent_count; k++)
            count += i->active->pending->intents[k]->state == INTENT_OPEN;
    size_t objects = destroy ? runtime->object_count : lost_objects(runtime);
    count += objects > counts->failed ? (unsigned)objects - counts->failed : 0;
    return count >= counts->unknown ? count - counts->unknown : 0;
}

static void render_end(Ui *ui, const Apply *apply, bool complete, bool destroy)
{
    const EngineCounts *counts = engine_counts(apply->engine);
    unsigned total = counts->added + counts->changed + counts->destroyed + counts->run;
    Json *json = json_new_object();

    json_set(json, "changes", counts_json(counts, destroy ? "destroy" : "apply"));
    ui_counts(ui, counts_json(counts, destroy ? "destroy" : "apply"));
    ui_event(ui, "change_summary", "info", json, "Resources: %u added, %u changed, %u destroyed",
             counts->added, counts->changed, counts->destroyed);
    if (complete && total == 0 && !destroy) {
        ui_out(ui, "No changes. Your infrastructure matches the configuration.\n");
        return;
    }
    ui_out(ui, "Apply %s! Resources: %u added, %u changed, %u destroyed",
           complete ? "complete" : "incomplete", counts->added, counts->changed, counts->destroyed);
    if (complete && counts->run > 0)
        ui_out(ui, ", %u run", counts->run);
    if (complete && counts->unknown > 0)
        ui_out(ui, ", %u unknown", counts->unknown);
    if (!complete)
        ui_out(ui, ", %u failed, %u unknown, %u not attempted", counts->failed, counts->unknown,
               not_attempted(apply->invocation.stack->runtime, destroy, counts));
    ui_out(ui, ".\n");
}

/* Also by an earlier run: a fault stays until the program or its bindings change. */
static bool has_fault(const Runtime *runtime)
{
    bool found = false;

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (uint32_t g = 0; g < i->domain->goal_count; g++)
            found |= goal_status(i, g) == GOAL_FAULTED;
    return found;
}

static ExitReasons reasons_of_failures(const Apply *apply, size_t unmet)
{
    const Engine *engine = apply->engine;
    const EngineCounts *counts = engine_counts(engine);
    ExitReasons reasons = 0;

    if (counts->unknown > 0)
        reasons |= EXIT_BIT(UNKNOWN);
    if (counts->dead_letters > 0)
        reasons |= EXIT_BIT(FAILED);
    if (unmet == 0)
        return reasons; /* whatever failed was made good */
    reasons |= engine_failure_reasons(engine);
    if (counts->faults > 0 || has_fault(apply->invocation.stack->runtime))
        reasons |= EXIT_BIT(FAILED);
    return reasons | EXIT_BIT(NOT_CONVERGED);
}

static ExitReasons reasons_of_end(const Apply *apply, EngineEnd end, size_t unmet)
{
    ExitReasons reasons = engine_end_reasons(apply->engine, end);

    return end == ENGINE_INTERRUPTED ? reasons : reasons | reasons_of_failures(apply, unmet);
}

static ExitReasons apply_end(Apply *apply, EngineEnd end, const Error *failure)
{
    Ui *ui = apply->invocation.ui;
    Error err;
    ExitReasons reasons = end == ENGINE_FAILED ? fail(ui, failure) : 0;

    if (end != ENGINE_FAILED && engine_finish(apply->engine, &err) < 0)
        reasons |= fail(ui, &err);
    render_left(ui, apply->invocation.stack->runtime);
    size_t unmet =
        render_unmet_goals(ui, apply->invocation.stack->runtime, end == ENGINE_INTERRUPTED);
    if (end == ENGINE_TIMEOUT)
        engine_end_tell_timeout(ui);
    unmet += lost_objects(apply->invocation.stack->runtime);
    if (end == ENGINE_QUIET)
        unmet += render_undone(ui, apply->invocation.stack->runtime);
    reasons |= reasons_of_end(apply, end, unmet);
    if (render_stuck(ui, apply->invocation.stack->runtime) > 0)
        reasons |= EXIT_BIT(FAILED);
    render_reach(ui, apply->invocation.stack->runtime);
    if (reasons == 0)
        ui_event(ui, "converged", "info", NULL, "every goal is met");
    if (apply->invocation.options->digests)
        render_digest(ui, apply->invocation.stack->runtime);
    render_end(ui, apply, reasons == 0, false);
    return reasons;
}

/* ---- the run ---- */

static void engine_make(Apply *apply)
{
    const Options *options = apply->invocation.options;
    EngineOptions engine = {.max_slices = options->max_slices,
                            .timeout_ms = options->timeout_ms,
                            .adopt = options->adopt,
                            .notes_slices = true};

    apply->progress = progress_new(apply->invocation.ui, apply->invocation.stack);
    EngineObserver observer = progress_observer(apply->progress);
    if (apply->plan != NULL) {
        engine.may_call = may_call;
        engine.may_call_user = apply;
    }
    apply->engine = engine_new(apply->invocation.stack, &engine, &observer);
    apply->approval = (Approval){
        .invocation = &apply->invocation, .engine = apply->engine, .is_given = apply->plan != NULL};
}

/* What an earlier process had sent under another program, or before a destroy, is asked about
 * first. */
static EngineEnd settle_if(Apply *apply, bool needed, Error *err)
{
    return needed ? engine_settle(apply->engine, err) : ENGINE_QUIET;
}

static ExitReasons apply_run(Apply *apply)
{
    Error err = {0};
    Stack *stack = apply->invocation.stack;

    if (approval_check_edit(&apply->approval, &err) < 0)
        return fail(apply->invocation.ui, &err);
    EngineEnd end = engine_observe(apply->engine, &err);
    if (end == ENGINE_FAILED)
        return fail(apply->invocation.ui, &err);
    if (end == ENGINE_INTERRUPTED)
        return invocation_stopped(&apply->invocation);
    if (end == ENGINE_QUIET)
        end = settle_if(apply, stack->changed || stack->old_program != NULL, &err);
    if (end != ENGINE_QUIET)
        return apply_end(apply, end, &err);
    int code = approval_get(&apply->approval, false, &err);
    if (code == APPROVAL_STOPPED)
        return invocation_stopped(&apply->invocation);
    if (code < 0 || stack_evolve(stack, &err) < 0 ||
        replacing_make(stack, apply->invocation.options, &err) < 0)
        return fail(apply->invocation.ui, &err);
    if (!apply->approval.shown)
        render_notes(apply->invocation.ui, stack->report.notes, stack->report.note_count);
    end = engine_apply(apply->engine, &err);
    return apply_end(apply, end, &err);
}

/* ---- destroy ---- */

static ExitReasons destroy_end(Apply *apply, EngineEnd end, const Error *failure)
{
    Ui *ui = apply->invocation.ui;
    const Runtime *runtime = apply->invocation.stack->runtime;
    ExitReasons reasons = end == ENGINE_FAILED ? fail(ui, failure) : 0;
    Error err;

    if (end != ENGINE_FAILED && engine_finish(apply->engine, &err) < 0)
        reasons |= fail(ui, &err);
    reasons |= reasons_of_end(apply, end, runtime->object_count);
    render_end(ui, apply, reasons == 0 && runtime->object_count == 0, true);
    return reasons;
}

static ExitReasons destroy_run(Apply *apply)
{
    Error err = {0};
    int code = protection_check_destroy(apply->invocation.stack, &err);

    if (code == 0)
        code = approval_get(&apply->approval, true, &err);
    if (code < 0)
        return fail(apply->invocation.ui, &err);
    if (code == APPROVAL_STOPPED)
        return invocation_stopped(&apply->invocation);
    EngineEnd end = settle_if(apply, true, &err);
    if (end != ENGINE_QUIET)
        return destroy_end(apply, end, &err);
    end = engine_destroy(apply->engine, &err);
    return destroy_end(apply, end, &err);
}

/* ---- the verbs ---- */

static bool is_program(const char *file)
{
    size_t length = strlen(file);

    return length > 4 && strcmp(file + length - 4, ".ved") == 0;
}

static ExitReasons connect_failed(Apply *apply, int code, const Error *err)
{
    return code == STACK_INTERRUPTED ? invocation_stopped(&apply->invocation)
                                     : fail(apply->invocation.ui, err);
}

static ExitReasons connect_and_run(Apply *apply, bool destroy)
{
    Error err = {0};
    int code = invocation_connect(&apply->invocation, &err);

    if (code != 0)
        return connect_failed(apply, code, &err);
    if (apply->plan != NULL && plan_check_digest(apply, &err) < 0)
        return fail(apply->invocation.ui, &err);
    engine_make(apply);
    return destroy ? destroy_run(apply) : apply_run(apply);
}

/* `program` is the plan's and taken over. */
static ExitReasons apply_saved(Apply *apply, Ui *ui, const Options *given, Program *program)
{
    Error err = {0};
    const Options *options = plan_options(apply, given);
    const char *file = json_get_string(apply->plan, "file", "plan.ved");
    bool destroy = json_get_bool(apply->plan, "destroy", false);

    if (plan_sets_check(apply->plan, given, &err) < 0) {
        program_free(program);
        return fail(ui, &err);
    }
    if (destroy)
        program_free(take(program)); /* a destroy needs the state's own */
    int code = destroy ? invocation_open_state(&apply->invocation, ui, options, file,
                                               INVOCATION_CHANGE, &err)
                       : invocation_open(&apply->invocation, ui, options, file, program,
                                         INVOCATION_CHANGE, &err);
    if (code < 0 || plan_check(apply, &err) < 0)
        return fail(ui, &err);
    return connect_and_run(apply, destroy);
}

ExitReasons verb_apply(Ui *ui, const Options *options)
{
    cleanup(apply_deinit) Apply apply = {0};
    Program *program = NULL;
    Error err = {0};

    if (options->arg_count != 1) {
        error_set(&err, ERROR_USAGE, "apply: expected one program or saved plan: ved apply FILE");
        return fail(ui, &err);
    }
    const char *file = options->args[0];
    if (!is_program(file)) {
        if (plan_load(file, &apply.plan, &program, &err) < 0)
            return fail(ui, &err);
        return apply_saved(&apply, ui, options, program);
    }
    if (invocation_open(&apply.invocation, ui, options, file, NULL, INVOCATION_CHANGE, &err) < 0)
        return fail(ui, &err);
    return connect_and_run(&apply, false);
}

ExitReasons verb_destroy(Ui *ui, const Options *options)
{
    cleanup(apply_deinit) Apply apply = {0};
    Error err = {0};

    if (options->arg_count > 1) {
        error_set(&err, ERROR_USAGE, "destroy: expected at most one program: ved destroy [FILE]");
        return fail(ui, &err);
    }
    if (invocation_open_state(&apply.invocation, ui, options,
                              options->arg_count == 1 ? options->args[0] : NULL, INVOCATION_CHANGE,
                              &err) < 0)
        return fail(ui, &err);
    return connect_and_run(&apply, true);
}
