#include "providers/local/process_adopt.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/base/utf8.h"
#include "providers/local/problem_of.h"

#define PROC_SIZE_MAX ((size_t)4 << 20)

/* ---- what /proc tells ---- */

/* A file of /proc/PID whose texts end with a zero byte each; false if it cannot be read. */
static bool read_texts(pid_t pid, const char *name, Buffer *ret)
{
    cleanup(free) char *path = memory_format("/proc/%d/%s", (int)pid, name);

    buffer_init(ret, PROC_SIZE_MAX);
    return file_read(path, PROC_SIZE_MAX, ret, NULL) == 0 && ret->size > 0 &&
           ret->bytes[ret->size - 1] == '\0';
}

/* for (t = text_first(b); t; t = text_next(b, t)) */
static const char *text_first(const Buffer *texts)
{
    return texts->size > 0 ? texts->bytes : NULL;
}

static const char *text_next(const Buffer *texts, const char *text)
{
    text += strlen(text) + 1;
    return text < texts->bytes + texts->size ? text : NULL;
}

static char *read_folder(pid_t pid)
{
    cleanup(free) char *path = memory_format("/proc/%d/cwd", (int)pid);
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);

    return size > 0 ? memory_copy_bytes(target, (size_t)size) : NULL;
}

/* ---- is it what it is to be? ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The words as they are; the program by its name, as it may have been looked for in PATH. */
static bool words_are(const Buffer *words, char *const *argv)
{
    const char *word = text_first(words);

    if (word == NULL || strcmp(last_part(word), last_part(argv[0])) != 0)
        return false;
    for (size_t i = 1; argv[i] != NULL; i++) {
        word = text_next(words, word);
        if (word == NULL || strcmp(word, argv[i]) != 0)
            return false;
    }
    return text_next(words, word) == NULL;
}

/* A line for the shell may have become its program: "exec sleep 60" is then "sleep 60". */
static bool words_spell(const Buffer *words, const char *line)
{
    cleanup(buffer_deinit) Buffer joined = {0};

    for (const char *w = text_first(words); w != NULL; w = text_next(words, w))
        buffer_add_format(&joined, "%s%s", joined.size > 0 ? " " : "", w);
    if (strncmp(line, "exec ", 5) == 0)
        line += 5;
    return strcmp(buffer_text(&joined), line) == 0;
}

static bool has_variable(const Buffer *environment, const Json *variable)
{
    cleanup(free) char *written = json_is_string(variable) ? NULL : json_text(variable);
    cleanup(free) char *entry = memory_format(
        "%s=%s", json_key(variable), written != NULL ? written : json_string(variable, ""));

    for (const char *e = text_first(environment); e != NULL; e = text_next(environment, e))
        if (strcmp(e, entry) == 0)
            return true;
    return false;
}

static bool has_variables(pid_t pid, const Json *wanted)
{
    cleanup(buffer_deinit) Buffer environment = {0};

    if (json_count(wanted) == 0)
        return true;
    if (!read_texts(pid, "environ", &environment))
        return false;
    for (const Json *v = json_first(wanted); v != NULL; v = json_next(v))
        if (!has_variable(&environment, v))
            return false;
    return true;
}

static bool stands_in(pid_t pid, const char *folder)
{
    cleanup(free) char *wanted = folder != NULL ? realpath(folder, NULL) : NULL;
    cleanup(free) char *found = read_folder(pid);

    return folder == NULL || (wanted != NULL && found != NULL && strcmp(wanted, found) == 0);
}

bool process_runs_as(pid_t pid, const ProcessSpec *spec, const Json *arguments)
{
    const char *line = json_string(json_get(arguments, "command"), NULL);
    cleanup(buffer_deinit) Buffer words = {0};

    if (!read_texts(pid, "cmdline", &words))
        return false;
    if (!words_are(&words, spec->argv) && (line == NULL || !words_spell(&words, line)))
        return false;
    return has_variables(pid, json_get(arguments, "env")) && stands_in(pid, spec->working_dir);
}

/* ---- taking over ---- */

/* 0: it is none. */
static pid_t read_pid(const char *text)
{
    char *end = NULL;
    long number = strtol(text, &end, 10);

    return isdigit((unsigned char)text[0]) && *end == '\0' && number <= INT32_MAX ? (pid_t)number
                                                                                  : 0;
}

typedef struct Search {
    const Local *local;
    Adoption *adoption;
} Search;

static bool is_former(void *context, const char *uid, const Object *object)
{
    Search *search = context;
    cleanup(free) char *path = object_path(object, "identity.json");
    Identity identity;

    if (identity_load(path, &identity, NULL) != 0 ||
        identity.pid != search->adoption->identity.pid ||
        identity.start_time != search->adoption->identity.start_time ||
        strcmp(identity.boot_id, search->local->boot_id) != 0)
        return false;
    memcpy(search->adoption->former_uid, uid, UID_SIZE + 1);
    return true;
}

