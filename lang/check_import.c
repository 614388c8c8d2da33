/* Files of a program and what they see of each other: each sees what those that it imports itself
 * export. Imports go one way. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lang/base/buffer.h"
#include "lang/bundle.h"
#include "lang/check.h"

#define IMPORT_KEY_SIZE 32

static void import_key(uint32_t module, uint32_t imported, char key[IMPORT_KEY_SIZE])
{
    snprintf(key, IMPORT_KEY_SIZE, "%" PRIu32 " %" PRIu32, module, imported);
}

static const char *file_name(const Checker *checker, uint32_t module)
{
    const Source *source = checker->model->ast->source;

    return module < source->file_count ? source->files[module].name : source->name;
}

/* ---- what is imported ---- */

/* Whoever looked for the files has said what is wrong with those that are not there. */
static void report_missing(Checker *checker, const Import *import)
{
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-031", import->path.span,
                                 "file \"%s\" is not there", import->path.text);

    d->consequence = "the program was given without the files that it imports";
}

static void declare_import(Checker *checker, Import *import, const Map *files)
{
    Model *model = checker->model;
    char key[IMPORT_KEY_SIZE];

    if (import->path.text == NULL)
        return;
    const char *path =
        bundle_path(checker->arena, file_name(checker, import->module), import->path.text);
    int file = model_find(files, path);
    if (file < 0) {
        model->import_failed = true;
        report_missing(checker, import);
        return;
    }
    import->imported = (uint32_t)file;
    import_key(import->module, import->imported, key);
    const Import *first = map_put(&model->imports, key, import);
    if (first != NULL)
        check_taken(checker, "the import of", import->path, first->path.span);
}

/* ---- cycles ---- */

typedef struct FileWalk {
    Checker *checker;
    Import **imports;      /* in the order of the files they stand in */
    const uint32_t *first; /* of each file: its first among them; one more than there are files */
    const Import **path;   /* that led to the file that is looked at */
    size_t depth;
    enum { FILE_NEW, FILE_OPEN, FILE_DONE } * states;
} FileWalk;

static void report_cycle(FileWalk *walk, const Import *last)
{
    Checker *checker = walk->checker;
    size_t from = walk->depth;
    Buffer chain = {0};

    while (from > 0 && walk->path[from - 1]->imported != last->imported)
        from--;
    buffer_add_format(&chain, "\"%s\"", file_name(checker, last->imported));
    for (size_t i = from; i < walk->depth; i++)
        buffer_add_format(&chain, " -> \"%s\"", file_name(checker, walk->path[i]->imported));
    buffer_add_format(&chain, " -> \"%s\"", file_name(checker, last->imported));
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-031", last->path.span,
                                 "these files import each other: %s", buffer_text(&chain));
    buffer_deinit(&chain);
    d->remedy = "put what both need into a third file, and import that from both";
}

/* No deeper than there are files. */
static void walk_file(FileWalk *walk, uint32_t file)
{
    walk->states[file] = FILE_OPEN;
    for (uint32_t i = walk->first[file]; i < walk->first[file + 1]; i++) {
        const Import *import = walk->imports[i];
        if (walk->states[import->imported] == FILE_OPEN)
            report_cycle(walk, import);
        if (walk->states[import->imported] != FILE_NEW)
            continue;
        walk->path[walk->depth++] = import;
        walk_file(walk, import->imported);
        walk->depth--;
    }
    walk->states[file] = FILE_DONE;
}

