/* Expressions of generated programs. */
#include <stdio.h>

#include "tests/lib/lang/maker.h"

/* xorshift64* (Vigna, 2016), scaled to [0, limit). */
uint32_t pick(Maker *maker, uint32_t limit)
{
    maker->random ^= maker->random >> 12;
    maker->random ^= maker->random << 25;
    maker->random ^= maker->random >> 27;
    return (uint32_t)((maker->random * 0x2545f4914f6cdd1du) >> 33) % limit;
}

void put(Maker *maker, const char *text)
{
    buffer_add_string(maker->out, text);
}

void put_any(Maker *maker, const char *const *texts, uint32_t count)
{
    put(maker, texts[pick(maker, count)]);
}

const char *kind_text(Kind kind)
{
    static const char *const texts[KIND_COUNT] = {
        [KIND_OF_INT] = "int",
        [KIND_OF_BOOL] = "bool",
        [KIND_OF_STRING] = "string",
        [KIND_OF_DURATION] = "duration",
        [KIND_OF_FLOAT] = "float",
        [KIND_OF_ENUM] = "E",
        [KIND_OF_OPTION] = "int?",
        [KIND_OF_LIST] = "list<int>",
        [KIND_OF_WORDS] = "list<string>",
        [KIND_OF_MAP] = "map<int>",
        [KIND_OF_RECORD] = "R",
        [KIND_OF_RECORDS] = "list<R>",
    };

    return texts[kind];
}

/* ---- names ---- */

static const char *local_variable(Maker *maker, Kind kind)
{
    static char name[16];
    uint32_t start = maker->local_count > 0 ? pick(maker, (uint32_t)maker->local_count) : 0;

    for (uint32_t i = start; maker->locals_seen && i < maker->local_count; i++)
        if (maker->locals[i].kind == kind) {
            snprintf(name, sizeof name, "l%u", i);
            return name;
        }
    return NULL;
}

const char *maker_variable(Maker *maker, Kind kind)
{
    static const char *const fields[KIND_COUNT][2] = {
        [KIND_OF_INT] = {"n", "m"},    [KIND_OF_BOOL] = {"b", "state.c"},
        [KIND_OF_STRING] = {"s", "t"}, [KIND_OF_DURATION] = {"d", "state.e"},
        [KIND_OF_FLOAT] = {"f", "g"},  [KIND_OF_ENUM] = {"q", "u"},
        [KIND_OF_OPTION] = {"o", "v"}, [KIND_OF_LIST] = {"l", "state.k"},
        [KIND_OF_WORDS] = {"w", "w"},  [KIND_OF_MAP] = {"i", "j"},
        [KIND_OF_RECORD] = {"r", "r"}, [KIND_OF_RECORDS] = {"p", "p"},
    };
    const char *local = maker->fields && pick(maker, 2) == 0 ? NULL : local_variable(maker, kind);

    if (kind == KIND_OF_OPTION && (maker->narrowed || maker->asked))
        return NULL;
    return local != NULL || !maker->fields ? local : fields[kind][pick(maker, 2)];
}

static bool is_large(Kind kind)
{
    return kind == KIND_OF_STRING || kind >= KIND_OF_LIST;
}

static void make_name(Maker *maker, Kind kind)
{
    bool spent = is_large(kind) && (maker->loops > 0 || maker->copies == 0);
    const char *name = spent ? NULL : maker_variable(maker, kind);

    if (name == NULL) {
        make_literal(maker, kind);
        return;
    }
    maker->copies -= is_large(kind);
    put(maker, name);
}

/* ---- literals ---- */

void make_key(Maker *maker)
{
    PUT_ANY(maker, "\"a\"", "\"b\"", "\"c\"", "\"d${1}\"");
}

static void make_int_literal(Maker *maker)
{
    PUT_ANY(maker, "0", "1", "2", "3", "7", "1_000", "LIMIT", "9223372036854775807",
            "-9223372036854775808", "4611686018427387904");
}

