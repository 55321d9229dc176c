/* The mistake, in a test alone: an AND gate gives everything to its first child and zero to the
 * other. It stands in for lib/cpabe/share.c, so that the attack is seen to work where it can. */
#include "attack.h"

#include "cpabe/tkn20_int.h"

const bool sharing_is_broken = true;

enum kf_status tkn_share(struct bls_fr (*shares)[TKN_K], const struct policy *policy,
                         const struct kf_random *random)
{
    (void)random;
    for (size_t i = policy->gate_count; i-- > 0;) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        for (size_t j = 0; j < TKN_K; j++) {
            shares[gate->in0][j] = shares[gate->out][j];
            shares[gate->in1][j] =
                gate->class == POLICY_OR ? shares[gate->out][j] : (struct bls_fr){{0}};
        }
    }
    return KF_OK;
}
