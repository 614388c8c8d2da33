/* A plan as text for people. */
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/render.h"
#include "cmd/ved/render_private.h"
#include "controller/host/secrets.h"
#include "lang/base/memory.h"

#define INDENT 6      /* of an attribute's symbol */
#define INDENT_STEP 4 /* of those inside it */

const PlanWords plan_words[] = {
    [PLAN_CREATE] = {"+", COLOR_GREEN, "will be created", "create", {"create"}},
    [PLAN_RECREATE] = {"+", COLOR_GREEN, "will be created again", "create", {"create"}},
    [PLAN_UPDATE] = {"~", COLOR_YELLOW, "will be updated in place", "update", {"update"}},
    [PLAN_REPLACE] = {"-/+", COLOR_RED, "will be replaced", "replace", {"delete", "create"}},
    [PLAN_DESTROY] = {"-", COLOR_RED, "will be destroyed", "delete", {"delete"}},
    [PLAN_IMPORT] = {"=", COLOR_CYAN, "will be imported", "import", {"create"}},
    [PLAN_RUN] = {"+", COLOR_CYAN, "will be run", "run", {"run"}},
    [PLAN_RENAME] = {">", COLOR_CYAN, "will be renamed", "move", {"no-op"}},
    [PLAN_NOOP] = {" ", "", "is already so", "no-op", {"no-op"}},
};

static const char *symbol_of(const PlanItem *item)
{
    return item->create_first ? "+/-" : plan_words[item->action].symbol;
}

/* ---- values ---- */

static void render_value(Buffer *text, const Json *value, int indent);

static void render_list(Buffer *text, const Json *list, int indent)
{
    buffer_add_char(text, '[');
    for (const Json *m = json_first(list); m != NULL; m = json_next(m)) {
        if (m != json_first(list))
            buffer_add_string(text, ", ");
        render_value(text, m, indent);
    }
    buffer_add_char(text, ']');
}

static void render_object(Buffer *text, const Json *object, int indent)
{
    buffer_add_string(text, "{\n");
    for (const Json *m = json_first(object); m != NULL; m = json_next(m)) {
        buffer_add_format(text, "%*s%s = ", indent + INDENT_STEP + 2, "", json_key(m));
        render_value(text, m, indent + INDENT_STEP);
        buffer_add_char(text, '\n');
    }
    buffer_add_format(text, "%*s}", indent + 2, "");
}

static void render_value(Buffer *text, const Json *value, int indent)
{
    if (value == NULL)
        buffer_add_string(text, "null");
    else if (json_get(value, "$unknown") != NULL)
        buffer_add_string(text, "(known after apply)");
    else if (json_get(value, "$secret") != NULL)
        buffer_add_string(text, "(sensitive)");
    else if (json_is_object(value) && json_count(value) > 0)
        render_object(text, value, indent);
    else if (json_is_array(value))
        render_list(text, value, indent);
    else
        json_write(text, value);
}

/* ---- attributes ---- */

/* What is printed of an item's arguments: before and after, side by side. */
typedef struct Attributes {
    const PlanItem *item;
    Buffer text;
} Attributes;

static bool is_plain_object(const Json *value)
{
    return json_is_object(value) && json_get(value, "$unknown") == NULL &&
           json_get(value, "$secret") == NULL && json_count(value) > 0;
}

static bool is_same(const Json *before, const Json *after)
{
    return before != NULL && after != NULL && json_equal(before, after);
}

static bool is_forcing(const Attributes *attributes, const char *key, int indent)
{
    for (size_t i = 0; i < attributes->item->force_count; i++)
        if (indent == INDENT && strcmp(attributes->item->forces[i], key) == 0)
            return true;
    return false;
}

static void render_members(Attributes *attributes, const Json *before, const Json *after,
                           int indent);

