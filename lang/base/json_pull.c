#include "json_pull.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "memory.h"

static void fail(JsonPull *pull)
{
    pull->failed = true;
    pull->at = pull->end;
}

static void space_skip(JsonPull *pull)
{
    while (pull->at < pull->end &&
           (*pull->at == ' ' || *pull->at == '\n' || *pull->at == '\r' || *pull->at == '\t'))
        pull->at++;
}

/* Ours have no white space between the parts: one look says so. */
static inline char peek(JsonPull *pull)
{
    if (pull->at < pull->end && (unsigned char)*pull->at <= ' ')
        space_skip(pull);
    return pull->at < pull->end ? *pull->at : '\0';
}

char json_pull_next(JsonPull *pull)
{
    return peek(pull);
}

bool json_pull_open(JsonPull *pull, char bracket)
{
    if (peek(pull) != bracket) {
        fail(pull);
        return false;
    }
    pull->at++;
    if (peek(pull) != bracket + 2) /* ']' and '}' stand two behind '[' and '{' */
        return true;
    pull->at++;
    return false;
}

bool json_pull_more(JsonPull *pull, char bracket)
{
    char c = peek(pull);

    if (c != ',' && c != bracket) {
        fail(pull);
        return false;
    }
    pull->at++;
    return c == ',';
}

/* ---- texts ---- */

/* Sixteen bytes at once, wherever they stand. */
typedef unsigned char Sixteen __attribute__((vector_size(16), aligned(1)));
typedef unsigned char Lanes __attribute__((vector_size(16)));

/* One bit for each lane that is true. */
static inline unsigned lanes_mask(Lanes lanes)
{
#if defined(__SSE2__)
    return (unsigned)_mm_movemask_epi8((__m128i)lanes);
#else
    unsigned mask = 0;

    for (unsigned i = 0; i < sizeof lanes; i++)
        mask |= (unsigned)(lanes[i] >> 7) << i;
    return mask;
#endif
}

/* Those of sixteen bytes that are quotes, backslashes or control characters. */
static inline unsigned special_mask(const char *at)
{
    Sixteen bytes = *(const Sixteen *)at;

    return lanes_mask((Lanes)((bytes == '"') | (bytes == '\\') | (bytes < ' ')));
}

/* Quotes and brackets: '[' and '{' are one bit apart, and so are ']' and '}'. */
static inline unsigned structure_mask(const char *at)
{
    Sixteen bytes = *(const Sixteen *)at, folded = bytes | 0x20;

    return lanes_mask((Lanes)((bytes == '"') | (folded == '{') | (folded == '}')));
}

