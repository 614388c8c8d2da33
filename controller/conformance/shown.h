/* A trial's outcome for people and machines: bounded, and without what must not be shown. */
#ifndef VED_CONFORMANCE_SHOWN_H
#define VED_CONFORMANCE_SHOWN_H

#include "controller/conformance/trial.h"

/* As SuiteReport is given it. The caller frees it. */
Json *shown_result(const Trial *trial);

#endif
