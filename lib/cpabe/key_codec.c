#include "base/ct.h"
#include "base/secret.h"
#include "objects_int.h"

#include <stdlib.h>
#include <string.h>

/* The public key: [B]2, [WB]1, [B^T k]T. */

static void write_public(struct kf_writer *w, const struct tkn_public *p)
{
    codec_write_g2(w, p->b2, TKN_B_ROWS, TKN_K);
    codec_write_g1(w, p->wb1, TKN_A_ROWS, TKN_K);
    codec_write_gt(w, p->btk, TKN_K, 1);
}

/* Every one of these is uniform in its group, but for a chance of 2^-250 none is its neutral
 * element: encrypting with those would hide little or nothing. */
static enum kf_status check_public(const struct tkn_public *p)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < sizeof p->b2 / sizeof *p->b2; i++) {
        bad |= bls_g2_affine_is_infinity(&p->b2[i]);
    }
    for (size_t i = 0; i < sizeof p->wb1 / sizeof *p->wb1; i++) {
        bad |= bls_g1_affine_is_infinity(&p->wb1[i]);
    }
    for (size_t i = 0; i < sizeof p->btk / sizeof *p->btk; i++) {
        bad |= bls_gt_is_one(&p->btk[i]);
    }
    return bad == 0 ? KF_OK : KF_ERR_MALFORMED;
}

static enum kf_status read_public(struct tkn_public *p, struct kf_reader *r)
{
    enum kf_status s = codec_read_g2(p->b2, r, TKN_B_ROWS, TKN_K);
    if (s == KF_OK) {
        s = codec_read_g1(p->wb1, r, TKN_A_ROWS, TKN_K);
    }
    if (s == KF_OK) {
        s = codec_read_gt(p->btk, r, TKN_K, 1);
    }
    if (s == KF_OK) {
        s = check_public(p);
    }
    return s == KF_OK ? kf_reader_finish(r) : s;
}

enum cpabe_status cpabe_public_key_parse(struct cpabe_public_key **out, const uint8_t *data,
                                         size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    struct cpabe_public_key *key = object_public_key_new();
    if (key == NULL) {
        return CPABE_ERR_MEMORY;
    }
    if (read_public(&key->p, &r) != KF_OK) {
        cpabe_public_key_free(key);
        return CPABE_ERR_MALFORMED;
    }
    *out = key;
    return CPABE_OK;
}

/* The secret key: A, W^T A, B*, B12*, k, the PRF key. */

static void write_secret(struct kf_writer *w, const struct tkn_secret *s)
{
    codec_write_fr(w, s->a, TKN_A_ROWS, TKN_K);
    codec_write_fr(w, s->wta, TKN_B_ROWS, TKN_K);
    codec_write_fr(w, s->bstar, TKN_B_ROWS, TKN_K);
    codec_write_fr(w, s->bstar12, TKN_B_ROWS, TKN_K);
    codec_write_fr(w, s->k, TKN_B_ROWS, 1);
    codec_write_block(w, s->prf_key, sizeof s->prf_key);
}

/* A's shape is fixed: ((a, 0), (0, b), (1, 1)). */
static enum kf_status check_a(const struct bls_fr a[static 6])
{
    struct bls_fr one;
    bls_fr_from_u64(&one, 1);
    uint64_t good = bls_fr_is_zero(&a[1]) & bls_fr_is_zero(&a[2]) & bls_fr_equal(&a[4], &one) &
                    bls_fr_equal(&a[5], &one);
    /* four numbers that are the same in every key */
    kf_ct_public(&good, sizeof good);
    return good != 0 ? KF_OK : KF_ERR_MALFORMED;
}

static enum kf_status read_secret(struct tkn_secret *s, struct kf_reader *r)
{
    struct kf_reader prf;
    enum kf_status st = codec_read_fr(s->a, r, TKN_A_ROWS, TKN_K);
    if (st == KF_OK) {
        st = check_a(s->a);
    }
    if (st == KF_OK) {
        st = codec_read_fr(s->wta, r, TKN_B_ROWS, TKN_K);
    }
    if (st == KF_OK) {
        st = codec_read_fr(s->bstar, r, TKN_B_ROWS, TKN_K);
    }
    if (st == KF_OK) {
        st = codec_read_fr(s->bstar12, r, TKN_B_ROWS, TKN_K);
    }
    if (st == KF_OK) {
        st = codec_read_fr(s->k, r, TKN_B_ROWS, 1);
    }
    if (st == KF_OK && (kf_read_block16le(&prf, TKN_PRF_KEY_BYTES, r) != KF_OK ||
                        kf_read_copy(s->prf_key, TKN_PRF_KEY_BYTES, &prf) != KF_OK)) {
        st = KF_ERR_MALFORMED;
    }
    return st == KF_OK ? kf_reader_finish(r) : st;
}

