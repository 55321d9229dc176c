/* RSA decryption, for one purpose: RSA key exchange of TLS 1.2. Other paddings are refused, since a
 * provider that tells good padding from bad is a decryption oracle. */
#include "key_int.h"
#include "premaster_int.h"

#include "base/random.h"
#include "base/secret.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct cipher {
    const struct provider *provider;
    struct key *key;
    int padding;
    unsigned client_version;
    unsigned agreed_version;
};

static void *cipher_new(void *provctx)
{
    struct cipher *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->provider = provctx;
    }
    return c;
}

static void cipher_free(void *ctx)
{
    struct cipher *c = ctx;
    if (c != NULL) {
        key_free(c->key);
        free(c);
    }
}

static void *cipher_dup(void *ctx)
{
    const struct cipher *from = ctx;
    struct cipher *c = calloc(1, sizeof *c);
    if (c != NULL) {
        *c = *from;
        c->key = from->key == NULL ? NULL : key_ref(from->key);
    }
    return c;
}

static int get_padding(int *out, const OSSL_PARAM *param)
{
    return param->data_type == OSSL_PARAM_UTF8_STRING || OSSL_PARAM_get_int(param, out);
}

static int cipher_set_params(void *ctx, const OSSL_PARAM params[])
{
    struct cipher *c = ctx;
    const OSSL_PARAM *p = NULL;
    if (params == NULL) {
        return 1;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
    if (p != NULL && !get_padding(&c->padding, p)) {
        return 0;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION);
    if (p != NULL && !OSSL_PARAM_get_uint(p, &c->client_version)) {
        return 0;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION);
    return p == NULL || OSSL_PARAM_get_uint(p, &c->agreed_version);
}

static const OSSL_PARAM *cipher_settable_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL),
        OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
        OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return params;
}

static int decrypt_init(void *ctx, void *keydata, const OSSL_PARAM params[])
{
    struct cipher *c = ctx;
    struct key *key = keydata;
    if (key == NULL || !key->has_private) {
        return RAISE(c->provider, REASON_UNSUPPORTED, "decryption with a public key");
    }
    key_free(c->key);
    c->key = key_ref(key);
    c->padding = RSA_PKCS1_PADDING;
    return cipher_set_params(ctx, params);
}

static int take_premaster(const struct cipher *c, uint8_t *out, const uint8_t *block, size_t length)
{
    uint8_t random[PREMASTER_LENGTH];
    struct kf_random source = kf_random_system();
    uint16_t version = (uint16_t)c->client_version;
    uint16_t other = c->agreed_version != 0 ? (uint16_t)c->agreed_version : version;
    if (kf_random_fill(&source, random, sizeof random) != KF_OK) {
        return RAISE(c->provider, REASON_UNSUPPORTED, "the random source fails");
    }
    premaster_take(out, block, length, random, version, other);
    kf_wipe(random, sizeof random);
    return 1;
}

static int decrypt(void *ctx, unsigned char *out, size_t *length, size_t capacity,
                   const unsigned char *in, size_t in_length)
{
    const struct cipher *c = ctx;
    uint8_t block[KEYLESS_RSA_MAX];
    size_t block_length = 0;
    if (c->padding != RSA_PKCS1_WITH_TLS_PADDING) {
        return RAISE(c->provider, REASON_UNSUPPORTED,
                     "RSA decryption other than TLS's RSA key exchange");
    }
    if (out == NULL) {
        *length = PREMASTER_LENGTH;
        return 1;
    }
    if (capacity < PREMASTER_LENGTH || in_length != c->key->size || c->client_version == 0) {
        return RAISE(c->provider, REASON_BUFFER, "lengths that do not fit the key");
    }
    int ok = operation_run(c->provider, c->key, keyless_operation_find(KEYLESS_OP_RSA_DECRYPT), in,
                           in_length, block, &block_length, sizeof block) &&
             take_premaster(c, out, block, block_length);
    kf_wipe(block, sizeof block);
    if (ok) {
        *length = PREMASTER_LENGTH;
    }
    return ok;
}

static const OSSL_DISPATCH rsa_functions[] = {
    {OSSL_FUNC_ASYM_CIPHER_NEWCTX, (void (*)(void))cipher_new},
    {OSSL_FUNC_ASYM_CIPHER_FREECTX, (void (*)(void))cipher_free},
    {OSSL_FUNC_ASYM_CIPHER_DUPCTX, (void (*)(void))cipher_dup},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT, (void (*)(void))decrypt},
    {OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, (void (*)(void))cipher_set_params},
    {OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))cipher_settable_params},
    {0, NULL},
};

const OSSL_ALGORITHM provider_asym_ciphers[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROVIDER_PROPERTIES, rsa_functions,
     "Keyfence RSA decryption"},
    {NULL, NULL, NULL, NULL},
};
