#include "chain_check.h"

#include "pem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_TEXT = 160, DAY_MS = 86400 * 1000 };

void warnings_add(struct warnings *warnings, const char *format, ...)
{
    if (warnings->count < WARNINGS_MAX) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(warnings->text[warnings->count], WARNING_MAX + 1, format, args);
        va_end(args);
        warnings->count++;
    }
}

/* A certificate's name for people: its common name, else the whole subject. */
static void name_of(char out[static NAME_TEXT], const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    out[0] = '\0';
    /* RFC 2253 escapes control characters, so that a name cannot forge a line. */
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        long length = BIO_get_mem_data(bio, &data);
        (void)snprintf(out, NAME_TEXT, "%.*s", (int)length, data == NULL ? "" : data);
    }
    BIO_free(bio);
}

static enum kf_status at_line(struct problem *problem, enum kf_status status, uint32_t line)
{
    problem->line = line;
    return status;
}

static enum kf_status load_block(struct chain *chain, const struct pem_text *text,
                                 const struct pem_block *block, struct problem *problem)
{
    if (strstr(block->label, "PRIVATE KEY") != NULL) {
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_holds_key",
                          "chain: line %u: a private key among the certificates",
                          block->begin_line);
        problem_hint(problem, "send the key as the key; the chain holds certificates alone");
        return at_line(problem, KF_ERR_MALFORMED, block->begin_line);
    }
    if (strcmp(block->label, "CERTIFICATE") != 0) {
        return at_line(problem,
                       problem_set(problem, KF_ERR_MALFORMED, 400, "chain_malformed",
                                   "chain: line %u: this block is a %s, not a CERTIFICATE",
                                   block->begin_line, block->label),
                       block->begin_line);
    }
    if (chain->count == CHAIN_CERTIFICATES_MAX) {
        return problem_set(problem, KF_ERR_LIMIT, 400, "chain_too_long",
                           "chain: more than %d certificates", CHAIN_CERTIFICATES_MAX);
    }
    uint8_t *der = malloc(CHAIN_DER_MAX);
    size_t length = 0;
    if (der == NULL) {
        return problem_set(problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    enum kf_status st = pem_decode(der, CHAIN_DER_MAX, &length, text, block, problem);
    if (st == KF_OK) {
        const uint8_t *at = der;
        X509 *certificate = d2i_X509(NULL, &at, (long)length);
        ERR_clear_error();
        if (certificate == NULL || at != der + length) {
            X509_free(certificate);
            st = at_line(problem,
                         problem_set(problem, KF_ERR_MALFORMED, 400, "chain_malformed",
                                     "chain: block %u, line %u: base64, but not one certificate",
                                     block->number, block->begin_line),
                         block->begin_line);
        } else {
            chain->lines[chain->count] = block->begin_line;
            chain->certificates[chain->count++] = certificate;
        }
    }
    free(der);
    return st;
}

enum kf_status chain_load(struct chain *out, const char *pem, size_t length,
                          struct problem *problem)
{
    struct pem_text text = pem_open("chain", pem, length);
    *out = (struct chain){.count = 0};
    if (length > PAYLOAD_CHAIN_MAX) {
        return problem_set(problem, KF_ERR_LIMIT, 400, "chain_too_long",
                           "chain: %zu bytes; at most %d are accepted", length, PAYLOAD_CHAIN_MAX);
    }
    for (;;) {
        struct pem_block block;
        enum kf_status st = pem_next(&block, &text, problem);
        if (st == KF_ERR_NOT_FOUND) {
            break;
        }
        if (st == KF_OK) {
            st = load_block(out, &text, &block, problem);
        }
        if (st != KF_OK) {
            chain_clear(out);
            return st;
        }
    }
    if (out->count == 0) {
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_malformed",
                          "chain: there is no CERTIFICATE block in it");
        problem_hint(problem, "the chain is PEM: the leaf first, then each issuer");
        return KF_ERR_MALFORMED;
    }
    return KF_OK;
}

void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        X509_free(chain->certificates[i]);
    }
    chain->count = 0;
}

static bool issued(X509 *issuer, X509 *subject)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool yes = X509_check_issued(issuer, subject) == X509_V_OK && key != NULL &&
               X509_verify(subject, key) == 1;
    ERR_clear_error();
    return yes;
}

static bool self_signed(X509 *certificate)
{
    bool yes = X509_self_signed(certificate, 1) == 1;
    ERR_clear_error();
    return yes;
}

