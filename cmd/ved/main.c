/* ved: one table of verbs, from which dispatch, help and usage come. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/ved/invocation.h"
#include "lang/base/library_memory.h"
#include "lang/base/memory.h"
#include "lang/suggest.h"

#define OUTPUT_FLAGS                                                                               \
    (FLAG_BIT(JSON) | FLAG_BIT(JSON_INTO) | FLAG_BIT(COLOR) | FLAG_BIT(QUIET) | FLAG_BIT(FORMAT))
#define STATE_FLAGS (FLAG_BIT(STATE) | FLAG_BIT(STACK) | FLAG_BIT(BINDINGS) | FLAG_BIT(PROVIDER))
#define RUN_FLAGS                                                                                  \
    (OUTPUT_FLAGS | STATE_FLAGS | FLAG_BIT(SET) | FLAG_BIT(VAR_FILE) | FLAG_BIT(PARALLELISM) |     \
     FLAG_BIT(TIMEOUT) | FLAG_BIT(LOCK_TIMEOUT) | FLAG_BIT(PROVIDER_TIMEOUT) |                     \
     FLAG_BIT(MAX_SLICES) | FLAG_BIT(STATE_FORMAT) | FLAG_BIT(DETAILED) | FLAG_BIT(SUMMARY))
#define EDIT_FLAGS                                                                                 \
    (OUTPUT_FLAGS | STATE_FLAGS | FLAG_BIT(LOCK_TIMEOUT) | FLAG_BIT(STATE_FORMAT) |                \
     FLAG_BIT(AUTO_APPROVE) | FLAG_BIT(YES))
#define ASK_FLAGS (FLAG_BIT(PARALLELISM) | FLAG_BIT(TIMEOUT) | FLAG_BIT(PROVIDER_TIMEOUT))
#define LOOK_FLAGS (STATE_FLAGS | FLAG_BIT(JSON) | FLAG_BIT(COLOR) | FLAG_BIT(OUTPUT))
#define REACH_FLAGS                                                                                \
    (FLAG_BIT(CONFIG) | FLAG_BIT(TLS_CA) | FLAG_BIT(TLS_CERT) | FLAG_BIT(TLS_KEY) |                \
     FLAG_BIT(TOKEN_FILE))

static VerbFunction verb_version, verb_help;

typedef struct Verb {
    const char *name;
    const char *arguments;
    const char *text;
    uint64_t flags;
    VerbFunction *function;
    bool quiet_stream; /* its result is a document: no NDJSON around it */
} Verb;

