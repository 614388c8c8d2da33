#include "postgres_tools.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "providers/local/spawn.h"

#define VERSION_TIMEOUT_MS 10000

static bool tools_in(const char *folder, PostgresTools *ret)
{
    PostgresTools tools = {.initdb = memory_format("%s/initdb", folder),
                           .postgres = memory_format("%s/postgres", folder),
                           .psql = memory_format("%s/psql", folder)};

    if (access(tools.initdb, X_OK) < 0 || access(tools.postgres, X_OK) < 0) {
        postgres_tools_deinit(&tools);
        return false;
    }
    if (access(tools.psql, X_OK) < 0) {
        free(tools.psql);
        tools.psql = memory_copy_string("psql");
    }
    *ret = tools;
    return true;
}

static bool tools_in_versions(const char *folder, int major, PostgresTools *ret)
{
    DIR *versions = opendir(folder);

    *ret = (PostgresTools){0};
    if (versions == NULL)
        return false;
    for (struct dirent *entry = readdir(versions); entry != NULL; entry = readdir(versions)) {
        int version = atoi(entry->d_name);
        cleanup(free) char *programs = memory_format("%s/%s/bin", folder, entry->d_name);
        PostgresTools tools;
        if (version <= ret->major || (major != 0 && version != major) ||
            !tools_in(programs, &tools))
            continue;
        postgres_tools_deinit(ret);
        *ret = tools;
        ret->major = version;
    }
    closedir(versions);
    return ret->major != 0;
}

/* "postgres (PostgreSQL) 15.18": 15; 0 if it does not say. */
static int ask_version(char *postgres)
{
    char *argv[] = {postgres, "--version", NULL};
    SpawnOptions options = {.argv = argv};
    cleanup(buffer_deinit) Buffer output;
    int status = 0, major = 0;

    buffer_init(&output, 4096);
    if (spawn_command(&options, "", VERSION_TIMEOUT_MS, &output, &status, NULL) < 0 || status != 0)
        return 0;
    const char *number = strstr(buffer_text(&output), ") ");
    return number != NULL && sscanf(number, ") %d", &major) == 1 ? major : 0;
}

static bool tools_in_path(int major, PostgresTools *ret)
{
    const char *path = getenv("PATH");
    cleanup(free) char *folders = memory_copy_string(path != NULL ? path : "");
    char *rest = NULL;

    for (char *folder = strtok_r(folders, ":", &rest); folder != NULL;
         folder = strtok_r(NULL, ":", &rest)) {
        if (!tools_in(folder, ret))
            continue;
        ret->major = ask_version(ret->postgres);
        if (ret->major != 0 && (major == 0 || ret->major == major))
            return true;
        postgres_tools_deinit(ret);
    }
    return false;
}

int postgres_tools_find(const char *folder, int major, PostgresTools *ret, Error *err)
{
    PostgresTools tools;

    if (tools_in_versions(folder, major, &tools) || tools_in_path(major, &tools)) {
        *ret = tools;
        return 0;
    }
    if (major != 0)
        return error_set(err, ERROR_FAILED,
                         "PostgreSQL %d is not installed (looked in '%s' and in PATH): install the "
                         "Debian package postgresql-%d, or ask for another version",
                         major, folder, major);
    return error_set(err, ERROR_FAILED,
                     "PostgreSQL is not installed (looked in '%s' and in PATH): install the Debian "
                     "package postgresql",
                     folder);
}

void postgres_tools_deinit(PostgresTools *tools)
{
    free(tools->initdb);
    free(tools->postgres);
    free(tools->psql);
    *tools = (PostgresTools){0};
}
