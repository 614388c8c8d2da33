#include "lang/catalog.h"

#include <string.h>

#include "lang/base/memory.h"

#define CHOICES_SHOWN_MAX 8

const CatalogType catalog_anything = {
    .kinds = CATALOG_ANY_KIND, .element = &catalog_anything, .others = &catalog_anything};

Catalog *catalog_new(void)
{
    return memory_zero(1, sizeof(Catalog));
}

void catalog_free(Catalog *catalog)
{
    if (catalog == NULL)
        return;
    for (MapEntry *e = map_next(&catalog->providers, NULL); e != NULL;
         e = map_next(&catalog->providers, e)) {
        CatalogProvider *provider = e->value;
        map_deinit(&provider->effects);
        map_deinit(&provider->queries);
    }
    map_deinit(&catalog->providers);
    arena_deinit(&catalog->arena);
    free(catalog);
}

CatalogProvider *catalog_add(Catalog *catalog, const char *name, const char *plugin)
{
    CatalogProvider *provider = arena_new(&catalog->arena, CatalogProvider);

    provider->name = arena_copy_string(&catalog->arena, name);
    provider->plugin = arena_copy_string(&catalog->arena, plugin);
    map_put(&catalog->providers, name, provider);
    return provider;
}

const CatalogEntry *catalog_effect(const CatalogProvider *provider, const char *name)
{
    const CatalogEntry *entry = map_get(&provider->effects, name);

    return entry != NULL ? entry : provider->any_effect;
}

const CatalogEntry *catalog_query(const CatalogProvider *provider, const char *name)
{
    const CatalogEntry *entry = map_get(&provider->queries, name);

    return entry != NULL ? entry : provider->any_query;
}

const CatalogMember *catalog_member(const CatalogType *type, const char *name)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (strcmp(type->members[i].name, name) == 0)
            return &type->members[i];
    return NULL;
}

const CatalogType *catalog_member_type(const CatalogType *type, const char *name)
{
    const CatalogMember *member = catalog_member(type, name);

    return member != NULL ? member->type : type->others;
}

bool catalog_has_choice(const CatalogType *type, const char *text)
{
    for (size_t i = 0; i < type->choice_count; i++)
        if (strcmp(type->choices[i], text) == 0)
            return true;
    return type->choices == NULL;
}

static const char *kind_name(unsigned kind)
{
    switch ((CatalogKind)kind) {
#define KIND(id, bit, json, name)                                                                  \
    case CATALOG_##id:                                                                             \
        return name;
#include "lang/catalog_kind.def"
#undef KIND
    }
    return "?";
}

static void choices_print(Buffer *ret, const CatalogType *type)
{
    buffer_add_string(ret, "one of ");
    for (size_t i = 0; i < type->choice_count && i < CHOICES_SHOWN_MAX; i++)
        buffer_add_format(ret, "%s\"%s\"", i > 0 ? ", " : "", type->choices[i]);
    if (type->choice_count > CHOICES_SHOWN_MAX)
        buffer_add_string(ret, ", ...");
}

void catalog_type_print(Buffer *ret, const CatalogType *type)
{
    const char *before = "";

    if (type->kinds == CATALOG_ANY_KIND) {
        buffer_add_string(ret, "any");
        return;
    }
    for (unsigned kind = 1; kind < CATALOG_ANY_KIND; kind <<= 1) {
        bool is_number = kind == CATALOG_INTEGER && (type->kinds & CATALOG_NUMBER) != 0;
        if ((type->kinds & kind) == 0 || is_number)
            continue;
        buffer_add_string(ret, before);
        before = " or ";
        if (kind == CATALOG_STRING && type->choices != NULL) {
            choices_print(ret, type);
            continue;
        }
        buffer_add_string(ret, kind_name(kind));
        if (kind == CATALOG_LIST && type->element->kinds != CATALOG_ANY_KIND) {
            buffer_add_char(ret, '<');
            catalog_type_print(ret, type->element);
            buffer_add_char(ret, '>');
        }
    }
}
