#include "providers/sdk/sight.h"

#include <string.h>

#define NANOSECOND_DIGITS 9

/* Digits of `value` behind `at`, at least `least` of them; returns where they end. Thousands of
 * files are looked at for a plan, and a format string is read each time. */
static char *put_number(char *at, uint64_t value, unsigned base, int least)
{
    char digits[24], *from = digits + sizeof digits;

    for (; value > 0 || least > 0; value /= base, least--)
        *--from = "0123456789abcdef"[value % base];
    size_t size = (size_t)(digits + sizeof digits - from);
    memcpy(at, from, size);
    return at + size;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

static char *put_time(char *at, const struct timespec *time)
{
    at = put_char(at, ' ');
    at = put_number(at, (uint64_t)time->tv_sec, 10, 1);
    at = put_char(at, '.');
    return put_number(at, (uint64_t)time->tv_nsec, 10, NANOSECOND_DIGITS);
}

/* DEVICE.INODE in hexadecimal digits, SIZE, and the two times in seconds. */
void sight_text(const struct stat *info, char ret[SIGHT_SIZE])
{
    char *at = put_number(ret, info->st_dev, 16, 1);

    at = put_char(at, '.');
    at = put_number(at, info->st_ino, 16, 1);
    at = put_char(at, ' ');
    at = put_number(at, (uint64_t)info->st_size, 10, 1);
    at = put_time(at, &info->st_mtim);
    at = put_time(at, &info->st_ctim);
    *at = '\0';
}

Json *sight_json(const struct stat *info)
{
    char text[SIGHT_SIZE];

    sight_text(info, text);
    return json_new_string(text);
}

bool sight_is_same(const char *sight, const struct stat *info)
{
    char text[SIGHT_SIZE];

    sight_text(info, text);
    return sight != NULL && strcmp(sight, text) == 0;
}
