/* Messages, and the instances of keyed domains: `send`, `spawn`, `stop`. */
#include <string.h>

#include "lang/check.h"

/* ---- who gets it ---- */

static void check_started(Checker *checker, const Stmt *stmt, const ModelDomain *receiver)
{
    if (receiver->started || receiver->ast->key.text != NULL || stmt->send.to_self)
        return;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-006", stmt->send.domain.span,
                                 "`system` does not start domain '%s'", receiver->ast->name.text);
    check_note(checker, d, receiver->ast->name.span, "it is declared here");
    d->consequence = "the message would wait for ever";
    d->remedy = arena_format(checker->arena, "add `start domain %s { }` to the system",
                             receiver->ast->name.text);
}

/* The receiver, or NULL; what is wrong with its name or key is reported. */
static ModelDomain *send_receiver(Checker *checker, Stmt *stmt)
{
    Name name = stmt->send.domain;

    if (stmt->send.to_self && checker->domain == NULL)
        check_report(checker, SEVERITY_ERROR, "V-ERR-005", stmt->span,
                     "a test has no self to send to");
    if (stmt->send.to_self)
        return checker->domain;
    ModelDomain *receiver = check_domain_name(checker, name, "V-ERR-005");
    if (receiver == NULL)
        check_expr(checker, stmt->send.key);
    else
        check_key(checker, receiver, stmt->send.key, name.span);
    return receiver;
}

/* ---- what it runs ---- */

static bool message_found(Checker *checker, Stmt *stmt, const ModelDomain *receiver)
{
    Name name = stmt->send.transition;
    int transition = model_find(&receiver->transition_names, name.text);
    int handler = model_find(&receiver->message_names, name.text);

    if (transition < 0 && handler < 0) {
        check_unknown(
            checker, "V-ERR-005",
            arena_format(checker->arena, "transition of domain '%s'", receiver->ast->name.text),
            name, &receiver->transition_names, &receiver->message_names);
        return false;
    }
    stmt->slot = (uint32_t)(receiver - checker->model->domains);
    stmt->to_handler = transition < 0;
    stmt->transition = (uint32_t)(transition < 0 ? handler : transition);
    return true;
}

static Callee message_callee(const Stmt *stmt, const ModelDomain *receiver)
{
    if (stmt->to_handler) {
        const ProgramHandler *handler = &receiver->handlers[stmt->transition];
        return (Callee){.name = handler->name,
                        .parameters = handler->parameters,
                        .parameter_count = handler->parameter_count,
                        .trees = receiver->handler_trees[stmt->transition]->parameters,
                        .span = handler->span};
    }
    const ProgramTransition *transition = &receiver->transitions[stmt->transition];
    return (Callee){.name = transition->name,
                    .parameters = transition->parameters,
                    .parameter_count = transition->parameter_count,
                    .trees = receiver->transition_trees[stmt->transition]->parameters,
                    .span = transition->span};
}

static void record_message(Checker *checker, const Stmt *stmt)
{
    Model *model = checker->model;
    const MessageUse use = {.domain = checker->domain_index,
                            .receiver = stmt->slot,
                            .transition = stmt->transition,
                            .to_handler = stmt->to_handler,
                            .elevated = checker->elevated > 0,
                            .span = stmt->span};

    if (checker->muted)
        return;
    arena_reserve_one(checker->arena, model->messages, model->message_count,
                      model->message_capacity);
    model->messages[model->message_count++] = use;
}

void check_send(Checker *checker, Stmt *stmt)
{
    const ModelDomain *receiver = send_receiver(checker, stmt);

    if (receiver == NULL || stmt->send.transition.text == NULL ||
        !message_found(checker, stmt, receiver)) {
        check_values(checker, stmt->send.arguments);
        return;
    }
    const Callee callee = message_callee(stmt, receiver);
    if (checker->mode != CHECK_TEST) { /* a test stands outside of all domains */
        record_message(checker, stmt);
        check_send_allowed(checker, stmt, receiver);
    }
    check_started(checker, stmt, receiver);
    check_arguments(checker, stmt->send.arguments, &callee, stmt->span);
}

/* ---- instances ---- */

static void spawn_field(Checker *checker, const ModelDomain *domain, const StartField *field,
                        Map *seen)
{
    int index = model_find(&domain->field_names, field->name.text);

    if (field->name.text == NULL)
        return;
    if (index < 0) {
        check_unknown(checker, "V-ERR-020", "field", field->name, &domain->field_names, NULL);
        check_expr(checker, field->value);
        return;
    }
    const StartField *first = map_put(seen, field->name.text, (void *)field);
    if (first != NULL)
        check_taken(checker, "the first value of", field->name, first->name.span);
    check_fits(checker, field->value, domain->fields[index].type,
               arena_format(checker->arena, "the first value of '%s'", field->name.text),
               domain->fields[index].span);
}

void check_spawn(Checker *checker, Stmt *stmt)
{
    ModelDomain *domain = check_domain_name(checker, stmt->spawn.domain, "V-ERR-005");
    Map seen = {0};

    if (domain == NULL) {
        check_expr(checker, stmt->spawn.key);
        for (const StartField *field = stmt->spawn.fields; field != NULL; field = field->next)
            check_expr(checker, field->value);
        return;
    }
    stmt->slot = (uint32_t)(domain - checker->model->domains);
    check_key(checker, domain, stmt->spawn.key, stmt->spawn.domain.span);
    for (const StartField *field = stmt->spawn.fields; field != NULL; field = field->next)
        spawn_field(checker, domain, field, &seen);
    map_deinit(&seen);
    fields_are_given(domain, stmt->spawn.fields);
    check_spawn_allowed(checker, stmt, domain);
}

void check_stop(Checker *checker, const Stmt *stmt)
{
    if (checker->domain == NULL || checker->domain->ast->key.text != NULL)
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-033", stmt->span,
                     "domain '%s' has no key, it cannot stop", checker->domain->ast->name.text);
    check_note(checker, d, checker->domain->ast->name.span, "it is declared here");
    d->consequence = "`stop` ends one instance of a keyed domain";
    d->remedy = "take the domain out of the program to end it";
}
