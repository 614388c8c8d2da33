/* What a program calls what an older state has made, and where its text emits it. */
#include <criterion/criterion.h>
#include <string.h>

#include "lang/program.h"

static Arena arena;
static Program *program;

static void done(void)
{
    program_free(program);
    arena_deinit(&arena);
}

TestSuite(program_move, .fini = done);

static void compile(const char *text)
{
    Buffer said = {0};

    program = program_compile("stack.ved", text, strlen(text));
    diagnostics_print(&program->diagnostics, false, &said);
    cr_assert(program->valid, "%s", buffer_text(&said));
    buffer_deinit(&said);
}

static void expect_moved(ProgramPlace from, ProgramPlace to)
{
    ProgramPlace found = program_moved_place(program, from, &arena);

    cr_expect(strcmp(found.domain, to.domain) == 0 && strcmp(found.where, to.where) == 0 &&
                  strcmp(found.effect, to.effect) == 0,
              "%s.%s.%s became %s.%s.%s", from.domain, from.where, from.effect, found.domain,
              found.where, found.effect);
}

#define STORE                                                                                      \
    "domain Store {\n"                                                                             \
    "    state { up: bool n: int }\n"                                                              \
    "    goal Up { predicate up }\n"                                                               \
    "    transition Boot {\n"                                                                      \
    "        emit Infra.Create(size: 1)\n"                                                         \
    "        emit Make(size: 1)\n"                                                                 \
    "        if n > 1 { emit Infra.Create(size: 2) }\n"                                            \
    "        up = true\n"                                                                          \
    "    }\n"                                                                                      \
    "    on Infra.lost(object) { emit Infra.Create(size: 3) }\n"                                   \
    "    every 5m { n = 1 }\n"                                                                     \
    "    every 5m { emit Infra.Ping() n = 1 }\n"                                                   \
    "}\n"

Test(program_move, what_no_line_is_about_stays_as_it_is)
{
    compile(STORE);
    cr_expect_str_eq(program_moved_domain(program, "Database"), "Database");
    expect_moved((ProgramPlace){"Database", "Boot", "Infra.Create"},
                 (ProgramPlace){"Database", "Boot", "Infra.Create"});
    program_free(program);
    compile(STORE "moved Store.Old.Infra.Create -> Store.Boot.Create\n");
    expect_moved((ProgramPlace){"Store", "Old", "Cloud.Create"},
                 (ProgramPlace){"Store", "Old", "Cloud.Create"});
    expect_moved((ProgramPlace){"Store", "Older", "Infra.Create"},
                 (ProgramPlace){"Store", "Older", "Infra.Create"});
}

