#!/usr/bin/env python3
"""Derives the constants of the eight-lane path: numbers modulo p in limbs of 50 bits.

    constants.py header > constants_int.h   the committed constants, declared and
    constants.py values > constants.c       defined (a test compares both)
    constants.py table-g1 | table-g2        the generators' window tables (made at build time)

The values are in a file of their own so that the compiler cannot see them: it would build each vector of
a constant from an immediate, which takes an instruction of the port that half of the arithmetic needs,
where a broadcast from memory takes none (docs/design/0009-eight-lanes.md).
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from constants import (G1, G1X, G1Y, G2, G2X, G2Y, ISO, P, R as ORDER, SSWU_A, SSWU_B, SSWU_Z, X,  # noqa: E402
                       scalar_mul)

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


VALUES = sys.argv[1:] == ["values"]


def constant(kind, name, comment, lines):
    """Declares it, or defines it by these lines."""
    if VALUES:
        print(f"const {kind} {name} =", "\n".join(lines) + ";")
    else:
        print(f"/* {comment} */\nextern const {kind} {name};")


def braces(v):
    return f"{{{', '.join(f'0x{x:x}' for x in v)}}}"


def vector(name, comment, v):
    constant("uint64_t", f"{name}[{len(v)}]", comment, [braces(v)])


# A reduced element's limbs are below these (proved by the bounds test).
REDUCED_LOW = (1 << 50) + (1 << 13)
REDUCED_TOP = 1 << 34
# And the top limb of sums and differences of several, after a carry.
CARRIED_TOP = 1 << 37


def element(v):
    return limbs(v * R % P)


def sixth_root(v):
    """Of a sixth power: the square root that is a cube, and a cube root of that one: with P - 1 = 3^e m, its
    power 1/3 modulo m, times one of the 3^e-th roots of 1."""
    m, e = P - 1, 0
    while m % 3 == 0:
        m, e = m // 3, e + 1
    g = next(t for t in range(2, 99) if pow(t, (P - 1) // 3, P) != 1)
    root = pow(v, (P + 1) // 4, P)
    for square_root in (root, P - root):
        for i in range(3**e):
            t = pow(square_root, pow(3, -1, m), P) * pow(g, m * i, P) % P
            if pow(t, 6, P) == v:
                return t
    raise ValueError("no sixth power")


def curves():
    """The curves y^2 = x^3 + 2/3 and, over Fp2, y^2 = x^3 + 2/3 (1 + u), on which 3 b is 2 and 2 (1 + u):
    (x, y) of E and of E' go there as (s^2 x, s^3 y), 4 s^6 = 2/3."""
    vector("bls_fp8_above_far", "a multiple of p, each limb at least that of a carried one with a top limb of 40 bits",
           dominating(REDUCED_LOW, 1 << 40, 1 << 50))
    s = sixth_root(pow(6, -1, P))
    for name, power in (("s2", 2), ("s3", 3)):
        vector("bls_fp8_from_fp_" + name, f"s^{power} 2^416: see bls_fp8_from_fp", limbs(s**power * 2**416 % P))
    for name, power in (("s1", 1), ("s3", 3), ("over_s2", -2), ("over_s3", -3)):
        vector("bls_fp8_to_fp_" + name, f"s^{power} 2^384: see bls_fp8_to_fp", limbs(pow(s, power, P) * 2**384 % P))
    assert (s**6 * G1Y**2 - s**6 * G1X**3 - 2 * pow(3, -1, P)) % P == 0
    beta = scalar_mul(G1, -X * X % ORDER, (G1X, G1Y))[0] * pow(G1X, -1, P) % P
    assert pow(beta, 3, P) == 1
    vector("bls_fp8_beta", "(beta x, y) = [-x^2](x, y) on G1", element(beta))
    hashing(s)


def matrix(name, comment, rows):
    constant("uint64_t", f"{name}[{len(rows)}][{LIMBS}]", comment,
             ["{"] + [f"    {braces(element(row))}," for row in rows] + ["}"])


