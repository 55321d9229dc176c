#include "premaster_int.h"

#include "base/ct.h"

void premaster_take(uint8_t out[static PREMASTER_LENGTH], const uint8_t *block, size_t length,
                    const uint8_t random[static PREMASTER_LENGTH], uint16_t version,
                    uint16_t other_version)
{
    size_t start = length - PREMASTER_LENGTH;
    uint64_t good = kf_ct_equal(block[0], 0) & kf_ct_equal(block[1], 2);
    for (size_t i = 2; i < start - 1; i++) {
        good &= ~kf_ct_is_zero(block[i]);
    }
    good &= kf_ct_is_zero(block[start - 1]);
    uint64_t found = (uint64_t)block[start] << 8 | block[start + 1];
    good &= kf_ct_equal(found, version) | kf_ct_equal(found, other_version);
    for (size_t i = 0; i < PREMASTER_LENGTH; i++) {
        out[i] = (uint8_t)kf_ct_select(good, block[start + i], random[i]);
    }
}
