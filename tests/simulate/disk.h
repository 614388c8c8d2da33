/* A disk in memory that may forget what was not synced.
 *
 * Each file has two contents: what a reader sees, and what is on the platter; between them lies the
 * list of changes that no sync has yet vouched for. The same for the names of a folder. When the
 * power goes, any of these changes may have reached the platter, in any order, a write also in
 * part; when only the process goes, all are still there, and still not vouched for.
 *
 * A sync that fails has lost what it was to write, and says so once: the pages are clean, readers
 * go on seeing them, and nothing will write them again. */
#ifndef VED_TESTS_SIMULATE_DISK_H
#define VED_TESTS_SIMULATE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISK_NAME_MAX 128

typedef struct Inode Inode;

typedef struct DiskEntry {
    char name[DISK_NAME_MAX];
    Inode *inode;
} DiskEntry;

void disk_make(void);

/* The power goes: what was not synced is kept by chance. */
void disk_cut_power(void);

/* A bit of the file turns over, among its first `limit` bytes. */
void disk_rot(Inode *inode, size_t limit);

/* Every call below is as of POSIX, but returns -errno. */
int disk_find(const char *path, Inode **ret);
int disk_open(const char *path, int flags, Inode **ret);
int disk_mkdir(const char *path);
int disk_unlink(const char *path);
int disk_rename(const char *from, const char *to);
ssize_t disk_read(const Inode *inode, void *bytes, size_t size, off_t at);
ssize_t disk_write(Inode *inode, const void *bytes, size_t size, off_t at);
int disk_truncate(Inode *inode, off_t size);
int disk_allocate(Inode *inode, off_t size); /* at least as long, with zeros */
int disk_sync(Inode *inode);

bool inode_is_folder(const Inode *inode);
off_t inode_size(const Inode *inode);
off_t inode_used(const Inode *inode); /* behind it are only zeros that nobody wrote */

/* What it was opened as, for messages and to know what is written. */
const char *inode_name(const Inode *inode);

/* for (i = 0; (e = inode_entry(folder, i)) != NULL; i++) */
const DiskEntry *inode_entry(const Inode *folder, size_t index);

/* True from when the disk is said to be full until the next process. */
void disk_set_full(bool full);

#endif
