/* Edits of a state by hand, made durable: what the verbs that are no run of a program do.
 *
 * The stack must be open for change; what is asked of a provider needs it connected. */
#ifndef VED_HOST_STATE_EDIT_H
#define VED_HOST_STATE_EDIT_H

#include "controller/core/manual.h"
#include "controller/host/stack.h"

/* Make the edit, audit it – as of that command line – and journal it. On failure the state on disk
 * is as it was; outcomes are those of manual_edit(), or of writing. */
int stack_edit(Stack *stack, const ManualEdit *edit, const char *command, Error *err);

/* Fold the journal into a checkpoint and mark the orderly stop, after the last edit of a process
 * that does nothing else. */
int stack_edit_finish(Stack *stack, Error *err);

/* What is known outside as `external_id`: {"external_id","state","desired"} as the provider gave
 * it, the caller's. ERROR_USAGE: it knows no such thing; ERROR_PROVIDER: it cannot say; or
 * STACK_INTERRUPTED. */
int stack_lookup(Stack *stack, const Seat *seat, const char *external_id, Json **ret, Error *err);

/* In the audit and for machines: "forget", "replace", "move" ... */
const char *manual_kind_name(ManualKind kind);

#endif
