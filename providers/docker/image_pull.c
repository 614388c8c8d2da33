#include <string.h>

#include <openssl/evp.h>

#include "lang/base/memory.h"
#include "providers/docker/image.h"
#include "providers/docker/progress.h"

void image_reference_split(const char *reference, char **ret_name, char **ret_tag)
{
    const char *digest = strchr(reference, '@'), *slash = strrchr(reference, '/');
    const char *colon = strchr(slash != NULL ? slash : reference, ':');
    const char *end = digest != NULL ? digest : colon;
    size_t size = end != NULL ? (size_t)(end - reference) : strlen(reference);

    *ret_name = memory_format("%.*s", (int)size, reference);
    *ret_tag = memory_copy_string(end != NULL ? end + 1 : "latest");
}

char *image_registry(const char *reference)
{
    size_t size = strcspn(reference, "/");
    bool is_host = reference[size] == '/' &&
                   (memchr(reference, '.', size) != NULL || memchr(reference, ':', size) != NULL ||
                    strncmp(reference, "localhost/", 10) == 0);

    return is_host ? memory_format("%.*s", (int)size, reference) : memory_copy_string("docker.io");
}

/* X-Registry-Auth: the credentials as JSON in URL-safe Base64. */
static Json *auth_headers(const Docker *docker, const char *reference, const Json *credentials)
{
    cleanup(free) char *registry = image_registry(reference);
    const Json *known = credentials != NULL
                            ? credentials
                            : json_get(json_get(docker->config, "registries"), registry);

    if (known == NULL)
        return NULL;
    cleanup(json_free) Json *auth = json_new_object();
    json_set_string(auth, "username", json_get_string(known, "user", ""));
    json_set_string(auth, "password", json_get_string(known, "password", ""));
    json_set_string(auth, "serveraddress", registry);
    cleanup(free) char *text = json_text(auth);
    size_t size = strlen(text);
    cleanup(free) char *encoded = memory_alloc(4 * ((size + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text, (int)size);
    explicit_bzero(text, size);
    for (char *c = encoded; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    Json *headers = json_new_object();
    json_set_string(headers, "X-Registry-Auth", encoded);
    return headers;
}

int image_pull(Docker *docker, const ProviderRequest *request, const char *reference,
               const Json *credentials, ProviderProblem *problem)
{
    cleanup(json_free) Json *headers = auth_headers(docker, reference, credentials);
    cleanup(free) char *name = NULL, *tag = NULL;
    cleanup(free) char *what = memory_format("pull image '%.128s'", reference);

    image_reference_split(reference, &name, &tag);
    cleanup(free) char *name_part = api_encoded(name), *tag_part = api_encoded(tag);
    cleanup(free) char *path =
        memory_format("/images/create?fromImage=%s&tag=%s", name_part, tag_part);
    request_progress(request, "pulling", reference);
    return progress_call(&docker->api,
                         &(ApiCall){.method = "POST",
                                    .path = path,
                                    .headers = headers,
                                    .what = what,
                                    .timeout_ms = FETCH_FOREVER},
                         request, NULL, problem);
}
