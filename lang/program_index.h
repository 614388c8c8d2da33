/* What makes a program's things quick to find. Not for others: they use program.h. */
#ifndef VED_LANG_PROGRAM_INDEX_H
#define VED_LANG_PROGRAM_INDEX_H

#include "lang/base/buffer.h"
#include "lang/program.h"

/* Sort the domain's things beside their tables, for domain_find_...(). */
void domain_index(ProgramDomain *domain, Arena *arena);

/* Sort annotations by code and place, what is around before what is inside, and find their `outer`;
 * then ask. */
void allows_sort(ProgramAllow *allows, size_t count);
bool allows_silence(const ProgramAllow *allows, size_t count, const char *code, uint32_t at);

/* Moves by what they are from: the number of the move, from 1, under the name of its domain, or
 * under the key of its place. */
typedef struct MoveTable {
    const ProgramMove *moves;
    const Map *sources;
} MoveTable;

/* A place but for the effect's provider: "Database.Boot_db.CreatePostgres". */
void place_key(const ProgramPlace *place, Buffer *ret);
const char *effect_action(const char *effect); /* "CreatePostgres" of "Infra.CreatePostgres" */

/* NULL: none. */
const ProgramMove *move_of_domain(const MoveTable *table, const char *domain);
const ProgramMove *move_of_place(const MoveTable *table, const ProgramPlace *place);

/* Once moves of domains say where all lines end. */
const char *moved_domain(const MoveTable *table, const char *domain);

#endif
