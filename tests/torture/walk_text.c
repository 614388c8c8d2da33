/* A model as the text of a program, and what its effects are bound to. */
#include <stdio.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/torture/walk_model.h"

const char *const effect_names[EFFECTS_MAX + 1] = {"Host", "Disk", "Port",
                                                   "User", "Zone", "Notify"};

static const char *const names[NAMES_MAX] = {"Ada", "Bea", "Cleo", "Dora", "Eve", "Fay",
                                             "Gil", "Hal", "Ida",  "Joe",  "Kim", "Lea"};

const char *domain_name(const Domain *domain)
{
    return names[domain->name];
}

void unit_where(const Unit *unit, char *ret, size_t size)
{
    if (unit->kind == UNIT_HEARS)
        snprintf(ret, size, "Ev%u", unit->source);
    else
        snprintf(ret, size, "T%u_%u", unit->id, unit->title);
}

bool unit_has_marker(const Unit *unit)
{
    return unit->kind != UNIT_HEARS;
}

static const Unit *unit_of(const Domain *domain, uint32_t id)
{
    for (size_t i = 0; i < UNITS_MAX; i++)
        if (domain->units[i].id == id)
            return &domain->units[i];
    return NULL;
}

/* ---- state ---- */

static void write_fields(const Domain *domain, Buffer *ret)
{
    buffer_add_format(ret, "  state {\n    size: int = %u\n    label: string = \"l%u\"\n",
                      domain->size, domain->label);
    for (size_t i = 0; i < UNITS_MAX; i++) {
        const Unit *unit = &domain->units[i];
        if (unit->id == 0)
            continue;
        if (unit->kind == UNIT_POOL)
            buffer_add_format(ret, "    n%u_%u: int\n", unit->id, unit->marker);
        else if (unit_has_marker(unit))
            buffer_add_format(ret, "    done%u_%u: bool\n", unit->id, unit->marker);
        if (unit->kind == UNIT_POOL || unit->kind == UNIT_LOOP)
            buffer_add_format(ret, "    want%u: int = %u\n", unit->id, unit->count);
        if (unit->kind == UNIT_WAITS)
            buffer_add_format(ret, "    url%u: string\n    seen%u: int\n", unit->id, unit->id);
    }
    for (size_t i = 0; i < domain->relic_count; i++)
        buffer_add_format(ret, "    done%u_%u: bool\n", domain->relics[i].id,
                          domain->relics[i].marker);
    buffer_add_string(ret, "  }\n");
}

static void write_marker(const Unit *unit, Buffer *ret)
{
    buffer_add_format(ret, "%s%u_%u", unit->kind == UNIT_POOL ? "n" : "done", unit->id,
                      unit->marker);
}

/* What must be so when it has run. */
static void write_done(const Unit *unit, Buffer *ret)
{
    write_marker(unit, ret);
    if (unit->kind == UNIT_POOL)
        buffer_add_format(ret, " %s want%u", unit->exact ? "==" : ">=", unit->id);
    else
        buffer_add_string(ret, " == true");
}

/* ---- slices ---- */

/* The result of the emission is used by the next one, or said. */
static bool is_used(const Unit *unit, uint32_t index)
{
    if (index == 0 && unit->speaks)
        return true;
    return !unit->together && index + 1 < unit->emit_count &&
           (unit->emits[index + 1].on_result || unit->emits[index + 1].echoes);
}

static const char *turn_of(const Unit *unit)
{
    return unit->kind == UNIT_LOOP ? "i" : unit->kind == UNIT_POOL ? "turn" : NULL;
}

static void write_stand(const Unit *unit, uint32_t index, Buffer *ret)
{
    const Emit *emit = &unit->emits[index];

    if (index > 0) {
        if (unit->together)
            return;
        if (emit->on_result)
            buffer_add_format(ret, ", on: r%u.id", index - 1);
        if (emit->echoes)
            buffer_add_format(ret, ", echo: r%u.size", index - 1);
    } else if (unit->kind == UNIT_WAITS) {
        if (emit->on_result)
            buffer_add_format(ret, ", on: url%u", unit->id);
        if (emit->echoes)
            buffer_add_format(ret, ", echo: seen%u", unit->id);
    } else if (unit->kind == UNIT_HEARS) {
        if (emit->on_result)
            buffer_add_string(ret, ", on: url");
        if (emit->echoes)
            buffer_add_string(ret, ", echo: seen");
    }
}

