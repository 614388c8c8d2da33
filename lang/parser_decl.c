/* What is declared outside of domains. */
#include "lang/parser.h"

#include <string.h>

/* ---- imports ---- */

static Import *import(Parser *parser)
{
    Import *node = arena_new(parser->arena, Import);
    Span word = parser_take(parser).span;

    if (parser_at(parser, TOKEN_NAME))
        parser_expected_but(parser, "the file to import, a string",
                            arena_format(parser->arena, "write `import \"%s.ved\"`",
                                         token_copy(parser, parser_peek(parser, 0))));
    node->path = parse_text(parser, "the file to import, a string");
    node->module = parser->module;
    node->span = span_to_here(parser, word.start);
    if (!parser->imports_over || parser->panicking)
        return node;
    Diagnostic *d = parser_error(parser, "V-ERR-009", node->span, "an import after other items");
    parser_go_on(parser);
    if (d != NULL)
        d->remedy = "move it to the beginning of the file: imports stand first";
    return node;
}

/* ---- types ---- */

static RecordDecl *record(Parser *parser)
{
    RecordDecl *node = arena_new(parser->arena, RecordDecl);

    parser_take(parser);
    node->name = parser_name(parser, "a record's name");
    if (parser_at(parser, TOKEN_BRACE_OPEN))
        node->body = parse_fields(parser, &node->fields);
    else
        parser_open_missing(parser, "`{` after the record's name",
                            "its fields stand in braces: `record NAME { field: type }`");
    return node;
}

static Span enum_members(Parser *parser, EnumMember **tail)
{
    Span open = parser_take(parser).span;

    do {
        if (parser_at(parser, TOKEN_BRACE_CLOSE) && open.end != parser->previous_end)
            break; /* behind a last comma */
        EnumMember *node = arena_new(parser->arena, EnumMember);
        node->name = parser_name(parser, "a member's name");
        if (node->name.text != NULL)
            list_append(tail, node);
        if (!parser->panicking && parser_at(parser, TOKEN_NAME)) {
            parser_expected_but(parser, "`,` or `}` after a member",
                                "members are separated by commas: `enum E { A, B }`");
            break;
        }
    } while (!parser->panicking && parser_accept(parser, TOKEN_COMMA));
    if (!parser->panicking && !parser_at(parser, TOKEN_BRACE_CLOSE))
        parser_expected(parser, "`,` or `}` after a member");
    parser_skip_to_brace(parser);
    parser_close_brace(parser, open);
    return span_to_here(parser, open.start);
}

static Enum *enumeration(Parser *parser)
{
    Enum *node = arena_new(parser->arena, Enum);

    parser_take(parser);
    node->name = parser_name(parser, "an enum's name");
    if (parser_at(parser, TOKEN_BRACE_OPEN))
        node->body = enum_members(parser, &node->members);
    else
        parser_open_missing(parser, "`{` after the enum's name",
                            "its members stand in braces: `enum NAME { A, B }`");
    return node;
}

/* ---- constants and functions ---- */

static Const *constant(Parser *parser)
{
    Const *node = arena_new(parser->arena, Const);

    parser_take(parser);
    type_before_name(parser, &node->name, &node->type);
    if (node->name.text == NULL)
        node->name = parser_name(parser, "a constant's name");
    if (node->type == NULL && !parser->panicking && parser_accept(parser, TOKEN_COLON))
        node->type = parse_type(parser);
    if (!parser_accept(parser, TOKEN_ASSIGN))
        parser_expected_but(
            parser, "`=` and the constant's value",
            arena_format(parser->arena, "write `const %s: int = ...`", node->name.text));
    node->value = parse_expr(parser, "the constant's value after `=`");
    return node;
}

/* Parameters where there must be some parentheses. */
static Parameter *required_parameters(Parser *parser, const char *after, const char *remedy)
{
    if (!parser_at(parser, TOKEN_PAREN_OPEN) && !parser->panicking)
        parser_expected_but(parser, after, remedy);
    return parse_parameters(parser, NULL);
}

