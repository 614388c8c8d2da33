#include "invocation.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/host/bind.h"
#include "controller/host/catalog_offline.h"
#include "controller/host/program_file.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

ExitReasons fail(Ui *ui, const Error *err)
{
    ui_error(ui, err);
    return exit_reason_of_error(err->code);
}

ExitReasons each_file(Ui *ui, const Options *options, const char *usage, FileFunction *function)
{
    ExitReasons reasons = 0;
    Error err;

    if (options->arg_count == 0) {
        error_set(&err, ERROR_USAGE, "%s", usage);
        return fail(ui, &err);
    }
    for (int i = 0; i < options->arg_count; i++)
        reasons |= function(ui, options, options->args[i]);
    return reasons;
}

int program_read(Ui *ui, const char *file, Program **ret, Error *err)
{
    Program *program;

    if (program_file_compile(file, &program, err) < 0) {
        error_wrap(err, "program");
        return err->code = ERROR_PROGRAM;
    }
    ui_diagnostics(ui, &program->diagnostics);
    if (!program->valid) {
        program_free(program);
        return error_set(err, ERROR_PROGRAM, "%s", "");
    }
    *ret = program;
    return 0;
}

/* ---- finding things ---- */

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash != NULL ? memory_copy_bytes(file, slash == file ? 1 : (size_t)(slash - file))
                         : memory_copy_string(".");
}

static char *name_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    size_t length = strlen(base);

    if (length > 4 && strcmp(base + length - 4, ".ved") == 0)
        length -= 4;
    return memory_copy_bytes(base, length);
}

char *plugin_folder(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length < 0)
        return memory_copy_string(".");
    path[length] = '\0';
    cleanup(free) char *folder = folder_of(path);
    cleanup(free) char *beside = memory_format("%s/ved-provider-local", folder);
    if (access(beside, X_OK) == 0)
        return take(folder);
    return memory_format("%s/../libexec/ved", folder);
}

static int config_find(const Invocation *invocation, Config **ret, Error *err)
{
    const char *path = invocation->options->bindings;
    cleanup(free) char *beside = memory_format("%s/ved.yaml", invocation->folder);

    if (path == NULL && file_exists(beside))
        path = beside;
    if (path != NULL)
        return config_load(path, ret, err);
    *ret = config_new();
    return 0;
}

/* What the command line says of providers. */
static void config_adjust(const Invocation *invocation, Config *config)
{
    for (size_t i = 0; i < invocation->options->provider_count; i++) {
        const char *text = invocation->options->providers[i], *equals = strchr(text, '=');
        cleanup(free) char *name = memory_copy_bytes(text, (size_t)(equals - text));
        config_bind(config, name, equals + 1);
    }
    for (size_t i = 0; invocation->options->parallelism > 0 && i < config->provider_count; i++)
        config->providers[i].concurrency = invocation->options->parallelism;
}

/* The stacks that have a state in .ved here; the only one's name is appended to `ret_names` alone.
 */
