/* ved redeliver: dead letters go back into the mailbox they came from. */
#include <stdlib.h>

#include "cmd/ved/edit_verb.h"
#include "controller/core/dead_letter.h"
#include "lang/base/memory.h"

#define LETTERS_SHOWN_MAX 20

static void show_letter(Ui *ui, const Instance *instance, const DeadLetter *letter)
{
    const Message *message = letter->message;
    cleanup(free) char *what =
        message_words(message->kind, message_name(instance, message),
                      runtime_domain(instance->runtime, message->from)->name);
    cleanup(free) char *reason = text_clean(letter->reason);

    ui_out(ui, "  %s~%s message %llu, %s  (put back; it was given up: %s)\n",
           ui_color(ui, COLOR_YELLOW), ui_color(ui, COLOR_OFF), (unsigned long long)message->id,
           what, reason);
}

static void show_letters(Ui *ui, const Instance *instance, uint64_t message)
{
    size_t shown = 0, count = instance->has->dead_letter_count;

    for (size_t i = 0; i < count && shown < LETTERS_SHOWN_MAX; i++) {
        if (message != 0 && instance->has->dead_letters[i].message->id != message)
            continue;
        show_letter(ui, instance, &instance->has->dead_letters[i]);
        shown++;
    }
    if (message == 0 && count > shown)
        ui_out(ui, "  and %zu more\n", count - shown);
}

/* Those that stay are a timer's second, or have no room. */
static void say_end(Ui *ui, const char *label, size_t done, size_t stay)
{
    ui_out(ui, "Redelivered: %zu message%s to %s", done, done == 1 ? "" : "s", label);
    if (stay > 0)
        ui_out(ui, "; %zu stay%s, for which its mailbox has no room now", stay,
               stay == 1 ? "s" : "");
    ui_out(ui, ". `ved apply` handles %s.\n", done == 1 ? "it" : "them");
}

static ExitReasons redeliver(Invocation *invocation, const ManualEdit *edit)
{
    Ui *ui = invocation->ui;
    Instance *instance;
    uint64_t message;
    Error err = {0};

    if (manual_letters(invocation->stack->runtime, edit->address, &instance, &message, &err) < 0)
        return fail(ui, &err);
    size_t before = instance->has->dead_letter_count;
    cleanup(free) char *label = instance_label(instance);
    show_letters(ui, instance, message);
    if (edit_confirm(ui, invocation->options, &err) < 0 || edit_make(invocation, edit, &err) < 0)
        return fail(ui, &err);
    size_t done = before - instance->has->dead_letter_count;
    cleanup(free) char *text = memory_format("%s: %zu redelivered", label, done);
    edit_event(ui, edit, text);
    say_end(ui, label, done, message == 0 ? instance->has->dead_letter_count : 0);
    return 0;
}

ExitReasons verb_redeliver(Ui *ui, const Options *options)
{
    cleanup(invocation_close) Invocation invocation = {0};
    Error err = {0};

    if (edit_open(&invocation, ui, options,
                  "redeliver: expected a dead letter's number, or a domain for all of its: ved "
                  "redeliver MESSAGE|DOMAIN [FILE]",
                  &err) < 0)
        return fail(ui, &err);
    ManualEdit edit = {.kind = MANUAL_REDELIVER, .address = options->args[0]};
    return redeliver(&invocation, &edit);
}
