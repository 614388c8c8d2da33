#include "lang/type.h"

const char *static_type_name(StaticType type)
{
    switch (type) {
    case STATIC_ERROR:
        return "error";
    case STATIC_INT:
        return "int";
    case STATIC_BOOL:
        return "bool";
    case STATIC_STRING:
        return "string";
    case STATIC_DURATION:
        return "duration";
    case STATIC_ANY:
        return "any";
    }
    return "?";
}

StaticType static_type_of_expr(const TypeExpr *type)
{
    if (type == NULL)
        return STATIC_ERROR;
    switch (type->type) {
    case TYPE_INT:
        return STATIC_INT;
    case TYPE_BOOL:
        return STATIC_BOOL;
    case TYPE_STRING:
        return STATIC_STRING;
    case TYPE_DURATION:
        return STATIC_DURATION;
    }
    return STATIC_ERROR;
}

StaticType static_type_of_value(ValueType type)
{
    switch (type) {
    case VALUE_BOOL:
        return STATIC_BOOL;
    case VALUE_INT:
        return STATIC_INT;
    case VALUE_DURATION:
        return STATIC_DURATION;
    case VALUE_STRING:
        return STATIC_STRING;
    case VALUE_NULL:
    case VALUE_FLOAT:
    case VALUE_LIST:
    case VALUE_OBJECT:
    case VALUE_UNKNOWN:
        return STATIC_ANY;
    }
    return STATIC_ANY;
}

StaticType static_type_of_field(FieldType type)
{
    switch (type) {
    case FIELD_INT:
        return STATIC_INT;
    case FIELD_BOOL:
        return STATIC_BOOL;
    case FIELD_STRING:
        return STATIC_STRING;
    case FIELD_DURATION:
        return STATIC_DURATION;
    case FIELD_ANY:
        return STATIC_ANY;
    }
    return STATIC_ANY;
}

FieldType static_type_to_field(StaticType type)
{
    switch (type) {
    case STATIC_INT:
        return FIELD_INT;
    case STATIC_BOOL:
        return FIELD_BOOL;
    case STATIC_STRING:
        return FIELD_STRING;
    case STATIC_DURATION:
        return FIELD_DURATION;
    case STATIC_ERROR:
    case STATIC_ANY:
        return FIELD_ANY;
    }
    return FIELD_ANY;
}

bool static_type_fits(StaticType found, StaticType expected)
{
    return found == expected || found == STATIC_ERROR || expected == STATIC_ERROR ||
           found == STATIC_ANY || expected == STATIC_ANY;
}

bool static_type_needs_check(StaticType found, StaticType expected)
{
    return found == STATIC_ANY && expected != STATIC_ANY && expected != STATIC_ERROR;
}

bool value_has_type(Value value, StaticType type)
{
    return type == STATIC_ANY || type == STATIC_ERROR || value.type == VALUE_UNKNOWN ||
           static_type_of_value(value.type) == type;
}
