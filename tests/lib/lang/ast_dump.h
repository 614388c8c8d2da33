/* A tree as text, without its spans: two sources mean the same if their dumps are equal. */
#ifndef VED_TESTS_AST_DUMP_H
#define VED_TESTS_AST_DUMP_H

#include "lang/ast.h"

void ast_dump(const Ast *ast, Buffer *ret);

#endif
