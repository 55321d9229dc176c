/* The paths of a machine that is not x86-64: portable C alone. */
#include "bls12381/path_int.h"

static bool always(void)
{
    return true;
}

const struct bls_path_choice bls_path_choices[] = {
    {"portable", always, &bls_kernels_portable, &bls_path_portable},
};
const size_t bls_path_choice_count = sizeof bls_path_choices / sizeof bls_path_choices[0];
