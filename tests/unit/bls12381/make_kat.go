// Prints CIRCL's values that test_fields.c, test_hash_to_g1.c and test_pairing.c compare with. With
// Debian's golang-github-cloudflare-circl-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run make_kat.go
package main

import (
	"bytes"
	"fmt"

	b "github.com/cloudflare/circl/ecc/bls12381"
)

func main() {
	// The stream of fill_pattern in test_fields.c.
	buf := make([]byte, 4096)
	for i := range buf {
		buf[i] = byte(i*7 + i/256*31 + 200)
	}
	r := bytes.NewReader(buf)
	var k [4]b.Scalar
	for i := range k {
		k[i].Random(r)
		m, _ := k[i].MarshalBinary()
		fmt.Printf("rand%d %x\n", i, m)
	}
	var s b.Scalar
	s.SetBytes(buf[:100])
	m, _ := s.MarshalBinary()
	fmt.Printf("setbytes %x\n", m)
	s.Inv(&k[0])
	m, _ = s.MarshalBinary()
	fmt.Printf("inv %x\n", m)
	g1 := b.G1Generator()
	g2 := b.G2Generator()
	var p, p2 b.G1
	p.ScalarMult(&k[0], g1)
	fmt.Printf("g1mul %x\n", p.Bytes())
	fmt.Printf("g1c %x\n", p.BytesCompressed())
	p2.ScalarMult(&k[1], &p)
	fmt.Printf("g1mul2 %x\n", p2.BytesCompressed())
	var q, q2 b.G2
	q.ScalarMult(&k[1], g2)
	fmt.Printf("g2mul %x\n", q.Bytes())
	fmt.Printf("g2c %x\n", q.BytesCompressed())
	q2.ScalarMult(&k[2], &q)
	fmt.Printf("g2mul2 %x\n", q2.BytesCompressed())
	var h b.G1
	h.Hash([]byte("hello"), []byte("a matrix entry [0, 1]"))
	fmt.Printf("hash %x\n", h.BytesCompressed())
	e := b.Pair(g1, g2)
	m, _ = e.MarshalBinary()
	fmt.Printf("e %x\n", m)
	var ek b.Gt
	ek.Exp(e, &k[3])
	m, _ = ek.MarshalBinary()
	fmt.Printf("ek %x\n", m)
	P := []*b.G1{g1, &p, &h}
	Q := []*b.G2{g2, &q, &q2}
	pp := b.ProdPairFrac(P, Q, []int{1, 1, 1})
	m, _ = pp.MarshalBinary()
	fmt.Printf("prod %x\n", m)
}
