/* Ciphertexts of a sender who knows the seed, and so gives every change its right tag. */
#ifndef TESTS_CPABE_LETTER_H
#define TESTS_CPABE_LETTER_H

#include "cpabe/cca_int.h"
#include "cpabe/cpabe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places in a ciphertext of the current format. */
enum {
    LETTER_ID_AT = CCA_VERSION_BYTES + 2,
    LETTER_BODY_LENGTH_AT = LETTER_ID_AT + CCA_ID_BYTES,
    LETTER_BODY_AT = LETTER_BODY_LENGTH_AT + 4,
    LETTER_HEADER_AT = LETTER_BODY_AT + 4,
    LETTER_ROOM = 1024,
};

/* An authority and a key for a: 1, b: 2. The setup and teardown of a cmocka group. */
struct letter_world {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
};
int letter_world_setup(void **state);
int letter_world_teardown(void **state);

/* A ciphertext with room for LETTER_ROOM more bytes, and its seed; data is for free(). */
struct letter {
    uint8_t seed[CCA_SEED_BYTES];
    size_t seed_length;
    uint8_t *data;
    size_t length;
};
void letter_new(struct letter *l, const struct letter_world *w, const char *policy);
uint32_t letter_get32(const uint8_t *at);
/* The right tag for what the body now is. */
void letter_seal_again(struct letter *l);
/* Puts bytes into the body. */
void letter_insert(struct letter *l, size_t at, const uint8_t *bytes, size_t n, bool in_header);
/* What decryption says; when it opens, the message must be the true one. */
enum cpabe_status letter_open(const struct letter_world *w, const struct letter *l);
/* Gives the right tag, requires a refusal, and frees the letter. */
void letter_expect_refused(const struct letter_world *w, struct letter *l);

#endif
