/* ved why: the slices behind an object, a message or the value of a field. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/document.h"
#include "cmd/ved/state_verb.h"
#include "controller/host/timestamp.h"
#include "controller/host/why.h"
#include "lang/base/memory.h"

static void print_time(Buffer *ret, uint64_t at_ms, uint64_t sequence)
{
    if (at_ms != 0)
        timestamp_add(ret, at_ms);
    else
        buffer_add_format(ret, "%24s", "");
    if (sequence != 0)
        buffer_add_format(ret, "  record %-8llu", (unsigned long long)sequence);
    else
        buffer_add_format(ret, "  %-15s", "");
}

static void print_events(Ui *ui, const Why *why, size_t limit)
{
    size_t first = limit != 0 && why->event_count > limit ? why->event_count - limit : 0;

    if (first > 0)
        ui_out(ui, "  (%zu before these: --limit 0)\n", first);
    for (size_t i = first; i < why->event_count; i++) {
        cleanup(buffer_deinit) Buffer time = {0};
        cleanup(free) char *text = text_clean(why->events[i].text);
        print_time(&time, why->events[i].at_ms, why->events[i].sequence);
        ui_out(ui, "  %s  %s\n", buffer_text(&time), text);
    }
}

static void print_link(Ui *ui, const WhyLink *link)
{
    cleanup(buffer_deinit) Buffer time = {0};

    print_time(&time, link->at_ms, link->sequence);
    ui_out(ui, "  %s  %s%s%s slice %llu: %s%s%s\n", buffer_text(&time), ui_color(ui, COLOR_BOLD),
           link->who, ui_color(ui, COLOR_OFF), (unsigned long long)link->slice, link->what,
           link->place != NULL ? "  " : "", link->place != NULL ? link->place : "");
    if (link->omitted != 0)
        ui_out(ui, "  (%llu slices between, of which nothing is kept)\n",
               (unsigned long long)link->omitted);
}

static void print_chain(Ui *ui, const Why *why, size_t limit)
{
    size_t count = limit != 0 && why->link_count > limit ? limit : why->link_count;

    for (size_t i = 0; i < count; i++)
        print_link(ui, &why->links[i]);
    if (count < why->link_count) {
        if (count + 1 < why->link_count)
            ui_out(ui, "  (%zu slices between: --limit 0)\n", why->link_count - count - 1);
        print_link(ui, &why->links[why->link_count - 1]);
    }
}

static void print_why(Ui *ui, const Why *why, size_t limit)
{
    ui_out(ui, "%s%s%s\n", ui_color(ui, COLOR_BOLD), why->subject, ui_color(ui, COLOR_OFF));
    print_events(ui, why, limit);
    if (why->link_count > 0)
        ui_out(ui, "because of, the newest first:\n");
    print_chain(ui, why, limit);
    ui_out(ui, "%s.\n", why->end);
}

static int find(const StatePlace *place, const char *what, Why *ret, Error *err)
{
    StateDirOptions options = {.read_only = true, .keys = &place->keys};
    cleanup(state_dir_close) StateDir *dir = NULL;

    if (state_dir_open(place->path, &options, &dir, err) < 0)
        return err->code;
    return why_find(dir, what, ret, err);
}

ExitReasons verb_why(Ui *ui, const Options *options)
{
    cleanup(why_deinit) Why why = {0};
    cleanup(state_place_deinit) StatePlace place = {0};
    Error err = {0};

    if (state_verb_find(ui, options, 1, "ved why ADDR|MESSAGE|Domain.field [FILE]", &place, &err) <
            0 ||
        find(&place, options->args[0], &why, &err) < 0)
        return fail(ui, &err);
    cleanup(json_free) Json *json = why_json(&why);
    if (!document_print_wanted(ui, options, json))
        print_why(ui, &why, options->limit);
    return 0;
}
