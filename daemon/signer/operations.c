#include "operations.h"

#include "base/secret.h"
#include "envelope/payload.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

static const EVP_MD *digest_of(enum keyless_hash hash)
{
    switch (hash) {
    case KEYLESS_HASH_MD5_SHA1:
        return EVP_md5_sha1();
    case KEYLESS_HASH_SHA1:
        return EVP_sha1();
    case KEYLESS_HASH_SHA224:
        return EVP_sha224();
    case KEYLESS_HASH_SHA256:
        return EVP_sha256();
    case KEYLESS_HASH_SHA384:
        return EVP_sha384();
    case KEYLESS_HASH_SHA512:
        return EVP_sha512();
    default:
        return NULL;
    }
}

static uint8_t rsa_type(int bits)
{
    switch (bits) {
    case 2048:
        return KEY_RSA_2048;
    case 3072:
        return KEY_RSA_3072;
    case 4096:
        return KEY_RSA_4096;
    default:
        return 0;
    }
}

static uint8_t curve_type(const EVP_PKEY *key)
{
    char group[32] = "";
    (void)EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    if (strcmp(group, "prime256v1") == 0) {
        return KEY_P256;
    }
    return strcmp(group, "secp384r1") == 0 ? KEY_P384 : 0;
}

uint8_t signer_key_type_of(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return rsa_type(EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC:
        return curve_type(key);
    case EVP_PKEY_ED25519:
        return KEY_ED25519;
    default:
        return 0;
    }
}

static enum keyless_family family_of(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return KEYLESS_FAMILY_RSA;
    case EVP_PKEY_EC:
        return KEYLESS_FAMILY_ECDSA;
    case EVP_PKEY_ED25519:
        return KEYLESS_FAMILY_ED25519;
    default:
        return KEYLESS_FAMILY_NONE;
    }
}

/* RSA decryption takes exactly a modulus' length; OpenSSL refuses numbers above the modulus. */
static bool fits_payload(const struct keyless_operation *operation, const EVP_PKEY *key,
                         size_t length)
{
    if (operation->kind == KEYLESS_KIND_DECRYPT) {
        return length == (size_t)EVP_PKEY_get_size(key);
    }
    return operation->hash == KEYLESS_HASH_NONE || length == keyless_hash_length(operation->hash);
}

static bool set_up_signing(EVP_PKEY_CTX *context, const struct keyless_operation *operation)
{
    if (EVP_PKEY_sign_init(context) != 1) {
        return false;
    }
    if (operation->family == KEYLESS_FAMILY_RSA &&
        EVP_PKEY_CTX_set_rsa_padding(context, operation->pss ? RSA_PKCS1_PSS_PADDING
                                                             : RSA_PKCS1_PADDING) != 1) {
        return false;
    }
    if (operation->pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1) {
        return false;
    }
    return EVP_PKEY_CTX_set_signature_md(context, digest_of(operation->hash)) == 1;
}

/* On entry *length is the room in out; on success the length of the result. */
static bool run_with_context(uint8_t *out, size_t *length, EVP_PKEY *key,
                             const struct keyless_operation *operation, const uint8_t *payload,
                             size_t payload_length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool ok = context != NULL;
    if (ok && operation->kind == KEYLESS_KIND_DECRYPT) {
        ok = EVP_PKEY_decrypt_init(context) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
             EVP_PKEY_decrypt(context, out, length, payload, payload_length) == 1;
    } else if (ok) {
        ok = set_up_signing(context, operation) &&
             EVP_PKEY_sign(context, out, length, payload, payload_length) == 1;
    }
    EVP_PKEY_CTX_free(context);
    return ok;
}

static bool run_ed25519(uint8_t *out, size_t *length, EVP_PKEY *key, const uint8_t *payload,
                        size_t payload_length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, out, length, payload, payload_length) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

enum kf_status signer_operation_run(uint8_t *out, size_t capacity, size_t *out_length,
                                    EVP_PKEY *key, const struct keyless_operation *operation,
                                    const uint8_t *payload, size_t payload_length)
{
    if (operation->kind != KEYLESS_KIND_SIGN && operation->kind != KEYLESS_KIND_DECRYPT) {
        return KF_ERR_UNSUPPORTED;
    }
    if (operation->family != family_of(key) || !fits_payload(operation, key, payload_length)) {
        return KF_ERR_USAGE;
    }
    if (capacity < (size_t)EVP_PKEY_get_size(key)) {
        return KF_ERR_LIMIT;
    }
    size_t length = capacity;
    bool ok = operation->family == KEYLESS_FAMILY_ED25519
                  ? run_ed25519(out, &length, key, payload, payload_length)
                  : run_with_context(out, &length, key, operation, payload, payload_length);
    if (!ok) {
        kf_wipe(out, capacity);
        ERR_clear_error();
        return KF_ERR_INTERNAL;
    }
    *out_length = length;
    return KF_OK;
}
