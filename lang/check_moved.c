/* `moved`: what has another name than in an older state. Its left sides are gone from the program,
 * its right sides are there, and no two lines pull at one thing. */
#include <string.h>

#include "lang/check.h"
#include "lang/program_index.h"
#include "lang/suggest.h"

typedef struct Moving {
    Checker *checker;
    const Moved **trees; /* one for each of the model's moves */
    Map targets;         /* like the model's sources, of what they lead to */
    uint32_t *others;    /* like ProgramMove.other, of targets */
    uint32_t *rounds;    /* in which a move was last followed */
    bool *wrong;         /* reported: what follows is no news */
    Map uses;            /* key of a place, to the use's index + 1 */
    uint32_t *next_uses; /* the next of the same key, index + 1 */
} Moving;

static MoveTable table_of(const Moving *moving)
{
    const Model *model = moving->checker->model;

    return (MoveTable){model->moves, &model->move_sources};
}

static ProgramPlace place_from(const ProgramMove *move)
{
    return (ProgramPlace){move->from_domain, move->from_where, move->from_effect};
}

static ProgramPlace place_to(const ProgramMove *move)
{
    return (ProgramPlace){move->to_domain, move->to_where, move->to_effect};
}

static size_t number_at(const Map *map, const char *key)
{
    return (size_t)(uintptr_t)map_get(map, key);
}

static const char *side_text(const Moving *moving, const MovedPlace *place)
{
    return place->where.text == NULL
               ? place->domain.text
               : arena_format(moving->checker->arena, "%s.%s.%s", place->domain.text,
                              place->where.text, place->effect.text);
}

/* ---- two lines about one thing ---- */

static void report_two(Moving *moving, size_t index, size_t first, bool sources)
{
    Checker *checker = moving->checker;
    const Moved *tree = moving->trees[index], *other = moving->trees[first];
    const MovedPlace *side = sources ? &tree->from : &tree->to;

    moving->wrong[index] = true;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-041", side->span,
                     sources ? "'%s' has moved to two places" : "two things have moved to '%s'",
                     side_text(moving, side));

    check_note(checker, d, sources ? other->from.span : other->to.span, "the other line is here");
    d->consequence = sources ? "what it made can go on under one name only"
                             : "what both have made cannot go on under one name";
    d->remedy = sources ? "remove one of the lines, or name the provider of each effect"
                        : "remove one of the lines: what it is about is destroyed then";
}

/* Put the move under its key, behind others that are about another provider's effect. False: there
 * is one of the same, which is reported. */
static bool move_enter(Moving *moving, Map *map, const char *key, size_t index, bool sources)
{
    ProgramMove *moves = moving->checker->model->moves;
    size_t first = number_at(map, key);

    for (size_t at = first; at != 0; at = sources ? moves[at - 1].other : moving->others[at - 1]) {
        const ProgramMove *move = &moves[at - 1];
        if (moves[index].is_domain ||
            effects_agree(sources ? move->from_effect : move->to_effect,
                          sources ? moves[index].from_effect : moves[index].to_effect)) {
            report_two(moving, index, at - 1, sources);
            return false;
        }
    }
    *(sources ? &moves[index].other : &moving->others[index]) = (uint32_t)first;
    map_put(map, key, (void *)(uintptr_t)(index + 1));
    return true;
}

static void domain_enter(Moving *moving, size_t index)
{
    Model *model = moving->checker->model;
    const ProgramMove *move = &model->moves[index];

    if (move_enter(moving, &model->move_sources, move->from_domain, index, true))
        move_enter(moving, &moving->targets, move->to_domain, index, false);
}

static void place_enter(Moving *moving, size_t index)
{
    Model *model = moving->checker->model;
    const ProgramPlace from = place_from(&model->moves[index]), to = place_to(&model->moves[index]);
    cleanup(buffer_deinit) Buffer source = {0}, target = {0};

    place_key(&from, &source);
    place_key(&to, &target);
    if (move_enter(moving, &model->move_sources, buffer_text(&source), index, true))
        move_enter(moving, &moving->targets, buffer_text(&target), index, false);
}

/* ---- circles ---- */

/* The move that goes on from where this one leads to; NULL: none. */
static const ProgramMove *move_after(const Moving *moving, const ProgramMove *move)
{
    const MoveTable table = table_of(moving);

    if (move->is_domain)
        return move_of_domain(&table, move->to_domain);
    const ProgramPlace to = place_to(move);
    return move_of_place(&table, &to);
}

