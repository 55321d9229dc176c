/* Batches against the single operations, with infinity, repeated and opposite points and edge
 * scalars among the rest; every count up to a few times eight. */
#include "bls12381/ifma/path_ifma_int.h"
#include "helper.h"

enum { MANY = 36, TERMS_MAX = 11 };

/* A point of the subgroup; of eight, one is infinity and two repeat a point or its negative. */
static struct bls_g1_affine next_point(const struct bls_g1_affine *before, size_t i)
{
    struct bls_g1 p = next_g1();
    struct bls_g1_affine a = {{{0}}, {{0}}};
    uint64_t what = next_u64() % 8;
    if (what == 0) {
        return a;
    }
    if (what <= 2 && i > 0) {
        a = before[next_u64() % i];
        if (what == 2) {
            bls_g1_affine_neg(&a, &a);
        }
        return a;
    }
    bls_g1_to_affine(&a, &p);
    return a;
}

/* Also scalars whose digits are all alike. */
static struct bls_fr next_scalar(const struct bls_fr *before, size_t i)
{
    struct bls_fr out, t;
    uint64_t what = next_u64() % 8;
    if (what == 0 && i > 0) {
        out = before[next_u64() % i];
        if (next_u64() % 2) {
            bls_fr_neg(&out, &out);
        }
        return out;
    }
    if (what == 1) { /* x^2 - 1 and x^2 times it: halves of ones */
        bls_fr_from_u64(&t, bls_x_abs);
        bls_fr_square(&t, &t);
        bls_fr_from_u64(&out, 1);
        bls_fr_sub(&out, &t, &out);
        if (next_u64() % 2) {
            bls_fr_mul(&out, &out, &t);
        }
        return out;
    }
    if (what == 2) { /* digits of 15, 16, -15 or -16 */
        uint8_t bytes[32];
        memset(bytes, next_u64() % 2 ? 0x84 : 0x7b, sizeof bytes);
        bls_fr_from_bytes_mod(&out, bytes, sizeof bytes);
        return out;
    }
    return next_fr();
}

static void row_sum(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1_affine *a,
                    size_t terms)
{
    struct bls_g1 p, t;
    bls_g1_infinity(out);
    for (size_t i = 0; i < terms; i++) {
        uint8_t bytes[BLS_FR_BYTES];
        bls_fr_encode(bytes, &k[i]);
        bls_g1_from_affine(&p, &a[i]);
        slow_g1(&t, bytes, sizeof bytes, &p);
        bls_g1_add(out, out, &t);
    }
}

static void check_mul_sum(size_t terms, size_t sums)
{
    static struct bls_g1_affine a[MANY * TERMS_MAX];
    static struct bls_fr k[MANY * TERMS_MAX];
    static struct bls_g1 got[MANY], again[MANY];
    struct bls_g1 want;
    assert_true(terms <= TERMS_MAX && sums <= MANY);
    for (size_t i = 0; i < terms * sums; i++) {
        a[i] = next_point(a, i);
        k[i] = next_scalar(k, i);
    }
    if (terms >= 2 && sums > 0) { /* a row that is infinity */
        bls_g1_affine_neg(&a[1], &a[0]);
        k[1] = k[0];
    }
    bls_g1_mul_sum_batch(got, k, a, terms, sums);
    bls_g1_mul_sum_batch_vartime(again, k, a, terms, sums);
    for (size_t s = 0; s < sums; s++) {
        row_sum(&want, k + s * terms, a + s * terms, terms);
        assert_true(bls_g1_equal(&got[s], &want));
        assert_true(bls_g1_equal(&again[s], &want));
    }
}

static void test_mul_sum(void **state)
{
    (void)state;
    for (size_t sums = 0; sums <= 9; sums++) {
        check_mul_sum(1, sums);
    }
    for (size_t terms = 0; terms <= TERMS_MAX; terms++) {
        check_mul_sum(terms, 3);
    }
    check_mul_sum(2, 16);
    check_mul_sum(6, 9);
    check_mul_sum(1, MANY);
}

static void check_sum(size_t terms, size_t sums)
{
    static struct bls_g1_affine a[MANY * TERMS_MAX];
    struct bls_g1 got[MANY], want, p;
    for (size_t i = 0; i < terms * sums; i++) {
        a[i] = next_point(a, i);
    }
    if (terms >= 3 && sums > 0) { /* a point and its negative; one of order three, twice */
        struct bls_g1_affine three;
        const uint8_t encoded[BLS_G1_BYTES] = {[BLS_G1_BYTES - 1] = 2}; /* (0, 2) */
        assert_int_equal(bls_g1_decode_no_subgroup_check(&three, encoded), KF_OK);
        bls_g1_affine_neg(&a[1], &a[0]);
        a[2] = a[terms + 2] = a[terms + 1] = three;
    }
    bls_g1_sum_batch(got, a, terms, sums);
    for (size_t s = 0; s < sums; s++) {
        bls_g1_infinity(&want);
        for (size_t i = 0; i < terms; i++) {
            bls_g1_from_affine(&p, &a[s * terms + i]);
            bls_g1_add(&want, &want, &p);
        }
        assert_true(bls_g1_equal(&got[s], &want));
    }
}