static void make_record_literal(Maker *maker)
{
    put(maker, "R(x: ");
    make_expr(maker, KIND_OF_INT, 0);
    if (pick(maker, 2) == 0) {
        put(maker, ", f: ");
        PUT_ANY(maker, "1", "0.25", "-3");
    }
    if (pick(maker, 2) == 0) {
        put(maker, ", l: ");
        make_expr(maker, KIND_OF_LIST, 0);
    }
    put(maker, ")");
}

void make_literal(Maker *maker, Kind kind)
{
    switch (kind) {
    case KIND_OF_INT:
        make_int_literal(maker);
        return;
    case KIND_OF_BOOL:
        PUT_ANY(maker, "true", "false");
        return;
    case KIND_OF_STRING:
        PUT_ANY(maker, "\"\"", "\"a\"", "\"b\\n\"", "\"\\u{e9}\\\"\"", "\"on the way\"", "\"12\"");
        return;
    case KIND_OF_DURATION:
        PUT_ANY(maker, "0s", "250ms", "90m", "1d", "60m", "106751991167d");
        return;
    case KIND_OF_FLOAT:
        PUT_ANY(maker, "0.0", "1.5", "-0.25", "1.0e300", "SCALE", "3.0");
        return;
    case KIND_OF_ENUM:
        PUT_ANY(maker, "E::A", "E::B", "E::C");
        return;
    case KIND_OF_OPTION:
        PUT_ANY(maker, "maybe(3)", "maybe(-1)", "maybe(LIMIT)");
        return;
    case KIND_OF_LIST:
        PUT_ANY(maker, "[]", "[1]", "[3, 1, 2]", "[LIMIT, -1]", "range(4)");
        return;
    case KIND_OF_WORDS:
        PUT_ANY(maker, "[]", "[\"b\", \"a\"]", "WORDS", "split(\"x,y,\", \",\")");
        return;
    case KIND_OF_MAP:
        PUT_ANY(maker, "({})", "({b: 1, a: 2})", "({\"c\": LIMIT})");
        return;
    case KIND_OF_RECORD:
        make_record_literal(maker);
        return;
    case KIND_OF_RECORDS:
        put(maker, "[");
        make_record_literal(maker);
        put(maker, "]");
        return;
    case KIND_COUNT:
        return;
    }
}

/* ---- operators ---- */

static void make_pair(Maker *maker, Kind left, const char *operator, Kind right, int depth)
{
    put(maker, "(");
    make_expr(maker, left, depth);
    buffer_add_format(maker->out, " %s ", operator);
    make_expr(maker, right, depth);
    put(maker, ")");
}

/* name(arguments) of these kinds. */
static void make_call(Maker *maker, const char *name, const Kind *kinds, size_t count, int depth)
{
    buffer_add_format(maker->out, "%s(", name);
    for (size_t i = 0; i < count; i++) {
        put(maker, i > 0 ? ", " : "");
        make_expr(maker, kinds[i], depth);
    }
    put(maker, ")");
}

#define CALL(maker, name, depth, ...)                                                              \
    make_call(maker, name, (const Kind[]){__VA_ARGS__},                                            \
              sizeof((const Kind[]){__VA_ARGS__}) / sizeof(Kind), depth)

/* Of the variable; where it is not seen, of something else. */
static const char *variable_or(Maker *maker, Kind kind, const char *other)
{
    const char *name = maker_variable(maker, kind);

    return name != NULL ? name : other;
}

/* Mostly there. */
void make_index(Maker *maker, const char *list)
{
    switch (pick(maker, 5)) {
    case 0:
        buffer_add_format(maker->out, "[len(%s) - 1]", list);
        break;
    case 1:
        put(maker, "[1]");
        break;
    default:
        put(maker, "[0]");
        break;
    }
}

/* ---- what takes things apart ---- */

