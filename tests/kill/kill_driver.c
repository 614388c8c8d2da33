/* Kills `ved apply`, or the plugin it started, at random moments and starts it again.
 *
 *     kill-driver --ved PATH --shim PATH --stack FILE --work DIR [--victim ved|plugin]
 *                 [--kills N] [--seed N] [--longest-ms N] [--nap-us MIN-MAX] [-- APPLY-ARGUMENT...]
 *
 * Each start continues the state that the kill before left. An apply that reaches its end is one
 * round; the next start has a new folder DIR/round-N. When the kills are used up, one last start
 * runs undisturbed to the end. After each kill the state is read with `state show` and
 * `get resources -o json`. Prints the kills per crash point, then `ok` and `not ok` lines; what the
 * provider counted is left in the rounds' folders for whoever wants to check it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/kill/crashpoint.h"
#include "tests/kill/process.h"

#define ARGUMENTS_MAX 64
#define LAST_RUN_MS 120000
#define PLUGIN_END_MS 10000

/* How long a start takes to come to its effects depends on the machine, and some points are passed
 * in no time: of AIM_EVERY starts one is killed at the point that was hit least so far, the others
 * at random moments. */
#define AIM_EVERY 3

/* Of the kills of a plugin, one in CONTINUE_EVERY is left to ved, which starts a new one and goes
 * on; after the others ved is killed too: five in a minute and it rightly gives the plugin up. */
#define CONTINUE_EVERY 4
#define PLUGIN_KILLS_MAX 4

typedef enum Victim { VICTIM_VED, VICTIM_PLUGIN } Victim;

typedef struct Driver {
    const char *ved, *shim, *stack, *work;
    char **apply_arguments; /* NULL-terminated */
    Victim victim;
    uint32_t kills;
    uint32_t longest_ms;
    uint32_t nap_min_us, nap_max_us;
    uint64_t random;
    CrashMap *map;
    char *map_path;
    uint32_t round;
    uint32_t starts, finished, refused; /* refused: ended with another code than 0 */
    uint32_t hits[CRASH_POINT_COUNT];
    uint32_t exits[256];
    uint32_t unreadable;
    uint32_t reads;
    bool failed;
} Driver;

static const char *const point_labels[] = {
#define CRASHPOINT(name, label, naps, text) label,
#include "tests/kill/crashpoint.def"
#undef CRASHPOINT
};

static const char *const point_texts[] = {
#define CRASHPOINT(name, label, naps, text) text,
#include "tests/kill/crashpoint.def"
#undef CRASHPOINT
};

static void report(Driver *driver, bool good, const char *fact)
{
    printf("%s %s\n", good ? "ok" : "not ok", fact);
    if (!good)
        driver->failed = true;
}

static int map_make(Driver *driver, Error *err)
{
    void *page;

    driver->map_path = memory_format("%s/crash-map", driver->work);
    int code = page_make(driver->map_path, sizeof(CrashMap), &page, err);
    if (code == 0)
        driver->map = page;
    return code;
}

/* ---- starting and stopping ---- */

static pid_t apply_start(Driver *driver, bool naps)
{
    cleanup(free) char *state = memory_format("%s/round-%u/state", driver->work, driver->round);
    cleanup(free) char *folder = memory_format("%s/round-%u", driver->work, driver->round);
    cleanup(free) char *log = memory_format("%s/round-%u/apply.log", driver->work, driver->round);
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)driver->ved,
                                      "apply",
                                      (char *)(uintptr_t)driver->stack,
                                      "--state",
                                      state,
                                      "--auto-approve"};
    size_t count = 6;
    Error err = {0};

    for (char **a = driver->apply_arguments; *a && count + 1 < ARGUMENTS_MAX; a++)
        arguments[count++] = *a;
    if (folder_make(folder, 0700, &err) < 0) {
        fprintf(stderr, "kill-driver: %s\n", err.message);
        exit(74);
    }
    for (size_t i = 0; i < CRASH_PLACE_COUNT; i++)
        driver->map->point[i] = CRASH_NOWHERE;
    driver->map->plugin_pid = 0;
    driver->map->ved_naps = driver->victim == VICTIM_VED;
    driver->map->nap_min_us = naps ? driver->nap_min_us : 0;
    driver->map->nap_max_us = naps ? driver->nap_max_us : 0;
    driver->starts++;
    return process_start(&(ProcessStart){
        .program = driver->ved,
        .arguments = arguments,
        .log = log,
        .preload = driver->shim,
        .name = CRASH_MAP_ENVIRONMENT,
        .value = driver->map_path,
    });
}