static void render_change(Attributes *attributes, const Json *before, const Json *after, int indent)
{
    Buffer *text = &attributes->text;

    if (after != NULL && (before == NULL || is_plain_object(before)) && is_plain_object(after)) {
        buffer_add_string(text, "{\n");
        render_members(attributes, before, after, indent + INDENT_STEP);
        buffer_add_format(text, "%*s}", indent + 2, "");
        return;
    }
    if (before != NULL) {
        render_value(text, before, indent);
        buffer_add_string(text, " -> ");
    }
    render_value(text, after, indent);
}

static void render_member(Attributes *attributes, const char *key, size_t width, const Json *before,
                          const Json *after, int indent)
{
    const char *symbol = before == NULL ? "+" : after == NULL ? "-" : "~";

    buffer_add_format(&attributes->text, "%*s%s %-*s = ", indent, "", symbol, (int)width, key);
    render_change(attributes, before, after, indent);
    buffer_add_string(&attributes->text,
                      is_forcing(attributes, key, indent) ? "    # forces replacement\n" : "\n");
}

/* Of those that are shown. */
static size_t key_width(const Json *before, const Json *after)
{
    size_t width = 0;

    for (const Json *m = json_first(after); m != NULL; m = json_next(m))
        if (!is_same(json_get(before, json_key(m)), m) && strlen(json_key(m)) > width)
            width = strlen(json_key(m));
    for (const Json *m = json_first(before); m != NULL; m = json_next(m))
        if (json_get(after, json_key(m)) == NULL && strlen(json_key(m)) > width)
            width = strlen(json_key(m));
    return width;
}

static void render_members(Attributes *attributes, const Json *before, const Json *after,
                           int indent)
{
    size_t width = key_width(before, after), hidden = 0;

    for (const Json *m = json_first(after); m != NULL; m = json_next(m)) {
        const Json *old = json_get(before, json_key(m));
        if (is_same(old, m))
            hidden++;
        else
            render_member(attributes, json_key(m), width, old, m, indent);
    }
    for (const Json *m = json_first(before); m != NULL; m = json_next(m))
        if (json_get(after, json_key(m)) == NULL)
            render_member(attributes, json_key(m), width, m, NULL, indent);
    if (hidden > 0)
        buffer_add_format(&attributes->text, "%*s# (%zu unchanged attribute%s hidden)\n",
                          indent + 2, "", hidden, hidden == 1 ? "" : "s");
}

static Json *members_of(const char *text)
{
    Json *json = json_of_own(text);

    if (json_is_object(json))
        return json;
    json_free(json);
    return json_new_object();
}

/* Another object has another id, whatever it may be. */
static void id_add(const PlanItem *item, Json *before, Json *after)
{
    if (item->action != PLAN_REPLACE || item->external_id == NULL ||
        json_get(before, "id") != NULL || json_get(after, "id") != NULL)
        return;
    Json *unknown = json_new_object();
    json_set(unknown, "$unknown", json_new_object());
    json_set_string(before, "id", item->external_id);
    json_set(after, "id", unknown);
}

/* With the braces around them, where there are any. */
static void render_attributes(Ui *ui, const PlanItem *item)
{
    cleanup(json_free) Json *before = members_of(item->before);
    cleanup(json_free) Json *after = members_of(item->arguments);
    Attributes attributes = {.item = item};

    id_add(item, before, after);
    render_members(&attributes, before, after, INDENT);
    cleanup(free) char *clean = text_clean_lines(buffer_text(&attributes.text));
    ui_out(ui, clean[0] != '\0' ? " {\n%s    }\n\n" : "%s\n\n", clean);
    buffer_deinit(&attributes.text);
}

/* ---- items ---- */

/* The goal, event, edit or loss that it is because of, for people. */
static char *cause_text(const PlanItem *item)
{
    cleanup(buffer_deinit) Buffer text = {0};

    if (item->action == PLAN_RENAME)
        buffer_add_format(&text, "was %s", item->from);
    else if (item->cause != NULL)
        buffer_add_string(&text, item->cause);
    if (item->after != NULL)
        buffer_add_format(&text, "; after %s", item->after);
    return text_clean(buffer_text(&text));
}