/* Certificate i is not issued by certificate i + 1: out of order, or one is missing? */
static enum kf_status broken_link(const struct chain *chain, size_t i, struct problem *problem)
{
    char subject[NAME_TEXT];
    char issuer[NAME_TEXT];
    name_of(subject, X509_get_subject_name(chain->certificates[i]));
    name_of(issuer, X509_get_issuer_name(chain->certificates[i]));
    for (size_t j = 0; j < chain->count; j++) {
        if (j != i && issued(chain->certificates[j], chain->certificates[i])) {
            (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_order",
                              "chain: out of order: certificate %zu (%s) was issued by certificate "
                              "%zu, which must follow it",
                              i + 1, subject, j + 1);
            problem_hint(problem, "the order is: the leaf, its issuer, that one's issuer, ...");
            return at_line(problem, KF_ERR_MALFORMED, chain->lines[i]);
        }
    }
    if (self_signed(chain->certificates[i])) {
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_order",
                          "chain: certificate %zu (%s) is self-signed, so nothing can follow it",
                          i + 1, subject);
        problem_hint(problem, "the order is: the leaf, its issuer, ...; a root comes last, if at "
                              "all");
        return at_line(problem, KF_ERR_MALFORMED, chain->lines[i + 1]);
    }
    (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_gap",
                      "chain: certificate %zu (%s) was not issued by certificate %zu: its issuer, "
                      "%s, is missing",
                      i + 1, subject, i + 2, issuer);
    problem_hint(problem, "insert the missing certificate, or remove what does not belong");
    return at_line(problem, KF_ERR_MALFORMED, chain->lines[i + 1]);
}

static bool time_ms(int64_t *out, const ASN1_TIME *time)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return false;
    }
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

static void date_text(char out[static 32], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0) {
        out[0] = '\0';
    }
}

static enum kf_status check_dates(const struct chain *chain, size_t i, int64_t now_ms,
                                  struct warnings *warnings, struct problem *problem)
{
    int64_t begins = 0;
    int64_t ends = 0;
    char name[NAME_TEXT];
    char date[32];
    X509 *certificate = chain->certificates[i];
    name_of(name, X509_get_subject_name(certificate));
    if (!time_ms(&begins, X509_get0_notBefore(certificate)) ||
        !time_ms(&ends, X509_get0_notAfter(certificate))) {
        return at_line(problem,
                       problem_set(problem, KF_ERR_MALFORMED, 400, "chain_malformed",
                                   "chain: certificate %zu (%s) has a date that cannot be read",
                                   i + 1, name),
                       chain->lines[i]);
    }
    if (ends <= now_ms) {
        date_text(date, ends);
        (void)problem_set(problem, KF_ERR_USAGE, 400, "certificate_expired",
                          "chain: certificate %zu (%s) expired at %s", i + 1, name, date);
        problem_hint(problem, "every client would refuse it: renew the certificate first");
        return at_line(problem, KF_ERR_USAGE, chain->lines[i]);
    }
    if (begins > now_ms) {
        date_text(date, begins);
        warnings_add(warnings, "certificate %zu (%.100s) is not valid before %s", i + 1, name,
                     date);
    }
    if (ends - now_ms < (int64_t)CHAIN_SOON_DAYS * DAY_MS) {
        date_text(date, ends);
        warnings_add(warnings, "certificate %zu (%.100s) expires at %s", i + 1, name, date);
    }
    return KF_OK;
}

enum kf_status chain_check(const struct chain *chain, int64_t now_ms, struct warnings *warnings,
                           struct problem *problem)
{
    for (size_t i = 0; i + 1 < chain->count; i++) {
        if (!issued(chain->certificates[i + 1], chain->certificates[i])) {
            return broken_link(chain, i, problem);
        }
    }
    for (size_t i = 0; i < chain->count; i++) {
        enum kf_status st = check_dates(chain, i, now_ms, warnings, problem);
        if (st != KF_OK) {
            return st;
        }
    }
    X509 *leaf = chain->certificates[0];
    if (chain->count == 1 && !self_signed(leaf)) {
        char issuer[NAME_TEXT];
        name_of(issuer, X509_get_issuer_name(leaf));
        warnings_add(warnings,
                     "the chain ends with the leaf: clients that do not know its issuer (%.150s) "
                     "by themselves will refuse it",
                     issuer);
    }
    return KF_OK;
}

