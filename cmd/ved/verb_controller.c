/* ved controller: stacks that are kept as their programs say, for ever, in one process and on one
 * loop; each with its own state, providers and fate. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/controlled.h"
#include "controller/host/file_watch.h"
#include "lang/base/memory.h"

/* An editor writes a file in more than one go. */
#define SETTLED_MS 200

typedef struct Controller {
    Ui *ui;
    Loop *loop;
    Controlled *stacks;
    size_t count;
    FileWatch *files;
    LoopTimer *settled; /* since files have changed */
    bool wants_reload;
    int signal_number;
} Controller;

static void on_end(void *context, int signal_number)
{
    Controller *controller = context;

    controller->signal_number = signal_number;
    for (size_t i = 0; i < controller->count; i++)
        controlled_signal(&controller->stacks[i], signal_number);
    loop_stop(controller->loop);
}

static void want_reload(void *context)
{
    Controller *controller = context;

    controller->wants_reload = true;
}

static void on_hangup(void *context, int signal_number)
{
    (void)signal_number;
    want_reload(context);
}

static void on_changed(void *context)
{
    const Controller *controller = context;

    loop_timer_set(controller->settled, SETTLED_MS);
}

static int watch(Controller *controller, Error *err)
{
    Loop *loop = controller->loop;
    int code = 0;

    controller->settled = loop_timer_new(loop, want_reload, controller);
    if (file_watch_new(loop, on_changed, controller, &controller->files, err) < 0 ||
        loop_on_signal(loop, SIGINT, on_end, controller, err) < 0 ||
        loop_on_signal(loop, SIGTERM, on_end, controller, err) < 0 ||
        loop_on_signal(loop, SIGHUP, on_hangup, controller, err) < 0)
        return err->code;
    for (size_t i = 0; i < controller->count && code == 0; i++)
        code = file_watch_add(controller->files, controller->stacks[i].file, err);
    return code;
}

static void reload_all(Controller *controller)
{
    controller->wants_reload = false;
    for (size_t i = 0; i < controller->count && controller->signal_number == 0; i++) {
        controlled_reload(&controller->stacks[i]);
        controlled_look(&controller->stacks[i]);
    }
}

static bool any_runs(Controller *controller)
{
    bool runs = false;

    for (size_t i = 0; i < controller->count; i++)
        runs |= controlled_runs(&controller->stacks[i]);
    return runs;
}

static void run(Controller *controller)
{
    for (size_t i = 0; i < controller->count && controller->signal_number == 0; i++)
        controlled_start(&controller->stacks[i]);
    while (any_runs(controller)) {
        loop_run_once(controller->loop);
        if (controller->wants_reload && controller->signal_number == 0)
            reload_all(controller);
    }
}

static void controller_deinit(Controller *controller)
{
    for (size_t i = 0; i < controller->count; i++)
        controlled_close(&controller->stacks[i]);
    free(controller->stacks);
    file_watch_free(controller->files);
    loop_timer_free(controller->settled);
    loop_free(controller->loop);
}
#define controller_deinit_p controller_deinit

static ExitReasons reasons_of(const Controller *controller)
{
    ExitReasons reasons = controller->signal_number == SIGTERM  ? EXIT_BIT(TERMINATED)
                          : controller->signal_number == SIGINT ? EXIT_BIT(INTERRUPTED)
                                                                : 0;

    for (size_t i = 0; i < controller->count; i++)
        reasons |= controller->stacks[i].reasons;
    return reasons;
}

static int options_check(const Options *options, Error *err)
{
    if (options->arg_count == 0)
        return error_set(err, ERROR_USAGE,
                         "controller: expected the programs to run: ved controller FILE...");
    if (options->arg_count > 1 && options->state != NULL)
        return error_set(err, ERROR_USAGE,
                         "controller: --state '%s' is one folder, and %d programs need one each: "
                         "leave it out, or run a controller for each",
                         options->state, options->arg_count);
    return 0;
}

ExitReasons verb_controller(Ui *ui, const Options *options)
{
    cleanup(controller_deinit) Controller controller = {.ui = ui};
    Error err = {0};

    if (options_check(options, &err) < 0 || loop_new(&controller.loop, &err) < 0)
        return fail(ui, &err);
    ui_make_log(ui);
    controller.count = (size_t)options->arg_count;
    controller.stacks = memory_zero(controller.count, sizeof *controller.stacks);
    for (size_t i = 0; i < controller.count; i++)
        controlled_init(&controller.stacks[i], ui, options, options->args[i], controller.loop);
    if (watch(&controller, &err) < 0)
        return fail(ui, &err);
    run(&controller);
    return reasons_of(&controller);
}
