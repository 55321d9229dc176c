/* What a customer uploads: the request's JSON, and the PEM texts in it by themselves ('C' and 'K'
 * as the first byte), because few mutations of JSON leave a PEM text that is read to its end. */
#include "base/secret.h"
#include "key_check.h"
#include "upload_check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now_ms =
    1800000000000; /* fixed: what a seed does must not depend on the day */

/* A refusal says why, in words that end; a secret is left only where the key was accepted. */
static void check_problem(const struct problem *problem)
{
    if (problem->http < 400 || problem->code[0] == '\0' || problem->message[0] == '\0') {
        abort();
    }
}

static void fuzz_body(const uint8_t *data, size_t size)
{
    struct problem problem = {.http = 0};
    struct upload_findings *findings = calloc(1, sizeof *findings);
    uint8_t *pkcs8 = malloc(8 * 1024);
    size_t length = 0;
    if (findings == NULL || pkcs8 == NULL) {
        abort();
    }
    if (upload_check(findings, pkcs8, 8 * 1024, &length, data, size, now_ms, &problem) != KF_OK) {
        check_problem(&problem);
    } else if (findings->hosts.count == 0 || length == 0 ||
               payload_key_type_name(findings->key_type) == NULL) {
        abort();
    }
    free(pkcs8);
    free(findings);
}

static void fuzz_key(const char *text, size_t size)
{
    struct problem problem = {.http = 0};
    EVP_PKEY *key = NULL;
    enum key_type type;
    if (key_load(&key, &type, text, size, &problem) != KF_OK) {
        check_problem(&problem);
        return;
    }
    if (payload_key_type_name(type) == NULL) {
        abort();
    }
    EVP_PKEY_free(key);
}

static void fuzz_chain(const char *text, size_t size)
{
    struct problem problem = {.http = 0};
    struct warnings warnings = {.count = 0};
    struct chain chain;
    if (chain_load(&chain, text, size, &problem) != KF_OK) {
        check_problem(&problem);
        return;
    }
    struct chain_hosts *hosts = malloc(sizeof *hosts);
    if (hosts == NULL) {
        abort();
    }
    if (chain_check(&chain, now_ms, &warnings, &problem) != KF_OK ||
        chain_hosts(hosts, &chain, &problem) != KF_OK) {
        check_problem(&problem);
    }
    free(hosts);
    chain_clear(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        if (kf_secret_init() != KF_OK) {
            abort();
        }
        ready = true;
    }
    if (size > 0 && data[0] == 'C') {
        fuzz_chain((const char *)data + 1, size - 1);
    } else if (size > 0 && data[0] == 'K') {
        fuzz_key((const char *)data + 1, size - 1);
    } else {
        fuzz_body(data, size);
    }
    return 0;
}
