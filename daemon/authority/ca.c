#include "ca.h"

#include "base/secret.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SERIAL_BYTES = 16,
    DAY_SECONDS = 86400,
    YEAR_DAYS = 365,
    URI_MAX = 160,
};

struct ca {
    EVP_PKEY *key;
    X509 *certificate;
};

/* OpenSSL's own words for the operator; its queue is left empty. */
static enum kf_status openssl_failed(struct kf_error *err, enum kf_status status, const char *what)
{
    char reason[160] = "no reason given";
    unsigned long code = ERR_peek_last_error();
    if (code != 0) {
        ERR_error_string_n(code, reason, sizeof reason);
    }
    ERR_clear_error();
    return kf_fail(err, status, "%s: %s", what, reason);
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) {
        return false;
    }
    int ok = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return ok == 1;
}

static bool set_name(X509_NAME *name, const char *common_name)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1,
                                      -1, 0) == 1;
}

/* A random, positive serial of 127 bits (RFC 5280, 4.1.2.2: at most 20 octets, positive). */
static bool set_serial(X509 *certificate, const struct kf_random *random)
{
    uint8_t bytes[SERIAL_BYTES];
    if (kf_random_fill(random, bytes, sizeof bytes) != KF_OK) {
        return false;
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool set_times(X509 *certificate, int64_t now_ms, int years)
{
    time_t now = (time_t)(now_ms / 1000);
    return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -CA_BACKDATE_SECONDS, &now) !=
               NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), years * YEAR_DAYS, 0, &now) != NULL;
}

static bool build_own_certificate(struct ca *ca, int64_t now_ms, const struct kf_random *random)
{
    X509 *x = ca->certificate;
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x, random) &&
           set_times(x, now_ms, CA_YEARS) &&
           set_name(X509_get_subject_name(x), "Keyfence machine CA") &&
           X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
           X509_set_pubkey(x, ca->key) == 1 &&
           add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(x, x, NID_subject_key_identifier, "hash") &&
           X509_sign(x, ca->key, EVP_sha256()) > 0;
}

enum kf_status ca_create(struct ca **out, int64_t now_ms, const struct kf_random *random,
                         struct kf_error *err)
{
    struct ca *ca = calloc(1, sizeof *ca);
    if (ca == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    ca->key = EVP_EC_gen("P-256");
    ca->certificate = X509_new();
    if (ca->key == NULL || ca->certificate == NULL || !build_own_certificate(ca, now_ms, random)) {
        ca_free(ca);
        return openssl_failed(err, KF_ERR_INTERNAL, "cannot make the machine CA");
    }
    *out = ca;
    return KF_OK;
}

enum kf_status ca_load(struct ca **out, const uint8_t *key, size_t key_length,
                       const uint8_t *certificate, size_t certificate_length, struct kf_error *err)
{
    struct ca *ca = calloc(1, sizeof *ca);
    if (ca == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    const uint8_t *at = certificate;
    const uint8_t *key_at = key;
    if (key_length <= CA_DER_MAX && certificate_length <= CA_DER_MAX) {
        ca->certificate = d2i_X509(NULL, &at, (long)certificate_length);
        ca->key = d2i_AutoPrivateKey(NULL, &key_at, (long)key_length);
    }
    if (ca->certificate == NULL || ca->key == NULL || at != certificate + certificate_length ||
        key_at != key + key_length || X509_check_private_key(ca->certificate, ca->key) != 1) {
        ca_free(ca);
        return openssl_failed(err, KF_ERR_MALFORMED, "the machine CA's key or certificate");
    }
    *out = ca;
    return KF_OK;
}

void ca_free(struct ca *ca)
{
    if (ca != NULL) {
        EVP_PKEY_free(ca->key);
        X509_free(ca->certificate);
        free(ca);
    }
}

enum kf_status ca_export_key(uint8_t **out, size_t *length, const struct ca *ca,
                             struct kf_error *err)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(ca->key);
    int size = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    uint8_t *data = size > 0 ? kf_secret_new((size_t)size) : NULL;
    uint8_t *at = data;
    if (data == NULL || i2d_PKCS8_PRIV_KEY_INFO(info, &at) != size) {
        PKCS8_PRIV_KEY_INFO_free(info);
        kf_secret_free(data);
        return openssl_failed(err, KF_ERR_INTERNAL, "cannot encode the machine CA's key");
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    *out = data;
    *length = (size_t)size;
    return KF_OK;
}

enum kf_status ca_certificate_der(uint8_t *out, size_t capacity, size_t *length,
                                  const struct ca *ca, struct kf_error *err)
{
    int size = i2d_X509(ca->certificate, NULL);
    if (size <= 0 || (size_t)size > capacity) {
        return kf_fail(err, KF_ERR_INTERNAL, "the machine CA's certificate does not fit");
    }
    uint8_t *at = out;
    *length = (size_t)i2d_X509(ca->certificate, &at);
    return KF_OK;
}

static enum kf_status write_pem(char *out, size_t capacity, size_t *length, X509 *certificate,
                                struct kf_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long size = 0;
    if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1) {
        size = BIO_get_mem_data(bio, &data);
    }
    enum kf_status st = KF_OK;
    if (size <= 0 || (size_t)size >= capacity) {
        st = openssl_failed(err, KF_ERR_INTERNAL, "cannot encode a certificate");
    } else {
        memcpy(out, data, (size_t)size);
        out[size] = '\0';
        *length = (size_t)size;
    }
    BIO_free(bio);
    return st;
}

enum kf_status ca_certificate_pem(char *out, size_t capacity, size_t *length, const struct ca *ca,
                                  struct kf_error *err)
{
    return write_pem(out, capacity, length, ca->certificate, err);
}

void ca_fingerprint(uint8_t out[static 32], const struct ca *ca)
{
    unsigned int length = SHA256_DIGEST_LENGTH;
    if (X509_digest(ca->certificate, EVP_sha256(), out, &length) != 1) {
        memset(out, 0, SHA256_DIGEST_LENGTH);
    }
}

/* Keys that a machine may have for TLS. */
static bool key_supported(const EVP_PKEY *key)
{
    char curve[32] = "";
    size_t length = 0;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
        return true;
    case EVP_PKEY_RSA:
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 4096;
    case EVP_PKEY_EC:
        return EVP_PKEY_get_group_name(key, curve, sizeof curve, &length) == 1 &&
               (strcmp(curve, "prime256v1") == 0 || strcmp(curve, "secp384r1") == 0);
    default:
        return false;
    }
}