static void test_sum(void **state)
{
    (void)state;
    for (size_t terms = 0; terms <= TERMS_MAX; terms++) {
        for (size_t sums = 0; sums <= 9; sums += 3) {
            check_sum(terms, sums);
        }
    }
    check_sum(3, MANY);
}

static void test_hash(void **state)
{
    (void)state;
    static uint8_t messages[MANY][80], tags[2][300];
    struct bls_hash_input in[MANY];
    struct bls_g1_affine got[MANY];
    struct bls_g1 cleared[MANY], p;
    fill_seeded(NULL, tags[0], sizeof tags);
    for (size_t i = 0; i < MANY; i++) {
        fill_seeded(NULL, messages[i], sizeof messages[i]);
        in[i] = (struct bls_hash_input){messages[i], next_u64() % 80, tags[i % 2],
                                        i % 5 == 4 ? 300 : next_u64() % 60};
    }
    in[3] = in[2];
    in[MANY - 1] = (struct bls_hash_input){NULL, 0, tags[1], 20};
    for (size_t n = 0; n <= MANY; n += n < 18 ? 1 : 9) {
        bls_hash_uncleared_batch(got, in, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(bls_g1_on_curve(&got[i]));
            assert_false(bls_g1_in_subgroup(&got[i]));
            bls_g1_from_affine(&cleared[i], &got[i]);
        }
        bls_g1_clear_cofactor_batch(cleared, n);
        for (size_t i = 0; i < n; i++) {
            bls_hash_to_g1(&p, in[i].message, in[i].message_length, in[i].dst, in[i].dst_length);
            assert_true(bls_g1_equal(&cleared[i], &p));
        }
    }
}

/* The multiples made at build time against those made here, through what they are used for. */
static void test_generator_bases(void **state)
{
    (void)state;
    static struct bls_g1_base base1;
    static struct bls_g2_base base2;
    struct bls_g1_affine p;
    struct bls_g2_affine q;
    struct bls_g1 g1;
    struct bls_g2 g2;
    bls_g1_generator(&g1);
    bls_g2_generator(&g2);
    bls_g1_to_affine(&p, &g1);
    bls_g2_to_affine(&q, &g2);
    bls_g1_base_init(&base1, &p);
    bls_g2_base_init(&base2, &q);
    assert_memory_equal(&base1, bls_g1_generator_base(), sizeof base1);
    assert_memory_equal(&base2, bls_g2_generator_base(), sizeof base2);
}

/* Row s takes the bases from number s on, around. */
static void check_g1_bases(const struct bls_g1_base *const bases[5],
                           const struct bls_g1_affine points[5], size_t terms, size_t sums,
                           bool starts)
{
    const struct bls_g1_base *base[MANY * TERMS_MAX];
    struct bls_g1_affine point[MANY * TERMS_MAX];
    static struct bls_fr k[MANY * TERMS_MAX];
    static struct bls_g1 got[MANY], start[MANY];
    struct bls_g1 want;
    for (size_t i = 0; i < terms * sums; i++) {
        k[i] = next_scalar(k, i);
        base[i] = bases[(i / terms + i % terms) % 5];
        point[i] = points[(i / terms + i % terms) % 5];
    }
    for (size_t s = 0; s < sums; s++) {
        got[s] = start[s] = next_g1();
    }
    bls_g1_base_mul_sum_batch(got, starts ? got : NULL, base, k, terms, sums);
    for (size_t s = 0; s < sums; s++) {
        row_sum(&want, k + s * terms, point + s * terms, terms);
        if (starts) {
            bls_g1_add(&want, &want, &start[s]);
        }
        assert_true(bls_g1_equal(&got[s], &want));
    }
}

