#include <criterion/criterion.h>
#include <string.h>

#include "lang/lexer.h"
#include "tests/lib/lang/parse_text.h"

TestSuite(parser_declaration, .fini = text_done);

/* ---- records, enums, constants, functions ---- */

Test(parser_declaration, records_have_fields_with_defaults)
{
    const RecordDecl *r =
        text_valid("record R { a: int, b: list<string> = [\"x\"] on: bool; } record E { }")
            ->records;

    cr_assert_str_eq(r->name.text, "R");
    cr_assert_null(r->fields->initial);
    cr_assert_eq(r->fields->next->initial->kind, EXPR_LIST);
    cr_assert_str_eq(r->fields->next->next->name.text, "on");
    cr_assert_null(r->next->fields);
    assert_mistake("record R { a int b: int }", "V-ERR-009 expected `:`", "write `a: int`");
    assert_mistake("record R", "V-ERR-009 expected `{` after the record's name", "field: type");
    assert_mistake("record { a: int }", "V-ERR-009 expected a record's name", NULL);
    assert_mistake("record R { int a }", "V-ERR-009 the name comes before", "write `a: int`");
}

Test(parser_declaration, members_of_an_enum_are_separated_by_commas)
{
    const Enum *e = text_valid("enum E { A, B, } enum F { C }")->enums;

    cr_assert_str_eq(e->members->next->name.text, "B");
    cr_assert_null(e->members->next->next);
    cr_assert_str_eq(e->next->members->name.text, "C");
    assert_mistake("enum E { A B }", "V-ERR-009 expected `,` or `}`", "enum E { A, B }");
    assert_mistake("enum E { A = 1, B }", "V-ERR-009 expected `,` or `}`", NULL);
    assert_mistake("enum E { }", "V-ERR-009 expected a member's name", NULL);
    assert_mistake("enum E { , }", "V-ERR-009 expected a member's name", NULL);
    assert_mistake("enum E A", "V-ERR-009 expected `{`", "{ A, B }");
}

Test(parser_declaration, constants_and_functions)
{
    const Ast *ast =
        text_valid("const N: int = 3 const M = [1] fn f(a: int, b: map<int>) -> int? { "
                   "return a } fn g() -> R { return R() }");

    cr_assert_eq(ast->constants->type->type, TYPE_INT);
    cr_assert_null(ast->constants->next->type);
    cr_assert_str_eq(ast->functions->parameters->next->name.text, "b");
    cr_assert(ast->functions->result->optional);
    cr_assert_null(ast->functions->next->parameters);
    assert_mistake("const N int = 3", "V-ERR-009 expected `=`", "const N: int = ...");
    assert_mistake("const int N = 3", "V-ERR-009 the name comes before", "write `N: int`");
    assert_mistake("const N: int", "V-ERR-009 expected `=`", "const N: int = ...");
    assert_mistake("fn f(a) -> int { return a }", "V-ERR-009 expected `:`", "write `a: int`");
    assert_mistake("fn f(a: int) { return a }", "V-ERR-009 expected `->`", "what the function");
    assert_mistake("fn f -> int { return 1 }", "V-ERR-009 expected `(`", "fn NAME()");
    assert_mistake("function f() { return 1 }", "V-ERR-009 found `function`", "write `fn NAME");
}

/* ---- events and effects ---- */

Test(parser_declaration, events_and_effects)
{
    const Ast *ast =
        text_valid("event A event B(x: int) retain none event C() effect make(n: int) -> "
                   "Host = Infra.Create effect Stop() effect s() = Kill");

    cr_assert_not(ast->events->has_fields);
    cr_assert(ast->events->next->retain_none);
    cr_assert_eq(ast->events->next->fields->type->type, TYPE_INT);
    cr_assert(ast->events->next->next->has_fields);
    cr_assert_str_eq(ast->effects->provider.text, "Infra");
    cr_assert_str_eq(ast->effects->action.text, "Create");
    cr_assert_eq(ast->effects->result->type, TYPE_NAMED);
    cr_assert_null(ast->effects->next->result);
    cr_assert_null(ast->effects->next->next->provider.text);
    cr_assert_str_eq(ast->effects->next->next->action.text, "Kill");
    assert_mistake("event E { a: int }", "V-ERR-009 expected `(`", "event NAME(field: type)");
    assert_mistake("event E retain all", "V-ERR-009 expected `none`", "`retain none`");
    assert_mistake("effect e -> any", "V-ERR-009 expected `(`", "effect NAME(");
    assert_mistake("effect e { payload { } } goal g", "V-ERR-010 `effect", "emit Infra.NAME");
    cr_assert_not_null(text_diagnostics.items[0].remedy);
}

