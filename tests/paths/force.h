/* For tests that must run on the path that BLS12381_PATH names, or fail. */
#ifndef KEYFENCE_TESTS_PATHS_FORCE_H
#define KEYFENCE_TESTS_PATHS_FORCE_H

/* Makes sure that the path which the environment's BLS12381_PATH names is in force, or ends the
 * program with a message and status 1. Without the variable the path is as it was chosen. Under
 * valgrind it takes the scalar paths without asking the processor: valgrind knows ADX's
 * instructions, but its processor does not say so. Linked with force_lanes.c in place of force.c:
 * eight lanes, whatever they are compiled for. Before there are threads. */
void test_force_path(void);

#endif
