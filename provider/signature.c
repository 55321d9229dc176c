/* Signatures: the digest is computed here, the signature by whoever holds the key. */
#include "key_int.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { ALGORITHM_ID_MAX = 128 };

struct signature {
    const struct provider *provider;
    struct key *key;
    EVP_MD_CTX *digest; /* of what has been given so far; NULL when the payload comes ready */
    enum keyless_hash hash;
    bool pss;
};

static void *signature_new(void *provctx, const char *properties)
{
    (void)properties;
    struct signature *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->provider = provctx;
    }
    return s;
}

static void signature_free(void *ctx)
{
    struct signature *s = ctx;
    if (s != NULL) {
        EVP_MD_CTX_free(s->digest);
        key_free(s->key);
        free(s);
    }
}

static void *signature_dup(void *ctx)
{
    const struct signature *from = ctx;
    struct signature *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    *s = *from;
    s->key = from->key == NULL ? NULL : key_ref(from->key);
    s->digest = NULL;
    if (from->digest != NULL) {
        s->digest = EVP_MD_CTX_new();
        if (s->digest == NULL || EVP_MD_CTX_copy_ex(s->digest, from->digest) != 1) {
            signature_free(s);
            return NULL;
        }
    }
    return s;
}

static int set_hash(struct signature *s, const char *name)
{
    enum keyless_hash hash = keyless_hash_find(name);
    if (hash == KEYLESS_HASH_NONE) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "digest %s", name);
    }
    s->hash = hash;
    return 1;
}

static int get_name(char *out, size_t size, const OSSL_PARAM *param)
{
    return OSSL_PARAM_get_utf8_string(param, &out, size);
}

/* An int (EVP_PKEY_CTX_set_rsa_padding) or a word (the command line). */
static int set_padding(struct signature *s, const OSSL_PARAM *param)
{
    char name[32];
    int mode = 0;
    if (param->data_type == OSSL_PARAM_UTF8_STRING) {
        if (!get_name(name, sizeof name, param)) {
            return 0;
        }
        mode = strcmp(name, "pss") == 0     ? RSA_PKCS1_PSS_PADDING
               : strcmp(name, "pkcs1") == 0 ? RSA_PKCS1_PADDING
                                            : 0;
    } else if (!OSSL_PARAM_get_int(param, &mode)) {
        return 0;
    }
    if (mode != RSA_PKCS1_PADDING && mode != RSA_PKCS1_PSS_PADDING) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "RSA padding other than PKCS#1 and PSS");
    }
    s->pss = mode == RSA_PKCS1_PSS_PADDING;
    return 1;
}

/* The protocol knows one length of PSS salt: the digest's. */
static int check_salt(const struct signature *s, const OSSL_PARAM *param)
{
    char name[32];
    int length = 0;
    if (param->data_type == OSSL_PARAM_UTF8_STRING) {
        if (!get_name(name, sizeof name, param)) {
            return 0;
        }
        length = strcmp(name, "digest") == 0 || strcmp(name, "auto-digestmax") == 0
                     ? RSA_PSS_SALTLEN_DIGEST
                     : atoi(name);
    } else if (!OSSL_PARAM_get_int(param, &length)) {
        return 0;
    }
    if (length != RSA_PSS_SALTLEN_DIGEST &&
        (length <= 0 || (size_t)length != keyless_hash_length(s->hash))) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "a PSS salt not as long as the digest");
    }
    return 1;
}

static int check_mgf1(const struct signature *s, const OSSL_PARAM *param)
{
    char name[32];
    if (!get_name(name, sizeof name, param)) {
        return 0;
    }
    if (keyless_hash_find(name) != s->hash) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "MGF1 with another digest");
    }
    return 1;
}

