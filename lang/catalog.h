/* What the providers bound to a program offer: their effects and queries, what each takes and what
 * it results in; and which of them each use in the program means.
 *
 * Only holds and looks up; whoever knows bindings and schemas fills it. A provider that is in it
 * without being known is one of which nothing may be said: its uses are neither right nor wrong. */
#ifndef VED_LANG_CATALOG_H
#define VED_LANG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "lang/base/arena.h"
#include "lang/base/buffer.h"
#include "lang/base/map.h"
#include "lang/type.h"

/* A set of these is what a value may be, as JSON has it. What may be a number may be an integer,
 * and has both. */
typedef enum CatalogKind {
#define KIND(id, bit, json, name) CATALOG_##id = 1 << (bit),
#include "lang/catalog_kind.def"
#undef KIND
} CatalogKind;

#define CATALOG_ANY_KIND 0x7f

typedef struct CatalogType CatalogType;

/* A parameter, or a member of an object. */
typedef struct CatalogMember {
    const char *name;
    const CatalogType *type;
    bool required;
    bool given; /* the binding gives it a value; the program may give another */
} CatalogMember;

struct CatalogType {
    unsigned kinds;             /* set of CatalogKind */
    const CatalogType *element; /* of a list */
    const CatalogMember *members;
    size_t member_count;
    const CatalogType *others;  /* members an object may have besides; NULL: none */
    const char *const *choices; /* the only strings there are; NULL: any */
    size_t choice_count;
};

/* The type of everything; the same for each use. */
extern const CatalogType catalog_anything;

typedef struct CatalogEntry {
    const char *name;              /* as the program says it */
    const char *action;            /* as the provider calls it */
    bool missing;                  /* the binding names an action that the provider has not */
    const char *const *positional; /* parameters in the order of arguments without a name */
    size_t positional_count;
    const CatalogType *parameters; /* an object */
    const CatalogType *result;
    const char *stray; /* what the binding gives although there is no such parameter; NULL: none */
} CatalogEntry;

typedef struct CatalogProvider {
    const char *name;   /* as the program says it */
    const char *plugin; /* that it is bound to */
    bool known;
    Map effects; /* name -> CatalogEntry */
    Map queries;
    const CatalogEntry *any_effect; /* stands in for every other name; NULL: there are no others */
    const CatalogEntry *any_query;
} CatalogProvider;

/* Whom one effect or query of the program asks. */
typedef struct CatalogUse {
    const CatalogProvider *provider; /* the last of those below; NULL: there is none */
    size_t count; /* who is meant: 1 by name; without, how many are known to have the effect */
    bool open;    /* without a name: one that is not known might have it as well */
    bool assumed; /* nobody has bound the name: it means what it means by default */
} CatalogUse;

typedef struct Catalog {
    Arena arena;         /* what it is made of */
    Map providers;       /* name -> CatalogProvider; of an environment's: "Environment.Provider" */
    CatalogUse *effects; /* of each in Program.effects */
    CatalogUse *queries; /* of each in Program.facts */
    bool tentative;      /* what is only assumed may be bound to something else later */
} Catalog;

/* An empty one; catalog_free() frees it with everything in its arena. */
Catalog *catalog_new(void);
void catalog_free(Catalog *catalog);
CLEANUP_DEFINE(Catalog *, catalog_free);

/* Add a provider that is not known yet: set `known`, and fill its maps with entries of the
 * catalog's arena. The strings are copied. */
CatalogProvider *catalog_add(Catalog *catalog, const char *name, const char *plugin);

/* The entry of that name, else the one for any name, else NULL. */
const CatalogEntry *catalog_effect(const CatalogProvider *provider, const char *name);
const CatalogEntry *catalog_query(const CatalogProvider *provider, const char *name);

/* The member of an object, else NULL; what may be known of a value under that name, NULL if there
 * can be none. */
const CatalogMember *catalog_member(const CatalogType *type, const char *name);
const CatalogType *catalog_member_type(const CatalogType *type, const char *name);

/* Whether a string may be that one. */
bool catalog_has_choice(const CatalogType *type, const char *text);

/* Whether a value of the static type `found` may be one that `wanted` asks for; whether a value of
 * `found` may be one of the static type `wanted`; whether one of `found` may be one of `wanted`
 * (catalog_fit.c). */
bool catalog_takes(const TypeTable *types, const CatalogType *wanted, StaticType found);
bool catalog_gives(const TypeTable *types, const CatalogType *found, StaticType wanted);
bool catalog_types_meet(const CatalogType *found, const CatalogType *wanted);

/* "string", "int or string", "list<string>", "one of \"a\", \"b\"", for messages. */
void catalog_type_print(Buffer *ret, const CatalogType *type);

#endif