static void make_int_part(Maker *maker, int depth)
{
    const char *name;

    switch (pick(maker, 10)) {
    case 0:
        name = variable_or(maker, KIND_OF_LIST, "[4, 5]");
        put(maker, name);
        make_index(maker, name);
        break;
    case 1:
        put(maker, variable_or(maker, KIND_OF_MAP, "({a: 1, b: 2, c: 3})"));
        put(maker, "[");
        make_key(maker);
        put(maker, "]");
        break;
    case 2:
        buffer_add_format(maker->out, "%s.x", variable_or(maker, KIND_OF_RECORD, "R(x: 9)"));
        break;
    case 3:
        CALL(maker, "len", depth, pick(maker, 2) == 0 ? KIND_OF_LIST : KIND_OF_STRING);
        break;
    case 4:
        CALL(maker, "value_or", depth, KIND_OF_OPTION, KIND_OF_INT);
        break;
    case 5:
        CALL(maker, pick(maker, 2) == 0 ? "min" : "max", depth, KIND_OF_INT, KIND_OF_INT);
        break;
    case 6:
        CALL(maker, "abs", depth, KIND_OF_INT);
        break;
    case 7:
        CALL(maker, "int", 0, pick(maker, 4) == 0 ? KIND_OF_STRING : KIND_OF_FLOAT);
        break;
    case 8:
        PUT_ANY(maker, "deep(0)", "deep(7)", "deep(99)", "deep(100)", "len(WORDS)");
        break;
    default:
        if (maker->callees > 0)
            CALL(maker, "count", depth, KIND_OF_INT, KIND_OF_STRING);
        else
            put(maker, "LIMIT");
        break;
    }
}

static void make_int(Maker *maker, int depth)
{
    static const char *const operators[] = {"+", "-", "*", "/", "%"};
    const char *operator= operators[pick(maker, 5)];

    if (pick(maker, 8) == 0) {
        put(maker, "-(");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, ")");
    } else if (pick(maker, 3) == 0) {
        make_int_part(maker, depth);
    } else if (pick(maker, 3) == 0) { /* precedence decides */
        put(maker, "(");
        make_name(maker, KIND_OF_INT);
        for (uint32_t i = pick(maker, 3) + 1; i > 0; i--) {
            buffer_add_format(maker->out, " %s ", operators[pick(maker, 5)]);
            make_name(maker, KIND_OF_INT);
        }
        put(maker, ")");
    } else {
        make_pair(maker, KIND_OF_INT, operator, KIND_OF_INT, depth);
    }
}

static void make_comparison(Maker *maker, int depth)
{
    static const char *const orders[] = {"==", "!=", "<", "<=", ">", ">="};
    Kind kind = (Kind)pick(maker, KIND_COUNT);
    bool ordered = kind == KIND_OF_INT || kind == KIND_OF_DURATION || kind == KIND_OF_FLOAT;

    make_pair(maker, kind, orders[pick(maker, ordered ? 6 : 2)], kind, depth);
}

/* Right of the question it is an int. */
static void make_question(Maker *maker, int depth)
{
    const char *option = maker_variable(maker, KIND_OF_OPTION);

    if (option == NULL) {
        make_literal(maker, KIND_OF_BOOL);
        return;
    }
    bool is_there = pick(maker, 2) == 0;
    buffer_add_format(maker->out, "(%s %s null %s %s > ", option,
                      is_there ? "!=" : "==", is_there ? "&&" : "||", option);
    maker->asked = true;
    make_expr(maker, KIND_OF_INT, depth - 1);
    put(maker, ")");
}

static void make_bool(Maker *maker, int depth)
{
    switch (pick(maker, 9)) {
    case 0:
        put(maker, "!");
        make_pair(maker, KIND_OF_BOOL, "&&", KIND_OF_BOOL, depth);
        break;
    case 1:
        make_pair(maker, KIND_OF_BOOL, "||", KIND_OF_BOOL, depth);
        break;
    case 2:
        make_pair(maker, KIND_OF_BOOL, "and", KIND_OF_BOOL, depth);
        break;
    case 3:
        make_question(maker, depth);
        break;
    case 4:
        CALL(maker, "contains", depth, KIND_OF_LIST, KIND_OF_INT);
        break;
    case 5:
        CALL(maker, pick(maker, 2) == 0 ? "starts_with" : "contains", depth, KIND_OF_STRING,
             KIND_OF_STRING);
        break;
    default:
        make_comparison(maker, depth);
        break;
    }
}

