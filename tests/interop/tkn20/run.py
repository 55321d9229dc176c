"""Exchanges keys and ciphertexts with CIRCL, both ways, on random policies with negation and repeated
labels: half under an authority made here, half under one that CIRCL made.

    python3 run.py INTEROP_TKN20      KF_SEED and KF_CASES choose what is drawn and how many

CIRCL is Debian's package golang-github-cloudflare-circl-dev; GOPATH may name another place. Version
1.3.1 speaks only the ciphertext format of its time, which the driver finds out.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = int(os.environ.get("KF_CASES", "200"))
SEED = int(os.environ.get("KF_SEED", str(int(time.time()))), 0)


def build_peer(folder):
    gopath = os.environ.get("KF_CIRCL_GOPATH", "/usr/share/gocode")
    if shutil.which("go") is None:
        sys.exit("interop/tkn20: there is no go; install golang-go")
    if not os.path.isdir(f"{gopath}/src/github.com/cloudflare/circl/abe/cpabe/tkn20"):
        sys.exit("interop/tkn20: there is no CIRCL; install golang-github-cloudflare-circl-dev")
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": gopath, "GOFLAGS": ""}
    env.setdefault("GOCACHE", os.path.join(folder, "go-cache") if "HOME" not in env else
                   os.path.join(env["HOME"], ".cache", "go-build"))
    peer = os.path.join(folder, "peer")
    subprocess.run(["go", "build", "-o", peer, os.path.join(HERE, "peer.go")], check=True, env=env)
    return peer


def exchange(peer, program, folder, authority, seed, cases, own):
    batch = os.path.join(folder, "batch.json")
    answer = os.path.join(folder, "answer.json")
    with open(batch, "wb") as f:
        argv = [program, "make", authority, str(seed), str(cases)] + (["own"] if own else [])
        subprocess.run(argv, check=True, stdout=f)
    with open(batch, "rb") as source, open(answer, "wb") as f:
        subprocess.run([peer, "batch"], check=True, stdin=source, stdout=f)
    subprocess.run([program, "check", batch, answer], check=True)


def main(program):
    print(f"KF_SEED={SEED}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        peer = build_peer(folder)
        authority = os.path.join(folder, "authority.json")
        with open(authority, "wb") as f:
            subprocess.run([peer, "setup"], check=True, stdout=f)
        with open(authority, "rb") as f:
            current = bytes.fromhex(json.load(f)["ciphertext"]).startswith(b"v1.3.8")
        print("CIRCL's format:", "current" if current else "former", flush=True)
        exchange(peer, program, folder, authority, SEED, CASES // 2, own=True)
        exchange(peer, program, folder, authority, SEED + 1, CASES - CASES // 2, own=False)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f"interop/tkn20: {error} (KF_SEED={SEED})")
