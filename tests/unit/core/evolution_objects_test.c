/* What an edit makes of objects and of the records of their slices, before anything is performed:
 * what is condemned, what is to be computed again, what the fields say. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

static World *world_made(const char *program)
{
    World *world = world_new(program);

    world_run(world);
    world_forget(world);
    return world;
}

static World *evolved(const char *before, const char *after)
{
    World *world = world_made(before);
    Error err = {0};

    cr_assert(world_evolve(world, after, &err), "%s", err.message);
    return world;
}

/* "ADDRESS goes: why" and "D.T again: why", a line each. */
static void expect_work(World *world, const char *lines)
{
    const Runtime *runtime = world_runtime(world);
    cleanup(buffer_deinit) Buffer text = {0};

    for (size_t i = 0; i < runtime->object_count; i++) {
        const Object *object = runtime->objects[i];
        cleanup(free) char *address = object_address(object);
        if (object->condemned)
            buffer_add_format(&text, "%s goes: %s\n", address, object->condemned_because);
    }
    for (const Instance *i = instance_first(runtime); i != NULL; i = instance_next(i))
        for (size_t k = 0; k < i->has->origin_count; k++)
            if (i->has->origins[k]->stale)
                buffer_add_format(&text, "%s.%s again: %s\n", i->domain->name,
                                  i->has->origins[k]->where, i->has->origins[k]->because);
    cr_expect_str_eq(buffer_text(&text), lines);
}

static void expect_refused(World *world, const char *program, int code, const char *sentence)
{
    cleanup(free) char *before = world_outcome(world);
    Error err = {0};

    cr_assert_not(world_evolve(world, program, &err));
    cr_expect_eq(err.code, code, "found: %d", err.code);
    cr_expect_not_null(strstr(err.message, sentence), "found: %s", err.message);
    cleanup(free) char *after = world_outcome(world);
    cr_expect_str_eq(before, after, "something was touched");
}

#define D_OF(transition)                                                                           \
    "domain D { state { n: int  size: int = 1 }\n goal G { predicate n == 1 }\n" transition "\n}"

typedef struct Edit {
    const char *before;
    const char *after;
    const char *work;
} Edit;

static const Edit edits[] = {
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { emit Infra.Make(size: size + 1) n += 1 }"),
     "D.T again: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"), D_OF("transition T { n += 1 }"),
     "D.T.Make[0] goes: D.T does not emit it any more\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition U { emit Infra.Make(size: size) n += 1 }"),
     "D.T.Make[0] goes: D.T is gone\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { if size > 1 { emit Infra.Make(size: size) } n += 1 }"),
     "D.T.Make[0] goes: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { emit Infra.Make(size: size) emit Infra.More() n += 1 }"),
     "D.T again: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(size: size) emit Infra.More() n += 1 }"),
     D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     "D.T.More[0] goes: D.T does not emit it any more\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { emit Infra.Other(size: size) n += 1 }"),
     "D.T.Make[0] goes: D.T does not emit it any more\nD.T again: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { n += 1\n\n emit Infra.Make(size: size) }"), ""},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     "fn same(x: int) -> int { return x }\n"
     "domain D { state { n: int  size: int = 1 } goal G { predicate n == 1 }"
     " transition T { emit Infra.Make(size: same(size)) n += 1 } }",
     ""},
    {D_OF("transition T { for i in range(3) { emit Infra.Make(size: i) } n += 1 }"),
     D_OF("transition T { for i in range(2) { emit Infra.Make(size: i) } n += 1 }"),
     "D.T.Make[2] goes: edit at stack.ved:3\n"},
    {D_OF("transition T { for i in range(3) { emit Infra.Make(size: i) } n += 1 }"),
     D_OF("transition T { for i in range(4) { emit Infra.Make(size: i) } n += 1 }"),
     "D.T again: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(name: \"a\") emit Infra.Make(name: \"b\") n += 1 }"),
     D_OF("transition T { emit Infra.Make(name: \"b\") emit Infra.Make(name: \"a\") n += 1 }"), ""},
    {D_OF("transition T { emit Infra.Make(name: \"a\") emit Infra.Make(name: \"b\") n += 1 }"),
     D_OF("transition T { emit Infra.Make(name: \"b\") emit Infra.Make(name: \"c\") n += 1 }"),
     "D.Make[\"a\"] goes: edit at stack.ved:3\nD.T again: edit at stack.ved:3\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     "domain D { state { n: int  size: int = 2 }\n goal G { predicate n == 1 }\n"
     "transition T { emit Infra.Make(size: size) n += 1 }\n}",
     "D.T again: parameter D.size\n"},
    {D_OF("transition T { emit Infra.Make(size: size) n += 1 }"),
     D_OF("transition T { emit Infra.Make(size: size) n = 1 }"), ""},
    {D_OF("transition T { emit Infra.Make(size: size) emit Broadcast(Event::Up(x: 1)) n += 1 }"),
     D_OF("transition T { emit Infra.Make(size: size) emit Broadcast(Event::Up(x: 2)) n += 1 }"),
     "D.T again: edit at stack.ved:3\n"},
};

