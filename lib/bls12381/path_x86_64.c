/* The paths of x86-64, and what the processor must say for each (Intel SDM volume 1, 14.3 and
 * 15.2: a feature bit alone is not enough for AVX-512, the operating system must save its state).
 */
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/mulx/mulx_int.h"

#include <cpuid.h>

enum { OSXSAVE = 27 }; /* leaf 1, ecx */
enum {
    BMI2 = 8,
    AVX512F = 16,
    AVX512DQ = 17,
    ADX = 19,
    AVX512IFMA = 21,
    AVX512VL = 31
};                           /* 7, ebx */
enum { XCR0_AVX512 = 0xe6 }; /* xmm, ymm, opmask, upper zmm, zmm 16 to 31 */

/* Whether leaf 7's ebx has all bits of the mask. */
static bool has_features(uint32_t mask)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & mask) == mask;
}

static bool saves_avx512(void)
{
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !(c >> OSXSAVE & 1)) {
        return false;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & XCR0_AVX512) == XCR0_AVX512;
}

static bool always(void)
{
    return true;
}

static bool has_mulx(void)
{
    return has_features(1u << BMI2 | 1u << ADX);
}

static bool has_ifma(void)
{
    return has_mulx() && saves_avx512() &&
           has_features(1u << AVX512F | 1u << AVX512DQ | 1u << AVX512IFMA | 1u << AVX512VL);
}

const struct bls_path_choice bls_path_choices[] = {
    {"ifma", has_ifma, &bls_kernels_mulx, &bls_path_ifma},
    {"mulx", has_mulx, &bls_kernels_mulx, &bls_path_portable},
    {"portable", always, &bls_kernels_portable, &bls_path_portable},
};
const size_t bls_path_choice_count = sizeof bls_path_choices / sizeof bls_path_choices[0];
