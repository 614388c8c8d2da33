#include "controller/host/journal_line.h"

#include <assert.h>
#include <string.h>

#include "controller/host/cursor.h"

void journal_line_put(Buffer *buffer, uint64_t sequence, uint64_t synced, const char *payload,
                      size_t size)
{
    size_t start = buffer->size;

    assert(size >= 2 && payload[0] == '{' && payload[size - 1] == '}');
    assert(memchr(payload, '\n', size) == NULL);
    buffer_add_string(buffer, JOURNAL_LINE_START);
    buffer_add_unsigned(buffer, sequence);
    buffer_add_string(buffer, ",\"synced\":");
    buffer_add_unsigned(buffer, synced);
    buffer_add_string(buffer, ",\"crc\":\"");
    size_t digits_at = buffer->size - start;
    buffer_add_string(buffer, "........\"");
    if (size > 2)
        buffer_add_char(buffer, ',');
    buffer_add(buffer, payload + 1, size - 1);
    buffer_add_char(buffer, '\n');
    assert(!buffer->overflowed);
    char *line = buffer->bytes + start;
    crc_write(line + digits_at, crc_around(line, buffer->size - start, digits_at));
}

JournalLineVerdict journal_line_parse(const char *line, size_t size, JournalLine *ret)
{
    Cursor cursor = {line, line + size};
    JournalLine parsed = {0};

    if (!cursor_skip(&cursor, JOURNAL_LINE_START) || !cursor_number(&cursor, &parsed.sequence) ||
        !cursor_skip(&cursor, ",\"synced\":") || !cursor_number(&cursor, &parsed.synced) ||
        !cursor_skip(&cursor, ",\"crc\":\""))
        return LINE_NO_RECORD;
    size_t digits_at = (size_t)(cursor.at - line);
    if (!cursor_crc(&cursor, &parsed.crc_expected) || !cursor_skip(&cursor, "\""))
        return LINE_NO_RECORD;
    parsed.body_at = (size_t)(cursor.at - line);
    if (size - parsed.body_at < 2 || line[size - 1] != '\n' || line[size - 2] != '}')
        return LINE_NO_RECORD;
    if (line[parsed.body_at] != ',' && parsed.body_at != size - 2)
        return LINE_NO_RECORD;
    parsed.crc_found = crc_around(line, size, digits_at);
    *ret = parsed;
    return parsed.crc_found == parsed.crc_expected ? LINE_GOOD : LINE_BAD_CHECKSUM;
}
