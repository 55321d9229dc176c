/* Thirty division steps. The contract and the mathematics are in inverse_int.h and inverse.c. */
#include "bls12381/mulx/mulx.inc"

    .text

/* void bls_mulx_thirty_steps(struct bls_division_rows *out, struct bls_division_state *state)
 *
 * f r8, g r9, zeta rax, the rows u + 2^32 v r10 and q + 2^32 r r11. Every choice is a conditional
 * move. */
    .balign 64
    .globl bls_mulx_thirty_steps
    .hidden bls_mulx_thirty_steps
    .type bls_mulx_thirty_steps, @function
bls_mulx_thirty_steps:
    .cfi_startproc
    _CET_ENDBR
    push_saved %rbx
    push_saved %rbp
    push_saved %r12
    push_saved %r13
    movq 0(%rsi), %r8
    movq 8(%rsi), %r9
    movq 16(%rsi), %rax
    movl $1, %r10d
    movq %r10, %r11
    shlq $32, %r11
    movl $6, %ecx
    .balign 32
1:
    .rept 5
    leaq (%r9, %r8), %rdx
    leaq (%r11, %r10), %rbx
    movq %r9, %rbp
    subq %r8, %rbp
    movq %r11, %r12
    subq %r10, %r12
    movq %r9, %r13
    shlq $63, %r13
    testq %rax, %rax /* delta > 0: differences, else sums */
    cmovsq %rbp, %rdx
    cmovsq %r12, %rbx
    movq %rax, %rbp
    notq %rbp
    andq %rax, %r13 /* and g odd: f becomes g, and delta 1 - delta */
    cmovsq %r9, %r8
    cmovsq %r11, %r10
    cmovsq %rbp, %rax
    testb $1, %r9b
    cmovnzq %rdx, %r9
    cmovnzq %rbx, %r11
    subq $1, %rax
    shrq $1, %r9
    addq %r10, %r10
    .endr
    decl %ecx
    jnz 1b
    movq %r10, 0(%rdi)
    movq %r11, 8(%rdi)
    movq %r8, 0(%rsi)
    movq %r9, 8(%rsi)
    movq %rax, 16(%rsi)
    pop_saved %r13
    pop_saved %r12
    pop_saved %rbp
    pop_saved %rbx
    ret
    .cfi_endproc
    .size bls_mulx_thirty_steps, . - bls_mulx_thirty_steps

    .section .note.GNU-stack, "", @progbits
