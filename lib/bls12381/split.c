/* Splitting scalars along the endomorphisms, and signed windows. The mathematics is in point_int.h.
 * The dividends are secret: the divisions multiply by the divisors' reciprocals. */
#include "base/secret.h"
#include "bls12381/point_int.h"

/* t = t - d if that is not negative; adds one to the quotient then. */
static void subtract_if_fits(uint64_t t[static 3], const uint64_t d[static 2], uint64_t q[static 2])
{
    uint64_t s[3], borrow = 0, carry = 0;
    s[0] = bls_sbb(t[0], d[0], &borrow);
    s[1] = bls_sbb(t[1], d[1], &borrow);
    s[2] = bls_sbb(t[2], 0, &borrow);
    uint64_t fits = kf_ct_mask(borrow ^ 1);
    for (int i = 0; i < 3; i++) {
        t[i] = kf_ct_select(fits, s[i], t[i]);
    }
    q[0] = bls_adc(q[0], fits & 1, &carry);
    q[1] = bls_adc(q[1], 0, &carry);
}

/* n = quotient x^2 + remainder. Requires n < r. With m = 2^255 / x^2 rounded down, the high half of
 * (n / 2^127) m is the quotient or one or two less (Barrett). */
static void divide_by_x_squared(uint64_t quotient[2], uint64_t remainder[2], const uint64_t n[4])
{
    const uint64_t *m = bls_x_squared_reciprocal, *d = bls_x_squared;
    uint64_t high[2] = {n[1] >> 63 | n[2] << 1, n[2] >> 63 | n[3] << 1};
    uint64_t t[4] = {0}, u[4] = {0};
    for (int i = 0; i < 2; i++) {
        uint64_t carry = 0;
        bls_mac(&t[i], high[i], m[0], &carry);
        bls_mac(&t[i + 1], high[i], m[1], &carry);
        t[i + 2] = carry;
    }
    uint64_t q[2] = {t[2], t[3]};
    for (int i = 0; i < 2; i++) {
        uint64_t carry = 0;
        bls_mac(&u[i], q[i], d[0], &carry);
        bls_mac(&u[i + 1], q[i], d[1], &carry);
        u[i + 2] = carry;
    }
    uint64_t borrow = 0;
    uint64_t r[3]; /* n - q x^2 < 3 x^2 */
    for (int i = 0; i < 3; i++) {
        r[i] = bls_sbb(n[i], u[i], &borrow);
    }
    subtract_if_fits(r, d, q);
    subtract_if_fits(r, d, q);
    for (int i = 0; i < 2; i++) {
        quotient[i] = q[i];
        remainder[i] = r[i];
    }
    kf_wipe(t, sizeof t);
    kf_wipe(u, sizeof u);
}

/* n = quotient |x| + remainder. Requires n < x^2. As above, with 2^128 / |x|: n / 2^64 times it,
 * the high half, is at most three too small. */
static void divide_by_x(uint64_t *quotient, uint64_t *remainder, const uint64_t n[2])
{
    const uint64_t d[2] = {bls_x_abs, 0};
    uint64_t q[2] = {n[1] + (uint64_t)((bls_u128)n[1] * bls_x_reciprocal >> 64), 0};
    uint64_t borrow = 0;
    bls_u128 product = (bls_u128)q[0] * bls_x_abs;
    uint64_t r[3] = {0};
    r[0] = bls_sbb(n[0], (uint64_t)product, &borrow);
    r[1] = bls_sbb(n[1], (uint64_t)(product >> 64), &borrow);
    for (int i = 0; i < 3; i++) {
        subtract_if_fits(r, d, q);
    }
    *quotient = q[0];
    *remainder = r[0];
}

/* Booth's recoding: digit i is made of bits 5i-1 to 5i+4; the number must be below 2^(5 windows -
 * 1). */
static void recode(uint8_t *digit, int windows, const uint64_t *limb, int limbs)
{
    uint64_t below = 0; /* bit 5i - 1 */
    for (int i = 0; i < windows; i++) {
        int at = BLS_WINDOW * i, word = at / 64, shift = at % 64;
        uint64_t bits = word < limbs ? limb[word] >> shift : 0;
        if (shift > 64 - BLS_WINDOW && word + 1 < limbs) {
            bits |= limb[word + 1] << (64 - shift);
        }
        bits &= 31;
        uint64_t negative = kf_ct_mask(bits >> 4);
        uint64_t value = bits + below; /* 0 to 32; minus 32 when negative */
        uint64_t magnitude = kf_ct_select(negative, 32 - value, value);
        digit[i] = (uint8_t)(magnitude | (negative & BLS_DIGIT_NEGATIVE));
        below = bits >> 4;
    }
}

static void fr_to_raw(uint64_t out[4], const struct bls_fr *k)
{
    static const struct bls_fr raw_one = {{1}};
    struct bls_fr t;
    bls_fr_mul(&t, k, &raw_one);
    for (int i = 0; i < 4; i++) {
        out[i] = t.limb[i];
    }
    kf_wipe(&t, sizeof t);
}

void bls_split_half_numbers(uint64_t half[static 2][2], const struct bls_fr *k)
{
    uint64_t n[4];
    fr_to_raw(n, k);
    divide_by_x_squared(half[1], half[0], n);
    kf_wipe(n, sizeof n);
}

void bls_split_quarter_numbers(uint64_t quarter[static 4], const struct bls_fr *k)
{
    uint64_t half[2][2];
    bls_split_half_numbers(half, k);
    divide_by_x(&quarter[1], &quarter[0], half[0]);
    divide_by_x(&quarter[3], &quarter[2], half[1]);
    kf_wipe(half, sizeof half);
}

void bls_split_half(struct bls_half_digits *out, const struct bls_fr *k)
{
    uint64_t half[2][2];
    bls_split_half_numbers(half, k);
    for (int i = 0; i < 2; i++) {
        recode(out->digit[i], BLS_HALF_WINDOWS, half[i], 2);
    }
    kf_wipe(half, sizeof half);
}

void bls_split_quarter(struct bls_quarter_digits *out, const struct bls_fr *k)
{
    uint64_t quarter[4];
    bls_split_quarter_numbers(quarter, k);
    for (int i = 0; i < 4; i++) {
        recode(out->digit[i], BLS_QUARTER_WINDOWS, &quarter[i], 1);
    }
    kf_wipe(quarter, sizeof quarter);
}
