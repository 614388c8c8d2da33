/* A small virtual world around the core: a program, a provider that answers after scripted delays
 * and fails when it is told to, a clock that only moves when nothing else happens, and a journal.
 *
 * What happens is written to a trace, and the trace is the assertion: world_expect() compares and
 * forgets it. After every step the records so far are applied to a second runtime, and its snapshot
 * must equal that of the live one byte for byte; so every test tests recovery too. */
#ifndef VED_TESTS_CORE_WORLD_H
#define VED_TESTS_CORE_WORLD_H

#include "controller/core/manual.h"

#define WORLD_LINEAGE "0123456789abcdef0123456789abcdef"
#define WORLD_DELAY_MS 20
#define WORLD_FACT_DELAY_MS 10

typedef struct World World;

/* Every effect makes an object of provider Infra unless world_action() says otherwise, takes its
 * positional arguments as `first` and `second`, answers after WORLD_DELAY_MS and results in its
 * address. The program must check. */
World *world_new(const char *program);
void world_free(World *world);

/* ---- scripting; effects are named as in "Infra.CreatePostgres" ---- */

void world_action(World *world, const char *effect);
void world_defaults(World *world, const char *effect, const char *json);
void world_delay(World *world, const char *effect, uint64_t ms);
void world_result(World *world, const char *effect, const char *json);
void world_fail_next(World *world, const char *effect, size_t count);
void world_let_pass(World *world, const char *effect, size_t count); /* before those that fail */

/* Those that fail are answered with that code; else it is INJECTED. A static text. */
void world_fail_code(World *world, const char *effect, const char *code);

/* At that time the provider reports the object of that address as lost, or as there again. */
void world_lose_at(World *world, uint64_t at_ms, const char *address);
void world_find_at(World *world, uint64_t at_ms, const char *address);

/* Now it reports that the object is another one: with that result. */
void world_change_now(World *world, const char *address, const char *result);

/* From now on, or from then on, the provider says that of a fact, named as in
 * `Infra.status("db")`; NULL: it cannot say, which is what it does without this. Whoever asks is
 * answered after WORLD_FACT_DELAY_MS. */
void world_fact(World *world, const char *fact, const char *json);
void world_fact_at(World *world, uint64_t at_ms, const char *fact, const char *json);
void world_fact_delay(World *world, uint64_t ms);

/* No comparing with a second runtime: for what would take too long. */
void world_unchecked(World *world);

/* ---- running ---- */

RuntimeOptions *world_options(World *world); /* a controller's: failed effects are tried again */
Runtime *world_runtime(World *world);

/* Until nothing is left to happen; until that time at most; or one step of EVENT_TURN. */
void world_run(World *world);
void world_run_until(World *world, uint64_t now_ms);
void world_turn(World *world);

/* The clock moves on; nothing is told to the core. */
void world_move(World *world, uint64_t now_ms);
void world_begin(World *world);
void world_destroy(World *world);
void world_facts_due(World *world); /* all are observed again */

/* Another process takes over, from the journal or from a snapshot; what had been asked of the
 * provider goes on there. */
void world_recover(World *world);
void world_restore(World *world);

/* Pass the state on to a changed program with bindings without defaults, and with the first values
 * of its text. False: refused, the sentence is in `*err`. */
bool world_evolve(World *world, const char *program, Error *err);

/* Edit the state by hand. False: refused, the sentence is in `*err`. */
bool world_edit(World *world, const ManualEdit *edit, Error *err);

/* Another process takes over from one that died in a slice of that domain, which handled that
 * message (0: none); by itself, or because it was killed. */
void world_died(World *world, const char *domain, uint64_t message, bool by_itself);

/* ---- asking ---- */

void world_expect(World *world, const char *trace);
void world_forget(World *world); /* the trace so far */
const char *world_trace(const World *world);

/* "Domain.field" prints as `text`; "Domain.Goal" has that status. */
void world_expect_field(World *world, const char *field, const char *text);
void world_expect_goal(World *world, const char *goal, const char *status);

/* The objects in order of making: "ADDRESS state" a line. */
void world_expect_objects(World *world, const char *lines);

/* What reached the provider, each operation once: "VERB ADDRESS ARGUMENTS" a line. */
void world_expect_calls(World *world, const char *lines);

Object *world_object(World *world, const char *address);
size_t world_asked(const World *world);                          /* how often for a fact */
size_t world_operations(const World *world, const char *effect); /* different ones; NULL: all */
const char *world_operation(const World *world, size_t index);   /* its key */
uint64_t world_now(const World *world);
size_t world_records(const World *world);
const char *world_record(const World *world, size_t index); /* its text */

/* ---- crashes ---- */

/* What a finished world came to, and what its provider was asked: equal for equal outcomes. The
 * caller frees it. */
char *world_outcome(World *world);

/* A world as it would be found after a crash: the first `records` of the journal, read as records
 * or – `from_snapshot` – as the snapshot after them. With `sent` the provider has what was asked of
 * it by then; without, what the last step asked for never left. It has taken over already. */
World *world_crashed(const World *world, size_t records, bool from_snapshot, bool sent);

#endif
