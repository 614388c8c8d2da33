#include "evolution.h"

#include <string.h>

#include "controller/core/evolution_private.h"
#include "controller/core/origin.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"

/* ---- before and after ---- */

void passage_note(Passage *passage, char *sentence)
{
    EvolutionReport *report = passage->report;

    memory_reserve_one(report->notes, report->note_count, report->note_capacity);
    report->notes[report->note_count++] = sentence;
}

const Instance *instance_before(const Passage *passage, const Instance *instance)
{
    int32_t was = instance->is_gone ? -1 : passage->was[instance->domain_index];

    return was < 0 ? NULL : instance_find(passage->old, (uint32_t)was, instance->key);
}

const ProgramDomain *domain_after(const Passage *passage, const Instance *before)
{
    const Program *program = passage->evolution->program;
    int domain =
        before->is_gone
            ? -1
            : program_find_domain(program, program_moved_domain(program, before->domain->name));

    if (domain < 0 || (program->domains[domain].key != NULL) != (before->key != NULL))
        return NULL;
    return before->key != NULL || program->domains[domain].started ? &program->domains[domain]
                                                                   : NULL;
}

static bool has_instances(const Runtime *runtime, int32_t domain)
{
    return domain >= 0 && runtime->domains[domain].instances.count > 0;
}

static int refuse_both(const Passage *passage, int32_t moved, int32_t other, const char *to,
                       Error *err)
{
    const ProgramDomain *domains = passage->old->program->domains;
    const char *first = domains[moved].name, *second = domains[other].name;
    const char *from = strcmp(first, to) == 0 ? second : first;

    return error_set(err, ERROR_PROGRAM,
                     "error[V-ERR-041]: `moved domain %s -> %s`: the state has '%s' and '%s', each "
                     "with a state of its own, and they cannot go on as one: remove the line, and "
                     "move what shall stay place by place: `moved %s.TRANSITION.PROVIDER.EFFECT -> "
                     "%s.TRANSITION.PROVIDER.EFFECT`; nothing was touched",
                     from, to, first, second, from, to);
}

/* 0, or ERROR_PROGRAM: two domains that the state has would be one. */
static int domains_match(Passage *passage, Error *err)
{
    const Program *was = passage->old->program, *is = passage->evolution->program;

    passage->was = arena_array(&passage->arena, int32_t, is->domain_count);
    for (size_t i = 0; i < is->domain_count; i++)
        passage->was[i] = -1;
    for (int32_t i = 0; i < (int32_t)was->domain_count; i++) {
        const char *name = program_moved_domain(is, was->domains[i].name);
        int domain = program_find_domain(is, name);
        if (domain < 0)
            continue;
        bool lives = has_instances(passage->old, i);
        if (lives && has_instances(passage->old, passage->was[domain]))
            return refuse_both(passage, i, passage->was[domain], name, err);
        if (lives || passage->was[domain] < 0)
            passage->was[domain] = i;
    }
    return 0;
}

/* ---- texts ---- */

Span cause_span(const ProgramDomain *domain, const Cause *cause)
{
    if (cause->handler >= 0)
        return domain->handlers[cause->handler].span;
    if (cause->timer >= 0)
        return domain->timers[cause->timer].span;
    return domain->transitions[cause->transition].span;
}

bool same_text(const Program *a, Span in_a, const Program *b, Span in_b)
{
    size_t size = in_a.end - in_a.start;

    return size == in_b.end - in_b.start &&
           memcmp(a->source.text + in_a.start, b->source.text + in_b.start, size) == 0;
}

/* ---- parameters ---- */

static void field_set(Instance *instance, size_t field, Value value)
{
    Value copy = value_clone(value);

    value_free(instance->fields[field]);
    instance->fields[field] = copy;
}

/* One that a `moved` line has made begins as any other would. */
static void fields_begin(const Passage *passage, Instance *instance)
{
    const Value *first = passage->evolution->first_values[instance->domain_index];

    for (size_t i = 0; i < instance->domain->field_count; i++)
        field_set(instance, i, first[i]);
    instance_fields_set(instance);
}

/* Of a keyed domain each instance has its own, which it began with. */
static void parameters_take(const Passage *passage, Instance *instance)
{
    const Value *first = passage->evolution->first_values[instance->domain_index];

    for (size_t i = 0; i < instance->domain->field_count && instance->key == NULL; i++)
        if (instance->domain->fields[i].parameter)
            field_set(instance, i, first[i]);
    instance_fields_set(instance);
}

/* What the command line gives a field comes before what `system` gives it. */
static void system_parameters_take(const Passage *passage, const ProgramStart *start)
{
    Instance *instance = instance_find(passage->new, start->domain, start->key->bytes);
    const ProgramDomain *domain = &passage->evolution->program->domains[start->domain];
    const Value *first = passage->evolution->first_values[start->domain];

    if (instance == NULL)
        return;
    for (size_t i = 0; i < domain->field_count; i++)
        if (domain->fields[i].parameter)
            field_set(instance, i,
                      value_equal(first[i], domain->fields[i].initial) ? start->fields[i]
                                                                       : first[i]);
    instance_fields_set(instance);
}

static void parameters_set(const Passage *passage)
{
    const Program *program = passage->evolution->program;

    if (passage->evolution->first_values == NULL)
        return;
    for (Instance *i = instance_first(passage->new); i != NULL; i = instance_next(i)) {
        if (i->is_gone)
            continue;
        if (instance_before(passage, i) == NULL)
            fields_begin(passage, i);
        else
            parameters_take(passage, i);
    }
    for (size_t i = 0; i < program->start_count; i++)
        system_parameters_take(passage, &program->starts[i]);
}

