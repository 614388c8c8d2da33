/* The command line, taken apart by one table. No configuration comes from the environment. */
#ifndef VED_CMD_OPTIONS_H
#define VED_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/macros.h"

typedef enum FlagId {
#define FLAG(id, name, letter, argument, text) FLAG_##id,
#include "cmd/ved/flags.def"
#undef FLAG
    FLAG_COUNT
} FlagId;

#define FLAG_BIT(id) (1ULL << FLAG_##id)

typedef struct FlagSpec {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    const char *text;
} FlagSpec;

extern const FlagSpec flag_specs[FLAG_COUNT];

typedef enum ColorWhen { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } ColorWhen;

typedef struct Options {
    char *command;     /* the whole line, for lock holders' messages */
    const char **args; /* what is not a flag, without the verb */
    int arg_count;
    const char *state, *stack, *bindings, *out, *json_into, *output, *graph_format, *query;
    const char *domain;
    const char *applied; /* an external id */
    const char *samples, *config, *tls_ca, *tls_cert, *tls_key, *token_file;
    const char **only; /* rules */
    size_t only_count;
    const char **sets;
    size_t set_count;
    const char **providers;
    size_t provider_count;
    const char **replaces; /* addresses */
    size_t replace_count;
    char **owned; /* texts made from --var-file */
    size_t owned_count;
    bool not_applied, digests, adopt, repair, cut;
    bool json, quiet, summary, detailed, auto_approve, check, strict, destroy, help, yaml_state;
    ColorWhen color;
    int parallelism;
    int64_t timeout_ms, lock_timeout_ms, provider_timeout_ms;
    uint64_t max_slices, limit, until;
} Options;

/* Take argv after the verb apart. `allowed` is a set of FLAG_BITs. 0, or ERROR_USAGE with a
 * sentence that says what was expected. The caller frees with options_deinit(), also after a
 * failure. */
int options_parse(Options *ret, int argc, char **argv, const char *verb, uint64_t allowed,
                  Error *err);
void options_deinit(Options *options);
#define options_deinit_p options_deinit

#endif
