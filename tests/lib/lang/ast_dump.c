#include "tests/lib/lang/ast_dump.h"

#include <inttypes.h>

#define EACH(type, node, list) for (const type *node = (list); node != NULL; node = node->next)

static void put_name(Buffer *out, Name name)
{
    buffer_add_format(out, " %s", name.text != NULL ? name.text : "-");
}

static void put_arguments(Buffer *out, const Argument *arguments);
static void put_emit(Buffer *out, const Emit *emit);
static void put_block(Buffer *out, const Block *block);
static void put_expr(Buffer *out, const Expr *expr);

static void put_parts(Buffer *out, const StringPart *parts)
{
    EACH(StringPart, part, parts)
    {
        if (part->expr != NULL) {
            buffer_add_char(out, '$');
            put_expr(out, part->expr);
        } else {
            buffer_add_format(out, "%zu:", part->size);
            buffer_add(out, part->text, part->size);
        }
    }
}

static void put_items(Buffer *out, const MapItem *items)
{
    EACH(MapItem, item, items)
    {
        put_expr(out, item->key);
        put_expr(out, item->value);
    }
}

static void put_expr(Buffer *out, const Expr *expr)
{
    if (expr == NULL) {
        buffer_add_string(out, "(none)");
        return;
    }
    buffer_add_format(out, "(%d%s ", expr->kind, expr->parenthesised ? "p" : "");
    switch (expr->kind) {
    case EXPR_INT:
    case EXPR_DURATION:
        buffer_add_int(out, expr->integer);
        break;
    case EXPR_FLOAT:
        buffer_add_format(out, "%.17g", expr->number);
        break;
    case EXPR_NULL:
        break;
    case EXPR_BOOL:
        buffer_add_int(out, expr->boolean);
        break;
    case EXPR_STRING:
        put_parts(out, expr->parts);
        break;
    case EXPR_LIST:
        put_arguments(out, expr->items);
        break;
    case EXPR_MAP:
        put_items(out, expr->entries);
        break;
    case EXPR_NAME:
        buffer_add_format(out, "%s%s", expr->from_state ? "state." : "", expr->name);
        break;
    case EXPR_MEMBER:
        put_expr(out, expr->operand);
        put_name(out, expr->member);
        break;
    case EXPR_INDEX:
        put_expr(out, expr->operand);
        put_expr(out, expr->index);
        break;
    case EXPR_ENUM:
        put_name(out, expr->enumeration);
        put_name(out, expr->constant);
        break;
    case EXPR_CALL:
    case EXPR_QUERY:
        put_name(out, expr->provider);
        put_name(out, expr->callee);
        put_arguments(out, expr->arguments);
        break;
    case EXPR_UNARY:
    case EXPR_BINARY:
        buffer_add_int(out, expr->operator);
        put_expr(out, expr->left);
        put_expr(out, expr->right);
        break;
    case EXPR_EMIT:
        put_emit(out, expr->emit);
        break;
    case EXPR_ERROR:
        break;
    }
    buffer_add_char(out, ')');
}

static void put_arguments(Buffer *out, const Argument *arguments)
{
    EACH(Argument, argument, arguments)
    {
        put_name(out, argument->name);
        put_expr(out, argument->value);
    }
}

static void put_emit(Buffer *out, const Emit *emit)
{
    buffer_add_format(out, "emit %d", emit->kind);
    put_name(out, emit->provider);
    put_name(out, emit->effect);
    put_name(out, emit->event);
    put_arguments(out, emit->arguments);
    put_block(out, emit->otherwise);
}

static void put_type(Buffer *out, const TypeExpr *type)
{
    if (type == NULL) {
        buffer_add_string(out, " :-");
        return;
    }
    buffer_add_format(out, " :%d%s", type->type, type->optional ? "?" : "");
    if (type->type == TYPE_NAMED)
        put_name(out, type->name);
    if (type->element != NULL)
        put_type(out, type->element);
}

static void put_start_fields(Buffer *out, const StartField *fields)
{
    EACH(StartField, field, fields)
    {
        put_name(out, field->name);
        put_expr(out, field->value);
    }
}

static void put_steps(Buffer *out, const AssignStep *steps)
{
    EACH(AssignStep, step, steps)
    {
        if (step->index != NULL)
            put_expr(out, step->index);
        else
            put_name(out, step->member);
    }
}

