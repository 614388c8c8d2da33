/* Programs against what a provider offers: what is reported, and that nothing else is. */
#include "lang/catalog.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/program.h"

/* ---- the provider Cloud, of plugin `cloud` ---- */

#define OBJECT(list) .kinds = CATALOG_OBJECT, .members = (list), .member_count = ARRAY_SIZE(list)

static const CatalogType text = {.kinds = CATALOG_STRING};
static const CatalogType whole = {.kinds = CATALOG_INTEGER};
static const CatalogType number = {.kinds = CATALOG_INTEGER | CATALOG_NUMBER};
static const CatalogType image = {.kinds = CATALOG_STRING | CATALOG_NULL};
static const CatalogType ports = {.kinds = CATALOG_LIST, .element = &whole};
static const CatalogType tags = {.kinds = CATALOG_LIST, .element = &text};
static const CatalogType texts = {.kinds = CATALOG_OBJECT, .others = &text};
static const char *const zones[] = {"north", "south"};
static const CatalogType zone = {.kinds = CATALOG_STRING, .choices = zones, .choice_count = 2};
static const CatalogMember health_members[] = {{.name = "path", .type = &text, .required = true},
                                               {.name = "wait", .type = &whole}};
static const CatalogType health = {OBJECT(health_members)};
static const CatalogMember parameter_members[] = {
    {.name = "size", .type = &whole, .required = true},
    {.name = "zone", .type = &zone},
    {.name = "image", .type = &image, .required = true, .given = true},
    {.name = "load", .type = &number},
    {.name = "ports", .type = &ports},
    {.name = "env", .type = &texts},
    {.name = "health", .type = &health},
    {.name = "odd", .type = &catalog_anything}};
static const CatalogType parameters = {OBJECT(parameter_members)};
static const CatalogMember disk_members[] = {{.name = "path", .type = &text}};
static const CatalogType disk = {OBJECT(disk_members)};
static const CatalogMember result_members[] = {
    {.name = "host", .type = &text},   {.name = "port", .type = &whole},
    {.name = "load", .type = &number}, {.name = "zone", .type = &zone},
    {.name = "tags", .type = &tags},   {.name = "disk", .type = &disk}};
static const CatalogType result = {OBJECT(result_members)};
static const CatalogMember query_members[] = {{.name = "zone", .type = &text, .required = true}};
static const CatalogType query_parameters = {OBJECT(query_members)};

static const char *const positional[] = {"size", "zone"};
static const CatalogEntry create = {.name = "CreateServer",
                                    .action = "CreateServer",
                                    .positional = positional,
                                    .positional_count = 2,
                                    .parameters = &parameters,
                                    .result = &result};
static const CatalogEntry ping = {
    .name = "Ping", .action = "Ping", .parameters = &catalog_anything, .result = &catalog_anything};
static const CatalogEntry moved = {.name = "Move", .action = "Ping2", .missing = true};
static const CatalogEntry given = {.name = "Given",
                                   .action = "Ping",
                                   .parameters = &health,
                                   .result = &catalog_anything,
                                   .stray = "pth"};
static const CatalogEntry load = {.name = "load",
                                  .action = "load",
                                  .positional = &positional[1],
                                  .positional_count = 1,
                                  .parameters = &query_parameters,
                                  .result = &number};

static void entry_add(Map *map, const CatalogEntry *entry)
{
    map_put(map, entry->name, (void *)entry);
}

static void fill(CatalogProvider *provider)
{
    provider->known = true;
    entry_add(&provider->effects, &create);
    entry_add(&provider->effects, &ping);
    entry_add(&provider->effects, &moved);
    entry_add(&provider->effects, &given);
    entry_add(&provider->queries, &load);
}

/* Cloud is known, Dark is not; a bare effect may be of both unless `closed`. */
static Catalog *catalog_of(const Program *program, bool closed, bool tentative)
{
    Catalog *catalog = catalog_new();
    CatalogProvider *cloud = catalog_add(catalog, "Cloud", "cloud");
    CatalogProvider *dark = catalog_add(catalog, "Dark", "https://dark.example");

    fill(cloud);
    catalog->tentative = tentative;
    catalog->effects = arena_array(&catalog->arena, CatalogUse, program->effect_count);
    for (size_t i = 0; i < program->effect_count; i++) {
        const EffectUse *use = &program->effects[i];
        bool is_dark = use->provider != NULL && strcmp(use->provider, "Dark") == 0;
        bool is_found = use->provider != NULL || catalog_effect(cloud, use->effect) != NULL;
        catalog->effects[i] = (CatalogUse){.provider = is_dark    ? dark
                                                       : is_found ? cloud
                                                                  : NULL,
                                           .count = is_found,
                                           .open = use->provider == NULL && !closed,
                                           .assumed = tentative};
    }
    catalog->queries = arena_array(&catalog->arena, CatalogUse, program->fact_count);
    for (size_t i = 0; i < program->fact_count; i++)
        catalog->queries[i] = (CatalogUse){.provider = cloud, .count = 1};
    return catalog;
}

