#include "controller/host/config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "tests/unit/host/scratch.h"

/* A binding file that says this of one action of Infra. */
static int load(const char *action, Config **ret, Error *err)
{
    cleanup(buffer_deinit) Buffer text = {0};
    char *folder = scratch_make();
    cleanup(free) char *path = scratch_path(folder, "ved.yaml");

    buffer_add_format(&text,
                      "apiVersion: ved.dev/v1\nkind: Bindings\nproviders:\n  Infra:\n"
                      "    plugin: sim\n    actions:\n      Make: %s\n",
                      action);
    scratch_write(path, buffer_text(&text), text.size);
    int code = config_load(path, ret, err);
    scratch_remove(folder);
    return code;
}

static const ActionConfig *action_of(const Config *config)
{
    return config_action(config_provider(config, "Infra"), "Make");
}

Test(config, an_action_can_be_protected)
{
    cleanup(config_free) Config *config = NULL;
    Error err = {0};

    cr_assert_eq(load("{ protect: true, zone: north }", &config, &err), 0, "%s", err.message);
    cr_assert(action_of(config)->protect);
    cr_assert_str_eq(action_of(config)->action, "Make");
    cr_assert_null(json_get(action_of(config)->defaults, "protect"), "it is no parameter");
    cr_assert_str_eq(json_get_string(action_of(config)->defaults, "zone", ""), "north");
}

Test(config, an_action_is_not_protected_unless_that_is_said)
{
    cleanup(config_free) Config *config = NULL, *other = NULL;
    Error err = {0};

    cr_assert_eq(load("{ action: Build }", &config, &err), 0, "%s", err.message);
    cr_assert_not(action_of(config)->protect);
    cr_assert_str_eq(action_of(config)->action, "Build");
    cr_assert_eq(load("{ protect: false }", &other, &err), 0, "%s", err.message);
    cr_assert_not(action_of(other)->protect);
}

Test(config, protect_is_true_or_false)
{
    Config *config = NULL;
    Error err = {0};

    cr_assert_eq(load("{ protect: always }", &config, &err), ERROR_PROGRAM);
    cr_assert_not_null(strstr(err.message, "providers.Infra.actions.Make: expected true or false "
                                           "after `protect:`"),
                       "%s", err.message);
}

Test(config, an_action_is_named_by_a_text)
{
    Config *config = NULL;
    Error err = {0};

    cr_assert_eq(load("{ action: 3 }", &config, &err), ERROR_PROGRAM);
    cr_assert_not_null(strstr(err.message, "expected the name of an action after `action:`"), "%s",
                       err.message);
}