static void render_heading(Ui *ui, const PlanItem *item)
{
    cleanup(free) char *reason = text_clean(item->reason != NULL ? item->reason : "");
    cleanup(free) char *cause = cause_text(item);

    ui_out(ui, "# %s%s%s %s%s%s", ui_color(ui, COLOR_BOLD), item->address, ui_color(ui, COLOR_OFF),
           plan_words[item->action].phrase, reason[0] != '\0' ? ": " : "", reason);
    ui_out(ui, cause[0] != '\0' ? "   (%s)\n" : "%s\n", cause);
}

static void render_item(Ui *ui, const PlanItem *item)
{
    const char *color = ui_color(ui, plan_words[item->action].color);
    const char *off = ui_color(ui, COLOR_OFF);

    if (ui->summary) {
        ui_out(ui, "%s%3s%s %s %s\n", color, symbol_of(item), off, item->address,
               plan_words[item->action].phrase);
        return;
    }
    render_heading(ui, item);
    if (item->action == PLAN_RENAME) {
        ui_out(ui, "%s%3s%s %s -> %s\n\n", color, symbol_of(item), off, item->from, item->address);
        return;
    }
    ui_out(ui, "%s%3s%s %s.%s%s%s%s", color, symbol_of(item), off, item->provider, item->effect,
           item->name != NULL ? " \"" : "", item->name != NULL ? item->name : "",
           item->name != NULL ? "\"" : "");
    render_attributes(ui, item);
}

/* ---- all of it ---- */

static bool is_shown(const PlanItem *item)
{
    return item->action != PLAN_NOOP;
}

static void render_destroys_again(Ui *ui, const Plan *plan)
{
    if (plan->destroy == 0)
        return;
    ui_out(ui, "Destroys and replacements:\n");
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].action == PLAN_DESTROY || plan->items[i].action == PLAN_REPLACE)
            ui_out(ui, "  %-3s %s\n", symbol_of(&plan->items[i]), plan->items[i].address);
    ui_out(ui, "\n");
}

static void render_summary(Ui *ui, const Plan *plan)
{
    if (plan_size(plan) == 0) {
        ui_out(ui, "No changes. Your infrastructure matches the configuration.\n");
        return;
    }
    ui_out(ui, "Plan: ");
    if (plan->imported > 0)
        ui_out(ui, "%u to import, ", plan->imported);
    ui_out(ui, "%u to add, %u to change, %u to destroy", plan->add, plan->change, plan->destroy);
    if (plan->run > 0)
        ui_out(ui, ", %u to run", plan->run);
    ui_out(ui, ".\n");
}

static void render_items(Ui *ui, const Plan *plan)
{
    bool any = false;

    for (size_t i = 0; i < plan->count; i++) {
        if (!is_shown(&plan->items[i]))
            continue;
        if (!any)
            ui_out(ui, "Ved will perform the following effects, in this order:\n\n");
        any = true;
        render_item(ui, &plan->items[i]);
    }
    if (ui->summary && any)
        ui_out(ui, "\n");
}

void render_plan(Ui *ui, const Plan *plan, const Runtime *predicted, bool destroy)
{
    if (!ui->quiet) {
        render_items(ui, plan);
        if (!destroy) {
            render_goals(ui, predicted);
            render_allowed(ui, predicted->program);
        }
    }
    if (ui->quiet)
        for (size_t i = 0; i < plan->note_count; i++)
            ui_out(ui, "Note: %s\n", plan->notes[i]); /* what the sum does not say */
    else
        render_notes(ui, plan->notes, plan->note_count);
    if (!ui->quiet)
        render_destroys_again(ui, plan);
    render_summary(ui, plan);
}