static void report_nothing_moved(Moving *moving, size_t index)
{
    Checker *checker = moving->checker;
    const Moved *tree = moving->trees[index];
    const ProgramMove *move = &checker->model->moves[index];
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-041", tree->span,
                                 "'%s' has moved to where it was", side_text(moving, &tree->from));

    d->remedy = strcmp(tree->from.domain.text, move->from_domain) != 0
                    ? "remove the line: that its domain has moved is enough"
                    : "remove the line";
}

/* `index` leads on to `after`, where it was begun. */
static void report_circle(Moving *moving, size_t index, size_t after)
{
    Checker *checker = moving->checker;
    const Moved *tree = moving->trees[index];

    if (index == after) {
        report_nothing_moved(moving, index);
        return;
    }
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-041", tree->span,
                     "this leads in a circle, back to '%s'", side_text(moving, &tree->to));
    check_note(checker, d, moving->trees[after]->span, "it goes on here");
    d->remedy = "remove the line that is not true; two swap their names by two edits, over a third "
                "name";
}

/* Take the move out of the table, so that following ends. */
static void source_drop(Moving *moving, const ProgramMove *move)
{
    Model *model = moving->checker->model;
    cleanup(buffer_deinit) Buffer key = {0};
    const ProgramPlace from = place_from(move);

    if (move->is_domain)
        buffer_add_string(&key, move->from_domain);
    else
        place_key(&from, &key);
    map_remove(&model->move_sources, buffer_text(&key));
}

/* Follow a move to its end; what an earlier round has followed ends. */
static void check_circle(Moving *moving, size_t index)
{
    const ProgramMove *moves = moving->checker->model->moves, *move = &moves[index], *next;
    uint32_t round = (uint32_t)index + 1;

    for (; move != NULL && moving->rounds[move - moves] == 0; move = next) {
        moving->rounds[move - moves] = round;
        next = move_after(moving, move);
        if (next == NULL || moving->rounds[next - moves] != round)
            continue;
        for (const ProgramMove *m = next; m != move; m = move_after(moving, m))
            moving->wrong[m - moves] = true;
        moving->wrong[move - moves] = true;
        report_circle(moving, (size_t)(move - moves), (size_t)(next - moves));
        source_drop(moving, move);
        return;
    }
}

/* ---- what is there, and what is not ---- */

static void still_there(Moving *moving, const MovedPlace *from, Span where)
{
    Checker *checker = moving->checker;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-039", from->span,
                                 "'%s' is still there", side_text(moving, from));

    check_note(checker, d, where, "it is here");
    d->consequence = "what it made cannot be told from what has moved";
    d->remedy = "remove this line, or what it says has moved";
}

static void check_domain_move(Moving *moving, size_t index)
{
    Checker *checker = moving->checker;
    const Model *model = checker->model;
    const Moved *tree = moving->trees[index];
    const MoveTable table = table_of(moving);
    int old = model_find(&model->domain_names, tree->from.domain.text);

    if (moving->wrong[index])
        return;
    checker->module = tree->declared.module;
    if (old >= 0)
        still_there(moving, &tree->from, model->domains[old].ast->name.span);
    if (move_of_domain(&table, tree->to.domain.text) == NULL)
        check_domain_name(checker, tree->to.domain, "V-ERR-040");
}

/* The transition, handler or timer that a use stands in. */
static const char *use_where(const ModelDomain *domain, const EffectUse *use)
{
    if (use->transition >= 0)
        return domain->transitions[use->transition].name;
    if (use->handler >= 0)
        return domain->handlers[use->handler].where;
    return use->timer >= 0 ? domain->timers[use->timer].where : NULL;
}

/* Moves are few, uses may be many: this is done once. */
static void uses_collect(Moving *moving)
{
    const Model *model = moving->checker->model;

    moving->next_uses = arena_array(moving->checker->arena, uint32_t, model->use_count);
    for (size_t i = model->use_count; i > 0; i--) {
        const EffectUse *use = &model->uses[i - 1];
        const ModelDomain *domain = &model->domains[use->domain];
        const ProgramPlace place = {domain->ast->name.text, use_where(domain, use), use->effect};
        cleanup(buffer_deinit) Buffer key = {0};
        if (use->releases || place.where == NULL)
            continue;
        place_key(&place, &key);
        moving->next_uses[i - 1] = (uint32_t)number_at(&moving->uses, buffer_text(&key));
        map_put(&moving->uses, buffer_text(&key), (void *)(uintptr_t)i);
    }
}

/* The emits of that place, from the first in the text; NULL: none. */
static const EffectUse *use_first(const Moving *moving, const ProgramPlace *place)
{
    cleanup(buffer_deinit) Buffer key = {0};

    place_key(place, &key);
    size_t number = number_at(&moving->uses, buffer_text(&key));
    return number == 0 ? NULL : &moving->checker->model->uses[number - 1];
}

