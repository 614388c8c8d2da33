/* Where keys for secrets come from: a file, a variable of the environment, or what a command
 * prints. A key is 32 bytes, written as 64 hexadecimal digits or in base64; white space around it
 * does not count.
 *
 * Neither a key nor what a source gave is ever in an error. */
#ifndef VED_HOST_KEY_SOURCE_H
#define VED_HOST_KEY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lang/base/error.h"
#include "lang/base/macros.h"

#define SECRETS_KEY_SIZE 32

/* Just one of them is set. */
typedef struct KeySource {
    char *file;
    char *env;
    char *command; /* for /bin/sh */
} KeySource;

/* `current` is what is sealed with, and may have none set: then the state keeps a key of its own.
 * `former` only open what was sealed with them. */
typedef struct KeySources {
    KeySource current;
    KeySource *former;
    size_t former_count;
} KeySources;

/* Read a key. ERROR_STATE: it is not there, or is none. A command has a minute. */
int key_source_read(const KeySource *source, uint8_t ret[SECRETS_KEY_SIZE], Error *err);

/* A key as it is written; 0 or ERROR_STATE. `where` is for the error. */
int key_parse(const char *text, const char *where, uint8_t ret[SECRETS_KEY_SIZE], Error *err);

bool key_source_is_set(const KeySource *source);

/* Deep. The caller frees with key_sources_deinit(). */
void key_sources_copy(const KeySources *from, KeySources *ret);
void key_sources_deinit(KeySources *sources);

#endif
