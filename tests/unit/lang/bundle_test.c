/* Programs of several files. */
#include "lang/bundle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/memory.h"
#include "lang/program.h"

typedef struct File {
    const char *name;
    const char *text;
} File;

typedef struct Folder {
    const File *files; /* up to one without a name */
    size_t loads;
} Folder;

static int load(void *context, const char *path, Buffer *ret, Error *err)
{
    Folder *folder = context;

    folder->loads++;
    for (const File *file = folder->files; file->name != NULL; file++)
        if (strcmp(file->name, path) == 0) {
            buffer_add_string(ret, file->text);
            return 0;
        }
    return error_set(err, ERROR_PROGRAM, "'%s' is not there", path);
}

/* The first file is the program. */
static Program *compiled(const File *files, size_t *ret_loads)
{
    Folder folder = {.files = files};
    const SourceLoader loader = {.load = load, .context = &folder};
    Program *program =
        program_compile_files(files[0].name, files[0].text, strlen(files[0].text), &loader);

    if (ret_loads != NULL)
        *ret_loads = folder.loads;
    return program;
}

static const Diagnostic *said(const Program *program, const char *code)
{
    for (size_t i = 0; i < program->diagnostics.count; i++)
        if (strcmp(program->diagnostics.items[i].code, code) == 0)
            return &program->diagnostics.items[i];
    return NULL;
}

static void expect_said(const File *files, const char *code, const char *place, const char *summary)
{
    cleanup(program_free) Program *program = compiled(files, NULL);
    const Diagnostic *d = said(program, code);

    cr_expect_not(program->valid);
    cr_assert_not_null(d, "%s", summary);
    SourcePlace at = source_place(&program->source, d->span.start);
    cleanup(free) char *found = memory_format("%s:%u:%u", at.file, at.line, at.column);
    cr_expect_str_eq(found, place);
    cr_expect_not_null(strstr(d->summary, summary), "%s", d->summary);
    cr_expect_eq(program->diagnostics.error_count, 1, "%s", program->diagnostics.items[1].summary);
}

static const char web[] = "import \"net/base.ved\"\n"
                          "domain Web {\n"
                          "    state { port: int }\n"
                          "    goal Set { predicate port == next(PORT) }\n"
                          "    transition Go { port = next(PORT) send Db Note }\n"
                          "}\n";
static const char base[] = "import \"../db.ved\"\n"
                           "export const PORT = 80\n"
                           "export fn next(n: int) -> int { return n + STEP }\n"
                           "const STEP = 1\n"
                           "domain Other { state { n: int } goal G { predicate n >= STEP }\n"
                           "  transition T { n = STEP send Db Note } }\n";
static const char db[] = "export domain Db { state { n: int } transition Note { n += 1 } }\n";

Test(bundle, a_file_sees_what_those_that_it_imports_export)
{
    const File files[] = {{"stacks/web.ved",
                           "import \"db.ved\"\nimport \"net/base.ved\"\n"
                           "domain Web { state { port: int }\n"
                           "goal Set { predicate port == next(PORT) }\n"
                           "transition Go { port = next(PORT) send Db Note } }\n"},
                          {"net/base.ved", base},
                          {"db.ved", db},
                          {NULL, NULL}};
    size_t loads;
    cleanup(program_free) Program *program = compiled(files, &loads);

    cr_assert(program->valid, "%s", program->diagnostics.items[0].summary);
    cr_expect_eq(loads, 2, "each file is read once");
    cr_expect_eq(program->source.file_count, 3);
    cr_expect_str_eq(program->source.files[0].name, "web.ved");
    cr_expect_str_eq(program->source.files[2].path, "stacks/net/base.ved");
    cr_expect_eq(program->domain_count, 3);
    cr_expect_geq(program_find_domain(program, "Other"), 0);
}

