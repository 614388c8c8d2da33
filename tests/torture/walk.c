/* walk COUNT SEED [MASK]: random walks through programs.
 *
 * A walk begins with a program of the family (walk_model.h) and goes in steps. In each the program
 * may be edited, objects may be lost, calls may fail, and `apply` runs, to its end or until it is
 * killed. In the end all works, and what exists must be what a fresh `apply` of the last program
 * owns: by place and arguments, none twice and none left over; and a plan must ask for nothing.
 *
 * The same seed makes the same walk. One that fails is shortened: what can be left out of it –
 * steps, and parts of them – without making it right is, and the mask that says so is printed with
 * what happened. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/memory.h"
#include "tests/torture/walk_world.h"

#define STEPS_MAX 10
#define FAILURES_MAX 4 /* of calls: a message is given up after five */
#define LIFE_MAX 60
#define WALK_SECONDS 20
#define SHOWN_MAX 3 /* failures that are shortened and shown */
#define NOTED_MAX 1000

/* What happens in a step; a step has four bits of the mask. */
enum { PART_EDIT = 1, PART_LOSS = 2, PART_FAILURE = 4, PART_KILL = 8, PARTS = 4 };

/* What the workers leave for the parent, whatever becomes of them. */
typedef struct Tally {
    uint64_t seed; /* that is walked */
    uint64_t walks, edits, denied, kills, losses, objects;
    uint64_t failed[NOTED_MAX];
    size_t failed_count;
} Tally;

static Tally *tally;

/* ---- a walk ---- */

typedef struct Step {
    Model model; /* it would go on to */
    Buffer said;
    unsigned parts;
    size_t losses;
    uint32_t failures;
    uint64_t life;
} Step;

/* All is drawn in any case, so that leaving a part out leaves the others as they are. */
static void step_make(World *world, uint64_t seed, unsigned allowed, Step *step)
{
    Chance chance = {seed};

    *step = (Step){.model = world->model};
    Chance edit = {chance_next(&chance)};
    world->chance.state = chance_next(&chance);
    step->parts |= chance_one_in(&chance, 5) ? 0 : PART_EDIT;
    step->parts |= chance_one_in(&chance, 3) ? PART_LOSS : 0;
    step->parts |= chance_one_in(&chance, 4) ? PART_FAILURE : 0;
    step->parts |= chance_one_in(&chance, 3) ? PART_KILL : 0;
    step->losses = 1 + chance_below(&chance, 2);
    step->failures = 1 + (uint32_t)chance_below(&chance, 2);
    step->life = 1 + chance_below(&chance, LIFE_MAX);
    step->parts &= allowed;
    if (step->parts & PART_EDIT)
        model_edit(&step->model, &edit, &step->said);
}

static void trace_program(World *world)
{
    if (world->traces) {
        buffer_add_string(&world->trace, "-----\n");
        model_write(&world->model, &world->trace);
        buffer_add_string(&world->trace, "-----\n");
    }
}

static void step_edit(World *world, const Step *step)
{
    bool protected = model_protects(&world->model) || model_protects(&step->model);
    bool denied;

    world_settle(world);
    if (world_edit(world, &step->model, &denied)) {
        tally->edits++;
        trace_program(world);
    } else if (denied && !protected) {
        world_wrong(world, "an edit is denied though nothing is protected");
    } else if (denied) {
        tally->denied++;
    }
}

static void walk_step(World *world, uint64_t seed, size_t index, unsigned allowed,
                      uint32_t *failures)
{
    Step step;

    step_make(world, chance_mix(seed, index + 1), allowed, &step);
    if (world->traces)
        buffer_add_format(&world->trace, "== step %zu:%s\n", index, buffer_text(&step.said));
    if (step.parts & PART_LOSS)
        for (size_t i = 0; i < step.losses; i++)
            world_lose(world);
    if (step.parts & PART_FAILURE && *failures + step.failures <= FAILURES_MAX) {
        world->provider.failing += step.failures;
        *failures += step.failures;
    }
    tally->losses += (step.parts & PART_LOSS) != 0;
    world->life = step.parts & PART_KILL ? step.life : 0;
    world_enter(world);
    if (step.parts & PART_EDIT)
        step_edit(world, &step);
    world_apply(world);
    world_leave(world);
    tally->kills += world->killed;
    buffer_deinit(&step.said);
}

