/* Decapsulation: one product of 7 + 4d pairings, d the number of repeat indices among the chosen
 * leaves.
 *
 *   key = prod_j e(P2_j, c2_j) . e(-P1, k1) . e(k2, c1)
 *
 * A chosen leaf with value v, met by an attribute with value y, adds to P1 and to P2_j
 *
 *   positive:  c3                          and  k3
 *   negated:   (y c3 + c3neg) / (v - y)    and  k3 / (v - y)
 *
 * where for a wildcard k3 stands for y k3 + wild, with y = v under a positive leaf and y = v + 1
 * under a negated one. P1 = sum over all j, so the ciphertext's points go into one sum a row,
 * whatever d is.
 *
 * v, y and the ciphertext's points are public; the key's points are not. */
#include "base/secret.h"
#include "tkn20_int.h"

#include <string.h>

/* One chosen leaf and its part in the sums. */
struct term {
    const struct policy_leaf *leaf;
    const struct tkn_attribute *attribute;
    size_t index;
    struct bls_fr y;
    struct bls_fr inverse; /* of v - y; negated leaves only */
};

struct work {
    struct term *terms;
    size_t count;
    size_t negated;
    uint16_t *slot;               /* repeat index -> place among the used ones + 1; 0: unused */
    size_t slots;                 /* d */
    struct bls_g1_affine *points; /* 6 a term: c3, c3neg as decoded */
    struct bls_fr *scalars;       /* scratch: 2 a term */
    struct bls_g1 *sums;          /* P2, 4 a slot, then -P1 */
    struct bls_g1 *operands;      /* scratch: 2 a term */
    struct bls_g1_affine *p;      /* the pairing's arguments */
    struct bls_g2_affine *q;
    void *block;
};

enum { POINTS = 2 * TKN_A_ROWS, FIXED_PAIRS = TKN_A_ROWS + TKN_B_ROWS };

static void *take(uint8_t **at, size_t size)
{
    void *part = *at;
    *at += (size + 7) / 8 * 8;
    return part;
}

static bool work_new(struct work *w, const struct policy *policy, const bool *chosen)
{
    size_t n = 0;
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        n += chosen[i];
    }
    size_t d = n < policy->repeat_count ? n : policy->repeat_count;
    size_t pairs = TKN_B_ROWS * d + FIXED_PAIRS;
    size_t size = n * (sizeof *w->terms + POINTS * sizeof *w->points + 2 * sizeof *w->scalars +
                       2 * sizeof *w->operands) +
                  policy->repeat_count * sizeof *w->slot + 8 +
                  pairs * (sizeof *w->sums + sizeof *w->p + sizeof *w->q);
    w->block = kf_wiping_malloc(size);
    if (w->block == NULL) {
        return false;
    }
    memset(w->block, 0, size);
    uint8_t *at = w->block;
    w->terms = take(&at, n * sizeof *w->terms);
    w->slot = take(&at, policy->repeat_count * sizeof *w->slot);
    w->points = take(&at, n * POINTS * sizeof *w->points);
    w->scalars = take(&at, n * 2 * sizeof *w->scalars);
    w->operands = take(&at, n * 2 * sizeof *w->operands);
    w->sums = take(&at, pairs * sizeof *w->sums);
    w->p = take(&at, pairs * sizeof *w->p);
    w->q = take(&at, pairs * sizeof *w->q);
    return true;
}

static void collect(struct work *w, const struct tkn_key *key, const struct policy *policy,
                    const struct bls_fr *values, const bool *chosen)
{
    struct bls_fr one;
    bls_fr_from_u64(&one, 1);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        if (!chosen[i]) {
            continue;
        }
        struct term *t = &w->terms[w->count++];
        t->leaf = &policy->leaves[i];
        t->index = i;
        t->attribute = tkn_key_find(key, t->leaf->label, t->leaf->label_length);
        t->y = t->attribute->value;
        if (t->attribute->wildcard) {
            t->y = values[i];
            if (!t->leaf->positive) {
                bls_fr_add(&t->y, &t->y, &one);
            }
        }
        if (w->slot[t->leaf->repeat] == 0) {
            w->slot[t->leaf->repeat] = (uint16_t)++w->slots;
        }
    }
}

