#include <criterion/criterion.h>
#include <stdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "controller/host/tls_files.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"

static X509 *certificate_read(const char *folder, const char *name)
{
    cleanup(free) char *path = memory_format("%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    cr_assert(certificate, "%s", path);
    fclose(file);
    return certificate;
}

/* Whether `certificate` is good for `purpose` under the only authority `authority`. */
static bool is_trusted(X509 *certificate, X509 *authority, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool trusted;

    X509_STORE_add_cert(store, authority);
    X509_STORE_CTX_init(context, store, certificate, NULL);
    X509_STORE_CTX_set_purpose(context, purpose);
    trusted = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return trusted;
}

Test(tls_files, each_side_is_trusted_for_its_own_part_and_no_other)
{
    char folder[] = "/tmp/ved-tls-XXXXXX";
    char plugin[64], client[64];
    X509 *authority, *server_cert, *client_cert;
    Error err = {0};

    cr_assert(mkdtemp(folder));
    snprintf(plugin, sizeof plugin, "%s/plugin", folder);
    snprintf(client, sizeof client, "%s/client", folder);
    cr_assert_eq(tls_files_make(folder, "b0ff,URI:urn:other", &err), 0, "%s", err.message);
    authority = certificate_read(client, "ca.crt");
    server_cert = certificate_read(plugin, "tls.crt");
    client_cert = certificate_read(client, "tls.crt");
    cr_assert(is_trusted(server_cert, authority, X509_PURPOSE_SSL_SERVER));
    cr_assert_not(is_trusted(server_cert, authority, X509_PURPOSE_SSL_CLIENT));
    cr_assert(is_trusted(client_cert, authority, X509_PURPOSE_SSL_CLIENT));
    cr_assert_not(is_trusted(client_cert, authority, X509_PURPOSE_SSL_SERVER));
    cr_assert_eq(X509_check_ip_asc(server_cert, "127.0.0.1", 0), 1);
    cr_assert_neq(X509_check_ip_asc(server_cert, "127.0.0.2", 0), 1);
    X509_free(authority);
    X509_free(server_cert);
    X509_free(client_cert);
    folder_remove(folder, NULL);
}

Test(tls_files, keys_are_for_their_owner_only)
{
    static const char *const files[] = {"plugin/tls.key", "plugin/tls.crt", "plugin/ca.crt",
                                        "client/tls.key", "client/tls.crt", "client/ca.crt"};
    char folder[] = "/tmp/ved-tls-XXXXXX";
    Error err = {0};

    cr_assert(mkdtemp(folder));
    cr_assert_eq(tls_files_make(folder, NULL, &err), 0, "%s", err.message);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        cleanup(free) char *path = memory_format("%s/%s", folder, files[i]);
        struct stat status;

        cr_assert_eq(stat(path, &status), 0, "%s", path);
        cr_assert_eq(status.st_mode & 0777, 0600, "%s", path);
    }
    folder_remove(folder, NULL);
}

Test(tls_files, another_run_is_not_trusted)
{
    char first[] = "/tmp/ved-tls-XXXXXX", second[] = "/tmp/ved-tls-XXXXXX";
    char one[64], other[64];
    X509 *authority, *certificate;

    cr_assert(mkdtemp(first) && mkdtemp(second));
    cr_assert_eq(tls_files_make(first, NULL, NULL), 0);
    cr_assert_eq(tls_files_make(second, NULL, NULL), 0);
    snprintf(one, sizeof one, "%s/client", first);
    snprintf(other, sizeof other, "%s/client", second);
    authority = certificate_read(one, "ca.crt");
    certificate = certificate_read(other, "tls.crt");
    cr_assert_not(is_trusted(certificate, authority, X509_PURPOSE_SSL_CLIENT));
    X509_free(authority);
    X509_free(certificate);
    folder_remove(first, NULL);
    folder_remove(second, NULL);
}
