#include "tests/simulate/disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tests/simulate/world.h"

#define SECTOR 512

typedef enum ChangeKind {
    CHANGE_WRITE,
    CHANGE_SIZE, /* cut off, or made longer with zeros */
    CHANGE_LINK,
    CHANGE_UNLINK,
    CHANGE_RENAME
} ChangeKind;

typedef struct Change {
    struct Change *next;
    ChangeKind kind;
    off_t at; /* CHANGE_SIZE: the new size */
    size_t size;
    const char *bytes;
    const char *name, *to; /* of a folder's; `to` for CHANGE_RENAME */
    Inode *inode;          /* CHANGE_LINK */
} Change;

/* What a file holds: `used` bytes, then zeros up to `size`; or the names in a folder. */
typedef struct Content {
    char *bytes;
    size_t used, capacity;
    off_t size;
    DiskEntry *entries;
    size_t entry_count, entry_capacity;
} Content;

struct Inode {
    Inode *next; /* of all */
    bool folder;
    char name[DISK_NAME_MAX];
    Content now, synced;
    Change *changes, **end;
};

struct Disk {
    Inode *root, *all;
    bool full;
};

/* ---- contents ---- */

static void bytes_reserve(Content *content, size_t size)
{
    if (size <= content->capacity)
        return;
    size_t capacity = content->capacity * 2 > size ? content->capacity * 2 : size + 256;
    char *bytes = world_alloc(capacity);
    if (content->used > 0)
        memcpy(bytes, content->bytes, content->used);
    content->bytes = bytes;
    content->capacity = capacity;
}

static void content_resize(Content *content, off_t size)
{
    if ((off_t)content->used > size) {
        memset(content->bytes + size, 0, content->used - (size_t)size);
        content->used = (size_t)size;
    }
    content->size = size;
}

static void content_write(Content *content, const char *bytes, size_t size, off_t at)
{
    size_t end = (size_t)at + size;

    bytes_reserve(content, end);
    memcpy(content->bytes + at, bytes, size);
    if (end > content->used)
        content->used = end;
    if ((off_t)end > content->size)
        content->size = (off_t)end;
}

static DiskEntry *entry_find(const Content *content, const char *name)
{
    for (size_t i = 0; i < content->entry_count; i++)
        if (strcmp(content->entries[i].name, name) == 0)
            return &content->entries[i];
    return NULL;
}

static void entry_put(Content *content, const char *name, Inode *inode)
{
    DiskEntry *entry = entry_find(content, name);

    if (entry == NULL && content->entry_count == content->entry_capacity) {
        size_t capacity = content->entry_capacity * 2 + 8;
        DiskEntry *entries = world_alloc(capacity * sizeof *entries);
        if (content->entry_count > 0)
            memcpy(entries, content->entries, content->entry_count * sizeof *entries);
        content->entries = entries;
        content->entry_capacity = capacity;
    }
    if (entry == NULL) {
        entry = &content->entries[content->entry_count++];
        memcpy(entry->name, name, strlen(name) + 1);
    }
    entry->inode = inode;
}

static void entry_drop(Content *content, const char *name)
{
    DiskEntry *entry = entry_find(content, name);

    if (entry == NULL)
        return;
    size_t after = content->entry_count - (size_t)(entry - content->entries) - 1;
    memmove(entry, entry + 1, after * sizeof *entry);
    content->entry_count--;
}

static void content_change(Content *content, const Change *change)
{
    switch (change->kind) {
    case CHANGE_WRITE:
        content_write(content, change->bytes, change->size, change->at);
        return;
    case CHANGE_SIZE:
        content_resize(content, change->at);
        return;
    case CHANGE_LINK:
        entry_put(content, change->name, change->inode);
        return;
    case CHANGE_UNLINK:
        entry_drop(content, change->name);
        return;
    case CHANGE_RENAME: {
        DiskEntry *entry = entry_find(content, change->name);
        Inode *inode = entry != NULL ? entry->inode : change->inode;
        entry_drop(content, change->name);
        entry_put(content, change->to, inode);
        return;
    }
    }
}

static void content_copy(Content *to, const Content *from)
{
    *to = *from;
    if (from->capacity > 0) {
        to->bytes = world_alloc(from->capacity);
        memcpy(to->bytes, from->bytes, from->used);
    }
    if (from->entry_capacity > 0) {
        to->entries = world_alloc(from->entry_capacity * sizeof *to->entries);
        memcpy(to->entries, from->entries, from->entry_count * sizeof *to->entries);
    }
}

/* ---- inodes ---- */