/* 1 / (v - y) of every negated leaf, with one inversion. */
static void invert_differences(struct work *w, const struct bls_fr *values)
{
    struct bls_fr *differences = w->scalars;
    struct bls_fr *inverses = w->scalars + w->count;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->terms[i].leaf->positive) {
            bls_fr_sub(&differences[n++], &values[w->terms[i].index], &w->terms[i].y);
        }
    }
    bls_fr_inverse_batch(inverses, differences, n);
    w->negated = n;
    for (size_t i = w->count; i-- > 0;) {
        if (!w->terms[i].leaf->positive) {
            w->terms[i].inverse = inverses[--n];
        }
    }
}

static enum kf_status decode_g1(struct bls_g1_affine out[static TKN_A_ROWS], const uint8_t *in)
{
    enum kf_status s = KF_OK;
    for (size_t i = 0; s == KF_OK && i < TKN_A_ROWS; i++) {
        s = bls_g1_decode_no_subgroup_check(&out[i], in + i * BLS_G1_BYTES);
    }
    return s;
}

static enum kf_status decode_g2(struct bls_g2_affine out[static TKN_B_ROWS], const uint8_t *in)
{
    enum kf_status s = KF_OK;
    for (size_t i = 0; s == KF_OK && i < TKN_B_ROWS; i++) {
        s = bls_g2_decode_no_subgroup_check(&out[i], in + i * BLS_G2_BYTES);
    }
    return s;
}

/* Decodes the points of the chosen leaves and their repeat indices, and checks their groups at
 * once. */
static enum kf_status decode_points(struct work *w, const struct tkn_encoded_header *header,
                                    const struct policy *policy)
{
    enum kf_status s = KF_OK;
    size_t n = 0;
    for (size_t i = 0; s == KF_OK && i < w->count; i++) {
        const struct term *t = &w->terms[i];
        s = decode_g1(w->points + n, header->c3[t->index]);
        n += TKN_A_ROWS;
        if (s == KF_OK && !t->leaf->positive) {
            s = header->c3neg[t->index] == NULL ? KF_ERR_MALFORMED
                                                : decode_g1(w->points + n, header->c3neg[t->index]);
            n += TKN_A_ROWS;
        }
    }
    for (size_t j = 0; s == KF_OK && j < policy->repeat_count; j++) {
        if (w->slot[j] != 0) {
            s = decode_g2(w->q + TKN_B_ROWS * (size_t)(w->slot[j] - 1), header->c2[j]);
        }
    }
    if (s == KF_OK) {
        s = decode_g2(w->q + TKN_B_ROWS * w->slots, header->c1);
    }
    if (s == KF_OK && (!bls_g1_in_subgroup_batch(w->points, n) ||
                       !bls_g2_in_subgroup_batch(w->q, TKN_B_ROWS * (w->slots + 1)))) {
        s = KF_ERR_MALFORMED;
    }
    return s;
}

/* Row `row` of -P1, of public points with public scalars. */
static void sum_p1(struct bls_g1 *out, const struct work *w, size_t row)
{
    struct bls_g1 sum;
    struct bls_g1 positive;
    struct bls_g1 point;
    size_t at = row;
    size_t n = 0;
    bls_g1_infinity(&positive);
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        bls_g1_from_affine(&point, &w->points[at]);
        at += TKN_A_ROWS;
        if (t->leaf->positive) {
            bls_g1_add(&positive, &positive, &point);
            continue;
        }
        bls_fr_mul(&w->scalars[n], &t->inverse, &t->y);
        w->operands[n++] = point;
        w->scalars[n] = t->inverse;
        bls_g1_from_affine(&w->operands[n++], &w->points[at]);
        at += TKN_A_ROWS;
    }
    bls_g1_mul_sum_vartime(&sum, w->scalars, w->operands, n);
    bls_g1_add(&sum, &sum, &positive);
    bls_g1_neg(out, &sum);
}

