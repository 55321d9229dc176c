/* A stream of Keyless frames: whatever is read is written again and reads the same; a key reference
 * from the same bytes likewise. */
#include "keyless/frame.h"
#include "keyless/key_reference.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_message(const struct keyless_message *m)
{
    static uint8_t again[2 * KEYLESS_FRAME_MAX];
    static uint8_t third[2 * KEYLESS_FRAME_MAX];
    struct keyless_message back;
    size_t n = 0;
    size_t n3 = 0;
    (void)keyless_request_check(m);
    if (keyless_frame_write(again, &n, sizeof again, m) != KF_OK) {
        return;
    }
    check(keyless_frame_read(&back, again, n) == KF_OK);
    check(back.id == m->id && back.opcode == m->opcode && back.error == m->error);
    check(back.has_deadline == m->has_deadline && back.deadline_ms == m->deadline_ms);
    check(keyless_bytes_equal(back.payload, m->payload) && keyless_bytes_equal(back.ski, m->ski));
    check(keyless_bytes_equal(back.reason, m->reason));
    check(keyless_frame_write(third, &n3, sizeof third, &back) == KF_OK);
    check(n == n3 && memcmp(again, third, n) == 0);
}

static void check_reference(const uint8_t *data, size_t size)
{
    uint8_t der[KEYLESS_REFERENCE_DER_MAX];
    size_t n = 0;
    struct keyless_reference r;
    enum keyless_family family;
    struct keyless_bytes bits;
    if (keyless_reference_read_der(&r, data, size) == KF_OK) {
        check(keyless_reference_write_der(der, &n, sizeof der, &r) == KF_OK);
        check(n == size && memcmp(der, data, n) == 0);
        if (keyless_spki_read(&family, &bits, r.spki.data, r.spki.length) == KF_OK) {
            check(bits.length < r.spki.length);
        }
    }
    if (keyless_reference_pem_to_der(der, &n, sizeof der, (const char *)data, size) == KF_OK) {
        check(n <= sizeof der);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reference(data, size);
    while (size > 0) {
        size_t needed = 0;
        struct keyless_message m;
        if (keyless_frame_measure(&needed, data, size, KEYLESS_BODY_MAX) != KF_OK ||
            needed > size) {
            break;
        }
        if (keyless_frame_read(&m, data, needed) == KF_OK) {
            check_message(&m);
        }
        data += needed;
        size -= needed;
    }
    return 0;
}
