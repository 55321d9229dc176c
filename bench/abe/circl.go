// CIRCL's tkn20 measured on command, as driver.h beside this file has it; any version of CIRCL.
//
// CIRCL has no cache that a label could be in: the -warm operations are the cold ones, which are
// not repeated. `@` in a case stands for nothing. What this version of CIRCL cannot do (before 1.3.8
// a ciphertext's lengths have 16 bits) is answered "cannot REASON".
package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/circl/abe/cpabe/tkn20"
	bls "github.com/cloudflare/circl/ecc/bls12381"
)

const (
	messageLength     = 23
	longMessageLength = 10000
	pairs             = 11
)

type job struct {
	policy     tkn20.Policy
	attributes tkn20.Attributes
	key        tkn20.AttributeKey
	keyBytes   []byte
	pool       [][]byte
	next       int
}

var (
	message     = make([]byte, longMessageLength)
	public      tkn20.PublicKey
	secret      tkn20.SystemSecretKey
	publicBytes []byte
	jobs        = map[string]*job{}
	pairP       []*bls.G1
	pairQ       []*bls.G2
	pairSigns   []int
)

func must(err error, what string) {
	if err != nil {
		fmt.Printf("error %s: %v\n", what, err)
		os.Exit(1)
	}
}

func encrypt(key *tkn20.PublicKey, j *job, length int) ([]byte, error) {
	return key.Encrypt(rand.Reader, j.policy, message[:length])
}

func decrypt(key *tkn20.AttributeKey, j *job) error {
	got, err := key.Decrypt(j.pool[j.next])
	if err == nil && len(got) != messageLength {
		must(fmt.Errorf("%d bytes", len(got)), "decrypt")
	}
	j.next = (j.next + 1) % len(j.pool)
	return err
}

func newJob(pool int, policy, attributes string) *job {
	j := &job{}
	must(j.policy.FromString(strings.ReplaceAll(policy, "@", "")), "policy")
	values := map[string]string{}
	for _, one := range strings.Split(strings.ReplaceAll(attributes, "@", ""), ", ") {
		pair := strings.SplitN(one, ": ", 2)
		values[pair[0]] = pair[1]
	}
	j.attributes.FromMap(values)
	var err error
	j.key, err = secret.KeyGen(rand.Reader, j.attributes)
	must(err, "keygen")
	j.keyBytes, err = j.key.MarshalBinary()
	must(err, "attribute key")
	for i := 0; i < pool; i++ {
		ct, err := encrypt(&public, j, messageLength)
		must(err, "encrypt")
		j.pool = append(j.pool, ct)
	}
	return j
}

func run(operation string, j *job) error {
	var err error
	switch operation {
	case "setup":
		_, _, err = tkn20.Setup(rand.Reader)
	case "keygen":
		_, err = secret.KeyGen(rand.Reader, j.attributes)
	case "encrypt":
		_, err = encrypt(&public, j, messageLength)
	case "encrypt-first":
		key := tkn20.PublicKey{}
		must(key.UnmarshalBinary(publicBytes), "public key")
		_, err = encrypt(&key, j, messageLength)
	case "decrypt":
		err = decrypt(&j.key, j)
	case "decrypt-first":
		key := tkn20.AttributeKey{}
		must(key.UnmarshalBinary(j.keyBytes), "attribute key")
		err = decrypt(&key, j)
	case "pairing-product-11":
		bls.ProdPairFrac(pairP, pairQ, pairSigns)
	}
	return err
}

func once(operation string, j *job) (float64, error) {
	started := time.Now()
	err := run(operation, j)
	return float64(time.Since(started).Nanoseconds()) / 1e6, err
}

func measure(operation string, j *job, budget float64) (float64, error) {
	first, err := once(operation, j)
	if err != nil || first >= budget/4 {
		return first, err
	}
	var samples []float64
	for spent := 0.0; spent < budget || len(samples) < 3; {
		sample, err := once(operation, j)
		if err != nil {
			return 0, err
		}
		samples = append(samples, sample)
		spent += sample
	}
	sort.Float64s(samples)
	n := len(samples)
	return (samples[(n-1)/2] + samples[n/2]) / 2, nil
}

func preparePairs() {
	for i := 0; i < pairs; i++ {
		k := &bls.Scalar{}
		k.SetUint64(uint64(i + 3))
		k.Inv(k)
		p, q := &bls.G1{}, &bls.G2{}
		p.ScalarMult(k, bls.G1Generator())
		q.ScalarMult(k, bls.G2Generator())
		pairP, pairQ, pairSigns = append(pairP, p), append(pairQ, q), append(pairSigns, 1)
	}
}

func serve(field []string) {
	known := map[string]bool{
		"setup": false, "pairing-product-11": false, "keygen": true, "encrypt": true,
		"encrypt-first": true, "decrypt": true, "decrypt-first": true,
	}
	switch {
	case field[0] == "hello":
		fmt.Printf("circl\t%s\n", runtime.Version())
	case field[0] == "case" && len(field) == 5:
		pool, err := strconv.Atoi(field[2])
		must(err, "pool")
		jobs[field[1]] = newJob(pool, field[3], field[4])
		fmt.Println("ok")
	case field[0] == "time" && len(field) == 4:
		needsCase, there := known[field[1]]
		j := jobs[field[2]]
		budget, err := strconv.ParseFloat(field[3], 64)
		must(err, "budget")
		if !there || (needsCase && j == nil) {
			fmt.Printf("error no %s of %s\n", field[1], field[2])
			return
		}
		took, err := measure(field[1], j, budget)
		if err != nil {
			fmt.Printf("cannot %s: %v\n", field[1], err)
			return
		}
		fmt.Printf("%.6f\n", took)
	case field[0] == "size" && len(field) == 3 && jobs[field[2]] != nil:
		j := jobs[field[2]]
		ct, err := encrypt(&public, j, longMessageLength)
		must(err, "encrypt")
		fmt.Printf("%d\t%d\t%d\n", len(j.keyBytes), len(publicBytes), len(ct)-longMessageLength)
	default:
		fmt.Printf("error no such command: %s\n", field[0])
	}
}

func main() {
	var err error
	public, secret, err = tkn20.Setup(rand.Reader)
	must(err, "setup")
	publicBytes, err = public.MarshalBinary()
	must(err, "public key")
	preparePairs()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		serve(strings.Split(lines.Text(), "\t"))
	}
}