static void test_g1_bases(void **state)
{
    (void)state;
    static struct bls_g1_base made[3];
    struct bls_g1_affine point[5];
    struct bls_g1 p;
    for (int i = 0; i < 3; i++) {
        p = next_g1();
        bls_g1_to_affine(&point[i], &p);
        if (i == 1) {
            point[i] = (struct bls_g1_affine){0};
        }
        bls_g1_base_init(&made[i], &point[i]);
    }
    bls_g1_generator(&p);
    bls_g1_to_affine(&point[3], &p);
    point[4] = point[0]; /* the same base twice: rows may add a point to itself */
    const struct bls_g1_base *base[5] = {&made[0], &made[1], &made[2], bls_g1_generator_base(),
                                         &made[0]};
    for (size_t sums = 0; sums <= 9; sums++) {
        check_g1_bases(base, point, 1, sums, sums % 2);
    }
    for (size_t terms = 0; terms <= 5; terms++) {
        check_g1_bases(base, point, terms, 3, false);
        check_g1_bases(base, point, terms, 2, true);
    }
    check_g1_bases(base, point, 3, 17, true);
}

static void g2_row_sum(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2_affine *a,
                       size_t terms)
{
    struct bls_g2 p, t;
    bls_g2_infinity(out);
    for (size_t i = 0; i < terms; i++) {
        uint8_t bytes[BLS_FR_BYTES];
        bls_fr_encode(bytes, &k[i]);
        bls_g2_from_affine(&p, &a[i]);
        slow_g2(&t, bytes, sizeof bytes, &p);
        bls_g2_add(out, out, &t);
    }
}

static void check_g2_mul_sum(size_t terms, size_t sums)
{
    static struct bls_g2_affine a[MANY * TERMS_MAX];
    static struct bls_fr k[MANY * TERMS_MAX];
    struct bls_g2 got[MANY], want, p;
    for (size_t i = 0; i < terms * sums; i++) {
        p = next_g2();
        bls_g2_to_affine(&a[i], &p);
        k[i] = next_scalar(k, i);
    }
    if (terms >= 2 && sums > 0) {
        bls_g2_affine_neg(&a[1], &a[0]);
        k[1] = k[0];
        a[2] = (struct bls_g2_affine){0};
    }
    bls_g2_mul_sum_batch(got, k, a, terms, sums);
    for (size_t s = 0; s < sums; s++) {
        g2_row_sum(&want, k + s * terms, a + s * terms, terms);
        assert_true(bls_g2_equal(&got[s], &want));
    }
}

static void test_g2_mul_sum(void **state)
{
    (void)state;
    for (size_t sums = 0; sums <= 9; sums += 3) {
        check_g2_mul_sum(1, sums);
        check_g2_mul_sum(2, sums);
    }
    for (size_t terms = 0; terms <= TERMS_MAX; terms += 5) {
        check_g2_mul_sum(terms, 2);
    }
}

/* Row s takes the bases from number s on, around. */
static void check_g2_bases(const struct bls_g2_base *const bases[5],
                           const struct bls_g2_affine points[5], size_t terms, size_t sums,
                           bool starts)
{
    const struct bls_g2_base *base[MANY * TERMS_MAX];
    struct bls_g2_affine point[MANY * TERMS_MAX];
    static struct bls_fr k[MANY * TERMS_MAX];
    static struct bls_g2 got[MANY], start[MANY];
    struct bls_g2 want;
    for (size_t i = 0; i < terms * sums; i++) {
        k[i] = next_scalar(k, i);
        base[i] = bases[(i / terms + i % terms) % 5];
        point[i] = points[(i / terms + i % terms) % 5];
    }
    for (size_t s = 0; s < sums; s++) {
        got[s] = start[s] = next_g2();
    }
    bls_g2_base_mul_sum_batch(got, starts ? got : NULL, base, k, terms, sums);
    for (size_t s = 0; s < sums; s++) {
        g2_row_sum(&want, k + s * terms, point + s * terms, terms);
        if (starts) {
            bls_g2_add(&want, &want, &start[s]);
        }
        assert_true(bls_g2_equal(&got[s], &want));
    }
}

static void test_g2_bases(void **state)
{
    (void)state;
    static struct bls_g2_base made[3];
    struct bls_g2_affine point[5];
    struct bls_g2 p;
    for (int i = 0; i < 3; i++) {
        p = next_g2();
        bls_g2_to_affine(&point[i], &p);
        if (i == 1) {
            point[i] = (struct bls_g2_affine){0};
        }
        bls_g2_base_init(&made[i], &point[i]);
    }
    bls_g2_generator(&p);
    bls_g2_to_affine(&point[3], &p);
    point[4] = point[0];
    const struct bls_g2_base *base[5] = {&made[0], &made[1], &made[2], bls_g2_generator_base(),
                                         &made[0]};
    for (size_t sums = 0; sums <= 9; sums++) {
        check_g2_bases(base, point, 1, sums, sums % 2);
    }
    for (size_t terms = 0; terms <= 5; terms++) {
        check_g2_bases(base, point, terms, 2, terms % 2);
    }
    check_g2_bases(base, point, 3, 17, true);
}

