/* This project's libcpabe and pairing, measured on command: see driver.h. The path of the
 * arithmetic is chosen by the environment's BLS12381_PATH and given in the version.
 *
 * In a case's policy and attributes `@` stands for what makes a label new: nothing in the warm
 * operations, the number of the run in the cold ones, so that no cache has ever seen the label.
 *
 *     setup
 *     keygen, encrypt             labels never seen
 *     keygen-warm, encrypt-warm   labels seen
 *     decrypt                     parsed key, another ciphertext each time (POOL of them)
 *     encrypt-first               the public key parsed first, and labels never seen
 *     decrypt-first               the attribute key parsed first
 *     pairing-product-11          as decryption has it when no label repeats: 8 new points of
 *                                 G2, and 3 that the key knows, whose lines are prepared
 *     pairing-product-11-new      11 new points of G2
 */
#include "driver.h"

#include "bls12381/bls12381.h"
#include "cpabe/cpabe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 40, POOL_MAX = 8, PAIRS = 11, NEW_PAIRS = 8, MESSAGE = 23, LONG_MESSAGE = 10000 };

struct bytes {
    uint8_t *data;
    size_t length;
};

struct job {
    char *name, *policy_text, *attribute_text;
    struct cpabe_attribute_key *key;
    struct bytes key_bytes, pool[POOL_MAX];
    int pool_size, next;
    /* what one run prepares and makes */
    struct cpabe_policy *policy;
    struct cpabe_attribute *attributes;
    size_t attribute_count;
    struct cpabe_public_key *made_public;
    struct cpabe_secret_key *made_secret;
    struct cpabe_attribute_key *made_key;
    struct bytes made;
};

static const uint8_t message[LONG_MESSAGE];
static struct cpabe_public_key *public_key;
static struct cpabe_secret_key *secret_key;
static struct bytes public_bytes;
static struct job jobs[CASES], no_case;
static size_t job_count;

/* The text with every `@` replaced by `_RUN`, or by nothing when run is 0; for free(). */
static char *expand(const char *text, unsigned run)
{
    char suffix[16] = "";
    size_t marks = 0;
    for (const char *c = text; *c != '\0'; c++) {
        marks += *c == '@';
    }
    if (run != 0) {
        (void)snprintf(suffix, sizeof suffix, "_%u", run);
    }
    char *out = malloc(strlen(text) + marks * strlen(suffix) + 1);
    bench_require(out != NULL, "malloc");
    char *end = out;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '@') {
            end = stpcpy(end, suffix);
        } else {
            *end++ = *c;
        }
    }
    *end = '\0';
    return out;
}

static unsigned new_run(void)
{
    static unsigned run;
    return ++run;
}

static void parse_policy(struct job *job, unsigned run)
{
    char *text = expand(job->policy_text, run);
    bench_require(cpabe_policy_parse(&job->policy, text, NULL) == CPABE_OK, "policy");
    free(text);
}

static void parse_attributes(struct job *job, unsigned run)
{
    char *text = expand(job->attribute_text, run);
    bench_require(cpabe_attributes_parse(&job->attributes, &job->attribute_count, text, NULL) ==
                      CPABE_OK,
                  "attributes");
    free(text);
}

static void release(void *context)
{
    struct job *job = context;
    cpabe_policy_free(job->policy);
    cpabe_free(job->attributes);
    cpabe_public_key_free(job->made_public);
    cpabe_secret_key_free(job->made_secret);
    cpabe_attribute_key_free(job->made_key);
    cpabe_free(job->made.data);
    job->policy = NULL;
    job->attributes = NULL;
    job->made_public = NULL;
    job->made_secret = NULL;
    job->made_key = NULL;
    job->made.data = NULL;
}

static void run_setup(void *context)
{
    (void)context;
    bench_require(cpabe_setup(&no_case.made_public, &no_case.made_secret, NULL) == CPABE_OK,
                  "setup");
}

static void release_no_case(void *context)
{
    (void)context;
    release(&no_case);
}

static void prepare_keygen(void *context)
{
    parse_attributes(context, new_run());
}

static void prepare_keygen_warm(void *context)
{
    parse_attributes(context, 0);
}

static void run_keygen(void *context)
{
    struct job *job = context;
    bench_require(cpabe_keygen(&job->made_key, secret_key, job->attributes, job->attribute_count,
                               NULL, NULL) == CPABE_OK,
                  "keygen");
}

static void prepare_encrypt(void *context)
{
    parse_policy(context, new_run());
}

static void prepare_encrypt_warm(void *context)
{
    parse_policy(context, 0);
}

static void encrypt(struct bytes *out, const struct cpabe_public_key *key,
                    const struct cpabe_policy *policy, size_t length)
{
    bench_require(cpabe_encrypt(&out->data, &out->length, key, policy, CPABE_FORMAT_CURRENT,
                                message, length, NULL) == CPABE_OK,
                  "encrypt");
}

static void run_encrypt(void *context)
{
    struct job *job = context;
    encrypt(&job->made, public_key, job->policy, MESSAGE);
}

static void run_encrypt_first(void *context)
{
    struct job *job = context;
    bench_require(cpabe_public_key_parse(&job->made_public, public_bytes.data,
                                         public_bytes.length) == CPABE_OK,
                  "public key");
    encrypt(&job->made, job->made_public, job->policy, MESSAGE);
}

