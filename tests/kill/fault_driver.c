/* Runs `ved apply` again and again, each time with another call that fails.
 *
 *     fault-driver --ved PATH --shim PATH --stack FILE --work DIR [--before FILE] [--program NAME]
 *                  [--fault LABEL]... [--limit N] [--seed N] [--part I/N] [-- APPLY-ARGUMENT...]
 *
 * For each kind of fault the first call fails, then the second, until none is left; where a program
 * makes thousands of them, with --limit, only those at places where none has failed yet, and of
 * more than that some at random. After each such run the state must be whole, and an undisturbed
 * apply must come to the very objects and effects that it comes to without any fault: nothing is
 * lost and nothing done twice. With --before the state is not new: that program was applied to it.
 * --part 1/2 takes every second one, so that two may run beside each other.
 *
 * Prints a table of what was tried and how it ended, then `ok` and `not ok` lines. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/error.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "tests/kill/fault.h"
#include "tests/kill/process.h"

#define ARGUMENTS_MAX 64
#define APPLY_US 60000000
#define LOG_MAX ((size_t)1 << 20)
#define FILE_MAX ((size_t)16 << 20)
#define FINDINGS_SHOWN 25
#define EXIT_OUT_OF_MEMORY 70

typedef struct Driver {
    const char *ved, *shim, *stack, *before, *work, *program;
    char **apply_arguments; /* ended by NULL */
    bool wanted[FAULT_COUNT];
    uint32_t limit; /* trials of one kind; 0: all */
    uint32_t part, parts;
    uint64_t random;
    FaultMap *map;
    char *map_path;
    char *reference; /* what an undisturbed apply comes to */
    uint32_t findings;
} Driver;

/* What came of the trials of one kind. */
typedef struct Sum {
    uint64_t calls, tried;
    uint32_t exits[256];
} Sum;

static const char *const fault_labels[] = {
#define FAULT(name, label, call, error, times, text) label,
#include "tests/kill/fault.def"
#undef FAULT
};

static const char *const fault_texts[] = {
#define FAULT(name, label, call, error, times, text) text,
#include "tests/kill/fault.def"
#undef FAULT
};

/* ---- running ved ---- */

static char *in_work(const Driver *driver, const char *name)
{
    return memory_format("%s/%s", driver->work, name);
}

/* The folder of one run: its state and its log. */
typedef struct Place {
    char *folder, *state, *log;
} Place;

static Place place_of(const Driver *driver, const char *name)
{
    char *folder = in_work(driver, name);

    return (Place){folder, memory_format("%s/state", folder), memory_format("%s/log", folder)};
}

static void place_deinit(Place *place)
{
    free(place->folder);
    free(place->state);
    free(place->log);
}
#define place_deinit_p place_deinit

static void must(int code, const Error *err)
{
    if (code >= 0)
        return;
    fprintf(stderr, "fault-driver: %s\n", err->message);
    exit(74);
}

static int apply(const Driver *driver, const Place *place, const char *stack, bool faulty)
{
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)driver->ved,
                                      "apply",
                                      (char *)(uintptr_t)stack,
                                      "--state",
                                      place->state,
                                      "--auto-approve"};
    size_t count = 6;
    Error err = {0};

    for (char **a = driver->apply_arguments; *a != NULL && count + 1 < ARGUMENTS_MAX; a++)
        arguments[count++] = *a;
    must(folder_make(place->folder, 0700, &err), &err);
    return process_end(process_start(&(ProcessStart){
                           .program = driver->ved,
                           .arguments = arguments,
                           .log = place->log,
                           .preload = faulty ? driver->shim : NULL,
                           .name = FAULT_MAP_ENVIRONMENT,
                           .value = driver->map_path,
                       }),
                       APPLY_US);
}

/* A verb that looks at the state. */
static int look(const Driver *driver, const Place *place, char *const *verb, Buffer *ret,
                Error *err)
{
    cleanup(free) char *log = memory_format("%s/look", place->folder);
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)driver->ved};
    size_t count = 1;

    for (; *verb != NULL; verb++)
        arguments[count++] = *verb;
    arguments[count++] = "--state";
    arguments[count++] = place->state;
    return process_read(&(ProcessStart){.program = driver->ved, .arguments = arguments, .log = log},
                        ret, err);
}

