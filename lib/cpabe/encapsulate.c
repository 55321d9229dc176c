/* Encapsulation. Everything is sums of products with few bases:
 *
 *   [B r]2, [B r_j]2     4 rows each, of the public key's points
 *   a positive leaf      3 rows: (v U0 + U1) r_j + WB s, or v r_j and r_j on U0 and U1 apart
 *   a negated leaf       6 rows: U0 r_j - WB s and U1 r_j + v WB s
 *   [r^T B^T k]T
 *
 * so leaves are taken GROUP at a time, all their rows in one call; the public key's points have
 * tables of multiples once enough has been encrypted with them. */
#include "base/secret.h"
#include "matrices_int.h"
#include "sums_int.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAF_POINTS = 2 * TKN_A_ROWS,
    GROUP = MATRICES_AT_ONCE,
    GROUP_SUMS = GROUP * LEAF_POINTS,
    GROUP_TERMS = GROUP * 24, /* a negated leaf: six sums of four */
    VECTORS = 4,              /* that B is multiplied with at once */
    B_ENTRIES = TKN_B_ROWS * TKN_K,
    WB_TERMS = TKN_K,
};

struct tables {
    struct bls_g1_base wb[TKN_A_ROWS * TKN_K];
    struct bls_g2_base b2[TKN_B_ROWS * TKN_K];
    struct bls_gt_base btk[TKN_K];
};

static void *tables_make(const void *source)
{
    const struct tkn_public *p = source;
    struct tables *tables = aligned_alloc(64, (sizeof *tables + 63) / 64 * 64);
    if (tables == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < TKN_A_ROWS * TKN_K; i++) {
        bls_g1_base_init(&tables->wb[i], &p->wb1[i]);
    }
    for (size_t i = 0; i < TKN_B_ROWS * TKN_K; i++) {
        bls_g2_base_init(&tables->b2[i], &p->b2[i]);
    }
    for (size_t i = 0; i < TKN_K; i++) {
        bls_gt_base_init(&tables->btk[i], &p->btk[i]);
    }
    return tables;
}

/* The tables cost about what so many encryptions for small policies gain by them. */
enum { TABLES_WORTH = 8, LEAVES_A_USE = 8 };
const struct tkn_lazy_kind tkn_public_tables = {tables_make, free, TABLES_WORTH};

/* The rows of a group of leaves, and what they are made of. */
struct group {
    struct tkn_matrix_request request[GROUP];
    struct tkn_matrices matrices[GROUP];
    struct tkn_sums sums;
    size_t first[GROUP_SUMS + 1];
    struct bls_fr k[GROUP_TERMS];
    struct bls_g1_affine a[GROUP_TERMS];
    const struct bls_g1_base *base[GROUP_SUMS * WB_TERMS]; /* WB, where there are tables */
    struct bls_fr base_k[GROUP_SUMS * WB_TERMS];
    bool uncleared[GROUP_SUMS];
};

/* One heap block, wiped when freed, for what depends on the policy's size. */
struct scratch {
    const struct tkn_public *public_key;
    const struct tables *tables;    /* may be NULL */
    struct bls_fr (*shares)[TKN_K]; /* of every wire */
    struct bls_fr (*r)[TKN_K];      /* r, then r_j of each repeat index */
    struct bls_g1 *g1;              /* c3, and c3neg after it, leaf by leaf */
    size_t g1_count;
    struct bls_g2 *g2; /* 4 points each: c1, then c2 */
    struct bls_g1_affine *g1_affine;
    struct bls_g2_affine *g2_affine;
    struct group *group;
    void *block;
};

static bool scratch_new(struct scratch *t, const struct policy *policy)
{
    size_t wires = 2 * (size_t)policy->gate_count + 1;
    size_t d = policy->repeat_count;
    size_t g1 = LEAF_POINTS * (size_t)policy->leaf_count;
    size_t g2 = TKN_B_ROWS * (d + 1);
    size_t size = (wires + d + 1) * sizeof *t->shares +
                  g1 * (sizeof *t->g1 + sizeof *t->g1_affine) +
                  g2 * (sizeof *t->g2 + sizeof *t->g2_affine) + sizeof *t->group;
    t->block = kf_wiping_malloc(size);
    if (t->block == NULL) {
        return false;
    }
    memset(t->block, 0, size);
    /* all of it are arrays of 64-bit words, so each part is aligned where the last ends */
    t->shares = t->block;
    t->r = t->shares + wires;
    t->g1 = (struct bls_g1 *)(void *)(t->r + d + 1);
    t->g2 = (struct bls_g2 *)(void *)(t->g1 + g1);
    t->g1_affine = (struct bls_g1_affine *)(void *)(t->g2 + g2);
    t->g2_affine = (struct bls_g2_affine *)(void *)(t->g1_affine + g1);
    t->group = (struct group *)(void *)(t->g2_affine + g2);
    return true;
}

