#include "base/secret.h"
#include "cca_int.h"

#include <stdlib.h>
#include <string.h>

/* Encoding. */

static void write_gates(struct kf_writer *w, const struct policy *policy)
{
    size_t position = kf_write_block_open16(w);
    kf_write_u16le(w, policy->gate_count);
    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct policy_gate *gate = &policy->gates[i];
        kf_write_u8(w, gate->class);
        kf_write_u16le(w, gate->in0);
        kf_write_u16le(w, gate->in1);
        kf_write_u16le(w, gate->out);
    }
    kf_write_block_close16le(w, position);
}

void cca_write_policy(struct kf_writer *w, const struct policy *policy, const struct bls_fr *values)
{
    size_t position = kf_write_block_open16(w);
    write_gates(w, policy);
    kf_write_u16le(w, policy->leaf_count);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        const struct policy_leaf *leaf = &policy->leaves[i];
        uint8_t scalar[BLS_FR_BYTES];
        size_t block = kf_write_block_open16(w);
        bls_fr_encode(scalar, &values[i]);
        codec_write_block(w, leaf->label, leaf->label_length);
        codec_write_block(w, leaf->value, leaf->value_length);
        codec_write_block(w, scalar, sizeof scalar);
        kf_write_u8(w, leaf->positive);
        kf_write_block_close16le(w, block);
    }
    kf_write_block_close16le(w, position);
}

void cca_write_header(struct kf_writer *w, const struct policy *stated,
                      const struct policy *extended, const struct bls_fr *values,
                      const struct tkn_header *header)
{
    cca_write_policy(w, stated, values);
    codec_write_g2(w, header->c1, TKN_B_ROWS, 1);
    kf_write_u16le(w, extended->repeat_count);
    for (size_t j = 0; j < extended->repeat_count; j++) {
        codec_write_g2(w, header->c2[j], TKN_B_ROWS, 1);
    }
    kf_write_u16le(w, extended->leaf_count);
    for (size_t i = 0; i < extended->leaf_count; i++) {
        codec_write_g1(w, header->leaves[i].c3, TKN_A_ROWS, 1);
    }
    for (size_t i = 0; i < extended->leaf_count; i++) {
        if (extended->leaves[i].positive) {
            codec_write_block(w, NULL, 0);
        } else {
            codec_write_g1(w, header->leaves[i].c3neg, TKN_A_ROWS, 1);
        }
    }
}

/* Parsing. */

/* A policy as it stands in a ciphertext, before its circuit is checked. */
struct stated_policy {
    struct policy_part *parts;
    struct policy_gate *gates;
    const uint8_t **scalars;
    size_t leaf_count;
    size_t gate_count;
    void *block;
};

static enum kf_status allocate_stated(struct stated_policy *p, size_t gate_count)
{
    if (gate_count >= POLICY_LEAVES_MAX) {
        return KF_ERR_MALFORMED;
    }
    p->gate_count = gate_count;
    p->leaf_count = gate_count + 1;
    p->block = calloc(p->leaf_count, sizeof *p->parts + sizeof *p->scalars + sizeof *p->gates);
    if (p->block == NULL) {
        return KF_ERR_MEMORY;
    }
    p->parts = p->block;
    p->scalars = (const uint8_t **)(void *)(p->parts + p->leaf_count);
    p->gates = (struct policy_gate *)(void *)(p->scalars + p->leaf_count);
    return KF_OK;
}

