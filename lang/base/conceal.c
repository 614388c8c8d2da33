#include "conceal.h"

#include <string.h>

/* How much of the secret the text ends with. */
static size_t cut_length(const char *text, size_t size, const char *secret, size_t secret_size)
{
    size_t length = secret_size - 1 < size ? secret_size - 1 : size;

    while (length >= CONCEAL_MIN && memcmp(text + size - length, secret, length) != 0)
        length--;
    return length >= CONCEAL_MIN ? length : 0;
}

static void conceal_one(char *text, const char *secret)
{
    size_t size = strlen(text), secret_size = strlen(secret);

    if (secret_size < CONCEAL_MIN)
        return;
    for (char *at = text; (at = strstr(at, secret)) != NULL; at += secret_size)
        memset(at, '*', secret_size);
    size_t cut = cut_length(text, size, secret, secret_size);
    memset(text + size - cut, '*', cut);
}

void conceal(char *text, const Json *secrets)
{
    for (const Json *m = json_first(secrets); m != NULL; m = json_next(m))
        conceal_one(text, json_string(m, ""));
}
