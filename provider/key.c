#include "key_int.h"

#include "keyless/key_reference.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct key *key_new(const struct provider *p, enum keyless_family family)
{
    struct key *k = calloc(1, sizeof *k);
    if (k == NULL) {
        (void)RAISE(p, REASON_MEMORY, "out of memory");
        return NULL;
    }
    atomic_init(&k->references, 1);
    k->provider = p;
    k->family = family;
    return k;
}

struct key *key_ref(struct key *key)
{
    atomic_fetch_add(&key->references, 1);
    return key;
}

void key_free(struct key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->references, 1) != 1) {
        return;
    }
    EVP_PKEY_free(key->public_key);
    free(key);
}

void key_set_public(struct key *key, EVP_PKEY *public_key)
{
    EVP_PKEY_free(key->public_key);
    key->public_key = public_key;
    key->size = (size_t)EVP_PKEY_get_size(public_key);
}

const char *key_type_name(enum keyless_family family)
{
    switch (family) {
    case KEYLESS_FAMILY_RSA:
        return "RSA";
    case KEYLESS_FAMILY_ECDSA:
        return "EC";
    case KEYLESS_FAMILY_ED25519:
        return "ED25519";
    case KEYLESS_FAMILY_NONE:
        break;
    }
    return NULL;
}

static bool ski_matches(const struct provider *p, const struct keyless_reference *r,
                        struct keyless_bytes key_bits)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t length = 0;
    return EVP_Q_digest(p->libctx, "SHA1", NULL, key_bits.data, key_bits.length, hash, &length) ==
               1 &&
           length == sizeof r->ski && memcmp(hash, r->ski, length) == 0;
}

static EVP_PKEY *load_public(const struct provider *p, struct keyless_bytes spki)
{
    const unsigned char *at = spki.data;
    EVP_PKEY *pk = d2i_PUBKEY_ex(NULL, &at, (long)spki.length, p->libctx, NULL);
    if (pk != NULL && at != spki.data + spki.length) {
        EVP_PKEY_free(pk);
        return NULL;
    }
    return pk;
}

struct key *key_from_reference(const struct provider *p, const uint8_t *der, size_t length)
{
    struct keyless_reference r;
    struct keyless_bytes bits;
    enum keyless_family family = KEYLESS_FAMILY_NONE;
    if (keyless_reference_read_der(&r, der, length) != KF_OK ||
        keyless_spki_read(&family, &bits, r.spki.data, r.spki.length) != KF_OK) {
        (void)RAISE(p, REASON_BAD_REFERENCE, "it does not parse");
        return NULL;
    }
    if (!ski_matches(p, &r, bits)) {
        (void)RAISE(p, REASON_BAD_REFERENCE, "its identifier is not that of its public key");
        return NULL;
    }
    EVP_PKEY *public_key = family == KEYLESS_FAMILY_NONE ? NULL : load_public(p, r.spki);
    if (public_key == NULL) {
        (void)RAISE(p, REASON_UNSUPPORTED, "a key that is not RSA, EC or Ed25519");
        return NULL;
    }
    struct key *k = key_new(p, family);
    if (k == NULL) {
        EVP_PKEY_free(public_key);
        return NULL;
    }
    key_set_public(k, public_key);
    if (k->size > KEYLESS_SIGNATURE_MAX) {
        (void)RAISE(p, REASON_UNSUPPORTED, "an RSA key longer than 4096 bits");
        key_free(k);
        return NULL;
    }
    memcpy(k->ski, r.ski, sizeof k->ski);
    k->has_private = true;
    return k;
}
