/* Finds the blocks of a PEM text (RFC 7468) and says exactly where it is wrong.
 *
 * OpenSSL's reader skips what it does not understand, and says of a damaged file only that there is
 * "no start line"; people who paste a certificate deserve the block and the line. Text outside of
 * blocks is allowed and ignored (RFC 7468, section 2), as tools put comments there.
 *
 * Not constant-time in the shape of the text; a key's base64 is decoded by libsodium's
 * constant-time decoder. Threads: values only. Ownership: blocks borrow from the text. */
#ifndef KEYFENCE_CORE_PEM_H
#define KEYFENCE_CORE_PEM_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PEM_LABEL_MAX = 40,
    PEM_LINE_MAX = 1024, /* longer than this is no PEM line */
};

struct pem_block {
    char label[PEM_LABEL_MAX + 1]; /* "CERTIFICATE" */
    const char *body;              /* base64, between the lines BEGIN and END, without headers */
    size_t body_length;
    uint32_t begin_line; /* from 1 */
    uint32_t body_line;
    uint32_t number; /* of the block, from 1 */
    bool encrypted;  /* has a header of RFC 1421 that says so */
};

struct pem_text {
    const char *what; /* "chain" or "key": for messages */
    const char *at;
    const char *end;
    uint32_t line;
    uint32_t number;
};

struct pem_text pem_open(const char *what, const char *text, size_t length);

/* The next block. KF_ERR_NOT_FOUND at the end; KF_ERR_MALFORMED with the problem filled. */
KF_MUST_USE enum kf_status pem_next(struct pem_block *out, struct pem_text *text,
                                    struct problem *problem);

/* Decodes a block's base64 into out. KF_ERR_MALFORMED, with the line that is wrong, or
 * KF_ERR_LIMIT. On failure out holds nothing of it. */
KF_MUST_USE enum kf_status pem_decode(uint8_t *out, size_t capacity, size_t *length,
                                      const struct pem_text *text, const struct pem_block *block,
                                      struct problem *problem);

#endif
