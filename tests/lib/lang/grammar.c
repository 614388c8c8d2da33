/* Reading a grammar. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "lang/base/file.h"
#include "tests/lib/lang/grammar_private.h"

const char *const token_classes[CLASS_COUNT] = {
    "NAME",        "WORD",        "INT",           "FLOAT",       "DURATION", "STRING",
    "NAME_STRING", "STRING_HEAD", "STRING_MIDDLE", "STRING_TAIL", "CODE"};

typedef struct Reader {
    Grammar *grammar;
    const char *at;
    size_t capacity;
} Reader;

static void blanks(Reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

static bool sign(Reader *reader, char c)
{
    blanks(reader);
    if (*reader->at != c)
        return false;
    reader->at++;
    return true;
}

static GrammarNode *node_new(Reader *reader, NodeKind kind)
{
    GrammarNode *node = arena_new(reader->grammar->arena, GrammarNode);

    node->kind = kind;
    node->made_before = reader->grammar->nodes;
    reader->grammar->nodes = node;
    return node;
}

static const char *word(Reader *reader)
{
    const char *start = reader->at;

    while (isalnum((unsigned char)*reader->at) || *reader->at == '_')
        reader->at++;
    cr_assert_gt(reader->at, start, "the grammar has no name at '%.30s'", start);
    return arena_copy_bytes(reader->grammar->arena, start, (size_t)(reader->at - start));
}

/* A name and `=` behind it: the next rule begins. */
static bool at_rule(const Reader *reader)
{
    const char *at = reader->at;

    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    while (*at == ' ')
        at++;
    return at > reader->at && *at == '=';
}

static GrammarNode *choice(Reader *reader);

static GrammarNode *text(Reader *reader)
{
    GrammarNode *node = node_new(reader, NODE_TEXT);
    const char *end;

    node->same_line = sign(reader, '~');
    cr_assert(sign(reader, '"'), "a text is expected at '%.30s'", reader->at);
    end = strchr(reader->at, '"');
    cr_assert_not_null(end);
    node->text = arena_copy_bytes(reader->grammar->arena, reader->at, (size_t)(end - reader->at));
    reader->at = end + 1;
    return node;
}

static GrammarNode *class_or_rule(Reader *reader)
{
    GrammarNode *node = node_new(reader, NODE_RULE);

    node->text = word(reader);
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if (strcmp(token_classes[i], node->text) == 0) {
            node->kind = NODE_CLASS;
            node->class = (TokenClass)i;
        }
    return node;
}

static GrammarNode *bracketed(Reader *reader, NodeKind kind, char close)
{
    GrammarNode *node = node_new(reader, kind);

    node->first = choice(reader);
    cr_assert(sign(reader, close), "`%c` is expected at '%.30s'", close, reader->at);
    return node;
}

static GrammarNode *item(Reader *reader)
{
    blanks(reader);
    if (*reader->at == '"' || *reader->at == '~')
        return text(reader);
    if (sign(reader, '['))
        return bracketed(reader, NODE_OPTIONAL, ']');
    if (sign(reader, '{'))
        return bracketed(reader, NODE_REPEAT, '}');
    if (!sign(reader, '('))
        return class_or_rule(reader);
    GrammarNode *node = choice(reader);
    cr_assert(sign(reader, ')'), "`)` is expected at '%.30s'", reader->at);
    return node;
}

/* a - "x" - "y" */
static GrammarNode *exception(Reader *reader)
{
    GrammarNode *node = item(reader);

    if (!sign(reader, '-'))
        return node;
    GrammarNode *except = node_new(reader, NODE_EXCEPT);
    except->first = node;
    do {
        node->next = item(reader);
        node = node->next;
    } while (sign(reader, '-'));
    return except;
}

static GrammarNode *sequence(Reader *reader)
{
    GrammarNode *node = node_new(reader, NODE_SEQUENCE), **tail = &node->first;

    for (;;) {
        blanks(reader);
        if (*reader->at == '\0' || strchr("|])}", *reader->at) != NULL || at_rule(reader))
            return node;
        *tail = exception(reader);
        tail = &(*tail)->next;
    }
}

