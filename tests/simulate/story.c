#include "tests/simulate/story.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FLOOD_SIZE 12000 /* more than a mailbox holds */
#define FLOOD_BURST 3000

typedef void ActWrite(Story *story, Chance *chance, unsigned act);

/* ---- what is to come of it ---- */

static void field_ends(Story *story, const char *domain, unsigned act, const char *field,
                       const char *value)
{
    assert(story->field_count < STORY_ENDS_MAX);
    FieldEnd *end = &story->fields[story->field_count++];

    snprintf(end->domain, sizeof end->domain, "%s%u", domain, act);
    snprintf(end->field, sizeof end->field, "%s", field);
    snprintf(end->value, sizeof end->value, "%s", value);
}

static void number_ends(Story *story, const char *domain, unsigned act, const char *field,
                        int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)value);
    field_ends(story, domain, act, field, text);
}

static void deeds_end(Story *story, const char *who, unsigned act, int64_t count)
{
    assert(story->deed_count < STORY_ENDS_MAX);
    DeedEnd *end = &story->deeds[story->deed_count++];

    snprintf(end->who, sizeof end->who, "%s%u", who, act);
    end->count = count;
}

static void thing_ends(Story *story, const char *tag, unsigned act, uint32_t number)
{
    assert(story->thing_count < STORY_ENDS_MAX);
    snprintf(story->things[story->thing_count++].tag, sizeof story->things[0].tag, "%s%u_%u", tag,
             act, number);
}

#define SAY(...) buffer_add_format(&story->grown, __VA_ARGS__)

/* ---- the acts ---- */

/* Numbers go from one to another; each may do something for every one of them. */
static void act_count(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 12), burst = chance_from(chance, 1, 4);
    bool source_acts = chance_one_in(chance, 2), target_acts = chance_one_in(chance, 2);

    SAY("domain Source%u {\n  state { sent: int }\n"
        "  goal Done { predicate sent == %u terminate_after 50 retries }\n"
        "  transition Step { step {\n    let burst = 0\n    while burst < %u && sent < %u {\n"
        "      sent += 1\n      burst += 1\n",
        act, count, burst, count);
    if (source_acts)
        SAY("      emit Infra.Act(who: \"source%u\", number: sent)\n", act);
    SAY("      send Target%u Take(number: sent)\n    }\n  } }\n}\n", act);
    SAY("domain Target%u {\n  state { taken: int misplaced: int }\n"
        "  on message Take(number: int) {\n    taken += 1\n"
        "    if number != taken { misplaced += 1 }\n",
        act);
    if (target_acts)
        SAY("    emit Infra.Act(who: \"target%u\", number: number)\n", act);
    SAY("  }\n}\n");
    number_ends(story, "Source", act, "sent", count);
    number_ends(story, "Target", act, "taken", count);
    number_ends(story, "Target", act, "misplaced", 0);
    deeds_end(story, "source", act, source_acts ? count : 0);
    deeds_end(story, "target", act, target_acts ? count : 0);
}

/* Objects, one a slice, with or without names. */
static void act_pool(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 5);
    bool named = chance_one_in(chance, 2);

    SAY("domain Pool%u {\n  state { made: int }\n"
        "  goal Full { predicate made >= %u terminate_after 50 retries }\n"
        "  transition Grow { step {\n    if made < %u {\n"
        "      emit Infra.Server(%stag: \"pool%u_${made}\")\n      made += 1\n    }\n  } }\n}\n",
        act, count, count, named ? "name: \"s${made}\", " : "", act);
    number_ends(story, "Pool", act, "made", count);
    for (uint32_t i = 0; i < count; i++)
        thing_ends(story, "pool", act, i);
    story->may_lose &= named;
}

