/* The base field: kernels and what is built on them. The contract is in fp_int.h. */
#include "bls12381/fp_int.h"
#include "bls12381/inverse_int.h"

#include <stdbool.h>

/* t = (t + a b) / 2^64 and *low the limb shifted out; t stays below a + 2^384. Everything is
 * unrolled: the six limbs live in registers. */
static inline void mac_row(uint64_t t[restrict static 6], uint64_t *restrict low,
                           const uint64_t a[restrict static 6], uint64_t b)
{
    bls_u128 x = (bls_u128)a[0] * b + t[0];
    uint64_t carry = (uint64_t)(x >> 64);
    *low = (uint64_t)x;
#pragma GCC unroll 6
    for (int j = 1; j < 6; j++) {
        t[j - 1] = t[j];
        bls_mac(&t[j - 1], a[j], b, &carry);
    }
    t[5] = carry;
}

void bls_portable_fp_mul_wide(struct bls_wide *restrict out, const struct bls_fp *a,
                              const struct bls_fp *b)
{
    uint64_t t[6] = {0};
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        mac_row(t, &out->limb[i], a->limb, b->limb[i]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        out->limb[i + 6] = t[i];
    }
}

/* The products of different limbs once, doubled, and the squares of the limbs. */
void bls_portable_fp_square_wide(struct bls_wide *restrict out, const struct bls_fp *a)
{
    uint64_t t[12] = {0};
#pragma GCC unroll 6
    for (int i = 0; i < 5; i++) {
        uint64_t carry = 0;
#pragma GCC unroll 6
        for (int j = i + 1; j < 6; j++) {
            bls_mac(&t[i + j], a->limb[i], a->limb[j], &carry);
        }
        t[i + 6] = carry;
    }
#pragma GCC unroll 12
    for (int i = 11; i > 0; i--) {
        t[i] = t[i] << 1 | t[i - 1] >> 63;
    }
    uint64_t carry = 0;
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        bls_u128 x = (bls_u128)a->limb[i] * a->limb[i];
        out->limb[2 * i] = bls_adc(t[2 * i], (uint64_t)x, &carry);
        out->limb[2 * i + 1] = bls_adc(t[2 * i + 1], (uint64_t)(x >> 64), &carry);
    }
}

/* Montgomery's reduction, a limb at a time: m is chosen so that the lowest limb of t + m p is 0. */
void bls_portable_fp_reduce_low(uint64_t out[static 6], const uint64_t low[static 6])
{
    uint64_t t[6], zero;
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        t[i] = low[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        mac_row(t, &zero, bls_p, t[0] * bls_p_inv);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        out[i] = t[i];
    }
}

void bls_portable_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w)
{
    uint64_t t[6];
    bls_portable_fp_reduce_low(t, w->limb);
    uint64_t carry = 0;
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        t[i] = bls_adc(t[i], w->limb[i + 6], &carry);
    }
    bls_fp_reduce_once(out->limb, t);
}

void bls_portable_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b)
{
    struct bls_wide w;
    bls_portable_fp_mul_wide(&w, a, b);
    bls_portable_fp_reduce_wide(out, &w);
}

void bls_portable_fp_square(struct bls_fp *out, const struct bls_fp *a)
{
    struct bls_wide w;
    bls_portable_fp_square_wide(&w, a);
    bls_portable_fp_reduce_wide(out, &w);
}

void bls_portable_fp_square_n(struct bls_fp *out, const struct bls_fp *a, size_t n)
{
    bls_portable_fp_square(out, a);
    for (size_t i = 1; i < n; i++) {
        bls_portable_fp_square(out, out);
    }
}

static unsigned exponent_bits(const uint64_t e[static 6], int from, int count)
{
    unsigned v = 0;
    for (int i = from; i < from + count; i++) {
        v |= (unsigned)(e[i / 64] >> (i % 64) & 1) << (i - from);
    }
    return v;
}

/* a^e for a public exponent that is not 0, by windows of up to five bits that begin and end with a
 * one: the odd powers are made first. */
