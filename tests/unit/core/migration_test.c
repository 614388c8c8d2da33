/* Migrations: the state of one version becomes that of the next. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core/world.h"

#define FIRST                                                                                      \
    "domain D { state { n: int  name: string } goal G { predicate n == 2 }"                        \
    "  transition T { n += 1 name = \"v${n}\" } }"

static World *at_rest(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    world_forget(world);
    return world;
}

static void evolve(World *world, const char *program)
{
    Error err;

    cr_assert(world_evolve(world, program, &err), "%s", err.message);
}

static void expect_refused(const char *program, const char *sentence)
{
    World *world = at_rest(FIRST);
    Error err = {0};

    cr_expect_not(world_evolve(world, program, &err));
    cr_expect_eq(err.code, ERROR_PROGRAM);
    cr_expect_not_null(strstr(err.message, sentence), "%s", err.message);
    world_expect_field(world, "D.name", "v2");
    world_free(world);
}

Test(migration, a_field_gets_its_value_from_those_of_before)
{
    World *world = at_rest(FIRST);

    evolve(world,
           "domain D { @version 2 state { count: int  name: string  extra: int = 7 }"
           "  goal G { predicate count == 21 } transition T { count += 1 name = \"w\" extra = 1 "
           "} }"
           "migration D 1 -> 2 { count = old.n * 10 }");
    world_expect_field(world, "D.count", "20");
    world_expect_field(world, "D.name", "v2");
    world_expect_field(world, "D.extra", "7");
    world_run(world);
    world_expect_field(world, "D.count", "21");
    world_free(world);
}

Test(migration, steps_follow_each_other)
{
    World *world = at_rest(FIRST);

    evolve(world, "domain D { @version 3 state { total: int  name: string }"
                  "  goal G { predicate total == 205 } transition T { total += 0 name = \"w\" } }"
                  "migration D 1 -> 2 { total = old.n * 100 }"
                  "migration D 2 -> 3 { total = old.total + 5 }");
    world_expect_field(world, "D.total", "205");
    world_free(world);
}

Test(migration, every_instance_is_migrated)
{
    World *world =
        at_rest("domain A { state { x: int } goal G { predicate x == 2 }"
                "  transition T { x += 1 send W[\"w${x}\"] Go(x) } }"
                "domain W[id: string] { state { n: int } transition Go(k: int) { n = k } "
                "}");

    evolve(world, "domain A { state { x: int } goal G { predicate x == 2 }"
                  "  transition T { x += 1 send W[\"w${x}\"] Go(x) } }"
                  "domain W[id: string] { @version 2 state { m: int }"
                  "  transition Go(k: int) { m = k } }"
                  "migration W 1 -> 2 { m = old.n + 40 }");
    world_expect_field(world, "W[\"w1\"].m", "41");
    world_expect_field(world, "W[\"w2\"].m", "42");
    world_free(world);
}

Test(migration, a_retyped_field_needs_one)
{
    World *world = at_rest(FIRST);

    evolve(world, "domain D { @version 2 state { n: string  name: string }"
                  "  goal G { predicate n == \"2\" } transition T { n = \"2\" name = \"w\" } }"
                  "migration D 1 -> 2 { n = string(old.n) }");
    world_expect_field(world, "D.n", "2");
    world_free(world);
    expect_refused("domain D { @version 2 state { n: string  name: string }"
                   "  goal G { predicate n == \"2\" } transition T { n = \"2\" name = \"w\" } }"
                   "migration D 1 -> 2 { name = \"x\" }",
                   "V-ERR-003]: field 'D.n' was int in the state and is string in the program");
}

Test(migration, a_gap_in_the_steps_is_none)
{
    expect_refused("domain D { @version 3 state { name: string }"
                   "  goal G { predicate name == \"x\" } transition T { name = \"x\" } }"
                   "migration D 2 -> 3 { name = \"y\" }",
                   "V-ERR-003]: field 'D.n' is gone");
}

Test(migration, one_that_faults_touches_nothing)
{
    expect_refused("domain D { @version 2 state { n: int  name: string }"
                   "  goal G { predicate n == 2 } transition T { n += 1 name = \"w\" } }"
                   "migration D 1 -> 2 { n = 1 / (old.n - 2) }",
                   "the state does not pass `migration D 1 -> 2`, which faults: ");
}

/* The slice that made an object is computed again on what it had read, in the new shape. */
Test(migration, objects_stay_if_they_would_be_made_just_so)
{
    World *world = at_rest("domain D { state { n: int  size: int = 4 } goal G { predicate n == 1 }"
                           "  transition T { emit Infra.Create(size) n += 1 size = 9 } }");

    evolve(world, "domain D { @version 2 state { n: int  gigabytes: int }"
                  "  goal G { predicate n == 1 }"
                  "  transition T { emit Infra.Create(gigabytes) n += 1 gigabytes = 9 } }"
                  "migration D 1 -> 2 { gigabytes = old.size }");
    world_expect_objects(world, "D.T.Create[0] ready\n");
    world_expect_field(world, "D.gigabytes", "9");
    world_free(world);
}

