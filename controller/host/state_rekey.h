/* All secrets of a state folder sealed anew, with another key: in journals, checkpoints,
 * half-written ends, and in the folders of epochs that have ended.
 *
 * Numbers, order and everything else in the files stay as they are. Both keys are at hand until the
 * last file is done, so that it may be killed, and done again. */
#ifndef VED_HOST_STATE_REKEY_H
#define VED_HOST_STATE_REKEY_H

#include "controller/host/state_dir.h"

typedef struct RekeyReport {
    size_t files; /* that were written anew */
    size_t lines; /* damaged ones, in which what was sealed before stays so */
    char key[9];  /* the name of the key that all is sealed with now */
    char *origin; /* of that key, for people */
} RekeyReport;

/* The folder is open for change and not recovered; nothing may be done with it afterwards. A state
 * that is damaged, or a secret that does not open, is a failure. The caller calls
 * rekey_report_deinit(). */
int state_rekey(StateDir *dir, RekeyReport *ret, Error *err);

void rekey_report_deinit(RekeyReport *report);
#define rekey_report_deinit_p rekey_report_deinit

#endif
