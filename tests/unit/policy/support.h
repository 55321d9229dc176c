/* What the tests of lib/policy share: a repeatable generator, random policies and attributes. */
#ifndef KEYFENCE_TESTS_POLICY_SUPPORT_H
#define KEYFENCE_TESTS_POLICY_SUPPORT_H

#include "policy/policy.h"

#include <stdint.h>

/* SplitMix64: repeatable from a printed seed. */
struct dice {
    uint64_t state;
};

/* Seeds from KF_SEED when it is set, else from `fallback`; prints the seed. */
struct dice dice_seeded(const char *test, uint64_t fallback);
uint64_t dice_next(struct dice *dice);
size_t dice_below(struct dice *dice, size_t bound);

/* Writes a random policy's text over labels a, b, c, ... and values 1, 2, 3, ...; NUL-terminated.
 * Nests at most `depth` levels. */
void random_policy(char *out, size_t capacity, struct dice *dice, size_t labels, size_t values,
                   size_t depth);

/* The policy, which must parse. Free with policy_free. */
struct policy *must_parse(const char *text);

/* Goes through every assignment of `labels` labels (a, b, ...), each missing or with one of the
 * values 1..values. Returns false when all are done. assignment[i] = 0 means missing. */
bool next_assignment(size_t *assignment, size_t labels, size_t values);
size_t assignment_attributes(struct policy_attribute *out, const size_t *assignment, size_t labels);

#endif
