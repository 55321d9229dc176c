/* Certificates made in the test itself, with any names and dates. */
#ifndef KEYFENCE_TEST_CERTIFICATES_H
#define KEYFENCE_TEST_CERTIFICATES_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TEST_NOW_MS INT64_C(1800000000000) /* 2027-01-15 08:00 UTC */

enum { TEST_PEM_MAX = 64 * 1024 };

struct test_subject {
    const char *name;
    const char *hosts; /* subjectAltName, or NULL */
    int from_days;     /* relative to TEST_NOW_MS */
    int until_days;
    bool ca;
};

static inline bool test_extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* issuer may be NULL: self-signed. NULL on failure. */
static inline X509 *test_certificate(const struct test_subject *subject, EVP_PKEY *key,
                                     X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *x = X509_new();
    time_t now = (time_t)(TEST_NOW_MS / 1000);
    static long serial = 1;
    bool ok = X509_set_version(x, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1 &&
              X509_time_adj_ex(X509_getm_notBefore(x), subject->from_days, 0, &now) != NULL &&
              X509_time_adj_ex(X509_getm_notAfter(x), subject->until_days, 0, &now) != NULL &&
              X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                         (const uint8_t *)subject->name, -1, -1, 0) == 1 &&
              X509_set_issuer_name(x, X509_get_subject_name(issuer == NULL ? x : issuer)) == 1 &&
              X509_set_pubkey(x, key) == 1 &&
              (!subject->ca || test_extend(x, NID_basic_constraints, "critical,CA:TRUE")) &&
              (subject->hosts == NULL || test_extend(x, NID_subject_alt_name, subject->hosts)) &&
              X509_sign(x, issuer == NULL ? key : issuer_key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

/* Appends to a NUL-terminated text of TEST_PEM_MAX bytes. */
static inline void test_append(char *out, X509 *x)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (PEM_write_bio_X509(bio, x) == 1) {
        long length = BIO_get_mem_data(bio, &data);
        size_t at = strlen(out);
        if (at + (size_t)length < TEST_PEM_MAX) {
            memcpy(out + at, data, (size_t)length);
            out[at + (size_t)length] = '\0';
        }
    }
    BIO_free(bio);
}

/* root, intermediate and leaf, all P-256, all valid. */
struct test_chain {
    EVP_PKEY *keys[3]; /* leaf, intermediate, root */
    X509 *certificates[3];
};

static inline void test_chain_make(struct test_chain *out, const struct test_subject *leaf)
{
    static const struct test_subject root = {"Root", NULL, -100, 1000, true};
    static const struct test_subject middle = {"Intermediate", NULL, -100, 1000, true};
    for (size_t i = 0; i < 3; i++) {
        out->keys[i] = EVP_EC_gen("P-256");
    }
    out->certificates[2] = test_certificate(&root, out->keys[2], NULL, NULL);
    out->certificates[1] =
        test_certificate(&middle, out->keys[1], out->certificates[2], out->keys[2]);
    out->certificates[0] = test_certificate(leaf, out->keys[0], out->certificates[1], out->keys[1]);
}

static inline void test_chain_clear(struct test_chain *chain)
{
    for (size_t i = 0; i < 3; i++) {
        X509_free(chain->certificates[i]);
        EVP_PKEY_free(chain->keys[i]);
    }
}

#endif