/* Row `row` of what one term adds to P2: the key's points, so nothing here depends on their values.
 */
static void term_p2(struct bls_g1 *out, const struct term *t, size_t row)
{
    struct bls_g1 point;
    bls_g1_from_affine(&point, &t->attribute->k3[row]);
    if (t->attribute->wildcard) {
        struct bls_g1 constant;
        bls_g1_mul(&point, &t->y, &point);
        bls_g1_from_affine(&constant, &t->attribute->wild[row]);
        bls_g1_add(&point, &point, &constant);
        kf_wipe(&constant, sizeof constant);
    }
    if (!t->leaf->positive) {
        bls_g1_mul(&point, &t->inverse, &point);
    }
    *out = point;
    kf_wipe(&point, sizeof point);
}

static void sum_p2(struct work *w)
{
    for (size_t i = 0; i < TKN_B_ROWS * w->slots; i++) {
        bls_g1_infinity(&w->sums[i]);
    }
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        struct bls_g1 *sums = w->sums + TKN_B_ROWS * (size_t)(w->slot[t->leaf->repeat] - 1);
        for (size_t row = 0; row < TKN_B_ROWS; row++) {
            struct bls_g1 point;
            term_p2(&point, t, row);
            bls_g1_add(&sums[row], &sums[row], &point);
            kf_wipe(&point, sizeof point);
        }
    }
}

enum kf_status tkn_decapsulate(struct bls_gt *out, const struct tkn_key *key,
                               const struct tkn_encoded_header *header, const struct policy *policy,
                               const struct bls_fr *values, const bool *chosen)
{
    struct work w;
    memset(out, 0, sizeof *out);
    if (!work_new(&w, policy, chosen)) {
        return KF_ERR_MEMORY;
    }
    collect(&w, key, policy, values, chosen);
    invert_differences(&w, values);
    enum kf_status s = decode_points(&w, header, policy);
    if (s == KF_OK) {
        /* q holds c2 of each slot, then c1; k1 follows. p the same way: P2, k2, -P1 */
        size_t dynamic = TKN_B_ROWS * w.slots;
        sum_p2(&w);
        for (size_t row = 0; row < TKN_A_ROWS; row++) {
            sum_p1(&w.sums[dynamic + row], &w, row);
        }
        bls_g1_to_affine_batch(w.p, w.sums, dynamic + TKN_A_ROWS);
        memcpy(w.p + dynamic + TKN_B_ROWS, w.p + dynamic, TKN_A_ROWS * sizeof *w.p);
        memcpy(w.p + dynamic, key->k2, sizeof key->k2);
        memcpy(w.q + dynamic + TKN_B_ROWS, key->k1, sizeof key->k1);
        bls_pairing_product(out, w.p, w.q, dynamic + FIXED_PAIRS);
    }
    kf_wiping_free(w.block);
    return s;
}

static int compare_label(const struct tkn_attribute *attribute, const char *label, size_t length)
{
    size_t shared = attribute->label_length < length ? attribute->label_length : length;
    int order = memcmp(attribute->label, label, shared);
    if (order != 0) {
        return order;
    }
    return (attribute->label_length > length) - (attribute->label_length < length);
}

const struct tkn_attribute *tkn_key_find(const struct tkn_key *key, const char *label,
                                         size_t length)
{
    size_t low = 0;
    size_t high = key->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_label(&key->attributes[middle], label, length);
        if (order == 0) {
            return &key->attributes[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

void tkn_available(bool *available, const struct tkn_key *key, const struct policy *policy,
                   const struct bls_fr *values)
{
    for (size_t i = 0; i < policy->leaf_count; i++) {
        const struct policy_leaf *leaf = &policy->leaves[i];
        const struct tkn_attribute *attribute = tkn_key_find(key, leaf->label, leaf->label_length);
        available[i] = attribute != NULL &&
                       (attribute->wildcard ||
                        (bls_fr_equal(&attribute->value, &values[i]) != 0) == leaf->positive);
    }
}
