/* From a key file to a key, in the two steps that OpenSSL's store wants: PEM to DER, for a block
 * with our label; DER to a key of the right type. A block that is not ours is no error: another
 * decoder's turn. */
#include "key_int.h"
#include "keyless/key_reference.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <string.h>

enum { NOT_OURS = 1 };

static void *decoder_new(void *provctx)
{
    return provctx;
}

static void decoder_free(void *ctx)
{
    (void)ctx;
}

static int decoder_does_selection(void *provctx, int selection)
{
    (void)provctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
}

static OSSL_PARAM text_param(const char *name, const char *text)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)text, 0);
}

static int emit_der(const uint8_t *der, size_t length, OSSL_CALLBACK *emit, void *emit_arg)
{
    struct keyless_reference r;
    struct keyless_bytes bits;
    enum keyless_family family = KEYLESS_FAMILY_NONE;
    int type = OSSL_OBJECT_PKEY;
    if (keyless_reference_read_der(&r, der, length) != KF_OK ||
        keyless_spki_read(&family, &bits, r.spki.data, r.spki.length) != KF_OK ||
        key_type_name(family) == NULL) {
        return NOT_OURS;
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        text_param(OSSL_OBJECT_PARAM_DATA_TYPE, key_type_name(family)),
        text_param(OSSL_OBJECT_PARAM_DATA_STRUCTURE, PROVIDER_STRUCTURE),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, (void *)(uintptr_t)der, length),
        OSSL_PARAM_construct_end(),
    };
    return emit(params, emit_arg);
}

static int decode_pem(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *emit,
                      void *emit_arg, OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_arg)
{
    const struct provider *p = ctx;
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long length = 0;
    int result = NOT_OURS;
    (void)selection;
    (void)passphrase;
    (void)passphrase_arg;
    BIO *bio = BIO_new_from_core_bio(p->libctx, in);
    if (bio == NULL) {
        return RAISE(p, REASON_MEMORY, "out of memory");
    }
    (void)ERR_set_mark();
    int found = PEM_read_bio(bio, &name, &header, &der, &length);
    (void)ERR_pop_to_mark();
    if (found == 1 && strcmp(name, KEYLESS_REFERENCE_LABEL) == 0) {
        result = emit_der(der, (size_t)length, emit, emit_arg);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    return result;
}

/* All of the input, which is at most one reference long. False when it is longer, or fails. */
static bool read_all(uint8_t *out, size_t *length, size_t capacity, const struct provider *p,
                     OSSL_CORE_BIO *in)
{
    BIO *bio = BIO_new_from_core_bio(p->libctx, in);
    size_t total = 0;
    size_t n = 0;
    if (bio == NULL) {
        return false;
    }
    while (total < capacity && BIO_read_ex(bio, out + total, capacity - total, &n) == 1) {
        total += n;
    }
    BIO_free(bio);
    *length = total;
    return total < capacity;
}

static int emit_key(struct key *key, OSSL_CALLBACK *emit, void *emit_arg)
{
    int type = OSSL_OBJECT_PKEY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        text_param(OSSL_OBJECT_PARAM_DATA_TYPE, key_type_name(key->family)),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof key),
        OSSL_PARAM_construct_end(),
    };
    int result = emit(params, emit_arg);
    key_free(key); /* NULL when it was taken: see keymgmt's load */
    return result;
}

static int decode_der(void *ctx, OSSL_CORE_BIO *in, OSSL_CALLBACK *emit, void *emit_arg,
                      enum keyless_family family)
{
    const struct provider *p = ctx;
    uint8_t der[KEYLESS_REFERENCE_DER_MAX + 1];
    size_t length = 0;
    struct keyless_reference r;
    struct keyless_bytes bits;
    enum keyless_family found = KEYLESS_FAMILY_NONE;
    if (!read_all(der, &length, sizeof der, p, in) ||
        keyless_reference_read_der(&r, der, length) != KF_OK ||
        keyless_spki_read(&found, &bits, r.spki.data, r.spki.length) != KF_OK || found != family) {
        return NOT_OURS;
    }
    struct key *key = key_from_reference(p, der, length);
    return key == NULL ? 0 : emit_key(key, emit, emit_arg);
}

static int decode_rsa(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *emit,
                      void *emit_arg, OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_arg)
{
    (void)selection;
    (void)passphrase;
    (void)passphrase_arg;
    return decode_der(ctx, in, emit, emit_arg, KEYLESS_FAMILY_RSA);
}

static int decode_ec(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *emit,
                     void *emit_arg, OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_arg)
{
    (void)selection;
    (void)passphrase;
    (void)passphrase_arg;
    return decode_der(ctx, in, emit, emit_arg, KEYLESS_FAMILY_ECDSA);
}

static int decode_ed25519(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *emit,
                          void *emit_arg, OSSL_PASSPHRASE_CALLBACK *passphrase,
                          void *passphrase_arg)
{
    (void)selection;
    (void)passphrase;
    (void)passphrase_arg;
    return decode_der(ctx, in, emit, emit_arg, KEYLESS_FAMILY_ED25519);
}

#define DECODER(decode)                                                                            \
    {                                                                                              \
        {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))decoder_new},                                   \
            {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))decoder_free},                             \
            {OSSL_FUNC_DECODER_DOES_SELECTION, (void (*)(void))decoder_does_selection},            \
            {OSSL_FUNC_DECODER_DECODE, (void (*)(void))(decode)}, {0, NULL},                       \
    }

static const OSSL_DISPATCH pem_functions[] = DECODER(decode_pem);
static const OSSL_DISPATCH rsa_functions[] = DECODER(decode_rsa);
static const OSSL_DISPATCH ec_functions[] = DECODER(decode_ec);
static const OSSL_DISPATCH ed25519_functions[] = DECODER(decode_ed25519);

#define DER_PROPERTIES PROVIDER_PROPERTIES ",input=der,structure=" PROVIDER_STRUCTURE

const OSSL_ALGORITHM provider_decoders[] = {
    {"DER", PROVIDER_PROPERTIES ",input=pem", pem_functions, "Keyfence key reference, PEM"},
    {"RSA:rsaEncryption", DER_PROPERTIES, rsa_functions, "Keyfence key reference, RSA"},
    {"EC:id-ecPublicKey", DER_PROPERTIES, ec_functions, "Keyfence key reference, EC"},
    {"ED25519", DER_PROPERTIES, ed25519_functions, "Keyfence key reference, Ed25519"},
    {NULL, NULL, NULL, NULL},
};
