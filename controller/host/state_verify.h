/* What a state folder's files hold, and whether each of them is whole.
 *
 * Reads every byte of all of them, those too that recovery would not need, and changes nothing. It
 * says nothing of whether the core can make a state of them. */
#ifndef VED_HOST_STATE_VERIFY_H
#define VED_HOST_STATE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/json.h"

typedef enum FileHealth {
#define HEALTH(id, name) HEALTH_##id,
#include "controller/host/state_health.def"
#undef HEALTH
} FileHealth;

typedef struct FileFinding {
    char *name;       /* in the folder */
    const char *kind; /* stack, program, checkpoint, journal, torn */
    FileHealth health;
    uint64_t position; /* in its name */
    uint64_t bytes;
    uint64_t records; /* journals: good ones, from the start on */
    uint64_t last;    /* journals: the number of the last of them */
    uint64_t program; /* checkpoints: the program they name */
    bool has_base;    /* checkpoints: that hold what has changed since another, */
    uint64_t base;    /* of this position */
    bool sealed;      /* journals: the last record is that of an orderly stop */
    bool is_located;  /* torn and damaged journals: the next four say where */
    uint64_t line;
    uint64_t byte;
    char expected[9], found[9]; /* checksums; "" where there are none */
    char *message;              /* torn and damaged: the sentence about it; else NULL */
} FileFinding;

typedef struct StateFindings {
    FileFinding *items; /* stack.json first, then by position */
    size_t count;
    size_t capacity;
    bool damaged; /* any of them is */
} StateFindings;

/* Look at the folder. 0, or a failure to read it at all; what is wrong with its files is no
 * failure. The caller calls state_findings_deinit(). */
int state_verify(const char *folder, StateFindings *ret, Error *err);

void state_findings_deinit(StateFindings *findings);
#define state_findings_deinit_p state_findings_deinit

const char *file_health_name(FileHealth health);

/* One finding as members of an object, for machines. The caller's. */
Json *file_finding_json(const FileFinding *finding);

#endif
