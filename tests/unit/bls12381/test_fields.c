/* The fields: their laws over seeded values and edges, each fast operation against a slower one. */
#include "helper.h"

enum { ROUNDS = 200 };

static void test_fr_laws(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_fr a = next_fr(), b = next_fr(), c = next_fr(), s, t, one;
        bls_fr_from_u64(&one, 1);
        bls_fr_add(&s, &a, &b);
        bls_fr_mul(&s, &s, &c);
        bls_fr_mul(&t, &a, &c);
        bls_fr_mul(&a, &b, &c);
        bls_fr_add(&t, &t, &a);
        assert_true(bls_fr_equal(&s, &t));
        bls_fr_sub(&t, &t, &a);
        bls_fr_neg(&t, &t);
        bls_fr_add(&t, &t, &s);
        assert_true(bls_fr_equal(&t, &a));
        bls_fr_square(&s, &b);
        bls_fr_mul(&t, &b, &b);
        assert_true(bls_fr_equal(&s, &t));
        bls_fr_inverse(&s, &b);
        bls_fr_mul(&s, &s, &b);
        assert_true(bls_fr_is_zero(&b) ? bls_fr_is_zero(&s) : bls_fr_equal(&s, &one));
    }
}

static void test_fr_inverse_batch(void **state)
{
    (void)state;
    struct bls_fr in[17] = {0}, out[17], one_by_one;
    for (size_t n = 0; n <= 17; n++) {
        for (size_t i = 0; i < n; i++) {
            in[i] = next_fr();
            if (i == 3 || i == 16) {
                bls_fr_from_u64(&in[i], 0);
            }
        }
        bls_fr_inverse_batch(out, in, n);
        for (size_t i = 0; i < n; i++) {
            bls_fr_inverse(&one_by_one, &in[i]);
            assert_true(bls_fr_equal(&out[i], &one_by_one));
        }
    }
}

static void test_fr_encoding(void **state)
{
    (void)state;
    uint8_t order[32], in[32], out[32];
    struct bls_fr a, b, before;
    group_order(order);
    bls_fr_from_u64(&a, 42);
    before = a;
    assert_int_equal(bls_fr_decode(&a, order), KF_ERR_MALFORMED);
    memset(in, 0xff, sizeof in);
    assert_int_equal(bls_fr_decode(&a, in), KF_ERR_MALFORMED);
    assert_true(bls_fr_equal(&a, &before));
    order[31]--;
    assert_int_equal(bls_fr_decode(&a, order), KF_OK);
    bls_fr_from_u64(&b, 1);
    bls_fr_neg(&b, &b);
    assert_true(bls_fr_equal(&a, &b));
    for (int i = 0; i < ROUNDS; i++) {
        a = next_fr();
        bls_fr_encode(out, &a);
        assert_int_equal(bls_fr_decode(&b, out), KF_OK);
        assert_true(bls_fr_equal(&a, &b));
    }
    memset(in, 0, sizeof in);
    in[30] = 1;
    assert_int_equal(bls_fr_decode(&a, in), KF_OK);
    bls_fr_from_u64(&b, 256);
    assert_true(bls_fr_equal(&a, &b));
}

/* Byte by byte (Horner) against the chunks of 32, at every length. */
static void test_fr_from_bytes_mod(void **state)
{
    (void)state;
    uint8_t bytes[100];
    memset(bytes, 0xff, sizeof bytes);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        struct bls_fr want, got, byte, shift;
        bls_fr_from_u64(&want, 0);
        bls_fr_from_u64(&shift, 256);
        for (size_t i = 0; i < length; i++) {
            bls_fr_from_u64(&byte, bytes[i]);
            bls_fr_mul(&want, &want, &shift);
            bls_fr_add(&want, &want, &byte);
        }
        bls_fr_from_bytes_mod(&got, bytes, length);
        assert_true(bls_fr_equal(&got, &want));
        bytes[length % sizeof bytes] = (uint8_t)next_u64();
    }
}

struct script {
    uint8_t bytes[4][32];
    int draws;
    int fail_at;
};

static enum kf_status fill_scripted(void *context, uint8_t *out, size_t length)
{
    struct script *script = context;
    assert_int_equal(length, 32);
    if (script->draws == script->fail_at) {
        return KF_ERR_RANDOM;
    }
    memcpy(out, script->bytes[script->draws++], 32);
    return KF_OK;
}

/* Draws at and above r are refused, the top bit is ignored, and the number is the residue itself.
 */
