/* Which sharing the attack test was linked with. */
#ifndef TESTS_CPABE_ATTACK_H
#define TESTS_CPABE_ATTACK_H

#include <stdbool.h>

extern const bool sharing_is_broken;

#endif
