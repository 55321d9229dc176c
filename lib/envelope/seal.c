#include "envelope/seal.h"

#include "base/ct.h"
#include "base/cursor.h"
#include "base/secret.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES, "libsodium's sealed box");
_Static_assert(SEAL_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "X25519");

static const char machine_domain[] = "keyfence machine key v1";
static const char customer_domain[] = "keyfence customer key v1";

enum kf_status seal_public(uint8_t public_key[static SEAL_KEY_SIZE],
                           const uint8_t secret_key[static SEAL_KEY_SIZE])
{
    return crypto_scalarmult_base(public_key, secret_key) == 0 ? KF_OK : KF_ERR_INTERNAL;
}

enum kf_status seal_keypair(uint8_t public_key[static SEAL_KEY_SIZE],
                            uint8_t secret_key[static SEAL_KEY_SIZE],
                            const struct kf_random *random)
{
    enum kf_status status = kf_random_fill(random, secret_key, SEAL_KEY_SIZE);
    if (status == KF_OK)
        status = seal_public(public_key, secret_key);
    if (status != KF_OK)
        kf_wipe(secret_key, SEAL_KEY_SIZE);
    return status;
}

/* The nonce of a sealed box: BLAKE2b-192(ephemeral public || recipient). */
static void box_nonce(uint8_t nonce[static crypto_box_NONCEBYTES], const uint8_t *ephemeral,
                      const uint8_t *recipient)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, crypto_box_NONCEBYTES);
    (void)crypto_generichash_update(&state, ephemeral, SEAL_KEY_SIZE);
    (void)crypto_generichash_update(&state, recipient, SEAL_KEY_SIZE);
    (void)crypto_generichash_final(&state, nonce, crypto_box_NONCEBYTES);
}

/* crypto_box_seal with the randomness passed in. out has room for length + SEAL_OVERHEAD. */
KF_MUST_USE static enum kf_status box_seal(uint8_t *out, const uint8_t *plain, size_t length,
                                           const uint8_t recipient[static SEAL_KEY_SIZE],
                                           const struct kf_random *random)
{
    uint8_t ephemeral_secret[SEAL_KEY_SIZE];
    uint8_t nonce[crypto_box_NONCEBYTES];
    enum kf_status status = seal_keypair(out, ephemeral_secret, random);
    if (status != KF_OK)
        return status;
    box_nonce(nonce, out, recipient);
    /* Fails when the recipient's key is a point of small order: such a key hides nothing. */
    if (crypto_box_easy(out + SEAL_KEY_SIZE, plain, length, nonce, recipient, ephemeral_secret) !=
        0)
        status = KF_ERR_USAGE;
    kf_wipe(ephemeral_secret, sizeof ephemeral_secret);
    return status;
}

KF_MUST_USE static enum kf_status seal_plain(uint8_t *out, size_t capacity, size_t *length,
                                             const uint8_t *plain, size_t plain_length,
                                             const uint8_t recipient[static SEAL_KEY_SIZE],
                                             const struct kf_random *random, struct kf_error *err)
{
    if (capacity < plain_length + SEAL_OVERHEAD)
        return kf_fail(err, KF_ERR_LIMIT, "the sealed key needs %zu bytes, not %zu",
                       plain_length + SEAL_OVERHEAD, capacity);
    enum kf_status status = box_seal(out, plain, plain_length, recipient, random);
    if (status == KF_ERR_USAGE)
        return kf_fail(err, status, "the public key to seal to is not a proper X25519 key");
    if (status != KF_OK)
        return kf_fail(err, status, "sealing failed: %s", kf_status_name(status));
    *length = plain_length + SEAL_OVERHEAD;
    return KF_OK;
}

static void write_machine_context(struct kf_writer *w, const char *machine, uint32_t generation)
{
    kf_write_bytes(w, (const uint8_t *)machine_domain, sizeof machine_domain - 1);
    kf_write_u16be(w, (uint16_t)strlen(machine));
    kf_write_bytes(w, (const uint8_t *)machine, strlen(machine));
    kf_write_u32be(w, generation);
}