Test(evolution_objects, each_edit_makes_what_differs_to_do)
{
    for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
        World *world = evolved(edits[i].before, edits[i].after);
        expect_work(world, edits[i].work);
        world_free(world);
    }
}

Test(evolution_objects, what_was_bound_otherwise_says_which_binding)
{
    const char *program = D_OF("transition T { emit Infra.Make(size: size) n += 1 }");
    World *world = world_new(program);
    Error err = {0};

    world_defaults(world, "Infra.Make", "{\"region\":\"eu\"}");
    world_run(world);
    cr_assert(world_evolve(world, program, &err), "%s", err.message);
    expect_work(world, "D.T again: binding of Infra.Make: region\n");
    world_free(world);
}

Test(evolution_objects,
     of_a_pool_that_is_made_smaller_the_newest_slices_fade_and_the_counter_follows)
{
    const char *five = "domain D { state { n: int } goal G { predicate n == 5 }"
                       " transition T { emit Infra.Make(size: n) n += 1 } }";
    const char *three = "domain D { state { n: int } goal G { predicate n == 3 }"
                        " transition T { if n < 3 { emit Infra.Make(size: n) n += 1 } } }";
    World *world = evolved(five, three);

    world_expect_field(world, "D.n", "3");
    expect_work(world,
                "D.T.Make[3] goes: edit at stack.ved:1\nD.T.Make[4] goes: edit at stack.ved:1\n");
    world_free(world);
}

Test(evolution_objects, a_field_that_was_set_by_others_since_is_left)
{
    const char *before = "domain D { state { n: int  s: string = \"a\" } goal G { predicate n == 2 "
                         "strategy { T U } }"
                         " transition T { if n == 0 { emit Infra.Make() s = \"b\" n = 1 } }"
                         " transition U { if n == 1 { s = \"c\" n = 2 } } }";
    const char *after = "domain D { state { n: int  s: string = \"a\" } goal G { predicate n == 2 "
                        "strategy { T U } }"
                        " transition T { if n == 0 { s = \"b\" n = 1 } }"
                        " transition U { if n == 1 { s = \"c\" n = 2 } } }";
    World *world = evolved(before, after);

    world_expect_field(world, "D.s", "c");
    world_expect_field(world, "D.n", "2");
    world_free(world);
}

Test(evolution_objects, what_was_read_counts_and_not_what_is_there_now)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 3 }"
                         "  transition T { emit Infra.Make(size: n) n += 1 } }";
    const char *after = "domain D { state { n: int } goal G { predicate n == 3 }"
                        "  transition T { let size = n + 0 emit Infra.Make(size: size) n += 1 } }";
    const char *other = "domain D { state { n: int } goal G { predicate n == 3 }"
                        "  transition T { let size = n if n == 2 { size = 7 } emit "
                        "Infra.Make(size: size) n += 1 } }";
    World *world = evolved(before, after);
    Error err = {0};

    expect_work(world, "");
    cr_assert(world_evolve(world, other, &err), "%s", err.message);
    expect_work(world, "D.T again: edit at stack.ved:1\n");
    cr_expect(world_runtime(world)->objects[2]->origin->stale);
    world_free(world);
}

Test(evolution_objects, a_result_is_known_to_what_is_computed_again)
{
    const char *before = D_OF("transition T { let a = emit Infra.Net() emit Infra.Make(net: "
                              "a.address) n += 1 }");
    const char *longer = D_OF("transition T { let x = emit Infra.Before() let a = emit Infra.Net() "
                              "emit Infra.Make(net: a.address) n += 1 }");
    World *world = evolved(before, before);

    expect_work(world, "");
    Error err = {0};
    cr_assert(world_evolve(world, longer, &err), "%s", err.message);
    expect_work(world, "D.T again: edit at stack.ved:3\n");
    world_free(world);
}

