/* Splitting scalars along the endomorphisms, and signed windows. The mathematics is in point_int.h.
 * The divisors are constants, but the dividends are secret: the division is bit by bit, by masks.
 */
#include "base/secret.h"
#include "bls12381/point_int.h"

/* n = quotient x^2 + remainder. Requires n < r, so that the high half of n is below x^2. */
static void divide_by_x_squared(uint64_t quotient[2], uint64_t remainder[2], const uint64_t n[4])
{
    uint64_t low = n[2], high = n[3], q[2] = {0, 0};
    for (int i = 127; i >= 0; i--) {
        uint64_t bit = n[i / 64] >> (i % 64) & 1;
        uint64_t top = high >> 63;
        high = high << 1 | low >> 63;
        low = low << 1 | bit;
        uint64_t borrow = 0;
        uint64_t l = bls_sbb(low, bls_x_squared[0], &borrow);
        uint64_t h = bls_sbb(high, bls_x_squared[1], &borrow);
        uint64_t fits = top | (borrow ^ 1);
        uint64_t mask = kf_ct_mask(fits);
        low = kf_ct_select(mask, l, low);
        high = kf_ct_select(mask, h, high);
        q[i / 64] |= fits << (i % 64);
    }
    quotient[0] = q[0];
    quotient[1] = q[1];
    remainder[0] = low;
    remainder[1] = high;
}

/* n = quotient |x| + remainder. Requires n < x^2, so that the high half of n is below |x|. */
static void divide_by_x(uint64_t *quotient, uint64_t *remainder, const uint64_t n[2])
{
    uint64_t r = n[1], q = 0;
    for (int i = 63; i >= 0; i--) {
        uint64_t top = r >> 63;
        r = r << 1 | (n[0] >> i & 1);
        uint64_t borrow = 0;
        uint64_t d = bls_sbb(r, bls_x_abs, &borrow);
        uint64_t fits = top | (borrow ^ 1);
        r = kf_ct_select(kf_ct_mask(fits), d, r);
        q |= fits << i;
    }
    *quotient = q;
    *remainder = r;
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

void bls_split_half(struct bls_half_digits *out, const struct bls_fr *k)
{
    uint64_t n[4], half[2][2];
    fr_to_raw(n, k);
    divide_by_x_squared(half[1], half[0], n);
    for (int i = 0; i < 2; i++) {
        recode(out->digit[i], BLS_HALF_WINDOWS, half[i], 2);
    }
    kf_wipe(n, sizeof n);
    kf_wipe(half, sizeof half);
}

void bls_split_quarter(struct bls_quarter_digits *out, const struct bls_fr *k)
{
    uint64_t n[4], half[2][2], quarter[4];
    fr_to_raw(n, k);
    divide_by_x_squared(half[1], half[0], n);
    divide_by_x(&quarter[1], &quarter[0], half[0]);
    divide_by_x(&quarter[3], &quarter[2], half[1]);
    for (int i = 0; i < 4; i++) {
        recode(out->digit[i], BLS_QUARTER_WINDOWS, &quarter[i], 1);
    }
    kf_wipe(n, sizeof n);
    kf_wipe(half, sizeof half);
    kf_wipe(quarter, sizeof quarter);
}
