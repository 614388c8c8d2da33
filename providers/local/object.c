#include "object.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lang/base/file.h"
#include "lang/base/hash.h"
#include "lang/base/memory.h"
#include "providers/local/port.h"

#define RECORD_SIZE_MAX (1 << 20)
#define SALT_SIZE 16

static bool uid_is_valid(const char *uid)
{
    size_t size = uid == NULL ? 0 : strlen(uid);

    for (size_t i = 0; i < size; i++)
        if (!isxdigit((unsigned char)uid[i]) || isupper((unsigned char)uid[i]))
            return false;
    return size == UID_SIZE;
}

static int record_read(const char *path, Json **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text;

    buffer_init(&text, RECORD_SIZE_MAX);
    int code = file_read(path, RECORD_SIZE_MAX, &text, err);
    if (code < 0)
        return code;
    if ((code = json_parse(buffer_text(&text), text.size, ret, err)) < 0)
        error_wrap(err, "read '%s'", path);
    return code;
}

int object_open(const Local *local, const char *type, const char *uid, Object *ret, Error *err)
{
    if (!uid_is_valid(uid))
        return error_set(err, ERROR_PROVIDER,
                         "uid '%.64s': expected 32 lower-case hexadecimal digits",
                         uid == NULL ? "" : uid);
    Object object = {.folder = memory_format("%s/%s/%s", local->data_dir, type, uid)};
    cleanup(free) char *path = object_path(&object, "object.json");

    int code = record_read(path, &object.record, err);
    if (code < 0 && code != -ENOENT) {
        object_deinit(&object);
        return code;
    }
    if (code < 0)
        object.record = json_new_object();
    *ret = object;
    return code < 0 ? OBJECT_NONE : 0;
}

void object_deinit(Object *object)
{
    free(take(object->folder));
    json_free(take(object->record));
}

int object_save(Object *object, Error *err)
{
    cleanup(free) char *path = object_path(object, "object.json");
    cleanup(free) char *text = json_text(object->record);

    int code = folder_make(object->folder, 0711, err);
    return code < 0 ? code : file_replace(path, text, strlen(text), 0600, err);
}

int object_delete(Object *object, Error *err)
{
    DIR *folder = opendir(object->folder);
    int code = 0;

    if (folder == NULL)
        return errno == ENOENT ? 0 : error_errno(err, errno, "open folder '%s'", object->folder);
    for (struct dirent *entry = readdir(folder); entry != NULL && code == 0;
         entry = readdir(folder)) {
        cleanup(free) char *path = object_path(object, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, "object.json") != 0)
            code = folder_remove(path, err);
    }
    closedir(folder);
    return code < 0 ? code : folder_remove(object->folder, err);
}

char *object_path(const Object *object, const char *name)
{
    return memory_format("%s/%s", object->folder, name);
}

bool object_is_established(const Object *object)
{
    return json_get_bool(object->record, "established", false);
}

int object_move(const Local *local, const char *type, const char *from, const char *to, Error *err)
{
    cleanup(free) char *folder = memory_format("%s/%s", local->data_dir, type);
    cleanup(free) char *old = memory_format("%s/%s", folder, from);
    cleanup(free) char *new = memory_format("%s/%s", folder, to);

    if (rename(old, new) < 0)
        return error_errno(err, errno, "rename '%s' to '%s'", old, to);
    return folder_sync(folder, err);
}

bool objects_visit(const Local *local, const char *type,
                   bool (*visit)(void *context, const char *uid, const Object *object),
                   void *context)
{
    cleanup(free) char *path = memory_format("%s/%s", local->data_dir, type);
    DIR *folder = opendir(path);
    bool stop = false;

    if (folder == NULL)
        return false;
    for (struct dirent *entry = readdir(folder); entry != NULL && !stop; entry = readdir(folder)) {
        Object object;
        if (!uid_is_valid(entry->d_name) ||
            object_open(local, type, entry->d_name, &object, NULL) < 0)
            continue;
        stop = visit(context, entry->d_name, &object);
        object_deinit(&object);
    }
    closedir(folder);
    return stop;
}

static bool has_port(void *context, const char *uid, const Object *object)
{
    (void)uid;
    return json_get_int(object->record, "port", 0) == *(int *)context;
}

static bool port_is_claimed(int port, const void *context)
{
    return objects_visit(context, "postgres", has_port, &port) ||
           objects_visit(context, "process", has_port, &port);
}

int object_port(Local *local, Object *object, int *ret, Error *err)
{
    int port = (int)json_get_int(object->record, "port", 0);
    int code = 0;

    if (port == 0) {
        pthread_mutex_lock(&local->ports);
        code = port_choose(port_is_claimed, local, &port, err);
        if (code == 0) {
            json_set_int(object->record, "port", port);
            code = object_save(object, err);
        }
        pthread_mutex_unlock(&local->ports);
    }
    if (code == 0)
        *ret = port;
    return code;
}

/* The salt keeps equal secrets of two objects from having equal digests. */
static void argument_digest(const char *salt, const Json *value, char ret[2 * SHA256_SIZE + 1])
{
    cleanup(buffer_deinit) Buffer text;
    uint8_t digest[SHA256_SIZE];

    buffer_init(&text, 0);
    buffer_add_string(&text, salt);
    json_write_canonical(&text, value);
    sha256(text.bytes, text.size, digest);
    hex_encode(digest, sizeof digest, ret);
    if (text.bytes != NULL)
        explicit_bzero(text.bytes, text.size);
}

static const char *object_salt(Object *object)
{
    if (json_get_string(object->record, "salt", NULL) == NULL) {
        uint8_t bytes[SALT_SIZE] = {0};
        char text[2 * SALT_SIZE + 1];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            abort();
        hex_encode(bytes, sizeof bytes, text);
        json_set_string(object->record, "salt", text);
    }
    return json_get_string(object->record, "salt", "");
}

void object_set_arguments(Object *object, const Json *arguments)
{
    Json *digests = json_new_object();
    const char *salt = object_salt(object);

    for (Json *member = json_first(arguments); member != NULL; member = json_next(member)) {
        char digest[2 * SHA256_SIZE + 1];
        argument_digest(salt, member, digest);
        json_set_string(digests, json_key(member), digest);
    }
    json_set(object->record, "arguments", digests);
}

static bool is_ignored(const char *name, const char *const *ignored)
{
    while (*ignored != NULL && strcmp(*ignored, name) != 0)
        ignored++;
    return *ignored != NULL;
}

const char *object_changed_argument(const Object *object, const Json *arguments,
                                    const char *const *ignored)
{
    const Json *recorded = json_get(object->record, "arguments");
    const char *salt = json_get_string(object->record, "salt", "");

    for (Json *member = json_first(arguments); member != NULL; member = json_next(member)) {
        char digest[2 * SHA256_SIZE + 1];
        argument_digest(salt, member, digest);
        if (!is_ignored(json_key(member), ignored) &&
            strcmp(json_get_string(recorded, json_key(member), ""), digest) != 0)
            return json_key(member);
    }
    for (Json *member = json_first(recorded); member != NULL; member = json_next(member))
        if (!is_ignored(json_key(member), ignored) && json_get(arguments, json_key(member)) == NULL)
            return json_key(member);
    return NULL;
}
