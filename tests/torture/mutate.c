/* mutate COUNT SEED FOLDER...: programs that somebody has spoiled.
 *
 * Takes the .ved files of the folders, changes each copy in a few random ways, and compiles it: no
 * input may crash the compiler, keep it busy or make it leak. Those that still parse are formatted:
 * that must keep their tree, and formatting again must change nothing. The same seed makes the same
 * programs; a finding is left beside the seed that made it. To be built with the sanitizers. */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lang/ast.h"
#include "lang/base/file.h"
#include "lang/base/memory.h"
#include "lang/program.h"
#include "tests/lib/lang/ast_dump.h"

#define PROGRAMS_MAX 4000
#define CHANGES_MAX 6
#define PROGRAM_SECONDS 10 /* one that takes longer is a hang */
#define PROGRAM_SIZE_MAX (64 * 1024)

typedef struct Corpus {
    Buffer texts[PROGRAMS_MAX];
    size_t count;
} Corpus;

static const char *const tokens[] = {
#define TOKEN(name, text) text,
#include "lang/token.def"
    "0",
    "1",
    "9223372036854775807",
    "1.5",
    "\"x\"",
    "\"${",
    "}\"",
    "x",
    "Event::E",
    "Infra.Create()",
    "list<int>",
    "T?",
    "D[\"k\"]",
    "@version 2",
    "5m",
    "emit Log(1)",
    "_ =>",
    "=> { }",
    "when",
    "message",
    "@allow(",
    "// c",
    "/* c */",
    "\n",
    "\xc3\xa9",
    "\xff",
    "retries",
    "self",
};

static const Buffer *trying; /* what is compiled just now */
static uint64_t trying_seed;

/* ---- chance (splitmix64, public domain, Vigna) ---- */

static uint64_t chance(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(chance(state) % limit);
}

/* ---- spoiling ---- */

typedef struct Spoiler {
    const Corpus *corpus;
    uint64_t state;
    Buffer text;
    Buffer next;
} Spoiler;

static void keep(Spoiler *spoiler, size_t from, size_t to)
{
    buffer_add(&spoiler->next, buffer_text(&spoiler->text) + from, to - from);
}

/* A stretch [start, end) of the text, mostly short. */
static void stretch(Spoiler *spoiler, size_t *start, size_t *end)
{
    size_t size = spoiler->text.size, longest = below(&spoiler->state, 8) == 0 ? 400 : 20;

    *start = below(&spoiler->state, size + 1);
    *end = *start + below(&spoiler->state, longest);
    *end = *end < size ? *end : size;
}

static void insert(Spoiler *spoiler, size_t at, size_t to, const char *text, size_t size)
{
    keep(spoiler, 0, at);
    buffer_add_char(&spoiler->next, ' ');
    buffer_add(&spoiler->next, text, size);
    buffer_add_char(&spoiler->next, ' ');
    keep(spoiler, to, spoiler->text.size);
}

/* Goes on with another program from somewhere. */
static void splice(Spoiler *spoiler, size_t at)
{
    const Buffer *other = &spoiler->corpus->texts[below(&spoiler->state, spoiler->corpus->count)];
    size_t from = below(&spoiler->state, other->size + 1);

    keep(spoiler, 0, at);
    buffer_add(&spoiler->next, buffer_text(other) + from, other->size - from);
}

static void change(Spoiler *spoiler)
{
    size_t start, end, size = spoiler->text.size;
    const char *token = tokens[below(&spoiler->state, ARRAY_SIZE(tokens))];
    char byte = (char)below(&spoiler->state, 256);

    stretch(spoiler, &start, &end);
    switch (below(&spoiler->state, 8)) {
    case 0: /* taken out */
        keep(spoiler, 0, start);
        keep(spoiler, end, size);
        break;
    case 1: /* there twice */
        keep(spoiler, 0, end);
        keep(spoiler, start, size);
        break;
    case 2: /* a token more */
        insert(spoiler, start, start, token, strlen(token));
        break;
    case 3: /* another token instead */
        insert(spoiler, start, end, token, strlen(token));
        break;
    case 4: /* another byte */
        insert(spoiler, start, start, &byte, byte != '\0');
        break;
    case 5: /* cut off */
        keep(spoiler, 0, start);
        break;
    case 6: /* moved to another place */
        keep(spoiler, 0, start);
        keep(spoiler, end, size);
        buffer_add(&spoiler->next, buffer_text(&spoiler->text) + start, end - start);
        break;
    default:
        splice(spoiler, start);
    }
    Buffer spent = spoiler->text;
    spoiler->text = spoiler->next;
    spoiler->next = spent;
    buffer_reset(&spoiler->next);
}

static void spoil(Spoiler *spoiler)
{
    const Buffer *chosen = &spoiler->corpus->texts[below(&spoiler->state, spoiler->corpus->count)];
    size_t changes = 1 + below(&spoiler->state, CHANGES_MAX);

    buffer_reset(&spoiler->text);
    buffer_add(&spoiler->text, buffer_text(chosen), chosen->size);
    for (size_t i = 0; i < changes; i++)
        change(spoiler);
    if (spoiler->text.size > PROGRAM_SIZE_MAX)
        spoiler->text.size = PROGRAM_SIZE_MAX;
}

