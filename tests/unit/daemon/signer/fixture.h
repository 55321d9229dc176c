/* An edge machine's state as core and sync would leave it, made by the real libraries: masters,
 * machine keys, policies and customers' keys in a replica of signed records.
 *
 * Writes go through a child process each, because a process may open a replica once and the code
 * under test has it open. Single-threaded; a failure of the fixture ends the process. */
#ifndef KEYFENCE_TEST_SIGNER_FIXTURE_H
#define KEYFENCE_TEST_SIGNER_FIXTURE_H

#include "envelope/payload.h"
#include "envelope/record.h"
#include "envelope/seal.h"

#include <openssl/types.h>
#include <stdint.h>

struct cpabe_public_key;
struct cpabe_secret_key;

enum { FIXTURE_GENERATIONS = 4, FIXTURE_POLICIES = 32, FIXTURE_PATH = 512 };

struct fixture_policy {
    char text[256];
    char id[RECORD_POLICY_ID_SIZE];
    uint8_t public_key[SEAL_KEY_SIZE];
    uint8_t secret_key[SEAL_KEY_SIZE];
};

struct fixture {
    char state[FIXTURE_PATH];   /* the folder that edge.yaml calls state */
    char replica[FIXTURE_PATH]; /* state/replica */
    uint64_t revision;
    uint8_t records_public[RECORD_PUBLIC_SIZE];
    uint8_t records_secret[RECORD_SECRET_SIZE];
    uint8_t enrolment_public[SEAL_KEY_SIZE];
    uint8_t enrolment_secret[SEAL_KEY_SIZE];
    struct cpabe_public_key *masters[FIXTURE_GENERATIONS + 1]; /* by generation, from 1 */
    struct cpabe_secret_key *secrets[FIXTURE_GENERATIONS + 1];
    size_t policy_count;
    struct fixture_policy policies[FIXTURE_POLICIES];
};

/* The machine that all fixtures are. */
#define FIXTURE_MACHINE "par-1"

struct fixture_key {
    uint8_t ski[RECORD_SKI_SIZE];
    char record_key[RECORD_KEY_SIZE];
    EVP_PKEY *pkey;    /* with its private half; the test's own copy */
    EVP_PKEY *claimed; /* whose public key the record states; NULL: pkey's. Borrowed */
    char policy_id[RECORD_POLICY_ID_SIZE];
};

/* Makes state (which must exist, empty), state/machine and state/replica. */
void fixture_open(struct fixture *fixture, const char *state);
void fixture_close(struct fixture *fixture);
/* A folder of its own under TMPDIR, and its removal. */
void fixture_folder(char out[static FIXTURE_PATH]);
void fixture_remove(const char *folder);

/* A master pair for a generation, without telling anyone. */
void fixture_generation(struct fixture *fixture, uint32_t generation);
/* Issues the machine's key: writes machinekey/<machine>/<generation>. */
void fixture_issue(struct fixture *fixture, uint32_t generation, const char *attributes);
/* Writes policykey/ and policywrap/ of one generation; the same text twice keeps its key pair. */
const struct fixture_policy *fixture_policy(struct fixture *fixture, const char *text,
                                            uint32_t generation);
/* A new customer's key under a policy that was made before: writes key/<ski>. */
void fixture_key(struct fixture_key *out, struct fixture *fixture, enum key_type type,
                 const struct fixture_policy *policy);
void fixture_key_clear(struct fixture_key *key);
/* Writes key/<ski> again, as it would be after an unchanged upload. */
void fixture_key_write(struct fixture *fixture, const struct fixture_key *key, enum key_type type,
                       const struct fixture_policy *policy);
void fixture_delete(struct fixture *fixture, enum record_kind kind, const char *record_key);

/* Any record, signed with `secret_key` (NULL: the right one), at the next revision. */
void fixture_put(struct fixture *fixture, enum record_kind kind, const char *record_key,
                 uint32_t generation, const uint8_t *payload, size_t length,
                 const uint8_t *secret_key);

EVP_PKEY *fixture_generate(enum key_type type);

#endif
