/* libcpabe: ciphertext-policy attribute-based encryption.
 *
 * A message is encrypted to a policy such as `region: EU and not country: FR`; an attribute key
 * opens it exactly when the attributes it was made for satisfy the policy. One authority holds the
 * secret key and makes attribute keys; anyone with the public key encrypts.
 *
 * The scheme is TKN20 (Tomida, Kawahara, Nishimaki, ePrint 2019/966) over BLS12-381, made secure
 * against chosen ciphertexts by the Boneh-Katz transform, with the encodings of CIRCL's
 * abe/cpabe/tkn20 to the byte: keys and ciphertexts are exchanged with it both ways.
 *
 * Policies and attributes. A leaf `label: value` holds when the key has that label with that value;
 * `not label: value` when it has the label with ANOTHER value (a key without the label satisfies
 * neither). Leaves are combined with `and`, `or`, `not` and parentheses; `and` binds tighter than
 * `or`. Labels and values are words of the letters A-Z a-z, digits and `_`. A key has one value a
 * label. A ciphertext shows its policy to everyone; an attribute key shows its labels, and of its
 * values a hash, to whoever holds it.
 *
 * Threads. To their users objects never change after they are made: any number of threads may use
 * one. No global state. Ownership: the caller frees what a function gives it, with the matching
 * _free (NULL is ignored). Secret objects live in guarded, locked memory and are wiped when freed.
 * Stack: up to 0.6 MB to encrypt or to make keys, 0.4 MB to decrypt.
 *
 * What is kept. A key that is used again remembers what it computed, inside of the object, and no
 * result depends on it: an attribute key, from its first decryption on, what the pairing needs of
 * it (0.06 MB of locked memory), and multiples of its points for the attributes that decryptions
 * used most as wildcards or negated (0.16 MB each, 1.5 MB at most, locked too); a public key, after
 * a few encryptions, multiples of its points (1 MB); public and secret keys what labels stand for,
 * for the 256 labels and 512 pairs of a label and a value that they met last (at most 0.7 MB). So
 * keep key objects, rather than parse them each time.
 *
 * Errors. On failure outputs are untouched. A ciphertext that was damaged or forged is
 * CPABE_ERR_MALFORMED, whatever is wrong with it. Functions that a person's text may fail take a
 * `struct cpabe_error *`, which may be NULL and is written on failure alone.
 *
 * Constant time. Setup, key generation, encryption and decryption take time independent of the
 * secret keys, the randomness and the message's bytes; it depends on policies, attributes and
 * lengths, and on what the key object met before of these.
 *
 * This header stands alone: no other header of the project is needed to use it. */
#ifndef CPABE_H
#define CPABE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CPABE_MUST_USE __attribute__((warn_unused_result))

enum cpabe_status {
    CPABE_OK = 0,
    CPABE_ERR_USAGE,       /* a policy or attributes that make no sense; the error says where */
    CPABE_ERR_MALFORMED,   /* bytes that are not what they should be, or were forged */
    CPABE_ERR_UNSATISFIED, /* the key's attributes do not satisfy the policy */
    CPABE_ERR_LIMIT,       /* larger than a bound below, or than the format or the buffer holds */
    CPABE_ERR_MEMORY,
    CPABE_ERR_RANDOM, /* the random source failed */
};

/* A short fixed name, e.g. "unsatisfied". Never NULL. */
const char *cpabe_status_name(enum cpabe_status status);

struct cpabe_error {
    enum cpabe_status status;
    unsigned line;   /* where in the policy or attribute text, from 1; 0: not about a place in it */
    unsigned column; /* in bytes, from 1 */
    char message[512]; /* one line: what is wrong and, where possible, what to write instead */
    char excerpt[256]; /* the text's line and, under it, a caret; empty when line is 0 */
};

enum {
    CPABE_LABEL_MAX = 255,       /* bytes of a label or a value in a text */
    CPABE_ATTRIBUTES_MAX = 1024, /* attributes of a key */
    CPABE_KEY_MAX = 1 << 24,     /* bytes of an encoded attribute key that is read */
    CPABE_MESSAGE_MAX = 1 << 30, /* bytes of a message */
};

/* Where random bytes come from; NULL wherever one is taken: the kernel's generator. */
struct cpabe_random {
    int (*fill)(void *context, uint8_t *out, size_t length); /* 0, or not 0: it failed */
    void *context;
};

/* Wipes and frees a buffer or a string that this library gave out; NULL is ignored. */
void cpabe_free(void *data);

/* Keys. Encodings are CIRCL's. Parsing accepts complete, well-formed encodings alone: no trailing
 * bytes, every point on its curve and in its subgroup, no infinity in a public key; otherwise
 * CPABE_ERR_MALFORMED. Encoding gives a buffer for cpabe_free(). */

