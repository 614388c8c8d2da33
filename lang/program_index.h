/* What makes a program's things quick to find. Not for others: they use program.h. */
#ifndef VED_LANG_PROGRAM_INDEX_H
#define VED_LANG_PROGRAM_INDEX_H

#include "lang/program.h"

/* Sort the domain's things beside their tables, for domain_find_...(). */
void domain_index(ProgramDomain *domain, Arena *arena);

/* Sort annotations by code and place, what is around before what is inside, and find their `outer`;
 * then ask. */
void allows_sort(ProgramAllow *allows, size_t count);
bool allows_silence(const ProgramAllow *allows, size_t count, const char *code, uint32_t at);

#endif
