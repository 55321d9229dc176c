/* In a program that links the eight-lane path by itself, with vectors in plain C or with the
 * instructions, and generic code for the rest. */
#include "force.h"

#include "bls12381/ifma/path_ifma_int.h"

void test_force_path(void)
{
    bls_path_ops = &bls_path_ifma;
}
