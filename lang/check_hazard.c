/* What will run and may hurt: goals that fight, counters that drift, numbers that run past their
 * goal. Only looked for in a program without errors.
 *
 * One walk over all bodies collects what grows, what is emitted, and on which path: two statements
 * are on one path if the block of one contains the other. The goals are judged afterwards. */
#include <string.h>

#include "lang/check.h"
#include "lang/walk.h"

/* A block, within what it stands in. */
typedef struct Place {
    const struct Place *outer; /* NULL: the slice itself */
    const Expr *condition;     /* NULL: none */
    bool negated;              /* the block runs when the condition is false */
    const Expr *subject;       /* of the `match` whose `_` it is: none of the values there */
    bool loop;
} Place;

/* `f += 2` or `f = f + 2`. */
typedef struct Growth {
    struct Growth *next;
    struct Growth *next_of_field;
    uint32_t field;
    int32_t transition; /* -1: in a handler or a timer */
    bool by_one;
    const Place *place;
    const Emit *beside; /* an unnamed effect on its path in the same slice, or NULL */
    Span span;
} Growth;

typedef struct Emission {
    struct Emission *next;
    const Emit *emit;
    const Place *place;
} Emission;

typedef struct DomainHazards {
    Growth *growths;
    Growth **growths_end;
    Growth **of_field; /* for each field: its growths, the last one first */
    bool *falls;       /* for each field: something assigns it that is no growth */
    bool *counts;      /* for each field: a goal reads it */
    bool *sent_to;     /* for each transition: messages run it */
    uint32_t *served;  /* for each transition: how many goals it serves */
} DomainHazards;

typedef struct Walk {
    Visitor visitor;
    Checker *checker;
    DomainHazards *all; /* of each domain */
    DomainHazards *domain;
    int32_t transition;
    const Place *place;
    Growth **growths;    /* where those of this slice begin */
    Emission *emissions; /* of this slice, the last one first */
} Walk;

/* Where each of many could be compared with each of many, no more than so many are. */
#define LOOKED_AT_MAX 1000

/* ---- paths ---- */

static bool place_contains(const Place *outer, const Place *inner)
{
    while (inner != NULL && inner != outer)
        inner = inner->outer;
    return inner == outer;
}

static bool on_one_path(const Place *a, const Place *b)
{
    return place_contains(a, b) || place_contains(b, a);
}

static bool in_loop(const Place *place)
{
    while (place != NULL && !place->loop)
        place = place->outer;
    return place != NULL;
}

/* ---- growth ---- */

static bool is_any_field(const Expr *expr)
{
    return expr->kind == EXPR_NAME && expr->name_kind == NAME_FIELD;
}

static bool is_field(const Expr *expr, uint32_t field)
{
    return is_any_field(expr) && expr->slot == field;
}

static bool is_positive(Checker *checker, const Expr *expr, bool *ret_one)
{
    const char *fault;
    Value value;

    if (!expr_is_constant(expr) || !expr_constant_value(checker, expr, &value, &fault))
        return false;
    *ret_one = value.type == VALUE_INT && value.integer == 1;
    if (value.type == VALUE_FLOAT)
        return value.number > 0;
    return (value.type == VALUE_INT || value.type == VALUE_DURATION) && value.integer > 0;
}

static bool is_growth(Checker *checker, const Stmt *stmt, bool *ret_one)
{
    const Expr *value = stmt->assign.value;

    if (stmt->assign.steps != NULL)
        return false;
    if (stmt->assign.operator== OP_ADD)
        return is_positive(checker, value, ret_one);
    if (stmt->assign.operator!= OP_EQ || value->kind != EXPR_BINARY || value->operator!= OP_ADD)
        return false;
    return (is_field(value->left, stmt->slot) && is_positive(checker, value->right, ret_one)) ||
           (is_field(value->right, stmt->slot) && is_positive(checker, value->left, ret_one));
}

