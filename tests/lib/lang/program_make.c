/* Statements, functions and the whole of generated programs. */
#include "tests/lib/lang/program_make.h"

#include <string.h>

#include "tests/lib/lang/maker.h"

#define COPIES_MAX 2

/* ---- locals ---- */

static size_t local_add(Maker *maker, Kind kind, bool fixed)
{
    maker->locals[maker->local_count] = (Local){kind, fixed};
    return maker->local_count++;
}

static void make_let(Maker *maker)
{
    Kind kind = (Kind)pick(maker, KIND_COUNT);
    bool typed = pick(maker, 3) == 0;

    if (maker->local_count == LOCALS_MAX)
        return;
    buffer_add_format(maker->out, "let l%zu%s%s = ", maker->local_count, typed ? ": " : "",
                      typed ? kind_text(kind) : "");
    /* An empty list or map alone does not say what it is of; an int for a float must be asked. */
    if (typed && kind == KIND_OF_FLOAT && pick(maker, 2) == 0)
        put(maker, "3");
    else if (!typed && (kind == KIND_OF_LIST || kind == KIND_OF_WORDS || kind == KIND_OF_MAP))
        put(maker, kind == KIND_OF_LIST    ? "[8, 9]"
                   : kind == KIND_OF_WORDS ? "[\"x\", \"y\"]"
                                           : "{x: 1, a: 2}");
    else
        make_expr(maker, kind, EXPR_DEPTH);
    put(maker, "\n");
    local_add(maker, kind, false);
}

/* ---- assignments ---- */

/* A variable that may be assigned; NULL: none was met. */
static const char *target_variable(Maker *maker, Kind kind)
{
    const char *name = maker_variable(maker, kind);
    size_t index = 0;

    if (name == NULL)
        return NULL;
    if (name[0] == 'l' && name[1] >= '0' && name[1] <= '9') {
        for (const char *c = name + 1; *c != '\0'; c++)
            index = index * 10 + (size_t)(*c - '0');
        return maker->locals[index].fixed ? NULL : name;
    }
    return name;
}

static bool grows(const Maker *maker, Kind kind)
{
    return kind == KIND_OF_INT || kind == KIND_OF_FLOAT ||
           (kind == KIND_OF_STRING && maker->loops == 0);
}

static void make_assign(Maker *maker)
{
    Kind kind = (Kind)pick(maker, KIND_COUNT);
    const char *target = target_variable(maker, kind);

    if (target == NULL)
        return;
    buffer_add_format(maker->out, "%s %s ", target,
                      grows(maker, kind) && pick(maker, 2) == 0 ? "+=" : "=");
    make_expr(maker, kind, EXPR_DEPTH);
    put(maker, "\n");
}

static void make_part_target(Maker *maker, uint32_t way)
{
    static const Kind kinds[] = {KIND_OF_LIST,   KIND_OF_MAP,    KIND_OF_RECORD,
                                 KIND_OF_RECORD, KIND_OF_RECORD, KIND_OF_RECORDS};
    static const char *const members[] = {"", "", ".x", ".f", ".l[0]", ".x"};
    const char *target = target_variable(maker, kinds[way]);

    if (target == NULL)
        target = kinds[way] == KIND_OF_LIST     ? "l"
                 : kinds[way] == KIND_OF_MAP    ? "i"
                 : kinds[way] == KIND_OF_RECORD ? "r"
                                                : "p";
    put(maker, target);
    if (way == 0 || way == 5)
        make_index(maker, target);
    if (way == 1) {
        put(maker, "[");
        make_key(maker);
        put(maker, "]");
    }
    put(maker, members[way]);
}

static void make_part_assign(Maker *maker)
{
    uint32_t way = pick(maker, 6);

    if (!maker->fields)
        return;
    make_part_target(maker, way);
    put(maker, pick(maker, 3) == 0 ? " += " : " = ");
    if (way == 3)
        PUT_ANY(maker, "2", "0.125", "f", "-1");
    else
        make_expr(maker, KIND_OF_INT, 2);
    put(maker, "\n");
}

/* In loops a list grows only so far; and others come to hold it. */
static void make_growth(Maker *maker)
{
    if (!maker->fields)
        return;
    if (pick(maker, 3) == 0) {
        PUT_ANY(maker, "k = l\n", "l = k\n", "r.l = l\n", "k = p[0].l\n", "i = j\n", "j = i\n");
        return;
    }
    put(maker, "if len(l) < 12 { l ");
    put(maker, pick(maker, 2) == 0 ? "= append(l, " : "+= ([] + [");
    bool appends = maker->out->bytes[maker->out->size - 2] == ',';
    make_expr(maker, KIND_OF_INT, 1);
    put(maker, appends ? ") }\n" : "]) }\n");
}

/* ---- branches and loops ---- */