Test(evolution_objects, an_edit_that_is_taken_back_before_it_is_performed_leaves_nothing_to_do)
{
    const char *before = D_OF("transition T { emit Infra.Make(size: size) n += 1 }");
    World *world = evolved(before, D_OF("transition T { emit Infra.Make(size: size + 1) n += 1 }"));
    Error err = {0};

    cr_assert(world_evolve(world, before, &err), "%s", err.message);
    expect_work(world, "");
    world_free(world);
}

Test(evolution_objects, what_is_protected_is_neither_destroyed_nor_replaced)
{
    const char *before = D_OF("@protect transition T { emit Infra.Make(size: size) n += 1 }");
    World *world = world_made(before);

    expect_refused(world, D_OF("@protect transition T { n += 1 }"), ERROR_DENIED,
                   "would destroy D.T.Make[0], which is protected by the @protect at stack.ved:3");
    expect_refused(world, D_OF("transition T { n += 1 }"), ERROR_DENIED,
                   "would destroy D.T.Make[0], which is protected by the @protect at stack.ved:3");
    expect_refused(world, "domain E { state { n: int } }", ERROR_DENIED, "D.T.Make[0]");
    world_free(world);
}

Test(evolution_objects, an_update_of_what_is_protected_is_none_of_these)
{
    World *world = evolved(D_OF("@protect transition T { emit Infra.Make(size: size) n += 1 }"),
                           D_OF("@protect transition T { emit Infra.Make(size: 7) n += 1 }"));

    expect_work(world, "D.T again: edit at stack.ved:3\n");
    world_free(world);
}

Test(evolution_objects, a_slice_that_would_fault_is_refused)
{
    World *world = world_made(D_OF("transition T { emit Infra.Make(size: 4 / (n + 1)) n += 1 }"));

    expect_refused(world, D_OF("transition T { emit Infra.Make(size: 4 / n) n += 1 }"),
                   ERROR_PROGRAM, "V-ERR-007]: what D.T has made cannot be passed on");
    world_free(world);
}

Test(evolution_objects, a_rest_whose_locals_are_others_is_refused)
{
    const char *before = D_OF("transition T { let a = 1 yield emit Infra.Make(size: a) n += 1 }");
    const char *after =
        D_OF("transition T { let a = \"1\" yield emit Infra.Make(size: a) n += 1 }");
    World *world = world_made(before);

    expect_refused(world, after, ERROR_PROGRAM, "behind its `yield`");
    world_free(world);
}

Test(evolution_objects, an_event_with_another_value_is_heard_by_its_name)
{
    const char *before =
        "domain A { state { n: int } transition Boot { emit Infra.Do() "
        "emit Broadcast(Event::Up(url: \"u\")) n = 1 } }\n"
        "domain B { state { got: string } on Event::Up(url) { emit Infra.Make(url: url) got = url "
        "} }";
    const char *after =
        "domain A { state { n: int } transition Boot { emit Infra.Do() "
        "emit Broadcast(Event::Up(url: \"u\", a: 7)) n = 1 } }\n"
        "domain B { state { got: string } on Event::Up(url) { emit Infra.Make(url: url) got = url "
        "} }";
    World *world = evolved(before, after);

    expect_work(world, "A.Boot again: edit at stack.ved:1\n");
    world_free(world);
}

Test(evolution_objects, a_field_that_a_migration_renamed_is_put_back_all_the_way)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 4 }"
                         " transition T { emit Infra.Make(size: n) n += 1 } }";
    const char *after = "@version 2 domain D { state { m: int } goal G { predicate m == 4 }"
                        " transition U { emit Infra.Make(size: m) m += 1 } }"
                        " migration D 1 -> 2 { m = old.n }";
    World *world = evolved(before, after);

    world_expect_field(world, "D.m", "0");
    world_run(world);
    world_expect_objects(world, "D.U.Make[0] ready\nD.U.Make[1] ready\nD.U.Make[2] ready\n"
                                "D.U.Make[3] ready\n");
    world_free(world);
}

Test(evolution_objects, a_migration_may_ask_for_what_a_slice_had_not_read)
{
    const char *before = "domain D { state { n: int  k: int = 3 } goal G { predicate n == k }"
                         " transition T { emit Infra.Make() n += 1 } }";
    const char *after = "@version 2 domain D { state { n: int  wanted: int } goal G { predicate n "
                        "== wanted } transition T { emit Infra.Make() n += 1 } "
                        " transition Never { wanted = 0 } }"
                        " migration D 1 -> 2 { wanted = old.k }";
    World *world = evolved(before, after);

    expect_work(world, "");
    world_expect_field(world, "D.wanted", "3");
    world_free(world);
}

