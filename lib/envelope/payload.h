/* What the records carry: one struct and one pair of functions a kind.
 *
 * Encodings are binary, through lib/base's cursor: a version byte (1), then the fields in the order
 * of the struct. Text is UTF-8 without NUL, length-prefixed. There is one canonical form; trailing
 * bytes are refused. Every bound is named here.
 *
 * _encode requires a struct within its bounds (KF_ERR_LIMIT or KF_ERR_USAGE otherwise) and returns
 * KF_ERR_LIMIT when capacity is too small; PAYLOAD_MAX always suffices. _decode writes *out only on
 * success and returns KF_ERR_MALFORMED, KF_ERR_LIMIT, or KF_ERR_UNSUPPORTED for another version.
 *
 * Threads: values only. Ownership: decoded structs borrow their spans from the payload; short names
 * are copied. Nothing here is secret: keys appear only sealed or wrapped. */
#ifndef KEYFENCE_ENVELOPE_PAYLOAD_H
#define KEYFENCE_ENVELOPE_PAYLOAD_H

#include "base/status.h"
#include "envelope/record.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PAYLOAD_MAX = RECORD_MAX - RECORD_OVERHEAD - RECORD_KEY_MAX,
    PAYLOAD_NAME_MAX = 255, /* a data centre's name, its metro, a relay's address */
    PAYLOAD_COUNTRY_MAX = 15,
    PAYLOAD_LABEL_MAX = 255, /* of an attribute's label, and of its value */
    PAYLOAD_ATTRIBUTES_MAX = 512,
    PAYLOAD_HOST_MAX = 253, /* RFC 1035: a name's text form */
    PAYLOAD_HOSTS_MAX = 100,
    PAYLOAD_CHAIN_MAX = 96 * 1024,  /* PEM */
    PAYLOAD_POLICY_MAX = 16 * 1024, /* a policy's text */
    PAYLOAD_ABE_PUBLIC_MAX = 64 * 1024,
    PAYLOAD_ABE_CIPHERTEXT_MAX = 250 * 1000,
    PAYLOAD_SEALED_MAX = 250 * 1000, /* a sealed box */
    PAYLOAD_SPKI_MAX = 1024,
    PAYLOAD_X25519_SIZE = 32,
};

struct payload_bytes {
    const uint8_t *data;
    size_t length;
};

struct payload_text { /* UTF-8, not NUL-terminated */
    const char *data;
    size_t length;
};

struct payload_text payload_text_of(const char *string); /* NULL is empty */

enum generation_state {
    GENERATION_CREATED = 1,
    GENERATION_DISTRIBUTING = 2,
    GENERATION_ACTIVE = 3,
    GENERATION_DRAINING = 4,
    GENERATION_RETIRED = 5,
    GENERATION_DESTROYED = 6,
};

enum machine_state {
    MACHINE_ACTIVE = 1,
    MACHINE_REVOKED = 2,
};

enum key_type {
    KEY_RSA_2048 = 1,
    KEY_RSA_3072 = 2,
    KEY_RSA_4096 = 3,
    KEY_P256 = 4,
    KEY_P384 = 5,
    KEY_ED25519 = 6,
};

/* "RSA-2048", "P-256", ...; NULL for what is no key type. */
const char *payload_key_type_name(enum key_type type);
/* "created", ... and "active", "revoked"; NULL for what is none. */
const char *payload_generation_state_name(enum generation_state state);
const char *payload_machine_state_name(enum machine_state state);

struct payload_generation {
    enum generation_state state;
    uint64_t created_ms;
    struct payload_bytes abe_public; /* CIRCL's encoding of the master public key */
};

struct payload_attribute {
    struct payload_text label;
    struct payload_text value;
};

struct payload_datacenter {
    char name[PAYLOAD_NAME_MAX + 1];
    char country[PAYLOAD_COUNTRY_MAX + 1];
    char metro[PAYLOAD_NAME_MAX + 1];
    int32_t latitude;  /* microdegrees, -90e6..90e6 */
    int32_t longitude; /* microdegrees, -180e6..180e6 */
    size_t attribute_count;
    struct payload_attribute attributes[PAYLOAD_ATTRIBUTES_MAX]; /* fully compiled */
};

struct payload_machine {
    char datacenter[RECORD_ID_SIZE];
    char relay[PAYLOAD_NAME_MAX + 1]; /* "host:port" */
    uint8_t enrolment_public[PAYLOAD_X25519_SIZE];
    enum machine_state state;
    uint64_t created_ms;
};

struct payload_machine_key {
    struct payload_bytes sealed; /* see seal.h */
};

struct payload_policy_key {
    struct payload_text normal; /* the policy's normal form, compiled language */
    uint8_t public_key[PAYLOAD_X25519_SIZE];
};

struct payload_policy_wrap {
    struct payload_bytes ciphertext; /* see wrap.h */
};

struct payload_certificate {
    size_t host_count;
    struct payload_text hosts[PAYLOAD_HOSTS_MAX];
    struct payload_text chain; /* PEM, leaf first */
    uint8_t ski[RECORD_SKI_SIZE];
    enum key_type key_type;
    char policy_id[RECORD_POLICY_ID_SIZE];
    struct payload_text policy; /* as the customer wrote it */
    uint64_t created_ms;
    uint64_t updated_ms;
    uint8_t fingerprint[32]; /* SHA-256 of the leaf's DER */
};

struct payload_customer_key {
    char policy_id[RECORD_POLICY_ID_SIZE];
    enum key_type key_type;
    struct payload_bytes spki;   /* SubjectPublicKeyInfo, DER */
    struct payload_bytes sealed; /* see seal.h */
};

struct payload_heartbeat {
    uint64_t wall_ms;
};

/* PAYLOAD_PAIR(generation) declares payload_generation_encode and payload_generation_decode. */
#define PAYLOAD_PAIR(name)                                                                         \
    KF_MUST_USE enum kf_status payload_##name##_encode(                                            \
        uint8_t *out, size_t capacity, size_t *length, const struct payload_##name *in,            \
        struct kf_error *err);                                                                     \
    KF_MUST_USE enum kf_status payload_##name##_decode(                                            \
        struct payload_##name *out, const uint8_t *data, size_t length, struct kf_error *err)
PAYLOAD_PAIR(generation);
PAYLOAD_PAIR(datacenter);
PAYLOAD_PAIR(machine);
PAYLOAD_PAIR(machine_key);
PAYLOAD_PAIR(policy_key);
PAYLOAD_PAIR(policy_wrap);
PAYLOAD_PAIR(certificate);
PAYLOAD_PAIR(customer_key);
PAYLOAD_PAIR(heartbeat);
#undef PAYLOAD_PAIR

/* A policy's id: BLAKE2b-128 (RFC 7693, unkeyed) of its normal form, in lower-case hex. */
void payload_policy_id(char out[static RECORD_POLICY_ID_SIZE], const char *normal, size_t length);

#endif
