/* Records of slices: what they hold, how long they live, and what they take. */
#include <criterion/criterion.h>
#include <string.h>

#include "controller/core/origin.h"
#include "controller/core/snapshot.h"
#include "lang/base/memory.h"
#include "tests/lib/core/world.h"

static Origin *origin_of(World *world, const char *address)
{
    Origin *origin = world_object(world, address)->origin;

    cr_assert_not_null(origin, "%s", address);
    return origin;
}

static Instance *instance_of(World *world, const char *domain)
{
    return runtime_find(world_runtime(world), domain, NULL);
}

static void expect_value(Value value, const char *expected)
{
    Buffer text = {0};

    value_encode(&text, value);
    cr_expect_str_eq(buffer_text(&text), expected);
    buffer_deinit(&text);
}

/* ---- what one holds ---- */

Test(origin, it_holds_the_fields_that_the_slice_has_read_and_no_others)
{
    World *world = world_new("domain D { state { n: int = 3 m: int = 7 s: string list: list<int> }"
                             "  goal G { predicate m == 8 }"
                             "  transition T { emit Infra.Make(size: n) m += 1 s = \"x\" } }");

    world_run(world);
    const Origin *origin = origin_of(world, "D.T.Make[0]");
    cr_assert_eq(origin->field_count, 2);
    expect_value(origin->fields[origin_field(origin, "n")], "3");
    expect_value(origin->fields[origin_field(origin, "m")], "7");
    cr_expect_eq(origin_field(origin, "s"), -1);
    cr_expect_eq(origin_field(origin, "list"), -1);
    cr_expect_str_eq(origin->where, "T");
    world_free(world);
}

Test(origin, it_says_what_a_field_was_and_what_the_slice_made_of_it)
{
    World *world = world_new("domain D { state { n: int = 3 s: string = \"a\" same: int = 1 }"
                             "  goal G { predicate n == 4 }"
                             "  transition T { emit Infra.Make() n = 4 s = \"b\" same = 1 } }");

    world_run(world);
    const Origin *origin = origin_of(world, "D.T.Make[0]");
    cr_assert_eq(origin->change_count, 2);
    expect_value(origin_change(origin, "n")->before, "3");
    cr_expect(origin_change(origin, "n")->after == value_digest(value_int(4)));
    expect_value(origin_change(origin, "s")->before, "\"a\"");
    cr_expect_null(origin_change(origin, "same"));
    world_free(world);
}

Test(origin, effects_are_there_in_order_without_releases)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make(name: \"a\") emit Infra.Run(x: 1)"
                             "    release Infra.Make(name: \"b\") emit Infra.Make()"
                             "    emit Infra.Bad() else { n = 0 } emit Infra.Make() n = 1 } }");

    world_action(world, "Infra.Run");
    world_result(world, "Infra.Run", "{\"done\":true}");
    world_fail_next(world, "Infra.Bad", 1);
    world_run(world);
    const Origin *origin = origin_of(world, "D.T.Make[0]");
    cr_assert_eq(origin->effect_count, 5);
    cr_expect_str_eq(origin->effects[0].name, "a");
    cr_expect_str_eq(origin->effects[0].uid, world_object(world, "D.Make[\"a\"]")->uid);
    cr_expect_eq(origin->effects[1].verb, INTENT_ACTION);
    cr_expect_str_eq(origin->effects[1].arguments, "{\"x\":1}");
    cr_expect_str_eq(origin->effects[1].result, "{\"done\":true}");
    cr_expect(origin->effects[3].failed);
    cr_expect_str_eq(origin->effects[3].uid, "");
    cr_expect_not_null(origin->effects[3].code);
    world_free(world);
}

Test(origin, it_knows_what_was_said_but_for_logs)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make() emit Log(\"made\")"
                             "    emit Broadcast(Event::E(x: 5)) send E Hear(y: 6) n = 1 } }"
                             "domain E { state { n: int } on Event::E(x) { n = x }"
                             "  transition Hear(y: int) { n = y } }");

    world_run(world);
    const Origin *origin = origin_of(world, "D.T.Make[0]");
    cr_assert_eq(origin->said_count, 2);
    cr_expect_eq(origin->said[0].kind, OUTPUT_EVENT);
    expect_value(origin->said[0].arguments[0], "5");
    cr_expect_eq(origin->said[1].kind, OUTPUT_MESSAGE);
    expect_value(origin->said[1].arguments[0], "6");
    cr_expect(emission_reaches(world_runtime(world), &origin->said[0], 1));
    cr_expect_not(emission_reaches(world_runtime(world), &origin->said[0], 0));
    cr_expect(emission_reaches(world_runtime(world), &origin->said[1], 1));
    world_free(world);
}

