#include "exit_code.h"

#include "lang/base/error.h"

static const struct {
    int code;
    const char *name;
    const char *text;
} exits[EXIT_REASON_COUNT] = {
#define EXIT(id, code, name, text) {code, name, text},
#include "cmd/ved/exit_code.def"
#undef EXIT
};

static ExitReason gravest(ExitReasons reasons)
{
    for (int i = 0; i < EXIT_REASON_COUNT; i++)
        if (reasons & (1U << i))
            return (ExitReason)i;
    return EXIT_OK;
}

int exit_code(ExitReasons reasons)
{
    return exits[gravest(reasons)].code;
}

const char *exit_name(ExitReasons reasons)
{
    return exits[gravest(reasons)].name;
}

ExitReasons exit_reason_of_error(int code)
{
    if (code == 0)
        return 0;
    switch ((ErrorKind)code) {
    case ERROR_FAILED:
        return EXIT_BIT(FAILED);
    case ERROR_DENIED:
        return EXIT_BIT(DENIED);
    case ERROR_STALE:
        return EXIT_BIT(STALE);
    case ERROR_DECLINED:
        return EXIT_BIT(DECLINED);
    case ERROR_USAGE:
        return EXIT_BIT(USAGE);
    case ERROR_PROGRAM:
        return EXIT_BIT(PROGRAM);
    case ERROR_PROVIDER:
        return EXIT_BIT(PROVIDER);
    case ERROR_INTERNAL:
        return EXIT_BIT(INTERNAL);
    case ERROR_STATE:
        return EXIT_BIT(STATE);
    case ERROR_LOCKED:
        return EXIT_BIT(LOCKED);
    case ERROR_AUTH:
        return EXIT_BIT(AUTH);
    }
    return EXIT_BIT(STATE); /* -errno: files are what we ask of the system */
}

void exit_codes_print(Buffer *ret)
{
    for (int code = 0; code < 256; code++)
        for (int i = 0; i < EXIT_REASON_COUNT; i++)
            if (exits[i].code == code)
                buffer_add_format(ret, "  %3d  %-16s %s\n", code, exits[i].name, exits[i].text);
}
