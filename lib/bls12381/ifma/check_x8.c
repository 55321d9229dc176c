/* Whether points are of their subgroups, eight at a time: the conditions of g1.c and g2.c.
 * Constant-time. */
#include "base/ct.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"

/* X1 Z2 = X2 Z1 */
static bls_lanes fp_equal_fractions(const struct bls_fp8 *x1, const struct bls_fp8 *z1,
                                    const struct bls_fp8 *x2, const struct bls_fp8 *z2)
{
    struct bls_fp8 s, t;
    bls_fp8_mul(&s, x1, z2);
    bls_fp8_mul(&t, x2, z1);
    return bls_fp8_equal(&s, &t);
}

static bls_lanes fp2_equal_fractions(const struct bls_fp2x8 *x1, const struct bls_fp2x8 *z1,
                                     const struct bls_fp2x8 *x2, const struct bls_fp2x8 *z2)
{
    struct bls_fp2x8 s, t;
    bls_fp2x8_mul(&s, x1, z2);
    bls_fp2x8_mul(&t, x2, z1);
    return bls_lanes_and(bls_fp8_equal(&s.c0, &t.c0), bls_fp8_equal(&s.c1, &t.c1));
}

/* [x^2]P = -phi(P); Y is never 0 at infinity, which tells it from other points. For n points, and
 * true in the other lanes. */
static bls_lanes g1_check(const struct bls_g1_affine *const a[static BLS_LANES], size_t n)
{
    struct bls_g1x8 p, q, t;
    unsigned absent = 0xffU << n & 0xff;
    bls_g1x8_load_affine(&p, a);
    if (n <= BLS_LANES / 2) {
        bls_g1x4_mul_x_abs(&t, &p);
        bls_g1x4_mul_x_abs(&q, &t);
    } else {
        bls_g1x8_mul_x_abs(&t, &p);
        bls_g1x8_mul_x_abs(&q, &t);
    }
    bls_g1x8_phi(&p);
    bls_g1x8_negate(&p, bls_lanes_constant(0xff));
    bls_lanes good = fp_equal_fractions(&p.x, &p.z, &q.x, &q.z);
    good = bls_lanes_and(good, fp_equal_fractions(&p.y, &p.z, &q.y, &q.z));
    return bls_lanes_or(good, bls_lanes_constant(absent));
}

/* [|x|]Q = -psi(Q) */
static bls_lanes g2_check(const struct bls_g2_affine *const a[static BLS_LANES],
                          const struct bls_psix8 *psi)
{
    struct bls_g2x8 p, q;
    bls_g2x8_load_affine(&p, a);
    bls_g2x8_mul_x_abs(&q, &p);
    bls_g2x8_apply_psi(&p, psi, 1, bls_lanes_constant(0));
    bls_lanes good = fp2_equal_fractions(&p.x, &p.z, &q.x, &q.z);
    return bls_lanes_and(good, fp2_equal_fractions(&p.y, &p.z, &q.y, &q.z));
}

/* A mask of all ones where all eight bits are set. */
static uint64_t all_lanes(unsigned bits)
{
    return kf_ct_equal(bits, 0xff);
}

uint64_t bls_ifma_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n)
{
    unsigned good = 0xff;
    for (size_t done = 0; done < n; done += BLS_LANES) {
        const struct bls_g1_affine *point[BLS_LANES] = {NULL};
        for (size_t i = 0; i < BLS_LANES && done + i < n; i++) {
            point[i] = &a[done + i];
        }
        good &= bls_lanes_bits(g1_check(point, n - done < BLS_LANES ? n - done : BLS_LANES));
    }
    return all_lanes(good);
}

uint64_t bls_ifma_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n)
{
    unsigned good = 0xff;
    struct bls_psix8 psi;
    bls_psix8_load(&psi);
    for (size_t done = 0; done < n; done += BLS_LANES) {
        const struct bls_g2_affine *point[BLS_LANES] = {NULL};
        for (size_t i = 0; i < BLS_LANES && done + i < n; i++) {
            point[i] = &a[done + i];
        }
        good &= bls_lanes_bits(g2_check(point, &psi));
    }
    return all_lanes(good);
}
