/* Powers of fixed elements of GT, eight lanes: two bases at a time, each with the four digits that
 * the Frobenius map splits a scalar into (point_int.h). A lane multiplies up the entries of its
 * digit's windows; then the lanes are mapped and multiplied together. Constant-time. */
#include "base/ct.h"
#include "base/secret.h"
#include "bls12381/ifma/fp12_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/point_int.h"

#include <assert.h>
#include <string.h>

enum { COORDINATES = 12, DIGITS = 4, BASES = BLS_LANES / DIGITS };

static_assert(BLS_QUARTER_WINDOWS == 13 && BLS_WINDOW_ENTRIES == 2 * BLS_LANES,
              "struct bls_gt_base says so");

void bls_ifma_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a)
{
    struct bls_fp12 power = a->f, window[BLS_WINDOW_ENTRIES];
    struct bls_fp8 v;
    for (int i = 0; i < BLS_QUARTER_WINDOWS; i++) {
        bls_gt_window(window, &power);
        bls_fp12_cyclotomic_square(&power, &window[BLS_WINDOW_ENTRIES - 1]);
        for (int c = 0; c < COORDINATES; c++) {
            for (int half = 0; half < 2; half++) {
                const struct bls_fp12 *first = &window[half * BLS_LANES];
                bls_fp8_load(&v, (const struct bls_fp *)(const void *)first + c, sizeof *first);
                for (int l = 0; l < BLS_FP8_LIMBS; l++) {
                    uint64_t *to = &base->u.lanes[i][c][l][half * BLS_LANES];
                    bls_vec_store_below(to, v.limb[l], bls_fp8_limit(l));
                }
            }
        }
    }
    kf_wipe(&power, sizeof power);
    kf_wipe(window, sizeof window);
    kf_wipe(&v, sizeof v);
}

/* What a lane looks up: the entry, and whether it is none or its conjugate. */
struct choice {
    bls_vec entry;
    bls_lanes none, conjugate;
};

static void choose(struct choice *out, const struct bls_quarter_digits digits[static BASES],
                   int window)
{
    uint64_t magnitude[BLS_LANES], entry[BLS_LANES], sign[BLS_LANES];
    for (int lane = 0; lane < BLS_LANES; lane++) {
        uint8_t digit = digits[lane / DIGITS].digit[lane % DIGITS][window];
        magnitude[lane] = bls_digit_magnitude(digit);
        entry[lane] = (magnitude[lane] - 1) & (BLS_WINDOW_ENTRIES - 1);
        /* d1 and d3 are powers of |x| of odd degree, x being negative */
        sign[lane] = bls_digit_negative(digit) ^ (0 - (uint64_t)(lane % 2));
    }
    out->entry = bls_vec_load(entry);
    out->none = bls_vec_is_zero(bls_vec_load(magnitude));
    out->conjugate = bls_vec_is_negative(bls_vec_load(sign));
    kf_wipe(magnitude, sizeof magnitude);
    kf_wipe(entry, sizeof entry);
    kf_wipe(sign, sizeof sign);
}

/* The limb, of sixteen entries, that the index says. */
static inline bls_vec entry_limb(const uint64_t limb[static BLS_WINDOW_ENTRIES], bls_vec index,
                                 int l)
{
    const uint64_t limit = bls_fp8_limit(l);
    return bls_vec_permute_two(bls_vec_load_below(limb, limit),
                               bls_vec_load_below(limb + BLS_LANES, limit), index);
}

/* The coordinates in the order of struct bls_fp12; those from the seventh on are negated by
 * conjugation. base[1] may be base[0]. */
static void look_up(struct bls_fp12x8 *out, const struct bls_gt_base *const base[static BASES],
                    const struct choice *choice, int window)
{
    const bls_lanes second = bls_lanes_constant(0xf0);
    struct bls_fp8 one, zero, minus;
    struct bls_fp8 *coordinate = (struct bls_fp8 *)(void *)out; /* all twelve, in order */
    bls_fp8_set(&one, bls_fp8_one);
    bls_fp8_zero(&zero);
    for (int c = 0; c < COORDINATES; c++) {
        struct bls_fp8 *v = &coordinate[c];
        for (int l = 0; l < BLS_FP8_LIMBS; l++) {
            bls_vec a = entry_limb(base[0]->u.lanes[window][c][l], choice->entry, l);
            bls_vec b = entry_limb(base[1]->u.lanes[window][c][l], choice->entry, l);
            v->limb[l] = bls_vec_select(second, b, a);
        }
        bls_fp8_select(v, choice->none, c == 0 ? &one : &zero, v);
        if (c >= COORDINATES / 2) {
            bls_fp8_neg(&minus, v);
            bls_fp8_carry(&minus, &minus);
            bls_fp8_select(v, choice->conjugate, &minus, v);
        }
    }
    kf_wipe(&minus, sizeof minus);
}

/* product times the product of the lanes, lane 4 b + h to the power p^h. */
static void join_lanes(struct bls_fp12 *product, const struct bls_fp12x8 *lanes)
{
    struct bls_fp12_lanes lane[BLS_LANES];
    struct bls_fp12 t;
    bls_fp12_lanes_split(lane, lanes);
    for (int i = 0; i < BLS_LANES; i++) {
        bls_fp12_lanes_store(&t, &lane[i]);
        if (i % DIGITS != 0) {
            bls_fp12_frobenius(&t, &t, i % DIGITS);
        }
        bls_fp12_mul(product, product, &t);
    }
    kf_wipe(lane, sizeof lane);
    kf_wipe(&t, sizeof t);
}

void bls_ifma_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                                  const struct bls_fr *k, size_t n)
{
    struct bls_fp12 product;
    struct bls_fp12x8 sum, entry;
    struct bls_quarter_digits digits[BASES];
    struct choice choice;
    bls_fp12_one(&product);
    for (size_t b = 0; b < n; b += BASES) {
        const struct bls_gt_base *two[BASES] = {base[b], b + 1 < n ? base[b + 1] : base[b]};
        memset(digits, 0, sizeof digits);
        for (size_t i = 0; i < BASES && b + i < n; i++) {
            bls_split_quarter(&digits[i], &k[b + i]);
        }
        for (int window = 0; window < BLS_QUARTER_WINDOWS; window++) {
            choose(&choice, digits, window);
            look_up(window == 0 ? &sum : &entry, two, &choice, window);
            if (window > 0) {
                bls_fp12x8_mul(&sum, &sum, &entry);
            }
        }
        join_lanes(&product, &sum);
    }
    out->f = product;
    kf_wipe(&product, sizeof product);
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&entry, sizeof entry);
    kf_wipe(digits, sizeof digits);
    kf_wipe(&choice, sizeof choice);
}
