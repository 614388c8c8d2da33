#include "lang/bundle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lang/base/map.h"
#include "lang/base/memory.h"
#include "lang/lexer.h"

#define MAGIC "// ved files 1\n"
#define FILE_LINE "// file "

/* ---- names ---- */

/* Drop the last part of `a/b`; false: there is none. */
static bool path_up(Buffer *path)
{
    if (path->size == 0)
        return false;
    const char *slash = memrchr(path->bytes, '/', path->size);
    path->size = slash != NULL ? (size_t)(slash - path->bytes) : 0;
    return true;
}

static bool path_add(Buffer *path, const char *part, size_t size)
{
    if (size == 0 || (size == 1 && part[0] == '.'))
        return true;
    if (size == 2 && part[0] == '.' && part[1] == '.')
        return path_up(path);
    if (path->size > 0)
        buffer_add_char(path, '/');
    buffer_add(path, part, size);
    return true;
}

const char *bundle_path(Arena *arena, const char *from, const char *path)
{
    cleanup(buffer_deinit) Buffer result = {0};

    buffer_add_string(&result, from);
    path_up(&result);
    if (path[0] == '/')
        return NULL;
    for (const char *part = path; part != NULL;) {
        const char *slash = strchr(part, '/');
        if (!path_add(&result, part, slash != NULL ? (size_t)(slash - part) : strlen(part)))
            return NULL;
        part = slash != NULL ? slash + 1 : NULL;
    }
    return result.size > 0 ? arena_copy_bytes(arena, buffer_text(&result), result.size) : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* ---- the files of a text ---- */

typedef struct Bundle {
    Arena *arena;
    const char *first_path; /* as the user gave it */
    SourceFile *files;
    size_t count;
    size_t capacity;
} Bundle;

static void bundle_add(Bundle *bundle, const char *name, size_t start, size_t end)
{
    size_t folder = (size_t)(base_name(bundle->first_path) - bundle->first_path);
    const char *path = bundle->count == 0 ? bundle->first_path
                                          : arena_format(bundle->arena, "%.*s%s", (int)folder,
                                                         bundle->first_path, name);

    arena_reserve_one(bundle->arena, bundle->files, bundle->count, bundle->capacity);
    bundle->files[bundle->count++] =
        (SourceFile){.name = name, .path = path, .start = (uint32_t)start, .end = (uint32_t)end};
}

/* One "// file SIZE NAME" line at `*at`; behind it stand the file's bytes and a line break. */
static bool bundle_open_file(Bundle *bundle, const Source *source, size_t *at)
{
    const char *line = source->text + *at, *end = source->text + source->size;
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    char *digits_end;

    if (stop == NULL || strncmp(line, FILE_LINE, strlen(FILE_LINE)) != 0)
        return false;
    uint64_t size = strtoull(line + strlen(FILE_LINE), &digits_end, 10);
    size_t left = (size_t)(end - stop) - 1;
    if (*digits_end != ' ' || digits_end + 1 >= stop || size >= left || stop[1 + size] != '\n')
        return false;
    const char *name =
        arena_copy_bytes(bundle->arena, digits_end + 1, (size_t)(stop - digits_end) - 1);
    size_t start = (size_t)(stop - source->text) + 1;
    bundle_add(bundle, name, start, start + size);
    *at = start + size + 1;
    return true;
}

static bool is_bundle(const char *text, size_t size)
{
    return size >= strlen(MAGIC) && memcmp(text, MAGIC, strlen(MAGIC)) == 0;
}

/* The files of a text; false, and reported: it begins as one of several files and is none. */
static bool bundle_open(Source *source, Diagnostics *diagnostics)
{
    Bundle bundle = {.arena = diagnostics->arena, .first_path = source->name};
    size_t at = strlen(MAGIC);

    if (is_bundle(source->text, source->size))
        while (at < source->size && bundle.count < BUNDLE_FILES_MAX &&
               bundle_open_file(&bundle, source, &at))
            ;
    else
        bundle_add(&bundle, base_name(source->name), 0, at = source->size);
    if (at < source->size || bundle.count == 0) {
        Diagnostic *d = diagnostics_add(diagnostics, SEVERITY_ERROR, "V-ERR-012",
                                        (Span){(uint32_t)at, (uint32_t)at},
                                        "the text is one of several files, and damaged here");
        d->remedy = "take the program from its files again";
        return false;
    }
    source->files = bundle.files;
    source->file_count = bundle.count;
    return true;
}

/* ---- making one ---- */

typedef struct BundleLoad {
    Bundle bundle;
    const SourceLoader *loader;
    Diagnostics *diagnostics;
    Buffer text;
    Map known; /* names of files that are there or could not be read */
    size_t import_count;
    bool full; /* one more would be too many, which is said */
} BundleLoad;

static void report_import(BundleLoad *load, Span span, const char *path, const char *why)
{
    diagnostics_add(load->diagnostics, SEVERITY_ERROR, "V-ERR-031", span,
                    "\"%s\" cannot be imported: %s", path, why);
}

static void append_file(BundleLoad *load, const char *name, const char *text, size_t size)
{
    buffer_add_format(&load->text, FILE_LINE "%zu %s\n", size, name);
    size_t start = load->text.size;
    buffer_add(&load->text, text, size);
    buffer_add_char(&load->text, '\n');
    bundle_add(&load->bundle, name, start, start + size);
}

/* Whether there is room for one more, of that size with its name. */
static bool has_room(BundleLoad *load, Span span, const char *path, size_t size)
{
    const size_t line_max = sizeof FILE_LINE + 24; /* with the number and line breaks */
    const char *why = NULL;

    if (load->bundle.count == BUNDLE_FILES_MAX)
        why = "a program has at most 1000 files";
    else if (size > SOURCE_SIZE_MAX || load->text.size + size + line_max > SOURCE_SIZE_MAX)
        why = "with it the program would be too large";
    if (why == NULL)
        return true;
    if (!load->full)
        report_import(load, span, path, why);
    load->full = true;
    return false;
}

static void load_import(BundleLoad *load, size_t importer, Span span, const char *path)
{
    const char *name = bundle_path(load->bundle.arena, load->bundle.files[importer].name, path);
    cleanup(buffer_deinit) Buffer text = {0};
    Error err = {0};

    if (name == NULL || strpbrk(name, "\n\r") != NULL) {
        report_import(load, span, path,
                      "the path must lead to a file in the folder of the program's first file");
        return;
    }
    if (map_put(&load->known, name, load) != NULL)
        return;
    if (load->loader->load(load->loader->context, name, &text, &err) != 0)
        report_import(load, span, path, err.message);
    else if (has_room(load, span, path, text.size + strlen(name)))
        append_file(load, name, buffer_text(&text), text.size);
}

/* The imports of a file: every `import "PATH"` among its tokens. What else the lexer has to say, it
 * says when the program is parsed. */
static void load_imports(BundleLoad *load, size_t file)
{
    const SourceFile *of = &load->bundle.files[file];
    Arena scratch = {0};
    const char *text = load->text.bytes + of->start;
    Source source = {.name = of->name, .size = of->end - of->start};
    Diagnostics ignored;
    uint32_t start = of->start;
    Lexer lexer;

    if (memmem(text, source.size, "import", 6) == NULL)
        return;
    source.text = arena_copy_bytes(&scratch, text, source.size);
    diagnostics_init(&ignored, &scratch, &source);
    if (source_is_text(&source, &ignored)) {
        lexer_init(&lexer, &source, &scratch, &ignored, NULL);
        Token token;
        for (lexer_next(&lexer, &token); token.kind != TOKEN_END;) {
            bool import = token.kind == TOKEN_IMPORT;
            lexer_next(&lexer, &token);
            if (!import || token.kind != TOKEN_STRING)
                continue;
            load->import_count++;
            load_import(load, file, (Span){start + token.span.start, start + token.span.end},
                        token.text);
        }
    }
    arena_deinit(&scratch);
}

static void source_set(Source *source, Arena *arena, const char *text, size_t size)
{
    source->text = arena_copy_bytes(arena, text, size);
    source->size = size;
}

bool bundle_load(Source *source, const char *text, size_t size, const SourceLoader *loader,
                 Diagnostics *diagnostics)
{
    Arena *arena = diagnostics->arena;
    BundleLoad load = {.bundle = {.arena = arena, .first_path = source->name},
                       .loader = loader,
                       .diagnostics = diagnostics};
    const char *name = base_name(source->name);

    if (loader != NULL && !is_bundle(text, size) && memmem(text, size, "import", 6) != NULL) {
        buffer_add_string(&load.text, MAGIC);
        map_put(&load.known, name, &load);
        append_file(&load, name, text, size);
        for (size_t i = 0; i < load.bundle.count; i++)
            load_imports(&load, i);
        source->files = load.bundle.files;
        source->file_count = load.bundle.count;
    }
    bool several = load.import_count > 0;
    source_set(source, arena, several ? buffer_text(&load.text) : text,
               several ? load.text.size : size);
    map_deinit(&load.known);
    buffer_deinit(&load.text);
    return several || bundle_open(source, diagnostics);
}