/* ---- what there is ---- */

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append the lines `LABEL MEMBER MEMBER` of an array of objects, sorted. */
static void lines_add(Buffer *ret, const char *label, const Json *items, const char *first,
                      const char *second)
{
    size_t count = 0;
    char **lines = memory_zero(json_count(items) + 1, sizeof *lines);

    for (const Json *item = json_first(items); item != NULL; item = json_next(item))
        lines[count++] = memory_format("%s %s %s\n", label, json_get_string(item, first, "?"),
                                       json_get_string(item, second, "?"));
    qsort(lines, count, sizeof *lines, text_compare);
    for (size_t i = 0; i < count; i++) {
        buffer_add_string(ret, lines[i]);
        free(lines[i]);
    }
    free(lines);
}

/* The provider's own count of what took hold: one JSON object a line. */
static int effects_read(const Place *place, Json *ret, Error *err)
{
    cleanup(free) char *path = memory_format("%s/providers/sim/effects.ndjson", place->state);
    cleanup(buffer_deinit) Buffer text = {0};
    int code = file_read(path, FILE_MAX, &text, err);
    char *rest = NULL;

    for (char *line = code < 0 ? NULL : strtok_r(text.bytes, "\n", &rest);
         code >= 0 && line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        Json *effect;
        code = json_parse(line, strlen(line), &effect, err);
        if (code >= 0)
            json_append(ret, effect);
    }
    return code;
}

/* The objects of the state and the effects that took hold, one a line, sorted. */
static int outcome_read(const Driver *driver, const Place *place, Buffer *ret, Error *err)
{
    cleanup(json_free) Json *objects = NULL, *effects = json_new_array();
    cleanup(buffer_deinit) Buffer text = {0};
    char *const verb[] = {"get", "resources", "-o", "json", NULL};

    if (look(driver, place, verb, &text, err) < 0 ||
        json_parse(buffer_text(&text), text.size, &objects, err) < 0 ||
        effects_read(place, effects, err) < 0)
        return err->code;
    lines_add(ret, "object", objects, "address", "state");
    lines_add(ret, "effect", effects, "address", "did");
    return 0;
}

/* ---- one trial ---- */

