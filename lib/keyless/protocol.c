#include "keyless/protocol.h"

#include <strings.h>

#define SIGN(opcode, family, hash, pss, length, name)                                              \
    {                                                                                              \
        opcode, KEYLESS_KIND_SIGN, family, hash, pss, length, length, name                         \
    }
#define RSA   KEYLESS_FAMILY_RSA
#define ECDSA KEYLESS_FAMILY_ECDSA

enum { PAYLOAD_MAX = KEYLESS_BODY_MAX - 256 /* room for the other items */ };

static const struct keyless_operation operations[] = {
    {KEYLESS_OP_RSA_DECRYPT, KEYLESS_KIND_DECRYPT, RSA, KEYLESS_HASH_NONE, false, KEYLESS_RSA_MIN,
     KEYLESS_RSA_MAX, "rsa-decrypt"},
    SIGN(KEYLESS_OP_RSA_MD5_SHA1, RSA, KEYLESS_HASH_MD5_SHA1, false, 36, "rsa-md5-sha1"),
    SIGN(KEYLESS_OP_RSA_SHA1, RSA, KEYLESS_HASH_SHA1, false, 20, "rsa-sha1"),
    SIGN(KEYLESS_OP_RSA_SHA224, RSA, KEYLESS_HASH_SHA224, false, 28, "rsa-sha224"),
    SIGN(KEYLESS_OP_RSA_SHA256, RSA, KEYLESS_HASH_SHA256, false, 32, "rsa-sha256"),
    SIGN(KEYLESS_OP_RSA_SHA384, RSA, KEYLESS_HASH_SHA384, false, 48, "rsa-sha384"),
    SIGN(KEYLESS_OP_RSA_SHA512, RSA, KEYLESS_HASH_SHA512, false, 64, "rsa-sha512"),
    SIGN(KEYLESS_OP_ECDSA_SHA1, ECDSA, KEYLESS_HASH_SHA1, false, 20, "ecdsa-sha1"),
    SIGN(KEYLESS_OP_ECDSA_SHA224, ECDSA, KEYLESS_HASH_SHA224, false, 28, "ecdsa-sha224"),
    SIGN(KEYLESS_OP_ECDSA_SHA256, ECDSA, KEYLESS_HASH_SHA256, false, 32, "ecdsa-sha256"),
    SIGN(KEYLESS_OP_ECDSA_SHA384, ECDSA, KEYLESS_HASH_SHA384, false, 48, "ecdsa-sha384"),
    SIGN(KEYLESS_OP_ECDSA_SHA512, ECDSA, KEYLESS_HASH_SHA512, false, 64, "ecdsa-sha512"),
    {KEYLESS_OP_ED25519, KEYLESS_KIND_SIGN, KEYLESS_FAMILY_ED25519, KEYLESS_HASH_NONE, false, 0,
     PAYLOAD_MAX, "ed25519"},
    {KEYLESS_OP_SEAL, KEYLESS_KIND_SEAL, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 1,
     PAYLOAD_MAX, "seal"},
    {KEYLESS_OP_UNSEAL, KEYLESS_KIND_SEAL, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 1,
     PAYLOAD_MAX, "unseal"},
    SIGN(KEYLESS_OP_RSA_PSS_SHA256, RSA, KEYLESS_HASH_SHA256, true, 32, "rsa-pss-sha256"),
    SIGN(KEYLESS_OP_RSA_PSS_SHA384, RSA, KEYLESS_HASH_SHA384, true, 48, "rsa-pss-sha384"),
    SIGN(KEYLESS_OP_RSA_PSS_SHA512, RSA, KEYLESS_HASH_SHA512, true, 64, "rsa-pss-sha512"),
    {KEYLESS_OP_STATUS, KEYLESS_KIND_CONTROL, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 0, 0,
     "status"},
    {KEYLESS_OP_RESPONSE, KEYLESS_KIND_ANSWER, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 0,
     PAYLOAD_MAX, "response"},
    {KEYLESS_OP_PING, KEYLESS_KIND_CONTROL, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 0,
     PAYLOAD_MAX, "ping"},
    {KEYLESS_OP_PONG, KEYLESS_KIND_ANSWER, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 0,
     PAYLOAD_MAX, "pong"},
    {KEYLESS_OP_ERROR, KEYLESS_KIND_ANSWER, KEYLESS_FAMILY_NONE, KEYLESS_HASH_NONE, false, 1, 1,
     "error"},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static const struct {
    const char *name;
    const char *other;
    const char *third;
    size_t length;
} hashes[] = {
    [KEYLESS_HASH_NONE] = {NULL, NULL, NULL, 0},
    [KEYLESS_HASH_MD5_SHA1] = {"MD5-SHA1", NULL, NULL, 36},
    [KEYLESS_HASH_SHA1] = {"SHA1", "SHA-1", "SSL3-SHA1", 20},
    [KEYLESS_HASH_SHA224] = {"SHA2-224", "SHA224", "SHA-224", 28},
    [KEYLESS_HASH_SHA256] = {"SHA2-256", "SHA256", "SHA-256", 32},
    [KEYLESS_HASH_SHA384] = {"SHA2-384", "SHA384", "SHA-384", 48},
    [KEYLESS_HASH_SHA512] = {"SHA2-512", "SHA512", "SHA-512", 64},
};
enum { HASHES = sizeof hashes / sizeof hashes[0] };

static const struct {
    uint8_t error;
    bool elsewhere;
    const char *name;
    const char *text;
} errors[] = {
    {KEYLESS_ERR_NONE, false, "none", "no error"},
    {KEYLESS_ERR_CRYPTO, false, "crypto", "the cryptographic operation failed"},
    {KEYLESS_ERR_KEY_NOT_FOUND, true, "key-not-found", "the key is not known there"},
    {KEYLESS_ERR_READ, true, "read", "reading failed"},
    {KEYLESS_ERR_VERSION, false, "version", "the protocol's version is not understood"},
    {KEYLESS_ERR_BAD_OPCODE, false, "bad-opcode", "the operation is not known"},
    {KEYLESS_ERR_UNEXPECTED_OPCODE, false, "unexpected-opcode", "an answer was sent as a request"},
    {KEYLESS_ERR_FORMAT, false, "format", "the message is malformed"},
    {KEYLESS_ERR_INTERNAL, true, "internal", "an internal error"},
    {KEYLESS_ERR_CERTIFICATE_NOT_FOUND, false, "certificate-not-found", "no such certificate"},
    {KEYLESS_ERR_EXPIRED, false, "expired", "the sealing key has expired"},
    {KEYLESS_ERR_REMOTE_CONFIGURATION, true, "remote-configuration",
     "the remote key server is not configured"},
    {KEYLESS_ERR_NOT_HERE, true, "not-here", "this machine does not satisfy the key's policy"},
    {KEYLESS_ERR_OVERLOADED, true, "overloaded", "overloaded: refused without trying"},
    {KEYLESS_ERR_DEADLINE, false, "deadline", "the time allowed has passed"},
    {KEYLESS_ERR_NO_DATACENTER, false, "no-datacenter",
     "no data centre satisfies the key's policy"},
    {KEYLESS_ERR_NO_ANSWER, true, "no-answer",
     "no data centre that satisfies the key's policy answered"},
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

const struct keyless_operation *keyless_operation_find(uint8_t opcode)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        if (operations[i].opcode == opcode) {
            return &operations[i];
        }
    }
    return NULL;
}

