/* Made by constants.py: do not edit. */
#ifndef KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H
#define KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H

#include <stdint.h>

/* clang-format off */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-const-variable"

/* p */
static const uint64_t bls_fp8_p[8] = {0x2ffffffffaaab, 0x3ac54ffffee7f, 0x30f6241eabfff, 0x2fd9cc34a83da, 0x774b84f38512, 0x1ed90d2eb35d9, 0x397fe69a4b1ba, 0x680447a8};
/* -1/p modulo 2^50 */
static const uint64_t bls_fp8_p_inv = 0x3fffcfffcfffd;
/* 2^-50 modulo p */
static const uint64_t bls_fp8_fold[8] = {0x12f81f4809f2c, 0x3786e39002d40, 0x411c20f13775, 0x79a7670223f5, 0x2944c112de658, 0x1d3780ea1104c, 0x188f5a89e5985, 0x6803f9a5};
/* a multiple of p, each limb at least that of a reduced element */
static const uint64_t bls_fp8_above_1[8] = {0x5fffffffcaaae, 0x4bb51ffff50fc, 0x699d6932b7ffe, 0x5e81fa0e9268a, 0x4a8f3318332ba, 0x747a83d301a7a, 0x7eff0206ef147, 0x4102acc97};
/* the same for the sum of two reduced elements */
static const uint64_t bls_fp8_above_2[8] = {0xbfffffff9555c, 0x976a3fffea1f8, 0x933ad2656fffc, 0xbd03f41d24d15, 0x951e663066574, 0xa8f507a6034f4, 0xbdfe040dde28f, 0x82055992f};
/* the same for a carried element, whose top limb may be larger */
static const uint64_t bls_fp8_above_high[8] = {0x4ffffffe5aac5, 0x62e3afffa996b, 0x5bf5257713ff8, 0x4436043feb081, 0x4d04e072610c8, 0x44fb116959dff, 0x7e78299d2d88b, 0x2019521d1d};
/* a multiple of p, to be added to the upper columns of a wide element: at least 2^61, and 2^33 in the top one */
static const uint64_t bls_fp8_above_wide[8] = {0x2002fffffffe5557, 0x20025da8ffffa07e, 0x20034ceb4995b7ff, 0x2002f40fd0748b45, 0x2002547998c1915d, 0x2001a3d41e98053d, 0x2001f7f8103770a4, 0x208155e4c};
/* 2^750: the top limb's weight as a residue */
static const uint64_t bls_fp8_top[8] = {0x1e9ac47cce234, 0x1ca494eee88c0, 0x118a571391e15, 0x3e55a4f64550a, 0x1d5db6fa9c045, 0x19021176751e8, 0xbd0aefb2e447, 0x2cea96b8};
/* 1 */
static const uint64_t bls_fp8_one[8] = {0x10003480e6299, 0x9a67ac4a158d, 0x297c988670deb, 0x25c260fa13bd9, 0x3e8a053a4e6fe, 0x34c8fb3c9c78, 0x12866eb6385c2, 0x55b691fc};
/* 2^416: turns the residue with factor 2^384 into the one with factor 2^400 */
static const uint64_t bls_fp8_from_fp[8] = {0x2480ea8e9b9af, 0x15d9b23f9113d, 0x3540fea96f7d6, 0xbba0bbf508a2, 0x323e5f0ade53b, 0x3adbf7508c299, 0x2f23c24a25ff6, 0x5323b81b};
/* 2^384: and back */
static const uint64_t bls_fp8_to_fp[8] = {0x100000002fffd, 0x2f10300009d82, 0x758baebf4000, 0x1157d22615d4f, 0x3ce5853705257, 0x2a5e895bb1b5d, 0x3a80e4935c071, 0x57d97b0f};
/* a multiple of p, each limb at least that of a carried one with a top limb of 40 bits */
static const uint64_t bls_fp8_above_far[8] = {0x4ffffff2dab7d, 0x5c582ffd4dce1, 0x6eb30799f3fcb, 0x71d655cab0037, 0x60b24b43d0134, 0x48ff7e1c1ba27, 0x7a41664f212a5, 0x100628ca14d};
/* s^2 */
static const uint64_t bls_fp8_scale_2[8] = {0x21537a2a67f08, 0x38832e4a93a89, 0x2120d2b1e2ca5, 0x1b6b74d057b8a, 0x6fc1f57b397c, 0x3ba7f7471305b, 0x2066d8a9bcb0e, 0xe6ad6b4};
/* s^3 */
static const uint64_t bls_fp8_scale_3[8] = {0xeaf2609d8799, 0x6b1f3d594b53, 0x35ce9f9b165c, 0x2a926998ff567, 0x2084051b8eebc, 0x19833eba48246, 0x3f7d710df13af, 0x64750ba2};
/* s */
static const uint64_t bls_fp8_scale_1[8] = {0x252256f0cf45e, 0x27a86cc4ddddf, 0x1be2f14744724, 0x3d6bc6508f837, 0x32819e255be7e, 0x1103e79de13b5, 0x29f7e1b024d3d, 0xf260ae1};
/* 1/s^2 */
static const uint64_t bls_fp8_unscale_2[8] = {0x18ff03d44206b, 0x13a01fd70d9b7, 0x1900c2a22ffe4, 0x16528a7cc5c9d, 0x3700e858fb720, 0x38ffc61d9412b, 0x734b3a5450f1, 0x57ca4f54};
/* 1/s^3 */
static const uint64_t bls_fp8_unscale_3[8] = {0x281ae43b2d83f, 0x251270181b74, 0x1f5ec740cc629, 0x102d7c8eb2d24, 0x1dd085193ff0e, 0x3ed6367430069, 0x1d7125502fd77, 0x52a8df85};
/* 2/3 */
static const uint64_t bls_fp8_b[8] = {0x3aaacdab45e2d, 0x1d828c8316988, 0xb5659a4bc947, 0x33e3a73fd5148, 0x27351b61cc2f8, 0xd400612f565d, 0x392efcf0b7343, 0x1678496f};
/* (beta x, y) = [-x^2](x, y) on G1 */
static const uint64_t bls_fp8_beta[8] = {0x798a75aaef3d, 0x2d84d8fac5799, 0x2eb56e869fc08, 0x3b350ad18023d, 0x133f48393ff5b, 0x114890619d7cf, 0xdd518be5c1f, 0x13752458};
/* the isogenous curve y^2 = x^3 + A x + B */
static const uint64_t bls_fp8_sswu_a[8] = {0x9af5f04eba02, 0x155aeda343602, 0x1ea9f5ec36310, 0xcd0fba749740, 0x36a6b4cda3a26, 0x1c3660ca120e6, 0xb59fe3881ecd, 0x4460b566};
/* B */
static const uint64_t bls_fp8_sswu_b[8] = {0xfe22b73b954f, 0x2010d0347b6e1, 0x194e4ff7efaf3, 0x11a0b2ffbece4, 0x7ca628de14e, 0x1be3bad3688f8, 0x3a471a3838e95, 0x37497b1f};
/* 3 B */
static const uint64_t bls_fp8_sswu_b3[8] = {0x3fa6825b31542, 0x256d209d73623, 0x1af4cbc9230da, 0x5084cca942d2, 0x3a013a2b61ed8, 0x34d2234b8650e, 0x3555680e5fa05, 0x3dd829b6};
/* Z = 11 */
static const uint64_t bls_fp8_sswu_z[8] = {0x2418a13c90, 0x19377672f8a94, 0xfb348b2cd91b, 0x30b1fce4eefa9, 0x2cd3beb863f47, 0xea8b6155d490, 0x647a667c7fc8, 0x6b1c0e7};
/* sqrt(-Z) */
static const uint64_t bls_fp8_sswu_c2[8] = {0x38fb725c34db6, 0x3e2287e6ef5f2, 0xe6238677c713, 0x154a715ec87c9, 0x2de0f3310abe, 0x3cd20d1bb3851, 0xe52cd1cb59cc, 0x2236a98f};
/* the isogeny: coefficients from x^0 up */
static const uint64_t bls_fp8_iso_x_num[12][8] = {
    {0xe579ac808f97, 0x21b511652f9db, 0x3b98641301a0b, 0x2db7b11c22136, 0x18d34b36ef63c, 0x26f282f38a0a9, 0x37143064cfa5c, 0x131d92c5},
    {0x161a16946894a, 0x3348dd0e3c07f, 0x1cfc5f56e9b0d, 0x13e85b21b6d5, 0x37e43d7b50b09, 0x73688e22c8a9, 0x2d4e59142c3e4, 0x4b140d93},
    {0x3a927aa1a1d2d, 0x289e9cfd09952, 0x2a8f12dc928fc, 0x2316e5fc333c8, 0x4bf0eee8e5ad, 0x1ecb80f0f1cef, 0x67dcdd64fc3a, 0x420414e8},
    {0x3534cfb99ed45, 0x1b1cee6aaf83a, 0x174f6eeea47ea, 0x3cdcc3b047a16, 0x1ff79b9803782, 0x2759c5c3606fe, 0x3c23766a8060d, 0x61bb42e9},
    {0x26e81304207f6, 0x67eb3c4c3853, 0x2fd93eefdcb85, 0xcabf74ad4643, 0x16a34ab209959, 0x36830784b9429, 0xb6a7ebe92bbb, 0x49abe4bd},
    {0x13b95726feda3, 0x3800d86494729, 0x300eed2db17ca, 0x548bddd7fca3, 0x3ca2b97b215a, 0x1d02f24c00553, 0x1fcd7d94fc629, 0x14f76066},
    {0x23c531f8cc71c, 0x1507ccea6faf1, 0xb7c03e45d20a, 0x3fc335f408f6d, 0x5291e6916f62, 0x3b82c8ae7cd08, 0x23330b80b6e52, 0x29463b64},
    {0x3abe277285f8a, 0x280237f0ecef9, 0x279c050b6fc56, 0x35f29baadb971, 0x31072187f320c, 0x101f1600f1bd, 0xb712b3da742, 0x1fffac1f},
    {0x3329f2e749825, 0x7d70c476fd8c, 0xfe1accc03fd8, 0x3344eff0389e7, 0x1f8a22132ae7d, 0x1aaaebae07aa4, 0x1170466e1a175, 0x427545f6},
    {0x41092ca5b086, 0x348555dcd3cc5, 0x183f05defb21c, 0x5e502ab74e70, 0x241965111c38a, 0x1187643848f35, 0x10b3ba4a34680, 0x5ef67d51},
    {0xa46a0cec23fa, 0x3f27b0852fa70, 0x3bcd8576246a8, 0x3ea0e8baa587b, 0x2fa87e8105181, 0x11dd858a7cdb9, 0x2e388620c97ab, 0x5709e960},
    {0x2835951bd9a16, 0x16165328d052f, 0x11aba3f2e75ca, 0x19d8f19ac9e69, 0x3d6dad26e780b, 0x3e2137a72f294, 0xfcbefa39d55a, 0x1678482e},
};
/* the isogeny: coefficients from x^0 up */
static const uint64_t bls_fp8_iso_x_den[11][8] = {
    {0xfdb0fddaa615, 0x147d32f495d0e, 0x1b3fdf986401d, 0x30c402d1bd735, 0x2b5e0f1b9f7e6, 0x1e17f109d70bd, 0x393cebe8336b7, 0x6d4b4b0},
    {0x3a506dcc23a6c, 0x276e8e4ed4bd, 0x1f86b383bafdf, 0x1690410f025e8, 0x2e74eb442fda6, 0x382c3abb4f6b2, 0x3fd15c7d63da2, 0x55d24e1e},
    {0x44a01ebdce3e, 0x334be3055defb, 0x1bf670d5c5969, 0x1d3f830fe8136, 0x3942a9cf0b090, 0x1127d7200272f, 0x39b2234ead09f, 0x1610b207},
    {0x382792b596f92, 0x1ebad04f12e56, 0x3ab4e158d816f, 0x9a3f19b71a9f, 0x223db485c7208, 0x342ad60d83be9, 0x36a2c5a4a3513, 0x3f4b5244},
    {0x16acb4633bf47, 0x1abc0e365fa76, 0x85cf5704f4f1, 0x2810456d9d540, 0x31c0263aab3c9, 0x11ef14062a26f, 0x2ad8cb32fd91c, 0x3a89b030},
    {0x2cd142f6e945c, 0x1ef1143779443, 0xe1117c5b2964, 0x375af65efebc2, 0x28512e1703f6a, 0x38859cd54a07b, 0x8f515375693, 0x24bbb53},
    {0x151b2685d81dc, 0x9090fd665e1f, 0x424ce3bd5e36, 0x1da7bbdd3713, 0x150bf339fd145, 0x398b60d93ac5b, 0x302b9850c5f5b, 0x11d425f4},
    {0x7877164d5d54, 0x26e82a2b821e, 0xf8e6d2a5d292, 0x3a58d63cf21d, 0x8871b74811ce, 0x3bff69468d4ad, 0x12274df1a66d0, 0x251c793f},
    {0x9c133e928315, 0x5dd4cf174f01, 0x236206bc8f10b, 0x6aa511979902, 0x3dbbc1948256c, 0x395228ee7053b, 0x2d7cc2d18ef16, 0x4ea9346d},
    {0x37bacfc3b6d76, 0x3453a32eb0019, 0x17a5c0814ba99, 0x29bfd241211fa, 0x1cf8464dca6f6, 0xb43973c91a6f, 0x361f772c6f66f, 0x3181cd2b},
    {0x10003480e6299, 0x9a67ac4a158d, 0x297c988670deb, 0x25c260fa13bd9, 0x3e8a053a4e6fe, 0x34c8fb3c9c78, 0x12866eb6385c2, 0x55b691fc},
};
/* the isogeny: coefficients from x^0 up */
static const uint64_t bls_fp8_iso_y_num[16][8] = {
    {0x34ec525faf24b, 0x37efc77db1db9, 0x3d8bfd6838c59, 0x1e40f30cf9173, 0x3d2704f7a85b5, 0x388a4826bfeac, 0x25e6f88f80bef, 0x2ff764e1},
    {0x202fd3465d0ea, 0x14dd9ee7c25a7, 0x267cd2c425673, 0x3ee841c71dd0c, 0x2365e25cf93e6, 0x24104aa316981, 0x3959023065825, 0x36c0d011},
    {0x2cf325ec34983, 0x32a28df2d8642, 0x1399843077c6a, 0x2d1debaec8b66, 0x384bc7b0b36f7, 0x382146c3bcf2e, 0x378c16317014a, 0x5bd7b3be},
    {0x2bb73370254b7, 0x3252620c3ad56, 0x1c9b26b863627, 0x1c2ec48dc1ee9, 0x1e90525be40a2, 0x3f93b1e4f36c9, 0x371571dca81c1, 0x42f3faa6},
    {0x1e65ab6ee1e62, 0xa315fd240408, 0x3389063b8b7b4, 0x149b2c3a5b8c7, 0x340f9030ce397, 0x3df9c66fef54a, 0x1deff90c4ffb7, 0x12d19f14},
    {0x196b61d95c7f3, 0x3e15c6f00c5b, 0x27b7194ffca50, 0x3d38a1f35288, 0xd26de6c4bc54, 0x296b3b0a8745c, 0x143e133107fcd, 0x527ef603},
    {0x1ff2e75331445, 0x2e219640a9ab1, 0x3a07abd2d0f8d, 0x1bf1520125604, 0x3bb89e2aec6f3, 0x21d1a70688049, 0x119d819c3527b, 0x43f4c443},
    {0x25658ccdbaba3, 0x15e90126a4e04, 0xb2b0a6a1ac, 0x361e804b9147c, 0x231fb691f0198, 0x11d9532a4e4b7, 0xbf392f7a330d, 0xeb8971c},
    {0x52ea724ed46e, 0x33a72ca0828af, 0x1eaf06f8d4b9b, 0x3d53f71ea72a8, 0x244266c70387, 0x18d64ac0af60c, 0x1d46f236947e9, 0x2ac99ac5},
    {0x33ed3dc5af996, 0x2508c9dbd93c0, 0x175819f2a595e, 0x5a43803df5b2, 0x2a4e7b70546b0, 0x25a0b37cee849, 0x2c938ba8e28ca, 0x3c767580},
    {0x8be0354a03f9, 0x3fd6ddbb23dc8, 0x35f0549d1b48e, 0x19948d854a62b, 0x2d8ddcafef904, 0xcd745875d99c, 0x10378539039f0, 0x15541835},
    {0x12278f33bd9ad, 0x16de4e8adfde0, 0x151dd1332c1c3, 0x434dca00db77, 0xd9ce3073f9e4, 0x325325f9dbc51, 0x3d185182bf64e, 0x20f68ad9},
    {0x33b38b453a75, 0xb79e46fa2913, 0x4f8a8310f1cd, 0x37c2b38cff490, 0x2c76826922f93, 0x2dd054c93c4fa, 0xb7ec8e7073e8, 0x3066d819},
    {0xac6a0db3e629, 0x374aeedfe657d, 0x94aaf2f78e2b, 0xa07ffc1dea2b, 0x3e2ae7a3cc9bc, 0x2c7b82e2f0414, 0x78433d603b3a, 0x4a1ee4cd},
    {0x391384b519ed9, 0x4fc6da957d8d, 0x308f3683c629c, 0xa6827f43bc96, 0xa527d1f700d7, 0x1abcb7188f5c, 0x16ce0d09e9230, 0x1dfb6c20},
    {0x347eb066b6b6d, 0x261e66b8fee23, 0x3c888a05ea7d4, 0x279e833673d07, 0x129bb4c2d4374, 0x3c934b90aa488, 0x6b98000a2661, 0x71be1a8},
};
/* the isogeny: coefficients from x^0 up */
static const uint64_t bls_fp8_iso_y_den[16][8] = {
    {0x147e54db68810, 0x29b4841f3df5b, 0x2d933f3fca981, 0x3c7d4da8a4ee2, 0x18cebfbac799f, 0x378cf18967434, 0x243de15f300e1, 0x242c6415},
    {0x25535ed6e7737, 0x1920d62e7ee2a, 0x213614a4505fa, 0x108fed8bef903, 0x228d10588c424, 0x4425658ed419, 0x1d0ea02c86ece, 0x333cda4a},
    {0x1f4700b62a4e4, 0x2a8ec8c29aff0, 0xdfabf44e9ba7, 0x2d691e40f65df, 0x33c9319ca6434, 0x1a47fe96c8299, 0x3ff91b61107c9, 0x345fa148},
    {0x3b75db5a1d81, 0x3a94f0812339b, 0x25c9e6087951b, 0x207c8b6caa5a5, 0x353634a50d120, 0x31302b5b84ab6, 0x3cdb195b0a96a, 0x5e800174},
    {0xa267fcc3f202, 0x385be0f5085ca, 0x34f58fef2496a, 0x26ee1e9074ef5, 0x2f7b41382afdc, 0x7935c13ccfc6, 0x3225c9181fbd7, 0xb4584ef},
    {0x2eeb5e6d38bbf, 0x1de1677f3296c, 0x1d1f9b958656b, 0x341fbc29f585b, 0x3a8ad3fc8b260, 0x24f8c598008d6, 0x2f87f3c4b8ab9, 0x2322947a},
    {0x35fae18fe81a0, 0x3689c2f19d342, 0x2a139c2b8b294, 0x2792091ab0e5b, 0x23f98c5a60fac, 0x2c2b436b2160, 0x1324df06fa4c1, 0x429a6194},
    {0x35b8c0fac7f59, 0x35bf31948dc40, 0x1c165eddfa5bc, 0x1f8c87ab6286, 0x3eb657107f967, 0x32fab82ab6ed, 0x396b7f0a626db, 0x2bd448a7},
    {0xec7504b5799a, 0x2958be9bd3b71, 0x20f296f313601, 0x10b4c3835e2aa, 0x2228f8fc429ca, 0x3cb9862e4bf6e, 0x114fb3089c813, 0x46d1cc7d},
    {0x149f6d748d4e5, 0x102a7289171c9, 0x3ad0f35cf1624, 0x2ad303d60b765, 0x2a53387b49615, 0x3b89068e5cdae, 0x1853b60eaaccb, 0x45196b5b},
    {0x285fd938e46e0, 0x2fb7f00c112fc, 0x3a7deaf12868c, 0xb7cc33feb163, 0x2f596ce2ceb47, 0x26d15a8463798, 0x38ec986f8f336, 0x45178b06},
    {0x27c389842c6d8, 0x27828fc168678, 0x17f8514e6ecae, 0x2ef2f178ec831, 0x3412727025eb0, 0x2b1cef822436e, 0x19025a0f61211, 0x20bdbb7c},
    {0x3274511d3048c, 0x43c914988ac6, 0x3c21f7ef36774, 0x25edbdc546c16, 0x106c4e101c7f4, 0x127d40f9067ef, 0x547fe8cdf8f4, 0x1249b215},
    {0xa157a0031424, 0x1a6b16d0e2400, 0x16143e9b291cb, 0x1c375ed577581, 0x2863429fa95b5, 0x1dbbce2eca531, 0x173dc00a0cc6f, 0xa02d19f},
    {0x339837a592431, 0x2e7d74c608026, 0x2378a0c1f17e6, 0x3e9fbb61b1af7, 0xb746974afa71, 0x30e562dada7a7, 0x312f32c2a71a6, 0x4a42b3c1},
    {0x10003480e6299, 0x9a67ac4a158d, 0x297c988670deb, 0x25c260fa13bd9, 0x3e8a053a4e6fe, 0x34c8fb3c9c78, 0x12866eb6385c2, 0x55b691fc},
};
/* the exponent (p - 3)/4: so many squarings, then times so many-th power; at the end, one squaring */
static const uint8_t bls_fp8_sqrt_steps[67][2] = {{4, 13}, {13, 17}, {7, 15}, {4, 5}, {6, 7}, {7, 23}, {5, 31}, {5, 25}, {3, 5}, {6, 13}, {6, 9}, {3, 3}, {8, 27}, {3, 5}, {6, 15}, {6, 27}, {3, 1}, {8, 13}, {7, 23}, {5, 11}, {6, 13}, {6, 29}, {4, 9}, {8, 29}, {4, 13}, {7, 23}, {9, 19}, {5, 25}, {2, 3}, {7, 5}, {7, 9}, {6, 23}, {5, 29}, {5, 19}, {5, 19}, {8, 13}, {7, 21}, {9, 15}, {5, 13}, {3, 3}, {8, 15}, {3, 3}, {7, 9}, {9, 15}, {6, 21}, {6, 31}, {5, 31}, {5, 31}, {4, 13}, {3, 3}, {8, 21}, {7, 31}, {5, 31}, {5, 31}, {4, 15}, {4, 7}, {7, 31}, {5, 29}, {5, 31}, {5, 31}, {5, 31}, {5, 31}, {5, 31}, {5, 31}, {4, 13}, {6, 21}, {4, 5}};

#pragma GCC diagnostic pop
/* clang-format on */

#endif
