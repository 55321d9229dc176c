/* The kernels of Fp2 = Fp[u]/(u^2+1). The contracts are in tower_int.h. */
#include "bls12381/mulx/mulx.inc"

    .text

/* The six limbs to[rsp] = base[x] op base[y]; op is named by its first instruction and by the one
 * that goes on. */
    .macro combine first, rest, to, base, x, y
    load \base, \x, %r8, %r9, %r10, %r11, %r12, %r13
    chain \first, \rest, \base, \y, %r8, %r9, %r10, %r11, %r12, %r13
    store %rsp, \to, %r8, %r9, %r10, %r11, %r12, %r13
    .endm

/* A limb of c0 = v0 - v1, in place at r15. */
    .macro difference op, offset
    movq (\offset)(%r15), %rsi
    \op (\offset + 96)(%r15), %rsi
    movq %rsi, (\offset)(%r15)
    .endm

/* The wide product of a at rsi and b at rcx, to r15. Uses 144 bytes at rsp: a0 + a1, b0 + b1 and the
 * low half of their product s. With v0 = a0 b0 and v1 = a1 b1, c0 = v0 - v1 and c1 = s - v0 - v1. */
    .macro product_wide
    combine addq, adcq, 0, %rsi, 0, 48
    combine addq, adcq, 48, %rcx, 0, 48
    movq %r15, %rdi
    call bls_mulx_core_mul
    store %r15, 48, %r14, %r8, %r9, %r10, %r11, %r12
    addq $48, %rsi
    addq $48, %rcx
    addq $96, %rdi
    call bls_mulx_core_mul
    store %r15, 144, %r14, %r8, %r9, %r10, %r11, %r12
    movq %rsp, %rsi
    leaq 48(%rsp), %rcx
    leaq 96(%rsp), %rdi
    call bls_mulx_core_mul

    load %rsp, 96, %rax, %rbx, %rbp, %r13, %rcx, %rdx
    chain subq, sbbq, %r15, 0, %rax, %rbx, %rbp, %r13, %rcx, %rdx
    chain sbbq, sbbq, %r15, 48, %r14, %r8, %r9, %r10, %r11, %r12
    chain subq, sbbq, %r15, 96, %rax, %rbx, %rbp, %r13, %rcx, %rdx
    chain sbbq, sbbq, %r15, 144, %r14, %r8, %r9, %r10, %r11, %r12
    difference subq, 0
    difference sbbq, 8
    difference sbbq, 16
    difference sbbq, 24
    difference sbbq, 32
    difference sbbq, 40
    difference sbbq, 48
    difference sbbq, 56
    difference sbbq, 64
    difference sbbq, 72
    difference sbbq, 80
    difference sbbq, 88
    store %r15, 96, %rax, %rbx, %rbp, %r13, %rcx, %rdx
    store %r15, 144, %r14, %r8, %r9, %r10, %r11, %r12
    .endm

/* The wide square of a at rsi, to r15. Uses 144 bytes at rsp: a0 + a1, a0 - a1 + (multiple of p at
 * symbol), 2 a0. Their products are c0, up to a multiple of p, and c1. */
    .macro square_wide multiple
    combine addq, adcq, 0, %rsi, 0, 48
    combine addq, adcq, 96, %rsi, 0, 0
    load %rsi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    chain subq, sbbq, %rsi, 48, %r8, %r9, %r10, %r11, %r12, %r13
    leaq \multiple(%rip), %rcx
    chain addq, adcq, %rcx, 0, %r8, %r9, %r10, %r11, %r12, %r13
    store %rsp, 48, %r8, %r9, %r10, %r11, %r12, %r13
    leaq 48(%rsi), %rcx
    leaq 96(%rsp), %rsi
    leaq 96(%r15), %rdi
    call bls_mulx_core_mul
    store %r15, 144, %r14, %r8, %r9, %r10, %r11, %r12
    movq %rsp, %rsi
    leaq 48(%rsp), %rcx
    movq %r15, %rdi
    call bls_mulx_core_mul
    store %r15, 48, %r14, %r8, %r9, %r10, %r11, %r12
    .endm

/* r8 ... r13 = the wide number at offset(r15), reduced: more than that number / 2^384, at most by p;
 * rsi = the address of p, with 2p behind it. */
    .macro reduce offset
    load %r15, \offset, %r9, %r10, %r11, %r12, %r13, %r14
    call bls_mulx_core_reduce
    chain addq, adcq, %r15, \offset + 48, %r8, %r9, %r10, %r11, %r12, %r13
    .endm

/* void bls_mulx_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a,
 *                            const struct bls_fp2 *b) */
kernel bls_mulx_fp2_mul_wide, 144
    movq %rdi, %r15
    movq %rdx, %rcx
    product_wide
end_kernel bls_mulx_fp2_mul_wide, 144

/* void bls_mulx_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a) */
kernel bls_mulx_fp2_square_wide, 144
    movq %rdi, %r15
    square_wide bls_mulx_2p
end_kernel bls_mulx_fp2_square_wide, 144

/* void bls_mulx_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *w): c0 + 2p and c1 + p
 * are in [0, 4p). */
kernel bls_mulx_fp2_reduce_wide, 8
    movq %rsi, %r15
    reduce 0
    chain addq, adcq, %rsi, 48, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 48
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    reduce 96
    chain addq, adcq, %rsi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 48
    subtract_if_not_less 0
    store %rdi, 48, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp2_reduce_wide, 8

/* void bls_mulx_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b): c0 is
 * in (-p, 2p), c1 in [0, 2p). */
kernel bls_mulx_fp2_mul, 344
    movq %rdi, 336(%rsp)
    leaq 144(%rsp), %r15
    movq %rdx, %rcx
    product_wide
    movq 336(%rsp), %rdi
    reduce 0
    chain addq, adcq, %rsi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 0
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    reduce 96
    subtract_if_not_less 0
    store %rdi, 48, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp2_mul, 344

/* void bls_mulx_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a) */
kernel bls_mulx_fp2_square, 344
    movq %rdi, 336(%rsp)
    leaq 144(%rsp), %r15
    square_wide bls_mulx_p
    movq 336(%rsp), %rdi
    reduce 0
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
    reduce 96
    subtract_if_not_less 0
    store %rdi, 48, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp2_square, 344

    .section .note.GNU-stack, "", @progbits
