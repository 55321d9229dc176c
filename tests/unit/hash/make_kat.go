// Writes blake2_kat.txt with Go's x/crypto, an implementation apart from this one:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run tests/unit/hash/make_kat.go > tests/unit/hash/blake2_kat.txt
//
// Byte i of an input or a key is i mod 256, as in the BLAKE2 authors' files. A line: algorithm, key
// length, input length, declared output length (0: unknown), output.
package main

import (
	"fmt"
	"io"

	"golang.org/x/crypto/blake2b"
)

func upTo(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func main() {
	fmt.Println("# algorithm, key length, input length, declared output length, output; by make_kat.go")
	keys := []int{0, 16, 32, 64}
	for _, k := range keys {
		for _, n := range []int{0, 1, 63, 64, 127, 128, 129, 255, 256, 257, 1000} {
			for _, size := range []int{1, 20, 32, 64} {
				h, err := blake2b.New(size, upTo(k))
				if err != nil {
					panic(err)
				}
				h.Write(upTo(n))
				fmt.Printf("blake2b %d %d %d %x\n", k, n, size, h.Sum(nil))
			}
		}
	}
	for _, k := range keys {
		for _, n := range []int{0, 1, 127, 128, 129, 256} {
			for _, want := range []int{1, 63, 64, 65, 200} {
				emit(k, n, uint32(want), want)
			}
			emit(k, n, blake2b.OutputLengthUnknown, 333)
		}
	}
}

func emit(k, n int, declared uint32, want int) {
	x, err := blake2b.NewXOF(declared, upTo(k))
	if err != nil {
		panic(err)
	}
	x.Write(upTo(n))
	out := make([]byte, want)
	if _, err := io.ReadFull(x, out); err != nil {
		panic(err)
	}
	fmt.Printf("blake2xb %d %d %d %x\n", k, n, declared, out)
}