/* One bad point anywhere in the batch is seen; so is none. */
static void test_subgroup(void **state)
{
    (void)state;
    struct bls_g1_affine a[MANY] = {0};
    struct bls_g2_affine b[MANY] = {0};
    for (size_t i = 0; i < MANY; i++) {
        struct bls_g1 p = next_g1();
        struct bls_g2 q = next_g2();
        bls_g1_to_affine(&a[i], &p);
        bls_g2_to_affine(&b[i], &q);
    }
    a[2] = (struct bls_g1_affine){0};
    b[2] = (struct bls_g2_affine){0};
    for (size_t n = 0; n <= MANY; n += n < 17 ? 1 : 19) {
        assert_true(bls_g1_in_subgroup_batch(a, n) == ~(uint64_t)0);
        assert_true(bls_g2_in_subgroup_batch(b, n) == ~(uint64_t)0);
        for (size_t i = 0; i < n; i += 1 + n / 8) {
            struct bls_g1_affine good1 = a[i];
            struct bls_g2_affine good2 = b[i];
            a[i] = next_on_e();
            b[i] = next_on_twist();
            assert_true(bls_g1_in_subgroup_batch(a, n) == 0);
            assert_true(bls_g2_in_subgroup_batch(b, n) == 0);
            a[i] = good1;
            b[i] = good2;
        }
    }
}

/* What the single decoder says of each encoding, damaged ones and all, the batch says of the rest.
 */
static void test_decode(void **state)
{
    (void)state;
    static uint8_t bytes1[MANY][BLS_G1_BYTES], bytes2[MANY][BLS_G2_BYTES];
    const uint8_t *in1[MANY], *in2[MANY];
    struct bls_g1_affine want1[MANY], got1[MANY];
    struct bls_g2_affine want2[MANY], got2[MANY];
    for (size_t i = 0; i < MANY; i++) {
        want1[i] = i == 5 ? (struct bls_g1_affine){0} : next_on_e();
        want2[i] = i == 9 ? (struct bls_g2_affine){0} : next_on_twist();
        bls_g1_encode(bytes1[i], &want1[i]);
        bls_g2_encode(bytes2[i], &want2[i]);
        in1[i] = bytes1[i];
        in2[i] = bytes2[i];
    }
    for (size_t n = 0; n <= MANY; n += n < 17 ? 1 : 19) {
        assert_int_equal(bls_g1_decode_batch(got1, in1, n), KF_OK);
        assert_int_equal(bls_g2_decode_batch(got2, in2, n), KF_OK);
        assert_memory_equal(got1, want1, n * sizeof want1[0]);
        assert_memory_equal(got2, want2, n * sizeof want2[0]);
    }
    for (size_t i = 0; i < MANY; i++) {
        size_t at = i < 5 ? 0 : next_u64() % BLS_G1_BYTES; /* flags, or any byte */
        uint8_t flip = (uint8_t)(1U << (next_u64() % 8));
        bytes1[i][at] ^= flip;
        bytes2[i][2 * at] ^= flip;
        assert_int_equal(bls_g1_decode_no_subgroup_check(&got1[0], bytes1[i]), KF_ERR_MALFORMED);
        assert_int_equal(bls_g1_decode_batch(got1, in1, MANY), KF_ERR_MALFORMED);
        assert_int_equal(bls_g2_decode_batch(got2, in2, MANY), KF_ERR_MALFORMED);
        for (size_t j = 0; j < MANY; j++) {
            assert_true(bls_g1_affine_is_infinity(&got1[j]));
            assert_true(bls_g2_affine_is_infinity(&got2[j]));
        }
        bytes1[i][at] ^= flip;
        bytes2[i][2 * at] ^= flip;
    }
    memset(bytes1[1], 0, sizeof bytes1[1]); /* (0, 0) without the flag; p itself */
    assert_int_equal(bls_g1_decode_batch(got1, in1, 8), KF_ERR_MALFORMED);
    for (int i = 0; i < 6; i++) {
        bls_store_be64(bytes1[1] + 8 * i, bls_p[5 - i]);
    }
    assert_int_equal(bls_g1_decode_batch(got1, in1, 8), KF_ERR_MALFORMED);
    memset(bytes2[1], 0, sizeof bytes2[1]);
    assert_int_equal(bls_g2_decode_batch(got2, in2, 8), KF_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mul_sum),    cmocka_unit_test(test_sum),
        cmocka_unit_test(test_g2_mul_sum), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_g1_bases),   cmocka_unit_test(test_generator_bases),
        cmocka_unit_test(test_g2_bases),   cmocka_unit_test(test_subgroup),
        cmocka_unit_test(test_decode),
    };
#ifdef BLS_VEC_PORTABLE
    bls_path_ops = &bls_path_ifma; /* with vectors in plain C */
#endif
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
