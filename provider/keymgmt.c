/* Key management: what OpenSSL asks about a key without using it. Everything public is answered by
 * the inner public key; the private half can neither be exported nor imported. */
#include "key_int.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

static void *new_rsa(void *provctx)
{
    return key_new(provctx, KEYLESS_FAMILY_RSA);
}

static void *new_ec(void *provctx)
{
    return key_new(provctx, KEYLESS_FAMILY_ECDSA);
}

static void *new_ed25519(void *provctx)
{
    return key_new(provctx, KEYLESS_FAMILY_ED25519);
}

static void keymgmt_free(void *keydata)
{
    key_free(keydata);
}

/* Takes over the key that a decoder emitted. */
static void *keymgmt_load(const void *reference, size_t size)
{
    struct key *key = NULL;
    if (size != sizeof key) {
        return NULL;
    }
    memcpy(&key, reference, sizeof key);
    memset((void *)(uintptr_t)reference, 0, sizeof key);
    return key;
}

static void *keymgmt_dup(const void *keydata, int selection)
{
    struct key *key = (struct key *)(uintptr_t)keydata;
    (void)selection;
    return key->public_key == NULL ? NULL : key_ref(key);
}

static int keymgmt_has(const void *keydata, int selection)
{
    const struct key *key = keydata;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->has_private) {
        return 0;
    }
    return key->public_key != NULL;
}

static int keymgmt_match(const void *keydata1, const void *keydata2, int selection)
{
    const struct key *a = keydata1;
    const struct key *b = keydata2;
    if (a->public_key == NULL || b->public_key == NULL) {
        return 0;
    }
    (void)ERR_set_mark();
    int equal = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0
                    ? EVP_PKEY_eq(a->public_key, b->public_key)
                    : EVP_PKEY_parameters_eq(a->public_key, b->public_key);
    (void)ERR_pop_to_mark();
    return equal == 1;
}

static int keymgmt_import(void *keydata, int selection, const OSSL_PARAM params[])
{
    struct key *key = keydata;
    EVP_PKEY *public_key = NULL;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        return RAISE(key->provider, REASON_PRIVATE_IMPORT, "this provider holds no private keys");
    }
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(key->provider->libctx, key_type_name(key->family), NULL);
    if (ctx == NULL) {
        return RAISE(key->provider, REASON_MEMORY, "out of memory");
    }
    int ok =
        EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &public_key, EVP_PKEY_PUBLIC_KEY,
                                                              (OSSL_PARAM *)(uintptr_t)params) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (ok) {
        key_set_public(key, public_key);
    }
    return ok;
}

/* Must fail for the private half, and silently: OpenSSL tries it to see whether another provider
 * could do the work, and would go on with the public half alone. */
static int keymgmt_export(void *keydata, int selection, OSSL_CALLBACK *take, void *take_arg)
{
    const struct key *key = keydata;
    OSSL_PARAM *params = NULL;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || key->public_key == NULL) {
        return 0;
    }
    if (EVP_PKEY_todata(key->public_key, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
        return 0;
    }
    int result = take(params, take_arg);
    OSSL_PARAM_free(params);
    return result;
}

static const OSSL_PARAM rsa_types[] = {
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
    OSSL_PARAM_END,
};
static const OSSL_PARAM ec_types[] = {
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
    OSSL_PARAM_END,
};
static const OSSL_PARAM ed25519_types[] = {
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
    OSSL_PARAM_END,
};

static const OSSL_PARAM *rsa_exchange_types(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? rsa_types : NULL;
}

static const OSSL_PARAM *ec_exchange_types(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_ALL) != 0 ? ec_types : NULL;
}

static const OSSL_PARAM *ed25519_exchange_types(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? ed25519_types : NULL;
}

static int keymgmt_get_params(void *keydata, OSSL_PARAM params[])
{
    const struct key *key = keydata;
    return key->public_key != NULL && EVP_PKEY_get_params(key->public_key, params) == 1;
}

#define COMMON_PARAMS                                                                              \
    OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),                                                    \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),                                       \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL)

static const OSSL_PARAM *rsa_gettable_params(void *provctx)
{
    static const OSSL_PARAM params[] = {
        COMMON_PARAMS,
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static const OSSL_PARAM *ec_gettable_params(void *provctx)
{
    static const OSSL_PARAM params[] = {
        COMMON_PARAMS,
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static const OSSL_PARAM *ed25519_gettable_params(void *provctx)
{
    static const OSSL_PARAM params[] = {
        COMMON_PARAMS,
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static const char *rsa_operation_name(int operation)
{
    (void)operation;
    return "RSA";
}

static const char *ec_operation_name(int operation)
{
    return operation == OSSL_OP_KEYEXCH ? "ECDH" : "ECDSA";
}

static const char *ed25519_operation_name(int operation)
{
    (void)operation;
    return "ED25519";
}

#define KEYMGMT(new_key, exchange_types, gettable_params, operation_name)                          \
    {                                                                                              \
        {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))(new_key)},                                        \
            {OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))keymgmt_load},                                \
            {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))keymgmt_free},                                \
            {OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))keymgmt_dup},                                  \
            {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))keymgmt_has},                                  \
            {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))keymgmt_match},                              \
            {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))keymgmt_import},                            \
            {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))(exchange_types)},                    \
            {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))keymgmt_export},                            \
            {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))(exchange_types)},                    \
            {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))keymgmt_get_params},                    \
            {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))(gettable_params)},                \
            {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))(operation_name)}, {0, NULL}, \
    }

static const OSSL_DISPATCH rsa_functions[] =
    KEYMGMT(new_rsa, rsa_exchange_types, rsa_gettable_params, rsa_operation_name);
static const OSSL_DISPATCH ec_functions[] =
    KEYMGMT(new_ec, ec_exchange_types, ec_gettable_params, ec_operation_name);
static const OSSL_DISPATCH ed25519_functions[] =
    KEYMGMT(new_ed25519, ed25519_exchange_types, ed25519_gettable_params, ed25519_operation_name);

const OSSL_ALGORITHM provider_keymgmts[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROVIDER_PROPERTIES, rsa_functions,
     "Keyfence RSA keys"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROVIDER_PROPERTIES, ec_functions, "Keyfence EC keys"},
    {"ED25519:1.3.101.112", PROVIDER_PROPERTIES, ed25519_functions, "Keyfence Ed25519 keys"},
    {NULL, NULL, NULL, NULL},
};
