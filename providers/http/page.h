/* From one page of a list to the next: what is asked for, and when it has come to its end.
 *
 * The rule: an API that names the same page twice is an error, not an endless list; and no list has
 * more pages than the binding allows. */
#ifndef VED_HTTP_PAGE_H
#define VED_HTTP_PAGE_H

#include "providers/http/config.h"

typedef struct PageWalk {
    const ListSpec *spec;
    int64_t pages;  /* that were there */
    int64_t offset; /* items that were there */
    char *at;       /* cursor or URL of the next page; NULL: the first one */
} PageWalk;

/* What to ask for: a URL that the API has named, or NULL and parameters of the query, which the
 * caller frees. */
const char *page_url(const PageWalk *walk);
Json *page_query(const PageWalk *walk);

/* There is another page. */
#define PAGE_MORE 1

/* A page was there: its body, the header Link (NULL: none) and how many items it had. PAGE_MORE, 0
 * at the end, or a negative code. */
int page_next(PageWalk *walk, const Json *body, const char *link, size_t item_count, Error *err);

void page_walk_deinit(PageWalk *walk);
#define page_walk_deinit_p page_walk_deinit

/* The target of rel="next" in a header Link (RFC 8288). The caller frees it; NULL: none. */
char *link_next(const char *link);

#endif
