/* simulate SEEDS [FIRST] [-j N] [--mutant NAME] | --seed N [--mutant NAME] [--trace] | --mutants
 *
 * Runs the real core and the real host of the controller over a virtual disk, network, clock and
 * provider, from a seed, and holds what comes of it against what was promised. The same seed makes
 * the same run, to the last byte of its trace. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lang/base/json.h"
#include "tests/simulate/run.h"

#define WORKERS_MAX 16
#define FAILED_MAX 10        /* seeds that are named */
#define POINTS_EXPECTED 1000 /* runs, of which none may miss a point */
#define MUTANT_SEEDS 20000

typedef struct Arguments {
    uint64_t first, count;
    unsigned workers;
    Mutant mutant;
    bool one, traces, mutants;
} Arguments;

/* What the workers share. */
typedef struct Result {
    Tally tally;
    uint64_t failed_count, first_failed;
    char wrong[256]; /* of the first that failed */
} Result;

static Result *results; /* [worker] */

/* ---- workers ---- */

static void failed_print(uint64_t seed, Mutant mutant)
{
    printf("not ok %" PRIu64 ": %s\n    simulate --seed %" PRIu64 "%s%s --trace\n", seed,
           world->wrong, seed, mutant != MUTANT_NONE ? " --mutant " : "",
           mutant != MUTANT_NONE ? mutant_name(mutant) : "");
    fflush(stdout);
}

static void work(const Arguments *arguments, unsigned worker)
{
    Result *result = &results[worker];

    world_map();
    tally = &result->tally;
    for (uint64_t i = worker; i < arguments->count; i += arguments->workers) {
        if (run(arguments->first + i, arguments->mutant, false))
            continue;
        if (result->failed_count++ == 0) {
            result->first_failed = arguments->first + i;
            memcpy(result->wrong, world->wrong, sizeof result->wrong);
        }
        if (arguments->mutants)
            break;
        if (result->failed_count <= FAILED_MAX)
            failed_print(arguments->first + i, arguments->mutant);
    }
    fflush(stdout);
    _exit(0);
}

