#include "letter.h"

#include "base/random.h"
#include "hash/blake2b.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char message[] = "sealed";

int letter_world_setup(void **state)
{
    static struct letter_world w;
    const struct cpabe_attribute attributes[] = {{"a", "1"}, {"b", "2"}};
    assert_int_equal(cpabe_setup(&w.public_key, &w.secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&w.key, w.secret_key, attributes, 2, NULL, NULL), CPABE_OK);
    *state = &w;
    return 0;
}

int letter_world_teardown(void **state)
{
    struct letter_world *w = *state;
    cpabe_attribute_key_free(w->key);
    cpabe_secret_key_free(w->secret_key);
    cpabe_public_key_free(w->public_key);
    return 0;
}

/* Keeps the first bytes that are drawn, which are the seed. */
static int fill_and_keep(void *context, uint8_t *out, size_t length)
{
    struct letter *l = context;
    struct kf_random system = kf_random_system();
    if (kf_random_fill(&system, out, length) != KF_OK) {
        return 1;
    }
    if (l->seed_length == 0) {
        assert_int_equal(length, sizeof l->seed);
        memcpy(l->seed, out, length);
        l->seed_length = length;
    }
    return 0;
}

void letter_new(struct letter *l, const struct letter_world *w, const char *policy)
{
    struct cpabe_random random = {fill_and_keep, l};
    uint8_t *data;
    memset(l, 0, sizeof *l);
    assert_int_equal(cpabe_encrypt_text(&data, &l->length, w->public_key, policy,
                                        (const uint8_t *)message, sizeof message, &random, NULL),
                     CPABE_OK);
    l->data = malloc(l->length + LETTER_ROOM);
    assert_non_null(l->data);
    memcpy(l->data, data, l->length);
    cpabe_free(data);
}

uint32_t letter_get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void add32(uint8_t *at, size_t n)
{
    uint32_t v = letter_get32(at) + (uint32_t)n;
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}

/* The right tag for what the body now is. */
void letter_seal_again(struct letter *l)
{
    static const char domain[] = "key computation hash";
    uint8_t mac_key[32];
    struct blake2b h;
    size_t body = letter_get32(l->data + LETTER_BODY_LENGTH_AT);
    assert_int_equal(LETTER_BODY_AT + body + 2 + CCA_TAG_BYTES, l->length);
    blake2b_init(&h, sizeof mac_key, NULL, 0);
    blake2b_update(&h, domain, sizeof domain - 1);
    blake2b_update(&h, l->seed, sizeof l->seed);
    blake2b_final(&h, mac_key);
    blake2b_hash(l->data + LETTER_BODY_AT + body + 2, CCA_TAG_BYTES, mac_key, sizeof mac_key,
                 l->data + LETTER_BODY_AT, body);
}

/* Puts bytes into the body. */
void letter_insert(struct letter *l, size_t at, const uint8_t *bytes, size_t n, bool in_header)
{
    uint8_t copy[LETTER_ROOM];
    assert_true(n <= sizeof copy);
    memcpy(copy, bytes, n);
    memmove(l->data + at + n, l->data + at, l->length - at);
    memcpy(l->data + at, copy, n);
    l->length += n;
    add32(l->data + LETTER_BODY_LENGTH_AT, n);
    if (in_header) {
        add32(l->data + LETTER_BODY_AT, n);
    }
}

enum cpabe_status letter_open(const struct letter_world *w, const struct letter *l)
{
    uint8_t out[64];
    size_t got = 0;
    enum cpabe_status s = cpabe_decrypt(out, sizeof out, &got, w->key, l->data, l->length);
    if (s == CPABE_OK) {
        assert_int_equal(got, sizeof message);
        assert_memory_equal(out, message, got);
    }
    return s;
}

void letter_expect_refused(const struct letter_world *w, struct letter *l)
{
    letter_seal_again(l);
    assert_int_equal(letter_open(w, l), CPABE_ERR_MALFORMED);
    free(l->data);
}
