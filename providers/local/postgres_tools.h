/* Where PostgreSQL's programs are on this machine. */
#ifndef VED_LOCAL_POSTGRES_TOOLS_H
#define VED_LOCAL_POSTGRES_TOOLS_H

#include "lang/base/error.h"

typedef struct PostgresTools {
    int major;
    char *initdb;
    char *postgres;
    char *psql;
} PostgresTools;

/* Those of version `major` (0: the newest) below `folder`/MAJOR/bin, where Debian has them, or else
 * in PATH. The sentence on failure says what to install. `ret` goes to postgres_tools_deinit(). */
int postgres_tools_find(const char *folder, int major, PostgresTools *ret, Error *err);
void postgres_tools_deinit(PostgresTools *tools);

#endif
