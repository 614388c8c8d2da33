/* JSON text to trees. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json_private.h"
#include "memory.h"
#include "utf8.h"

/* Objects of more members than these are sorted to find what stands twice; of fewer, each new one
 * is held against the others where its key could be one of theirs. */
#define FEW_MEMBERS 40

/* One pass over the text. cJSON's own reader lets pass what no JSON is, and wants each text looked
 * at several times. */
typedef struct Parser {
    const char *text, *at, *end;
    size_t depth, depth_max;
    Document document;
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

/* Where the string that begins at `at` ends: at its quote, a control character or the end. `ret`:
 * it has more than ASCII. */
static const char *string_end(const Parser *parser, bool *ret)
{
    const char *at = parser->at;
    unsigned char seen = 0;

    while (at < parser->end && *at != '"' && (unsigned char)*at >= ' ') {
        seen |= (unsigned char)*at;
        at += *at == '\\' && at + 1 < parser->end ? 2 : 1;
    }
    *ret = seen >= 0x80;
    return at < parser->end ? at : parser->end;
}

/* Behind the quote. What is made of it is never longer than what stands there. */
static int parse_text(Parser *parser, char **ret)
{
    bool is_wide;
    const char *end = string_end(parser, &is_wide);
    char *text = parser->document.bytes, *to = text;

    if (is_wide && !utf8_is_valid(parser->at, (size_t)(end - parser->at)))
        return refuse(parser, "not UTF-8");
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
    if (parser->at < parser->end && (unsigned char)*parser->at < ' ')
        return refuse_control(parser);
    if (!next_is(parser, '"'))
        return refuse(parser, "not valid JSON");
    *to++ = '\0';
    parser->document.bytes = to;
    *ret = text;
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

static Json *number_node(Parser *parser, double value)
{
    Json *node = document_node(&parser->document, cJSON_Number);

    node->valuedouble = value;
    return node;
}

static int parse_number(Parser *parser, Json **ret)
{
    const char *start = parser->at;
    bool whole;

    if (!number_skip(parser, &whole))
        return refuse(parser, "not valid JSON");
    if (whole && parser->at - start < 16) {
        *ret = number_node(parser, whole_number(start, parser->at));
        return 0;
    }
    cleanup(free) char *text = memory_copy_bytes(start, (size_t)(parser->at - start));
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return error_set(parser->err, ERROR_STATE,
                         "JSON has a number that is too large for a double");
    *ret = number_node(parser, value);
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
        *ret = document_node(&parser->document, cJSON_True);
    else if (word_is(parser, "false"))
        *ret = document_node(&parser->document, cJSON_False);
    else if (word_is(parser, "null"))
        *ret = document_node(&parser->document, cJSON_NULL);
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

static uint32_t key_hash(const char *key)
{
    uint32_t hash = 0;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 0x9e3779b1u;
    return hash;
}

static int parse_value(Parser *parser, Json **ret);

static int parse_key(Parser *parser, char **ret)
{
    if (space_skip(parser) < 0)
        return ERROR_STATE;
    if (!next_is(parser, '"'))
        return refuse(parser, "not valid JSON");
    if (parse_text(parser, ret) < 0 || space_skip(parser) < 0)
        return ERROR_STATE;
    return next_is(parser, ':') ? 0 : refuse(parser, "not valid JSON");
}

static int parse_member(Parser *parser, Json *parent)
{
    char *key = NULL;
    Json *value;

    if (json_is_object(parent) && parse_key(parser, &key) < 0)
        return ERROR_STATE;
    if (parse_value(parser, &value) < 0)
        return ERROR_STATE;
    value->string = key;
    value->type |= cJSON_StringIsConst;
    json_add_last(parent, value);
    return space_skip(parser);
}

/* One bit of 64: a key whose bit no other has set does not stand twice. */
static uint64_t key_bit(const char *key)
{
    return 1ULL << (key_hash(key) >> 26);
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
    bool is_object = *parser->at == '{';
    Json *parent = document_node(&parser->document, is_object ? cJSON_Object : cJSON_Array);

    if (++parser->depth > parser->depth_max) {
        char why[40];
        snprintf(why, sizeof why, "nested deeper than %zu", parser->depth_max);
        return refuse(parser, why);
    }
    parser->at++;
    if (parse_members(parser, parent, is_object ? '}' : ']') < 0)
        return ERROR_STATE;
    parser->depth--;
    *ret = parent;
    return 0;
}

static int parse_string(Parser *parser, Json **ret)
{
    Json *node = document_node(&parser->document, cJSON_String);

    parser->at++;
    if (parse_text(parser, &node->valuestring) < 0)
        return ERROR_STATE;
    *ret = node;
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

/* Sixteen bytes at once, wherever they stand. */
typedef unsigned char Sixteen __attribute__((vector_size(16), aligned(1)));

#define BLOCK ((size_t)16 * 255) /* of which no byte's count can overflow */

static size_t starts_in_block(const char *text, size_t size)
{
    Sixteen counts = {0};
    size_t sum = 0, i = 0;

    for (; i + 16 <= size; i += 16) {
        Sixteen bytes = *(const Sixteen *)(text + i);
        /* '[' and '{' are one bit apart; what is true is 255 */
        counts -= (Sixteen)((bytes == ',') | ((bytes | 0x20) == '{'));
    }
    for (size_t lane = 0; lane < 16; lane++)
        sum += counts[lane];
    for (; i < size; i++)
        sum += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return sum;
}

/* As many as there can be: behind each bracket and comma stands one, and one alone. */
static size_t nodes_most(const char *text, size_t size)
{
    size_t count = 1;

    for (size_t at = 0; at < size; at += BLOCK)
        count += starts_in_block(text + at, size - at < BLOCK ? size - at : BLOCK);
    return count;
}

static int parse_all(Parser *parser)
{
    Json *json;

    if (parse_value(parser, &json) < 0 || space_skip(parser) < 0)
        return ERROR_STATE;
    return parser->at == parser->end ? 0 : refuse(parser, "not valid JSON");
}

static int parse_within(const char *text, size_t size, size_t depth_max, Json **ret, Error *err)
{
    Parser parser = {
        .text = text, .at = text, .end = text + size, .depth_max = depth_max, .err = err};

    /* A text's quotes are room for its NUL. */
    document_begin(&parser.document, nodes_most(text, size), size);
    Json *root = parser.document.nodes;
    int code = parse_all(&parser);
    if (code < 0) {
        free(root);
        return code;
    }
    root->type |= JSON_IS_DOCUMENT;
    *ret = root;
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
