/* What makes a program's things quick to find. Not for others: they use program.h. */
#ifndef VED_LANG_PROGRAM_INDEX_H
#define VED_LANG_PROGRAM_INDEX_H

#include "lang/program.h"

/* Sort the domain's things beside their tables, for domain_find_...(). */
void domain_index(ProgramDomain *domain, Arena *arena);

#endif