/* ---- files ---- */

Test(parser_declaration, imports_stand_first)
{
    const Ast *ast = text_valid("import \"net/base.ved\"\nimport \"b.ved\" goal g");

    cr_assert_str_eq(ast->imports->path.text, "net/base.ved");
    cr_assert_str_eq(ast->imports->next->path.text, "b.ved");
    assert_mistake("const c = 1 import \"a\"", "V-ERR-009 an import after other items",
                   "the beginning of the file");
    assert_mistake("import base", "V-ERR-009 expected the file", "import \"base.ved\"");
    assert_mistake("import \"a${b}\"", "V-ERR-009 expected the file", NULL);
}

Test(parser_declaration, what_is_exported)
{
    const Ast *ast =
        text_valid("export record R { } record S { } export domain D { } export fn f() -> "
                   "int { return 1 } export enum E { A } export const c = 1 export "
                   "event V export effect e() export environment X { }");

    cr_assert(ast->records->declared.exported);
    cr_assert_not(ast->records->next->declared.exported);
    cr_assert(ast->domains->declared.exported);
    cr_assert(ast->environments->declared.exported);
    assert_mistake("export goal x", "V-ERR-009 expected a declaration", "a domain, record");
    assert_mistake("export", "V-ERR-009 expected a declaration", "a domain, record");
}

Test(parser_declaration, files_of_one_text_are_parsed_each_for_itself)
{
    static const char text[] = "import \"b\"\ndomain A { goal x }\ngoal y\n"
                               "record R { a: int }\nrecord text { }\n"
                               "\xef\xbb\xbfimport \"c\"\ndomain B { state { t: text } }\ngoal z\n";
    uint32_t second = (uint32_t)(strstr(text, "record R") - text);
    uint32_t third = (uint32_t)(strstr(text, "\xef\xbb\xbf") - text);
    const SourceFile files[] = {{.name = "a", .start = 0, .end = second},
                                {.name = "b", .start = second, .end = third},
                                {.name = "c", .start = third, .end = sizeof text - 1}};
    const Ast *ast = text_parse_files(&(Source){
        .name = "a", .text = text, .size = sizeof text - 1, .files = files, .file_count = 3});

    cr_assert_eq(text_diagnostics.count, 0, "%s", text_diagnostics.items[0].summary);
    cr_assert_str_eq(ast->domains->name.text, "A");
    cr_assert_str_eq(ast->domains->goals->next->predicate->name, "y");
    cr_assert_null(ast->domains->goals->next->next);
    cr_assert_str_eq(ast->domains->next->goals->predicate->name, "z");
    cr_assert_eq(ast->domains->next->declared.module, 2);
    cr_assert_eq(ast->records->declared.module, 1);
    cr_assert_eq(ast->imports->next->module, 2);
    cr_assert_eq(strncmp(text + ast->domains->next->span.start, "domain B", 8), 0);
    cr_assert_null(ast->domains->next->next);
}

Test(parser_declaration, a_mistake_in_one_file_is_none_in_the_next)
{
    static const char text[] = "domain A { goal x \n domain B { goal y }";
    uint32_t second = (uint32_t)(strstr(text, "domain B") - text);
    const SourceFile files[] = {{.name = "a", .start = 0, .end = second},
                                {.name = "b", .start = second, .end = sizeof text - 1}};
    const Ast *ast = text_parse_files(&(Source){
        .name = "a", .text = text, .size = sizeof text - 1, .files = files, .file_count = 2});

    cr_assert_eq(text_diagnostics.count, 1);
    cr_assert_str_eq(text_diagnostics.items[0].summary, "expected `}`, found the end of the file");
    cr_assert_str_eq(ast->domains->next->name.text, "B");
}

