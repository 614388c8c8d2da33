#include "convergence.h"

#include "controller/core/record.h"

static Digest128 spread(uint64_t low, uint64_t high)
{
    return (Digest128)hash_mix(high + 0x51ed270b) << 64 | (hash_mix(low + 0x2545f491) | 1);
}

/* Odd, and without a pattern: digits of the golden ratio and of square roots. */
#define WEIGHT(high, low) ((Digest128)(high) << 64 | (low))
#define WEIGHT_FIELDS WEIGHT(0x9e3779b97f4a7c15ULL, 0xf39cc0605cedc835ULL)
#define WEIGHT_NORMAL WEIGHT(0x6a09e667f3bcc908ULL, 0xb2fb1366ea957d3fULL)
#define WEIGHT_HIGH WEIGHT(0xbb67ae8584caa73bULL, 0x25742d7078b83b89ULL)
#define WEIGHT_RUNS WEIGHT(0x3c6ef372fe94f82bULL, 0xe73980c0b9db9069ULL)
#define WEIGHT_MARKS WEIGHT(0xa54ff53a5f1d36f1ULL, 0xcea7e61fc37a20d5ULL)
#define WEIGHT_ROW WEIGHT(0x510e527fade682d1ULL, 0xde49e330e42b4cbbULL)
#define WEIGHT_HIGH_ROW WEIGHT(0x9b05688c2b3e6c1fULL, 0xdbd99e6ff3c90bd9ULL)
#define WEIGHT_GOAL WEIGHT(0x1f83d9abfb41bd6bULL, 0x2bdfc8d6d7a3d4f1ULL)

static Digest128 runs_digest(const Instance *instance)
{
    Digest128 digest = 0;

    for (size_t i = 0; i < instance->run_count; i++) {
        const Run *run = &instance->runs[i];
        digest = digest * spread(7, i) + run->began +
                 spread(hash_string(cause_where(instance, &(Cause){.transition = run->transition,
                                                                   .handler = run->handler,
                                                                   .timer = run->timer})),
                        (uint64_t)run->next_step << 32 | run->yield);
        for (size_t k = 0; k < run->local_count; k++)
            digest = digest * spread(10, k) + value_digest(run->locals[k]);
        for (size_t k = 0; k < run->argument_count; k++)
            digest = digest * spread(8, k) + value_digest(run->arguments[k]);
    }
    return digest;
}

static Digest128 marks_digest(const Instance *instance)
{
    Digest128 digest = instance->booted, weight = WEIGHT_GOAL;
    uint32_t in_row = instance->handlers_in_row;

    for (uint32_t i = 0; i < instance->domain->transition_count; i++)
        if (transition_is_blocked(instance, i))
            digest += spread(i, 1);
    for (size_t i = 0; i < instance->domain->goal_count; i++, weight *= WEIGHT_FIELDS)
        digest += weight * (Digest128)(instance->goals[i].last_transition + 2);
    digest += WEIGHT_ROW * (in_row > HANDLERS_IN_ROW_MAX ? HANDLERS_IN_ROW_MAX : in_row);
    return digest + WEIGHT_HIGH_ROW * instance->mailbox.high_in_row;
}

/* Everything that decides what the instance does next, as one number. */
static Digest128 configuration_digest(const Instance *instance)
{
    Digest128 digest =
        instance->field_digest * WEIGHT_FIELDS + instance->mailbox.normal.digest * WEIGHT_NORMAL +
        instance->mailbox.high.digest * WEIGHT_HIGH + marks_digest(instance) * WEIGHT_MARKS;

    if (instance->run_count > 0)
        digest += runs_digest(instance) * WEIGHT_RUNS;
    return digest * spread(instance->identity, 6);
}

static uint64_t next_window(Runtime *runtime)
{
    return ++runtime->convergence_windows;
}

static void window_begin(Instance *group, uint64_t power)
{
    group->tortoise = group->group_sum;
    group->window_power = power;
    group->window_slices = 0;
    group->window_effects = false;
    group->window_answers = 0;
    group->group_window = next_window(group->runtime);
}

static void lap_forget(Instance *group)
{
    group->last_lap_slices = 0;
    group->last_lap_answers = 0;
}

/* In the middle of a slice: what is now is compared with nothing, the first window begins with the
 * end of the slice. */