/* The parser reads one file after the other, so imports stand in the order of their files. */
static void check_cycles(Checker *checker, size_t file_count)
{
    Model *model = checker->model;
    uint32_t *first = arena_array(checker->arena, uint32_t, file_count + 1);
    size_t count = 0, capacity = 0;
    Import **imports = NULL;

    for (Import *import = model->ast->imports; import != NULL; import = import->next) {
        arena_reserve_one(checker->arena, imports, count, capacity);
        imports[count++] = import;
        first[import->module + 1] = (uint32_t)count;
    }
    for (size_t i = 1; i <= file_count; i++)
        if (first[i] < first[i - 1])
            first[i] = first[i - 1];
    FileWalk walk = {.checker = checker,
                     .imports = imports,
                     .first = first,
                     .path = arena_array(checker->arena, const Import *, file_count),
                     .states = arena_alloc(checker->arena, file_count * sizeof *walk.states)};
    for (uint32_t i = 0; i < file_count; i++)
        if (walk.states[i] == FILE_NEW)
            walk_file(&walk, i);
}

void declare_imports(Checker *checker)
{
    const Source *source = checker->model->ast->source;
    Map files = {0};

    for (size_t i = 0; i < source->file_count; i++)
        name_declare(&files, source->files[i].name, i);
    for (Import *import = checker->model->ast->imports; import != NULL; import = import->next)
        declare_import(checker, import, &files);
    map_deinit(&files);
    if (!checker->model->import_failed && checker->model->ast->imports != NULL)
        check_cycles(checker, source->file_count);
}

/* ---- what is visible ---- */

/* By which this file imports the other; NULL: it does not. */
static const Import *import_of(const Checker *checker, uint32_t imported)
{
    char key[IMPORT_KEY_SIZE];

    import_key(checker->module, imported, key);
    return map_get(&checker->model->imports, key);
}

static bool is_visible(const Checker *checker, const Declared *declared)
{
    return declared->module == checker->module ||
           (declared->exported && import_of(checker, declared->module) != NULL);
}

bool check_visible(Checker *checker, Name use, const char *what, const Declared *declared,
                   Span where)
{
    if (is_visible(checker, declared))
        return true;
    const char *file = file_name(checker, declared->module);
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-030", use.span,
                                 declared->exported ? "%s '%s' is of \"%s\", which this file does "
                                                      "not import"
                                                    : "%s '%s' is of \"%s\", which does not "
                                                      "export it",
                                 what, use.text, file);
    check_note(checker, d, where, "it is declared here");
    d->remedy = declared->exported
                    ? "write `import` with the path of that file at the top of this one"
                    : "write `export` before it there, or keep to what the file exports";
    return false;
}

/* Once for each: whatever uses the name means the one or the other. */
static void report_clash(Checker *checker, const Declaration *one, Declaration *other)
{
    if (other->clashes || checker->muted)
        return;
    other->clashes = true;
    Diagnostic *d = check_report(checker, SEVERITY_ERROR, "V-ERR-021",
                                 import_of(checker, other->declared->module)->path.span,
                                 "\"%s\" and \"%s\" both export '%s'",
                                 file_name(checker, one->declared->module),
                                 file_name(checker, other->declared->module), one->name);
    check_note(checker, d, one->span, "one is declared here");
    check_note(checker, d, other->span, "the other here");
    d->remedy = "rename one of them, or import one of the files only";
}

static Declaration *own_declaration(const Checker *checker, Declaration *first)
{
    for (Declaration *d = first; d != NULL; d = d->next)
        if (d->declared->module == checker->module)
            return d;
    return NULL;
}

/* The one that is exported to the file; two are one too many. */
static Declaration *imported_declaration(Checker *checker, Declaration *first)
{
    Declaration *found = NULL;

    for (Declaration *d = first; d != NULL; d = d->next) {
        if (!is_visible(checker, d->declared))
            continue;
        if (found != NULL)
            report_clash(checker, d, found);
        found = d;
    }
    return found;
}

/* The file's own, else what is exported to it. */
const Declaration *declaration_in(Checker *checker, const Map *names, const char *name)
{
    Declaration *first = name == NULL ? NULL : map_get(names, name);
    Declaration *found = own_declaration(checker, first);

    if (found == NULL)
        found = imported_declaration(checker, first);
    if (found != NULL)
        found->used = true;
    return found;
}

const Declaration *declaration_find(Checker *checker, const char *name)
{
    return declaration_in(checker, &checker->model->names, name);
}
