/* The pairing on eight lanes against the scalar one, layer by layer: the tower in lanes, Fp2 in
 * split lanes, one element across the lanes, lines, products of pairings with and without fixed
 * points, infinity, and points that are not of the subgroup. */
#include "lanes.h"

#include "bls12381/ifma/miller_int.h"
#include "bls12381/ifma/path_ifma_int.h"

enum { ROUNDS = 20 };

static void load_fp2(struct bls_fp2x8 *out, const struct bls_fp2 *in, size_t stride)
{
    bls_fp8_load(&out->c0, &in->c0, stride);
    bls_fp8_load(&out->c1, &in->c1, stride);
}

static void load_fp12(struct bls_fp12x8 *out, const struct bls_fp12 in[BLS_LANES])
{
    load_fp2(&out->c0.c0, &in->c0.c0, sizeof *in);
    load_fp2(&out->c0.c1, &in->c0.c1, sizeof *in);
    load_fp2(&out->c0.c2, &in->c0.c2, sizeof *in);
    load_fp2(&out->c1.c0, &in->c1.c0, sizeof *in);
    load_fp2(&out->c1.c1, &in->c1.c1, sizeof *in);
    load_fp2(&out->c1.c2, &in->c1.c2, sizeof *in);
}

static void expect_fp12(const struct bls_fp12x8 *v, const struct bls_fp12 *s, const char *what)
{
    struct bls_fp12_lanes lane[BLS_LANES];
    struct bls_fp12 t;
    bls_fp12_lanes_split(lane, v);
    for (int i = 0; i < BLS_LANES; i++) {
        bls_fp12_lanes_store(&t, &lane[i]);
        if (!bls_fp12_equal(&t, &s[i])) {
            fail_msg("%s differs in lane %d", what, i);
        }
    }
}

static void line_to_fp12(struct bls_fp12 *out, const struct bls_line *l)
{
    *out = (struct bls_fp12){0};
    out->c0.c0 = l->l0;
    out->c0.c1 = l->l1;
    out->c1.c1 = l->l4;
}

static void tower(void **state)
{
    (void)state;
    struct bls_fp12 a[BLS_LANES], b[BLS_LANES], r[BLS_LANES], line[4][BLS_LANES], t;
    struct bls_fp12x8 va, vb, vr;
    struct bls_linex8 vl[4];
    struct bls_line_pairx8 p, q;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLS_LANES; i++) {
            a[i] = next_fp12();
            b[i] = next_fp12();
            bls_fp12_mul(&r[i], &a[i], &b[i]);
        }
        load_fp12(&va, a);
        load_fp12(&vb, b);
        bls_fp12x8_mul(&vr, &va, &vb);
        expect_fp12(&vr, r, "fp12 mul");
        for (int j = 0; j < 4; j++) {
            struct bls_line l[BLS_LANES];
            for (int i = 0; i < BLS_LANES; i++) {
                l[i] = (struct bls_line){next_fp2(), next_fp2(), next_fp2()};
                line_to_fp12(&line[j][i], &l[i]);
            }
            load_fp2(&vl[j].l0, &l->l0, sizeof *l);
            load_fp2(&vl[j].l1, &l->l1, sizeof *l);
            load_fp2(&vl[j].l4, &l->l4, sizeof *l);
        }
        bls_linex8_mul(&p, &vl[0], &vl[1]);
        bls_linex8_mul(&q, &vl[2], &vl[3]);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp12_mul(&t, &line[0][i], &line[1][i]);
            bls_fp12_mul(&r[i], &a[i], &t);
        }
        bls_fp12x8_mul_pair(&vr, &va, &p);
        expect_fp12(&vr, r, "fp12 times pair");
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp12_mul(&t, &line[0][i], &line[1][i]);
            bls_fp12_mul(&t, &t, &line[2][i]);
            bls_fp12_mul(&r[i], &t, &line[3][i]);
        }
        bls_line_pairx8_mul(&vr, &p, &q);
        expect_fp12(&vr, r, "pair times pair");
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp12_mul(&t, &line[0][i], &line[1][i]);
            bls_fp12_mul(&r[i], &t, &line[2][i]);
        }
        bls_line_pairx8_mul_line(&vr, &p, &vl[2]);
        expect_fp12(&vr, r, "pair times line");
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp12_mul(&r[i], &a[i], &line[3][i]);
        }
        bls_fp12x8_mul_line(&vr, &va, &vl[3]);
        expect_fp12(&vr, r, "fp12 times line");
    }
}

