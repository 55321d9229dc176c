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
 * v, y and the ciphertext's points are public; the key's points are not.
 *
 * Which points are checked. Every point that is used must be on its curve: decoding refuses the
 * others. The points of G2 must each be in G2; the pairing finds out on its way. The points of G1,
 * three or six a leaf, would cost more to check than the pairings do. But the pairings see nothing
 * of them but the three sums P1, so these are checked, and that is enough:
 *
 *   - E(Fp) is the direct sum of G1 and a group H whose order is prime to r, and the map from the
 *     points to P1 is a homomorphism of E(Fp) in each of them: additions, and products by public
 *     scalars that are split over the endomorphism phi, which maps G1 to G1 and H to H. So P1 is
 *     the sum that the points' parts in G1 give, plus a sum of their parts in H; and it is in G1
 *     exactly if the latter is infinity. What was computed then is what the ciphertext with every
 *     point replaced by its part in G1 gives, a ciphertext that passes every check.
 *   - Nothing depends on that algebra but which sums are accepted: whatever the used points were,
 *     the pairing's arguments are three points of G1 that the sender could as well have put there
 *     one by one, in a single leaf, each in G1. So a sender learns from an answer nothing that a
 *     ciphertext of checked points would not have told.
 *   - Whether the sums are in G1 follows from the ciphertext, the policy and the attributes'
 *     values alone, all public, so the refusal says nothing.
 *   - It makes no second ciphertext out of a genuine one: the tag covers the bytes of every point,
 *     and who changes them (adds T to one point and takes it from another) has to know the seed. */
#include "base/ct.h"
#include "base/secret.h"
#include "multiples_int.h"
#include "sums_int.h"
#include "tkn20_int.h"

#include <string.h>

/* One chosen leaf and its part in the sums. */
struct term {
    const struct policy_leaf *leaf;
    const struct tkn_attribute *attribute;
    size_t index;
    size_t slot;
    struct bls_fr y;
    struct bls_fr inverse; /* of v - y; negated leaves only */
};

struct work {
    struct term *terms;
    size_t count;
    size_t negated;
    uint16_t *slot;                /* repeat index -> place among the used ones + 1; 0: unused */
    size_t slots;                  /* d */
    const uint8_t **encodings;     /* of the ciphertext's points that are used */
    struct bls_g1_affine *points;  /* of those, the ones in G1 (decode_g1 has the order) */
    struct bls_fr *scalars;        /* 8 a term */
    struct bls_g1_affine *factors; /* 8 a term: points to be multiplied or added */
    struct tkn_product *products;  /* 2 a term: columns of the key */
    size_t *first;                 /* of sums */
    struct bls_g1 *sums;           /* P2, 4 a slot, then -P1 */
    struct bls_g1 *parts;          /* scratch: as many */
    struct bls_g1_affine *p;       /* the pairing's arguments */
    struct bls_g2_affine *q;
    void *block;
};

enum {
    POINTS = 2 * TKN_A_ROWS,
    PRODUCTS = 2,
    FACTORS = PRODUCTS * TKN_B_ROWS,
    FIXED_PAIRS = TKN_A_ROWS + TKN_B_ROWS,
};

/* The next part of a block, or its place alone while there is no block. */
static void *take(uint8_t *block, size_t *at, size_t size)
{
    void *part = block == NULL ? NULL : block + *at;
    *at += (size + 7) / 8 * 8;
    return part;
}

/* Divides a block among what depends on n leaves, `pairs` pairings and `repeats` repeat indices;
 * gives the size it needs. */
static size_t lay_out(struct work *w, uint8_t *block, size_t n, size_t pairs, size_t repeats)
{
    size_t at = 0;
    w->terms = take(block, &at, n * sizeof *w->terms);
    w->slot = take(block, &at, repeats * sizeof *w->slot);
    w->encodings = take(block, &at, (n * POINTS + pairs) * sizeof *w->encodings);
    w->points = take(block, &at, n * POINTS * sizeof *w->points);
    w->scalars = take(block, &at, n * FACTORS * sizeof *w->scalars);
    w->factors = take(block, &at, n * FACTORS * sizeof *w->factors);
    w->products = take(block, &at, n * PRODUCTS * sizeof *w->products);
    w->first = take(block, &at, (pairs + 1) * sizeof *w->first);
    w->sums = take(block, &at, pairs * sizeof *w->sums);
    w->parts = take(block, &at, pairs * sizeof *w->parts);
    w->p = take(block, &at, pairs * sizeof *w->p);
    w->q = take(block, &at, pairs * sizeof *w->q);
    return at;
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
    size_t size = lay_out(w, NULL, n, pairs, policy->repeat_count);
    w->block = kf_wiping_malloc(size);
    if (w->block == NULL) {
        return false;
    }
    memset(w->block, 0, size);
    (void)lay_out(w, w->block, n, pairs, policy->repeat_count);
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
        t->slot = (size_t)w->slot[t->leaf->repeat] - 1;
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

/* The encodings of one row: c3 and c3neg of every negated leaf, or c3 of every positive one. */
static void encodings_of_row(const uint8_t ***to, const struct work *w,
                             const struct tkn_encoded_header *header, size_t row, bool positive)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        if (t->leaf->positive == positive) {
            *(*to)++ = header->c3[t->index] + row * BLS_G1_BYTES;
            if (!positive) {
                *(*to)++ = header->c3neg[t->index] + row * BLS_G1_BYTES;
            }
        }
    }
}