/* ---- what must hold ---- */

/* The tree of a text; false: it has errors. */
static bool dump(const char *text, size_t size, Buffer *ret)
{
    Arena arena = {0};
    Source source = {.name = "mutated.ved", .text = text, .size = size};
    Diagnostics diagnostics;

    diagnostics_init(&diagnostics, &arena, &source);
    const Ast *ast = parse(&source, &arena, &diagnostics);
    bool valid = diagnostics.error_count == 0;
    if (valid)
        ast_dump(ast, ret);
    arena_deinit(&arena);
    return valid;
}

static bool same(const Buffer *a, const Buffer *b)
{
    return a->size == b->size && memcmp(buffer_text(a), buffer_text(b), a->size) == 0;
}

static void format_text(const Buffer *text, Buffer *ret)
{
    Source source = {.name = "mutated.ved", .text = buffer_text(text), .size = text->size};

    format_source(&source, ret);
}

/* NULL, or what is wrong with how it is formatted. */
static const char *format_misfit(const Buffer *text, bool *parses)
{
    cleanup(buffer_deinit) Buffer before = {0};
    cleanup(buffer_deinit) Buffer after = {0};
    cleanup(buffer_deinit) Buffer once = {0};
    cleanup(buffer_deinit) Buffer twice = {0};

    *parses = dump(buffer_text(text), text->size, &before);
    if (!*parses)
        return NULL;
    format_text(text, &once);
    if (!dump(buffer_text(&once), once.size, &after))
        return "formatted, it does not parse";
    if (!same(&before, &after))
        return "formatting changes its tree";
    format_text(&once, &twice);
    return same(&once, &twice) ? NULL : "formatting it again changes it";
}

static void compile(const Buffer *text)
{
    cleanup(buffer_deinit) Buffer out = {0};
    Program *program = program_compile("mutated.ved", buffer_text(text), text->size);

    diagnostics_print(&program->diagnostics, false, &out);
    program_free(program);
}

static void leave(const Buffer *text, uint64_t seed, const char *misfit)
{
    cleanup(free) char *path = memory_format("mutated-%" PRIu64 ".ved", seed);

    printf("not ok %s: seed %" PRIu64 ", left in %s\n", misfit, seed, path);
    file_replace(path, buffer_text(text), text->size, 0644, NULL);
}

/* The process is lost anyway: it leaves what it was lost by. */
static void on_signal(int signal)
{
    leave(trying, trying_seed, signal == SIGALRM ? "keeps the compiler busy" : "crashes it");
    fflush(stdout);
    _exit(2);
}

/* ---- the corpus ---- */

static void corpus_add(Corpus *corpus, const char *folder)
{
    DIR *dir = opendir(folder);
    char path[1024];

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".ved") != 0 || corpus->count == PROGRAMS_MAX)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (file_read(path, PROGRAM_SIZE_MAX, &corpus->texts[corpus->count], NULL) == 0)
            corpus->count++;
    }
    if (dir != NULL)
        closedir(dir);
}

/* The order of a folder is nobody's promise, and the seed must mean the same everywhere. */
static int text_compare(const void *a, const void *b)
{
    const Buffer *left = a, *right = b;

    return strcmp(buffer_text(left), buffer_text(right));
}

int main(int argc, char **argv)
{
    static Corpus corpus;
    Spoiler spoiler = {.corpus = &corpus};
    uint64_t count = argc > 2 ? strtoull(argv[1], NULL, 10) : 0, parsed = 0, wrong = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

    for (int i = 3; i < argc; i++)
        corpus_add(&corpus, argv[i]);
    if (count == 0 || corpus.count == 0) {
        fprintf(stderr, "usage: mutate COUNT SEED FOLDER...\n");
        return 64;
    }
    qsort(corpus.texts, corpus.count, sizeof *corpus.texts, text_compare);
    signal(SIGALRM, on_signal);
    signal(SIGABRT, on_signal);
    trying = &spoiler.text;
    for (uint64_t i = 0; i < count; i++) {
        bool parses;
        trying_seed = seed + i;
        spoiler.state = (seed + i) * 0x2545f4914f6cdd1du;
        alarm(PROGRAM_SECONDS);
        spoil(&spoiler);
        compile(&spoiler.text);
        const char *misfit = format_misfit(&spoiler.text, &parses);
        if (misfit != NULL && wrong++ < 10)
            leave(&spoiler.text, seed + i, misfit);
        parsed += parses;
    }
    buffer_deinit(&spoiler.text);
    buffer_deinit(&spoiler.next);
    for (size_t i = 0; i < corpus.count; i++)
        buffer_deinit(&corpus.texts[i]);
    if (wrong == 0)
        printf("ok %" PRIu64 " spoiled programs, %" PRIu64 " that still parse\n", count, parsed);
    return wrong == 0 && parsed > 0 ? 0 : 1;
}
