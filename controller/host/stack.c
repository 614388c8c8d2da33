#include "stack.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/core/evolution.h"
#include "controller/core/snapshot.h"
#include "controller/host/first_values.h"
#include "controller/host/plugin.h"
#include "controller/host/protection.h"
#include "controller/host/schema_cache.h"
#include "controller/host/stack_plugins.h"
#include "controller/host/state_files.h"
#include "controller/host/state_lock.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

/* ---- recovery ---- */

/* The core knows provider names only; what plugin a name meant stands beside its members. */
static void plugins_take(Stack *stack, Json *plugins)
{
    if (plugins == NULL)
        return;
    json_free(stack->plugins);
    stack->plugins = plugins;
}

/* The state is read line by line, records into an arena that each begins anew. */
typedef struct Recovering {
    Stack *stack;
    SnapshotReader *reader;
    Arena arena;
} Recovering;

static void recovering_deinit(Recovering *recovering)
{
    snapshot_reader_free(recovering->reader);
    arena_deinit(&recovering->arena);
    memory_give_back(); /* it may have been much */
}
#define recovering_deinit_p recovering_deinit

static int recover_line(void *user, const StateLine *line, Error *err)
{
    Recovering *recovering = user;

    if (recovering->reader == NULL)
        recovering->reader = snapshot_reader_new(recovering->stack->runtime);
    return snapshot_reader_put(recovering->reader, line, err);
}

/* All lines are there. */
static int recover_checkpoint(void *user, uint64_t position, const char *state, size_t size,
                              Error *err)
{
    Recovering *recovering = user;
    cleanup(snapshot_reader_free) SnapshotReader *reader = take(recovering->reader);
    cleanup(json_free) Json *frame = NULL;

    (void)position;
    (void)state;
    (void)size;
    if (reader == NULL)
        return error_set(err, ERROR_STATE, "the state is empty");
    int code = snapshot_reader_finish(reader, &frame, err);
    if (code == 0)
        plugins_take(recovering->stack, json_detach(frame, "plugins"));
    return code;
}

static int recover_record(void *user, uint64_t sequence, const char *payload, size_t size,
                          Error *err)
{
    Recovering *recovering = user;
    Runtime *runtime = recovering->stack->runtime;
    Json *plugins = NULL;
    Record record;

    arena_reset(&recovering->arena);
    int code = record_read(runtime, payload, size, &recovering->arena, &record, err);
    if (code == 0 && record.plugins != NULL)
        code = json_parse_own(record.plugins, strlen(record.plugins), &plugins, err);
    plugins_take(recovering->stack, plugins);
    if (code == 0)
        code = record_apply(runtime, &record, err);
    if (code < 0)
        error_wrap(err, "record %llu of the journal", (unsigned long long)sequence);
    return code;
}

static int recover(Stack *stack, bool read_only, Error *err)
{
    cleanup(recovering_deinit) Recovering recovering = {.stack = stack};
    StateVisitor visitor = {.on_line = recover_line,
                            .on_checkpoint = recover_checkpoint,
                            .on_record = recover_record,
                            .user = &recovering};
    int code = read_only ? state_dir_read(stack->dir, STATE_NEWEST, &visitor, &stack->recovery, err)
                         : state_dir_recover(stack->dir, &visitor, &stack->recovery, err);

    if (code < 0)
        return error_wrap(err, "state '%s'", stack->state_path);
    return 0;
}

/* The program the state belongs to; `*ret` stays NULL if there is no state yet. */
static int load_program(Stack *stack, Program **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    int code = state_dir_load_program(stack->dir, &text, err);

    if (code < 0)
        return code;
    if (code == STATE_NO_PROGRAM)
        return 0;
    cleanup(free) char *name = memory_format("%s.ved", stack->name);
    cleanup(program_free) Program *program = program_compile(name, buffer_text(&text), text.size);
    if (!program->valid)
        return error_set(err, ERROR_STATE,
                         "state '%s': the program it belongs to does not compile with this ved: "
                         "use the version that wrote it",
                         stack->state_path);
    *ret = take(program);
    return 0;
}

/* Program, bindings and the values of parameters: another digest is a changed program. */
static void digest_make(Stack *stack)
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    buffer_add_format(&text, "%s\n%s\n", stack->program->digest, stack->bindings.digest);
    for (size_t i = 0; i < stack->program->domain_count; i++)
        for (size_t f = 0; f < stack->program->domains[i].field_count; f++)
            if (stack->program->domains[i].fields[f].parameter) {
                value_encode(&text, stack->first_values[i][f]);
                buffer_add_char(&text, '\n');
            }
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, SHA256_SIZE, stack->digest);
}