/* Texts of texts only where few are taken up. */
static void make_interpolation(Maker *maker, int depth)
{
    static const Kind plain[] = {KIND_OF_INT, KIND_OF_BOOL, KIND_OF_DURATION, KIND_OF_FLOAT,
                                 KIND_OF_ENUM};

    put(maker, "\"at ${");
    make_expr(maker, plain[pick(maker, 5)], depth);
    put(maker, "}, ${");
    make_expr(maker, maker->loops > 0 ? plain[pick(maker, 5)] : (Kind)pick(maker, KIND_COUNT),
              depth);
    put(maker, "}\"");
}

static void make_string(Maker *maker, int depth)
{
    switch (pick(maker, 8)) {
    case 0:
    case 1:
        make_pair(maker, KIND_OF_STRING, "+", KIND_OF_STRING, depth);
        break;
    case 2:
        CALL(maker, pick(maker, 2) == 0 ? "upper" : "trim", depth, KIND_OF_STRING);
        break;
    case 3:
        CALL(maker, "join", depth, KIND_OF_WORDS, KIND_OF_STRING);
        break;
    case 4:
        put(maker, "replace(");
        make_expr(maker, KIND_OF_STRING, depth);
        put(maker, ", \"a\", \"\\u{e9}e\")");
        break;
    case 5:
        put(maker, "part(");
        make_expr(maker, KIND_OF_STRING, depth);
        put(maker, pick(maker, 2) == 0 ? ", 0, 0)" : ", 0, 1)");
        break;
    case 6:
        if (maker->callees > 1) {
            CALL(maker, "tell", depth, KIND_OF_LIST, KIND_OF_ENUM);
            break;
        }
        make_interpolation(maker, depth);
        break;
    default:
        make_interpolation(maker, depth);
        break;
    }
}

static void make_duration(Maker *maker, int depth)
{
    switch (pick(maker, 5)) {
    case 0:
        make_pair(maker, KIND_OF_DURATION, "*", KIND_OF_INT, depth);
        break;
    case 1:
        make_pair(maker, KIND_OF_INT, "*", KIND_OF_DURATION, depth);
        break;
    case 2:
        make_pair(maker, KIND_OF_DURATION, "/", KIND_OF_INT, depth);
        break;
    case 3:
        CALL(maker, "max", depth, KIND_OF_DURATION, KIND_OF_DURATION);
        break;
    default:
        make_pair(maker, KIND_OF_DURATION, pick(maker, 2) == 0 ? "+" : "-", KIND_OF_DURATION,
                  depth);
        break;
    }
}

/* An int literal beside a float is one. */
static void make_float(Maker *maker, int depth)
{
    static const char *const operators[] = {"+", "-", "*", "/"};

    switch (pick(maker, 7)) {
    case 0:
        put(maker, "(");
        make_expr(maker, KIND_OF_FLOAT, depth);
        buffer_add_format(maker->out, " %s %u)", operators[pick(maker, 4)], pick(maker, 4));
        break;
    case 1:
        CALL(maker, "min", depth, KIND_OF_FLOAT, KIND_OF_FLOAT);
        break;
    case 2:
        CALL(maker, "float", depth, KIND_OF_INT);
        break;
    case 3:
        buffer_add_format(maker->out, "%s.f", variable_or(maker, KIND_OF_RECORD, "R(x: 9, f: 2)"));
        break;
    case 4:
        put(maker, "-(");
        make_expr(maker, KIND_OF_FLOAT, depth);
        put(maker, ")");
        break;
    case 5:
        if (maker->callees > 2) {
            PUT_ANY(maker, "half(3)", "half(-1)", "half(len(WORDS))", "half(g)");
            break;
        }
        put(maker, "SCALE");
        break;
    default:
        make_pair(maker, KIND_OF_FLOAT, operators[pick(maker, 4)], KIND_OF_FLOAT, depth);
        break;
    }
}

/* ---- what is made of parts ---- */

