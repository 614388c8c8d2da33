/* What the scripts of the figures cannot do themselves: measure this machine's limits, and read
 * journals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/figures/journal.h"
#include "tests/bench/figures/limits.h"
#include "tests/bench/figures/restart.h"

static int usage(void)
{
    fprintf(stderr, "expected one of: sync FOLDER BYTES, read FILE, slices, ring DOMAINS, start "
                    "PROGRAM ARGUMENT..., journal FOLDER, lateness FOLDER DOMAIN, restart "
                    "FOLDER PROGRAM ARGUMENT...\n");
    return 64;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "sync") == 0 && argc == 4)
        return limit_sync(argv[2], strtoul(argv[3], NULL, 10));
    if (strcmp(what, "read") == 0 && argc == 3)
        return limit_read(argv[2]);
    if (strcmp(what, "slices") == 0 && argc == 2)
        return limit_slices();
    if (strcmp(what, "ring") == 0 && argc == 3)
        return limit_ring(strtoul(argv[2], NULL, 10));
    if (strcmp(what, "start") == 0 && argc > 2)
        return limit_start(argv + 2);
    if (strcmp(what, "journal") == 0 && argc == 3)
        return journal_count(argv[2]);
    if (strcmp(what, "restart") == 0 && argc > 3)
        return restart_measure(argv[2], argv + 3);
    if (strcmp(what, "lateness") == 0 && argc == 4)
        return journal_lateness(argv[2], argv[3]);
    return usage();
}
