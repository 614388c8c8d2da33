#include <string.h>

#include <criterion/criterion.h>

#include "controller/conformance/rule.h"

Test(rule, numbers_rise_and_are_given_once)
{
    int last = 0;

    cr_assert_not_null(rule_at(0));
    for (size_t i = 0; rule_at(i) != NULL; i++) {
        cr_expect_gt(rule_at(i)->number, last, "%s", rule_at(i)->word);
        last = rule_at(i)->number;
    }
}

Test(rule, is_known_by_number_word_and_name)
{
    const Rule *rule = rule_at(0);
    char name[RULE_NAME_SIZE];

    rule_name(rule, name);
    cr_expect_str_eq(name, "VPP-001 handshake-is-complete");
    cr_expect(rule_is(rule, "VPP-001"));
    cr_expect(rule_is(rule, "handshake-is-complete"));
    cr_expect(rule_is(rule, "VPP-001 handshake-is-complete"));
    cr_expect_not(rule_is(rule, "VPP-002"));
    cr_expect_not(rule_is(rule, "handshake"));
    cr_expect_not(rule_is(rule, ""));
}

Test(rule, has_a_name_of_its_own_and_a_sentence)
{
    for (size_t i = 0; rule_at(i) != NULL; i++) {
        const char *sentence = rule_at(i)->sentence;
        cr_expect_eq(sentence[strlen(sentence) - 1], '.', "%s", rule_at(i)->word);
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(rule_at(i)->word, rule_at(j)->word);
    }
}
