/* What a run leaves behind it, as warnings. */
#include "cmd/ved/render.h"
#include "controller/core/origin.h"
#include "lang/base/memory.h"

size_t render_undone(Ui *ui, const Runtime *runtime)
{
    size_t count = 0;

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (size_t k = 0; k < i->has->origin_count; k++) {
            if (!i->has->origins[k]->stale)
                continue;
            cleanup(free) char *label = instance_label(i);
            cleanup(free) char *text = memory_format(
                "%s.%s is still to be computed again (%s)", label, i->has->origins[k]->where,
                i->has->origins[k]->because != NULL ? i->has->origins[k]->because : "");
            ui_warning(ui, text);
            count++;
        }
    for (size_t i = 0; i < runtime->object_count; i++) {
        if (!runtime->objects[i]->condemned)
            continue;
        cleanup(free) char *address = object_address(runtime->objects[i]);
        cleanup(free) char *text = memory_format("%s is still to be destroyed", address);
        ui_warning(ui, text);
        count++;
    }
    return count;
}

void render_left(Ui *ui, const Runtime *runtime)
{
    for (size_t i = 0; i < runtime->object_count; i++) {
        if (runtime->objects[i]->state != OBJECT_LEFT)
            continue;
        cleanup(free) char *address = object_address(runtime->objects[i]);
        cleanup(free) char *text =
            memory_format("%s was %s", address,
                          runtime->objects[i]->by_hand
                              ? "put there by hand; no emission has taken it up yet"
                              : "left by an attempt that failed; it will be taken up by the next "
                                "one, or destroyed by `ved destroy`");
        ui_warning(ui, text);
    }
}

size_t render_stuck(Ui *ui, const Runtime *runtime)
{
    size_t count = 0;

    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i)) {
        cleanup(free) char *sentence = instance_stuck(i);
        if (sentence == NULL)
            continue;
        ui_warning(ui, sentence);
        count++;
    }
    return count;
}