/* Decodes the points that are used, those of G1 in the order in which they are summed: the rows of
 * the negated leaves, the rows of the positive ones. */
static enum kf_status decode_g1(struct work *w, const struct tkn_encoded_header *header)
{
    const uint8_t **to = w->encodings;
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        if (!t->leaf->positive && header->c3neg[t->index] == NULL) {
            return KF_ERR_MALFORMED;
        }
    }
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        encodings_of_row(&to, w, header, row, false);
    }
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        encodings_of_row(&to, w, header, row, true);
    }
    return bls_g1_decode_batch(w->points, w->encodings, (size_t)(to - w->encodings));
}

/* c2 of each slot, then c1. */
static enum kf_status decode_g2(struct work *w, const struct tkn_encoded_header *header,
                                const struct policy *policy)
{
    for (size_t row = 0; row < TKN_B_ROWS; row++) {
        for (size_t j = 0; j < policy->repeat_count; j++) {
            if (w->slot[j] != 0) {
                w->encodings[TKN_B_ROWS * (size_t)(w->slot[j] - 1) + row] =
                    header->c2[j] + row * BLS_G2_BYTES;
            }
        }
        w->encodings[TKN_B_ROWS * w->slots + row] = header->c1 + row * BLS_G2_BYTES;
    }
    return bls_g2_decode_batch(w->q, w->encodings, TKN_B_ROWS * (w->slots + 1));
}

/* Guarded memory ends at a page, so what starts it is as aligned as its size. */
static void *secret_array(size_t size)
{
    return kf_secret_init() == KF_OK ? kf_secret_new((size + 63) / 64 * 64) : NULL;
}

/* The negated leaves' part of P1: public points and scalars. */
static void negated_p1(struct bls_g1 out[static TKN_A_ROWS], const struct work *w)
{
    struct tkn_sums sums;
    tkn_sums_init(&sums, w->first, w->scalars, w->factors);
    const struct bls_g1_affine *point = w->points;
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        for (size_t i = 0; i < w->count; i++) {
            const struct term *t = &w->terms[i];
            struct bls_fr scaled;
            if (t->leaf->positive) {
                continue;
            }
            bls_fr_mul(&scaled, &t->inverse, &t->y);
            tkn_sums_add(&sums, &scaled, point++);
            tkn_sums_add(&sums, &t->inverse, point++);
        }
        tkn_sums_close(&sums);
    }
    tkn_sums_run_vartime(out, &sums);
}

/* The products in P2, of the key's points with public scalars: of wildcards and negated leaves. All
 * rows and slots at once. */
static void products_p2(struct bls_g1 *out, const struct work *w, const struct tkn_key *key)
{
    struct tkn_sums sums;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        struct bls_fr k = t->leaf->positive ? t->y : t->inverse;
        if (t->leaf->positive && !t->attribute->wildcard) {
            continue;
        }
        if (t->attribute->wildcard && !t->leaf->positive) {
            w->products[n++] = (struct tkn_product){t->attribute, true, t->slot, k, NULL};
            bls_fr_mul(&k, &k, &t->y);
        }
        w->products[n++] = (struct tkn_product){t->attribute, false, t->slot, k, NULL};
    }
    tkn_sums_init(&sums, w->first, w->scalars, w->factors);
    tkn_products_run(out, key, w->products, n, w->slots, &sums);
}

/* Puts what the positive leaves of a slot add to P2 as it is at `to`, rows of `length`; gives their
 * number. What is not written there is infinity. */
static size_t plain_p2(struct bls_g1_affine *to, const struct work *w, size_t slot, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct term *t = &w->terms[i];
        if (t->slot != slot || !t->leaf->positive) {
            continue;
        }
        const struct tkn_attribute *a = t->attribute;
        for (size_t row = 0; to != NULL && row < TKN_B_ROWS; row++) {
            to[row * length + n] = a->wildcard ? a->wild[row] : a->k3[row];
        }
        n++;
    }
    return n;
}

static void add_rows(struct bls_g1 *sums, const struct bls_g1 *parts, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        bls_g1_add(&sums[i], &sums[i], &parts[i]);
    }
}

