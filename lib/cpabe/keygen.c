/* Key generation. A component is [B* U^T x + B12* V^T x]1, where U = y U0 + U1 and V = y V0 + V1
 * for a value y; a wildcard has two, of U0 and V0 and of U1 and V1. Components are made GROUP at a
 * time, in two steps of sums that all go into one call each: the two points U^T x, then the four
 * rows of B* times these, to which the generator's multiples by B12* V^T x are added. */
#include "base/secret.h"
#include "matrices_int.h"
#include "sums_int.h"

#include <string.h>

enum {
    ROWS = TKN_A_ROWS,
    OUT = TKN_B_ROWS,
    GROUP = MATRICES_AT_ONCE,
    COMPONENTS = 2 * GROUP, /* should all be wildcards */
    FIRST_TERMS = 2 * ROWS, /* of each of the two sums U^T x */
};

/* Which of the two halves of y U0 + U1 are in. */
enum part { COEFFICIENT, CONSTANT, BOTH };

struct component {
    enum part part;
    const struct tkn_attribute *attribute;
    const struct tkn_matrices *matrices;
    struct bls_g1_affine *out;
};

/* One wiped heap block a call. */
struct work {
    const struct tkn_secret *secret_key;
    struct bls_fr s[TKN_K];
    struct bls_fr x[ROWS]; /* A s */
    struct tkn_matrix_request request[GROUP];
    struct tkn_matrices matrices[GROUP];
    struct component component[COMPONENTS];
    size_t count; /* of components */
    struct bls_fr mask[COMPONENTS * OUT];
    size_t first[COMPONENTS * OUT + 1];
    struct bls_fr k[COMPONENTS * TKN_K * FIRST_TERMS];
    struct bls_g1_affine a[COMPONENTS * TKN_K * FIRST_TERMS];
    struct bls_g1 sum[COMPONENTS * OUT];
    bool uncleared[COMPONENTS * TKN_K];
    struct bls_g1_affine t[COMPONENTS * TKN_K]; /* U^T x */
    struct bls_g1_affine made[COMPONENTS * OUT];
    const struct bls_g1_base *generator[COMPONENTS * OUT];
};

/* Column j of U^T x. */
static void add_column(struct tkn_sums *sums, const struct component *c,
                       const struct bls_fr x[static ROWS], size_t j)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct bls_fr scaled = x[i];
        if (c->part == BOTH && !c->matrices->joined) {
            bls_fr_mul(&scaled, &c->attribute->value, &x[i]);
        }
        if (c->part != CONSTANT) {
            tkn_sums_add(sums, &scaled, &c->matrices->u0[2 * i + j]);
        }
        if (c->part == CONSTANT || (c->part == BOTH && !c->matrices->joined)) {
            tkn_sums_add(sums, &x[i], &c->matrices->u1[2 * i + j]);
        }
        kf_wipe(&scaled, sizeof scaled);
    }
    tkn_sums_close(sums);
}

static void transposed_times_x(struct work *w)
{
    struct tkn_sums sums;
    tkn_sums_init(&sums, w->first, w->k, w->a);
    for (size_t c = 0; c < w->count; c++) {
        for (size_t j = 0; j < TKN_K; j++) {
            w->uncleared[sums.count] = !w->component[c].matrices->cleared;
            add_column(&sums, &w->component[c], w->x, j);
        }
    }
    tkn_sums_run(w->sum, &sums);
    tkn_clear_cofactors(w->sum, w->uncleared, sums.count);
    bls_g1_to_affine_batch(w->t, w->sum, sums.count);
}

/* out = B12* V^T x: four scalars. */
static void masking_scalars(struct bls_fr out[static OUT], const struct work *w,
                            const struct component *c, const struct bls_fr v0[static 6],
                            const struct bls_fr v1[static 6])
{
    struct bls_fr v[6];
    struct bls_fr vt[6];
    struct bls_fr vtx[2];
    for (size_t i = 0; i < 6; i++) {
        v[i] = c->part == CONSTANT ? v1[i] : v0[i];
        if (c->part == BOTH) {
            bls_fr_mul(&v[i], &c->attribute->value, &v0[i]);
            bls_fr_add(&v[i], &v[i], &v1[i]);
        }
    }
    tkn_matrix_transpose(vt, v, 3, 2);
    tkn_matrix_mul(vtx, vt, w->x, 2, 3, 1);
    tkn_matrix_mul(out, w->secret_key->bstar12, vtx, 4, 2, 1);
    kf_wipe(v, sizeof v);
    kf_wipe(vt, sizeof vt);
    kf_wipe(vtx, sizeof vtx);
}

