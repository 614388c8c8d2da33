/* The facade: text in, checked program out. */
#include "lang/program.h"

#include <stdlib.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "lang/checker.h"
#include "lang/compiler.h"

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

static void compile_transition(Program *program, const Model *model, const ModelDomain *domain,
                               size_t index)
{
    Arena *arena = &program->arena;
    ProgramTransition *transition = &domain->transitions[index];
    const Code **slices = arena_array(arena, const Code *, transition->slice_count);
    const BodyFrame frame = {.field_count = domain->field_count,
                             .parameters = transition->parameters,
                             .parameter_count = transition->parameter_count};
    size_t i = 0;

    for (const Slice *slice = domain->transition_trees[index]->slices; slice != NULL;
         slice = slice->next, i++)
        slices[i] = code_or_report(program, compile_body(arena, model, &frame, slice->body),
                                   slice->span, "the slice");
    transition->slices = slices;
}

static ProgramParameter *event_fields(Arena *arena, const ModelEvent *event)
{
    ProgramParameter *fields = arena_array(arena, ProgramParameter, event->field_count);

    for (size_t i = 0; i < event->field_count; i++)
        fields[i] = (ProgramParameter){.name = event->fields[i].name,
                                       .type = static_type_to_field(event->fields[i].type)};
    return fields;
}

/* A handler gets all fields of its event, also those it does not name. */
static void compile_handlers(Program *program, const Model *model, const ModelDomain *domain)
{
    Arena *arena = &program->arena;
    size_t i = 0;

    for (const Handler *tree = domain->ast->handlers; tree != NULL; tree = tree->next, i++) {
        const ModelEvent *event = &model->events[domain->handlers[i].event];
        const BodyFrame frame = {.field_count = domain->field_count,
                                 .parameters = event_fields(arena, event),
                                 .parameter_count = event->field_count};
        domain->handlers[i].code = code_or_report(
            program, compile_body(arena, model, &frame, tree->body), tree->span, "the handler");
    }
}

static void compile_predicates(Program *program, const ModelDomain *domain)
{
    size_t i = 0;

    for (const Goal *tree = domain->ast->goals; tree != NULL; tree = tree->next)
        domain->goals[i++].predicate = code_or_report(
            program, compile_predicate(&program->arena, tree->predicate), tree->span, "the goal");
    i = 0;
    for (const Invariant *tree = domain->ast->invariants; tree != NULL; tree = tree->next)
        domain->invariants[i++].predicate =
            code_or_report(program, compile_predicate(&program->arena, tree->predicate), tree->span,
                           "the invariant");
}

static void compile_all(Program *program, const Model *model)
{
    for (size_t i = 0; i < model->domain_count; i++) {
        const ModelDomain *domain = &model->domains[i];
        for (size_t t = 0; t < domain->transition_count; t++)
            compile_transition(program, model, domain, t);
        compile_handlers(program, model, domain);
        compile_predicates(program, domain);
    }
}

/* ---- tables ---- */

static void tables_make(Program *program, const Model *model)
{
    ProgramDomain *domains = arena_array(&program->arena, ProgramDomain, model->domain_count);

    for (size_t i = 0; i < model->domain_count; i++) {
        const ModelDomain *from = &model->domains[i];
        domains[i] = (ProgramDomain){.name = from->ast->name.text,
                                     .fields = from->fields,
                                     .field_count = from->field_count,
                                     .goals = from->goals,
                                     .goal_count = from->goal_count,
                                     .transitions = from->transitions,
                                     .transition_count = from->transition_count,
                                     .handlers = from->handlers,
                                     .handler_count = from->handler_count,
                                     .invariants = from->invariants,
                                     .invariant_count = from->invariant_count,
                                     .boot = from->boot,
                                     .started = from->started,
                                     .span = from->ast->span};
    }
    program->domains = domains;
    program->domain_count = model->domain_count;
    program->effects = model->uses;
    program->effect_count = model->use_count;
    program->broadcasts = model->broadcasts;
    program->broadcast_count = model->broadcast_count;
    program->messages = model->messages;
    program->message_count = model->message_count;
}

static void events_make(Program *program, const Model *model)
{
    Arena *arena = &program->arena;
    ProgramEvent *events = arena_array(arena, ProgramEvent, model->event_count);

    for (size_t i = 0; i < model->event_count; i++) {
        const ModelEvent *from = &model->events[i];
        events[i] = (ProgramEvent){.name = from->name,
                                   .fields = event_fields(arena, from),
                                   .field_count = from->field_count,
                                   .emitted = from->emitted};
    }
    program->events = events;
    program->event_count = model->event_count;
}

static void source_set(Program *program, const char *name, const char *text, size_t size)
{
    Arena *arena = &program->arena;
    uint8_t digest[SHA256_SIZE];

    program->source = (Source){.name = arena_copy_string(arena, name),
                               .text = arena_copy_bytes(arena, text, size),
                               .size = size};
    sha256(text, size, digest);
    hex_encode(digest, sizeof digest, program->digest);
    diagnostics_init(&program->diagnostics, arena, &program->source);
}

Program *program_compile(const char *name, const char *text, size_t size)
{
    Program *program = memory_zero(1, sizeof *program);
    Model model;

    if (size > SOURCE_SIZE_MAX) {
        source_set(program, name, "", 0);
        diagnostics_add(&program->diagnostics, SEVERITY_ERROR, "V-ERR-012", (Span){0, 0},
                        "the program has %zu bytes, at most %u are possible", size,
                        SOURCE_SIZE_MAX);
        return program;
    }
    source_set(program, name, text, size);
    Ast *ast = parse(&program->source, &program->arena, &program->diagnostics);
    program->ast = ast;
    check(ast, &program->arena, &program->diagnostics, &model);
    if (program->diagnostics.error_count == 0)
        compile_all(program, &model);
    if (program->diagnostics.error_count == 0) {
        tables_make(program, &model);
        events_make(program, &model);
        program->valid = true;
    }
    model_deinit(&model);
    diagnostics_sort(&program->diagnostics);
    return program;
}

void program_free(Program *program)
{
    if (program == NULL)
        return;
    arena_deinit(&program->arena);
    free(program);
}

/* ---- looking up ---- */

#define FIND_BY_NAME(items, count, wanted)                                                         \
    do {                                                                                           \
        for (size_t i = 0; i < (count); i++)                                                       \
            if (strcmp((items)[i].name, (wanted)) == 0)                                            \
                return (int)i;                                                                     \
        return -1;                                                                                 \
    } while (0)

int program_find_domain(const Program *program, const char *name)
{
    FIND_BY_NAME(program->domains, program->domain_count, name);
}

int program_find_event(const Program *program, const char *name)
{
    FIND_BY_NAME(program->events, program->event_count, name);
}

int domain_find_field(const ProgramDomain *domain, const char *name)
{
    FIND_BY_NAME(domain->fields, domain->field_count, name);
}

int domain_find_goal(const ProgramDomain *domain, const char *name)
{
    FIND_BY_NAME(domain->goals, domain->goal_count, name);
}

int domain_find_transition(const ProgramDomain *domain, const char *name)
{
    FIND_BY_NAME(domain->transitions, domain->transition_count, name);
}

int domain_find_handler(const ProgramDomain *domain, uint32_t event)
{
    for (size_t i = 0; i < domain->handler_count; i++)
        if (domain->handlers[i].event == event)
            return (int)i;
    return -1;
}

const char *field_type_name(FieldType type)
{
    return static_type_name(static_type_of_field(type));
}
