/* Recognising by a grammar: for each rule and each token where it may begin, the set of the tokens
 * before which it may end, computed once. No text is looked at in one reading only, so ambiguity
 * costs time and nothing else. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/lang/grammar_private.h"

typedef struct Set {
    bool computing;
    uint64_t words[];
} Set;

typedef struct Recogniser {
    const Grammar *grammar;
    Arena *arena;
    const Source *source;
    const Token *tokens;
    size_t count;
    size_t words; /* of a set */
    Set **known;  /* of rule r at token i: [r * (count + 1) + i] */
    size_t furthest;
} Recogniser;

static Set *set_new(const Recogniser *r)
{
    return arena_alloc(r->arena, sizeof(Set) + r->words * sizeof(uint64_t));
}

static void set_add(Set *set, size_t i)
{
    set->words[i / 64] |= UINT64_C(1) << i % 64;
}

static bool set_has(const Set *set, size_t i)
{
    return set->words[i / 64] >> i % 64 & 1;
}

/* True if that added something. */
static bool set_join(const Recogniser *r, Set *into, const Set *from)
{
    bool more = false;

    for (size_t i = 0; i < r->words; i++) {
        more = more || (from->words[i] & ~into->words[i]) != 0;
        into->words[i] |= from->words[i];
    }
    return more;
}

static bool token_spells(const Recogniser *r, const Token *token, const char *text)
{
    size_t size = token->span.end - token->span.start;

    return token->kind != TOKEN_ERROR && strlen(text) == size &&
           memcmp(r->source->text + token->span.start, text, size) == 0;
}

static bool holds_name(const Token *token)
{
    if (token->size == 0 || token_word(token->text, token->size) != TOKEN_NAME ||
        (token->text[0] >= '0' && token->text[0] <= '9'))
        return false;
    return strspn(token->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
           token->size;
}

static bool at_code(const Recogniser *r, size_t at)
{
    static const TokenKind kinds[GRAMMAR_CODE_TOKENS] = {TOKEN_NAME, TOKEN_SUB, TOKEN_NAME,
                                                         TOKEN_SUB, TOKEN_INT};

    if (r->count - at < GRAMMAR_CODE_TOKENS)
        return false;
    for (size_t i = 0; i < GRAMMAR_CODE_TOKENS; i++)
        if (r->tokens[at + i].kind != kinds[i])
            return false;
    return r->tokens[at + 4].span.end - r->tokens[at].span.start == strlen("V-LNT-001");
}

static bool token_is_of(const Token *token, TokenClass class)
{
    switch (class) {
    case CLASS_NAME:
        return token->kind == TOKEN_NAME;
    case CLASS_WORD:
        return token->kind == TOKEN_NAME || token_role(token->kind) != ROLE_NONE;
    case CLASS_INT:
        return token->kind == TOKEN_INT;
    case CLASS_FLOAT:
        return token->kind == TOKEN_FLOAT;
    case CLASS_DURATION:
        return token->kind == TOKEN_DURATION;
    case CLASS_STRING:
        return token->kind == TOKEN_STRING;
    case CLASS_NAME_STRING:
        return token->kind == TOKEN_STRING && holds_name(token);
    case CLASS_STRING_HEAD:
        return token->kind == TOKEN_STRING_HEAD;
    case CLASS_STRING_MIDDLE:
        return token->kind == TOKEN_STRING_MIDDLE;
    case CLASS_STRING_TAIL:
        return token->kind == TOKEN_STRING_TAIL;
    case CLASS_CODE:
    case CLASS_COUNT:
        return false;
    }
    return false;
}

/* Tokens that a leaf takes at `at`; 0: it does not match. */
static size_t leaf(const Recogniser *r, const GrammarNode *node, size_t at)
{
    if (at >= r->count)
        return 0;
    const Token *token = &r->tokens[at];
    if (node->kind == NODE_TEXT)
        return token_spells(r, token, node->text) && !(node->same_line && token->after_newline);
    if (node->class == CLASS_CODE)
        return at_code(r, at) ? GRAMMAR_CODE_TOKENS : 0;
    return token_is_of(token, node->class);
}

static Set *ends(Recogniser *r, const GrammarNode *node, const Set *starts);

static const Set *rule_ends(Recogniser *r, size_t rule, size_t at)
{
    Set **known = &r->known[rule * (r->count + 1) + at];

    if (*known == NULL) {
        Set *start = set_new(r);
        *known = set_new(r);
        (*known)->computing = true;
        set_add(start, at);
        set_join(r, *known, ends(r, r->grammar->rules[rule].body, start));
        (*known)->computing = false;
    }
    cr_assert_not((*known)->computing, "`%s` begins with itself", r->grammar->rules[rule].name);
    return *known;
}

/* What ends a node that begins at this one token. */
static const Set *ends_at(Recogniser *r, const GrammarNode *node, size_t at)
{
    Set *start = set_new(r);

    set_add(start, at);
    return ends(r, node, start);
}

static void ends_each(Recogniser *r, const GrammarNode *node, size_t at, Set *ret)
{
    if (node->kind == NODE_RULE) {
        set_join(r, ret, rule_ends(r, node->rule, at));
    } else if (node->kind == NODE_EXCEPT) {
        Set *set = set_new(r);
        set_join(r, set, ends_at(r, node->first, at));
        for (const GrammarNode *but = node->first->next; but != NULL; but = but->next) {
            const Set *without = ends_at(r, but, at);
            for (size_t i = 0; i < r->words; i++)
                set->words[i] &= ~without->words[i];
        }
        set_join(r, ret, set);
    } else {
        size_t taken = leaf(r, node, at);
        if (taken > 0)
            set_add(ret, at + taken);
        if (taken > 0 && at + taken > r->furthest)
            r->furthest = at + taken;
    }
}

static Set *ends(Recogniser *r, const GrammarNode *node, const Set *starts)
{
    Set *result = set_new(r), *set;

    switch (node->kind) {
    case NODE_SEQUENCE:
        set_join(r, result, starts);
        for (const GrammarNode *child = node->first; child != NULL; child = child->next)
            result = ends(r, child, result);
        return result;
    case NODE_CHOICE:
        for (const GrammarNode *child = node->first; child != NULL; child = child->next)
            set_join(r, result, ends(r, child, starts));
        return result;
    case NODE_OPTIONAL:
        set_join(r, result, starts);
        set_join(r, result, ends(r, node->first, starts));
        return result;
    case NODE_REPEAT:
        set_join(r, result, starts);
        for (set = ends(r, node->first, starts); set_join(r, result, set);)
            set = ends(r, node->first, set);
        return result;
    case NODE_TEXT:
    case NODE_CLASS:
    case NODE_RULE:
    case NODE_EXCEPT:
        for (size_t i = 0; i <= r->count; i++)
            if (set_has(starts, i))
                ends_each(r, node, i, result);
        return result;
    }
    return result;
}

bool grammar_accepts(const Grammar *grammar, const Source *source, const Token *tokens,
                     size_t count, size_t *furthest)
{
    Arena arena = {0};
    Recogniser r = {.grammar = grammar,
                    .arena = &arena,
                    .source = source,
                    .tokens = tokens,
                    .count = count,
                    .words = count / 64 + 1};

    r.known = arena_array(&arena, Set *, grammar->count * (count + 1));
    bool accepted = set_has(rule_ends(&r, 0, 0), count);
    if (furthest != NULL)
        *furthest = r.furthest;
    arena_deinit(&arena);
    return accepted;
}