static const Verb verbs[] = {
    {"check", "FILE...", "check programs, and their effects by what is bound to them; offline",
     OUTPUT_FLAGS | STATE_FLAGS, verb_check, false},
    {"fmt", "FILE...", "rewrite programs in the manual's first form (- is standard input)",
     OUTPUT_FLAGS | FLAG_BIT(CHECK), verb_fmt, false},
    {"lint", "FILE...", "what is worth a thought in programs; ends with 1 if anything is",
     OUTPUT_FLAGS | FLAG_BIT(STRICT), verb_lint, false},
    {"fix", "FILE...", "mend in programs what needs no thought", OUTPUT_FLAGS | FLAG_BIT(CHECK),
     verb_fix, false},
    {"plan", "FILE", "what apply would do, in which order, because of what; touches nothing",
     RUN_FLAGS | FLAG_BIT(OUT) | FLAG_BIT(DESTROY) | FLAG_BIT(REPLACE) | FLAG_BIT(DIGEST),
     verb_plan, false},
    {"apply", "FILE | PLAN", "run until every goal holds, then stop",
     RUN_FLAGS | FLAG_BIT(AUTO_APPROVE) | FLAG_BIT(REPLACE) | FLAG_BIT(ADOPT) | FLAG_BIT(DIGEST),
     verb_apply, false},
    {"controller", "FILE...", "the same for ever: what is lost is made again, timers fire",
     RUN_FLAGS | FLAG_BIT(AUTO_APPROVE) | FLAG_BIT(YES) | FLAG_BIT(ADOPT), verb_controller, false},
    {"destroy", "[FILE]", "undo what the state owns, last first, then forget",
     RUN_FLAGS | FLAG_BIT(AUTO_APPROVE), verb_destroy, false},
    {"drift", "[FILE]", "what exists against what the state says; with --repair, made so again",
     EDIT_FLAGS | ASK_FLAGS | FLAG_BIT(DETAILED) | FLAG_BIT(REPAIR), verb_drift, false},
    {"import", "ADDR ID FILE", "put what exists outside, and is known as ID there, under the state",
     EDIT_FLAGS | ASK_FLAGS | FLAG_BIT(SET) | FLAG_BIT(VAR_FILE), verb_import, false},
    {"replace", "ADDR FILE", "apply, and make that object anew",
     RUN_FLAGS | FLAG_BIT(AUTO_APPROVE) | FLAG_BIT(REPLACE) | FLAG_BIT(ADOPT), verb_replace, false},
    {"forget", "ADDR [FILE]", "the state owns the object no more; it stays in the world",
     EDIT_FLAGS, verb_forget, false},
    {"redeliver", "MESSAGE|DOMAIN [FILE]", "put a dead letter, or all of a domain, back",
     EDIT_FLAGS, verb_redeliver, false},
    {"resume", "DOMAIN [FILE]", "a domain that is down runs again", EDIT_FLAGS, verb_resume, false},
    {"resolve", "OP [FILE]", "say what became of an effect whose outcome nobody could tell",
     EDIT_FLAGS | FLAG_BIT(APPLIED) | FLAG_BIT(NOT_APPLIED), verb_resolve, false},
    {"get", "KIND [FILE]", "domains, goals, resources, mailboxes, effects, facts or deadletters",
     LOOK_FLAGS, verb_get, true},
    {"state", "show|list [FILE]", "all that the state folder holds, or the addresses of objects",
     LOOK_FLAGS, verb_state, true},
    {"state verify", "[FILE]", "read every byte of the state folder and say what is whole",
     LOOK_FLAGS, verb_state_verify, true},
    {"state history", "[FILE]", "what has become of the state, as far back as it is kept",
     LOOK_FLAGS | FLAG_BIT(DOMAIN) | FLAG_BIT(LIMIT), verb_state_history, true},
    {"state repair", "[--cut] [FILE]",
     "what can be saved of a damaged state; with --cut, go on with it",
     LOOK_FLAGS | FLAG_BIT(CUT) | FLAG_BIT(LOCK_TIMEOUT) | FLAG_BIT(STATE_FORMAT),
     verb_state_repair, true},
    {"state restore", "N|DIR|newest [FILE]", "back to an earlier state, or to a copy of it",
     LOOK_FLAGS | FLAG_BIT(LOCK_TIMEOUT) | FLAG_BIT(STATE_FORMAT) | FLAG_BIT(AUTO_APPROVE) |
         FLAG_BIT(YES),
     verb_state_restore, true},
    {"state rekey", "[FILE]", "seal all secrets of the state folder with another key",
     LOOK_FLAGS | FLAG_BIT(LOCK_TIMEOUT), verb_state_rekey, true},
    {"state mv", "FROM TO [FILE]", "give an object, or all of a domain, another address",
     EDIT_FLAGS, verb_state_mv, false},
    {"show", "[PLAN | FILE]", "a saved plan, or the state, for people or with --json", LOOK_FLAGS,
     verb_show, true},
    {"inspect", "[FILE]", "what of a state matches an expression: --query 'state == \"lost\"'",
     LOOK_FLAGS | FLAG_BIT(QUERY), verb_inspect, true},
    {"why", "ADDR|MESSAGE|D.field [FILE]", "the slices behind an object, a message or a value",
     LOOK_FLAGS | FLAG_BIT(LIMIT), verb_why, true},
    {"replay", "[FILE|DIR]", "compute the journal again and compare what it gives",
     LOOK_FLAGS | FLAG_BIT(UNTIL) | FLAG_BIT(TO) | FLAG_BIT(DIGESTS), verb_replay, true},
    {"trace effect", "ID|ADDR [FILE]",
     "when an effect was wanted, sent, answered and what came of it", LOOK_FLAGS, verb_trace_effect,
     true},
    {"graph", "FILE", "a program's domains, events, messages and effects as a graph",
     FLAG_BIT(COLOR) | FLAG_BIT(GRAPH_FORMAT), verb_graph, true},
    {"provider list", "", "the plugins on this machine", FLAG_BIT(JSON), verb_provider_list, true},
    {"provider schema", "URL|PLUGIN", "its effects, their parameters and results, as JSON",
     REACH_FLAGS, verb_provider_schema, true},
    {"provider check", "URL|PLUGIN", "the rules of the protocol, tried on it one by one (TAP)",
     REACH_FLAGS | FLAG_BIT(JSON) | FLAG_BIT(ONLY) | FLAG_BIT(SAMPLES) | FLAG_BIT(TIMEOUT),
     verb_provider_check, true},
    {"explain", "[CODE]", "what a code means, with an example and the cure; or all codes", 0,
     verb_explain, true},
    {"version", "", "the version", FLAG_BIT(JSON), verb_version, true},
    {"help", "[VERB | exit-codes]", "this help", 0, verb_help, true},
};

/* Some have a name of two words: `state mv`. */
static const Verb *command_of_words(const char *first, const char *second)
{
    size_t length = strlen(first);

    for (size_t i = 0; second != NULL && i < ARRAY_SIZE(verbs); i++)
        if (strncmp(verbs[i].name, first, length) == 0 && verbs[i].name[length] == ' ' &&
            strcmp(verbs[i].name + length + 1, second) == 0)
            return &verbs[i];
    return NULL;
}

static const Verb *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* ---- help ---- */

