/* What WriteFile and CreateDirectory have in common: objects that are paths.
 *
 * The record keeps the absolute path, so that a thing is found again whatever folder the plugin is
 * started in. The rule: what stands at the path is touched only after path_begin() has said that it
 * is ours, and every path_begin() that did is followed by path_end(). */
#ifndef VED_LOCAL_PATH_H
#define VED_LOCAL_PATH_H

#include <sys/stat.h>

#include "providers/local/kinds.h"
#include "providers/local/object.h"

#define FILE_MODE 0644
#define FOLDER_MODE 0755

typedef struct PathObject {
    Local *local;
    const ProviderRequest *request;
    mode_t format; /* S_IFREG or S_IFDIR: what may stand at the path */
    Object object;
    Json *desired; /* with secrets in clear */
    char *path;    /* absolute */
    mode_t mode;
    bool is_new; /* this call took the path */
} PathObject;

/* Read the request, hold the path, refuse what is not ours. 0, or -1 with `problem` and nothing
 * changed. `ret` goes to path_deinit() either way. */
int path_begin(Local *local, const ProviderRequest *request, mode_t format, PathObject *ret,
               ProviderProblem *problem);
void path_deinit(PathObject *path);
#define path_deinit_p path_deinit

/* The thing was made, or was not: then a path that holds nothing, or that was to be taken over, is
 * given back. Returns `code`. */
int path_end(PathObject *path, int code);

/* Forget the object, whose thing is gone. 0, or -1 with `problem`. */
int path_forget(Local *local, const char *type, Object *object, ProviderProblem *problem);

/* What is recorded of the object to remove. 0 with `ret_path` NULL if it was never made. */
int path_recorded(Local *local, const ProviderRequest *request, Object *ret, const char **ret_path,
                  ProviderProblem *problem);

/* The path of an object to observe, from what the last reply set aside or else from the record; the
 * caller frees it. NULL: it was never made, or cannot be told; `ret` says which. */
char *path_observed(Local *local, const ProviderRequest *request, ProviderReply *reply,
                    ProviderProblem *problem, ObserveStatus *ret);

/* A thing of `format` stands there: OBSERVE_FOUND with `info`; something else, or nothing:
 * OBSERVE_ABSENT with a reason; it cannot be looked at: OBSERVE_ERROR. */
ObserveStatus path_look(const char *path, mode_t format, struct stat *info, ProviderReply *reply,
                        ProviderProblem *problem);

/* Put "id", "path" and "mode" of what is planned into `planned`, as far as they are known. */
void path_predict(const ProviderRequest *request, mode_t otherwise, Json *planned);

/* Find things of `format`: the one at `external_id`, or those that the shell pattern `search`
 * matches; `fill` completes each. As Provider.lookup(). */
int path_lookup(const char *external_id, const char *search, mode_t format,
                void (*fill)(const char *path, ProviderFinding *finding), ProviderFinding *ret,
                ProviderProblem *problem);

/* The state that every path has; what was changed in it from outside, against the recorded one if
 * there is one, is added to `reason`. The caller owns both. */
Json *path_state(const char *path, const struct stat *info);
void path_add_difference(char **reason, const ProviderRequest *request, const Json *state,
                         const char *member);

/* UNAVAILABLE with the system's reason; returns -1. */
int path_failed(ProviderProblem *problem, int errnum, const char *what, const char *path);

/* "0644" */
void mode_text(mode_t mode, char ret[8]);

#endif
