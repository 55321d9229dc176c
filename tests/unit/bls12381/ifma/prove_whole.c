/* Whole operations, from memory to memory: whatever the points and scalars, for these counts. */
#include "prove.h"

#include "bls12381/ifma/path_ifma_int.h"

enum { MANY = 19 };

static void g1_mul_sum(void)
{
    static struct bls_fr k[MANY];
    static struct bls_g1_affine a[MANY];
    struct bls_g1 out[MANY];
    bls_ifma_g1_mul_sum_batch(out, k, a, 1, MANY);
    bls_ifma_g1_mul_sum_batch(out, k, a, MANY, 1);
}

static void g1_sum(void)
{
    static struct bls_g1_affine a[MANY];
    struct bls_g1 out[MANY];
    bls_ifma_g1_sum_batch(out, a, 1, MANY);
    bls_ifma_g1_sum_batch(out, a, MANY, 1);
}

static void hash_to_g1(void)
{
    static const uint8_t message[] = "message";
    struct bls_hash_input in[MANY];
    struct bls_g1_affine out[MANY];
    for (int i = 0; i < MANY; i++) {
        in[i] = (struct bls_hash_input){message, sizeof message, message, sizeof message};
    }
    bls_ifma_hash_to_g1_batch(out, in, MANY);
}

static const struct proof whole[] = {
    {"g1_mul_sum_batch", g1_mul_sum, false},
    {"g1_sum_batch", g1_sum, false},
    {"hash_to_g1_batch", hash_to_g1, false},
};
const struct proof_table proofs_whole = PROOF_TABLE(whole);
