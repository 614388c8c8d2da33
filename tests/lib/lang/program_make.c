#include "tests/lib/lang/program_make.h"

#include <stdbool.h>
#include <stddef.h>

#include "lang/ast.h"

#define LOCALS_MAX 40
#define EXPR_DEPTH 3
#define BLOCK_DEPTH 2

typedef struct Maker {
    uint64_t random;
    Buffer *out;
    TypeName locals[LOCALS_MAX]; /* l0, l1 ... in scope */
    bool counts[LOCALS_MAX];     /* it counts a loop's turns, and is not assigned */
    size_t local_count;
    uint32_t loops;
    bool pure; /* in a goal: fields only */
} Maker;

/* xorshift64* (Vigna, 2016), scaled to [0, limit). */
static uint32_t pick(Maker *maker, uint32_t limit)
{
    maker->random ^= maker->random >> 12;
    maker->random ^= maker->random << 25;
    maker->random ^= maker->random >> 27;
    return (uint32_t)((maker->random * 0x2545f4914f6cdd1du) >> 33) % limit;
}

static void put(Maker *maker, const char *text)
{
    buffer_add_string(maker->out, text);
}

static void put_any(Maker *maker, const char *const *texts, uint32_t count)
{
    put(maker, texts[pick(maker, count)]);
}

