#include "lang/explain.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/program.h"

static const char *const codes[] = {
#define CODE(code, meaning) code,
#include "lang/codes.def"
};

static bool gives(const Program *program, const char *code)
{
    for (size_t i = 0; i < program->diagnostics.count; i++)
        if (strcmp(program->diagnostics.items[i].code, code) == 0)
            return true;
    return false;
}

static Program *compiled(const char *text)
{
    return program_compile("stack.ved", text, strlen(text));
}

Test(explain, every_code_is_explained_in_the_order_of_the_codes)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        const Explanation *explanation = explanation_at(i);
        cr_assert_not_null(explanation, "%s", codes[i]);
        cr_expect_str_eq(explanation->code, codes[i]);
        cr_expect_eq(explanation_find(codes[i]), explanation);
    }
    cr_expect_null(explanation_at(ARRAY_SIZE(codes)));
}

Test(explain, every_example_of_the_compiler_gives_its_code)
{
    size_t examples = 0;

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        const Explanation *explanation = explanation_at(i);
        if (explanation->prints != NULL)
            continue;
        cleanup(program_free) Program *program = compiled(explanation->example);
        cr_expect(gives(program, explanation->code), "%s", explanation->code);
        for (size_t d = 0; d < program->diagnostics.count; d++)
            cr_expect_str_eq(program->diagnostics.items[d].code, explanation->code);
        examples++;
    }
    cr_expect_eq(examples + 7, ARRAY_SIZE(codes));
}

/* The compiler knows neither providers nor states. */
Test(explain, examples_of_the_host_are_programs_that_print_their_code)
{
    static const char *const said[] = {"V-ERR-003", "V-ERR-004", "V-ERR-007", "V-WRN-021",
                                       "V-WRN-030"};

    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        const Explanation *explanation = explanation_find(said[i]);
        cr_assert_not_null(explanation->prints, "%s", said[i]);
        cr_expect_not_null(strstr(explanation->prints, said[i]));
        cleanup(program_free) Program *program = compiled(explanation->example);
        cr_expect(program->valid, "%s", said[i]);
        cr_expect_not(gives(program, said[i]));
    }
}

Test(explain, examples_of_strict_checks_print_what_is_said)
{
    static const char *const said[] = {"V-WRN-018", "V-WRN-022"};

    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        const Explanation *explanation = explanation_find(said[i]);
        cleanup(program_free) Program *program = compiled(explanation->example);
        cleanup(buffer_deinit) Buffer printed = {0};
        Diagnostics diagnostics;
        diagnostics_init(&diagnostics, &program->arena, &program->source);
        program_check_strict(program, &diagnostics);
        diagnostics_print(&diagnostics, false, &printed);
        cr_expect_str_eq(buffer_text(&printed), explanation->prints);
    }
}

Test(explain, nothing_is_said_of_a_cured_form)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        const Explanation *explanation = explanation_at(i);
        cleanup(program_free) Program *program = compiled(explanation->cured);
        cr_expect(program->valid, "%s", codes[i]);
        cr_expect_eq(program->diagnostics.count, 0, "%s: %s", codes[i],
                     program->diagnostics.count > 0 ? program->diagnostics.items[0].summary : "");
    }
}

Test(explain, codes_are_found_in_either_case_and_others_are_not)
{
    cr_expect_eq(explanation_find("v-err-022"), explanation_find("V-ERR-022"));
    cr_expect_not_null(explanation_find("V-ERR-022"));
    cr_expect_null(explanation_find("V-ERR-02"));
    cr_expect_null(explanation_find(""));
}

Test(explain, what_is_printed_is_short_plain_text)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        cleanup(buffer_deinit) Buffer text = {0};
        explanation_print(explanation_at(i), &text);
        const char *at = buffer_text(&text);
        cr_expect_eq(strncmp(at, codes[i], strlen(codes[i])), 0);
        cr_expect_not_null(strstr(at, "\nThe cure: "));
        for (; *at != '\0'; at++)
            cr_expect(*at == '\n' || (*at >= ' ' && *at <= '~'), "%s: byte %02x", codes[i],
                      (unsigned char)*at);
        cr_expect_lt(text.size, (size_t)4000, "%s", codes[i]);
    }
}
