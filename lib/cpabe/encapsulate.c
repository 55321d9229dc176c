#include "base/secret.h"
#include "tkn20_int.h"

#include <string.h>

/* One heap block, wiped when freed, for what depends on the policy's size. */
struct scratch {
    struct bls_fr (*shares)[TKN_K]; /* of every wire */
    struct bls_fr (*r)[TKN_K];      /* r_j of each repeat index */
    struct bls_g1 *g1;              /* 6 points a leaf: c3, then c3neg */
    struct bls_g2 *g2;              /* 4 points each: c1, then c2 */
    struct bls_g1_affine *g1_affine;
    struct bls_g2_affine *g2_affine;
    void *block;
};

enum { LEAF_POINTS = 2 * TKN_A_ROWS };

static bool scratch_new(struct scratch *t, const struct policy *policy)
{
    size_t wires = 2 * (size_t)policy->gate_count + 1;
    size_t d = policy->repeat_count;
    size_t g1 = LEAF_POINTS * (size_t)policy->leaf_count;
    size_t g2 = TKN_B_ROWS * (d + 1);
    size_t size = (wires + d) * sizeof *t->shares + g1 * (sizeof *t->g1 + sizeof *t->g1_affine) +
                  g2 * (sizeof *t->g2 + sizeof *t->g2_affine);
    t->block = kf_wiping_malloc(size);
    if (t->block == NULL) {
        return false;
    }
    memset(t->block, 0, size);
    /* all of it are arrays of 64-bit limbs, so each part is aligned where the last ends */
    t->shares = t->block;
    t->r = t->shares + wires;
    t->g1 = (struct bls_g1 *)(void *)(t->r + d);
    t->g2 = (struct bls_g2 *)(void *)(t->g1 + g1);
    t->g1_affine = (struct bls_g1_affine *)(void *)(t->g2 + g2);
    t->g2_affine = (struct bls_g2_affine *)(void *)(t->g1_affine + g1);
    return true;
}

/* Row `row` of a leaf's points, from the label's oracle points and those of the public key:
 * sum of k[0..1] U0, k[2..3] U1, k[4..5] WB. Terms whose scalars are NULL are left out. */
static void leaf_row(struct bls_g1 *out, size_t row, const struct tkn_oracle *u,
                     const struct bls_g1 wb[static 6], const struct bls_fr *u0_scalars,
                     const struct bls_fr *u1_scalars, const struct bls_fr *wb_scalars)
{
    const struct bls_fr *scalars[3] = {u0_scalars, u1_scalars, wb_scalars};
    const struct bls_g1 *points[3] = {u->u0, u->u1, wb};
    struct bls_fr k[6];
    struct bls_g1 p[6];
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; scalars[i] != NULL && j < 2; j++) {
            k[n] = scalars[i][j];
            p[n++] = points[i][2 * row + j];
        }
    }
    bls_g1_mul_sum(out, k, p, n);
    kf_wipe(k, sizeof k);
}

static void leaf_points(struct bls_g1 out[static LEAF_POINTS], const struct policy_leaf *leaf,
                        const struct bls_fr *value, const struct tkn_oracle *u,
                        const struct bls_g1 wb[static 6], const struct bls_fr r[static 2],
                        const struct bls_fr share[static 2])
{
    struct bls_fr scaled[2]; /* v r_j, or v s */
    struct bls_fr negated[2];
    for (size_t j = 0; j < 2; j++) {
        bls_fr_mul(&scaled[j], value, leaf->positive ? &r[j] : &share[j]);
        bls_fr_neg(&negated[j], &share[j]);
    }
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        if (leaf->positive) { /* (v U0 + U1) r + WB s */
            leaf_row(&out[row], row, u, wb, scaled, r, share);
        } else { /* U0 r - WB s and U1 r + v WB s */
            leaf_row(&out[row], row, u, wb, r, NULL, negated);
            leaf_row(&out[TKN_A_ROWS + row], row, u, wb, NULL, r, scaled);
        }
    }
    kf_wipe(scaled, sizeof scaled);
    kf_wipe(negated, sizeof negated);
}

static bool same_label(const struct policy_leaf *a, const struct policy_leaf *b)
{
    return a->label_length == b->label_length && memcmp(a->label, b->label, a->label_length) == 0;
}

