/* The top level of a file: which domain the items there belong to, and scripts. */
#include "lang/parser.h"

#include <string.h>

/* What stands outside of domains in a file. */
typedef struct Loose {
    Domain *domain; /* its items, which are a domain's only in a script */
    DomainLists lists;
    Block statements;
    Stmt **statements_tail;
    Span first_item; /* of those that may belong to the only domain of the file */
    Span first_own;  /* of statements and what a domain has once: only a script has it outside */
    bool own_is_statement;
} Loose;

/* Two lists in source order become one. */
#define LIST_MERGE(type, into, from)                                                               \
    do {                                                                                           \
        type **at_ = &(into), *other_ = (from);                                                    \
        while (other_ != NULL) {                                                                   \
            while (*at_ != NULL && (*at_)->span.start < other_->span.start)                        \
                at_ = &(*at_)->next;                                                               \
            type *rest_ = *at_;                                                                    \
            *at_ = other_;                                                                         \
            other_ = rest_;                                                                        \
        }                                                                                          \
    } while (0)

/* A file's only domain in a tree that has more: those before `first` are of other files. */
static void merge_into(Domain *domain, const Domain *loose)
{
    LIST_MERGE(Goal, domain->goals, loose->goals);
    LIST_MERGE(Transition, domain->transitions, loose->transitions);
    LIST_MERGE(Handler, domain->handlers, loose->handlers);
    LIST_MERGE(Timer, domain->timers, loose->timers);
    LIST_MERGE(Invariant, domain->invariants, loose->invariants);
}

static void loose_refuse(Parser *parser, const Domain *domains, const Loose *loose)
{
    bool several = domains->next != NULL;
    bool item = several && loose->first_item.end != 0;
    const char *what = !item && loose->own_is_statement ? "statement" : "item";
    Diagnostic *d = parser_error(parser, "V-ERR-014", item ? loose->first_item : loose->first_own,
                                 "this %s stands outside every domain", what);
    const char *name = domains->name.text != NULL ? domains->name.text : "D";

    parser_go_on(parser);
    if (d == NULL)
        return;
    d->consequence = several
                         ? "the file has several domains, so it is not clear to which it belongs"
                         : "only a file without a domain is a script and has it there";
    d->remedy =
        !item && loose->own_is_statement
            ? arena_format(parser->arena, "move it into a transition of its domain `%s`", name)
            : arena_format(parser->arena, "move it into the braces of its domain, for example `%s`",
                           name);
}

/* ---- scripts ---- */

/* The statements of a script are its transition `Boot`. */
static void script_boot(Parser *parser, Loose *loose)
{
    Span span = {loose->statements.first->span.start, 0};

    for (const Stmt *stmt = loose->statements.first; stmt != NULL; stmt = stmt->next)
        span.end = stmt->span.end;
    Transition *boot = arena_new(parser->arena, Transition);
    boot->name = (Name){"Boot", {span.start, span.start}};
    boot->is_script = true;
    boot->slices = arena_new(parser->arena, Slice);
    boot->slices->bare = true;
    boot->slices->body = arena_new(parser->arena, Block);
    *boot->slices->body = loose->statements;
    boot->slices->body->span = boot->slices->span = boot->body = boot->span = span;
    LIST_MERGE(Transition, loose->domain->transitions, boot);
}

static void script_settle(Parser *parser, Loose *loose)
{
    Domain *domain = loose->domain;
    uint32_t start = loose->first_item.start;

    if (loose->first_item.end == 0 || (loose->first_own.end != 0 && loose->first_own.start < start))
        start = loose->first_own.start;
    if (loose->statements.first != NULL)
        script_boot(parser, loose);
    domain->is_script = true;
    domain->declared.module = parser->module;
    domain->name = (Name){"main", {start, start}};
    domain->span = domain->body = span_to_here(parser, start);
    list_append(parser->lists->domains, domain);
}

/* `domains`: those of this file. */
static void loose_settle(Parser *parser, Domain *domains, Loose *loose)
{
    if (loose->first_item.end == 0 && loose->first_own.end == 0)
        return;
    if (domains == NULL)
        script_settle(parser, loose);
    else if ((loose->first_own.end != 0 || domains->next != NULL) &&
             (parser->brace_reported || parser->brace_lost))
        return; /* it may well stand in the domain whose brace is not where it should be */
    else if (loose->first_own.end != 0 || domains->next != NULL)
        loose_refuse(parser, domains, loose);
    else
        merge_into(domains, loose->domain);
}

/* ---- items ---- */

static void stray_brace(Parser *parser)
{
    if (!parser->brace_reported) {
        Diagnostic *d =
            parser_error(parser, "V-ERR-009", parser_peek(parser, 0)->span,
                         "this `%s` closes nothing", token_kind_text(parser_kind(parser)));
        if (d != NULL)
            d->remedy = "remove it, or look for a `}` too many above it";
        parser->brace_reported = true;
    }
    parser_take(parser);
    parser_go_on(parser);
}