static void boot_id_read(char ret[64])
{
    cleanup(buffer_deinit) Buffer text = {0};

    ret[0] = '\0';
    if (file_read("/proc/sys/kernel/random/boot_id", 256, &text, NULL) == 0)
        snprintf(ret, 64, "%.*s", (int)strcspn(buffer_text(&text), "\n"), buffer_text(&text));
}

/* ---- opening ---- */

/* A plan leaves what plugins keep, which is no state yet. Whatever cannot be listed is for
 * state_dir_open() to refuse. */
static bool state_is_made(const char *path)
{
    cleanup(state_files_deinit) StateFiles files = {0};
    cleanup(free) char *stack = memory_format("%s/stack.json", path);

    if (!file_exists(path))
        return false;
    return file_exists(stack) || state_files_list(path, &files, NULL) < 0 || files.count > 0;
}

/* Before anything is read, so that what is read stays true. */
static int hold(Stack *stack, const StackOptions *options, Error *err)
{
    if (folder_make(options->state_path, 0700, err) < 0)
        return err->code;
    return state_lock_take(options->state_path, options->command, options->lock_timeout_ms,
                           &stack->lock, err);
}

static int open_state(Stack *stack, const StackOptions *options, Error *err)
{
    StateDirOptions dir = {.stack = options->name,
                           .command = options->command,
                           .read_only = options->read_only,
                           .lock_timeout_ms = options->lock_timeout_ms,
                           .format = options->format,
                           .keys = &stack->config->keys};

    if (options->read_only && options->exclusive && hold(stack, options, err) < 0)
        return err->code;
    if (options->read_only && !state_is_made(options->state_path))
        return 0; /* nothing there yet: an empty state, in memory */
    return state_dir_open(options->state_path, &dir, &stack->dir, err);
}

static int no_stack(const char *path, Error *err)
{
    return error_set(err, ERROR_STATE,
                     "state '%s' holds no stack: apply one first (`ved apply FILE`)", path);
}

static int open_runtime(Stack *stack, const StackOptions *options, Program **program, Error *err)
{
    static const char no_lineage[] = "00000000000000000000000000000000";
    cleanup(program_free) Program *stored = NULL;

    if (stack->dir != NULL && load_program(stack, &stored, err) < 0)
        return err->code;
    stack->is_new = stored == NULL;
    stack->as_it_is = *program == NULL;
    if (stored == NULL && *program == NULL)
        return no_stack(stack->state_path, err);
    if (stored != NULL && *program != NULL && strcmp(stored->digest, (*program)->digest) == 0)
        program_free(take(stored)); /* the same text: one is enough */
    bool same = stored == NULL;
    Program *of_state = same ? *program : stored;
    stack->runtime = runtime_new(of_state, NULL,
                                 stack->dir != NULL ? state_dir_lineage(stack->dir) : no_lineage);
    if (stack->dir != NULL && recover(stack, options->read_only, err) < 0) {
        runtime_free(take(stack->runtime));
        return err->code;
    }
    stack->program = *program != NULL ? take(*program) : take(stored);
    stack->old_program = take(stored);
    return 0;
}

static int loop_find(Stack *stack, const StackOptions *options, Error *err)
{
    stack->loop = options->loop;
    stack->owns_loop = options->loop == NULL;
    return stack->owns_loop ? loop_new(&stack->loop, err) : 0;
}

int stack_open(const StackOptions *options, Program *program, Config *config, Stack **ret,
               Error *err)
{
    cleanup(program_free) Program *given = program;
    cleanup(stack_free) Stack *stack = memory_zero(1, sizeof *stack);

    stack->lock = -1;
    stack->config = config;
    stack->state_path = memory_copy_string(options->state_path);
    if (access(options->state_path, F_OK) < 0 && errno != ENOENT)
        return error_errno(err, errno, "state '%s'", options->state_path);
    if (program == NULL && !state_is_made(options->state_path))
        return no_stack(options->state_path, err); /* and none is made by looking for it */
    if (open_state(stack, options, err) < 0)
        return err->code;
    stack->name = memory_copy_string(stack->dir != NULL      ? state_dir_stack(stack->dir)
                                     : options->name != NULL ? options->name
                                                             : "stack");
    if (open_runtime(stack, options, &given, err) < 0 ||
        first_values_make(stack->program, stack->runtime, options->sets, options->set_count,
                          &stack->arena, &stack->first_values, err) < 0 ||
        loop_find(stack, options, err) < 0)
        return err->code;
    boot_id_read(stack->boot_id);
    *ret = take(stack);
    return 0;
}

/* ---- providers ---- */

