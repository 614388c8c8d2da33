/* Says when files have changed, at no cost while they do not: by inotify(7) on their folders, so
 * that one which is replaced, as editors and mounted volumes do it, is seen, too. */
#ifndef VED_HOST_FILE_WATCH_H
#define VED_HOST_FILE_WATCH_H

#include "controller/host/loop.h"

typedef struct FileWatch FileWatch;

/* `changed` is called on the loop whenever anything in a folder of a watched file has been written,
 * moved or removed, once for all that is known by then; it may have been another file. */
int file_watch_new(Loop *loop, LoopCallback *changed, void *context, FileWatch **ret, Error *err);
void file_watch_free(FileWatch *watch); /* NULL is fine */
CLEANUP_DEFINE(FileWatch *, file_watch_free);

/* Watch the folder of a file, which need not exist itself. */
int file_watch_add(FileWatch *watch, const char *path, Error *err);

#endif
