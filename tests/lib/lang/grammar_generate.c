/* Texts made up from a grammar. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/lang/grammar_private.h"

typedef struct Piece {
    const char *text;
    bool same_line;
} Piece;

typedef struct Generator {
    Grammar *grammar;
    uint64_t *seed;
    Piece *pieces; /* owned by the arena */
    size_t count;
    size_t capacity;
    size_t size; /* beyond so many, as short as possible */
    Arena arena;
} Generator;

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = *seed;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) % limit;
}

/* Names, among them words that mean something in some places; `to` alone can be read in two ways
 * behind `deploy service`. */
static const char *const names[] = {
    "a",          "b",      "Infra",   "Peer",     "state_1", "_x",      "message", "when",
    "service",    "host",   "given",   "simulate", "expect",  "old",     "retain",  "none",
    "always",     "within", "never",   "run",      "ticks",   "crash",   "result",  "lost",
    "eventually", "failed", "key",     "list",     "map",     "self",    "this",    "Event",
    "int",        "string", "root",    "critical", "reason",  "retries", "allow",   "Tenant",
    "provider",   "error",  "version", "changed",
};

/* `and` and `or` go on with the expression before them. */
static const char *const words[] = {"state",  "goal", "on",     "if",   "match",
                                    "record", "not",  "in",     "null", "true",
                                    "fail",   "stop", "effect", "test", "domain"};

static const char *const samples[CLASS_COUNT][4] = {
    [CLASS_INT] = {"0", "1", "9_000", "255"},
    [CLASS_FLOAT] = {"0.0", "1.5", "2.5e-3", "1_0.0E2"},
    [CLASS_DURATION] = {"1ms", "30s", "5m", "7d"},
    [CLASS_STRING] = {"\"\"", "\"a b\"", "\"\\n\\u{e9}\\\"\"", "\"net/x.ved\""},
    [CLASS_NAME_STRING] = {"\"Peer\"", "\"self\"", "\"_1\"", "\"key\""},
    [CLASS_STRING_HEAD] = {"\"${", "\"a ${", "\"{${", "\"\\\\${"},
    [CLASS_STRING_MIDDLE] = {"}${", "} and ${", "}}${", "}\\t${"},
    [CLASS_STRING_TAIL] = {"}\"", "}.\"", "}$\"", "}}\""},
    [CLASS_CODE] = {"V-LNT-001", "V-WRN-020", "V-LNT-005", "V-WRN-021"},
};

static const char *sample(Generator *g, TokenClass class)
{
    if (class == CLASS_WORD && random_below(g->seed, 3) == 0)
        return words[random_below(g->seed, ARRAY_SIZE(words))];
    if (class == CLASS_NAME || class == CLASS_WORD)
        return names[random_below(g->seed, ARRAY_SIZE(names))];
    return samples[class][random_below(g->seed, 4)];
}

static void piece(Generator *g, const char *text, bool same_line)
{
    arena_reserve_one(&g->arena, g->pieces, g->count, g->capacity);
    g->pieces[g->count++] = (Piece){text, same_line};
}

static void generate(Generator *g, GrammarNode *node, unsigned depth);

/* One child, of those that are not too deep; if all are, the shallowest. What has never been made
 * is likelier. */
static void generate_choice(Generator *g, GrammarNode *node, unsigned depth)
{
    GrammarNode *chosen = NULL;
    uint64_t fitting = 0;

    for (GrammarNode *child = node->first; child != NULL; child = child->next) {
        unsigned most = depth > node->depth ? depth : node->depth;
        if (child->depth > most)
            continue;
        bool fresh = !child->generated && random_below(g->seed, 2) == 0;
        if (random_below(g->seed, ++fitting) == 0 || fresh)
            chosen = child;
        if (fresh)
            break;
    }
    generate(g, chosen, depth);
}

static bool is_excluded(const Generator *g, const GrammarNode *node, size_t from)
{
    if (g->count != from + 1)
        return false;
    const char *text = g->pieces[from].text;
    for (const GrammarNode *but = node->first->next; but != NULL; but = but->next) {
        if (but->kind == NODE_TEXT && strcmp(but->text, text) == 0)
            return true;
        if (but->kind != NODE_CLASS)
            continue;
        cr_assert_eq(but->class, CLASS_NAME, "exceptions are texts and NAME");
        if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                strlen(text) &&
            token_word(text, strlen(text)) == TOKEN_NAME && !(text[0] >= '0' && text[0] <= '9'))
            return true;
    }
    return false;
}

static void generate_except(Generator *g, GrammarNode *node, unsigned depth)
{
    size_t from = g->count;

    for (GrammarNode *but = node->first->next; but != NULL; but = but->next)
        but->generated = true;
    do {
        g->count = from;
        generate(g, node->first, depth);
    } while (is_excluded(g, node, from));
}

static void generate(Generator *g, GrammarNode *node, unsigned depth)
{
    if (g->count > g->size)
        depth = 0;
    node->generated = true;
    switch (node->kind) {
    case NODE_TEXT:
        piece(g, node->text, node->same_line);
        break;
    case NODE_CLASS:
        piece(g, sample(g, node->class), false);
        break;
    case NODE_RULE:
        generate(g, g->grammar->rules[node->rule].body, depth > 0 ? depth - 1 : 0);
        break;
    case NODE_SEQUENCE:
        for (GrammarNode *child = node->first; child != NULL; child = child->next)
            generate(g, child, depth);
        break;
    case NODE_CHOICE:
        generate_choice(g, node, depth);
        break;
    case NODE_OPTIONAL:
        if (node->first->depth < depth && random_below(g->seed, 2) == 0)
            generate(g, node->first, depth);
        break;
    case NODE_REPEAT:
        while (node->first->depth < depth && g->count <= g->size && random_below(g->seed, 5) < 2)
            generate(g, node->first, depth);
        break;
    case NODE_EXCEPT:
        generate_except(g, node, depth);
        break;
    }
}

/* A line may end anywhere but in a string, before a sign that wants its line, and behind a `.`,
 * where `5.` would be half a number. */
static void write_pieces(Generator *g, Buffer *ret)
{
    size_t holes = 0;

    for (size_t i = 0; i < g->count; i++) {
        const char *text = g->pieces[i].text;
        size_t size = strlen(text);
        bool opens = size > 1 && strcmp(text + size - 2, "${") == 0, closes = text[0] == '}';
        bool may_end = holes == 0 && !g->pieces[i].same_line && i > 0 &&
                       strcmp(g->pieces[i - 1].text, ".") != 0;
        buffer_add_char(ret, may_end && random_below(g->seed, 8) == 0 ? '\n' : ' ');
        buffer_add_string(ret, text);
        holes += opens && !closes;
        holes -= closes && size > 1 && !opens;
    }
}

/* Deep enough for every rule, and most texts not so deep that one expression takes up their size.
 */
#define DEPTH_MIN 8
#define DEPTH_MAX 24

void grammar_generate(Grammar *grammar, uint64_t *seed, size_t size, Buffer *ret)
{
    Generator g = {.grammar = grammar, .seed = seed, .size = size};

    unsigned depth = DEPTH_MIN + (unsigned)random_below(seed, DEPTH_MAX - DEPTH_MIN);
    generate(&g, grammar->rules[0].body, depth);
    write_pieces(&g, ret);
    arena_deinit(&g.arena);
}

const char *grammar_not_generated(const Grammar *grammar)
{
    for (const GrammarNode *node = grammar->nodes; node != NULL; node = node->made_before)
        if (!node->generated && node->text != NULL)
            return node->text;
    return NULL;
}
