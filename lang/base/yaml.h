/* YAML documents as JSON trees. The only user of libyaml.
 *
 * One document; mappings with string keys, sequences, scalars. Plain scalars follow YAML 1.2's core
 * schema (null, true, false, integers, floats); quoted ones are strings. Anchors, aliases, tags and
 * duplicate keys are refused: each would let a small file mean something large or unclear. */
#ifndef VED_BASE_YAML_H
#define VED_BASE_YAML_H

#include "error.h"
#include "json.h"

#define YAML_DEPTH_MAX 64

/* 0, or a negative code with line and column in `err`. The caller frees with json_free(). */
int yaml_parse(const char *text, size_t size, Json **ret, Error *err);

/* The same tree as block-style YAML, which yaml_parse() reads back as an equal tree. */
void yaml_write(Buffer *buffer, const Json *json);

#endif
