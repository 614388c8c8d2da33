/* What the checker knows of an expression's type before the program runs. */
#ifndef VED_LANG_TYPE_H
#define VED_LANG_TYPE_H

#include <stdbool.h>

#include "lang/ast.h"
#include "lang/program.h"

typedef enum StaticType {
    STATIC_ERROR, /* a mistake that is already reported: fits everything, so that it stays one */
    STATIC_INT,
    STATIC_BOOL,
    STATIC_STRING,
    STATIC_DURATION,
    STATIC_ANY /* an effect's result: fits everything, checked when it is used */
} StaticType;

/* "int", "bool", ... for messages. */
const char *static_type_name(StaticType type);

StaticType static_type_of_expr(const TypeExpr *type); /* NULL gives STATIC_ERROR */
StaticType static_type_of_value(ValueType type);
StaticType static_type_of_field(FieldType type);
FieldType static_type_to_field(StaticType type); /* STATIC_ERROR gives FIELD_ANY */

/* True if a `found` may stand where `expected` is asked for, perhaps with a check at run time. */
bool static_type_fits(StaticType found, StaticType expected);

/* True if such a use needs the check at run time. */
bool static_type_needs_check(StaticType found, StaticType expected);

/* True for a value that has the type, and for an unknown one. */
bool value_has_type(Value value, StaticType type);

#endif