/* All leaves, label by label, so that each label is hashed to its points once. */
static void all_leaves(struct scratch *t, const struct policy *policy, const struct bls_fr *values,
                       const struct bls_g1 wb[static 6])
{
    struct tkn_oracle u;
    for (size_t i = 0; i < policy->leaf_count; i++) {
        if (policy->leaves[i].repeat != 0) {
            continue; /* done with the first of this label */
        }
        tkn_oracle(&u, policy->leaves[i].label, policy->leaves[i].label_length);
        for (size_t l = i; l < policy->leaf_count; l++) {
            const struct policy_leaf *leaf = &policy->leaves[l];
            if (same_label(leaf, &policy->leaves[i])) {
                leaf_points(t->g1 + LEAF_POINTS * l, leaf, &values[l], &u, wb, t->r[leaf->repeat],
                            t->shares[l]);
            }
        }
    }
}

/* [B r]2 */
static void times_b(struct bls_g2 out[static TKN_B_ROWS], const struct bls_g2 b2[static 8],
                    const struct bls_fr r[static 2])
{
    for (size_t i = 0; i < TKN_B_ROWS; i++) {
        bls_g2_mul_sum(&out[i], r, b2 + 2 * i, 2);
    }
}

static void export_points(struct tkn_header *header, struct scratch *t, const struct policy *policy)
{
    size_t g2 = TKN_B_ROWS * ((size_t)policy->repeat_count + 1);
    bls_g1_to_affine_batch(t->g1_affine, t->g1, LEAF_POINTS * (size_t)policy->leaf_count);
    bls_g2_to_affine_batch(t->g2_affine, t->g2, g2);
    memcpy(header->c1, t->g2_affine, sizeof header->c1);
    memcpy(header->c2, t->g2_affine + TKN_B_ROWS, policy->repeat_count * sizeof *header->c2);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        memcpy(header->leaves[i].c3, t->g1_affine + LEAF_POINTS * i, sizeof header->leaves[i].c3);
        memcpy(header->leaves[i].c3neg, t->g1_affine + LEAF_POINTS * i + TKN_A_ROWS,
               sizeof header->leaves[i].c3neg);
    }
}

/* r, then r_j, then the shares: as CIRCL draws them. */
static enum kf_status draw(struct scratch *t, const struct policy *policy,
                           const struct kf_random *random)
{
    struct bls_fr *r = t->shares[2 * (size_t)policy->gate_count];
    enum kf_status s = tkn_matrix_random(r, TKN_K, random);
    for (size_t j = 0; s == KF_OK && j < policy->repeat_count; j++) {
        s = tkn_matrix_random(t->r[j], TKN_K, random);
    }
    return s == KF_OK ? tkn_share(t->shares, policy, random) : s;
}

enum kf_status tkn_encapsulate(struct tkn_header *header, struct bls_gt *key,
                               const struct tkn_public *public_key, const struct policy *policy,
                               const struct bls_fr *values, const struct kf_random *random)
{
    struct scratch t;
    struct bls_g1 wb[6];
    struct bls_g2 b2[8];
    struct bls_gt factor;
    memset(key, 0, sizeof *key);
    if (!scratch_new(&t, policy)) {
        return KF_ERR_MEMORY;
    }
    enum kf_status s = draw(&t, policy, random);
    if (s != KF_OK) {
        kf_wiping_free(t.block);
        return s;
    }
    for (size_t i = 0; i < 6; i++) {
        bls_g1_from_affine(&wb[i], &public_key->wb1[i]);
    }
    for (size_t i = 0; i < 8; i++) {
        bls_g2_from_affine(&b2[i], &public_key->b2[i]);
    }
    const struct bls_fr *r = t.shares[2 * (size_t)policy->gate_count];
    times_b(t.g2, b2, r);
    for (size_t j = 0; j < policy->repeat_count; j++) {
        times_b(t.g2 + TKN_B_ROWS * (j + 1), b2, t.r[j]);
    }
    all_leaves(&t, policy, values, wb);
    export_points(header, &t, policy);
    bls_gt_exp(key, &public_key->btk[0], &r[0]);
    bls_gt_exp(&factor, &public_key->btk[1], &r[1]);
    bls_gt_mul(key, key, &factor);
    kf_wipe(&factor, sizeof factor);
    kf_wiping_free(t.block);
    return KF_OK;
}