static void see_assign(Walk *walk, const Stmt *stmt)
{
    bool by_one = false;

    if (!stmt->is_field)
        return;
    if (!is_growth(walk->checker, stmt, &by_one)) {
        walk->domain->falls[stmt->slot] = true;
        return;
    }
    Growth *growth = arena_new(walk->checker->arena, Growth);
    *growth = (Growth){.field = stmt->slot,
                       .transition = walk->transition,
                       .by_one = by_one,
                       .place = walk->place,
                       .next_of_field = walk->domain->of_field[stmt->slot],
                       .span = stmt->span};
    walk->domain->of_field[stmt->slot] = growth;
    *walk->domain->growths_end = growth;
    walk->domain->growths_end = &growth->next;
}

/* ---- emissions ---- */

/* What was done at `emit` before this is undone by nobody if the slice ends here. */
static void note_failure(Walk *walk)
{
    size_t count = 0;

    for (const Emission *e = walk->emissions; e != NULL && count < LOOKED_AT_MAX;
         e = e->next, count++)
        if (on_one_path(e->place, walk->place))
            walk->checker->model->uses[e->emit->target].failure_follows = true;
}

static void see_block(Walk *walk, const Block *block, Place place)
{
    const Place *outer = walk->place;

    if (block == NULL)
        return;
    Place *here = arena_new(walk->checker->arena, Place);
    *here = place;
    here->outer = outer;
    walk->place = here;
    walk_block(&walk->visitor, block);
    walk->place = outer;
}

static bool see_emit(Visitor *visitor, const Emit *emit)
{
    Walk *walk = visitor->context;
    bool can_abort = emit->otherwise == NULL;

    if (emit->kind != EMIT_EFFECT) /* the others cannot fail */
        return false;
    if (can_abort)
        note_failure(walk);
    see_block(walk, emit->otherwise, (Place){0});
    Emission *emission = arena_new(walk->checker->arena, Emission);
    *emission = (Emission){.next = walk->emissions, .emit = emit, .place = walk->place};
    walk->emissions = emission;
    if (can_abort && in_loop(walk->place)) /* the next turn may fail */
        walk->checker->model->uses[emit->target].failure_follows = true;
    return false;
}

static const Emit *unnamed_beside(const Walk *walk, const Growth *growth)
{
    const EffectUse *uses = walk->checker->model->uses;
    size_t count = 0;

    for (const Emission *e = walk->emissions; e != NULL && count < LOOKED_AT_MAX;
         e = e->next, count++) {
        const EffectUse *use = &uses[e->emit->target];
        if (!use->has_name && !use->has_key && !use->releases &&
            on_one_path(e->place, growth->place))
            return e->emit;
    }
    return NULL;
}

/* What was done before this is done for good. */
static void see_slice_end(Walk *walk)
{
    for (Growth *g = *walk->growths; g != NULL; g = g->next)
        g->beside = unnamed_beside(walk, g);
    walk->growths = walk->domain->growths_end;
    walk->emissions = NULL;
}

/* ---- the walk ---- */

static void see_match(Walk *walk, const Stmt *stmt)
{
    for (const MatchArm *arm = stmt->match.arms; arm != NULL; arm = arm->next)
        see_block(walk, arm->body,
                  (Place){.subject = arm->patterns == NULL ? stmt->match.subject : NULL});
}

static bool see_stmt(Visitor *visitor, const Stmt *stmt)
{
    Walk *walk = visitor->context;

    switch (stmt->kind) {
    case STMT_ASSIGN:
        see_assign(walk, stmt);
        return false;
    case STMT_IF:
        see_block(walk, stmt->branch.then, (Place){.condition = stmt->branch.condition});
        see_block(walk, stmt->branch.otherwise,
                  (Place){.condition = stmt->branch.condition, .negated = true});
        return false;
    case STMT_WHILE:
        see_block(walk, stmt->loop.body, (Place){.condition = stmt->loop.condition, .loop = true});
        return false;
    case STMT_FOR:
        see_block(walk, stmt->each.body, (Place){.loop = true});
        return false;
    case STMT_MATCH:
        see_match(walk, stmt);
        return false;
    case STMT_SEND:
        if (!stmt->to_handler)
            walk->all[stmt->slot].sent_to[stmt->transition] = true;
        return false;
    case STMT_FAIL:
        note_failure(walk);
        return false;
    case STMT_YIELD:
        if (walk->place->outer == NULL) /* else it may be passed by */
            see_slice_end(walk);
        return false;
    case STMT_LET: /* the blocks of the last two are on the path of what is around them */
    case STMT_EMIT:
    case STMT_RELEASE:
    case STMT_PARALLEL:
    case STMT_ELEVATE:
        return true;
    case STMT_RETURN:
    case STMT_SPAWN:
    case STMT_STOP:
    case STMT_ERROR:
        return false;
    }
    return false;
}

