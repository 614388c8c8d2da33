#include "providers/docker/image.h"

#include <criterion/criterion.h>
#include <string.h>

#include "lang/base/memory.h"
#include "providers/docker/postgres.h"

Test(image, reference_is_name_and_tag_or_digest)
{
    static const struct {
        const char *reference, *name, *tag, *registry;
    } cases[] = {{"busybox", "busybox", "latest", "docker.io"},
                 {"busybox:1", "busybox", "1", "docker.io"},
                 {"library/busybox:1", "library/busybox", "1", "docker.io"},
                 {"r.example:5000/a/b", "r.example:5000/a/b", "latest", "r.example:5000"},
                 {"r.example:5000/a/b:2", "r.example:5000/a/b", "2", "r.example:5000"},
                 {"localhost/a@sha256:ff", "localhost/a", "sha256:ff", "localhost"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(free) char *name = NULL, *tag = NULL;
        cleanup(free) char *registry = image_registry(cases[i].reference);
        image_reference_split(cases[i].reference, &name, &tag);
        cr_expect_str_eq(name, cases[i].name);
        cr_expect_str_eq(tag, cases[i].tag);
        cr_expect_str_eq(registry, cases[i].registry);
    }
}

static Json *parsed(const char *text)
{
    Json *json = NULL;

    cr_assert_eq(json_parse(text, strlen(text), &json, NULL), 0);
    return json;
}

Test(postgres_image, is_what_was_said_nearest)
{
    static const struct {
        const char *config, *desired, *image;
    } cases[] = {
        {"{}", "{}", "postgres:17"},
        {"{}", "{\"version\":15}", "postgres:15"},
        {"{\"images\":{\"postgres\":\"localhost/pg\"}}", "{\"version\":\"16\"}", "localhost/pg:16"},
        {"{\"images\":{\"postgres\":\"localhost/pg:x\"}}", "{\"version\":\"16\"}",
         "localhost/pg:x"},
        {"{\"images\":{\"postgres\":\"localhost/pg:x\"}}", "{\"image\":\"own\"}", "own"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(json_free) Json *config = parsed(cases[i].config);
        cleanup(json_free) Json *desired = parsed(cases[i].desired);
        cleanup(free) char *image = postgres_image(config, desired);
        cr_expect_str_eq(image, cases[i].image);
    }
}

Test(postgres_image, data_lie_where_its_version_keeps_them)
{
    static const struct {
        const char *desired, *volume;
    } cases[] = {{"{\"version\":15}", "v:/var/lib/postgresql/data"},
                 {"{\"version\":\"18\"}", "v:/var/lib/postgresql"},
                 {"{\"image\":\"pg:18.1\"}", "v:/var/lib/postgresql"},
                 {"{\"image\":\"pg\"}", "v:/var/lib/postgresql/data"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup(json_free) Json *desired = parsed(cases[i].desired);
        cleanup(json_free) Json *arguments =
            postgres_container_arguments(NULL, desired, "db", "v", "pw");
        cr_expect_str_eq(json_string(json_at(json_get(arguments, "volumes"), 0), ""),
                         cases[i].volume, "%s", cases[i].desired);
    }
}

Test(postgres_url, is_encoded)
{
    cleanup(free) char *url = postgres_url("a b", "p@/:", "db", "x");

    cr_expect_str_eq(url, "postgresql://a%20b:p%40%2F%3A@db:5432/x");
}
