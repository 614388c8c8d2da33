#include "controller/host/program_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

typedef struct Folder {
    const char *file; /* the first file, in the folder that paths go from */
} Folder;

static int load(void *context, const char *path, Buffer *ret, Error *err)
{
    const Folder *folder = context;
    const char *slash = strrchr(folder->file, '/');
    int length = slash != NULL ? (int)(slash - folder->file) + 1 : 0;
    cleanup(free) char *full = memory_format("%.*s%s", length, folder->file, path);
    struct stat status;

    if (stat(full, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(err, ERROR_PROGRAM, "'%s' is no file", full);
    return file_read(full, SOURCE_SIZE_MAX, ret, err);
}

int program_file_compile(const char *file, Program **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Folder folder = {.file = file};
    const SourceLoader loader = {.load = load, .context = &folder};
    int code = file_read(file, SOURCE_SIZE_MAX, &text, err);

    if (code < 0)
        return code;
    *ret = program_compile_files(file, buffer_text(&text), text.size, &loader);
    return 0;
}

int program_file_fix(const char *file, FixReport *report, void *context, Buffer *ret_text,
                     Buffer *ret_fixed, Error *err)
{
    Folder folder = {.file = file};
    const SourceLoader loader = {.load = load, .context = &folder};
    int code = file_read(file, SOURCE_SIZE_MAX, ret_text, err);

    if (code < 0)
        return code;
    return (int)fix_source(file, buffer_text(ret_text), ret_text->size, &loader, report, context,
                           ret_fixed);
}
