#include "lang/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_SIZE_MAX 96 /* an address; longer ones are not mistyped, they are something else */
#define CANDIDATES_MAX 2000

Suggestion suggest_begin(const char *wanted)
{
    /* A third of the letters may be wrong. */
    return (Suggestion){.wanted = wanted, .distance = (unsigned)strlen(wanted) / 3 + 1};
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters to insert, drop, change or swap with their neighbour to make one word of the other
 * (Damerau, 1964; each letter is touched once), case aside. */
static unsigned edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][NAME_SIZE_MAX + 1]; /* of the last three letters of `a`, in turn */

    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1,
                             above[j - 1] + !same_letter(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
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