/* ---- scripts ---- */

Test(parser_declaration, a_file_without_a_domain_is_a_script)
{
    const Ast *ast = text_valid("state { n: int m: map<int> }\nlet x = 1 n = x\ngoal n == 2\n"
                                "transition T { n = 2 }\non Event::E { }\nevery 5m { }\n"
                                "invariant n < 9\ncapability { spawn }\nscope Namespace\n"
                                "record R { }\nif n == 1 { stop }\nm[\"k\"] = 1\nstate.n = 3\n");
    const Domain *d = ast->domains;

    cr_assert_str_eq(d->name.text, "main");
    cr_assert(d->is_script);
    cr_assert_eq(d->version, 1);
    cr_assert_null(d->next);
    cr_assert_str_eq(d->fields->name.text, "n");
    cr_assert(d->goals && d->handlers && d->timers && d->invariants && d->capabilities);
    cr_assert_eq(d->scope.level, SCOPE_NAMESPACE);
    const Transition *boot = d->transitions;
    cr_assert_str_eq(boot->name.text, "Boot");
    cr_assert(boot->is_script);
    cr_assert_not(boot->next->is_script);
    int count = 0;
    for (const Stmt *s = boot->slices->body->first; s != NULL; s = s->next)
        count++;
    cr_assert_eq(count, 5);
    cr_assert_not_null(ast->records);
}

Test(parser_declaration, one_statement_or_one_item_is_a_script)
{
    const Domain *d = text_valid("emit Log(\"hello\")")->domains;

    cr_assert_eq(d->transitions->slices->body->first->kind, STMT_EMIT);
    cr_assert_null(d->transitions->next);
    cr_assert_null(text_valid("goal x")->domains->transitions);
    cr_assert(text_valid("state { x: int }")->domains->has_state);
    cr_assert_eq(text_valid("@version 3 state { x: int }")->domains->version, 3);
}

Test(parser_declaration, what_may_be_imported_is_no_script)
{
    cr_assert_null(
        text_valid("record R { } enum E { A } const c = 1 event V effect e() fn f() -> int "
                   "{ return 1 } environment X { } system S { } test \"t\" { }")
            ->domains);
}

Test(parser_declaration, statements_and_state_stand_in_domains_or_scripts)
{
    assert_mistake("domain A { } x = 1 y = 2", "V-ERR-014 this statement stands outside",
                   "a transition of its domain `A`");
    assert_mistake("state { x: int } domain A { }", "V-ERR-014 this item stands outside",
                   "the braces of its domain");
    assert_mistake("domain A { } domain B { } goal x", "V-ERR-014 this item", "for example `A`");
    assert_mistake("domain A { } every 5m { } domain B { }", "V-ERR-014 this item", "`A`");
    cr_assert_not_null(text_valid("domain A { } every 5m { }")->domains->timers);
    assert_mistake("print(\"a\")", "V-ERR-009 expected a statement", "emit Log");
    assert_mistake("sate { x: int } x = 1", "V-ERR-009 found `sate`", "`state`");
}

Test(parser_declaration, a_goal_of_a_script_ends_where_a_statement_begins)
{
    const Domain *d =
        text_valid("goal a n = 1 goal b m[0] += 1 goal c r.f = 2 goal d\nis = 3")->domains;

    cr_assert_str_eq(d->goals->predicate->name, "a");
    cr_assert_str_eq(d->goals->next->next->next->predicate->name, "d");
    cr_assert_not_null(d->transitions->slices->body->first->next->next->next);
    assert_mistake("domain A { goal a n == 1 }", "V-ERR-009 expected `{`", "predicate");
    assert_mistake("goal a n == 1", "V-ERR-009 expected `{`", "predicate");
}