static void proof_restart(Instance *group)
{
    lap_forget(group);
    window_begin(group, 0);
}

static void configuration_update(Instance *instance)
{
    Digest128 digest = configuration_digest(instance);

    instance->group->group_sum += digest - instance->configuration;
    instance->configuration = digest;
}

/* Members of `from` join `to`. */
static void group_merge(Instance *to, Instance *from)
{
    Instance *last = from;

    for (Instance *member = from; member != NULL; member = member->group_next) {
        member->group = to;
        last = member;
    }
    last->group_next = to->group_next;
    to->group_next = from;
    to->group_size += from->group_size;
    to->group_sum += from->group_sum;
    to->group_slices += from->group_slices;
    proof_restart(to);
}

static void group_alone(Instance *instance)
{
    instance->group = instance;
    instance->group_next = NULL;
    instance->group_size = 1;
    instance->group_slices = 0;
    instance->configuration = configuration_digest(instance);
    instance->group_sum = instance->configuration;
    instance->resting = false;
    instance->resting_kind = NULL;
    for (size_t i = 0; i < instance->domain->goal_count; i++)
        instance->goals[i].oscillating = false;
    proof_restart(instance);
}

void convergence_outside(Instance *instance)
{
    Instance *next;

    for (Instance *member = instance->group; member != NULL; member = next) {
        next = member->group_next;
        if (member->resting)
            instance_touch(member);
        group_alone(member);
    }
}

static void group_join(Instance *receiver, Instance *sender)
{
    if (sender->group_size == 0)
        group_alone(sender);
    if (receiver->resting)
        convergence_outside(receiver);
    if (sender->group->group_size >= receiver->group->group_size)
        group_merge(sender->group, receiver->group);
    else
        group_merge(receiver->group, sender->group);
}

void convergence_spoke(Instance *receiver, Instance *sender)
{
    if (receiver->group_size == 0)
        group_alone(receiver);
    if (sender != NULL && sender->group != receiver->group)
        group_join(receiver, sender);
    configuration_update(receiver); /* a mailbox that fills is no configuration that comes again */
}

void convergence_unmet(Instance *instance, uint32_t goal)
{
    instance->goals[goal].unmet_window = instance->group->group_window;
}

static void goals_mark(Instance *member, uint64_t window, bool all_unmet)
{
    for (size_t i = 0; i < member->domain->goal_count; i++) {
        GoalMark *goal = &member->goals[i];
        if (goal->truth == TRUTH_FALSE || (!all_unmet && goal->unmet_window == window))
            goal->oscillating = true;
    }
}

static LoopKind group_rest(Instance *group, LoopKind kind)
{
    static const char *const names[] = {NULL, "oscillating", "repeating", "diverging"};

    for (Instance *member = group; member != NULL; member = member->group_next) {
        member->resting = true;
        member->resting_kind = names[kind];
        goals_mark(member, group->group_window, kind == LOOP_DIVERGING);
        instance_touch(member);
    }
    return kind;
}

/* The configuration is that of the tortoise again. With effects on the way it takes a second lap
 * with the same answers. */
static LoopKind lap_closed(Instance *group)
{
    if (!group->window_effects)
        return group_rest(group, LOOP_PROVED);
    if (group->last_lap_slices == group->window_slices &&
        group->last_lap_answers == group->window_answers)
        return group_rest(group, LOOP_REPEATING);
    group->last_lap_slices = group->window_slices;
    group->last_lap_answers = group->window_answers;
    window_begin(group, group->window_power);
    return LOOP_NONE;
}

LoopKind convergence_slice(Instance *instance, Digest128 answers, uint64_t max_slices)
{
    if (instance->group_size == 0)
        group_alone(instance);
    Instance *group = instance->group;

    configuration_update(instance);
    group->window_slices++;
    group->group_slices++;
    if (answers != 0) {
        group->group_slices = 0;
        group->window_effects = true;
        group->window_answers = group->window_answers * spread(9, 9) + answers;
    }
    if (group->window_power != 0 && group->group_sum == group->tortoise)
        return lap_closed(group);
    if (max_slices != 0 && group->group_slices >= max_slices)
        return group_rest(group, LOOP_DIVERGING);
    if (group->window_slices >= group->window_power) {
        lap_forget(group);
        window_begin(group, group->window_power != 0 ? group->window_power * 2 : 1);
    }
    return LOOP_NONE;
}