/* From behind the quote to the first byte that is not the text's own. */
static inline const char *plain_end(const char *at, const char *end)
{
    for (; end - at >= 16; at += 16) {
        unsigned mask = special_mask(at);
        if (mask != 0)
            return at + __builtin_ctz(mask);
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
        at++;
    return at;
}

/* From behind the quote: to the quote that ends the text; NULL: it has no end. */
static const char *text_end(const char *at, const char *end)
{
    for (at = plain_end(at, end); at < end && *at == '\\'; at = plain_end(at, end)) {
        at += 2;
        if (at > end)
            return NULL;
    }
    return at < end && *at == '"' ? at : NULL;
}

/* A text with escapes; `from` is its quote. */
static const char *escaped_take(JsonPull *pull, const char *from, Arena *arena, size_t *ret_size)
{
    const char *end = text_end(from + 1, pull->end);
    cleanup(json_free) Json *json = NULL;

    if (end == NULL || json_parse_own(from, (size_t)(end + 1 - from), &json, NULL) < 0) {
        fail(pull);
        *ret_size = 0;
        return "";
    }
    pull->at = end + 1;
    *ret_size = strlen(json_string(json, ""));
    return arena_copy_bytes(arena, json_string(json, ""), *ret_size);
}

const char *json_pull_bytes(JsonPull *pull, Arena *arena, size_t *ret_size)
{
    *ret_size = 0;
    if (peek(pull) != '"') {
        fail(pull);
        return "";
    }
    const char *from = pull->at, *end = plain_end(from + 1, pull->end);
    if (end == pull->end || *end != '"')
        return escaped_take(pull, from, arena, ret_size);
    pull->at = end + 1;
    *ret_size = (size_t)(end - from - 1);
    return arena_copy_bytes(arena, from + 1, *ret_size);
}

const char *json_pull_string(JsonPull *pull, Arena *arena)
{
    size_t size;

    return json_pull_bytes(pull, arena, &size);
}

bool json_pull_is(JsonPull *pull, const char *text)
{
    size_t size = strlen(text);

    if (peek(pull) != '"')
        return false;
    const char *from = pull->at + 1, *end = plain_end(from, pull->end);
    if ((size_t)(end - from) != size || end == pull->end || *end != '"' ||
        memcmp(from, text, size) != 0)
        return false;
    pull->at = end + 1;
    return true;
}

const char *json_pull_name(JsonPull *pull, Arena *arena, size_t *ret_size)
{
    const char *name = json_pull_bytes(pull, arena, ret_size);

    if (peek(pull) != ':')
        fail(pull);
    else
        pull->at++;
    return pull->failed ? "" : name;
}

/* ---- keys ---- */

static inline bool word_is(const JsonWord *word, const char *text, size_t size)
{
    return word->size == size && memcmp(word->text, text, size) == 0;
}

#define KEY_ROOM 18 /* bytes: of sixteen, which are looked at at once, a quote and a colon */

/* The word stands here as a key, where there is so much room. */
static inline bool word_stands(const JsonWord *word, const char *text)
{
    Sixteen is = *(const Sixteen *)text, wanted = *(const Sixteen *)word->text;
    unsigned differ = ~lanes_mask((Lanes)(is == wanted)) & ((1U << word->size) - 1);

    return differ == 0 && text[word->size] == '"' && text[word->size + 1] == ':';
}

/* The word of that text: mostly it is the one behind the one before, or soon after. `size` is not
 * looked at where there is room. */
static inline int word_find(const JsonKeys *keys, const char *text, size_t size, bool has_room)
{
    size_t i = keys->next;

    for (size_t left = keys->count; left > 0; left--, i++) {
        if (i == keys->count)
            i = 0;
        if (has_room ? word_stands(&keys->words[i], text) : word_is(&keys->words[i], text, size))
            return (int)i;
    }
    return -1;
}

/* The key that stands here with nothing special in or behind it; -1: there is none, or too little
 * room to see it at once. */
static int key_find(JsonPull *pull, const JsonKeys *keys)
{
    const char *text = pull->at + 1;
    int key = pull->end - text >= KEY_ROOM ? word_find(keys, text, 0, true) : -1;

    if (key >= 0)
        pull->at = text + keys->words[key].size + 2;
    return key;
}

/* One that is written with escapes, stands at the very end, or is none of the words. */
static int key_take(JsonPull *pull, const JsonKeys *keys, Arena *arena, const char **ret_other)
{
    size_t size;

    *ret_other = json_pull_name(pull, arena, &size);
    return pull->failed ? -1 : word_find(keys, *ret_other, size, false);
}

int json_pull_key(JsonPull *pull, JsonKeys *keys, Arena *arena, const char **ret_other)
{
    int key = peek(pull) == '"' ? key_find(pull, keys) : -1;

    *ret_other = NULL;
    if (key < 0)
        key = key_take(pull, keys, arena, ret_other);
    if (key < 0 || (keys->seen >> key & 1) != 0) {
        if (key >= 0)
            *ret_other = NULL;
        fail(pull);
        return -1;
    }
    keys->seen |= (uint64_t)1 << key;
    keys->next = (size_t)key + 1;
    return key;
}

/* ---- numbers and words ---- */

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

#define EACH_BYTE(byte) (UINT64_MAX / 255 * (byte))

/* Eight digits at once; false: they are not all digits, or the first byte is not the lowest. Pairs
 * of them are made numbers, then pairs of pairs, then both halves. */
static inline bool eight_digits(const char *at, uint64_t *ret)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || (bytes & EACH_BYTE(0xf0)) != EACH_BYTE(0x30) ||
        ((bytes + EACH_BYTE(6)) & EACH_BYTE(0xf0)) != EACH_BYTE(0x30))
        return false;
    bytes -= EACH_BYTE('0');
    bytes = (bytes * 10 + (bytes >> 8)) & 0x00ff00ff00ff00ff;
    bytes = (bytes * 100 + (bytes >> 16)) & 0x0000ffff0000ffff;
    *ret = (bytes * 10000 + (bytes >> 32)) & 0xffffffff;
    return true;
}

