/* The final exponentiation: f to the power 3 (p^12-1)/r, as
 *   (p^6-1)(p^2+1) * ((x-1)^2 (x+p)(x^2+p^2-1) + 3)
 * (Hayashida, Hayasaka, Teruya, ePrint 2020/875). Constant-time in f. */
#include "base/secret.h"
#include "bls12381/tower_int.h"

/* a^x, a of the cyclotomic subgroup: x is negative, and inversion is conjugation. */
static void power_x(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    struct bls_fp12 t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_fp12_cyclotomic_square(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_fp12_mul(&t, &t, a);
        }
    }
    bls_fp12_conjugate(out, &t);
}

/* a^(x-1) */
static void power_x_minus_1(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    struct bls_fp12 t, inverse;
    power_x(&t, a);
    bls_fp12_conjugate(&inverse, a);
    bls_fp12_mul(out, &t, &inverse);
}

void bls_final_exponentiation(struct bls_gt *out, const struct bls_fp12 *f)
{
    struct bls_fp12 g, s, t, u;
    /* g = f^((p^6-1)(p^2+1)) */
    bls_fp12_inverse(&s, f);
    bls_fp12_conjugate(&t, f);
    bls_fp12_mul(&s, &s, &t);
    bls_fp12_frobenius(&t, &s, 2);
    bls_fp12_mul(&g, &s, &t);

    power_x_minus_1(&s, &g);
    power_x_minus_1(&s, &s);
    power_x(&t, &s);
    bls_fp12_frobenius(&s, &s, 1);
    bls_fp12_mul(&s, &s, &t); /* ^(x+p) */
    power_x(&t, &s);
    power_x(&t, &t);
    bls_fp12_frobenius(&u, &s, 2);
    bls_fp12_mul(&t, &t, &u);
    bls_fp12_conjugate(&u, &s);
    bls_fp12_mul(&t, &t, &u); /* ^(x^2+p^2-1) */
    bls_fp12_cyclotomic_square(&u, &g);
    bls_fp12_mul(&u, &u, &g);
    bls_fp12_mul(&out->f, &t, &u);
    kf_wipe(&g, sizeof g);
    kf_wipe(&s, sizeof s);
    kf_wipe(&t, sizeof t);
    kf_wipe(&u, sizeof u);
}
