/* What the files of edits by hand share. Internal: others use manual.h. */
#ifndef VED_CORE_MANUAL_PRIVATE_H
#define VED_CORE_MANUAL_PRIVATE_H

#include "controller/core/manual.h"
#include "controller/core/turn.h"

/* ---- manual_stuck.c: what is stuck goes on. Outcomes as of manual_edit() ---- */

int edit_redeliver(Turn *turn, const ManualEdit *edit, Error *err);
int edit_resume(Turn *turn, const ManualEdit *edit, Error *err);
int edit_resolve(Turn *turn, const ManualEdit *edit, Error *err);

#endif
