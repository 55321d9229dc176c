#include "base/secret.h"
#include "hash/blake2b.h"
#include "matrices_int.h"

#include <string.h>

/* The domain separation tags: U0 row by row, then U1. */
enum { TAGS = 2 * TKN_A_ROWS * TKN_K, TAG_BYTES = 21 };
static const char tags[TAGS][TAG_BYTES + 1] = {
    "a matrix entry [0, 0]", "a matrix entry [0, 1]", "a matrix entry [1, 0]",
    "a matrix entry [1, 1]", "a matrix entry [2, 0]", "a matrix entry [2, 1]",
    "b matrix entry [0, 0]", "b matrix entry [0, 1]", "b matrix entry [1, 0]",
    "b matrix entry [1, 1]", "b matrix entry [2, 0]", "b matrix entry [2, 1]",
};

void tkn_oracle(struct tkn_matrices *const *out, const struct tkn_matrix_request *const *in,
                size_t n)
{
    struct bls_hash_input input[MATRICES_AT_ONCE * TAGS] = {0};
    struct bls_g1_affine point[MATRICES_AT_ONCE * TAGS];
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t < TAGS; t++) {
            input[i * TAGS + t] = (struct bls_hash_input){
                (const uint8_t *)in[i]->label, in[i]->length, (const uint8_t *)tags[t], TAG_BYTES};
        }
    }
    bls_hash_uncleared_batch(point, input, n * TAGS);
    for (size_t i = 0; i < n; i++) {
        out[i]->joined = out[i]->cleared = false;
        memcpy(out[i]->u0, point + i * TAGS, sizeof out[i]->u0);
        memcpy(out[i]->u1, point + i * TAGS + TAGS / 2, sizeof out[i]->u1);
    }
}

static enum kf_status read_xof(void *context, uint8_t *out, size_t length)
{
    blake2xb_read(context, out, length);
    return KF_OK;
}

/* A scalar from a stream that cannot fail: 2^38 bytes are left, and a draw is refused with
 * probability below 0.1. Should it fail all the same, the result is zero, as bls_fr_random() leaves
 * it. */
static void scalar_from_xof(struct bls_fr *out, struct blake2xb *x)
{
    struct kf_random source = {read_xof, x};
    if (bls_fr_random(out, &source) != KF_OK) {
        *out = (struct bls_fr){{0}};
    }
}

void tkn_prf(struct bls_fr v0[static 6], struct bls_fr v1[static 6],
             const uint8_t key[static TKN_PRF_KEY_BYTES], const char *label, size_t length)
{
    char entry[] = "m1 matrix entry (0, 0)";
    enum { NUMBER = 1, ROW = 17, COLUMN = 20 };
    struct blake2xb base;
    struct blake2xb x;
    blake2xb_init(&base, BLAKE2XB_LENGTH_UNKNOWN, key, TKN_PRF_KEY_BYTES);
    blake2xb_update(&base, label, length);
    for (int i = 0; i < TKN_A_ROWS * TKN_K; i++) {
        entry[ROW] = (char)('0' + i / TKN_K);
        entry[COLUMN] = (char)('0' + i % TKN_K);
        for (int number = 0; number < 2; number++) {
            entry[NUMBER] = (char)('1' + number);
            x = base;
            blake2xb_update(&x, entry, sizeof entry - 1);
            scalar_from_xof(number == 0 ? &v0[i] : &v1[i], &x);
        }
    }
    blake2xb_clear(&base);
    blake2xb_clear(&x);
}

void tkn_hash_value(struct bls_fr *out, const char *value, size_t length)
{
    static const char key[] = "attribute value hashing";
    struct blake2xb x;
    blake2xb_init(&x, BLAKE2XB_LENGTH_UNKNOWN, (const uint8_t *)key, sizeof key - 1);
    blake2xb_update(&x, value, length);
    scalar_from_xof(out, &x);
}
