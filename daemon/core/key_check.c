#include "key_check.h"

#include "base/secret.h"
#include "pem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static const char key_hint[] = "the key is one PEM block: PRIVATE KEY (PKCS#8), RSA PRIVATE KEY or "
                               "EC PRIVATE KEY";

enum kf_status key_type_of(enum key_type *out, char *name, size_t name_size, const EVP_PKEY *key)
{
    static const struct {
        int id;
        int bits;
        const char *group;
        enum key_type type;
    } types[] = {
        {EVP_PKEY_RSA, 2048, NULL, KEY_RSA_2048},  {EVP_PKEY_RSA, 3072, NULL, KEY_RSA_3072},
        {EVP_PKEY_RSA, 4096, NULL, KEY_RSA_4096},  {EVP_PKEY_EC, 256, "prime256v1", KEY_P256},
        {EVP_PKEY_EC, 384, "secp384r1", KEY_P384}, {EVP_PKEY_ED25519, 0, NULL, KEY_ED25519},
    };
    char group[64] = "";
    size_t length = 0;
    int id = EVP_PKEY_get_base_id(key);
    int bits = EVP_PKEY_get_bits(key);
    if (id == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) {
        (void)snprintf(group, sizeof group, "with explicit curve parameters");
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].id == id && (types[i].bits == 0 || types[i].bits == bits) &&
            (types[i].group == NULL || strcmp(types[i].group, group) == 0)) {
            *out = types[i].type;
            return KF_OK;
        }
    }
    const char *kind = EVP_PKEY_get0_type_name(key);
    if (id == EVP_PKEY_EC) {
        (void)snprintf(name, name_size, "EC %s", group);
    } else if (id == EVP_PKEY_RSA) {
        (void)snprintf(name, name_size, "RSA-%d", bits);
    } else {
        (void)snprintf(name, name_size, "%s", kind == NULL ? "unknown" : kind);
    }
    ERR_clear_error();
    return KF_ERR_UNSUPPORTED;
}

static enum kf_status encrypted(const struct pem_block *block, struct problem *problem)
{
    (void)problem_set(problem, KF_ERR_UNSUPPORTED, 400, "key_encrypted",
                      "key: line %u: the key is encrypted with a passphrase", block->begin_line);
    problem->line = block->begin_line;
    problem_hint(problem, "decrypt it first: openssl pkey -in ENCRYPTED.pem -out KEY.pem");
    return KF_ERR_UNSUPPORTED;
}

static enum kf_status unsupported(struct problem *problem, uint32_t line, const char *what)
{
    (void)problem_set(problem, KF_ERR_UNSUPPORTED, 400, "key_unsupported",
                      "key: line %u: %s keys are not supported", line, what);
    problem->line = line;
    problem_hint(problem, "supported are %s", KEY_TYPES_TEXT);
    return KF_ERR_UNSUPPORTED;
}

/* Whether the block is a private key, judged by its label; the problem says what it is instead. */
static enum kf_status judge_label(const struct pem_block *block, struct problem *problem)
{
    const char *label = block->label;
    if (block->encrypted || strcmp(label, "ENCRYPTED PRIVATE KEY") == 0) {
        return encrypted(block, problem);
    }
    if (strcmp(label, "DSA PRIVATE KEY") == 0) {
        return unsupported(problem, block->begin_line, "DSA");
    }
    if (strcmp(label, "PRIVATE KEY") == 0 || strcmp(label, "RSA PRIVATE KEY") == 0 ||
        strcmp(label, "EC PRIVATE KEY") == 0) {
        return KF_OK;
    }
    (void)problem_set(problem, KF_ERR_MALFORMED, 400, "key_malformed",
                      "key: line %u: this block is a %s, not a private key", block->begin_line,
                      label);
    problem->line = block->begin_line;
    problem_hint(problem, "%s",
                 strcmp(label, "OPENSSH PRIVATE KEY") == 0
                     ? "convert it: ssh-keygen -p -N '' -m PKCS8 -f KEY"
                     : key_hint);
    return KF_ERR_MALFORMED;
}

/* The one key block of the text; EC PARAMETERS, which openssl writes before an EC key, are passed
 * over. */
static enum kf_status find_block(struct pem_block *out, struct pem_text *text,
                                 struct problem *problem)
{
    bool found = false;
    for (;;) {
        struct pem_block block;
        enum kf_status st = pem_next(&block, text, problem);
        if (st == KF_ERR_NOT_FOUND) {
            break;
        }
        if (st != KF_OK) {
            problem_hint(problem, "%s", key_hint);
            return st;
        }
        if (strcmp(block.label, "EC PARAMETERS") == 0) {
            continue;
        }
        st = judge_label(&block, problem);
        if (st != KF_OK) {
            return st;
        }
        if (found) {
            (void)problem_set(problem, KF_ERR_MALFORMED, 400, "key_malformed",
                              "key: line %u: a second private key; send one", block.begin_line);
            problem->line = block.begin_line;
            return KF_ERR_MALFORMED;
        }
        *out = block;
        found = true;
    }
    if (!found) {
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "key_malformed",
                          "key: there is no PEM block in it");
        problem_hint(problem, "%s", key_hint);
        return KF_ERR_MALFORMED;
    }
    return KF_OK;
}

