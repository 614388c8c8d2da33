/* What goes wrong while the plugin runs, told by files that a test puts into its folder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "providers/sim/sim_private.h"

#define LOSE_SIZE_MAX ((size_t)1 << 20)

typedef struct Loss {
    const Sim *sim;
    const char *line;
    size_t size;
} Loss;

static bool line_is(const Loss *loss, const char *name)
{
    return strlen(name) == loss->size && strncmp(name, loss->line, loss->size) == 0;
}

static bool lose(void *context, const char *uid, const Json *object)
{
    const Loss *loss = context;
    cleanup(free) char *path = object_path(loss->sim, uid);

    if (line_is(loss, uid) || line_is(loss, json_get_string(object, "address", "")) ||
        line_is(loss, json_get_string(object, "effect", "")))
        unlink(path);
    return false;
}

void losses_happen(const Sim *sim)
{
    const char *path = sim->lose_path;
    cleanup(buffer_deinit) Buffer file = {0};

    if (!file_exists(path) || file_read(path, LOSE_SIZE_MAX, &file, NULL) < 0 || unlink(path) < 0)
        return; /* there is none, or another thread has just taken it */
    for (const char *at = buffer_text(&file); *at != '\0';) {
        size_t size = strcspn(at, "\n");
        Loss loss = {.sim = sim, .line = at, .size = size};
        if (size > 0)
            objects_visit(sim, lose, &loss, NULL);
        at += size + (at[size] == '\n');
    }
}

int fail_as_told(const Sim *sim, const ProviderRequest *request, ProviderProblem *problem)
{
    cleanup(free) char *path = memory_format("%s/fail.json", sim->data_dir);
    cleanup(buffer_deinit) Buffer file = {0};
    cleanup(json_free) Json *told = NULL;

    if (file_read(path, LOSE_SIZE_MAX, &file, NULL) < 0 ||
        json_parse(buffer_text(&file), file.size, &told, NULL) < 0)
        return 0;
    const char *of_effect = json_get_string(told, effect_of(request), NULL);
    const char *why = json_get_string(told, request->address, of_effect);
    if (why == NULL)
        return 0;
    return provider_problem(problem, "VALIDATION_FAILED", "not_applied", false, "%.400s", why);
}
