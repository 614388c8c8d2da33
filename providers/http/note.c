#include "providers/http/note.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

#define NOTE_SIZE_MAX ((size_t)1 << 20)

static char *note_path(const Site *site, const char *uid)
{
    return memory_format("%s/%s", site->notes_dir, uid);
}

int note_read(const Site *site, const char *uid, Json **ret, ProviderProblem *problem)
{
    cleanup(free) char *path = note_path(site, uid);
    cleanup(buffer_deinit) Buffer file = {0};
    Error err;

    *ret = NULL;
    int code = file_read(path, NOTE_SIZE_MAX, &file, &err);
    if (code == -ENOENT)
        return 0;
    if (code == 0)
        code = json_parse(buffer_text(&file), file.size, ret, &err);
    return code < 0 ? provider_problem(problem, "INTERNAL", "unknown", true, "note '%s': %.400s",
                                       path, err.message)
                    : 0;
}

int note_write(const Site *site, const char *uid, const Json *note, ProviderProblem *problem)
{
    cleanup(free) char *path = note_path(site, uid), *text = json_text(note);
    Error err;

    if (file_replace(path, text, strlen(text), 0600, &err) < 0)
        return provider_problem(problem, "INTERNAL", "not_applied", true, "%.900s", err.message);
    return 0;
}

void note_forget(const Site *site, const char *uid)
{
    cleanup(free) char *path = note_path(site, uid);

    unlink(path);
}
