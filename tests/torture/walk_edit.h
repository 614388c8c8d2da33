/* What making and editing a model share. */
#ifndef VED_TESTS_TORTURE_WALK_EDIT_H
#define VED_TESTS_TORTURE_WALK_EDIT_H

#include "tests/torture/walk_model.h"

/* An edit under way. */
typedef struct Editor {
    Model *model;
    const Model *before; /* NULL: it is just made */
    Chance *chance;
    Buffer *said;
    Domain *domain; /* a chosen one, and one of its units */
    Unit *unit;
} Editor;

Emit emit_make(Editor *editor);

/* In the chosen domain. */
void unit_make(Editor *editor, Unit *unit);

/* The chosen one, with some units. */
void domain_make(Editor *editor, uint32_t name);

/* A name that is unused in this model and the one before it – with `fresh`, in all so far;
 * NAMES_MAX: there is none. */
uint32_t name_free(const Editor *editor, bool fresh);

bool has_zone(const Model *model);

/* A unit of the chosen domain for the chosen one to stand after; 0: none. */
uint32_t after_find(const Editor *editor);

/* Give every domain its version and, where fields have gone or have another name, its migration. */
void versions_set(Editor *editor);

#endif
