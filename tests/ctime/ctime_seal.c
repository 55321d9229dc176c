/* Sealing and opening with secret keys and secret contents: nothing branches on them or indexes by
 * them. Whether a box is genuine is public; libsodium branches on that inside crypto_box_seal_open,
 * which sodium.supp names, and nothing else. */
#include "base/ct.h"
#include "base/secret.h"
#include "envelope/seal.h"
#include "envelope/wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum kf_status fill_secret(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 0x5c, length);
    kf_ct_secret(out, length);
    return KF_OK;
}

static void must(enum kf_status status, const char *what)
{
    if (status != KF_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, kf_status_name(status));
        exit(1);
    }
}

int main(void)
{
    static const struct kf_random random = {.fill = fill_secret, .context = NULL};
    static uint8_t sealed[SEAL_CUSTOMER_MAX];
    static uint8_t opened[SEAL_CUSTOMER_MAX];
    struct wrap_policy_key policy;
    struct seal_customer_context context = {.key_type = KEY_P256};
    uint8_t key[100];
    size_t length = 0;
    size_t opened_length = 0;

    must(kf_secret_init(), "init");
    must(wrap_policy_key_new(&policy, &random), "policy key");
    kf_ct_public(policy.public_key, sizeof policy.public_key); /* it is published */
    (void)snprintf(context.policy_id, sizeof context.policy_id, "%032d", 7);
    memset(key, 0x77, sizeof key);
    kf_ct_secret(key, sizeof key);

    must(seal_customer_key(sealed, sizeof sealed, &length, &context, key, sizeof key,
                           policy.public_key, &random, NULL),
         "seal");
    kf_ct_public(sealed, length); /* it goes to the store */
    must(seal_open_customer_key(opened, sizeof opened, &opened_length, &context, sealed, length,
                                policy.secret_key, NULL),
         "open");
    must(seal_machine_key(sealed, sizeof sealed, &length, "par-1", 1, key, sizeof key,
                          policy.public_key, &random, NULL),
         "seal a machine key");
    kf_ct_public(sealed, length);
    must(seal_open_machine_key(opened, sizeof opened, &opened_length, "par-1", 1, sealed, length,
                               policy.secret_key, NULL),
         "open a machine key");

    kf_ct_public(opened, opened_length);
    kf_ct_public(key, sizeof key);
    return opened_length == sizeof key && memcmp(opened, key, sizeof key) == 0 ? 0 : 1;
}