static void name_add(const char ***names, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*names)[i], name) == 0)
            return;
    *names = memory_grow(*names, *count + 1, sizeof **names);
    (*names)[(*count)++] = name;
}

size_t stack_providers(const Stack *stack, const char ***ret)
{
    const Runtime *runtime = stack->runtime;
    const char **names = NULL;
    size_t count = 0;

    for (size_t i = 0; i < runtime->object_count; i++)
        name_add(&names, &count, runtime->objects[i]->provider);
    for (const Instance *i = performing_first(runtime); i != NULL; i = performing_next(i))
        for (size_t k = 0; k < i->active->pending->intent_count; k++)
            name_add(&names, &count, i->active->pending->intents[k]->provider);
    *ret = names;
    return count;
}

static int pool_fill(Stack *stack, Error *err)
{
    for (size_t i = 0; i < stack->config->provider_count; i++) {
        const ProviderConfig *provider = &stack->config->providers[i];
        ProviderBinding binding = {.name = provider->name,
                                   .plugin = provider->plugin,
                                   .config = provider->config,
                                   .tls_ca = provider->tls_ca,
                                   .tls_cert = provider->tls_cert,
                                   .tls_key = provider->tls_key,
                                   .token_file = provider->token_file,
                                   .concurrency = provider->concurrency,
                                   .rate_per_s = provider->rate_per_s,
                                   .timeout_ms = provider->timeout_ms,
                                   .allow_short_ttl = provider->allow_short_ttl};
        if (stack_needs(stack, provider->name) && provider_pool_add(stack->pool, &binding, err) < 0)
            return error_wrap(err, "provider %s", provider->name);
    }
    return 0;
}

/* ---- starting them ---- */

static int pool_start(Stack *stack, const StackOptions *options, Error *err)
{
    cleanup(free) char *run_dir = memory_format("%s/run", stack->state_path);
    cleanup(free) char *data_dir = memory_format("%s/providers", stack->state_path);
    ProviderPoolOptions pool = {
        .run_dir = run_dir,
        .plugin_dir = options->plugin_dir,
        .data_dir = data_dir,
        .stack = stack->name,
        .lineage = stack->runtime->lineage,
        .provider_timeout_ms = options->provider_timeout_ms,
        .seed = hash_string(stack->runtime->lineage) + stack->runtime->logical_time,
    };

    if (folder_make(stack->state_path, 0700, err) < 0)
        return err->code;
    if (provider_pool_new(stack->loop, &pool, &stack->pool, err) < 0 || pool_fill(stack, err) < 0)
        return err->code;
    return provider_pool_start_and_wait(stack->pool, err);
}

/* What the providers said of themselves, for checks while none of them runs. Only a copy: where it
 * cannot be written, such checks say what they miss. */
static void schemas_keep(const Stack *stack, const StackOptions *options)
{
    for (size_t i = 0; i < stack->config->provider_count; i++) {
        const ProviderConfig *provider = &stack->config->providers[i];
        cleanup(free) char *program = plugin_program(options->plugin_dir, provider->plugin);
        const SchemaCacheKey key = {stack->state_path, provider, program};
        const ProviderSchema *schema = provider_schema(stack->pool, provider->name);
        ProviderStatus status;
        if (schema != NULL && provider_status(stack->pool, provider->name, &status))
            schema_cache_write(&key, status.vendor_version, schema, NULL);
    }
}

static bool needs_providers(const Stack *stack)
{
    const char **names;
    size_t count = stack_providers(stack, &names);

    free(names);
    return count > 0 ||
           (!stack->as_it_is && stack->program->effect_count + stack->program->fact_count > 0);
}

static void on_signal(void *context, int signal_number)
{
    Stack *stack = context;

    if (stack->signal_number == 0)
        stack->signal_number = signal_number;
    if (stack->on_signal != NULL)
        stack->on_signal(stack->on_signal_context, signal_number);
    else
        loop_stop(stack->loop);
}

void stack_signal(Stack *stack, int signal_number)
{
    on_signal(stack, signal_number);
}

static int watch_signals(Stack *stack, Error *err)
{
    if (stack->watches_signals || !stack->owns_loop)
        return 0;
    stack->watches_signals = true;
    if (loop_on_signal(stack->loop, SIGINT, on_signal, stack, err) < 0)
        return err->code;
    return loop_on_signal(stack->loop, SIGTERM, on_signal, stack, err);
}

