/* CreatePostgres: a database server in a container, with data in a volume of its own.
 *
 * The rule: the volume goes with the object and with nothing else. A container that somebody has
 * removed is made again over it. */
#ifndef VED_DOCKER_POSTGRES_H
#define VED_DOCKER_POSTGRES_H

#include "providers/docker/container_make.h"

#define POSTGRES_PORT 5432

/* The arguments of the container in which a database runs. Pure. The caller owns them. */
Json *postgres_container_arguments(const Json *config, const Json *desired, const char *name,
                                   const char *volume, const char *password);

/* The image for these arguments: `image`, or the config's for postgres, or postgres, the last two
 * with the version as tag where they have none. The caller frees it. */
char *postgres_image(const Json *config, const Json *desired);

/* The major version: of the arguments, or of the image's tag; 0: not told. */
int postgres_major(const Json *desired, const char *image);

/* postgresql://USER:PASSWORD@HOST:5432/DATABASE; the caller frees it. */
char *postgres_url(const char *user, const char *password, const char *host, const char *database);

#endif
