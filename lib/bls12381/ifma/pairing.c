/* The pairing on eight lanes: the loop in parts, and the final exponentiation, which is that of
 * final_exp.c with the element across the lanes. Inverse and Frobenius maps, a few, are left to the
 * scalar code. */
#include "bls12381/ifma/path_ifma_int.h"

#include "base/secret.h"
#include "bls12381/ifma/miller_int.h"
#include "bls12381/tower_int.h"

/* a^x, a of the cyclotomic subgroup: x is negative, and inversion is conjugation. */
static void power_x(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a)
{
    struct bls_fp12_lanes t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_fp12_lanes_cyclotomic_square(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_fp12_lanes_mul(&t, &t, a);
        }
    }
    bls_fp12_lanes_conjugate(out, &t);
    kf_wipe(&t, sizeof t);
}

/* a^(x-1) */
static void power_x_minus_1(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a)
{
    struct bls_fp12_lanes t, inverse;
    power_x(&t, a);
    bls_fp12_lanes_conjugate(&inverse, a);
    bls_fp12_lanes_mul(out, &t, &inverse);
    kf_wipe(&t, sizeof t);
    kf_wipe(&inverse, sizeof inverse);
}

static void frobenius(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a, int k)
{
    struct bls_fp12 t;
    bls_fp12_lanes_store(&t, a);
    bls_fp12_frobenius(&t, &t, k);
    bls_fp12_lanes_load(out, &t);
    kf_wipe(&t, sizeof t);
}

/* f^((p^6-1)(p^2+1)) */
static void easy_part(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *f)
{
    struct bls_fp12 t;
    struct bls_fp12_lanes s, c;
    bls_fp12_lanes_store(&t, f);
    bls_fp12_inverse(&t, &t);
    bls_fp12_lanes_load(&s, &t);
    bls_fp12_lanes_conjugate(&c, f);
    bls_fp12_lanes_mul(&s, &s, &c);
    frobenius(&c, &s, 2);
    bls_fp12_lanes_mul(out, &s, &c);
    kf_wipe(&t, sizeof t);
    kf_wipe(&s, sizeof s);
    kf_wipe(&c, sizeof c);
}

static void final_exponentiation(struct bls_gt *out, const struct bls_fp12_lanes *f)
{
    struct bls_fp12_lanes g, s, t, u;
    easy_part(&g, f);
    power_x_minus_1(&s, &g);
    power_x_minus_1(&s, &s);
    power_x(&t, &s);
    frobenius(&s, &s, 1);
    bls_fp12_lanes_mul(&s, &s, &t); /* ^(x+p) */
    power_x(&t, &s);
    power_x(&t, &t);
    frobenius(&u, &s, 2);
    bls_fp12_lanes_mul(&t, &t, &u);
    bls_fp12_lanes_conjugate(&u, &s);
    bls_fp12_lanes_mul(&t, &t, &u); /* ^(x^2+p^2-1) */
    bls_fp12_lanes_cyclotomic_square(&u, &g);
    bls_fp12_lanes_mul(&u, &u, &g);
    bls_fp12_lanes_mul(&t, &t, &u);
    bls_fp12_lanes_store(&out->f, &t);
    kf_wipe(&g, sizeof g);
    kf_wipe(&s, sizeof s);
    kf_wipe(&t, sizeof t);
    kf_wipe(&u, sizeof u);
}

void bls_ifma_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                    const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                                    size_t n, const struct bls_g1_affine *pf,
                                    const struct bls_g2_lines *const *lines, size_t nf)
{
    struct bls_fp12_lanes f, part;
    uint64_t good = ~(uint64_t)0;
    bool first = true;
    if (n == 0 && nf == 0) {
        bls_gt_one(out);
    }
    while (n > 0 || nf > 0) {
        size_t pairs = n < BLS_MILLER_PAIRS ? n : BLS_MILLER_PAIRS;
        size_t fixed = nf < BLS_MILLER_FIXED ? nf : BLS_MILLER_FIXED;
        good &= bls_miller(first ? &f : &part, p, q, pairs, pf, lines, fixed);
        if (!first) {
            bls_fp12_lanes_mul(&f, &f, &part);
        }
        first = false;
        n -= pairs;
        nf -= fixed;
        if (n > 0) {
            p += pairs;
            q += pairs;
        }
        if (nf > 0) {
            pf += fixed;
            lines += fixed;
        }
    }
    if (!first) {
        final_exponentiation(out, &f);
    }
    if (in_subgroup != NULL) {
        *in_subgroup = good;
    }
    kf_wipe(&f, sizeof f);
    kf_wipe(&part, sizeof part);
}
