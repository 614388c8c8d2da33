/* What was promised, noted by a witness that no process takes along: which records were
 * acknowledged, and of which requests nobody knows what became of them.
 *
 * After each recovery the promises are held against what is there. */
#ifndef VED_TESTS_SIMULATE_PROMISE_H
#define VED_TESTS_SIMULATE_PROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/simulate/network.h"

typedef struct Inode Inode;

void promise_make(void);

/* A record was appended under that number; all up to `position` were committed. */
void promise_note_record(uint64_t sequence, const char *payload, size_t size);
void promise_note_commit(uint64_t position);

/* A group was committed to that journal, from there on: it vouches for all before it. */
void promise_note_group(Inode *journal, off_t at);

/* Turn over a bit of what no crash can damage; false: there is none yet. */
bool promise_damage(void);

/* A record was read in recovery: it must be the one that was acknowledged under that number. */
void promise_check_record(uint64_t sequence, const char *payload, size_t size);

/* All records up to this one were acknowledged. */
uint64_t promise_position(void);

/* All that was read; nothing acknowledged may be behind it. */
void promise_check_position(uint64_t position);

/* The state that a process has left at that position, and the one that another finds there. */
void promise_note_state(uint64_t position, uint64_t digest);
void promise_check_state(uint64_t position, uint64_t digest);

/* A mutation leaves: none may before the record of its intent is on disk, and none while it is not
 * known what became of it the last time. */
void promise_note_request(const Request *request);

/* An answer reaches the process, and says perhaps what became of a mutation. */
void promise_note_answer(const Request *request, const Reply *reply);

#endif
