#include "providers/sim/sim.h"

int main(int argc, char **argv)
{
    static Provider provider;

    sim_init(&provider);
    return provider_main(&provider, argc, argv);
}
