#include "keyless/key_reference.h"

#include "base/cursor.h"

#include <sodium.h>
#include <string.h>

enum {
    TAG_INTEGER = 0x02,
    TAG_BIT_STRING = 0x03,
    TAG_OCTET_STRING = 0x04,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30
};
enum { VERSION = 1, PEM_LINE = 64 };

static const char pem_begin[] = "-----BEGIN " KEYLESS_REFERENCE_LABEL "-----";
static const char pem_end[] = "-----END " KEYLESS_REFERENCE_LABEL "-----";

/* X.690, 10.1: the length in the fewest octets. Up to two octets after the first are enough here.
 */
static enum kf_status read_length(size_t *out, struct kf_reader *r)
{
    uint8_t first = 0;
    uint8_t low = 0;
    uint16_t wide = 0;
    if (kf_read_u8(&first, r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    if (first < 0x80) {
        *out = first;
        return KF_OK;
    }
    if (first == 0x81 && kf_read_u8(&low, r) == KF_OK && low >= 0x80) {
        *out = low;
        return KF_OK;
    }
    if (first == 0x82 && kf_read_u16be(&wide, r) == KF_OK && wide > 0xFF) {
        *out = wide;
        return KF_OK;
    }
    return KF_ERR_MALFORMED;
}

/* One value with this tag; *out reads its contents. */
static enum kf_status read_value(struct kf_reader *out, uint8_t tag, struct kf_reader *r)
{
    uint8_t found = 0;
    size_t length = 0;
    const uint8_t *data = NULL;
    if (kf_read_u8(&found, r) != KF_OK || found != tag || read_length(&length, r) != KF_OK ||
        kf_read_bytes(&data, length, r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    *out = kf_reader_init(data, length);
    return KF_OK;
}

static void write_head(struct kf_writer *w, uint8_t tag, size_t length)
{
    kf_write_u8(w, tag);
    if (length < 0x80) {
        kf_write_u8(w, (uint8_t)length);
    } else if (length <= 0xFF) {
        kf_write_u8(w, 0x81);
        kf_write_u8(w, (uint8_t)length);
    } else {
        kf_write_u8(w, 0x82);
        kf_write_u16be(w, (uint16_t)length);
    }
}

static enum kf_status check_spki(const uint8_t *spki, size_t length)
{
    struct kf_reader body;
    struct kf_reader r = kf_reader_init(spki, length);
    if (length > KEYLESS_SPKI_MAX || read_value(&body, TAG_SEQUENCE, &r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    return kf_reader_finish(&r);
}

enum kf_status keyless_reference_read_der(struct keyless_reference *out, const uint8_t *der,
                                          size_t length)
{
    struct keyless_reference ref;
    struct kf_reader body;
    struct kf_reader value;
    uint8_t version = 0;
    struct kf_reader r = kf_reader_init(der, length);
    if (length > KEYLESS_REFERENCE_DER_MAX || read_value(&body, TAG_SEQUENCE, &r) != KF_OK ||
        kf_reader_finish(&r) != KF_OK || read_value(&value, TAG_INTEGER, &body) != KF_OK ||
        kf_read_u8(&version, &value) != KF_OK || kf_reader_finish(&value) != KF_OK ||
        version != VERSION || read_value(&value, TAG_OCTET_STRING, &body) != KF_OK ||
        kf_read_copy(ref.ski, sizeof ref.ski, &value) != KF_OK ||
        kf_reader_finish(&value) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    ref.spki.length = kf_reader_left(&body);
    if (kf_read_bytes(&ref.spki.data, ref.spki.length, &body) != KF_OK ||
        check_spki(ref.spki.data, ref.spki.length) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    *out = ref;
    return KF_OK;
}

enum kf_status keyless_reference_write_der(uint8_t *out, size_t *length, size_t capacity,
                                           const struct keyless_reference *reference)
{
    if (check_spki(reference->spki.data, reference->spki.length) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    struct kf_writer w = kf_writer_init(out, capacity);
    write_head(&w, TAG_SEQUENCE, 3 + 2 + KEYLESS_SKI_LENGTH + reference->spki.length);
    write_head(&w, TAG_INTEGER, 1);
    kf_write_u8(&w, VERSION);
    write_head(&w, TAG_OCTET_STRING, KEYLESS_SKI_LENGTH);
    kf_write_bytes(&w, reference->ski, KEYLESS_SKI_LENGTH);
    kf_write_bytes(&w, reference->spki.data, reference->spki.length);
    return kf_writer_finish(length, &w);
}

static void write_text(struct kf_writer *w, const char *text, size_t length)
{
    kf_write_bytes(w, (const uint8_t *)text, length);
}

enum kf_status keyless_reference_write_pem(char *out, size_t *length, size_t capacity,
                                           const struct keyless_reference *reference)
{
    uint8_t der[KEYLESS_REFERENCE_DER_MAX];
    char base64[sodium_base64_ENCODED_LEN(sizeof der, sodium_base64_VARIANT_ORIGINAL)];
    size_t der_length = 0;
    enum kf_status st = keyless_reference_write_der(der, &der_length, sizeof der, reference);
    if (st != KF_OK) {
        return st;
    }
    (void)sodium_bin2base64(base64, sizeof base64, der, der_length, sodium_base64_VARIANT_ORIGINAL);
    struct kf_writer w = kf_writer_init((uint8_t *)out, capacity);
    size_t left = strlen(base64);
    write_text(&w, pem_begin, sizeof pem_begin - 1);
    kf_write_u8(&w, '\n');
    for (const char *at = base64; left > 0;) {
        size_t n = left < PEM_LINE ? left : PEM_LINE;
        write_text(&w, at, n);
        kf_write_u8(&w, '\n');
        at += n;
        left -= n;
    }
    write_text(&w, pem_end, sizeof pem_end - 1);
    kf_write_u8(&w, '\n');
    kf_write_u8(&w, 0);
    size_t total = 0;
    st = kf_writer_finish(&total, &w);
    if (st == KF_OK) {
        *length = total - 1;
    }
    return st;
}

enum kf_status keyless_reference_pem_to_der(uint8_t *der, size_t *length, size_t capacity,
                                            const char *text, size_t text_length)
{
    const char *begin = memmem(text, text_length, pem_begin, sizeof pem_begin - 1);
    if (begin == NULL) {
        return KF_ERR_NOT_FOUND;
    }
    const char *body = begin + sizeof pem_begin - 1;
    const char *end =
        memmem(body, (size_t)(text + text_length - body), pem_end, sizeof pem_end - 1);
    if (end == NULL) {
        return KF_ERR_MALFORMED;
    }
    size_t n = 0;
    const char *stopped = NULL;
    if (sodium_base642bin(der, capacity, body, (size_t)(end - body), " \t\r\n", &n, &stopped,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        stopped != end) {
        return KF_ERR_MALFORMED;
    }
    *length = n;
    return KF_OK;
}

/* RFC 8017 A.1, RFC 5480 2.1.1, RFC 8410 3. */
static enum keyless_family family_of(const uint8_t *oid, size_t length)
{
    static const uint8_t rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
    static const uint8_t ec[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
    static const uint8_t ed25519[] = {0x2B, 0x65, 0x70};
    if (length == sizeof rsa && memcmp(oid, rsa, sizeof rsa) == 0) {
        return KEYLESS_FAMILY_RSA;
    }
    if (length == sizeof ec && memcmp(oid, ec, sizeof ec) == 0) {
        return KEYLESS_FAMILY_ECDSA;
    }
    if (length == sizeof ed25519 && memcmp(oid, ed25519, sizeof ed25519) == 0) {
        return KEYLESS_FAMILY_ED25519;
    }
    return KEYLESS_FAMILY_NONE;
}

enum kf_status keyless_spki_read(enum keyless_family *family, struct keyless_bytes *key_bits,
                                 const uint8_t *spki, size_t length)
{
    struct kf_reader body;
    struct kf_reader algorithm;
    struct kf_reader oid;
    struct kf_reader bits;
    struct keyless_bytes found = {0};
    const uint8_t *oid_bytes = NULL;
    uint8_t unused = 0;
    struct kf_reader r = kf_reader_init(spki, length);
    if (length > KEYLESS_SPKI_MAX || read_value(&body, TAG_SEQUENCE, &r) != KF_OK ||
        kf_reader_finish(&r) != KF_OK || read_value(&algorithm, TAG_SEQUENCE, &body) != KF_OK ||
        read_value(&oid, TAG_OID, &algorithm) != KF_OK ||
        read_value(&bits, TAG_BIT_STRING, &body) != KF_OK || kf_reader_finish(&body) != KF_OK ||
        kf_read_u8(&unused, &bits) != KF_OK || unused != 0) {
        return KF_ERR_MALFORMED;
    }
    size_t oid_length = kf_reader_left(&oid);
    found.length = kf_reader_left(&bits);
    if (kf_read_bytes(&oid_bytes, oid_length, &oid) != KF_OK ||
        kf_read_bytes(&found.data, found.length, &bits) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    *family = family_of(oid_bytes, oid_length);
    *key_bits = found;
    return KF_OK;
}
