/* One PostgreSQL cluster: its folder, its making, its server.
 *
 *   DATA/postgres/UID/object.json     what it is to be, its port
 *                     pgpass          password of the application's role
 *                     admin-pgpass    password of the superuser, ours alone
 *                     identity.json   who the server is
 *                     initdb.json     who its making is or was
 *                     server.log      initdb.log
 *                     server/         belongs to the user the server runs as
 *                     server/making   a cluster that initdb has not finished
 *                     server/data     a cluster
 *
 * The rule: server/data exists only as a whole, by rename, and is deleted by cluster_delete() and
 * by nothing else. */
#ifndef VED_LOCAL_CLUSTER_H
#define VED_LOCAL_CLUSTER_H

#include "lang/base/arena.h"
#include "providers/local/object.h"
#include "providers/local/postgres_tools.h"
#include "providers/local/privilege.h"

#define CLUSTER_HOST "127.0.0.1"
#define CLUSTER_ADMIN "ved_admin"

typedef struct Cluster {
    Local *local;
    const ProviderRequest *request;
    Object object;
    Arena arena; /* the paths below */
    char *mark;
    char *server;
    char *making;
    char *data;
    char *server_log;
    char *initdb_log;
    char *identity_path;
    char *initdb_path;
    char *passfile;
    char *admin_passfile;
    char **envp; /* ours without what would point PostgreSQL's programs elsewhere */
    PostgresTools tools;
    Runner runner;
    Identity identity; /* pid 0: never started */
    IdentityStatus status;
    int port;
    bool known; /* there is a record */
} Cluster;

/* Look at the cluster of the request's uid; changes nothing. `ret` goes to cluster_deinit(), after
 * a failure too. */
int cluster_init(Local *local, const ProviderRequest *request, Cluster *ret, Error *err);
void cluster_deinit(Cluster *cluster);
#define cluster_deinit_p cluster_deinit

/* server/data exists. */
bool cluster_is_made(const Cluster *cluster);

/* The major version the data belongs to; 0 if there is none. */
int cluster_version(const Cluster *cluster);

/* Needs the port. Write the password files that are missing. */
int cluster_passfiles(const Cluster *cluster, Error *err);

/* Needs tools, runner, port and password files. Make the cluster, from the beginning if a former
 * making was cut off. 0, or -1 with `problem`. */
int cluster_make(Cluster *cluster, ProviderProblem *problem);

/* Start the server of a cluster that is made and not running. 0, or -1 with `problem`. */
int cluster_start(Cluster *cluster, ProviderProblem *problem);

/* End making and server, whoever is left of them; false if somebody survives. */
bool cluster_stop(Cluster *cluster);

/* Delete everything; the server has been stopped. */
int cluster_delete(Cluster *cluster, Error *err);

#endif
