#include "memory.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXIT_INTERNAL 70
#define HUGE_PAGE_SIZE ((size_t)2 << 20)

void memory_exhausted(void)
{
    static const char sentence[] =
        "ved: out of memory; nothing acknowledged is lost, run the same command again\n";

    fflush(stdout);
    if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0)
        _exit(EXIT_INTERNAL); /* nobody is there to read it */
    /* Not exit(): what libraries do at the end may wait for the very lock under which memory was
     * asked for. */
    _exit(EXIT_INTERNAL);
}

static void *checked(void *block)
{
    if (block == NULL)
        memory_exhausted();
    return block;
}

void *memory_alloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *memory_alloc_large(size_t *size)
{
    size_t whole = (*size + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1);
    void *block = checked(whole < *size ? NULL : aligned_alloc(HUGE_PAGE_SIZE, whole));

    madvise(block, whole, MADV_HUGEPAGE); /* without them it is slower and nothing else */
    *size = whole;
    return block;
}

void memory_give_back(void)
{
    malloc_trim(0);
}

void *memory_zero(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *memory_grow(void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return checked(NULL);
    size_t total = count * size;
    return checked(realloc(block, total ? total : 1));
}

char *memory_copy_string(const char *text)
{
    return memory_copy_bytes(text, strlen(text));
}

char *memory_copy_bytes(const void *bytes, size_t size)
{
    char *copy = memory_alloc(size + 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *memory_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return checked(length < 0 ? NULL : text);
}
