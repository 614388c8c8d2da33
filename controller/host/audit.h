/* Who changed a state by hand: `audit.ndjson` in the state folder, one JSON object a line, only
 * ever appended to.
 *
 * The rule: a line is durable before its edit is. So no edit lacks its line; the line of one that a
 * crash prevented may be there. Nothing reads the file back. */
#ifndef VED_HOST_AUDIT_H
#define VED_HOST_AUDIT_H

#include "lang/base/error.h"

typedef struct AuditEntry {
    const char *command; /* the whole command line */
    const char *edit;    /* "forget", "replace" ... */
    const char *address; /* NULL: none, as the next two */
    const char *to;
    const char *external_id;
} AuditEntry;

/* Append a line: the entry, with user, uid, host, process and time. -errno if that fails. */
int audit_append(const char *state_path, const AuditEntry *entry, Error *err);

#endif