Test(bundle, the_text_of_all_files_is_the_same_program)
{
    const File files[] = {{"web.ved", "import \"db.ved\"\nimport \"net/base.ved\"\n"
                                      "domain Web { state { port: int }\n"
                                      "goal Set { predicate port == next(PORT) }\n"
                                      "transition Go { port = next(PORT) send Db Note } }\n"},
                          {"net/base.ved", base},
                          {"db.ved", db},
                          {NULL, NULL}};
    cleanup(program_free) Program *program = compiled(files, NULL);
    cleanup(program_free) Program *again =
        program_compile("web.ved", program->source.text, program->source.size);

    cr_assert(again->valid, "%s", again->diagnostics.items[0].summary);
    cr_expect_str_eq(again->digest, program->digest);
    cr_expect_eq(again->source.file_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_str_eq(again->source.files[i].name, program->source.files[i].name);
        cr_expect_eq(again->source.files[i].start, program->source.files[i].start);
        cr_expect_eq(again->source.files[i].end, program->source.files[i].end);
    }
}

Test(bundle, a_program_without_imports_is_its_own_text)
{
    const File files[] = {{"a.ved", "domain Importer { state { n: int } } // import \"b.ved\"\n"},
                          {NULL, NULL}};
    size_t loads;
    cleanup(program_free) Program *program = compiled(files, &loads);

    cr_expect(program->valid);
    cr_expect_eq(loads, 0);
    cr_expect_str_eq(program->source.text, files[0].text);
    cr_expect_eq(program->source.file_count, 1);
}

Test(bundle, what_is_not_exported_or_imported_is_not_seen)
{
    const File imported_by_another[] = {
        {"web.ved", web}, {"net/base.ved", base}, {"db.ved", db}, {NULL, NULL}};
    const File not_exported[] = {{"a.ved", "import \"b.ved\"\ndomain A { state { n: int }\n"
                                           "goal G { predicate n >= 1 } transition T { n = N } }"},
                                 {"b.ved", "const N = 1\n"},
                                 {NULL, NULL}};
    const File hidden_domain[] = {
        {"a.ved", "import \"b.ved\"\ndomain A { state { n: int } goal G { predicate n >= 1 }\n"
                  "transition T { n = 1 send B Go } }"},
        {"b.ved", "domain B { state { n: int } transition Go { n = 1 } }"},
        {NULL, NULL}};
    const File hidden_type[] = {{"a.ved", "import \"b.ved\"\n"
                                          "domain A { state { r: R n: int }\n"
                                          "goal G { predicate n >= 1 } transition T { n = r.n } }"},
                                {"b.ved", "record R { n: int }\n"},
                                {NULL, NULL}};
    const File hidden_event[] = {
        {"a.ved", "import \"b.ved\"\ndomain A { state { n: int } goal G { predicate n >= 1 }\n"
                  "transition T { n = 1 emit Broadcast(Event::E) } }"},
        {"b.ved", "event E()\ndomain B { state { n: int } on Event::E { n = 1 } }"},
        {NULL, NULL}};
    const File hidden_effect[] = {
        {"a.ved", "import \"b.ved\"\ndomain A { state { n: int } goal G { predicate n >= 1 }\n"
                  "transition T { n = 1 emit make() } }"},
        {"b.ved", "effect make() = Infra.Make"},
        {NULL, NULL}};
    const File of_b = {"b.ved", "domain B { state { n: int } goal G { predicate n >= 1 }\n"
                                "transition Go { n = 1 emit Infra.Make() } }"};
    const File moved_domain[] = {
        {"a.ved",
         "import \"b.ved\"\nmoved domain Old -> B\n"
         "domain A { state { n: int } goal G { predicate n >= 1 } transition T { n = 1 } }"},
        of_b,
        {NULL, NULL}};
    const File moved_place[] = {
        {"a.ved",
         "import \"b.ved\"\nmoved B.To.Make -> B.Go.Make\n"
         "domain A { state { n: int } goal G { predicate n >= 1 } transition T { n = 1 } }"},
        of_b,
        {NULL, NULL}};

    expect_said(imported_by_another, "V-ERR-030", "web.ved:5:44",
                "domain 'Db' is of \"db.ved\", which this file does not import");
    expect_said(not_exported, "V-ERR-030", "a.ved:3:48",
                "name 'N' is of \"b.ved\", which does not export it");
    expect_said(hidden_domain, "V-ERR-030", "a.ved:3:27", "domain 'B' is of \"b.ved\"");
    expect_said(hidden_type, "V-ERR-030", "a.ved:2:23", "type 'R' is of \"b.ved\"");
    expect_said(hidden_event, "V-ERR-030", "a.ved:3:44", "event 'E' is of \"b.ved\"");
    expect_said(moved_domain, "V-ERR-030", "a.ved:2:21", "domain 'B' is of \"b.ved\"");
    expect_said(moved_place, "V-ERR-030", "a.ved:2:20", "domain 'B' is of \"b.ved\"");
    expect_said(hidden_effect, "V-ERR-030", "a.ved:3:27", "effect 'make' is of \"b.ved\"");
}

