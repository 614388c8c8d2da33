/* `moved` lines: what is passed on has the names of the new program before anything else looks at
 * it. The snapshot is the one place where everything has its name. */
#include <string.h>

#include "controller/core/evolution_private.h"
#include "lang/base/json.h"
#include "lang/base/memory.h"

typedef struct Renaming {
    const Program *program;
    Arena *arena;
    Json *snapshot;
    Map followed; /* slices, as text, whose records have gone along with their objects */
    Map present;  /* instances that the snapshot has, by label */
} Renaming;

static void rename_domain(const Renaming *renaming, Json *item, const char *member)
{
    const char *name = json_get_string(item, member, NULL);

    if (name != NULL)
        json_set_string(item, member, program_moved_domain(renaming->program, name));
}

static void rename_each(const Renaming *renaming, Json *list, const char *member)
{
    for (Json *item = json_first(list); item != NULL; item = json_next(item))
        rename_domain(renaming, item, member);
}

/* ---- records ---- */

/* What a cause calls a text of that name: the member of its JSON. NULL: the domain has none. */
static const char *kind_of_where(const Program *program, const char *domain_name, const char *where)
{
    int index = program_find_domain(program, domain_name);
    const ProgramDomain *domain = index >= 0 ? &program->domains[index] : NULL;

    if (domain == NULL)
        return NULL;
    if (domain_find_transition(domain, where) >= 0)
        return "transition";
    for (size_t i = 0; i < domain->handler_count; i++)
        if (strcmp(domain->handlers[i].where, where) == 0)
            return "on";
    for (size_t i = 0; i < domain->timer_count; i++)
        if (strcmp(domain->timers[i].where, where) == 0)
            return "timer";
    return NULL;
}

/* The one place to which all that the slice has emitted goes; false: there is none. */
static bool slice_destination(const Renaming *renaming, const char *domain, const Json *origin,
                              ProgramPlace *ret)
{
    const Json *effects = json_get(origin, "effects");
    const char *where = json_get_string(origin, "where", "");
    bool found = false;

    for (const Json *effect = json_first(effects); effect != NULL; effect = json_next(effect)) {
        ProgramPlace place = program_moved_place(
            renaming->program, (ProgramPlace){domain, where, json_get_string(effect, "effect", "")},
            renaming->arena);
        if (json_get(effect, "uid") == NULL)
            continue; /* it has no object that could go */
        if (found &&
            (strcmp(place.domain, ret->domain) != 0 || strcmp(place.where, ret->where) != 0))
            return false;
        *ret = place;
        found = true;
    }
    return found;
}

static void rename_effects(const Renaming *renaming, const char *domain, const char *where,
                           Json *origin)
{
    for (Json *effect = json_first(json_get(origin, "effects")); effect != NULL;
         effect = json_next(effect)) {
        ProgramPlace place = program_moved_place(
            renaming->program, (ProgramPlace){domain, where, json_get_string(effect, "effect", "")},
            renaming->arena);
        json_set_string(effect, "effect", place.effect);
    }
}

/* A record goes along if the whole slice does, within its domain, and to a text of its kind. */
static void rename_origin(Renaming *renaming, const char *domain, Json *origin)
{
    const char *where = arena_copy_string(renaming->arena, json_get_string(origin, "where", ""));
    Json *cause = json_get(origin, "cause");
    ProgramPlace place = {0};

    for (Json *said = json_first(json_get(origin, "said")); said != NULL; said = json_next(said)) {
        rename_domain(renaming, said, "send");
        rename_domain(renaming, said, "spawn");
    }
    if (!slice_destination(renaming, domain, origin, &place) ||
        strcmp(place.domain, program_moved_domain(renaming->program, domain)) != 0)
        return;
    const char *kind = kind_of_where(renaming->program, place.domain, place.where);
    if (kind == NULL || json_get(cause, kind) == NULL)
        return;
    json_set_string(cause, kind, place.where);
    json_set_string(origin, "where", place.where);
    rename_effects(renaming, domain, where, origin);
    map_put(&renaming->followed,
            arena_format(renaming->arena, "%lld", (long long)json_get_int(origin, "slice", 0)),
            origin);
}

/* ---- instances ---- */

static char *label_make(const Renaming *renaming, const char *domain, const char *key)
{
    return arena_format(renaming->arena, "%s%s%s", domain, key != NULL ? "[" : "",
                        key != NULL ? key : "");
}

