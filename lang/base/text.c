#include "text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether there is nothing in it but text and %s. */
static bool is_easy(const char *format)
{
    while ((format = strchr(format, '%')) != NULL) {
        if (format[1] != 's')
            return false;
        format += 2;
    }
    return true;
}

typedef struct Place {
    char *bytes;
    size_t size; /* with the NUL */
    size_t used; /* may be more than there is room for */
} Place;

static void place_add(Place *place, const char *text, size_t size)
{
    if (place->used < place->size) {
        size_t room = place->size - place->used;
        memcpy(place->bytes + place->used, text, size < room ? size : room);
    }
    place->used += size;
}

static size_t format_easily(Place *place, const char *format, va_list args)
{
    for (;;) {
        const char *percent = strchrnul(format, '%');
        place_add(place, format, (size_t)(percent - format));
        if (*percent == '\0')
            break;
        const char *text = va_arg(args, const char *);
        if (text == NULL)
            text = "(null)";
        place_add(place, text, strlen(text));
        format = percent + 2;
    }
    if (place->size > 0)
        place->bytes[place->used < place->size ? place->used : place->size - 1] = '\0';
    return place->used;
}

size_t text_format(char *ret, size_t size, const char *format, va_list args)
{
    if (is_easy(format))
        return format_easily(&(Place){.bytes = ret, .size = size}, format, args);
    int length = vsnprintf(ret, size, format, args);
    assert(length >= 0);
    return (size_t)length;
}