/* ---- what is said ---- */

static void said(const char *source, bool closed, bool tentative, Buffer *ret)
{
    cleanup(program_free) Program *program = program_compile("t.ved", source, strlen(source));
    Arena arena = {0};
    Diagnostics diagnostics;

    if (!program->valid)
        diagnostics_print(&program->diagnostics, false, ret);
    cr_assert(program->valid, "%s", buffer_text(ret));
    cleanup(catalog_free) Catalog *catalog = catalog_of(program, closed, tentative);
    diagnostics_init(&diagnostics, &arena, &program->source);
    program_check_effects(program, catalog, &diagnostics);
    diagnostics_sort(&diagnostics);
    diagnostics_print(&diagnostics, false, ret);
    arena_deinit(&arena);
}

static char *program_of(const char *body)
{
    return memory_format("record Place { host: string, port: int = 80 }\n"
                         "record Deep { path: int }\n"
                         "enum Zone { north, east }\n"
                         "enum Far { west }\n"
                         "fn twice(n: int) -> int { return n * 2 }\n"
                         "domain A {\n"
                         "    state { n: int  f: float  s: string  b: bool  t: duration\n"
                         "            l: list<int>  m: map<string>  z: Zone }\n"
                         "    goal G { predicate n == 1 }\n"
                         "    transition T { step { %s } }\n"
                         "    transition U(a: int) { step { n = a } }\n"
                         "}\n",
                         body);
}

/* Exactly one thing is reported, an error with these words; NULL: nothing. */
static void expect_said(const char *source, bool closed, bool tentative, const char *first,
                        const char *words)
{
    cleanup(buffer_deinit) Buffer found = {0};

    said(source, closed, tentative, &found);
    const char *at = buffer_text(&found);
    if (first == NULL) {
        cr_expect_str_eq(at, "", "%s", source);
        return;
    }
    cr_expect_eq(strncmp(at, first, strlen(first)), 0, "%s:\n%s", source, at);
    cr_expect_not_null(strstr(at, words), "%s:\n%s", source, at);
    const char *only = strstr(at, "[V-");
    cr_expect(only != NULL && strstr(only + 1, "[V-") == NULL, "%s:\n%s", source, at);
}

static void wrong(const char *body, const char *words)
{
    cleanup(free) char *source = program_of(body);

    expect_said(source, true, false, "error[V-ERR-004]: ", words);
}

static void right(const char *body)
{
    cleanup(free) char *source = program_of(body);

    expect_said(source, true, false, NULL, NULL);
}

static void let_wrong(const char *use, const char *words)
{
    cleanup(free) char *body = memory_format("let v = emit Cloud.CreateServer(1) %s", use);

    wrong(body, words);
}

static void let_right(const char *use)
{
    cleanup(free) char *body = memory_format("let v = emit Cloud.CreateServer(1) %s", use);

    right(body);
}

/* ---- effects ---- */

Test(catalog, an_effect_that_the_provider_has_not_is_an_error_with_the_nearest)
{
    wrong("emit Cloud.CreateServr(1)", "provider Cloud (plugin cloud) has no effect CreateServr");
    wrong("emit Cloud.CreateServr(1)", "did you mean CreateServer?");
    wrong("emit Cloud.Explode()", "--provider Cloud=sim");
    wrong("emit Cloud.Move()", "has no effect Ping2");
    wrong("emit Explode()", "no bound provider has an effect Explode");
}

Test(catalog, of_a_provider_that_is_not_known_nothing_is_said)
{
    right("let v = emit Dark.Explode(1, 2, x: 3) n = v.whatever");
    cleanup(free) char *bare = program_of("emit Explode()");
    expect_said(bare, false, false, NULL, NULL);
}

