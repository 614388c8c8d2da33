/* A provider over a data folder of its own, asked directly as the SDK would ask it.
 *
 * fixture_deinit() removes every object a test made and the folder; a test that fails half-way
 * leaves its processes to be seen. */
#ifndef VED_TEST_LOCAL_FIXTURE_H
#define VED_TEST_LOCAL_FIXTURE_H

#include "lang/base/json.h"
#include "providers/local/local.h"
#include "providers/sdk/schema.h"

#define UID_A "0123456789abcdef0123456789abcdef"
#define UID_B "fedcba9876543210fedcba9876543210"

typedef struct Fixture {
    Local local;
    Provider provider;
    Schema *schema;
    char folder[128];
    ProviderReply reply;     /* of the last call */
    ProviderProblem problem; /* of the last call */
    bool resumed;            /* of the next calls */
    const char *traceparent; /* of the next calls; NULL: none */
    const char *adopt;       /* of the next reconcile alone; NULL: nothing */
    bool remembers;          /* the next observation has what the last reply left, as the SDK has */
    ProviderFinding findings[FINDINGS_MAX]; /* of the last lookup */
    int finding_count;
} Fixture;

/* `config` is JSON text or NULL. */
void fixture_init(Fixture *fixture, const char *config);
void fixture_deinit(Fixture *fixture);

/* Begin again with the same folder, as the next plugin does. */
void fixture_restart(Fixture *fixture, const char *config);

/* `desired` is JSON text. */
int fixture_reconcile(Fixture *fixture, const char *type, const char *uid, const char *desired);
int fixture_remove(Fixture *fixture, const char *type, const char *uid);
ObserveStatus fixture_observe(Fixture *fixture, const char *type, const char *uid);
int fixture_run(Fixture *fixture, const char *action, const char *arguments);
int fixture_validate(Fixture *fixture, const char *effect, const char *desired);

/* How many there are, or -1 with `problem`. */
int fixture_lookup(Fixture *fixture, const char *type, const char *external_id, const char *search);

/* What is predicted of an update of the object as the last reply left it, or of a new one. The
 * caller owns it. */
Json *fixture_predict(Fixture *fixture, const char *effect, const char *uid, const char *desired,
                      bool is_new, bool disruptive);

/* The effect's entry in the schema. */
const Json *fixture_effect(const Fixture *fixture, const char *effect);

/* The answer of a query that is a truth value; -1 on a problem. */
int fixture_query(Fixture *fixture, const char *query, const char *args);

/* A member of the last reply's state. */
const char *fixture_string(const Fixture *fixture, const char *key);
int64_t fixture_int(const Fixture *fixture, const char *key);

/* The path of something in the fixture's folder, in a static buffer. */
const char *fixture_path(const Fixture *fixture, const char *name);

#endif