static void fp_pow(struct bls_fp *out, const struct bls_fp *a, const uint64_t e[static 6])
{
    enum { WINDOW = 5 };
    struct bls_fp odd[1 << (WINDOW - 1)], t;
    bls_fp_square(&t, a);
    odd[0] = *a;
    for (int i = 1; i < 1 << (WINDOW - 1); i++) {
        bls_fp_mul(&odd[i], &odd[i - 1], &t);
    }
    bool started = false;
    size_t squarings = 0; /* still to be done */
    int top = 383;        /* the bits above are done */
    while (top >= 0) {
        if (exponent_bits(e, top, 1) == 0) {
            squarings++;
            top--;
            continue;
        }
        int low = top < WINDOW - 1 ? 0 : top - (WINDOW - 1);
        while (exponent_bits(e, low, 1) == 0) {
            low++;
        }
        unsigned digit = exponent_bits(e, low, top - low + 1);
        if (started) {
            bls_fp_square_n(&t, &t, squarings + (size_t)(top - low + 1));
            bls_fp_mul(&t, &t, &odd[digit / 2]);
        } else {
            t = odd[digit / 2];
            started = true;
        }
        squarings = 0;
        top = low - 1;
    }
    if (squarings > 0) {
        bls_fp_square_n(&t, &t, squarings);
    }
    *out = t;
}

/* (a R)^-1 as an integer, times R^3 and divided by R, is a^-1 R. */
void bls_fp_inverse(struct bls_fp *out, const struct bls_fp *a)
{
    struct bls_fp t;
    bls_invert_mod_p(t.limb, a->limb);
    bls_fp_mul(out, &t, &bls_fp_r3);
}

void bls_fp_pow_p_minus_3_over_4(struct bls_fp *out, const struct bls_fp *a)
{
    fp_pow(out, a, bls_p_minus_3_over_4);
}

/* p = 3 modulo 4: a^((p+1)/4) is a root when there is one. */
uint64_t bls_fp_sqrt(struct bls_fp *out, const struct bls_fp *a)
{
    struct bls_fp root, check;
    bls_fp_pow_p_minus_3_over_4(&root, a);
    bls_fp_mul(&root, &root, a);
    bls_fp_square(&check, &root);
    uint64_t found = bls_fp_equal(&check, a);
    *out = root;
    return found;
}

void bls_fp_to_raw(uint64_t out[static 6], const struct bls_fp *a)
{
    struct bls_wide w = {{0}};
    for (int i = 0; i < 6; i++) {
        w.limb[i] = a->limb[i];
    }
    struct bls_fp t;
    bls_fp_reduce_wide(&t, &w);
    for (int i = 0; i < 6; i++) {
        out[i] = t.limb[i];
    }
}

uint64_t bls_fp_sgn0(const struct bls_fp *a)
{
    uint64_t raw[6];
    bls_fp_to_raw(raw, a);
    return kf_ct_mask(raw[0] & 1);
}

uint64_t bls_fp_is_larger_half(const struct bls_fp *a)
{
    uint64_t raw[6];
    bls_fp_to_raw(raw, a);
    uint64_t borrow = 0;
    for (int i = 0; i < 6; i++) {
        (void)bls_sbb(bls_p_minus_1_over_2[i], raw[i], &borrow);
    }
    return kf_ct_mask(borrow);
}

void bls_fp_encode(uint8_t out[static BLS_FP_BYTES], const struct bls_fp *a)
{
    uint64_t raw[6];
    bls_fp_to_raw(raw, a);
    for (int i = 0; i < 6; i++) {
        bls_store_be64(out + 8 * (5 - i), raw[i]);
    }
}

uint64_t bls_fp_decode(struct bls_fp *out, const uint8_t in[static BLS_FP_BYTES])
{
    struct bls_fp t;
    uint64_t borrow = 0;
    for (int i = 0; i < 6; i++) {
        t.limb[i] = bls_load_be64(in + 8 * (5 - i));
        (void)bls_sbb(t.limb[i], bls_p[i], &borrow);
    }
    bls_fp_mul(out, &t, &bls_fp_r2); /* 9.84 p times 0.68 p at most */
    return kf_ct_mask(borrow);
}

void bls_fp_from_64_bytes(struct bls_fp *out, const uint8_t in[static 64])
{
    struct bls_fp high = {{0}}, low = {{0}};
    for (int i = 0; i < 4; i++) {
        high.limb[i] = bls_load_be64(in + 8 * (3 - i));
        low.limb[i] = bls_load_be64(in + 8 * (7 - i));
    }
    bls_fp_mul(&high, &high, &bls_fp_r2);
    bls_fp_mul(&low, &low, &bls_fp_r2);
    bls_fp_mul(&high, &high, &bls_fp_2_256);
    bls_fp_add(out, &high, &low);
}
