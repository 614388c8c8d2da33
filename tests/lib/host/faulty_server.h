/* A provider that misbehaves on order: HTTPS with client certificates on 127.0.0.1, one scripted
 * fault for each request, and a log of what arrived as the assertion.
 *
 * Lives on the same loop as the client under test. Handshake and schema are answered well and not
 * logged unless a script says otherwise. */
#ifndef VED_TESTS_FAULTY_SERVER_H
#define VED_TESTS_FAULTY_SERVER_H

#include "controller/host/loop.h"

typedef enum FaultKind {
    FAULT_NONE,        /* `status`, `headers` and `body` are sent */
    FAULT_DROP_UNREAD, /* the next connection is closed before anything is read */
    FAULT_DROP_READ,   /* the request is read and the connection closed */
    FAULT_SILENT,      /* the request is read and never answered */
    FAULT_GARBAGE,     /* the answer is not HTTP */
    FAULT_HUGE,        /* status 200 and a body of 5 MiB */
    FAULT_HEADERS,     /* status 200 and 400 KiB of headers */
    FAULT_STALL,       /* half an answer, and then nothing more */
} FaultKind;

typedef struct Fault {
    FaultKind kind;
    int status;
    const char *headers; /* "Name: value\r\n" lines, may be NULL */
    const char *body;    /* may be NULL */
} Fault;

typedef struct FaultyServer FaultyServer;

/* `tls_dir` is the plugin folder of tls_files_make(). */
FaultyServer *faulty_server_new(Loop *loop, const char *tls_dir);
void faulty_server_free(FaultyServer *server);

const char *faulty_server_url(const FaultyServer *server);

/* What the next requests meet, in this order; strings must stay. Requests beyond it get 500. */
void faulty_server_script(FaultyServer *server, const Fault *faults, size_t count);

/* Replace what it says of its health, the handshake, and the schema document. */
void faulty_server_set_health(FaultyServer *server, const char *json);
void faulty_server_set_handshake(FaultyServer *server, const char *json);
void faulty_server_set_schema(FaultyServer *server, const char *json);

/* One line a request: "METHOD path", without the query; a request with a body has " #N" after it,
 * N being the same for equal bytes under an equal key. Dropped connections are "(dropped)". */
const char *faulty_server_log(const FaultyServer *server);

/* The last request with a body, headers and all. */
const char *faulty_server_last(const FaultyServer *server);

/* Most requests under way at once. */
size_t faulty_server_peak(const FaultyServer *server);

#endif
