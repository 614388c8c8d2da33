/* Where the language's types and those of the providers' schemas meet.
 *
 * "May be" in both directions: only what cannot go well is no fit. The types of a catalog are
 * finite but for the one of everything, which ends every comparison; so these do end, also with
 * records that contain themselves. */
#include <string.h>

#include "lang/catalog.h"

/* Whether one of the enum's members is among the strings that there are. */
static bool enum_meets(const Type *enumeration, const CatalogType *type)
{
    for (size_t i = 0; i < enumeration->member_count; i++)
        if (catalog_has_choice(type, enumeration->members[i].name))
            return (type->kinds & CATALOG_STRING) != 0;
    return false;
}

/* ---- what is given ---- */

/* What a plain value is as JSON. */
static unsigned kinds_of_plain(StaticType type)
{
    switch (type) {
    case STATIC_INT:
        return CATALOG_INTEGER;
    case STATIC_FLOAT:
        return CATALOG_NUMBER;
    case STATIC_BOOL:
        return CATALOG_BOOL;
    case STATIC_STRING:
    case STATIC_SECRET:
    case STATIC_DURATION:
        return CATALOG_STRING;
    case STATIC_NULL:
        return CATALOG_NULL;
    }
    return CATALOG_ANY_KIND; /* STATIC_ERROR, STATIC_ANY */
}

static bool takes_record(const TypeTable *types, const CatalogType *wanted, StaticType found)
{
    const Type *record = type_of(types, found);

    if ((wanted->kinds & CATALOG_OBJECT) == 0)
        return false;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (wanted->members[i].required && type_member(types, found, wanted->members[i].name) < 0)
            return false;
    for (size_t i = 0; i < record->member_count; i++) {
        const TypeMember *member = &record->members[i];
        const CatalogType *type = catalog_member_type(wanted, member->name);
        if (type == NULL || !catalog_takes(types, type, member->type))
            return false;
    }
    return true;
}

/* A map may hold any of the members. */
static bool takes_map(const TypeTable *types, const CatalogType *wanted, StaticType element)
{
    if ((wanted->kinds & CATALOG_OBJECT) == 0)
        return false;
    for (size_t i = 0; i < wanted->member_count; i++)
        if (wanted->members[i].required && !catalog_takes(types, wanted->members[i].type, element))
            return false;
    return wanted->member_count > 0 || wanted->others == NULL ||
           catalog_takes(types, wanted->others, element);
}

bool catalog_takes(const TypeTable *types, const CatalogType *wanted, StaticType found)
{
    const Type *of = type_of(types, found);

    if (wanted->kinds == CATALOG_ANY_KIND)
        return true;
    switch (of->kind) {
    case KIND_PLAIN:
        return (kinds_of_plain(found) & wanted->kinds) != 0;
    case KIND_LIST:
        return (wanted->kinds & CATALOG_LIST) != 0 &&
               catalog_takes(types, wanted->element, of->element);
    case KIND_MAP:
        return takes_map(types, wanted, of->element);
    case KIND_OPTIONAL:
        return (wanted->kinds & CATALOG_NULL) != 0 || catalog_takes(types, wanted, of->element);
    case KIND_RECORD:
        return takes_record(types, wanted, found);
    case KIND_ENUM:
        return enum_meets(of, wanted);
    }
    return true;
}

/* ---- what is got ---- */

/* A value of JSON that may be that plain one. No result is a duration. */
static unsigned kinds_for_plain(StaticType type)
{
    switch (type) {
    case STATIC_FLOAT:
        return CATALOG_INTEGER | CATALOG_NUMBER;
    case STATIC_DURATION:
        return 0;
    }
    return kinds_of_plain(type);
}

static bool gives_record(const TypeTable *types, const CatalogType *found, const Type *record)
{
    if ((found->kinds & CATALOG_OBJECT) == 0)
        return false;
    for (size_t i = 0; i < record->member_count; i++) {
        const TypeMember *member = &record->members[i];
        const CatalogType *type = catalog_member_type(found, member->name);
        if (type == NULL ? !member->has_default : !catalog_gives(types, type, member->type))
            return false;
    }
    return true;
}

static bool gives_map(const TypeTable *types, const CatalogType *found, StaticType element)
{
    if ((found->kinds & CATALOG_OBJECT) == 0)
        return false;
    for (size_t i = 0; i < found->member_count; i++)
        if (found->members[i].required && !catalog_gives(types, found->members[i].type, element))
            return false;
    return true;
}

bool catalog_gives(const TypeTable *types, const CatalogType *found, StaticType wanted)
{
    const Type *of = type_of(types, wanted);

    if (found->kinds == CATALOG_ANY_KIND)
        return true;
    switch (of->kind) {
    case KIND_PLAIN:
        return (kinds_for_plain(wanted) & found->kinds) != 0;
    case KIND_LIST:
        return (found->kinds & CATALOG_LIST) != 0 &&
               catalog_gives(types, found->element, of->element);
    case KIND_MAP:
        return gives_map(types, found, of->element);
    case KIND_OPTIONAL:
        return (found->kinds & CATALOG_NULL) != 0 || catalog_gives(types, found, of->element);
    case KIND_RECORD:
        return gives_record(types, found, of);
    case KIND_ENUM:
        return enum_meets(of, found);
    }
    return true;
}

/* ---- a result that is given on ---- */

static bool choices_meet(const CatalogType *a, const CatalogType *b)
{
    for (size_t i = 0; i < a->choice_count; i++)
        if (catalog_has_choice(b, a->choices[i]))
            return true;
    return a->choices == NULL || b->choices == NULL;
}

static bool objects_meet(const CatalogType *found, const CatalogType *wanted)
{
    for (size_t i = 0; i < wanted->member_count; i++) {
        const CatalogMember *member = &wanted->members[i];
        const CatalogType *type = catalog_member_type(found, member->name);
        if (type == NULL ? member->required : !catalog_types_meet(type, member->type))
            return false;
    }
    for (size_t i = 0; i < found->member_count; i++)
        if (found->members[i].required &&
            catalog_member_type(wanted, found->members[i].name) == NULL)
            return false;
    return true;
}

bool catalog_types_meet(const CatalogType *found, const CatalogType *wanted)
{
    unsigned common = found->kinds & wanted->kinds;

    if (found->kinds == CATALOG_ANY_KIND || wanted->kinds == CATALOG_ANY_KIND)
        return true;
    if (common == CATALOG_STRING)
        return choices_meet(found, wanted);
    if (common == CATALOG_LIST)
        return catalog_types_meet(found->element, wanted->element);
    if (common == CATALOG_OBJECT)
        return objects_meet(found, wanted);
    return common != 0;
}
