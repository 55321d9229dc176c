/* The cores of the mulx kernels: products of six limbs by six and Montgomery's reduction, with two
 * carry chains (adcx in CF, adox in OF) that run through each row of products.
 *
 * The cores have a calling convention of their own: arguments and results in the registers that
 * each one names; they use every register but rsp and those that it says it keeps, call nothing
 * and hold nothing on the stack. No instruction's time depends on its operands, and no address on a
 * value. Only the kernels in fp_mulx.S and fp2_mulx.S call them. */
#include "bls12381/mulx/mulx.inc"

    .section .rodata
    .balign 64
    .hidden bls_mulx_p, bls_mulx_2p
    .globl bls_mulx_p, bls_mulx_2p
bls_mulx_p:
    .quad 0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624
    .quad 0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a
bls_mulx_2p:
    .quad 0x73fdffffffff5556, 0x3d57fffd62a7ffff, 0xce61a541ed61ec48
    .quad 0xc8ee9709e70a257e, 0x96374f6c869759ae, 0x340223d472ffcd34

    .text

/* The first row: t6 ... t0 = a rdx. */
    .macro row_first
    mulx 0(%rsi), %r8, %r9
    mulx 8(%rsi), %rax, %r10
    addq %rax, %r9
    mulx 16(%rsi), %rax, %r11
    adcq %rax, %r10
    mulx 24(%rsi), %rax, %r12
    adcq %rax, %r11
    mulx 32(%rsi), %rax, %r13
    adcq %rax, %r12
    mulx 40(%rsi), %rax, %r14
    adcq %rax, %r13
    adcq $0, %r14
    .endm

/* top t5 ... t0 += a rdx, t5 ... t0 before; top may be t0 when the sum is known to leave that zero.
 * a is the six limbs at rsi. */
    .macro row t0, t1, t2, t3, t4, t5, top
    xorl %ebp, %ebp
    mulx 0(%rsi), %rax, %rbx
    adcx %rax, \t0
    adox %rbx, \t1
    mulx 8(%rsi), %rax, %rbx
    adcx %rax, \t1
    adox %rbx, \t2
    mulx 16(%rsi), %rax, %rbx
    adcx %rax, \t2
    adox %rbx, \t3
    mulx 24(%rsi), %rax, %rbx
    adcx %rax, \t3
    adox %rbx, \t4
    mulx 32(%rsi), %rax, %rbx
    adcx %rax, \t4
    adox %rbx, \t5
    mulx 40(%rsi), %rax, \top
    adcx %rax, \t5
    adox %rbp, \top
    adcx %rbp, \top
    .endm

/* a at rsi times b at rcx: the low six limbs to rdi, the high six in r14 r8 r9 r10 r11 r12, the
 * lowest first. Keeps rsi, rcx, rdi and r15. */
core bls_mulx_core_mul
    movq 0(%rcx), %rdx
    row_first
    movq %r8, 0(%rdi)
    movq 8(%rcx), %rdx
    row %r9, %r10, %r11, %r12, %r13, %r14, %r8
    movq %r9, 8(%rdi)
    movq 16(%rcx), %rdx
    row %r10, %r11, %r12, %r13, %r14, %r8, %r9
    movq %r10, 16(%rdi)
    movq 24(%rcx), %rdx
    row %r11, %r12, %r13, %r14, %r8, %r9, %r10
    movq %r11, 24(%rdi)
    movq 32(%rcx), %rdx
    row %r12, %r13, %r14, %r8, %r9, %r10, %r11
    movq %r12, 32(%rdi)
    movq 40(%rcx), %rdx
    row %r13, %r14, %r8, %r9, %r10, %r11, %r12
    movq %r13, 40(%rdi)
    ret
end_core bls_mulx_core_mul

/* The square of a at rsi: the low six limbs to rdi, the high six in r13 r14 r15 rbx rbp rcx, the
 * lowest first. First the products of different limbs, limbs 1 to 10 in r8 ... r15 rbx rbp, then
 * twice that (adcx) and the squares of the limbs (adox). Keeps rsi and rdi. */
