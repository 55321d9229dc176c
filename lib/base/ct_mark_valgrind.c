/* Secrets are marked for valgrind's memcheck: the requests are a few instructions that do nothing
 * outside valgrind. */
#include "base/ct.h"

#include <valgrind/memcheck.h>

void kf_ct_secret(const void *data, size_t length)
{
    VALGRIND_MAKE_MEM_UNDEFINED(data, length);
}

void kf_ct_public(const void *data, size_t length)
{
    VALGRIND_MAKE_MEM_DEFINED(data, length);
}
