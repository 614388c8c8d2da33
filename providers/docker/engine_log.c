#include "providers/docker/engine_log.h"

#include <string.h>

#include "lang/base/memory.h"

#define FRAME_HEADER 8
#define TIMEOUT_MS 30000

static bool is_frame(const unsigned char *header)
{
    return header[0] <= 2 && header[1] == 0 && header[2] == 0 && header[3] == 0;
}

static size_t frame_size(const unsigned char *header)
{
    return (size_t)header[4] << 24 | (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];
}

void log_demultiplex(const char *bytes, size_t size, Buffer *ret)
{
    for (size_t at = 0; at < size;) {
        const unsigned char *header = (const unsigned char *)bytes + at;
        size_t left = size - at;
        if (left < FRAME_HEADER || !is_frame(header)) {
            if (at == 0)
                buffer_add(ret, bytes, size);
            return;
        }
        size_t length = frame_size(header);
        left -= FRAME_HEADER;
        buffer_add(ret, header + FRAME_HEADER, length < left ? length : left);
        at += FRAME_HEADER + (length < left ? length : left);
    }
}

char *engine_log_tail(EngineApi *api, const char *id, int lines, size_t size_max)
{
    cleanup(api_answer_deinit) ApiAnswer answer = {0};
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(free) char *part = api_encoded(id);
    cleanup(free) char *path =
        memory_format("/containers/%s/logs?stdout=1&stderr=1&tail=%d", part, lines);
    ProviderProblem ignored;

    if (api_call(
            api,
            &(ApiCall){
                .method = "GET", .path = path, .what = "read the log", .timeout_ms = TIMEOUT_MS},
            &answer, &ignored) == 0 &&
        answer.status == 200)
        log_demultiplex(answer.text.bytes, answer.text.size, &text);
    while (text.size > 0 && strchr(" \r\n", text.bytes[text.size - 1]) != NULL)
        text.bytes[--text.size] = '\0';
    return text_cleaned(buffer_text(&text), text.size, size_max);
}
