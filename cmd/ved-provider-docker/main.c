#include "providers/docker/docker.h"

int main(int argc, char **argv)
{
    Docker docker;
    Provider provider;

    docker_init(&docker, &provider);
    int code = provider_main(&provider, argc, argv);
    docker_deinit(&docker);
    return code;
}