struct cpabe_public_key;
struct cpabe_secret_key; /* the authority's: makes attribute keys, hence opens everything */
struct cpabe_attribute_key;

void cpabe_public_key_free(struct cpabe_public_key *key);
void cpabe_secret_key_free(struct cpabe_secret_key *key);
void cpabe_attribute_key_free(struct cpabe_attribute_key *key);

CPABE_MUST_USE enum cpabe_status cpabe_public_key_parse(struct cpabe_public_key **out,
                                                        const uint8_t *data, size_t length);
CPABE_MUST_USE enum cpabe_status cpabe_secret_key_parse(struct cpabe_secret_key **out,
                                                        const uint8_t *data, size_t length);
/* Whether key belongs to some public key cannot be seen here: a wrong one opens nothing. */
CPABE_MUST_USE enum cpabe_status cpabe_attribute_key_parse(struct cpabe_attribute_key **out,
                                                           const uint8_t *data, size_t length);

CPABE_MUST_USE enum cpabe_status cpabe_public_key_encode(uint8_t **out, size_t *length,
                                                         const struct cpabe_public_key *key);
CPABE_MUST_USE enum cpabe_status cpabe_secret_key_encode(uint8_t **out, size_t *length,
                                                         const struct cpabe_secret_key *key);
CPABE_MUST_USE enum cpabe_status cpabe_attribute_key_encode(uint8_t **out, size_t *length,
                                                            const struct cpabe_attribute_key *key);

/* A new authority. */
CPABE_MUST_USE enum cpabe_status cpabe_setup(struct cpabe_public_key **public_key,
                                             struct cpabe_secret_key **secret_key,
                                             const struct cpabe_random *random);

struct cpabe_attribute {
    const char *label;
    const char
        *value; /* NULL: a wildcard, which satisfies every leaf of this label, also negated */
};

/* Parses `country: FR, region: EU` (in a text every label has a value). attributes is one block
 * with its strings, for cpabe_free(). The same label twice is CPABE_ERR_USAGE; no attributes at all
 * are fine (NULL and 0). */
CPABE_MUST_USE enum cpabe_status cpabe_attributes_parse(struct cpabe_attribute **attributes,
                                                        size_t *count, const char *text,
                                                        struct cpabe_error *err);

/* The attribute key for these attributes. CPABE_ERR_USAGE: a label or value that is not a word of
 * the policy language, or a label given twice; CPABE_ERR_LIMIT: more than CPABE_ATTRIBUTES_MAX. */
CPABE_MUST_USE enum cpabe_status cpabe_keygen(struct cpabe_attribute_key **out,
                                              const struct cpabe_secret_key *secret_key,
                                              const struct cpabe_attribute *attributes,
                                              size_t count, const struct cpabe_random *random,
                                              struct cpabe_error *err);

/* One of many attribute keys to make: what cpabe_keygen() takes and gives. */
struct cpabe_issue {
    const struct cpabe_attribute *attributes;
    size_t count;
    const struct cpabe_random *random; /* called for this item alone, by one thread at a time: one
                                          source in several items must bear several threads */
    struct cpabe_error *err;           /* may be NULL */
    enum cpabe_status status;          /* the results */
    struct cpabe_attribute_key *key;   /* NULL unless status is CPABE_OK */
};
/* Makes count keys, on so many threads (0: one for each processor that this process may use; 1: no
 * thread is made), which are there during the call alone and take no signals; where the system
 * refuses threads, on fewer. Each result is that of cpabe_keygen() with the item's random bytes,
 * whatever the others' are. Gives CPABE_OK, or the status of the first item that failed; the others
 * are made all the same. */
CPABE_MUST_USE enum cpabe_status cpabe_keygen_many(struct cpabe_issue *items, size_t count,
                                                   const struct cpabe_secret_key *secret_key,
                                                   unsigned threads);

/* What a holder sees of a key: labels in ascending order, borrowed from the key. A label from
 * another implementation may hold any bytes; it is given with its length and a terminating NUL. */
struct cpabe_key_attribute {
    const char *label;
    size_t label_length;
    bool wildcard;
    uint8_t value_hash[32]; /* the value's scalar, big-endian; zeros for a wildcard */
};
size_t cpabe_attribute_key_count(const struct cpabe_attribute_key *key);
/* Requires index < cpabe_attribute_key_count(). */
struct cpabe_key_attribute cpabe_attribute_key_get(const struct cpabe_attribute_key *key,
                                                   size_t index);

/* Policies. */

struct cpabe_policy;

void cpabe_policy_free(struct cpabe_policy *policy);
/* CPABE_ERR_USAGE with line, column and caret when the text is not a policy. */
CPABE_MUST_USE enum cpabe_status cpabe_policy_parse(struct cpabe_policy **out, const char *text,
                                                    struct cpabe_error *err);