static void load_split(struct bls_fp8 *out, const struct bls_fp2 in[static BLS_SPLIT])
{
    struct bls_fp8 real, imaginary;
    bls_fp8_load_count(&real, &in->c0, sizeof *in, BLS_SPLIT);
    bls_fp8_load_count(&imaginary, &in->c1, sizeof *in, BLS_SPLIT);
    bls_fp2x4_join(out, &real, &imaginary);
}

static void expect_split(const struct bls_fp8 *v, const struct bls_fp2 s[static BLS_SPLIT],
                         const char *what)
{
    struct bls_fp part[BLS_LANES];
    bls_fp8_store(part, v, sizeof *part);
    for (int i = 0; i < BLS_SPLIT; i++) {
        struct bls_fp2 t = {part[i], part[i + BLS_SPLIT]};
        if (!bls_fp2_equal(&t, &s[i])) {
            fail_msg("%s differs in element %d", what, i);
        }
    }
}

/* Fp2 in split lanes. */
static void split(void **state)
{
    (void)state;
    struct bls_fp2 a[BLS_SPLIT], b[BLS_SPLIT], c[BLS_SPLIT], r[5][BLS_SPLIT], t;
    struct bls_fp8 va, vb, vc, vr;
    for (int round = 0; round < 5 * ROUNDS; round++) {
        for (int i = 0; i < BLS_SPLIT; i++) {
            a[i] = next_fp2();
            b[i] = next_fp2();
            c[i] = next_fp2();
            bls_fp2_mul(&r[0][i], &a[i], &b[i]);
            bls_fp2_mul(&t, &b[i], &c[i]);
            bls_fp2_sub(&r[1][i], &r[0][i], &t);
            bls_fp2_square(&r[2][i], &a[i]);
            bls_fp2_conjugate(&r[3][i], &a[i]);
            r[4][i] = (struct bls_fp2){a[i].c1, a[i].c0};
        }
        load_split(&va, a);
        load_split(&vb, b);
        load_split(&vc, c);
        expect_split(&va, a, "load");
        bls_fp2x4_mul(&vr, &va, &vb);
        expect_split(&vr, r[0], "mul");
        bls_fp2x4_difference_of_products(&vr, &va, &vb, &vb, &vc);
        expect_split(&vr, r[1], "difference of products");
        bls_fp2x4_square(&vr, &va);
        expect_split(&vr, r[2], "square");
        bls_fp2x4_conjugate(&vr, &va);
        expect_split(&vr, r[3], "conjugate");
        bls_fp2x4_swap(&vr, &va);
        expect_split(&vr, r[4], "swap");
    }
}

static void expect_lanes(const struct bls_fp12_lanes *v, const struct bls_fp12 *s, const char *what)
{
    struct bls_fp12 t;
    bls_fp12_lanes_store(&t, v);
    if (!bls_fp12_equal(&t, s)) {
        fail_msg("%s differs", what);
    }
}

static void one_element(void **state)
{
    (void)state;
    struct bls_fp12 a, b, r;
    struct bls_fp12_lanes va, vb, vr;
    for (int round = 0; round < ROUNDS; round++) {
        a = next_fp12();
        b = next_fp12();
        bls_fp12_lanes_load(&va, &a);
        bls_fp12_lanes_load(&vb, &b);
        expect_lanes(&va, &a, "load");
        bls_fp12_mul(&r, &a, &b);
        bls_fp12_lanes_mul(&vr, &va, &vb);
        expect_lanes(&vr, &r, "mul");
        bls_fp12_square(&r, &a);
        bls_fp12_lanes_square(&vr, &va);
        expect_lanes(&vr, &r, "square");
        bls_fp12_conjugate(&r, &a);
        bls_fp12_lanes_conjugate(&vr, &va);
        expect_lanes(&vr, &r, "conjugate");
    }
}

