/* Whatever is accepted has one form: a record, a payload or a feed that parses is written again and
 * must be the same bytes. The first byte chooses: 0 a record, 1 to 9 a payload of that kind, else a
 * feed's body. */
#include "envelope/feed.h"
#include "envelope/payload.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[RECORD_MAX];

static void same(enum kf_status status, const uint8_t *data, size_t size, size_t length)
{
    if (status != KF_OK || length != size || memcmp(again, data, size) != 0)
        abort();
}

/* ROUND(machine) decodes, and when that succeeds encodes and compares. */
#define ROUND(name)                                                                                \
    do {                                                                                           \
        static struct payload_##name value;                                                        \
        size_t length_ = 0;                                                                        \
        if (payload_##name##_decode(&value, data, size, NULL) == KF_OK) {                          \
            enum kf_status status_ =                                                               \
                payload_##name##_encode(again, sizeof again, &length_, &value, NULL);              \
            same(status_, data, size, length_);                                                    \
        }                                                                                          \
    } while (0)

static void fuzz_payload(enum record_kind kind, const uint8_t *data, size_t size)
{
    switch (kind) {
    case RECORD_GENERATION:
        ROUND(generation);
        break;
    case RECORD_DATACENTER:
        ROUND(datacenter);
        break;
    case RECORD_MACHINE:
        ROUND(machine);
        break;
    case RECORD_MACHINE_KEY:
        ROUND(machine_key);
        break;
    case RECORD_POLICY_KEY:
        ROUND(policy_key);
        break;
    case RECORD_POLICY_WRAP:
        ROUND(policy_wrap);
        break;
    case RECORD_CERTIFICATE:
        ROUND(certificate);
        break;
    case RECORD_CUSTOMER_KEY:
        ROUND(customer_key);
        break;
    case RECORD_HEARTBEAT:
        ROUND(heartbeat);
        break;
    }
}

static void fuzz_record(const uint8_t *data, size_t size)
{
    static const uint8_t seed[RECORD_SEED_SIZE] = {1};
    uint8_t public_key[RECORD_PUBLIC_SIZE];
    uint8_t secret_key[RECORD_SECRET_SIZE];
    struct record record;
    size_t length = 0;
    if (record_keypair(public_key, secret_key, seed) != KF_OK)
        abort();
    /* Nobody but the holder of the key makes a record that opens. */
    if (record_parse(&record, data, size, NULL) != KF_OK)
        return;
    if (record_sign(again, sizeof again, &length, &record, secret_key, NULL) != KF_OK)
        abort();
    if (length != size || memcmp(again, data, size - RECORD_SIGNATURE_SIZE) != 0)
        abort();
    bool mine = memcmp(again, data, size) == 0;
    if ((record_open(&record, data, size, public_key, NULL) == KF_OK) != mine)
        abort();
    if (!record.tombstone)
        fuzz_payload(record.kind, record.payload, record.payload_length);
}

static void fuzz_feed(const uint8_t *data, size_t size)
{
    static uint8_t body[FEED_BODY_MAX];
    struct kf_reader r = kf_reader_init(data, size);
    struct kf_writer w = kf_writer_init(body, sizeof body);
    const uint8_t *record = NULL;
    size_t length = 0;
    enum kf_status status = feed_next(&record, &length, &r);
    for (; status == KF_OK; status = feed_next(&record, &length, &r))
        if (feed_append(&w, record, length) != KF_OK)
            return; /* longer than a body may be */
    if (status == KF_ERR_NOT_FOUND && (w.length != size || memcmp(body, data, size) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t choice = data[0];
    if (choice == 0)
        fuzz_record(data + 1, size - 1);
    else if (choice <= RECORD_HEARTBEAT)
        fuzz_payload((enum record_kind)choice, data + 1, size - 1);
    else
        fuzz_feed(data + 1, size - 1);
    return 0;
}
