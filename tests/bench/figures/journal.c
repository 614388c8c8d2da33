#include "tests/bench/figures/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/json.h"
#include "lang/base/macros.h"
#include "lang/base/map.h"
#include "lang/base/memory.h"

static void stream_close(FILE *stream)
{
    if (stream != NULL)
        fclose(stream);
}
CLEANUP_DEFINE(FILE *, stream_close);

/* A line of the journal, without its end. */
typedef struct Line {
    const char *text;
    size_t size;
    unsigned long long seq, synced;
    char type[16];
} Line;

/* 0 to go on. */
typedef int LineReader(void *user, const Line *line);

/* ---- reading ---- */

/* A record without a type is one of a slice. */
static bool line_parse(const char *text, size_t size, Line *ret)
{
    int end = 0;

    *ret = (Line){.text = text, .size = size, .type = "slice"};
    if (sscanf(text, "{\"seq\":%llu,\"synced\":%llu,\"crc\":\"%*8[0-9a-f]\"%n", &ret->seq,
               &ret->synced, &end) != 2 ||
        end == 0)
        return false;
    sscanf(text + end, ",\"type\":\"%15[a-z]", ret->type);
    return true;
}

static int file_lines(const char *path, LineReader *reader, void *user)
{
    cleanup(stream_close) FILE *stream = fopen(path, "re");
    cleanup(free) char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    int code = 0;
    Line line;

    if (stream == NULL) {
        perror(path);
        return 1;
    }
    while (code == 0 && (size = getline(&text, &capacity, stream)) > 0) {
        if (text[0] == '\0')
            break; /* room that was taken ahead */
        text[--size] = '\0';
        if (!line_parse(text, (size_t)size, &line)) {
            fprintf(stderr, "%s: no record: %.60s\n", path, text);
            return 1;
        }
        code = reader(user, &line);
    }
    return code;
}

static unsigned long long journal_number(const char *name)
{
    unsigned long long number;
    int end = 0;

    return sscanf(name, "journal-%llu.ndjson%n", &number, &end) == 1 && end > 0 && name[end] == '\0'
               ? number
               : ~0ULL;
}

static int is_journal(const struct dirent *entry)
{
    return journal_number(entry->d_name) != ~0ULL;
}

static int compare_journals(const struct dirent **a, const struct dirent **b)
{
    unsigned long long left = journal_number((*a)->d_name), right = journal_number((*b)->d_name);

    return (left > right) - (left < right);
}

static int journal_lines(const char *folder, LineReader *reader, void *user)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_journal, compare_journals), code = 0;

    if (count < 0) {
        perror(folder);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        cleanup(free) char *path = memory_format("%s/%s", folder, entries[i]->d_name);
        if (code == 0)
            code = file_lines(path, reader, user);
        free(entries[i]);
    }
    free(entries);
    return code < 0 ? 0 : code;
}

static int json_print(Json *json)
{
    cleanup(free) char *text = json_text(json);

    puts(text);
    json_free(json);
    return 0;
}

/* ---- counting ---- */

typedef struct Count {
    uint64_t bytes, records, groups;
    unsigned long long last, synced;
    Json *types;
} Count;

static int count_line(void *user, const Line *line)
{
    Count *count = user;

    if (count->records == 0 || line->synced != count->synced)
        count->groups++;
    count->synced = line->synced;
    count->last = line->seq;
    count->records++;
    count->bytes += line->size + 1;
    json_set_int(count->types, line->type, json_get_int(count->types, line->type, 0) + 1);
    return 0;
}

int journal_count(const char *folder)
{
    Count count = {.types = json_new_object()};

    if (journal_lines(folder, count_line, &count) != 0) {
        json_free(count.types);
        return 1;
    }
    Json *json = json_new_object();
    json_set_int(json, "records", (int64_t)count.records);
    json_set_int(json, "bytes", (int64_t)count.bytes);
    json_set_int(json, "groups", (int64_t)count.groups);
    json_set_int(json, "last", (int64_t)count.last);
    json_set(json, "types", count.types);
    return json_print(json);
}