enum cpabe_status cpabe_secret_key_parse(struct cpabe_secret_key **out, const uint8_t *data,
                                         size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    struct cpabe_secret_key *key = object_secret_key_new();
    if (key == NULL) {
        return CPABE_ERR_MEMORY;
    }
    if (read_secret(&key->s, &r) != KF_OK) {
        cpabe_secret_key_free(key);
        return CPABE_ERR_MALFORMED;
    }
    *out = key;
    return CPABE_OK;
}

/* An attribute key: labels and values, k1, k2, then k3 and the wildcards' constant terms by label.
 * CIRCL up to 1.3.1 wrote labels in no particular order, so any order is read; the sorted one is
 * written. */

static void write_label_matrix(struct kf_writer *w, const struct tkn_attribute *a,
                               const struct bls_g1_affine *points)
{
    codec_write_block(w, a->label, a->label_length);
    codec_write_g1(w, points, TKN_B_ROWS, 1);
}

static void write_attributes(struct kf_writer *w, const struct tkn_key *k)
{
    size_t position = kf_write_block_open16(w);
    kf_write_u16le(w, (uint16_t)k->count);
    for (size_t i = 0; i < k->count; i++) {
        const struct tkn_attribute *a = &k->attributes[i];
        uint8_t value[BLS_FR_BYTES];
        codec_write_block(w, a->label, a->label_length);
        kf_write_u8(w, a->wildcard);
        bls_fr_encode(value, &a->value);
        kf_write_bytes(w, value, sizeof value);
    }
    kf_write_block_close16le(w, position);
}

static void write_attribute_key(struct kf_writer *w, const struct tkn_key *k)
{
    uint16_t wildcards = 0;
    write_attributes(w, k);
    codec_write_g2(w, k->k1, TKN_A_ROWS, 1);
    codec_write_g1(w, k->k2, TKN_B_ROWS, 1);
    kf_write_u16le(w, (uint16_t)k->count);
    for (size_t i = 0; i < k->count; i++) {
        write_label_matrix(w, &k->attributes[i], k->attributes[i].k3);
        wildcards = (uint16_t)(wildcards + k->attributes[i].wildcard);
    }
    kf_write_u16le(w, wildcards);
    for (size_t i = 0; i < k->count; i++) {
        if (k->attributes[i].wildcard) {
            write_label_matrix(w, &k->attributes[i], k->attributes[i].wild);
        }
    }
}