Test(parser_declaration, yield_may_stand_before_an_effect)
{
    cr_assert_not_null(text_valid("yield\neffect e()")->effects);
    assert_mistake("yield effect { a }", "V-ERR-010 `yield effect`", "emit Infra");
}

/* ---- domains ---- */

Test(parser_declaration, domains_with_a_key)
{
    const Domain *d = text_valid("domain D[name: string] { } domain E { }")->domains;

    cr_assert_str_eq(d->key.text, "name");
    cr_assert_null(d->next->key.text);
    assert_mistake("domain D[key] { }", "V-ERR-009 expected `:`", "write `[key: string]`");
    assert_mistake("domain D[key: int] { }", "V-ERR-009 a domain's key is a string",
                   "write `[key: string]`");
    assert_mistake("domain D[key: string?] { }", "V-ERR-009 a domain's key is a string",
                   "write `[key: string]`");
    assert_mistake("domain D[] { }", "V-ERR-009 expected the key's name", NULL);
    assert_mistake("domain D[key: string { }", "V-ERR-009 expected `]`", NULL);
}

Test(parser_declaration, handlers_of_every_kind)
{
    const Handler *h = text_valid("domain D { on Event::E(a, b) { } on message M(x: int) { } on "
                                  "Infra.lost(r) { } on Infra.changed { } on Infra.failed(e) { } }")
                           ->domains->handlers;

    cr_assert_eq(h->kind, HANDLER_EVENT);
    cr_assert_null(h->parameters->type);
    h = h->next;
    cr_assert_eq(h->kind, HANDLER_MESSAGE);
    cr_assert_str_eq(h->event.text, "M");
    cr_assert_eq(h->parameters->type->type, TYPE_INT);
    h = h->next;
    cr_assert_eq(h->kind, HANDLER_LOST);
    cr_assert_str_eq(h->provider.text, "Infra");
    cr_assert_str_eq(h->parameters->name.text, "r");
    cr_assert_eq(h->next->kind, HANDLER_CHANGED);
    cr_assert_eq(h->next->next->kind, HANDLER_FAILED);
    assert_mistake("domain D { on message { } goal g }", "V-ERR-009 expected the message's name",
                   "on message NAME");
    assert_mistake("domain D { on Infra.chnaged(r) { } goal g }", "V-ERR-009 expected `lost`",
                   "did you mean `on Infra.changed`?");
    assert_mistake("domain D { on Infra.broken(r) { } goal g }", "V-ERR-009 expected `lost`",
                   "on Event::broken");
    assert_mistake("domain D { on Infra.lost(r: int) { } }", "V-ERR-009 expected `)`", "alone");
}

Test(parser_declaration, timers)
{
    const Timer *t =
        text_valid("domain D { every 5m { x = 1 } after 30s when x == 1 && y { } every 1ms { } }")
            ->domains->timers;

    cr_assert_eq(t->kind, TIMER_EVERY);
    cr_assert_eq(t->interval_ms, 300000);
    cr_assert_null(t->when);
    cr_assert_eq(t->next->kind, TIMER_AFTER);
    cr_assert_eq(t->next->when->operator, OP_AND);
    assert_mistake("domain D { every 0s { } }", "V-ERR-017 no time at all", "1ms");
    assert_mistake("domain D { every 5 { } }", "V-ERR-009 expected a duration", "has a unit");
    assert_mistake("domain D { every { } }", "V-ERR-009 expected a duration", NULL);
    assert_mistake("domain D { after 5m { } }", "V-ERR-009 expected `when`", "every 30s");
    assert_mistake("domain D { after 5m if x { } }", "V-ERR-009 expected `when`", "every 30s");
}

Test(parser_declaration, declarations_in_a_domain_are_reported_and_read)
{
    assert_mistake("domain A { record R { a: int } goal x }", "V-ERR-009 `record` stands outside",
                   "out of the braces");
    assert_mistake("domain A { goal x\nrecord R { a: int }\nconst c = 1\n",
                   "V-ERR-009 `record` stands outside", "out of the braces");
    assert_mistake("domain A { import \"x\" goal x }", "V-ERR-009 `import` stands outside", NULL);
    assert_mistake("domain A { transition T { x = 1 record R { a: int } } goal x }",
                   "V-ERR-009 expected `}`, found `record`", NULL);
    cr_assert_not_null(text_parse("domain A { record R { } }")->records);
}