static void unknown_item(Parser *parser)
{
    const char *expected = "`domain`, `system`, a declaration, an item of a domain or a statement";
    const char *remedy = hint_file(parser);

    if (remedy == NULL &&
        (parser_mend_word(parser, expected, 1u << ROLE_ITEM | 1u << ROLE_DECLARATION) ||
         parser_mend_word(parser, expected, 1u << ROLE_STATEMENT)))
        return;
    parser_expected_but(parser, expected, remedy);
    parser_take(parser);
    parser_skip_to_item(parser);
}

static void note_first(Span *first, Span span)
{
    if (first->end == 0)
        *first = span;
}

static void loose_statement(Parser *parser, Loose *loose, const Annotations *annotations)
{
    Span span = parser_peek(parser, 0)->span;
    Stmt *stmt = parse_statement(parser);

    if (stmt->kind != STMT_ERROR) { /* else it was perhaps meant for something else */
        annotations_restrict(parser, annotations, 0);
        parser->imports_over = true;
    }
    if (stmt->kind != STMT_ERROR && loose->first_own.end == 0) {
        loose->own_is_statement = true;
        loose->first_own = span;
    }
    list_append(loose->statements_tail, stmt);
}

static void loose_item(Parser *parser, Loose *loose, Annotations *annotations)
{
    TokenKind kind = parser_kind(parser);
    bool once = kind == TOKEN_STATE || kind == TOKEN_SCOPE || kind == TOKEN_CAPABILITY;

    note_first(once ? &loose->first_own : &loose->first_item, parser_peek(parser, 0)->span);
    for (size_t i = 0; i < ANNOTATION_COUNT; i++)
        if ((i == ANNOTATION_SCOPE || i == ANNOTATION_VERSION) && annotations->spans[i].end != 0)
            note_first(&loose->first_own, annotations->spans[i]);
    parser->imports_over = true;
    domain_annotate(parser, loose->domain, annotations);
    parse_domain_item(parser, &loose->lists, annotations);
}

static void top_level_item(Parser *parser, Loose *loose, Annotations annotations)
{
    annotations_add(parser, &annotations);
    TokenKind kind = parser_kind(parser);

    if (at_declaration(parser)) {
        parse_declaration(parser, &annotations);
    } else if (at_statement(parser)) {
        loose_statement(parser, loose, &annotations);
    } else if (token_role(kind) == ROLE_ITEM) {
        loose_item(parser, loose, &annotations);
    } else if (kind == TOKEN_BRACE_CLOSE || kind == TOKEN_PAREN_CLOSE ||
               kind == TOKEN_BRACKET_CLOSE) {
        stray_brace(parser);
    } else if (kind != TOKEN_END) {
        unknown_item(parser);
    } else {
        annotations_restrict(parser, &annotations, 0);
    }
    if (parser->panicking)
        parser_skip_to_item(parser);
}

/* ---- files ---- */

/* Where the text begins: behind a byte order mark. */
static uint32_t text_start(const Source *source, const SourceFile *file)
{
    static const char mark[] = "\xef\xbb\xbf";
    bool marked = file->end - file->start >= 3 &&
                  memcmp(source->text + file->start, mark, sizeof mark - 1) == 0;

    return file->start + (marked ? 3 : 0);
}

/* Read [start, end) of the source. */
static void parse_file(Parser *parser, const SourceFile *file, Comments *comments)
{
    Source part = *parser->source;
    Domain **domains = parser->lists->domains;
    Loose loose = {.domain = arena_new(parser->arena, Domain)};

    part.size = file->end;
    loose.domain->version = 1;
    loose.lists = domain_lists(loose.domain);
    loose.statements_tail = &loose.statements.first;
    lexer_init(&parser->lexer, &part, parser->arena, parser->diagnostics, comments);
    parser->lexer.at = text_start(parser->source, file);
    parser_separators(parser, false);
    Annotations begun = parse_file_allows(parser);
    while (begun.any || !parser_at(parser, TOKEN_END)) {
        begun.start = begun.any ? begun.start : parser_peek(parser, 0)->span.start;
        top_level_item(parser, &loose, begun);
        parser_separators(parser, false);
        begun = (Annotations){0};
    }
    if (!parser->given_up)
        loose_settle(parser, *domains, &loose);
}

Ast *parse_with_comments(const Source *source, Arena *arena, Diagnostics *diagnostics,
                         Comments *comments)
{
    Ast *ast = arena_new(arena, Ast);
    AstLists lists = ast_lists(ast);
    ForeignType *foreign = NULL, **foreign_tail = &foreign;
    const SourceFile whole = {.name = source->name, .end = (uint32_t)source->size};
    const SourceFile *files = source->file_count > 0 ? source->files : &whole;
    size_t count = source->file_count > 0 ? source->file_count : 1;

    ast->source = source;
    if (!source_is_text(source, diagnostics))
        return ast;
    for (size_t i = 0; i < count; i++) {
        Parser parser = {.source = source,
                         .arena = arena,
                         .diagnostics = diagnostics,
                         .lists = &lists,
                         .foreign_types = foreign_tail,
                         .module = (uint32_t)i};
        parse_file(&parser, &files[i], comments);
        foreign_tail = parser.foreign_types;
    }
    foreign_types_settle(diagnostics, ast, foreign);
    return ast;
}

Ast *parse(const Source *source, Arena *arena, Diagnostics *diagnostics)
{
    return parse_with_comments(source, arena, diagnostics, NULL);
}
