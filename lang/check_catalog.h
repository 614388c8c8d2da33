/* What the files of the pass over effects share; see check_catalog.c. Not for others: the facade is
 * program_check_effects(). */
#ifndef VED_LANG_CHECK_CATALOG_H
#define VED_LANG_CHECK_CATALOG_H

#include "lang/catalog.h"
#include "lang/check.h"

#define CATALOG_CODE "V-ERR-004"

/* What is known of a value that came from a provider. */
typedef struct Result {
    const CatalogType *type; /* NULL: nothing */
    const char *source;      /* "Infra.CreatePostgres", for messages */
    Span origin;             /* where it was asked for */
} Result;

typedef struct CatalogPass {
    const Program *program;
    const Catalog *catalog;
    Diagnostics *diagnostics;
    Arena *arena; /* of the diagnostics */
    Scope scope;
    Result *results; /* of each local in the scope */
    size_t result_capacity;
    Map assigned; /* names of the locals that this body assigns */
} CatalogPass;

/* An effect with its arguments; a query with its arguments (check_catalog_call.c). */
void check_effect_use(CatalogPass *pass, const Emit *emit);
void check_query_use(CatalogPass *pass, const Expr *expr);

/* What the schemas say of an expression's value. */
Result catalog_result(CatalogPass *pass, const Expr *expr);

/* The text of a string that is nothing but that; else NULL. */
const char *constant_text(const Expr *expr);

/* For messages: "Infra.CreatePostgres", or without a provider's name; a type. */
const char *use_name(CatalogPass *pass, const char *provider, const char *name);
const char *type_text(CatalogPass *pass, const CatalogType *type);

/* The names of the members, or of the first few. */
const char *members_text(CatalogPass *pass, const CatalogType *type);

/* Say which member was meant, or which there are. */
void remedy_member(CatalogPass *pass, Diagnostic *diagnostic, const CatalogType *type,
                   const char *wanted);

#endif