/* ---- annotations ---- */

Test(parser_declaration, annotations_of_domains)
{
    const Domain *d = text_valid("@version(2) @scope Workspace(\"pay\") domain A { } domain B { "
                                 "@version 3 @scope Tenant state { } } domain C { }")
                          ->domains;

    cr_assert_eq(d->version, 2);
    cr_assert(d->has_version);
    cr_assert_str_eq(d->scope.place, "pay");
    cr_assert_eq(d->next->scope.level, SCOPE_TENANT);
    cr_assert_not(d->next->next->has_version);
    cr_assert_eq(d->next->next->version, 1);
}

Test(parser_declaration, annotations_of_items)
{
    const Ast *ast =
        text_valid("@allow(V-LNT-001, reason: \"a\") @allow(V-WRN-020) domain A { "
                   "@priority(critical) @protect @allow(V-LNT-005, reason: \"b\") "
                   "transition T { } @priority(7) goal g @allow(V-LNT-005) on Event::E "
                   "{ } @allow(V-LNT-005) every 5m { } @allow(V-LNT-005) invariant x }");
    const Domain *d = ast->domains;

    cr_assert_str_eq(d->declared.allows->code, "V-LNT-001");
    cr_assert_str_eq(d->declared.allows->reason, "a");
    cr_assert_str_eq(d->declared.allows->next->code, "V-WRN-020");
    cr_assert_null(d->declared.allows->next->reason);
    cr_assert(d->transitions->protect);
    cr_assert_eq(d->transitions->priority, 200);
    cr_assert_str_eq(d->transitions->allows->reason, "b");
    cr_assert_eq(d->goals->priority, 7);
    cr_assert(d->handlers->allows && d->timers->allows && d->invariants->allows);
    cr_assert_null(ast->allows);
}

Test(parser_declaration, allow_with_a_semicolon_is_of_the_file)
{
    const Ast *ast = text_valid("@allow(V-LNT-001, reason: \"a\"); @allow(V-LNT-005);\ngoal g");

    cr_assert_str_eq(ast->allows->code, "V-LNT-001");
    cr_assert_str_eq(ast->allows->next->code, "V-LNT-005");
    cr_assert_null(ast->domains->goals->allows);
    ast = text_valid("@allow(V-LNT-001); @allow(V-LNT-005) @scope Tenant domain A { }");
    cr_assert_null(ast->allows->next);
    cr_assert_str_eq(ast->domains->declared.allows->code, "V-LNT-005");
    ast = text_valid("@allow(V-LNT-001)\ngoal g");
    cr_assert_null(ast->allows);
    cr_assert_not_null(ast->domains->goals->allows);
}

Test(parser_declaration, annotations_in_the_wrong_place_or_form)
{
    assert_mistake("domain D { @protect goal x }", "V-ERR-009 `@protect` does not belong here",
                   "stands before a transition");
    assert_mistake("@priority(high) domain D { }", "V-ERR-009 `@priority` does not belong here",
                   "a transition or a goal");
    assert_mistake("domain D { @priority(high) }", "V-ERR-009 `@priority` does not belong here",
                   "a transition or a goal");
    assert_mistake("@version 2 record R { }", "V-ERR-009 `@version` does not belong here",
                   "a domain");
    assert_mistake("@allow(V-LNT-001) x = 1", "V-ERR-009 `@allow` does not belong here", "an item");
    assert_mistake("domain D { @prioriti(high) goal x }", "V-ERR-009 found `prioriti`",
                   "did you mean `@priority`?");
    assert_mistake("@version 1 @version 2 domain D { }", "V-ERR-016 a second `@version`", NULL);
    assert_mistake("domain D { @version 1 @scope Tenant scope Tenant }",
                   "V-ERR-016 a second `scope`", NULL);
    assert_mistake("domain D { @version goal x }", "V-ERR-009 expected the version", NULL);
    assert_mistake("@allow domain D { }", "V-ERR-009 expected `(`", NULL);
    assert_mistake("@allow(LNT001) domain D { }", "V-ERR-009 `LNT001` is not a diagnostic's code",
                   "V-LNT-001");
    assert_mistake("@allow(V-LNT) domain D { }", "V-ERR-009 `V-LNT` is not", "V-LNT-001");
    assert_mistake("@allow(\"V-LNT-001\") domain D { }", "V-ERR-009 expected a diagnostic's code",
                   "@allow(V-LNT-001");
    assert_mistake("@allow(V-LNT-001 reason: \"x\") domain D { }", "V-ERR-009 expected `,`",
                   "@allow(V-LNT-001");
    assert_mistake("@allow(V-LNT-001, \"x\") domain D { }", "V-ERR-009 expected `reason:`",
                   "@allow(V-LNT-001");
}

