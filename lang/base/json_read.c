/* JSON text to trees. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "json_private.h"
#include "memory.h"

/* Objects of more members than these are sorted to find what stands twice; of fewer, each new one
 * is held against the others where its key could be one of theirs. */
#define FEW_MEMBERS 40

/* One pass over the text. cJSON's own reader lets pass what no JSON is, and wants each text looked
 * at several times. */
typedef struct Parser {
    const char *text, *at, *end;
    size_t depth, depth_max;
    Error *err;
} Parser;

/* What stands at `at` is why the text is refused. */
static void place_find(const Parser *parser, const char *at, size_t *ret_line, size_t *ret_column)
{
    *ret_line = *ret_column = 1;
    for (const char *c = parser->text; c < at; c++) {
        *ret_column = *c == '\n' ? 1 : *ret_column + 1;
        *ret_line += *c == '\n';
    }
}

static int refuse(const Parser *parser, const char *why)
{
    size_t line, column;

    place_find(parser, parser->at, &line, &column);
    return error_set(parser->err, ERROR_STATE, "JSON line %zu column %zu: %s", line, column, why);
}

static int refuse_control(const Parser *parser)
{
    char why[40];

    snprintf(why, sizeof why, "raw control character 0x%02x", (unsigned char)*parser->at);
    return refuse(parser, why);
}

/* Ordinary white space is passed over; what stands behind it may be nothing. */
static int space_skip(Parser *parser)
{
    for (; parser->at < parser->end && (unsigned char)*parser->at <= ' '; parser->at++)
        if (*parser->at != ' ' && *parser->at != '\n' && *parser->at != '\r' && *parser->at != '\t')
            return refuse_control(parser);
    return 0;
}

static bool next_is(Parser *parser, char c)
{
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits; -1 if they are none. */
static int32_t parse_unit(Parser *parser)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = parser->at < parser->end ? hex_value(*parser->at) : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
        parser->at++;
    }
    return unit;
}

/* Behind `\u`; -1 if it is half a character or none. */
static int32_t parse_code_point(Parser *parser)
{
    int32_t high = parse_unit(parser);

    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || !next_is(parser, '\\') || !next_is(parser, 'u'))
        return -1;
    int32_t low = parse_unit(parser);
    return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *utf8_put(char *to, int32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* Behind the backslash; NULL: there is no such escape. */
static char *escape_put(Parser *parser, char *to)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = parser->at < parser->end ? strchr(names, *parser->at) : NULL;

    if (next_is(parser, 'u')) {
        int32_t c = parse_code_point(parser);
        return c >= 0 ? utf8_put(to, c) : NULL;
    }
    if (name == NULL || *name == '\0')
        return NULL;
    parser->at++;
    *to++ = meant[name - names];
    return to;
}

/* Where the string that begins at `at` ends: at its quote, a control character or the end. */
static const char *string_end(const Parser *parser)
{
    const char *at = parser->at;

    while (at < parser->end && *at != '"' && (unsigned char)*at >= ' ')
        at += *at == '\\' && at + 1 < parser->end ? 2 : 1;
    return at < parser->end ? at : parser->end;
}

/* Behind the quote. What is made of it is never longer than what stands there. */
static int parse_text(Parser *parser, char **ret)
{
    const char *end = string_end(parser);
    cleanup(free) char *text = memory_alloc((size_t)(end - parser->at) + 1);
    char *to = text;

    while (parser->at < end) {
        const char *escape = memchr(parser->at, '\\', (size_t)(end - parser->at));
        size_t plain = (size_t)((escape != NULL ? escape : end) - parser->at);
        memcpy(to, parser->at, plain);
        to += plain;
        parser->at += plain;
        if (escape == NULL)
            break;
        parser->at++;
        if ((to = escape_put(parser, to)) == NULL)
            return refuse(parser, "not valid JSON");
    }
    *to = '\0';
    if (parser->at < parser->end && (unsigned char)*parser->at < ' ')
        return refuse_control(parser);
    if (!next_is(parser, '"'))
        return refuse(parser, "not valid JSON");
    *ret = take(text);
    return 0;
}

static size_t digits_skip(Parser *parser)
{
    const char *start = parser->at;

    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
        parser->at++;
    return (size_t)(parser->at - start);
}