static void see_body(Walk *walk, const Block *body)
{
    see_block(walk, body, (Place){0});
    see_slice_end(walk);
}

static void see_domain(Walk *walk, const ModelDomain *domain)
{
    walk->growths = walk->domain->growths_end;
    for (size_t i = 0; i < domain->transition_count; i++) {
        walk->transition = (int32_t)i;
        for (const Slice *s = domain->transition_trees[i]->slices; s != NULL; s = s->next)
            see_body(walk, s->body);
    }
    walk->transition = -1;
    for (const Handler *h = domain->ast->handlers; h != NULL; h = h->next)
        see_body(walk, h->body);
    for (const Timer *timer = domain->ast->timers; timer != NULL; timer = timer->next)
        see_body(walk, timer->body);
}

/* ---- counters of effects ---- */

static void report_counter(Checker *checker, const ProgramField *field, const Growth *growth)
{
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-024", growth->span,
                                 "'%s' counts what '%s' makes, in the same slice", field->name,
                                 growth->beside->effect.text);

    check_note(checker, d, growth->beside->span, "the effect it counts");
    d->consequence = "it counts what was asked for: one that is lost later is still counted";
    d->remedy = arena_format(checker->arena,
                             "name each one after its number, name: \"...${%s}\", so that it is "
                             "known again; or lower '%s' where one goes",
                             field->name, field->name);
}

static void check_counters(Checker *checker, const ModelDomain *domain,
                           const DomainHazards *hazards)
{
    for (const Growth *g = hazards->growths; g != NULL; g = g->next)
        if (g->beside != NULL && hazards->counts[g->field] && !hazards->falls[g->field])
            report_counter(checker, &domain->fields[g->field], g);
}

/* ---- numbers that run past their goal ---- */

static bool same_expr(const Expr *a, const Expr *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case EXPR_INT:
    case EXPR_DURATION:
        return a->integer == b->integer;
    case EXPR_FLOAT:
        return a->number == b->number;
    case EXPR_BOOL:
        return a->boolean == b->boolean;
    case EXPR_NAME:
        return a->name_kind == b->name_kind && a->slot == b->slot && a->name_kind != NAME_LOCAL;
    case EXPR_UNARY:
        return a->operator== b->operator&& same_expr(a->left, b->left);
    case EXPR_BINARY:
        return a->operator== b->operator&& same_expr(a->left, b->left) &&
               same_expr(a->right, b->right);
    case EXPR_NULL:
    case EXPR_STRING:
    case EXPR_LIST:
    case EXPR_MAP:
    case EXPR_MEMBER:
    case EXPR_INDEX:
    case EXPR_ENUM:
    case EXPR_CALL:
    case EXPR_QUERY:
    case EXPR_EMIT:
    case EXPR_ERROR:
        return false;
    }
    return false;
}

/* `f < x`, `f != x`, their negations where the block runs without them, or any comparison with what
 * the goal itself asks for. */
static bool bounds(const Expr *expr, bool negated, uint32_t field, const Expr *goal_bound)
{
    if (expr->kind == EXPR_UNARY && expr->operator== OP_NOT)
        return bounds(expr->left, !negated, field, goal_bound);
    if (expr->kind != EXPR_BINARY)
        return false;
    Operator with = expr->operator;
    if (with == OP_AND || with == OP_OR)
        return bounds(expr->left, negated, field, goal_bound) ||
               bounds(expr->right, negated, field, goal_bound);
    bool left = is_field(expr->left, field);
    if (with < OP_EQ || with > OP_GE || (!left && !is_field(expr->right, field)))
        return false;
    if (same_expr(left ? expr->right : expr->left, goal_bound))
        return true;
    if (with == OP_EQ || with == OP_NE)
        return (with == OP_NE) != negated;
    bool below = left == (with == OP_LT || with == OP_LE); /* it is to be smaller */
    return below != negated;
}

