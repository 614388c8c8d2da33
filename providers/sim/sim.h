/* A provider that does nothing outside its data folder: for the tutorial, for programs whose
 * provider one does not have, and for counting what reached a provider.
 *
 * It accepts any effect. Objects are files DATA/objects/UID.json, made exactly once however often
 * they are asked for; deleting one by hand is how an object gets lost. Each call that reached it is
 * a line of DATA/calls.ndjson, each change of its world one of DATA/effects.ndjson. What it does
 * wrong and how slowly is said in the config; see providers/sim/README.md. */
#ifndef VED_SIM_SIM_H
#define VED_SIM_SIM_H

#include "providers/sdk/provider.h"

/* Fill `ret`; sim_deinit() frees what its describe() and open() made. */
void sim_init(Provider *ret);
void sim_deinit(Provider *provider);

#endif