static bool number_skip(Parser *parser, bool *ret_whole)
{
    next_is(parser, '-');
    bool zero = parser->at < parser->end && *parser->at == '0';
    size_t digits = digits_skip(parser);
    *ret_whole = true;
    if (digits == 0 || (zero && digits > 1))
        return false;
    if (next_is(parser, '.')) {
        *ret_whole = false;
        if (digits_skip(parser) == 0)
            return false;
    }
    if (next_is(parser, 'e') || next_is(parser, 'E')) {
        *ret_whole = false;
        if (!next_is(parser, '-'))
            next_is(parser, '+');
        return digits_skip(parser) > 0;
    }
    return true;
}

static double whole_number(const char *at, const char *end)
{
    bool negative = *at == '-';
    int64_t value = 0;

    for (at += negative; at < end; at++)
        value = value * 10 + (*at - '0');
    return (double)(negative ? -value : value);
}

static int parse_number(Parser *parser, Json **ret)
{
    const char *start = parser->at;
    bool whole;

    if (!number_skip(parser, &whole))
        return refuse(parser, "not valid JSON");
    if (whole && parser->at - start < 16) {
        *ret = json_new_number(whole_number(start, parser->at));
        return 0;
    }
    cleanup(free) char *text = memory_copy_bytes(start, (size_t)(parser->at - start));
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return error_set(parser->err, ERROR_STATE,
                         "JSON has a number that is too large for a double");
    *ret = json_new_number(value);
    return 0;
}

static bool word_is(Parser *parser, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(parser->end - parser->at) < size || memcmp(parser->at, word, size) != 0)
        return false;
    parser->at += size;
    return true;
}

static int parse_word(Parser *parser, Json **ret)
{
    if (word_is(parser, "true"))
        *ret = json_new_bool(true);
    else if (word_is(parser, "false"))
        *ret = json_new_bool(false);
    else if (word_is(parser, "null"))
        *ret = json_new_null();
    else
        return refuse(parser, "not valid JSON");
    return 0;
}

static int refuse_duplicate(const Parser *parser, const char *key)
{
    return error_set(parser->err, ERROR_STATE, "JSON member '%.100s' stands twice in one object",
                     key);
}

/* The new member is the last one; NULL: it stands alone. */
static const char *duplicate_of_few(const Json *object)
{
    const Json *last = json_last(object);

    for (const Json *m = json_first(object); m != last; m = json_next(m))
        if (strcmp(json_key(m), json_key(last)) == 0)
            return json_key(last);
    return NULL;
}

static const char *duplicate_of_many(const Json *object)
{
    size_t count;
    const Json **members = members_sorted(object, &count);
    const char *found = NULL;

    for (size_t i = 1; i < count && found == NULL; i++)
        if (strcmp(json_key(members[i - 1]), json_key(members[i])) == 0)
            found = json_key(members[i]);
    free(members);
    return found;
}

/* ---- keys ---- */

/* Documents have few keys, many times each: the first ones that come are kept for good and shared,
 * by all threads. Which are, is nobody's business but that of how much memory trees take. */
#define SHARED_KEYS 1024
#define SHARED_KEY_MAX 31 /* bytes */

static _Atomic(char *) shared_keys[SHARED_KEYS];

static uint32_t key_hash(const char *key, size_t size)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)key[i]) * 0x9e3779b1u;
    return hash;
}

static bool key_is(const char *key, const char *text, size_t size)
{
    return strncmp(key, text, size) == 0 && key[size] == '\0';
}

/* NULL: it is not shared. */
static char *shared_key(const char *text, size_t size)
{
    _Atomic(char *) *slot = &shared_keys[key_hash(text, size) >> 22];
    char *key = size <= SHARED_KEY_MAX ? atomic_load(slot) : NULL;

    if (key == NULL && size <= SHARED_KEY_MAX) {
        cleanup(free) char *copy = memory_copy_bytes(text, size);
        if (atomic_compare_exchange_strong(slot, &key, copy))
            key = take(copy);
    }
    return key != NULL && key_is(key, text, size) ? key : NULL;
}

/* Behind the quote; one that is shared is not the caller's. */
static int parse_key(Parser *parser, char **ret, bool *ret_shared)
{
    const char *end = string_end(parser);
    size_t size = (size_t)(end - parser->at);
    bool is_plain = end < parser->end && *end == '"' && memchr(parser->at, '\\', size) == NULL;
    char *key = is_plain ? shared_key(parser->at, size) : NULL;

    *ret_shared = key != NULL;
    if (key == NULL)
        return parse_text(parser, ret);
    parser->at = end + 1;
    *ret = key;
    return 0;
}

static int parse_value(Parser *parser, Json **ret);