static int signature_set_params(void *ctx, const OSSL_PARAM params[])
{
    struct signature *s = ctx;
    char name[32];
    const OSSL_PARAM *p = NULL;
    if (params == NULL || s->key == NULL || s->key->family == KEYLESS_FAMILY_ED25519) {
        return 1;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
    if (p != NULL && (!get_name(name, sizeof name, p) || !set_hash(s, name))) {
        return 0;
    }
    if (s->key->family != KEYLESS_FAMILY_RSA) {
        return 1;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL && !set_padding(s, p)) {
        return 0;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    if (p != NULL && !check_salt(s, p)) {
        return 0;
    }
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
    return p == NULL || check_mgf1(s, p);
}

static const OSSL_PARAM *signature_settable_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return params;
}

/* --- AlgorithmIdentifier, which signing a certificate or a request asks for --- */

static int digest_nid(enum keyless_hash hash)
{
    static const int nids[] = {
        [KEYLESS_HASH_NONE] = NID_undef,    [KEYLESS_HASH_MD5_SHA1] = NID_md5_sha1,
        [KEYLESS_HASH_SHA1] = NID_sha1,     [KEYLESS_HASH_SHA224] = NID_sha224,
        [KEYLESS_HASH_SHA256] = NID_sha256, [KEYLESS_HASH_SHA384] = NID_sha384,
        [KEYLESS_HASH_SHA512] = NID_sha512,
    };
    return nids[hash];
}

static X509_ALGOR *make_algorithm(const struct signature *s)
{
    bool rsa = s->key->family == KEYLESS_FAMILY_RSA;
    int key_nid = rsa ? NID_rsaEncryption : NID_X9_62_id_ecPublicKey;
    int nid = NID_ED25519;
    if (s->key->family != KEYLESS_FAMILY_ED25519 &&
        OBJ_find_sigid_by_algs(&nid, digest_nid(s->hash), key_nid) != 1) {
        return NULL;
    }
    X509_ALGOR *a = X509_ALGOR_new();
    if (a != NULL &&
        X509_ALGOR_set0(a, OBJ_nid2obj(nid), rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) != 1) {
        X509_ALGOR_free(a);
        return NULL;
    }
    return a;
}

static int signature_get_params(void *ctx, OSSL_PARAM params[])
{
    const struct signature *s = ctx;
    unsigned char *der = NULL;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (p == NULL) {
        return 1;
    }
    if (s->key == NULL || s->pss) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "certificates signed with RSASSA-PSS");
    }
    X509_ALGOR *algorithm = make_algorithm(s);
    int n = algorithm == NULL ? -1 : i2d_X509_ALGOR(algorithm, &der);
    int ok = n > 0 && n <= ALGORITHM_ID_MAX && OSSL_PARAM_set_octet_string(p, der, (size_t)n);
    OPENSSL_free(der);
    X509_ALGOR_free(algorithm);
    return ok;
}

static const OSSL_PARAM *signature_gettable_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return params;
}

/* --- signing --- */

static int take_key(struct signature *s, void *keydata)
{
    struct key *key = keydata;
    if (key == NULL) {
        return s->key != NULL; /* a second init with the same key */
    }
    if (!key->has_private) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "signing with a public key");
    }
    key_free(s->key);
    s->key = key_ref(key);
    s->pss = false;
    return 1;
}

/* The payload is a digest already. */
static int sign_init(void *ctx, void *keydata, const OSSL_PARAM params[])
{
    struct signature *s = ctx;
    if (!take_key(s, keydata)) {
        return 0;
    }
    EVP_MD_CTX_free(s->digest);
    s->digest = NULL;
    s->hash = s->key->family == KEYLESS_FAMILY_ED25519 ? KEYLESS_HASH_NONE : KEYLESS_HASH_SHA256;
    return signature_set_params(ctx, params);
}

