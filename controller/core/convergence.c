#include "convergence.h"

#include "controller/core/record.h"
#include "lang/base/memory.h"

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

/* Domains that have spoken with each other, and the proof about them. */
typedef struct Group {
    Instance *first;
    uint64_t size;
    Digest128 sum; /* of the members' configurations */
    uint64_t slices;
    bool watched;
    uint64_t phase_left;                          /* slices until it is watched, or is not */
    uint64_t watch;                               /* how many it is watched for the next time */
    uint64_t window, window_slices, window_power; /* power 0: no tortoise yet */
    Digest128 tortoise;
    bool window_effects;
    Digest128 window_answers, last_lap_answers;
    uint64_t last_lap_slices;
} Group;

/* What an instance is in its group. */
struct Member {
    Group *group;
    Instance *next;
    const char *rests; /* proved to loop: runs no more until something comes from outside; NULL */
    Digest128 configuration;
};

static Digest128 runs_digest(const Instance *instance)
{
    Digest128 digest = 0;

    for (size_t i = 0; i < instance->has->run_count; i++) {
        const Run *run = &instance->has->runs[i];
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

    for (uint32_t i = 0; i < instance->domain->transition_count; i++)
        if (transition_is_blocked(instance, i))
            digest += spread(i, 1);
    for (size_t i = 0; i < instance->domain->goal_count; i++, weight *= WEIGHT_FIELDS)
        digest += weight * (Digest128)(instance->goals[i].last_transition + 2);
    digest += WEIGHT_ROW * instance->handlers_in_row;
    return digest + WEIGHT_HIGH_ROW * instance->active->mailbox.high_in_row;
}

/* Everything that decides what the instance does next, as one number. */
static Digest128 configuration_digest(Instance *instance)
{
    const Mailbox *mailbox = &instance->active->mailbox;
    Digest128 digest = instance_field_digest(instance) * WEIGHT_FIELDS +
                       lane_digest(&mailbox->normal) * WEIGHT_NORMAL +
                       lane_digest(&mailbox->high) * WEIGHT_HIGH +
                       marks_digest(instance) * WEIGHT_MARKS;

    if (instance->has->run_count > 0)
        digest += runs_digest(instance) * WEIGHT_RUNS;
    return digest * spread(instance->born, 6);
}

static uint64_t next_window(Runtime *runtime)
{
    return ++runtime->convergence_windows;
}

static void window_begin(Group *group, uint64_t power)
{
    group->tortoise = group->sum;
    group->window_power = power;
    group->window_slices = 0;
    group->window_effects = false;
    group->window_answers = 0;
    group->window = next_window(group->first->runtime);
}

static void lap_forget(Group *group)
{
    group->last_lap_slices = 0;
    group->last_lap_answers = 0;
}

/* In the middle of a slice: what is now is compared with nothing, the first window begins with the
 * end of the slice. */
static void proof_restart(Group *group)
{
    lap_forget(group);
    window_begin(group, 0);
}

/* A loop is there to stay: it need not be looked for all the time. A group is watched for its first
 * slices, then now and then, each time for twice as many, an eighth of all in the end – and never
 * so often that making the configurations of a large group anew is what takes the time. */
#define WATCH_FIRST 8192 /* slices */
#define PAUSE_WATCHES 7
#define PAUSE_GROUPS 4

static void watch_begin(Group *group)
{
    Instance *i = group->first;

    group->sum = 0;
    do {
        i->member->configuration = configuration_digest(i);
        group->sum += i->member->configuration;
        i = i->member->next;
    } while (i != NULL);
    group->watched = true;
    group->phase_left = group->watch;
    group->watch *= 2;
    proof_restart(group);
}

static void watch_pause(Group *group)
{
    uint64_t watched = group->watch / 2 * PAUSE_WATCHES, large = group->size * PAUSE_GROUPS;

    group->watched = false;
    group->phase_left = watched > large ? watched : large;
}

/* What acts on the world in circles is stopped soon: there is no pause within its reach. */
static void watch_on(Group *group)
{
    group->watch = WATCH_FIRST;
    if (!group->watched)
        watch_begin(group);
    group->phase_left = WATCH_FIRST;
}

static void phase_go_on(Group *group)
{
    if (--group->phase_left > 0)
        return;
    if (group->watched)
        watch_pause(group);
    else
        watch_begin(group);
}

static void configuration_update(Instance *instance)
{
    Member *member = instance->member;

    if (!member->group->watched)
        return;
    Digest128 digest = configuration_digest(instance);

    member->group->sum += digest - member->configuration;
    member->configuration = digest;
}

/* Its group, which begins with it alone if it has none. */
static Group *group_of(Instance *instance)
{
    if (instance->member != NULL)
        return instance->member->group;
    Group *group = memory_zero(1, sizeof *group);
    instance->member = memory_zero(1, sizeof *instance->member);
    instance->member->group = group;
    group->first = instance;
    group->size = 1;
    group->watch = WATCH_FIRST;
    watch_begin(group);
    return group;
}

/* Members of `from` join `to`. */
static void group_merge(Group *to, Group *from)
{
    const Instance *i = from->first;
    Member *last;

    do {
        last = i->member;
        last->group = to;
        i = last->next;
    } while (i != NULL);
    last->next = to->first->member->next;
    to->first->member->next = from->first;
    to->size += from->size;
    to->sum += from->sum;
    to->slices += from->slices;
    to->watched = to->watched && from->watched;
    if (from->phase_left > to->phase_left)
        to->phase_left = from->phase_left;
    free(from);
    proof_restart(to);
}

static void goals_calm(Instance *instance)
{
    for (size_t i = 0; i < instance->domain->goal_count; i++)
        instance->goals[i].oscillating = false;
}

void convergence_outside(Instance *instance)
{
    Instance *next;

    if (instance->member == NULL)
        return;
    Group *group = instance->member->group;
    for (Instance *i = group->first; i != NULL; i = next) {
        next = i->member->next;
        if (i->member->rests != NULL) {
            goals_calm(i);
            instance_touch(i);
        }
        free(take(i->member));
    }
    free(group);
}

void convergence_sleep(Instance *instance)
{
    if (instance->member != NULL && instance->member->group->size == 1 &&
        instance->member->rests == NULL)
        convergence_outside(instance);
}

const char *convergence_rests(const Instance *instance)
{
    return instance->member != NULL ? instance->member->rests : NULL;
}

void convergence_spoke(Instance *receiver, Instance *sender)
{
    Group *to = group_of(receiver);

    if (sender != NULL && group_of(sender) != to) {
        if (convergence_rests(receiver) != NULL) {
            convergence_outside(receiver);
            to = group_of(receiver);
        }
        Group *from = group_of(sender);
        if (from->size >= to->size)
            group_merge(from, to);
        else
            group_merge(to, from);
    }
    configuration_update(receiver); /* a mailbox that fills is no configuration that comes again */
}

void convergence_unmet(Instance *instance, uint32_t goal)
{
    if (instance->member != NULL)
        instance->goals[goal].unmet_window = instance->member->group->window;
}

static void goals_mark(Instance *member, uint64_t window, bool all_unmet)
{
    for (size_t i = 0; i < member->domain->goal_count; i++) {
        GoalMark *goal = &member->goals[i];
        if (goal->truth == TRUTH_FALSE || (!all_unmet && goal->unmet_window == window))
            goal->oscillating = true;
    }
}

static LoopKind group_rest(Group *group, LoopKind kind)
{
    static const char *const names[] = {NULL, "oscillating", "repeating", "diverging"};

    for (Instance *i = group->first; i != NULL; i = i->member->next) {
        i->member->rests = names[kind];
        goals_mark(i, group->window, kind == LOOP_DIVERGING);
        instance_touch(i);
    }
    return kind;
}

/* The configuration is that of the tortoise again. With effects on the way it takes a second lap
 * with the same answers. */
static LoopKind lap_closed(Group *group)
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
    Group *group = group_of(instance);

    configuration_update(instance);
    group->window_slices++;
    group->slices++;
    phase_go_on(group);
    if (answers != 0) {
        group->slices = 0;
        watch_on(group);
        group->window_effects = true;
        group->window_answers = group->window_answers * spread(9, 9) + answers;
    }
    if (group->watched && group->window_power != 0 && group->sum == group->tortoise)
        return lap_closed(group);
    if (max_slices != 0 && group->slices >= max_slices)
        return group_rest(group, LOOP_DIVERGING);
    if (group->watched && group->window_slices >= group->window_power) {
        lap_forget(group);
        window_begin(group, group->window_power != 0 ? group->window_power * 2 : 1);
    }
    return LOOP_NONE;
}
