/* How fast the language's front end is, and how much memory it takes:
 * bench [JSON [TEXT[/WORK]...]]. And, for plan.sh, what another program takes:
 * bench --run PROGRAM ARGUMENT...
 *
 * Every case of case.def runs in a process of its own, so that its peak memory is its own, and
 * counts with the best of several rounds, by processor time. Beside each stands how fast the same
 * process does the least that any compiler must do: look at every byte of the text, and keep a node
 * for every few of them. A machine that is slow or busy is slow at that as well, and gets limits
 * that are lower in proportion. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lang/ast.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"
#include "lang/checker.h"
#include "tests/bench/run.h"
#include "tests/bench/text.h"

/* The limits are for a machine that does the least with so many megabytes a second, or more. */
#define LEAST_MB_S 150.0

/* Rounds go on until there were as many and they have taken so long. */
#define ROUNDS_MIN 3
#define ROUNDS_MAX 9
#define ROUNDS_S 3.0

typedef enum Work { WORK_CHECK, WORK_COMPILE, WORK_FORMAT } Work;

static const char *const work_names[] = {"check", "compile", "fmt"};

typedef struct Case {
    const char *name;
    void (*text)(Buffer *ret, size_t amount);
    size_t amount;
    Work work;
    double mb_s_min;
    double ms_max;
    double rss_mb_max;
    size_t errors;
} Case;

static const Case cases[] = {
#define CASE(text, amount, work, mb_s_min, ms_max, rss_mb_max, errors)                             \
    {#text, text_##text, amount, WORK_##work, mb_s_min, ms_max, rss_mb_max, errors},
#include "tests/bench/case.def"
};

typedef struct Result {
    size_t size;
    double least_s;
    double cpu_s; /* best round */
    double wall_s;
    double rss_mb;
    size_t errors;
} Result;

/* ---- the work ---- */

/* As large as nodes of trees are, for as many bytes as words have. */
typedef struct Node {
    struct Node *previous;
    uint64_t hash;
    char rest[48];
} Node;

#define NODE_BYTES 4

/* The least: each node gets the hash of the text up to it, then all are visited once more. */
static uint64_t least_do(const Buffer *text)
{
    size_t size = (text->size / NODE_BYTES + 1) * sizeof(Node);
    cleanup(free) Node *nodes = memory_alloc_large(&size);
    Node *last = NULL;
    uint64_t hash = 1, sum = 0;

    for (size_t i = 0; i < text->size; i++) {
        hash = (hash ^ (unsigned char)text->bytes[i]) * 0x100000001b3ULL;
        if (i % NODE_BYTES > 0)
            continue;
        Node *node = &nodes[i / NODE_BYTES];
        *node = (Node){.previous = last, .hash = hash};
        last = node;
    }
    for (const Node *node = last; node != NULL; node = node->previous)
        sum += node->hash;
    return sum;
}

static volatile uint64_t least_sum; /* so that it is not optimised away */

static size_t check_text(const Buffer *text)
{
    cleanup(buffer_deinit) Buffer report = {0};
    Source source = {.name = "bench.ved", .text = buffer_text(text), .size = text->size};
    Arena arena = {0};
    Diagnostics diagnostics;
    TypeTable types;
    Model model;

    diagnostics_init(&diagnostics, &arena, &source);
    type_table_init(&types, &arena);
    check(parse(&source, &arena, &diagnostics), &types, &arena, &diagnostics, &model);
    diagnostics_sort(&diagnostics);
    diagnostics_print(&diagnostics, false, &report);
    size_t errors = diagnostics.error_count;
    model_deinit(&model);
    arena_deinit(&arena);
    return errors;
}

static size_t compile_text(const Buffer *text)
{
    cleanup(buffer_deinit) Buffer report = {0};
    cleanup(program_free) Program *program =
        program_compile("bench.ved", buffer_text(text), text->size);

    diagnostics_print(&program->diagnostics, false, &report);
    return program->diagnostics.error_count;
}

static size_t format_text(const Buffer *text)
{
    cleanup(buffer_deinit) Buffer formatted = {0};
    Source source = {.name = "bench.ved", .text = buffer_text(text), .size = text->size};
    Arena arena = {0};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &source);
    format_or_report(&source, &diagnostics, &formatted);
    arena_deinit(&arena);
    return diagnostics.error_count;
}

