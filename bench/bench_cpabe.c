/* What TKN20 costs: setup, key generation, encryption and decryption for three policies, with all
 * their attributes: one leaf; the two-label `(k1: v1 or k1: v2) and not k2: v3`; fifty labels
 * joined by `and`. The least of several runs, in milliseconds. With --json as one JSON object. */
#include "cpabe/cpabe.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 5, FIFTY = 50 };

static void require(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "bench_cpabe: %s failed\n", what);
        exit(1);
    }
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct timings {
    double keygen, encrypt, decrypt, satisfied;
};

static void least(double *out, double started)
{
    double took = now_ms() - started;
    *out = *out == 0 || took < *out ? took : *out;
}

static struct timings measure(const struct cpabe_public_key *public_key,
                              const struct cpabe_secret_key *secret_key, const char *text,
                              const struct cpabe_attribute *attributes, size_t count)
{
    struct timings t = {0};
    const uint8_t message[32] = {1};
    struct cpabe_policy *policy;
    require(cpabe_policy_parse(&policy, text, NULL) == CPABE_OK, "policy");
    for (int run = 0; run < RUNS; run++) {
        struct cpabe_attribute_key *key;
        uint8_t *data;
        uint8_t out[64];
        size_t length;
        size_t got;
        double started = now_ms();
        require(cpabe_keygen(&key, secret_key, attributes, count, NULL, NULL) == CPABE_OK,
                "keygen");
        least(&t.keygen, started);
        started = now_ms();
        require(cpabe_encrypt(&data, &length, public_key, policy, CPABE_FORMAT_CURRENT, message,
                              sizeof message, NULL) == CPABE_OK,
                "encrypt");
        least(&t.encrypt, started);
        started = now_ms();
        require(cpabe_decrypt(out, sizeof out, &got, key, data, length) == CPABE_OK, "decrypt");
        least(&t.decrypt, started);
        started = now_ms();
        require(cpabe_policy_satisfied_by_key(policy, key), "check");
        least(&t.satisfied, started);
        cpabe_free(data);
        cpabe_attribute_key_free(key);
    }
    cpabe_policy_free(policy);
    return t;
}

static void print(const char *name, const struct timings *t, bool json)
{
    (void)printf(json
                     ? ", \"%s\": {\"keygen_ms\": %.3f, \"encrypt_ms\": %.3f, \"decrypt_ms\": "
                       "%.3f, \"would_open_ms\": %.3f}"
                     : "%-10s keygen %8.2f   encrypt %8.2f   decrypt %8.2f   would open %6.3f ms\n",
                 name, t->keygen, t->encrypt, t->decrypt, t->satisfied);
}

int main(int argc, char **argv)
{
    static char labels[FIFTY][8];
    static char fifty_text[FIFTY * 16];
    struct cpabe_attribute fifty[FIFTY];
    const struct cpabe_attribute two[] = {{"k1", "v1"}, {"k2", "v2"}};
    struct cpabe_public_key *public_key = NULL;
    struct cpabe_secret_key *secret_key = NULL;
    double setup = 0;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    for (int i = 0; i < FIFTY; i++) {
        (void)snprintf(labels[i], sizeof labels[i], "l%d", i);
        fifty[i] = (struct cpabe_attribute){labels[i], "v"};
        size_t used = strlen(fifty_text);
        (void)snprintf(fifty_text + used, sizeof fifty_text - used, "%s%s: v",
                       i == 0 ? "" : " and ", labels[i]);
    }
    for (int run = 0; run < RUNS; run++) {
        cpabe_public_key_free(public_key);
        cpabe_secret_key_free(secret_key);
        double started = now_ms();
        require(cpabe_setup(&public_key, &secret_key, NULL) == CPABE_OK, "setup");
        least(&setup, started);
    }
    struct timings one_leaf = measure(public_key, secret_key, "k1: v1", two, 1);
    struct timings two_labels =
        measure(public_key, secret_key, "(k1: v1 or k1: v2) and not k2: v3", two, 2);
    struct timings many = measure(public_key, secret_key, fifty_text, fifty, FIFTY);
    (void)printf(json ? "{\"setup_ms\": %.3f" : "setup %.2f ms\n", setup);
    print("one_leaf", &one_leaf, json);
    print("two_labels", &two_labels, json);
    print("fifty", &many, json);
    (void)fputs(json ? "}\n" : "", stdout);
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    return 0;
}
