#!/usr/bin/env python3
"""Derives every constant of lib/bls12381 from the curve's parameter and prints a C header or table.

    constants.py header > constants_int.h     the committed constants (a test compares)
    constants.py table-g1 | table-g2          the generators' window tables (made at build time)

What is derived: the primes, Montgomery factors, exponents, Frobenius and endomorphism constants (with
the signs that make them act as intended, checked here). What is stated: the generators and the
11-isogeny of RFC 9380 (appendix E.2), which are choices of their specifications; they are checked to lie
on their curves and to map one curve to the other.
"""
import sys
from math import gcd

X = -0xD201000000010000                      # the curve's parameter
R = X**4 - X**2 + 1                          # order of the groups
P = (X - 1) ** 2 * R // 3 + X                # characteristic
H1 = (X - 1) ** 2 // 3
H2 = (X**8 - 4 * X**7 + 5 * X**6 - 4 * X**4 + 6 * X**3 - 4 * X**2 - 4 * X + 13) // 9
# The subgroup checks rest on these: psi(Q) = [x]Q makes the order of Q divide p - x = H1 R and H2 R;
# f^p = f^x makes the order of f divide p - x and p^4 - p^2 + 1.
assert P - X == H1 * R and gcd(H1, H2) == 1 and gcd(P - X, P**4 - P**2 + 1) == R
assert H1 % 2 == 1 and H2 % 2 == 1           # no point of order 2: the complete formulas are complete
assert P.bit_length() == 381 and R.bit_length() == 255
FP_MONT, FR_MONT = 1 << 384, 1 << 256

G1X = 0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB
G1Y = 0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1
G2X = (0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
       0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E)
G2Y = (0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
       0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE)


