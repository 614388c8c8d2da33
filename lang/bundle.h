/* A program of several files as one text.
 *
 * Its first line says that it is one; then each file stands behind a line with its size and its
 * name, which is its path from the folder of the first file. So a program that imports others can
 * be kept, sent and hashed like any other. A program without imports is its own text. */
#ifndef VED_LANG_BUNDLE_H
#define VED_LANG_BUNDLE_H

#include "lang/base/buffer.h"
#include "lang/base/error.h"
#include "lang/diagnostic.h"
#include "lang/source.h"

#define BUNDLE_FILES_MAX 1000

/* Reads the files that a program imports. `path` goes from the folder of the program's first file
 * and never out of it. Appends the text to `ret`; 0 or a negative code. */
typedef struct SourceLoader {
    int (*load)(void *context, const char *path, Buffer *ret, Error *err);
    void *context;
} SourceLoader;

/* The name, in the arena, of the file that file `from` means by `path`: `a/b.ved` of `x/y.ved` is
 * `x/a/b.ved`, `../b.ved` is `b.ved`. NULL: it is empty, absolute, or leads out of the folder of
 * the first file. */
const char *bundle_path(Arena *arena, const char *from, const char *path);

/* Complete `source`, whose name is set, with a copy of the text and its files, in the arena of the
 * diagnostics. With a loader, the text becomes that of the program with all files that it imports,
 * in the order in which they are met; what cannot be imported is reported. False, and reported: the
 * text is one of several files, and damaged. */
bool bundle_load(Source *source, const char *text, size_t size, const SourceLoader *loader,
                 Diagnostics *diagnostics);

#endif
