/* RSA key exchange: the decrypted block is secret, and so is whether its padding is right. */
#include "premaster_int.h"

#include "base/ct.h"

#include <stdio.h>
#include <string.h>

enum { LENGTH = 256 };

/* Also a badly padded block, since the branch to be afraid of is the one taken then. */
static void run(size_t spoil)
{
    uint8_t block[LENGTH];
    uint8_t random[PREMASTER_LENGTH];
    uint8_t out[PREMASTER_LENGTH];
    memset(block, 0x77, sizeof block);
    memset(random, 0xA5, sizeof random);
    block[0] = 0;
    block[1] = 2;
    block[LENGTH - PREMASTER_LENGTH - 1] = 0;
    block[LENGTH - PREMASTER_LENGTH] = 3;
    block[LENGTH - PREMASTER_LENGTH + 1] = 3;
    block[spoil] ^= 0x77;
    kf_ct_secret(block, sizeof block);
    kf_ct_secret(random, sizeof random);
    premaster_take(out, block, sizeof block, random, 0x0303, 0x0303);
    kf_ct_public(out, sizeof out); /* the test itself looks at the result */
    (void)printf("%s\n", out[PREMASTER_LENGTH - 1] == 0xA5 ? "replaced" : "taken");
}

int main(void)
{
    run(LENGTH - 1); /* part of the secret: nothing spoilt */
    run(0);
    run(20);
    run(LENGTH - PREMASTER_LENGTH);
    return 0;
}
