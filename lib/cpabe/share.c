/* Sharing of a vector along a circuit. An AND gate's children are a fresh uniform vector and the
 * difference to the gate's own: either alone is uniform, whatever the gate's is. (An earlier CIRCL
 * gave one child everything and the other nothing. Honest decryption cannot tell; but the wildcard
 * leaf of the Boneh-Katz transform, which every key can use, then opened every policy.) An OR
 * gate's children both have the gate's. */
#include "tkn20_int.h"

enum kf_status tkn_share(struct bls_fr (*shares)[TKN_K], const struct policy *policy,
                         const struct kf_random *random)
{
    /* outputs before inputs, and in the order in which CIRCL draws */
    for (size_t i = policy->gate_count; i-- > 0;) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        struct bls_fr *in0 = shares[gate->in0];
        struct bls_fr *in1 = shares[gate->in1];
        const struct bls_fr *out = shares[gate->out];
        if (gate->class == POLICY_AND) {
            enum kf_status s = tkn_matrix_random(in0, TKN_K, random);
            if (s != KF_OK) {
                return s;
            }
        }
        for (size_t j = 0; j < TKN_K; j++) {
            if (gate->class == POLICY_AND) {
                bls_fr_sub(&in1[j], &out[j], &in0[j]);
            } else {
                in0[j] = out[j];
                in1[j] = out[j];
            }
        }
    }
    return KF_OK;
}
