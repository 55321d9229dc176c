#include "fixture.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "cpabe/cpabe.h"
#include "envelope/wrap.h"
#include "store/store_lmdb.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition, what)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fixture: %s: %s\n", #condition, what);                          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void write_file(const char *path, const void *data, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST(fd >= 0 && write(fd, data, length) == (ssize_t)length, path);
    (void)close(fd);
}

void fixture_folder(char out[static FIXTURE_PATH])
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(out, FIXTURE_PATH, "%s/kf-signer.XXXXXX", tmp != NULL ? tmp : "/tmp");
    MUST(mkdtemp(out) != NULL, out);
}

void fixture_remove(const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("rm", "rm", "-rf", "--", folder, (char *)NULL);
        _exit(1);
    }
    (void)waitpid(child, NULL, 0);
}

/* The record-signing key is always the same, so that another process can go on with a fixture. */
void fixture_open(struct fixture *fixture, const char *state)
{
    char path[FIXTURE_PATH + 32];
    memset(fixture, 0, sizeof *fixture);
    MUST(kf_secret_init() == KF_OK, "libsodium");
    (void)snprintf(fixture->state, sizeof fixture->state, "%s", state);
    (void)snprintf(path, sizeof path, "%s/replica", state);
    MUST(strlen(path) < sizeof fixture->replica, path);
    memcpy(fixture->replica, path, strlen(path) + 1);
    uint8_t seed[RECORD_SEED_SIZE];
    memset(seed, 7, sizeof seed);
    MUST(record_keypair(fixture->records_public, fixture->records_secret, seed) == KF_OK, "seed");
    memset(fixture->enrolment_secret, 9, SEAL_KEY_SIZE);
    MUST(seal_public(fixture->enrolment_public, fixture->enrolment_secret) == KF_OK, "enrolment");
    (void)snprintf(path, sizeof path, "%s/machine", state);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/machine/enrolment.key", state);
    write_file(path, fixture->enrolment_secret, SEAL_KEY_SIZE);
    char hex[2 * RECORD_PUBLIC_SIZE + 2];
    for (size_t i = 0; i < RECORD_PUBLIC_SIZE; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", fixture->records_public[i]);
    }
    hex[sizeof hex - 2] = '\n';
    (void)snprintf(path, sizeof path, "%s/machine/records.pub", state);
    write_file(path, hex, sizeof hex - 1);
}

void fixture_close(struct fixture *fixture)
{
    for (int i = 0; i <= FIXTURE_GENERATIONS; i++) {
        cpabe_public_key_free(fixture->masters[i]);
        cpabe_secret_key_free(fixture->secrets[i]);
    }
    kf_wipe(fixture, sizeof *fixture);
}

static void apply(struct fixture *fixture, const struct record *record, const uint8_t *secret_key)
{
    struct kf_error err = {.message = ""};
    uint8_t *bytes = malloc(RECORD_MAX);
    size_t length = 0;
    MUST(bytes != NULL, "memory");
    MUST(record_sign(bytes, RECORD_MAX, &length, record,
                     secret_key != NULL ? secret_key : fixture->records_secret, &err) == KF_OK,
         err.message);
    const struct store_lmdb_options options = {.path = fixture->replica, .role = STORE_REPLICA};
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    const struct store_entry entry = {
        .key = record->key,
        .revision = record->revision,
        .tombstone = record->tombstone,
        .value = bytes,
        .length = length,
    };
    MUST(store_lmdb_open(&store, &options, &err) == KF_OK, err.message);
    MUST(store_begin(&txn, store, &err) == KF_OK, err.message);
    MUST(store_txn_apply(txn, &entry, &err) == KF_OK, err.message);
    MUST(store_txn_commit(txn, &err) == KF_OK, err.message);
    store_close(store);
    free(bytes);
}

static void apply_in_child(struct fixture *fixture, const struct record *record,
                           const uint8_t *secret_key)
{
    (void)fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0, "fork");
    if (child == 0) {
        apply(fixture, record, secret_key);
        _exit(0);
    }
    int status = 0;
    MUST(waitpid(child, &status, 0) == child && status == 0, record->key);
}

