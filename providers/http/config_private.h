/* The parts of reading the configuration. Each returns 0, or a negative code with one sentence;
 * what they make lives in the arena. */
#ifndef VED_HTTP_CONFIG_PRIVATE_H
#define VED_HTTP_CONFIG_PRIVATE_H

#include "providers/http/config.h"
#include "providers/http/reader.h"

/* ---- config_request.c ---- */

/* What a request is for: its method and what statuses mean unless the binding says otherwise. */
typedef struct RequestRole {
    const char *method;
    int absent[2], exists; /* 0: none */
    bool repeats;          /* reads, or brings about what is said, as often as it is said */
} RequestRole;

extern const RequestRole role_create, role_read, role_update, role_remove, role_list, role_action;

/* The member `key` of `parent`; `is_there` says whether there is one. */
int request_read(Arena *arena, Reader *parent, const char *key, const RequestRole *role,
                 RequestSpec *ret, bool *is_there);
int list_read(Arena *arena, Reader *parent, const char *key, ListSpec **ret);

/* The members `state`, `done` and `failed`, from a reader that may be asked for more. */
void condition_read(Reader *reader, Condition *ret);

/* ---- config_resource.c ---- */

int resources_read(HttpConfig *config, Reader *site);
int actions_read(HttpConfig *config, Reader *site);
int queries_read(HttpConfig *config, Reader *site);

/* ---- config_members.c: parameters and results ---- */

int parameters_read(Arena *arena, Reader *parent, Parameters *ret);
int results_read(Arena *arena, Reader *parent, bool has_id, Results *ret);

/* ---- config_check.c ---- */

/* What a template may name beside parameters. */
typedef enum NameSet {
    NAMES_NONE = 0,
    NAMES_OBJECT = 1,    /* uid, address, lineage */
    NAMES_ID = 2,        /* id */
    NAMES_RESULT = 4,    /* result.x */
    NAMES_OP = 8,        /* op */
    NAMES_OPERATION = 16 /* operation */
} NameSet;

typedef struct Names {
    const Parameters *parameters;
    const Results *results;
    unsigned sets;
    Json *kept; /* where to note the parameters that are named, which must not change; NULL: all may
                   be named */
    Error *err;
} Names;

/* Every template of a request names what there is. */
int request_check(const RequestSpec *spec, const Names *names);
int text_check(const char *text, const char *at, const char *key, const Names *names);
int template_values_check(const Json *values, const char *at, const char *key, const Names *names);
int resource_check(ResourceSpec *resource, Error *err);

#endif