static Function *function(Parser *parser)
{
    Function *node = arena_new(parser->arena, Function);

    parser_take(parser);
    node->name = parser_name(parser, "a function's name");
    node->parameters = required_parameters(parser, "`(` after the function's name",
                                           "write `fn NAME() -> int { return 1 }`");
    if (!parser->panicking && !parser_at(parser, TOKEN_ARROW))
        parser_expected_but(parser, "`->` and the type of the result",
                            "say what the function returns: `fn NAME() -> int { return 1 }`");
    parser_accept(parser, TOKEN_ARROW);
    node->result = parse_type(parser);
    node->body = parse_block(parser, "after the type of the result");
    return node;
}

/* ---- events and effects ---- */

/* retain none */
static bool retain_none(Parser *parser)
{
    if (!parser_at_name(parser, "retain") || parser_peek(parser, 1)->kind != TOKEN_NAME)
        return false;
    parser_take(parser);
    if (!parser_at_name(parser, "none")) {
        parser_expected_but(parser, "`none` after `retain`",
                            "the last event of each name is retained unless `retain none` is "
                            "written");
        return false;
    }
    parser_take(parser);
    return true;
}

static EventDecl *event(Parser *parser)
{
    EventDecl *node = arena_new(parser->arena, EventDecl);

    parser_take(parser);
    node->name = parser_name(parser, "an event's name");
    node->has_fields = parser_at(parser, TOKEN_PAREN_OPEN);
    node->fields = parse_parameters(parser, NULL);
    if (!parser->panicking && parser_at(parser, TOKEN_BRACE_OPEN)) {
        parser_expected_but(parser, "`(` after the event's name",
                            "its fields stand in parentheses: `event NAME(field: type)`");
        return node;
    }
    if (!parser->panicking)
        node->retain_none = retain_none(parser);
    return node;
}

static EffectDecl *effect(Parser *parser)
{
    EffectDecl *node = arena_new(parser->arena, EffectDecl);

    parser_take(parser);
    node->name = parser_name(parser, "an effect's name");
    node->parameters = required_parameters(parser, "`(` after the effect's name",
                                           "write `effect NAME(parameter: type) -> any`");
    if (!parser->panicking && parser_accept(parser, TOKEN_ARROW))
        node->result = parse_type(parser);
    if (!parser->panicking && parser_accept(parser, TOKEN_ASSIGN))
        parse_effect_name(parser, "the effect it stands for", &node->provider, &node->action);
    return node;
}

/* ---- deployment and evolution ---- */

static bool at_to(const Parser *parser, const Token *token)
{
    return token->kind == TOKEN_NAME && token_is(parser, token, "to");
}

/* deploy D to E, and deploy service D to E. */
static Deploy *deploy(Parser *parser)
{
    Deploy *node = arena_new(parser->arena, Deploy);

    parser_take(parser);
    if (parser_at_name(parser, "service") && parser_peek(parser, 1)->kind == TOKEN_NAME &&
        (!at_to(parser, parser_peek(parser, 1)) || at_to(parser, parser_peek(parser, 2))))
        parser_take(parser);
    node->domain = parser_name(parser, "a domain's name after `deploy`");
    if (!parser->panicking && !parser_at_name(parser, "to"))
        parser_expected_but(
            parser, "`to` and an environment's name",
            arena_format(parser->arena, "write `deploy %s to ENVIRONMENT`", node->domain.text));
    if (!parser->panicking)
        parser_take(parser);
    node->environment = parser_name(parser, "an environment's name after `to`");
    return node;
}

static Migration *migration(Parser *parser)
{
    Migration *node = arena_new(parser->arena, Migration);

    parser_take(parser);
    node->domain = parser_name(parser, "a domain's name after `migration`");
    uint32_t start = parser_peek(parser, 0)->span.start;
    node->from = parse_count(parser, "the old version, a number, after the domain", INT32_MAX);
    if (!parser_accept(parser, TOKEN_ARROW))
        parser_expected_but(
            parser, "`->` and the new version",
            arena_format(parser->arena, "write `migration %s 1 -> 2 { ... }`", node->domain.text));
    node->to = parse_count(parser, "the new version, a number, after `->`", INT32_MAX);
    node->versions = span_to_here(parser, start);
    if (!parser->panicking && parser_at(parser, TOKEN_BRACE_OPEN))
        node->body = parse_start_fields(parser, &node->fields);
    else
        parser_open_missing(parser, "`{` after the versions",
                            "say what each field becomes: `{ field = old.field }`");
    return node;
}

