/* Who a process is: its pid, when it started, and in which boot of the machine.
 *
 * A pid alone is nobody: it is given to somebody else sooner or later. Never signal a process that
 * identity_status() has not just called IDENTITY_ALIVE. */
#ifndef VED_LOCAL_IDENTITY_H
#define VED_LOCAL_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lang/base/error.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 64

typedef struct Identity {
    pid_t pid;
    uint64_t start_time; /* clock ticks between boot and start: /proc/PID/stat, field 22 */
    char boot_id[BOOT_ID_SIZE];
} Identity;

#define IDENTITY_STATUS(X)                                                                         \
    X(ALIVE, "is running")                                                                         \
    X(EXITED, "has exited")                                                                        \
    X(REBOOTED, "ended when the machine was restarted")

typedef enum IdentityStatus {
#define X(name, text) IDENTITY_##name,
    IDENTITY_STATUS(X)
#undef X
} IdentityStatus;

/* identity_load() found no file: nothing was ever started. */
#define IDENTITY_NONE 1

/* The fields of /proc/PID/stat that matter here. */
typedef struct ProcessStat {
    char state; /* 'Z' and 'X' are dead, whether or not somebody has reaped them */
    pid_t group;
    uint64_t start_time;
} ProcessStat;

/* False if there is no such process. */
bool process_stat_read(pid_t pid, ProcessStat *ret);
bool process_stat_is_dead(const ProcessStat *stat);

/* The text of `path` without its line end. */
int boot_id_read(const char *path, char ret[BOOT_ID_SIZE], Error *err);

/* The identity of a process that lives now. */
int identity_of(pid_t pid, const char *boot_id, Identity *ret, Error *err);

/* 0 or IDENTITY_NONE; a file that does not read as an identity is an error. */
int identity_load(const char *path, Identity *ret, Error *err);

/* Durable when it returns 0. */
int identity_save(const char *path, const Identity *identity, Error *err);

IdentityStatus identity_status(const Identity *identity, const char *boot_id);

/* "process 123 has exited": for reasons shown to people. The caller frees it. */
char *identity_explain(const Identity *identity, IdentityStatus status);

/* Wait until the process is gone; false if it is still there after `timeout_ms`. */
bool identity_wait(const Identity *identity, const char *boot_id, int64_t timeout_ms);

/* Send `signal` (0: only look) to every living process of the group the identity leads; returns how
 * many there are. When the leader itself is gone, only those count whose environment carries `mark`
 * ("VED_UID=..."): the number of a group can be given away, too. */
size_t group_signal(const Identity *identity, const char *boot_id, const char *mark, int signal);

/* The same until nobody is left; false if somebody is after `timeout_ms`. */
bool group_wait(const Identity *identity, const char *boot_id, const char *mark,
                int64_t timeout_ms);

/* Milliseconds of a clock that only goes forward, and a pause. */
int64_t monotonic_now_ms(void);
void monotonic_sleep_ms(int64_t duration_ms);

#endif