static void cyclotomic(void **state)
{
    (void)state;
    struct bls_g1_affine p;
    struct bls_g2_affine q;
    struct bls_gt g;
    struct bls_fp12_lanes v;
    struct bls_g1 p1;
    struct bls_g2 q1;
    bls_g1_generator(&p1);
    bls_g2_generator(&q1);
    bls_g1_to_affine(&p, &p1);
    bls_g2_to_affine(&q, &q1);
    bls_pairing(&g, &p, &q);
    bls_fp12_lanes_load(&v, &g.f);
    for (int i = 0; i < 300; i++) { /* long enough to see what grows */
        bls_fp12_lanes_cyclotomic_square(&v, &v);
        bls_fp12_cyclotomic_square(&g.f, &g.f);
        expect_lanes(&v, &g.f, "cyclotomic square");
    }
    for (int i = 0; i < 300; i++) {
        bls_fp12_lanes_square(&v, &v);
        bls_fp12_square(&g.f, &g.f);
    }
    expect_lanes(&v, &g.f, "square, many times");
}

enum { MOST = 40 };

static void products(void **state)
{
    (void)state;
    static struct bls_g1_affine p[MOST];
    static struct bls_g2_affine q[MOST];
    static struct bls_g2_lines lines[MOST];
    const struct bls_g2_lines *pointers[MOST];
    struct bls_gt want, got;
    for (int i = 0; i < MOST; i++) {
        struct bls_g1 p1 = next_g1();
        struct bls_g2 q1 = next_g2();
        bls_g1_to_affine(&p[i], &p1);
        bls_g2_to_affine(&q[i], &q1);
        bls_ifma_g2_lines_init(&lines[i], &q[i]);
        pointers[i] = &lines[i];
    }
    static const size_t shapes[][2] = {{0, 0},  {1, 0},  {0, 1},   {2, 0},  {3, 1},
                                       {8, 3},  {7, 2},  {9, 0},   {4, 4},  {12, 3},
                                       {16, 8}, {17, 9}, {30, 10}, {40, 0}, {0, 20}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t n = shapes[s][0], nf = shapes[s][1];
        uint64_t good = 0;
        bls_pairing_product(&want, p, q, n + nf);
        bls_ifma_pairing_product_fixed(&got, &good, p, q, n, p + n, pointers + n, nf);
        if (!bls_gt_equal(&want, &got) || ~good != 0) {
            fail_msg("%zu pairs and %zu fixed: %s", n, nf, ~good != 0 ? "refused" : "differs");
        }
    }
}

struct pairs {
    struct bls_g1_affine p[BLS_MILLER_PAIRS];
    struct bls_g2_affine q[BLS_MILLER_PAIRS];
    struct bls_gt one_by_one[BLS_MILLER_PAIRS]; /* of the scalar code */
};

/* None of infinity. */
static void next_pairs(struct pairs *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        do {
            struct bls_g1 p = next_g1();
            struct bls_g2 q = next_g2();
            bls_g1_to_affine(&out->p[i], &p);
            bls_g2_to_affine(&out->q[i], &q);
            bls_pairing(&out->one_by_one[i], &out->p[i], &out->q[i]);
        } while (bls_gt_is_one(&out->one_by_one[i]));
    }
}

/* The product of n pairs is that of all, but for one of them, and says whether that all are of G2;
 * pairs with strangers have no value. */
static void expect_product(const struct pairs *a, size_t n, size_t but)
{
    struct bls_gt want, got;
    uint64_t good = 0;
    bls_gt_one(&want);
    for (size_t i = 0; i < n; i++) {
        if (i != but) {
            bls_gt_mul(&want, &want, &a->one_by_one[i]);
        }
    }
    bls_ifma_pairing_product_fixed(&got, &good, a->p, a->q, n, NULL, NULL, 0);
    if (!bls_gt_equal(&want, &got) || ~good != 0) {
        fail_msg("%zu pairs but %zu: %s", n, but, ~good != 0 ? "refused" : "differs");
    }
}

static void expect_refused(const struct pairs *a, size_t n, size_t stranger)
{
    struct bls_gt got;
    uint64_t good = ~(uint64_t)0;
    bls_ifma_pairing_product_fixed(&got, &good, a->p, a->q, n, NULL, NULL, 0);
    if (good != 0) {
        fail_msg("%zu pairs: a stranger in place %zu is not seen", n, stranger);
    }
}

/* Every count that eights and split lanes are put together for. */
static void counts(void **state)
{
    (void)state;
    static struct pairs a;
    next_pairs(&a, BLS_MILLER_PAIRS);
    for (size_t n = 1; n <= BLS_MILLER_PAIRS; n++) {
        expect_product(&a, n, n);
    }
}

/* Infinity and points outside of G2 in each place of split lanes, of eight, and of split ones after
 * eight. */