static enum kf_status read_gates(struct stated_policy *p, struct kf_reader *r)
{
    struct kf_reader block;
    uint16_t count;
    if (kf_read_block16le(&block, UINT16_MAX, r) != KF_OK ||
        kf_read_u16le(&count, &block) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    enum kf_status s = allocate_stated(p, count);
    for (size_t i = 0; s == KF_OK && i < count; i++) {
        struct policy_gate *gate = &p->gates[i];
        if (kf_read_u8(&gate->class, &block) != KF_OK ||
            kf_read_u16le(&gate->in0, &block) != KF_OK ||
            kf_read_u16le(&gate->in1, &block) != KF_OK ||
            kf_read_u16le(&gate->out, &block) != KF_OK) {
            s = KF_ERR_MALFORMED;
        }
    }
    return s == KF_OK ? kf_reader_finish(&block) : s;
}

static enum kf_status read_leaf(struct policy_part *part, const uint8_t **scalar,
                                struct kf_reader *r)
{
    struct kf_reader block;
    struct kf_reader label;
    struct kf_reader value;
    struct kf_reader number;
    uint8_t positive;
    if (kf_read_block16le(&block, UINT16_MAX, r) != KF_OK ||
        kf_read_block16le(&label, POLICY_WORD_MAX, &block) != KF_OK ||
        kf_read_block16le(&value, POLICY_WORD_MAX, &block) != KF_OK ||
        kf_read_block16le(&number, BLS_FR_BYTES, &block) != KF_OK ||
        kf_reader_left(&number) != BLS_FR_BYTES || kf_read_u8(&positive, &block) != KF_OK ||
        positive > 1) {
        return KF_ERR_MALFORMED;
    }
    part->label = label.at;
    part->label_length = kf_reader_left(&label);
    part->value = value.at;
    part->value_length = kf_reader_left(&value);
    part->positive = positive == 1;
    *scalar = number.at;
    return kf_reader_finish(&block);
}

static enum kf_status read_stated(struct stated_policy *p, struct kf_reader *r)
{
    struct kf_reader block;
    uint16_t count;
    if (kf_read_block16le(&block, UINT16_MAX, r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    enum kf_status s = read_gates(p, &block);
    if (s == KF_OK && (kf_read_u16le(&count, &block) != KF_OK || count != p->leaf_count)) {
        s = KF_ERR_MALFORMED;
    }
    for (size_t i = 0; s == KF_OK && i < p->leaf_count; i++) {
        s = read_leaf(&p->parts[i], &p->scalars[i], &block);
    }
    return s == KF_OK ? kf_reader_finish(&block) : s;
}

/* The arrays of *out that depend on the policy's size. */
static enum kf_status allocate_points(struct cca_ciphertext *out)
{
    size_t leaves = out->extended->leaf_count;
    size_t repeats = out->extended->repeat_count;
    out->block = calloc(1, leaves * (sizeof *out->values + 2 * sizeof(uint8_t *)) +
                               repeats * sizeof(uint8_t *));
    if (out->block == NULL) {
        return KF_ERR_MEMORY;
    }
    out->values = out->block;
    out->points.c3 = (const uint8_t **)(void *)(out->values + leaves);
    out->points.c3neg = out->points.c3 + leaves;
    out->points.c2 = out->points.c3neg + leaves;
    return KF_OK;
}

/* The stated scalars must be what the stated values hash to; the transform's own leaf has id. */
static enum kf_status derive_values(struct cca_ciphertext *out, const struct stated_policy *stated)
{
    for (size_t i = 0; i < stated->leaf_count; i++) {
        uint8_t scalar[BLS_FR_BYTES];
        tkn_hash_value(&out->values[i], out->policy->leaves[i].value,
                       out->policy->leaves[i].value_length);
        bls_fr_encode(scalar, &out->values[i]);
        if (memcmp(scalar, stated->scalars[i], sizeof scalar) != 0) {
            return KF_ERR_MALFORMED;
        }
    }
    bls_fr_from_bytes_mod(&out->values[stated->leaf_count], out->id, CCA_ID_BYTES);
    return KF_OK;
}

static enum kf_status read_policy(struct cca_ciphertext *out, struct kf_reader *r)
{
    struct stated_policy stated = {0};
    enum kf_status s = read_stated(&stated, r);
    if (s == KF_OK) {
        s = policy_from_parts(&out->policy, stated.parts, stated.leaf_count, stated.gates,
                              stated.gate_count, NULL);
    }
    if (s == KF_OK) {
        s = policy_with_and_leaf(&out->extended, out->policy, CCA_LABEL, "");
    }
    if (s == KF_OK) {
        s = allocate_points(out);
    }
    if (s == KF_OK) {
        s = derive_values(out, &stated);
    }
    free(stated.block);
    return s;
}

/* c3neg: present exactly at negated leaves. */
static enum kf_status read_negated(struct cca_ciphertext *out, struct kf_reader *r)
{
    for (size_t i = 0; i < out->extended->leaf_count; i++) {
        struct kf_reader none;
        enum kf_status s =
            out->extended->leaves[i].positive
                ? kf_read_block16le(&none, 0, r)
                : codec_read_matrix(&out->points.c3neg[i], r, TKN_A_ROWS, 1, BLS_G1_BYTES);
        if (s != KF_OK) {
            return s;
        }
    }
    return KF_OK;
}

static enum kf_status read_header(struct cca_ciphertext *out, struct kf_reader *r)
{
    uint16_t count;
    enum kf_status s = read_policy(out, r);
    if (s == KF_OK) {
        s = codec_read_matrix(&out->points.c1, r, TKN_B_ROWS, 1, BLS_G2_BYTES);
    }
    if (s == KF_OK && (kf_read_u16le(&count, r) != KF_OK || count != out->extended->repeat_count)) {
        s = KF_ERR_MALFORMED;
    }
    for (size_t j = 0; s == KF_OK && j < out->extended->repeat_count; j++) {
        s = codec_read_matrix(&out->points.c2[j], r, TKN_B_ROWS, 1, BLS_G2_BYTES);
    }
    if (s == KF_OK && (kf_read_u16le(&count, r) != KF_OK || count != out->extended->leaf_count)) {
        s = KF_ERR_MALFORMED;
    }
    for (size_t i = 0; s == KF_OK && i < out->extended->leaf_count; i++) {
        s = codec_read_matrix(&out->points.c3[i], r, TKN_A_ROWS, 1, BLS_G1_BYTES);
    }
    if (s == KF_OK) {
        s = read_negated(out, r);
    }
    return s == KF_OK ? kf_reader_finish(r) : s;
}

static enum kf_status read_long_block(struct kf_reader *out, bool wide, struct kf_reader *r)
{
    return wide ? kf_read_block32le(out, UINT32_MAX, r) : kf_read_block16le(out, UINT16_MAX, r);
}

static enum kf_status read_fixed(const uint8_t **out, size_t length, struct kf_reader *r)
{
    struct kf_reader block;
    if (kf_read_block16le(&block, length, r) != KF_OK ||
        kf_read_bytes(out, length, &block) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    return KF_OK;
}

static enum kf_status read_whole(struct cca_ciphertext *out, struct kf_reader *r)
{
    struct kf_reader body;
    struct kf_reader header;
    struct kf_reader envelope;
    if (kf_reader_left(r) >= CCA_VERSION_BYTES &&
        memcmp(r->at, CCA_VERSION, CCA_VERSION_BYTES) == 0) {
        const uint8_t *skipped;
        out->current = kf_read_bytes(&skipped, CCA_VERSION_BYTES, r) == KF_OK;
    }
    if (read_fixed(&out->id, CCA_ID_BYTES, r) != KF_OK ||
        read_long_block(&body, out->current, r) != KF_OK ||
        read_fixed(&out->tag, CCA_TAG_BYTES, r) != KF_OK || kf_reader_finish(r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    out->mac_data = body.at;
    out->mac_length = kf_reader_left(&body);
    if (read_long_block(&header, out->current, &body) != KF_OK ||
        read_long_block(&envelope, out->current, &body) != KF_OK ||
        kf_reader_finish(&body) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    out->header_length = kf_reader_left(&header);
    out->envelope = envelope.at;
    out->envelope_length = kf_reader_left(&envelope);
    return read_header(out, &header);
}

enum kf_status cca_parse(struct cca_ciphertext *out, const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    memset(out, 0, sizeof *out);
    enum kf_status s = read_whole(out, &r);
    if (s != KF_OK) {
        cca_clear(out);
        return s == KF_ERR_MEMORY ? s : KF_ERR_MALFORMED;
    }
    return KF_OK;
}

void cca_clear(struct cca_ciphertext *ciphertext)
{
    policy_free(ciphertext->policy);
    policy_free(ciphertext->extended);
    free(ciphertext->block);
    memset(ciphertext, 0, sizeof *ciphertext);
}
