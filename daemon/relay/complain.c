/* Log lines about requests that could not be served.
 *
 * One line for each key and error in half a minute, and no more than a few a second in all, so that
 * a busy host name whose policy nothing satisfies says it clearly and does not fill the log. */
#include "relay.h"

#include "log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 512, REPEAT_S = 30, PER_SECOND = 2, BURST = 10 };

struct relay_complaints {
    struct {
        uint8_t ski[RECORD_SKI_SIZE];
        uint8_t error;
        uint64_t at_ns; /* 0: free */
    } slots[SLOTS];
    struct route_bucket rate;
};

enum kf_status relay_complaints_new(struct relay *relay)
{
    relay->complaints = calloc(1, sizeof *relay->complaints);
    if (relay->complaints == NULL)
        return KF_ERR_MEMORY;
    route_bucket_init(&relay->complaints->rate, PER_SECOND, BURST, net_loop_now_ns(relay->loop));
    return KF_OK;
}

void relay_complaints_free(struct relay *relay)
{
    free(relay->complaints);
    relay->complaints = NULL;
}

bool relay_complain(struct relay *relay, const uint8_t *ski, uint8_t error, char *what, size_t size)
{
    struct relay_complaints *c = relay->complaints;
    uint64_t now = net_loop_now_ns(relay->loop);
    /* The identifier is a hash already: two of its bytes choose the slot. */
    uint32_t slot = ((uint32_t)ski[0] << 8 | ski[1]) % SLOTS;
    bool same = c->slots[slot].at_ns != 0 && c->slots[slot].error == error &&
                memcmp(c->slots[slot].ski, ski, RECORD_SKI_SIZE) == 0;
    if (same && now - c->slots[slot].at_ns < (uint64_t)REPEAT_S * 1000000000u)
        return false;
    if (!route_bucket_take(&c->rate, now))
        return false;
    memcpy(c->slots[slot].ski, ski, RECORD_SKI_SIZE);
    c->slots[slot].error = error;
    c->slots[slot].at_ns = now;
    char certificate[RECORD_KEY_SIZE], policy[440], hex[2 * RECORD_SKI_SIZE + 1];
    /* Of a key that is not there no certificate is known either. */
    if (error != KEYLESS_ERR_KEY_NOT_FOUND &&
        replica_describe(relay->replica, certificate, sizeof certificate, policy, sizeof policy,
                         ski))
        snprintf(what, size, "certificate %s (policy `%s`)", certificate, policy);
    else
        snprintf(what, size, "key %s", sodium_bin2hex(hex, sizeof hex, ski, RECORD_SKI_SIZE));
    return true;
}