static size_t work_do(Work work, const Buffer *text)
{
    switch (work) {
    case WORK_CHECK:
        return check_text(text);
    case WORK_COMPILE:
        return compile_text(text);
    case WORK_FORMAT:
        return format_text(text);
    }
    return 0;
}

/* ---- measuring ---- */

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void round_measure(const Case *c, const Buffer *text, Result *ret)
{
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    struct rusage usage;

    ret->errors = work_do(c->work, text);
    double done = seconds(CLOCK_PROCESS_CPUTIME_ID);
    ret->cpu_s = least(ret->cpu_s, done - cpu);
    ret->wall_s = least(ret->wall_s, seconds(CLOCK_MONOTONIC) - wall);
    if (ret->rss_mb == 0) { /* who compiles does it once */
        getrusage(RUSAGE_SELF, &usage);
        ret->rss_mb = (double)usage.ru_maxrss * 1024 / 1e6;
    }
    least_sum += least_do(text);
    ret->least_s = least(ret->least_s, seconds(CLOCK_PROCESS_CPUTIME_ID) - done);
}

static Result case_measure(const Case *c)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Result result = {.least_s = 1e9, .cpu_s = 1e9, .wall_s = 1e9};
    double start = seconds(CLOCK_MONOTONIC);

    c->text(&text, c->amount);
    result.size = text.size;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        if (i >= ROUNDS_MIN && seconds(CLOCK_MONOTONIC) - start > ROUNDS_S)
            break;
        round_measure(c, &text, &result);
    }
    return result;
}