# Fp2 as pairs (c0, c1), u^2 = -1.
def mul2(a, b):
    return ((a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P)


def inv2(a):
    d = pow(a[0] * a[0] + a[1] * a[1], -1, P)
    return (a[0] * d % P, -a[1] * d % P)


def pow2(a, n):
    out = (1, 0)
    for bit in bin(n)[2:]:
        out = mul2(out, out)
        if bit == "1":
            out = mul2(out, a)
    return out


class G1:
    """Affine arithmetic on E; None is infinity."""
    @staticmethod
    def slope(p, q):
        (x1, y1), (x2, y2) = p, q
        if p == q:
            return 3 * x1 * x1 * pow(2 * y1, -1, P) % P
        return (y2 - y1) * pow(x2 - x1, -1, P) % P

    @classmethod
    def add(cls, p, q):
        if p is None or q is None:
            return p if q is None else q
        if p[0] == q[0] and p != q:
            return None
        m = cls.slope(p, q)
        x = (m * m - p[0] - q[0]) % P
        return (x, (m * (p[0] - x) - p[1]) % P)


class G2:
    """Affine arithmetic on E'."""
    @staticmethod
    def sub(a, b):
        return ((a[0] - b[0]) % P, (a[1] - b[1]) % P)

    @classmethod
    def slope(cls, p, q):
        (x1, y1), (x2, y2) = p, q
        if p == q:
            t = mul2(x1, x1)
            return mul2((3 * t[0], 3 * t[1]), inv2((2 * y1[0], 2 * y1[1])))
        return mul2(cls.sub(y2, y1), inv2(cls.sub(x2, x1)))

    @classmethod
    def add(cls, p, q):
        if p is None or q is None:
            return p if q is None else q
        if p[0] == q[0] and p != q:
            return None
        m = cls.slope(p, q)
        x = cls.sub(cls.sub(mul2(m, m), p[0]), q[0])
        return (x, cls.sub(mul2(m, cls.sub(p[0], x)), p[1]))


def scalar_mul(group, k, p):
    out = None
    for bit in bin(k)[2:]:
        out = group.add(out, out)
        if bit == "1":
            out = group.add(out, p)
    return out


def limbs(v, n):
    return ", ".join("0x%016x" % (v >> (64 * i) & (2**64 - 1)) for i in range(n))


def fp(v):
    return "{{%s}}" % limbs(v * FP_MONT % P, 6)


def fp2(v):
    return "{%s, %s}" % (fp(v[0]), fp(v[1]))


def fr(v):
    return "{{%s}}" % limbs(v * FR_MONT % R, 4)


def emit(comment, kind, name, value):
    print("/* %s */" % comment)
    text = "static const %s %s = %s;" % (kind, name, value)
    print(text)


def raw(comment, name, v, n):
    emit(comment, "uint64_t", "%s[%d]" % (name, n), "{%s}" % limbs(v, n))


XI = (1, 1)                                  # v^3 = w^6 = 1 + u


def frobenius():
    for power in (1, 2, 3):
        n = (P**power - 1) // 6
        values = [pow2(XI, n * k) for k in range(1, 6)]
        emit("xi^(k (p^%d - 1)/6), k = 1..5: w^k to the power p^%d is this times w^k" % (power, power),
             "struct bls_fp2", "bls_frobenius%d[5]" % power,
             "{%s}" % ", ".join(fp2(v) for v in values))


def endomorphisms():
    # phi(x, y) = (beta x, y) acts on G1 as -x^2; the other cube root as x^2 - 1.
    g = (G1X, G1Y)
    assert (G1Y * G1Y - G1X**3 - 4) % P == 0
    a = 2
    while pow(a, (P - 1) // 3, P) == 1:
        a += 1
    beta = pow(a, (P - 1) // 3, P)
    want = scalar_mul(G1, -X * X % R, g)
    if (beta * G1X % P, G1Y) != want:
        beta = beta * beta % P
    assert (beta * G1X % P, G1Y) == want
    emit("cube root of 1: (beta x, y) = [-x^2](x, y) on G1", "struct bls_fp", "bls_beta", fp(beta))
    # psi(x, y) = (conj(x) / xi^((p-1)/3), conj(y) / xi^((p-1)/2)) acts on G2 as p = x modulo r.
    cx, cy = inv2(pow2(XI, (P - 1) // 3)), inv2(pow2(XI, (P - 1) // 2))
    conj = lambda t: (t[0], -t[1] % P)
    q = (G2X, G2Y)
    assert scalar_mul(G2, R, q) is None
    y2, x3 = mul2(G2Y, G2Y), mul2(mul2(G2X, G2X), G2X)
    assert (y2[0] - x3[0] - 4) % P == 0 and (y2[1] - x3[1] - 4) % P == 0
    assert (mul2(cx, conj(G2X)), mul2(cy, conj(G2Y))) == scalar_mul(G2, X % R, q)
    emit("psi(x, y) = (psi_x conj(x), psi_y conj(y)) = [x](x, y) on G2", "struct bls_fp2",
         "bls_psi_x", fp2(cx))
    emit("see bls_psi_x", "struct bls_fp2", "bls_psi_y", fp2(cy))
    square = mul2(cx, conj(cx))
    assert square[1] == 0 and mul2(cy, conj(cy)) == (P - 1, 0)
    emit("psi^2(x, y) = (psi2_x x, -y)", "struct bls_fp", "bls_psi2_x", fp(square[0]))


# RFC 9380, appendix E.2: the 11-isogeny from y^2 = x^3 + A x + B to E, coefficients from x^0 up.
SSWU_A = 0x144698A3B8E9433D693A02C96D4982B0EA985383EE66A8D8E8981AEFD881AC98936F8DA0E0F97F5CF428082D584C1D
SSWU_B = 0x12E2908D11688030018B12E8753EEE3B2016C1F0F24F4070A0B9C14FCEF35EF55A23215A316CEAA5D1CC48E98E172BE0
SSWU_Z = 11
ISO = {
    "x_num": [
        0x11A05F2B1E833340B809101DD99815856B303E88A2D7005FF2627B56CDB4E2C85610C2D5F2E62D6EAEAC1662734649B7,
        0x17294ED3E943AB2F0588BAB22147A81C7C17E75B2F6A8417F565E33C70D1E86B4838F2A6F318C356E834EEF1B3CB83BB,
        0x0D54005DB97678EC1D1048C5D10A9A1BCE032473295983E56878E501EC68E25C958C3E3D2A09729FE0179F9DAC9EDCB0,
        0x1778E7166FCC6DB74E0609D307E55412D7F5E4656A8DBF25F1B33289F1B330835336E25CE3107193C5B388641D9B6861,
        0x0E99726A3199F4436642B4B3E4118E5499DB995A1257FB3F086EEB65982FAC18985A286F301E77C451154CE9AC8895D9,
        0x1630C3250D7313FF01D1201BF7A74AB5DB3CB17DD952799B9ED3AB9097E68F90A0870D2DCAE73D19CD13C1C66F652983,
        0x0D6ED6553FE44D296A3726C38AE652BFB11586264F0F8CE19008E218F9C86B2A8DA25128C1052ECADDD7F225A139ED84,
        0x17B81E7701ABDBE2E8743884D1117E53356DE5AB275B4DB1A682C62EF0F2753339B7C8F8C8F475AF9CCB5618E3F0C88E,
        0x080D3CF1F9A78FC47B90B33563BE990DC43B756CE79F5574A2C596C928C5D1DE4FA295F296B74E956D71986A8497E317,
        0x169B1F8E1BCFA7C42E0C37515D138F22DD2ECB803A0C5C99676314BAF4BB1B7FA3190B2EDC0327797F241067BE390C9E,
        0x10321DA079CE07E272D8EC09D2565B0DFA7DCCDDE6787F96D50AF36003B14866F69B771F8C285DECCA67DF3F1605FB7B,
        0x06E08C248E260E70BD1E962381EDEE3D31D79D7E22C837BC23C0BF1BC24C6B68C24B1B80B64D391FA9C8BA2E8BA2D229,
    ],
    "x_den": [
        0x08CA8D548CFF19AE18B2E62F4BD3FA6F01D5EF4BA35B48BA9C9588617FC8AC62B558D681BE343DF8993CF9FA40D21B1C,
        0x12561A5DEB559C4348B4711298E536367041E8CA0CF0800C0126C2588C48BF5713DAA8846CB026E9E5C8276EC82B3BFF,
        0x0B2962FE57A3225E8137E629BFF2991F6F89416F5A718CD1FCA64E00B11ACEACD6A3D0967C94FEDCFCC239BA5CB83E19,
        0x03425581A58AE2FEC83AAFEF7C40EB545B08243F16B1655154CCA8ABC28D6FD04976D5243EECF5C4130DE8938DC62CD8,
        0x13A8E162022914A80A6F1D5F43E7A07DFFDFC759A12062BB8D6B44E833B306DA9BD29BA81F35781D539D395B3532A21E,
        0x0E7355F8E4E667B955390F7F0506C6E9395735E9CE9CAD4D0A43BCEF24B8982F7400D24BC4228F11C02DF9A29F6304A5,
        0x0772CAACF16936190F3E0C63E0596721570F5799AF53A1894E2E073062AEDE9CEA73B3538F0DE06CEC2574496EE84A3A,
        0x14A7AC2A9D64A8B230B3F5B074CF01996E7F63C21BCA68A81996E1CDF9822C580FA5B9489D11E2D311F7D99BBDCC5A5E,
        0x0A10ECF6ADA54F825E920B3DAFC7A3CCE07F8D1D7161366B74100DA67F39883503826692ABBA43704776EC3A79A1D641,
        0x095FC13AB9E92AD4476D6E3EB3A56680F682B4EE96F7D03776DF533978F31C1593174E4B4B7865002D6384D168ECDD0A,
    ],
    "y_num": [
        0x090D97C81BA24EE0259D1F094980DCFA11AD138E48A869522B52AF6C956543D3CD0C7AEE9B3BA3C2BE9845719707BB33,
        0x134996A104EE5811D51036D776FB46831223E96C254F383D0F906343EB67AD34D6C56711962FA8BFE097E75A2E41C696,
        0x00CC786BAA966E66F4A384C86A3B49942552E2D658A31CE2C344BE4B91400DA7D26D521628B00523B8DFE240C72DE1F6,
        0x01F86376E8981C217898751AD8746757D42AA7B90EEB791C09E4A3EC03251CF9DE405ABA9EC61DECA6355C77B0E5F4CB,
        0x08CC03FDEFE0FF135CAF4FE2A21529C4195536FBE3CE50B879833FD221351ADC2EE7F8DC099040A841B6DAECF2E8FEDB,
        0x16603FCA40634B6A2211E11DB8F0A6A074A7D0D4AFADB7BD76505C3D3AD5544E203F6326C95A807299B23AB13633A5F0,
        0x04AB0B9BCFAC1BBCB2C977D027796B3CE75BB8CA2BE184CB5231413C4D634F3747A87AC2460F415EC961F8855FE9D6F2,
        0x0987C8D5333AB86FDE9926BD2CA6C674170A05BFE3BDD81FFD038DA6C26C842642F64550FEDFE935A15E4CA31870FB29,
        0x09FC4018BD96684BE88C9E221E4DA1BB8F3ABD16679DC26C1E8B6E6A1F20CABE69D65201C78607A360370E577BDBA587,
        0x0E1BBA7A1186BDB5223ABDE7ADA14A23C42A0CA7915AF6FE06985E7ED1E4D43B9B3F7055DD4EBA6F2BAFAAEBCA731C30,
        0x19713E47937CD1BE0DFD0B8F1D43FB93CD2FCBCB6CAF493FD1183E416389E61031BF3A5CCE3FBAFCE813711AD011C132,
        0x18B46A908F36F6DEB918C143FED2EDCC523559B8AAF0C2462E6BFE7F911F643249D9CDF41B44D606CE07C8A4D0074D8E,
        0x0B182CAC101B9399D155096004F53F447AA7B12A3426B08EC02710E807B4633F06C851C1919211F20D4C04F00B971EF8,
        0x0245A394AD1ECA9B72FC00AE7BE315DC757B3B080D4C158013E6632D3C40659CC6CF90AD1C232A6442D9D3F5DB980133,
        0x05C129645E44CF1102A159F748C4A3FC5E673D81D7E86568D9AB0F5D396A7CE46BA1049B6579AFB7866B1E715475224B,
        0x15E6BE4E990F03CE4EA50B3B42DF2EB5CB181D8F84965A3957ADD4FA95AF01B2B665027EFEC01C7704B456BE69C8B604,
    ],
    "y_den": [
        0x16112C4C3A9C98B252181140FAD0EAE9601A6DE578980BE6EEC3232B5BE72E7A07F3688EF60C206D01479253B03663C1,
        0x1962D75C2381201E1A0CBD6C43C348B885C84FF731C4D59CA4A10356F453E01F78A4260763529E3532F6102C2E49A03D,
        0x058DF3306640DA276FAAAE7D6E8EB15778C4855551AE7F310C35A5DD279CD2ECA6757CD636F96F891E2538B53DBF67F2,
        0x16B7D288798E5395F20D23BF89EDB4D1D115C5DBDDBCD30E123DA489E726AF41727364F2C28297ADA8D26D98445F5416,
        0x0BE0E079545F43E4B00CC912F8228DDCC6D19C9F0F69BBB0542EDA0FC9DEC916A20B15DC0FD2EDEDDA39142311A5001D,
        0x08D9E5297186DB2D9FB266EAAC783182B70152C65550D881C5ECD87B6F0F5A6449F38DB9DFA9CCE202C6477FAAF9B7AC,
        0x166007C08A99DB2FC3BA8734ACE9824B5EECFDFA8D0CF8EF5DD365BC400A0051D5FA9C01A58B1FB93D1A1399126A775C,
        0x16A3EF08BE3EA7EA03BCDDFABBA6FF6EE5A4375EFA1F4FD7FEB34FD206357132B920F5B00801DEE460EE415A15812ED9,
        0x1866C8ED336C61231A1BE54FD1D74CC4F9FB0CE4C6AF5920ABC5750C4BF39B4852CFE2F7BB9248836B233D9D55535D4A,
        0x167A55CDA70A6E1CEA820597D94A84903216F763E13D87BB5308592E7EA7D4FBC7385EA3D529B35E346EF48BB8913F55,
        0x04D2F259EEA405BD48F010A01AD2911D9C6DD039BB61A6290E591B36E636A5C871A5C29F4F83060400F8B49CBA8F6AA8,
        0x0ACCBB67481D033FF5852C1E48C50C477F94FF8AEFCE42D28C0F9A88CEA7913516F968986F7EBBEA9684B529E2561092,
        0x0AD6B9514C767FE3C3613144B45F1496543346D98ADF02267D5CEEF9A00D9B8693000763E3B90AC11E99B138573345CC,
        0x02660400EB2E4F3B628BDD0D53CD76F2BF565B94E72927C1CB748DF27942480E420517BD8714CC80D1FADC1326ED06F7,
        0x0E0FA1D816DDC03E6B24255E0D7819C171C40F65E273B853324EFCD6356CAA205CA2F570F13497804415473A1D634B8F,
    ],
}


def isogeny():
    def at(name, x, monic):
        c = ISO[name] + ([1] if monic else [])
        return sum(v * pow(x, i, P) for i, v in enumerate(c)) % P
    x = 1
    while pow(x**3 + SSWU_A * x + SSWU_B, (P - 1) // 2, P) != 1:
        x += 1
    y = pow(x**3 + SSWU_A * x + SSWU_B, (P + 1) // 4, P)
    xi = at("x_num", x, False) * pow(at("x_den", x, True), -1, P) % P
    yi = y * at("y_num", x, False) * pow(at("y_den", x, True), -1, P) % P
    assert (yi * yi - xi**3 - 4) % P == 0
    emit("the isogenous curve y^2 = x^3 + A x + B (RFC 9380, 8.8.1)", "struct bls_fp", "bls_sswu_a",
         fp(SSWU_A))
    emit("see bls_sswu_a", "struct bls_fp", "bls_sswu_b", fp(SSWU_B))
    emit("Z = 11", "struct bls_fp", "bls_sswu_z", fp(SSWU_Z))
    c2 = pow(-SSWU_Z, (P + 1) // 4, P)
    assert (c2 * c2 + SSWU_Z) % P == 0
    emit("sqrt(-Z)", "struct bls_fp", "bls_sswu_c2", fp(c2))
    for name, title in (("x_num", "numerator of x"), ("x_den", "denominator of x, monic"),
                        ("y_num", "numerator of y / y'"), ("y_den", "denominator of y / y', monic")):
        c = ISO[name] + ([1] if "den" in name else [])
        emit("the isogeny: %s, from x^0 up" % title, "struct bls_fp",
             "bls_iso_%s[%d]" % (name, len(c)), "{%s}" % ", ".join(fp(v) for v in c))


def header():
    print("/* Made by constants.py: do not edit. Field elements are Montgomery residues. */")
    print("#ifndef KEYFENCE_BLS12381_CONSTANTS_INT_H\n#define KEYFENCE_BLS12381_CONSTANTS_INT_H\n")
    print('#include "bls12381/bls12381.h"\n')
    print("/* clang-format off */")
    print("#pragma GCC diagnostic push")
    print('#pragma GCC diagnostic ignored "-Wunused-const-variable"\n')
    raw("p", "bls_p", P, 6)
    emit("-1/p modulo 2^64", "uint64_t", "bls_p_inv", "0x%016x" % (-pow(P, -1, 2**64) % 2**64))
    emit("1", "struct bls_fp", "bls_fp_one", fp(1))
    emit("1", "struct bls_fp2", "bls_fp2_one", fp2((1, 0)))
    emit("2^384: turns an integer into its residue", "struct bls_fp", "bls_fp_r2", fp(FP_MONT))
    emit("2^768: turns the inverse of a residue into the residue of the inverse", "struct bls_fp",
         "bls_fp_r3", fp(FP_MONT**2))
    emit("2^256: folds 512 bits", "struct bls_fp", "bls_fp_2_256", fp(2**256))
    emit("4, the b of E", "struct bls_fp", "bls_g1_b", fp(4))
    emit("1/2", "struct bls_fp", "bls_fp_half", fp(pow(2, -1, P)))
    raw("2p", "bls_2p", 2 * P, 6)
    raw("2^63 p", "bls_p_2_63", 2**63 * P, 7)
    raw("(p - 3) / 4", "bls_p_minus_3_over_4", (P - 3) // 4, 6)
    raw("(p - 1) / 2", "bls_p_minus_1_over_2", (P - 1) // 2, 6)
    raw("r", "bls_r", R, 4)
    emit("-1/r modulo 2^64", "uint64_t", "bls_r_inv", "0x%016x" % (-pow(R, -1, 2**64) % 2**64))
    emit("1", "struct bls_fr", "bls_fr_one", fr(1))
    emit("2^256: turns an integer into its residue", "struct bls_fr", "bls_fr_r2", fr(FR_MONT))
    emit("2^512: see bls_fp_r3", "struct bls_fr", "bls_fr_r3", fr(FR_MONT**2))
    emit("1/(1 - x)", "struct bls_fr", "bls_fr_cofactor_inverse", fr(pow(1 - X, -1, R)))
    emit("|x|", "uint64_t", "bls_x_abs", "0x%016x" % -X)
    raw("x^2", "bls_x_squared", X * X, 2)
    raw("2^255 / x^2, rounded down", "bls_x_squared_reciprocal", 2**255 // X**2, 2)
    emit("2^128 / |x|, rounded down, without its top bit 2^64", "uint64_t", "bls_x_reciprocal",
         "0x%016x" % (2**128 // -X - 2**64))
    emit("generator of G1", "struct bls_g1_affine", "bls_g1_base", "{%s, %s}" % (fp(G1X), fp(G1Y)))
    emit("generator of G2", "struct bls_g2_affine", "bls_g2_base", "{%s, %s}" % (fp2(G2X), fp2(G2Y)))
    frobenius()
    endomorphisms()
    isogeny()
    print("\n#pragma GCC diagnostic pop\n/* clang-format on */\n\n#endif")


WINDOW = 5


def table(group, kind, base, windows, show):
    """Entry [i][j] is [(j + 1) 2^(5 i)] base."""
    print('/* Made by constants.py. Entry [i][j] is [(j + 1) 2^(%d i)] of the generator. */' % WINDOW)
    print('#include "bls12381/tables_int.h"\n')
    print("const struct %s_base %s_generator_table = {.u.plain = {" % (kind, kind))
    for _ in range(windows):
        print("{")
        p = base
        for _ in range(1 << (WINDOW - 1)):
            print("{%s, %s}," % (show(p[0]), show(p[1])))
            last, p = p, group.add(p, base)
        print("},")
        base = group.add(last, last)
    print("}};")


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what == "header":
        header()
    elif what == "table-g1":
        table(G1, "bls_g1", (G1X, G1Y), 26, fp)
    elif what == "table-g2":
        table(G2, "bls_g2", (G2X, G2Y), 13, fp2)
    else:
        sys.exit(__doc__)