core bls_mulx_core_square
    movq 0(%rsi), %rdx
    mulx 8(%rsi), %r8, %r9
    mulx 16(%rsi), %rax, %r10
    addq %rax, %r9
    mulx 24(%rsi), %rax, %r11
    adcq %rax, %r10
    mulx 32(%rsi), %rax, %r12
    adcq %rax, %r11
    mulx 40(%rsi), %rax, %r13
    adcq %rax, %r12
    adcq $0, %r13

    movq 8(%rsi), %rdx
    xorl %r14d, %r14d
    mulx 16(%rsi), %rax, %rcx
    adcx %rax, %r10
    adox %rcx, %r11
    mulx 24(%rsi), %rax, %rcx
    adcx %rax, %r11
    adox %rcx, %r12
    mulx 32(%rsi), %rax, %rcx
    adcx %rax, %r12
    adox %rcx, %r13
    mulx 40(%rsi), %rax, %rcx
    adcx %rax, %r13
    adox %rcx, %r14
    adcq $0, %r14

    movq 16(%rsi), %rdx
    xorl %r15d, %r15d
    mulx 24(%rsi), %rax, %rcx
    adcx %rax, %r12
    adox %rcx, %r13
    mulx 32(%rsi), %rax, %rcx
    adcx %rax, %r13
    adox %rcx, %r14
    mulx 40(%rsi), %rax, %rcx
    adcx %rax, %r14
    adox %rcx, %r15
    adcq $0, %r15

    movq 24(%rsi), %rdx
    xorl %ebx, %ebx
    mulx 32(%rsi), %rax, %rcx
    adcx %rax, %r14
    adox %rcx, %r15
    mulx 40(%rsi), %rax, %rcx
    adcx %rax, %r15
    adox %rcx, %rbx
    adcq $0, %rbx

    movq 32(%rsi), %rdx
    mulx 40(%rsi), %rax, %rbp
    addq %rax, %rbx
    adcq $0, %rbp

    xorl %eax, %eax
    movq 0(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    movq %rax, 0(%rdi)
    adcx %r8, %r8
    adox %rcx, %r8
    movq %r8, 8(%rdi)
    movq 8(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    adcx %r9, %r9
    adox %rax, %r9
    movq %r9, 16(%rdi)
    adcx %r10, %r10
    adox %rcx, %r10
    movq %r10, 24(%rdi)
    movq 16(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    adcx %r11, %r11
    adox %rax, %r11
    movq %r11, 32(%rdi)
    adcx %r12, %r12
    adox %rcx, %r12
    movq %r12, 40(%rdi)
    movq 24(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    adcx %r13, %r13
    adox %rax, %r13
    adcx %r14, %r14
    adox %rcx, %r14
    movq 32(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    adcx %r15, %r15
    adox %rax, %r15
    adcx %rbx, %rbx
    adox %rcx, %rbx
    movq 40(%rsi), %rdx
    mulx %rdx, %rax, %rcx
    adcx %rbp, %rbp
    adox %rax, %rbp
    movl $0, %eax
    adcx %rax, %rcx
    adox %rax, %rcx
    ret
end_core bls_mulx_core_square

/* r9 ... r14, a number t below 2^384, to r8 ... r13, a number r below p + 2^318 with 2^384 r = t modulo p. First four
 * times a limb: with k = -1/p modulo 2^64, p k = n 2^64 - 1 for an n of six limbs below 0.54 p, so that
 * t0 + (the rest) 2^64 is the rest + t0 n, times 2^64 modulo p: no quotient has to be waited for, but the
 * number grows to seven limbs, less than 0.54 p 2^64 + 2^385. Then, as usual, two limbs at once:
 * m = m0 + 2^64 m1 = t (-1/p) modulo 2^128 makes t + m p a multiple of 2^128. Keeps rdi and r15; leaves
 * the address of p in rsi. */
    .macro row_before_last t0, t1, t2, t3, t4, t5, t6
    xorl %ebp, %ebp
    mulx 0(%rsi), %rax, %rbx
    adcx %rax, \t0
    adox %rbx, \t1
    mulx 8(%rsi), %rax, %rbx
    adcx %rax, \t1
    adox %rbx, \t2
    mulx 16(%rsi), %rax, %rbx
    adcx %rax, \t2
    adox %rbx, \t3
    mulx 24(%rsi), %rax, %rbx
    adcx %rax, \t3
    adox %rbx, \t4
    mulx 32(%rsi), %rax, %rbx
    adcx %rax, \t4
    adox %rbx, \t5
    mulx 40(%rsi), %rax, %rbx
    adcx %rax, \t5
    adox %rbx, \t6
    adcx %rbp, \t6
    .endm

core bls_mulx_core_reduce
    leaq fold(%rip), %rsi
    xorl %r8d, %r8d
    movq %r9, %rdx
    row %r10, %r11, %r12, %r13, %r14, %r8, %r9
    movq %r10, %rdx
    row %r11, %r12, %r13, %r14, %r8, %r9, %r10
    movq %r11, %rdx
    row %r12, %r13, %r14, %r8, %r9, %r10, %r11
    movq %r12, %rdx
    row %r13, %r14, %r8, %r9, %r10, %r11, %r12
    leaq bls_mulx_p(%rip), %rsi
    movq %r13, %rdx
    movq minus_inverse+8(%rip), %rax
    imulq %r13, %rax
    movq minus_inverse(%rip), %rbx
    mulx %rbx, %rdx, %rcx
    imulq %r14, %rbx
    addq %rax, %rcx
    addq %rbx, %rcx
    row_before_last %r13, %r14, %r8, %r9, %r10, %r11, %r12
    movq %rcx, %rdx
    row %r14, %r8, %r9, %r10, %r11, %r12, %r13
    ret
end_core bls_mulx_core_reduce

    .section .rodata
    .balign 64
fold: /* n */
    .quad 0x6a4aaa14be07a408, 0x5d4f098d2923b9a3, 0x622385e49d0feeb0
    .quad 0x5fb6d192233b3b63, 0x2cffcd0f221a175b, 0x0e035b9b1e00bc8e
    .balign 16
minus_inverse: /* -1/p modulo 2^128 */
    .quad 0x89f3fffcfffcfffd, 0x286adb92d9d113e8

    .section .note.GNU-stack, "", @progbits
