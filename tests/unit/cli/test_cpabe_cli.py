"""The cpabe program from outside: what it writes, what it refuses, and its exit status.

    python3 test_cpabe_cli.py CPABE VECTORS
"""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest

CPABE, VECTORS = os.path.abspath(sys.argv[1]), sys.argv[2]
MEMORY_MAX = 8 << 20


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def put(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def get(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def run_it(self, *arguments, status=0, data=None):
        done = subprocess.run([CPABE, *arguments], input=data or b"", capture_output=True,
                              cwd=self.folder.name)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stderr.decode()}")
        if status not in (0, 3):
            self.assertTrue(done.stderr.startswith(b"cpabe: ") or b"usage" in done.stderr)
        return done

    def authority(self):
        self.run_it("setup", "--public", "p", "--secret", "s")

    def key(self, name, attributes):
        self.run_it("keygen", "--secret", "s", "--attributes", attributes, "--out", name)

    def encrypt(self, policy, message, out, *more):
        self.put("message", message)
        self.run_it("encrypt", "--public", "p", "--policy", policy, "--in", "message", "--out", out,
                    *more)

    def test_round_trip(self):
        self.authority()
        self.key("k", "country: FR, region: EU")
        for more in ([], ["--format", "former"], ["--format", "oldest"], ["--format", "current"]):
            self.encrypt("region: EU and not country: DE", b"bonjour\0\xff", "c", *more)
            self.run_it("decrypt", "--key", "k", "--in", "c", "--out", "o")
            self.assertEqual(self.get("o"), b"bonjour\0\xff")
        self.encrypt("region: EU", b"", "c")
        self.run_it("decrypt", "--key", "k", "--in", "c", "--out", "o")
        self.assertEqual(self.get("o"), b"")
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["c", "k", "message", "o", "p", "s"])
        for name, mode in (("s", 0o600), ("k", 0o600), ("o", 0o600)):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), mode, name)

    def test_standard_streams(self):
        self.authority()
        self.key("k", "a: 1")
        sealed = self.run_it("encrypt", "--public", "p", "--policy", "a: 1", "--in", "-", "--out",
                             "-", data=b"through a pipe").stdout
        opened = self.run_it("decrypt", "--key", "k", "--in", "-", "--out", "-", data=sealed)
        self.assertEqual(opened.stdout, b"through a pipe")
        self.assertIn(b"policy: a: 1\n", self.run_it("inspect", "-", data=sealed).stdout)
        self.run_it("decrypt", "--key", "-", "--in", "-", "--out", "-", status=2)
        self.run_it("decrypt", "--key", "k", "--in", "-", "--out", "/dev/null", data=sealed)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_links_are_followed(self):
        os.mkdir(self.path("d"))
        self.put("d/p", b"old")
        os.symlink("d/p", self.path("link"))
        self.run_it("setup", "--public", "link", "--secret", "s")
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(len(self.get("d/p")), 3282)

    def refused(self, status, *arguments, out="o"):
        """Nothing is written, and what was there stays."""
        before = sorted(os.listdir(self.folder.name))
        error = self.run_it(*arguments, status=status).stderr.decode()
        self.assertEqual(sorted(os.listdir(self.folder.name)), before)
        self.put(out, b"was here")
        self.run_it(*arguments, status=status)
        self.assertEqual(self.get(out), b"was here")
        os.unlink(self.path(out))
        return error

    def test_unsatisfied(self):
        self.authority()
        self.key("k", "a: 1")
        self.encrypt("a: 2", b"x", "c")
        self.refused(3, "decrypt", "--key", "k", "--in", "c", "--out", "o")
        self.run_it("check", "--in", "c", "--key", "k", status=3)
        self.run_it("check", "--in", "c", "--attributes", "a: 1", status=3)
        self.run_it("check", "--in", "c", "--attributes", "b: 1, a: 2")

    def test_malformed(self):
        self.authority()
        self.key("k", "a: 1")
        self.encrypt("a: 1", b"message", "c")
        good = self.get("c")
        for bad in (good[:-1], good + b"\0", good[:-1] + bytes([good[-1] ^ 1]), b"", b"PEM"):
            self.put("bad", bad)
            self.refused(4, "decrypt", "--key", "k", "--in", "bad", "--out", "o")
        self.put("bad", self.get("k")[:-1])
        self.refused(4, "decrypt", "--key", "bad", "--in", "c", "--out", "o")
        self.put("bad", b"nonsense")
        self.run_it("inspect", "bad", status=4)
        self.run_it("check", "--in", "bad", "--attributes", "a: 1", status=4)
        error = self.refused(4, "keygen", "--secret", "p", "--attributes", "a: 1", "--out", "o")
        self.assertIn("this is a public key; a secret key is expected", error)

    def test_usage(self):
        self.authority()
        self.put("message", b"x")
        error = self.refused(2, "encrypt", "--public", "p", "--policy", "a: 1 AND b: 2", "--in",
                             "message", "--out", "o")
        self.assertIn("line 1, column 6", error)
        self.assertIn("\n       ^", error)
        error = self.refused(2, "keygen", "--secret", "s", "--attributes", "a: 1, b", "--out", "o")
        self.assertIn("line 1, column 8", error)
        self.refused(2, "encrypt", "--public", "p", "--policy", "a: 1", "--in", "message", "--out",
                     "o", "--format", "newest")
        for arguments in ([], ["unknown"], ["setup"], ["setup", "--public", "o"], ["inspect"],
                          ["inspect", "p", "s"], ["setup", "--strange"], ["check", "--in", "p"],
                          ["keygen", "--secret", "s", "--secret", "s"],
                          ["check", "--in", "p", "--key", "p", "--attributes", "a: 1"],
                          ["decrypt", "--policy", "a: 1"]):
            self.run_it(*arguments, status=2)

    def test_missing_files(self):
        self.authority()
        self.put("message", b"x")
        self.refused(1, "encrypt", "--public", "p", "--policy", "a: 1", "--in", "none", "--out", "o")
        self.run_it("encrypt", "--public", "p", "--policy", "a: 1", "--in", "message", "--out",
                    "no/where", status=1)
        self.run_it("setup", "--public", "p2", "--secret", "no/where", status=1)
        self.assertFalse(os.path.exists(self.path("p2")))
        self.run_it("setup", "--public", "no/where", "--secret", "s2", status=1)
        self.assertFalse(os.path.exists(self.path("s2")))

    def test_inspect(self):
        self.authority()
        self.key("k", "region: EU, country: FR")
        self.encrypt("not (country: DE or a: 1) or region: EU", b"x", "c")
        seen = {name: json.loads(self.run_it("inspect", name, "--json").stdout) for name in "pskc"}
        self.assertEqual(seen["p"], {"kind": "public key", "bytes": 3282})
        self.assertEqual(seen["s"], {"kind": "secret key", "bytes": 1136})
        self.assertEqual(seen["k"]["kind"], "attribute key")
        self.assertEqual(seen["k"]["labels"], ["country", "region"])
        self.assertEqual(seen["c"]["kind"], "ciphertext")
        self.assertEqual(seen["c"]["policy"], "not country: DE and not a: 1 or region: EU")
        self.assertEqual(seen["c"]["format"], "current")
        self.assertEqual(seen["c"]["leaves"], 3)

    def test_help(self):
        self.assertIn(b"cpabe keygen", self.run_it("--help").stdout)
        self.assertIn(b"--policy", self.run_it("encrypt", "--help").stdout)

    def path_in_use(self, asked):
        env = {name: value for name, value in os.environ.items() if name != "BLS12381_PATH"}
        if asked is not None:
            env["BLS12381_PATH"] = asked
        done = subprocess.run([CPABE, "--version"], env=env, capture_output=True, text=True, check=True)
        found = re.fullmatch(r"cpabe [0-9.]+\nBLS12-381 path: (portable|mulx|ifma)\n", done.stdout)
        self.assertIsNotNone(found, done.stdout)
        return found[1]

    def test_version(self):
        """It says which path computes: the one asked for, or the machine's where it has no such one."""
        fastest = self.path_in_use(None)
        self.assertEqual(self.path_in_use("portable"), "portable")
        self.assertEqual(self.path_in_use(fastest), fastest)
        self.assertEqual(self.path_in_use("abacus"), fastest)
        for path in ("mulx", "ifma"):
            self.assertIn(self.path_in_use(path), (path, fastest))

    @unittest.skipUnless("KF_PEAK_MEMORY" in os.environ, "no meaning in a build with sanitizers")
    def test_memory(self):
        """Decryption stays small on every path of the arithmetic (one that is not supported is
        another one again)."""
        self.authority()
        fifty = [f"k{i}: v{i}" for i in range(50)]
        cases = [("k1: v2, k2: v4", "(k1: v1 or k1: v2) and not k2: v3"),
                 (", ".join(fifty), " and ".join(fifty))]
        for attributes, policy in cases:
            self.key("k", attributes)
            self.encrypt(policy, b"drink your ovaltine now", "c")
            for path in ("portable", "mulx", "ifma"):
                done = subprocess.run(
                    [os.environ["KF_PEAK_MEMORY"], CPABE, "decrypt", "--key", "k", "--in", "c", "--out", "o"],
                    cwd=self.folder.name, env={**os.environ, "BLS12381_PATH": path}, capture_output=True)
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                self.assertEqual(self.get("o"), b"drink your ovaltine now")
                self.assertLess(int(done.stdout) << 10, MEMORY_MAX, f"{path}: {policy}")
                os.unlink(self.path("o"))

    def test_circl(self):
        """Every ciphertext opens with exactly the keys it should; the others are exit status 3."""
        with open(os.path.join(VECTORS, "circl.json"), encoding="utf-8") as f:
            vectors = json.load(f)
        for i, key in enumerate(vectors["keys"]):
            self.put(f"k{i}", bytes.fromhex(key["key"]))
        for c in vectors["ciphertexts"]:
            self.put("c", bytes.fromhex(c["ciphertext"]))
            for i in range(len(vectors["keys"])):
                done = self.run_it("decrypt", "--key", f"k{i}", "--in", "c", "--out", "-",
                                   status=0 if i in c["opens"] else 3)
                self.assertEqual(done.stdout, bytes.fromhex(c["message"]) if i in c["opens"] else b"")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
