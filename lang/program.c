/* The facade: text in, checked program out. */
#include "lang/program.h"

#include <stdlib.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "lang/bundle.h"
#include "lang/checker.h"
#include "lang/compiler.h"
#include "lang/program_index.h"

/* ---- code ---- */

/* Code that does not fit is a diagnostic at what it was to be made of. */
static const Code *code_or_report(Program *program, Code *code, Span span, const char *what)
{
    if (code != NULL)
        return code;
    Diagnostic *d = diagnostics_add(&program->diagnostics, SEVERITY_ERROR, "V-ERR-029", span,
                                    "%s is too large", what);
    d->consequence = "it needs more locals or literals at once than there can be";
    d->remedy = "split it";
    return NULL;
}

static Code *compile_in_domain(Program *program, const Model *model, const ModelDomain *domain,
                               const ProgramParameter *parameters, size_t parameter_count,
                               const Block *body)
{
    const BodyFrame frame = {.field_count = domain->field_count,
                             .parameters = parameters,
                             .parameter_count = parameter_count};

    return compile_body(&program->arena, model, &frame, body);
}

static void compile_transition(Program *program, const Model *model, const ModelDomain *domain,
                               size_t index)
{
    ProgramTransition *transition = &domain->transitions[index];
    const Code **slices = arena_array(&program->arena, const Code *, transition->slice_count);
    size_t i = 0;

    for (const Slice *slice = domain->transition_trees[index]->slices; slice != NULL;
         slice = slice->next, i++)
        slices[i] = code_or_report(program,
                                   compile_in_domain(program, model, domain, transition->parameters,
                                                     transition->parameter_count, slice->body),
                                   slice->span, "the slice");
    transition->slices = slices;
}

static ProgramParameter *event_fields(Arena *arena, const ModelEvent *event)
{
    ProgramParameter *fields = arena_array(arena, ProgramParameter, event->field_count);

    for (size_t i = 0; i < event->field_count; i++)
        fields[i] =
            (ProgramParameter){.name = event->fields[i].name, .type = event->fields[i].type};
    return fields;
}

/* A handler gets all fields of its event, also those it does not name. */
static void compile_handlers(Program *program, const Model *model, const ModelDomain *domain)
{
    for (size_t i = 0; i < domain->handler_count; i++) {
        ProgramHandler *handler = &domain->handlers[i];
        const Handler *tree = domain->handler_trees[i];
        if (handler->kind == ON_EVENT) {
            handler->parameters = event_fields(&program->arena, &model->events[handler->event]);
            handler->parameter_count = model->events[handler->event].field_count;
        }
        handler->code =
            code_or_report(program,
                           compile_in_domain(program, model, domain, handler->parameters,
                                             handler->parameter_count, tree->body),
                           tree->span, "the handler");
    }
}

static void compile_timers(Program *program, const Model *model, const ModelDomain *domain)
{
    ProgramTimer *timer = domain->timers;

    for (const Timer *tree = domain->ast->timers; tree != NULL; tree = tree->next, timer++) {
        timer->code =
            code_or_report(program, compile_in_domain(program, model, domain, NULL, 0, tree->body),
                           tree->span, "the timer");
        if (tree->when != NULL)
            timer->when =
                code_or_report(program, compile_predicate(&program->arena, model, tree->when),
                               tree->when->span, "what the timer waits for");
    }
}

static void compile_predicates(Program *program, const Model *model, const ModelDomain *domain)
{
    Arena *arena = &program->arena;
    size_t i = 0;

    for (const Goal *tree = domain->ast->goals; tree != NULL; tree = tree->next)
        domain->goals[i++].predicate = code_or_report(
            program, compile_predicate(arena, model, tree->predicate), tree->span, "the goal");
    i = 0;
    for (const Invariant *tree = domain->ast->invariants; tree != NULL; tree = tree->next)
        domain->invariants[i++].predicate = code_or_report(
            program, compile_predicate(arena, model, tree->predicate), tree->span, "the invariant");
}

static void compile_migration(Program *program, const Model *model, const ModelDomain *domain,
                              size_t index)
{
    ProgramMigration *migration = &domain->migrations[index];
    const Code **values = arena_array(&program->arena, const Code *, migration->field_count);
    size_t i = 0;

    for (const StartField *field = domain->migration_trees[index]->fields; field != NULL;
         field = field->next) {
        int at = model_find(&domain->field_names, field->name.text);
        Code *code = compile_value(&program->arena, model, field->value, domain->fields[at].type);
        values[i++] = code_or_report(program, code, field->span, "the value");
    }
    migration->values = values;
}

static void compile_functions(Program *program, const Model *model)
{
    const Code **functions = arena_array(&program->arena, const Code *, model->function_count);

    for (size_t i = 0; i < model->function_count; i++)
        functions[i] =
            code_or_report(program, compile_function(&program->arena, model, &model->functions[i]),
                           model->functions[i].ast->span, "the function");
    program->functions = functions;
    program->function_count = model->function_count;
}

