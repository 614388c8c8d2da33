/* The provider of this machine: databases, processes, files, folders and HTTP requests.
 *
 * Every object has a folder DATA/TYPE/UID with its record; what exists is found again by it alone,
 * so the rule: the record says what was promised before anything is made, and is deleted after
 * everything else is gone. */
#ifndef VED_LOCAL_LOCAL_H
#define VED_LOCAL_LOCAL_H

#include <pthread.h>

#include "providers/local/identity.h"
#include "providers/sdk/fetch.h"
#include "providers/sdk/provider.h"

typedef struct Local {
    char *data_dir;     /* absolute */
    char *program_dir;  /* where this plugin's own executable lies, and the sample application */
    char *postgres_dir; /* holds MAJOR/bin for every PostgreSQL installed */
    char boot_id[BOOT_ID_SIZE];
    Fetcher *fetcher;      /* keeps no connection: an application that is to stop waits for them */
    pthread_mutex_t ports; /* held from choosing a port until the record that keeps it is durable */
} Local;

/* Its schema document. */
extern const char local_schema[];

/* Fill `provider` for provider_main(); `local` must outlive it. local_deinit() accepts one that was
 * never opened. */
void local_init(Local *local, Provider *provider);
void local_deinit(Local *local);

#endif
