#include "base/ct.h"
#include "base/secret.h"
#include "tkn20_int.h"

#include <string.h>

void tkn_matrix_mul(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b, size_t rows,
                    size_t inner, size_t columns)
{
    struct bls_fr term;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            struct bls_fr *sum = &out[i * columns + j];
            *sum = (struct bls_fr){{0}};
            for (size_t l = 0; l < inner; l++) {
                bls_fr_mul(&term, &a[i * inner + l], &b[l * columns + j]);
                bls_fr_add(sum, sum, &term);
            }
        }
    }
    kf_wipe(&term, sizeof term);
}

void tkn_matrix_transpose(struct bls_fr *out, const struct bls_fr *a, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            out[j * rows + i] = a[i * columns + j];
        }
    }
}

void tkn_matrix_columns(struct bls_fr *out, const struct bls_fr *a, size_t rows, size_t first)
{
    for (size_t i = 0; i < rows; i++) {
        out[2 * i] = a[rows * i + first];
        out[2 * i + 1] = a[rows * i + first + 1];
    }
}

enum kf_status tkn_matrix_random(struct bls_fr *out, size_t count, const struct kf_random *random)
{
    for (size_t i = 0; i < count; i++) {
        enum kf_status s = bls_fr_random(&out[i], random);
        if (s != KF_OK) {
            kf_wipe(out, count * sizeof *out);
            return s;
        }
    }
    return KF_OK;
}

enum { N = 4, WIDE = 2 * N };

/* row j -= m[j][column] * row i */
static void eliminate(struct bls_fr m[N][WIDE], size_t i, size_t j, size_t column)
{
    struct bls_fr factor = m[j][column];
    struct bls_fr term;
    for (size_t c = 0; c < WIDE; c++) {
        bls_fr_mul(&term, &factor, &m[i][c]);
        bls_fr_sub(&m[j][c], &m[j][c], &term);
    }
    kf_wipe(&factor, sizeof factor);
    kf_wipe(&term, sizeof term);
}

/* Gauss-Jordan without exchange of rows: a matrix of uniform entries needs none. */
enum kf_status tkn_matrix_inverse(struct bls_fr out[static 16], const struct bls_fr a[static 16])
{
    struct bls_fr m[N][WIDE] = {0};
    uint64_t singular = 0;
    for (size_t i = 0; i < N; i++) {
        memcpy(m[i], a + N * i, N * sizeof *a);
        bls_fr_from_u64(&m[i][N + i], 1);
    }
    for (size_t i = 0; i < N; i++) {
        struct bls_fr inverse;
        singular |= bls_fr_is_zero(&m[i][i]);
        bls_fr_inverse(&inverse, &m[i][i]);
        for (size_t c = 0; c < WIDE; c++) {
            bls_fr_mul(&m[i][c], &m[i][c], &inverse);
        }
        kf_wipe(&inverse, sizeof inverse);
        for (size_t j = 0; j < N; j++) {
            if (j != i) {
                eliminate(m, i, j, i);
            }
        }
    }
    for (size_t i = 0; i < N; i++) {
        memcpy(out + N * i, m[i] + N, N * sizeof *out);
    }
    kf_wipe(m, sizeof m);
    /* a singular matrix is thrown away: that one was drawn says nothing of the next */
    kf_ct_public(&singular, sizeof singular);
    return singular == 0 ? KF_OK : KF_ERR_INTERNAL;
}
