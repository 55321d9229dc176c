#include "cca_int.h"

#include <assert.h>

enum kf_status codec_read_matrix(const uint8_t **entries, struct kf_reader *r, uint16_t rows,
                                 uint16_t columns, size_t entry_bytes)
{
    struct kf_reader block;
    uint16_t has_rows;
    uint16_t has_columns;
    if (kf_read_block16le(&block, UINT16_MAX, r) != KF_OK ||
        kf_read_u16le(&has_rows, &block) != KF_OK || kf_read_u16le(&has_columns, &block) != KF_OK ||
        has_rows != rows || has_columns != columns ||
        kf_read_bytes(entries, (size_t)rows * columns * entry_bytes, &block) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    return kf_reader_finish(&block);
}

enum { ENTRIES_MAX = 8 };

enum kf_status codec_read_g1_unchecked(struct bls_g1_affine *out, struct kf_reader *r,
                                       uint16_t rows, uint16_t columns)
{
    const uint8_t *at = NULL;
    const uint8_t *entry[ENTRIES_MAX];
    size_t count = (size_t)rows * columns;
    assert(count <= ENTRIES_MAX);
    enum kf_status s = codec_read_matrix(&at, r, rows, columns, BLS_G1_BYTES);
    for (size_t i = 0; s == KF_OK && i < count; i++) {
        entry[i] = at + i * BLS_G1_BYTES;
    }
    return s == KF_OK ? bls_g1_decode_batch(out, entry, count) : s;
}

enum kf_status codec_read_g1(struct bls_g1_affine *out, struct kf_reader *r, uint16_t rows,
                             uint16_t columns)
{
    enum kf_status s = codec_read_g1_unchecked(out, r, rows, columns);
    if (s == KF_OK && !bls_g1_in_subgroup_batch(out, (size_t)rows * columns)) {
        s = KF_ERR_MALFORMED;
    }
    return s;
}

enum kf_status codec_read_g2(struct bls_g2_affine *out, struct kf_reader *r, uint16_t rows,
                             uint16_t columns)
{
    const uint8_t *at = NULL;
    const uint8_t *entry[ENTRIES_MAX];
    size_t count = (size_t)rows * columns;
    assert(count <= ENTRIES_MAX);
    enum kf_status s = codec_read_matrix(&at, r, rows, columns, BLS_G2_BYTES);
    for (size_t i = 0; s == KF_OK && i < count; i++) {
        entry[i] = at + i * BLS_G2_BYTES;
    }
    if (s == KF_OK) {
        s = bls_g2_decode_batch(out, entry, count);
    }
    if (s == KF_OK && !bls_g2_in_subgroup_batch(out, count)) {
        s = KF_ERR_MALFORMED;
    }
    return s;
}

enum kf_status codec_read_gt(struct bls_gt *out, struct kf_reader *r, uint16_t rows,
                             uint16_t columns)
{
    const uint8_t *at = NULL;
    enum kf_status s = codec_read_matrix(&at, r, rows, columns, BLS_GT_BYTES);
    for (size_t i = 0; s == KF_OK && i < (size_t)rows * columns; i++) {
        s = bls_gt_decode(&out[i], at + i * BLS_GT_BYTES);
    }
    return s;
}

enum kf_status codec_read_fr(struct bls_fr *out, struct kf_reader *r, uint16_t rows,
                             uint16_t columns)
{
    const uint8_t *at = NULL;
    enum kf_status s = codec_read_matrix(&at, r, rows, columns, BLS_FR_BYTES);
    for (size_t i = 0; s == KF_OK && i < (size_t)rows * columns; i++) {
        s = bls_fr_decode(&out[i], at + i * BLS_FR_BYTES);
    }
    return s;
}

static size_t open_matrix(struct kf_writer *w, uint16_t rows, uint16_t columns)
{
    size_t position = kf_write_block_open16(w);
    kf_write_u16le(w, rows);
    kf_write_u16le(w, columns);
    return position;
}

void codec_write_g1(struct kf_writer *w, const struct bls_g1_affine *m, uint16_t rows,
                    uint16_t columns)
{
    size_t position = open_matrix(w, rows, columns);
    for (size_t i = 0; i < (size_t)rows * columns; i++) {
        uint8_t bytes[BLS_G1_BYTES];
        bls_g1_encode(bytes, &m[i]);
        kf_write_bytes(w, bytes, sizeof bytes);
    }
    kf_write_block_close16le(w, position);
}

void codec_write_g2(struct kf_writer *w, const struct bls_g2_affine *m, uint16_t rows,
                    uint16_t columns)
{
    size_t position = open_matrix(w, rows, columns);
    for (size_t i = 0; i < (size_t)rows * columns; i++) {
        uint8_t bytes[BLS_G2_BYTES];
        bls_g2_encode(bytes, &m[i]);
        kf_write_bytes(w, bytes, sizeof bytes);
    }
    kf_write_block_close16le(w, position);
}

void codec_write_gt(struct kf_writer *w, const struct bls_gt *m, uint16_t rows, uint16_t columns)
{
    size_t position = open_matrix(w, rows, columns);
    for (size_t i = 0; i < (size_t)rows * columns; i++) {
        uint8_t bytes[BLS_GT_BYTES];
        bls_gt_encode(bytes, &m[i]);
        kf_write_bytes(w, bytes, sizeof bytes);
    }
    kf_write_block_close16le(w, position);
}

void codec_write_fr(struct kf_writer *w, const struct bls_fr *m, uint16_t rows, uint16_t columns)
{
    size_t position = open_matrix(w, rows, columns);
    for (size_t i = 0; i < (size_t)rows * columns; i++) {
        uint8_t bytes[BLS_FR_BYTES];
        bls_fr_encode(bytes, &m[i]);
        kf_write_bytes(w, bytes, sizeof bytes);
    }
    kf_write_block_close16le(w, position);
}

void codec_write_block(struct kf_writer *w, const void *data, size_t length)
{
    size_t position = kf_write_block_open16(w);
    kf_write_bytes(w, data, length);
    kf_write_block_close16le(w, position);
}
