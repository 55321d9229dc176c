/* What MemorySanitizer must know of libsodium, which was compiled without it: these stand before
 * its functions (the linker's --wrap). A digest is secret when anything that was hashed is. */
#include <sanitizer/msan_interface.h>
#include <sodium.h>

int __real_crypto_hash_sha256_init(crypto_hash_sha256_state *state);
int __real_crypto_hash_sha256_update(crypto_hash_sha256_state *state, const unsigned char *in,
                                     unsigned long long length);
int __real_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out);
void __real_sodium_memzero(void *data, size_t length);
int __wrap_crypto_hash_sha256_init(crypto_hash_sha256_state *state);
int __wrap_crypto_hash_sha256_update(crypto_hash_sha256_state *state, const unsigned char *in,
                                     unsigned long long length);
int __wrap_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out);
void __wrap_sodium_memzero(void *data, size_t length);

static int is_secret(const volatile void *data, size_t length)
{
    return __msan_test_shadow(data, length) != -1;
}

int __wrap_crypto_hash_sha256_init(crypto_hash_sha256_state *state)
{
    int status = __real_crypto_hash_sha256_init(state);
    __msan_unpoison(state, sizeof *state);
    return status;
}

int __wrap_crypto_hash_sha256_update(crypto_hash_sha256_state *state, const unsigned char *in,
                                     unsigned long long length)
{
    int secret = is_secret(state, sizeof *state) || is_secret(in, (size_t)length);
    int status = __real_crypto_hash_sha256_update(state, in, length);
    if (secret) {
        __msan_poison(state, sizeof *state);
    }
    return status;
}

int __wrap_crypto_hash_sha256_final(crypto_hash_sha256_state *state, unsigned char *out)
{
    int secret = is_secret(state, sizeof *state);
    int status = __real_crypto_hash_sha256_final(state, out);
    __msan_unpoison(state, sizeof *state);
    if (secret) {
        __msan_poison(out, crypto_hash_sha256_BYTES);
    } else {
        __msan_unpoison(out, crypto_hash_sha256_BYTES);
    }
    return status;
}

void __wrap_sodium_memzero(void *data, size_t length)
{
    __real_sodium_memzero(data, length);
    __msan_unpoison(data, length);
}
