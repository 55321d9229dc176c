/* Hashing to G1, eight messages at a time, as hash_to_g1.c, in two steps: to the curve, and from
 * there to the subgroup. The field elements are made by the scalar code; a remainder of at most
 * four messages has both elements of a message in one vector. Constant-time in the messages. */
#include "base/secret.h"
#include "bls12381/ifma/hash_to_g1x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/point_int.h"

enum { VECTORS = 8, POINTS = VECTORS * BLS_LANES }; /* that share an inversion */

/* The sum, on E1, of what both elements of n <= 8 messages map to. */
static void map_both(struct bls_g1x8 *out, struct bls_fp u[static BLS_LANES][2], size_t n)
{
    struct bls_fp8 v;
    struct bls_g1x8 p, q;
    if (n <= BLS_LANES / 2) {
        struct bls_fp row[BLS_LANES] = {{{0}}};
        for (size_t i = 0; i < n; i++) {
            row[i] = u[i][0];
            row[i + BLS_LANES / 2] = u[i][1];
        }
        bls_fp8_load(&v, row, sizeof row[0]);
        bls_mapx8_to_e1(&p, &v);
        bls_fp8_rotate(&q.x, &p.x, BLS_LANES / 2);
        bls_fp8_rotate(&q.y, &p.y, BLS_LANES / 2);
        bls_fp8_rotate(&q.z, &p.z, BLS_LANES / 2);
        kf_wipe(row, sizeof row);
    } else {
        bls_fp8_load_count(&v, &u[0][0], sizeof u[0], n);
        bls_mapx8_to_e1(&p, &v);
        bls_fp8_load_count(&v, &u[0][1], sizeof u[0], n);
        bls_mapx8_to_e1(&q, &v);
    }
    bls_mapx8_add_on_e1(out, &p, &q);
    kf_wipe(&v, sizeof v);
    kf_wipe(&p, sizeof p);
    kf_wipe(&q, sizeof q);
}

static void hash_lanes(struct bls_g1x8 *out, const struct bls_hash_input *in, size_t n)
{
    struct bls_fp u[BLS_LANES][2] = {{{{0}}}};
    struct bls_g1x8 sum;
    for (size_t i = 0; i < n; i++) {
        bls_hash_to_fields(u[i], in[i].message, in[i].message_length, in[i].dst, in[i].dst_length);
    }
    map_both(&sum, u, n);
    bls_mapx8_isogeny(out, &sum);
    kf_wipe(u, sizeof u);
    kf_wipe(&sum, sizeof sum);
}

void bls_ifma_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in,
                                   size_t n)
{
    struct bls_g1x8 p[VECTORS];
    for (size_t done = 0; done < n; done += POINTS) {
        size_t count = n - done < POINTS ? n - done : POINTS;
        for (size_t i = 0; i < count; i += BLS_LANES) {
            size_t lanes = count - i < BLS_LANES ? count - i : BLS_LANES;
            hash_lanes(&p[i / BLS_LANES], in + done + i, lanes);
        }
        bls_g1x8_to_affine(out + done, p, count);
    }
    kf_wipe(p, sizeof p);
}

void bls_ifma_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n)
{
    struct bls_g1x8 a, t;
    for (size_t done = 0; done < n; done += BLS_LANES) {
        size_t count = n - done < BLS_LANES ? n - done : BLS_LANES;
        bls_g1x8_load(&a, p + done, count);
        if (count <= BLS_LANES / 2) {
            bls_g1x4_mul_x_abs(&t, &a);
        } else {
            bls_g1x8_mul_x_abs(&t, &a);
        }
        bls_g1x8_add(&t, &t, &a);
        bls_g1x8_store(p + done, &t, count);
    }
    kf_wipe(&a, sizeof a);
    kf_wipe(&t, sizeof t);
}
