// The other side of the interoperation test: CIRCL's tkn20 through its public functions, any version.
//
//	peer setup           prints a new authority
//	peer batch < in      decrypts what it is given, encrypts and makes keys in return
//
// Everything is JSON; bytes are hexadecimal. See run.py and interop_tkn20.c.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	cpabe "github.com/cloudflare/circl/abe/cpabe/tkn20"
)

type authority struct {
	Public     string `json:"public"`
	Secret     string `json:"secret"`
	Ciphertext string `json:"ciphertext"` // of an empty message: shows the format
}

type keyIn struct {
	Attributes map[string]string `json:"attributes"`
	Key        string            `json:"key"`
}

type caseIn struct {
	Policy     string `json:"policy"`
	Message    string `json:"message"`
	Ciphertext string `json:"ciphertext"`
	Keys       []int  `json:"keys"`
}

type batchIn struct {
	Public string   `json:"public"`
	Secret string   `json:"secret"`
	Keys   []keyIn  `json:"keys"`
	Cases  []caseIn `json:"cases"`
}

type caseOut struct {
	Ciphertext string `json:"ciphertext"`
	Satisfied  []bool `json:"satisfied"`      // by the policy alone
	Could      []bool `json:"could_decrypt"`  // by the given ciphertext
	WithGiven  []bool `json:"with_given_key"` // decrypted the given ciphertext with the given key
	WithOwn    []bool `json:"with_own_key"`   // and with a key made here
}

type batchOut struct {
	Keys  []string  `json:"keys"`
	Cases []caseOut `json:"cases"`
}

func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "peer: %s: %v\n", what, err)
		os.Exit(1)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	must(err, "hex")
	return b
}

func setup() {
	public, secret, err := cpabe.Setup(nil)
	must(err, "setup")
	p, err := public.MarshalBinary()
	must(err, "public key")
	s, err := secret.MarshalBinary()
	must(err, "secret key")
	policy := cpabe.Policy{}
	must(policy.FromString("a: b"), "policy")
	ct, err := public.Encrypt(nil, policy, []byte{})
	must(err, "encrypt")
	must(json.NewEncoder(os.Stdout).Encode(authority{
		hex.EncodeToString(p), hex.EncodeToString(s), hex.EncodeToString(ct),
	}), "write")
}

func opens(key *cpabe.AttributeKey, ct, want []byte) bool {
	got, err := key.Decrypt(ct)
	return err == nil && bytes.Equal(got, want)
}

func batch() {
	in := batchIn{}
	must(json.NewDecoder(os.Stdin).Decode(&in), "input")
	public := cpabe.PublicKey{}
	must(public.UnmarshalBinary(unhex(in.Public)), "public key")
	secret := cpabe.SystemSecretKey{}
	must(secret.UnmarshalBinary(unhex(in.Secret)), "secret key")

	out := batchOut{}
	given := make([]cpabe.AttributeKey, len(in.Keys))
	own := make([]cpabe.AttributeKey, len(in.Keys))
	attributes := make([]cpabe.Attributes, len(in.Keys))
	for i, k := range in.Keys {
		must(given[i].UnmarshalBinary(unhex(k.Key)), "attribute key")
		attributes[i].FromMap(k.Attributes)
		key, err := secret.KeyGen(nil, attributes[i])
		must(err, "keygen")
		own[i] = key
		b, err := key.MarshalBinary()
		must(err, "attribute key")
		out.Keys = append(out.Keys, hex.EncodeToString(b))
	}
	for _, c := range in.Cases {
		policy := cpabe.Policy{}
		must(policy.FromString(c.Policy), "policy "+c.Policy)
		message := unhex(c.Message)
		theirs := unhex(c.Ciphertext)
		stated := cpabe.Policy{}
		must(stated.ExtractFromCiphertext(theirs), "policy of a ciphertext")
		if !stated.Equal(&policy) {
			must(fmt.Errorf("%q became %q", c.Policy, stated.String()), "policy of a ciphertext")
		}
		ct, err := public.Encrypt(nil, policy, message)
		must(err, "encrypt")
		r := caseOut{Ciphertext: hex.EncodeToString(ct)}
		for _, k := range c.Keys {
			r.Satisfied = append(r.Satisfied, policy.Satisfaction(attributes[k]))
			r.Could = append(r.Could, attributes[k].CouldDecrypt(theirs))
			r.WithGiven = append(r.WithGiven, opens(&given[k], theirs, message))
			r.WithOwn = append(r.WithOwn, opens(&own[k], theirs, message))
		}
		out.Cases = append(out.Cases, r)
	}
	must(json.NewEncoder(os.Stdout).Encode(out), "write")
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "setup" {
		setup()
	} else if len(os.Args) == 2 && os.Args[1] == "batch" {
		batch()
	} else {
		fmt.Fprintln(os.Stderr, "usage: peer setup|batch")
		os.Exit(2)
	}
}