/* The same in a process of its own; 0, or a negative code: it crashed. */
static int case_run(const Case *c, Result *ret, Error *err)
{
    int pipe_fds[2], status;

    if (pipe(pipe_fds) < 0)
        return error_errno(err, errno, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        Result result = case_measure(c);
        _exit(fd_write_all(pipe_fds[1], &result, sizeof result, NULL) < 0);
    }
    close(pipe_fds[1]);
    ssize_t got = pid < 0 ? -1 : read(pipe_fds[0], ret, sizeof *ret);
    close(pipe_fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return error_errno(err, errno, "fork");
    if (got != (ssize_t)sizeof *ret || status != 0)
        return error_set(err, ERROR_FAILED, "%s of '%s' ended with status %d", work_names[c->work],
                         c->name, status);
    return 0;
}

/* ---- judging ---- */

/* How much of the limits this machine is given just now: 1, or less. */
static double slowness(const Result *result)
{
    return least(1, (double)result->size / 1e6 / result->least_s / LEAST_MB_S);
}

typedef struct Verdict {
    double mb_s;
    double of_limit; /* 1 and more: held; 0: there is none */
    bool errors_right;
} Verdict;

static void limit_apply(Verdict *verdict, double limit, double ratio)
{
    if (limit > 0 && (verdict->of_limit == 0 || ratio < verdict->of_limit))
        verdict->of_limit = ratio;
}

static Verdict judge(const Case *c, const Result *result)
{
    double share = slowness(result);
    Verdict verdict = {.mb_s = (double)result->size / 1e6 / result->cpu_s,
                       .errors_right = result->errors == c->errors};

    limit_apply(&verdict, c->mb_s_min, verdict.mb_s / (c->mb_s_min * share));
    limit_apply(&verdict, c->ms_max, c->ms_max / share / (result->cpu_s * 1000));
    limit_apply(&verdict, c->rss_mb_max, c->rss_mb_max / result->rss_mb);
    return verdict;
}

static bool verdict_holds(const Verdict *verdict)
{
    return verdict->errors_right && (verdict->of_limit == 0 || verdict->of_limit >= 1);
}

/* ---- printing ---- */

static void limit_print(const Case *c, char *ret, size_t size)
{
    Buffer text = {0};

    if (c->mb_s_min > 0)
        buffer_add_format(&text, " >=%.0f MB/s", c->mb_s_min);
    if (c->ms_max > 0)
        buffer_add_format(&text, " <=%.0f ms", c->ms_max);
    if (c->rss_mb_max > 0)
        buffer_add_format(&text, " <=%.0f MB", c->rss_mb_max);
    snprintf(ret, size, "%s", buffer_text(&text));
    buffer_deinit(&text);
}

static void row_print(const Case *c, const Result *result, const Verdict *verdict)
{
    char limit[64];

    limit_print(c, limit, sizeof limit);
    printf("%-12s %-8s %8.2f %9.1f %8.1f %8.1f %7.1f %6zu %-20s", c->name, work_names[c->work],
           (double)result->size / 1e6, result->cpu_s * 1000, verdict->mb_s,
           result->cpu_s / result->least_s, result->rss_mb, result->errors, limit);
    if (verdict->of_limit > 0)
        printf(" %6.2f", verdict->of_limit);
    else
        printf(" %6s", "-");
    printf("  %s\n", !verdict->errors_right   ? "WRONG NUMBER OF ERRORS"
                     : verdict_holds(verdict) ? "ok"
                                              : "TOO SLOW");
    fflush(stdout);
}

static Json *row_json(const Case *c, const Result *result, const Verdict *verdict)
{
    Json *row = json_new_object();

    json_set_string(row, "text", c->name);
    json_set_string(row, "work", work_names[c->work]);
    json_set_int(row, "size", (int64_t)result->size);
    json_set(row, "cpu_s", json_new_number(result->cpu_s));
    json_set(row, "wall_s", json_new_number(result->wall_s));
    json_set(row, "least_s", json_new_number(result->least_s));
    json_set(row, "mb_s", json_new_number(verdict->mb_s));
    json_set(row, "peak_mb", json_new_number(result->rss_mb));
    json_set_int(row, "errors", (int64_t)result->errors);
    json_set(row, "mb_s_min", json_new_number(c->mb_s_min));
    json_set(row, "ms_max", json_new_number(c->ms_max));
    json_set(row, "peak_mb_max", json_new_number(c->rss_mb_max));
    json_set(row, "of_limit", json_new_number(verdict->of_limit));
    json_set_bool(row, "ok", verdict_holds(verdict));
    return row;
}

/* Whether the case is among those that were given, as TEXT or TEXT/WORK, if any were. */
static bool is_wanted(const Case *c, char **names, int count)
{
    char whole[64];

    snprintf(whole, sizeof whole, "%s/%s", c->name, work_names[c->work]);
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], c->name) == 0 || strcmp(names[i], whole) == 0)
            return true;
    return count == 0;
}

static int json_save(const char *path, const Json *rows, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = json_new_object();

    json_set(json, "programs", json_copy(rows));
    json_write_pretty(&text, json);
    buffer_add_char(&text, '\n');
    return file_replace(path, text.bytes, text.size, 0644, err);
}

int main(int argc, char **argv)
{
    cleanup(json_free) Json *rows = json_new_array();
    bool held = true;
    Error err;

    if (argc > 2 && strcmp(argv[1], "--run") == 0)
        return command_run(argv + 2);
    printf("%-12s %-8s %8s %9s %8s %8s %7s %6s %-20s %6s\n", "text", "work", "MB", "ms", "MB/s",
           "x least", "peak MB", "errors", " limit", "ratio");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Result result;
        if (!is_wanted(&cases[i], argv + 2, argc - 2))
            continue;
        if (case_run(&cases[i], &result, &err) < 0) {
            printf("%s\n", err.message);
            held = false;
            continue;
        }
        Verdict verdict = judge(&cases[i], &result);
        held = verdict_holds(&verdict) && held;
        row_print(&cases[i], &result, &verdict);
        json_append(rows, row_json(&cases[i], &result, &verdict));
    }
    if (argc > 1 && json_save(argv[1], rows, &err) < 0) {
        fprintf(stderr, "bench: %s\n", err.message);
        return 1;
    }
    return held ? 0 : 1;
}
