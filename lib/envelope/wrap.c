#include "envelope/wrap.h"

#include "base/ct.h"
#include "base/cursor.h"
#include "base/secret.h"
#include "cpabe/kf.h"

#include <string.h>

static const char domain[] = "keyfence policy key v1";

enum {
    DOMAIN_LENGTH = sizeof domain - 1,
    ID_LENGTH = RECORD_POLICY_ID_SIZE - 1,
    PLAIN_SIZE = DOMAIN_LENGTH + 2 + ID_LENGTH + 2 * SEAL_KEY_SIZE,
};

enum kf_status wrap_policy_key_new(struct wrap_policy_key *out, const struct kf_random *random)
{
    return seal_keypair(out->public_key, out->secret_key, random);
}

KF_MUST_USE static enum kf_status write_plain(uint8_t plain[static PLAIN_SIZE],
                                              const char *policy_id,
                                              const struct wrap_policy_key *key)
{
    struct kf_writer w = kf_writer_init(plain, PLAIN_SIZE);
    kf_write_bytes(&w, (const uint8_t *)domain, DOMAIN_LENGTH);
    kf_write_u16be(&w, ID_LENGTH);
    kf_write_bytes(&w, (const uint8_t *)policy_id, ID_LENGTH);
    kf_write_bytes(&w, key->public_key, sizeof key->public_key);
    kf_write_bytes(&w, key->secret_key, sizeof key->secret_key);
    size_t length = 0;
    return kf_writer_finish(&length, &w);
}

enum kf_status wrap_policy_key_seal(uint8_t *out, size_t capacity, size_t *length,
                                    const struct wrap_policy_key *key,
                                    const char policy_id[static RECORD_POLICY_ID_SIZE],
                                    const char *policy, const struct cpabe_public_key *master,
                                    const struct kf_random *random, struct kf_error *err)
{
    if (strlen(policy_id) != ID_LENGTH)
        return kf_fail(err, KF_ERR_USAGE, "not a policy id: %s", policy_id);
    uint8_t *plain = kf_secret_new(PLAIN_SIZE);
    if (!plain)
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory (see ulimit -l)");
    uint8_t *ciphertext = NULL;
    size_t ciphertext_length = 0;
    struct cpabe_error problem = {0};
    struct kf_random borrowed = *random;
    const struct cpabe_random source = kf_cpabe_random(&borrowed);
    enum kf_status status = write_plain(plain, policy_id, key);
    if (status == KF_OK)
        status = kf_from_cpabe(cpabe_encrypt_text(&ciphertext, &ciphertext_length, master, policy,
                                                  plain, PLAIN_SIZE, &source, &problem));
    kf_secret_free(plain);
    if (status != KF_OK)
        return kf_fail(err, status, "the policy key cannot be wrapped: %s",
                       problem.message[0] ? problem.message : kf_status_name(status));
    if (ciphertext_length > capacity) {
        status = kf_fail(err, KF_ERR_LIMIT,
                         "the policy is too large: its wrapped key takes %zu bytes, %zu fit",
                         ciphertext_length, capacity);
    } else {
        memcpy(out, ciphertext, ciphertext_length);
        *length = ciphertext_length;
    }
    cpabe_free(ciphertext);
    return status;
}

KF_MUST_USE static enum kf_status read_plain(struct wrap_policy_key *out, const char *policy_id,
                                             const uint8_t *public_key, const uint8_t *plain,
                                             size_t length, struct kf_error *err)
{
    if (length != PLAIN_SIZE)
        return kf_fail(err, KF_ERR_FORGED, "what is wrapped under the policy is no policy key");
    struct wrap_policy_key expected;
    memcpy(expected.public_key, public_key, SEAL_KEY_SIZE);
    memcpy(expected.secret_key, plain + PLAIN_SIZE - SEAL_KEY_SIZE, SEAL_KEY_SIZE);
    uint8_t wanted[PLAIN_SIZE];
    enum kf_status status = write_plain(wanted, policy_id, &expected);
    uint8_t derived[SEAL_KEY_SIZE];
    if (status == KF_OK)
        status = seal_public(derived, expected.secret_key);
    if (status == KF_OK) {
        uint64_t same = kf_ct_bytes_equal(wanted, plain, PLAIN_SIZE) &
                        kf_ct_bytes_equal(derived, public_key, SEAL_KEY_SIZE);
        kf_ct_public(&same, sizeof same); /* whether it opens is what the caller reports */
        if (same)
            *out = expected;
        else
            status = kf_fail(err, KF_ERR_FORGED, "the wrapped key belongs to another policy");
    }
    kf_wipe(&expected, sizeof expected);
    kf_wipe(wanted, sizeof wanted);
    return status;
}

enum kf_status wrap_policy_key_open(struct wrap_policy_key *out,
                                    const char policy_id[static RECORD_POLICY_ID_SIZE],
                                    const uint8_t public_key[static SEAL_KEY_SIZE],
                                    const uint8_t *ciphertext, size_t length,
                                    const struct cpabe_attribute_key *attributes,
                                    struct kf_error *err)
{
    kf_wipe(out, sizeof *out);
    if (strlen(policy_id) != ID_LENGTH)
        return kf_fail(err, KF_ERR_USAGE, "not a policy id: %s", policy_id);
    uint8_t *plain = kf_secret_new(PLAIN_SIZE);
    if (!plain)
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory (see ulimit -l)");
    size_t plain_length = 0;
    enum kf_status status = kf_from_cpabe(
        cpabe_decrypt(plain, PLAIN_SIZE, &plain_length, attributes, ciphertext, length));
    if (status == KF_ERR_LIMIT)
        status = KF_ERR_FORGED; /* a message longer than any policy key */
    if (status == KF_OK)
        status = read_plain(out, policy_id, public_key, plain, plain_length, err);
    else if (status == KF_ERR_UNSATISFIED)
        status =
            kf_fail(err, status, "this machine's attributes do not satisfy policy %s", policy_id);
    else
        status = kf_fail(err, status, "the wrapped key of policy %s does not open: %s", policy_id,
                         kf_status_name(status));
    kf_secret_free(plain);
    return status;
}