static void write_customer_context(struct kf_writer *w, const struct seal_customer_context *context)
{
    kf_write_bytes(w, (const uint8_t *)customer_domain, sizeof customer_domain - 1);
    kf_write_u16be(w, RECORD_POLICY_ID_SIZE - 1);
    kf_write_bytes(w, (const uint8_t *)context->policy_id, RECORD_POLICY_ID_SIZE - 1);
    kf_write_bytes(w, context->ski, sizeof context->ski);
    kf_write_u8(w, (uint8_t)context->key_type);
}

/* Seals context || block32(secret). */
KF_MUST_USE static enum kf_status seal_bound(uint8_t *out, size_t capacity, size_t *length,
                                             const uint8_t *context, size_t context_length,
                                             const uint8_t *secret, size_t secret_length,
                                             const uint8_t recipient[static SEAL_KEY_SIZE],
                                             const struct kf_random *random, struct kf_error *err)
{
    size_t room = context_length + 4 + secret_length;
    uint8_t *plain = kf_secret_new(room);
    if (!plain)
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory for %zu bytes (see ulimit -l)", room);
    struct kf_writer w = kf_writer_init(plain, room);
    kf_write_bytes(&w, context, context_length);
    kf_write_u32be(&w, (uint32_t)secret_length);
    kf_write_bytes(&w, secret, secret_length);
    size_t plain_length = 0;
    enum kf_status status = kf_writer_finish(&plain_length, &w);
    if (status == KF_OK)
        status = seal_plain(out, capacity, length, plain, plain_length, recipient, random, err);
    kf_secret_free(plain);
    return status;
}

/* After authentication the plaintext's shape is what an honest sealer wrote: its context and
 * lengths are public (the record states them), only the key inside is secret. */
KF_MUST_USE static enum kf_status take_secret(uint8_t *secret, size_t capacity,
                                              size_t *secret_length, const uint8_t *context,
                                              size_t context_length, const uint8_t *plain,
                                              size_t plain_length, struct kf_error *err)
{
    struct kf_reader r = kf_reader_init(plain, plain_length);
    const uint8_t *bound = NULL;
    uint32_t length = 0;
    if (kf_read_bytes(&bound, context_length, &r) != KF_OK)
        return kf_fail(err, KF_ERR_FORGED, "the sealed key is bound to another record");
    kf_ct_public(bound, context_length); /* the context is in the record, in the clear */
    if (memcmp(bound, context, context_length) != 0)
        return kf_fail(err, KF_ERR_FORGED, "the sealed key is bound to another record");
    if (kf_reader_left(&r) < 4)
        return kf_fail(err, KF_ERR_MALFORMED, "the sealed key is not well formed");
    kf_ct_public(r.at, 4); /* equals the box's length less constants, which anyone sees */
    if (kf_read_u32be(&length, &r) != KF_OK || length != kf_reader_left(&r))
        return kf_fail(err, KF_ERR_MALFORMED, "the sealed key is not well formed");
    if (length > capacity)
        return kf_fail(err, KF_ERR_LIMIT, "the sealed key needs %u bytes, not %zu", length,
                       capacity);
    enum kf_status status = kf_read_copy(secret, length, &r);
    if (status == KF_OK)
        *secret_length = length;
    return status;
}

