/* What the objects of an engine have in common: labels that say whose they are, names made of their
 * uid, and the words for what is somebody else's. */
#ifndef VED_DOCKER_OBJECT_H
#define VED_DOCKER_OBJECT_H

#include "providers/docker/docker.h"

#define OBJECT_NAME_SIZE 128

/* {ved.uid, ved.lineage, ved.address, ved.effect} and those of the arguments. The caller owns it.
 */
Json *object_labels(const ProviderRequest *request, const Json *given);

/* Do engines take it as a name: letters, digits, '_', '.' and '-', the first a letter or digit? */
bool object_name_is_valid(const char *name);

/* The name in the arguments, or the one that the program gave the object, or KIND-UID, shortened.
 */
void object_name(const ProviderRequest *request, const char *kind, char ret[OBJECT_NAME_SIZE]);

/* Whose is what stands under a name: 0: this request's object's, or it may be taken over by it;
 * -1: NOT_OWNED or CLAIMED, with the command that takes it over. `kind` is its word for people. */
int object_check_owner(const ProviderRequest *request, const char *kind, const char *name,
                       const Json *labels, ProviderProblem *problem);

#endif
