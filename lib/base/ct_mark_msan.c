/* Secrets are marked for clang's MemorySanitizer, which follows them through instructions that
 * valgrind does not have. */
#include "base/ct.h"

#include <sanitizer/msan_interface.h>

void kf_ct_secret(const void *data, size_t length)
{
    __msan_poison(data, length);
}

void kf_ct_public(const void *data, size_t length)
{
    __msan_unpoison(data, length);
}