enum kf_status chain_check_key(const struct chain *chain, EVP_PKEY *key, struct problem *problem)
{
    for (size_t i = 0; i < chain->count; i++) {
        EVP_PKEY *stated = X509_get0_pubkey(chain->certificates[i]);
        bool equal = stated != NULL && EVP_PKEY_eq(stated, key) == 1;
        ERR_clear_error();
        if (equal && i == 0) {
            return KF_OK;
        }
        if (equal) {
            (void)problem_set(problem, KF_ERR_MALFORMED, 400, "chain_order",
                              "chain: out of order: the key belongs to certificate %zu, which must "
                              "come first",
                              i + 1);
            return at_line(problem, KF_ERR_MALFORMED, chain->lines[i]);
        }
    }
    char name[NAME_TEXT];
    name_of(name, X509_get_subject_name(chain->certificates[0]));
    (void)problem_set(problem, KF_ERR_USAGE, 400, "key_mismatch",
                      "the key does not belong to the certificate (%s): their public keys differ",
                      name);
    problem_hint(problem, "compare: openssl x509 -in CHAIN.pem -noout -pubkey; openssl pkey -in "
                          "KEY.pem -pubout");
    return KF_ERR_USAGE;
}

/* Lower-case letters, digits, '-', '_' and '.', with "*." in front for a wildcard. */
static bool host_text(char out[static PAYLOAD_HOST_MAX + 1], const uint8_t *data, size_t length)
{
    if (length == 0 || length > PAYLOAD_HOST_MAX) {
        return false;
    }
    size_t from = length > 2 && data[0] == '*' && data[1] == '.' ? 1 : 0;
    for (size_t i = 0; i < length; i++) {
        char c = (char)tolower(data[i]);
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                    (c == '.' && i + 1 < length && (i == 0 || data[i - 1] != '.'));
        if (i >= from && (!fine || (i == 0 && c == '.'))) {
            return false;
        }
        out[i] = c;
    }
    out[length] = '\0';
    return true;
}

/* 1: a host; 0: another kind of name; -1: a host that cannot be served. */
static int host_of(char out[static PAYLOAD_HOST_MAX + 1], const GENERAL_NAME *name)
{
    int kind = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    if (kind == GEN_DNS) {
        return host_text(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)) ? 1
                                                                                               : -1;
    }
    if (kind == GEN_IPADD) {
        int length = ASN1_STRING_length(value);
        int family = length == 4 ? AF_INET : AF_INET6;
        return (length == 4 || length == 16) && inet_ntop(family, ASN1_STRING_get0_data(value), out,
                                                          PAYLOAD_HOST_MAX) != NULL
                   ? 1
                   : -1;
    }
    return 0;
}

static bool host_known(const struct chain_hosts *hosts, const char *host)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (strcmp(hosts->names[i], host) == 0) {
            return true;
        }
    }
    return false;
}

static enum kf_status collect_hosts(struct chain_hosts *out, const GENERAL_NAMES *names,
                                    struct problem *problem)
{
    char host[PAYLOAD_HOST_MAX + 1];
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int kind = host_of(host, sk_GENERAL_NAME_value(names, i));
        if (kind < 0) {
            return problem_set(problem, KF_ERR_MALFORMED, 400, "bad_host",
                               "chain: name %d of the leaf's subjectAltName is no host name that "
                               "can be served",
                               i + 1);
        }
        if (kind == 0 || host_known(out, host)) {
            continue;
        }
        if (out->count == PAYLOAD_HOSTS_MAX) {
            return problem_set(problem, KF_ERR_LIMIT, 400, "too_many_hosts",
                               "chain: the leaf names more than %d hosts", PAYLOAD_HOSTS_MAX);
        }
        memcpy(out->names[out->count++], host, sizeof host);
    }
    return KF_OK;
}

enum kf_status chain_hosts(struct chain_hosts *out, const struct chain *chain,
                           struct problem *problem)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(chain->certificates[0], NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    out->count = 0;
    enum kf_status st = names == NULL ? KF_OK : collect_hosts(out, names, problem);
    GENERAL_NAMES_free(names);
    if (st == KF_OK && out->count == 0) {
        st = at_line(problem,
                     problem_set(problem, KF_ERR_USAGE, 400, "no_hosts",
                                 "chain: the leaf names no host (no DNS name or address in "
                                 "subjectAltName)"),
                     chain->lines[0]);
        problem_hint(problem, "clients look at subjectAltName alone, not at the common name");
    }
    return st;
}

enum kf_status chain_encode(char *out, size_t capacity, size_t *length, const struct chain *chain,
                            struct problem *problem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    bool ok = bio != NULL;
    for (size_t i = 0; ok && i < chain->count; i++) {
        ok = PEM_write_bio_X509(bio, chain->certificates[i]) == 1;
    }
    long size = ok ? BIO_get_mem_data(bio, &data) : 0;
    ok = size > 0 && (size_t)size < capacity;
    if (ok) {
        memcpy(out, data, (size_t)size);
        out[size] = '\0';
        *length = (size_t)size;
    }
    BIO_free(bio);
    ERR_clear_error();
    return ok ? KF_OK
              : problem_set(problem, KF_ERR_LIMIT, 400, "chain_too_long",
                            "chain: longer than %zu bytes", capacity);
}
