"""An authority and a core of their own, on Unix sockets in a temporary folder, for tests that break
or restart them; and the certificates to upload to them."""

import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
AUTHORITY = os.path.join(BUILD, "daemon/authority/keyfence-authority")
CORE = os.path.join(BUILD, "daemon/core/keyfence-core")
CLI = os.path.join(BUILD, "cli/keyfence/keyfence")

KEY_ARGUMENTS = {
    "RSA-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "RSA-3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "RSA-4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "P-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "Ed25519": ["-algorithm", "ED25519"],
    "RSA-1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "P-521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "Ed448": ["-algorithm", "ED448"],
    "RSA-PSS": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
}


def openssl(*argv, **more):
    done = subprocess.run(["openssl", *argv], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(argv)}: {done.stderr}")
    return done.stdout


class Pki:
    """A root, an intermediate and leaves; everything is made with the openssl program."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.make_key("root", "P-256")
        openssl("req", "-x509", "-new", "-key", self.path("root.key"), "-out", self.path("root.pem"),
                "-days", "300", "-subj", "/CN=Test root")
        self.make_key("middle", "P-256")
        self.issue("middle", "Test intermediate", "root", "basicConstraints=critical,CA:TRUE\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def make_key(self, name, key_type):
        openssl("genpkey", *KEY_ARGUMENTS[key_type], "-out", self.path(f"{name}.key"))

    def issue(self, name, subject, issuer, extensions, days="200"):
        """name.pem for name.key; with a negative number of days it has expired already."""
        with open(self.path(f"{name}.ext"), "w") as f:
            f.write(extensions)
        openssl("req", "-new", "-key", self.path(f"{name}.key"), "-subj", f"/CN={subject}",
                "-out", self.path(f"{name}.csr"))
        # OpenSSL 3.5 refuses a negative -days and has options for both ends; 3.0 has neither.
        help_text = subprocess.run(["openssl", "x509", "-help"], capture_output=True, text=True).stderr
        period = ("-days", days)
        if days.startswith("-") and "-not_before" in help_text:
            period = ("-not_before", "20240101000000Z", "-not_after", "20240201000000Z")
        openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{issuer}.pem"),
                "-CAkey", self.path(f"{issuer}.key"), "-CAcreateserial", *period,
                "-extfile", self.path(f"{name}.ext"), "-out", self.path(f"{name}.pem"))

    def leaf(self, name, key_type="P-256", hosts=("www.example.org",), days="200"):
        """Makes a leaf; returns (chain, key) as texts."""
        if not os.path.exists(self.path(f"{name}.key")):
            self.make_key(name, key_type)
        names = "subjectAltName=" + ",".join(f"DNS:{h}" for h in hosts) + "\n" if hosts else ""
        self.issue(name, hosts[0] if hosts else name, "middle", names, days)
        return self.read(f"{name}.pem") + self.read("middle.pem"), self.read(f"{name}.key")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("keyfence", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def read_records(body):
    """{key: (revision, tombstone, payload)} of a feed's body, parsed by the letter of the format."""
    records = {}
    at = 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        record = body[at + 4 : at + 4 + length]
        at += 4 + length
        assert record[:4] == b"KFR1"
        flags = record[5]
        (revision,) = struct.unpack_from(">Q", record, 6)
        (key_length,) = struct.unpack_from(">H", record, 26)
        key = record[28 : 28 + key_length].decode()
        (payload_length,) = struct.unpack_from(">I", record, 28 + key_length)
        payload = record[32 + key_length : 32 + key_length + payload_length]
        assert len(record) == 32 + key_length + payload_length + 64
        records[key] = (revision, bool(flags & 1), payload)
    return records


class Site:
    PASSPHRASE = "correct horse battery staple\n"

    def __init__(self, tcp_port=None):
        self.folder = tempfile.mkdtemp(prefix="kf-core-")
        self.processes = {}
        self.machines = 0
        self.api = self.path("api.sock")
        self.feed = self.path("feed.sock")
        self.write("passphrase", self.PASSPHRASE, 0o400)
        self.write("authority.yaml", f"""state: {self.path('authority')}
socket: {self.path('authority.sock')}
passphrase_file: {self.path('passphrase')}
""")
        tcp = f', "127.0.0.1:{tcp_port}"' if tcp_port else ""
        self.write("core.yaml", f"""state: {self.path('core')}
api: ["unix:{self.api}"{tcp}]
feed: ["unix:{self.feed}"]
authority: {self.path('authority.sock')}
catalogue: {ROOT}/data/attributes.yaml
regions: {ROOT}/data/regions.yaml
""")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def log(self, name):
        with open(self.path(f"{name}.log")) as f:
            return f.read()

    def start(self, name, seconds=30):
        program = {"authority": AUTHORITY, "core": CORE}[name]
        with open(self.path(f"{name}.log"), "w") as log:
            process = subprocess.Popen([program, "--config", self.path(f"{name}.yaml")],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes[name] = process
        deadline = time.monotonic() + seconds
        while " ready: " not in self.log(name):
            assert process.poll() is None, f"{name} ended: {self.log(name)}"
            assert time.monotonic() < deadline, f"{name} is not ready: {self.log(name)}"
            time.sleep(0.02)  # polls a condition with a deadline
        return process

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(how)
        return process.wait(30)

    def close(self):
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)
        shutil.rmtree(self.folder)

    def call(self, method, path, body=None, connection=None, headers=None):
        """(status, JSON) of one request to the API."""
        connection = connection or UnixConnection(self.api)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def cli(self, *argv):
        return subprocess.run([CLI, "--core", f"unix:{self.api}", *argv], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)

    def feed_raw(self, machine, after=0, wait=0, headers=None):
        connection = UnixConnection(self.feed)
        connection.request("GET", f"/v1/feed?after={after}&wait={wait}&machine={machine}",
                           headers=headers or {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def records(self, machine="fra-1"):
        """All live records and tombstones but the heartbeat, as {key: (revision, tombstone)}."""
        answer, body = self.feed_raw(machine)
        assert answer.status == 200, body
        return {k: v[:2] for k, v in read_records(body).items() if k != "heartbeat"}

    def add_datacenter(self, name="fra", country="DE", **more):
        body = {"id": name, "name": name, "country": country, "latitude": 50, "longitude": 8, **more}
        status, answer = self.call("POST", "/v1/datacenters", body)
        assert status == 201, answer
        return answer

    def enrol(self, machine="fra-1", datacenter="fra"):
        folder = self.path(machine)
        self.machines += 1
        for argv in (["machine", "enrol", "--dir", folder, "--id", machine, "--datacenter", datacenter,
                      "--relay", f"127.0.0.1:{7399 + self.machines}"], ["machine", "add", "--dir", folder]):
            done = self.cli(*argv)
            assert done.returncode == 0, done.stderr
        return folder
