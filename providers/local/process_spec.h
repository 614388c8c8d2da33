/* What a process is to be, read from its arguments.
 *
 * process_validate() says whether arguments can be meant and looks at nothing else, so it may see
 * values that are not known yet; process_spec_init() needs all of them. */
#ifndef VED_LOCAL_PROCESS_SPEC_H
#define VED_LOCAL_PROCESS_SPEC_H

#include "lang/base/arena.h"
#include "providers/local/object.h"

#define PROCESS_PORTS_MAX 16
#define PROCESS_WORDS_MAX 4096

typedef enum HealthKind { HEALTH_ALIVE, HEALTH_TCP, HEALTH_HTTP } HealthKind;

typedef struct ProcessSpec {
    Arena arena;
    char **argv;
    char **envp;
    const char *working_dir; /* NULL: the plugin's */
    int ports[PROCESS_PORTS_MAX];
    size_t port_count;
    HealthKind health;
    const char *health_path;
    int64_t health_timeout_ms;
    char *mark; /* the entry of its environment that tells its group from others */
} ProcessSpec;

/* 0, or -1 with a VALIDATION_FAILED problem. `effect` is RunProcess or StartAppContainer. */
int process_validate(const char *effect, const Json *desired, ProviderProblem *problem);

/* `arguments` are validated and resolved. A port of 0, and that of the sample application, is
 * chosen and kept in the object's record. `ret` is to be given to process_spec_deinit(). */
int process_spec_init(Local *local, Object *object, const char *uid, const Json *arguments,
                      ProcessSpec *ret, Error *err);
void process_spec_deinit(ProcessSpec *spec);
#define process_spec_deinit_p process_spec_deinit

/* The host's side of a port as an argument has it: 8080, "8080" or "8080:80"; -1 if it is none. */
int process_host_port(const Json *value);

/* "VED_UID=..." of an object; the caller frees it. */
char *process_mark(const char *uid);

#endif