static void write_emit(const Unit *unit, uint32_t index, Buffer *ret)
{
    const Emit *emit = &unit->emits[index];
    const char *turn = turn_of(unit);

    buffer_add_string(ret, "      ");
    if (is_used(unit, index))
        buffer_add_format(ret, "let r%u = ", index);
    buffer_add_format(ret, "emit Infra.%s(", effect_names[emit->effect]);
    if (emit->name != 0 && turn != NULL)
        buffer_add_format(ret, "name: \"m%u-${%s}\", ", emit->name, turn);
    else if (emit->name != 0)
        buffer_add_format(ret, "name: \"m%u\", ", emit->name);
    if (emit->number != 0)
        buffer_add_format(ret, "size: %u", emit->number);
    else
        buffer_add_string(ret, "size: size");
    if (emit->labelled)
        buffer_add_string(ret, ", label: label");
    if (turn != NULL)
        buffer_add_format(ret, ", index: %s", turn);
    write_stand(unit, index, ret);
    buffer_add_string(ret, ")\n");
}

static void write_outputs(const Unit *unit, Buffer *ret)
{
    if (unit->together)
        buffer_add_string(ret, "      parallel {\n");
    for (uint32_t i = 0; i < unit->emit_count; i++)
        write_emit(unit, i, ret);
    if (unit->together)
        buffer_add_string(ret, "      }\n");
    if (unit->acts)
        buffer_add_format(ret, "      emit Infra.%s(text: label, size: %u)\n", effect_names[ACTION],
                          unit->said);
    if (!unit->speaks)
        return;
    buffer_add_format(ret, "      emit Broadcast(Event::Ev%u(url: r0.id, seen: r0.size", unit->id);
    for (uint32_t i = 0; i < unit->more; i++)
        buffer_add_format(ret, ", more%u: %u", i, unit->said);
    buffer_add_string(ret, "))\n");
}

static void write_guard(const Domain *domain, const Unit *unit, Buffer *ret)
{
    const Unit *after = unit->after != 0 ? unit_of(domain, unit->after) : NULL;

    buffer_add_string(ret, "    if ");
    if (after != NULL) {
        write_done(after, ret);
        buffer_add_string(ret, " && ");
    }
    if (unit->kind == UNIT_WAITS)
        buffer_add_format(ret, "url%u != \"\" && ", unit->id);
    write_marker(unit, ret);
    if (unit->kind == UNIT_POOL)
        buffer_add_format(ret, " < want%u {\n      let turn = ", unit->id);
    else
        buffer_add_string(ret, " == false {\n");
    if (unit->kind == UNIT_POOL) {
        write_marker(unit, ret);
        buffer_add_char(ret, '\n');
    }
}

static void write_transition(const Domain *domain, const Unit *unit, Buffer *ret)
{
    char where[40];

    unit_where(unit, where, sizeof where);
    buffer_add_format(ret, "  %stransition %s { step {\n", unit->protect ? "@protect " : "", where);
    write_guard(domain, unit, ret);
    if (unit->kind == UNIT_LOOP)
        buffer_add_format(ret, "      for i in range(want%u) {\n", unit->id);
    write_outputs(unit, ret);
    if (unit->kind == UNIT_LOOP)
        buffer_add_string(ret, "      }\n");
    buffer_add_string(ret, "      ");
    write_marker(unit, ret);
    buffer_add_string(ret, unit->kind == UNIT_POOL ? " += 1" : " = true");
    buffer_add_string(ret, "\n    }\n  } }\n");
}

static void write_unit(const Domain *domain, const Unit *unit, Buffer *ret)
{
    char where[40];

    unit_where(unit, where, sizeof where);
    if (unit->kind == UNIT_HEARS) {
        buffer_add_format(ret, "  on Event::%s(url, seen) {\n", where);
        write_outputs(unit, ret);
        buffer_add_string(ret, "  }\n");
        return;
    }
    if (unit->kind == UNIT_WAITS)
        buffer_add_format(ret, "  on Event::Ev%u(url, seen) { url%u = url seen%u = seen }\n",
                          unit->source, unit->id, unit->id);
    buffer_add_format(ret, "  goal G%u { predicate ", unit->id);
    write_done(unit, ret);
    if (unit->strategy)
        buffer_add_format(ret, " strategy { %s }", where);
    buffer_add_string(ret, " }\n");
    write_transition(domain, unit, ret);
}

/* ---- the whole ---- */

static void write_domain(const Domain *domain, Buffer *ret)
{
    buffer_add_format(ret, "domain %s%s {\n  @version %u\n", domain_name(domain),
                      domain->keyed ? "[key: string]" : "", domain->version);
    write_fields(domain, ret);
    for (size_t i = 0; i < UNITS_MAX; i++)
        if (domain->units[i].id != 0)
            write_unit(domain, &domain->units[i], ret);
    buffer_add_string(ret, "}\n");
    if (domain->version == 1)
        return;
    buffer_add_format(ret, "migration %s %u -> %u {", domain_name(domain), domain->version - 1,
                      domain->version);
    for (size_t i = 0; i < domain->marking_count; i++) {
        const Marking *marking = &domain->markings[i];
        const Unit *unit = unit_of(domain, marking->id);
        if (unit != NULL)
            buffer_add_format(ret, " %s%u_%u = old.%s%u_%u", unit->kind == UNIT_POOL ? "n" : "done",
                              marking->id, marking->to, unit->kind == UNIT_POOL ? "n" : "done",
                              marking->id, marking->from);
    }
    buffer_add_string(ret, " }\n");
}

