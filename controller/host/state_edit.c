#include "controller/host/state_edit.h"

#include <string.h>
#include <time.h>

#include "controller/host/audit.h"
#include "lang/base/memory.h"

const char *manual_kind_name(ManualKind kind)
{
    switch (kind) {
    case MANUAL_FORGET:
        return "forget";
    case MANUAL_REPLACE:
        return "replace";
    case MANUAL_MOVE:
        return "move";
    case MANUAL_IMPORT:
        return "import";
    case MANUAL_REDELIVER:
        return "redeliver";
    case MANUAL_RESUME:
        return "resume";
    case MANUAL_RESOLVE:
        return "resolve";
    }
    return "";
}

/* ---- edits ---- */

static int journal_effects(Stack *stack, const Effects *effects, Error *err)
{
    size_t start = 0;

    for (size_t i = 0; i < effects->record_count; i++) {
        if (state_dir_append(stack->dir, effects->records.bytes + start,
                             effects->record_ends[i] - start, err) < 0)
            return err->code;
        start = effects->record_ends[i];
    }
    return journal_commit(state_dir_journal(stack->dir), err);
}

static int audit(const Stack *stack, const ManualEdit *edit, const char *command, Error *err)
{
    AuditEntry entry = {.command = command,
                        .edit = manual_kind_name(edit->kind),
                        .address = edit->address,
                        .to = edit->to,
                        .external_id = edit->external_id};

    return audit_append(stack->state_path, &entry, err);
}

int stack_edit(Stack *stack, const ManualEdit *edit, const char *command, Error *err)
{
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    Effects effects;

    effects_init(&effects);
    if (now_ms < stack->runtime->time_ms)
        now_ms = stack->runtime->time_ms; /* the clock was set back */
    int code = manual_edit(stack->runtime, edit, now_ms, &effects, err);
    if (code == 0)
        code = audit(stack, edit, command, err);
    if (code == 0)
        code = journal_effects(stack, &effects, err);
    effects_deinit(&effects);
    return code;
}

int stack_edit_finish(Stack *stack, Error *err)
{
    if (stack_checkpoint(stack, err) < 0)
        return error_wrap(err, "state '%s'", stack->state_path);
    return state_dir_seal(stack->dir, err);
}

/* ---- looking up ---- */

typedef struct Lookup {
    Loop *loop;
    bool answered;
    Json *reply;
    char *error;
} Lookup;

static void looked_up(void *context, ProviderItem *items, size_t count)
{
    Lookup *lookup = context;

    lookup->answered = true;
    if (count == 1) {
        lookup->reply = take(items[0].reply);
        lookup->error = take(items[0].error);
    }
    loop_stop(lookup->loop);
}

static int lookup_failed(const Lookup *lookup, const Seat *seat, const char *external_id,
                         Error *err)
{
    const char *code = json_get_string(lookup->reply, "code", "");
    const char *detail = json_get_string(lookup->reply, "detail", "no reason given");

    if (lookup->reply == NULL)
        return error_set(err, ERROR_PROVIDER,
                         "provider %s cannot say whether there is a %s '%s': %s", seat->provider,
                         seat->type, external_id,
                         lookup->error != NULL ? lookup->error : "no reason given");
    if (strcmp(code, "NOT_FOUND") == 0 || strcmp(code, "VALIDATION_FAILED") == 0)
        return error_set(err, ERROR_USAGE, "provider %s: %s", seat->provider, detail);
    return error_set(err, ERROR_PROVIDER, "provider %s looks up '%s': %s%s%s", seat->provider,
                     external_id, code, code[0] != '\0' ? ": " : "", detail);
}

int stack_lookup(Stack *stack, const Seat *seat, const char *external_id, Json **ret, Error *err)
{
    Lookup lookup = {.loop = stack->loop};
    Json *question = json_new_object();
    int code = 0;

    json_set_string(question, "type", seat->type != NULL ? seat->type : "");
    json_set_string(question, "external_id", external_id);
    provider_lookup(stack->pool, seat->provider, question, looked_up, &lookup);
    json_free(question);
    while (!lookup.answered && stack->signal_number == 0)
        loop_run(stack->loop);
    if (!lookup.answered)
        return STACK_INTERRUPTED; /* the pool drops the question with itself */
    if (json_get_string(lookup.reply, "external_id", NULL) != NULL)
        *ret = take(lookup.reply);
    else
        code = lookup_failed(&lookup, seat, external_id, err);
    json_free(lookup.reply);
    free(lookup.error);
    return code;
}
