#include "controller/host/tagged_text.h"

#include <stdint.h>
#include <string.h>

#include "lang/base/json.h"
#include "lang/base/memory.h"

#define SECRET_KEY "\"$secret\""
#define SEALED_KEY "\"$sealed\""

/* What is open around a place in the text. */
typedef struct Frame {
    bool is_array;
    bool expects_key;
    size_t index;    /* of an array */
    const char *key; /* of an object, as it is written, without its quotes */
    size_t key_size;
} Frame;

typedef struct Scan {
    const char *at, *end;
    Frame *frames;
    size_t depth, capacity;
} Scan;

bool tagged_text_has(const char *text, size_t size, bool sealed)
{
    const char *key = sealed ? SEALED_KEY : SECRET_KEY, *end = text + size;
    size_t key_size = strlen(key);

    /* Hardly any text has a '$' at all, which is found many bytes at a time. */
    for (const char *at = text; size > 0 && (at = memchr(at, '$', (size_t)(end - at))); at++)
        if (at > text && (size_t)(end - at) >= key_size - 1 && memcmp(at - 1, key, key_size) == 0)
            return true;
    return false;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Behind the closing quote of the string that begins at `at`; the end if there is none. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

/* Pass `text` behind white space; NULL: something else is there. */
static const char *expect(const char *at, const char *end, const char *text)
{
    size_t size = strlen(text);

    if (at == NULL)
        return NULL;
    at = skip_space(at, end);
    return (size_t)(end - at) >= size && memcmp(at, text, size) == 0 ? at + size : NULL;
}

/* Is the object at `at` a tagged value? Its path is left open. */
static bool is_tagged(const char *at, const char *end, TaggedValue *ret)
{
    const char *inside = expect(at, end, "{");
    const char *secret = expect(inside, end, SECRET_KEY);
    const char *behind = secret != NULL ? secret : expect(inside, end, SEALED_KEY);
    const char *text = expect(expect(behind, end, ":"), end, "\"");

    if (text == NULL)
        return false;
    const char *text_end = skip_string(text - 1, end);
    const char *object_end = expect(text_end, end, "}");
    if (object_end == NULL)
        return false;
    *ret = (TaggedValue){.is_sealed = secret == NULL,
                         .object = at,
                         .object_size = (size_t)(object_end - at),
                         .text = text,
                         .text_size = (size_t)(text_end - 1 - text)};
    return true;
}

static void push(Scan *scan, bool is_array)
{
    memory_reserve_one(scan->frames, scan->depth, scan->capacity);
    scan->frames[scan->depth++] = (Frame){.is_array = is_array, .expects_key = !is_array};
}

static char *path_make(const Scan *scan)
{
    Buffer path = {0};

    for (size_t i = 0; i < scan->depth; i++) {
        const Frame *frame = &scan->frames[i];
        buffer_add_char(&path, '/');
        if (frame->is_array)
            buffer_add_unsigned(&path, frame->index);
        else
            buffer_add(&path, frame->key, frame->key_size);
    }
    return buffer_take(&path);
}

static void take_string(Scan *scan)
{
    const char *end = skip_string(scan->at, scan->end);
    Frame *frame = scan->depth > 0 ? &scan->frames[scan->depth - 1] : NULL;

    if (frame != NULL && frame->expects_key) {
        frame->key = scan->at + 1;
        frame->key_size = end - scan->at >= 2 ? (size_t)(end - scan->at) - 2 : 0;
        frame->expects_key = false;
    }
    scan->at = end;
}

static void take_comma(Scan *scan)
{
    if (scan->depth == 0)
        return;
    Frame *frame = &scan->frames[scan->depth - 1];
    if (frame->is_array)
        frame->index++;
    else
        frame->expects_key = true;
}

/* Pass one token. */
static void step(Scan *scan)
{
    char c = *scan->at;

    if (c == '"') {
        take_string(scan);
        return;
    }
    if (c == '{' || c == '[')
        push(scan, c == '[');
    else if ((c == '}' || c == ']') && scan->depth > 0)
        scan->depth--;
    else if (c == ',')
        take_comma(scan);
    scan->at++;
}

int tagged_text_exchange(const char *text, size_t size, TaggedExchange *exchange, void *user,
                         Buffer *ret, Error *err)
{
    Scan scan = {.at = text, .end = text + size};
    const char *copied = text;
    TaggedValue value;
    int code = 0;

    while (code == 0 && scan.at < scan.end) {
        if (*scan.at != '{' || !is_tagged(scan.at, scan.end, &value)) {
            step(&scan);
            continue;
        }
        cleanup(free) char *path = path_make(&scan);
        value.path = path;
        buffer_add(ret, copied, (size_t)(value.object - copied));
        code = exchange(user, &value, ret, err);
        scan.at = copied = value.object + value.object_size;
    }
    free(scan.frames);
    if (code == 0)
        buffer_add(ret, copied, (size_t)(scan.end - copied));
    return code;
}
