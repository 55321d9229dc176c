"""What the customers of the demo bring: a certificate authority, keys and certificates, made with
the openssl program, in folders of their own that no Keyfence process reads."""

import os
import subprocess

KEY_ARGUMENTS = {
    "RSA-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "RSA-3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "RSA-4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "P-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "Ed25519": ["-algorithm", "ED25519"],
}


def _openssl(*argv):
    done = subprocess.run(["openssl", *argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(argv)}: {done.stderr}")
    return done.stdout


class Customers:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.ca = os.path.join(folder, "ca.pem")
        self.ca_key = os.path.join(folder, "ca.key")
        _openssl("genpkey", *KEY_ARGUMENTS["P-256"], "-out", self.ca_key)
        _openssl(
            "req", "-x509", "-new", "-key", self.ca_key, "-out", self.ca, "-days", "30",
            "-subj", "/CN=Demo customers CA",
        )

    def path(self, name, ending):
        return os.path.join(self.folder, f"{name}.{ending}")

    def make(self, name, host, key_type):
        """Makes NAME.key and NAME.pem (leaf and CA) for one host; returns (chain, key) paths."""
        key, request, leaf = (self.path(name, e) for e in ("key", "csr", "crt"))
        extensions, chain = self.path(name, "ext"), self.path(name, "pem")
        _openssl("genpkey", *KEY_ARGUMENTS[key_type], "-out", key)
        _openssl("req", "-new", "-key", key, "-out", request, "-subj", f"/CN={host}")
        with open(extensions, "w") as f:
            f.write(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.ca_key, "-days", "30",
            "-CAcreateserial", "-extfile", extensions, "-out", leaf,
        )
        with open(chain, "w") as out:
            for part in (leaf, self.ca):
                with open(part) as f:
                    out.write(f.read())
        return chain, key
