/* What a program says of itself: the tables that the runtime works with. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lang/program.h"

static Program *compiled(const char *text)
{
    Program *program = program_compile("stack.ved", text, strlen(text));
    Buffer said = {0};

    diagnostics_print(&program->diagnostics, false, &said);
    cr_assert(program->valid, "%s", buffer_text(&said));
    buffer_deinit(&said);
    return program;
}

static const ProgramDomain *domain_of(const Program *program, const char *name)
{
    int index = program_find_domain(program, name);

    cr_assert_geq(index, 0, "%s", name);
    return &program->domains[index];
}

static void expect_encoded(Value value, const char *expected)
{
    cleanup(buffer_deinit) Buffer text = {0};

    value_encode(&text, value);
    cr_expect_str_eq(buffer_text(&text), expected);
}

Test(program_table, keyed_domains_are_started_by_their_starts)
{
    cleanup(program_free) Program *program =
        compiled("const SIZE = 2\n"
                 "domain W[id: string] { state { n: int s: string = \"first\" l: list<int> }\n"
                 "transition T { n = 1 l = [1] } }\n"
                 "domain A { state { n: int } } domain B { state { n: int } }\n"
                 "system S { start domain W[\"a\"] { n = SIZE * 2 l = [1, SIZE] }\n"
                 "start domain A { n = 3 } start domain W[\"b${SIZE}\"] { s = \"x\" } }");
    const ProgramDomain *worker = domain_of(program, "W");

    cr_expect_str_eq(worker->key, "id");
    cr_expect_not(worker->started);
    cr_expect_null(domain_of(program, "A")->key);
    cr_expect(domain_of(program, "A")->started);
    cr_expect_not(domain_of(program, "B")->started);
    cr_assert_eq(program->start_count, 2);
    cr_expect_eq((int)program->starts[0].domain, program_find_domain(program, "W"));
    cr_expect_str_eq(program->starts[0].key->bytes, "a");
    expect_encoded(program->starts[0].fields[0], "4");
    expect_encoded(program->starts[0].fields[1], "\"first\"");
    expect_encoded(program->starts[0].fields[2], "[1,2]");
    cr_expect_str_eq(program->starts[1].key->bytes, "b2");
    expect_encoded(program->starts[1].fields[0], "0");
    expect_encoded(program->starts[1].fields[1], "\"x\"");
}

Test(program_table, a_keyed_domain_is_not_started_without_a_system)
{
    cleanup(program_free) Program *program =
        compiled("domain W[id: string] { state { n: int } } domain A { state { n: int } }");

    cr_expect_not(domain_of(program, "W")->started);
    cr_expect(domain_of(program, "A")->started);
}

Test(program_table, handlers_say_what_they_handle_and_get)
{
    cleanup(program_free) Program *program = compiled(
        "event Quiet(b: int, a: string) retain none\n"
        "domain A { state { n: int }\n"
        "on message M(x: int, y: list<string>) { n = x }\n"
        "on Event::Quiet(b) { n = b }\n"
        "on Infra.lost(r) { n = 1 } on Infra.changed(r) { n = 2 }\n"
        "on Dns.failed { n = 3 }\n"
        "on Event::Loud(z) { n = 4 }\n"
        "transition T { n = 1 send self M(y: [], x: 2)\n"
        "emit Broadcast(Event::Quiet(a: \"\", b: 1)) emit Broadcast(Event::Loud(z: 5s)) } }");
    const ProgramDomain *domain = &program->domains[0];
    const int quiet = program_find_event(program, "Quiet");
    const int loud = program_find_event(program, "Loud");
    int found;

    cr_assert_eq(domain->handler_count, 6);
    found = domain_find_message(domain, "M");
    cr_assert_eq(found, 0);
    cr_expect_eq(domain->handlers[0].kind, ON_MESSAGE);
    cr_expect_eq(domain->handlers[0].parameter_count, 2);
    cr_expect_eq(domain->handlers[0].parameters[0].type, STATIC_INT);
    cr_expect_str_eq(type_name(&program->types, domain->handlers[0].parameters[1].type),
                     "list<string>");
    cr_expect_eq(domain_find_handler(domain, (uint32_t)quiet), 1);
    cr_assert_eq(domain->handlers[1].parameter_count, 2, "all fields of the event");
    cr_expect_str_eq(domain->handlers[1].parameters[0].name, "a");
    cr_expect_eq(domain->handlers[1].parameters[1].type, STATIC_INT);
    cr_expect_eq(domain_find_report(domain, ON_LOST, "Infra"), 2);
    cr_expect_eq(domain_find_report(domain, ON_CHANGED, "Infra"), 3);
    cr_expect_eq(domain_find_report(domain, ON_FAILED, "Dns"), 4);
    cr_expect_eq(domain_find_report(domain, ON_FAILED, "Infra"), -1);
    cr_expect_eq(domain->handlers[4].parameter_count, 1);
    cr_expect_eq(domain_find_handler(domain, (uint32_t)loud), 5);
    cr_expect_eq(domain_find_message(domain, "Quiet"), -1);
    cr_expect_not(program->events[quiet].retained);
    cr_expect(program->events[loud].retained);
    for (size_t i = 0; i < domain->handler_count; i++)
        cr_expect_not_null(domain->handlers[i].code, "%zu", i);
    cr_assert_eq(program->message_count, 1);
    cr_expect(program->messages[0].to_handler);
    cr_expect_eq(program->messages[0].transition, 0);
}

Test(program_table, timers_have_their_text_and_code)
{
    cleanup(program_free) Program *program =
        compiled("domain A { state { n: int }\n"
                 "every 5m { n += 1 }\n"
                 "after 30s\n  when n > 3 // often\n { n = 0 emit Infra.Reset() } }");
    const ProgramDomain *domain = &program->domains[0];

    cr_assert_eq(domain->timer_count, 2);
    cr_expect(domain->timers[0].repeats);
    cr_expect_eq(domain->timers[0].interval_ms, 300000);
    cr_expect_str_eq(domain->timers[0].text, "every 5m");
    cr_expect_null(domain->timers[0].when);
    cr_expect_not_null(domain->timers[0].code);
    cr_expect_not(domain->timers[1].repeats);
    cr_expect_eq(domain->timers[1].interval_ms, 30000);
    cr_expect_str_eq(domain->timers[1].text, "after 30s when n > 3");
    cr_expect_not_null(domain->timers[1].when);
    cr_assert_eq(program->effect_count, 1);
    cr_expect_eq(program->effects[0].timer, 1);
    cr_expect_eq(program->effects[0].transition, -1);
    cr_expect_eq(program->effects[0].handler, -1);
}

Test(program_table, migrations_are_in_the_order_of_versions)
{
    cleanup(program_free) Program *program =
        compiled("domain A { @version 3 state { n: int f: float } transition T { n = 1 f = 1 } }\n"
                 "domain B { state { n: int } }\n"
                 "migration A 2 -> 3 { f = old.f  n = 0 }\n"
                 "migration A 1 -> 2 { n = old.m }");
    const ProgramDomain *domain = domain_of(program, "A");

    cr_expect_eq(domain->version, 3);
    cr_expect_eq(domain_of(program, "B")->version, 1);
    cr_assert_eq(domain->migration_count, 2);
    cr_expect_eq(domain->migrations[0].from, 1);
    cr_expect_eq(domain->migrations[0].to, 2);
    cr_expect_eq(domain->migrations[0].field_count, 1);
    cr_expect_eq(domain->migrations[1].from, 2);
    cr_assert_eq(domain->migrations[1].field_count, 2);
    cr_expect_str_eq(domain->migrations[1].fields[0], "f");
    cr_expect_not_null(domain->migrations[1].values[0]);
    cr_expect_not_null(domain->migrations[1].values[1]);
}

Test(program_table, environments_say_what_serves_what_is_deployed_to_them)
{
    cleanup(program_free) Program *program = compiled(
        "const N = 4\n"
        "environment E { provider Infra = \"docker\" { socket: \"/run/x\", n: N, of: [1] }\n"
        "provider Dns = \"dns\" host = \"a\" host = \"b\" }\n"
        "domain A { state { n: int } } domain B { state { n: int } }\n"
        "deploy B to E");
    const ProgramEnvironment *environment = program->environments;

    cr_assert_eq(program->environment_count, 1);
    cr_expect_str_eq(environment->name, "E");
    cr_expect_eq(domain_of(program, "A")->environment, -1);
    cr_expect_eq(domain_of(program, "B")->environment, 0);
    cr_assert_eq(environment->provider_count, 2);
    cr_expect_str_eq(environment->providers[0].name, "Infra");
    cr_expect_str_eq(environment->providers[0].plugin, "docker");
    expect_encoded(environment->providers[0].config, "{\"n\":4,\"of\":[1],\"socket\":\"/run/x\"}");
    cr_expect_eq(environment->providers[1].config.type, VALUE_NULL);
    cr_assert_eq(environment->host_count, 2);
    cr_expect_str_eq(environment->hosts[1], "b");
}

Test(program_table, effects_are_those_that_their_names_stand_for)
{
    cleanup(program_free) Program *program = compiled(
        "effect make(size: int, tag: string?) -> int = Infra.Create\n"
        "effect Plain(x: int)\n"
        "domain A { state { n: int } transition T {\n"
        "let r = emit make(3, \"t\") emit Infra.Create(size: 4) emit Plain(5, name: \"p\")\n"
        "n = r release make(name: \"x\") } }");
    const EffectUse *uses = program->effects;

    cr_assert_eq(program->effect_count, 4);
    cr_expect_str_eq(uses[0].provider, "Infra");
    cr_expect_str_eq(uses[0].effect, "Create");
    cr_expect_str_eq(uses[0].argument_names[0], "size");
    cr_expect_str_eq(uses[0].argument_names[1], "tag");
    cr_expect(uses[0].awaited);
    cr_expect_eq(uses[0].site, 0);
    cr_expect_eq(uses[1].site, 1, "the second of the same effect");
    cr_expect_null(uses[2].provider);
    cr_expect_str_eq(uses[2].effect, "Plain");
    cr_expect_eq(uses[2].argument_count, 1);
    cr_expect(uses[2].has_name);
    cr_expect(uses[3].releases);
    cr_expect(uses[3].has_name);
    cr_expect_eq(uses[3].argument_count, 0);
    cr_expect_not(uses[1].releases);
}

Test(program_table, annotations_are_kept)
{
    static const char text[] =
        "domain A { state { n: int } goal G { predicate n >= 1 strategy { T } }\n"
        "@protect transition T { n = 1 }\n"
        "@allow(V-WRN-028, reason: \"for operators\") transition U { n = 2 } }";
    cleanup(program_free) Program *program = compiled(text);

    cr_assert_eq(program->allow_count, 1);
    cr_expect_eq(program->diagnostics.count, 0);
    cr_expect_str_eq(program->allows[0].code, "V-WRN-028");
    cr_expect_str_eq(program->allows[0].reason, "for operators");
    cr_expect_eq(strncmp(text + program->allows[0].span.start, "@allow", 6), 0);
    cr_expect(program->domains[0].transitions[0].protect);
    cr_expect_not(program->domains[0].transitions[1].protect);
}

Test(program_table, elevated_messages_are_known)
{
    cleanup(program_free) Program *program =
        compiled("domain A { state { n: int } transition T { n = 1 send B Go\n"
                 "elevate \"why\" { send B Go } } }\n"
                 "domain B { state { n: int } transition Go { n = 1 } }");

    cr_assert_eq(program->message_count, 2);
    cr_expect_not(program->messages[0].elevated);
    cr_expect(program->messages[1].elevated);
}

Test(program_table, a_script_is_the_domain_main)
{
    cleanup(program_free) Program *program = compiled("emit Log(\"hello\")");

    cr_assert_eq(program->domain_count, 1);
    cr_expect_str_eq(program->domains[0].name, "main");
    cr_expect(program->domains[0].is_script);
    cr_expect_eq(program->domains[0].boot, 0);
}

Test(program_table, everything_is_found_by_its_name)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (int i = 0; i < 300; i++)
        buffer_add_format(&text,
                          "domain D%d { state { f%d: int g: int } goal G%d { predicate f%d == g }\n"
                          "transition T%d { f%d = g } on Event::E%d(x) { g = x }\n"
                          "transition B { emit Broadcast(Event::E%d(x: f%d)) } }\n",
                          i, i, i, i, i, i, i, i, i);
    cleanup(program_free) Program *program =
        program_compile("stack.ved", buffer_text(&text), text.size);
    cr_assert(program->valid);
    for (int i = 0; i < 300; i++) {
        char name[20];
        snprintf(name, sizeof name, "D%d", i);
        cr_assert_eq(program_find_domain(program, name), i);
        const ProgramDomain *domain = &program->domains[i];
        snprintf(name, sizeof name, "f%d", i);
        cr_expect_eq(domain_find_field(domain, name), 0);
        cr_expect_eq(domain_find_field(domain, "g"), 1);
        snprintf(name, sizeof name, "T%d", i);
        cr_expect_eq(domain_find_transition(domain, name), 0);
        cr_expect_eq(domain_find_transition(domain, "B"), 1);
        snprintf(name, sizeof name, "G%d", i);
        cr_expect_eq(domain_find_goal(domain, name), 0);
        snprintf(name, sizeof name, "E%d", i);
        int event = program_find_event(program, name);
        cr_expect_eq(domain_find_handler(domain, (uint32_t)event), 0);
        cr_expect_eq(domain_find_handler(domain, (uint32_t)event + 1), -1);
    }
    cr_expect_eq(program_find_domain(program, "D300"), -1);
    cr_expect_eq(domain_find_field(&program->domains[0], "h"), -1);
}