static Inode *inode_new(bool folder, const char *name)
{
    Inode *inode = world_alloc(sizeof *inode);

    inode->folder = folder;
    memcpy(inode->name, name, strlen(name) + 1);
    inode->end = &inode->changes;
    inode->next = world->disk->all;
    world->disk->all = inode;
    return inode;
}

static void inode_change(Inode *inode, Change change)
{
    Change *kept = world_alloc(sizeof *kept);

    *kept = change;
    content_change(&inode->now, kept);
    *inode->end = kept;
    inode->end = &kept->next;
}

static void changes_forget(Inode *inode)
{
    inode->changes = NULL;
    inode->end = &inode->changes;
}

bool inode_is_folder(const Inode *inode)
{
    return inode->folder;
}

off_t inode_size(const Inode *inode)
{
    return inode->now.size;
}

off_t inode_used(const Inode *inode)
{
    return (off_t)inode->now.used;
}

const char *inode_name(const Inode *inode)
{
    return inode->name;
}

const DiskEntry *inode_entry(const Inode *folder, size_t index)
{
    return index < folder->now.entry_count ? &folder->now.entries[index] : NULL;
}

void disk_make(void)
{
    world->disk = world_alloc(sizeof *world->disk);
    world->disk->root = inode_new(true, "");
}

void disk_set_full(bool full)
{
    world->disk->full = full;
}

/* ---- names ---- */

