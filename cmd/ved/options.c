#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/core/runtime.h"
#include "lang/base/duration.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/base/yaml.h"
#include "lang/suggest.h"

#define TIMEOUT_DEFAULT_MS 1800000
#define LIMIT_DEFAULT 100 /* entries of a list that may be long */
#define VAR_FILE_MAX ((size_t)4 << 20)

const FlagSpec flag_specs[FLAG_COUNT] = {
#define FLAG(id, name, letter, argument, text) {name, letter, argument, text},
#include "cmd/ved/flags.def"
#undef FLAG
};

static int bad_value(Error *err, FlagId id, const char *value)
{
    return error_set(err, ERROR_USAGE, "--%s '%s': expected %s", flag_specs[id].name, value,
                     flag_specs[id].text);
}

static int parse_time(Error *err, FlagId id, const char *value, int64_t *ret)
{
    assert(value != NULL);
    if (duration_parse(value, ret))
        return 0;
    return error_set(err, ERROR_USAGE, "--%s '%s': expected a time such as 30s, 10m or 2h",
                     flag_specs[id].name, value);
}

static int parse_number(Error *err, FlagId id, const char *value, uint64_t max, uint64_t *ret)
{
    char *end;

    assert(value != NULL);
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || value[0] == '-' || number > max)
        return error_set(err, ERROR_USAGE, "--%s '%s': expected a number from 0 to %llu",
                         flag_specs[id].name, value, (unsigned long long)max);
    *ret = number;
    return 0;
}