Test(catalog, what_nobody_has_bound_yet_is_a_warning_unless_it_is_spelt_alike)
{
    cleanup(free) char *other = program_of("emit Cloud.Explode()");
    cleanup(free) char *alike = program_of("emit Cloud.CreateServr(1)");
    cleanup(free) char *longer = program_of("emit Cloud.CreateServers2(1)");
    cleanup(free) char *bare = program_of("emit Explode()");

    expect_said(longer, true, true, "error[V-ERR-004]: ", "did you mean CreateServer?");
    free(longer);
    longer = program_of("emit Cloud.CreateAnyServer(1)");
    expect_said(longer, true, true, "warning[V-WRN-030]: ", "of Cloud.CreateAnyServer");
    expect_said(other, true, true, "warning[V-WRN-030]: ", "--provider Cloud=sim");
    expect_said(alike, true, true, "error[V-ERR-004]: ", "did you mean CreateServer?");
    expect_said(bare, true, true, "warning[V-WRN-030]: ", "a provider of Explode");
}

Test(catalog, a_released_effect_needs_no_parameters)
{
    right("release Cloud.CreateServer()");
    wrong("release Cloud.CreateServr()", "did you mean CreateServer?");
}

/* ---- parameters ---- */

Test(catalog, a_parameter_that_is_not_there_is_an_error_with_the_nearest)
{
    wrong("emit Cloud.CreateServer(1, zon: \"north\")",
          "Cloud.CreateServer has no parameter 'zon'");
    wrong("emit Cloud.CreateServer(1, zon: \"north\")", "did you mean zone?");
    wrong("emit Cloud.CreateServer(1, xxxxxxxx: 1)", "there is: size, zone, image");
    wrong("emit Cloud.CreateServer(1, \"north\", 3)", "takes 2 arguments without a name");
    right("emit Cloud.Ping(a: 1, b: \"x\")");
}

Test(catalog, a_missing_parameter_is_an_error_unless_the_binding_gives_it)
{
    wrong("emit Cloud.CreateServer()", "needs the parameter 'size', which is int");
    wrong("emit Cloud.CreateServer(zone: \"north\")", "under `actions:` in the binding file");
    right("emit Cloud.CreateServer(1)");
    right("emit Cloud.CreateServer(size: 1, name: \"x\", idempotency_key: \"y\")");
    right("emit CreateServer(size: 1)");
}

Test(catalog, what_a_binding_gives_in_vain_is_an_error)
{
    wrong("emit Cloud.Given(path: \"/\")",
          "the binding gives Cloud.Given 'pth', which is no parameter of it");
    wrong("emit Cloud.Given(path: \"/\")", "did you mean path?");
}

Test(catalog, an_argument_of_another_type_is_an_error)
{
    wrong("emit Cloud.CreateServer(\"1\")",
          "parameter 'size' of Cloud.CreateServer is int, found string");
    wrong("emit Cloud.CreateServer(1.5)", "is int, found float");
    wrong("emit Cloud.CreateServer(f)", "is int, found float");
    wrong("emit Cloud.CreateServer(1, true)", "is one of \"north\", \"south\", found bool");
    wrong("emit Cloud.CreateServer(1, image: 3)", "is null or string, found int");
    wrong("emit Cloud.CreateServer(1, load: s)", "is float, found string");
    wrong("emit Cloud.CreateServer(t)", "is int, found duration");
    wrong("emit Cloud.CreateServer(1, ports: m)", "is list<int>, found map<string>");
    right("emit Cloud.CreateServer(n, s, image: null, load: n)");
    right("emit Cloud.CreateServer(n, load: f, ports: l, env: m, odd: [[1], [2]])");
}

Test(catalog, a_string_that_is_none_of_the_choices_is_an_error)
{
    wrong("emit Cloud.CreateServer(1, \"east\")", "found \"east\"");
    wrong("emit Cloud.CreateServer(1, Far::west)", "is one of \"north\", \"south\", found Far");
    right("emit Cloud.CreateServer(1, \"${s}\")");
    right("emit Cloud.CreateServer(1, z)");
}

Test(catalog, parts_of_lists_and_maps_are_looked_at)
{
    wrong("emit Cloud.CreateServer(1, ports: [\"80\"])", "is int, found string");
    wrong("emit Cloud.CreateServer(1, env: {A: 1})", "parameter 'env.A' of");
    wrong("emit Cloud.CreateServer(1, health: {path: \"/\", wat: \"3\"})",
          "no parameter 'health.wat'");
    wrong("emit Cloud.CreateServer(1, health: {path: \"/\", wat: \"3\"})", "did you mean wait?");
    wrong("emit Cloud.CreateServer(1, health: {wait: 3})", "needs the parameter 'health.path'");
    wrong("emit Cloud.CreateServer(1, health: Deep(path: 3))", "found Deep");
    right("emit Cloud.CreateServer(1, health: {path: \"/\"}, env: {A: s}, ports: [])");
}

/* ---- results ---- */

