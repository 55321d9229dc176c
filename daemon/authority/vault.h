/* Files at rest under a passphrase.
 *
 * A folder holds `master.key`, a random key sealed with a key that Argon2id makes of the
 * passphrase, and any number of files sealed with that random key; so the slow function runs once a
 * start, and changing the passphrase rewrites one file. Each sealed file states its own name inside
 * the seal: two files exchanged do not open. All are libsodium's secretbox (XSalsa20-Poly1305),
 * 0400, written whole or not at all. Formats: docs/PROTOCOL.authority.
 *
 * Ownership: vault_free. Threads: one. What vault_read gives is secret memory. */
#ifndef KEYFENCE_AUTHORITY_VAULT_H
#define KEYFENCE_AUTHORITY_VAULT_H

#include "base/random.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VAULT_PASSPHRASE_MIN = 8,
    VAULT_PASSPHRASE_MAX = 1024,
    VAULT_FILE_MAX = 1024 * 1024, /* of a sealed file, and so nearly of what is in it */
    VAULT_NAME_MAX = 63,
};

struct vault;

/* How much work Argon2id does; stored in master.key. */
struct vault_cost {
    uint32_t operations;
    uint32_t memory_kib;
};
struct vault_cost vault_cost_default(void);

/* Opens folder, or makes it (0700) with a new master.key when neither is there. KF_ERR_DENIED: the
 * passphrase is wrong (or master.key is damaged: the two cannot be told apart). KF_ERR_USAGE: a
 * passphrase out of bounds. KF_ERR_NOT_FOUND: sealed files without their master.key. */
KF_MUST_USE enum kf_status vault_open(struct vault **out, const char *folder,
                                      const uint8_t *passphrase, size_t passphrase_length,
                                      struct vault_cost cost_when_new,
                                      const struct kf_random *random, struct kf_error *err);
void vault_free(struct vault *vault);

bool vault_has(const struct vault *vault, const char *name);

/* Seals two byte strings, a secret and what is public beside it, as the file `name`; replaces. */
KF_MUST_USE enum kf_status vault_write(struct vault *vault, const char *name, const uint8_t *secret,
                                       size_t secret_length, const uint8_t *public_part,
                                       size_t public_length, struct kf_error *err);

struct vault_item {
    uint8_t *memory; /* secret memory that holds both; kf_secret_free() it */
    const uint8_t *secret;
    size_t secret_length;
    const uint8_t *public_part;
    size_t public_length;
};
/* KF_ERR_NOT_FOUND, KF_ERR_FORGED (damaged, exchanged or sealed by another vault). */
KF_MUST_USE enum kf_status vault_read(struct vault_item *out, const struct vault *vault,
                                      const char *name, struct kf_error *err);

#endif