/* Adds row `row` of matrix (3x2) times k to the sum in the making. */
static void add_row(struct tkn_sums *sums, const struct bls_g1_affine matrix[static 6], size_t row,
                    const struct bls_fr k[static 2])
{
    for (size_t j = 0; j < 2; j++) {
        tkn_sums_add(sums, &k[j], &matrix[2 * row + j]);
    }
}

/* Adds row `row` of WB times k and completes the sum, which is of entries that are cleared or not:
 * then so will it be, before multiples from the tables are added, but after others. */
static void close_row(struct scratch *t, size_t row, const struct bls_fr k[static 2], bool cleared)
{
    struct group *g = t->group;
    size_t at = g->sums.count * WB_TERMS;
    g->uncleared[g->sums.count] = !cleared;
    if (t->tables == NULL) {
        struct bls_fr term[WB_TERMS];
        for (size_t j = 0; j < WB_TERMS; j++) {
            term[j] = k[j];
            if (!cleared) {
                bls_fr_divide_by_cofactor(&term[j], &k[j]);
            }
        }
        add_row(&g->sums, t->public_key->wb1, row, term);
        kf_wipe(term, sizeof term);
    }
    for (size_t j = 0; t->tables != NULL && j < WB_TERMS; j++) {
        g->base[at + j] = &t->tables->wb[2 * row + j];
        g->base_k[at + j] = k[j];
    }
    tkn_sums_close(&g->sums);
}

static void leaf_rows(struct scratch *t, const struct policy_leaf *leaf, const struct bls_fr *value,
                      const struct tkn_matrices *m, const struct bls_fr share[static 2])
{
    struct tkn_sums *sums = &t->group->sums;
    const struct bls_fr *r = t->r[leaf->repeat + 1];
    struct bls_fr scaled[2]; /* v r_j, or v s */
    struct bls_fr negated[2];
    for (size_t j = 0; j < 2; j++) {
        bls_fr_mul(&scaled[j], value, leaf->positive ? &r[j] : &share[j]);
        bls_fr_neg(&negated[j], &share[j]);
    }
    for (size_t row = 0; leaf->positive && row < TKN_A_ROWS; row++) {
        add_row(sums, m->u0, row, m->joined ? r : scaled);
        if (!m->joined) {
            add_row(sums, m->u1, row, r);
        }
        close_row(t, row, share, m->cleared);
    }
    for (size_t row = 0; !leaf->positive && row < TKN_A_ROWS; row++) {
        add_row(sums, m->u0, row, r);
        close_row(t, row, negated, m->cleared);
    }
    for (size_t row = 0; !leaf->positive && row < TKN_A_ROWS; row++) {
        add_row(sums, m->u1, row, r);
        close_row(t, row, scaled, m->cleared);
    }
    kf_wipe(scaled, sizeof scaled);
    kf_wipe(negated, sizeof negated);
}

/* The points of `count` leaves from number `from` on. */
static void group_of_leaves(struct scratch *t, const struct policy *policy,
                            const struct bls_fr *values, size_t from, size_t count)
{
    struct group *g = t->group;
    for (size_t i = 0; i < count; i++) {
        const struct policy_leaf *leaf = &policy->leaves[from + i];
        g->request[i] = (struct tkn_matrix_request){leaf->label, leaf->label_length,
                                                    leaf->positive ? &values[from + i] : NULL};
    }
    tkn_matrices_get(g->matrices, t->public_key->cache, g->request, count);
    tkn_sums_init(&g->sums, g->first, g->k, g->a);
    for (size_t i = 0; i < count; i++) {
        leaf_rows(t, &policy->leaves[from + i], &values[from + i], &g->matrices[i],
                  t->shares[from + i]);
    }
    struct bls_g1 *out = t->g1 + t->g1_count;
    tkn_sums_run(out, &g->sums);
    tkn_clear_cofactors(out, g->uncleared, g->sums.count);
    if (t->tables != NULL) {
        bls_g1_base_mul_sum_batch(out, out, g->base, g->base_k, WB_TERMS, g->sums.count);
    }
    t->g1_count += g->sums.count;
}

/* B times each of count <= VECTORS vectors. Where a vector call leaves lanes empty that the single
 * products would fill, these are asked for and added here. What multiplies the same points stands
 * together, whatever vector it is for: lanes with one base share its lookup. */