static void write_events(const Model *model, Buffer *ret)
{
    for (uint32_t id = 1; id < model->next_id; id++) {
        bool used = false;
        uint32_t more = 0;
        for (size_t d = 0; d < DOMAINS_MAX; d++)
            for (size_t u = 0; u < UNITS_MAX && model->domains[d].exists; u++) {
                const Unit *unit = &model->domains[d].units[u];
                used |= unit->id != 0 && ((unit->id == id && unit->speaks) || unit->source == id);
                if (unit->id == id)
                    more = unit->more;
            }
        if (!used)
            continue;
        buffer_add_format(ret, "event Ev%u(url: string, seen: int", id);
        for (uint32_t i = 0; i < more; i++)
            buffer_add_format(ret, ", more%u: int", i);
        buffer_add_string(ret, ")\n");
    }
}

static void write_system(const Model *model, Buffer *ret)
{
    bool keyed = false;

    for (size_t d = 0; d < DOMAINS_MAX; d++)
        keyed |= model->domains[d].exists && model->domains[d].keyed;
    if (!keyed)
        return;
    buffer_add_string(ret, "system Main {\n");
    for (size_t d = 0; d < DOMAINS_MAX; d++) {
        const Domain *domain = &model->domains[d];
        if (domain->exists && !domain->keyed)
            buffer_add_format(ret, "  start domain %s\n", domain_name(domain));
        for (size_t k = 0; k < KEYS_MAX && domain->exists && domain->keyed; k++)
            if (domain->started[k])
                buffer_add_format(ret, "  start domain %s[\"%c\"] { size = %u }\n",
                                  domain_name(domain), (char)('a' + k), domain->key_size[k]);
    }
    buffer_add_string(ret, "}\n");
}

static void write_moves(const Model *model, Buffer *ret)
{
    for (size_t i = 0; i < model->move_count; i++) {
        const Move *move = &model->moves[i];
        if (move->is_domain)
            buffer_add_format(ret, "moved domain %s -> %s\n", names[move->from_name],
                              names[move->to_name]);
        else
            buffer_add_format(ret, "moved %s.T%u_%u.Infra.%s -> %s.T%u_%u.Infra.%s\n",
                              names[move->from_name], move->id, move->from_title,
                              effect_names[move->effect], names[move->to_name], move->id,
                              move->to_title, effect_names[move->effect]);
    }
}

void model_write(const Model *model, Buffer *ret)
{
    write_events(model, ret);
    for (size_t d = 0; d < DOMAINS_MAX; d++)
        if (model->domains[d].exists)
            write_domain(&model->domains[d], ret);
    write_system(model, ret);
    write_moves(model, ret);
}

/* ---- bindings ---- */

static void effect_bind(const EffectModel *model, BoundEffect *bound)
{
    bound->defaults = json_new_object();
    if (model->tier != 0)
        json_set_int(bound->defaults, "tier", model->tier);
    if (model->zoned)
        json_set_string(bound->defaults, "zone", "${resource.Zone.id}");
    bound->immutable = memory_zero(2, sizeof(char *));
    if (model->size_is_immutable)
        bound->immutable[bound->immutable_count++] = memory_copy_string("size");
    if (model->label_is_immutable)
        bound->immutable[bound->immutable_count++] = memory_copy_string("label");
    bound->create_first = model->create_first;
    bound->protect = model->protect;
}

Bindings *model_bind(const Model *model, const Program *program)
{
    Bindings *bindings = memory_zero(1, sizeof *bindings);

    bindings->effect_count = program->effect_count;
    bindings->effects = memory_zero(program->effect_count, sizeof(BoundEffect));
    for (size_t i = 0; i < program->effect_count; i++) {
        BoundEffect *bound = &bindings->effects[i];
        size_t effect = 0;
        while (strcmp(effect_names[effect], program->effects[i].effect) != 0)
            effect++;
        bound->provider = memory_copy_string("Infra");
        bound->action = memory_copy_string(effect_names[effect]);
        bound->timeout_ms = 60000;
        bound->is_action = effect == ACTION;
        if (bound->is_action)
            continue;
        bound->type = memory_copy_string(effect_names[effect]);
        effect_bind(&model->effects[effect], bound);
    }
    return bindings;
}

void model_bindings_free(Bindings *bindings)
{
    if (bindings == NULL)
        return;
    bindings_deinit(bindings);
    free(bindings);
}