static void list_add(const char ***list, size_t *count, const char *text)
{
    *list = memory_grow(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = text;
}

static void set_add_owned(Options *options, char *text)
{
    options->owned = memory_grow(options->owned, options->owned_count + 1, sizeof(char *));
    options->owned[options->owned_count++] = text;
    list_add(&options->sets, &options->set_count, text);
}

static int var_file_check(const char *path, const Json *json, Error *err)
{
    if (!json_is_object(json))
        return error_set(err, ERROR_USAGE,
                         "--var-file '%s': expected a mapping of domains, such as `Web: { size: 3 "
                         "}`",
                         path);
    for (const Json *domain = json_first(json); domain != NULL; domain = json_next(domain))
        if (!json_is_object(domain))
            return error_set(err, ERROR_USAGE,
                             "--var-file '%s': %s: expected a mapping of fields, such as `%s: { "
                             "size: 3 }`",
                             path, json_key(domain), json_key(domain));
    return 0;
}

/* domain: { field: value } becomes Domain.field=value. */
static int var_file_read(Options *options, const char *path, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;

    if (file_read(path, VAR_FILE_MAX, &text, err) < 0 ||
        yaml_parse(buffer_text(&text), text.size, &json, err) < 0) {
        error_wrap(err, "--var-file '%s'", path);
        return err->code = ERROR_USAGE;
    }
    if (var_file_check(path, json, err) < 0)
        return ERROR_USAGE;
    for (const Json *domain = json_first(json); domain != NULL; domain = json_next(domain))
        for (const Json *field = json_first(domain); field != NULL; field = json_next(field)) {
            cleanup(free) char *value = json_is_string(field)
                                            ? memory_copy_string(json_string(field, ""))
                                            : json_text(field);
            set_add_owned(options,
                          memory_format("%s.%s=%s", json_key(domain), json_key(field), value));
        }
    return 0;
}

static int parse_choice(Error *err, FlagId id, const char *value, const char *const *choices,
                        size_t count, int *ret)
{
    assert(value != NULL);
    for (size_t i = 0; i < count; i++)
        if (strcmp(value, choices[i]) == 0) {
            *ret = (int)i;
            return 0;
        }
    return bad_value(err, id, value);
}

static int take_color(Options *options, const char *value, Error *err)
{
    static const char *const names[] = {"auto", "always", "never"};
    int choice = 0;

    if (parse_choice(err, FLAG_COLOR, value, names, 3, &choice) < 0)
        return ERROR_USAGE;
    options->color = (ColorWhen)choice;
    return 0;
}

static int take_formats(Options *options, FlagId id, const char *value, Error *err)
{
    static const char *const outputs[] = {"table", "wide", "json", "yaml"};
    static const char *const formats[] = {"text", "json"};
    static const char *const states[] = {"json", "yaml"};
    static const char *const graphs[] = {"mermaid", "dot", "svg"};
    int choice = 0;

    if (id == FLAG_OUTPUT) {
        options->output = value;
        return parse_choice(err, id, value, outputs, 4, &choice);
    }
    if (id == FLAG_GRAPH_FORMAT) {
        options->graph_format = value;
        return parse_choice(err, id, value, graphs, 3, &choice);
    }
    if (id == FLAG_FORMAT) {
        if (parse_choice(err, id, value, formats, 2, &choice) < 0)
            return ERROR_USAGE;
        options->json |= choice == 1;
        return 0;
    }
    if (parse_choice(err, id, value, states, 2, &choice) < 0)
        return ERROR_USAGE;
    options->yaml_state = choice == 1;
    return 0;
}

static int take_provider(Options *options, const char *value, Error *err)
{
    assert(value != NULL);
    const char *equals = strchr(value, '=');

    if (equals == NULL || equals == value || equals[1] == '\0')
        return error_set(err, ERROR_USAGE, "--provider '%s': expected NAME=PLUGIN, such as API=sim",
                         value);
    list_add(&options->providers, &options->provider_count, value);
    return 0;
}

/* How a provider is reached that is named on the command line. */
static int take_provider_flag(Options *options, FlagId id, const char *value)
{
    const char **places[] = {
        [FLAG_SAMPLES] = &options->samples, [FLAG_CONFIG] = &options->config,
        [FLAG_TLS_CA] = &options->tls_ca,   [FLAG_TLS_CERT] = &options->tls_cert,
        [FLAG_TLS_KEY] = &options->tls_key, [FLAG_TOKEN_FILE] = &options->token_file,
    };

    *places[id] = value;
    return 0;
}

static int take_flag(Options *options, FlagId id, const char *value, Error *err)
{
    uint64_t number = 0;

    switch (id) {
    case FLAG_STATE:
        options->state = value;
        return 0;
    case FLAG_STACK:
        options->stack = value;
        return 0;
    case FLAG_BINDINGS:
        options->bindings = value;
        return 0;
    case FLAG_PROVIDER:
        return take_provider(options, value, err);
    case FLAG_SET:
        list_add(&options->sets, &options->set_count, value);
        return 0;
    case FLAG_VAR_FILE:
        return var_file_read(options, value, err);
    case FLAG_JSON:
        options->json = true;
        return 0;
    case FLAG_JSON_INTO:
        options->json_into = value;
        return 0;
    case FLAG_COLOR:
        return take_color(options, value, err);
    case FLAG_QUIET:
        options->quiet = true;
        return 0;
    case FLAG_SUMMARY:
        options->summary = true;
        return 0;
    case FLAG_PARALLELISM:
        if (parse_number(err, id, value, 10000, &number) < 0)
            return ERROR_USAGE;
        options->parallelism = (int)number;
        return 0;
    case FLAG_TIMEOUT:
        return parse_time(err, id, value, &options->timeout_ms);
    case FLAG_LOCK_TIMEOUT:
        return parse_time(err, id, value, &options->lock_timeout_ms);
    case FLAG_PROVIDER_TIMEOUT:
        return parse_time(err, id, value, &options->provider_timeout_ms);
    case FLAG_DETAILED:
        options->detailed = true;
        return 0;
    case FLAG_AUTO_APPROVE:
    case FLAG_YES:
        options->auto_approve = true;
        return 0;
    case FLAG_REPLACE:
        list_add(&options->replaces, &options->replace_count, value);
        return 0;
    case FLAG_ADOPT:
        options->adopt = true;
        return 0;
    case FLAG_REPAIR:
        options->repair = true;
        return 0;
    case FLAG_OUT:
        options->out = value;
        return 0;
    case FLAG_MAX_SLICES:
        return parse_number(err, id, value, UINT64_MAX, &options->max_slices);
    case FLAG_STATE_FORMAT:
    case FLAG_FORMAT:
    case FLAG_GRAPH_FORMAT:
    case FLAG_OUTPUT:
        return take_formats(options, id, value, err);
    case FLAG_CHECK:
        options->check = true;
        return 0;
    case FLAG_STRICT:
        options->strict = true;
        return 0;
    case FLAG_DESTROY:
        options->destroy = true;
        return 0;
    case FLAG_APPLIED:
        options->applied = value;
        return 0;
    case FLAG_NOT_APPLIED:
        options->not_applied = true;
        return 0;
    case FLAG_DOMAIN:
        options->domain = value;
        return 0;
    case FLAG_QUERY:
        options->query = value;
        return 0;
    case FLAG_UNTIL:
    case FLAG_TO:
        return parse_number(err, id, value, UINT64_MAX, &options->until);
    case FLAG_DIGEST:
    case FLAG_DIGESTS:
        options->digests = true;
        return 0;
    case FLAG_LIMIT:
        return parse_number(err, id, value, UINT32_MAX, &options->limit);
    case FLAG_CUT:
        options->cut = true;
        return 0;
    case FLAG_ONLY:
        list_add(&options->only, &options->only_count, value);
        return 0;
    case FLAG_SAMPLES:
    case FLAG_CONFIG:
    case FLAG_TLS_CA:
    case FLAG_TLS_CERT:
    case FLAG_TLS_KEY:
    case FLAG_TOKEN_FILE:
        return take_provider_flag(options, id, value);
    case FLAG_HELP:
        options->help = true;
        return 0;
    case FLAG_COUNT:
        break;
    }
    return error_set(err, ERROR_INTERNAL, "flag %d", (int)id);
}

/* Two verbs may mean two things by one name. */
static int find_flag(const char *name, size_t length, uint64_t allowed)
{
    for (int i = 0; i < FLAG_COUNT; i++)
        if ((allowed & (1ULL << i)) && strlen(flag_specs[i].name) == length &&
            strncmp(flag_specs[i].name, name, length) == 0)
            return i;
    return -1;
}

static int find_letter(char letter)
{
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flag_specs[i].letter == letter)
            return i;
    return -1;
}

