#include "providers/sdk/tls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lang/base/memory.h"

static int tls_fail(Error *err, const char *what, const char *path)
{
    char text[256] = "no reason given";
    unsigned long code = ERR_get_error();

    if (code != 0)
        ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return error_set(err, ERROR_AUTH, "%s '%s': %s", what, path, text);
}

static int tls_load(SSL_CTX *context, const char *dir, Error *err)
{
    cleanup(free) char *certificate = memory_format("%s/tls.crt", dir);
    cleanup(free) char *key = memory_format("%s/tls.key", dir);
    cleanup(free) char *authority = memory_format("%s/ca.crt", dir);

    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return tls_fail(err, "read certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return tls_fail(err, "read private key", key);
    if (SSL_CTX_check_private_key(context) != 1)
        return tls_fail(err, "private key does not belong to certificate", certificate);
    if (SSL_CTX_load_verify_file(context, authority) != 1)
        return tls_fail(err, "read authority", authority);
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(authority));
    return 0;
}

int tls_context_new(const char *dir, bool lets_in_all, SSL_CTX **ret, Error *err)
{
    static const unsigned char session_context[] = "ved-provider";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL)
        return tls_fail(err, "make a TLS context for", dir);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context,
                       SSL_VERIFY_PEER | (lets_in_all ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT), NULL);
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    int code = tls_load(context, dir, err);
    if (code < 0) {
        SSL_CTX_free(context);
        return code;
    }
    *ret = context;
    return 0;
}

static bool uri_of(const X509 *certificate, char *ret, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        snprintf(ret, size, "%.*s", ASN1_STRING_length(uri),
                 (const char *)ASN1_STRING_get0_data(uri));
        found = true;
    }
    GENERAL_NAMES_free(names);
    return found;
}

bool tls_has_peer(SSL *ssl)
{
    return SSL_get0_peer_certificate(ssl) != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
}

void tls_peer_name(SSL *ssl, char *ret, size_t size)
{
    X509 *certificate = SSL_get1_peer_certificate(ssl);

    ret[0] = '\0';
    if (certificate == NULL)
        return;
    if (!uri_of(certificate, ret, size))
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, ret,
                                  (int)size);
    X509_free(certificate);
}
