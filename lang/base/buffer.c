#include "buffer.h"

#include <stdarg.h>
#include <string.h>

#include "memory.h"
#include "text.h"

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

static void buffer_grow(Buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;

    while (capacity - buffer->size <= more)
        capacity *= 2;
    buffer->bytes = memory_grow(buffer->bytes, capacity, 1);
    buffer->capacity = capacity;
}

static inline bool buffer_make_room(Buffer *buffer, size_t more)
{
    if (buffer->ceiling != 0 && more > buffer->ceiling - buffer->size)
        buffer->overflowed = true;
    if (buffer->overflowed)
        return false;
    if (buffer->capacity - buffer->size <= more)
        buffer_grow(buffer, more);
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

char *buffer_room(Buffer *buffer, size_t most)
{
    return buffer_make_room(buffer, most) ? buffer->bytes + buffer->size : NULL;
}

void buffer_took(Buffer *buffer, size_t size)
{
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
}

void buffer_add_string(Buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(Buffer *buffer, char c)
{
    if (!buffer_make_room(buffer, 1))
        return;
    buffer->bytes[buffer->size++] = c;
    buffer->bytes[buffer->size] = '\0';
}

/* Formatted into the room that is there; a second time only if that was not enough. */
void buffer_add_format(Buffer *buffer, const char *format, ...)
{
    va_list args, again;

    if (!buffer_make_room(buffer, 0))
        return;
    va_start(args, format);
    va_copy(again, args);
    size_t room = buffer->capacity - buffer->size;
    size_t size = text_format(buffer->bytes + buffer->size, room, format, args);
    va_end(args);
    bool fits = buffer_make_room(buffer, size);
    if (fits && size >= room)
        text_format(buffer->bytes + buffer->size, size + 1, format, again);
    va_end(again);
    buffer->size += fits ? size : 0;
    buffer->bytes[buffer->size] = '\0';
}

void buffer_add_unsigned(Buffer *buffer, uint64_t value)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[20];
    size_t at = sizeof digits;

    for (; value >= 10; value /= 100)
        memcpy(digits + (at -= 2), pairs + value % 100 * 2, 2);
    if (value != 0 || at == sizeof digits)
        digits[--at] = (char)('0' + value);
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
