/* The base field: kernels and what is built on them. The contract is in fp_int.h. */
#include "bls12381/fp_int.h"

void bls_fp_mul_wide(struct bls_wide *out, const struct bls_fp *a, const struct bls_fp *b)
{
    uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2];
    uint64_t a3 = a->limb[3], a4 = a->limb[4], a5 = a->limb[5];
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0;
    for (int i = 0; i < 6; i++) {
        uint64_t bi = b->limb[i];
        uint64_t carry = 0;
        bls_mac(&t0, a0, bi, &carry);
        bls_mac(&t1, a1, bi, &carry);
        bls_mac(&t2, a2, bi, &carry);
        bls_mac(&t3, a3, bi, &carry);
        bls_mac(&t4, a4, bi, &carry);
        bls_mac(&t5, a5, bi, &carry);
        out->limb[i] = t0;
        t0 = t1;
        t1 = t2;
        t2 = t3;
        t3 = t4;
        t4 = t5;
        t5 = carry;
    }
    out->limb[6] = t0;
    out->limb[7] = t1;
    out->limb[8] = t2;
    out->limb[9] = t3;
    out->limb[10] = t4;
    out->limb[11] = t5;
}

void bls_fp_square_wide(struct bls_wide *out, const struct bls_fp *a)
{
    bls_fp_mul_wide(out, a, a);
}

void bls_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w)
{
    uint64_t t0 = w->limb[0], t1 = w->limb[1], t2 = w->limb[2];
    uint64_t t3 = w->limb[3], t4 = w->limb[4], t5 = w->limb[5];
    for (int i = 0; i < 6; i++) {
        uint64_t m = t0 * bls_p_inv;
        uint64_t carry = 0;
        bls_mac(&t0, m, bls_p[0], &carry);
        bls_mac(&t1, m, bls_p[1], &carry);
        bls_mac(&t2, m, bls_p[2], &carry);
        bls_mac(&t3, m, bls_p[3], &carry);
        bls_mac(&t4, m, bls_p[4], &carry);
        bls_mac(&t5, m, bls_p[5], &carry);
        t0 = t1;
        t1 = t2;
        t2 = t3;
        t3 = t4;
        t4 = t5;
        t5 = carry;
    }
    uint64_t t[6];
    uint64_t carry = 0;
    t[0] = bls_adc(t0, w->limb[6], &carry);
    t[1] = bls_adc(t1, w->limb[7], &carry);
    t[2] = bls_adc(t2, w->limb[8], &carry);
    t[3] = bls_adc(t3, w->limb[9], &carry);
    t[4] = bls_adc(t4, w->limb[10], &carry);
    t[5] = bls_adc(t5, w->limb[11], &carry);
    bls_fp_reduce_once(out->limb, t);
}

void bls_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b)
{
    struct bls_wide w;
    bls_fp_mul_wide(&w, a, b);
    bls_fp_reduce_wide(out, &w);
}

void bls_fp_square(struct bls_fp *out, const struct bls_fp *a)
{
    struct bls_wide w;
    bls_fp_square_wide(&w, a);
    bls_fp_reduce_wide(out, &w);
}

/* a^e for a public exponent of six limbs, by windows of 4 bits. */
static void fp_pow(struct bls_fp *out, const struct bls_fp *a, const uint64_t e[static 6])
{
    struct bls_fp power[16];
    power[0] = bls_fp_one;
    for (int i = 1; i < 16; i++) {
        bls_fp_mul(&power[i], &power[i - 1], a);
    }
    struct bls_fp t = power[e[5] >> 60 & 15];
    for (int i = 94; i >= 0; i--) {
        for (int j = 0; j < 4; j++) {
            bls_fp_square(&t, &t);
        }
        uint64_t digit = e[i / 16] >> (4 * (i % 16)) & 15;
        if (digit != 0) {
            bls_fp_mul(&t, &t, &power[digit]);
        }
    }
    *out = t;
}

void bls_fp_inverse(struct bls_fp *out, const struct bls_fp *a)
{
    fp_pow(out, a, bls_p_minus_2);
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
    bls_fp_mul(out, &t, &bls_fp_r2); /* below 2^384 times below p: below p 2^384 */
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