/* What stands behind a key, or in an array. */
static int parse_child(Parser *parser, Json *parent, char *key, bool key_is_shared)
{
    Json *value = NULL;

    if (parse_value(parser, &value) < 0) {
        if (!key_is_shared)
            free(key);
        return ERROR_STATE;
    }
    json_add_last(parent, value, key, key_is_shared);
    return space_skip(parser);
}

static int parse_member(Parser *parser, Json *parent)
{
    char *key = NULL;
    bool is_shared = false;

    if (json_is_object(parent)) {
        if (space_skip(parser) < 0)
            return ERROR_STATE;
        if (!next_is(parser, '"'))
            return refuse(parser, "not valid JSON");
        if (parse_key(parser, &key, &is_shared) < 0)
            return ERROR_STATE;
        if (space_skip(parser) < 0 ||
            (!next_is(parser, ':') && refuse(parser, "not valid JSON") < 0)) {
            if (!is_shared)
                free(key);
            return ERROR_STATE;
        }
    }
    return parse_child(parser, parent, key, is_shared);
}

/* One bit of 64: a key whose bit no other has set does not stand twice. */
static uint64_t key_bit(const char *key)
{
    return 1ULL << (key_hash(key, strlen(key)) >> 26);
}

/* The last of so many members has come. NULL: it stands alone so far. */
static const char *duplicate_find(const Json *object, size_t count, uint64_t *bits)
{
    uint64_t bit = key_bit(json_key(json_last(object)));
    bool is_new = (*bits & bit) == 0;

    *bits |= bit;
    return is_new || count > FEW_MEMBERS ? NULL : duplicate_of_few(object);
}

/* Behind the bracket. */
static int parse_members(Parser *parser, Json *parent, char close)
{
    size_t count = 0;
    uint64_t bits = 0;
    const char *key = NULL;

    if (space_skip(parser) < 0)
        return ERROR_STATE;
    if (next_is(parser, close))
        return 0;
    do {
        if (parse_member(parser, parent) < 0)
            return ERROR_STATE;
        if (close == '}' && (key = duplicate_find(parent, ++count, &bits)) != NULL)
            return refuse_duplicate(parser, key);
    } while (next_is(parser, ','));
    if (!next_is(parser, close))
        return refuse(parser, "not valid JSON");
    if (count > FEW_MEMBERS && (key = duplicate_of_many(parent)) != NULL)
        return refuse_duplicate(parser, key);
    return 0;
}

static int parse_nested(Parser *parser, Json **ret)
{
    cleanup(json_free) Json *parent = *parser->at == '{' ? json_new_object() : json_new_array();
    char close = *parser->at == '{' ? '}' : ']';

    if (++parser->depth > parser->depth_max) {
        char why[40];
        snprintf(why, sizeof why, "nested deeper than %zu", parser->depth_max);
        return refuse(parser, why);
    }
    parser->at++;
    if (parse_members(parser, parent, close) < 0)
        return ERROR_STATE;
    parser->depth--;
    *ret = take(parent);
    return 0;
}

static int parse_string(Parser *parser, Json **ret)
{
    char *text;

    parser->at++;
    if (parse_text(parser, &text) < 0)
        return ERROR_STATE;
    *ret = json_own_string(text);
    return 0;
}

static int parse_value(Parser *parser, Json **ret)
{
    if (space_skip(parser) < 0)
        return ERROR_STATE;
    char c = parser->at < parser->end ? *parser->at : '\0';
    if (c == '"')
        return parse_string(parser, ret);
    if (c == '{' || c == '[')
        return parse_nested(parser, ret);
    return c == '-' || (c >= '0' && c <= '9') ? parse_number(parser, ret) : parse_word(parser, ret);
}

static int parse_within(const char *text, size_t size, size_t depth_max, Json **ret, Error *err)
{
    Parser parser = {
        .text = text, .at = text, .end = text + size, .depth_max = depth_max, .err = err};
    cleanup(json_free) Json *json = NULL;

    if (parse_value(&parser, &json) < 0 || space_skip(&parser) < 0)
        return ERROR_STATE;
    if (parser.at < parser.end)
        return refuse(&parser, "not valid JSON");
    *ret = take(json);
    return 0;
}

int json_parse(const char *text, size_t size, Json **ret, Error *err)
{
    return parse_within(text, size, JSON_DEPTH_MAX, ret, err);
}

int json_parse_own(const char *text, size_t size, Json **ret, Error *err)
{
    return parse_within(text, size, JSON_DEPTH_OWN_MAX, ret, err);
}
