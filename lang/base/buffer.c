#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

void buffer_init(Buffer *buffer, size_t ceiling)
{
    *buffer = (Buffer){.ceiling = ceiling};
}

void buffer_deinit(Buffer *buffer)
{
    free(buffer->bytes);
    buffer_init(buffer, buffer->ceiling);
}

void buffer_reset(Buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
    if (buffer->bytes != NULL)
        buffer->bytes[0] = '\0';
}

static bool buffer_make_room(Buffer *buffer, size_t more)
{
    if (buffer->ceiling != 0 && more > buffer->ceiling - buffer->size)
        buffer->overflowed = true;
    if (buffer->overflowed)
        return false;
    if (buffer->capacity - buffer->size <= more) {
        size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
        while (capacity - buffer->size <= more)
            capacity *= 2;
        buffer->bytes = memory_grow(buffer->bytes, capacity, 1);
        buffer->capacity = capacity;
    }
    return true;
}

void buffer_add(Buffer *buffer, const void *bytes, size_t size)
{
    if (!buffer_make_room(buffer, size))
        return;
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
}

void buffer_add_string(Buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(Buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_add_format(Buffer *buffer, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && buffer_make_room(buffer, (size_t)length)) {
        vsnprintf(buffer->bytes + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
}

void buffer_add_unsigned(Buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_add(buffer, digits + at, sizeof digits - at);
}

void buffer_add_int(Buffer *buffer, int64_t value)
{
    if (value < 0)
        buffer_add_char(buffer, '-');
    buffer_add_unsigned(buffer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

const char *buffer_text(const Buffer *buffer)
{
    return buffer->bytes != NULL ? buffer->bytes : "";
}

char *buffer_take(Buffer *buffer)
{
    char *bytes = buffer->bytes != NULL ? buffer->bytes : memory_copy_string("");

    buffer_init(buffer, buffer->ceiling);
    return bytes;
}
