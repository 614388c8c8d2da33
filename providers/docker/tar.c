#include "providers/docker/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/base/buffer.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define BLOCK 512
#define NAME_FIELD 100
#define PREFIX_FIELD 155
#define LINK_MAX_SIZE 100
#define COPY_SIZE ((size_t)1 << 16)

/* The header block, field by field. */
typedef struct Header {
    char name[NAME_FIELD];
    char mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
    char type;
    char link[LINK_MAX_SIZE];
    char magic[6], version[2], user[32], group[32], major[8], minor[8];
    char prefix[PREFIX_FIELD];
    char unused[12];
} Header;

_Static_assert(sizeof(Header) == BLOCK, "a header is one block");

typedef struct Walk {
    /* What is done with each; `name` is relative to the folder. */
    int (*visit)(void *context, const char *path, const char *name, const struct stat *about,
                 Error *err);
    void *context;
    size_t count;
} Walk;

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int walk_folder(Walk *walk, const char *path, const char *name, Error *err);

static int walk_entry(Walk *walk, const char *path, const char *name, Error *err)
{
    struct stat about;

    if (++walk->count > TAR_FILES_MAX)
        return error_set(err, -EFBIG, "expected at most %d files, found more at '%s'",
                         TAR_FILES_MAX, path);
    if (lstat(path, &about) < 0)
        return error_errno(err, errno, "look at '%s'", path);
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode) && !S_ISLNK(about.st_mode))
        return 0;
    int code = walk->visit(walk->context, path, name, &about, err);
    return code < 0 || !S_ISDIR(about.st_mode) ? code : walk_folder(walk, path, name, err);
}

static int walk_folder(Walk *walk, const char *path, const char *name, Error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_entry, alphasort), code = 0;

    if (count < 0)
        return error_errno(err, errno, "list folder '%s'", path);
    for (int i = 0; i < count; i++) {
        cleanup(free) char *below = memory_format("%s/%s", path, entries[i]->d_name);
        cleanup(free) char *inner =
            memory_format("%s%s%s", name, name[0] != '\0' ? "/" : "", entries[i]->d_name);
        if (code == 0)
            code = walk_entry(walk, below, inner, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

/* ---- writing ---- */

typedef struct Archive {
    int fd;
    int64_t size;
} Archive;

/* The name, or its beginning in the other field if it is long. */
static int set_name(Header *header, const char *name, bool is_folder, Error *err)
{
    cleanup(free) char *full = memory_format("%s%s", name, is_folder ? "/" : "");
    size_t size = strlen(full);
    size_t from = size > NAME_FIELD ? size - NAME_FIELD : 0;
    const char *slash = from > 0 ? strchr(full + from - 1, '/') : NULL;

    if (from == 0) {
        memcpy(header->name, full, size);
        return 0;
    }
    if (slash == NULL || slash[1] == '\0' || (size_t)(slash - full) > PREFIX_FIELD)
        return error_set(err, -ENAMETOOLONG, "'%s': the name is too long for an archive", name);
    memcpy(header->prefix, full, (size_t)(slash - full));
    memcpy(header->name, slash + 1, strlen(slash + 1));
    return 0;
}

static void set_numbers(Header *header, const struct stat *about)
{
    unsigned long long size = S_ISREG(about->st_mode) ? (unsigned long long)about->st_size : 0;
    unsigned sum = 0;

    snprintf(header->mode, sizeof header->mode, "%07o", (unsigned)about->st_mode & 07777);
    snprintf(header->uid, sizeof header->uid, "%07o", 0U);
    snprintf(header->gid, sizeof header->gid, "%07o", 0U);
    snprintf(header->size, sizeof header->size, "%011llo", size & 077777777777ULL);
    snprintf(header->mtime, sizeof header->mtime, "%011llo",
             (unsigned long long)about->st_mtime & 077777777777ULL);
    memcpy(header->magic, "ustar", 6);
    memcpy(header->version, "00", 2);
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++)
        sum += ((const unsigned char *)header)[i];
    snprintf(header->checksum, sizeof header->checksum, "%06o", sum & 0777777);
}

/* Exactly as many bytes as the header says, whatever happens to the file meanwhile. */
static int copy_file(Archive *archive, const char *path, int64_t size, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    cleanup(free) char *block = memory_alloc(COPY_SIZE);
    static const char zeros[BLOCK];

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    for (int64_t left = size; left > 0;) {
        ssize_t got = read(fd, block, left < (int64_t)COPY_SIZE ? (size_t)left : COPY_SIZE);
        if (got <= 0)
            return error_set(err, -EIO, "'%s' was shortened while it was read", path);
        if (fd_write_all(archive->fd, block, (size_t)got, err) < 0)
            return err->code;
        left -= got;
    }
    return fd_write_all(archive->fd, zeros, (size_t)((BLOCK - size % BLOCK) % BLOCK), err);
}

static int add(void *context, const char *path, const char *name, const struct stat *about,
               Error *err)
{
    Archive *archive = context;
    Header header = {.type = S_ISDIR(about->st_mode) ? '5' : S_ISLNK(about->st_mode) ? '2' : '0'};

    archive->size += about->st_size;
    if (archive->size > TAR_SIZE_MAX)
        return error_set(err, -EFBIG, "the folder is larger than %lld bytes",
                         (long long)TAR_SIZE_MAX);
    if (set_name(&header, name, S_ISDIR(about->st_mode), err) < 0)
        return err->code;
    if (S_ISLNK(about->st_mode) &&
        (about->st_size > LINK_MAX_SIZE || readlink(path, header.link, LINK_MAX_SIZE) < 0))
        return error_set(err, -ENAMETOOLONG, "'%s': where the link leads is too long", path);
    set_numbers(&header, about);
    if (fd_write_all(archive->fd, &header, sizeof header, err) < 0)
        return err->code;
    return S_ISREG(about->st_mode) ? copy_file(archive, path, about->st_size, err) : 0;
}

int tar_write(const char *folder, const char *path, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    Archive archive = {.fd = fd};
    Walk walk = {.visit = add, .context = &archive};
    static const char end[2 * BLOCK];

    if (fd < 0)
        return error_errno(err, errno, "make '%s'", path);
    int code = walk_folder(&walk, folder, "", err);
    return code < 0 ? code : fd_write_all(fd, end, sizeof end, err);
}

/* ---- looking ---- */

static int note(void *context, const char *path, const char *name, const struct stat *about,
                Error *err)
{
    (void)path, (void)err;
    buffer_add_format(context, "%s %o %lld %lld.%09ld\n", name, (unsigned)about->st_mode,
                      S_ISREG(about->st_mode) ? (long long)about->st_size : 0LL,
                      S_ISREG(about->st_mode) ? (long long)about->st_mtim.tv_sec : 0LL,
                      S_ISREG(about->st_mode) ? about->st_mtim.tv_nsec : 0L);
    return 0;
}

int tar_glance(const char *folder, char ret[2 * SHA256_SIZE + 1], Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    Walk walk = {.visit = note, .context = &text};
    uint8_t digest[SHA256_SIZE];
    int code = walk_folder(&walk, folder, "", err);

    if (code < 0)
        return code;
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, sizeof digest, ret);
    return 0;
}
