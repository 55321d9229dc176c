#include "authority.h"

#include "base/secret.h"
#include "ca.h"
#include "cpabe/cpabe.h"
#include "cpabe/kf.h"
#include "envelope/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CA_NAME "machine-ca"

enum { GENERATION_NAME_SIZE = 32 };

struct generation {
    struct cpabe_secret_key *secret;
    uint8_t *public_key; /* CIRCL's encoding */
    size_t public_length;
};

struct authority {
    struct vault *vault;
    struct kf_random random;
    struct kf_clock clock;
    struct ca *ca;
    struct generation *generations; /* generation n is at n - 1: they are dense */
    uint32_t generation_count;
};

static void generation_name(char out[static GENERATION_NAME_SIZE], uint32_t number)
{
    (void)snprintf(out, GENERATION_NAME_SIZE, "generation-%u", number);
}

static enum kf_status load_ca(struct authority *a, struct kf_error *err)
{
    struct vault_item item;
    if (vault_has(a->vault, CA_NAME)) {
        enum kf_status st = vault_read(&item, a->vault, CA_NAME, err);
        if (st == KF_OK) {
            st = ca_load(&a->ca, item.secret, item.secret_length, item.public_part,
                         item.public_length, err);
            kf_secret_free(item.memory);
        }
        return st;
    }
    uint8_t *key = NULL;
    size_t key_length = 0;
    uint8_t certificate[CA_DER_MAX];
    size_t certificate_length = 0;
    enum kf_status st = ca_create(&a->ca, kf_clock_wall_ms(&a->clock), &a->random, err);
    if (st == KF_OK) {
        st = ca_export_key(&key, &key_length, a->ca, err);
    }
    if (st == KF_OK) {
        st = ca_certificate_der(certificate, sizeof certificate, &certificate_length, a->ca, err);
    }
    if (st == KF_OK) {
        st = vault_write(a->vault, CA_NAME, key, key_length, certificate, certificate_length, err);
    }
    kf_secret_free(key);
    return st;
}

