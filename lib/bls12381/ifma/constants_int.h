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
/* a multiple of p, to be added to the upper columns of a wide element: at least 2^61 but in the top one */
static const uint64_t bls_fp8_above_wide[8] = {0x2002fffffffe5557, 0x20025da8ffffa07e, 0x20034ceb4995b7ff, 0x2002f40fd0748b45, 0x2002547998c1915d, 0x2001a3d41e98053d, 0x2001f7f8103770a4, 0x208155e4c};
/* 2^750: the top limb's weight as a residue */
static const uint64_t bls_fp8_top[8] = {0x1e9ac47cce234, 0x1ca494eee88c0, 0x118a571391e15, 0x3e55a4f64550a, 0x1d5db6fa9c045, 0x19021176751e8, 0xbd0aefb2e447, 0x2cea96b8};
/* 1 */
static const uint64_t bls_fp8_one[8] = {0x10003480e6299, 0x9a67ac4a158d, 0x297c988670deb, 0x25c260fa13bd9, 0x3e8a053a4e6fe, 0x34c8fb3c9c78, 0x12866eb6385c2, 0x55b691fc};
/* 2^416: turns the residue with factor 2^384 into the one with factor 2^400 */
static const uint64_t bls_fp8_from_fp[8] = {0x2480ea8e9b9af, 0x15d9b23f9113d, 0x3540fea96f7d6, 0xbba0bbf508a2, 0x323e5f0ade53b, 0x3adbf7508c299, 0x2f23c24a25ff6, 0x5323b81b};
/* 2^384: and back */
static const uint64_t bls_fp8_to_fp[8] = {0x100000002fffd, 0x2f10300009d82, 0x758baebf4000, 0x1157d22615d4f, 0x3ce5853705257, 0x2a5e895bb1b5d, 0x3a80e4935c071, 0x57d97b0f};
/* a multiple of p, each limb at least that of a carried sum of six reduced elements */
static const uint64_t bls_fp8_above_6[8] = {0x7ffffffec0014, 0x463ebfffbe5ef, 0x79b077304fffa, 0x770bdc576e744, 0x7f5b329133063, 0x7adf16f209ee1, 0x79fa0c299a7b3, 0x186100cb94};
/* s^2 */
static const uint64_t bls_fp8_scale_2[8] = {0x21537a2a67f08, 0x38832e4a93a89, 0x2120d2b1e2ca5, 0x1b6b74d057b8a, 0x6fc1f57b397c, 0x3ba7f7471305b, 0x2066d8a9bcb0e, 0xe6ad6b4};
/* s^3 */
static const uint64_t bls_fp8_scale_3[8] = {0xeaf2609d8799, 0x6b1f3d594b53, 0x35ce9f9b165c, 0x2a926998ff567, 0x2084051b8eebc, 0x19833eba48246, 0x3f7d710df13af, 0x64750ba2};
/* s */
static const uint64_t bls_fp8_scale_1[8] = {0x252256f0cf45e, 0x27a86cc4ddddf, 0x1be2f14744724, 0x3d6bc6508f837, 0x32819e255be7e, 0x1103e79de13b5, 0x29f7e1b024d3d, 0xf260ae1};
/* 2/3 */
static const uint64_t bls_fp8_b[8] = {0x3aaacdab45e2d, 0x1d828c8316988, 0xb5659a4bc947, 0x33e3a73fd5148, 0x27351b61cc2f8, 0xd400612f565d, 0x392efcf0b7343, 0x1678496f};
/* (beta x, y) = [-x^2](x, y) on G1 */
static const uint64_t bls_fp8_beta[8] = {0x798a75aaef3d, 0x2d84d8fac5799, 0x2eb56e869fc08, 0x3b350ad18023d, 0x133f48393ff5b, 0x114890619d7cf, 0xdd518be5c1f, 0x13752458};

#pragma GCC diagnostic pop
/* clang-format on */

#endif
