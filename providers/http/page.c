#include "providers/http/page.h"

#include <string.h>
#include <strings.h>

#include "lang/base/memory.h"
#include "providers/http/answer.h"
#include "providers/http/pointer.h"

void page_walk_deinit(PageWalk *walk)
{
    free(take(walk->at));
}

const char *page_url(const PageWalk *walk)
{
    bool names = walk->spec->next == NEXT_POINTER || walk->spec->next == NEXT_LINK;

    return names ? walk->at : NULL;
}

/* The number by which the next page is asked for; -1: none. */
static int64_t page_number(const PageWalk *walk)
{
    switch (walk->spec->next) {
    case NEXT_PAGE:
        return walk->spec->first + walk->pages;
    case NEXT_OFFSET:
        return walk->offset;
    case NEXT_NONE:
    case NEXT_POINTER:
    case NEXT_LINK:
    case NEXT_CURSOR:
        return -1;
    }
    return -1;
}

Json *page_query(const PageWalk *walk)
{
    const ListSpec *spec = walk->spec;
    Json *query = json_new_object();
    int64_t number = page_number(walk);

    if (number >= 0)
        json_set_int(query, spec->parameter, number);
    else if (spec->next == NEXT_CURSOR && walk->at != NULL)
        json_set_string(query, spec->parameter, walk->at);
    if (spec->size_parameter != NULL)
        json_set_int(query, spec->size_parameter, spec->size);
    return query;
}

/* ---- the header Link ---- */

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

/* `;name=value` or `;name="value"`, from behind the semicolon; returns where it ends. `is_next` is
 * set if it is a rel that has "next" among its words. */
static const char *link_parameter(const char *at, bool *is_next)
{
    at = skip_space(at);
    bool is_rel = strncasecmp(at, "rel=", 4) == 0;
    at += strcspn(at, "=;,");
    if (*at != '=')
        return at;
    at++;
    bool quoted = *at == '"';
    at += quoted;
    size_t size = strcspn(at, quoted ? "\"" : ";, \t");
    for (size_t i = 0; is_rel && i + 4 <= size; i++)
        if (strncasecmp(at + i, "next", 4) == 0 && (i == 0 || at[i - 1] == ' ') &&
            (i + 4 == size || at[i + 4] == ' '))
            *is_next = true;
    at += size;
    return quoted && *at == '"' ? at + 1 : at;
}

char *link_next(const char *link)
{
    const char *at = link != NULL ? link : "";

    while ((at = strchr(at, '<')) != NULL) {
        const char *target = at + 1, *end = strchr(target, '>');
        bool is_next = false;

        if (end == NULL)
            return NULL;
        for (at = skip_space(end + 1); *at == ';'; at = skip_space(at))
            at = link_parameter(at + 1, &is_next);
        if (is_next)
            return memory_copy_bytes(target, (size_t)(end - target));
    }
    return NULL;
}

/* ---- onwards ---- */

/* Where the answer says that the list goes on; NULL: nowhere. */
static char *named_next(const PageWalk *walk, const Json *body, const char *link)
{
    const ListSpec *spec = walk->spec;

    if (spec->next == NEXT_LINK)
        return link_next(link);
    cleanup(free) char *text = scalar_text(pointer_get(body, spec->pointer));
    return text != NULL && text[0] != '\0' && strcmp(text, "false") != 0 ? take(text) : NULL;
}

static int follow_named(PageWalk *walk, const Json *body, const char *link, Error *err)
{
    cleanup(free) char *next = named_next(walk, body, link);

    if (next == NULL)
        return 0;
    if (walk->at != NULL && strcmp(walk->at, next) == 0)
        return error_set(err, ERROR_PROVIDER,
                         "%s: page %lld names itself as the next one, so the list has no end",
                         walk->spec->request.at, (long long)walk->pages);
    free(walk->at);
    walk->at = take(next);
    return PAGE_MORE;
}

int page_next(PageWalk *walk, const Json *body, const char *link, size_t item_count, Error *err)
{
    const ListSpec *spec = walk->spec;
    bool is_full = item_count > 0 && (spec->size == 0 || (int64_t)item_count >= spec->size);
    int code = 0;

    walk->pages++;
    walk->offset += (int64_t)item_count;
    switch (spec->next) {
    case NEXT_NONE:
        return 0;
    case NEXT_PAGE:
    case NEXT_OFFSET:
        code = is_full ? PAGE_MORE : 0;
        break;
    case NEXT_POINTER:
    case NEXT_LINK:
    case NEXT_CURSOR:
        code = follow_named(walk, body, link, err);
        break;
    }
    if (code == PAGE_MORE && walk->pages >= spec->pages_max)
        return error_set(
            err, ERROR_PROVIDER,
            "%s: the list has more than %lld pages; 'pages_max' says how many are read",
            spec->request.at, (long long)spec->pages_max);
    return code;
}