static enum kf_status keep_generation(struct authority *a, const uint8_t *public_key,
                                      size_t public_length, struct cpabe_secret_key *secret,
                                      struct kf_error *err)
{
    struct generation *grown =
        realloc(a->generations, (a->generation_count + 1) * sizeof *a->generations);
    uint8_t *copy = malloc(public_length);
    if (grown != NULL) {
        a->generations = grown;
    }
    if (grown == NULL || copy == NULL) {
        free(copy);
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    memcpy(copy, public_key, public_length);
    a->generations[a->generation_count] =
        (struct generation){.secret = secret, .public_key = copy, .public_length = public_length};
    a->generation_count++;
    return KF_OK;
}

static enum kf_status load_generation(struct authority *a, const char *name, struct kf_error *err)
{
    struct vault_item item;
    struct cpabe_secret_key *secret = NULL;
    enum kf_status st = vault_read(&item, a->vault, name, err);
    if (st != KF_OK) {
        return st;
    }
    st = kf_from_cpabe(cpabe_secret_key_parse(&secret, item.secret, item.secret_length));
    if (st != KF_OK) {
        st = kf_fail(err, st, "%s opens but holds no secret key that this version reads", name);
    } else {
        st = keep_generation(a, item.public_part, item.public_length, secret, err);
    }
    if (st != KF_OK) {
        cpabe_secret_key_free(secret);
    }
    kf_secret_free(item.memory);
    return st;
}

enum kf_status authority_new(struct authority **out, struct vault *vault,
                             const struct kf_random *random, const struct kf_clock *clock,
                             struct kf_error *err)
{
    struct authority *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    a->vault = vault;
    a->random = *random;
    a->clock = *clock;
    enum kf_status st = load_ca(a, err);
    for (uint32_t n = 1; st == KF_OK && n <= AUTHORITY_GENERATIONS_MAX; n++) {
        char name[GENERATION_NAME_SIZE];
        generation_name(name, n);
        if (!vault_has(vault, name)) {
            break;
        }
        st = load_generation(a, name, err);
    }
    if (st != KF_OK) {
        authority_free(a);
        return st;
    }
    *out = a;
    return KF_OK;
}

void authority_free(struct authority *authority)
{
    if (authority == NULL) {
        return;
    }
    for (uint32_t i = 0; i < authority->generation_count; i++) {
        cpabe_secret_key_free(authority->generations[i].secret);
        free(authority->generations[i].public_key);
    }
    free(authority->generations);
    ca_free(authority->ca);
    free(authority);
}

uint32_t authority_generations(const struct authority *authority)
{
    return authority->generation_count;
}

static const struct generation *find_generation(const struct authority *a, uint32_t number)
{
    return number >= 1 && number <= a->generation_count ? &a->generations[number - 1] : NULL;
}

/* What an operation leaves for its answer. */
struct result {
    const uint8_t *body;
    size_t length;
    uint8_t *owned; /* released after the answer is written; NULL when body is borrowed */
    char note[256];
};

static enum kf_status do_status(struct result *result, const struct authority *a,
                                struct kf_error *err)
{
    struct authority_status status = {
        .newest_generation = a->generation_count,
        .generation_count = a->generation_count,
    };
    uint8_t *body = malloc(sizeof status);
    if (body == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    ca_fingerprint(status.ca_fingerprint, a->ca);
    struct kf_writer w = kf_writer_init(body, sizeof status);
    authority_status_write(&w, &status);
    *result = (struct result){.body = body, .length = w.length, .owned = body};
    return KF_OK;
}

static enum kf_status write_generation(struct authority *a, uint32_t number, struct kf_error *err)
{
    char name[GENERATION_NAME_SIZE];
    struct cpabe_random random = kf_cpabe_random(&a->random);
    struct cpabe_public_key *public_key = NULL;
    struct cpabe_secret_key *secret_key = NULL;
    uint8_t *public_bytes = NULL;
    uint8_t *secret_bytes = NULL;
    size_t public_length = 0;
    size_t secret_length = 0;
    generation_name(name, number);
    enum cpabe_status made = cpabe_setup(&public_key, &secret_key, &random);
    if (made == CPABE_OK) {
        made = cpabe_public_key_encode(&public_bytes, &public_length, public_key);
    }
    if (made == CPABE_OK) {
        made = cpabe_secret_key_encode(&secret_bytes, &secret_length, secret_key);
    }
    enum kf_status st = kf_from_cpabe(made);
    if (st != KF_OK) {
        (void)kf_fail(err, st, "cannot make generation %u: %s", number, cpabe_status_name(made));
    } else {
        st = vault_write(a->vault, name, secret_bytes, secret_length, public_bytes, public_length,
                         err);
    }
    if (st == KF_OK) {
        st = keep_generation(a, public_bytes, public_length, secret_key, err);
    }
    if (st != KF_OK) {
        cpabe_secret_key_free(secret_key);
    }
    cpabe_free(secret_bytes);
    cpabe_free(public_bytes);
    cpabe_public_key_free(public_key);
    return st;
}

static enum kf_status do_create_generation(struct result *result, struct authority *a,
                                           const struct authority_request *q, struct kf_error *err)
{
    const char *note = "";
    char made[64];
    if (q->generation == a->generation_count + 1 && q->generation <= AUTHORITY_GENERATIONS_MAX) {
        enum kf_status st = write_generation(a, q->generation, err);
        if (st != KF_OK) {
            return st;
        }
        (void)snprintf(made, sizeof made, "made generation %u", q->generation);
        note = made;
    }
    const struct generation *g = find_generation(a, q->generation);
    if (g == NULL) {
        return kf_fail(err, KF_ERR_CONFLICT, "the next generation is %u, not %u",
                       a->generation_count + 1, q->generation);
    }
    *result = (struct result){.body = g->public_key, .length = g->public_length};
    (void)snprintf(result->note, sizeof result->note, "%s", note);
    return KF_OK;
}

static enum kf_status no_generation(const struct authority *a, uint32_t number,
                                    struct kf_error *err)
{
    return kf_fail(err, KF_ERR_NOT_FOUND, "there is no generation %u; the newest is %u", number,
                   a->generation_count);
}

static enum kf_status do_get_public(struct result *result, const struct authority *a,
                                    const struct authority_request *q, struct kf_error *err)
{
    const struct generation *g = find_generation(a, q->generation);
    if (g == NULL) {
        return no_generation(a, q->generation, err);
    }
    *result = (struct result){.body = g->public_key, .length = g->public_length};
    return KF_OK;
}

/* Makes the attribute key and seals it to the machine's enrolment key; the plain one lives only in
 * libcpabe's wiped buffers. */
static enum kf_status make_machine_key(uint8_t **out, size_t *length, struct authority *a,
                                       const struct generation *g,
                                       const struct authority_request *q, struct kf_error *err)
{
    struct cpabe_random random = kf_cpabe_random(&a->random);
    struct cpabe_attribute attributes[AUTHORITY_ATTRIBUTES_MAX];
    struct cpabe_attribute_key *key = NULL;
    struct cpabe_error problem = {.message = ""};
    uint8_t *encoded = NULL;
    size_t encoded_length = 0;
    for (size_t i = 0; i < q->attribute_count; i++) {
        attributes[i] = (struct cpabe_attribute){q->attributes[i].label, q->attributes[i].value};
    }
    enum cpabe_status made =
        cpabe_keygen(&key, g->secret, attributes, q->attribute_count, &random, &problem);
    if (made == CPABE_OK) {
        made = cpabe_attribute_key_encode(&encoded, &encoded_length, key);
    }
    cpabe_attribute_key_free(key);
    if (made != CPABE_OK) {
        return kf_fail(err, kf_from_cpabe(made), "cannot make the key of machine %s: %s%s%s",
                       q->machine, cpabe_status_name(made), problem.message[0] != 0 ? ": " : "",
                       problem.message);
    }
    size_t capacity = encoded_length + SEAL_OVERHEAD + SEAL_CONTEXT_MAX;
    uint8_t *sealed = malloc(capacity);
    enum kf_status st =
        sealed == NULL ? kf_fail(err, KF_ERR_MEMORY, "out of memory")
                       : seal_machine_key(sealed, capacity, length, q->machine, q->generation,
                                          encoded, encoded_length, q->enrolment, &a->random, err);
    cpabe_free(encoded);
    if (st != KF_OK) {
        free(sealed);
        return st;
    }
    *out = sealed;
    return KF_OK;
}

static enum kf_status do_issue_key(struct result *result, struct authority *a,
                                   const struct authority_request *q, struct kf_error *err)
{
    const struct generation *g = find_generation(a, q->generation);
    uint8_t *sealed = NULL;
    size_t length = 0;
    if (g == NULL) {
        return no_generation(a, q->generation, err);
    }
    enum kf_status st = make_machine_key(&sealed, &length, a, g, q, err);
    if (st != KF_OK) {
        return st;
    }
    *result = (struct result){.body = sealed, .length = length, .owned = sealed};
    (void)snprintf(result->note, sizeof result->note,
                   "issued the key of machine %s in generation %u with %zu attributes", q->machine,
                   q->generation, q->attribute_count);
    return KF_OK;
}

static enum kf_status do_sign_certificate(struct result *result, const struct authority *a,
                                          const struct authority_request *q, struct kf_error *err)
{
    const struct ca_subject subject = {
        .machine = q->machine, .role = q->role, .names = q->names, .name_count = q->name_count};
    char *pem = malloc(CA_PEM_MAX);
    size_t length = 0;
    if (pem == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = ca_issue(pem, CA_PEM_MAX, &length, a->ca, &subject, q->csr, q->csr_length,
                                 kf_clock_wall_ms(&a->clock), &a->random, err);
    if (st != KF_OK) {
        free(pem);
        return st;
    }
    *result = (struct result){.body = (uint8_t *)pem, .length = length, .owned = (uint8_t *)pem};
    (void)snprintf(result->note, sizeof result->note, "issued the %s certificate of %s",
                   authority_role_name(q->role), q->machine);
    return KF_OK;
}

static enum kf_status do_ca(struct result *result, const struct authority *a, struct kf_error *err)
{
    char *pem = malloc(CA_PEM_MAX);
    size_t length = 0;
    if (pem == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = ca_certificate_pem(pem, CA_PEM_MAX, &length, a->ca, err);
    if (st != KF_OK) {
        free(pem);
        return st;
    }
    *result = (struct result){.body = (uint8_t *)pem, .length = length, .owned = (uint8_t *)pem};
    return KF_OK;
}

static enum kf_status dispatch(struct result *result, struct authority *a,
                               const struct authority_request *q, struct kf_error *err)
{
    switch (q->op) {
    case AUTHORITY_STATUS:
        return do_status(result, a, err);
    case AUTHORITY_CREATE_GENERATION:
        return do_create_generation(result, a, q, err);
    case AUTHORITY_GET_PUBLIC:
        return do_get_public(result, a, q, err);
    case AUTHORITY_ISSUE_KEY:
        return do_issue_key(result, a, q, err);
    case AUTHORITY_SIGN_CERTIFICATE:
        return do_sign_certificate(result, a, q, err);
    case AUTHORITY_CA:
        return do_ca(result, a, err);
    default:
        return kf_fail(err, KF_ERR_UNSUPPORTED, "unknown operation %u", q->op);
    }
}

enum kf_status authority_answer(struct kf_writer *w, struct authority *authority,
                                const uint8_t *data, size_t length, char *note, size_t note_size)
{
    struct authority_request q;
    struct result result = {.body = NULL};
    struct kf_error err = {.message = ""};
    enum kf_status st = authority_request_parse(&q, data, length);
    if (st != KF_OK) {
        (void)kf_fail(&err, st, "the request is %s", kf_status_name(st));
    } else {
        st = dispatch(&result, authority, &q, &err);
        authority_request_clear(&q);
    }
    authority_answer_write(w, st, err.message, result.body, result.length);
    (void)snprintf(note, note_size, "%s", st == KF_OK ? result.note : err.message);
    free(result.owned);
    return st;
}
