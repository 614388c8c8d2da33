#include "tests/simulate/run.h"

#include <stdio.h>

#include "tests/simulate/disk.h"
#include "tests/simulate/life.h"
#include "tests/simulate/network.h"
#include "tests/simulate/promise.h"
#include "tests/simulate/provider.h"
#include "tests/simulate/story.h"

#define LIVES_MAX 6
#define LAST_LIVES_MAX 4 /* the first may still be told of a loss, or not know an outcome yet */
#define TROUBLE_MAX 40
#define STEPS_BITS 11 /* a process is killed within so many calls */
#define HOUR_MS 3600000

/* ---- what becomes of a process ---- */

/* Not the provider's. */
static Point point_choose(Chance *chance)
{
    return chance_one_in(chance, 2) ? POINT_ANYWHERE
                                    : (Point)(1 + chance_below(chance, POINT_PROVIDER_BEFORE - 1));
}

static void fate_choose(void)
{
    Chance *chance = &world->chance;

    world->kill_at = point_choose(chance);
    world->kill_in = 0;
    world->disk_trouble = false;
    disk_set_full(false);
    world->full_in = chance_one_in(chance, 16) ? 1 + (uint32_t)chance_below(chance, 100) : 0;
    if (chance_one_in(chance, 8))
        return;
    if (world->kill_at == POINT_ANYWHERE)
        world->kill_in = 1 + (uint32_t)chance_below(
                                 chance, (size_t)1 << (3 + chance_below(chance, STEPS_BITS - 2)));
    else
        world->kill_in = 1 + (uint32_t)chance_below(chance, 4);
}

static void fate_none(void)
{
    world->kill_in = 0;
    world->full_in = 0;
    world->calm = true;
    world->disk_trouble = false;
    disk_set_full(false);
}

/* The second leaves what is under way to the provider. */
static void signals_choose(void)
{
    if (!chance_one_in(&world->chance, 10))
        return;
    int64_t first_ms = (int64_t)chance_below(&world->chance, 5000);
    network_signal(first_ms);
    if (chance_one_in(&world->chance, 2))
        network_signal(first_ms + (int64_t)chance_below(&world->chance, 5000));
}

/* What happens while no process runs. */
static void interval(const Story *story, LifeEnd end)
{
    Chance *chance = &world->chance;

    if (chance_one_in(chance, end == LIFE_KILLED ? 2 : 6))
        disk_cut_power();
    network_pass(chance_one_in(chance, 2)
                     ? 0
                     : (int64_t)chance_below(chance, (size_t)1 << chance_below(chance, 22)));
    if (story->may_lose && chance_one_in(chance, 8) && provider_lose())
        world_count(TROUBLE_VANISHED);
    if (chance_one_in(chance, 60))
        promise_damage();
    if (chance_one_in(chance, 8)) {
        world->calendar_ms += (int64_t)chance_below(chance, 2 * HOUR_MS) - HOUR_MS;
        world_count(TROUBLE_CLOCK_JUMP);
    }
}

/* ---- a run ---- */

typedef struct Play {
    Story story;
    Program *first, *grown;
    LifeOptions options;
} Play;

/* False: a process has refused to begin, with reason. */
static bool run_lives(Play *play, size_t count)
{
    size_t grows_at = chance_below(&world->chance, count + 1);

    for (size_t i = 0; i < count && world->wrong[0] == '\0'; i++) {
        if (i == grows_at && play->options.program != NULL)
            play->options.program = play->grown;
        fate_choose();
        signals_choose();
        LifeEnd end = life_run(&play->options);
        if (end == LIFE_REFUSED)
            return false;
        interval(&play->story, end);
    }
    return true;
}

static bool run_last(Play *play)
{
    unsigned quiet = 0;

    for (unsigned i = 0; i < LAST_LIVES_MAX && quiet < 2 && world->wrong[0] == '\0'; i++) {
        fate_none();
        play->options.is_last = quiet == 1;
        LifeEnd end = life_run(&play->options);
        if (end == LIFE_REFUSED)
            return false;
        if (end == LIFE_QUIET)
            quiet++;
        else if (world->wrong[0] == '\0')
            world_wrong("a process that nothing happens to does not come to its end");
    }
    play->options.is_last = false;
    return true;
}

/* What is there is destroyed, in the middle of the story or at its end. */
static void run_destroy(Play *play)
{
    world->calm = false;
    play->options.program = NULL;
    if (run_lives(play, 1 + chance_below(&world->chance, 2)))
        run_last(play);
}

static void run_all(Play *play)
{
    bool destroys = chance_one_in(&world->chance, 5);
    bool comes_to_its_end = !destroys || chance_one_in(&world->chance, 2);

    play->options.program = play->first;
    if (!run_lives(play, 1 + chance_below(&world->chance, LIVES_MAX)))
        return;
    play->options.program = play->grown;
    if (comes_to_its_end && !run_last(play))
        return;
    if (destroys && world->wrong[0] == '\0')
        run_destroy(play);
}

static bool program_make(const Buffer *text, Program **ret)
{
    *ret = program_compile("sim.ved", buffer_text(text), text->size);
    if (!(*ret)->valid)
        world_wrong("the story does not compile:\n%.1800s", buffer_text(text));
    return (*ret)->valid;
}

bool run(uint64_t seed, Mutant mutant, bool traces)
{
    Chance of_story = {chance_mix(seed, 0)};
    Play play = {0};

    world_begin(seed, mutant, traces);
    disk_make();
    network_make();
    provider_make();
    promise_make();
    story_make(&play.story, &of_story);
    if (traces)
        printf("%s-----\n%s\n", buffer_text(&play.story.text), buffer_text(&play.story.grown));
    provider_refuse("Risk", play.story.risks);
    provider_refuse("Deny", UINT32_MAX);
    provider_refuse("Forbid", UINT32_MAX);
    provider_ready_from(play.story.ready_ms);
    world->trouble_max = (unsigned)chance_below(&world->chance, TROUBLE_MAX);
    play.options.story = &play.story;
    if (program_make(&play.story.text, &play.first) && program_make(&play.story.grown, &play.grown))
        run_all(&play);
    program_free(play.first);
    program_free(play.grown);
    story_deinit(&play.story);
    tally->runs++;
    return world->wrong[0] == '\0';
}
