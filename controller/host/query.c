/* The expression becomes the predicate of a goal in a program of one domain, whose fields are the
 * members. Names of members become fields, also where they are words of the language. */
#include "controller/host/query.h"

#include <string.h>

#include "lang/base/memory.h"
#include "lang/lexer.h"
#include "lang/program.h"
#include "lang/vm.h"

#define QUERY_SIZE_MAX 65536

struct Query {
    const QueryMember *members;
    size_t member_count;
    Program *program;
};

static const char *type_word(QueryType type)
{
    switch (type) {
    case QUERY_STRING:
        return "string";
    case QUERY_INT:
        return "int";
    case QUERY_BOOL:
        return "bool";
    case QUERY_ANY:
        return "any";
    }
    return "any";
}

/* 'text' becomes "text", but not inside of "text". */
static void quotes_double(const char *text, Buffer *ret)
{
    char open = '\0';

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && open != '\0' && at[1] != '\0') {
            if (open == '"' || at[1] != '\'')
                buffer_add_char(ret, *at);
            buffer_add_char(ret, *++at);
        } else if ((*at == '\'' || *at == '"') && (open == '\0' || open == *at)) {
            open = open == '\0' ? *at : '\0';
            buffer_add_char(ret, '"');
        } else {
            if (*at == '"')
                buffer_add_char(ret, '\\');
            buffer_add_char(ret, *at);
        }
    }
}

static bool is_member(const Query *query, const char *text, size_t size)
{
    for (size_t i = 0; i < query->member_count; i++)
        if (strlen(query->members[i].name) == size &&
            memcmp(query->members[i].name, text, size) == 0)
            return true;
    return false;
}

/* `state.` before each name of a member that does not stand behind a dot. */
static void members_qualify(const Query *query, const Buffer *text, Buffer *ret)
{
    Arena arena = {0};
    Source source = {.name = "--query", .text = buffer_text(text), .size = text->size};
    Diagnostics diagnostics;
    Lexer lexer;
    Token token;
    uint32_t copied = 0;
    bool behind_dot = false;

    diagnostics_init(&diagnostics, &arena, &source);
    lexer_init(&lexer, &source, &arena, &diagnostics, NULL);
    for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token)) {
        const char *word = source.text + token.span.start;
        buffer_add(ret, source.text + copied, token.span.start - copied);
        copied = token.span.start;
        if (!behind_dot && is_member(query, word, token.span.end - token.span.start))
            buffer_add_string(ret, "state.");
        behind_dot = token.kind == TOKEN_DOT;
    }
    buffer_add(ret, source.text + copied, source.size - copied);
    arena_deinit(&arena);
}

static void program_write(const Query *query, const char *text, Buffer *ret)
{
    cleanup(buffer_deinit) Buffer quoted = {0};

    buffer_add_string(ret, "domain Row {\n  state {\n");
    for (size_t i = 0; i < query->member_count; i++)
        buffer_add_format(ret, "    %s: %s\n", query->members[i].name,
                          type_word(query->members[i].type));
    buffer_add_string(ret, "  }\n  goal Query { predicate ");
    quotes_double(text, &quoted);
    members_qualify(query, &quoted, ret);
    buffer_add_string(ret, "\n  }\n}\n");
}

static int refuse(const Query *query, const char *text, Error *err)
{
    const Diagnostics *diagnostics = &query->program->diagnostics;
    cleanup(buffer_deinit) Buffer names = {0};

    for (size_t i = 0; i < query->member_count; i++)
        buffer_add_format(&names, "%s%s", i > 0 ? ", " : "", query->members[i].name);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const Diagnostic *wrong = &diagnostics->items[i];
        if (wrong->severity == SEVERITY_ERROR)
            return error_set(err, ERROR_USAGE,
                             "--query '%.200s': %s%s%s; expected an expression over %s", text,
                             wrong->summary, wrong->label != NULL ? ": " : "",
                             wrong->label != NULL ? wrong->label : "", buffer_text(&names));
    }
    return error_set(err, ERROR_USAGE, "--query '%.200s': expected one expression over %s", text,
                     buffer_text(&names));
}

/* What was written is one predicate, and no more. */
static bool is_one_predicate(const Program *program)
{
    return program->valid && program->domain_count == 1 && program->domains[0].goal_count == 1 &&
           program->domains[0].transition_count == 0 && program->domains[0].handler_count == 0;
}

int query_new(const char *text, const QueryMember *members, size_t count, Query **ret, Error *err)
{
    cleanup(query_free) Query *query = memory_zero(1, sizeof *query);
    cleanup(buffer_deinit) Buffer source = {0};

    if (strlen(text) > QUERY_SIZE_MAX)
        return error_set(err, ERROR_USAGE, "--query has %zu bytes, expected at most %d",
                         strlen(text), QUERY_SIZE_MAX);
    query->members = members;
    query->member_count = count;
    program_write(query, text, &source);
    query->program = program_compile("--query", buffer_text(&source), source.size);
    if (!is_one_predicate(query->program))
        return refuse(query, text, err);
    *ret = take(query);
    return 0;
}

void query_free(Query *query)
{
    if (query == NULL)
        return;
    program_free(query->program);
    free(query);
}

static Value member_value(const QueryMember *member, const Json *row, Arena *arena)
{
    const Json *json = json_get(row, member->name);
    const char *text = json_string(json, "");

    switch (member->type) {
    case QUERY_STRING:
        return value_string(arena, text, strlen(text));
    case QUERY_INT:
        return value_int(json_int(json, 0));
    case QUERY_BOOL:
        return value_bool(json_bool(json, false));
    case QUERY_ANY:
        return json != NULL ? value_decode(arena, json) : value_null();
    }
    return value_null();
}

bool query_matches(const Query *query, const Json *row)
{
    const ProgramDomain *domain = &query->program->domains[0];
    Arena arena = {0};
    Value *fields = arena_array(&arena, Value, query->member_count);

    for (size_t i = 0; i < query->member_count; i++)
        fields[i] = member_value(&query->members[i], row, &arena);
    PredicateInput input = {.program = query->program,
                            .domain = domain,
                            .code = domain->goals[0].predicate,
                            .fields = fields,
                            .key = value_null()};
    bool holds = predicate_evaluate(&input, &arena, NULL) == TRUTH_TRUE;
    arena_deinit(&arena);
    return holds;
}