const struct keyless_operation *keyless_operation_sign(enum keyless_family family,
                                                       enum keyless_hash hash, bool pss)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        const struct keyless_operation *o = &operations[i];
        if (o->kind == KEYLESS_KIND_SIGN && o->family == family && o->hash == hash &&
            (family != RSA || o->pss == pss)) {
            return o;
        }
    }
    return NULL;
}

size_t keyless_hash_length(enum keyless_hash hash)
{
    return (size_t)hash < HASHES ? hashes[hash].length : 0;
}

const char *keyless_hash_name(enum keyless_hash hash)
{
    return (size_t)hash < HASHES ? hashes[hash].name : NULL;
}

static bool same_name(const char *known, const char *name)
{
    return known != NULL && strcasecmp(known, name) == 0;
}

enum keyless_hash keyless_hash_find(const char *name)
{
    for (size_t i = 1; name != NULL && i < HASHES; i++) {
        if (same_name(hashes[i].name, name) || same_name(hashes[i].other, name) ||
            same_name(hashes[i].third, name)) {
            return (enum keyless_hash)i;
        }
    }
    return KEYLESS_HASH_NONE;
}

static size_t error_index(uint8_t error)
{
    size_t i = 0;
    while (i < ERRORS && errors[i].error != error) {
        i++;
    }
    return i;
}

const char *keyless_error_text(uint8_t error)
{
    size_t i = error_index(error);
    return i < ERRORS ? errors[i].text : "an error that this version does not know";
}

const char *keyless_error_name(uint8_t error)
{
    size_t i = error_index(error);
    return i < ERRORS ? errors[i].name : "unknown";
}

bool keyless_error_try_elsewhere(uint8_t error)
{
    size_t i = error_index(error);
    return i < ERRORS && errors[i].elsewhere;
}