#define HEARING                                                                                    \
    "domain A { state { n: int } goal G { predicate n == 1 }"                                      \
    "  transition T { n = 1 emit Broadcast(Event::E(x: 5)) } }"                                    \
    "domain B { state { n: int }"                                                                  \
    "  on Event::E(x) { emit Infra.Make(size: x) n = x yield emit Infra.More(size: x) } }"

Test(origin, a_handlers_has_the_message_and_behind_a_yield_the_locals)
{
    World *world = world_new(HEARING);

    world_run(world);
    const Origin *first = origin_of(world, "B.E.Make[0]"),
                 *second = origin_of(world, "B.E.More[0]");
    cr_assert_eq(first->argument_count, 1);
    expect_value(first->arguments[0], "5");
    cr_expect_eq(first->local_count, 0);
    cr_assert_eq(second->local_count, 1);
    expect_value(second->locals[0], "5");
    cr_expect_neq(first, second);
    Value five = value_int(5), six = value_int(6);
    cr_expect_eq(origin_that_handled(instance_of(world, "B"), "E", &five, 1), first);
    cr_expect_null(origin_that_handled(instance_of(world, "B"), "E", &six, 1));
    cr_expect_null(origin_that_handled(instance_of(world, "B"), "F", &five, 1));
    world_free(world);
}

/* ---- how long it lives ---- */

Test(origin, objects_of_one_slice_share_it)
{
    World *world =
        world_new("domain D { state { done: bool } goal G { predicate done }"
                  "  transition T { emit Infra.Make() emit Infra.Make() done = true } }");

    world_run(world);
    cr_expect_eq(origin_of(world, "D.T.Make[0]"), origin_of(world, "D.T.Make[1]"));
    cr_expect_eq(origin_of(world, "D.T.Make[0]")->references, 2);
    cr_expect_eq(instance_of(world, "D")->has->origin_count, 1);
    world_free(world);
}

#define EMITS_AGAIN                                                                                \
    "domain D { state { n: int } goal G { predicate n == 3 }"                                      \
    "  transition T { n += 1 emit Infra.Make(name: \"main\", size: n) } }"

Test(origin, it_goes_when_the_last_object_has_another)
{
    World *world = world_new(EMITS_AGAIN);

    world_run(world);
    cr_expect_eq(instance_of(world, "D")->has->origin_count, 1);
    const Origin *origin = origin_of(world, "D.Make[\"main\"]");
    expect_value(origin->fields[0], "2");
    cr_expect_eq(origin_find(instance_of(world, "D"), origin->slice), origin);
    cr_expect_null(origin_find(instance_of(world, "D"), origin->slice - 1));
    world_free(world);
}

Test(origin, it_goes_when_what_it_made_is_destroyed)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { if n == 0 { emit Infra.Make() } else {"
                             "    release Infra.Make() } n += 1 } }");

    world_run(world);
    cr_expect_eq(instance_of(world, "D")->has->object_count, 0);
    cr_expect_eq(instance_of(world, "D")->has->origin_count, 0);
    world_free(world);
}

#define POOL                                                                                       \
    "domain Pool { state { workers: int size: int = 1 } goal G { predicate workers == 4 }"         \
    "  transition Grow { emit Infra.Worker(size: size) workers += 1 } }"

