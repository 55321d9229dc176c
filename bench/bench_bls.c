/* What each operation of BLS12-381 costs: the least of many short runs, in microseconds, which a
 * busy neighbour disturbs least. Public points in the vartime rows. */
#include "bls12381/point_int.h"

#include <stdio.h>
#include <time.h>

enum { PAIRS = 11 };

static struct bls_fp fp_a, fp_b;
static struct bls_fp2 fp2_a, fp2_b;
static struct bls_fp12 f12;
static struct bls_fr k[PAIRS];
static struct bls_g1 p[PAIRS], p_out;
static struct bls_g2 q[PAIRS], q_out;
static struct bls_g1_affine pa[PAIRS];
static struct bls_g2_affine qa[PAIRS];
static struct bls_gt gt, gt_out;
static uint8_t bytes[BLS_G2_BYTES], bytes_gt[BLS_GT_BYTES];
static uint64_t sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void run_fp_mul(void)
{
    bls_fp_mul(&fp_a, &fp_a, &fp_b);
}
static void run_fp_square(void)
{
    bls_fp_square(&fp_a, &fp_a);
}
static void run_fp_add(void)
{
    bls_fp_add(&fp_a, &fp_a, &fp_b);
}
static void run_fp_inverse(void)
{
    bls_fp_inverse(&fp_a, &fp_a);
}
static void run_fp2_mul(void)
{
    bls_fp2_mul(&fp2_a, &fp2_a, &fp2_b);
}
static void run_fp2_square(void)
{
    bls_fp2_square(&fp2_a, &fp2_a);
}
static void run_fp12_mul(void)
{
    bls_fp12_mul(&f12, &f12, &gt.f);
}
static void run_fp12_square(void)
{
    bls_fp12_square(&f12, &f12);
}
static void run_cyclotomic_square(void)
{
    bls_gt_square(&gt_out, &gt);
}
static void run_fr_mul(void)
{
    bls_fr_mul(&k[0], &k[0], &k[1]);
}
static void run_fr_inverse(void)
{
    bls_fr_inverse(&k[0], &k[0]);
}
static void run_g1_add(void)
{
    bls_g1_add(&p_out, &p_out, &p[0]);
}
static void run_g1_double(void)
{
    bls_g1_double(&p_out, &p_out);
}
static void run_g2_add(void)
{
    bls_g2_add(&q_out, &q_out, &q[0]);
}
static void run_g2_double(void)
{
    bls_g2_double(&q_out, &q_out);
}
static void run_g1_mul(void)
{
    bls_g1_mul(&p_out, &k[2], &p[1]);
}
static void run_g1_mul_vartime(void)
{
    bls_g1_mul_vartime(&p_out, &k[2], &p[1]);
}
static void run_g1_mul_generator(void)
{
    bls_g1_mul_generator(&p_out, &k[2]);
}
static void run_g1_mul_sum3(void)
{
    bls_g1_mul_sum(&p_out, k, p, 3);
}
static void run_g2_mul(void)
{
    bls_g2_mul(&q_out, &k[2], &q[1]);
}
static void run_g2_mul_generator(void)
{
    bls_g2_mul_generator(&q_out, &k[2]);
}
static void run_g2_mul_sum3(void)
{
    bls_g2_mul_sum(&q_out, k, q, 3);
}
static void run_g1_to_affine(void)
{
    bls_g1_to_affine(&pa[0], &p[0]);
}
static void run_g1_table_init(void)
{
    static struct bls_g1_base base;
    bls_g1_base_init(&base, &pa[0]);
}
static void run_hash(void)
{
    bls_hash_to_g1(&p_out, bytes, 32, bytes + 32, 20);
}
static void run_g1_check(void)
{
    sink |= bls_g1_in_subgroup(&pa[1]);
}
static void run_g2_check(void)
{
    sink |= bls_g2_in_subgroup(&qa[1]);
}
static void run_g1_decode(void)
{
    bls_g1_encode(bytes, &pa[1]);
    sink |= bls_g1_decode(&pa[1], bytes);
}
static void run_g1_decode_compressed(void)
{
    bls_g1_encode_compressed(bytes, &pa[1]);
    sink |= bls_g1_decode_compressed(&pa[1], bytes);
}
static void run_gt_exp(void)
{
    bls_gt_exp(&gt_out, &gt, &k[2]);
}
static void run_gt_decode(void)
{
    bls_gt_encode(bytes_gt, &gt);
    sink |= bls_gt_decode(&gt_out, bytes_gt);
}
static void run_miller_1(void)
{
    bls_miller_loop(&f12, pa, qa, 1);
}
static void run_final(void)
{
    bls_final_exponentiation(&gt_out, &f12);
}
static void run_pairing(void)
{
    bls_pairing(&gt_out, pa, qa);
}
static void run_product_11(void)
{
    bls_pairing_product(&gt_out, pa, qa, PAIRS);
}

