// Writes gates.json with CIRCL 1.6.4 or later (earlier ones share AND gates wrongly): SHA-256 of the
// ciphertexts of some policies with gates, under the key in publicKey, each with SHAKE-128 of nothing as
// its random source. They pin the order in which randomness is used.
//
//	go run make_gates.go < publicKey > gates.json
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"

	cpabe "github.com/cloudflare/circl/abe/cpabe/tkn20"
	"github.com/cloudflare/circl/xof"
)

var policies = []string{
	"a: 1 and b: 2",
	"a: 1 or b: 2",
	"not a: 1 and a: 2",
	"a: 1 and b: 2 and c: 3 and d: 4",
	"(a: 1 and b: 2) or (c: 3 and d: 4)",
	"(a: 1 and b: 2) and (c: 3 and d: 4)",
	"not (a: 1 or b: 2) and (c: 3 or not (d: 4 and a: 5)) and e: 6",
	"a: 1 and (a: 2 and (a: 3 and (a: 4 or not a: 5)))",
	"(((a: 1 and b: 1) and c: 1) and (d: 1 and (e: 1 and f: 1))) or (g: 1 and (h: 1 and i: 1))",
	"k1: v1 and (k2: v2 or not k1: v3 and (k4: v4 and not (k5: v5 or k6: v6 and k2: v7)))",
}

type entry struct {
	Policy string `json:"policy"`
	SHA256 string `json:"ciphertext_sha256"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	data, err := io.ReadAll(os.Stdin)
	must(err)
	public := cpabe.PublicKey{}
	must(public.UnmarshalBinary(data))
	var out []entry
	for _, text := range policies {
		policy := cpabe.Policy{}
		must(policy.FromString(text))
		ct, err := public.Encrypt(xof.SHAKE128.New(), policy, []byte("Be sure to drink your ovaltine!"))
		must(err)
		out = append(out, entry{text, fmt.Sprintf("%x", sha256.Sum256(ct))})
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	must(e.Encode(out))
}
