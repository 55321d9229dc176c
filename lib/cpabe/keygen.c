#include "base/secret.h"
#include "tkn20_int.h"

enum { ROWS = TKN_A_ROWS, OUT = TKN_B_ROWS };

/* [B* U^T x + B12* V^T x]1, where U = y U0 + U1 and V = y V0 + V1; or, when constant is false, U =
 * U0 and V = V0 alone. y is NULL for 0. */
struct coefficient {
    const struct bls_fr *y; /* factor of U0 and V0, NULL: none of them */
    bool constant;          /* whether U1 and V1 are in */
};

/* t = U^T x: two points. */
static void transpose_times_x(struct bls_g1 t[static 2], const struct tkn_oracle *u,
                              const struct coefficient *c, const struct bls_fr x[static 3])
{
    struct bls_fr k[2 * ROWS];
    struct bls_g1 p[2 * ROWS];
    for (size_t j = 0; j < 2; j++) {
        size_t n = 0;
        for (size_t i = 0; i < ROWS; i++) {
            if (c->y != NULL) {
                bls_fr_mul(&k[n], c->y, &x[i]);
                p[n++] = u->u0[2 * i + j];
            }
            if (c->constant) {
                k[n] = x[i];
                p[n++] = u->u1[2 * i + j];
            }
        }
        bls_g1_mul_sum(&t[j], k, p, n);
    }
    kf_wipe(k, sizeof k);
}

/* out = B12* V^T x: four scalars. */
static void masking_scalars(struct bls_fr out[static 4], const struct tkn_secret *secret_key,
                            const struct bls_fr v0[static 6], const struct bls_fr v1[static 6],
                            const struct coefficient *c, const struct bls_fr x[static 3])
{
    struct bls_fr v[6];
    struct bls_fr vt[6];
    struct bls_fr vtx[2];
    for (size_t i = 0; i < 6; i++) {
        v[i] = (struct bls_fr){{0}};
        if (c->y != NULL) {
            bls_fr_mul(&v[i], c->y, &v0[i]);
        }
        if (c->constant) {
            bls_fr_add(&v[i], &v[i], &v1[i]);
        }
    }
    tkn_matrix_transpose(vt, v, 3, 2);
    tkn_matrix_mul(vtx, vt, x, 2, 3, 1);
    tkn_matrix_mul(out, secret_key->bstar12, vtx, 4, 2, 1);
    kf_wipe(v, sizeof v);
    kf_wipe(vt, sizeof vt);
    kf_wipe(vtx, sizeof vtx);
}

static void component(struct bls_g1_affine out[static OUT], const struct tkn_secret *secret_key,
                      const struct tkn_oracle *u, const struct bls_fr *v0, const struct bls_fr *v1,
                      const struct coefficient *c, const struct bls_fr x[static 3])
{
    struct bls_g1 t[3];
    struct bls_fr mask[OUT];
    struct bls_g1 sum[OUT];
    transpose_times_x(t, u, c, x);
    bls_g1_generator(&t[2]);
    masking_scalars(mask, secret_key, v0, v1, c, x);
    for (size_t i = 0; i < OUT; i++) {
        struct bls_fr k[3] = {secret_key->bstar[2 * i], secret_key->bstar[2 * i + 1], mask[i]};
        bls_g1_mul_sum(&sum[i], k, t, 3);
        kf_wipe(k, sizeof k);
    }
    bls_g1_to_affine_batch(out, sum, OUT);
    kf_wipe(t, sizeof t);
    kf_wipe(mask, sizeof mask);
    kf_wipe(sum, sizeof sum);
}

static void attribute_points(struct tkn_attribute *attribute, const struct tkn_secret *secret_key,
                             const struct bls_fr x[static 3])
{
    struct tkn_oracle u;
    struct bls_fr v0[6];
    struct bls_fr v1[6];
    struct bls_fr one;
    tkn_oracle(&u, attribute->label, attribute->label_length);
    tkn_prf(v0, v1, secret_key->prf_key, attribute->label, attribute->label_length);
    if (attribute->wildcard) {
        bls_fr_from_u64(&one, 1);
        struct coefficient y_term = {&one, false};
        struct coefficient constant = {NULL, true};
        component(attribute->k3, secret_key, &u, v0, v1, &y_term, x);
        component(attribute->wild, secret_key, &u, v0, v1, &constant, x);
    } else {
        struct coefficient both = {&attribute->value, true};
        component(attribute->k3, secret_key, &u, v0, v1, &both, x);
    }
    kf_wipe(v0, sizeof v0);
    kf_wipe(v1, sizeof v1);
}

/* k1 = [x]2 and k2 = [W^T A s + k]1. */
static void common_points(struct tkn_key *key, const struct tkn_secret *secret_key,
                          const struct bls_fr x[static 3], const struct bls_fr s[static 2])
{
    struct bls_g2 g2[ROWS];
    struct bls_g1 g1[OUT];
    struct bls_fr exponents[OUT];
    tkn_matrix_mul(exponents, secret_key->wta, s, 4, 2, 1);
    for (size_t i = 0; i < ROWS; i++) {
        bls_g2_mul_generator(&g2[i], &x[i]);
    }
    for (size_t i = 0; i < OUT; i++) {
        bls_fr_add(&exponents[i], &exponents[i], &secret_key->k[i]);
        bls_g1_mul_generator(&g1[i], &exponents[i]);
    }
    bls_g2_to_affine_batch(key->k1, g2, ROWS);
    bls_g1_to_affine_batch(key->k2, g1, OUT);
    kf_wipe(g2, sizeof g2);
    kf_wipe(g1, sizeof g1);
    kf_wipe(exponents, sizeof exponents);
}

enum kf_status tkn_keygen(struct tkn_key *key, const struct tkn_secret *secret_key,
                          const struct kf_random *random)
{
    struct bls_fr s[2];
    struct bls_fr x[ROWS]; /* A s */
    enum kf_status status = tkn_matrix_random(s, 2, random);
    if (status == KF_OK) {
        tkn_matrix_mul(x, secret_key->a, s, 3, 2, 1);
        common_points(key, secret_key, x, s);
        for (size_t i = 0; i < key->count; i++) {
            attribute_points(&key->attributes[i], secret_key, x);
        }
        kf_wipe(x, sizeof x);
    }
    kf_wipe(s, sizeof s);
    return status;
}
