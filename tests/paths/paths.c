/* Prints the paths of the arithmetic that this build has, the best first, and whether this machine
 * supports each: `NAME yes` or `NAME no`. */
#include "bls12381/path_int.h"

#include <stdio.h>

int main(void)
{
    for (size_t i = 0; i < bls_path_choice_count; i++) {
        const char *name = bls_path_choices[i].name;
        (void)printf("%s %s\n", name, bls_path_supported(name) ? "yes" : "no");
    }
    return 0;
}