Test(parser_declaration, versions_are_counted_from_one)
{
    text_valid("@version 1 domain D { }");
    text_valid("@version 2147483647 domain D { }");
    assert_mistake("@version 0 domain D { }", "V-ERR-017 not from 1", NULL);
    assert_mistake("@version 2147483648 domain D { }", "V-ERR-017 not from 1", NULL);
}

/* ---- deployment and evolution ---- */

Test(parser_declaration, environments)
{
    const Environment *e =
        text_valid("environment E { provider Infra = \"docker\" { socket: \"/run/x\" limits: { "
                   "concurrency: 4, b: 2 } }\nprovider Other = \"sim\" host = \"a\" host = \"b\", "
                   "capability { effect:Infra.*, spawn } } environment F { }")
            ->environments;

    cr_assert_str_eq(e->providers->plugin.text, "docker");
    cr_assert_eq(e->providers->config->entries->next->value->kind, EXPR_MAP);
    cr_assert_null(e->providers->next->config);
    cr_assert_eq(e->hosts->next->value->kind, EXPR_STRING);
    cr_assert(e->has_capabilities);
    cr_assert_str_eq(e->capabilities->argument.text, "Infra.*");
    cr_assert_not(e->next->has_capabilities);
    assert_mistake("environment E { provider Infra \"docker\" }", "V-ERR-009 expected `=`",
                   "provider Infra = ");
    assert_mistake("environment E { provider Infra = docker { } }",
                   "V-ERR-009 expected the plugin's name", NULL);
    assert_mistake("environment E { provder Infra = \"x\" }", "V-ERR-009 found `provder`",
                   "did you mean `provider`?");
    assert_mistake("environment E { host \"a\" }", "V-ERR-009 expected `=` after `host`",
                   "host = ");
    assert_mistake("environment E { provider P = \"x\" { a = 1 } }", "V-ERR-009 expected `:`",
                   "`key: value`");
    assert_mistake("environment E { capability { spawn } capability { spawn } }",
                   "V-ERR-016 a second `capability`", NULL);
}

Test(parser_declaration, deploys_and_migrations)
{
    const Ast *ast =
        text_valid("deploy D to E deploy service D to E deploy service to E migration D 1 "
                   "-> 2 { f = old.f g = 0 } migration D 2->3 { }");

    cr_assert_str_eq(ast->deploys->next->domain.text, "D");
    cr_assert_str_eq(ast->deploys->next->next->domain.text, "service");
    cr_assert_str_eq(ast->deploys->next->environment.text, "E");
    cr_assert_eq(ast->migrations->from, 1);
    cr_assert_eq(ast->migrations->to, 2);
    cr_assert_eq(ast->migrations->fields->value->kind, EXPR_MEMBER);
    cr_assert_eq(ast->migrations->next->to, 3);
    assert_mistake("deploy D E", "V-ERR-009 expected `to`", "deploy D to ENVIRONMENT");
    assert_mistake("migration D 1 to 2 { }", "V-ERR-009 expected `->`", "migration D 1 -> 2");
    assert_mistake("migration D 1 -> 2", "V-ERR-009 expected `{`", "old.field");
    assert_mistake("migration D 0 -> 1 { }", "V-ERR-017 not from 1", NULL);
    assert_mistake("migration v { from: 1 to: 2 return x }", "V-ERR-010 `migration",
                   "migration D 1 -> 2");
}