Test(origin, the_lowest_stale_slice_comes_first_and_the_first_reason_stays)
{
    World *world = world_new(POOL);

    world_run(world);
    Instance *pool = instance_of(world, "Pool");
    cr_assert_eq(pool->has->origin_count, 4);
    cr_expect_null(origin_next_stale(pool));
    Origin *second = pool->has->origins[1], *third = pool->has->origins[2];
    origin_stale(pool, third, "the edit");
    cr_expect_eq(origin_next_stale(pool), third);
    origin_stale(pool, second, "a result");
    origin_stale(pool, third, "another");
    cr_expect_eq(origin_next_stale(pool), second);
    cr_expect_str_eq(third->because, "the edit");
    origin_settle(second);
    cr_expect_eq(origin_next_stale(pool), third);
    origin_settle(third);
    cr_expect_null(origin_next_stale(pool));
    cr_expect_null(third->because);
    world_free(world);
}

Test(origin, a_stale_one_outlives_its_objects)
{
    World *world = world_new(POOL);

    world_run(world);
    Instance *pool = instance_of(world, "Pool");
    Object *object = pool->has->first_object;
    Origin *origin = object->origin;
    origin_stale(pool, origin, "the edit");
    origin_release(take(object->origin));
    cr_expect_eq(pool->has->origin_count, 4);
    origin_settle(origin);
    origins_prune(pool);
    cr_expect_eq(pool->has->origin_count, 3);
    world_free(world);
}

Test(origin, those_whom_a_stale_slice_told_something_wait)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make() n = 1 emit Broadcast(Event::E) } }"
                             "domain B { state { n: int } on Event::E { n = 1 } }"
                             "domain C { state { n: int } on Event::F { n = 1 } }"
                             "domain F { state { n: int } transition T { emit Broadcast(Event::F) "
                             "} }");

    world_run(world);
    Runtime *runtime = world_runtime(world);
    Instance *a = instance_of(world, "A"), *b = instance_of(world, "B"),
             *c = instance_of(world, "C");
    origin_stale(a, a->has->origins[0], "the edit");
    cr_expect_eq(runtime->domains[b->domain_index].awaited, 1);
    cr_expect_eq(runtime->domains[c->domain_index].awaited, 0);
    origin_settle(a->has->origins[0]);
    cr_expect_eq(runtime->domains[b->domain_index].awaited, 0);
    world_free(world);
}

/* ---- what changes in it ---- */

Test(origin, those_that_have_read_a_value_follow_it)
{
    World *world = world_new(POOL);

    world_run(world);
    Instance *pool = instance_of(world, "Pool");
    uint32_t size = (uint32_t)domain_find_field(pool->domain, "size");
    Origin *other = pool->has->origins[2];
    int read = origin_field(other, "size");
    value_free(other->fields[read]);
    other->fields[read] = value_int(9);
    origins_follow(pool, size, value_int(2), "the edit");
    for (size_t i = 0; i < 4; i++) {
        const Origin *origin = pool->has->origins[i];
        cr_expect_eq(origin->stale, origin != other);
        expect_value(origin->fields[origin_field(origin, "size")], origin != other ? "2" : "9");
    }
    world_free(world);
}

Test(origin, the_slice_that_sets_a_value_does_not_follow_itself)
{
    World *world = world_new(POOL);

    world_run(world);
    Instance *pool = instance_of(world, "Pool");
    uint32_t workers = (uint32_t)domain_find_field(pool->domain, "workers");
    Origin *origin = pool->has->origins[3];
    int read = origin_field(origin, "workers");
    origin->fields[read] = value_int(4); /* as if it had read what is there now, and set 5 */
    origin_change(origin, "workers")->after = value_digest(value_int(5));
    origins_follow(pool, workers, value_int(5), "the edit");
    cr_expect_not(origin->stale);
    expect_value(origin->fields[read], "4");
    world_free(world);
}

Test(origin, a_record_gets_the_new_content_of_what_it_handled)
{
    World *world = world_new(HEARING);

    world_run(world);
    Instance *b = instance_of(world, "B");
    Origin *first = b->has->origins[0], *second = b->has->origins[1];
    Value five = value_int(5), six = value_int(6);
    Message *message = message_new(99, MESSAGE_EVENT, 0, 0, false, &six, 1);
    message_travel(message, &five, 1, false);
    origin_hear(b, first, message, "the edit");
    expect_value(first->arguments[0], "6");
    expect_value(second->arguments[0], "6");
    expect_value(second->locals[0], "6");
    cr_expect(first->stale && !first->unsaid && second->stale);
    message_free(message);
    message = message_new(100, MESSAGE_EVENT, 0, 0, false, NULL, 0);
    message_travel(message, &six, 1, true);
    cr_expect_eq(origin_that_handled(b, "E", &six, 1), first);
    origin_hear(b, first, message, "the edit");
    cr_expect(first->unsaid && second->unsaid);
    cr_expect_null(origin_that_handled(b, "E", &six, 1));
    message_free(message);
    world_free(world);
}

