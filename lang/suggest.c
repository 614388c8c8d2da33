#include "lang/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_SIZE_MAX 48 /* longer ones are not mistyped, they are something else */
#define CANDIDATES_MAX 2000

Suggestion suggest_begin(const char *wanted)
{
    /* A third of the letters may be wrong. */
    return (Suggestion){.wanted = wanted, .distance = (unsigned)strlen(wanted) / 3 + 1};
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* Letters to insert, drop or change to make one word of the other (Wagner and Fischer, 1974), case
 * aside. */
static unsigned edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned row[NAME_SIZE_MAX + 1];

    for (size_t j = 0; j <= b_size; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            unsigned above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[b_size];
}

void suggest_try(Suggestion *suggestion, const char *candidate)
{
    size_t wanted_size = strlen(suggestion->wanted), size = strlen(candidate);

    if (wanted_size > NAME_SIZE_MAX || size > NAME_SIZE_MAX || wanted_size == 0)
        return;
    unsigned distance = edit_distance(suggestion->wanted, wanted_size, candidate, size);
    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->best = candidate;
    }
}

void suggest_try_map(Suggestion *suggestion, const Map *names)
{
    size_t tried = 0;

    for (MapEntry *e = map_next(names, NULL); e != NULL && tried < CANDIDATES_MAX;
         e = map_next(names, e), tried++)
        suggest_try(suggestion, e->key);
}