static bool is_bounded(const Growth *growth, const Expr *goal_bound)
{
    for (const Place *p = growth->place; p != NULL; p = p->outer) {
        if (p->condition != NULL && bounds(p->condition, p->negated, growth->field, goal_bound))
            return true;
        if (p->subject != NULL && is_field(p->subject, growth->field))
            return true;
    }
    return false;
}

/* One up, once a run, and only run while this one comparison does not hold: it stops there. */
static bool stops_at_goal(const ModelDomain *domain, const DomainHazards *hazards,
                          const Growth *growth)
{
    size_t count = 0;

    if (growth->transition < 0 || !growth->by_one || in_loop(growth->place) ||
        hazards->sent_to[growth->transition] || domain->boot == growth->transition)
        return false;
    for (const Growth *g = hazards->of_field[growth->field]; g != NULL && count < LOOKED_AT_MAX;
         g = g->next_of_field, count++)
        if (g != growth && g->transition == growth->transition)
            return false;
    return hazards->served[growth->transition] <= 1;
}

static void report_overrun(Checker *checker, const ProgramField *field, const Expr *comparison,
                           const Growth *growth)
{
    Diagnostic *d = check_report(checker, SEVERITY_WARNING, "V-WRN-025", comparison->span,
                                 "'%s' only grows and may pass this value", field->name);

    check_note(checker, d, growth->span, "nothing stops it here");
    d->consequence = "past it the goal can never be met again";
    d->remedy = arena_format(checker->arena,
                             "let it grow only below the value, `if %s < ... { }`, or ask for at "
                             "least that much with `>=`",
                             field->name);
}

static void check_equality(Checker *checker, const ModelDomain *domain,
                           const DomainHazards *hazards, const Expr *comparison, bool whole)
{
    size_t count = 0;
    bool left = is_any_field(comparison->left);
    const Expr *name = left ? comparison->left : comparison->right;
    const Expr *bound = left ? comparison->right : comparison->left;

    if (!is_any_field(name) || hazards->falls[name->slot])
        return;
    for (const Growth *g = hazards->of_field[name->slot]; g != NULL && count < LOOKED_AT_MAX;
         g = g->next_of_field, count++) {
        if (is_bounded(g, bound) || (whole && stops_at_goal(domain, hazards, g)))
            continue;
        report_overrun(checker, &domain->fields[name->slot], comparison, g);
        return;
    }
}

/* ---- goals that fight ---- */

/* What a goal asks of a field, with a constant. */
typedef struct Demand {
    struct Demand *next;
    size_t goal;
    Operator operator; /* the field stands on the left */
    Value value;
    Span span;
} Demand;

/* Below 0, 0, or above: how `a` stands to `b`, of which one may be an int where the other is a
 * float. What has no order is 0 where it is equal, else anything else. */
static int value_order(Value a, Value b)
{
    if (a.type == VALUE_FLOAT || b.type == VALUE_FLOAT) {
        double left = a.type == VALUE_FLOAT ? a.number : (double)a.integer;
        double right = b.type == VALUE_FLOAT ? b.number : (double)b.integer;
        return (left > right) - (left < right);
    }
    if (a.type == VALUE_INT || a.type == VALUE_DURATION)
        return (a.integer > b.integer) - (a.integer < b.integer);
    return !value_equal(a, b);
}

/* Whether a value that stands so to the demanded one fulfils the demand. */
static bool order_fulfils(int order, Operator with)
{
    return with == OP_EQ   ? order == 0
           : with == OP_NE ? order != 0
           : with == OP_LT ? order < 0
           : with == OP_LE ? order <= 0
           : with == OP_GT ? order > 0
                           : order >= 0;
}