static enum kf_status parse_request(X509_REQ **out, const uint8_t *csr, size_t csr_length,
                                    struct kf_error *err)
{
    const uint8_t *at = csr;
    X509_REQ *request =
        csr_length > AUTHORITY_CSR_MAX ? NULL : d2i_X509_REQ(NULL, &at, (long)csr_length);
    if (request == NULL || at != csr + csr_length) {
        X509_REQ_free(request);
        return openssl_failed(err, KF_ERR_MALFORMED, "not a certificate request (PKCS#10, DER)");
    }
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    if (key == NULL || !key_supported(key)) {
        X509_REQ_free(request);
        ERR_clear_error();
        return kf_fail(err, KF_ERR_UNSUPPORTED,
                       "the request's key must be P-256, P-384, Ed25519 or RSA of 2048 to 4096 "
                       "bits");
    }
    if (X509_REQ_verify(request, key) != 1) {
        X509_REQ_free(request);
        ERR_clear_error();
        return kf_fail(err, KF_ERR_FORGED,
                       "the request is not signed by the key it is for: make it anew");
    }
    *out = request;
    return KF_OK;
}

/* A host name of RFC 1123 in ASCII, one leading "*." allowed. Nothing that the extension's text
 * syntax could take for more than one name passes. */
static bool dns_name_valid(const char *name)
{
    const char *at = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
    size_t length = strlen(at);
    if (length == 0 || length > AUTHORITY_NAME_MAX || at[0] == '.' || at[0] == '-') {
        return false;
    }
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
               length &&
           strstr(at, "..") == NULL;
}

static bool address_valid(const char *name)
{
    uint8_t bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static enum kf_status subject_names(char *out, size_t capacity, const struct ca_subject *subject,
                                    struct kf_error *err)
{
    int n = snprintf(out, capacity, "URI:keyfence://machine/%s/%s", subject->machine,
                     authority_role_name(subject->role));
    size_t at = (size_t)n;
    for (size_t i = 0; i < subject->name_count; i++) {
        const char *name = subject->names[i];
        bool address = address_valid(name);
        if (!address && !dns_name_valid(name)) {
            return kf_fail(err, KF_ERR_USAGE, "\"%.100s\" is neither a host name nor an address",
                           name);
        }
        n = snprintf(out + at, capacity - at, ",%s:%s", address ? "IP" : "DNS", name);
        at += (size_t)n;
        if (at >= capacity) {
            return kf_fail(err, KF_ERR_LIMIT, "too many names for one certificate");
        }
    }
    return KF_OK;
}

static bool build_certificate(X509 *x, const struct ca *ca, const struct ca_subject *subject,
                              const char *names, EVP_PKEY *key, int64_t now_ms,
                              const struct kf_random *random)
{
    const char *usage =
        subject->role == AUTHORITY_ROLE_CORE ? "serverAuth" : "serverAuth,clientAuth";
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x, random) &&
           set_times(x, now_ms, CA_MACHINE_YEARS) &&
           set_name(X509_get_subject_name(x), subject->machine) &&
           X509_set_issuer_name(x, X509_get_subject_name(ca->certificate)) == 1 &&
           X509_set_pubkey(x, key) == 1 &&
           add_extension(x, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, ca->certificate, NID_ext_key_usage, usage) &&
           add_extension(x, ca->certificate, NID_subject_alt_name, names) &&
           add_extension(x, ca->certificate, NID_subject_key_identifier, "hash") &&
           add_extension(x, ca->certificate, NID_authority_key_identifier, "keyid:always") &&
           X509_sign(x, ca->key, EVP_sha256()) > 0;
}

enum kf_status ca_issue(char *pem, size_t capacity, size_t *length, const struct ca *ca,
                        const struct ca_subject *subject, const uint8_t *csr, size_t csr_length,
                        int64_t now_ms, const struct kf_random *random, struct kf_error *err)
{
    char names[URI_MAX + AUTHORITY_NAMES_MAX * (AUTHORITY_NAME_MAX + 8)];
    if ((subject->role == AUTHORITY_ROLE_CORE) != (subject->name_count > 0)) {
        return kf_fail(err, KF_ERR_USAGE, "host names belong to the role core, and it needs one");
    }
    enum kf_status st = subject_names(names, sizeof names, subject, err);
    X509_REQ *request = NULL;
    if (st == KF_OK) {
        st = parse_request(&request, csr, csr_length, err);
    }
    if (st != KF_OK) {
        return st;
    }
    X509 *x = X509_new();
    if (x == NULL ||
        !build_certificate(x, ca, subject, names, X509_REQ_get0_pubkey(request), now_ms, random)) {
        st = openssl_failed(err, KF_ERR_INTERNAL, "cannot issue the certificate");
    } else {
        st = write_pem(pem, capacity, length, x, err);
    }
    X509_free(x);
    X509_REQ_free(request);
    return st;
}
