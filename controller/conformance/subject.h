/* The provider under test: reached by URL, or started here as the host would start it, and then
 * also killed and started again on the same data.
 *
 * Its folder is made for the run and removed with it: nothing of an earlier run is remembered. */
#ifndef VED_CONFORMANCE_SUBJECT_H
#define VED_CONFORMANCE_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/host/http.h"
#include "lang/base/buffer.h"
#include "lang/base/error.h"

typedef struct Subject Subject;

/* Read before subject_open() returns, but `tls`, whose strings must outlive the subject. */
typedef struct SubjectOptions {
    const char *plugin;     /* a name, a path or a URL */
    const char *plugin_dir; /* where those are that have a name */
    const char *config;     /* JSON text; NULL: none. Not for a URL. */
    HttpTls tls;            /* for a URL */
    const char *token_file; /* NULL: none */
    int64_t start_ms;       /* until it says where it listens */
} SubjectOptions;

/* Make its folder, and start it unless it is a URL. ERROR_PROVIDER with a sentence: it does not
 * come up. */
int subject_open(const SubjectOptions *options, Subject **ret, Error *err);
void subject_close(Subject *subject);
CLEANUP_DEFINE(Subject *, subject_close);

/* https://HOST:PORT; another one after each start. */
const char *subject_url(const Subject *subject);
const HttpTls *subject_tls(const Subject *subject);
/* "Authorization: Bearer ..." from the token file as it is now; NULL: none. The caller frees it. */
char *subject_authorization(const Subject *subject);

/* Where its objects may put what they make: an empty folder of this run's own. */
const char *subject_work_dir(const Subject *subject);

/* Whether it was started here. The rest is for one that was. */
bool subject_is_ours(const Subject *subject);
/* SIGKILL, and wait for its end. */
void subject_kill(Subject *subject);
/* Start it again after subject_kill(). */
int subject_start(Subject *subject, Error *err);
/* What it has written on its standard error, up to 16 MiB. */
void subject_log(const Subject *subject, Buffer *ret);

#endif