/* `f > 3` of an int is `f >= 4`: the same with its bound within, if there is such a bound. */
static void demand_close(Demand *demand)
{
    Value *value = &demand->value;

    if (value->type != VALUE_INT && value->type != VALUE_DURATION)
        return;
    if (demand->operator== OP_GT && value->integer != INT64_MAX) {
        demand->operator= OP_GE;
        value->integer++;
    } else if (demand->operator== OP_LT && value->integer != INT64_MIN) {
        demand->operator= OP_LE;
        value->integer--;
    }
}

static bool is_from_below(const Demand *demand)
{
    return demand->operator== OP_GT || demand->operator== OP_GE;
}

/* Both are closed. */
static bool demands_exclude(const Demand *a, const Demand *b)
{
    int order = value_order(a->value, b->value);

    if (a->operator== OP_EQ)
        return !order_fulfils(order, b->operator);
    if (b->operator== OP_EQ)
        return !order_fulfils(-order, a->operator);
    if (a->operator== OP_NE || b->operator== OP_NE || is_from_below(a) == is_from_below(b))
        return false;
    int gap = is_from_below(a) ? order : -order; /* of the lower bound to the upper one */
    return gap > 0 ||
           (gap == 0 && !(order_fulfils(0, a->operator) && order_fulfils(0, b->operator)));
}

static void report_fight(Checker *checker, const ModelDomain *domain, const ProgramField *field,
                         const Demand *first, const Demand *second)
{
    Diagnostic *d =
        check_report(checker, SEVERITY_WARNING, "V-WRN-010", second->span,
                     "goals '%s' and '%s' drive '%s' apart", domain->goals[first->goal].name,
                     domain->goals[second->goal].name, field->name);

    check_note(checker, d, first->span, "the other value is asked for here");
    d->consequence = "they cannot both be met, so what one does the other undoes";
    d->remedy = arena_format(checker->arena,
                             "keep one of them, or let each say when it is meant: "
                             "`predicate mode != \"...\" || %s == ...`",
                             field->name);
}

/* Compare with what earlier goals ask for; one word about each demand. */
static void demand_add(Checker *checker, const ModelDomain *domain, Demand **demands,
                       uint32_t field, Demand demand)
{
    size_t count = 0;

    demand_close(&demand);
    for (const Demand *d = demands[field]; d != NULL && count < LOOKED_AT_MAX; d = d->next, count++)
        if (d->goal != demand.goal && demands_exclude(d, &demand)) {
            report_fight(checker, domain, &domain->fields[field], d, &demand);
            return;
        }
    Demand *kept = arena_new(checker->arena, Demand);
    *kept = demand;
    kept->next = demands[field];
    demands[field] = kept;
}

static Operator mirrored(Operator operator)
{
    switch ((int)operator) {
    case OP_LT:
        return OP_GT;
    case OP_LE:
        return OP_GE;
    case OP_GT:
        return OP_LT;
    case OP_GE:
        return OP_LE;
    default: /* the same from both sides */
        return operator;
    }
}

/* What this part of the goal asks of one field: `f`, `!f`, or a comparison with a constant. */
static bool demand_of(Checker *checker, const Expr *expr, Demand *ret, uint32_t *ret_field)
{
    bool negated = expr->kind == EXPR_UNARY && expr->operator== OP_NOT;
    const Expr *name = negated ? expr->left : expr;
    const char *fault;

    ret->operator= OP_EQ;
    ret->value = value_bool(!negated);
    if (expr->kind == EXPR_BINARY && expr->operator>= OP_EQ && expr->operator<= OP_GE) {
        bool left = is_any_field(expr->left);
        const Expr *constant = left ? expr->right : expr->left;
        name = left ? expr->left : expr->right;
        ret->operator= left ? expr->operator: mirrored(expr->operator);
        if (!expr_is_constant(constant) ||
            !expr_constant_value(checker, constant, &ret->value, &fault))
            return false;
    }
    if (!is_any_field(name))
        return false;
    *ret_field = name->slot;
    return true;
}

