/* What the end of an engine's run means for the exit code. */
#ifndef VED_CMD_ENGINE_END_H
#define VED_CMD_ENGINE_END_H

#include "cmd/ved/exit_code.h"
#include "cmd/ved/ui.h"
#include "controller/host/engine.h"

/* Of what failed for good; 0: nothing did. */
ExitReasons engine_failure_reasons(const Engine *engine);

/* Of what ended the run; 0 for one that is quiet, or whose failure is told elsewhere. */
ExitReasons engine_end_reasons(const Engine *engine, EngineEnd end);

/* Say that --timeout is over. */
void engine_end_tell_timeout(const Ui *ui);

#endif
