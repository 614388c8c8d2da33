#include "controller/conformance/rule.h"

#include <stdio.h>
#include <string.h>

#include "lang/base/macros.h"

static const Rule rules[] = {
#define RULE(number, word, capability, needs, sentence)                                            \
    {number, #word, capability, needs, sentence, rule_##word},
#include "controller/conformance/rule.def"
#undef RULE
};

const Rule *rule_at(size_t index)
{
    return index < ARRAY_SIZE(rules) ? &rules[index] : NULL;
}

void rule_name(const Rule *rule, char ret[RULE_NAME_SIZE])
{
    snprintf(ret, RULE_NAME_SIZE, "VPP-%03d %s", rule->number, rule->word);
    for (char *c = ret; *c != '\0'; c++)
        if (*c == '_')
            *c = '-';
}

bool rule_is(const Rule *rule, const char *text)
{
    char name[RULE_NAME_SIZE];
    size_t number_size = strlen("VPP-000");

    rule_name(rule, name);
    return strcmp(text, name) == 0 || strcmp(text, name + number_size + 1) == 0 ||
           (strlen(text) == number_size && strncmp(text, name, number_size) == 0);
}