/* ---- what is under way ---- */

static Cause run_text(const Run *run)
{
    Cause cause = cause_of(CAUSE_RUN);

    cause.transition = run->transition;
    cause.handler = run->handler;
    cause.timer = run->timer;
    cause.step = run->next_step;
    cause.yield = run->yield;
    return cause;
}

/* The open run of before that this one is. */
static const Run *run_before(const Instance *before, const Instance *instance, const Run *run)
{
    Cause now = run_text(run);

    for (size_t i = 0; i < before->has->run_count; i++) {
        Cause then = run_text(&before->has->runs[i]);
        if (strcmp(cause_where(before, &then), cause_where(instance, &now)) == 0)
            return &before->has->runs[i];
    }
    return NULL;
}

static bool run_is_kept(const Instance *instance, const Instance *before, const Run *run)
{
    const Run *other = run_before(before, instance, run);
    Reshape reshape = {before->runtime->program, before->domain, instance->runtime->program,
                       instance->domain};

    if (other == NULL || !shape_is_kept(&reshape))
        return false;
    Cause was = run_text(other), is = run_text(run);
    return same_text(instance->runtime->program, cause_span(instance->domain, &is),
                     before->runtime->program, cause_span(before->domain, &was)) &&
           locals_are_kept(before, &was, instance, &is, run->local_count);
}

/* What is half done goes on only if its text and the shape of its domain are unchanged; else it
 * ends at its last commit. */
static void runs_check(Passage *passage, Instance *instance, const Instance *before)
{
    size_t kept = 0;

    for (size_t i = 0; i < instance->has->run_count; i++)
        if (run_is_kept(instance, before, &instance->has->runs[i]))
            instance->has->runs[kept++] = instance->has->runs[i];
        else
            run_deinit(&instance->has->runs[i]);
    if (kept < before->has->run_count) {
        cleanup(free) char *label = instance_label(instance);
        Cause first = run_text(&before->has->runs[0]);
        passage_note(
            passage,
            memory_format(
                "%s: what was half done (%s%s) ends at its last commit: it is not what it was",
                label, cause_where(before, &first), before->has->run_count > 1 ? ", ..." : ""));
    }
    if (instance->has->run_count > kept)
        instance_holdings(instance)->run_count = kept;
}

static void mailbox_check(Passage *passage, const Instance *instance, const Instance *before)
{
    const Message *message;

    for (size_t i = 0; (message = mailbox_at(&before->active->mailbox, i)) != NULL; i++) {
        if (mailbox_find(&instance->active->mailbox, message->id) != NULL)
            continue;
        cleanup(free) char *label = instance_label(instance);
        passage_note(
            passage,
            memory_format("%s: %s %s, which waited, is forgotten: nothing hears it any more", label,
                          message_kind_name(message->kind), message_name(before, message)));
    }
}

static void instances_check(Passage *passage)
{
    for (Instance *i = instance_first(passage->new); i != NULL; i = instance_next(i)) {
        const Instance *before = instance_before(passage, i);
        if (i->is_gone)
            continue;
        if (before != NULL) {
            runs_check(passage, i, before);
            mailbox_check(passage, i, before);
        }
        retained_deliver(i, before);
    }
}

/* ---- the successor ---- */

/* The snapshot as the new program's state would have written it. */
static int successor_read(Passage *passage, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *snapshot = NULL;

    snapshot_write(passage->old, &text);
    if (json_parse_own(buffer_text(&text), text.size, &snapshot, err) < 0)
        return error_wrap(err, "pass the state on");
    buffer_deinit(&text); /* as large as the state: not while that is built anew */
    snapshot_rename(passage, snapshot);
    snapshot_bury(passage, snapshot);
    snapshot_reshape(passage, snapshot);
    if (snapshot_read(passage->new, snapshot, true, err) < 0)
        return error_wrap(err, "pass the state on");
    return 0;
}

static int successor_make(Passage *passage, Error *err)
{
    if (domains_match(passage, err) < 0 || shape_check(passage, err) < 0)
        return ERROR_PROGRAM;
    if (successor_read(passage, err) < 0 || state_reshape(passage, err) < 0 ||
        withdraw_buried(passage, err) < 0)
        return err->code;
    parameters_set(passage);
    instances_check(passage);
    if (objects_pass(passage, err) < 0)
        return err->code;
    empty_graves_remove(passage);
    return 0;
}

static void passage_deinit(Passage *passage)
{
    runtime_free(passage->new);
    json_free(passage->withdrawn);
    map_deinit(&passage->uses);
    if (passage->has_lines)
        source_index_deinit(&passage->lines);
    arena_deinit(&passage->scratch);
    arena_deinit(&passage->arena);
}

int evolution_make(const Runtime *old, const Evolution *evolution, Runtime **ret,
                   EvolutionReport *report, Error *err)
{
    Passage passage = {.old = old, .evolution = evolution, .report = report};

    *report = (EvolutionReport){0};
    passage.new = runtime_new(evolution->program, evolution->bindings, old->lineage);
    passage.new->first_values = evolution->first_values;
    passage.new->judging = true;
    int code = successor_make(&passage, err);
    passage.new->judging = false;
    if (code == 0)
        *ret = take(passage.new);
    passage_deinit(&passage);
    return code;
}

void evolution_report_deinit(EvolutionReport *report)
{
    for (size_t i = 0; i < report->note_count; i++)
        free(report->notes[i]);
    free(report->notes);
    *report = (EvolutionReport){0};
}