void fixture_put(struct fixture *fixture, enum record_kind kind, const char *record_key,
                 uint32_t generation, const uint8_t *payload, size_t length,
                 const uint8_t *secret_key)
{
    struct record record = {
        .kind = kind,
        .revision = ++fixture->revision,
        .generation = generation,
        .payload = payload,
        .payload_length = length,
        .tombstone = payload == NULL,
    };
    (void)snprintf(record.key, sizeof record.key, "%s", record_key);
    apply_in_child(fixture, &record, secret_key);
}

void fixture_delete(struct fixture *fixture, enum record_kind kind, const char *record_key)
{
    fixture_put(fixture, kind, record_key, 0, NULL, 0, NULL);
}

void fixture_generation(struct fixture *fixture, uint32_t generation)
{
    MUST(cpabe_setup(&fixture->masters[generation], &fixture->secrets[generation], NULL) ==
             CPABE_OK,
         "setup");
}

void fixture_issue(struct fixture *fixture, uint32_t generation, const char *attributes)
{
    struct kf_error err = {.message = ""};
    const struct kf_random random = kf_random_system();
    struct cpabe_attribute *list = NULL;
    size_t count = 0;
    struct cpabe_attribute_key *key = NULL;
    uint8_t *encoded = NULL;
    size_t encoded_length = 0;
    MUST(cpabe_attributes_parse(&list, &count, attributes, NULL) == CPABE_OK, attributes);
    MUST(cpabe_keygen(&key, fixture->secrets[generation], list, count, NULL, NULL) == CPABE_OK,
         "keygen");
    MUST(cpabe_attribute_key_encode(&encoded, &encoded_length, key) == CPABE_OK, "encode");
    uint8_t *sealed = malloc(SEAL_MACHINE_MAX);
    uint8_t *payload = malloc(PAYLOAD_MAX);
    size_t length = 0;
    MUST(sealed != NULL && payload != NULL, "memory");
    MUST(seal_machine_key(sealed, SEAL_MACHINE_MAX, &length, FIXTURE_MACHINE, generation, encoded,
                          encoded_length, fixture->enrolment_public, &random, &err) == KF_OK,
         err.message);
    const struct payload_machine_key body = {.sealed = {.data = sealed, .length = length}};
    MUST(payload_machine_key_encode(payload, PAYLOAD_MAX, &length, &body, &err) == KF_OK,
         err.message);
    char record_key[RECORD_KEY_SIZE];
    record_key_machine_key(record_key, FIXTURE_MACHINE, generation);
    fixture_put(fixture, RECORD_MACHINE_KEY, record_key, generation, payload, length, NULL);
    free(payload);
    free(sealed);
    cpabe_free(encoded);
    cpabe_free(list);
    cpabe_attribute_key_free(key);
}

static struct fixture_policy *policy_of(struct fixture *fixture, const char *text)
{
    const struct kf_random random = kf_random_system();
    for (size_t i = 0; i < fixture->policy_count; i++) {
        if (strcmp(fixture->policies[i].text, text) == 0) {
            return &fixture->policies[i];
        }
    }
    MUST(fixture->policy_count < FIXTURE_POLICIES, "too many policies");
    struct fixture_policy *policy = &fixture->policies[fixture->policy_count++];
    (void)snprintf(policy->text, sizeof policy->text, "%s", text);
    payload_policy_id(policy->id, text, strlen(text));
    MUST(seal_keypair(policy->public_key, policy->secret_key, &random) == KF_OK, "pair");
    return policy;
}

const struct fixture_policy *fixture_policy(struct fixture *fixture, const char *text,
                                            uint32_t generation)
{
    struct kf_error err = {.message = ""};
    const struct kf_random random = kf_random_system();
    struct fixture_policy *policy = policy_of(fixture, text);
    char record_key[RECORD_KEY_SIZE];
    uint8_t *payload = malloc(PAYLOAD_MAX);
    uint8_t *wrap = malloc(PAYLOAD_ABE_CIPHERTEXT_MAX);
    size_t length = 0;
    MUST(payload != NULL && wrap != NULL, "memory");
    struct payload_policy_key body = {.normal = payload_text_of(text)};
    memcpy(body.public_key, policy->public_key, sizeof body.public_key);
    MUST(payload_policy_key_encode(payload, PAYLOAD_MAX, &length, &body, &err) == KF_OK,
         err.message);
    record_key_policy_key(record_key, policy->id);
    fixture_put(fixture, RECORD_POLICY_KEY, record_key, 0, payload, length, NULL);

    struct wrap_policy_key pair;
    memcpy(pair.public_key, policy->public_key, sizeof pair.public_key);
    memcpy(pair.secret_key, policy->secret_key, sizeof pair.secret_key);
    MUST(wrap_policy_key_seal(wrap, PAYLOAD_ABE_CIPHERTEXT_MAX, &length, &pair, policy->id, text,
                              fixture->masters[generation], &random, &err) == KF_OK,
         err.message);
    const struct payload_policy_wrap wrapped = {.ciphertext = {.data = wrap, .length = length}};
    MUST(payload_policy_wrap_encode(payload, PAYLOAD_MAX, &length, &wrapped, &err) == KF_OK,
         err.message);
    record_key_policy_wrap(record_key, policy->id, generation);
    fixture_put(fixture, RECORD_POLICY_WRAP, record_key, generation, payload, length, NULL);
    free(wrap);
    free(payload);
    return policy;
}

