/* Sums of points of E, eight at once: any points of the curve, infinity too. Constant-time. */
#include "base/secret.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

static void sum_rows(struct bls_g1 *out, const struct bls_g1_affine *a, const struct bls_rows *rows)
{
    struct bls_g1x8 sum, longer;
    struct bls_g1x8_affine point;
    bls_g1x8_infinity(&sum);
    for (size_t t = 0; t < rows->each; t++) {
        const struct bls_g1_affine *in[BLS_LANES];
        for (size_t lane = 0; lane < BLS_LANES; lane++) {
            size_t at = bls_rows_at(rows, lane, t);
            in[lane] = at == BLS_ROWS_NOTHING ? NULL : &a[at];
        }
        bls_lanes infinite = bls_g1x8_load_points(&point, in);
        bls_g1x8_add_mixed(&longer, &sum, &point);
        bls_g1x8_select(&sum, infinite, &sum, &longer);
    }
    bls_g1x8_fold(&sum, rows->slots);
    bls_g1x8_store(out, &sum, rows->rows);
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&longer, sizeof longer);
    kf_wipe(&point, sizeof point);
}

void bls_ifma_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms,
                           size_t sums)
{
    for (size_t done = 0; done < sums; done += BLS_LANES) {
        struct bls_rows rows;
        bls_rows_plan(&rows, terms, sums - done < BLS_LANES ? sums - done : BLS_LANES);
        sum_rows(out + done, a + done * terms, &rows);
    }
}
