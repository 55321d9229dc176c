/* What the tests of libcpabe share: scripted randomness, files, and a random policy generator. */
#ifndef TESTS_CPABE_SUPPORT_H
#define TESTS_CPABE_SUPPORT_H

#include "bls12381/bls12381.h"
#include "cpabe/cpabe.h"
#include "hash/blake2b.h"

#include <stddef.h>
#include <stdint.h>

/* Random bytes from a seed, so that a failure repeats. */
struct seeded {
    struct blake2xb stream;
};
struct cpabe_random seeded_random(struct seeded *s, uint64_t seed);
uint64_t seeded_next(struct seeded *s); /* for the test's own choices */
struct bls_fr seeded_scalar(struct seeded *s);

/* The seed: KF_SEED from the environment, or one of the clock; printed either way. */
uint64_t choose_seed(void);

/* A file under KF_SOURCE_ROOT, in malloc'd memory, NUL after it; aborts when there is none. */
uint8_t *read_source_file(size_t *length, const char *path);

/* A random policy over labels l0..l<labels-1> and values v0..v<values-1>, of `leaves` leaves, with
 * negations; its text into out (size bytes are enough for 40 a leaf). */
void random_policy(char *out, size_t size, struct seeded *s, unsigned leaves, unsigned labels,
                   unsigned values);

/* Random attributes over the same names, each label there with probability 3/4. */
struct random_attributes {
    struct cpabe_attribute list[16];
    char text[16][2][16];
    size_t count;
};
void random_attributes_make(struct random_attributes *out, struct seeded *s, unsigned labels,
                            unsigned values);

#endif
