#include "controller/host/first_values.h"

#include <string.h>

#include "lang/base/memory.h"
#include "lang/suggest.h"

/* "--set 'D.f=1': WHAT 'name'", and what is spelt alike. */
static int not_there(const char *set, const char *what, const Suggestion *suggestion, Error *err)
{
    bool found = suggestion->best != NULL;

    return error_set(err, ERROR_USAGE, "--set '%s': %s '%s'%s%s%s", set, what, suggestion->wanted,
                     found ? ": did you mean '" : "", found ? suggestion->best : "",
                     found ? "'?" : "");
}

static int no_domain(const Program *program, const char *set, const char *name, Error *err)
{
    Suggestion suggestion = suggest_begin(name);

    suggest_try_map(&suggestion, &program->domain_names);
    return not_there(set, "the program has no domain", &suggestion, err);
}

static int no_field(const ProgramDomain *domain, const char *set, const char *name, Error *err)
{
    cleanup(free) char *what = memory_format("domain '%s' has no field", domain->name);
    Suggestion suggestion = suggest_begin(name);

    for (size_t i = 0; i < domain->field_count; i++)
        suggest_try(&suggestion, domain->fields[i].name);
    return not_there(set, what, &suggestion, err);
}

static int set_apply(const Program *program, const Runtime *runtime, const char *set, Arena *arena,
                     Value **values, Error *err)
{
    const char *equals = strchr(set, '='), *dot = strchr(set, '.');

    if (equals == NULL || dot == NULL || dot > equals)
        return error_set(err, ERROR_USAGE, "--set '%s': expected Domain.field=value", set);
    cleanup(free) char *domain_name = memory_copy_bytes(set, (size_t)(dot - set));
    cleanup(free) char *field_name = memory_copy_bytes(dot + 1, (size_t)(equals - dot - 1));
    int domain = program_find_domain(program, domain_name);
    if (domain < 0)
        return no_domain(program, set, domain_name, err);
    int field = domain_find_field(&program->domains[domain], field_name);
    if (field < 0)
        return no_field(&program->domains[domain], set, field_name, err);
    const ProgramField *declared = &program->domains[domain].fields[field];
    const Instance *instance = instance_find(runtime, (uint32_t)domain, NULL);
    if (instance != NULL && !declared->parameter)
        return error_set(
            err, ERROR_USAGE,
            "--set '%s': the domain has started, and '%s' is state that its slices "
            "assign: it can be set only before the first apply, or after `ved destroy`",
            set, field_name);
    if (field_value_parse(program, declared, equals + 1, arena, &values[domain][field], err) < 0) {
        error_wrap(err, "--set '%s'", set);
        return err->code = ERROR_USAGE;
    }
    return 0;
}

int first_values_make(const Program *program, const Runtime *runtime, const char *const *sets,
                      size_t set_count, Arena *arena, Value ***ret, Error *err)
{
    Value **values = arena_array(arena, Value *, program->domain_count);

    for (size_t i = 0; i < program->domain_count; i++) {
        const ProgramDomain *domain = &program->domains[i];
        values[i] = arena_array(arena, Value, domain->field_count);
        for (size_t f = 0; f < domain->field_count; f++)
            values[i][f] = domain->fields[f].initial;
    }
    for (size_t i = 0; i < set_count; i++)
        if (set_apply(program, runtime, sets[i], arena, values, err) < 0)
            return ERROR_USAGE;
    *ret = values;
    return 0;
}
