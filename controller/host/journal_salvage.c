#include "controller/host/journal_salvage.h"

#include <string.h>

#include "controller/host/checkpoint.h"
#include "controller/host/journal.h"
#include "lang/base/file.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

/* The payload of a line, made in `text`: what follows the head, with '{' for the comma. */
static void payload_make(const char *bytes, SalvagedLine *line, Buffer *text)
{
    cleanup(json_free) Json *json = NULL;
    size_t body = line->head.body_at, end = line->size - 1;

    buffer_reset(text);
    buffer_add_char(text, '{');
    if (bytes[body] == ',')
        body++;
    buffer_add(text, bytes + body, end - body);
    if (!line->is_good && json_parse_own(buffer_text(text), text->size, &json, NULL) < 0)
        return;
    line->payload = buffer_text(text);
    line->payload_size = text->size;
}

static SalvagedLine line_read(const char *bytes, size_t size, Buffer *text)
{
    SalvagedLine line = {.bytes = bytes, .size = size};
    JournalLineVerdict verdict = journal_line_parse(bytes, size, &line.head);

    line.is_good = verdict == LINE_GOOD;
    if (verdict != LINE_NO_RECORD)
        payload_make(bytes, &line, text);
    return line;
}

int journal_salvage(const char *path, off_t from, uint64_t line, SalvageVisit *visit, void *user,
                    Error *err)
{
    cleanup(buffer_deinit) Buffer file = {0}, text = {0};
    int code = file_read(path, CHECKPOINT_MAX, &file, err);
    size_t at = (size_t)from;

    while (code == 0 && at < file.size) {
        const char *start = file.bytes + at;
        if (start[0] == '\0') { /* room that was taken and not used: there may be much */
            at++;
            continue;
        }
        const char *newline = memchr(start, '\n', file.size - at);
        size_t size = newline != NULL ? (size_t)(newline - start) + 1 : file.size - at;
        SalvagedLine found = line_read(start, size, &text);
        found.line = line++;
        found.offset = (off_t)at;
        code = visit(user, &found, err);
        at += size;
    }
    return code;
}
