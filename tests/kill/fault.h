/* The page that a program with a fault in it and the driver that put it there share.
 *
 * The driver writes all of it before it starts a program; the program counts in it. */
#ifndef VED_TESTS_FAULT_H
#define VED_TESTS_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FAULT_MAP_ENVIRONMENT "VED_FAULT_MAP"
#define FAULT_STACKS_MAX 32768

typedef enum FaultCall {
    CALL_ALLOC,
    CALL_WRITE,
    CALL_SYNC,
    CALL_CONNECT,
    CALL_SEND,
    CALL_RECEIVE,
    CALL_RENAME,
    CALL_OPEN,
    CALL_READ,
    CALL_ROOM,
    CALL_CUT,
    CALL_MAP,
    CALL_FOLDER,
    CALL_REMOVE,
    CALL_COUNT
} FaultCall;

typedef enum Fault {
#define FAULT(name, label, call, error, times, text) FAULT_##name,
#include "tests/kill/fault.def"
#undef FAULT
    FAULT_COUNT
} Fault;

typedef struct FaultMap {
    _Atomic int32_t fault; /* Fault, of which all calls are counted */
    _Atomic uint64_t at;   /* the call that fails, from 1; 0: none */
    _Atomic uint64_t calls;
    _Atomic bool fired;
    char program[32]; /* whose calls they are */
    /* With `lists` the first call from each place of the program, a place being the callers of the
     * call. */
    _Atomic bool lists;
    _Atomic uint32_t first_count;
    uint64_t firsts[FAULT_STACKS_MAX];
    uint64_t stacks[FAULT_STACKS_MAX * 2]; /* a hash table of them */
} FaultMap;

#endif