static int stacks_list(const char *folder, Buffer *ret_names, Error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int count = 0;

    if (dir == NULL)
        return error_set(err, ERROR_STATE,
                         "there is no state here ('%s'): name the stack's file or --state DIR",
                         folder);
    while ((entry = readdir(dir)) != NULL) {
        cleanup(free) char *made = memory_format("%s/%s/stack.json", folder, entry->d_name);
        if (entry->d_name[0] == '.' || !file_exists(made))
            continue; /* a plan leaves a folder, too, but no state */
        buffer_add_format(ret_names, "%s%s", count > 0 ? ", " : "", entry->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

static int name_from_folder(Invocation *invocation, Error *err)
{
    cleanup(buffer_deinit) Buffer names = {0};
    cleanup(free) char *states = memory_format("%s/.ved", invocation->folder);
    int count = stacks_list(states, &names, err);

    if (count < 0)
        return count;
    if (count != 1)
        return error_set(err, ERROR_USAGE,
                         count == 0 ? "there is no state in '%s'%s"
                                    : "'%s' holds the states of %s: say which with --stack NAME",
                         states, buffer_text(&names));
    invocation->name = buffer_take(&names);
    return 0;
}

/* It is joined to a path: it must neither end it nor lead elsewhere. */
static bool name_is_a_folder(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int names_find(Invocation *invocation, const char *file, const Config *config, Error *err)
{
    const Options *options = invocation->options;
    int code = 0;

    if (options->stack != NULL)
        invocation->name = memory_copy_string(options->stack);
    else if (config->stack != NULL)
        invocation->name = memory_copy_string(config->stack);
    else if (file != NULL)
        invocation->name = name_of(file);
    else if (options->state == NULL)
        code = name_from_folder(invocation, err);
    if (code < 0)
        return code;
    if (invocation->name != NULL && !name_is_a_folder(invocation->name))
        return error_set(err, ERROR_USAGE, "a stack cannot be named '%s'", invocation->name);
    if (options->state != NULL && options->state[0] == '\0')
        return error_set(err, ERROR_USAGE, "--state '': expected a folder");
    invocation->state_path =
        options->state != NULL ? memory_copy_string(options->state)
                               : memory_format("%s/.ved/%s", invocation->folder, invocation->name);
    return 0;
}

/* Plugins are started elsewhere and print paths: an absolute one means the same everywhere. */
static void make_absolute(char **path)
{
    char folder[PATH_MAX];

    if ((*path)[0] == '/' || getcwd(folder, sizeof folder) == NULL)
        return;
    const char *rest = strncmp(*path, "./", 2) == 0 ? *path + 2 : *path;
    char *absolute = memory_format("%s/%s", folder, rest);
    free(*path);
    *path = absolute;
}

/* `given`, taken over, is used instead of what is found; NULL. */
static int places_find(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                       Config *given, Config **ret, Error *err)
{
    cleanup(config_free) Config *config = given;

    *invocation = (Invocation){.ui = ui, .options = options};
    invocation->folder = file != NULL ? folder_of(file) : memory_copy_string(".");
    invocation->plugin_dir = plugin_folder();
    if (config == NULL && config_find(invocation, &config, err) < 0)
        return err->code;
    config_adjust(invocation, config);
    int code = names_find(invocation, file, config, err);
    if (code < 0)
        return code;
    make_absolute(&invocation->state_path);
    *ret = take(config);
    return 0;
}

int invocation_find(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                    Config **ret, Error *err)
{
    return places_find(invocation, ui, options, file, NULL, ret, err);
}

/* ---- opening ---- */

static int open_stack(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                      const InvocationGiven *given, InvocationUse use, Error *err)
{
    cleanup(program_free) Program *owned = given->program;
    cleanup(config_free) Config *config = NULL;

    if (places_find(invocation, ui, options, file, given->config, &config, err) < 0)
        return err->code;
    invocation->stack_options = (StackOptions){
        .name = invocation->name,
        .state_path = invocation->state_path,
        .command = options->command,
        .plugin_dir = invocation->plugin_dir,
        .loop = given->loop,
        .sets = options->sets,
        .set_count = options->set_count,
        .read_only = use != INVOCATION_CHANGE,
        .exclusive = use == INVOCATION_PLAN,
        .lock_timeout_ms = options->lock_timeout_ms,
        .provider_timeout_ms = options->provider_timeout_ms,
        .format = options->yaml_state ? STATE_YAML : STATE_JSON,
    };
    if (stack_open(&invocation->stack_options, take(owned), take(config), &invocation->stack, err) <
        0)
        return err->code;
    if (invocation->stack->recovery.torn)
        ui_warning(invocation->ui, invocation->stack->recovery.torn_message);
    return 0;
}

int invocation_open(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                    Program *program, InvocationUse use, Error *err)
{
    *invocation = (Invocation){0};
    if (program == NULL && program_read(ui, file, &program, err) < 0)
        return err->code;
    return open_stack(invocation, ui, options, file, &(InvocationGiven){.program = program}, use,
                      err);
}

int invocation_open_given(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                          const InvocationGiven *given, Error *err)
{
    InvocationGiven complete = *given;

    *invocation = (Invocation){0};
    if (given->program == NULL && program_read(ui, file, &complete.program, err) < 0) {
        config_free(complete.config);
        return err->code;
    }
    return open_stack(invocation, ui, options, file, &complete, INVOCATION_CHANGE, err);
}

int invocation_open_state(Invocation *invocation, Ui *ui, const Options *options, const char *file,
                          InvocationUse use, Error *err)
{
    return open_stack(invocation, ui, options, file, &(InvocationGiven){0}, use, err);
}

/* ---- checking ---- */

static int show_effects_check(Ui *ui, const Program *program, const Catalog *catalog, Error *err)
{
    Arena arena = {0};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &program->source);
    program_check_effects(program, catalog, &diagnostics);
    diagnostics_sort(&diagnostics);
    ui_diagnostics(ui, &diagnostics);
    int code = diagnostics.error_count > 0 ? error_set(err, ERROR_PROGRAM, "%s", "") : 0;
    arena_deinit(&arena);
    return code;
}

int invocation_check_effects(Ui *ui, const Options *options, const char *file,
                             const Program *program, Error *err)
{
    cleanup(invocation_close) Invocation invocation = {0};
    cleanup(config_free) Config *config = NULL;
    cleanup(catalog_free) Catalog *catalog = NULL;
    cleanup(buffer_deinit) Buffer notes = {0};

    if (program->effect_count + program->fact_count == 0)
        return 0;
    if (invocation_find(&invocation, ui, options, file, &config, err) < 0 ||
        config_complete(config, program, err) < 0)
        return err->code;
    const CatalogPlaces places = {invocation.state_path, invocation.plugin_dir};
    catalog = catalog_offline(program, config, &places, &notes);
    ui_warnings(ui, "", &notes);
    return show_effects_check(ui, program, catalog, err);
}

/* What the bindings say in vain is no error: one file may serve several programs. */
static void warn_of_misfits(const Invocation *invocation)
{
    const Stack *stack = invocation->stack;
    cleanup(buffer_deinit) Buffer lines = {0};

    if (stack->as_it_is)
        return;
    bind_misfits(stack->program, stack->config, &lines);
    ui_warnings(invocation->ui, "bindings: ", &lines);
}

int invocation_connect(Invocation *invocation, Error *err)
{
    Arena arena = {0};
    Diagnostics diagnostics;

    warn_of_misfits(invocation);
    diagnostics_init(&diagnostics, &arena, &invocation->stack->program->source);
    int code = stack_connect(invocation->stack, &invocation->stack_options, &diagnostics, err);
    diagnostics_sort(&diagnostics);
    ui_diagnostics(invocation->ui, &diagnostics);
    arena_deinit(&arena);
    return code;
}

ExitReasons invocation_stopped(Invocation *invocation)
{
    int number = invocation->stack->signal_number;

    ui_progress(invocation->ui, "\nStopped (signal %d): nothing was begun.\n", number);
    return number == SIGTERM ? EXIT_BIT(TERMINATED) : EXIT_BIT(INTERRUPTED);
}

void invocation_close(Invocation *invocation)
{
    stack_free(invocation->stack);
    free(invocation->folder);
    free(invocation->name);
    free(invocation->state_path);
    free(invocation->plugin_dir);
    *invocation = (Invocation){0};
}