static void test_fr_random(void **state)
{
    (void)state;
    struct script script = {.fail_at = -1};
    const struct kf_random random = {fill_scripted, &script};
    struct bls_fr got, want, zero = {{0}};
    group_order(script.bytes[0]);
    memset(script.bytes[1], 0xff, 32);
    group_order(script.bytes[2]);
    script.bytes[2][31]--;
    script.bytes[2][0] |= 0x80;
    assert_int_equal(bls_fr_random(&got, &random), KF_OK);
    assert_int_equal(script.draws, 3);
    want = (struct bls_fr){{bls_r[0] - 1, bls_r[1], bls_r[2], bls_r[3]}};
    assert_true(bls_fr_equal(&got, &want));
    script.draws = 0;
    script.fail_at = 1;
    assert_int_equal(bls_fr_random(&got, &random), KF_ERR_RANDOM);
    assert_true(bls_fr_equal(&got, &zero));
}

/* The first draws of CIRCL 1.3.1's Scalar.Random and a Scalar.SetBytes over the same bytes. */
static enum kf_status fill_pattern(void *context, uint8_t *out, size_t length)
{
    size_t *at = context;
    for (size_t i = 0; i < length; i++, (*at)++) {
        out[i] = (uint8_t)(*at * 7 + *at / 256 * 31 + 200);
    }
    return KF_OK;
}

static void test_fr_as_circl(void **state)
{
    (void)state;
    static const char *const draws[] = {
        "4456fc29158e3a46146aa3a8ba94d0c217aa453670878da353524fe1a2428249",
        "3c005412b1d14ab36a6ad3537052199bf892b808362edd82ec5a8e1b3c005683",
        "3e8ffb02d1474eecb3e73cd60116a791698bc7b1eb72f377c52814953187dbb9",
        "4bc9ee76412c9e792f978d4079b2add698585993b5e9e1f6e79f1e9a1ce40804"};
    size_t at = 0;
    const struct kf_random random = {fill_pattern, &at};
    struct bls_fr k;
    uint8_t got[32], want[32], bytes[100];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bls_fr_random(&k, &random), KF_OK);
        bls_fr_encode(got, &k);
        from_hex(want, 32, draws[i]);
        assert_memory_equal(got, want, 32);
    }
    at = 0;
    assert_int_equal(fill_pattern(&at, bytes, sizeof bytes), KF_OK);
    bls_fr_from_bytes_mod(&k, bytes, sizeof bytes);
    bls_fr_encode(got, &k);
    from_hex(want, 32, "0a41706ff138e70390eab3c433156955885f010a9215521c3667ebebe036ee20");
    assert_memory_equal(got, want, 32);
}

static void test_fp_laws(void **state)
{
    (void)state;
    for (int i = 0; i < 10 * ROUNDS; i++) {
        struct bls_fp a = next_fp(), b = next_fp(), c = next_fp(), s, t, u;
        bls_fp_add(&s, &a, &b);
        bls_fp_mul(&s, &s, &c);
        bls_fp_mul(&t, &a, &c);
        bls_fp_mul(&u, &b, &c);
        bls_fp_add(&t, &t, &u);
        assert_true(bls_fp_equal(&s, &t));
        bls_fp_sub(&t, &t, &u);
        bls_fp_neg(&t, &t);
        bls_fp_add(&t, &t, &s);
        assert_true(bls_fp_equal(&t, &u));
        bls_fp_square(&s, &b);
        bls_fp_mul(&t, &b, &b);
        assert_true(bls_fp_equal(&s, &t));
    }
}

/* The bounds that the tower relies on, at their limits: lazy 3 times lazy 3 is reduced rightly, and
 * wide sums and differences agree with those of reduced values. */
static void test_fp_lazy(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_fp a = next_fp(), b = next_fp(), a3, b3, s, t;
        struct bls_wide v, w, d;
        bls_fp_add_lazy(&a3, &a, &a);
        bls_fp_add_lazy(&a3, &a3, &a);
        bls_fp_add_lazy(&b3, &b, &b);
        bls_fp_add_lazy(&b3, &b3, &b);
        bls_fp_mul(&s, &a3, &b3);
        bls_fp_mul(&t, &a, &b);
        for (int j = 0, want = 3; j < 2; j++) {
            struct bls_fp u = t;
            for (int k = 1; k < want; k++) {
                bls_fp_add(&u, &u, &t);
            }
            t = u;
        }
        assert_true(bls_fp_equal(&s, &t));
        bls_fp_mul_wide(&v, &a, &b);
        bls_fp_square_wide(&w, &b);
        bls_wide_sub_shifted(&d, &v, &w);
        bls_wide_add(&d, &d, &w);
        bls_fp_reduce_wide(&s, &d);
        bls_fp_mul(&t, &a, &b);
        assert_true(bls_fp_equal(&s, &t));
    }
}

