#include "force.h"

#include "bls12381/path_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/valgrind.h>

static const struct bls_path_choice *find(const char *name)
{
    for (size_t i = 0; i < bls_path_choice_count; i++) {
        if (strcmp(bls_path_choices[i].name, name) == 0) {
            return &bls_path_choices[i];
        }
    }
    return NULL;
}

void test_force_path(void)
{
    const char *name = getenv("BLS12381_PATH");
    if (name == NULL || strcmp(name, bls_path_name()) == 0) {
        return;
    }
    const struct bls_path_choice *choice = find(name);
    if (choice == NULL || !RUNNING_ON_VALGRIND || strcmp(name, "ifma") == 0) {
        (void)fprintf(stderr, "the path %s cannot be had here; %s is in force\n", name,
                      bls_path_name());
        exit(1);
    }
    bls_kernels = choice->kernels;
    bls_path_ops = choice->ops;
}
