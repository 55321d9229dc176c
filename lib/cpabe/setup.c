#include "base/secret.h"
#include "tkn20_int.h"

/* What setup draws, and what it derives on the way to the keys. */
struct setup {
    struct bls_fr bbar[16]; /* 4x4 */
    struct bls_fr w[12];    /* 3x4 */
    struct bls_fr b[8];     /* 4x2 */
    struct bls_fr wb[6];    /* 3x2 */
    struct bls_fr btk[2];   /* 2x1 */
    struct bls_fr inverse[16];
    struct bls_fr transposed[16];
};

/* In the order in which CIRCL draws, so that the same random bytes make the same keys. */
static enum kf_status draw(struct setup *t, struct tkn_secret *secret_key,
                           const struct kf_random *random)
{
    struct bls_fr *a = secret_key->a;
    enum kf_status s = bls_fr_random(&a[0], random);
    if (s == KF_OK) {
        s = bls_fr_random(&a[3], random);
    }
    a[1] = a[2] = (struct bls_fr){{0}};
    bls_fr_from_u64(&a[4], 1);
    a[5] = a[4];
    if (s == KF_OK) {
        s = tkn_matrix_random(t->bbar, 16, random);
    }
    if (s == KF_OK) {
        s = tkn_matrix_random(t->w, 12, random);
    }
    if (s == KF_OK) {
        s = tkn_matrix_random(secret_key->k, TKN_B_ROWS, random);
    }
    if (s == KF_OK) {
        s = kf_random_fill(random, secret_key->prf_key, TKN_PRF_KEY_BYTES);
    }
    return s;
}

static void make_public(struct tkn_public *out, struct setup *t,
                        const struct tkn_secret *secret_key)
{
    struct bls_g2 g2[8];
    struct bls_g1 g1[6];
    tkn_matrix_columns(t->b, t->bbar, 4, 0);
    tkn_matrix_mul(t->wb, t->w, t->b, 3, 4, 2);
    tkn_matrix_transpose(t->transposed, t->b, 4, 2);
    tkn_matrix_mul(t->btk, t->transposed, secret_key->k, 2, 4, 1);
    const struct bls_g1_base *base1[6];
    const struct bls_g2_base *base2[8];
    for (int i = 0; i < 6; i++) {
        base1[i] = bls_g1_generator_base();
    }
    for (int i = 0; i < 8; i++) {
        base2[i] = bls_g2_generator_base();
    }
    bls_g2_base_mul_sum_batch(g2, NULL, base2, t->b, 1, 8);
    bls_g1_base_mul_sum_batch(g1, NULL, base1, t->wb, 1, 6);
    bls_g2_to_affine_batch(out->b2, g2, 8);
    bls_g1_to_affine_batch(out->wb1, g1, 6);

    struct bls_g1_affine p;
    struct bls_g2_affine q;
    struct bls_gt base;
    bls_g1_generator(&g1[0]);
    bls_g2_generator(&g2[0]);
    bls_g1_to_affine(&p, &g1[0]);
    bls_g2_to_affine(&q, &g2[0]);
    bls_pairing(&base, &p, &q);
    for (int i = 0; i < 2; i++) {
        bls_gt_exp(&out->btk[i], &base, &t->btk[i]);
    }
}

enum kf_status tkn_setup(struct tkn_public *public_key, struct tkn_secret *secret_key,
                         const struct kf_random *random)
{
    struct setup t;
    enum kf_status s = draw(&t, secret_key, random);
    if (s == KF_OK) {
        tkn_matrix_transpose(t.transposed, t.w, 3, 4);
        tkn_matrix_mul(secret_key->wta, t.transposed, secret_key->a, 4, 3, 2);
        tkn_matrix_transpose(t.transposed, t.bbar, 4, 4);
        s = tkn_matrix_inverse(t.inverse, t.transposed);
    }
    if (s == KF_OK) {
        tkn_matrix_columns(secret_key->bstar, t.inverse, 4, 0);
        tkn_matrix_columns(secret_key->bstar12, t.inverse, 4, 2);
        make_public(public_key, &t, secret_key);
    } else {
        kf_wipe(secret_key, sizeof *secret_key);
    }
    kf_wipe(&t, sizeof t);
    return s;
}