static void times_b(struct bls_g2 *out, const struct scratch *t, const struct bls_fr (*r)[TKN_K],
                    size_t count)
{
    const struct bls_g2_base *base[VECTORS * B_ENTRIES];
    struct bls_g2_affine point[VECTORS * B_ENTRIES];
    struct bls_fr k[VECTORS * B_ENTRIES];
    struct bls_g2 product[VECTORS * B_ENTRIES];
    size_t terms = bls_path_lanes() > 1 && count % 2 == 1 ? 1 : TKN_K;
    size_t sums = count * B_ENTRIES / terms;
    for (size_t i = 0; i < count * B_ENTRIES; i++) {
        size_t entry = i / terms / count * terms + i % terms;
        k[i] = r[i / terms % count][entry % TKN_K];
        point[i] = t->public_key->b2[entry];
        base[i] = t->tables == NULL ? NULL : &t->tables->b2[entry];
    }
    if (t->tables == NULL) {
        bls_g2_mul_sum_batch(product, k, point, terms, sums);
    } else {
        bls_g2_base_mul_sum_batch(product, NULL, base, k, terms, sums);
    }
    for (size_t v = 0; v < count; v++) {
        for (size_t row = 0; row < TKN_B_ROWS; row++) {
            size_t first = TKN_K / terms * row * count + v;
            out[TKN_B_ROWS * v + row] = product[first];
            if (terms == 1) {
                bls_g2_add(&out[TKN_B_ROWS * v + row], &product[first], &product[first + count]);
            }
        }
    }
    kf_wipe(k, sizeof k);
    kf_wipe(product, sizeof product);
}

/* [r^T B^T k]T */
static void times_btk(struct bls_gt *out, const struct scratch *t)
{
    struct bls_gt factor;
    if (t->tables != NULL) {
        const struct bls_gt_base *base[TKN_K] = {&t->tables->btk[0], &t->tables->btk[1]};
        bls_gt_base_exp_product(out, base, t->r[0], TKN_K);
        return;
    }
    bls_gt_exp(out, &t->public_key->btk[0], &t->r[0][0]);
    bls_gt_exp(&factor, &t->public_key->btk[1], &t->r[0][1]);
    bls_gt_mul(out, out, &factor);
    kf_wipe(&factor, sizeof factor);
}

static void export_points(struct tkn_header *header, struct scratch *t, const struct policy *policy)
{
    size_t g2 = TKN_B_ROWS * ((size_t)policy->repeat_count + 1);
    bls_g1_to_affine_batch(t->g1_affine, t->g1, t->g1_count);
    bls_g2_to_affine_batch(t->g2_affine, t->g2, g2);
    memcpy(header->c1, t->g2_affine, sizeof header->c1);
    memcpy(header->c2, t->g2_affine + TKN_B_ROWS, policy->repeat_count * sizeof *header->c2);
    const struct bls_g1_affine *at = t->g1_affine;
    for (size_t i = 0; i < policy->leaf_count; i++) {
        struct tkn_leaf_points *leaf = &header->leaves[i];
        memcpy(leaf->c3, at, sizeof leaf->c3);
        at += TKN_A_ROWS;
        if (!policy->leaves[i].positive) {
            memcpy(leaf->c3neg, at, sizeof leaf->c3neg);
            at += TKN_A_ROWS;
        }
    }
}

/* r, then r_j, then the shares: as CIRCL draws them. */
static enum kf_status draw(struct scratch *t, const struct policy *policy,
                           const struct kf_random *random)
{
    enum kf_status s = KF_OK;
    for (size_t j = 0; s == KF_OK && j <= policy->repeat_count; j++) {
        s = tkn_matrix_random(t->r[j], TKN_K, random);
    }
    memcpy(t->shares[2 * (size_t)policy->gate_count], t->r[0], sizeof t->r[0]);
    return s == KF_OK ? tkn_share(t->shares, policy, random) : s;
}

enum kf_status tkn_encapsulate(struct tkn_header *header, struct bls_gt *key,
                               const struct tkn_public *public_key, const struct policy *policy,
                               const struct bls_fr *values, const struct kf_random *random)
{
    struct scratch t = {.public_key = public_key};
    memset(key, 0, sizeof *key);
    if (!scratch_new(&t, policy)) {
        return KF_ERR_MEMORY;
    }
    enum kf_status s = draw(&t, policy, random);
    if (s != KF_OK) {
        kf_wiping_free(t.block);
        return s;
    }
    size_t leaves = policy->leaf_count;
    size_t vectors = (size_t)policy->repeat_count + 1;
    t.tables =
        tkn_lazy_get(public_key->tables, &tkn_public_tables, public_key, 1 + leaves / LEAVES_A_USE);
    for (size_t i = 0; i < vectors; i += VECTORS) {
        times_b(t.g2 + TKN_B_ROWS * i, &t, (const struct bls_fr(*)[TKN_K])(t.r + i),
                vectors - i < VECTORS ? vectors - i : VECTORS);
    }
    for (size_t i = 0; i < leaves; i += GROUP) {
        group_of_leaves(&t, policy, values, i, leaves - i < GROUP ? leaves - i : GROUP);
    }
    export_points(header, &t, policy);
    times_btk(key, &t);
    kf_wiping_free(t.block);
    return KF_OK;
}
