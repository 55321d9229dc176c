#include "certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static void need(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "making certificates: %s failed\n", what);
    abort();
}

static FILE *open_file(const char *directory, const char *name, const char *end, const char *mode)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.%s", directory, name, end);
    FILE *f = fopen(path, mode);
    need(f != NULL, path);
    return f;
}

static void save(const char *directory, const char *name, X509 *certificate, EVP_PKEY *key)
{
    FILE *f = open_file(directory, name, "pem", "w");
    need(PEM_write_X509(f, certificate), "PEM_write_X509");
    fclose(f);
    f = open_file(directory, name, "key", "w");
    need(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), "PEM_write_PrivateKey");
    fclose(f);
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    need(e != NULL && X509_add_ext(certificate, e, -1), value);
    X509_EXTENSION_free(e);
}

static X509 *blank(const char *name, EVP_PKEY *key, int days)
{
    static long serial = 1;
    X509 *c = X509_new();
    need(c != NULL && X509_set_version(c, 2), "X509_new");
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c), days < 0 ? -86400L * 10 : -60);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400L * days);
    need(X509_set_pubkey(c, key), "X509_set_pubkey");
    need(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)name, -1, -1, 0),
         "subject");
    return c;
}

void test_make_ca(const char *directory, const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = blank(name, key, 30);
    X509_set_issuer_name(c, X509_get_subject_name(c));
    extend(c, NID_basic_constraints, "critical,CA:TRUE");
    extend(c, NID_key_usage, "critical,keyCertSign,cRLSign");
    need(X509_sign(c, key, EVP_sha256()), "X509_sign");
    save(directory, name, c, key);
    X509_free(c);
    EVP_PKEY_free(key);
}

void test_make_certificate(const char *directory, const char *name, const char *ca, const char *uri,
                           const char *uri2, int days)
{
    char names[512];
    FILE *f = open_file(directory, ca, "pem", "r");
    X509 *issuer = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    f = open_file(directory, ca, "key", "r");
    EVP_PKEY *issuer_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    need(issuer != NULL && issuer_key != NULL, "reading the CA");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = blank(name, key, days);
    X509_set_issuer_name(c, X509_get_subject_name(issuer));
    extend(c, NID_basic_constraints, "critical,CA:FALSE");
    extend(c, NID_ext_key_usage, "serverAuth,clientAuth");
    snprintf(names, sizeof names, "URI:%s%s%s", uri,
             uri2 == NULL ? "" : ",URI:", uri2 == NULL ? "" : uri2);
    extend(c, NID_subject_alt_name, names);
    need(X509_sign(c, issuer_key, EVP_sha256()), "X509_sign");
    save(directory, name, c, key);
    X509_free(c);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer_key);
}