static void put_arms(Buffer *out, const MatchArm *arms)
{
    EACH(MatchArm, arm, arms)
    {
        buffer_add_string(out, arm->patterns == NULL ? "\n_" : "\n");
        put_arguments(out, arm->patterns);
        put_block(out, arm->body);
    }
}

static void put_stmt(Buffer *out, const Stmt *stmt)
{
    buffer_add_format(out, "\n%d", stmt->kind);
    switch (stmt->kind) {
    case STMT_LET:
        put_name(out, stmt->let.name);
        put_type(out, stmt->let.type);
        put_expr(out, stmt->let.value);
        break;
    case STMT_ASSIGN:
        put_name(out, stmt->assign.field);
        put_steps(out, stmt->assign.steps);
        buffer_add_format(out, " %d %d", stmt->assign.from_state, stmt->assign.operator);
        put_expr(out, stmt->assign.value);
        break;
    case STMT_IF:
        put_expr(out, stmt->branch.condition);
        put_block(out, stmt->branch.then);
        put_block(out, stmt->branch.otherwise);
        break;
    case STMT_WHILE:
        put_expr(out, stmt->loop.condition);
        put_block(out, stmt->loop.body);
        break;
    case STMT_FOR:
        put_name(out, stmt->each.name);
        put_name(out, stmt->each.value_name);
        put_expr(out, stmt->each.list);
        put_block(out, stmt->each.body);
        break;
    case STMT_MATCH:
        put_expr(out, stmt->match.subject);
        put_arms(out, stmt->match.arms);
        break;
    case STMT_RETURN:
        put_expr(out, stmt->value);
        break;
    case STMT_EMIT:
    case STMT_RELEASE:
        put_emit(out, stmt->emit);
        break;
    case STMT_SEND:
        buffer_add_format(out, " %d %d", stmt->send.high, stmt->send.to_self);
        put_name(out, stmt->send.domain);
        put_expr(out, stmt->send.key);
        put_name(out, stmt->send.transition);
        put_arguments(out, stmt->send.arguments);
        break;
    case STMT_SPAWN:
        put_name(out, stmt->spawn.domain);
        put_expr(out, stmt->spawn.key);
        put_start_fields(out, stmt->spawn.fields);
        break;
    case STMT_PARALLEL:
        put_block(out, stmt->parallel);
        break;
    case STMT_ELEVATE:
        put_expr(out, stmt->elevate.reason);
        put_block(out, stmt->elevate.body);
        break;
    case STMT_STOP:
    case STMT_YIELD:
        break;
    case STMT_FAIL:
        put_expr(out, stmt->reason);
        break;
    case STMT_ERROR:
        break;
    }
}

static void put_block(Buffer *out, const Block *block)
{
    if (block == NULL)
        return;
    buffer_add_string(out, " {");
    EACH(Stmt, stmt, block->first) put_stmt(out, stmt);
    buffer_add_string(out, "}");
}

static void put_capabilities(Buffer *out, bool any, const Capability *list)
{
    buffer_add_format(out, "\ncapabilities %d", any);
    EACH(Capability, capability, list)
    {
        put_name(out, capability->name);
        put_name(out, capability->argument);
    }
}

static void put_allows(Buffer *out, const Allow *allows)
{
    EACH(Allow, allow, allows)
    {
        buffer_add_format(out, "\nallow %s %s", allow->code,
                          allow->reason != NULL ? allow->reason : "-");
    }
}

static void put_declared(Buffer *out, const Declared *declared)
{
    buffer_add_format(out, " module %u %d", declared->module, declared->exported);
    put_allows(out, declared->allows);
}

static void put_goal(Buffer *out, const Goal *goal)
{
    buffer_add_string(out, "\ngoal");
    put_name(out, goal->name);
    put_expr(out, goal->predicate);
    buffer_add_format(out, " p%d %d s%d", goal->has_priority, goal->priority, goal->has_strategy);
    for (size_t i = 0; i < goal->strategy_count; i++)
        put_name(out, goal->strategy[i]);
    buffer_add_format(out, " t%d %" PRId64 " b%d %" PRId64 " %" PRId64, goal->terminate,
                      goal->terminate_limit, goal->has_backoff, goal->backoff_first_ms,
                      goal->backoff_cap_ms);
    put_name(out, goal->fallback);
    put_allows(out, goal->allows);
}

