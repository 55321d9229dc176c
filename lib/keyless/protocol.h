/* The vocabulary of the Keyless protocol: operations, tags, error codes.
 *
 * Purpose: one place that knows what each number on the wire means, for every process that speaks
 * the protocol (provider, signer, relay). The numbers below 0x80 are those of gokeyless, so that
 * its clients and servers understand Keyfence; the others are Keyfence's own and sit where
 * gokeyless ignores them (tags) or never looks (operations, errors). docs/PROTOCOL.keyless is the
 * full description.
 *
 * Threads: constant tables, no state. Not constant-time: operations and lengths are public. */
#ifndef KEYFENCE_KEYLESS_PROTOCOL_H
#define KEYFENCE_KEYLESS_PROTOCOL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEYLESS_MAJOR = 1,
    KEYLESS_MINOR = 0,
    KEYLESS_HEADER_LENGTH = 8,
    KEYLESS_BODY_MAX = 65535, /* what the header's length field can say */
    KEYLESS_FRAME_MAX = KEYLESS_HEADER_LENGTH + KEYLESS_BODY_MAX,
    KEYLESS_PADDED_LENGTH = 1024, /* a frame is padded to this, header included */
    KEYLESS_SKI_LENGTH = 20,
    KEYLESS_SIGNATURE_MAX = 512, /* RSA-4096: the longest answer to a request to sign */
    KEYLESS_RSA_MIN = 256,       /* modulus lengths served, in bytes */
    KEYLESS_RSA_MAX = 512,
    KEYLESS_TEXT_MAX = 512, /* longest text item of Keyfence's own */
};

enum keyless_tag {
    KEYLESS_TAG_DIGEST = 0x01,
    KEYLESS_TAG_SERVER_NAME = 0x02,
    KEYLESS_TAG_CLIENT_IP = 0x03,
    KEYLESS_TAG_SKI = 0x04,
    KEYLESS_TAG_SERVER_IP = 0x05,
    KEYLESS_TAG_CERTIFICATE_ID = 0x06,
    KEYLESS_TAG_OPCODE = 0x11,
    KEYLESS_TAG_PAYLOAD = 0x12,
    KEYLESS_TAG_FUNCTION = 0x13,
    KEYLESS_TAG_EXTRA = 0x14,
    KEYLESS_TAG_JAEGER_SPAN = 0x15,
    KEYLESS_TAG_REQUEST_CONTEXT = 0x16,
    KEYLESS_TAG_COMPLIANCE_REGION = 0x17,
    KEYLESS_TAG_PADDING = 0x20,
    /* Keyfence's own: other peers skip them. */
    KEYLESS_TAG_DEADLINE = 0x81,    /* u32be, milliseconds left to the one who asks */
    KEYLESS_TAG_TRACEPARENT = 0x82, /* W3C Trace Context */
    KEYLESS_TAG_REASON = 0x83,      /* UTF-8, for the operator's log */
    KEYLESS_TAG_DATACENTER = 0x84,  /* id of the data centre that signed */
};

enum keyless_opcode {
    KEYLESS_OP_NONE = 0x00,
    KEYLESS_OP_RSA_DECRYPT = 0x01,
    KEYLESS_OP_RSA_MD5_SHA1 = 0x02,
    KEYLESS_OP_RSA_SHA1 = 0x03,
    KEYLESS_OP_RSA_SHA224 = 0x04,
    KEYLESS_OP_RSA_SHA256 = 0x05,
    KEYLESS_OP_RSA_SHA384 = 0x06,
    KEYLESS_OP_RSA_SHA512 = 0x07,
    KEYLESS_OP_ECDSA_SHA1 = 0x13,
    KEYLESS_OP_ECDSA_SHA224 = 0x14,
    KEYLESS_OP_ECDSA_SHA256 = 0x15,
    KEYLESS_OP_ECDSA_SHA384 = 0x16,
    KEYLESS_OP_ECDSA_SHA512 = 0x17,
    KEYLESS_OP_ED25519 = 0x18,
    KEYLESS_OP_SEAL = 0x21,
    KEYLESS_OP_UNSEAL = 0x22,
    KEYLESS_OP_RSA_PSS_SHA256 = 0x35,
    KEYLESS_OP_RSA_PSS_SHA384 = 0x36,
    KEYLESS_OP_RSA_PSS_SHA512 = 0x37,
    KEYLESS_OP_STATUS = 0xE1, /* Keyfence's own: the answer's payload is JSON */
    KEYLESS_OP_RESPONSE = 0xF0,
    KEYLESS_OP_PING = 0xF1,
    KEYLESS_OP_PONG = 0xF2,
    KEYLESS_OP_ERROR = 0xFF, /* the payload is exactly one byte: an enum keyless_error */
};