int stack_connect(Stack *stack, const StackOptions *options, Diagnostics *diagnostics, Error *err)
{
    if (watch_signals(stack, err) < 0)
        return err->code;
    if (config_complete(stack->config, stack->program, err) < 0)
        return err->code;
    protection_find(stack->runtime, stack->plugins, &stack->guarded);
    stack_plugins_part(stack);
    stack_plugins_remember(stack);
    if (needs_providers(stack)) {
        int code = pool_start(stack, options, err);
        if (code < 0)
            return code;
        if (code == PROVIDER_POOL_INTERRUPTED)
            return STACK_INTERRUPTED;
        schemas_keep(stack, options);
    }
    if (stack->as_it_is)
        return 0;
    if (bind_program(stack->program, stack->config, stack->pool, diagnostics, &stack->bindings) < 0)
        return error_set(err, ERROR_PROGRAM, "%s", "");
    digest_make(stack);
    stack->changed = stack->is_new || stack->parted || stack->runtime->program_digest == NULL ||
                     strcmp(stack->runtime->program_digest, stack->digest) != 0;
    if (stack->old_program == NULL)
        stack->runtime->bindings = &stack->bindings;
    stack->runtime->first_values = stack->first_values;
    return 0;
}

/* ---- changing ---- */

/* Says what plugins the names mean – unless objects go on under another name: that comes into force
 * with the checkpoint that names them so. It has no digest: until that checkpoint is there, the
 * state belongs to the program before. */
static int journal_plugins(Stack *stack, bool says_plugins, Error *err)
{
    cleanup(free) char *plugins = json_text(stack->plugins);
    cleanup(free) char *payload =
        memory_format("{\"type\":\"begin\",\"at\":%llu,\"text\":\"%s\"%s%s}",
                      (unsigned long long)time(NULL) * 1000, stack->boot_id,
                      says_plugins ? ",\"plugins\":" : "", says_plugins ? plugins : "");

    if (state_dir_append(stack->dir, payload, strlen(payload), err) < 0)
        return err->code;
    return journal_commit(state_dir_journal(stack->dir), err);
}

/* The new program is in force from a record of its own on, so that it has a position to stand at.
 */
static int journal_change(Stack *stack, Error *err)
{
    if (journal_plugins(stack, !stack->parted, err) < 0)
        return err->code;
    return state_dir_save_program(stack->dir, journal_position(state_dir_journal(stack->dir)),
                                  stack->program->source.text, stack->program->source.size, err);
}

static int save_first(Stack *stack, Error *err)
{
    int code = state_dir_save_program(stack->dir, 0, stack->program->source.text,
                                      stack->program->source.size, err);

    if (code == 0)
        code = journal_plugins(stack, true, err);
    if (code == 0)
        string_set(&stack->runtime->program_digest, stack->digest);
    return code;
}

int stack_successor(Stack *stack, Runtime **ret, Error *err)
{
    Evolution evolution = {.program = stack->program,
                           .bindings = &stack->bindings,
                           .first_values = stack->first_values,
                           .guarded = &stack->guarded};

    evolution_report_deinit(&stack->report);
    renames_deinit(&stack->renames);
    int code = evolution_make(stack->runtime, &evolution, ret, &stack->report, err);
    if (code == 0 && stack->program->move_count > 0)
        renames_find(stack->runtime, *ret, &stack->renames);
    return code;
}

int stack_evolve(Stack *stack, Error *err)
{
    Runtime *successor;
    bool durable = stack->dir != NULL && state_dir_journal(stack->dir) != NULL;

    if (stack->is_new)
        return durable ? save_first(stack, err) : 0;
    if (!stack->changed && stack->old_program == NULL)
        return 0;
    int code = stack_successor(stack, &successor, err);
    if (code < 0)
        return code;
    if (durable && journal_change(stack, err) < 0) {
        runtime_free(successor);
        return err->code;
    }
    runtime_free(stack->runtime);
    stack->runtime = successor;
    string_set(&stack->runtime->program_digest, stack->digest);
    program_free(take(stack->old_program));
    return durable ? stack_checkpoint(stack, err) : 0;
}

void stack_free(Stack *stack)
{
    if (stack == NULL)
        return;
    beside_free(stack->copy);
    if (stack->pool != NULL)
        provider_pool_stop(stack->pool);
    provider_pool_free(stack->pool);
    runtime_free(stack->runtime);
    state_dir_close(stack->dir);
    state_lock_release(stack->lock);
    bindings_deinit(&stack->bindings);
    evolution_report_deinit(&stack->report);
    renames_deinit(&stack->renames);
    map_deinit(&stack->guarded);
    config_free(stack->config);
    json_free(stack->plugins);
    program_free(stack->program);
    program_free(stack->old_program);
    if (stack->owns_loop)
        loop_free(stack->loop);
    arena_deinit(&stack->arena);
    free(stack->name);
    free(stack->state_path);
    free(stack);
}
