#include "controller/host/file_watch.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lang/base/memory.h"

#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR)

struct FileWatch {
    int fd;
    LoopWatch *readable;
    LoopCallback *changed;
    void *context;
};

static void on_readable(void *context)
{
    const FileWatch *watch = context;
    char events[4096];

    while (read(watch->fd, events, sizeof events) > 0)
        continue; /* which file it was does not matter */
    watch->changed(watch->context);
}

int file_watch_new(Loop *loop, LoopCallback *changed, void *context, FileWatch **ret, Error *err)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0)
        return error_errno(err, errno, "watch files");
    FileWatch *watch = memory_zero(1, sizeof *watch);
    *watch = (FileWatch){.fd = fd, .changed = changed, .context = context};
    watch->readable = loop_watch_new(loop, fd, true, false, on_readable, watch);
    *ret = watch;
    return 0;
}

void file_watch_free(FileWatch *watch)
{
    if (watch == NULL)
        return;
    loop_watch_free(watch->readable);
    close(watch->fd);
    free(watch);
}

int file_watch_add(FileWatch *watch, const char *path, Error *err)
{
    cleanup(free) char *copy = memory_copy_string(path);
    const char *folder = dirname(copy);

    if (inotify_add_watch(watch->fd, folder, CHANGES) < 0)
        return error_errno(err, errno, "watch folder '%s'", folder);
    return 0;
}