/* A body behind a condition, which may have asked for an option. */
static void make_known(Maker *maker, int depth)
{
    bool narrowed = maker->narrowed;

    maker->narrowed = narrowed || maker->asked;
    make_block(maker, depth - 1);
    maker->narrowed = narrowed;
}

/* At most five turns. */
static void make_while(Maker *maker, int depth)
{
    if (maker->local_count == LOCALS_MAX || maker->loops == 2)
        return;
    size_t counter = local_add(maker, KIND_OF_INT, true);
    buffer_add_format(maker->out, "let l%zu = 0\nwhile l%zu < %u && ", counter, counter,
                      pick(maker, 5) + 1);
    make_expr(maker, KIND_OF_BOOL, 2);
    buffer_add_format(maker->out, " {\nl%zu += 1\n", counter);
    maker->loops++;
    make_known(maker, depth);
    maker->loops--;
    put(maker, "}\n");
}

static void make_for(Maker *maker, int depth)
{
    static const Kind entries[] = {KIND_OF_INT, KIND_OF_STRING, KIND_OF_RECORD, KIND_OF_STRING};
    static const Kind lists[] = {KIND_OF_LIST, KIND_OF_WORDS, KIND_OF_RECORDS, KIND_OF_MAP};
    size_t locals = maker->local_count;
    uint32_t way = pick(maker, 4);
    bool two = way == 3 && pick(maker, 2) == 0;

    if (maker->local_count + 2 > LOCALS_MAX || maker->loops == 2)
        return;
    buffer_add_format(maker->out, "for l%zu", locals);
    if (two)
        buffer_add_format(maker->out, ", l%zu", locals + 1);
    put(maker, " in ");
    if (maker->loops > 0 && way == 0)
        put(maker, "range(3)");
    else
        make_expr(maker, lists[way], 1);
    put(maker, " {\n");
    local_add(maker, entries[way], true);
    if (two)
        local_add(maker, KIND_OF_INT, true);
    maker->loops++;
    make_block(maker, depth - 1);
    maker->loops--;
    maker->local_count = locals;
    put(maker, "}\n");
}

static void make_if(Maker *maker, int depth)
{
    put(maker, "if ");
    make_expr(maker, KIND_OF_BOOL, EXPR_DEPTH);
    bool asked = maker->asked;
    put(maker, " {\n");
    make_known(maker, depth);
    put(maker, "}");
    if (pick(maker, 2) == 0) {
        put(maker, " else {\n");
        maker->asked = asked;
        make_known(maker, depth);
        put(maker, "}");
    }
    put(maker, "\n");
}

/* In the branch an option is an int, until the block is left. */
static void make_narrowing(Maker *maker, int depth)
{
    const char *option = maker_variable(maker, KIND_OF_OPTION);
    bool narrowed = maker->narrowed;

    if (option == NULL || !maker->fields)
        return;
    buffer_add_format(maker->out, "if %s != null {\nn = %s + 1\n", option, option);
    maker->narrowed = true;
    make_block(maker, depth - 1);
    maker->narrowed = narrowed;
    put(maker, "}\n");
}

static void make_arms(Maker *maker, const char *const *patterns, size_t count, int depth)
{
    for (size_t i = 0; i < count; i++) {
        buffer_add_format(maker->out, "%s => {\n", patterns[i]);
        make_block(maker, depth - 1);
        put(maker, "}\n");
    }
}

#define ARMS(maker, depth, ...)                                                                    \
    make_arms(maker, (const char *const[]){__VA_ARGS__},                                           \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), depth)

static void make_match(Maker *maker, int depth)
{
    static const Kind kinds[] = {KIND_OF_INT, KIND_OF_STRING, KIND_OF_BOOL, KIND_OF_ENUM,
                                 KIND_OF_OPTION};
    uint32_t way = pick(maker, 5);
    bool narrowed = maker->narrowed;

    put(maker, "match ");
    make_expr(maker, kinds[way], 1);
    put(maker, " {\n");
    maker->narrowed = true; /* in the arms */
    if (way == 0)
        ARMS(maker, depth, "1, 2", "LIMIT", "_");
    else if (way == 1)
        ARMS(maker, depth, "\"a\", \"\"", "\"12\"", "_");
    else if (way == 2)
        ARMS(maker, depth, "true", "false");
    else if (way == 3)
        ARMS(maker, depth, "E::B", pick(maker, 2) == 0 ? "A, C" : "_");
    else
        ARMS(maker, depth, "null", "3, LIMIT", "_");
    maker->narrowed = narrowed;
    put(maker, "}\n");
}

/* ---- the others ---- */

