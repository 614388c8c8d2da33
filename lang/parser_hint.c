/* What people write who come from other languages, and what to write instead.
 *
 * A word or sign that cannot stand in its place is looked up here, so that its one report names the
 * remedy. Nothing here takes a token. */
#include "lang/parser.h"
#include "lang/suggest.h"

#include <string.h>

typedef struct Hint {
    const char *word;
    const char *remedy;
} Hint;

static const char *const let_words[] = {"var",  "val",    "local",    "int",
                                        "bool", "string", "duration", "float"};

static const Hint statement_words[] = {
    {"elif", "write `else if`"},
    {"elseif", "write `else if`"},
    {"elsif", "write `else if`"},
    {"set", "leave `set` away: `field = value`"},
    {"log", "write `emit Log(\"...\")`"},
    {"Log", "write `emit Log(\"...\")`"},
    {"print", "write `emit Log(\"...\")`"},
    {"println", "write `emit Log(\"...\")`"},
    {"echo", "write `emit Log(\"...\")`"},
    {"broadcast", "write `emit Broadcast(Event::NAME)`"},
    {"Broadcast", "write `emit Broadcast(Event::NAME)`"},
    {"call", "an effect is written `emit Infra.NAME(...)`"},
    {"sleep", "nothing waits in a slice: let a goal or an event say when it goes on"},
    {"wait", "nothing waits in a slice: let a goal or an event say when it goes on"},
    {"await", "write `let result = emit ...`: it waits for the answer"},
    {"try", "handle what fails with `emit ... else { }`"},
    {"catch", "handle what fails with `emit ... else { }`"},
    {"throw", "write `fail \"reason\"`"},
    {"raise", "write `fail \"reason\"`"},
    {"break", "put what ends the loop into its condition"},
    {"continue", "put the rest of the body into an `if`"},
    {"switch", "write `match value { A => { } _ => { } }`"},
    {"case", "write `match value { A => { } _ => { } }`"},
    {"foreach", "write `for x in list { }`"},
    {"unless", "write `if !(...) { }`"},
    {"loop", "write `while condition { }`"},
    {"do", "write `while condition { }`"},
};

#define FUNCTION                                                                                   \
    "write `transition NAME { ... }`; what only computes is `fn NAME(a: int) -> int { ... }`, "    \
    "outside of domains"

static const Hint item_words[] = {
    {"function", FUNCTION},
    {"func", FUNCTION},
    {"def", FUNCTION},
    {"method", FUNCTION},
    {"action", "write `transition NAME { ... }`"},
    {"task", "write `transition NAME { ... }`"},
    {"handle", "write `on Event::NAME { ... }`"},
    {"handler", "write `on Event::NAME { ... }`"},
    {"when", "put the condition into a transition: `if condition { ... }`"},
    {"var", "fields are declared in `state { name: type }`"},
    {"fields", "fields are declared in `state { name: type }`"},
};

static const Hint file_words[] = {
    {"class", "write `domain NAME { ... }`"},
    {"resource", "write `domain NAME { ... }`"},
    {"service", "write `domain NAME { ... }`"},
    {"module", "write `domain NAME { ... }`"},
    {"component", "write `domain NAME { ... }`"},
    {"actor", "write `domain NAME { ... }`"},
    {"struct", "write `record NAME { ... }`"},
    {"object", "write `domain NAME { ... }`"},
    {"type", "write `record NAME { ... }`"},
    {"function", "write `fn NAME(a: int) -> int { ... }`"},
    {"func", "write `fn NAME(a: int) -> int { ... }`"},
    {"def", "write `fn NAME(a: int) -> int { ... }`"},
    {"include", "write `import \"file.ved\"`"},
    {"use", "write `import \"file.ved\"`"},
};

