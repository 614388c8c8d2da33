#include "lang/checker.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/suggest.h"

static Program *checked(const char *text)
{
    return program_compile("stack.ved", text, strlen(text));
}

static const Diagnostic *first_with(const Program *program, const char *code)
{
    for (size_t i = 0; i < program->diagnostics.count; i++)
        if (strcmp(program->diagnostics.items[i].code, code) == 0)
            return &program->diagnostics.items[i];
    return NULL;
}

/* A domain whose transition assigns a sum of `count` ones. */
static Program *sum_of(size_t count)
{
    Buffer text = {0};

    buffer_add_string(&text, "domain D { state { n: int } transition T { n = 1");
    for (size_t i = 1; i < count; i++)
        buffer_add_string(&text, " + 1");
    buffer_add_string(&text, " } }");
    Program *program = program_compile("stack.ved", buffer_text(&text), text.size);
    buffer_deinit(&text);
    return program;
}

Test(checker, long_chains_have_a_ceiling)
{
    cleanup(program_free) Program *fits = sum_of(150);
    cleanup(program_free) Program *large = sum_of(100000);

    cr_expect(fits->valid);
    cr_expect_not(large->valid);
    cr_expect_leq(large->diagnostics.error_count, 2);
}

static Program *domain_of_fields(size_t count)
{
    Buffer text = {0};

    buffer_add_string(&text, "domain D { state {");
    for (size_t i = 0; i < count; i++)
        buffer_add_format(&text, " f%zu: int", i);
    buffer_add_string(&text, " } transition T { f0 = 1 } }");
    Program *program = program_compile("stack.ved", buffer_text(&text), text.size);
    buffer_deinit(&text);
    return program;
}

Test(checker, a_domain_has_at_most_30000_fields)
{
    cleanup(program_free) Program *fits = domain_of_fields(30000);
    cleanup(program_free) Program *large = domain_of_fields(30001);

    cr_expect(fits->valid);
    cr_assert_not_null(first_with(large, "V-ERR-029"));
}

Test(checker, a_slice_with_too_many_locals_is_refused)
{
    Buffer text = {0};

    buffer_add_string(&text, "domain D { state { n: int } transition T { n = 1");
    for (size_t i = 0; i < 66000; i++)
        buffer_add_format(&text, " let l%zu = n", i);
    buffer_add_string(&text, " } }");
    cleanup(program_free) Program *program =
        program_compile("stack.ved", buffer_text(&text), text.size);
    buffer_deinit(&text);
    cr_expect_not(program->valid);
    cr_expect_not_null(first_with(program, "V-ERR-029"));
}

Test(checker, the_inference_says_what_to_write)
{
    cleanup(program_free) Program *program =
        checked("domain D { state { status: string } goal G { predicate status == \"ready\" }\n"
                "transition T { if status == \"pending\" { status = \"ready\" } } }");
    const Diagnostic *note = first_with(program, "V-NTE-001");

    cr_assert_not_null(note);
    cr_expect_eq(note->severity, SEVERITY_NOTE);
    cr_expect_not_null(strstr(note->remedy, "status: string = \"pending\""), "%s", note->remedy);
    cr_expect_eq(note->note_count, 1);
}

static void expect_remedy(const char *text, const char *code, const char *remedy)
{
    cleanup(program_free) Program *program = checked(text);
    const Diagnostic *d = first_with(program, code);

    cr_assert_not_null(d, "%s", text);
    cr_assert_not_null(d->remedy, "%s", text);
    cr_expect_str_eq(d->remedy, remedy);
}

Test(checker, unknown_names_bring_the_nearest_known_one)
{
    expect_remedy("domain D { state { status: string } transition T { stauts = \"a\" } }",
                  "V-ERR-020", "did you mean 'status'?");
    expect_remedy("domain D { state { n: int } transition T { let total = 1 n = totl } }",
                  "V-ERR-020", "did you mean 'total'?");
    expect_remedy(
        "domain Database { } domain D { state { n: int } transition T { n = 1 send Databse Go } }",
        "V-ERR-005", "did you mean 'Database'?");
    expect_remedy(
        "domain D { state { n: int } transition Reconcile { n = 1 send self reconcile } }",
        "V-ERR-005", "did you mean 'Reconcile'?");
}

Test(checker, what_is_nothing_alike_is_not_suggested)
{
    cleanup(program_free) Program *program =
        checked("domain D { state { status: string } transition T { x = \"a\" } }");

    cr_assert_not_null(first_with(program, "V-ERR-020"));
    cr_expect_null(first_with(program, "V-ERR-020")->remedy);
}

Test(checker, a_type_mistake_shows_both_ends)
{
    cleanup(program_free) Program *program =
        checked("domain D { state { n: int } transition T { n = \"x\" } }");
    const Diagnostic *d = first_with(program, "V-ERR-022");

    cr_assert_not_null(d);
    cr_assert_eq(d->note_count, 1);
    cr_expect_eq(source_place(&program->source, d->notes[0].span.start).column, 20);
    cr_expect_eq(source_place(&program->source, d->span.start).column, 48);
}

Test(checker, types_travel_along_a_chain_of_events)
{
    Buffer text = {0};

    buffer_add_string(&text, "domain A { state { n: int } transition T { n = 1 "
                             "emit Broadcast(Event::E0(x: n)) } }\n");
    for (int i = 5; i > 0; i--) /* backwards, so that one round carries a type one step only */
        buffer_add_format(&text,
                          "domain D%d { state { n: int } on Event::E%d(x) { n = 1 "
                          "emit Broadcast(Event::E%d(x: x)) } }\n",
                          i, i - 1, i);
    buffer_add_string(&text, "domain Z { state { n: int } on Event::E5(x) { n = x } }");
    cleanup(program_free) Program *program =
        program_compile("stack.ved", buffer_text(&text), text.size);
    buffer_deinit(&text);
    cr_assert(program->valid);
    for (size_t i = 0; i < program->event_count; i++)
        cr_expect_eq(program->events[i].fields[0].type, STATIC_INT, "%s", program->events[i].name);
}

Test(checker, an_event_that_only_feeds_itself_carries_any)
{
    cleanup(program_free) Program *program = checked(
        "domain A { state { n: int } on Event::E(x) { n = x emit Broadcast(Event::E(x: x)) } }");

    cr_assert(program->valid);
    cr_expect_eq(program->events[0].fields[0].type, STATIC_ANY);
}

Test(checker, very_many_mistakes_are_counted_not_printed)
{
    Buffer text = {0};

    buffer_add_string(&text, "domain D { state { n: int } transition T { n = 1");
    for (size_t i = 0; i < 20000; i++)
        buffer_add_format(&text, " x%zu = 1", i);
    buffer_add_string(&text, " } }");
    cleanup(program_free) Program *program =
        program_compile("stack.ved", buffer_text(&text), text.size);
    buffer_deinit(&text);
    cr_expect_eq(program->diagnostics.count, DIAGNOSTIC_COUNT_MAX);
    cr_expect_eq(program->diagnostics.error_count, 20000);
}

Test(suggest, a_third_of_the_letters_may_be_wrong)
{
    Suggestion six = suggest_begin("abcdef");

    suggest_try(&six, "abcxyz");
    cr_expect_null(six.best);
    suggest_try(&six, "abcdxy");
    cr_expect_str_eq(six.best, "abcdxy");
    suggest_try(&six, "abcdeF");
    cr_expect_str_eq(six.best, "abcdeF");
    Suggestion two = suggest_begin("ab");
    suggest_try(&two, "ac");
    cr_expect_null(two.best);
}