/* Several at once, and one that stands on their results. */
static void act_parallel(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 2, 4);

    SAY("domain Cluster%u {\n  state { members: list<string> }\n"
        "  goal Balanced { predicate len(members) == %u terminate_after 50 retries }\n"
        "  transition Provision { step {\n    if len(members) == 0 {\n      parallel {\n",
        act, count);
    for (uint32_t i = 0; i < count; i++)
        SAY("        let m%u = emit Infra.Server(name: \"m%u\", tag: \"member%u_%u\")\n", i, i, act,
            i);
    SAY("      }\n      let all: list<string> = [");
    for (uint32_t i = 0; i < count; i++)
        SAY("%sm%u.address", i > 0 ? ", " : "", i);
    SAY("]\n      emit Infra.Balancer(name: \"front\", tag: \"front%u_0\", members: all)\n"
        "      emit Infra.Act(who: \"cluster%u\", number: 1)\n      members = all\n    }\n  } "
        "}\n}\n",
        act, act);
    for (uint32_t i = 0; i < count; i++)
        thing_ends(story, "member", act, i);
    thing_ends(story, "front", act, 0);
    deeds_end(story, "cluster", act, 1);
}

/* Work is spread over instances, each of which has an object while it lives. */
static void act_shards(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 5);
    bool holds = chance_one_in(chance, 2);

    SAY("domain Gather%u {\n  state { asked: int answered: int total: int }\n"
        "  goal Complete { predicate answered >= %u }\n"
        "  transition Spread { step {\n    if asked == 0 {\n      for i in range(1, %u) {\n"
        "        spawn Shard%u[\"s${i}\"] { number = i }\n"
        "        send Shard%u[\"s${i}\"] Work()\n        asked += 1\n      }\n    }\n  } }\n"
        "  on message Result(value: int) {\n    answered += 1\n    total += value\n"
        "    emit Infra.Act(who: \"gather%u\", number: answered)\n  }\n}\n",
        act, count, count + 1, act, act, act);
    SAY("domain Shard%u[name: string] {\n  state { number: int }\n  on message Work {\n", act);
    if (holds)
        SAY("    emit Infra.Volume(name: name, tag: \"shard%u_${name}\")\n", act);
    SAY("    send Gather%u Result(value: number * number)\n    stop\n  }\n}\n", act);
    number_ends(story, "Gather", act, "answered", count);
    number_ends(story, "Gather", act, "total", (int64_t)count * (count + 1) * (2 * count + 1) / 6);
    deeds_end(story, "gather", act, count);
}

/* One says events, all others hear each of them. */
static void act_events(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 8);
    static const char *const ears[] = {"Left", "Right"};

    SAY("domain Caster%u {\n  state { said: int }\n  goal Done { predicate said == %u }\n"
        "  transition Say { step {\n    if said < %u {\n      said += 1\n"
        "      emit Broadcast(Event::Said%u(number: said))\n    }\n  } }\n}\n",
        act, count, count, act);
    for (size_t i = 0; i < 2; i++) {
        SAY("domain %s%u {\n  state { heard: int misplaced: int }\n  on Event::Said%u(number) {\n"
            "    heard += 1\n    if number != heard { misplaced += 1 }\n",
            ears[i], act, act);
        if (i == 0)
            SAY("    emit Infra.Act(who: \"left%u\", number: heard)\n", act);
        SAY("  }\n}\n");
        number_ends(story, ears[i], act, "heard", count);
        number_ends(story, ears[i], act, "misplaced", 0);
    }
    deeds_end(story, "left", act, count);
}

static void act_timer(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 4), delay_s = chance_from(chance, 1, 120);
    bool acts = chance_one_in(chance, 2);

    SAY("domain Clock%u {\n  state { fired: int armed: bool }\n"
        "  goal Rung { predicate fired == %u terminate_after 50 retries }\n"
        "  transition Arm { step {\n    if !armed && fired < %u { armed = true }\n  } }\n"
        "  after %us when armed {\n    armed = false\n    fired += 1\n",
        act, count, count, delay_s);
    if (acts)
        SAY("    emit Infra.Act(who: \"clock%u\", number: fired)\n", act);
    SAY("  }\n}\n");
    number_ends(story, "Clock", act, "fired", count);
    deeds_end(story, "clock", act, acts ? count : 0);
}

/* In which order jobs are taken: three high ones in a row at most while a normal one waits. */
static void queue_ends(Story *story, unsigned act, uint32_t normal, uint32_t high)
{
    char order[512] = "[";
    uint32_t in_row = 0, n = 0, h = 0;

    while (n < normal || h < high) {
        bool is_high = h < high && (n == normal || in_row < 3);
        size_t used = strlen(order);
        snprintf(order + used, sizeof order - used, "%s\"%s%u\"", used > 1 ? "," : "",
                 is_high ? "u" : "n", is_high ? h : n);
        in_row = is_high ? in_row + 1 : 0;
        if (is_high)
            h++;
        else
            n++;
    }
    strcat(order, "]");
    field_ends(story, "Queue", act, "order", order);
    deeds_end(story, "queue", act, normal + high);
}

