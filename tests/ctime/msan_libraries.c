/* What MemorySanitizer must know of libraries that were compiled without it: these stand before
 * their functions (the linker's --wrap). A digest is secret when anything that was hashed is. */
#include <nettle/sha2.h>
#include <sanitizer/msan_interface.h>
#include <stddef.h>
#include <stdint.h>

void __real_nettle_sha256_init(struct sha256_ctx *state);
void __real_nettle_sha256_update(struct sha256_ctx *state, size_t length, const uint8_t *in);
void __real_nettle_sha256_digest(struct sha256_ctx *state, size_t length, uint8_t *out);
void __real_sodium_memzero(void *data, size_t length);
void __wrap_nettle_sha256_init(struct sha256_ctx *state);
void __wrap_nettle_sha256_update(struct sha256_ctx *state, size_t length, const uint8_t *in);
void __wrap_nettle_sha256_digest(struct sha256_ctx *state, size_t length, uint8_t *out);
void __wrap_sodium_memzero(void *data, size_t length);

static int is_secret(const volatile void *data, size_t length)
{
    return __msan_test_shadow(data, length) != -1;
}

void __wrap_nettle_sha256_init(struct sha256_ctx *state)
{
    __real_nettle_sha256_init(state);
    __msan_unpoison(state, sizeof *state);
}

void __wrap_nettle_sha256_update(struct sha256_ctx *state, size_t length, const uint8_t *in)
{
    int secret = is_secret(state, sizeof *state) || is_secret(in, length);
    __real_nettle_sha256_update(state, length, in);
    if (secret) {
        __msan_poison(state, sizeof *state);
    }
}

/* Begins the next digest, too. */
void __wrap_nettle_sha256_digest(struct sha256_ctx *state, size_t length, uint8_t *out)
{
    int secret = is_secret(state, sizeof *state);
    __real_nettle_sha256_digest(state, length, out);
    __msan_unpoison(state, sizeof *state);
    if (secret) {
        __msan_poison(out, length);
    } else {
        __msan_unpoison(out, length);
    }
}

void __wrap_sodium_memzero(void *data, size_t length)
{
    __real_sodium_memzero(data, length);
    __msan_unpoison(data, length);
}