static void finding(Driver *driver, Fault fault, uint64_t at, const char *what, const Place *place)
{
    cleanup(buffer_deinit) Buffer log = {0};
    char *rest = NULL;

    driver->findings++;
    if (driver->findings > FINDINGS_SHOWN)
        return;
    printf("# %s %" PRIu64 ": %s\n", fault_labels[fault], at, what);
    if (file_read(place->log, LOG_MAX, &log, NULL) < 0 || log.size == 0)
        return;
    for (char *line = strtok_r(log.bytes, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        printf("#     %.300s\n", line);
}

static void place_reset(const Driver *driver, const Place *place)
{
    cleanup(free) char *before = in_work(driver, "before");
    cleanup(free) char *command = memory_format("cp -a '%s' '%s'", before, place->folder);
    Error err = {0};

    must(folder_remove(place->folder, &err), &err);
    if (driver->before != NULL && system(command) != 0) {
        fprintf(stderr, "fault-driver: '%s' failed\n", command);
        exit(74);
    }
    unlink(place->log);
}

static void map_reset(const Driver *driver, Fault fault, uint64_t at, bool lists)
{
    FaultMap *map = driver->map;

    memset(map, 0, sizeof *map);
    snprintf(map->program, sizeof map->program, "%s", driver->program);
    map->fault = (int32_t)fault;
    map->at = at;
    map->lists = lists;
}

/* An end that the manual has for what happened: in order, or with one clear sentence. */
static bool end_is_documented(Fault fault, int code, const char *log)
{
    switch (code) {
    case 0:
        return true;
    case EXIT_OUT_OF_MEMORY:
        return fault == FAULT_ALLOC && strstr(log, "out of memory") != NULL;
    case 65: /* program and bindings are read, too */
        return (fault == FAULT_OPEN || fault == FAULT_READ) && log[0] != '\0';
    case 1:
    case 5:
    case 6:
    case 69:
    case 74:
        return log[0] != '\0';
    default:
        return false;
    }
}

static int check_afterwards(Driver *driver, const Place *place, bool first_ok, Buffer *ret,
                            Error *err)
{
    char *const verify[] = {"state", "verify", NULL};
    cleanup(buffer_deinit) Buffer verified = {0};

    if ((first_ok || state_has_records(place->state)) &&
        look(driver, place, verify, &verified, err) < 0)
        return err->code;
    unlink(place->log);
    int code = apply(driver, place, driver->stack, false);
    if (code != 0)
        return error_set(err, ERROR_STATE, "the apply after it ended with %d, expected 0", code);
    return outcome_read(driver, place, ret, err);
}

/* False: there is no such call any more. */
static bool trial(Driver *driver, Fault fault, uint64_t at, Sum *sum)
{
    cleanup(place_deinit) Place place = place_of(driver, "trial");
    cleanup(buffer_deinit) Buffer log = {0}, outcome = {0};
    char ended[64];
    Error err = {0};

    place_reset(driver, &place);
    map_reset(driver, fault, at, false);
    int code = apply(driver, &place, driver->stack, true);
    if (!driver->map->fired)
        return false;
    sum->tried++;
    sum->exits[code & 255]++;
    file_read(place.log, LOG_MAX, &log, NULL);
    snprintf(ended, sizeof ended, code < 0 ? "it did not end" : "it ended with %d", code);
    if (!end_is_documented(fault, code, buffer_text(&log)))
        finding(driver, fault, at, ended, &place);
    if (check_afterwards(driver, &place, code == 0, &outcome, &err) == 0 &&
        strcmp(buffer_text(&outcome), driver->reference) != 0)
        error_set(&err, ERROR_STATE, "something is lost, or was done twice");
    if (err.code == 0)
        return true;
    finding(driver, fault, at, err.message, &place);
    if (driver->findings <= FINDINGS_SHOWN)
        printf("#   it was after the fault: %s: %.1500s\n#   found: %s\n", ended, buffer_text(&log),
               buffer_text(&outcome));
    return true;
}

/* ---- which calls fail ---- */

/* The number of calls of this kind, and which of them may fail: all, or of more than the limit the
 * first ones from each place. */
static uint64_t calls_list(Driver *driver, Fault fault, uint64_t **ret, size_t *ret_count)
{
    cleanup(place_deinit) Place place = place_of(driver, "trial");

    place_reset(driver, &place);
    map_reset(driver, fault, 0, true);
    int code = apply(driver, &place, driver->stack, true);
    if (code != 0) {
        fprintf(stderr, "fault-driver: without a fault it ended with %d\n", code);
        exit(70);
    }
    uint64_t calls = driver->map->calls;
    bool are_few = calls <= driver->limit;
    *ret_count = are_few ? calls : driver->map->first_count;
    *ret = memory_zero(*ret_count + 1, sizeof **ret);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret)[i] = are_few ? i + 1 : driver->map->firsts[i];
    return calls;
}

/* Of too many, the first half of what may be tried stays, and of the rest some at random. */
static size_t sample(Driver *driver, uint64_t *numbers, size_t count)
{
    size_t kept = driver->limit / 2;

    if (driver->limit == 0 || count <= driver->limit)
        return count;
    for (size_t i = kept; i < driver->limit && i < count; i++) {
        size_t other = i + random_next(&driver->random) % (count - i);
        uint64_t number = numbers[other];
        numbers[other] = numbers[i];
        numbers[i] = number;
    }
    return driver->limit;
}

static void try_places(Driver *driver, Fault fault, Sum *sum)
{
    cleanup(free) uint64_t *numbers = NULL;
    size_t count;

    sum->calls = calls_list(driver, fault, &numbers, &count);
    count = sample(driver, numbers, count);
    for (size_t i = driver->part; i < count; i += driver->parts)
        trial(driver, fault, numbers[i], sum);
}

static void try_all(Driver *driver, Fault fault, Sum *sum)
{
    for (uint64_t at = 1 + driver->part; trial(driver, fault, at, sum); at += driver->parts)
        sum->calls = at;
}

static void try_fault(Driver *driver, Fault fault)
{
    Sum sum = {0};
    uint32_t before = driver->findings;
    int64_t start = now_ms();

    if (driver->limit > 0)
        try_places(driver, fault, &sum);
    else
        try_all(driver, fault, &sum);
    printf("# %-12s %6" PRIu64 " calls, %5" PRIu64 " failed in %" PRId64 " s; ended with",
           fault_labels[fault], sum.calls, sum.tried, (now_ms() - start) / 1000);
    for (int code = 0; code < 256; code++)
        if (sum.exits[code] > 0)
            printf(" %d:%u", code, sum.exits[code]);
    printf("\n");
    if (sum.calls == 0 && driver->findings == before)
        return; /* the program makes no such calls */
    printf("%s %s: %s\n", driver->findings == before ? "ok" : "not ok", fault_labels[fault],
           fault_texts[fault]);
    fflush(stdout);
}

/* What a run without faults comes to; and the state that a trial begins with. */
static void reference_make(Driver *driver)
{
    cleanup(place_deinit) Place place = place_of(driver, "before");
    cleanup(place_deinit) Place trial_place = place_of(driver, "trial");
    cleanup(buffer_deinit) Buffer outcome = {0};
    Error err = {0};

    if (driver->before != NULL && apply(driver, &place, driver->before, false) != 0)
        must(error_set(&err, ERROR_FAILED, "'%s' cannot be applied", driver->before), &err);
    place_reset(driver, &trial_place);
    if (apply(driver, &trial_place, driver->stack, false) != 0)
        must(error_set(&err, ERROR_FAILED, "'%s' cannot be applied", driver->stack), &err);
    must(outcome_read(driver, &trial_place, &outcome, &err), &err);
    driver->reference = buffer_take(&outcome);
}

/* ---- the command line ---- */

static int usage(const char *why)
{
    fprintf(stderr,
            "fault-driver: %s; usage: fault-driver --ved PATH --shim PATH --stack FILE --work DIR "
            "[--before FILE] [--program NAME] [--fault LABEL]... [--limit N] [--seed N] "
            "[--part I/N] [-- APPLY-ARGUMENT...]\n",
            why);
    return 64;
}

static bool fault_want(Driver *driver, const char *label)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strcmp(fault_labels[i], label) == 0)
            return driver->wanted[i] = true;
    return false;
}