static void make_output(Maker *maker)
{
    uint32_t kind = pick(maker, 3);

    if (!maker->fields)
        return;
    put(maker, kind == 0   ? "emit Log("
               : kind == 1 ? "emit Broadcast(Event::E(x: "
                           : "send self U(");
    make_expr(maker, kind == 0 ? KIND_OF_STRING : KIND_OF_INT, EXPR_DEPTH);
    if (kind == 1) {
        put(maker, ", y: ");
        make_expr(maker, KIND_OF_LIST, 2);
        put(maker, ")");
    }
    put(maker, ")\n");
}

static void make_stmt(Maker *maker, int depth)
{
    uint32_t kind = pick(maker, 24);

    if (kind < 4)
        make_let(maker);
    else if (kind < 6 && depth > 0)
        make_while(maker, depth);
    else if (kind < 8 && depth > 0)
        make_for(maker, depth);
    else if (kind < 11 && depth > 0)
        make_if(maker, depth);
    else if (kind == 11 && depth > 0)
        make_narrowing(maker, depth);
    else if (kind < 14 && depth > 0)
        make_match(maker, depth);
    else if (kind < 16)
        make_output(maker);
    else if (kind < 18)
        make_part_assign(maker);
    else if (kind == 18)
        make_growth(maker);
    else if (kind == 19 && depth == BLOCK_DEPTH && maker->fields && pick(maker, 6) == 0)
        put(maker, "fail \"${n}\"\n");
    else
        make_assign(maker);
}

void make_block(Maker *maker, int depth)
{
    size_t locals = maker->local_count;

    for (uint32_t i = pick(maker, 4) + (depth == BLOCK_DEPTH ? 2 : 0); i > 0; i--) {
        maker->copies = COPIES_MAX;
        maker->asked = false;
        make_stmt(maker, depth);
    }
    maker->local_count = locals;
}

/* ---- functions ---- */

/* `head` ends before the body; its parameters, which are not assigned, are l0 and l1. */
static void make_function(Maker *maker, const char *head, Kind first, Kind second, Kind result)
{
    maker->local_count = 0;
    local_add(maker, first, true);
    if (second != KIND_COUNT)
        local_add(maker, second, true);
    put(maker, head);
    put(maker, " {\n");
    maker->loops = 1; /* they are called in loops */
    for (uint32_t i = pick(maker, 3); i > 0; i--) {
        maker->asked = false;
        make_stmt(maker, 1);
    }
    put(maker, "return ");
    make_expr(maker, result, 2);
    put(maker, "\n}\n");
    maker->local_count = 0;
    maker->loops = 0;
    maker->callees++;
}

static void make_functions(Maker *maker)
{
    put(maker, "fn deep(n: int) -> int { if n <= 0 { return 0 } return deep(n - 1) + 1 }\n"
               "fn maybe(n: int) -> int? { if n < 0 { return null } return n }\n");
    make_function(maker, "fn count(l0: int, l1: string) -> int", KIND_OF_INT, KIND_OF_STRING,
                  KIND_OF_INT);
    make_function(maker, "fn tell(l0: list<int>, l1: E) -> string", KIND_OF_LIST, KIND_OF_ENUM,
                  KIND_OF_STRING);
    make_function(maker, "fn half(l0: float) -> float", KIND_OF_FLOAT, KIND_COUNT, KIND_OF_FLOAT);
}

static const char prelude[] =
    "enum E { A, B, C }\n"
    "record R { x: int s: string = \"d\" l: list<int> = [1, 2] o: int? = null f: float = 1 }\n"
    "const LIMIT = 4\nconst WORDS = [\"p\", \"q\"]\nconst SCALE: float = 2\n";

static const char state[] =
    "state { n: int = 3 m: int s: string = \"x\" t: string b: bool\nc: bool = true d: duration = "
    "90s e: duration f: float = 1.5 g: float\nq: E u: E = E::C o: int? v: int? = 2 l: list<int> = "
    "[3, 1, 2] k: list<int>\nw: list<string> = [\"a\", \"b\"] i: map<int> = {a: 1, b: 2} j: "
    "map<int>\nr: R = R(x: 1) p: list<R> = [R(x: 2), R(x: 3, s: \"z\")] }\n";

void program_make(uint64_t seed, Buffer *ret)
{
    Maker maker = {
        .random = seed * 0x9e3779b97f4a7c15u + 1, .out = ret, .locals_seen = true, .copies = 1};

    put(&maker, prelude);
    make_functions(&maker);
    maker.fields = true;
    maker.locals_seen = false;
    put(&maker, "domain D {\n");
    put(&maker, state);
    put(&maker, "goal G { predicate ");
    make_expr(&maker, KIND_OF_BOOL, EXPR_DEPTH);
    maker.asked = false;
    put(&maker, " }\ninvariant { n != 5 || ");
    make_expr(&maker, KIND_OF_BOOL, 2);
    put(&maker, " }\ntransition U(x: int) { n = x }\ntransition T {\n");
    maker.locals_seen = true;
    make_block(&maker, BLOCK_DEPTH);
    put(&maker, "}\n}\n");
}