static void act_queue(Story *story, Chance *chance, unsigned act)
{
    uint32_t normal = chance_from(chance, 1, 4), high = chance_from(chance, 1, 8);

    SAY("domain Submit%u {\n  transition Boot { step {\n", act);
    for (uint32_t i = 0; i < normal; i++)
        SAY("    send Queue%u Job(name: \"n%u\")\n", act, i);
    for (uint32_t i = 0; i < high; i++)
        SAY("    send_high Queue%u Job(name: \"u%u\")\n", act, i);
    SAY("  } }\n}\ndomain Queue%u {\n  state { order: list<string> }\n"
        "  on message Job(name: string) {\n    order = append(order, name)\n"
        "    emit Infra.Act(who: \"queue%u\", number: len(order))\n  }\n}\n",
        act, act);
    queue_ends(story, act, normal, high);
}

/* What is done before a failure is not done again by the next try. */
static void act_risk(Story *story, Chance *chance, unsigned act)
{
    SAY("domain Brave%u {\n  state { done: int }\n"
        "  goal Done { predicate done == 1 terminate_after 50 retries }\n"
        "  transition Try { step {\n    if done == 0 {\n"
        "      emit Infra.Act(who: \"before%u\", number: 1)\n"
        "      emit Infra.Server(name: \"b\", tag: \"brave%u_0\")\n"
        "      emit Infra.Risk(who: \"brave%u\", number: 1)\n"
        "      emit Infra.Act(who: \"after%u\", number: 1)\n      done = 1\n    }\n  } }\n}\n",
        act, act, act, act, act);
    story->risks += chance_from(chance, 0, 3);
    number_ends(story, "Brave", act, "done", 1);
    deeds_end(story, "before", act, 1);
    deeds_end(story, "brave", act, 1);
    deeds_end(story, "after", act, 1);
    thing_ends(story, "brave", act, 0);
}

/* What is refused for good is made up for: the first booking is given back. */
static void act_saga(Story *story, Chance *chance, unsigned act)
{
    (void)chance;
    SAY("domain Trip%u {\n  state { decided: bool reason: string }\n"
        "  goal Decided { predicate decided terminate_after 50 retries }\n"
        "  transition Book { step {\n    if !decided {\n"
        "      emit Infra.Flight(name: \"out\", tag: \"flight%u_0\")\n"
        "      emit Infra.Deny(name: \"sea\") else { reason = \"refused\" }\n"
        "      if reason != \"\" { release Infra.Flight(name: \"out\") }\n"
        "      decided = true\n    }\n  } }\n}\n",
        act, act);
    field_ends(story, "Trip", act, "decided", "true");
    field_ends(story, "Trip", act, "reason", "\"refused\"");
}

/* A number goes round until it has been everywhere often enough. */
static void act_ring(Story *story, Chance *chance, unsigned act)
{
    static const char *const names[] = {"Ada", "Bea", "Cleo"};
    uint32_t rounds = chance_from(chance, 1, 5);

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        SAY("domain %s%u {\n  state { passed: int }\n", names[i], act);
        if (i == 0)
            SAY("  transition Boot { step { send Ada%u Pass(left: %u) } }\n", act, 3 * rounds - 1);
        SAY("  on message Pass(left: int) {\n    passed += 1\n"
            "    if left > 0 { send %s%u Pass(left: left - 1) }\n  }\n}\n",
            names[(i + 1) % ARRAY_SIZE(names)], act);
        number_ends(story, names[i], act, "passed", rounds);
    }
}