static int unknown_flag(Error *err, const char *verb, const char *flag, uint64_t allowed)
{
    Suggestion suggestion = suggest_begin(flag + strspn(flag, "-"));

    for (int i = 0; i < FLAG_COUNT; i++)
        if (allowed & (1ULL << i))
            suggest_try(&suggestion, flag_specs[i].name);
    if (suggestion.best != NULL)
        return error_set(err, ERROR_USAGE, "%s: no flag %s: did you mean --%s?", verb, flag,
                         suggestion.best);
    return error_set(err, ERROR_USAGE, "%s: no flag %s: see `ved help %s`", verb, flag, verb);
}

/* One flag at argv[*at], with its argument in the same word or the next. */
static int parse_flag(Options *options, char **argv, int argc, int *at, const char *verb,
                      uint64_t allowed, Error *err)
{
    const char *word = argv[*at];
    const char *equals = strchr(word, '=');
    bool is_long = word[1] == '-';
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    int id = is_long ? find_flag(word + 2, length - 2, allowed) : find_letter(word[1]);
    const char *value = NULL;

    if (id < 0 || !(allowed & (1ULL << id)) || (!is_long && length > 2 && equals == NULL))
        return unknown_flag(err, verb, word, allowed);
    if (flag_specs[id].argument == NULL && equals != NULL)
        return error_set(err, ERROR_USAGE, "--%s takes no value, found '%s'", flag_specs[id].name,
                         equals + 1);
    if (flag_specs[id].argument != NULL) {
        if (equals != NULL)
            value = equals + 1;
        else if (*at + 1 < argc)
            value = argv[++*at];
        else
            return error_set(err, ERROR_USAGE, "--%s needs a value: --%s %s", flag_specs[id].name,
                             flag_specs[id].name, flag_specs[id].argument);
    }
    return take_flag(options, (FlagId)id, value, err);
}

/* How much of a word of the command line may be seen: all, but of `D.field=VALUE` behind --set, or
 * in the same word, no more than the name. */
static int seen_length(char *const *argv, int at)
{
    bool in_word = strncmp(argv[at], "--set=", strlen("--set=")) == 0;
    bool is_set = in_word || (at > 0 && strcmp(argv[at - 1], "--set") == 0);
    const char *equals = strchr(argv[at] + (in_word ? strlen("--set=") : 0), '=');

    return is_set && equals != NULL ? (int)(equals + 1 - argv[at]) : (int)strlen(argv[at]);
}

/* The line as others see it, who wait for the lock or read the audit: values of fields may be
 * secrets. */
static char *join(int argc, char **argv, const char *verb)
{
    Buffer text = {0};

    buffer_add_format(&text, "ved %s", verb);
    for (int i = 0; i < argc; i++) {
        int length = seen_length(argv, i);
        buffer_add_format(&text, " %.*s%s", length, argv[i], argv[i][length] != '\0' ? "..." : "");
    }
    return buffer_take(&text);
}

int options_parse(Options *ret, int argc, char **argv, const char *verb, uint64_t allowed,
                  Error *err)
{
    bool flags_over = false;

    *ret = (Options){.timeout_ms = TIMEOUT_DEFAULT_MS,
                     .max_slices = RUNTIME_MAX_SLICES,
                     .limit = LIMIT_DEFAULT,
                     .until = UINT64_MAX};
    ret->command = join(argc, argv, verb);
    ret->args = memory_alloc(((size_t)argc + 1) * sizeof(char *));
    for (int i = 0; i < argc; i++) {
        if (!flags_over && strcmp(argv[i], "--") == 0)
            flags_over = true;
        else if (flags_over || argv[i][0] != '-' || argv[i][1] == '\0')
            ret->args[ret->arg_count++] = argv[i];
        else if (parse_flag(ret, argv, argc, &i, verb, allowed | FLAG_BIT(HELP), err) < 0)
            return err->code;
    }
    return 0;
}

void options_deinit(Options *options)
{
    for (size_t i = 0; i < options->owned_count; i++)
        free(options->owned[i]);
    free(options->owned);
    free(options->sets);
    free(options->providers);
    free(options->replaces);
    free(options->only);
    free(options->args);
    free(options->command);
    *options = (Options){0};
}