Test(bundle, files_have_names_of_their_own_but_domains_are_of_the_program)
{
    const File own[] = {{"a.ved", "import \"b.ved\"\nconst N = 1\n"
                                  "domain A { state { n: int }\n"
                                  "goal G { predicate n >= 1 } transition T { n = N } }"},
                        {"b.ved", "const N = \"text\"\ndomain B { state { s: string }\n"
                                  "goal G { predicate s != \"\" } transition T { s = N } }"},
                        {NULL, NULL}};
    const File twice[] = {{"a.ved", "import \"b.ved\"\ndomain A { state { n: int } }"},
                          {"b.ved", "\n\n  domain A { state { s: string } }"},
                          {NULL, NULL}};
    cleanup(program_free) Program *program = compiled(own, NULL);

    cr_expect(program->valid, "%s", program->diagnostics.items[0].summary);
    expect_said(twice, "V-ERR-021", "b.ved:3:10", "domain 'A' is declared twice");
}

/* `N` is another in each file. */
Test(bundle, every_place_sees_the_names_of_its_own_file)
{
    const File files[] = {
        {"a.ved", "import \"b.ved\"\nconst N = \"of a\"\n"
                  "domain A { state { s: string = N c: int = C r: R } goal G { predicate s == N }\n"
                  "transition T { s = N c = f(1) r = R(n: 1) } }\n"
                  "system S { start domain K[N] { s = N } start domain B { n = C } }\n"
                  "environment E { provider P = \"p\" { n: N } }\n"
                  "deploy A to E\n"
                  "test \"t\" { given { A.s = N } expect { eventually A.s == N } }\n"},
        {"b.ved", "const N = 7\nexport const C = N + 1\n"
                  "export record R { n: int m: int = N inner: Hidden = Hidden() }\n"
                  "record Hidden { n: int = N }\n"
                  "export fn f(n: int) -> int { return n + N + g() }\n"
                  "fn g() -> int { return N }\n"
                  "export domain K[k: string] { @version 2 state { s: string n: int = N }\n"
                  "goal G { predicate n == N } every 5s { n = N }\n"
                  "transition T { n = g() s = \"${N}\" } }\n"
                  "migration K 1 -> 2 { n = N }\n"
                  "export domain B { state { n: int } invariant n < N + 10 }\n"},
        {NULL, NULL}};
    cleanup(program_free) Program *program = compiled(files, NULL);
    cleanup(buffer_deinit) Buffer text = {0};

    diagnostics_print(&program->diagnostics, false, &text);
    cr_assert(program->valid, "%s", buffer_text(&text));
    const ProgramDomain *a = &program->domains[program_find_domain(program, "A")];
    const ProgramDomain *b = &program->domains[program_find_domain(program, "B")];
    cr_expect_str_eq(a->fields[0].initial.string->bytes, "of a");
    cr_expect_eq(a->fields[1].initial.integer, 8);
    cr_expect_eq(b->fields[0].initial.integer, 8);
    cr_expect_str_eq(program->starts[0].key->bytes, "of a");
    cr_expect_eq(program->starts[0].fields[1].integer, 7);
    buffer_reset(&text);
    value_encode(&text, a->fields[2].initial);
    cr_expect_str_eq(buffer_text(&text), "{\"n\":0,\"m\":7,\"inner\":{\"n\":7}}");
}

Test(bundle, a_name_has_one_meaning_in_each_file)
{
    const File both[] = {{"a.ved",
                          "import \"b.ved\"\nimport \"c.ved\"\ndomain A { state { n: int }\n"
                          "goal G { predicate n >= N } transition T { n = N } }"},
                         {"b.ved", "export const N = 1\n"},
                         {"c.ved", "export const N = 2\n"},
                         {NULL, NULL}};
    const File own[] = {{"a.ved",
                         "import \"b.ved\"\nimport \"c.ved\"\ndomain A { state { n: int }\n"
                         "goal G { predicate n >= N } transition T { n = N } }\nconst N = 3\n"},
                        {"b.ved", "export const N = 1\n"},
                        {"c.ved", "export const N = 2\n"},
                        {NULL, NULL}};
    cleanup(program_free) Program *program = compiled(own, NULL);

    cr_expect(program->valid, "%s", program->diagnostics.items[0].summary);
    expect_said(both, "V-ERR-021", "a.ved:2:8", "\"b.ved\" and \"c.ved\" both export 'N'");
}