static GrammarNode *choice(Reader *reader)
{
    GrammarNode *node = node_new(reader, NODE_CHOICE), **tail = &node->first;

    do {
        *tail = sequence(reader);
        tail = &(*tail)->next;
    } while (sign(reader, '|'));
    return node;
}

static void resolve(Grammar *grammar)
{
    for (GrammarNode *node = grammar->nodes; node != NULL; node = node->made_before) {
        if (node->kind != NODE_RULE)
            continue;
        for (node->rule = 0; node->rule < grammar->count; node->rule++)
            if (strcmp(grammar->rules[node->rule].name, node->text) == 0)
                break;
        cr_assert_lt(node->rule, grammar->count, "`%s` is not defined", node->text);
    }
    for (size_t i = 1; i < grammar->count; i++) {
        const GrammarNode *node = grammar->nodes;
        while (node != NULL && (node->kind != NODE_RULE || node->rule != i))
            node = node->made_before;
        cr_assert_not_null(node, "`%s` is not used", grammar->rules[i].name);
    }
}

/* ---- the shallowest text of each node ---- */

#define DEPTH_UNKNOWN 1000

static unsigned depth_of(const Grammar *grammar, const GrammarNode *node)
{
    unsigned depth = 0;

    switch (node->kind) {
    case NODE_TEXT:
    case NODE_CLASS:
    case NODE_OPTIONAL:
    case NODE_REPEAT:
        return 0;
    case NODE_RULE:
        return grammar->rules[node->rule].depth + 1;
    case NODE_EXCEPT:
        return node->first->depth;
    case NODE_SEQUENCE:
        for (const GrammarNode *child = node->first; child != NULL; child = child->next)
            depth = child->depth > depth ? child->depth : depth;
        return depth;
    case NODE_CHOICE:
        depth = DEPTH_UNKNOWN;
        for (const GrammarNode *child = node->first; child != NULL; child = child->next)
            depth = child->depth < depth ? child->depth : depth;
        return depth;
    }
    return 0;
}

static void measure(Grammar *grammar)
{
    bool changed = true;

    for (GrammarNode *node = grammar->nodes; node != NULL; node = node->made_before)
        node->depth = DEPTH_UNKNOWN;
    for (size_t i = 0; i < grammar->count; i++)
        grammar->rules[i].depth = DEPTH_UNKNOWN;
    while (changed) {
        changed = false;
        for (GrammarNode *node = grammar->nodes; node != NULL; node = node->made_before) {
            unsigned depth = depth_of(grammar, node);
            changed = changed || depth < node->depth;
            node->depth = depth < node->depth ? depth : node->depth;
        }
        for (size_t i = 0; i < grammar->count; i++)
            grammar->rules[i].depth = grammar->rules[i].body->depth;
    }
}

Grammar grammar_read(Arena *arena, const char *text)
{
    Grammar grammar = {.arena = arena};
    Reader reader = {.grammar = &grammar, .at = text};

    for (blanks(&reader); *reader.at != '\0'; blanks(&reader)) {
        arena_reserve_one(arena, grammar.rules, grammar.count, reader.capacity);
        GrammarRule *rule = &grammar.rules[grammar.count++];
        rule->name = word(&reader);
        cr_assert(sign(&reader, '='), "`=` is expected behind `%s`", rule->name);
        rule->body = choice(&reader);
        blanks(&reader);
        cr_assert(*reader.at == '\0' || at_rule(&reader), "stray '%.30s'", reader.at);
    }
    resolve(&grammar);
    measure(&grammar);
    return grammar;
}

#define MANUAL "docs/language.md"
#define MANUAL_SIZE_MAX (1024 * 1024)

Grammar grammar_of_the_manual(Arena *arena)
{
    cleanup(buffer_deinit) Buffer manual = {0};

    cr_assert_eq(file_read(MANUAL, MANUAL_SIZE_MAX, &manual, NULL), 0, "%s", MANUAL);
    const char *start = strstr(buffer_text(&manual), "```ebnf\n");
    cr_assert_not_null(start, "%s has no grammar", MANUAL);
    start += strlen("```ebnf\n");
    const char *end = strstr(start, "```");
    cr_assert_not_null(end);
    return grammar_read(arena, arena_copy_bytes(arena, start, (size_t)(end - start)));
}
