/* Signed records: the one form in which Keyfence's state is stored, replicated and believed.
 *
 *   "KFR1" | kind u8 | flags u8 | revision u64be | generation u32be | written_ms u64be
 *   | key block16be | payload block32be | Ed25519 signature, 64 bytes
 *
 * The signature (RFC 8032) covers "keyfence record v1" 0x00 and everything before it. A record has
 * one canonical form: unknown flags, trailing bytes, a key that does not belong to the kind and a
 * tombstone with a payload are refused. The revision is the store's dense counter: no two records
 * of a store share one, and a key's records only grow. The generation is the master key's
 * generation the payload belongs to, 0 where that has no meaning.
 *
 * Threads: values only. Ownership: a parsed record borrows the bytes it was parsed from.
 * Secrets: record_sign() takes the signing key and is constant-time in it; verification is
 * variable-time in public bytes. Formats: docs/PROTOCOL.records. */
#ifndef KEYFENCE_ENVELOPE_RECORD_H
#define KEYFENCE_ENVELOPE_RECORD_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
    RECORD_GENERATION = 1,   /* generation/<n> */
    RECORD_DATACENTER = 2,   /* datacenter/<id> */
    RECORD_MACHINE = 3,      /* machine/<id> */
    RECORD_MACHINE_KEY = 4,  /* machinekey/<id>/<generation> */
    RECORD_POLICY_KEY = 5,   /* policykey/<policy id> */
    RECORD_POLICY_WRAP = 6,  /* policywrap/<policy id>/<generation> */
    RECORD_CERTIFICATE = 7,  /* certificate/<id> */
    RECORD_CUSTOMER_KEY = 8, /* key/<ski, 40 hex> */
    RECORD_HEARTBEAT = 9,    /* heartbeat */
};

enum {
    RECORD_MAX = 256 * 1024,
    RECORD_KEY_MAX = 160,                 /* bytes, without a NUL */
    RECORD_KEY_SIZE = RECORD_KEY_MAX + 1, /* room for a key as a C string */
    RECORD_PUBLIC_SIZE = 32,
    RECORD_SECRET_SIZE = 64, /* libsodium's form: seed, then public key */
    RECORD_SEED_SIZE = 32,
    RECORD_SIGNATURE_SIZE = 64,
    RECORD_OVERHEAD = 4 + 1 + 1 + 8 + 4 + 8 + 2 + 4 + RECORD_SIGNATURE_SIZE, /* + key + payload */
    RECORD_ID_MAX = 63, /* [a-z0-9][a-z0-9-]{0,62} */
    RECORD_ID_SIZE = RECORD_ID_MAX + 1,
    RECORD_POLICY_ID_SIZE = 33, /* 32 lower-case hex digits and a NUL */
    RECORD_SKI_SIZE = 20,
};

struct record {
    enum record_kind kind;
    bool tombstone; /* the key is deleted; payload is empty */
    uint64_t revision;
    uint32_t generation;
    uint64_t written_ms;       /* milliseconds since 1970 UTC */
    char key[RECORD_KEY_SIZE]; /* NUL-terminated */
    const uint8_t *payload;    /* borrowed */
    size_t payload_length;
};

/* An Ed25519 signing pair from a 32-byte seed (RFC 8032). */
KF_MUST_USE enum kf_status record_keypair(uint8_t public_key[static RECORD_PUBLIC_SIZE],
                                          uint8_t secret_key[static RECORD_SECRET_SIZE],
                                          const uint8_t seed[static RECORD_SEED_SIZE]);

/* Encodes and signs into out. KF_ERR_LIMIT: capacity or RECORD_MAX exceeded (RECORD_OVERHEAD +
 * strlen(key) + payload_length bytes are needed). KF_ERR_USAGE: kind, key and tombstone do not fit
 * one another. On failure *length is untouched. */
KF_MUST_USE enum kf_status record_sign(uint8_t *out, size_t capacity, size_t *length,
                                       const struct record *record,
                                       const uint8_t secret_key[static RECORD_SECRET_SIZE],
                                       struct kf_error *err);

/* Parses and verifies: KF_ERR_MALFORMED, KF_ERR_UNSUPPORTED (a kind this version does not know),
 * KF_ERR_LIMIT or KF_ERR_FORGED. *out is written only on success. */
KF_MUST_USE enum kf_status record_open(struct record *out, const uint8_t *data, size_t length,
                                       const uint8_t public_key[static RECORD_PUBLIC_SIZE],
                                       struct kf_error *err);

/* Opens a record that was stored under `key` and is expected to be of `kind`: what a reader of the
 * replica calls. KF_ERR_FORGED when a genuine record lies under another key than its own,
 * KF_ERR_NOT_FOUND when it is a tombstone. */
KF_MUST_USE enum kf_status record_open_at(struct record *out, const char *key,
                                          enum record_kind kind, const uint8_t *data, size_t length,
                                          const uint8_t public_key[static RECORD_PUBLIC_SIZE],
                                          struct kf_error *err);

/* Parses without verifying: only for bytes this process wrote or verified itself. */
KF_MUST_USE enum kf_status record_parse(struct record *out, const uint8_t *data, size_t length,
                                        struct kf_error *err);

/* [a-z0-9][a-z0-9-]{0,62} */
bool record_id_valid(const char *id);
/* Whether key is the form of key that records of this kind have. */
bool record_key_valid(enum record_kind kind, const char *key);
/* "generation", "certificate", ...; NULL for what is no kind. */
const char *record_kind_name(enum record_kind kind);

/* Keys. Each requires its id to be valid (a caller's bug asserts). */
void record_key_generation(char out[static RECORD_KEY_SIZE], uint32_t generation);
void record_key_datacenter(char out[static RECORD_KEY_SIZE], const char *id);
void record_key_machine(char out[static RECORD_KEY_SIZE], const char *id);
void record_key_machine_key(char out[static RECORD_KEY_SIZE], const char *id, uint32_t generation);
void record_key_policy_key(char out[static RECORD_KEY_SIZE], const char *policy_id);
void record_key_policy_wrap(char out[static RECORD_KEY_SIZE], const char *policy_id,
                            uint32_t generation);
void record_key_certificate(char out[static RECORD_KEY_SIZE], const char *id);
void record_key_customer_key(char out[static RECORD_KEY_SIZE],
                             const uint8_t ski[static RECORD_SKI_SIZE]);
void record_key_heartbeat(char out[static RECORD_KEY_SIZE]);

#endif