/* Adds what needs no product: the positive leaves' c3 to P1, their k3 to P2. The rows of P1 and of
 * the first slot, which as a rule is the only one, in one call. */
static void add_plain(struct work *w, struct bls_g1 *p1)
{
    size_t length = w->count - w->negated;
    struct bls_g1_affine *at = w->factors + TKN_A_ROWS * length;
    memcpy(w->factors, w->points + POINTS * w->negated, TKN_A_ROWS * length * sizeof *w->factors);
    memset(at, 0, TKN_B_ROWS * length * sizeof *at);
    (void)plain_p2(at, w, 0, length);
    bls_g1_sum_batch(w->parts, w->factors, length, FIXED_PAIRS);
    add_rows(p1, w->parts, TKN_A_ROWS);
    add_rows(w->sums, w->parts + TKN_A_ROWS, TKN_B_ROWS);
    for (size_t slot = 1; slot < w->slots; slot++) {
        length = plain_p2(NULL, w, slot, 0);
        (void)plain_p2(w->factors, w, slot, length);
        bls_g1_sum_batch(w->parts, w->factors, length, TKN_B_ROWS);
        add_rows(w->sums + TKN_B_ROWS * slot, w->parts, TKN_B_ROWS);
    }
}

/* The three sums of the ciphertext's points: all that is checked of them (see above). Sums of
 * points of the curve are on it, whatever they are; should a path's additions have an exception,
 * the test of the subgroup must not be asked about a point of another curve. */
static enum kf_status check_p1(const struct bls_g1_affine p1[static TKN_A_ROWS])
{
    uint64_t good = bls_g1_in_subgroup_batch(p1, TKN_A_ROWS);
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        good &= bls_g1_on_curve(&p1[row]);
    }
    /* made of public points and scalars alone; the shared inversion mixed the key's sums in */
    kf_ct_public(&good, sizeof good);
    return good != 0 ? KF_OK : KF_ERR_MALFORMED;
}

static enum kf_status make_sums(struct work *w, const struct tkn_key *key)
{
    /* p becomes P2, k2, -P1, where k2 is the caller's */
    size_t dynamic = TKN_B_ROWS * w->slots;
    struct bls_g1 *p1 = w->sums + dynamic;
    products_p2(w->sums, w, key);
    negated_p1(p1, w);
    add_plain(w, p1);
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        bls_g1_neg(&p1[row], &p1[row]);
    }
    bls_g1_to_affine_batch(w->p, w->sums, dynamic + TKN_A_ROWS);
    memmove(w->p + dynamic + TKN_B_ROWS, w->p + dynamic, TKN_A_ROWS * sizeof *w->p);
    return check_p1(w->p + dynamic + TKN_B_ROWS);
}

static void *make_lines(const void *source)
{
    const struct tkn_key *key = source;
    struct bls_g2_lines *lines = secret_array(TKN_A_ROWS * sizeof *lines);
    for (size_t i = 0; lines != NULL && i < TKN_A_ROWS; i++) {
        bls_g2_lines_init(&lines[i], &key->k1[i]);
    }
    return lines;
}

const struct tkn_lazy_kind tkn_key_lines = {make_lines, kf_secret_free, 1};

/* The product of the pairings; whether the points of the ciphertext in it are in G2. */
static enum kf_status pair(struct bls_gt *out, const struct work *w, const struct tkn_key *key)
{
    size_t dynamic = TKN_B_ROWS * (w->slots + 1);
    const struct bls_g2_lines *made = tkn_lazy_get(key->lines, &tkn_key_lines, key, 1);
    const struct bls_g2_lines *lines[TKN_A_ROWS];
    uint64_t in_subgroup;
    if (made != NULL) {
        for (size_t i = 0; i < TKN_A_ROWS; i++) {
            lines[i] = &made[i];
        }
        bls_pairing_product_fixed(out, &in_subgroup, w->p, w->q, dynamic, w->p + dynamic, lines,
                                  TKN_A_ROWS);
    } else {
        memcpy(w->q + dynamic, key->k1, sizeof key->k1);
        bls_pairing_product_fixed(out, &in_subgroup, w->p, w->q, dynamic + TKN_A_ROWS, NULL, NULL,
                                  0);
    }
    kf_ct_public(&in_subgroup, sizeof in_subgroup); /* says something of public points alone */
    return in_subgroup != 0 ? KF_OK : KF_ERR_MALFORMED;
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
    enum kf_status s = decode_g1(&w, header);
    if (s == KF_OK) {
        s = decode_g2(&w, header, policy);
    }
    if (s == KF_OK) {
        s = make_sums(&w, key);
    }
    if (s == KF_OK) {
        memcpy(w.p + TKN_B_ROWS * w.slots, key->k2, sizeof key->k2);
        s = pair(out, &w, key);
    }
    if (s != KF_OK) {
        kf_wipe(out, sizeof *out);
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