static void put_parameters(Buffer *out, const Parameter *parameters)
{
    EACH(Parameter, parameter, parameters)
    {
        put_name(out, parameter->name);
        put_type(out, parameter->type);
    }
}

static void put_transition(Buffer *out, const Transition *transition)
{
    buffer_add_string(out, "\ntransition");
    put_name(out, transition->name);
    put_parameters(out, transition->parameters);
    buffer_add_format(out, " p%d %d protect %d script %d", transition->has_priority,
                      transition->priority, transition->protect, transition->is_script);
    put_allows(out, transition->allows);
    put_capabilities(out, transition->has_capabilities, transition->capabilities);
    EACH(Slice, slice, transition->slices)
    {
        put_name(out, slice->name);
        put_block(out, slice->body);
    }
}

static void put_fields(Buffer *out, const Field *fields)
{
    EACH(Field, field, fields)
    {
        put_name(out, field->name);
        put_type(out, field->type);
        put_expr(out, field->initial);
    }
}

static void put_handler(Buffer *out, const Handler *handler)
{
    buffer_add_format(out, "\non %d", handler->kind);
    put_name(out, handler->event);
    put_name(out, handler->provider);
    put_parameters(out, handler->parameters);
    put_allows(out, handler->allows);
    put_block(out, handler->body);
}

static void put_timer(Buffer *out, const Timer *timer)
{
    buffer_add_format(out, "\ntimer %d %" PRId64, timer->kind, timer->interval_ms);
    put_expr(out, timer->when);
    put_allows(out, timer->allows);
    put_block(out, timer->body);
}

static void put_domain(Buffer *out, const Domain *domain)
{
    buffer_add_string(out, "\ndomain");
    put_name(out, domain->name);
    put_name(out, domain->key);
    put_declared(out, &domain->declared);
    buffer_add_format(out, " version %d %u script %d", domain->has_version, domain->version,
                      domain->is_script);
    buffer_add_format(out, " scope %d %s", domain->scope.level,
                      domain->scope.place != NULL ? domain->scope.place : "-");
    put_capabilities(out, domain->has_capabilities, domain->capabilities);
    put_fields(out, domain->fields);
    EACH(Goal, goal, domain->goals) put_goal(out, goal);
    EACH(Transition, transition, domain->transitions) put_transition(out, transition);
    EACH(Handler, handler, domain->handlers) put_handler(out, handler);
    EACH(Timer, timer, domain->timers) put_timer(out, timer);
    EACH(Invariant, invariant, domain->invariants)
    {
        buffer_add_string(out, "\ninvariant");
        put_name(out, invariant->name);
        put_expr(out, invariant->predicate);
        put_allows(out, invariant->allows);
    }
}

static void put_system(Buffer *out, const System *system)
{
    buffer_add_string(out, "\nsystem");
    put_name(out, system->name);
    put_declared(out, &system->declared);
    EACH(Start, start, system->starts)
    {
        buffer_add_string(out, "\nstart");
        put_name(out, start->domain);
        put_expr(out, start->key);
        put_start_fields(out, start->fields);
    }
}

static void put_enum(Buffer *out, const Enum *enumeration)
{
    buffer_add_string(out, "\nenum");
    put_name(out, enumeration->name);
    put_declared(out, &enumeration->declared);
    EACH(EnumMember, member, enumeration->members) put_name(out, member->name);
}

static void put_record(Buffer *out, const RecordDecl *record)
{
    buffer_add_string(out, "\nrecord");
    put_name(out, record->name);
    put_declared(out, &record->declared);
    put_fields(out, record->fields);
}

static void put_constant(Buffer *out, const Const *constant)
{
    buffer_add_string(out, "\nconst");
    put_name(out, constant->name);
    put_declared(out, &constant->declared);
    put_type(out, constant->type);
    put_expr(out, constant->value);
}

static void put_function(Buffer *out, const Function *function)
{
    buffer_add_string(out, "\nfn");
    put_name(out, function->name);
    put_declared(out, &function->declared);
    put_parameters(out, function->parameters);
    put_type(out, function->result);
    put_block(out, function->body);
}