/* What a fresh apply of the model's program owns. */
static void list_fresh(World *world, uint64_t seed, Buffer *ret)
{
    World fresh;

    world_init(&fresh, &world->model, seed);
    world_enter(&fresh);
    world_apply(&fresh);
    if (fresh.wrong.size == 0)
        world_list(&fresh, ret);
    if (fresh.wrong.size > 0)
        world_wrong(world, "of a fresh apply: %s", buffer_text(&fresh.wrong));
    world_leave(&fresh);
    world_deinit(&fresh);
}

/* Lines of the one that are not in the other. */
static void lines_missing(const char *of, const char *in, const char *mark, Buffer *ret)
{
    for (const char *end; (end = strchr(of, '\n')) != NULL; of = end + 1) {
        size_t size = (size_t)(end - of) + 1, there = 0, here = 0;
        for (const char *at = in; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1)
            there += strncmp(at, of, size) == 0;
        for (const char *at = of; *at != '\0'; at = strchr(at, '\n') + 1)
            here += strncmp(at, of, size) == 0;
        if (here > there) /* so many of them are left, this one included */
            buffer_add_format(ret, "%s%.*s", mark, (int)size, of);
    }
}

static void end_compare(World *world, uint64_t seed)
{
    cleanup(buffer_deinit) Buffer found = {0};
    cleanup(buffer_deinit) Buffer expected = {0};
    cleanup(buffer_deinit) Buffer differs = {0};

    world_list(world, &found);
    if (world->wrong.size == 0)
        list_fresh(world, seed, &expected);
    lines_missing(buffer_text(&expected), buffer_text(&found), "  missing: ", &differs);
    lines_missing(buffer_text(&found), buffer_text(&expected), "  too much: ", &differs);
    if (differs.size > 0)
        world_wrong(world, "other objects than a fresh apply would own\n%s", buffer_text(&differs));
    for (const char *at = buffer_text(&found); *at != '\0'; at = strchr(at, '\n') + 1)
        tally->objects++;
}

/* After it, nothing is to be done: neither of itself, nor because the same program is said again.
 */
static void end_plan(World *world, bool again)
{
    cleanup(buffer_deinit) Buffer asked = {0};
    bool denied;

    world_leave(world);
    world_enter(world);
    if (world->wrong.size > 0)
        return;
    if (again && !world_edit(world, &world->model, &denied))
        world_wrong(world, "the same program again is refused");
    if (world->wrong.size > 0)
        return;
    world_plan(world, &asked);
    if (asked.size > 0)
        world_wrong(world, "a plan%s is not empty:\n%s", again ? " of the same program" : "",
                    buffer_text(&asked));
    runtime_free(take(world->runtime)); /* it has been planned with */
}

/* True if all is as it must be; else why not is in the world. */
static bool walk(World *world, uint64_t seed, uint64_t mask)
{
    Chance chance = {chance_mix(seed, 0)};
    Model model;
    uint32_t failures = 0;
    size_t steps = 2 + chance_below(&chance, STEPS_MAX - 1);

    model_make(&model, &chance);
    bool traces = world->traces;
    world_init(world, &model, chance_next(&chance));
    world->traces = traces;
    trace_program(world);
    if (world->wrong.size == 0)
        walk_step(world, seed, STEPS_MAX, PART_KILL & (unsigned)(mask >> (STEPS_MAX * PARTS)),
                  &failures);
    for (size_t i = 0; i < steps && world->wrong.size == 0; i++)
        walk_step(world, seed, i, (unsigned)(mask >> (i * PARTS)) & 15, &failures);
    world->life = 0;
    world->provider.failing = 0;
    if (world->traces)
        buffer_add_string(&world->trace, "== the end\n");
    for (int i = 0; i < 2; i++) { /* the first may still be told of a failure, or not of a loss */
        world_leave(world);
        world_enter(world);
        world_apply(world);
    }
    if (world->wrong.size == 0)
        end_compare(world, seed);
    if (world->wrong.size == 0)
        end_plan(world, false);
    if (world->wrong.size == 0)
        end_plan(world, true);
    tally->walks++;
    return world->wrong.size == 0;
}