Test(origin, what_was_said_twice_is_taken_back_once)
{
    World *world = world_new("domain A { state { n: int } goal G { predicate n == 2 }"
                             "  transition T { n += 1 emit Broadcast(Event::E(x: 5)) } }"
                             "domain B { state { n: int }"
                             "  on Event::E(x) { emit Infra.Make(size: x) n = x } }");
    Value five = value_int(5);
    Message *message = message_new(99, MESSAGE_EVENT, 0, 0, false, NULL, 0);

    world_run(world);
    Instance *b = instance_of(world, "B");
    cr_assert_eq(b->has->origin_count, 2);
    message_travel(message, &five, 1, true);
    origin_hear(b, b->has->origins[0], message, "the edit");
    cr_expect(b->has->origins[0]->unsaid && !b->has->origins[1]->stale);
    message_free(message);
    world_free(world);
}

/* ---- computing it again ---- */

/* The slice of the object, computed again, with these changes. */
static Origin *revise(World *world, Object *object, FieldChange *changes, size_t count)
{
    Intent intent = {.verb = INTENT_PUT, .state = INTENT_RECALLED};
    Intent *intents[] = {&intent};
    Origin *old = object->origin;
    Pending pending = {.slice = 1000, .cause = old->cause, .intents = intents, .intent_count = 1};

    memcpy(intent.uid, object->uid, UID_SIZE);
    intent.place = object->place;
    pending.cause.kind = CAUSE_REVISE;
    pending.cause.origin = old->slice;
    pending.proposal.changes = changes;
    pending.proposal.change_count = count;
    Origin *origin = origin_make(object->owner, &pending);
    cr_expect_eq(origin, old);
    origin_release(origin);
    (void)world;
    return origin;
}

Test(origin, computed_again_it_stays_the_same_record)
{
    World *world = world_new(POOL);

    world_run(world);
    Object *object = world_object(world, "Pool.Grow.Worker[1]");
    uint64_t slice = object->origin->slice;
    origin_stale(object->owner, object->origin, "the edit");
    const Origin *origin = revise(world, object, NULL, 0);
    cr_expect_eq(origin->slice, slice);
    cr_expect_eq(origin->references, 1);
    cr_expect_neq(origin->cause.kind, CAUSE_REVISE);
    cr_expect_not(origin->stale);
    cr_assert_eq(origin->effect_count, 1);
    cr_expect_str_eq(origin->effects[0].uid, object->uid);
    cr_expect_eq(origin->change_count, 0);
    world_free(world);
}

Test(origin, computed_again_what_was_found_stays_what_was_found)
{
    World *world = world_new(POOL);

    world_run(world);
    Object *object = world_object(world, "Pool.Grow.Worker[3]");
    uint32_t workers = (uint32_t)domain_find_field(object->owner->domain, "workers");
    FieldChange change = {.field = workers, .value = value_int(7)};
    const Origin *origin = revise(world, object, &change, 1);
    cr_assert_eq(origin->change_count, 1);
    expect_value(origin->changes[0].before, "3");
    cr_expect(origin->changes[0].after == value_digest(value_int(7)));
    change.value = value_int(3); /* gets back what was found: the slice does not set it any more */
    origin = revise(world, object, &change, 1);
    cr_expect_eq(origin->change_count, 0);
    world_free(world);
}

Test(origin, what_others_have_set_since_is_left_as_it_was_in_the_record)
{
    World *world = world_new(POOL);

    world_run(world);
    Object *object = world_object(world, "Pool.Grow.Worker[0]");
    const ProgramDomain *domain = object->owner->domain;
    FieldChange changes[] = {
        {.field = (uint32_t)domain_find_field(domain, "workers"),
         .value = value_int(9),
         .left = true},
        {.field = (uint32_t)domain_find_field(domain, "size"), .value = value_int(9), .left = true},
    };
    const Origin *origin = revise(world, object, changes, 2);
    cr_assert_eq(origin->change_count, 1);
    expect_value(origin->changes[0].before, "0");
    cr_expect(origin->changes[0].after == value_digest(value_int(1)));
    world_free(world);
}