EVP_PKEY *fixture_generate(enum key_type type)
{
    switch (type) {
    case KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case KEY_RSA_3072:
        return EVP_RSA_gen(3072);
    case KEY_RSA_4096:
        return EVP_RSA_gen(4096);
    case KEY_P256:
        return EVP_EC_gen("P-256");
    case KEY_P384:
        return EVP_EC_gen("P-384");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
}

static void ski_of(uint8_t *ski, EVP_PKEY *pkey)
{
    X509_PUBKEY *info = NULL;
    const unsigned char *bits = NULL;
    int length = 0;
    MUST(X509_PUBKEY_set(&info, pkey) == 1, "public key");
    MUST(X509_PUBKEY_get0_param(NULL, &bits, &length, NULL, info) == 1, "bits");
    MUST(EVP_Digest(bits, (size_t)length, ski, NULL, EVP_sha1(), NULL) == 1, "digest");
    X509_PUBKEY_free(info);
}

void fixture_key_write(struct fixture *fixture, const struct fixture_key *key, enum key_type type,
                       const struct fixture_policy *policy)
{
    struct kf_error err = {.message = ""};
    const struct kf_random random = kf_random_system();
    uint8_t *spki = NULL;
    int spki_length = i2d_PUBKEY(key->claimed != NULL ? key->claimed : key->pkey, &spki);
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    uint8_t *pkcs8 = NULL;
    int pkcs8_length = i2d_PKCS8_PRIV_KEY_INFO(info, &pkcs8);
    MUST(spki_length > 0 && pkcs8_length > 0, "encode");
    struct seal_customer_context context = {.key_type = type};
    memcpy(context.policy_id, policy->id, sizeof context.policy_id);
    memcpy(context.ski, key->ski, sizeof context.ski);
    uint8_t sealed[SEAL_CUSTOMER_MAX];
    size_t length = 0;
    MUST(seal_customer_key(sealed, sizeof sealed, &length, &context, pkcs8, (size_t)pkcs8_length,
                           policy->public_key, &random, &err) == KF_OK,
         err.message);
    struct payload_customer_key body = {
        .key_type = type,
        .spki = {.data = spki, .length = (size_t)spki_length},
        .sealed = {.data = sealed, .length = length},
    };
    memcpy(body.policy_id, policy->id, sizeof body.policy_id);
    uint8_t *payload = malloc(PAYLOAD_MAX);
    MUST(payload != NULL, "memory");
    MUST(payload_customer_key_encode(payload, PAYLOAD_MAX, &length, &body, &err) == KF_OK,
         err.message);
    fixture_put(fixture, RECORD_CUSTOMER_KEY, key->record_key, 0, payload, length, NULL);
    free(payload);
    OPENSSL_free(spki);
    OPENSSL_free(pkcs8);
    PKCS8_PRIV_KEY_INFO_free(info);
}

void fixture_key(struct fixture_key *out, struct fixture *fixture, enum key_type type,
                 const struct fixture_policy *policy)
{
    *out = (struct fixture_key){.pkey = fixture_generate(type)};
    MUST(out->pkey != NULL, "key");
    ski_of(out->ski, out->pkey);
    record_key_customer_key(out->record_key, out->ski);
    memcpy(out->policy_id, policy->id, sizeof out->policy_id);
    fixture_key_write(fixture, out, type, policy);
}

void fixture_key_clear(struct fixture_key *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}