#define PUT_ANY(maker, ...)                                                                        \
    put_any(maker, (const char *const[]){__VA_ARGS__},                                             \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* ---- expressions ---- */

static void make_expr(Maker *maker, TypeName type, int depth);

static void make_literal(Maker *maker, TypeName type)
{
    switch (type) {
    case TYPE_INT:
        PUT_ANY(maker, "0", "1", "2", "3", "7", "1_000", "9223372036854775807",
                "-9223372036854775808", "4611686018427387904");
        break;
    case TYPE_BOOL:
        PUT_ANY(maker, "true", "false");
        break;
    case TYPE_STRING:
        PUT_ANY(maker, "\"\"", "\"a\"", "\"b\\n\"", "\"\\u{e9}\\\"\"", "\"on the way\"");
        break;
    case TYPE_DURATION:
        PUT_ANY(maker, "0s", "250ms", "90m", "1d", "60m", "106751991167d");
        break;
    }
}

static bool make_local(Maker *maker, TypeName type)
{
    uint32_t start = maker->local_count > 0 ? pick(maker, (uint32_t)maker->local_count) : 0;

    for (uint32_t i = start; i < maker->local_count; i++)
        if (maker->locals[i] == type) {
            buffer_add_format(maker->out, "l%u", i);
            return true;
        }
    return false;
}

/* In loops no string is made of strings: they would double with every turn. */
static void make_name(Maker *maker, TypeName type)
{
    static const char *const fields[][2] = {
        [TYPE_INT] = {"n", "m"},
        [TYPE_BOOL] = {"b", "state.c"},
        [TYPE_STRING] = {"s", "t"},
        [TYPE_DURATION] = {"d", "state.e"},
    };

    if (type == TYPE_STRING && maker->loops > 0)
        make_literal(maker, type);
    else if (maker->pure || pick(maker, 2) == 0 || !make_local(maker, type))
        put(maker, fields[type][pick(maker, 2)]);
}

static void make_pair(Maker *maker, TypeName left, const char *operator, TypeName right, int depth)
{
    put(maker, "(");
    make_expr(maker, left, depth);
    buffer_add_format(maker->out, " %s ", operator);
    make_expr(maker, right, depth);
    put(maker, ")");
}

static void make_int(Maker *maker, int depth)
{
    static const char *const operators[] = {"+", "-", "*", "/", "%"};
    const char *operator= operators[pick(maker, 5)];

    if (pick(maker, 8) == 0) {
        put(maker, "-(");
        make_expr(maker, TYPE_INT, depth);
        put(maker, ")");
    } else if (pick(maker, 3) == 0) { /* precedence decides */
        put(maker, "(");
        make_name(maker, TYPE_INT);
        for (uint32_t i = pick(maker, 3) + 1; i > 0; i--) {
            buffer_add_format(maker->out, " %s ", operators[pick(maker, 5)]);
            make_name(maker, TYPE_INT);
        }
        put(maker, ")");
    } else {
        make_pair(maker, TYPE_INT, operator, TYPE_INT, depth);
    }
}

static void make_bool(Maker *maker, int depth)
{
    static const char *const orders[] = {"==", "!=", "<", "<=", ">", ">="};
    static const TypeName types[] = {TYPE_INT, TYPE_INT, TYPE_DURATION, TYPE_STRING, TYPE_BOOL};
    TypeName type = types[pick(maker, 5)];

    switch (pick(maker, 5)) {
    case 0:
        put(maker, "!");
        make_pair(maker, TYPE_BOOL, "&&", TYPE_BOOL, depth);
        break;
    case 1:
        make_pair(maker, TYPE_BOOL, "||", TYPE_BOOL, depth);
        break;
    case 2:
        make_pair(maker, TYPE_BOOL, "and", TYPE_BOOL, depth);
        break;
    default:
        make_pair(maker, type,
                  orders[pick(maker, type == TYPE_INT || type == TYPE_DURATION ? 6 : 2)], type,
                  depth);
        break;
    }
}

static void make_string(Maker *maker, int depth)
{
    if (pick(maker, 2) == 0) {
        make_pair(maker, TYPE_STRING, "+", TYPE_STRING, depth);
        return;
    }
    put(maker, "\"at ${");
    make_expr(maker, (TypeName)pick(maker, 4), depth);
    put(maker, "}, ${");
    make_expr(maker, (TypeName)pick(maker, 4), depth);
    put(maker, "}\"");
}

static void make_duration(Maker *maker, int depth)
{
    switch (pick(maker, 5)) {
    case 0:
        make_pair(maker, TYPE_DURATION, "*", TYPE_INT, depth);
        break;
    case 1:
        make_pair(maker, TYPE_INT, "*", TYPE_DURATION, depth);
        break;
    case 2:
        make_pair(maker, TYPE_DURATION, "/", TYPE_INT, depth);
        break;
    default:
        make_pair(maker, TYPE_DURATION, pick(maker, 2) == 0 ? "+" : "-", TYPE_DURATION, depth);
        break;
    }
}

static void make_expr(Maker *maker, TypeName type, int depth)
{
    uint32_t kind = depth <= 0 ? pick(maker, 2) : pick(maker, 5);

    if (kind == 0) {
        make_literal(maker, type);
    } else if (kind == 1) {
        make_name(maker, type);
    } else {
        switch (type) {
        case TYPE_INT:
            make_int(maker, depth - 1);
            break;
        case TYPE_BOOL:
            make_bool(maker, depth - 1);
            break;
        case TYPE_STRING:
            make_string(maker, depth - 1);
            break;
        case TYPE_DURATION:
            make_duration(maker, depth - 1);
            break;
        }
    }
}

/* ---- statements ---- */

static void make_block(Maker *maker, int depth);

static void make_let(Maker *maker)
{
    TypeName type = (TypeName)pick(maker, 4);

    if (maker->local_count == LOCALS_MAX)
        return;
    buffer_add_format(maker->out, "let l%zu = ", maker->local_count);
    make_expr(maker, type, EXPR_DEPTH);
    put(maker, "\n");
    maker->counts[maker->local_count] = false;
    maker->locals[maker->local_count++] = type;
}

static void make_assign(Maker *maker)
{
    static const char *const fields[] = {"n", "m", "b", "c", "s", "t", "d", "state.e"};
    uint32_t field = pick(maker, 8);
    static const TypeName types[] = {TYPE_INT, TYPE_BOOL, TYPE_STRING, TYPE_DURATION};
    TypeName type = types[field / 2];
    uint32_t local = maker->local_count > 0 ? pick(maker, (uint32_t)maker->local_count) : 0;
    bool grows = type == TYPE_INT || (type == TYPE_STRING && maker->loops == 0);

    if (maker->local_count > 0 && pick(maker, 3) == 0 && !maker->counts[local]) {
        type = maker->locals[local];
        buffer_add_format(maker->out, "l%u = ", local);
    } else {
        buffer_add_format(maker->out, "%s %s ", fields[field],
                          grows && pick(maker, 2) == 0 ? "+=" : "=");
    }
    make_expr(maker, type, EXPR_DEPTH);
    put(maker, "\n");
}

/* At most five turns. */
static void make_while(Maker *maker, int depth)
{
    size_t counter = maker->local_count;

    if (counter == LOCALS_MAX || maker->loops == 2)
        return;
    buffer_add_format(maker->out, "let l%zu = 0\nwhile l%zu < %u && ", counter, counter,
                      pick(maker, 5) + 1);
    maker->locals[maker->local_count] = TYPE_INT;
    maker->counts[maker->local_count++] = true;
    make_expr(maker, TYPE_BOOL, 2);
    buffer_add_format(maker->out, " {\nl%zu += 1\n", counter);
    maker->loops++;
    make_block(maker, depth - 1);
    maker->loops--;
    put(maker, "}\n");
}

static void make_if(Maker *maker, int depth)
{
    put(maker, "if ");
    make_expr(maker, TYPE_BOOL, EXPR_DEPTH);
    put(maker, " {\n");
    make_block(maker, depth - 1);
    put(maker, "}");
    if (pick(maker, 2) == 0) {
        put(maker, " else {\n");
        make_block(maker, depth - 1);
        put(maker, "}");
    }
    put(maker, "\n");
}

static void make_output(Maker *maker)
{
    uint32_t kind = pick(maker, 3);

    put(maker, kind == 0   ? "emit Log("
               : kind == 1 ? "emit Broadcast(Event::E(x: "
                           : "send self U(");
    make_expr(maker, kind == 0 ? TYPE_STRING : TYPE_INT, EXPR_DEPTH);
    if (kind == 1) {
        put(maker, ", y: ");
        make_expr(maker, TYPE_STRING, 2);
        put(maker, ")");
    }
    put(maker, ")\n");
}

static void make_block(Maker *maker, int depth)
{
    size_t locals = maker->local_count;

    for (uint32_t i = pick(maker, 4) + (depth == BLOCK_DEPTH ? 2 : 0); i > 0; i--) {
        uint32_t kind = pick(maker, 16);
        if (kind < 3)
            make_let(maker);
        else if (kind < 5 && depth > 0)
            make_while(maker, depth);
        else if (kind < 8 && depth > 0)
            make_if(maker, depth);
        else if (kind < 10)
            make_output(maker);
        else if (kind == 10 && pick(maker, 6) == 0)
            put(maker, "fail \"${n}\"\n");
        else
            make_assign(maker);
    }
    maker->local_count = locals;
}

void program_make(uint64_t seed, Buffer *ret)
{
    Maker maker = {.random = seed * 0x9e3779b97f4a7c15u + 1, .out = ret, .pure = true};

    put(&maker, "domain D {\nstate { n: int = 3 m: int s: string = \"x\" t: string b: bool\n"
                "c: bool = true d: duration = 90s e: duration }\ngoal G { predicate ");
    make_expr(&maker, TYPE_BOOL, EXPR_DEPTH);
    put(&maker, " }\ninvariant { n != 5 || ");
    make_expr(&maker, TYPE_BOOL, 2);
    put(&maker, " }\ntransition U(x: int) { n = x }\ntransition T {\n");
    maker.pure = false;
    make_block(&maker, BLOCK_DEPTH);
    put(&maker, "}\n}\n");
}
