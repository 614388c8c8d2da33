#include "lang/base/library_memory.h"

#include <openssl/crypto.h>

#include "lang/base/memory.h"

void *library_memory_resize(void *block, size_t size)
{
    return memory_grow(block, 1, size);
}

static void *crypto_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_alloc(size);
}

/* Of OpenSSL's own, which this stands for, it is known that 0 bytes are a free(). */
static void *crypto_resize(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size > 0)
        return library_memory_resize(block, size);
    free(block);
    return NULL;
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

void library_memory_take_over(void)
{
    CRYPTO_set_mem_functions(crypto_alloc, crypto_resize, crypto_free);
}
