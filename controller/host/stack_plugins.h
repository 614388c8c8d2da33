/* The plugins that a state's objects were made with, as the state keeps them beside its members:
 * the core knows provider names only. */
#ifndef VED_HOST_STACK_PLUGINS_H
#define VED_HOST_STACK_PLUGINS_H

#include "controller/host/stack.h"

/* Whether the run needs that provider: for its program, or for what the state holds. */
bool stack_needs(const Stack *stack, const char *name);

/* What was made with another plugin than the one its name is bound to now keeps its own, under a
 * name apart, "Infra@local": the edit replaces it. Nothing of this is durable before the edit is.
 */
void stack_plugins_part(Stack *stack);

/* From here on objects are made with the plugins that names are bound to now. */
void stack_plugins_remember(Stack *stack);

#endif