static const Hint types[] = {
    {"integer", "int"},    {"Integer", "int"},  {"number", "int"},      {"Number", "int"},
    {"long", "int"},       {"i64", "int"},      {"int64", "int"},       {"uint", "int"},
    {"str", "string"},     {"Str", "string"},   {"text", "string"},     {"char", "string"},
    {"varchar", "string"}, {"boolean", "bool"}, {"time", "duration"},   {"timeout", "duration"},
    {"double", "float"},   {"real", "float"},   {"Double", "float"},    {"decimal", "float"},
    {"json", "any"},       {"object", "any"},   {"password", "secret"}, {"Secret", "secret"},
};

static const Hint containers[] = {
    {"List", "list"},   {"Array", "list"}, {"array", "list"}, {"vector", "list"}, {"Vec", "list"},
    {"set", "list"},    {"Set", "list"},   {"Map", "map"},    {"dict", "map"},    {"Dict", "map"},
    {"HashMap", "map"}, {"hash", "map"},   {"object", "map"},
};

static const char *look_up(Parser *parser, const Hint *hints, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parser_at_name(parser, hints[i].word))
            return hints[i].remedy;
    return NULL;
}

const char *hint_nearest(Parser *parser, const char *const *names, size_t count)
{
    if (!parser_at(parser, TOKEN_NAME))
        return NULL;
    Suggestion nearest = suggest_begin(token_copy(parser, parser_peek(parser, 0)));
    for (size_t i = 0; i < count; i++)
        suggest_try(&nearest, names[i]);
    return nearest.best;
}

bool hint_is_let(Parser *parser)
{
    bool declares =
        parser_peek(parser, 1)->kind == TOKEN_NAME && parser_peek(parser, 2)->kind == TOKEN_ASSIGN;

    if (!declares)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(let_words); i++)
        if (parser_at_name(parser, let_words[i]))
            return true;
    return parser_at(parser, TOKEN_CONST);
}

const char *hint_container(Parser *parser)
{
    return look_up(parser, containers, ARRAY_SIZE(containers));
}

const char *hint_type(Parser *parser)
{
    return look_up(parser, types, ARRAY_SIZE(types));
}

/* `name ...` where the second token cannot follow in a statement. */
static const char *after_name(Parser *parser)
{
    const Token *next = parser_peek(parser, 1), *third = parser_peek(parser, 2);
    const char *name = token_copy(parser, parser_peek(parser, 0));
    bool pair = next->span.end == third->span.start;

    if (next->kind == TOKEN_ADD && third->kind == TOKEN_ADD && pair)
        return arena_format(parser->arena, "write `%s += 1`", name);
    if (next->kind == TOKEN_SUB && third->kind == TOKEN_SUB && pair)
        return arena_format(parser->arena, "write `%s -= 1`", name);
    if ((next->kind == TOKEN_DIV || next->kind == TOKEN_MOD) && third->kind == TOKEN_ASSIGN && pair)
        return arena_format(parser->arena, "write `%s = %s %s ...`", name, name,
                            token_kind_text(next->kind));
    if (next->kind == TOKEN_COLON && third->kind == TOKEN_ASSIGN)
        return arena_format(parser->arena, "write `let %s = ...`, or `%s = ...` for a field", name,
                            name);
    if (next->kind == TOKEN_LT && third->kind == TOKEN_SUB && pair)
        return arena_format(parser->arena, "write `%s = ...`", name);
    if (next->kind == TOKEN_PAREN_OPEN)
        return arena_format(parser->arena,
                            "an effect is written `emit %s(...)`; a transition is run with "
                            "`send self %s(...)`",
                            name, name);
    return "an expression alone does nothing: assign it, `field = ...`";
}

static bool is_unit(Parser *parser)
{
    static const char *const units[] = {"ms", "s", "m", "h", "d"};

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (parser_at_name(parser, units[i]))
            return true;
    return false;
}