Test(parser_declaration, systems_start_instances)
{
    const Start *s =
        text_valid("system S { start domain D[\"a\"] { f = 1 } start domain E }")->systems->starts;

    cr_assert_eq(s->key->kind, EXPR_STRING);
    cr_assert_str_eq(s->fields->name.text, "f");
    cr_assert_null(s->next->key);
}

/* ---- tests ---- */

Test(parser_declaration, tests_have_three_blocks)
{
    const struct Test *t =
        text_valid("test \"it works\" { given { D.f = 1; D[\"k\"].f = [1] } simulate "
                   "{ effect Infra.Create { fail timeout } effect Create { fail "
                   "gone 3 } effect Infra.Create { result { host: \"a\" } } send D "
                   "T(1) emit Broadcast(Event::E()) run 500 ticks run 5m crash } "
                   "expect { always D.f < 3 eventually D.Ready within 500 ticks "
                   "D.Ready within 5m D[\"k\"].f == [1] never D.g } }")
            ->tests;
    const TestStep *s = t->given;

    cr_assert_str_eq(t->name.text, "it works");
    cr_assert_eq(s->kind, STEP_SET);
    cr_assert_str_eq(s->field.text, "f");
    cr_assert_not_null(s->next->key);
    s = t->simulate;
    cr_assert(s->fails && s->times == 0);
    cr_assert_str_eq(s->failure.text, "timeout");
    cr_assert_eq(s->next->times, 3);
    cr_assert_null(s->next->provider.text);
    s = s->next->next;
    cr_assert_eq(s->result->kind, EXPR_MAP);
    cr_assert_eq(s->next->kind, STEP_SEND);
    cr_assert_eq(s->next->next->statement->kind, STMT_EMIT);
    s = s->next->next->next;
    cr_assert(s->in_ticks && s->limit == 500);
    cr_assert(!s->next->in_ticks && s->next->limit == 300000);
    cr_assert_eq(s->next->next->kind, STEP_CRASH);
    s = t->expect;
    cr_assert_eq(s->kind, STEP_ALWAYS);
    cr_assert_eq(s->next->kind, STEP_EVENTUALLY);
    cr_assert_eq(s->next->next->limit, 500);
    cr_assert_eq(s->next->next->next->limit, 300000);
    cr_assert_eq(s->next->next->next->next->kind, STEP_NEVER);
}