static void rename_instance(Renaming *renaming, Json *item)
{
    const char *domain = arena_copy_string(renaming->arena, json_get_string(item, "domain", ""));

    if (json_get_bool(item, "gone", false))
        return;
    rename_domain(renaming, item, "domain");
    rename_each(renaming, json_get(item, "mailbox"), "from");
    rename_each(renaming, json_get(item, "runs"), "from");
    for (Json *letter = json_first(json_get(item, "dead_letters")); letter != NULL;
         letter = json_next(letter))
        rename_domain(renaming, json_get(letter, "message"), "from");
    for (Json *origin = json_first(json_get(item, "origins")); origin != NULL;
         origin = json_next(origin))
        rename_origin(renaming, domain, origin);
    map_put(&renaming->present,
            label_make(renaming, json_get_string(item, "domain", ""),
                       json_get_string(item, "key", NULL)),
            item);
}

/* The domain that a place has moved to may not have started yet. False: it cannot be there. */
static bool instance_provide(Renaming *renaming, const char *name, const char *key)
{
    int index = program_find_domain(renaming->program, name);
    char *label = label_make(renaming, name, key);

    if (index < 0 || (renaming->program->domains[index].key != NULL) != (key != NULL) ||
        (key == NULL && !renaming->program->domains[index].started))
        return false;
    if (map_get(&renaming->present, label) != NULL)
        return true;
    Json *item = json_new_object();
    json_add(item, "domain", json_new_string(name));
    if (key != NULL)
        json_add(item, "key", json_new_string(key));
    json_append(json_get(renaming->snapshot, "domains"), item);
    map_put(&renaming->present, label, item);
    return true;
}

/* ---- objects ---- */

/* It leaves the record of its slice: the next emission of its new place takes it up. */
static void object_leave(Json *object)
{
    json_free(json_detach(object, "origin"));
    if (strcmp(json_get_string(object, "state", ""), "ready") == 0)
        json_set_string(object, "state", "left");
}

/* Where the object is from now on; with another domain its instance has the same key, or none. */
static ProgramPlace object_destination(Renaming *renaming, Json *object, const char *domain)
{
    ProgramPlace was = {domain,
                        arena_copy_string(renaming->arena, json_get_string(object, "where", "")),
                        arena_copy_string(renaming->arena, json_get_string(object, "effect", ""))};
    ProgramPlace is = program_moved_place(renaming->program, was, renaming->arena);
    const char *key = json_get_string(object, "key", NULL);

    if (strcmp(is.domain, domain) == 0 || instance_provide(renaming, is.domain, key))
        return is;
    if (!instance_provide(renaming, is.domain, NULL))
        return was;
    json_free(json_detach(object, "key"));
    return is;
}

static bool has_followed(const Renaming *renaming, const Json *object)
{
    int64_t slice = json_get_int(object, "origin", 0);

    return map_get(&renaming->followed, arena_format(renaming->arena, "%lld", (long long)slice)) !=
           NULL;
}

static void rename_object(Renaming *renaming, Json *object)
{
    if (json_get_bool(object, "gone", false))
        return;
    rename_domain(renaming, object, "domain");
    const char *domain = arena_copy_string(renaming->arena, json_get_string(object, "domain", ""));
    ProgramPlace is = object_destination(renaming, object, domain);
    if (strcmp(is.domain, domain) != 0 ||
        ((strcmp(is.where, json_get_string(object, "where", "")) != 0 ||
          strcmp(is.effect, json_get_string(object, "effect", "")) != 0) &&
         !has_followed(renaming, object)))
        object_leave(object);
    json_set_string(object, "domain", is.domain);
    json_set_string(object, "where", is.where);
    json_set_string(object, "effect", is.effect);
}

/* ---- the whole ---- */

/* They are labels: the name, and the key in brackets. */
static void rename_starts(const Renaming *renaming)
{
    const Json *list = json_get(renaming->snapshot, "system_starts");
    Json *renamed = json_new_array();

    for (const Json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *label = json_string(item, "");
        size_t length = strcspn(label, "[");
        const char *name = arena_copy_bytes(renaming->arena, label, length);
        json_append(renamed, json_new_string(arena_format(
                                 renaming->arena, "%s%s",
                                 program_moved_domain(renaming->program, name), label + length)));
    }
    json_set(renaming->snapshot, "system_starts", renamed);
}

void snapshot_rename(Passage *passage, Json *snapshot)
{
    Renaming renaming = {.program = passage->evolution->program,
                         .arena = &passage->arena,
                         .snapshot = snapshot,
                         .followed = {.borrows = true},
                         .present = {.borrows = true}};

    if (renaming.program->move_count == 0)
        return;
    for (Json *item = json_first(json_get(snapshot, "domains")); item != NULL;
         item = json_next(item))
        rename_instance(&renaming, item);
    for (Json *object = json_first(json_get(snapshot, "objects")); object != NULL;
         object = json_next(object))
        rename_object(&renaming, object);
    rename_each(&renaming, json_get(snapshot, "retained"), "domain");
    rename_starts(&renaming);
    map_deinit(&renaming.followed);
    map_deinit(&renaming.present);
}
