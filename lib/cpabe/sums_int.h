/* Sums of products in G1 of various lengths, in as few and as full vector calls as they make.
 *
 * A vector path computes eight sums of one length for the price of one, so what is independent
 * should be asked for at once. Of sums of different lengths, as many of the longest as fill
 * vectors are computed as they stand, where that is cheaper, and the others cut into parts of one
 * length, which fill the lanes best; the cheapest way is found by counting additions. On a path
 * without lanes each sum is computed as it stands.
 *
 * Caller storage: `first` has room for one more than the sums, k and a for all terms. Constant-time
 * in scalars and points, unless asked otherwise; the number of terms of each sum is public. */
#ifndef CPABE_SUMS_INT_H
#define CPABE_SUMS_INT_H

#include "bls12381/bls12381.h"

#include <stdbool.h>
#include <stddef.h>

struct tkn_sums {
    size_t lanes;  /* the path's; another value changes the shapes of the calls alone */
    size_t count;  /* sums that are complete */
    size_t terms;  /* of all sums */
    size_t *first; /* where each sum's terms begin; first[count] is where the next one's will */
    struct bls_fr *k;
    struct bls_g1_affine *a;
};

void tkn_sums_init(struct tkn_sums *sums, size_t *first, struct bls_fr *k, struct bls_g1_affine *a);
/* Adds [k]a to the sum that is not complete. */
void tkn_sums_add(struct tkn_sums *sums, const struct bls_fr *k, const struct bls_g1_affine *a);
/* Completes a sum; the next term begins another. */
void tkn_sums_close(struct tkn_sums *sums);

/* out[s] = the sum of sum s's terms: any points of the curve, see bls_g1_mul_sum_batch(). */
void tkn_sums_run(struct bls_g1 *out, const struct tkn_sums *sums);
/* For public scalars and points. */
void tkn_sums_run_vartime(struct bls_g1 *out, const struct tkn_sums *sums);

/* Clears the cofactor of those of n points p for which uncleared[i] is true, which is public. */
void tkn_clear_cofactors(struct bls_g1 *p, const bool *uncleared, size_t n);

#endif
