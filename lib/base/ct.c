#include "base/ct.h"

uint64_t kf_ct_bytes_equal(const void *a, const void *b, size_t length)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    uint64_t difference = 0;
    for (size_t i = 0; i < length; i++) {
        difference |= (uint64_t)(x[i] ^ y[i]);
    }
    return kf_ct_is_zero(difference);
}
