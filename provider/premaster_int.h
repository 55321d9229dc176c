/* RSA key exchange of TLS 1.2 and before: the premaster secret out of a raw RSA decryption.
 *
 * Constant-time in the decryption, which is secret, and in whether it is well formed: that an
 * attacker must not learn (Bleichenbacher 1998; RFC 5246, 7.4.7.1: a badly formed one is replaced
 * by a random one, and the handshake goes on to fail at the Finished message). */
#ifndef KEYFENCE_PROVIDER_PREMASTER_INT_H
#define KEYFENCE_PROVIDER_PREMASTER_INT_H

#include <stddef.h>
#include <stdint.h>

enum { PREMASTER_LENGTH = 48, PREMASTER_MODULUS_MIN = 11 + PREMASTER_LENGTH };

/* block: 00 02 PS 00 SECRET, as long as the modulus (at least PREMASTER_MODULUS_MIN bytes). The
 * secret begins with the version that the client offered, or, where a peer with an old bug is
 * tolerated, with the one agreed on (other_version; give the same twice otherwise). random holds
 * PREMASTER_LENGTH fresh random bytes, which are the result when anything is wrong. */
void premaster_take(uint8_t out[static PREMASTER_LENGTH], const uint8_t *block, size_t length,
                    const uint8_t random[static PREMASTER_LENGTH], uint16_t version,
                    uint16_t other_version);

#endif
