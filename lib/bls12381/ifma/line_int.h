/* The lines of the Miller loop, one pair of points a lane: the formulas of pairing.c, eight at a
 * time. Constant-time in the points. */
#ifndef KEYFENCE_BLS12381_LINE_INT_H
#define KEYFENCE_BLS12381_LINE_INT_H

#include "bls12381/ifma/fp12x8_int.h"

/* Steps of the loop: 63 doublings and 5 additions, in the order in which they are multiplied in.
 * They are worked in batches of eight; the last batch has four and is filled up with ones. */
enum { BLS_MILLER_STEPS = 68, BLS_MILLER_BATCHES = 9 };

/* The points Q on their way, T = (X : Y : Z), and what the lines are evaluated at. */
struct bls_miller_points {
    struct bls_fp2x8 x, y, z; /* T */
    struct bls_fp2x8 qx, qy;
    bls_lanes infinite; /* either point is infinity, or there is no pair: the lines are 1 */
    bls_lanes absent;   /* Q is infinity, or there is no pair */
    struct bls_fp8 px_tripled, py_minus_twice, px, py;
};

/* Up to eight pairs. */
void bls_miller_points_load(struct bls_miller_points *out, const struct bls_g1_affine *p,
                            const struct bls_g2_affine *q, size_t n);
/* The next line, and the step it belongs to; T is reduced, the line's coordinates are carried, with
 * top limbs below 2^38. */
void bls_miller_double(struct bls_linex8 *line, struct bls_miller_points *t);
void bls_miller_add(struct bls_linex8 *line, struct bls_miller_points *t);
/* After the last step T = [|x|]Q: the lanes in which that is -psi(Q) and not infinity, which are
 * those whose Q is of the subgroup (or there is no pair). */
bls_lanes bls_miller_in_subgroup(const struct bls_miller_points *t);

#endif