static const EffectUse *use_after(const Moving *moving, const EffectUse *use)
{
    const EffectUse *uses = moving->checker->model->uses;
    uint32_t next = moving->next_uses[use - uses];

    return next == 0 ? NULL : &uses[next - 1];
}

static const char *use_effect(const Moving *moving, const EffectUse *use)
{
    return use->provider == NULL
               ? use->effect
               : arena_format(moving->checker->arena, "%s.%s", use->provider, use->effect);
}

static const EffectUse *use_of(const Moving *moving, const ProgramPlace *place)
{
    const EffectUse *use = use_first(moving, place);

    while (use != NULL && !effects_agree(use_effect(moving, use), place->effect))
        use = use_after(moving, use);
    return use;
}

/* "Infra.Create" where the line says `Create` and all emits there say whose; else as written. */
static const char *effect_spelled(const Moving *moving, const ProgramPlace *place)
{
    const EffectUse *use = use_first(moving, place);
    const char *provider = use != NULL ? use->provider : NULL;

    if (provider == NULL || strchr(place->effect, '.') != NULL)
        return place->effect;
    for (const EffectUse *u = use; u != NULL; u = use_after(moving, u))
        if (u->provider == NULL || strcmp(u->provider, provider) != 0)
            return place->effect;
    return use_effect(moving, use);
}

/* ---- a place that is not there ---- */

static Diagnostic *not_there(Moving *moving, Name name, const char *format, const char *place)
{
    Diagnostic *d = check_report(moving->checker, SEVERITY_ERROR, "V-ERR-040", name.span, format,
                                 place, name.text);

    d->consequence = "what has moved would be destroyed";
    return d;
}

static bool has_where(const ModelDomain *domain, const char *where, Suggestion *ret)
{
    if (model_find(&domain->transition_names, where) >= 0)
        return true;
    suggest_try_map(ret, &domain->transition_names);
    for (size_t i = 0; i < domain->handler_count; i++) {
        const char *name = domain->handlers[i].where;
        if (name != NULL && strcmp(name, where) == 0)
            return true;
        suggest_try(ret, name != NULL ? name : "");
    }
    for (size_t i = 0; i < domain->timer_count; i++) {
        if (strcmp(domain->timers[i].where, where) == 0)
            return true;
        suggest_try(ret, domain->timers[i].where);
    }
    return false;
}

static void report_effect(Moving *moving, const ModelDomain *domain, const MovedPlace *to)
{
    const Checker *checker = moving->checker;
    Suggestion suggestion = suggest_begin(to->effect.text);
    const char *some = NULL;

    for (size_t i = 0; i < checker->model->use_count; i++) {
        const EffectUse *use = &checker->model->uses[i];
        const char *where = use_where(domain, use);
        if (&checker->model->domains[use->domain] != domain || use->releases || where == NULL ||
            strcmp(where, to->where.text) != 0)
            continue;
        some = some == NULL ? use_effect(moving, use) : some;
        suggest_try(&suggestion, use->effect);
        suggest_try(&suggestion, use_effect(moving, use));
    }
    Diagnostic *d =
        not_there(moving, to->effect, "nothing in '%s' emits '%s'",
                  arena_format(checker->arena, "%s.%s", domain->ast->name.text, to->where.text));
    if (some != NULL)
        d->remedy = arena_format(checker->arena,
                                 "write what a provider calls it: '%s' is emitted there", some);
    check_suggest(moving->checker, d, to->effect.span, &suggestion);
}

static void report_place(Moving *moving, const Moved *tree, const ProgramPlace *place)
{
    Checker *checker = moving->checker;
    const Model *model = checker->model;
    int index = model_find(&model->domain_names, place->domain);

    if (index < 0) {
        check_domain_name(checker, tree->to.domain, "V-ERR-040");
        return;
    }
    const ModelDomain *domain = &model->domains[index];
    Suggestion suggestion = suggest_begin(place->where);
    if (has_where(domain, place->where, &suggestion)) {
        report_effect(moving, domain, &tree->to);
        return;
    }
    Diagnostic *d = not_there(moving, tree->to.where,
                              "'%s' has no transition, handler or timer '%s'", place->domain);
    check_suggest(checker, d, tree->to.where.span, &suggestion);
}

