#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/image.h"
#include "providers/docker/postgres.h"

#define VERSION_DEFAULT "17"
#define STOP_TIMEOUT_S 60
#define READY_TIMEOUT_S 120
#define HOST_NAME_MAX_SIZE 63 /* the kernel's */

/* Images from this version on keep data below another folder. */
#define FOLDER_MOVED_IN 18

static bool has_tag(const char *image)
{
    const char *slash = strrchr(image, '/');

    return strpbrk(slash != NULL ? slash : image, ":@") != NULL;
}

static char *version_text(const Json *desired)
{
    const Json *version = json_get(desired, "version");

    if (json_is_string(version))
        return memory_copy_string(json_string(version, ""));
    return json_is_int(version) ? memory_format("%lld", (long long)json_int(version, 0))
                                : memory_copy_string(VERSION_DEFAULT);
}

char *postgres_image(const Json *config, const Json *desired)
{
    const char *image = json_get_string(desired, "image", NULL);
    cleanup(free) char *version = version_text(desired);

    if (image != NULL)
        return memory_copy_string(image);
    image = json_get_string(json_get(config, "images"), "postgres", "postgres");
    return has_tag(image) ? memory_copy_string(image) : memory_format("%s:%s", image, version);
}

int postgres_major(const Json *desired, const char *image)
{
    cleanup(free) char *version = version_text(desired);
    cleanup(free) char *name = NULL, *tag = NULL;

    if (json_get(desired, "version") != NULL)
        return atoi(version);
    image_reference_split(image, &name, &tag);
    return isdigit((unsigned char)tag[0]) ? atoi(tag) : 0;
}

static Json *one_text(char *text)
{
    cleanup(free) char *owned = text;
    Json *array = json_new_array();

    json_append(array, json_new_string(owned));
    return array;
}

static Json *environment(const Json *desired, const char *password)
{
    Json *env = json_new_object();

    json_set_string(env, "POSTGRES_USER", json_get_string(desired, "user", "app"));
    json_set_string(env, "POSTGRES_DB", json_get_string(desired, "database", "app"));
    json_set_string(env, "POSTGRES_PASSWORD", password);
    return env;
}

/* Ready when a query is answered, which is_ready() asks; this says only for how long to wait. */
static Json *health(const Json *desired)
{
    Json *rules = json_new_object();

    json_set_int(rules, "timeout_s", json_get_int(desired, "ready_timeout_s", READY_TIMEOUT_S));
    return rules;
}

Json *postgres_container_arguments(const Json *config, const Json *desired, const char *name,
                                   const char *volume, const char *password)
{
    static const char *const passed[] = {"networks", "aliases", "limits",  "restart",
                                         "labels",   "pull",    "ulimits", "command"};
    cleanup(free) char *image = postgres_image(config, desired);
    bool moved = postgres_major(desired, image) >= FOLDER_MOVED_IN;
    const Json *port = json_get(desired, "port");
    Json *arguments = json_new_object();

    for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
        if (json_get(desired, passed[i]) != NULL)
            json_set(arguments, passed[i], json_copy(json_get(desired, passed[i])));
    json_set_string(arguments, "image", image);
    json_set_string(arguments, "name", name);
    if (strlen(name) <= HOST_NAME_MAX_SIZE)
        json_set_string(arguments, "hostname", name);
    json_set(arguments, "env", environment(desired, password));
    json_set(arguments, "volumes",
             one_text(memory_format("%s:/var/lib/postgresql%s", volume, moved ? "" : "/data")));
    if (port != NULL)
        json_set(arguments, "ports",
                 one_text(memory_format("127.0.0.1:%lld:%d", (long long)json_int(port, 0),
                                        POSTGRES_PORT)));
    json_set_int(arguments, "stop_timeout_s",
                 json_get_int(desired, "stop_timeout_s", STOP_TIMEOUT_S));
    json_set(arguments, "health", health(desired));
    return arguments;
}

/* Whatever is not plain is written %XX (RFC 3986, section 2.1). */
char *postgres_url(const char *user, const char *password, const char *host, const char *database)
{
    cleanup(free) char *user_part = api_encoded(user), *password_part = api_encoded(password);
    cleanup(free) char *database_part = api_encoded(database);

    return memory_format("postgresql://%s%s%s@%s:%d/%s", user_part, password[0] != '\0' ? ":" : "",
                         password_part, host, POSTGRES_PORT, database_part);
}
