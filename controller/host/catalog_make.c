#include "controller/host/catalog_make.h"

#include <string.h>

/* ---- types ---- */

static unsigned with_integers(unsigned kinds)
{
    return (kinds & CATALOG_NUMBER) != 0 ? kinds | CATALOG_INTEGER : kinds;
}

/* Of a set of kinds by name; one that is not known here may be anything. */
static unsigned kinds_of_name(const Json *name)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } known[] = {
#define KIND(id, bit, json, name) {json, CATALOG_##id},
#include "lang/catalog_kind.def"
#undef KIND
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(json_string(name, ""), known[i].name) == 0)
            return with_integers(known[i].kinds);
    return CATALOG_ANY_KIND;
}

static unsigned kind_of_value(const Json *value)
{
    if (json_is_null(value))
        return CATALOG_NULL;
    if (json_is_bool(value))
        return CATALOG_BOOL;
    if (json_is_string(value))
        return CATALOG_STRING;
    if (json_is_array(value))
        return CATALOG_LIST;
    if (json_is_object(value))
        return CATALOG_OBJECT;
    return json_is_int(value) ? CATALOG_INTEGER : with_integers(CATALOG_NUMBER);
}

/* Words that narrow a type in ways that are not understood here. */
static bool goes_beyond(const Json *schema)
{
    static const char *const words[] = {"$ref",  "$dynamicRef", "allOf", "anyOf",
                                        "oneOf", "not",         "if"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (json_get(schema, words[i]) != NULL)
            return true;
    return false;
}

/* The values of `enum`, or the one of `const`; NULL: any. */
static const Json *values_first(const Json *schema)
{
    const Json *list = json_get(schema, "enum");

    return json_is_array(list) ? json_first(list) : json_get(schema, "const");
}

static const Json *values_next(const Json *schema, const Json *value)
{
    return json_is_array(json_get(schema, "enum")) ? json_next(value) : NULL;
}

static unsigned kinds_of(const Json *schema)
{
    const Json *type = json_get(schema, "type"), *values = values_first(schema);
    unsigned kinds = 0;

    if (json_is_string(type))
        return kinds_of_name(type);
    if (json_is_array(type))
        for (const Json *t = json_first(type); t != NULL; t = json_next(t))
            kinds |= kinds_of_name(t);
    else if (values != NULL)
        for (const Json *v = values; v != NULL; v = values_next(schema, v))
            kinds |= kind_of_value(v);
    else if (json_is_object(json_get(schema, "properties")))
        kinds = CATALOG_OBJECT;
    return kinds != 0 ? kinds : CATALOG_ANY_KIND;
}

static const CatalogType *type_from(Arena *arena, const Json *schema);

static void set_choices(Arena *arena, const Json *schema, CatalogType *type)
{
    const char **choices = NULL;
    size_t count = 0, capacity = 0;

    for (const Json *v = values_first(schema); v != NULL; v = values_next(schema, v)) {
        if (!json_is_string(v))
            continue;
        arena_reserve_one(arena, choices, count, capacity);
        choices[count++] = arena_copy_string(arena, json_string(v, ""));
    }
    type->choices = choices;
    type->choice_count = count;
}

/* Members that are required but not described may be anything. */
static void set_members(Arena *arena, const Json *schema, CatalogType *type)
{
    static char required_mark;
    const Json *properties = json_get(schema, "properties"), *list = json_get(schema, "required");
    CatalogMember *members =
        arena_array(arena, CatalogMember, json_count(properties) + json_count(list));
    CatalogMember *end = members;
    Map required = {0};

    for (const Json *r = json_first(list); r != NULL; r = json_next(r))
        if (json_is_string(r))
            map_put(&required, json_string(r, ""), &required_mark);
    for (const Json *p = json_first(properties); p != NULL; p = json_next(p))
        *end++ = (CatalogMember){.name = arena_copy_string(arena, json_key(p)),
                                 .type = type_from(arena, p),
                                 .required = map_remove(&required, json_key(p)) != NULL};
    for (MapEntry *e = map_next(&required, NULL); e != NULL; e = map_next(&required, e))
        *end++ = (CatalogMember){
            .name = arena_copy_string(arena, e->key), .type = &catalog_anything, .required = true};
    map_deinit(&required);
    type->members = members;
    type->member_count = (size_t)(end - members);
}

static const CatalogType *others_of(Arena *arena, const Json *schema)
{
    const Json *others = json_get(schema, "additionalProperties");

    if (json_is_object(others))
        return type_from(arena, others);
    if (json_is_bool(others))
        return json_bool(others, true) ? &catalog_anything : NULL;
    return json_is_object(json_get(schema, "properties")) ? NULL : &catalog_anything;
}

static const CatalogType *type_from(Arena *arena, const Json *schema)
{
    if (!json_is_object(schema) || goes_beyond(schema))
        return &catalog_anything;
    CatalogType *type = arena_new(arena, CatalogType);
    *type = (CatalogType){.kinds = kinds_of(schema), .element = &catalog_anything};
    set_choices(arena, schema, type);
    set_members(arena, schema, type);
    type->others = others_of(arena, schema);
    if (json_get(schema, "items") != NULL)
        type->element = type_from(arena, json_get(schema, "items"));
    return type;
}

/* ---- effects and queries ---- */

/* A copy in which what the binding says is given. */
static const CatalogType *parameters_given(Arena *arena, const CatalogType *parameters,
                                           const Json *defaults)
{
    CatalogType *type = arena_new(arena, CatalogType);
    CatalogMember *members = arena_array(arena, CatalogMember, parameters->member_count);

    *type = *parameters;
    for (size_t i = 0; i < type->member_count; i++) {
        members[i] = parameters->members[i];
        members[i].given = json_get(defaults, members[i].name) != NULL;
    }
    type->members = members;
    return type;
}

/* The first default that is no parameter; NULL: each is one. */
static const char *stray_of(Arena *arena, const CatalogType *parameters, const Json *defaults)
{
    for (const Json *d = json_first(defaults); d != NULL; d = json_next(d))
        if (catalog_member_type(parameters, json_key(d)) == NULL)
            return arena_copy_string(arena, json_key(d));
    return NULL;
}

static const char *const *names_copy(Arena *arena, const Json *list, size_t *ret_count)
{
    const char **names = arena_array(arena, const char *, json_count(list));

    for (const Json *name = json_first(list); name != NULL; name = json_next(name))
        if (json_is_string(name))
            names[(*ret_count)++] = arena_copy_string(arena, json_string(name, ""));
    return names;
}

/* NULL `name`: the entry that stands in for every name. */
static CatalogEntry *entry_make(Arena *arena, const char *name, const Json *json)
{
    CatalogEntry *entry = arena_new(arena, CatalogEntry);

    entry->name = entry->action = name != NULL ? arena_copy_string(arena, name) : NULL;
    entry->parameters = type_from(arena, json_get(json, "parameters"));
    entry->result = type_from(arena, json_get(json, "result"));
    entry->positional = names_copy(arena, json_get(json, "positional"), &entry->positional_count);
    return entry;
}

static void entries_add(Arena *arena, const Json *list, Map *ret)
{
    for (const Json *e = json_first(list); e != NULL; e = json_next(e))
        map_put(ret, json_key(e), entry_make(arena, json_key(e), e));
}

/* The effect under the program's name of it. */
static void action_add(Arena *arena, CatalogProvider *provider, const Map *offered,
                       const ActionConfig *action)
{
    const CatalogEntry *found = map_get(offered, action->action);
    CatalogEntry *entry = arena_new(arena, CatalogEntry);

    if (found == NULL)
        found = provider->any_effect;
    if (found != NULL)
        *entry = *found;
    entry->missing = found == NULL;
    entry->name = arena_copy_string(arena, action->effect);
    entry->action = arena_copy_string(arena, action->action);
    if (found != NULL) {
        entry->parameters = parameters_given(arena, found->parameters, action->defaults);
        entry->stray = stray_of(arena, found->parameters, action->defaults);
    }
    map_put(&provider->effects, action->effect, entry);
}

static void provider_fill(Arena *arena, const ProviderConfig *config, const Json *document,
                          CatalogProvider *provider)
{
    const Json *any = json_get(document, "any"), *any_query = json_get(document, "any_query");
    Map offered = {0}; /* by the provider's names, which the bindings' may hide */

    entries_add(arena, json_get(document, "effects"), &offered);
    entries_add(arena, json_get(document, "queries"), &provider->queries);
    provider->any_effect = json_is_object(any) ? entry_make(arena, NULL, any) : NULL;
    provider->any_query = json_is_object(any_query) ? entry_make(arena, NULL, any_query) : NULL;
    for (MapEntry *e = map_next(&offered, NULL); e != NULL; e = map_next(&offered, e))
        map_put(&provider->effects, e->key, e->value);
    for (size_t i = 0; i < config->action_count; i++)
        action_add(arena, provider, &offered, &config->actions[i]);
    map_deinit(&offered);
}

/* ---- uses ---- */

typedef struct Maker {
    const Program *program;
    const Config *config;
    Catalog *catalog;
} Maker;

static CatalogUse use_of_provider(const Maker *maker, uint32_t domain, const char *name)
{
    const ProviderConfig *provider =
        config_provider_in(maker->config, maker->program, domain, name);
    const CatalogProvider *found =
        provider != NULL ? map_get(&maker->catalog->providers, provider->name) : NULL;

    return (CatalogUse){.provider = found,
                        .count = found != NULL,
                        .assumed = provider != NULL && !provider->is_written};
}

/* Of an effect that names no provider: everyone who has it and is seen there. */
static CatalogUse use_of_anyone(const Maker *maker, uint32_t domain, const char *effect)
{
    CatalogUse use = {.assumed = true};

    for (size_t i = 0; i < maker->config->provider_count; i++) {
        const ProviderConfig *config = &maker->config->providers[i];
        const CatalogProvider *provider = map_get(&maker->catalog->providers, config->name);
        if (!config_is_visible(maker->config, maker->program, domain, config))
            continue;
        use.open |= !provider->known;
        use.assumed &= !config->is_written;
        if (catalog_effect(provider, effect) == NULL)
            continue;
        use.provider = provider;
        use.count++;
    }
    return use;
}

static void uses_add(const Maker *maker)
{
    const Program *program = maker->program;
    Arena *arena = &maker->catalog->arena;

    maker->catalog->effects = arena_array(arena, CatalogUse, program->effect_count);
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        maker->catalog->effects[i] = use->provider != NULL
                                         ? use_of_provider(maker, use->domain, use->provider)
                                         : use_of_anyone(maker, use->domain, use->effect);
    }
    maker->catalog->queries = arena_array(arena, CatalogUse, program->fact_count);
    for (size_t i = 0; i < program->fact_count; i++)
        maker->catalog->queries[i] =
            use_of_provider(maker, program->facts[i].domain, program->facts[i].provider);
}

Catalog *catalog_make(const Program *program, const Config *config, SchemaOf *schema_of,
                      void *context)
{
    const Maker maker = {program, config, catalog_new()};

    for (size_t i = 0; i < config->provider_count; i++) {
        const ProviderConfig *provider = &config->providers[i];
        const ProviderSchema *schema = schema_of(context, provider);
        CatalogProvider *added = catalog_add(maker.catalog, provider->name, provider->plugin);
        if (schema == NULL)
            continue;
        added->known = true;
        provider_fill(&maker.catalog->arena, provider, provider_schema_document(schema), added);
    }
    uses_add(&maker);
    return maker.catalog;
}