static void compile_all(Program *program, const Model *model)
{
    compile_functions(program, model);
    for (size_t i = 0; i < model->domain_count; i++) {
        const ModelDomain *domain = &model->domains[i];
        for (size_t t = 0; t < domain->transition_count; t++)
            compile_transition(program, model, domain, t);
        compile_handlers(program, model, domain);
        compile_timers(program, model, domain);
        compile_predicates(program, model, domain);
        for (size_t m = 0; m < domain->migration_count; m++)
            compile_migration(program, model, domain, m);
    }
}

/* ---- tables ---- */

/* The map is the program's from now on. */
static Map take_map(Map *map)
{
    Map taken = *map;

    *map = (Map){0};
    return taken;
}

static ProgramDomain domain_make(Program *program, const ModelDomain *from)
{
    ProgramDomain domain = {.name = from->ast->name.text,
                            .fields = from->fields,
                            .field_count = from->field_count,
                            .goals = from->goals,
                            .goal_count = from->goal_count,
                            .transitions = from->transitions,
                            .transition_count = from->transition_count,
                            .handlers = from->handlers,
                            .handler_count = from->handler_count,
                            .timers = from->timers,
                            .timer_count = from->timer_count,
                            .invariants = from->invariants,
                            .invariant_count = from->invariant_count,
                            .migrations = from->migrations,
                            .migration_count = from->migration_count,
                            .key = from->ast->key.text,
                            .version = from->ast->version,
                            .boot = from->boot,
                            .environment = from->environment,
                            .started = from->started,
                            .is_script = from->ast->is_script,
                            .span = from->ast->span};

    domain_index(&domain, &program->arena);
    return domain;
}

static void tables_make(Program *program, Model *model)
{
    ProgramDomain *domains = arena_array(&program->arena, ProgramDomain, model->domain_count);

    for (size_t i = 0; i < model->domain_count; i++)
        domains[i] = domain_make(program, &model->domains[i]);
    program->domains = domains;
    program->domain_count = model->domain_count;
    program->domain_names = take_map(&model->domain_names);
    program->effects = model->uses;
    program->effect_count = model->use_count;
    program->broadcasts = model->broadcasts;
    program->broadcast_count = model->broadcast_count;
    program->messages = model->messages;
    program->message_count = model->message_count;
    program->facts = model->facts;
    program->fact_count = model->fact_count;
    program->starts = model->starts;
    program->start_count = model->start_count;
    program->environments = model->environments;
    program->environment_count = model->environment_count;
    program->moves = model->moves;
    program->move_count = model->move_count;
    program->move_sources = take_map(&model->move_sources);
    program->allows = model->allows;
    program->allow_count = model->allow_count;
}

static void events_make(Program *program, Model *model)
{
    Arena *arena = &program->arena;
    ProgramEvent *events = arena_array(arena, ProgramEvent, model->event_count);

    for (size_t i = 0; i < model->event_count; i++) {
        const ModelEvent *from = &model->events[i];
        events[i] =
            (ProgramEvent){.name = from->name,
                           .fields = event_fields(arena, from),
                           .field_count = from->field_count,
                           .emitted = from->emitted,
                           .retained = from->declared == NULL || !from->declared->retain_none};
    }
    program->events = events;
    program->event_count = model->event_count;
    program->event_names = take_map(&model->event_names);
}

/* ---- from text to program ---- */

static void digest_make(Program *program)
{
    uint8_t digest[SHA256_SIZE];

    sha256(program->source.text, program->source.size, digest);
    hex_encode(digest, sizeof digest, program->digest);
}

static void program_build(Program *program)
{
    Arena *arena = &program->arena;
    Model model;
    Ast *ast = parse(&program->source, arena, &program->diagnostics);

    program->ast = ast;
    check(ast, &program->types, arena, &program->diagnostics, &model);
    if (program->diagnostics.error_count == 0)
        compile_all(program, &model);
    if (program->diagnostics.error_count == 0) {
        tables_make(program, &model);
        events_make(program, &model);
        program->valid = true;
    }
    model_deinit(&model);
}

Program *program_compile_files(const char *name, const char *text, size_t size,
                               const SourceLoader *loader)
{
    Program *program = memory_zero(1, sizeof *program);
    bool fits = size <= SOURCE_SIZE_MAX;

    program->source.name = arena_copy_string(&program->arena, name);
    diagnostics_init(&program->diagnostics, &program->arena, &program->source);
    type_table_init(&program->types, &program->arena);
    bool opened = bundle_load(&program->source, text, fits ? size : 0, fits ? loader : NULL,
                              &program->diagnostics);
    digest_make(program);
    if (!fits)
        diagnostics_add(&program->diagnostics, SEVERITY_ERROR, "V-ERR-012", (Span){0, 0},
                        "the program has %zu bytes, at most %u are possible", size,
                        SOURCE_SIZE_MAX);
    else if (opened)
        program_build(program);
    diagnostics_sort(&program->diagnostics);
    return program;
}

Program *program_compile(const char *name, const char *text, size_t size)
{
    return program_compile_files(name, text, size, NULL);
}

void program_free(Program *program)
{
    if (program == NULL)
        return;
    map_deinit(&program->domain_names);
    map_deinit(&program->event_names);
    map_deinit(&program->move_sources);
    arena_deinit(&program->arena);
    free(program);
}
