#include "base/secret.h"
#include "hash/blake2b.h"
#include "tkn20_int.h"

#include <stdio.h>
#include <string.h>

void tkn_oracle(struct tkn_oracle *out, const char *label, size_t length)
{
    char dst[] = "a matrix entry [0, 0]";
    enum { LETTER = 0, ROW = 16, COLUMN = 19 };
    for (int i = 0; i < TKN_A_ROWS * TKN_K; i++) {
        dst[ROW] = (char)('0' + i / TKN_K);
        dst[COLUMN] = (char)('0' + i % TKN_K);
        dst[LETTER] = 'a';
        bls_hash_to_g1(&out->u0[i], (const uint8_t *)label, length, (const uint8_t *)dst,
                       sizeof dst - 1);
        dst[LETTER] = 'b';
        bls_hash_to_g1(&out->u1[i], (const uint8_t *)label, length, (const uint8_t *)dst,
                       sizeof dst - 1);
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
