/* The matrices of the transform's label, which is in every policy and every key.
 * Made by tests/unit/cpabe/test_matrices.c, whose test makes them again. */
#include "matrices_int.h"

const struct tkn_matrices tkn_transform_matrices =
    {
        .cleared = true,
        .u0 =
            {
                {
                    .x = {{0xfe689e2384970162, 0xdef3cc67065a5512, 0x238a170d64b6695c,
                           0x4184885d84ad109b, 0x649774c14a1dd755, 0x0c9eeb9ed855f5a2}},
                    .y = {{0x0597e5feda941ad1, 0xf6bef9f6a7925eee, 0x53f22f8a322f6c48,
                           0x012ae174417192e5, 0xd34ce88f3b17b394, 0x11953e460a116e55}},
                },
                {
                    .x = {{0x3fb2b3a518c0b9c7, 0xa0582ee96bcd4784, 0x5c894168359039b6,
                           0xf61b91275732a330, 0x235051bf0d58294e, 0x1690462017f0834e}},
                    .y = {{0x5fce2ace9daa1db0, 0xc90689223374ef83, 0x148ce83ebfb0c478,
                           0xdbb63231d2f0371e, 0xedc2d4fb6febee12, 0x08f307e1352072ae}},
                },
                {
                    .x = {{0x4d68ebd63ee2346d, 0xb0a666fbc24e5308, 0x12350b60907d5f54,
                           0xeb3bef1d335be880, 0x8f1623cc5a47a435, 0x0d23d31eb8f8a1ab}},
                    .y = {{0xfbd454142b1b42d3, 0x5bca90d8103f50c9, 0x0e4d86c0c0142d4e,
                           0x3af69d4ea1093c1e, 0xc0a42339bd4c42cf, 0x0acd7542f7a037c8}},
                },
                {
                    .x = {{0x2aaa166c0620ddac, 0xa21db1fa83ed1f4a, 0x40d92e337cdd5844,
                           0x63a213702d7bdc07, 0x2250f0acdcf617fb, 0x035bf518b3ce1299}},
                    .y = {{0x12ebd38525f5fe3c, 0x5a242ff667ce3f2f, 0x3f1d162ec35d28f0,
                           0xcf1c9caef18aaf92, 0xc97744921dd93516, 0x026834e5b3a75a98}},
                },
                {
                    .x = {{0x8566271d55a420e4, 0x12556679a0b50284, 0x698af480b5375e93,
                           0xf7d26636e7d22dab, 0xda5cd46b0770aaee, 0x159359a9c42fee14}},
                    .y = {{0xe6ca92cc24fa1c19, 0x9035445b08e6e856, 0x48863064a3b1830e,
                           0x0c811b674befae1b, 0xb20f19c925c56af6, 0x0c36abb707abcb36}},
                },
                {
                    .x = {{0xfcd3438e727acef4, 0x75b34859eff929ca, 0x5ec952f9bf827aac,
                           0x1a77657d21350182, 0x53050a6321a7ca0e, 0x1399b0190d2a8895}},
                    .y = {{0x7f3bd2068ea9d572, 0x72566b5e193876d5, 0xb88afc146bd49175,
                           0x613c1d3de1a32dac, 0xfb61ec357a5f26ba, 0x09bea5b8b6b48298}},
                },
            },
        .u1 =
            {
                {
                    .x = {{0xa2861caa7bda04c5, 0xc9361a0dbc2d478f, 0x4ba1362a4c892aad,
                           0x53d91bd010a5d8bf, 0x64d4fbc5c53a6a62, 0x0b20dc305d2373b2}},
                    .y = {{0x187f05fd78d5a5f7, 0xfc4b245cb914a681, 0xe4fd82c877445597,
                           0x7c91ed45c9a2f512, 0x053fe2a1e698f5aa, 0x18531ed5dc25cc9c}},
                },
                {
                    .x = {{0x49322b23f57d213c, 0xbe7965941a3e7270, 0xcb81c0bd6c7f9324,
                           0x6392554deecdcf7a, 0x29438463821b9142, 0x16aae431733eeeba}},
                    .y = {{0xb020ec7babc8c1dd, 0xeb1decf84e4abc0f, 0xa27fce09b39a1c63,
                           0xf1819a99439b8f56, 0x03e69904c533ea2c, 0x0d59d5d07d6d4c0b}},
                },
                {
                    .x = {{0x18880b4719d66506, 0xf4acc8ad4d0c4408, 0x9f39614ccffe53f0,
                           0x9aae6bf9cf9ff341, 0xd7a9290f0f39a8b1, 0x1748cea3799c8581}},
                    .y = {{0xddc80194ac1fd019, 0xc48b758aa2aeb336, 0x49a781b9d678b198,
                           0x8106bb00cd66ae9c, 0x7b901f72b97ecb8d, 0x02c43deb58056db2}},
                },
                {
                    .x = {{0xbc692f5573f9656c, 0xc34545a10f43dcab, 0x2125cda984d59065,
                           0x8190a03b651c6d9c, 0xa367943416629679, 0x023c8827e4ebe006}},
                    .y = {{0x9eff18a16e9a12df, 0x7d740490c81b0f9c, 0xcc570f1934403b99,
                           0x8ce949ccb9ab4923, 0x25cfe2d53b37eaaf, 0x0a4c0475a81aec1c}},
                },
                {
                    .x = {{0x2ed6c36a71d0627a, 0x4dc890f4f447d207, 0x273c6e9665d4329c,
                           0x2dbcb5777a5266e4, 0x5c8fa217cb187fb0, 0x0c9ff3eb350c2917}},
                    .y = {{0xeb32e678f30ccb5d, 0xb7b996a7683835cb, 0x30be9ce2be41b014,
                           0xde958b7b70d46d45, 0xb27dc28043ad033d, 0x17a65dda4c4ae46d}},
                },
                {
                    .x = {{0xe4b38a74012d27e1, 0x5f52b3bb792b4c8a, 0x02934d04d8484141,
                           0xb37de5d8b8fd2799, 0xcc269c886203c4bb, 0x15999902437cbfd6}},
                    .y = {{0xeab61eb5fe03b2f1, 0x8179cb3210bff6b9, 0x2b048350238e9c3e,
                           0x8e53aacb29a15aae, 0x13743f4d33150c5c, 0x064f5449c39ef557}},
                },
            },
};