Test(program_move, a_domain_takes_its_places_with_it)
{
    compile("moved domain B -> Store\nmoved domain A -> B\n" STORE);
    cr_expect_str_eq(program_moved_domain(program, "A"), "Store");
    cr_expect_str_eq(program_moved_domain(program, "B"), "Store");
    cr_expect_str_eq(program_moved_domain(program, "Store"), "Store");
    expect_moved((ProgramPlace){"A", "Boot", "Infra.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
}

Test(program_move, lines_lead_on_from_one_another_whatever_their_order)
{
    compile("moved Store.Second.Create -> Store.Boot.Create\n"
            "moved First.T.Create -> Store.Second.Create\n" STORE);
    expect_moved((ProgramPlace){"First", "T", "Infra.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
}

Test(program_move, a_place_is_found_under_the_old_and_the_new_name_of_its_domain)
{
    compile("moved Database.Boot_db.Infra.Create -> Store.Boot.Infra.Create\n"
            "moved Store.Old.Infra.Ping -> Database.every_5m_2.Infra.Ping\n"
            "moved domain Database -> Store\n" STORE);
    expect_moved((ProgramPlace){"Database", "Boot_db", "Infra.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
    expect_moved((ProgramPlace){"Store", "Boot_db", "Infra.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
    expect_moved((ProgramPlace){"Database", "Old", "Infra.Ping"},
                 (ProgramPlace){"Store", "every_5m_2", "Infra.Ping"});
}

Test(program_move, an_effect_without_provider_keeps_that_of_before_where_the_text_names_none)
{
    compile("moved Store.Old.Produce -> Store.Boot.Make\n"
            "moved Store.Old.Create -> Store.Boot.Create\n" STORE);
    expect_moved((ProgramPlace){"Store", "Old", "Cloud.Produce"},
                 (ProgramPlace){"Store", "Boot", "Cloud.Make"});
    expect_moved((ProgramPlace){"Store", "Old", "Cloud.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
}

Test(program_move, one_action_of_two_providers_moves_to_two_places)
{
    compile("moved Store.Old.Infra.Create -> Store.Boot.Infra.Create\n"
            "moved Store.Old.Cloud.Create -> Store.Boot.Make\n" STORE);
    expect_moved((ProgramPlace){"Store", "Old", "Infra.Create"},
                 (ProgramPlace){"Store", "Boot", "Infra.Create"});
    expect_moved((ProgramPlace){"Store", "Old", "Cloud.Create"},
                 (ProgramPlace){"Store", "Boot", "Cloud.Make"});
}

Test(program_move, very_many_lines_are_followed)
{
    cleanup(buffer_deinit) Buffer text = {0};

    for (int i = 0; i < 20000; i++)
        buffer_add_format(&text, "moved domain D%d -> D%d\nmoved D%d.T%d.E -> D%d.T%d.E\n", i,
                          i + 1, i, i, i, i + 1);
    buffer_add_string(&text, "domain D20000 { state { up: bool } goal G { predicate up }\n"
                             "transition T20000 { emit P.E() up = true } }\n");
    compile(buffer_text(&text));
    expect_moved((ProgramPlace){"D0", "T0", "P.E"}, (ProgramPlace){"D20000", "T20000", "P.E"});
}

static void expect_line(ProgramPlace place, uint32_t site, const char *line)
{
    const char *found = program_emit_line(program, place, site, &arena);

    if (line == NULL)
        cr_expect_null(found);
    else
        cr_expect(found != NULL && strcmp(found, line) == 0, "%s.%s.%s[%u] is at %s, not %s",
                  place.domain, place.where, place.effect, site, found, line);
}

Test(program_move, the_line_of_an_emit_is_found_by_its_place)
{
    compile(STORE);
    expect_line((ProgramPlace){"Store", "Boot", "Infra.Create"}, 0, "stack.ved:5");
    expect_line((ProgramPlace){"Store", "Boot", "Infra.Create"}, 1, "stack.ved:7");
    expect_line((ProgramPlace){"Store", "Boot", "Infra.Create"}, 2, NULL);
    expect_line((ProgramPlace){"Store", "Boot", "Infra.Make"}, 0, "stack.ved:6");
    expect_line((ProgramPlace){"Store", "Infra.lost", "Infra.Create"}, 0, "stack.ved:10");
    expect_line((ProgramPlace){"Store", "every_5m_2", "Infra.Ping"}, 0, "stack.ved:12");
    expect_line((ProgramPlace){"Store", "every_5m", "Infra.Ping"}, 0, NULL);
    expect_line((ProgramPlace){"Store", "Boot", "Infra"}, 0, NULL);
    expect_line((ProgramPlace){"Gone", "Boot", "Infra.Create"}, 0, NULL);
}

Test(program_move, the_line_of_a_protection_is_that_of_its_annotation)
{
    compile("domain A { state { n: int }\n"
            "    @priority(low)\n    @protect\n    transition T { n = 1 }\n"
            "    transition U { n = 2 }\n}\n");
    const ProgramTransition *transitions = program->domains[0].transitions;

    cr_expect(transitions[0].protect);
    cr_expect_str_eq(program_line(program, transitions[0].protect_span, &arena), "stack.ved:3");
    cr_expect_not(transitions[1].protect);
    cr_expect_eq(transitions[1].protect_span.end, 0);
}
