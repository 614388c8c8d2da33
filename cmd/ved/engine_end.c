#include "cmd/ved/engine_end.h"

#include <signal.h>
#include <stdio.h>

ExitReasons engine_failure_reasons(const Engine *engine)
{
    int kind = engine_failure_kind(engine);

    if (engine_counts(engine)->failed == 0)
        return 0;
    return kind == ERROR_AUTH       ? EXIT_BIT(AUTH)
           : kind == ERROR_PROVIDER ? EXIT_BIT(PROVIDER)
           : kind == ERROR_STALE    ? EXIT_BIT(STALE)
                                    : EXIT_BIT(FAILED);
}

ExitReasons engine_end_reasons(const Engine *engine, EngineEnd end)
{
    switch (end) {
    case ENGINE_QUIET:
    case ENGINE_FAILED: /* told and counted by whoever saw it */
        return 0;
    case ENGINE_TIMEOUT:
        return EXIT_BIT(NOT_CONVERGED);
    case ENGINE_INTERRUPTED:
        return engine_signal(engine) == SIGTERM ? EXIT_BIT(TERMINATED) : EXIT_BIT(INTERRUPTED);
    }
    return 0;
}

void engine_end_tell_timeout(const Ui *ui)
{
    if (!ui->mute)
        fprintf(stderr, "the time given by --timeout is over\n");
}
