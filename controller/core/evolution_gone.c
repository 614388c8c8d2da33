/* Domains that a program has no more, of which objects exist: an instance without text owns these
 * until they are destroyed. */
#include <string.h>

#include "controller/core/evolution_private.h"
#include "controller/core/record.h"
#include "lang/base/memory.h"

/* ---- the domain ---- */

const ProgramDomain *runtime_domain(const Runtime *runtime, uint32_t index)
{
    size_t count = runtime->program->domain_count;

    return index < count ? &runtime->program->domains[index] : runtime->gone[index - count];
}

int runtime_domain_find(const Runtime *runtime, const char *name, bool gone)
{
    if (!gone)
        return program_find_domain(runtime->program, name);
    for (size_t i = 0; i < runtime->gone_count; i++)
        if (strcmp(runtime->gone[i]->name, name) == 0)
            return (int)(runtime->program->domain_count + i);
    return -1;
}

uint32_t runtime_gone_domain(Runtime *runtime, const char *name)
{
    size_t count = runtime->program->domain_count + runtime->gone_count;
    int found = runtime_domain_find(runtime, name, true);

    if (found >= 0)
        return (uint32_t)found;
    DomainEntry *domains = arena_array(&runtime->arena, DomainEntry, count + 1);
    const ProgramDomain **gone =
        arena_array(&runtime->arena, const ProgramDomain *, runtime->gone_count + 1);
    memcpy(domains, runtime->domains, count * sizeof *domains);
    if (runtime->gone_count > 0)
        memcpy(gone, runtime->gone, runtime->gone_count * sizeof *gone);
    gone[runtime->gone_count++] = domain_new_empty(name, &runtime->arena);
    domains[count] = (DomainEntry){.hash = hash_string(name)};
    runtime->domains = domains;
    runtime->gone = gone;
    return (uint32_t)count;
}

/* ---- what is left of one ---- */

static char *label_of(Arena *arena, const Json *item)
{
    const char *key = json_get_string(item, "key", NULL);

    return arena_format(arena, "%s%s%s", json_get_string(item, "domain", ""),
                        key != NULL ? "[" : "", key != NULL ? key : "");
}

/* "event Up, message Take and 3 more" */
static void names_list(const Json *mailbox, Buffer *ret)
{
    static const char *const kinds[] = {"event", "transition", "message", "timer", "report"};
    size_t count = json_count(mailbox), named = 0;

    for (const Json *m = json_first(mailbox); m != NULL && named < 3; m = json_next(m), named++)
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (json_get(m, kinds[i]) != NULL)
                buffer_add_format(ret, "%s%s %s", named > 0 ? ", " : "", kinds[i],
                                  json_get_string(m, kinds[i], ""));
    if (count > named)
        buffer_add_format(ret, " and %zu more", count - named);
}

static void note_mailbox(Passage *passage, const Json *item)
{
    const Json *mailbox = json_get(item, "mailbox");
    cleanup(buffer_deinit) Buffer names = {0};

    if (json_count(mailbox) == 0)
        return;
    names_list(mailbox, &names);
    passage_note(passage,
                 memory_format("domain '%s' is gone, and what waited for it is forgotten: %s",
                               label_of(&passage->scratch, item), buffer_text(&names)));
}

static bool is_kept(const Passage *passage, const Json *item)
{
    const Program *program = passage->evolution->program;
    int index = program_find_domain(program, json_get_string(item, "domain", ""));
    bool keyed = json_get(item, "key") != NULL;

    return index >= 0 && (program->domains[index].key != NULL) == keyed &&
           (keyed || program->domains[index].started);
}

/* Its objects stay under its name, and without records: nothing could compute them again. */
static void objects_bury(Passage *passage, Json *snapshot, const Map *gone)
{
    for (Json *object = json_first(json_get(snapshot, "objects")); object != NULL;
         object = json_next(object)) {
        if (json_get_bool(object, "gone", false) ||
            map_get(gone, label_of(&passage->scratch, object)) == NULL)
            continue;
        json_set_bool(object, "gone", true);
        json_free(json_detach(object, "origin"));
    }
}

/* The newest slice first, as other records fade. */
static void said_collect(Passage *passage, const Json *origins)
{
    for (size_t i = json_count(origins); i-- > 0;) {
        const Json *said = json_get(json_at(origins, i), "said");
        for (const Json *m = json_first(said); m != NULL; m = json_next(m))
            json_append(passage->withdrawn, json_copy(m));
    }
}

static void instance_bury(Json *item)
{
    Json *domain = json_detach(item, "domain"), *key = json_detach(item, "key");

    while (json_first(item) != NULL)
        json_free(json_detach(item, json_key(json_first(item))));
    json_add(item, "domain", domain);
    if (key != NULL)
        json_add(item, "key", key);
    json_add(item, "gone", json_new_bool(true));
}

void snapshot_bury(Passage *passage, Json *snapshot)
{
    Map gone = {.borrows = true};

    passage->withdrawn = json_new_array();
    for (Json *item = json_first(json_get(snapshot, "domains")); item != NULL;
         item = json_next(item)) {
        if (json_get_bool(item, "gone", false) || is_kept(passage, item))
            continue;
        note_mailbox(passage, item);
        said_collect(passage, json_get(item, "origins"));
        map_put(&gone, label_of(&passage->scratch, item), item);
        instance_bury(item);
    }
    if (gone.count > 0)
        objects_bury(passage, snapshot, &gone);
    map_deinit(&gone);
    arena_reset(&passage->scratch);
}

int withdraw_buried(Passage *passage, Error *err)
{
    Emission *said;
    size_t count;
    int code = emissions_decode(passage->new, passage->withdrawn, true, &passage->scratch, &said,
                                &count, err);

    for (size_t i = 0; i < count && code == 0; i++)
        said_withdraw(passage->new, UINT32_MAX, &said[i]);
    arena_reset(&passage->scratch);
    return code;
}

void empty_graves_remove(Passage *passage)
{
    Instance *next;

    for (Instance *i = instance_first(passage->new); i != NULL; i = next) {
        next = instance_next(i);
        if (i->is_gone && i->has->object_count == 0)
            instance_remove(i);
    }
}