Test(migration, a_member_more_of_an_enum_needs_none)
{
    World *world = at_rest("enum Mode { Idle, Busy }"
                           "domain D { state { m: Mode } goal G { predicate m == Mode::Busy }"
                           "  transition T { m = Mode::Busy } }");
    Error err = {0};

    evolve(world, "enum Mode { Off, Idle, Busy }"
                  "domain D { state { m: Mode } goal G { predicate m == Mode::Busy }"
                  "  transition T { m = Mode::Busy } }");
    world_expect_field(world, "D.m", "Busy");
    cr_expect_not(world_evolve(world,
                               "enum Mode { Off, Idle }"
                               "domain D { state { m: Mode } goal G { predicate m == Mode::Off }"
                               "  transition T { m = Mode::Off } }",
                               &err));
    cr_expect_not_null(strstr(err.message, "V-ERR-003]: field 'D.m'"), "%s", err.message);
    world_free(world);
}

Test(migration, another_name_of_a_record_or_an_enum_needs_none)
{
    World *world = at_rest("enum Mode { Idle, Busy } record Port { n: int m: Mode }"
                           "domain D { state { p: Port all: list<Port> } goal G { predicate p.n == "
                           "1 } transition T { p = Port(n: 1, m: Mode::Busy) all = [p] } }");

    evolve(world, "enum Way { Off, Idle, Busy } record Endpoint { n: int m: Way }"
                  "domain D { state { p: Endpoint all: list<Endpoint> } goal G { predicate p.n == "
                  "2 } transition T { if p.m == Way::Busy { p.n += len(all) all = all + [p] } } }");
    world_run(world);
    world_expect_field(world, "D.p", "{\"n\":2,\"m\":\"Busy\"}");
    world_free(world);
}

Test(migration, a_type_of_the_same_name_is_shown_with_its_members)
{
    World *world = at_rest("record Port { n: int }"
                           "domain D { state { p: list<Port> } goal G { predicate len(p) == 1 }"
                           "  transition T { p = [Port(n: 1)] } }");
    Error err = {0};

    cr_expect_not(world_evolve(world,
                               "record Port { n: int host: string = \"a\" }"
                               "domain D { state { p: list<Port> } goal G { predicate len(p) == 1 }"
                               "  transition T { p = [Port(n: 1)] } }",
                               &err));
    cr_expect_not_null(strstr(err.message, "'D.p' was list<Port> {n: int} in the state and is "
                                           "list<Port> {n: int, host: string} in the program"),
                       "%s", err.message);
    world_free(world);
}

Test(migration, a_function_says_what_becomes_of_a_member)
{
    World *world = at_rest("enum Mode { Idle, Busy }"
                           "domain D { state { m: Mode } goal G { predicate m == Mode::Busy }"
                           "  transition T { m = Mode::Busy } }");

    evolve(world, "enum Mode { Off, On }"
                  "fn mode_of(was: string) -> Mode { if was == \"Busy\" { return Mode::On } "
                  "return Mode::Off }"
                  "domain D { @version 2 state { m: Mode } goal G { predicate m == Mode::On }"
                  "  transition T { m = Mode::On } }"
                  "migration D 1 -> 2 { m = mode_of(old.m) }");
    world_expect_field(world, "D.m", "On");
    world_free(world);
}

Test(migration, the_line_that_is_missing_leads_to_the_version_that_the_domain_has)
{
    expect_refused("domain D { @version 3 state { n: int } goal G { predicate n == 2 }"
                   "  transition T { n += 1 } }",
                   "write `migration D 1 -> 3 { }`; nothing");
    expect_refused("domain D { state { n: int } goal G { predicate n == 2 }"
                   "  transition T { n += 1 } }",
                   "write `@version 2` in the domain and `migration D 1 -> 2 { }`; nothing");
}

/* Where the program's own steps begin later. */
Test(migration, the_line_that_is_missing_leads_to_the_first_step)
{
    expect_refused("domain D { @version 4 state { n: int } goal G { predicate n == 2 }"
                   "  transition T { n += 1 } } migration D 3 -> 4 { }",
                   "write `migration D 1 -> 3 { }`; nothing");
}

Test(migration, the_line_that_is_missing_makes_new_values_of_old_ones)
{
    expect_refused(
        "domain D { state { n: string  title: string } goal G { predicate n == \"2\" }"
        "  transition T { n = \"2\" title = \"w\" } }",
        "field 'D.n' was int in the state and is string in the program; nor does the "
        "program take 'name' as it was: put back what was there, or write `@version 2` "
        "in the domain and `migration D 1 -> 2 { n = string(old.n)  title = old.name }`");
    expect_refused("domain D { @version 2 state { n: list<int>  name: string? }"
                   "  goal G { predicate len(n) == 1 } transition T { n = [1] name = null } }"
                   "migration D 1 -> 2 { name = old.name }",
                   "add `n = [old.n]` to `migration D 1 -> 2`");
}

Test(migration, a_function_says_what_becomes_of_records_in_a_list)
{
    World *world =
        at_rest("record Port { n: int }"
                "domain D { state { p: list<Port> q: Port } goal G { predicate q.n == 2 }"
                "  transition T { p = [Port(n: 1), Port(n: 3)] q = Port(n: 2) } }");

    evolve(world, "record Port { host: string = \"a\" n: int }"
                  "fn ports(was: any) -> list<Port> { let all: list<Port> = [] "
                  "for x in was { all += [Port(n: x.n, host: \"b\")] } return all }"
                  "domain D { @version 2 state { p: list<Port> q: Port } goal G { predicate q.n == "
                  "2 } transition T { p = [] q = Port(n: 2) } }"
                  "migration D 1 -> 2 { p = ports(old.p) q = Port(n: old.q.n) }");
    world_expect_field(world, "D.p", "[{\"host\":\"b\",\"n\":1},{\"host\":\"b\",\"n\":3}]");
    world_expect_field(world, "D.q", "{\"host\":\"a\",\"n\":2}");
    world_free(world);
}
