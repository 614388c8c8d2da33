/* The system calls of the controller, as the linker sends them to calls.c; and what of the host is
 * put in their place whole: loop.c for the loop, http.c for the network. */
#ifndef VED_TESTS_SIMULATE_CALLS_H
#define VED_TESTS_SIMULATE_CALLS_H

#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include "controller/host/journal.h"

/* The state folder on the virtual disk. */
#define SIMULATED_STATE "/stack/.ved/sim"

/* The journal that was written last. */
struct Inode *calls_journal(void);

/* Its bytes, as they are. */
off_t calls_journal_size(const Journal *journal);

/* For a mutant: a cut of this file does nothing. */
bool calls_keep_tail(const char *name);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t at);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
off_t __wrap_lseek(int fd, off_t at, int from);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_fallocate(int fd, int mode, off_t from, off_t size);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_access(const char *path, int mode);
int __wrap_stat(const char *path, struct stat *ret);
int __wrap_fstatat(int folder, const char *name, struct stat *ret, int flags);
int __wrap_nftw(const char *path, __nftw_func_t visit, int depth, int flags);
DIR *__wrap_opendir(const char *path);
struct dirent *__wrap_readdir(DIR *folder);
int __wrap_dirfd(DIR *folder);
int __wrap_closedir(DIR *folder);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_gettimeofday(struct timeval *ret, void *zone);
time_t __wrap_time(time_t *ret);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
pid_t __wrap_getpid(void);
int __wrap_gethostname(char *name, size_t size);

#endif
