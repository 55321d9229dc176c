/* The kernels of the base field. The contracts are in fp_int.h. */
#include "bls12381/mulx/mulx.inc"

    .text

/* void bls_mulx_fp_mul_wide(struct bls_wide *out, const struct bls_fp *a, const struct bls_fp *b) */
kernel bls_mulx_fp_mul_wide, 8
    movq %rdx, %rcx
    call bls_mulx_core_mul
    store %rdi, 48, %r14, %r8, %r9, %r10, %r11, %r12
end_kernel bls_mulx_fp_mul_wide, 8

/* void bls_mulx_fp_square_wide(struct bls_wide *out, const struct bls_fp *a) */
kernel bls_mulx_fp_square_wide, 8
    call bls_mulx_core_square
    store %rdi, 48, %r13, %r14, %r15, %rbx, %rbp, %rcx
end_kernel bls_mulx_fp_square_wide, 8

/* void bls_mulx_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w) */
kernel bls_mulx_fp_reduce_wide, 8
    movq %rsi, %r15
    load %r15, 0, %r9, %r10, %r11, %r12, %r13, %r14
    call bls_mulx_core_reduce
    chain addq, adcq, %r15, 48, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp_reduce_wide, 8

/* void bls_mulx_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b) */
kernel bls_mulx_fp_mul, 104
    movq %rdx, %rcx
    movq %rdi, %r15
    movq %rsp, %rdi
    call bls_mulx_core_mul
    store %rsp, 48, %r14, %r8, %r9, %r10, %r11, %r12
    movq %r15, %rdi
    load %rsp, 0, %r9, %r10, %r11, %r12, %r13, %r14
    call bls_mulx_core_reduce
    chain addq, adcq, %rsp, 48, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp_mul, 104

/* void bls_mulx_fp_square(struct bls_fp *out, const struct bls_fp *a) */
kernel bls_mulx_fp_square, 104
    movq %rdi, 96(%rsp)
    movq %rsp, %rdi
    call bls_mulx_core_square
    store %rsp, 48, %r13, %r14, %r15, %rbx, %rbp, %rcx
    movq 96(%rsp), %rdi
    load %rsp, 0, %r9, %r10, %r11, %r12, %r13, %r14
    call bls_mulx_core_reduce
    chain addq, adcq, %rsp, 48, %r8, %r9, %r10, %r11, %r12, %r13
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp_square, 104

/* void bls_mulx_fp_square_n(struct bls_fp *out, const struct bls_fp *a, size_t n): n squarings. Between
 * them numbers are below 2p: the square of such a one is reduced to less than 4 p^2 / 2^384 + p. */
kernel bls_mulx_fp_square_n, 168
    movq %rdi, 96(%rsp)
    movq %rdx, 104(%rsp)
    jmp 2f
1:  store %rsp, 112, %r8, %r9, %r10, %r11, %r12, %r13
    leaq 112(%rsp), %rsi
2:  movq %rsp, %rdi
    call bls_mulx_core_square
    store %rsp, 48, %r13, %r14, %r15, %rbx, %rbp, %rcx
    load %rsp, 0, %r9, %r10, %r11, %r12, %r13, %r14
    call bls_mulx_core_reduce
    chain addq, adcq, %rsp, 48, %r8, %r9, %r10, %r11, %r12, %r13
    decq 104(%rsp)
    jnz 1b
    movq 96(%rsp), %rdi
    subtract_if_not_less 0
    store %rdi, 0, %r8, %r9, %r10, %r11, %r12, %r13
end_kernel bls_mulx_fp_square_n, 168

    .section .note.GNU-stack, "", @progbits
