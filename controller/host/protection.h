/* What a state knows to be protected. By its program it is from the text; by bindings it is from a
 * note beside the plugin's name, since the bindings of a run are no longer those that its objects
 * were applied with.
 *
 * Protection ends with the edit that takes it away, not before: what was protected when that edit
 * began is spared by all of it. */
#ifndef VED_HOST_PROTECTION_H
#define VED_HOST_PROTECTION_H

#include "controller/host/stack.h"

/* The effects that the binding protects, as a list of names; NULL: none. */
Json *protection_note(const ProviderConfig *provider);

/* The uids of all objects that the program of `runtime` protects, or that one of `notes` – by
 * provider, the list in its member `protect` – does. */
void protection_find(const Runtime *runtime, const Json *notes, Map *ret);

/* 0, or ERROR_DENIED with a sentence that names the first object that a destroy would destroy
 * although it is protected: by the state, or by the bindings of this run. */
int protection_check_destroy(const Stack *stack, Error *err);

#endif