Test(catalog, a_member_that_the_result_has_not_is_an_error_with_the_nearest)
{
    let_wrong("s = v.hots", "'v' has no member 'hots'");
    let_wrong("s = v.hots", "did you mean host?");
    let_wrong("emit Log(\"${v.disk.size}\")", "'v.disk' has no member 'size'");
    let_wrong("n = v.port.number", "'v.port' is int, it has no members");
    let_wrong("n = v[\"prt\"]", "has no member 'prt'");
    let_right("s = v.host n = v.port f = v.load emit Log(\"${v.disk.path}\") s = v[\"host\"]");
}

Test(catalog, a_member_that_cannot_be_what_it_is_used_as_is_an_error)
{
    let_wrong("n = v.host", "'v.host' is string, expected int");
    let_wrong("s = v.port", "'v.port' is int, expected string");
    let_wrong("t = v.host", "is string, expected duration");
    let_wrong("if v.port { n = 1 }", "is int, expected bool");
    let_wrong("let x: bool = v.host", "is string, expected bool");
    let_wrong("n = twice(v.host)", "is string, expected int");
    let_wrong("send self U(v.host)", "is string, expected int");
    let_wrong("let p: Deep = v.disk", "expected Deep");
    let_wrong("l = v.tags", "is list<string>, expected list<int>");
    let_right("n = twice(v.port) f = v.port n = v.load z = v.zone let p: Place = v");
}

Test(catalog, operators_take_what_a_member_can_be)
{
    let_wrong("s = v.port + \"x\"", "`+` does not take int and string");
    let_wrong("if v.host == 3 { n = 1 }", "`==` does not take string and int");
    let_wrong("if v.host && b { n = 1 }", "`&&` does not take string and bool");
    let_right(
        "n = v.port + 1 f = v.load * 2.0 if v.load > 3 { n = 1 } if v.host == null { n = 2 }");
}

Test(catalog, a_result_given_on_has_to_fit)
{
    let_wrong("emit Cloud.CreateServer(v.host)",
              "parameter 'size' of Cloud.CreateServer is int, found string");
    let_wrong("emit Cloud.CreateServer(1, env: v.tags)", "is map, found list<string>");
    let_right("emit Cloud.CreateServer(v.port, v.host, ports: [v.port], health: v.disk)");
}

Test(catalog, a_loop_over_a_result_knows_its_items)
{
    let_wrong("for tag in v.tags { n = tag }", "'tag' is string, expected int");
    let_right("for tag in v.tags { s = tag }");
}

Test(catalog, what_is_known_ends_with_its_block_and_with_an_assignment)
{
    let_right("if b { let w = v n = w.port } else { let w = emit Cloud.Ping() n = w.anything }");
    let_wrong("if b { let w = v } else { n = v.host }", "'v.host' is string");
    let_right("let w = v s = w.host");
    let_wrong("let w = v n = w.host", "'w.host' is string");
    right("let v = emit Cloud.CreateServer(1) let w = emit Cloud.Ping() v = w n = v.anything");
}

Test(catalog, what_parallel_makes_is_known_after_it)
{
    wrong("parallel { let v = emit Cloud.CreateServer(1) emit Cloud.Ping() } n = v.host",
          "'v.host' is string, expected int");
    wrong("parallel { let v = emit Cloud.CreateServer() emit Cloud.Ping() }",
          "needs the parameter");
}

Test(catalog, in_an_else_error_is_not_what_it_is_outside)
{
    right("let error = emit Cloud.CreateServer(1)\n"
          "emit Cloud.Ping() else { s = error.message }");
}

/* ---- queries ---- */

Test(catalog, queries_are_checked_as_effects_are)
{
    wrong("if Cloud.laod(\"x\") > 1 { n = 1 }", "provider Cloud (plugin cloud) has no query laod");
    wrong("if Cloud.laod(\"x\") > 1 { n = 1 }", "did you mean load?");
    wrong("if Cloud.load() > 1 { n = 1 }", "Cloud.load needs the parameter 'zone'");
    wrong("if Cloud.load(3) > 1 { n = 1 }", "is string, found int");
    wrong("s = Cloud.load(\"x\")", "is float, expected string");
    right("if Cloud.load(\"x\") > 1 { f = Cloud.load(zone: \"y\") }");
}

/* ---- declared effects ---- */

Test(catalog, a_declared_effect_has_to_give_what_it_says)
{
    expect_said("effect server(size: int) -> int = Cloud.CreateServer\n"
                "domain A { state { n: int } goal G { predicate n == 1 }\n"
                "transition T { step { let v = emit server(1) n = v } } }",
                true, false, "error[V-ERR-004]: ", "it is declared to give int");
}