static void print_overview(void)
{
    printf("Ved brings what a program describes into being, and keeps every promise about it.\n\n"
           "Usage: ved VERB [FLAGS] [ARGUMENTS]\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        int width = 34 - printf("  %s ", verbs[i].name);
        printf("%-*s  %s\n", width > 0 ? width : 0, verbs[i].arguments, verbs[i].text);
    }
    printf("\n`ved help VERB` lists a verb's flags, `ved help exit-codes` the exit codes.\n");
}

static void print_verb(const Verb *verb)
{
    printf("ved %s %s\n\n  %s\n", verb->name, verb->arguments, verb->text);
    if (verb->flags != 0)
        printf("\nFlags:\n");
    for (int i = 0; i < FLAG_COUNT; i++) {
        char left[64];
        if (!(verb->flags & (1ULL << i)))
            continue;
        snprintf(left, sizeof left, "%c%c --%s %s", flag_specs[i].letter ? '-' : ' ',
                 flag_specs[i].letter ? flag_specs[i].letter : ' ', flag_specs[i].name,
                 flag_specs[i].argument != NULL ? flag_specs[i].argument : "");
        printf("  %-32s %s\n", left, flag_specs[i].text);
    }
}

/* A flag stands behind its verb. */
static ExitReasons verb_missing(Ui *ui, const char *flag)
{
    cleanup(free) char *name = memory_format("%.*s", (int)strcspn(flag + 2, "="), flag + 2);
    Suggestion suggestion = suggest_begin(name);
    Error err;

    for (int i = 0; i < FLAG_COUNT; i++)
        suggest_try(&suggestion, flag_specs[i].name);
    if (suggestion.best != NULL)
        error_set(&err, ERROR_USAGE,
                  "expected a verb, found '%s': did you mean `ved VERB --%s`? `ved help` lists the "
                  "verbs",
                  flag, suggestion.best);
    else
        error_set(&err, ERROR_USAGE, "expected a verb, found '%s': `ved help` lists them", flag);
    return fail(ui, &err);
}

static ExitReasons unknown_verb(Ui *ui, const char *name)
{
    Suggestion suggestion = suggest_begin(name);
    Error err;

    if (strncmp(name, "--", 2) == 0)
        return verb_missing(ui, name);
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        suggest_try(&suggestion, verbs[i].name);
    if (suggestion.best != NULL)
        error_set(&err, ERROR_USAGE, "no verb '%s': did you mean `ved %s`?", name, suggestion.best);
    else
        error_set(&err, ERROR_USAGE, "no verb '%s': `ved help` lists them", name);
    return fail(ui, &err);
}

static ExitReasons verb_help(Ui *ui, const Options *options)
{
    cleanup(buffer_deinit) Buffer text = {0};
    const Verb *verb;

    if (options->arg_count == 0) {
        print_overview();
        return 0;
    }
    if (strcmp(options->args[0], "exit-codes") == 0) {
        exit_codes_print(&text);
        printf("Exit codes; if several apply, the gravest decides:\n\n%s", buffer_text(&text));
        return 0;
    }
    verb = command_of_words(options->args[0], options->arg_count > 1 ? options->args[1] : NULL);
    if (verb == NULL)
        verb = command_find(options->args[0]);
    if (verb == NULL)
        return unknown_verb(ui, options->args[0]);
    print_verb(verb);
    return 0;
}

static ExitReasons verb_version(Ui *ui, const Options *options)
{
    (void)ui;
    if (options->json)
        printf("{\"ved\":\"%s\",\"protocol\":\"1.0\",\"state_format\":1}\n", VED_VERSION);
    else
        printf("ved %s\n", VED_VERSION);
    return 0;
}

/* ---- dispatch ---- */

static int run(const Verb *verb, int argc, char **argv)
{
    cleanup(options_deinit) Options options;
    Ui ui = {0};
    Error err = {0};
    int code = options_parse(&options, argc, argv, verb->name, verb->flags, &err);

    if (code == 0 && options.help) {
        print_verb(verb);
        return fflush(stdout) == 0 ? 0 : exit_code(EXIT_BIT(STATE));
    }
    bool document = verb->quiet_stream;
    Options ui_options = options;
    ui_options.json = options.json && !document;
    if (code == 0)
        code = ui_init(&ui, &ui_options, &err);
    if (code < 0)
        return ui_finish(&ui, fail(&ui, &err));
    return ui_finish(&ui, verb->function(&ui, &options));
}

int main(int argc, char **argv)
{
    Ui ui = {0};

    library_memory_take_over();
    if (argc < 2) {
        print_overview();
        return exit_code(EXIT_BIT(USAGE));
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const Verb *verb = command_of_words(name, argc > 2 ? argv[2] : NULL);
    int words = verb != NULL ? 2 : 1;
    if (verb == NULL)
        verb = command_find(name);
    if (verb == NULL)
        return ui_finish(&ui, unknown_verb(&ui, name));
    return run(verb, argc - 1 - words, argv + 1 + words);
}