static int driver_parse(Driver *driver, int argc, char **argv)
{
    static const struct option options[] = {{"ved", required_argument, NULL, 'v'},
                                            {"shim", required_argument, NULL, 'p'},
                                            {"stack", required_argument, NULL, 's'},
                                            {"work", required_argument, NULL, 'w'},
                                            {"before", required_argument, NULL, 'b'},
                                            {"program", required_argument, NULL, 'g'},
                                            {"fault", required_argument, NULL, 'f'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"seed", required_argument, NULL, 'r'},
                                            {"part", required_argument, NULL, 'i'},
                                            {0}};
    bool some = false;

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
        case 'b':
            driver->before = optarg;
            break;
        case 'g':
            driver->program = optarg;
            break;
        case 'f':
            if (!fault_want(driver, optarg))
                return usage("no such fault");
            some = true;
            break;
        case 'l':
            driver->limit = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            driver->random = strtoull(optarg, NULL, 10) * 2 + 1; /* the generator never leaves 0 */
            break;
        case 'i':
            if (sscanf(optarg, "%u/%u", &driver->part, &driver->parts) != 2 || driver->part < 1 ||
                driver->part > driver->parts)
                return usage("--part wants I/N");
            driver->part--;
            break;
        default:
            return usage("unknown option");
        }
    if (!driver->ved || !driver->shim || !driver->stack || !driver->work)
        return usage("something is missing");
    for (int i = 0; !some && i < FAULT_COUNT; i++)
        driver->wanted[i] = true;
    driver->apply_arguments = argv + optind;
    return 0;
}

int main(int argc, char **argv)
{
    Driver driver = {.program = "ved", .parts = 1, .random = 1};
    Error err = {0};
    void *page;
    int code = driver_parse(&driver, argc, argv);

    if (code != 0)
        return code;
    driver.map_path = in_work(&driver, "fault-map");
    must(page_make(driver.map_path, sizeof(FaultMap), &page, &err), &err);
    driver.map = page;
    reference_make(&driver);
    for (int i = 0; i < FAULT_COUNT; i++)
        if (driver.wanted[i])
            try_fault(&driver, (Fault)i);
    if (driver.findings > FINDINGS_SHOWN)
        printf("# and %u more\n", driver.findings - FINDINGS_SHOWN);
    free(driver.map_path);
    free(driver.reference);
    return driver.findings > 0 ? 1 : 0;
}