Test(bundle, a_script_is_not_imported)
{
    const File files[] = {{"a.ved", "import \"b.ved\"\ndomain A { state { n: int } }"},
                          {"b.ved", "\nemit Log(\"hello\")"},
                          {NULL, NULL}};

    expect_said(files, "V-ERR-031", "b.ved:2:1", "it cannot be a script");
}

Test(bundle, what_cannot_be_imported_is_said_at_the_import)
{
    const File missing[] = {{"x/a.ved", "import \"b.ved\"\ndomain A { state { n: int } goal G { "
                                        "predicate n >= M } transition T { n = N send B Go } }"},
                            {NULL, NULL}};
    const File deep[] = {{"a.ved", "import \"net/b.ved\"\ndomain A { state { n: int } }"},
                         {"net/b.ved", "// nothing\n  import \"c.ved\"\n"},
                         {NULL, NULL}};
    const File outside[] = {{"a.ved", "import \"net/b.ved\"\ndomain A { state { n: int } }"},
                            {"net/b.ved", "import \"../../c.ved\"\n"},
                            {NULL, NULL}};
    const File absolute[] = {{"a.ved", "import \"/c.ved\"\ndomain A { state { n: int } }"},
                             {NULL, NULL}};

    expect_said(missing, "V-ERR-031", "x/a.ved:1:8",
                "\"b.ved\" cannot be imported: 'b.ved' is not there");
    expect_said(deep, "V-ERR-031", "net/b.ved:2:10", "'net/c.ved' is not there");
    expect_said(outside, "V-ERR-031", "net/b.ved:1:8", "must lead to a file in the folder");
    expect_said(absolute, "V-ERR-031", "a.ved:1:8", "must lead to a file in the folder");
}

Test(bundle, imports_in_a_circle_are_said_with_the_chain)
{
    const File circle[] = {{"a.ved", "import \"b.ved\"\ndomain A { state { n: int } }"},
                           {"b.ved", "import \"c.ved\"\n"},
                           {"c.ved", "import \"b.ved\"\n"},
                           {NULL, NULL}};
    const File itself[] = {{"a.ved", "import \"./a.ved\"\ndomain A { state { n: int } }"},
                           {NULL, NULL}};

    expect_said(circle, "V-ERR-031", "c.ved:1:8", "\"b.ved\" -> \"c.ved\" -> \"b.ved\"");
    expect_said(itself, "V-ERR-031", "a.ved:1:8", "\"a.ved\" -> \"a.ved\"");
}

Test(bundle, one_file_may_be_imported_by_many_but_once_by_each)
{
    const File diamond[] = {{"a.ved",
                             "import \"b.ved\"\nimport \"c.ved\"\n"
                             "domain A { state { n: int } goal G { predicate n >= B + C }\n"
                             "transition T { n = 1 } }"},
                            {"b.ved", "import \"d.ved\"\nexport const B = D\n"},
                            {"c.ved", "import \"d.ved\"\nexport const C = D\n"},
                            {"d.ved", "export const D = 1\n"},
                            {NULL, NULL}};
    const File twice[] = {{"a.ved", "import \"b.ved\"\nimport \"./b.ved\"\n"
                                    "domain A { state { n: int } }"},
                          {"b.ved", "export const B = 1\n"},
                          {NULL, NULL}};
    size_t loads;
    cleanup(program_free) Program *program = compiled(diamond, &loads);

    cr_expect(program->valid, "%s", program->diagnostics.items[0].summary);
    cr_expect_eq(loads, 3);
    expect_said(twice, "V-ERR-021", "a.ved:2:8", "the import of './b.ved' is declared twice");
}

/* Each file imports the next. */
static int load_chain(void *context, const char *path, Buffer *ret, Error *err)
{
    size_t last = *(const size_t *)context;
    size_t number = (size_t)strtoul(path + 1, NULL, 10);

    (void)err;
    if (number < last)
        buffer_add_format(ret, "import \"f%zu.ved\"\n", number + 1);
    return 0;
}