/* What an instance without a key has made cannot be that of one with a key. */
static void check_keys(Moving *moving, const Moved *tree, const ProgramMove *move)
{
    Checker *checker = moving->checker;
    const Model *model = checker->model;
    int old = model_find(&model->domain_names, move->from_domain);
    int new = model_find(&model->domain_names, move->to_domain);

    if (old < 0 || new < 0 || model->domains[old].ast->key.text != NULL ||
        model->domains[new].ast->key.text == NULL)
        return;
    Diagnostic *d =
        check_report(checker, SEVERITY_ERROR, "V-ERR-033", tree->to.domain.span,
                     "'%s' has a key, and '%s' has none", move->to_domain, move->from_domain);
    d->consequence = "it is not clear which instance goes on with what has moved";
    d->remedy = "remove the line: what it is about is destroyed and made anew";
}

static void check_place_move(Moving *moving, size_t index)
{
    Checker *checker = moving->checker;
    ProgramMove *move = &checker->model->moves[index];
    const Moved *tree = moving->trees[index];
    const ProgramPlace from = place_from(move), to = place_to(move);
    const EffectUse *old = use_of(moving, &from);

    if (moving->wrong[index])
        return;
    checker->module = tree->declared.module;
    if (old != NULL)
        still_there(moving, &tree->from, old->span);
    if (model_find(&checker->model->domain_names, tree->to.domain.text) >= 0 &&
        check_domain_name(checker, tree->to.domain, "V-ERR-040") == NULL)
        return; /* it is not for this file */
    if (use_of(moving, &to) == NULL && move_after(moving, move) == NULL)
        report_place(moving, tree, &to);
    check_keys(moving, tree, move);
    move->to_effect = effect_spelled(moving, &to);
}

/* ---- all of them ---- */

static void moves_make(Moving *moving)
{
    Model *model = moving->checker->model;
    Arena *arena = moving->checker->arena;
    size_t count = LIST_COUNT(Moved, model->ast->moves), i = 0;

    model->moves = arena_array(arena, ProgramMove, count);
    model->move_count = count;
    moving->trees = arena_array(arena, const Moved *, count);
    moving->others = arena_array(arena, uint32_t, count);
    moving->rounds = arena_array(arena, uint32_t, count);
    moving->wrong = arena_array(arena, bool, count);
    for (const Moved *tree = model->ast->moves; tree != NULL; tree = tree->next, i++) {
        moving->trees[i] = tree;
        model->moves[i] = (ProgramMove){.is_domain = tree->is_domain,
                                        .from_domain = tree->from.domain.text,
                                        .from_where = tree->from.where.text,
                                        .from_effect = tree->from.effect.text,
                                        .to_domain = tree->to.domain.text,
                                        .to_where = tree->to.where.text,
                                        .to_effect = tree->to.effect.text,
                                        .span = tree->span};
    }
}

#define EACH_MOVE(moving, wants_domain, call)                                                      \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < (moving)->checker->model->move_count; i_++)                       \
            if ((moving)->checker->model->moves[i_].is_domain == (wants_domain))                   \
                call(moving, i_);                                                                  \
    } while (0)

/* Every line on the way says at once where it ends, so that no way is gone twice. */
static void domain_settle(Moving *moving, size_t index)
{
    const MoveTable table = table_of(moving);
    ProgramMove *moves = moving->checker->model->moves, *move = &moves[index];
    const char *end = move->to_domain;

    for (const ProgramMove *m; (m = move_of_domain(&table, end)) != NULL;)
        end = m->to_domain;
    while (move != NULL) {
        const ProgramMove *next = move_of_domain(&table, move->to_domain);
        move->to_domain = end;
        move = next == NULL ? NULL : &moves[next - moves];
    }
}

static void place_settle(Moving *moving, size_t index)
{
    ProgramMove *move = &moving->checker->model->moves[index];
    const MoveTable table = table_of(moving);

    move->from_domain = moved_domain(&table, move->from_domain);
    move->to_domain = moved_domain(&table, move->to_domain);
}

void check_moves(Checker *checker)
{
    Moving moving = {.checker = checker};

    if (checker->model->ast->moves == NULL)
        return;
    moves_make(&moving);
    EACH_MOVE(&moving, true, domain_enter);
    EACH_MOVE(&moving, true, check_circle);
    EACH_MOVE(&moving, true, domain_settle);
    EACH_MOVE(&moving, false, place_settle);
    EACH_MOVE(&moving, false, place_enter);
    EACH_MOVE(&moving, false, check_circle);
    if (!checker->incomplete) { /* else what is named may stand where nothing could be read */
        uses_collect(&moving);
        EACH_MOVE(&moving, true, check_domain_move);
        EACH_MOVE(&moving, false, check_place_move);
    }
    map_deinit(&moving.targets);
    map_deinit(&moving.uses);
}