static enum kf_status parse_der(EVP_PKEY **out, const uint8_t *der, size_t length,
                                const struct pem_block *block, struct problem *problem)
{
    const uint8_t *at = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)length);
    ERR_clear_error();
    if (key == NULL || at != der + length) {
        EVP_PKEY_free(key);
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "key_malformed",
                          "key: the block at line %u (%s) is base64, but %s", block->begin_line,
                          block->label,
                          key == NULL ? "what it holds is no private key that can be read"
                                      : "bytes follow the key inside it");
        problem->line = block->begin_line;
        problem_hint(problem, "check the file: openssl pkey -in KEY.pem -noout -check; supported "
                              "are " KEY_TYPES_TEXT);
        return KF_ERR_MALFORMED;
    }
    *out = key;
    return KF_OK;
}

enum kf_status key_load(EVP_PKEY **out, enum key_type *type, const char *pem, size_t length,
                        struct problem *problem)
{
    struct pem_text text = pem_open("key", pem, length);
    struct pem_block block;
    EVP_PKEY *key = NULL;
    char name[80];
    if (length > KEY_PEM_MAX) {
        return problem_set(problem, KF_ERR_LIMIT, 400, "key_too_long",
                           "key: %zu bytes; at most %d are accepted", length, KEY_PEM_MAX);
    }
    enum kf_status st = find_block(&block, &text, problem);
    if (st != KF_OK) {
        return st;
    }
    uint8_t *der = kf_secret_new(KEY_DER_MAX);
    size_t der_length = 0;
    if (der == NULL) {
        return problem_set(problem, KF_ERR_MEMORY, 500, "internal", "no locked memory");
    }
    st = pem_decode(der, KEY_DER_MAX, &der_length, &text, &block, problem);
    if (st == KF_OK) {
        st = parse_der(&key, der, der_length, &block, problem);
    }
    kf_secret_free(der);
    if (st == KF_OK && key_type_of(type, name, sizeof name, key) != KF_OK) {
        EVP_PKEY_free(key);
        return unsupported(problem, block.begin_line, name);
    }
    if (st == KF_OK) {
        *out = key;
    }
    return st;
}

/* a * b = 1 (mod m - less) */
static bool inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_ULONG less, BN_CTX *ctx)
{
    BIGNUM *modulus = BN_dup(m);
    BIGNUM *product = BN_new();
    bool yes = modulus != NULL && product != NULL && BN_sub_word(modulus, less) == 1 &&
               BN_mod_mul(product, a, b, modulus, ctx) == 1 && BN_is_one(product);
    BN_clear_free(modulus);
    BN_clear_free(product);
    return yes;
}

enum { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV, RSA_NUMBERS };

/* RFC 8017, 3.2: n = pq; e dP = e d = 1 (mod p - 1); e dQ = e d = 1 (mod q - 1); q qInv = 1 (mod
 * p). OpenSSL signs in spite of wrong numbers where d is right, more slowly; another library would
 * give a wrong signature away, and with it the key. Whether p and q are prime is left to their
 * maker. */
static bool rsa_numbers_fit(const EVP_PKEY *key)
{
    static const char *const names[RSA_NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    BIGNUM *v[RSA_NUMBERS] = {NULL};
    BIGNUM *third = NULL;
    BIGNUM *product = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    bool fit = product != NULL && ctx != NULL;
    for (size_t i = 0; i < RSA_NUMBERS; i++) {
        fit = fit && EVP_PKEY_get_bn_param(key, names[i], &v[i]) == 1;
    }
    fit = fit && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) != 1 &&
          BN_mul(product, v[RSA_P], v[RSA_Q], ctx) == 1 && BN_cmp(product, v[RSA_N]) == 0 &&
          inverse(v[RSA_E], v[RSA_D], v[RSA_P], 1, ctx) &&
          inverse(v[RSA_E], v[RSA_D], v[RSA_Q], 1, ctx) &&
          inverse(v[RSA_E], v[RSA_DP], v[RSA_P], 1, ctx) &&
          inverse(v[RSA_E], v[RSA_DQ], v[RSA_Q], 1, ctx) &&
          inverse(v[RSA_Q], v[RSA_QINV], v[RSA_P], 0, ctx);
    for (size_t i = 0; i < RSA_NUMBERS; i++) {
        BN_clear_free(v[i]);
    }
    BN_clear_free(third);
    BN_clear_free(product);
    BN_CTX_free(ctx);
    ERR_clear_error();
    return fit;
}

bool key_pair_works(EVP_PKEY *private_key, EVP_PKEY *public_key)
{
    static const uint8_t probe[] = "keyfence key check";
    uint8_t signature[1024];
    if (EVP_PKEY_get_base_id(private_key) == EVP_PKEY_RSA && !rsa_numbers_fit(private_key)) {
        return false;
    }
    size_t length = sizeof signature;
    const EVP_MD *digest =
        EVP_PKEY_get_base_id(private_key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    EVP_MD_CTX *verifier = EVP_MD_CTX_new();
    bool works = signer != NULL && verifier != NULL &&
                 EVP_DigestSignInit(signer, NULL, digest, NULL, private_key) == 1 &&
                 EVP_DigestSign(signer, signature, &length, probe, sizeof probe) == 1 &&
                 EVP_DigestVerifyInit(verifier, NULL, digest, NULL, public_key) == 1 &&
                 EVP_DigestVerify(verifier, signature, length, probe, sizeof probe) == 1;
    EVP_MD_CTX_free(signer);
    EVP_MD_CTX_free(verifier);
    ERR_clear_error();
    return works;
}

enum kf_status key_encode(uint8_t *out, size_t capacity, size_t *length, const EVP_PKEY *key,
                          struct problem *problem)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int size = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    uint8_t *at = out;
    bool fits = size > 0 && (size_t)size <= capacity;
    if (fits) {
        *length = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    return fits ? KF_OK
                : problem_set(problem, KF_ERR_LIMIT, 400, "key_too_long",
                              "key: its PKCS#8 form is longer than %zu bytes", capacity);
}
