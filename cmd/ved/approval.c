/* What is asked, shown and checked before a run changes anything: whether an edit can be passed on,
 * and whether somebody agrees to what it takes away. */
#include "cmd/ved/approval.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ved/render.h"
#include "cmd/ved/replacing.h"
#include "controller/core/snapshot.h"

static int runtime_copy(const Runtime *original, Runtime **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer snapshot = {0};
    cleanup(json_free) Json *json = NULL;
    cleanup(runtime_free) Runtime *copy =
        runtime_new(original->program, original->bindings, original->lineage);

    snapshot_write(original, &snapshot);
    copy->first_values = original->first_values;
    if (json_parse_own(buffer_text(&snapshot), snapshot.size, &json, err) < 0 ||
        snapshot_read(copy, json, false, err) < 0)
        return err->code;
    *ret = take(copy);
    return 0;
}

/* What the run begins with: passed on to a changed program as the state will be, and marked as the
 * command line says. */
static int copy_make(const Approval *approval, bool destroy, Runtime **ret, Error *err)
{
    Stack *stack = approval->invocation->stack;
    cleanup(runtime_free) Runtime *copy = NULL;
    int code = !destroy && stack_is_passed_on(stack) ? stack_successor(stack, &copy, err)
                                                     : runtime_copy(stack->runtime, &copy, err);

    if (code == 0)
        code = replacing_predict(stack, copy, approval->invocation->options, err);
    if (code == 0)
        *ret = take(copy);
    return code;
}

/* Before an edit what was sent is awaited, and the world is looked at, which is recorded; an edit
 * that is refused, as far as that can be told without either, is refused before. */
int approval_check_edit(const Approval *approval, Error *err)
{
    Stack *stack = approval->invocation->stack;
    Runtime *original = stack->runtime, *copy = NULL, *successor = NULL;

    if (!stack_is_passed_on(stack))
        return 0;
    if (performing_first(original) == NULL) {
        int code = stack_successor(stack, &successor, err);
        runtime_free(successor);
        return code;
    }
    if (runtime_copy(original, &copy, err) < 0)
        return err->code;
    stack->runtime = copy;
    plan_settle(stack);
    int code = stack_successor(stack, &successor, err);
    stack->runtime = original;
    runtime_free(successor);
    runtime_free(copy);
    return code;
}

/* Without a plan to approve, what is to be replaced is still looked up before anything is touched.
 */
static int marks_check(const Approval *approval, Error *err)
{
    Runtime *copy = NULL;

    if (approval->invocation->options->replace_count == 0)
        return 0;
    if (copy_make(approval, false, &copy, err) < 0)
        return err->code;
    runtime_free(copy);
    return 0;
}

typedef bool PlanFilter(const Plan *plan);

static bool has_effects(const Plan *plan)
{
    return plan_size(plan) > 0;
}

static bool loses_objects(const Plan *plan)
{
    return plan->by_edit > 0;
}

/* The prediction is made on a copy: who declines leaves the state as it was. A plan that
 * `is_asked_about` is shown. */
static Plan *predict(Approval *approval, bool destroy, PlanFilter *is_asked_about, Error *err)
{
    Stack *stack = approval->invocation->stack;
    Runtime *original = stack->runtime, *copy = NULL;

    if (copy_make(approval, destroy, &copy, err) < 0)
        return NULL;
    stack->runtime = copy;
    Plan *plan = destroy ? plan_destroy(stack)
                         : plan_apply(stack, approval->invocation->options->max_slices, 1);
    approval->shown = is_asked_about(plan);
    if (approval->shown)
        render_plan(approval->invocation->ui, plan, copy, destroy);
    stack->runtime = original;
    runtime_free(copy);
    return plan;
}

static void on_answer(void *context)
{
    Approval *approval = context;

    approval->answered = true;
    loop_stop(approval->invocation->stack->loop);
}

/* Waits in the loop, so that a signal ends the waiting. */
static int answer_await(Approval *approval)
{
    Loop *loop = approval->invocation->stack->loop;
    LoopWatch *watch = loop_watch_new(loop, STDIN_FILENO, true, false, on_answer, approval);

    while (!approval->answered && engine_signal(approval->engine) == 0)
        loop_run(loop);
    loop_watch_free(watch);
    return approval->answered ? 0 : APPROVAL_STOPPED;
}

static bool answer_is_yes(void)
{
    char line[64];

    return fgets(line, sizeof line, stdin) != NULL && strcmp(line, "yes\n") == 0;
}

static void render_declined(Ui *ui, const Plan *plan)
{
    ui_out(ui,
           "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed, 0 failed, 0 unknown, "
           "%u not attempted.\n",
           plan_size(plan));
}

static int ask(Approval *approval, const Plan *plan, Error *err)
{
    Ui *ui = approval->invocation->ui;

    ui_out(ui, "\nDo you want Ved to do this? Only 'yes' is taken for yes: ");
    fflush(stdout);
    int stopped = answer_await(approval);
    bool yes = stopped == 0 && answer_is_yes();
    ui_out(ui, "\n");
    if (yes)
        return 0;
    render_declined(ui, plan);
    if (stopped != 0)
        return stopped;
    return error_set(err, ERROR_DECLINED, "declined: nothing was done");
}

static bool is_attended(const Options *options)
{
    return !options->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static bool has_leftover(const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        if (object->condemned || (object->origin != NULL && object->origin->stale))
            return true;
    }
    return false;
}

/* Nobody can be asked. What an edit takes away needs to have been approved before. */
static int approve_unattended(Approval *approval, Error *err)
{
    const Stack *stack = approval->invocation->stack;

    if (!stack_is_passed_on(stack) && !has_leftover(stack->runtime) &&
        approval->invocation->options->replace_count == 0)
        return 0;
    cleanup(plan_free) Plan *plan = predict(approval, false, loses_objects, err);
    if (plan == NULL)
        return err->code;
    if (plan->by_edit == 0)
        return 0;
    render_plan_events(approval->invocation->ui, plan);
    render_declined(approval->invocation->ui, plan);
    return error_set(err, ERROR_DECLINED,
                     "this edit destroys or replaces %u object%s, and there is nobody to ask: look "
                     "at the plan, then `ved apply --auto-approve`, or `ved plan --out P` and `ved "
                     "apply P`; nothing was done",
                     plan->by_edit, plan->by_edit == 1 ? "" : "s");
}

/* On a terminal the plan is shown and approved. Elsewhere the verb is the approval, but for what an
 * edit takes away. */
int approval_get(Approval *approval, bool destroy, Error *err)
{
    const Options *options = approval->invocation->options;

    if (options->auto_approve || approval->is_given)
        return marks_check(approval, err);
    if (approval->unattended || !is_attended(options))
        return destroy ? 0 : approve_unattended(approval, err);
    cleanup(plan_free) Plan *plan = predict(approval, destroy, has_effects, err);
    if (plan == NULL)
        return err->code;
    return approval->shown ? ask(approval, plan, err) : 0;
}