static void infinity_and_strangers(void **state)
{
    (void)state;
    static const struct bls_g1_affine none;
    static const struct bls_g2_affine nowhere;
    static const size_t totals[] = {3, 8, 12};
    static struct pairs a;
    next_pairs(&a, 12);
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
        const size_t n = totals[t];
        for (size_t i = n > BLS_LANES ? BLS_LANES : 0; i < n; i++) {
            const struct bls_g1_affine keep_p = a.p[i];
            const struct bls_g2_affine keep_q = a.q[i];
            a.p[i] = none;
            expect_product(&a, n, i);
            a.q[i] = next_on_twist(); /* refused though its pair contributes nothing */
            expect_refused(&a, n, i);
            a.p[i] = keep_p;
            expect_refused(&a, n, i);
            a.q[i] = nowhere;
            expect_product(&a, n, i);
            a.q[i] = keep_q;
        }
    }
}

static void infinity_fixed(void **state)
{
    (void)state;
    static const struct bls_g1_affine none;
    static const struct bls_g2_affine nowhere;
    static struct bls_g2_lines lines;
    static struct pairs a;
    const struct bls_g2_lines *pointer = &lines;
    struct bls_gt got;
    uint64_t good;
    next_pairs(&a, 1);
    bls_ifma_g2_lines_init(&lines, &nowhere);
    bls_ifma_pairing_product_fixed(&got, &good, NULL, NULL, 0, a.p, &pointer, 1);
    assert_true(bls_gt_is_one(&got) != 0);
    bls_ifma_g2_lines_init(&lines, a.q);
    bls_ifma_pairing_product_fixed(&got, &good, NULL, NULL, 0, &none, &pointer, 1);
    assert_true(bls_gt_is_one(&got) != 0);
}

/* The same pair in every place, and its inverse in every other. */
static void one_pair_repeated(void **state)
{
    (void)state;
    static struct pairs a;
    next_pairs(&a, 1);
    for (size_t i = 1; i < BLS_MILLER_PAIRS; i++) {
        a.p[i] = a.p[0];
        a.q[i] = a.q[0];
        a.one_by_one[i] = a.one_by_one[0];
    }
    expect_product(&a, 3, 3);
    expect_product(&a, 12, 12);
    for (size_t i = 1; i < BLS_MILLER_PAIRS; i += 2) {
        bls_g1_affine_neg(&a.p[i], &a.p[i]);
        bls_gt_inverse(&a.one_by_one[i], &a.one_by_one[i]);
    }
    expect_product(&a, 4, 4);
    expect_product(&a, 12, 12);
}

/* Powers of fixed elements: scalars with digits of every sign and none, an odd number of bases. */
static void powers(void **state)
{
    (void)state;
    enum { N = 3 };
    static struct bls_gt_base made[N];
    const struct bls_gt_base *base[N];
    struct bls_gt a[N], want, got, t;
    struct bls_fr k[N];
    struct bls_g1_affine p;
    struct bls_g2_affine q;
    struct bls_g1 p1;
    struct bls_g2 q1;
    bls_g1_generator(&p1);
    bls_g2_generator(&q1);
    bls_g1_to_affine(&p, &p1);
    bls_g2_to_affine(&q, &q1);
    bls_pairing(&a[0], &p, &q);
    for (int i = 0; i < N; i++) {
        if (i > 0) {
            struct bls_fr power = next_fr();
            bls_gt_exp(&a[i], &a[0], &power);
        }
        bls_ifma_gt_base_init(&made[i], &a[i]);
        base[i] = &made[i];
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t n = 0; n <= N; n++) {
            bls_gt_one(&want);
            for (size_t i = 0; i < n; i++) {
                k[i] = next_fr();
                bls_gt_exp(&t, &a[i], &k[i]);
                bls_gt_mul(&want, &want, &t);
            }
            bls_ifma_gt_base_exp_product(&got, base, k, n);
            assert_true(bls_gt_equal(&want, &got) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tower),
        cmocka_unit_test(split),
        cmocka_unit_test(one_element),
        cmocka_unit_test(cyclotomic),
        cmocka_unit_test(products),
        cmocka_unit_test(counts),
        cmocka_unit_test(infinity_and_strangers),
        cmocka_unit_test(infinity_fixed),
        cmocka_unit_test(one_pair_repeated),
        cmocka_unit_test(powers),
    };
    if (!lanes_supported()) {
        return 77;
    }
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