def hashing(s):
    """Constants of hash_to_g1.c; the isogeny's numerators take the point to the lanes' curve too."""
    for name, comment, v in (("a", "the isogenous curve y^2 = x^3 + A x + B", SSWU_A), ("b", "B", SSWU_B),
                             ("b3", "3 B", 3 * SSWU_B), ("z", "Z = 11", SSWU_Z),
                             ("c2", "sqrt(-Z)", pow(-SSWU_Z, (P + 1) // 4, P))):
        vector("bls_fp8_sswu_" + name, comment, element(v))
    for name, factor in (("x_num", s * s), ("x_den", 1), ("y_num", s**3), ("y_den", 1)):
        c = ISO[name] + ([1] if "den" in name else [])
        matrix("bls_fp8_iso_" + name, "the isogeny: coefficients from x^0 up", [v * factor for v in c])
    # (p - 3) / 4 in windows of at most five bits that begin and end with a one, from the top
    bits, i, squares, steps = f"{(P - 3) // 4:b}", 0, 0, []
    while i < len(bits):
        if bits[i] == "0":
            squares, i = squares + 1, i + 1
            continue
        window = bits[i:i + 5].rstrip("0")
        steps.append((squares + len(window), int(window, 2)))
        squares, i = 0, i + len(window)
    e = 0
    for n, odd in steps:
        e = (e << n) + odd
    assert e << squares == (P - 3) // 4 and max(odd for _, odd in steps) < 32
    assert squares == 1
    constant("uint8_t", f"bls_fp8_sqrt_steps[{len(steps)}][2]",
             "the exponent (p - 3)/4: so many squarings, then times so many-th power; at the end, one squaring",
             ["{" + ", ".join(f"{{{n}, {o}}}" for n, o in steps) + "}"])


def table(group, kind, base, rows, doublings, coordinates):
    """Row i: the limbs of each coordinate of [(j + 1) 2^(doublings i)]base, j = 0 .. 15."""
    print('/* Made by constants.py: the generator in the layout of bls12381.h for lanes. */')
    print('#include "bls12381/ifma/path_ifma_int.h"\n')
    print(f"const struct bls_{kind}_base bls_ifma_{kind}_generator_table = {{.u.lanes = {{")
    for _ in range(rows):
        row = [base]
        for _ in range(15):
            row.append(group.add(row[-1], base))
        print("{")
        for column in zip(*map(coordinates, row)):
            limb = zip(*map(element, column))
            print("{%s}," % ", ".join("{%s}" % ", ".join(f"0x{v:x}" for v in values) for values in limb))
        print("},")
        for _ in range(doublings):
            base = group.add(base, base)
    print("}};")


def table_g1():
    s = sixth_root(pow(6, -1, P))
    table(G1, "g1", (G1X, G1Y), 13, 10, lambda p: (p[0] * s * s, p[1] * s**3))


def table_g2():
    table(G2, "g2", (G2X, G2Y), 13, 5, lambda p: p[0] + p[1])


def constants():
    vector("bls_fp8_p", "p", limbs(P))
    constant("uint64_t", "bls_fp8_p_inv", "-1/p modulo 2^50", [f"0x{-pow(P, -1, 1 << BITS) % (1 << BITS):x}"])
    constant("uint64_t", "bls_fp8_mask", "2^50 - 1", [f"0x{MASK:x}"])
    vector("bls_fp8_fold", "2^-50 modulo p", limbs(pow(2, -BITS, P)))
    vector("bls_fp8_above_canonical", "a multiple of p, each limb at least that of a canonical element",
           dominating((1 << 50) + 1, 1 << 32, 1 << 50))
    vector("bls_fp8_above_1", "a multiple of p, each limb at least that of a reduced element",
           dominating(REDUCED_LOW, REDUCED_TOP, 1 << 50))
    vector("bls_fp8_above_2", "the same for the sum of two reduced elements",
           dominating(2 * REDUCED_LOW, 2 * REDUCED_TOP, 2 << 50))
    vector("bls_fp8_above_high", "the same for a carried element, whose top limb may be larger",
           dominating(REDUCED_LOW, CARRIED_TOP, 1 << 50))
    vector("bls_fp8_above_wide", "a multiple of p, to be added to the upper columns of a wide element: at least "
           "2^61, and 2^33 in the top one", dominating(1 << 61, 1 << 33, 1 << 61))
    vector("bls_fp8_top", "2^750: the top limb's weight as a residue", limbs(pow(2, 750, P)))
    vector("bls_fp8_top_negative", "-2^750: the same, to be subtracted", limbs(-pow(2, 750, P) % P))
    vector("bls_fp8_one", "1", limbs(R % P))
    vector("bls_fp8_from_fp", "2^416: turns the residue with factor 2^384 into the one with factor 2^400",
           limbs(pow(2, 416, P)))
    vector("bls_fp8_to_fp", "2^384: and back", limbs(pow(2, 384, P)))
    curves()


def header():
    print("/* Made by constants.py: do not edit. Residues are of the lanes' form (fp8_int.h). */")
    print("#ifndef KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H")
    print("#define KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H\n")
    print("#include <stdint.h>\n\n#pragma GCC visibility push(hidden)\n\n/* clang-format off */\n")
    constants()
    print("\n/* clang-format on */\n\n#pragma GCC visibility pop\n\n#endif")


def values():
    print("/* Made by constants.py: do not edit. */")
    print('#include "bls12381/ifma/constants_int.h"\n\n/* clang-format off */\n')
    constants()
    print("\n/* clang-format on */")


if __name__ == "__main__":
    {"header": header, "values": values, "table-g1": table_g1, "table-g2": table_g2}[" ".join(sys.argv[1:])]()