const char *hint_statement(Parser *parser)
{
    const Token *token = parser_peek(parser, 0);
    const char *text = parser->source->text;
    uint32_t before = parser->previous_end;
    const char *remedy = look_up(parser, statement_words, ARRAY_SIZE(statement_words));

    if (remedy != NULL)
        return remedy;
    if (before > 0 && text[before - 1] >= '0' && text[before - 1] <= '9' && !token->after_newline &&
        is_unit(parser))
        return "a duration's unit follows its number without a space: `5m`";
    switch ((unsigned)token->kind) {
    case TOKEN_NAME:
        return after_name(parser);
    case TOKEN_BRACE_OPEN:
        return "a record is built `R(field: value)`; a block stands behind `if`, `while` or `for`";
    case TOKEN_ELSE:
        return "`else` follows the `}` of its `if`";
    case TOKEN_COMMA:
        return "statements stand one after the other; a `;` may be between them";
    case TOKEN_QUESTION:
        return "write `if condition { x = a } else { x = b }`";
    case TOKEN_STRING:
    case TOKEN_STRING_HEAD:
        return "strings are joined with `+`, and take values with \"${value}\"";
    case TOKEN_ADD:
    case TOKEN_SUB:
        return "write `name += 1` or `name -= 1`";
    default: /* nothing that is known from elsewhere */
        return NULL;
    }
}

const char *hint_item(Parser *parser)
{
    TokenKind kind = parser_kind(parser), next = parser_peek(parser, 1)->kind;
    const char *remedy = look_up(parser, item_words, ARRAY_SIZE(item_words));

    if (remedy != NULL)
        return remedy;
    if (kind == TOKEN_STEP || kind == TOKEN_SLICE)
        return "it stands in a transition: `transition NAME { step { ... } }`";
    if (token_role(kind) == ROLE_STATEMENT ||
        (kind == TOKEN_NAME && next >= TOKEN_ASSIGN && next <= TOKEN_MUL_ASSIGN))
        return "statements stand in a transition: `transition NAME { ... }`";
    if (kind == TOKEN_NAME && next == TOKEN_COLON)
        return "fields are declared in `state { name: type }`";
    return NULL;
}

const char *hint_file(Parser *parser)
{
    if (parser_at(parser, TOKEN_SUB) && parser_peek(parser, 1)->kind == TOKEN_SUB)
        return "a comment begins with `//`";
    return look_up(parser, file_words, ARRAY_SIZE(file_words));
}

const char *hint_condition(Parser *parser)
{
    const Token *token = parser_peek(parser, 0), *next = parser_peek(parser, 1);
    bool pair = token->span.end == next->span.start;

    if (!token->after_newline && (parser_at_name(parser, "is") || parser_at_name(parser, "equals")))
        return "to compare, write `==`";
    if (token->kind == TOKEN_NOT)
        return "to compare, write `!=`";
    if (token->kind == TOKEN_ASSIGN && next->kind == TOKEN_LT && pair)
        return "write `<=`";
    if (token->kind == TOKEN_ASSIGN && next->kind == TOKEN_GT && pair)
        return "write `>=`";
    return NULL;
}

const char *hint_operand(Parser *parser, TokenKind operator)
{
    uint32_t start = parser_peek(parser, 0)->span.start;

    if (start != parser->previous_end)
        return NULL;
    if ((operator== TOKEN_EQ || operator== TOKEN_NE) && parser_at(parser, TOKEN_ASSIGN))
        return arena_format(parser->arena, "write `%s`", token_kind_text(operator));
    return operator== TOKEN_LT && parser_at(parser, TOKEN_GT) ? "write `!=`" : NULL;
}

const char *hint_send(Parser *parser, const char *domain)
{
    const Token *token = parser_peek(parser, 0);

    if (token->kind == TOKEN_COLONS)
        return "an event is not sent to one domain: `emit Broadcast(Event::NAME)`";
    if (token->kind == TOKEN_PAREN_OPEN)
        return arena_format(parser->arena,
                            "write `send self %s()`, or the receiver's name for `self`", domain);
    if (token->kind == TOKEN_DOT || token->kind == TOKEN_ARROW || token->kind == TOKEN_COMMA)
        return arena_format(
            parser->arena, "domain and transition stand side by side: `send %s %s()`", domain,
            parser_peek(parser, 1)->kind == TOKEN_NAME ? token_copy(parser, parser_peek(parser, 1))
                                                       : "NAME");
    return NULL;
}
