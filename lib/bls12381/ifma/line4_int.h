/* The lines of line_int.h for at most four pairs of points, in split lanes (fp2x4_int.h), at about
 * half the cost. Constant-time in the points. */
#ifndef KEYFENCE_BLS12381_LINE4_INT_H
#define KEYFENCE_BLS12381_LINE4_INT_H

#include "bls12381/ifma/fp2x4_int.h"
#include "bls12381/ifma/line_int.h"

/* As struct bls_linex8 and struct bls_miller_points; masks and coordinates of P are the same in
 * both lanes of a pair. */
struct bls_linex4 {
    struct bls_fp8 l0, l1, l4;
};
struct bls_miller_points4 {
    struct bls_fp8 x, y, z; /* T */
    struct bls_fp8 qx, qy;
    struct bls_fp8 px, px_tripled, py, py_minus;
    bls_lanes infinite, absent;
};

/* n <= 4 pairs. p may be NULL: then the lines are evaluated at (1, 1). */
void bls_miller_points4_load(struct bls_miller_points4 *out, const struct bls_g1_affine *p,
                             const struct bls_g2_affine *q, size_t n);
/* The next line, and the step it belongs to; T is reduced, the line's coordinates are carried. */
void bls_miller_double4(struct bls_linex4 *line, struct bls_miller_points4 *t);
void bls_miller_add4(struct bls_linex4 *line, struct bls_miller_points4 *t);
/* As bls_miller_in_subgroup: a pair is good where both of its lanes are. */
bls_lanes bls_miller_in_subgroup4(const struct bls_miller_points4 *t);

#endif