static int check_adoptable(pid_t pid, ProviderProblem *problem)
{
    ProcessStat stat;

    if (!process_stat_read(pid, &stat) || process_stat_is_dead(&stat))
        return provider_problem(problem, "NOT_FOUND", "not_applied", false,
                                "there is no process %d to take over", (int)pid);
    if (pid == 1 || pid == getpid() || pid == getppid())
        return provider_problem(problem, "UNSUPPORTED_CHANGE", "not_applied", false,
                                "process %d is one that this plugin depends on", (int)pid);
    if (stat.group != pid)
        return provider_problem(problem, "UNSUPPORTED_CHANGE", "not_applied", false,
                                "process %d belongs to the group of process %d and could not be "
                                "ended without it; take that one over",
                                (int)pid, (int)stat.group);
    return 0;
}

/* Which free port it was given cannot be told from outside. */
static int check_ports_named(const Json *arguments, ProviderProblem *problem)
{
    const Json *ports = json_get(arguments, "ports");

    if (json_get(arguments, "command") == NULL && json_count(ports) == 0)
        return problem_argument(
            problem, "/ports", "ports: a process that is taken over has its port already: name it");
    for (const Json *port = json_first(ports); port != NULL; port = json_next(port))
        if (process_host_port(port) == 0)
            return problem_argument(
                problem, "/ports",
                "ports: a process that is taken over has its port already: name it instead of 0");
    return 0;
}

int process_adopt(const Local *local, const ProviderRequest *request, const Json *arguments,
                  Adoption *ret, ProviderProblem *problem)
{
    pid_t pid = read_pid(request->adopt);
    Error err;

    *ret = (Adoption){.former_uid = ""};
    if (pid == 0)
        return provider_problem(problem, "INVALID_REQUEST", "not_applied", false,
                                "a process is taken over by its pid, found '%.64s'",
                                request->adopt);
    if (check_adoptable(pid, problem) < 0)
        return -1;
    if (identity_of(pid, local->boot_id, &ret->identity, &err) < 0)
        return problem_error(problem, &err);
    Search search = {.local = local, .adoption = ret};
    if (objects_visit(local, "process", is_former, &search))
        return 0;
    return check_ports_named(arguments, problem);
}

/* ---- looking up ---- */

static Json *words_json(const Buffer *words)
{
    Json *json = json_new_array();

    for (const char *w = text_first(words); w != NULL; w = text_next(words, w))
        json_append(json, json_new_string(w));
    return json;
}

/* The command line without its zero bytes. */
static bool line_has(const Buffer *words, const char *search)
{
    cleanup(buffer_deinit) Buffer line = {0};

    for (const char *w = text_first(words); w != NULL; w = text_next(words, w))
        buffer_add_format(&line, "%s ", w);
    return strstr(buffer_text(&line), search) != NULL;
}

static bool words_fit_json(const Buffer *words)
{
    for (const char *w = text_first(words); w != NULL; w = text_next(words, w)) {
        Buffer word = {.bytes = (char *)w, .size = strlen(w)};
        if (!text_fits_json(&word))
            return false;
    }
    return true;
}

/* `search` NULL: whatever it runs. */
static bool find_process(pid_t pid, const char *search, ProviderFinding *ret)
{
    cleanup(free) char *folder = read_folder(pid);
    cleanup(buffer_deinit) Buffer words = {0};
    ProcessStat stat;

    if (!process_stat_read(pid, &stat) || process_stat_is_dead(&stat) ||
        !read_texts(pid, "cmdline", &words) || !words_fit_json(&words) ||
        (search != NULL && (stat.group != pid || !line_has(&words, search))))
        return false;
    *ret = (ProviderFinding){.external_id = memory_format("%d", (int)pid),
                             .state = json_new_object(),
                             .desired = json_new_object()};
    json_set_int(ret->state, "pid", pid);
    json_set(ret->desired, "command", words_json(&words));
    if (folder != NULL)
        json_set_string(ret->desired, "working_dir", folder);
    return true;
}

int process_find(const char *external_id, const char *search, ProviderFinding *ret,
                 ProviderProblem *problem)
{
    int count = 0;

    if (external_id != NULL)
        return find_process(read_pid(external_id), NULL, ret);
    DIR *folder = opendir("/proc");
    if (folder == NULL)
        return provider_problem(problem, "UNAVAILABLE", "not_applied", true, "open '/proc': %s",
                                strerror(errno));
    for (struct dirent *entry = readdir(folder); entry != NULL && count < FINDINGS_MAX;
         entry = readdir(folder)) {
        pid_t pid = read_pid(entry->d_name);
        if (pid > 1 && pid != getpid())
            count += find_process(pid, search, &ret[count]);
    }
    closedir(folder);
    return count;
}