KF_MUST_USE static enum kf_status
open_bound(uint8_t *secret, size_t capacity, size_t *secret_length, const uint8_t *context,
           size_t context_length, const uint8_t *sealed, size_t sealed_length,
           const uint8_t secret_key[static SEAL_KEY_SIZE], struct kf_error *err)
{
    kf_wipe(secret, capacity);
    if (sealed_length < SEAL_OVERHEAD + 1 || sealed_length > PAYLOAD_SEALED_MAX)
        return kf_fail(err, KF_ERR_MALFORMED, "a sealed key cannot be %zu bytes long",
                       sealed_length);
    size_t plain_length = sealed_length - SEAL_OVERHEAD;
    uint8_t public_key[SEAL_KEY_SIZE];
    enum kf_status status = seal_public(public_key, secret_key);
    if (status != KF_OK)
        return kf_fail(err, status, "X25519 failed");
    kf_ct_public(public_key, sizeof public_key); /* the public half: in the store for all to see */
    uint8_t *plain = kf_secret_new(plain_length);
    if (!plain)
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory for %zu bytes (see ulimit -l)",
                       plain_length);
    int opened = crypto_box_seal_open(plain, sealed, sealed_length, public_key, secret_key);
    kf_ct_public(&opened, sizeof opened); /* whether it opens is what the caller reports */
    if (opened != 0)
        status = kf_fail(err, KF_ERR_FORGED, "the sealed key does not open with this key");
    else
        status = take_secret(secret, capacity, secret_length, context, context_length, plain,
                             plain_length, err);
    kf_secret_free(plain);
    return status;
}

enum kf_status seal_machine_key(uint8_t *out, size_t capacity, size_t *length, const char *machine,
                                uint32_t generation, const uint8_t *key, size_t key_length,
                                const uint8_t enrolment_public[static SEAL_KEY_SIZE],
                                const struct kf_random *random, struct kf_error *err)
{
    if (!record_id_valid(machine) || key_length == 0 || key_length > SEAL_MACHINE_KEY_MAX)
        return kf_fail(err, KF_ERR_USAGE, "not a machine's id, or a key of %zu bytes", key_length);
    uint8_t context[SEAL_CONTEXT_MAX];
    struct kf_writer w = kf_writer_init(context, sizeof context);
    write_machine_context(&w, machine, generation);
    return seal_bound(out, capacity, length, context, w.length, key, key_length, enrolment_public,
                      random, err);
}

enum kf_status seal_open_machine_key(uint8_t *key, size_t capacity, size_t *key_length,
                                     const char *machine, uint32_t generation,
                                     const uint8_t *sealed, size_t sealed_length,
                                     const uint8_t enrolment_secret[static SEAL_KEY_SIZE],
                                     struct kf_error *err)
{
    if (!record_id_valid(machine))
        return kf_fail(err, KF_ERR_USAGE, "not a machine's id");
    uint8_t context[SEAL_CONTEXT_MAX];
    struct kf_writer w = kf_writer_init(context, sizeof context);
    write_machine_context(&w, machine, generation);
    return open_bound(key, capacity, key_length, context, w.length, sealed, sealed_length,
                      enrolment_secret, err);
}

enum kf_status seal_customer_key(uint8_t *out, size_t capacity, size_t *length,
                                 const struct seal_customer_context *context, const uint8_t *pkcs8,
                                 size_t pkcs8_length,
                                 const uint8_t policy_public[static SEAL_KEY_SIZE],
                                 const struct kf_random *random, struct kf_error *err)
{
    if (pkcs8_length == 0 || pkcs8_length > SEAL_PKCS8_MAX)
        return kf_fail(err, KF_ERR_LIMIT, "a private key of %zu bytes: at most %d are supported",
                       pkcs8_length, (int)SEAL_PKCS8_MAX);
    uint8_t bound[SEAL_CONTEXT_MAX];
    struct kf_writer w = kf_writer_init(bound, sizeof bound);
    write_customer_context(&w, context);
    return seal_bound(out, capacity, length, bound, w.length, pkcs8, pkcs8_length, policy_public,
                      random, err);
}

enum kf_status seal_open_customer_key(uint8_t *pkcs8, size_t capacity, size_t *pkcs8_length,
                                      const struct seal_customer_context *context,
                                      const uint8_t *sealed, size_t sealed_length,
                                      const uint8_t policy_secret[static SEAL_KEY_SIZE],
                                      struct kf_error *err)
{
    uint8_t bound[SEAL_CONTEXT_MAX];
    struct kf_writer w = kf_writer_init(bound, sizeof bound);
    write_customer_context(&w, context);
    return open_bound(pkcs8, capacity, pkcs8_length, bound, w.length, sealed, sealed_length,
                      policy_secret, err);
}
