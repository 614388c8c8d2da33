#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

int file_read(const char *path, size_t size_max, Buffer *ret, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[65536];
    size_t total = 0;

    if (fd < 0)
        return error_errno(err, errno, "open '%s'", path);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "read '%s'", path);
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > size_max)
            return error_errno(err, EFBIG, "read '%s': larger than %zu bytes", path, size_max);
        buffer_add(ret, chunk, (size_t)got);
    }
}

int fd_write_all(int fd, const void *bytes, size_t size, Error *err)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_errno(err, errno, "write");
        at += put;
        size -= (size_t)put;
    }
    return 0;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return memory_copy_string(".");
    return memory_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

static void replacement_end(FileReplacement *replacement)
{
    fd_close(replacement->fd);
    free(replacement->path);
    free(replacement->aside);
    *replacement = (FileReplacement){.fd = -1};
}

void file_replace_abandon(FileReplacement *replacement)
{
    if (replacement->fd >= 0)
        unlink(replacement->aside);
    replacement_end(replacement);
}

int file_replace_begin(const char *path, mode_t mode, FileReplacement *ret, Error *err)
{
    FileReplacement replacement = {.aside = memory_format("%s.new", path)};

    replacement.fd = open(replacement.aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (replacement.fd < 0) {
        int code = error_errno(err, errno, "create '%s'", replacement.aside);
        replacement_end(&replacement);
        return code;
    }
    replacement.path = memory_copy_string(path);
    *ret = replacement;
    return 0;
}

static int replacement_sync(FileReplacement *replacement, Error *err)
{
    if (fsync(replacement->fd) < 0)
        return error_errno(err, errno, "fsync '%s'", replacement->aside);
    close(replacement->fd);
    replacement->fd = -1;
    return 0;
}

int file_replace_commit(FileReplacement *replacement, Error *err)
{
    cleanup(free) char *folder = folder_of(replacement->path);
    int code = replacement_sync(replacement, err);

    if (code < 0) {
        file_replace_abandon(replacement);
        return code;
    }
    if (rename(replacement->aside, replacement->path) < 0)
        code =
            error_errno(err, errno, "rename '%s' to '%s'", replacement->aside, replacement->path);
    replacement_end(replacement);
    return code < 0 ? code : folder_sync(folder, err);
}

int file_replace(const char *path, const void *bytes, size_t size, mode_t mode, Error *err)
{
    cleanup(file_replace_abandon) FileReplacement replacement = {.fd = -1};
    int code = file_replace_begin(path, mode, &replacement, err);

    if (code < 0)
        return code;
    if (fd_write_all(replacement.fd, bytes, size, err) < 0)
        return error_wrap(err, "'%s'", replacement.aside);
    return file_replace_commit(&replacement, err);
}

int folder_sync(const char *path, Error *err)
{
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "open folder '%s'", path);
    if (fsync(fd) < 0)
        return error_errno(err, errno, "fsync folder '%s'", path);
    return 0;
}

int folder_make(const char *path, mode_t mode, Error *err)
{
    cleanup(free) char *partial = memory_copy_string(path);

    for (char *at = partial + 1;; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(partial, mode) < 0 && errno != EEXIST)
            return error_errno(err, errno, "create folder '%s'", partial);
        *at = end;
        if (end == '\0')
            break;
    }
    struct stat info;
    if (stat(path, &info) < 0)
        return error_errno(err, errno, "folder '%s'", path);
    if (!S_ISDIR(info.st_mode))
        return error_errno(err, ENOTDIR, "folder '%s'", path);
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info;
    (void)flag;
    (void)walk;
    return remove(path);
}

int folder_remove(const char *path, Error *err)
{
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
        return error_errno(err, errno, "remove folder '%s'", path);
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
