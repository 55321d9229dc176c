#!/usr/bin/env python3
"""Derives the constants of the eight-lane path: numbers modulo p in limbs of 50 bits.

    constants.py > constants_int.h     the committed constants (a test compares)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from constants import P, G1, G1X, G1Y, X, R as ORDER, scalar_mul  # noqa: E402

BITS, LIMBS = 50, 8
R = 1 << (BITS * LIMBS)
MASK = (1 << BITS) - 1


def limbs(v):
    """The limbs of a number below 2^400, the top one holding what is left."""
    assert 0 <= v < R
    return [v >> BITS * i & MASK for i in range(LIMBS - 1)] + [v >> BITS * (LIMBS - 1)]


def value(v):
    return sum(l << BITS * i for i, l in enumerate(v))


def spread(multiple, lift):
    """multiple * p with every limb but the top one lifted by `lift`, which the next one pays."""
    assert lift % (1 << BITS) == 0
    out = limbs(multiple * P)
    for i in range(LIMBS - 1):
        out[i] += lift
        out[i + 1] -= lift >> BITS
    assert value(out) == multiple * P and min(out) > 0
    return out


def dominating(low, top, lift):
    """The least multiple of p that can be written with limbs of at least `low` below the top one, and a
    top one of at least `top`, when lifted by `lift`."""
    k = 1
    while True:
        out = spread(k, lift) if limbs(k * P)[-1] > lift >> BITS else [0]
        if min(out[:-1]) >= low and out[-1] >= top:
            return out
        k += 1


def vector(name, comment, v):
    print(f"/* {comment} */")
    print(f"static const uint64_t {name}[{len(v)}] = {{{', '.join(f'0x{x:x}' for x in v)}}};")


# A reduced element's limbs are below these (proved by the bounds test).
REDUCED_LOW = (1 << 50) + (1 << 13)
REDUCED_TOP = 1 << 34
# And the top limb of sums and differences of several, after a carry.
CARRIED_TOP = 1 << 37


def element(v):
    return limbs(v * R % P)


def curves():
    """The curves y^2 = x^3 + 2/3 and, over Fp2, y^2 = x^3 + 2/3 (1 + u), on which 3 b is 2 and 2 (1 + u):
    (x, y) of E and of E' go there as (s^2 x, s^3 y), 4 s^6 = 2/3."""
    vector("bls_fp8_above_6", "a multiple of p, each limb at least that of a carried sum of six reduced elements",
           dominating(REDUCED_LOW, 6 * REDUCED_TOP + (1 << 3), 1 << 50))
    cubes = [pow(6, -1, P) * w % P for w in (1,)]
    root = pow(cubes[0], (P + 1) // 4, P)            # s^3, s^6 = 1/6
    assert root * root * 6 % P == 1
    s = None
    # p = 1 modulo 3: a cube root by the exponent (2 (p-1)/3^k + 1)/3 of the cubes' subgroup, or by search
    order, e = (P - 1), 0
    while order % 3 == 0:
        order, e = order // 3, e + 1
    inverse = pow(3, -1, order)
    g = 2
    while pow(g, (P - 1) // 3, P) == 1:
        g += 1
    g = pow(g, order, P)
    for sign in (root, P - root):
        r = pow(sign, inverse, P)
        for i in range(3**e):
            c = r * pow(g, i, P) % P
            if pow(c, 3, P) == sign and s is None:
                s = c
    assert 6 * pow(s, 6, P) % P == 1
    vector("bls_fp8_scale_2", "s^2", element(s * s))
    vector("bls_fp8_scale_3", "s^3", element(s**3))
    vector("bls_fp8_scale_1", "s", element(s))
    b = 2 * pow(3, -1, P) % P
    assert (s**6 * G1Y**2 - s**6 * G1X**3 - b) % P == 0
    vector("bls_fp8_b", "2/3", element(b))
    beta = scalar_mul(G1, -X * X % ORDER, (G1X, G1Y))[0] * pow(G1X, -1, P) % P
    assert pow(beta, 3, P) == 1
    vector("bls_fp8_beta", "(beta x, y) = [-x^2](x, y) on G1", element(beta))


def main():
    print("/* Made by constants.py: do not edit. */")
    print("#ifndef KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H")
    print("#define KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H\n")
    print("#include <stdint.h>\n\n/* clang-format off */")
    print("#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored \"-Wunused-const-variable\"\n")
    vector("bls_fp8_p", "p", limbs(P))
    print("/* -1/p modulo 2^50 */")
    print(f"static const uint64_t bls_fp8_p_inv = 0x{-pow(P, -1, 1 << BITS) % (1 << BITS):x};")
    vector("bls_fp8_fold", "2^-50 modulo p", limbs(pow(2, -BITS, P)))
    vector("bls_fp8_above_1", "a multiple of p, each limb at least that of a reduced element",
           dominating(REDUCED_LOW, REDUCED_TOP, 1 << 50))
    vector("bls_fp8_above_2", "the same for the sum of two reduced elements",
           dominating(2 * REDUCED_LOW, 2 * REDUCED_TOP, 2 << 50))
    vector("bls_fp8_above_high", "the same for a carried element, whose top limb may be larger",
           dominating(REDUCED_LOW, CARRIED_TOP, 1 << 50))
    vector("bls_fp8_above_wide", "a multiple of p, to be added to the upper columns of a wide element: at least "
           "2^61 but in the top one", dominating(1 << 61, 1 << 33, 1 << 61))
    vector("bls_fp8_top", "2^750: the top limb's weight as a residue", limbs(pow(2, 750, P)))
    vector("bls_fp8_one", "1", limbs(R % P))
    vector("bls_fp8_from_fp", "2^416: turns the residue with factor 2^384 into the one with factor 2^400",
           limbs(pow(2, 416, P)))
    vector("bls_fp8_to_fp", "2^384: and back", limbs(pow(2, 384, P)))
    curves()
    print("\n#pragma GCC diagnostic pop\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