static void test_fp_inverse_and_root(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_fp a = next_fp(), s, t;
        bls_fp_inverse(&s, &a);
        bls_fp_mul(&s, &s, &a);
        assert_true(bls_fp_equal(&s, &bls_fp_one) | bls_fp_is_zero(&a));
        assert_true(~bls_fp_is_zero(&s) | bls_fp_is_zero(&a));
        bls_fp_square(&s, &a);
        assert_true(bls_fp_sqrt(&t, &s));
        bls_fp_square(&t, &t);
        assert_true(bls_fp_equal(&s, &t));
        bls_fp_neg(&s, &s); /* -1 is no square */
        assert_true(~bls_fp_sqrt(&t, &s) | bls_fp_is_zero(&s));
    }
}

static void test_fp_encoding(void **state)
{
    (void)state;
    uint8_t bytes[48], wide[64];
    struct bls_fp a, b, c;
    for (int i = 0; i < 6; i++) {
        bls_store_be64(bytes + 8 * (5 - i), bls_p[i]);
    }
    assert_false(bls_fp_decode(&a, bytes));
    bytes[47]--;
    assert_true(bls_fp_decode(&a, bytes));
    bls_fp_neg(&b, &bls_fp_one);
    assert_true(bls_fp_equal(&a, &b));
    assert_true(bls_fp_is_larger_half(&a));
    assert_false(bls_fp_is_larger_half(&bls_fp_one));
    assert_true(bls_fp_sgn0(&bls_fp_one));
    assert_false(bls_fp_sgn0(&a));
    memset(bytes, 0xff, sizeof bytes);
    assert_false(bls_fp_decode(&a, bytes));
    for (int i = 0; i < ROUNDS; i++) {
        a = next_fp();
        bls_fp_encode(bytes, &a);
        assert_true(bls_fp_decode(&b, bytes));
        assert_true(bls_fp_equal(&a, &b));
        bls_fp_neg(&c, &a);
        assert_true(bls_fp_is_zero(&a) ^ bls_fp_is_larger_half(&a) ^ bls_fp_is_larger_half(&c));
        memset(wide, 0, sizeof wide);
        memcpy(wide + 16, bytes, sizeof bytes);
        bls_fp_from_64_bytes(&b, wide);
        assert_true(bls_fp_equal(&a, &b));
    }
    /* 2^512 - 1 = (2^256)^2 - 1 */
    memset(wide, 0xff, sizeof wide);
    bls_fp_from_64_bytes(&a, wide);
    bls_fp_square(&b, &bls_fp_2_256);
    bls_fp_sub(&b, &b, &bls_fp_one);
    assert_true(bls_fp_equal(&a, &b));
}

static void test_fp2(void **state)
{
    (void)state;
    struct bls_fp2 zero = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_fp2 a = next_fp2(), b = next_fp2(), c, s, t;
        struct bls_fp v, w;
        /* the schoolbook product */
        bls_fp2_mul(&s, &a, &b);
        bls_fp_mul(&v, &a.c0, &b.c0);
        bls_fp_mul(&w, &a.c1, &b.c1);
        bls_fp_sub(&c.c0, &v, &w);
        bls_fp_mul(&v, &a.c0, &b.c1);
        bls_fp_mul(&w, &a.c1, &b.c0);
        bls_fp_add(&c.c1, &v, &w);
        assert_true(bls_fp2_equal(&s, &c));
        bls_fp2_square(&s, &a);
        bls_fp2_mul(&t, &a, &a);
        assert_true(bls_fp2_equal(&s, &t));
        bls_fp2_inverse(&s, &a);
        bls_fp2_mul(&s, &s, &a);
        assert_true(bls_fp2_equal(&s, bls_fp2_is_zero(&a) ? &zero : &bls_fp2_one));
        if (i % 3 == 0) {
            a.c1 = zero.c0; /* both signs of norms in Fp */
        } else if (i % 3 == 1) {
            a.c0 = zero.c0;
        }
        bls_fp2_square(&s, &a);
        assert_true(bls_fp2_sqrt(&t, &s));
        bls_fp2_square(&t, &t);
        assert_true(bls_fp2_equal(&s, &t));
        bls_fp2_mul_xi(&s, &s); /* xi is no square */
        assert_true(~bls_fp2_sqrt(&t, &s) | bls_fp2_is_zero(&s));
        bls_fp2_neg(&b, &a);
        assert_true(bls_fp2_is_zero(&a) ^ bls_fp2_is_larger_half(&a) ^ bls_fp2_is_larger_half(&b));
    }
}

