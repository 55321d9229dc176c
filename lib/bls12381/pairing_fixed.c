/* The pairing with fixed second arguments, the plain way: they are kept and paired as the others.
 */
#include "base/secret.h"
#include "bls12381/path_int.h"
#include "bls12381/tower_int.h"

void bls_portable_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q)
{
    lines->u.q = *q;
}

void bls_portable_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                        const struct bls_g1_affine *p,
                                        const struct bls_g2_affine *q, size_t n,
                                        const struct bls_g1_affine *pf,
                                        const struct bls_g2_lines *const *lines, size_t nf)
{
    struct bls_fp12 f, fixed;
    bls_miller_loop(&f, p, q, n);
    for (size_t i = 0; i < nf; i++) {
        bls_miller_loop(&fixed, &pf[i], &lines[i]->u.q, 1);
        bls_miller_mul(&f, &f, &fixed);
    }
    bls_final_exponentiation(out, &f);
    if (in_subgroup != NULL) {
        *in_subgroup = bls_g2_in_subgroup_batch(q, n);
    }
    kf_wipe(&f, sizeof f);
    kf_wipe(&fixed, sizeof fixed);
}
