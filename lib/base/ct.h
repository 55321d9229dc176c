/* Constant-time helpers. A mask is all ones (true) or all zeros (false).
 *
 * kf_ct_secret() and kf_ct_public() tell a checker which bytes are secret: under valgrind, or in a
 * build with MemorySanitizer, they mark memory undefined or defined, so that a branch or an index
 * that depends on a secret is reported; else they do nothing. Each use of kf_ct_public() outside a
 * test is a declassification and carries a comment saying why the value may be known. */
#ifndef KEYFENCE_BASE_CT_H
#define KEYFENCE_BASE_CT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef KF_MEMORY_SANITIZER
#include "base/ct_barrier_msan_int.h"
#else
#include "base/ct_barrier_int.h"
#endif

/* All ones when bit is 1, zero when it is 0. Requires bit <= 1. */
static inline uint64_t kf_ct_mask(uint64_t bit)
{
    return 0 - kf_ct_barrier(bit);
}

/* All ones when v == 0. */
static inline uint64_t kf_ct_is_zero(uint64_t v)
{
    return kf_ct_mask((~v & (v - 1)) >> 63);
}

static inline uint64_t kf_ct_equal(uint64_t a, uint64_t b)
{
    return kf_ct_is_zero(a ^ b);
}

/* a where mask is ones, b where it is zero. */
static inline uint64_t kf_ct_select(uint64_t mask, uint64_t a, uint64_t b)
{
    return b ^ (mask & (a ^ b));
}

/* All ones when the two buffers hold the same bytes; reads all of both. */
uint64_t kf_ct_bytes_equal(const void *a, const void *b, size_t length);

void kf_ct_secret(const void *data, size_t length);
void kf_ct_public(const void *data, size_t length);

#endif
