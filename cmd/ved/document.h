/* Results that are documents: a table for people, or one JSON or YAML value. */
#ifndef VED_CMD_DOCUMENT_H
#define VED_CMD_DOCUMENT_H

#include "cmd/ved/ui.h"

#define DOCUMENT_COLUMNS_MAX 7

/* Whether --output says `format`. */
bool document_is_wanted(const Options *options, const char *format);

/* Print as -o json, -o yaml or --json want it; false: a form for people is wanted. */
bool document_print_wanted(Ui *ui, const Options *options, const Json *json);

/* The document itself is the result, also where --json is given. */
void document_print(Ui *ui, const Json *json, bool yaml);

/* A table of an array of objects: their members of those names, which end with NULL, in capitals
 * above. A domain is shown with the key of its instance. */
void document_table(Ui *ui, const char *const columns[DOCUMENT_COLUMNS_MAX], const Json *rows);

#endif