/* ---- emissions ---- */

Test(origin, emissions_are_equal_by_target_and_content)
{
    Value one = value_int(1), two = value_int(2);
    Emission a = {.kind = OUTPUT_EVENT, .event = 1, .arguments = &one, .argument_count = 1};
    Emission b = a;

    b.travels = b.same = true;
    cr_expect(emission_equal(&a, &b));
    b.arguments = &two;
    cr_expect(!emission_equal(&a, &b) && emission_same_target(&a, &b));
    b.event = 2;
    cr_expect_not(emission_same_target(&a, &b));
    a = b = (Emission){.kind = OUTPUT_MESSAGE, .domain = 1, .transition = 2, .key = "x"};
    cr_expect(emission_equal(&a, &b));
    b.key = "y";
    cr_expect_not(emission_same_target(&a, &b));
    b = a;
    b.to_handler = true;
    cr_expect_not(emission_same_target(&a, &b));
}

/* ---- snapshots ---- */

static Runtime *read_again(World *world, const char *text)
{
    const Runtime *runtime = world_runtime(world);
    cleanup(json_free) Json *json = NULL;
    Error err;

    cr_assert_eq(json_parse_own(text, strlen(text), &json, &err), 0);
    Runtime *again = runtime_new(runtime->program, runtime->bindings, WORLD_LINEAGE);
    cr_assert_eq(snapshot_read(again, json, false, &err), 0, "%s", err.message);
    return again;
}

Test(origin, a_stale_record_and_a_condemned_object_come_back_from_a_snapshot)
{
    World *world = world_new(HEARING);
    cleanup(buffer_deinit) Buffer text = {0}, again = {0};

    world_run(world);
    Instance *b = instance_of(world, "B");
    origin_stale(b, b->has->origins[1], "the edit");
    b->has->origins[1]->unsaid = true;
    b->has->origins[1]->failures = 2;
    b->has->origins[1]->due_ms = 77;
    object_condemn(b->has->first_object, "not reached any more");
    snapshot_write(world_runtime(world), &text);
    Runtime *found = read_again(world, buffer_text(&text));
    snapshot_write(found, &again);
    cr_expect_str_eq(buffer_text(&again), buffer_text(&text));
    const Instance *same = runtime_find(found, "B", NULL);
    const Origin *origin = origin_next_stale(same);
    cr_assert_not_null(origin);
    cr_expect_str_eq(origin->because, "the edit");
    cr_expect(origin->unsaid && origin->failures == 2 && origin->due_ms == 77);
    cr_expect_eq(origin->references, 1);
    cr_expect(same->has->first_object->condemned);
    cr_expect_str_eq(same->has->first_object->condemned_because, "not reached any more");
    cr_expect_eq(found->condemned_count, 1);
    runtime_free(found);
    world_free(world);
}

Test(origin, a_message_that_travels_comes_back_with_what_it_was)
{
    World *world = world_new(HEARING);
    cleanup(buffer_deinit) Buffer text = {0}, again = {0};
    Value five = value_int(5), six = value_int(6);

    world_run(world);
    Instance *b = instance_of(world, "B");
    Message *message = message_new(99, MESSAGE_EVENT, 0, 0, false, &six, 1);
    Digest128 plain = message_digest(message);
    message_travel(message, &five, 1, false);
    cr_expect(message_digest(message) != plain);
    mailbox_put(&instance_wake(b)->mailbox, message);
    snapshot_write(world_runtime(world), &text);
    Runtime *found = read_again(world, buffer_text(&text));
    snapshot_write(found, &again);
    cr_expect_str_eq(buffer_text(&again), buffer_text(&text));
    Message *same = mailbox_at(&runtime_find(found, "B", NULL)->active->mailbox, 0);
    cr_expect(same->travels && !same->unsaid && same->former_count == 1);
    cr_expect(message_digest(same) == message_digest(message));
    runtime_free(found);
    world_free(world);
}

