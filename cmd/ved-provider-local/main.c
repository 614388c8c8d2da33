#include "providers/local/local.h"

int main(int argc, char **argv)
{
    Local local;
    Provider provider;

    local_init(&local, &provider);
    int code = provider_main(&provider, argc, argv);
    local_deinit(&local);
    return code;
}
