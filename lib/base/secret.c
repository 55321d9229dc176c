#include "base/secret.h"

#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void kf_wipe(void *data, size_t length)
{
    if (length > 0) {
        sodium_memzero(data, length);
    }
}

enum kf_status kf_secret_init(void)
{
    return sodium_init() >= 0 ? KF_OK : KF_ERR_RANDOM;
}

void *kf_secret_new(size_t length)
{
    void *p = sodium_malloc(length);
    if (p != NULL) {
        memset(p, 0, length);
    }
    return p;
}

void kf_secret_free(void *data)
{
    sodium_free(data);
}

void *kf_wiping_malloc(size_t length)
{
    return malloc(length);
}

void kf_wiping_free(void *data)
{
    if (data != NULL) {
        sodium_memzero(data, malloc_usable_size(data));
        free(data);
    }
}

/* realloc() may leave the old bytes behind when it moves a block, so the move is made by hand. */
void *kf_wiping_realloc(void *data, size_t length)
{
    if (data == NULL) {
        return malloc(length);
    }
    if (length == 0) {
        kf_wiping_free(data);
        return NULL;
    }
    size_t had = malloc_usable_size(data);
    if (length <= had) {
        return data;
    }
    void *moved = malloc(length);
    if (moved == NULL) {
        return NULL;
    }
    memcpy(moved, data, had);
    kf_wiping_free(data);
    return moved;
}