/* `text` with `from` – there exactly once – replaced. */
static void replace(Buffer *text, const char *from, const char *to)
{
    const char *at = strstr(buffer_text(text), from);
    Buffer made = {0};

    cr_assert_not_null(at, "%s", from);
    buffer_add_format(&made, "%.*s%s%s", (int)(at - buffer_text(text)), buffer_text(text), to,
                      at + strlen(from));
    buffer_deinit(text);
    *text = made;
}

Test(origin, of_a_record_in_the_former_shape_nothing_is_known)
{
    World *world = world_new("domain D { state { n: int } goal G { predicate n == 1 }"
                             "  transition T { emit Infra.Make() n = 1 } }");
    cleanup(buffer_deinit) Buffer text = {0}, record = {0};

    world_run(world);
    Instance *d = instance_of(world, "D");
    snapshot_write(world_runtime(world), &text);
    origin_encode(d, d->has->origins[0], &record);
    replace(&text, buffer_text(&record), "");
    replace(&text, ",\"retained\":",
            ",\"origins\":[{\"slice\":1,\"cause\":{\"by\":\"boot\"},\"domain\":\"D\",\"state\":{},"
            "\"results\":[]}],\"retained\":");
    Runtime *found = read_again(world, buffer_text(&text));
    cr_assert_eq(found->object_count, 1);
    cr_expect_null(found->objects[0]->origin);
    cr_expect_eq(runtime_find(found, "D", NULL)->has->origin_count, 0);
    runtime_free(found);
    world_free(world);
}

Test(origin, a_slice_has_one_record)
{
    World *world = world_new(POOL);
    cleanup(buffer_deinit) Buffer record = {0};
    cleanup(json_free) Json *json = NULL;
    Arena arena = {0};
    Error err;

    world_run(world);
    Instance *pool = instance_of(world, "Pool");
    origin_encode(pool, pool->has->origins[0], &record);
    cr_assert_eq(json_parse_own(buffer_text(&record), record.size, &json, &err), 0);
    cr_expect_lt(origin_decode(pool, json, false, &arena, &err), 0);
    cr_expect_not_null(strstr(err.message, "two records of slice"));
    cr_expect_eq(pool->has->origin_count, 4);
    arena_deinit(&arena);
    world_free(world);
}

/* ---- what it takes ---- */

/* A list of 10,000 entries, which no slice reads. */
static void fill_list(Instance *instance)
{
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(json_free) Json *json = NULL;
    int field = domain_find_field(instance->domain, "items");
    Arena arena = {0};
    Error err;

    for (int i = 0; i < 10000; i++)
        buffer_add_format(&text, "%c%d", i == 0 ? '[' : ',', i);
    buffer_add_char(&text, ']');
    cr_assert_eq(json_parse_own(buffer_text(&text), text.size, &json, &err), 0);
    value_free(instance->fields[field]);
    instance->fields[field] = value_clone(value_decode(&arena, json));
    arena_deinit(&arena);
}

/* Of the records of that many objects, each of a slice of its own. */
static size_t bytes_per_record(int objects)
{
    char *program = memory_format("domain Pool { state { n: int items: list<int> }"
                                  "  goal G { predicate n == %d } transition Grow {"
                                  "    if n < 0 { n = len(items) } emit Infra.Worker() n += 1 } }",
                                  objects);
    World *world = world_new(program);
    cleanup(buffer_deinit) Buffer text = {0};

    world_unchecked(world);
    world_turn(world);
    Instance *pool = instance_of(world, "Pool");
    fill_list(pool);
    world_run(world);
    cr_assert_eq(pool->has->origin_count, (size_t)objects);
    for (size_t i = 0; i < pool->has->origin_count; i++)
        origin_encode(pool, pool->has->origins[i], &text);
    world_free(world);
    free(program);
    return text.size / (size_t)objects;
}

Test(origin, it_takes_the_same_however_many_there_are)
{
    size_t few = bytes_per_record(20), many = bytes_per_record(400);

    cr_expect_lt(many, few + 20, "%zu bytes, %zu where there are many", few, many);
    cr_expect_lt(many, 600, "%zu bytes", many);
}