Test(evolution_objects, what_stood_on_a_field_that_is_put_back_fades_with_it)
{
    const char *before =
        "domain D { state { done: bool  n: int } goal First { predicate done strategy { A } }"
        " goal Then { predicate n == 2 strategy { T } }"
        " transition A { emit Infra.Base() done = true }"
        " transition T { if done { emit Infra.Make(size: n) n += 1 } } }";
    const char *after =
        "domain D { state { done: bool  n: int } goal First { predicate done strategy { B } }"
        " goal Then { predicate n == 2 strategy { T } }"
        " transition B { emit Infra.Base() done = true }"
        " transition T { if done { emit Infra.Make(size: n) n += 1 } } }";
    World *world = evolved(before, after);

    world_expect_field(world, "D.n", "0");
    world_expect_field(world, "D.done", "false");
    world_run(world);
    world_expect_field(world, "D.n", "2");
    world_expect_objects(world, "D.B.Base[0] ready\nD.T.Make[0] ready\nD.T.Make[1] ready\n");
    world_free(world);
}

Test(evolution_objects, what_a_slice_without_objects_still_does_holds)
{
    const char *before = "domain A { state { up: bool } transition Boot { emit Infra.Net()"
                         " up = true send B Take(4) emit Broadcast(Event::Up(x: 1)) } }\n"
                         "domain B { state { n: int } transition Take(x: int) { emit "
                         "Infra.Make(x: x) n += x } }";
    const char *after = "domain A { state { up: bool } transition Boot { up = true send B Take(4)"
                        " emit Broadcast(Event::Up(x: 1)) } }\n"
                        "domain B { state { n: int } transition Take(x: int) { emit "
                        "Infra.Make(x: x) n += x } }";
    World *world = evolved(before, after);

    world_run(world);
    world_expect_field(world, "A.up", "true");
    world_expect_field(world, "B.n", "4");
    world_expect_objects(world, "B.Take.Make[0] ready\n");
    world_free(world);
}

Test(evolution_objects, what_nobody_says_any_more_takes_along_what_it_had_made)
{
    const char *before = "domain A { state { up: bool } transition Boot { emit Infra.Net()"
                         " up = true send B Take(4) emit Broadcast(Event::Up(x: 1)) } }\n"
                         "domain B { state { n: int } transition Take(x: int) { emit "
                         "Infra.Make(x: x) n += x } on Event::Up(x) { emit Infra.More(x: x) } }";
    static const char *const sayers[] = {
        "domain A { state { up: bool } }\n",
        "",
        "domain A { state { up: bool } transition Boot { up = true } }\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(sayers); i++) {
        cleanup(free) char *edit = memory_format("%s%s", sayers[i], strchr(before, '\n') + 1);
        World *world = evolved(before, edit);
        world_run(world);
        world_expect_field(world, "B.n", "0");
        world_expect_objects(world, "");
        world_free(world);
    }
}

Test(evolution_objects, what_was_released_since_is_not_made_again)
{
    const char *before = "domain D { state { n: int } goal G { predicate n == 2 strategy { T U } }"
                         " transition T { if n == 0 { emit Infra.A(x: 1) emit Infra.B(x: 1) n = 1 "
                         "} } transition U { if n == 1 { release Infra.A() n = 2 } } }";
    const char *after = "domain D { state { n: int } goal G { predicate n == 2 strategy { T U } }"
                        " transition T { if n == 0 { emit Infra.A(x: 1) emit Infra.B(x: 2) n = 1 "
                        "} } transition U { if n == 1 { release Infra.A() n = 2 } } }";
    World *world = evolved(before, after);

    world_run(world);
    world_expect_objects(world, "D.T.B[0] ready\n");
    world_free(world);
}

Test(evolution_objects, a_field_that_a_slice_only_sets_may_be_renamed)
{
    World *world = evolved("domain D { state { made: bool } goal G { predicate made }"
                           " transition T { emit Infra.Make() made = true } }",
                           "@version 2 domain D { state { done: bool } goal G { predicate done }"
                           " transition T { emit Infra.Make() done = true } }"
                           " migration D 1 -> 2 { done = old.made }");

    expect_work(world, "");
    world_run(world);
    world_expect_field(world, "D.done", "true");
    world_expect_objects(world, "D.T.Make[0] ready\n");
    world_free(world);
}