/* ---- renames ---- */

#define PLACE_PARTS_MIN 3
#define PLACE_PARTS_MAX 5

/* The names from `first` to before `end`, with dots between them. */
static Name names_joined(Parser *parser, const Name *first, const Name *end)
{
    const char *text = first->text;

    for (const Name *name = first + 1; name < end; name++)
        text = arena_format(parser->arena, "%s.%s", text, name->text);
    return (Name){text, {first->span.start, end[-1].span.end}};
}

static bool is_report(const char *word)
{
    return strcmp(word, "lost") == 0 || strcmp(word, "changed") == 0 || strcmp(word, "failed") == 0;
}

/* Which of the names after the domain's say where, and which what: a handler of reports has two. */
static MovedPlace place_of(Parser *parser, const Name *parts, size_t count)
{
    bool reports = count == PLACE_PARTS_MAX || (count == 4 && is_report(parts[2].text));
    const Name *effect = parts + (reports ? 3 : 2);

    return (MovedPlace){.domain = parts[0],
                        .where = names_joined(parser, parts + 1, effect),
                        .effect = names_joined(parser, effect, parts + count),
                        .span = {parts[0].span.start, parts[count - 1].span.end}};
}

/* D.T.Infra.Create; without a domain if it is not whole. */
static MovedPlace moved_place(Parser *parser, const char *what)
{
    Name parts[PLACE_PARTS_MAX] = {parser_name(parser, what)};
    size_t count = 1;

    while (!parser->panicking && count < PLACE_PARTS_MAX && parser_accept(parser, TOKEN_DOT))
        parts[count++] = parser_any_word(parser, "a name after `.`");
    if (!parser->panicking && count < PLACE_PARTS_MIN)
        parser_expected_but(parser,
                            count == 1 ? "`.` and what stands in the domain"
                                       : "`.` and the effect that is emitted there",
                            "write `moved D.T.Infra.E -> D.U.Infra.E`, or `moved domain D -> E`");
    if (parser->panicking)
        return (MovedPlace){.domain = {0}};
    return place_of(parser, parts, count);
}

static MovedPlace moved_domain(Parser *parser, const char *what)
{
    Name name = parser_name(parser, what);

    if (!parser->panicking && parser_at(parser, TOKEN_DOT))
        parser_expected_but(parser, "a domain's name alone after `moved domain`",
                            "write `moved D.T.Infra.E -> D.U.Infra.E` of what stands in a domain");
    if (parser->panicking)
        return (MovedPlace){.domain = {0}};
    return (MovedPlace){.domain = name, .span = name.span};
}

static void moved_arrow(Parser *parser, const Moved *node)
{
    if (!parser->panicking && !parser_at(parser, TOKEN_ARROW))
        parser_expected_but(parser, "`->` and what it is called now",
                            node->is_domain ? "write `moved domain OLD -> NEW`"
                                            : "write `moved D.T.Infra.E -> D.U.Infra.E`");
    parser_accept(parser, TOKEN_ARROW);
    if (parser->panicking || !node->is_domain || !parser_at(parser, TOKEN_DOMAIN))
        return;
    parser_refuse_spelling(
        parser, parser_peek(parser, 0)->span, "-> domain",
        arena_format(parser->arena, "write `moved domain %s -> NEW`", node->from.domain.text));
    parser_take(parser);
}

static Moved *moved(Parser *parser)
{
    Moved *node = arena_new(parser->arena, Moved);

    parser_take(parser);
    node->is_domain = parser_accept(parser, TOKEN_DOMAIN);
    node->from = node->is_domain ? moved_domain(parser, "the domain's former name")
                                 : moved_place(parser, "`domain` or a domain's name after `moved`");
    moved_arrow(parser, node);
    node->to = node->is_domain ? moved_domain(parser, "the domain's present name after `->`")
                               : moved_place(parser, "a domain's name after `->`");
    return node;
}

/* ---- any declaration ---- */

AstLists ast_lists(Ast *ast)
{
    return (AstLists){
        .imports = &ast->imports,
        .records = &ast->records,
        .enums = &ast->enums,
        .constants = &ast->constants,
        .functions = &ast->functions,
        .events = &ast->events,
        .effects = &ast->effects,
        .domains = &ast->domains,
        .systems = &ast->systems,
        .environments = &ast->environments,
        .deploys = &ast->deploys,
        .migrations = &ast->migrations,
        .moves = &ast->moves,
        .tests = &ast->tests,
        .allows = &ast->allows,
    };
}