/* The product by the definition: v^3 = xi. */
static void slow_fp6(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    const struct bls_fp2 *x[3] = {&a->c0, &a->c1, &a->c2}, *y[3] = {&b->c0, &b->c1, &b->c2};
    struct bls_fp2 c[3] = {0}, t;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            bls_fp2_mul(&t, x[i], y[j]);
            if (i + j >= 3) {
                bls_fp2_mul_xi(&t, &t);
            }
            bls_fp2_add(&c[(i + j) % 3], &c[(i + j) % 3], &t);
        }
    }
    *out = (struct bls_fp6){c[0], c[1], c[2]};
}

static void slow_fp12(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b)
{
    struct bls_fp6 t, u;
    struct bls_fp12 r;
    slow_fp6(&t, &a->c1, &b->c1);
    bls_fp6_mul_v(&t, &t);
    slow_fp6(&u, &a->c0, &b->c0);
    bls_fp6_add(&r.c0, &t, &u);
    slow_fp6(&t, &a->c0, &b->c1);
    slow_fp6(&u, &a->c1, &b->c0);
    bls_fp6_add(&r.c1, &t, &u);
    *out = r;
}

static struct bls_fp12 line_as_fp12(const struct bls_line *l)
{
    struct bls_fp12 out = {0};
    out.c0.c0 = l->l0;
    out.c0.c1 = l->l1;
    out.c1.c1 = l->l4;
    return out;
}

static void test_fp12(void **state)
{
    (void)state;
    struct bls_fp12 one;
    bls_fp12_one(&one);
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_fp12 a = next_fp12(), b = next_fp12(), s, t;
        bls_fp12_mul(&s, &a, &b);
        slow_fp12(&t, &a, &b);
        assert_true(bls_fp12_equal(&s, &t));
        bls_fp12_square(&s, &a);
        slow_fp12(&t, &a, &a);
        assert_true(bls_fp12_equal(&s, &t));
        bls_fp12_inverse(&s, &a);
        slow_fp12(&s, &s, &a);
        assert_true(bls_fp12_equal(&s, &one));
        struct bls_line l = {next_fp2(), next_fp2(), next_fp2()};
        struct bls_line m = {next_fp2(), next_fp2(), next_fp2()};
        struct bls_fp12 x = line_as_fp12(&l), y = line_as_fp12(&m);
        bls_fp12_mul_line(&s, &a, &l);
        slow_fp12(&t, &a, &x);
        assert_true(bls_fp12_equal(&s, &t));
        bls_fp12_mul_two_lines(&s, &a, &l, &m);
        slow_fp12(&t, &t, &y);
        assert_true(bls_fp12_equal(&s, &t));
    }
}

/* Frobenius against the power by p itself, and its iterates. */
static void test_frobenius(void **state)
{
    (void)state;
    struct bls_fp12 a = next_fp12(), s, t;
    t = a;
    for (int i = 379; i >= 0; i--) {
        bls_fp12_square(&t, &t);
        if (bls_p[i / 64] >> (i % 64) & 1) {
            bls_fp12_mul(&t, &t, &a);
        }
    }
    bls_fp12_frobenius(&s, &a, 1);
    assert_true(bls_fp12_equal(&s, &t));
    for (int k = 2; k <= 3; k++) {
        bls_fp12_frobenius(&t, &t, 1);
        bls_fp12_frobenius(&s, &a, k);
        assert_true(bls_fp12_equal(&s, &t));
    }
    bls_fp12_frobenius(&t, &t, 3);
    bls_fp12_conjugate(&s, &a);
    assert_true(bls_fp12_equal(&s, &t));
}

static void test_cyclotomic_square(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct bls_fp12 a = next_fp12(), s, t;
        bls_fp12_inverse(&s, &a);
        bls_fp12_conjugate(&t, &a);
        bls_fp12_mul(&s, &s, &t);
        bls_fp12_frobenius(&t, &s, 2);
        bls_fp12_mul(&a, &s, &t);
        bls_fp12_cyclotomic_square(&s, &a);
        slow_fp12(&t, &a, &a);
        assert_true(bls_fp12_equal(&s, &t));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fr_laws),
        cmocka_unit_test(test_fr_inverse_batch),
        cmocka_unit_test(test_fr_encoding),
        cmocka_unit_test(test_fr_from_bytes_mod),
        cmocka_unit_test(test_fr_random),
        cmocka_unit_test(test_fr_as_circl),
        cmocka_unit_test(test_fp_laws),
        cmocka_unit_test(test_fp_lazy),
        cmocka_unit_test(test_fp_inverse_and_root),
        cmocka_unit_test(test_fp_encoding),
        cmocka_unit_test(test_fp2),
        cmocka_unit_test(test_fp12),
        cmocka_unit_test(test_frobenius),
        cmocka_unit_test(test_cyclotomic_square),
    };
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
