/* A certificate authority for one run, so that a plugin started here and its client each know the
 * other and nobody else.
 *
 * The authority's key is never written and is gone when tls_files_make() returns: no further
 * certificate can be issued under it. */
#ifndef VED_HOST_TLS_FILES_H
#define VED_HOST_TLS_FILES_H

#include "lang/base/error.h"

/* Make FOLDER/plugin (server certificate for 127.0.0.1) and FOLDER/client (client certificate whose
 * name and URI are made of `identity`, NULL: none), each with tls.crt, tls.key and ca.crt, mode
 * 0600 in folders of mode 0700. Existing files are replaced. Keys are ECDSA P-256. */
int tls_files_make(const char *folder, const char *identity, Error *err);

#endif