static void hits_count(Driver *driver, CrashPlace from, CrashPlace to)
{
    bool somewhere = false;

    for (CrashPlace place = from; place <= to; place++) {
        int32_t point = driver->map->point[place];

        if (point > CRASH_NOWHERE && point < CRASH_POINT_COUNT) {
            driver->hits[point]++;
            somewhere = true;
        }
    }
    if (!somewhere)
        driver->hits[CRASH_NOWHERE]++;
}

/* ---- reading the state ---- */

/* Run a reading verb on the state; its output must be JSON if `json`. */
static int state_read(const Driver *driver, char *const *verb, bool json, Error *err)
{
    cleanup(free) char *state = memory_format("%s/round-%u/state", driver->work, driver->round);
    cleanup(free) char *output = memory_format("%s/read.out", driver->work);
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *tree = NULL;
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)driver->ved};
    size_t count = 1;

    for (; *verb; verb++)
        arguments[count++] = *verb;
    arguments[count++] = "--state";
    arguments[count++] = state;
    int code = process_read(
        &(ProcessStart){.program = driver->ved, .arguments = arguments, .log = output}, &text, err);
    if (code < 0)
        return code;
    return json ? json_parse(buffer_text(&text), text.size, &tree, err) : 0;
}

static void state_check(Driver *driver)
{
    cleanup(free) char *state = memory_format("%s/round-%u/state", driver->work, driver->round);
    Error err = {0};

    if (!state_has_records(state))
        return;
    driver->reads++;
    if (state_read(driver, (char *[]){"state", "show", NULL}, false, &err) == 0 &&
        state_read(driver, (char *[]){"get", "resources", "-o", "json", NULL}, true, &err) == 0)
        return;
    driver->unreadable++;
    fprintf(stderr, "round %u, start %u: state is not readable: %s\n", driver->round,
            driver->starts, err.message);
}

/* ---- the killing ---- */

/* What an apply that reached its end means for the next start. */
static void apply_ended(Driver *driver, int code)
{
    driver->exits[code & 255]++;
    if (code == 0) {
        driver->finished++;
        driver->round++;
    } else {
        driver->refused++;
    }
}

static int64_t random_wait_us(Driver *driver)
{
    return (int64_t)(random_next(&driver->random) % ((uint64_t)driver->longest_ms * 1000));
}

/* The point of the victim that was hit least so far, at one of the passes that a start has of it.
 */
static void aim(Driver *driver)
{
    bool of_ved = driver->victim == VICTIM_VED;
    size_t least = of_ved ? CRASH_BEFORE_INTENT : CRASH_KEY_NOT_STORED;
    size_t end = of_ved ? CRASH_KEY_NOT_STORED : CRASH_POINT_COUNT;

    for (size_t i = least; i < end; i++)
        if (driver->hits[i] < driver->hits[least])
            least = i;
    uint64_t passes = driver->map->passes[least] / (driver->starts + 1) + 1;
    driver->map->aim_in = 1 + (int32_t)(random_next(&driver->random) % passes);
    driver->map->aim = (int32_t)least;
}

/* Until the victim waits to be killed; as process_wait(). */
static int wait_for_aim(Driver *driver, pid_t pid)
{
    int64_t until = now_ms() + LAST_RUN_MS;
    int code = -1;

    while (code < 0 && driver->map->aim_in >= 0 && now_ms() < until)
        code = process_wait(pid, 200);
    driver->map->aim = CRASH_NOWHERE;
    return code;
}