/* ---- many of them ---- */

static void note_failed(uint64_t seed)
{
    if (tally->failed_count < NOTED_MAX)
        tally->failed[tally->failed_count++] = seed;
}

static void walk_many(uint64_t from, uint64_t end)
{
    for (uint64_t seed = from; seed < end; seed++) {
        World world = {.traces = false};
        tally->seed = seed;
        alarm(WALK_SECONDS);
        if (!walk(&world, seed, UINT64_MAX)) {
            note_failed(seed);
            printf("not ok %" PRIu64 ": %s\n", seed, buffer_text(&world.wrong));
        }
        world_deinit(&world);
    }
    fflush(stdout);
    _exit(0);
}

/* In a process of its own, which is lost with it if it crashes. */
static int child_await(pid_t child)
{
    int status = 0;

    waitpid(child, &status, 0);
    return status;
}

static void walk_all(uint64_t from, uint64_t end)
{
    while (from < end) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            walk_many(from, end);
        int status = child_await(child);
        if (!WIFSIGNALED(status) && WEXITSTATUS(status) == 0)
            return;
        note_failed(tally->seed);
        printf("not ok %" PRIu64 ": %s\n", tally->seed,
               WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "it takes too long"
                                                                  : "it crashes");
        from = tally->seed + 1;
    }
}

/* ---- shortening ---- */

static bool fails(uint64_t seed, uint64_t mask)
{
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        World world = {.traces = false};
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        alarm(WALK_SECONDS);
        _exit(walk(&world, seed, mask) ? 0 : 1);
    }
    return child_await(child) != 0;
}

static uint64_t shorten(uint64_t seed, uint64_t mask)
{
    for (int width = PARTS; width > 0; width -= PARTS - 1)
        for (int at = STEPS_MAX * PARTS + PARTS - width; at >= 0; at -= width) {
            uint64_t part = ((UINT64_C(1) << width) - 1) << at;
            if ((mask & part) != 0 && fails(seed, mask & ~part))
                mask &= ~part;
        }
    return mask;
}

static World shown; /* also what a crash would have been told of */

static void on_crash(int number)
{
    fputs(buffer_text(&shown.trace), stdout);
    printf("signal %d\n", number);
    fflush(stdout);
    _exit(1);
}

static bool show(uint64_t seed, uint64_t mask)
{
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        signal(SIGABRT, on_crash);
        signal(SIGSEGV, on_crash);
        signal(SIGALRM, on_crash);
        alarm(WALK_SECONDS);
        shown.traces = true;
        bool right = walk(&shown, seed, mask);
        fputs(buffer_text(&shown.trace), stdout);
        printf("%s\n", right ? "ok" : buffer_text(&shown.wrong));
        fflush(stdout);
        _exit(right ? 0 : 1);
    }
    return child_await(child) == 0;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

    if (count == 0 || argc > 4) {
        fprintf(stderr, "usage: walk COUNT SEED [MASK]\n");
        return 64;
    }
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        return 74;
    if (argc == 4)
        return show(seed, strtoull(argv[3], NULL, 16)) ? 0 : 1;
    walk_all(seed, seed + count);
    for (size_t i = 0; i < tally->failed_count && i < SHOWN_MAX; i++) {
        uint64_t mask = shorten(tally->failed[i], (UINT64_C(1) << (STEPS_MAX * PARTS + PARTS)) - 1);
        printf("---- shortened: walk 1 %" PRIu64 " %" PRIx64 "\n", tally->failed[i], mask);
        show(tally->failed[i], mask);
    }
    printf("%s %" PRIu64 " walks: %" PRIu64 " edits and %" PRIu64 " denied, %" PRIu64
           " kills, %" PRIu64 " losses, %" PRIu64 " objects in the end\n",
           tally->failed_count == 0 ? "ok" : "not ok", count, tally->edits, tally->denied,
           tally->kills, tally->losses, tally->objects);
    return tally->failed_count == 0 ? 0 : 1;
}