/* A list is gone through in several slices. */
static void act_walk(Story *story, Chance *chance, unsigned act)
{
    uint32_t count = chance_from(chance, 1, 6);

    SAY("domain Walker%u {\n  state { seen: list<int> begun: bool }\n"
        "  goal Seen { predicate len(seen) == %u terminate_after 50 retries }\n"
        "  transition Walk { step {\n    if !begun {\n      begun = true\n"
        "      for item in range(1, %u) {\n"
        "        emit Infra.Act(who: \"walker%u\", number: item)\n"
        "        seen = append(seen, item)\n        yield\n      }\n    }\n  } }\n}\n",
        act, count, count + 1, act);
    deeds_end(story, "walker", act, count);
}

/* What is outside is waited for. */
static void act_fact(Story *story, Chance *chance, unsigned act)
{
    story->ready_ms = (int64_t)chance_below(chance, 120000);
    SAY("domain Eye%u {\n  state { open: bool }\n"
        "  goal Open { predicate open && Infra.ready(\"eye%u\") == true "
        "terminate_after 50 retries }\n"
        "  transition Look { step {\n    if !open && Infra.ready(\"eye%u\") == true {\n"
        "      emit Infra.Act(who: \"eye%u\", number: 1)\n      open = true\n    }\n  } }\n}\n",
        act, act, act, act);
    field_ends(story, "Eye", act, "open", "true");
    deeds_end(story, "eye", act, 1);
}

/* A message that cannot be handled is given up, at once or after five tries; the others are heard.
 */
static void act_deaf(Story *story, Chance *chance, unsigned act)
{
    bool faults = chance_one_in(chance, 2);

    SAY("domain Caller%u {\n  transition Boot { step {\n", act);
    for (int i = 1; i <= 3; i++)
        SAY("    send Deaf%u Hear(number: %d)\n", act, i);
    SAY("  } }\n}\ndomain Deaf%u {\n  state { heard: int }\n"
        "  on message Hear(number: int) {\n    if number == 2 { ",
        act);
    if (faults)
        SAY("fail \"it is not heard\"");
    else
        SAY("emit Infra.Forbid(who: \"deaf%u\", number: 1)", act);
    SAY(" }\n    heard += 1\n    emit Infra.Act(who: \"deaf%u\", number: heard)\n  }\n}\n", act);
    story->forbids += faults ? 0 : MESSAGE_ATTEMPTS_MAX;
    number_ends(story, "Deaf", act, "heard", 2);
    deeds_end(story, "deaf", act, 2);
    snprintf(story->dead[story->dead_count].domain, sizeof story->dead[0].domain, "Deaf%u", act);
    story->dead[story->dead_count++].count = 1;
}

/* More messages than a mailbox holds. */
static void act_flood(Story *story, Chance *chance, unsigned act)
{
    (void)chance;
    SAY("domain Spring%u {\n  state { sent: int }\n  goal Done { predicate sent == %u }\n"
        "  transition Flow { step {\n    let burst = 0\n    while burst < %u && sent < %u {\n"
        "      sent += 1\n      burst += 1\n      send Lake%u Take(number: sent)\n    }\n  } "
        "}\n}\n",
        act, FLOOD_SIZE, FLOOD_BURST, FLOOD_SIZE, act);
    SAY("domain Lake%u {\n  state { taken: int misplaced: int }\n"
        "  on message Take(number: int) {\n    taken += 1\n"
        "    if number != taken { misplaced += 1 }\n  }\n}\n",
        act);
    number_ends(story, "Lake", act, "taken", FLOOD_SIZE);
    number_ends(story, "Lake", act, "misplaced", 0);
}

static ActWrite *const acts[] = {act_count, act_pool,  act_parallel, act_shards, act_events,
                                 act_timer, act_queue, act_risk,     act_saga,   act_ring,
                                 act_walk,  act_fact,  act_deaf};

void story_make(Story *story, Chance *chance)
{
    unsigned count = chance_from(chance, 1, 4);
    unsigned first = chance_one_in(chance, 3) ? chance_from(chance, 1, count) : count;

    *story = (Story){.may_lose = true};
    if (chance_one_in(chance, 400))
        act_flood(story, chance, 0);
    for (unsigned act = 1; act <= count; act++) {
        acts[chance_below(chance, ARRAY_SIZE(acts))](story, chance, act);
        if (act == first)
            buffer_add(&story->text, story->grown.bytes, story->grown.size);
    }
}

void story_deinit(Story *story)
{
    buffer_deinit(&story->text);
    buffer_deinit(&story->grown);
}