static bool workers_run(const Arguments *arguments)
{
    bool all_ended = true;

    memset(results, 0, WORKERS_MAX * sizeof *results);
    fflush(stdout);
    for (unsigned i = 0; i < arguments->workers; i++)
        if (fork() == 0)
            work(arguments, i);
    for (unsigned i = 0; i < arguments->workers; i++) {
        int status = 0;
        wait(&status);
        all_ended &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return all_ended;
}

/* ---- telling ---- */

static void tally_add(Tally *sum, const Tally *one)
{
    sum->runs += one->runs;
    sum->lives += one->lives;
    sum->kills += one->kills;
    sum->requests += one->requests;
    sum->records += one->records;
    for (size_t i = 0; i < POINT_COUNT; i++)
        sum->points[i] += one->points[i];
    for (size_t i = 0; i < TROUBLE_COUNT; i++)
        sum->troubles[i] += one->troubles[i];
}

static bool points_print(const Tally *sum)
{
    bool all = true;

    for (size_t i = 0; i < POINT_COUNT; i++) {
        printf("  %-4s%8" PRIu64 "  killed: %s\n", point_label((Point)i), sum->points[i],
               point_text((Point)i));
        all &= sum->points[i] > 0;
    }
    for (size_t i = 0; i < TROUBLE_COUNT; i++)
        printf("    %10" PRIu64 "  %s\n", sum->troubles[i], trouble_label((Trouble)i));
    if (!all && sum->runs >= POINTS_EXPECTED)
        printf("not ok: there are points that nothing was killed at\n");
    return all || sum->runs < POINTS_EXPECTED;
}

static int many(const Arguments *arguments)
{
    bool ok = workers_run(arguments);
    uint64_t failed = 0;
    Tally sum = {0};

    for (unsigned i = 0; i < arguments->workers; i++) {
        tally_add(&sum, &results[i].tally);
        failed += results[i].failed_count;
    }
    ok &= points_print(&sum) && failed == 0 && sum.runs == arguments->count;
    printf("%s %" PRIu64 " runs, %" PRIu64 " failed: %" PRIu64 " processes, %" PRIu64
           " of them killed, %" PRIu64 " requests, %" PRIu64 " records\n",
           ok ? "ok" : "not ok", sum.runs, failed, sum.lives, sum.kills, sum.requests, sum.records);
    return ok ? 0 : 1;
}

/* Each is to be found; the workers go on to the first seed that does. */
static bool mutant_hunt(const Arguments *arguments, Mutant mutant)
{
    Arguments hunt = *arguments;
    const Result *found = NULL;

    hunt.mutant = mutant;
    hunt.count = MUTANT_SEEDS;
    workers_run(&hunt);
    for (unsigned i = 0; i < hunt.workers; i++)
        if (results[i].failed_count > 0 &&
            (found == NULL || results[i].first_failed < found->first_failed))
            found = &results[i];
    if (found == NULL)
        printf("not ok %s: %s: not found by %d seeds\n", mutant_name(mutant), mutant_text(mutant),
               MUTANT_SEEDS);
    else
        printf("ok %s: %s: seed %" PRIu64 ": %.200s\n", mutant_name(mutant), mutant_text(mutant),
               found->first_failed, found->wrong);
    fflush(stdout);
    return found != NULL;
}

static int mutants(const Arguments *arguments)
{
    bool all = true;

    for (size_t i = MUTANT_NONE + 1; i < MUTANT_COUNT; i++)
        all &= mutant_hunt(arguments, (Mutant)i);
    return all ? 0 : 1;
}

static int one(const Arguments *arguments)
{
    world_map();
    tally = &results[0].tally;
    bool ok = run(arguments->first, arguments->mutant, arguments->traces);
    printf("%s %" PRIu64 "%s%s\n", ok ? "ok" : "not ok", arguments->first, ok ? "" : ": ",
           world->wrong);
    return ok ? 0 : 1;
}

/* ---- arguments ---- */

static int usage(void)
{
    fprintf(stderr, "usage: simulate SEEDS [FIRST] [-j N] [--mutant NAME]\n"
                    "       simulate --seed N [--mutant NAME] [--trace]\n"
                    "       simulate --mutants\n");
    return 64;
}

static bool mutant_find(const char *name, Mutant *ret)
{
    for (size_t i = 0; i < MUTANT_COUNT; i++)
        if (strcmp(mutant_name((Mutant)i), name) == 0) {
            *ret = (Mutant)i;
            return true;
        }
    return false;
}

static bool arguments_read(int argc, char **argv, Arguments *ret)
{
    unsigned numbers = 0;

    *ret = (Arguments){.first = 1, .workers = 1};
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--trace") == 0) {
            ret->traces = true;
        } else if (strcmp(argv[i], "--mutants") == 0) {
            ret->mutants = true;
        } else if (strcmp(argv[i], "--seed") == 0 && next != NULL) {
            ret->one = true;
            ret->first = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-j") == 0 && next != NULL) {
            ret->workers = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--mutant") == 0 && next != NULL) {
            if (!mutant_find(argv[++i], &ret->mutant))
                return false;
        } else if (argv[i][0] == '-' || numbers == 2) {
            return false;
        } else {
            *(numbers++ == 0 ? &ret->count : &ret->first) = strtoull(argv[i], NULL, 10);
        }
    }
    return ret->workers >= 1 && ret->workers <= WORKERS_MAX &&
           (ret->one || ret->mutants || ret->count > 0);
}

int main(int argc, char **argv)
{
    Arguments arguments;

    if (!arguments_read(argc, argv, &arguments))
        return usage();
    results = mmap(NULL, WORKERS_MAX * sizeof *results, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED)
        return 74;
    if (arguments.mutants)
        return mutants(&arguments);
    return arguments.one ? one(&arguments) : many(&arguments);
}
