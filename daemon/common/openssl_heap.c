#include "openssl_heap.h"

#include "base/secret.h"

#include <openssl/crypto.h>

static void *heap_malloc(size_t length, const char *file, int line)
{
    (void)file;
    (void)line;
    return kf_wiping_malloc(length);
}

static void *heap_realloc(void *data, size_t length, const char *file, int line)
{
    (void)file;
    (void)line;
    return kf_wiping_realloc(data, length);
}

static void heap_free(void *data, const char *file, int line)
{
    (void)file;
    (void)line;
    kf_wiping_free(data);
}

enum kf_status openssl_heap_wiping(struct kf_error *err)
{
    if (CRYPTO_set_mem_functions(heap_malloc, heap_realloc, heap_free) != 1) {
        return kf_fail(err, KF_ERR_INTERNAL, "OpenSSL does not take the wiping heap");
    }
    return KF_OK;
}