/* One start of ved, killed at a random moment; false: it ended before that. */
static bool kill_ved_once(Driver *driver)
{
    bool aims = driver->starts % AIM_EVERY == 0;

    if (aims)
        aim(driver);
    pid_t pid = apply_start(driver, true);
    int code = aims ? wait_for_aim(driver, pid) : process_wait(pid, random_wait_us(driver));

    if (code < 0)
        code = process_end(pid, 0);
    if (code != 128 + SIGKILL) {
        apply_ended(driver, code);
        return false;
    }
    hits_count(driver, CRASH_PLACE_EFFECTS, CRASH_PLACE_CHECKPOINT);
    state_check(driver);
    return true;
}

/* Kill the plugin of a running apply at a random moment; false: there is none just now. */
static bool plugin_kill(Driver *driver)
{
    pid_t plugin = driver->map->plugin_pid;

    if (plugin == 0 || kill(plugin, SIGKILL) != 0)
        return false;
    hits_count(driver, CRASH_PLACE_PLUGIN, CRASH_PLACE_PLUGIN);
    driver->map->point[CRASH_PLACE_PLUGIN] = CRASH_NOWHERE;
    driver->map->plugin_pid = 0;
    return true;
}

/* One start of ved whose plugin is killed, mostly once; returns how often it was. */
static uint32_t kill_plugin_some(Driver *driver, uint32_t kills)
{
    bool aims = driver->starts % AIM_EVERY == 0;

    if (aims)
        aim(driver);
    pid_t pid = apply_start(driver, true);
    int64_t until = now_ms() + LAST_RUN_MS;
    bool goes_on = true;
    uint32_t done = 0;
    int code = aims ? wait_for_aim(driver, pid) : -1;

    if (code < 0 && aims && plugin_kill(driver))
        done++;

    while (code < 0 && goes_on && done < kills && now_ms() < until) {
        code = process_wait(pid, random_wait_us(driver));
        if (code >= 0 || !plugin_kill(driver))
            continue;
        done++;
        goes_on = random_next(&driver->random) % CONTINUE_EVERY == 0;
        if (done == PLUGIN_KILLS_MAX)
            break;
    }
    if (code < 0)
        code =
            process_wait(pid, goes_on ? LAST_RUN_MS * INT64_C(1000) : random_wait_us(driver) / 4);
    if (code < 0) {
        code = process_end(pid, 0);
        if (goes_on)
            fprintf(stderr, "round %u: apply did not end within %d ms\n", driver->round,
                    LAST_RUN_MS);
    }
    if (goes_on || code != 128 + SIGKILL)
        apply_ended(driver, code);
    state_check(driver);
    return done;
}

static void kill_all(Driver *driver)
{
    uint32_t done = 0, fruitless = 0;

    /* If no kill lands the waits are too long or nothing that could be killed was ever started; if
     * many applies end by themselves and not well, that is the finding. */
    while (done < driver->kills && fruitless < 100 && driver->refused < 20) {
        uint32_t landed = driver->victim == VICTIM_VED
                              ? (uint32_t)kill_ved_once(driver)
                              : kill_plugin_some(driver, driver->kills - done);

        done += landed;
        fruitless = landed ? 0 : fruitless + 1;
    }
    report(driver, done == driver->kills, "as many kills as asked for have landed");
}

/* The last start runs undisturbed and must reach the end. */
static void finish(Driver *driver)
{
    pid_t pid = apply_start(driver, false);
    int code = process_wait(pid, LAST_RUN_MS * INT64_C(1000));

    if (code < 0)
        process_end(pid, 0);
    else
        driver->exits[code & 255]++;
    if (code == 0)
        driver->finished++;
    report(driver, code == 0, "the last apply ends with 0");
    state_check(driver);
}

static bool plugin_is_gone(pid_t pid)
{
    int64_t until = now_ms() + PLUGIN_END_MS;

    while (pid > 0 && kill(pid, 0) == 0 && now_ms() < until)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    return pid <= 0 || kill(pid, 0) != 0;
}

/* ---- what came of it ---- */

