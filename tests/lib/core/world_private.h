/* What the files of the world share. Not for tests: they include world.h. */
#ifndef VED_TESTS_CORE_WORLD_PRIVATE_H
#define VED_TESTS_CORE_WORLD_PRIVATE_H

#include "tests/lib/core/kept.h"
#include "tests/lib/core/world.h"

/* What the provider knows of one operation: asked again with its key, it answers the same. */
typedef struct Operation {
    char op[OP_SIZE];
    char *effect;
    char *line; /* "put ADDRESS ARGUMENTS" */
    char *uid;
    char *result;
    bool fails;
    uint64_t due_ms;
    size_t records; /* in the journal when it was first asked for */
} Operation;

typedef struct Script {
    char *effect;
    uint64_t delay_ms;
    char *result;
    size_t pass; /* the first operation that fails, counted from 0 */
    size_t fail; /* and how many do */
    const char *code;
} Script;

/* An answer on its way. */
typedef struct Flight {
    uint64_t intent;
    size_t operation;
    uint64_t due_ms;
} Flight;

typedef struct Sight {
    uint64_t at_ms;
    char *address;
    bool lost;
    size_t records; /* in the journal when it was told; SIZE_MAX: not yet */
} Sight;

typedef struct FactScript FactScript;
typedef struct Question Question;

struct World {
    char *text;
    Program *program;
    Bindings bindings;
    Runtime *runtime;
    Runtime *shadow; /* what the records alone say; NULL: unchecked */
    Kept kept;       /* what was kept of the runtime, checked with the shadow */
    size_t turns;
    RuntimeOptions options;
    Effects effects;
    uint64_t now_ms;
    bool turned;
    Operation *operations;
    size_t operation_count, operation_capacity;
    Script *scripts;
    size_t script_count, script_capacity;
    Flight *flights;
    size_t flight_count, flight_capacity;
    Sight *sights;
    size_t sight_count, sight_capacity;
    FactScript *facts;
    size_t fact_count, fact_capacity;
    Question *questions; /* asked and not answered, in order */
    size_t question_count, question_capacity;
    size_t asked;
    uint64_t fact_delay_ms;
    char **records;
    size_t record_count, record_capacity;
    Buffer trace;
    /* programs before an evolution; the runtime may no longer point into them, but records do */
    Program **old_programs;
    size_t old_program_count, old_program_capacity;
};

/* world_script.c */
char *world_effect_name(const EffectUse *use);
Program *world_compile(const char *text);
void world_bindings_make(const Program *program, Bindings *ret);
void bound_make_action(BoundEffect *bound, void *user);
Script *world_script_find(const World *world, const char *effect);
Script *world_script_of(World *world, const char *effect);
void world_sight_add(World *world, uint64_t at_ms, const char *address, bool lost);

/* world_fact.c */
void world_questions_take(World *world);
uint64_t
world_question_next(const World *world); /* when it is answered; UINT64_MAX: none is open */
Event world_question_answer(World *world, char **ret_fact); /* the caller frees its text */
void world_facts_copy(World *to, const World *from);
void world_questions_drop(World *world);
void world_facts_deinit(World *world);

/* world.c */
void world_replay(Runtime *runtime, const char *record);
Runtime *world_load_snapshot(const World *world, const char *text);
void world_effects_take(World *world);

#endif