char *journal_last(const char *folder)
{
    struct dirent **entries;
    char *path = NULL;
    int count = scandir(folder, &entries, is_journal, compare_journals);

    for (int i = 0; i < count; i++) {
        if (i == count - 1)
            path = memory_format("%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return path;
}

/* ---- lateness ---- */

typedef struct Bell {
    int64_t due;
    unsigned rung;
} Bell;

typedef struct Lateness {
    const char *domain;
    Map bells;  /* by key */
    int64_t at; /* of the last record: one that does not say when has the time of that before */
    double *late_ms;
    size_t count, capacity, early;
} Lateness;

static Bell *bell_of(Lateness *lateness, const char *key)
{
    Bell *bell = map_get(&lateness->bells, key);

    if (bell == NULL) {
        bell = memory_zero(1, sizeof *bell);
        map_put(&lateness->bells, key, bell);
    }
    return bell;
}

/* `part` says timers of an instance: a record, or one of its `starts`. */
static void timers_take(Lateness *lateness, const Json *part)
{
    const char *domain = json_get_string(part, "domain", "");
    const Json *timers = json_get(part, "timers");

    if (strcmp(domain, lateness->domain) != 0 || timers == NULL)
        return;
    for (const Json *timer = json_first(timers); timer != NULL; timer = json_next(timer))
        if (json_get_bool(timer, "armed", false))
            bell_of(lateness, json_get_string(part, "key", ""))->due =
                json_get_int(timer, "due", 0);
}

static void slice_take(Lateness *lateness, const Json *record)
{
    if (strcmp(json_get_string(record, "domain", ""), lateness->domain) != 0 ||
        json_get(json_get(record, "cause"), "timer") == NULL)
        return;
    Bell *bell = bell_of(lateness, json_get_string(record, "key", ""));
    int64_t late = lateness->at - bell->due;
    bell->rung++;
    lateness->early += late < 0;
    memory_reserve_one(lateness->late_ms, lateness->count, lateness->capacity);
    lateness->late_ms[lateness->count++] = (double)late;
}

static int lateness_line(void *user, const Line *line)
{
    Lateness *lateness = user;
    cleanup(json_free) Json *record = NULL;

    if (json_parse(line->text, line->size, &record, NULL) < 0)
        return 1;
    lateness->at = json_get_int(record, "at", lateness->at);
    if (strcmp(line->type, "slice") == 0)
        slice_take(lateness, record);
    else if (strcmp(line->type, "start") == 0 || strcmp(line->type, "commit") == 0)
        timers_take(lateness, record);
    const Json *starts = json_get(record, "starts");
    for (const Json *start = starts != NULL ? json_first(starts) : NULL; start != NULL;
         start = json_next(start))
        timers_take(lateness, start);
    return 0;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double percentile(const Lateness *lateness, double share)
{
    return lateness->count == 0
               ? 0
               : lateness->late_ms[(size_t)((double)(lateness->count - 1) * share)];
}

static Json *lateness_json(Lateness *lateness)
{
    size_t never = 0, twice = 0;
    Json *json = json_new_object();

    for (MapEntry *e = map_next(&lateness->bells, NULL); e != NULL;
         e = map_next(&lateness->bells, e)) {
        const Bell *bell = e->value;
        never += bell->rung == 0;
        twice += bell->rung > 1;
        free(e->value);
    }
    if (lateness->count > 0)
        qsort(lateness->late_ms, lateness->count, sizeof *lateness->late_ms, compare_doubles);
    json_set_int(json, "armed", (int64_t)lateness->bells.count);
    json_set_int(json, "rung", (int64_t)lateness->count);
    json_set_int(json, "early", (int64_t)lateness->early);
    json_set_int(json, "never", (int64_t)never);
    json_set_int(json, "twice", (int64_t)twice);
    json_set(json, "median_ms", json_new_number(percentile(lateness, 0.5)));
    json_set(json, "p99_ms", json_new_number(percentile(lateness, 0.99)));
    json_set(json, "most_ms", json_new_number(percentile(lateness, 1)));
    return json;
}

int journal_lateness(const char *folder, const char *domain)
{
    Lateness lateness = {.domain = domain};
    int code = journal_lines(folder, lateness_line, &lateness);
    Json *json = lateness_json(&lateness);

    map_deinit(&lateness.bells);
    free(lateness.late_ms);
    if (code == 0)
        return json_print(json);
    json_free(json);
    return code;
}