enum keyless_error {
    KEYLESS_ERR_NONE = 0x00,
    KEYLESS_ERR_CRYPTO = 0x01,
    KEYLESS_ERR_KEY_NOT_FOUND = 0x02,
    KEYLESS_ERR_READ = 0x03,
    KEYLESS_ERR_VERSION = 0x04,
    KEYLESS_ERR_BAD_OPCODE = 0x05,
    KEYLESS_ERR_UNEXPECTED_OPCODE = 0x06,
    KEYLESS_ERR_FORMAT = 0x07,
    KEYLESS_ERR_INTERNAL = 0x08,
    KEYLESS_ERR_CERTIFICATE_NOT_FOUND = 0x09,
    KEYLESS_ERR_EXPIRED = 0x0A,
    KEYLESS_ERR_REMOTE_CONFIGURATION = 0x0B,
    /* Keyfence's own. */
    KEYLESS_ERR_NOT_HERE = 0x40,      /* this machine does not satisfy the key's policy */
    KEYLESS_ERR_OVERLOADED = 0x41,    /* refused at once, nothing was tried */
    KEYLESS_ERR_DEADLINE = 0x42,      /* the asker's time ran out */
    KEYLESS_ERR_NO_DATACENTER = 0x43, /* no data centre satisfies the policy */
    KEYLESS_ERR_NO_ANSWER = 0x44,     /* some do, none of them answered */
};

enum keyless_family {
    KEYLESS_FAMILY_NONE = 0,
    KEYLESS_FAMILY_RSA,
    KEYLESS_FAMILY_ECDSA,
    KEYLESS_FAMILY_ED25519,
};

enum keyless_hash {
    KEYLESS_HASH_NONE = 0,
    KEYLESS_HASH_MD5_SHA1, /* TLS 1.0 and 1.1 */
    KEYLESS_HASH_SHA1,
    KEYLESS_HASH_SHA224,
    KEYLESS_HASH_SHA256,
    KEYLESS_HASH_SHA384,
    KEYLESS_HASH_SHA512,
};

/* What an operation is about. */
enum keyless_kind {
    KEYLESS_KIND_SIGN,
    KEYLESS_KIND_DECRYPT,
    KEYLESS_KIND_SEAL,    /* seal and unseal */
    KEYLESS_KIND_CONTROL, /* ping, status: no key involved */
    KEYLESS_KIND_ANSWER,  /* pong, response, error: never a request */
};

struct keyless_operation {
    enum keyless_opcode opcode;
    enum keyless_kind kind;
    enum keyless_family family;
    enum keyless_hash hash; /* of what the payload is a digest; NONE for Ed25519 and others */
    bool pss;               /* RSASSA-PSS, MGF1 of the same hash, salt as long as the digest */
    uint16_t payload_min;   /* bounds of a request's payload, both inclusive */
    uint16_t payload_max;
    const char *name; /* e.g. "rsa-pss-sha256": for logs and metrics */
};

/* The operation, or NULL for a number that means nothing here. */
const struct keyless_operation *keyless_operation_find(uint8_t opcode);

/* The operation that signs with a key of this family and hash, or NULL when there is none. pss is
 * looked at for RSA only. Ed25519 has the hash NONE. */
const struct keyless_operation *keyless_operation_sign(enum keyless_family family,
                                                       enum keyless_hash hash, bool pss);

size_t keyless_hash_length(enum keyless_hash hash);
/* OpenSSL's name ("SHA2-256"), or NULL for NONE. */
const char *keyless_hash_name(enum keyless_hash hash);
/* The hash that OpenSSL calls so, in any of its spellings ("SHA256", "SHA2-256", "sha256",
 * "RSA-SHA256" is not one); NONE when it is not one of ours. */
enum keyless_hash keyless_hash_find(const char *name);

/* What an error byte says, in words for a person ("no data centre satisfies the key's policy").
 * Never NULL. */
const char *keyless_error_text(uint8_t error);
/* A short fixed name ("no-datacenter"), for metrics and JSON. Never NULL. */
const char *keyless_error_name(uint8_t error);
/* True when another place could still answer the request well: the key does not open here, the
 * place is overloaded or broken. False when the request itself is at fault. */
bool keyless_error_try_elsewhere(uint8_t error);

#endif