/* ---- goals ---- */

typedef struct GoalWalk {
    Checker *checker;
    const ModelDomain *domain;
    const DomainHazards *hazards;
    Demand **demands; /* of each field */
    size_t goal;
} GoalWalk;

/* What must hold for the goal to hold: the operands of its `&&`. */
static void see_goal(GoalWalk *walk, const Expr *expr, bool whole)
{
    Demand demand = {.goal = walk->goal, .span = expr->span};
    uint32_t field;

    if (expr->kind == EXPR_BINARY && expr->operator== OP_AND) {
        see_goal(walk, expr->left, false);
        see_goal(walk, expr->right, false);
        return;
    }
    if (walk->domain->goal_count > 1 && demand_of(walk->checker, expr, &demand, &field) &&
        walk->domain->facts[field].assigned)
        demand_add(walk->checker, walk->domain, walk->demands, field, demand);
    if (expr->kind == EXPR_BINARY && expr->operator== OP_EQ)
        check_equality(walk->checker, walk->domain, walk->hazards, expr, whole);
}

static void check_domain_goals(Checker *checker, const ModelDomain *domain,
                               const DomainHazards *hazards)
{
    GoalWalk walk = {.checker = checker,
                     .domain = domain,
                     .hazards = hazards,
                     .demands = arena_array(checker->arena, Demand *, domain->field_count)};

    if (domain->goal_count < 2 && hazards->growths == NULL)
        return;
    for (const Goal *goal = domain->ast->goals; goal != NULL; goal = goal->next, walk.goal++)
        see_goal(&walk, goal->predicate, true);
}

/* ---- what goals read and serve ---- */

static bool mark_read(Visitor *visitor, const Expr *expr)
{
    bool *reads = visitor->context;

    if (is_any_field(expr))
        reads[expr->slot] = true;
    return true;
}

/* Goals without a strategy share one list of transitions, so this can be many times many. */
#define SERVED_MAX 1000000

static void count_served(const ModelDomain *domain, uint32_t *served)
{
    size_t count = 0;

    for (size_t i = 0; i < domain->goal_count && count < SERVED_MAX; i++) {
        const ProgramGoal *goal = &domain->goals[i];
        for (size_t t = 0; t < goal->transition_count; t++)
            served[goal->transitions[t]]++;
        if (goal->fallback >= 0)
            served[goal->fallback]++;
        count += goal->transition_count;
    }
}

static void hazards_init(Checker *checker, const ModelDomain *domain, DomainHazards *ret)
{
    ret->growths_end = &ret->growths;
    ret->falls = arena_array(checker->arena, bool, domain->field_count);
    ret->counts = arena_array(checker->arena, bool, domain->field_count);
    ret->of_field = arena_array(checker->arena, Growth *, domain->field_count);
    ret->sent_to = arena_array(checker->arena, bool, domain->transition_count);
    ret->served = arena_array(checker->arena, uint32_t, domain->transition_count);
    count_served(domain, ret->served);
    Visitor visitor = {.expr = mark_read, .context = ret->counts};
    for (const Goal *goal = domain->ast->goals; goal != NULL; goal = goal->next)
        walk_expr(&visitor, goal->predicate);
}

void check_hazards(Checker *checker)
{
    const Model *model = checker->model;
    Walk walk = {.visitor = {.stmt = see_stmt, .emit = see_emit, .expr = walk_emissions_only},
                 .checker = checker,
                 .all = arena_array(checker->arena, DomainHazards, model->domain_count)};

    walk.visitor.context = &walk;
    for (size_t i = 0; i < model->domain_count; i++)
        hazards_init(checker, &model->domains[i], &walk.all[i]);
    for (size_t i = 0; i < model->domain_count; i++) {
        walk.domain = &walk.all[i];
        see_domain(&walk, &model->domains[i]);
    }
    for (size_t i = 0; i < model->domain_count; i++) {
        check_counters(checker, &model->domains[i], &walk.all[i]);
        check_domain_goals(checker, &model->domains[i], &walk.all[i]);
    }
}
