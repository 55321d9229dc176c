/* The map from Fp to the curve, eight lanes: hash_to_g1.c's, whose twin this is. */
#ifndef KEYFENCE_BLS12381_HASH_TO_G1X8_INT_H
#define KEYFENCE_BLS12381_HASH_TO_G1X8_INT_H

#include "bls12381/ifma/g1x8_int.h"

/* The point (x : y : z) of the isogenous curve E1 that u maps to (simplified SWU); u reduced. */
void bls_mapx8_to_e1(struct bls_g1x8 *out, const struct bls_fp8 *u);
/* The sum of two points of E1; complete. */
void bls_mapx8_add_on_e1(struct bls_g1x8 *out, const struct bls_g1x8 *p, const struct bls_g1x8 *q);
/* The isogeny from E1 to the lanes' curve. */
void bls_mapx8_isogeny(struct bls_g1x8 *out, const struct bls_g1x8 *p);

#endif
