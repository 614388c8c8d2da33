#include "providers/http/http.h"

int main(int argc, char **argv)
{
    static Provider provider;

    http_provider_init(&provider);
    return provider_main(&provider, argc, argv);
}