/* B* t, and the masks' multiples of the generator. */
static void rows_of_components(struct work *w)
{
    struct tkn_sums sums;
    tkn_sums_init(&sums, w->first, w->k, w->a);
    for (size_t c = 0; c < w->count; c++) {
        for (size_t i = 0; i < OUT; i++) {
            for (size_t j = 0; j < TKN_K; j++) {
                tkn_sums_add(&sums, &w->secret_key->bstar[TKN_K * i + j], &w->t[TKN_K * c + j]);
            }
            tkn_sums_close(&sums);
        }
    }
    tkn_sums_run(w->sum, &sums);
    bls_g1_base_mul_sum_batch(w->sum, w->sum, w->generator, w->mask, 1, sums.count);
    bls_g1_to_affine_batch(w->made, w->sum, sums.count);
    for (size_t c = 0; c < w->count; c++) {
        memcpy(w->component[c].out, w->made + OUT * c, OUT * sizeof *w->made);
    }
}

static void add_component(struct work *w, enum part part, const struct tkn_attribute *attribute,
                          const struct tkn_matrices *matrices, struct bls_g1_affine *out,
                          const struct bls_fr v[static 12])
{
    struct component *c = &w->component[w->count];
    *c = (struct component){part, attribute, matrices, out};
    masking_scalars(w->mask + OUT * w->count, w, c, v, v + 6);
    w->count++;
}

static void group_of_attributes(struct work *w, struct tkn_attribute *attributes, size_t count,
                                struct tkn_lazy *cache)
{
    for (size_t i = 0; i < count; i++) {
        const struct tkn_attribute *a = &attributes[i];
        w->request[i] =
            (struct tkn_matrix_request){a->label, a->label_length, a->wildcard ? NULL : &a->value};
    }
    tkn_matrices_get(w->matrices, cache, w->request, count);
    w->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct tkn_attribute *a = &attributes[i];
        struct bls_fr v[12]; /* V0, V1 */
        tkn_prf(v, v + 6, w->secret_key->prf_key, a->label, a->label_length);
        if (a->wildcard) {
            add_component(w, COEFFICIENT, a, &w->matrices[i], a->k3, v);
            add_component(w, CONSTANT, a, &w->matrices[i], a->wild, v);
        } else {
            add_component(w, BOTH, a, &w->matrices[i], a->k3, v);
        }
        kf_wipe(v, sizeof v);
    }
    transposed_times_x(w);
    rows_of_components(w);
}

/* k1 = [x]2 and k2 = [W^T A s + k]1. */
static void common_points(struct tkn_key *key, const struct work *w)
{
    struct bls_g2 g2[ROWS];
    struct bls_g1 g1[OUT];
    struct bls_fr exponents[OUT];
    const struct bls_g2_base *base[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        base[i] = bls_g2_generator_base();
    }
    tkn_matrix_mul(exponents, w->secret_key->wta, w->s, 4, 2, 1);
    for (size_t i = 0; i < OUT; i++) {
        bls_fr_add(&exponents[i], &exponents[i], &w->secret_key->k[i]);
    }
    bls_g2_base_mul_sum_batch(g2, NULL, base, w->x, 1, ROWS);
    bls_g1_base_mul_sum_batch(g1, NULL, w->generator, exponents, 1, OUT);
    bls_g2_to_affine_batch(key->k1, g2, ROWS);
    bls_g1_to_affine_batch(key->k2, g1, OUT);
    kf_wipe(g2, sizeof g2);
    kf_wipe(g1, sizeof g1);
    kf_wipe(exponents, sizeof exponents);
}

enum kf_status tkn_keygen(struct tkn_key *key, const struct tkn_secret *secret_key,
                          struct tkn_lazy *cache, const struct kf_random *random)
{
    struct work *w = kf_wiping_malloc(sizeof *w);
    if (w == NULL) {
        return KF_ERR_MEMORY;
    }
    w->secret_key = secret_key;
    for (size_t i = 0; i < COMPONENTS * OUT; i++) {
        w->generator[i] = bls_g1_generator_base();
    }
    enum kf_status status = tkn_matrix_random(w->s, TKN_K, random);
    if (status == KF_OK) {
        tkn_matrix_mul(w->x, secret_key->a, w->s, 3, 2, 1);
        common_points(key, w);
        for (size_t i = 0; i < key->count; i += GROUP) {
            size_t count = key->count - i < GROUP ? key->count - i : GROUP;
            group_of_attributes(w, key->attributes + i, count, cache);
        }
    }
    kf_wiping_free(w);
    return status;
}
