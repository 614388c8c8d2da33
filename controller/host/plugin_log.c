#include "controller/host/plugin_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/host/child.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

#define LOG_MAX_SIZE (16 << 20)
#define LAST_SIZE 600

int plugin_log_open(const char *data_dir, Error *err)
{
    cleanup(free) char *path = memory_format("%s/plugin.log", data_dir);
    cleanup(free) char *aside = memory_format("%s/plugin.log.1", data_dir);
    struct stat status;

    if (stat(path, &status) == 0 && status.st_size > LOG_MAX_SIZE)
        rename(path, aside);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    fd = fd < 0 ? -errno : child_stream(fd);
    return fd < 0 ? error_errno(err, -fd, "open '%s'", path) : fd;
}

/* Behind the time that the SDK writes before each line. */
static const char *without_time(const char *line)
{
    const char *space = strchr(line, ' ');

    return space != NULL && space - line == 24 && line[10] == 'T' && space[-1] == 'Z' ? space + 1
                                                                                      : line;
}

char *plugin_last_words(int fd)
{
    char tail[LAST_SIZE + 1] = "";
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    ssize_t got = fd >= 0 ? pread(fd, tail, LAST_SIZE, size > LAST_SIZE ? size - LAST_SIZE : 0) : 0;

    while (got > 0 && (tail[got - 1] == '\n' || tail[got - 1] == '\r'))
        got--;
    if (got >= 0)
        tail[got] = '\0';
    const char *line = strrchr(tail, '\n');
    return memory_copy_string(without_time(line != NULL ? line + 1 : tail));
}

char *plugin_log_last(const char *data_dir)
{
    cleanup(free) char *path = memory_format("%s/plugin.log", data_dir);
    cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return plugin_last_words(fd);
}