static void decrypt(struct job *job, const struct cpabe_attribute_key *key)
{
    uint8_t out[MESSAGE];
    size_t got;
    const struct bytes *c = &job->pool[job->next];
    bench_require(cpabe_decrypt(out, sizeof out, &got, key, c->data, c->length) == CPABE_OK &&
                      got == MESSAGE,
                  "decrypt");
    job->next = (job->next + 1) % job->pool_size;
}

static void run_decrypt(void *context)
{
    struct job *job = context;
    decrypt(job, job->key);
}

static void run_decrypt_first(void *context)
{
    struct job *job = context;
    bench_require(cpabe_attribute_key_parse(&job->made_key, job->key_bytes.data,
                                            job->key_bytes.length) == CPABE_OK,
                  "attribute key");
    decrypt(job, job->made_key);
}

static struct bls_g1_affine pair_p[PAIRS];
static struct bls_g2_affine pair_q[PAIRS];
static struct bls_g2_lines pair_lines[PAIRS - NEW_PAIRS];

static void prepare_pairs(void)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        struct bls_fr k;
        struct bls_g1 p;
        struct bls_g2 q;
        bls_fr_from_u64(&k, i + 3);
        bls_fr_inverse(&k, &k);
        bls_g1_mul_generator(&p, &k);
        bls_g2_mul_generator(&q, &k);
        bls_g1_to_affine(&pair_p[i], &p);
        bls_g2_to_affine(&pair_q[i], &q);
    }
    for (size_t i = 0; i < PAIRS - NEW_PAIRS; i++) {
        bls_g2_lines_init(&pair_lines[i], &pair_q[NEW_PAIRS + i]);
    }
}

static void product(size_t new_pairs)
{
    const struct bls_g2_lines *lines[PAIRS - NEW_PAIRS];
    struct bls_gt out;
    for (size_t i = 0; i < PAIRS - NEW_PAIRS; i++) {
        lines[i] = &pair_lines[i];
    }
    bls_pairing_product_fixed(&out, NULL, pair_p, pair_q, new_pairs, pair_p + new_pairs, lines,
                              PAIRS - new_pairs);
    bench_require(!bls_gt_is_one(&out), "pairing");
}

static void run_product(void *context)
{
    (void)context;
    product(NEW_PAIRS);
}

static void run_product_new(void *context)
{
    (void)context;
    product(PAIRS);
}

static void make_job(struct job *job, int pool)
{
    parse_attributes(job, 0);
    parse_policy(job, 0);
    run_keygen(job);
    job->key = job->made_key;
    job->made_key = NULL;
    bench_require(cpabe_attribute_key_encode(&job->key_bytes.data, &job->key_bytes.length,
                                             job->key) == CPABE_OK,
                  "attribute key");
    job->pool_size = pool < 1 ? 1 : pool > POOL_MAX ? POOL_MAX : pool;
    for (int i = 0; i < job->pool_size; i++) {
        encrypt(&job->pool[i], public_key, job->policy, MESSAGE);
    }
    release(job);
}

static void *find(const char *name, int pool, const char *policy, const char *attributes)
{
    for (size_t i = 0; i < job_count; i++) {
        if (strcmp(jobs[i].name, name) == 0) {
            return &jobs[i];
        }
    }
    if (policy == NULL || job_count == CASES) {
        return NULL;
    }
    struct job *job = &jobs[job_count];
    *job = (struct job){
        .name = strdup(name), .policy_text = strdup(policy), .attribute_text = strdup(attributes)};
    bench_require(job->name != NULL && job->policy_text != NULL && job->attribute_text != NULL,
                  "strdup");
    make_job(job, pool);
    job_count++;
    return job;
}

static bool size(const char *operation, void *context, size_t out[static 3])
{
    struct job *job = context;
    if (job == NULL || strcmp(operation, "abe") != 0) {
        return false;
    }
    parse_policy(job, 0);
    encrypt(&job->made, public_key, job->policy, LONG_MESSAGE);
    out[0] = job->key_bytes.length;
    out[1] = public_bytes.length;
    out[2] = job->made.length - LONG_MESSAGE;
    release(job);
    return true;
}

static const struct bench_operation operations[] = {
    {"setup", false, false, NULL, run_setup, release_no_case},
    {"keygen", true, false, prepare_keygen, run_keygen, release},
    {"keygen-warm", true, true, prepare_keygen_warm, run_keygen, release},
    {"encrypt", true, false, prepare_encrypt, run_encrypt, release},
    {"encrypt-warm", true, true, prepare_encrypt_warm, run_encrypt, release},
    {"encrypt-first", true, false, prepare_encrypt, run_encrypt_first, release},
    {"decrypt", true, false, NULL, run_decrypt, NULL},
    {"decrypt-first", true, false, NULL, run_decrypt_first, release},
    {"pairing-product-11", false, false, NULL, run_product, NULL},
    {"pairing-product-11-new", false, false, NULL, run_product_new, NULL},
    {0},
};

int main(void)
{
    const struct bench_driver driver = {"keyfence", bls_path_name(), operations, find, size};
    bench_require(cpabe_setup(&public_key, &secret_key, NULL) == CPABE_OK, "setup");
    bench_require(cpabe_public_key_encode(&public_bytes.data, &public_bytes.length, public_key) ==
                      CPABE_OK,
                  "public key");
    prepare_pairs();
    int status = bench_serve(&driver);
    for (size_t i = 0; i < job_count; i++) {
        cpabe_attribute_key_free(jobs[i].key);
    }
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    return status;
}
