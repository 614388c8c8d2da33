/* Program, bindings and providers' schemas brought together: what each effect means at this run. */
#ifndef VED_HOST_BIND_H
#define VED_HOST_BIND_H

#include "controller/core/bindings.h"
#include "controller/host/config.h"
#include "controller/host/provider_client.h"
#include "lang/diagnostic.h"

/* Append one sentence, with a line end, for each thing the bindings say that `program` has no use
 * for: a provider or an effect that it never names, a reference to an object that it never makes.
 * Each is most likely a slip of the pen. To be called before config_complete(). */
void bind_misfits(const Program *program, const Config *config, Buffer *ret);

/* Resolve every effect of the program. What its effects, queries and results have that the bound
 * providers have not is reported by program_check_effects(); then ERROR_PROGRAM, and `ret` is
 * untouched. Else 0. `pool` may be NULL where nothing is asked of anybody. */
int bind_program(const Program *program, const Config *config, ProviderPool *pool,
                 Diagnostics *diagnostics, Bindings *ret);

#endif
