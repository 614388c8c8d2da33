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
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/kill/crashpoint.h"

#define ARGUMENTS_MAX 64
#define LAST_RUN_MS 120000
#define PLUGIN_END_MS 10000
#define OUTPUT_MAX (16u << 20)

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

static uint64_t driver_random(Driver *driver)
{
    driver->random ^= driver->random << 13;
    driver->random ^= driver->random >> 7;
    driver->random ^= driver->random << 17;
    return driver->random;
}

static void report(Driver *driver, bool good, const char *fact)
{
    printf("%s %s\n", good ? "ok" : "not ok", fact);
    if (!good)
        driver->failed = true;
}

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int map_make(Driver *driver, Error *err)
{
    cleanup(fd_close) int fd = -1;

    driver->map_path = memory_format("%s/crash-map", driver->work);
    fd = open(driver->map_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(CrashMap)) < 0)
        return error_errno(err, errno, "make '%s'", driver->map_path);
    driver->map = mmap(NULL, sizeof(CrashMap), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (driver->map == MAP_FAILED)
        return error_errno(err, errno, "map '%s'", driver->map_path);
    return 0;
}

/* ---- starting and stopping ---- */

static void child_redirect(const char *path, int target, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0 || dup2(fd, target) < 0)
        _exit(126);
    close(fd);
}

/* Start `ved` with its output appended to `log`; under the shim if `shimmed`. */
static pid_t ved_start(const Driver *driver, char *const *arguments, const char *log, bool shimmed)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return pid;
    child_redirect("/dev/null", STDIN_FILENO, O_RDONLY);
    child_redirect(log, STDOUT_FILENO, O_WRONLY | O_CREAT | O_APPEND);
    if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(126);
    if (shimmed) {
        setenv("LD_PRELOAD", driver->shim, 1);
        setenv(CRASH_MAP_ENVIRONMENT, driver->map_path, 1);
    }
    execv(driver->ved, arguments);
    _exit(127);
}

/* Wait for the end of `pid`, at most that long; -1: still running, else its exit code (128 + the
 * signal if it was killed). */
static int process_wait(pid_t pid, int64_t wait_us)
{
    cleanup(fd_close) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd watch = {.fd = fd, .events = POLLIN};
    struct timespec time = {wait_us / 1000000, (long)(wait_us % 1000000) * 1000};
    int status = 0;

    if (fd < 0 || ppoll(&watch, 1, &time, NULL) == 0)
        return -1;
    if (waitpid(pid, &status, 0) != pid)
        return 255;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

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
    return ved_start(driver, arguments, log, true);
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

/* True once a record was written: nothing was acknowledged before that. */
static bool state_exists(const Driver *driver)
{
    cleanup(free) char *command =
        memory_format("grep -rqsa --include='journal-*' '\"seq\"' '%s/round-%u/state'",
                      driver->work, driver->round);

    return system(command) == 0;
}

/* Run a reading verb on the state; its output must be JSON if `json`. */
static int state_read(const Driver *driver, char *const *verb, bool json, Error *err)
{
    cleanup(free) char *state = memory_format("%s/round-%u/state", driver->work, driver->round);
    cleanup(free) char *output = memory_format("%s/read.out", driver->work);
    cleanup(buffer_deinit) Buffer text;
    cleanup(json_free) Json *tree = NULL;
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)driver->ved};
    size_t count = 1;
    pid_t pid;
    int code;

    buffer_init(&text, OUTPUT_MAX);
    for (; *verb; verb++)
        arguments[count++] = *verb;
    arguments[count++] = "--state";
    arguments[count++] = state;
    unlink(output);
    pid = ved_start(driver, arguments, output, false);
    code = process_wait(pid, 30000000);
    if (code != 0) {
        if (code < 0) {
            kill(pid, SIGKILL);
            process_wait(pid, 1000000);
        }
        file_read(output, OUTPUT_MAX, &text, NULL);
        return error_set(err, ERROR_STATE, "'%s' ended with %d, expected 0: %.500s", arguments[1],
                         code, buffer_text(&text));
    }
    if (file_read(output, OUTPUT_MAX, &text, err) < 0)
        return err->code;
    return json ? json_parse(buffer_text(&text), text.size, &tree, err) : 0;
}

static void state_check(Driver *driver)
{
    Error err = {0};

    if (!state_exists(driver))
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
    return (int64_t)(driver_random(driver) % ((uint64_t)driver->longest_ms * 1000));
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
    driver->map->aim_in = 1 + (int32_t)(driver_random(driver) % passes);
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

    if (code < 0) {
        kill(pid, SIGKILL);
        code = process_wait(pid, 5000000);
    }
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
        goes_on = driver_random(driver) % CONTINUE_EVERY == 0;
        if (done == PLUGIN_KILLS_MAX)
            break;
    }
    if (code < 0)
        code =
            process_wait(pid, goes_on ? LAST_RUN_MS * INT64_C(1000) : random_wait_us(driver) / 4);
    if (code < 0) {
        kill(pid, SIGKILL);
        code = process_wait(pid, 5000000);
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

    if (code < 0) {
        kill(pid, SIGKILL);
        process_wait(pid, 5000000);
    } else {
        driver->exits[code & 255]++;
    }
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
    driver.map->random = driver_random(&driver);
    kill_all(&driver);
    finish(&driver);
    table_print(&driver);
    verdict(&driver);
    free(driver.map_path);
    return driver.failed ? 1 : 0;
}