static int digest_sign_init(void *ctx, const char *name, void *keydata, const OSSL_PARAM params[])
{
    struct signature *s = ctx;
    bool named = name != NULL && name[0] != 0;
    if (!sign_init(ctx, keydata, NULL)) {
        return 0;
    }
    if (s->key->family == KEYLESS_FAMILY_ED25519) {
        return named ? RAISE(s->provider, REASON_UNSUPPORTED, "Ed25519 with a digest") : 1;
    }
    if (named && !set_hash(s, name)) {
        return 0;
    }
    EVP_MD *md = EVP_MD_fetch(s->provider->libctx, keyless_hash_name(s->hash), NULL);
    s->digest = EVP_MD_CTX_new();
    int ok = md != NULL && s->digest != NULL && EVP_DigestInit_ex2(s->digest, md, NULL) == 1;
    EVP_MD_free(md);
    if (!ok) {
        return RAISE(s->provider, REASON_DIGEST, "%s", keyless_hash_name(s->hash));
    }
    return signature_set_params(ctx, params);
}

static int sign_payload(const struct signature *s, uint8_t *out, size_t *length, size_t capacity,
                        const uint8_t *payload, size_t payload_length)
{
    const struct keyless_operation *o = keyless_operation_sign(s->key->family, s->hash, s->pss);
    if (o == NULL) {
        return RAISE(s->provider, REASON_UNSUPPORTED, "%s%s with this key",
                     s->pss ? "RSASSA-PSS over " : "", keyless_hash_name(s->hash));
    }
    return operation_run(s->provider, s->key, o, payload, payload_length, out, length, capacity);
}

static int sign(void *ctx, unsigned char *out, size_t *length, size_t capacity,
                const unsigned char *payload, size_t payload_length)
{
    const struct signature *s = ctx;
    if (out == NULL) {
        *length = s->key->size;
        return 1;
    }
    return sign_payload(s, out, length, capacity, payload, payload_length);
}

static int digest_sign_update(void *ctx, const unsigned char *data, size_t length)
{
    struct signature *s = ctx;
    if (s->digest == NULL || EVP_DigestUpdate(s->digest, data, length) != 1) {
        return RAISE(s->provider, REASON_DIGEST, "update");
    }
    return 1;
}

static int digest_sign_final(void *ctx, unsigned char *out, size_t *length, size_t capacity)
{
    struct signature *s = ctx;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (out == NULL) {
        *length = s->key->size;
        return 1;
    }
    if (s->digest == NULL || EVP_DigestFinal_ex(s->digest, hash, &n) != 1) {
        return RAISE(s->provider, REASON_DIGEST, "final");
    }
    return sign_payload(s, out, length, capacity, hash, n);
}

static int digest_sign(void *ctx, unsigned char *out, size_t *length, size_t capacity,
                       const unsigned char *data, size_t data_length)
{
    if (out == NULL) {
        return digest_sign_final(ctx, NULL, length, 0);
    }
    return digest_sign_update(ctx, data, data_length) &&
           digest_sign_final(ctx, out, length, capacity);
}

/* --- dispatch --- */

#define COMMON_FUNCTIONS                                                                           \
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signature_new},                                   \
        {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signature_free},                             \
        {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))signature_dup},                               \
        {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))digest_sign_init},                  \
        {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))signature_get_params},                \
    {                                                                                              \
        OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))signature_gettable_params         \
    }

static const OSSL_DISPATCH digest_functions[] = {
    COMMON_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))sign_init},
    {OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sign},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))digest_sign_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))digest_sign_final},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))digest_sign},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))signature_set_params},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))signature_settable_params},
    {0, NULL},
};

/* Ed25519 signs the message itself, in one piece: RFC 8032. */
static const OSSL_DISPATCH ed25519_functions[] = {
    COMMON_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sign},
    {0, NULL},
};

const OSSL_ALGORITHM provider_signatures[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROVIDER_PROPERTIES, digest_functions,
     "Keyfence RSA signatures"},
    {"ECDSA", PROVIDER_PROPERTIES, digest_functions, "Keyfence ECDSA signatures"},
    {"ED25519:1.3.101.112", PROVIDER_PROPERTIES, ed25519_functions, "Keyfence Ed25519 signatures"},
    {NULL, NULL, NULL, NULL},
};
