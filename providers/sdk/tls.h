/* The plugin's side of mutual TLS 1.3: who it is, and which authority its clients must be signed
 * by.
 *
 * DIR holds tls.crt, tls.key and ca.crt (PEM). A client without a certificate of that authority
 * does not get through the handshake. */
#ifndef VED_SDK_TLS_H
#define VED_SDK_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "lang/base/error.h"

/* The caller owns `*ret`. With `lets_in_all` a client may come without a certificate, but not with
 * a wrong one: whoever calls asks tls_has_peer(), or for something else. */
int tls_context_new(const char *dir, bool lets_in_all, SSL_CTX **ret, Error *err);

/* Has the other side proved who it is? */
bool tls_has_peer(SSL *ssl);

/* Who the other side is: the URI of its certificate or else its common name; "" if neither. */
void tls_peer_name(SSL *ssl, char *ret, size_t size);

#endif