static Program *chain(size_t count)
{
    size_t last = count - 1;
    const SourceLoader loader = {.load = load_chain, .context = &last};
    static const char text[] = "import \"f1.ved\"\ndomain A { state { n: int } }";

    return program_compile_files("f0.ved", text, strlen(text), &loader);
}

Test(bundle, a_program_has_at_most_so_many_files)
{
    cleanup(program_free) Program *full = chain(BUNDLE_FILES_MAX);
    cleanup(program_free) Program *more = chain(BUNDLE_FILES_MAX + 1);

    cr_expect(full->valid, "%s", full->diagnostics.items[0].summary);
    cr_expect_eq(full->source.file_count, BUNDLE_FILES_MAX);
    cr_expect_not(more->valid);
    cr_assert_eq(more->diagnostics.error_count, 1);
    cr_expect_not_null(strstr(more->diagnostics.items[0].summary, "at most 1000 files"));
}

Test(bundle, a_damaged_text_of_several_files_is_refused)
{
    static const char *const texts[] = {
        "// ved files 1\n",
        "// ved files 1\nfile",
        "// ved files 1\n// file 3 a.ved\nabcd\n",
        "// ved files 1\n// file 9 a.ved\nabcd\n",
        "// ved files 1\n// file -1 a.ved\nabcd\n",
        "// ved files 1\n// file 4 \nabcd\n",
        "// ved files 1\n// file 4 a.ved\nabcd\n// file 3 b.ved\nabc",
        "// ved files 1\n// file 18446744073709551615 a.ved\nabcd\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup(program_free) Program *program =
            program_compile("a.ved", texts[i], strlen(texts[i]));
        cr_expect_not(program->valid, "%s", texts[i]);
        cr_assert_eq(program->diagnostics.count, 1, "%s", texts[i]);
        cr_expect_str_eq(program->diagnostics.items[0].code, "V-ERR-012", "%s", texts[i]);
    }
}

Test(bundle, paths_go_from_the_file_that_imports)
{
    static const struct {
        const char *from, *path, *expected; /* NULL: refused */
    } cases[] = {
        {"a.ved", "b.ved", "b.ved"},
        {"x/a.ved", "b.ved", "x/b.ved"},
        {"x/y/a.ved", "../b.ved", "x/b.ved"},
        {"x/a.ved", "./y//b.ved", "x/y/b.ved"},
        {"x/a.ved", "../x/../y/b.ved", "y/b.ved"},
        {"a.ved", "../b.ved", NULL},
        {"x/a.ved", "../../x/b.ved", NULL},
        {"a.ved", "/b.ved", NULL},
        {"a.ved", "", NULL},
        {"a.ved", ".", NULL},
    };
    Arena arena = {0};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *found = bundle_path(&arena, cases[i].from, cases[i].path);
        if (cases[i].expected == NULL)
            cr_expect_null(found, "%s + %s", cases[i].from, cases[i].path);
        else
            cr_expect(found != NULL && strcmp(found, cases[i].expected) == 0, "%s + %s: %s",
                      cases[i].from, cases[i].path, found != NULL ? found : "refused");
    }
    arena_deinit(&arena);
}

Test(bundle, diagnostics_name_the_file_and_its_own_lines)
{
    const File files[] = {{"dir/a.ved", "import \"net/b.ved\"\ndomain A { state { n: int } }"},
                          {"net/b.ved", "\n\ndomain B { state { n: zzz } }"},
                          {NULL, NULL}};
    cleanup(program_free) Program *program = compiled(files, NULL);
    cleanup(buffer_deinit) Buffer text = {0};
    cleanup(buffer_deinit) Buffer json = {0};

    diagnostics_print(&program->diagnostics, false, &text);
    cr_expect_not_null(strstr(buffer_text(&text), "--> dir/net/b.ved:3:23\n"), "%s",
                       buffer_text(&text));
    diagnostics_print_json(&program->diagnostics, &json);
    cr_expect_not_null(strstr(buffer_text(&json),
                              "\"file\":\"dir/net/b.ved\",\"start\":{\"line\":3,\"column\":23,"
                              "\"byte\":24}"),
                       "%s", buffer_text(&json));
}
