#!/usr/bin/env python3
"""Derives the constants of the eight-lane path: numbers modulo p in limbs of 50 bits.

    constants.py > constants_int.h     the committed constants (a test compares)
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from constants import P  # noqa: E402

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
    vector("bls_fp8_above_wide", "a multiple of p, to be added to the upper columns of a wide element: at least "
           "2^61 but in the top one", dominating(1 << 61, 1 << 33, 1 << 61))
    vector("bls_fp8_one", "1", limbs(R % P))
    vector("bls_fp8_from_fp", "2^416: turns the residue with factor 2^384 into the one with factor 2^400",
           limbs(pow(2, 416, P)))
    vector("bls_fp8_to_fp", "2^384: and back", limbs(pow(2, 384, P)))
    print("\n#pragma GCC diagnostic pop\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
