/* What keyfence-core and keyfence-authority say to each other over the authority's Unix socket.
 *
 * A frame is a length (u32be) and that many bytes: a request begins with its operation (u8), an
 * answer with a status (u8: 0 done, else one of enum authority_wire_status). One answer for each
 * request, in order. Each request has one canonical form and trailing bytes are refused. The whole
 * format is in docs/PROTOCOL.authority.
 *
 * Ownership: a parsed request or answer borrows from the bytes it was parsed from, except for the
 * arrays that authority_request_clear() releases. Threads: values only. Not constant-time: nothing
 * in a request is secret, and the only secrets in an answer are sealed to a machine. */
#ifndef KEYFENCE_DAEMON_AUTHORITY_PROTOCOL_H
#define KEYFENCE_DAEMON_AUTHORITY_PROTOCOL_H

#include "base/cursor.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUTHORITY_REQUEST_MAX = 128 * 1024, /* bytes of a request's frame, without the length */
    AUTHORITY_ANSWER_MAX = 1024 * 1024, /* bytes of an answer's frame, without the length */
    AUTHORITY_ID_MAX = 63,              /* bytes of a machine's id */
    AUTHORITY_WORD_MAX = 255,           /* bytes of an attribute's label or value */
    AUTHORITY_ATTRIBUTES_MAX = 256,
    AUTHORITY_NAMES_MAX = 16,  /* DNS names and addresses of a certificate */
    AUTHORITY_NAME_MAX = 253,  /* bytes of one */
    AUTHORITY_CSR_MAX = 16384, /* bytes of a certificate request, DER */
    AUTHORITY_GENERATIONS_MAX = 4096,
    AUTHORITY_ENROLMENT_BYTES = 32, /* an X25519 public key */
};

enum authority_op {
    AUTHORITY_STATUS = 1,
    AUTHORITY_CREATE_GENERATION = 2, /* the next one, or one that exists: then nothing changes */
    AUTHORITY_GET_PUBLIC = 3,
    AUTHORITY_ISSUE_KEY = 4,
    AUTHORITY_SIGN_CERTIFICATE = 5,
    AUTHORITY_CA = 6,
};

enum authority_role { AUTHORITY_ROLE_RELAY = 1, AUTHORITY_ROLE_SYNC = 2, AUTHORITY_ROLE_CORE = 3 };

/* "relay", "sync", "core", or NULL. */
const char *authority_role_name(uint8_t role);

struct authority_pair {
    const char *label; /* NUL-terminated */
    const char *value;
};

/* Only the members of the operation are meaningful. */
struct authority_request {
    uint8_t op;
    uint32_t generation;                /* CREATE_GENERATION, GET_PUBLIC, ISSUE_KEY */
    char machine[AUTHORITY_ID_MAX + 1]; /* ISSUE_KEY, SIGN_CERTIFICATE */
    uint8_t enrolment[AUTHORITY_ENROLMENT_BYTES];
    const struct authority_pair *attributes; /* ISSUE_KEY */
    size_t attribute_count;
    uint8_t role;             /* SIGN_CERTIFICATE */
    const char *const *names; /* SIGN_CERTIFICATE: for the role core alone */
    size_t name_count;
    const uint8_t *csr; /* borrowed */
    size_t csr_length;
    void *arena; /* what parsing allocated; NULL when a caller built the request */
};

/* Whether text is an id: [a-z0-9][a-z0-9-]{0,62}. */
bool authority_id_valid(const char *text);

/* Writes the request without its frame length. Requires members within the bounds above; the writer
 * remembers overflow. */
void authority_request_write(struct kf_writer *w, const struct authority_request *request);

/* Parses a frame's bytes. KF_ERR_MALFORMED or KF_ERR_LIMIT; KF_ERR_UNSUPPORTED for an operation
 * that is unknown. On success the caller clears *out; on failure it is untouched. */
KF_MUST_USE enum kf_status authority_request_parse(struct authority_request *out,
                                                   const uint8_t *data, size_t length);
void authority_request_clear(struct authority_request *request);

struct authority_answer {
    enum kf_status status;
    char message[512];   /* for a status that is not KF_OK */
    const uint8_t *body; /* KF_OK: what the operation returns; borrowed */
    size_t body_length;
};

/* Writes the answer without its frame length. A message longer than the bound is cut. */
void authority_answer_write(struct kf_writer *w, enum kf_status status, const char *message,
                            const uint8_t *body, size_t body_length);
KF_MUST_USE enum kf_status authority_answer_parse(struct authority_answer *out, const uint8_t *data,
                                                  size_t length);

/* The body of an answer to AUTHORITY_STATUS. */
struct authority_status {
    uint32_t newest_generation; /* 0: none yet */
    uint32_t generation_count;
    uint8_t ca_fingerprint[32]; /* SHA-256 of the machine CA's certificate */
};
void authority_status_write(struct kf_writer *w, const struct authority_status *status);
KF_MUST_USE enum kf_status authority_status_parse(struct authority_status *out, const uint8_t *data,
                                                  size_t length);

#endif
