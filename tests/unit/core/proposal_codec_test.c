/* What slices propose, written and read back. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/record.h"
#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

#define TWO                                                                                        \
    "domain D { state { n: int m: int } goal G { predicate m == 1 }"                               \
    "  transition T { emit Infra.Make(size: n) m = 1 emit Broadcast(Event::E(x: 1)) } }"           \
    "domain K[id: string] { state { n: int } on Event::E(x) { n = x }"                             \
    "  transition Hear(y: int) { n = y } }"

static char *encoded(const Instance *instance, const Proposal *proposal)
{
    Buffer text = {0};

    buffer_add_string(&text, "{\"x\":0");
    proposal_encode(instance, proposal, &text);
    buffer_add_char(&text, '}');
    return buffer_take(&text);
}

static int decoded(const Instance *instance, const char *text, Arena *arena, Proposal *ret,
                   Error *err)
{
    cleanup(json_free) Json *json = NULL;

    cr_assert_eq(json_parse_own(text, strlen(text), &json, err), 0, "%s", text);
    return proposal_decode(instance, json, arena, ret, err);
}

Test(proposal_codec, all_of_it_reads_back)
{
    World *world = world_new(TWO);
    world_run(world);
    const Instance *d = runtime_find(world_runtime(world), "D", NULL);
    uint32_t k = (uint32_t)program_find_domain(world_runtime(world)->program, "K");
    Value one = value_int(1), two = value_int(2);
    FieldChange changes[] = {{.field = 0, .value = one}, {.field = 1, .value = two, .left = true}};
    FieldChange first = {.field = 0, .value = two};
    Emission emissions[] = {
        {.kind = OUTPUT_EVENT, .arguments = &one, .argument_count = 1, .same = true},
        {.kind = OUTPUT_EVENT,
         .arguments = &one,
         .argument_count = 1,
         .travels = true,
         .former = &two,
         .former_count = 1},
        {.kind = OUTPUT_MESSAGE,
         .domain = k,
         .key = "a",
         .unsaid = true,
         .former = &two,
         .former_count = 1},
        {.kind = OUTPUT_SPAWN, .domain = k, .key = "b", .first = &first, .first_count = 1},
        {.kind = OUTPUT_STOP},
    };
    uint32_t reads[] = {0, 1};
    Proposal proposal = {.changes = changes,
                         .change_count = 2,
                         .emissions = emissions,
                         .emission_count = 5,
                         .reads = reads,
                         .read_count = 2,
                         .yield = 1,
                         .locals = &two,
                         .local_count = 1};
    cleanup(free) char *text = encoded(d, &proposal);
    Proposal again, copy;
    Arena arena = {0};
    Error err;

    cr_assert_eq(decoded(d, text, &arena, &again, &err), 0, "%s", err.message);
    cleanup(free) char *same = encoded(d, &again);
    cr_expect_str_eq(same, text);
    cr_expect(!again.changes[0].left && again.changes[1].left);
    cr_expect(again.emissions[0].same && again.emissions[1].travels && again.emissions[2].unsaid);
    proposal_clone(&copy, &again);
    arena_deinit(&arena);
    cleanup(free) char *cloned = encoded(d, &copy);
    cr_expect_str_eq(cloned, text);
    proposal_deinit(&copy);
    world_free(world);
}

Test(proposal_codec, what_a_slice_with_effects_has_read_is_in_the_journal)
{
    World *world = world_new(TWO);
    size_t with = 0;

    world_run(world);
    for (size_t i = 0; i < world_records(world); i++)
        if (strstr(world_record(world, i), "\"reads\"") != NULL) {
            cr_expect_not_null(strstr(world_record(world, i), "\"type\":\"prepare\""));
            cr_expect_not_null(strstr(world_record(world, i), "\"reads\":[\"n\"]"));
            with++;
        }
    cr_expect_eq(with, 1);
    world_free(world);
}

Test(proposal_codec, a_field_that_is_not_there_is_named)
{
    World *world = world_new(TWO);
    const char *wrong[] = {"{\"set\":{},\"reads\":[\"gone\"]}",
                           "{\"set\":{\"n\":1},\"left\":[\"m\"]}", "{\"set\":{\"gone\":1}}"};
    const char *named[] = {"field 'gone'", "a change of field 'm'", "field 'gone'"};

    world_run(world);
    for (size_t i = 0; i < 3; i++) {
        Arena arena = {0};
        Proposal proposal;
        Error err;
        cr_expect_lt(decoded(runtime_find(world_runtime(world), "D", NULL), wrong[i], &arena,
                             &proposal, &err),
                     0);
        cr_expect_not_null(strstr(err.message, named[i]), "%s", err.message);
        arena_deinit(&arena);
    }
    world_free(world);
}