static const struct {
    const char *name;
    void (*run)(void);
    int repeat;
} benches[] = {
    {"Fp multiplication", run_fp_mul, 2000},
    {"Fp squaring", run_fp_square, 2000},
    {"Fp addition", run_fp_add, 2000},
    {"Fp inversion", run_fp_inverse, 20},
    {"Fp2 multiplication", run_fp2_mul, 1000},
    {"Fp2 squaring", run_fp2_square, 1000},
    {"Fp12 multiplication", run_fp12_mul, 100},
    {"Fp12 squaring", run_fp12_square, 100},
    {"Fp12 cyclotomic squaring", run_cyclotomic_square, 100},
    {"Fr multiplication", run_fr_mul, 2000},
    {"Fr inversion", run_fr_inverse, 50},
    {"G1 addition", run_g1_add, 500},
    {"G1 doubling", run_g1_double, 500},
    {"G2 addition", run_g2_add, 200},
    {"G2 doubling", run_g2_double, 200},
    {"G1 multiplication", run_g1_mul, 5},
    {"G1 multiplication, vartime", run_g1_mul_vartime, 5},
    {"G1 multiplication of the generator", run_g1_mul_generator, 5},
    {"G1 sum of 3 multiplications", run_g1_mul_sum3, 3},
    {"G2 multiplication", run_g2_mul, 3},
    {"G2 multiplication of the generator", run_g2_mul_generator, 3},
    {"G2 sum of 3 multiplications", run_g2_mul_sum3, 2},
    {"G1 to affine", run_g1_to_affine, 20},
    {"G1 table of a base", run_g1_table_init, 1},
    {"hash to G1", run_hash, 5},
    {"G1 subgroup check", run_g1_check, 5},
    {"G2 subgroup check", run_g2_check, 5},
    {"G1 encode and decode", run_g1_decode, 5},
    {"G1 encode and decode, compressed", run_g1_decode_compressed, 5},
    {"GT exponentiation", run_gt_exp, 2},
    {"GT encode and decode", run_gt_decode, 3},
    {"Miller loop, 1 pair", run_miller_1, 2},
    {"final exponentiation", run_final, 2},
    {"1 pairing", run_pairing, 1},
    {"product of 11 pairings", run_product_11, 1},
};

static void prepare(void)
{
    for (int i = 0; i < PAIRS; i++) {
        struct bls_fr t;
        bls_fr_from_u64(&t, (uint64_t)i + 3);
        bls_fr_inverse(&k[i], &t);
        bls_g1_mul_generator(&p[i], &k[i]);
        bls_g2_mul_generator(&q[i], &k[i]);
    }
    bls_g1_to_affine_batch(pa, p, PAIRS);
    bls_g2_to_affine_batch(qa, q, PAIRS);
    p_out = p[2];
    q_out = q[2];
    fp_a = pa[0].x;
    fp_b = pa[0].y;
    fp2_a = qa[0].x;
    fp2_b = qa[0].y;
    bls_miller_loop(&f12, pa, qa, 1);
    bls_final_exponentiation(&gt, &f12);
}

int main(void)
{
    prepare();
    for (size_t b = 0; b < sizeof benches / sizeof benches[0]; b++) {
        double least = 1e9, start = now();
        while (now() - start < 150e3) {
            double t = now();
            for (int i = 0; i < benches[b].repeat; i++) {
                benches[b].run();
            }
            t = (now() - t) / benches[b].repeat;
            least = t < least ? t : least;
        }
        printf("%-36s %10.3f us\n", benches[b].name, least);
    }
    return sink == 12345;
}