/* The folder that a path's last part is in; that part goes to `ret_name`. */
static int path_folder(const char *path, Inode **ret, char ret_name[DISK_NAME_MAX])
{
    Inode *folder = world->disk->root;

    for (;;) {
        while (*path == '/')
            path++;
        size_t size = strcspn(path, "/");
        if (size >= DISK_NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(ret_name, path, size);
        ret_name[size] = '\0';
        path += size;
        if (path[strspn(path, "/")] == '\0')
            break;
        const DiskEntry *entry = entry_find(&folder->now, ret_name);
        if (entry == NULL)
            return -ENOENT;
        if (!entry->inode->folder)
            return -ENOTDIR;
        folder = entry->inode;
    }
    *ret = folder;
    return 0;
}

int disk_find(const char *path, Inode **ret)
{
    char name[DISK_NAME_MAX];
    Inode *folder;
    int code = path_folder(path, &folder, name);

    if (code < 0)
        return code;
    const DiskEntry *entry = entry_find(&folder->now, name);
    if (name[0] != '\0' && entry == NULL)
        return -ENOENT;
    *ret = entry != NULL ? entry->inode : folder;
    return 0;
}

static int link_new(const char *path, bool is_folder, Inode **ret)
{
    char name[DISK_NAME_MAX];
    Inode *folder;
    int code = path_folder(path, &folder, name);

    if (code < 0)
        return code;
    if (world->disk->full)
        return -ENOSPC;
    *ret = inode_new(is_folder, name);
    inode_change(
        folder,
        (Change){.kind = CHANGE_LINK, .name = world_copy(name, strlen(name)), .inode = *ret});
    return 0;
}

int disk_open(const char *path, int flags, Inode **ret)
{
    int code = disk_find(path, ret);

    if (code == 0 && (flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (code == -ENOENT && (flags & O_CREAT))
        return link_new(path, false, ret);
    if (code < 0)
        return code;
    if ((flags & O_DIRECTORY) && !(*ret)->folder)
        return -ENOTDIR;
    if ((flags & O_TRUNC) && (*ret)->now.size > 0)
        return disk_truncate(*ret, 0);
    return 0;
}

int disk_mkdir(const char *path)
{
    Inode *inode;

    return disk_find(path, &inode) == 0 ? -EEXIST : link_new(path, true, &inode);
}

int disk_unlink(const char *path)
{
    char name[DISK_NAME_MAX];
    Inode *folder;
    int code = path_folder(path, &folder, name);

    if (code < 0)
        return code;
    if (entry_find(&folder->now, name) == NULL)
        return -ENOENT;
    inode_change(folder, (Change){.kind = CHANGE_UNLINK, .name = world_copy(name, strlen(name))});
    return 0;
}

/* Within one folder: nobody here needs more. */
int disk_rename(const char *from, const char *to)
{
    char name[DISK_NAME_MAX], new_name[DISK_NAME_MAX];
    Inode *folder, *other;
    int code = path_folder(from, &folder, name);

    if (code == 0)
        code = path_folder(to, &other, new_name);
    if (code < 0)
        return code;
    const DiskEntry *entry = entry_find(&folder->now, name);
    if (entry == NULL)
        return -ENOENT;
    if (folder != other)
        return -EXDEV;
    memcpy(entry->inode->name, new_name, sizeof new_name);
    inode_change(folder, (Change){.kind = CHANGE_RENAME,
                                  .name = world_copy(name, strlen(name)),
                                  .to = world_copy(new_name, strlen(new_name)),
                                  .inode = entry->inode});
    return 0;
}

/* ---- bytes ---- */

ssize_t disk_read(const Inode *inode, void *bytes, size_t size, off_t at)
{
    const Content *content = &inode->now;

    if (inode->folder)
        return -EISDIR;
    if (at >= content->size)
        return 0;
    if ((off_t)size > content->size - at)
        size = (size_t)(content->size - at);
    size_t held = (size_t)at < content->used ? content->used - (size_t)at : 0;
    if (held > size)
        held = size;
    if (held > 0)
        memcpy(bytes, content->bytes + at, held);
    memset((char *)bytes + held, 0, size - held);
    return (ssize_t)size;
}

ssize_t disk_write(Inode *inode, const void *bytes, size_t size, off_t at)
{
    if (world->disk->full && at + (off_t)size > inode->now.size)
        return -ENOSPC;
    inode_change(
        inode,
        (Change){.kind = CHANGE_WRITE, .at = at, .size = size, .bytes = world_copy(bytes, size)});
    return (ssize_t)size;
}

int disk_truncate(Inode *inode, off_t size)
{
    inode_change(inode, (Change){.kind = CHANGE_SIZE, .at = size});
    return 0;
}

int disk_allocate(Inode *inode, off_t size)
{
    if (size <= inode->now.size)
        return 0;
    if (world->disk->full)
        return -ENOSPC;
    return disk_truncate(inode, size);
}

/* ---- the platter ---- */

/* Part of a write: each of its sectors by itself. */
static void write_torn(Content *content, const Change *change)
{
    off_t at = change->at, end = change->at + (off_t)change->size;

    while (at < end) {
        off_t next = (at / SECTOR + 1) * SECTOR;
        if (next > end)
            next = end;
        if (!chance_one_in(&world->chance, 3))
            content_write(content, change->bytes + (at - change->at), (size_t)(next - at), at);
        at = next;
    }
    world_count(TROUBLE_TORN_WRITE);
}

/* What of the changes is kept: a part of them, as POSIX allows. But names go in the order in which
 * they were taken away: no file system is known that would keep the earlier and lose the later. */
typedef enum Keep { KEEP_ALL, KEEP_NONE, KEEP_FIRST, KEEP_ANY, KEEP_WAYS } Keep;

static void platter_take(Inode *inode)
{
    Keep keep = (Keep)chance_below(&world->chance, KEEP_WAYS);
    bool ended = keep == KEEP_NONE, unlinks = true;

    for (const Change *change = inode->changes; change != NULL; change = change->next) {
        bool is_unlink = change->kind == CHANGE_UNLINK;
        bool stays = keep == KEEP_ALL || (!ended && !chance_one_in(&world->chance, 3));
        stays &= !is_unlink || unlinks;
        unlinks &= !is_unlink || stays;
        ended |= keep == KEEP_FIRST && !stays;
        if (stays)
            content_change(&inode->synced, change);
        else if (change->kind == CHANGE_WRITE && keep != KEEP_NONE)
            write_torn(&inode->synced, change);
        else
            world_count(inode->folder ? TROUBLE_LOST_NAME : TROUBLE_LOST_WRITE);
    }
    changes_forget(inode);
}

int disk_sync(Inode *inode)
{
    if (!inode->folder && inode->changes != NULL && world_trouble(TROUBLE_SYNC_ERROR, 400)) {
        world->disk_trouble = true;
        platter_take(inode);
        return -EIO;
    }
    for (const Change *change = inode->changes; change != NULL; change = change->next)
        content_change(&inode->synced, change);
    changes_forget(inode);
    return 0;
}

void disk_cut_power(void)
{
    world_count(TROUBLE_POWER_CUT);
    world_trace("the power goes");
    for (Inode *inode = world->disk->all; inode != NULL; inode = inode->next) {
        platter_take(inode);
        content_copy(&inode->now, &inode->synced);
    }
}

void disk_rot(Inode *inode, size_t limit)
{
    size_t at = chance_below(&world->chance, limit);
    char bit = (char)(1 << chance_below(&world->chance, 7));

    assert(limit <= inode->now.used && limit <= inode->synced.used);
    inode->synced.bytes[at] ^= bit;
    inode->now.bytes[at] ^= bit;
    world_count(TROUBLE_ROT);
    world_trace("damage: byte %zu of %s", at, inode->name);
}
