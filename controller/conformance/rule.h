/* What a provider must keep: one rule, one name that never changes, one sentence, one function that
 * tries it. rule.def lists them; docs/conformance.md explains them. */
#ifndef VED_CONFORMANCE_RULE_H
#define VED_CONFORMANCE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/conformance/samples.h"

typedef struct Trial Trial;
typedef void RuleFunction(Trial *trial);

#define RULE(number, word, capability, needs, sentence) RuleFunction rule_##word;
#include "controller/conformance/rule.def"
#undef RULE

/* A set of things a rule cannot be tried without: kinds of samples and these. */
#define NEED(kind) (1u << SAMPLE_##kind)
#define NEED_ACTION (1u << 16)  /* an action in the samples */
#define NEED_QUERY (1u << 17)   /* a query in the samples */
#define NEED_PROCESS (1u << 18) /* a plugin that was started here */

typedef struct Rule {
    int number;
    const char *word;       /* retry_is_one_object */
    const char *capability; /* that the provider must advertise for it; NULL: none */
    uint32_t needs;
    const char *sentence;
    RuleFunction *function;
} Rule;

#define RULE_NAME_SIZE 80

/* In the order of their numbers; NULL past the end. */
const Rule *rule_at(size_t index);

/* "VPP-023 retry-is-one-object". */
void rule_name(const Rule *rule, char ret[RULE_NAME_SIZE]);

/* Whether `text` means the rule: its number, its word, or both as in its name. */
bool rule_is(const Rule *rule, const char *text);

#endif
