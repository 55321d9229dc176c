#include "apply.h"

#include "base/cursor.h"
#include "envelope/feed.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_REVISION_OFFSET = 4 + 1 + 1 }; /* magic, kind, flags */

static bool for_another_machine(const struct apply_context *context, const struct record *record)
{
    char prefix[RECORD_KEY_SIZE];
    int n = snprintf(prefix, sizeof prefix, "machinekey/%s/", context->machine);
    return record->kind == RECORD_MACHINE_KEY && strncmp(record->key, prefix, (size_t)n) != 0;
}

/* What a record of an unknown kind says of itself: good enough to know where to ask next. */
KF_MUST_USE static enum kf_status stated_revision(uint64_t *out, const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    const uint8_t *head = NULL;
    enum kf_status status = kf_read_bytes(&head, RECORD_REVISION_OFFSET, &r);
    return status == KF_OK ? kf_read_u64be(out, &r) : status;
}

KF_MUST_USE static enum kf_status apply_record(struct apply_outcome *out, struct store_txn *txn,
                                               const struct apply_context *context,
                                               const uint8_t *data, size_t length,
                                               struct kf_error *err)
{
    struct record record;
    enum kf_status status = record_open(&record, data, length, context->records_public, err);
    if (status == KF_ERR_UNSUPPORTED) {
        out->unknown++;
        return stated_revision(&out->position, data, length);
    }
    if (status != KF_OK)
        return status;
    if (for_another_machine(context, &record)) {
        out->position = record.revision;
        return KF_OK;
    }
    const struct store_entry entry = {.key = record.key,
                                      .revision = record.revision,
                                      .tombstone = record.tombstone,
                                      .value = data,
                                      .length = length};
    status = store_txn_apply(txn, &entry, err);
    if (status != KF_OK)
        return status;
    out->applied++;
    out->position = record.revision;
    if (record.kind == RECORD_CERTIFICATE || record.kind == RECORD_CUSTOMER_KEY)
        out->certificates = true;
    return KF_OK;
}

KF_MUST_USE static enum kf_status apply_all(struct apply_outcome *out, struct store_txn *txn,
                                            const struct apply_context *context,
                                            const uint8_t *body, size_t length,
                                            struct kf_error *err)
{
    struct kf_reader r = kf_reader_init(body, length);
    for (;;) {
        const uint8_t *record = NULL;
        size_t record_length = 0;
        enum kf_status status = feed_next(&record, &record_length, &r);
        if (status == KF_ERR_NOT_FOUND)
            return KF_OK;
        if (status != KF_OK)
            return kf_fail(err, status, "the response is not a sequence of records");
        status = apply_record(out, txn, context, record, record_length, err);
        if (status != KF_OK)
            return status;
    }
}

static bool refused(enum kf_status status)
{
    return status == KF_ERR_FORGED || status == KF_ERR_STALE || status == KF_ERR_MALFORMED ||
           status == KF_ERR_LIMIT;
}

enum kf_status apply_body(struct apply_outcome *out, const struct apply_context *context,
                          const uint8_t *store_id, const uint8_t *body, size_t length,
                          struct kf_error *err)
{
    struct apply_outcome outcome = {0};
    struct store_txn *txn = NULL;
    *out = outcome;
    enum kf_status status = store_begin(&txn, context->replica, err);
    if (status != KF_OK)
        return status;
    enum kf_status verdict = apply_all(&outcome, txn, context, body, length, err);
    if ((verdict != KF_OK && !refused(verdict)) || outcome.applied == 0) {
        store_txn_abort(txn);
        if (verdict == KF_OK)
            *out = outcome;
        return verdict;
    }
    status = store_id ? store_txn_adopt_id(txn, store_id, err) : KF_OK;
    if (status != KF_OK) {
        store_txn_abort(txn);
        return status;
    }
    status = store_txn_commit(txn, verdict == KF_OK ? err : NULL);
    if (status != KF_OK)
        return verdict == KF_OK ? status : kf_fail(err, status, "the replica cannot be written");
    *out = outcome;
    return verdict;
}
