#include "controller/host/tls_files.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lang/base/file.h"
#include "lang/base/memory.h"

/* A controller may run for years with the certificates of its start; the keys die with the run. */
#define VALID_DAYS 3650
#define CLOCK_SKEW_S 3600

CLEANUP_DEFINE(GENERAL_NAMES *, GENERAL_NAMES_free);
CLEANUP_DEFINE(BIO *, BIO_free_all);

typedef struct Identity {
    X509 *certificate;
    EVP_PKEY *key;
} Identity;

static void identity_deinit(Identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}
#define identity_deinit_p identity_deinit

static int tls_error(Error *err, const char *what)
{
    char reason[256];

    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return error_set(err, ERROR_INTERNAL, "%s: OpenSSL: %s", what, reason);
}

static int extension_add(X509 *certificate, X509 *issuer, int nid, const char *value, Error *err)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    int added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension)
        return tls_error(err, "make a certificate extension");
    added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added ? 0 : tls_error(err, "add a certificate extension");
}

/* Certificate with key, names, serial number and times, not signed yet. */
static int identity_begin(Identity *ret, const char *common_name, Error *err)
{
    unsigned char serial[16];
    BIGNUM *number = NULL;
    X509 *certificate;
    bool ok;

    ret->key = EVP_EC_gen("P-256");
    ret->certificate = certificate = X509_new();
    if (!ret->key || !certificate || RAND_bytes(serial, sizeof serial) != 1)
        return tls_error(err, "make a key");
    serial[0] &= 0x7f; /* RFC 5280 section 4.1.2.2: positive */
    number = BN_bin2bn(serial, sizeof serial, NULL);
    ok = number && X509_set_version(certificate, X509_VERSION_3) &&
         BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SKEW_S) &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)common_name, -1, -1, 0) &&
         X509_set_pubkey(certificate, ret->key);
    BN_free(number);
    return ok ? 0 : tls_error(err, "make a certificate");
}

static int identity_sign(Identity *identity, const Identity *issuer, Error *err)
{
    X509 *certificate = identity->certificate;
    X509 *parent = issuer->certificate;
    int r;

    if (!X509_set_issuer_name(certificate, X509_get_subject_name(parent)))
        return tls_error(err, "name the issuer of a certificate");
    if ((r = extension_add(certificate, parent, NID_subject_key_identifier, "hash", err)) < 0 ||
        (r = extension_add(certificate, parent, NID_authority_key_identifier, "keyid", err)) < 0)
        return r;
    if (X509_sign(certificate, issuer->key, EVP_sha256()) <= 0)
        return tls_error(err, "sign a certificate");
    return 0;
}

static int authority_make(Identity *ret, Error *err)
{
    int r = identity_begin(ret, "ved, authority of one run", err);

    if (r < 0)
        return r;
    if ((r = extension_add(ret->certificate, NULL, NID_basic_constraints,
                           "critical,CA:TRUE,pathlen:0", err)) < 0 ||
        (r = extension_add(ret->certificate, NULL, NID_key_usage, "critical,keyCertSign", err)) < 0)
        return r;
    return identity_sign(ret, ret, err);
}

/* A SAN made by hand: the text form would let a comma in the value add further names. */
static int subject_name_add(X509 *certificate, int type, const void *value, size_t size, Error *err)
{
    cleanup(GENERAL_NAMES_free) GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text =
        ASN1_STRING_type_new(type == GEN_URI ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);

    if (!names || !name || !text || !ASN1_STRING_set(text, value, (int)size))
        abort(); /* OpenSSL was out of memory */
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(names, name);
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) != 1)
        return tls_error(err, "name a certificate");
    return 0;
}

static int leaf_begin(Identity *ret, const char *common_name, const char *usage, Error *err)
{
    int r = identity_begin(ret, common_name, err);

    if (r < 0)
        return r;
    if ((r = extension_add(ret->certificate, NULL, NID_basic_constraints, "critical,CA:FALSE",
                           err)) < 0 ||
        (r = extension_add(ret->certificate, NULL, NID_key_usage, "critical,digitalSignature",
                           err)) < 0 ||
        (r = extension_add(ret->certificate, NULL, NID_ext_key_usage, usage, err)) < 0)
        return r;
    return 0;
}

static int pem_write(const char *folder, const char *name, BIO *pem, Error *err)
{
    cleanup(free) char *path = memory_format("%s/%s", folder, name);
    char *bytes;
    long size = BIO_get_mem_data(pem, &bytes);

    return file_replace(path, bytes, (size_t)size, 0600, err);
}

static int identity_write(const Identity *identity, X509 *authority, const char *folder, Error *err)
{
    cleanup(BIO_free_all) BIO *certificate = BIO_new(BIO_s_mem());
    cleanup(BIO_free_all) BIO *key = BIO_new(BIO_s_secmem());
    cleanup(BIO_free_all) BIO *issuer = BIO_new(BIO_s_mem());
    int r;

    if (!certificate || !key || !issuer ||
        !PEM_write_bio_X509(certificate, identity->certificate) ||
        !PEM_write_bio_PrivateKey(key, identity->key, NULL, NULL, 0, NULL, NULL) ||
        !PEM_write_bio_X509(issuer, authority))
        return tls_error(err, "write a certificate");
    if ((r = folder_make(folder, 0700, err)) < 0 ||
        (r = pem_write(folder, "tls.crt", certificate, err)) < 0 ||
        (r = pem_write(folder, "tls.key", key, err)) < 0 ||
        (r = pem_write(folder, "ca.crt", issuer, err)) < 0)
        return r;
    return 0;
}

static int server_make(const Identity *authority, const char *folder, Error *err)
{
    cleanup(identity_deinit) Identity server = {0};
    cleanup(free) char *path = memory_format("%s/plugin", folder);
    in_addr_t address = htonl(INADDR_LOOPBACK);
    int r;

    if ((r = leaf_begin(&server, "ved provider plugin", "serverAuth", err)) < 0 ||
        (r = subject_name_add(server.certificate, GEN_IPADD, &address, sizeof address, err)) < 0 ||
        (r = identity_sign(&server, authority, err)) < 0)
        return r;
    return identity_write(&server, authority->certificate, path, err);
}

static int client_make(const Identity *authority, const char *folder, const char *name, Error *err)
{
    cleanup(identity_deinit) Identity client = {0};
    cleanup(free) char *path = memory_format("%s/client", folder);
    cleanup(free) char *uri = memory_format("urn:ved:%s", name ? name : "core");
    int r;

    if ((r = leaf_begin(&client, "ved core", "clientAuth", err)) < 0 ||
        (r = subject_name_add(client.certificate, GEN_URI, uri, strlen(uri), err)) < 0 ||
        (r = identity_sign(&client, authority, err)) < 0)
        return r;
    return identity_write(&client, authority->certificate, path, err);
}

int tls_files_make(const char *folder, const char *identity, Error *err)
{
    cleanup(identity_deinit) Identity authority = {0};
    int r;

    ERR_clear_error();
    if ((r = folder_make(folder, 0700, err)) < 0 || (r = authority_make(&authority, err)) < 0 ||
        (r = server_make(&authority, folder, err)) < 0 ||
        (r = client_make(&authority, folder, identity, err)) < 0)
        return error_wrap(err, "make certificates in '%s'", folder);
    return 0;
}