/* The policy that a ciphertext states. Not authenticated until the ciphertext is decrypted. */
CPABE_MUST_USE enum cpabe_status
cpabe_policy_from_ciphertext(struct cpabe_policy **out, const uint8_t *ciphertext, size_t length);
/* The policy as text, with `not` at the leaves alone and no needless parentheses; for cpabe_free().
 * Parsing it gives the same policy. */
CPABE_MUST_USE enum cpabe_status cpabe_policy_text(char **out, const struct cpabe_policy *policy);

struct cpabe_leaf {
    const char *label; /* borrowed from the policy */
    const char *value;
    bool negated;
};
size_t cpabe_policy_leaf_count(const struct cpabe_policy *policy);
/* Requires index < cpabe_policy_leaf_count(). */
struct cpabe_leaf cpabe_policy_leaf_get(const struct cpabe_policy *policy, size_t index);

/* Whether a key for these attributes would open a ciphertext of this policy; no cryptography. */
bool cpabe_policy_satisfied(const struct cpabe_policy *policy,
                            const struct cpabe_attribute *attributes, size_t count);
bool cpabe_policy_satisfied_by_key(const struct cpabe_policy *policy,
                                   const struct cpabe_attribute_key *key);

/* Ciphertexts. */

enum cpabe_format {
    CPABE_FORMAT_CURRENT = 0, /* CIRCL 1.3.8 and later */
    CPABE_FORMAT_1_3_2,       /* 1.3.2 to 1.3.7, which later ones read too: lengths of 16 bits */
    CPABE_FORMAT_1_3_1,       /* up to 1.3.1, which later ones do not read: also a shorter seed */
};

/* A new ciphertext, for cpabe_free(). CPABE_ERR_LIMIT when the policy or the message is too large
 * for the format: about 1300 leaves, and in the former formats 64 KiB for policy and points and 64
 * KiB for all. */
CPABE_MUST_USE enum cpabe_status
cpabe_encrypt(uint8_t **out, size_t *out_length, const struct cpabe_public_key *key,
              const struct cpabe_policy *policy, enum cpabe_format format, const uint8_t *message,
              size_t message_length, const struct cpabe_random *random);
/* The same for a policy's text and the current format. */
CPABE_MUST_USE enum cpabe_status
cpabe_encrypt_text(uint8_t **out, size_t *out_length, const struct cpabe_public_key *key,
                   const char *policy, const uint8_t *message, size_t message_length,
                   const struct cpabe_random *random, struct cpabe_error *err);

/* One of many messages to encrypt: what cpabe_encrypt() takes and gives. */
struct cpabe_encryption {
    const struct cpabe_policy *policy;
    enum cpabe_format format;
    const uint8_t *message;
    size_t message_length;
    const struct cpabe_random *random; /* as in struct cpabe_issue */
    enum cpabe_status status;          /* the results */
    uint8_t *out;                      /* for cpabe_free(); NULL unless status is CPABE_OK */
    size_t out_length;
};
/* Encrypts count messages; threads, results and status are as cpabe_keygen_many() has them. */
CPABE_MUST_USE enum cpabe_status cpabe_encrypt_many(struct cpabe_encryption *items, size_t count,
                                                    const struct cpabe_public_key *key,
                                                    unsigned threads);

/* Opens a ciphertext of any of the formats into the caller's buffer (which may be locked memory);
 * the message is shorter than the ciphertext by far. Nothing is written unless the whole ciphertext
 * is genuine. CPABE_ERR_UNSATISFIED is decided from the stated policy before anything else;
 * CPABE_ERR_LIMIT: the message does not fit in capacity bytes. */
CPABE_MUST_USE enum cpabe_status cpabe_decrypt(uint8_t *out, size_t capacity, size_t *out_length,
                                               const struct cpabe_attribute_key *key,
                                               const uint8_t *ciphertext, size_t length);

/* Which of the encodings some bytes are, without checking points: a guess for people, not a
 * permission. */
enum cpabe_kind {
    CPABE_KIND_UNKNOWN = 0,
    CPABE_KIND_PUBLIC_KEY,
    CPABE_KIND_SECRET_KEY,
    CPABE_KIND_ATTRIBUTE_KEY,
    CPABE_KIND_CIPHERTEXT,
};
enum cpabe_kind cpabe_identify(const uint8_t *data, size_t length);

struct cpabe_ciphertext_info {
    bool current_format; /* false: one of the former ones, which look alike */
    size_t leaves;
    size_t header_length;   /* policy and points, in bytes */
    size_t envelope_length; /* message and seed, encrypted */
};
CPABE_MUST_USE enum cpabe_status cpabe_ciphertext_inspect(struct cpabe_ciphertext_info *out,
                                                          const uint8_t *ciphertext, size_t length);

#ifdef __cplusplus
}
#endif

#endif
