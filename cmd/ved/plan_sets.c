#include "cmd/ved/plan_sets.h"

#include <stdlib.h>
#include <string.h>

#include "controller/host/tagged_text.h"
#include "lang/base/memory.h"

/* Whether a `--set Domain.field=value`, which was taken, is of a secret. */
static bool is_secret(const Stack *stack, const char *set)
{
    cleanup(free) char *domain_name = memory_format("%.*s", (int)strcspn(set, "."), set);
    const char *field_at = set + strlen(domain_name) + 1;
    cleanup(free) char *field_name = memory_format("%.*s", (int)strcspn(field_at, "="), field_at);
    cleanup(buffer_deinit) Buffer value = {0};
    int domain = program_find_domain(stack->program, domain_name);
    int field = domain >= 0 ? domain_find_field(&stack->program->domains[domain], field_name) : -1;

    if (field < 0)
        return false;
    value_encode(&value, stack->first_values[domain][field]);
    return tagged_text_has(value.bytes, value.size, false);
}

void plan_sets_put(Json *json, const Stack *stack, const Options *options)
{
    Json *sets = json_new_array(), *secrets = json_new_array();

    for (size_t i = 0; i < options->set_count; i++) {
        const char *set = options->sets[i];
        cleanup(free) char *name = memory_format("%.*s", (int)strcspn(set, "="), set);
        if (is_secret(stack, set))
            json_append(secrets, json_new_string(name));
        else
            json_append(sets, json_new_string(set));
    }
    json_set(json, "sets", sets);
    json_set(json, "secret_sets", secrets);
}

int plan_sets_check(const Json *plan, const Options *given, Error *err)
{
    const Json *names = json_get(json_get(plan, "options"), "secret_sets");

    for (const Json *m = json_first(names); m != NULL; m = json_next(m)) {
        const char *name = json_string(m, "");
        size_t length = strlen(name), i = 0;
        while (i < given->set_count &&
               (strncmp(given->sets[i], name, length) != 0 || given->sets[i][length] != '='))
            i++;
        if (i == given->set_count)
            return error_set(err, ERROR_USAGE,
                             "the plan was made with a value of %s, which is a secret and not in "
                             "it: give it again, with --var-file or --set %s=...",
                             name, name);
    }
    return 0;
}