Test(parser_declaration, mistakes_in_tests_name_what_to_write)
{
    static const struct {
        const char *text, *expected, *remedy;
    } mistakes[] = {
        {"test works { }", "V-ERR-009 expected the test's name", "test \"works\""},
        {"test \"x\" { simulat { crash } }", "V-ERR-009 found `simulat`", "`simulate`"},
        {"test \"x\" { given { D = 1 } }", "V-ERR-009 expected `.`", "D.field = value"},
        {"test \"x\" { given { D.f == 1 } }", "V-ERR-009 expected `=`", NULL},
        {"test \"x\" { simulate { effect A fail x } }", "V-ERR-009 expected `{`",
         "{ fail timeout }"},
        {"test \"x\" { simulate { effect A { fails x } } }", "V-ERR-009 expected `fail`",
         "{ fail timeout }"},
        {"test \"x\" { simulate { effect A { result 1 } } }", "V-ERR-009 expected `{`",
         "result { member: value }"},
        {"test \"x\" { simulate { run 500 } }", "V-ERR-009 expected `ticks`", "500 ticks"},
        {"test \"x\" { simulate { run 0 ticks } }", "V-ERR-017 not from 1", NULL},
        {"test \"x\" { simulate { let x = 1 } }", "V-ERR-009 expected `effect`", NULL},
        {"test \"x\" { expect { D.f == 1 } }", "V-ERR-009 expected `always`", "eventually D.Goal"},
        {"test \"x\" { expect { within D.f } }", "V-ERR-009 a number of ticks", NULL},
        {"test \"x\" { expect { always } }", "V-ERR-009 expected a condition", NULL},
        {"test \"x\" { expect { } expect { } }", "V-ERR-016 a second `expect`", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        assert_mistake(mistakes[i].text, mistakes[i].expected, mistakes[i].remedy);
}

/* ---- any beginning of a program ---- */

static const char program[] =
    "@allow(V-LNT-001, reason: \"a\");\nimport \"net/base.ved\"\nexport record Host { name: "
    "string  ports: list<list<int>>= [[1, 2], [],] }\nenum Level { Low, High, }\nconst N: int "
    "= "
    "3\nexport fn twice(a: int) -> int { return a * 2 }\nevent Up(host: Host) retain none\n"
    "effect create(name: string) -> any = Infra.Create\nenvironment E { provider Infra = "
    "\"docker\" { socket: \"/run/x\" limits: { concurrency: 4 } } host = \"a\" capability { "
    "effect:Infra.*, spawn } }\ndeploy D to E\nmigration D 1 -> 2 { f = old.f }\n@version 2 "
    "domain D[id: string] { state { m: map<Host>= {a: 1} } goal Named { predicate "
    "known(Infra.status(\"db\")) } @protect transition T(a: int) { match a { 1, -2 => { } _ => "
    "{ "
    "stop } } for k, v in m { l[0] += 1.5 } parallel { let z = emit Infra.B() } elevate "
    "\"x\" "
    "{ send D[\"k\"] T(1) } release Infra.A() spawn D[\"k\"] { f = [1] } } on message M(a: "
    "int) "
    "{ } on Infra.lost(r) { } every 5m { yield } after 30s when g { } }\nsystem S { start "
    "domain "
    "D[\"a\"] { f = 1 } }\ntest \"works\" { given { D[\"a\"].g = 1 } simulate { effect Create "
    "{ "
    "fail timeout } run 500 ticks } expect { within 5m D.Ready } }";

Test(parser_declaration, every_beginning_of_a_program_ends_with_a_report_at_most, .timeout = 60)
{
    text_valid(program);
    for (size_t size = 0; size < sizeof program - 1; size++) {
        text_parse(arena_copy_bytes(&text_arena, program, size));
        cr_assert_leq(text_diagnostics.count, 1, "after '%.*s': %s; %s", 40,
                      program + (size > 40 ? size - 40 : 0), text_diagnostics.items[0].summary,
                      text_diagnostics.items[1].summary);
    }
}

/* The program without its n-th token; NULL: it has not so many. */
static const char *without_token(size_t n)
{
    const Source source = {.name = "test.ved", .text = program, .size = sizeof program - 1};
    Token token;
    Lexer lexer;

    diagnostics_init(&text_diagnostics, &text_arena, &source);
    lexer_init(&lexer, &source, &text_arena, &text_diagnostics, NULL);
    do
        lexer_next(&lexer, &token);
    while (token.kind != TOKEN_END && n-- > 0);
    if (token.kind == TOKEN_END)
        return NULL;
    return arena_format(&text_arena, "%.*s%s", (int)token.span.start, program,
                        program + token.span.end);
}

/* One token that is missing is one mistake. Not all of them can be told from another one: what
 * stands between a lost brace and the next is read as if it stood elsewhere. */
Test(parser_declaration, a_missing_token_is_one_report_in_nine_cases_of_ten, .timeout = 60)
{
    size_t count = 0, once = 0, most = 0;

    for (const char *text; (text = without_token(count)) != NULL; count++) {
        text_parse(text);
        once += text_diagnostics.count <= 1;
        most = text_diagnostics.count > most ? text_diagnostics.count : most;
        arena_reset(&text_arena);
    }
    cr_assert_gt(count, 300);
    cr_assert_geq(once * 10, count * 9, "%zu of %zu", once, count);
    cr_assert_leq(most, 9);
}