static void table_print(const Driver *driver)
{
    printf("%-4s %6s %8s  %s\n", "at", "kills", "passes", "");
    for (size_t i = 0; i < CRASH_POINT_COUNT; i++) {
        bool of_plugin = point_labels[i][0] == 'P';

        if (i != CRASH_NOWHERE && of_plugin != (driver->victim == VICTIM_PLUGIN))
            continue;
        printf("%-4s %6u %8" PRIu64 "  %s\n", point_labels[i], driver->hits[i],
               (uint64_t)driver->map->passes[i], point_texts[i]);
    }
    printf("starts %u, rounds finished %u, states read %u, exit codes", driver->starts,
           driver->finished, driver->reads);
    for (int code = 0; code < 256; code++)
        if (driver->exits[code])
            printf(" %d:%u", code, driver->exits[code]);
    printf("\n");
}

static void verdict(Driver *driver)
{
    uint32_t missed = 0, other_exits = 0;

    for (size_t i = CRASH_NOWHERE + 1; i < CRASH_POINT_COUNT; i++)
        if ((point_labels[i][0] == 'P') == (driver->victim == VICTIM_PLUGIN) && !driver->hits[i])
            missed++;
    for (int code = 1; code < 256; code++)
        other_exits += driver->exits[code];
    report(driver, missed == 0, "every crash point was hit");
    report(driver, driver->unreadable == 0 && driver->reads > 0,
           "the state was readable after every kill");
    report(driver, other_exits == 0, "no apply that was let run ended with another code than 0");
    report(driver, plugin_is_gone(driver->map->plugin_pid), "no plugin is left behind");
}

static int usage(const char *why)
{
    fprintf(stderr,
            "kill-driver: %s; usage: kill-driver --ved PATH --shim PATH --stack FILE --work DIR "
            "[--victim ved|plugin] [--kills N] [--seed N] [--longest-ms N] [--nap-us MIN-MAX] "
            "[-- APPLY-ARGUMENT...]\n",
            why);
    return 64;
}

static int driver_parse(Driver *driver, int argc, char **argv)
{
    static const struct option options[] = {
        {"ved", required_argument, NULL, 'v'},        {"shim", required_argument, NULL, 'p'},
        {"stack", required_argument, NULL, 's'},      {"work", required_argument, NULL, 'w'},
        {"victim", required_argument, NULL, 'V'},     {"kills", required_argument, NULL, 'k'},
        {"seed", required_argument, NULL, 'r'},       {"nap-us", required_argument, NULL, 'n'},
        {"longest-ms", required_argument, NULL, 'l'}, {0}};

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;)
        switch (option) {
        case 'v':
            driver->ved = optarg;
            break;
        case 'p':
            driver->shim = optarg;
            break;
        case 's':
            driver->stack = optarg;
            break;
        case 'w':
            driver->work = optarg;
            break;
        case 'V':
            driver->victim = strcmp(optarg, "plugin") == 0 ? VICTIM_PLUGIN : VICTIM_VED;
            break;
        case 'k':
            driver->kills = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            driver->random = strtoull(optarg, NULL, 10) * 2 + 1; /* the generator never leaves 0 */
            break;
        case 'l':
            driver->longest_ms = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'n':
            if (sscanf(optarg, "%u-%u", &driver->nap_min_us, &driver->nap_max_us) != 2)
                return usage("--nap-us wants MIN-MAX");
            break;
        default:
            return usage("unknown option");
        }
    if (!driver->ved || !driver->shim || !driver->stack || !driver->work || !driver->longest_ms)
        return usage("something is missing");
    driver->apply_arguments = argv + optind;
    return 0;
}

int main(int argc, char **argv)
{
    Driver driver = {.kills = 200,
                     .longest_ms = 400,
                     .nap_min_us = 200,
                     .nap_max_us = 3000,
                     .random = 1,
                     .round = 1};
    Error err = {0};
    int code = driver_parse(&driver, argc, argv);

    if (code)
        return code;
    if (map_make(&driver, &err) < 0) {
        fprintf(stderr, "kill-driver: %s\n", err.message);
        return 74;
    }
    driver.map->random = random_next(&driver.random);
    kill_all(&driver);
    finish(&driver);
    table_print(&driver);
    verdict(&driver);
    free(driver.map_path);
    return driver.failed ? 1 : 0;
}