static void make_list(Maker *maker, int depth)
{
    switch (pick(maker, 8)) {
    case 0:
        CALL(maker, "append", depth, KIND_OF_LIST, KIND_OF_INT);
        break;
    case 1:
        put(maker, "(");
        make_expr(maker, KIND_OF_LIST, depth);
        put(maker, " + [");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, "])");
        break;
    case 2:
        put(maker, "values(");
        make_expr(maker, KIND_OF_MAP, depth);
        put(maker, ")");
        break;
    case 3:
        put(maker, "remove(");
        make_expr(maker, KIND_OF_LIST, depth);
        put(maker, ", 0)");
        break;
    case 4:
        put(maker, "part(");
        make_expr(maker, KIND_OF_LIST, depth);
        put(maker, pick(maker, 2) == 0 ? ", 0, 1)" : ", 0, 0)");
        break;
    case 5:
        buffer_add_format(maker->out, "%s.l", variable_or(maker, KIND_OF_RECORD, "R(x: 9)"));
        break;
    default:
        put(maker, "[");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, ", ");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, "]");
        break;
    }
}

static void make_words(Maker *maker, int depth)
{
    switch (pick(maker, 4)) {
    case 0:
        CALL(maker, "append", depth, KIND_OF_WORDS, KIND_OF_STRING);
        break;
    case 1:
        CALL(maker, "keys", depth, KIND_OF_MAP);
        break;
    case 2:
        put(maker, "split(");
        make_expr(maker, KIND_OF_STRING, depth);
        put(maker, ", \"a\")");
        break;
    default:
        put(maker, "[");
        make_expr(maker, KIND_OF_STRING, depth);
        put(maker, "]");
        break;
    }
}

static void make_map(Maker *maker, int depth)
{
    if (pick(maker, 3) == 0) {
        put(maker, "remove(");
        make_expr(maker, KIND_OF_MAP, depth);
        put(maker, ", ");
    } else {
        put(maker, "({");
        make_key(maker);
        put(maker, ": ");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, ", z: ");
        make_expr(maker, KIND_OF_INT, depth);
        put(maker, "})");
        return;
    }
    make_key(maker);
    put(maker, ")");
}

static void make_record(Maker *maker, int depth)
{
    const char *records = variable_or(maker, KIND_OF_RECORDS, "[R(x: 4), R(s: \"e\", x: 5)]");

    if (pick(maker, 3) == 0) {
        put(maker, records);
        make_index(maker, records);
        return;
    }
    put(maker, "R(s: ");
    make_expr(maker, KIND_OF_STRING, depth);
    put(maker, ", x: ");
    make_expr(maker, KIND_OF_INT, depth);
    put(maker, ", o: ");
    make_expr(maker, KIND_OF_OPTION, 0);
    put(maker, ")");
}

static void make_composed(Maker *maker, Kind kind, int depth)
{
    switch (kind) {
    case KIND_OF_INT:
        make_int(maker, depth);
        return;
    case KIND_OF_BOOL:
        make_bool(maker, depth);
        return;
    case KIND_OF_STRING:
        make_string(maker, depth);
        return;
    case KIND_OF_DURATION:
        make_duration(maker, depth);
        return;
    case KIND_OF_FLOAT:
        make_float(maker, depth);
        return;
    case KIND_OF_ENUM:
        make_name(maker, kind);
        return;
    case KIND_OF_OPTION:
        CALL(maker, "maybe", depth, KIND_OF_INT);
        return;
    case KIND_OF_LIST:
        make_list(maker, depth);
        return;
    case KIND_OF_WORDS:
        make_words(maker, depth);
        return;
    case KIND_OF_MAP:
        make_map(maker, depth);
        return;
    case KIND_OF_RECORD:
        make_record(maker, depth);
        return;
    case KIND_OF_RECORDS:
        CALL(maker, "append", depth, KIND_OF_RECORDS, KIND_OF_RECORD);
        return;
    case KIND_COUNT:
        return;
    }
}

void make_expr(Maker *maker, Kind kind, int depth)
{
    uint32_t way = depth <= 0 ? pick(maker, 2) : pick(maker, 5);

    if (way == 0)
        make_literal(maker, kind);
    else if (way == 1)
        make_name(maker, kind);
    else
        make_composed(maker, kind, depth - 1);
}