uint64_t json_pull_count(JsonPull *pull)
{
    uint64_t value = 0;
    char first = peek(pull);
    const char *at = pull->at;

    if (pull->end - at >= 8 && eight_digits(at, &value))
        at += 8;
    for (; at < pull->end && is_digit(*at) && value <= JSON_INTEGER_MAX; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    bool is_none = at == pull->at || (first == '0' && at - pull->at > 1);
    if (is_none || value > JSON_INTEGER_MAX ||
        (at < pull->end && (*at == '.' || *at == 'e' || *at == 'E'))) {
        fail(pull);
        return 0;
    }
    pull->at = at;
    return value;
}

static bool word_skip(JsonPull *pull, const char *word, size_t size)
{
    if (peek(pull) != word[0] || (size_t)(pull->end - pull->at) < size ||
        memcmp(pull->at, word, size) != 0)
        return false;
    pull->at += size;
    return true;
}

bool json_pull_bool(JsonPull *pull)
{
    if (word_skip(pull, "true", 4))
        return true;
    if (!word_skip(pull, "false", 5))
        fail(pull);
    return false;
}

void json_pull_null(JsonPull *pull)
{
    if (!word_skip(pull, "null", 4))
        fail(pull);
}

bool json_pull_number(JsonPull *pull, int64_t *ret_whole, double *ret_number)
{
    JsonPull count = *pull;
    bool negative = peek(&count) == '-';

    count.at += negative;
    bool digit = count.at < count.end && is_digit(*count.at);
    uint64_t value = json_pull_count(&count);
    if (!count.failed && digit && !(negative && value == 0)) {
        *pull = count;
        *ret_whole = negative ? -(int64_t)value : (int64_t)value;
        return true;
    }
    cleanup(json_free) Json *json = json_pull_tree(pull);
    if (!json_is_number(json))
        fail(pull);
    *ret_whole = json_int(json, 0);
    *ret_number = json_number(json, 0);
    return json_is_int(json);
}

/* ---- passing over ---- */

static inline const char *structure_find(const char *at, const char *end)
{
    for (; end - at >= 16; at += 16) {
        unsigned mask = structure_mask(at);
        if (mask != 0)
            return at + __builtin_ctz(mask);
    }
    while (at < end && *at != '"' && (*at | 0x20) != '{' && (*at | 0x20) != '}')
        at++;
    return at;
}

/* Behind the bracket that closes the one at `at`; NULL: there is none. */
static const char *nested_end(const char *at, const char *end)
{
    size_t depth = 0;

    for (; (at = structure_find(at, end)) < end; at++) {
        if (*at == '"') {
            at = text_end(at + 1, end);
            if (at == NULL)
                return NULL;
        } else if ((*at | 0x20) == '{') {
            if (++depth > JSON_DEPTH_OWN_MAX)
                return NULL;
        } else if (--depth == 0) {
            return at + 1;
        }
    }
    return NULL;
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* NULL: it is no number. */
static const char *number_end(const char *at, const char *end)
{
    at += *at == '-';
    const char *whole = at;
    at = digits_end(at, end);
    if (at == whole || (*whole == '0' && at - whole > 1))
        return NULL;
    if (at < end && *at == '.') {
        const char *part = at + 1;
        at = digits_end(part, end);
        if (at == part)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        const char *power = at;
        at = digits_end(power, end);
        return at > power ? at : NULL;
    }
    return at;
}

static const char *value_end(const char *at, const char *end)
{
    if (*at == '{' || *at == '[')
        return nested_end(at, end);
    if (*at == '"') {
        at = text_end(at + 1, end);
        return at != NULL ? at + 1 : NULL;
    }
    if (*at == '-' || is_digit(*at))
        return number_end(at, end);
    JsonPull word = {.at = at, .end = end};
    bool is_word =
        word_skip(&word, "true", 4) || word_skip(&word, "false", 5) || word_skip(&word, "null", 4);
    return is_word ? word.at : NULL;
}

JsonPull json_pull_skip(JsonPull *pull)
{
    const char *end = peek(pull) != '\0' ? value_end(pull->at, pull->end) : NULL;

    if (end == NULL || end == pull->at) {
        fail(pull);
        return *pull;
    }
    JsonPull value = {.at = pull->at, .end = end};
    pull->at = end;
    return value;
}

Json *json_pull_tree(JsonPull *pull)
{
    JsonPull value = json_pull_skip(pull);
    Json *json = NULL;

    if (!pull->failed && json_parse_own(value.at, (size_t)(value.end - value.at), &json, NULL) < 0)
        fail(pull);
    return json;
}

bool json_pull_done(JsonPull *pull)
{
    return peek(pull) == '\0' && !pull->failed && pull->at == pull->end;
}