static void put_event(Buffer *out, const EventDecl *event)
{
    buffer_add_string(out, "\nevent");
    put_name(out, event->name);
    put_declared(out, &event->declared);
    buffer_add_format(out, " %d %d", event->has_fields, event->retain_none);
    put_parameters(out, event->fields);
}

static void put_effect(Buffer *out, const EffectDecl *effect)
{
    buffer_add_string(out, "\neffect");
    put_name(out, effect->name);
    put_declared(out, &effect->declared);
    put_parameters(out, effect->parameters);
    put_type(out, effect->result);
    put_name(out, effect->provider);
    put_name(out, effect->action);
}

static void put_environment(Buffer *out, const Environment *environment)
{
    buffer_add_string(out, "\nenvironment");
    put_name(out, environment->name);
    put_declared(out, &environment->declared);
    EACH(EnvironmentProvider, provider, environment->providers)
    {
        put_name(out, provider->name);
        put_name(out, provider->plugin);
        put_expr(out, provider->config);
    }
    put_arguments(out, environment->hosts);
    put_capabilities(out, environment->has_capabilities, environment->capabilities);
}

static void put_migration(Buffer *out, const Migration *migration)
{
    buffer_add_format(out, "\nmigration %u %u", migration->from, migration->to);
    put_name(out, migration->domain);
    put_declared(out, &migration->declared);
    put_start_fields(out, migration->fields);
}

static void put_place(Buffer *out, const MovedPlace *place)
{
    put_name(out, place->domain);
    put_name(out, place->where);
    put_name(out, place->effect);
}

static void put_moved(Buffer *out, const Moved *moved)
{
    buffer_add_format(out, "\nmoved %d", moved->is_domain);
    put_place(out, &moved->from);
    put_place(out, &moved->to);
    put_declared(out, &moved->declared);
}

static void put_deploy(Buffer *out, const Deploy *deploy)
{
    buffer_add_string(out, "\ndeploy");
    put_name(out, deploy->domain);
    put_name(out, deploy->environment);
    put_declared(out, &deploy->declared);
}

static void put_test_steps(Buffer *out, const char *name, const TestStep *steps)
{
    buffer_add_format(out, "\n%s", name);
    EACH(TestStep, step, steps)
    {
        buffer_add_format(out, "\n%d %d %" PRId64 " %d %" PRId64, step->kind, step->fails,
                          step->times, step->in_ticks, step->limit);
        put_name(out, step->domain);
        put_expr(out, step->key);
        put_name(out, step->field);
        put_expr(out, step->value);
        put_name(out, step->provider);
        put_name(out, step->effect);
        put_name(out, step->failure);
        put_expr(out, step->result);
        if (step->statement != NULL)
            put_stmt(out, step->statement);
    }
}

static void put_test(Buffer *out, const Test *test)
{
    buffer_add_string(out, "\ntest");
    put_name(out, test->name);
    put_declared(out, &test->declared);
    put_test_steps(out, "given", test->given);
    put_test_steps(out, "simulate", test->simulate);
    put_test_steps(out, "expect", test->expect);
}

static void put_import(Buffer *out, const Import *import)
{
    buffer_add_format(out, "\nimport %u", import->module);
    put_name(out, import->path);
}

void ast_dump(const Ast *ast, Buffer *ret)
{
    put_allows(ret, ast->allows);
    EACH(Import, import, ast->imports) put_import(ret, import);
    EACH(RecordDecl, record, ast->records) put_record(ret, record);
    EACH(Enum, enumeration, ast->enums) put_enum(ret, enumeration);
    EACH(Const, constant, ast->constants) put_constant(ret, constant);
    EACH(Function, function, ast->functions) put_function(ret, function);
    EACH(EventDecl, event, ast->events) put_event(ret, event);
    EACH(EffectDecl, effect, ast->effects) put_effect(ret, effect);
    EACH(Domain, domain, ast->domains) put_domain(ret, domain);
    EACH(System, system, ast->systems) put_system(ret, system);
    EACH(Environment, environment, ast->environments) put_environment(ret, environment);
    EACH(Deploy, deploy, ast->deploys) put_deploy(ret, deploy);
    EACH(Migration, migration, ast->migrations) put_migration(ret, migration);
    EACH(Moved, moved, ast->moves) put_moved(ret, moved);
    EACH(Test, test, ast->tests) put_test(ret, test);
}