static enum kf_status read_attribute(struct cpabe_attribute_key *key, struct tkn_attribute *a,
                                     struct kf_reader *r)
{
    struct kf_reader label;
    uint8_t flag;
    const uint8_t *value;
    if (kf_read_block16le(&label, TKN_KEY_LABEL_MAX, r) != KF_OK || kf_read_u8(&flag, r) != KF_OK ||
        flag > 1 || kf_read_bytes(&value, BLS_FR_BYTES, r) != KF_OK ||
        bls_fr_decode(&a->value, value) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    a->wildcard = flag == 1;
    if (a->wildcard && !bls_fr_is_zero(&a->value)) {
        return KF_ERR_MALFORMED;
    }
    object_key_set_label(key, a, (const char *)label.at, kf_reader_left(&label));
    return KF_OK;
}

static enum kf_status read_attributes(struct cpabe_attribute_key **out, struct kf_reader *r)
{
    enum { ATTRIBUTE_MIN = 2 + 1 + BLS_FR_BYTES };
    struct kf_reader block;
    uint16_t count;
    if (kf_read_block16le(&block, UINT16_MAX, r) != KF_OK ||
        kf_read_u16le(&count, &block) != KF_OK || count == 0 ||
        count > kf_reader_left(&block) / ATTRIBUTE_MIN) {
        return KF_ERR_MALFORMED;
    }
    if (count > CPABE_ATTRIBUTES_MAX + 1) {
        return KF_ERR_LIMIT;
    }
    /* labels are parts of the block, so whatever their lengths say they fit in as many bytes */
    struct cpabe_attribute_key *key = object_key_new(count, kf_reader_left(&block));
    if (key == NULL) {
        return KF_ERR_MEMORY;
    }
    enum kf_status s = KF_OK;
    for (size_t i = 0; s == KF_OK && i < count; i++) {
        s = read_attribute(key, &key->k.attributes[i], &block);
    }
    if (s == KF_OK) {
        s = kf_reader_finish(&block);
    }
    if (s == KF_OK) {
        s = object_key_sort(key);
    }
    if (s != KF_OK) {
        kf_secret_free(key);
        return s;
    }
    *out = key;
    return KF_OK;
}

/* One of the two maps from labels to points: every label that belongs in it, each once. `seen` has
 * a mark for each attribute. */
static enum kf_status read_map(struct tkn_key *k, bool wild, bool *seen, struct kf_reader *r)
{
    size_t expected = 0;
    uint16_t count;
    for (size_t i = 0; i < k->count; i++) {
        expected += !wild || k->attributes[i].wildcard;
        seen[i] = false;
    }
    if (kf_read_u16le(&count, r) != KF_OK || count != expected) {
        return KF_ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        struct kf_reader label;
        if (kf_read_block16le(&label, TKN_KEY_LABEL_MAX, r) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        const struct tkn_attribute *found =
            tkn_key_find(k, (const char *)label.at, kf_reader_left(&label));
        if (found == NULL || (wild && !found->wildcard)) {
            return KF_ERR_MALFORMED;
        }
        size_t index = (size_t)(found - k->attributes);
        struct tkn_attribute *a = &k->attributes[index];
        if (seen[index] ||
            codec_read_g1_unchecked(wild ? a->wild : a->k3, r, TKN_B_ROWS, 1) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        seen[index] = true;
    }
    return KF_OK;
}

/* Whether the attributes' points are in G1, a stretch of them at a time. */
static enum kf_status check_points(const struct tkn_key *k)
{
    enum { STRETCH = 64 };
    struct bls_g1_affine points[STRETCH + 2 * TKN_B_ROWS];
    size_t n = 0;
    uint64_t good = ~(uint64_t)0;
    for (size_t i = 0; i < k->count; i++) {
        memcpy(points + n, k->attributes[i].k3, sizeof k->attributes[i].k3);
        n += TKN_B_ROWS;
        if (k->attributes[i].wildcard) {
            memcpy(points + n, k->attributes[i].wild, sizeof k->attributes[i].wild);
            n += TKN_B_ROWS;
        }
        if (n >= STRETCH || i + 1 == k->count) {
            good &= bls_g1_in_subgroup_batch(points, n);
            n = 0;
        }
    }
    kf_wipe(points, sizeof points);
    /* that a key is refused is no secret */
    kf_ct_public(&good, sizeof good);
    return good != 0 ? KF_OK : KF_ERR_MALFORMED;
}

static enum kf_status read_points(struct tkn_key *k, struct kf_reader *r)
{
    bool seen[CPABE_ATTRIBUTES_MAX + 1];
    enum kf_status s = codec_read_g2(k->k1, r, TKN_A_ROWS, 1);
    if (s == KF_OK) {
        s = codec_read_g1(k->k2, r, TKN_B_ROWS, 1);
    }
    if (s == KF_OK) {
        s = read_map(k, false, seen, r);
    }
    if (s == KF_OK) {
        s = read_map(k, true, seen, r);
    }
    if (s == KF_OK) {
        s = check_points(k);
    }
    return s == KF_OK ? kf_reader_finish(r) : s;
}

enum cpabe_status cpabe_attribute_key_parse(struct cpabe_attribute_key **out, const uint8_t *data,
                                            size_t length)
{
    if (length > CPABE_KEY_MAX) {
        return CPABE_ERR_LIMIT;
    }
    struct kf_reader r = kf_reader_init(data, length);
    struct cpabe_attribute_key *key = NULL;
    enum kf_status s = read_attributes(&key, &r);
    if (s != KF_OK) {
        return object_status(s);
    }
    s = read_points(&key->k, &r);
    if (s != KF_OK) {
        kf_secret_free(key);
        return object_status(s);
    }
    *out = key;
    return CPABE_OK;
}

/* Encoding: once to learn the length, once to write. */

enum object { PUBLIC, SECRET, ATTRIBUTE };

static void write_object(struct kf_writer *w, enum object kind, const void *object)
{
    if (kind == PUBLIC) {
        write_public(w, object);
    } else if (kind == SECRET) {
        write_secret(w, object);
    } else {
        write_attribute_key(w, object);
    }
}

static enum cpabe_status encode(uint8_t **out, size_t *length, enum object kind, const void *object)
{
    struct kf_writer w = kf_writer_init(NULL, 0);
    write_object(&w, kind, object);
    size_t size = w.length;
    if (size > CPABE_KEY_MAX) {
        return CPABE_ERR_LIMIT;
    }
    uint8_t *buffer = kf_wiping_malloc(size);
    if (buffer == NULL) {
        return CPABE_ERR_MEMORY;
    }
    w = kf_writer_init(buffer, size);
    write_object(&w, kind, object);
    enum kf_status s = kf_writer_finish(&size, &w);
    if (s != KF_OK) {
        kf_wiping_free(buffer);
        return object_status(s);
    }
    *out = buffer;
    *length = size;
    return CPABE_OK;
}

enum cpabe_status cpabe_public_key_encode(uint8_t **out, size_t *length,
                                          const struct cpabe_public_key *key)
{
    return encode(out, length, PUBLIC, &key->p);
}

enum cpabe_status cpabe_secret_key_encode(uint8_t **out, size_t *length,
                                          const struct cpabe_secret_key *key)
{
    return encode(out, length, SECRET, &key->s);
}

enum cpabe_status cpabe_attribute_key_encode(uint8_t **out, size_t *length,
                                             const struct cpabe_attribute_key *key)
{
    return encode(out, length, ATTRIBUTE, &key->k);
}