bool declaration_refused(Parser *parser)
{
    Span span = parser_peek(parser, 0)->span;
    bool braced = parser_peek(parser, 2)->kind == TOKEN_BRACE_OPEN;

    if (parser_at(parser, TOKEN_EFFECT) && braced)
        parser_refuse_spelling(parser, span, "effect ... { }",
                               "leave the declaration out and write `emit Infra.NAME(...)` where "
                               "the effect is wanted");
    else if (parser_at(parser, TOKEN_MIGRATION) && braced)
        parser_refuse_spelling(parser, span, "migration ... { }",
                               "write `migration D 1 -> 2 { field = old.field }`");
    else
        return false;
    parser_skip_construct(parser);
    return true;
}

bool at_declaration(Parser *parser)
{
    TokenKind kind = parser_kind(parser);

    return token_role(kind) == ROLE_DECLARATION || kind == TOKEN_DOMAIN || kind == TOKEN_SYSTEM;
}

/* Parse with `call` and put the node, unless it has no name, behind the others of
 * its kind. */
#define DECLARE(type, tail, name, call)                                                            \
    do {                                                                                           \
        type *node_ = (call);                                                                      \
        if (node_->name.text == NULL)                                                              \
            break;                                                                                 \
        node_->declared = declared;                                                                \
        node_->span = span_to_here(parser, annotations->start);                                    \
        list_append(parser->lists->tail, node_);                                                   \
    } while (0)

static void declaration(Parser *parser, const Annotations *annotations, Declared declared)
{
    switch ((unsigned)parser_kind(parser)) {
    case TOKEN_DOMAIN:
        DECLARE(Domain, domains, name, parse_domain(parser, annotations));
        break;
    case TOKEN_SYSTEM:
        DECLARE(System, systems, name, parse_system(parser));
        break;
    case TOKEN_RECORD:
        DECLARE(RecordDecl, records, name, record(parser));
        break;
    case TOKEN_ENUM:
        DECLARE(Enum, enums, name, enumeration(parser));
        break;
    case TOKEN_CONST:
        DECLARE(Const, constants, name, constant(parser));
        break;
    case TOKEN_FN:
        DECLARE(Function, functions, name, function(parser));
        break;
    case TOKEN_EVENT:
        DECLARE(EventDecl, events, name, event(parser));
        break;
    case TOKEN_EFFECT:
        DECLARE(EffectDecl, effects, name, effect(parser));
        break;
    case TOKEN_ENVIRONMENT:
        DECLARE(Environment, environments, name, parse_environment(parser));
        break;
    case TOKEN_DEPLOY:
        DECLARE(Deploy, deploys, domain, deploy(parser));
        break;
    case TOKEN_MIGRATION:
        DECLARE(Migration, migrations, domain, migration(parser));
        break;
    case TOKEN_MOVED:
        DECLARE(Moved, moves, to.domain, moved(parser));
        break;
    case TOKEN_TEST:
        DECLARE(Test, tests, name, parse_test(parser));
        break;
    default: /* `export` before something else */
        parser_expected_but(parser, "a declaration after `export`",
                            "what other files can use is a domain, record, enum, const, fn, event, "
                            "effect or environment");
    }
}

void parse_declaration(Parser *parser, const Annotations *annotations)
{
    Declared declared = {.module = parser->module, .allows = annotations->allows};

    if (parser_at(parser, TOKEN_IMPORT)) {
        annotations_restrict(parser, annotations, 0);
        Import *node = import(parser);
        if (node->path.text != NULL)
            list_append(parser->lists->imports, node);
        return;
    }
    parser->imports_over = true;
    declared.exported = parser_accept(parser, TOKEN_EXPORT);
    if (declaration_refused(parser))
        return;
    if (!parser_at(parser, TOKEN_DOMAIN) &&
        at_declaration(parser)) /* a domain looks at them itself */
        annotations_restrict(parser, annotations, 1u << ANNOTATION_ALLOW);
    declaration(parser, annotations, declared);
}
