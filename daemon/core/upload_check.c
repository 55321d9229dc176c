#include "upload_check.h"

#include "base/secret.h"
#include "key_check.h"

#include <jansson.h>
#include <openssl/err.h>
#include <string.h>

struct parts {
    const char *chain;
    size_t chain_length;
    const char *key;
    size_t key_length;
    const char *policy;
    size_t policy_length;
};

static enum kf_status take_text(const char **out, size_t *length, json_t *body, const char *name,
                                struct problem *problem)
{
    json_t *value = json_object_get(body, name);
    if (!json_is_string(value) || json_string_length(value) == 0) {
        return problem_set(problem, KF_ERR_USAGE, 400, "invalid", "\"%s\" must be a text%s", name,
                           value == NULL           ? "; it is missing"
                           : json_is_string(value) ? "; it is empty"
                                                   : "");
    }
    *out = json_string_value(value);
    *length = json_string_length(value);
    return KF_OK;
}

static enum kf_status take_parts(struct parts *out, json_t *body, struct problem *problem)
{
    const char *name;
    json_t *value;
    if (!json_is_object(body)) {
        return problem_set(problem, KF_ERR_USAGE, 400, "invalid",
                           "the body must be an object with chain, key and policy");
    }
    json_object_foreach(body, name, value)
    {
        if (strcmp(name, "chain") != 0 && strcmp(name, "key") != 0 && strcmp(name, "policy") != 0) {
            return problem_set(problem, KF_ERR_USAGE, 400, "invalid",
                               "unknown member \"%.60s\"; known are chain, key and policy", name);
        }
    }
    enum kf_status st = take_text(&out->chain, &out->chain_length, body, "chain", problem);
    if (st == KF_OK) {
        st = take_text(&out->key, &out->key_length, body, "key", problem);
    }
    if (st == KF_OK) {
        st = take_text(&out->policy, &out->policy_length, body, "policy", problem);
    }
    if (st == KF_OK && out->policy_length > PAYLOAD_POLICY_MAX) {
        st = problem_set(problem, KF_ERR_LIMIT, 400, "policy_too_long",
                         "policy: %zu bytes; at most %d are accepted", out->policy_length,
                         PAYLOAD_POLICY_MAX);
    }
    return st;
}

static enum kf_status describe_leaf(struct upload_findings *out, const struct chain *chain,
                                    struct problem *problem)
{
    X509 *leaf = chain->certificates[0];
    uint8_t *at = out->spki;
    unsigned int ski_length = sizeof out->ski;
    unsigned int fingerprint_length = sizeof out->fingerprint;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), NULL);
    if (size <= 0 || (size_t)size > sizeof out->spki) {
        return problem_set(problem, KF_ERR_LIMIT, 400, "key_too_long",
                           "chain: the leaf's public key is too long");
    }
    out->spki_length = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &at);
    /* RFC 5280, 4.2.1.2 (1): the SHA-1 of the BIT STRING subjectPublicKey. */
    if (X509_pubkey_digest(leaf, EVP_sha1(), out->ski, &ski_length) != 1 ||
        X509_digest(leaf, EVP_sha256(), out->fingerprint, &fingerprint_length) != 1) {
        ERR_clear_error();
        return problem_set(problem, KF_ERR_INTERNAL, 500, "internal",
                           "cannot digest the leaf certificate");
    }
    return KF_OK;
}

static enum kf_status check_key(struct upload_findings *out, uint8_t *pkcs8, size_t capacity,
                                size_t *pkcs8_length, const struct parts *parts,
                                const struct chain *chain, struct problem *problem)
{
    EVP_PKEY *key = NULL;
    enum kf_status st = key_load(&key, &out->key_type, parts->key, parts->key_length, problem);
    if (st != KF_OK) {
        return st;
    }
    st = chain_check_key(chain, key, problem);
    if (st == KF_OK && !key_pair_works(key, X509_get0_pubkey(chain->certificates[0]))) {
        st = problem_set(problem, KF_ERR_MALFORMED, 400, "key_malformed",
                         "key: its secret part does not belong to its public part: the file is "
                         "damaged");
        problem_hint(problem, "check it: openssl pkey -in KEY.pem -noout -check");
    }
    if (st == KF_OK) {
        st = key_encode(pkcs8, capacity, pkcs8_length, key, problem);
    }
    EVP_PKEY_free(key);
    return st;
}

static enum kf_status check_parts(struct upload_findings *out, uint8_t *pkcs8, size_t capacity,
                                  size_t *pkcs8_length, const struct parts *parts, int64_t now_ms,
                                  struct problem *problem)
{
    struct chain chain;
    enum kf_status st = chain_load(&chain, parts->chain, parts->chain_length, problem);
    if (st != KF_OK) {
        return st;
    }
    st = check_key(out, pkcs8, capacity, pkcs8_length, parts, &chain, problem);
    if (st == KF_OK) {
        st = chain_check(&chain, now_ms, &out->warnings, problem);
    }
    if (st == KF_OK) {
        st = chain_hosts(&out->hosts, &chain, problem);
    }
    if (st == KF_OK) {
        st = describe_leaf(out, &chain, problem);
    }
    if (st == KF_OK) {
        st = chain_encode(out->chain, sizeof out->chain, &out->chain_length, &chain, problem);
    }
    chain_clear(&chain);
    return st;
}

enum kf_status upload_check(struct upload_findings *out, uint8_t *pkcs8, size_t pkcs8_capacity,
                            size_t *pkcs8_length, const uint8_t *body, size_t length,
                            int64_t now_ms, struct problem *problem)
{
    json_error_t where;
    struct parts parts;
    out->warnings.count = 0;
    json_t *parsed = json_loadb((const char *)body, length, JSON_REJECT_DUPLICATES, &where);
    if (parsed == NULL) {
        /* Jansson's own message may quote the text, and the text may be a key. */
        (void)problem_set(problem, KF_ERR_MALFORMED, 400, "json_malformed",
                          "the body is not JSON: line %d, column %d", where.line, where.column);
        problem->line = where.line > 0 ? (uint32_t)where.line : 0;
        problem->column = where.column > 0 ? (uint32_t)where.column : 0;
        return KF_ERR_MALFORMED;
    }
    enum kf_status st = take_parts(&parts, parsed, problem);
    if (st == KF_OK) {
        st = check_parts(out, pkcs8, pkcs8_capacity, pkcs8_length, &parts, now_ms, problem);
    }
    if (st == KF_OK) {
        memcpy(out->policy, parts.policy, parts.policy_length);
        out->policy[parts.policy_length] = '\0';
    } else {
        kf_wipe(pkcs8, pkcs8_capacity);
    }
    json_decref(parsed);
    return st;
}
