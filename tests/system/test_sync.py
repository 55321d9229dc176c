"""keyfence-sync between a feed that this file serves, honest or hostile, and a real HAProxy.

Records are made here from docs/PROTOCOL.records alone, with another library's Ed25519.
"""

import base64
import datetime
import hashlib
import http.server
import ipaddress
import os
import pathlib
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KF_BUILD_ROOT", ROOT / "build"))
SYNC = BUILD / "daemon" / "sync" / "keyfence-sync"
PROVIDER = BUILD / "provider" / "keyfence.so"
TEST_SIGNER = BUILD / "tests" / "unit" / "provider" / "test_signer"
POLICY_ID = "0123456789abcdef0123456789abcdef"
(GENERATION, DATACENTER, MACHINE, MACHINE_KEY, POLICY_KEY, POLICY_WRAP, CERTIFICATE, CUSTOMER_KEY,
 HEARTBEAT) = range(1, 10)

haproxy_here = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy")


def wait_until(condition, seconds=10.0, what="a condition"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def now_ms():
    return int(time.time() * 1000)


# Records


def block16(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">H", len(data)) + data


def block32(data):
    return struct.pack(">I", len(data)) + data


def sign(key, kind, revision, name, payload, tombstone=False):
    body = (b"KFR1" + struct.pack(">BBQIQ", kind, int(tombstone), revision, 0, now_ms()) +
            block16(name) + block32(b"" if tombstone else payload))
    return body + key.sign(b"keyfence record v1\0" + body)


def heartbeat_payload(wall_ms=None):
    return struct.pack(">BQ", 1, now_ms() if wall_ms is None else wall_ms)


class Identity:
    """A customer's certificate, its key in a file for the test signer."""

    def __init__(self, folder, name, hosts, copies=1):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_path = folder / f"{name}.key"
        self.key_path.write_bytes(self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        self.hosts = hosts
        self.renew(copies)
        public = self.key.public_key()
        self.spki = public.public_bytes(serialization.Encoding.DER,
                                        serialization.PublicFormat.SubjectPublicKeyInfo)
        self.ski = hashlib.sha1(public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)).digest()

    def renew(self, copies=1):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.hosts[0])])
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        names = x509.SubjectAlternativeName([x509.DNSName(h) for h in self.hosts])
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                       .public_key(self.key.public_key())
                       .serial_number(x509.random_serial_number())
                       .not_valid_before(start)
                       .not_valid_after(start + datetime.timedelta(days=3))
                       .add_extension(names, critical=False)
                       .sign(self.key, hashes.SHA256()))
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        self.chain = certificate.public_bytes(serialization.Encoding.PEM) * copies

    def certificate_payload(self, hosts=None, updated_ms=None):
        hosts = self.hosts if hosts is None else hosts
        return (struct.pack(">BH", 1, len(hosts)) + b"".join(block16(h) for h in hosts) +
                block32(self.chain) + self.ski + bytes([4]) + block16(POLICY_ID) +
                block16("region: EU") +
                struct.pack(">QQ", 1, now_ms() if updated_ms is None else updated_ms) +
                hashlib.sha256(self.der).digest())

    def key_payload(self):
        return (b"\1" + block16(POLICY_ID) + bytes([4]) + block32(self.spki) +
                block32(b"sealed elsewhere"))

    def reference(self):
        inner = b"\x02\x01\x01\x04\x14" + self.ski + self.spki
        text = base64.encodebytes(b"\x30" + (bytes([len(inner)]) if len(inner) < 128 else
                                             bytes([0x81, len(inner)])) + inner).decode()
        return text.replace("\n", "")


# The feed


class Core:
    """The store behind a feed: the newest record of each key, in revision order."""

    def __init__(self):
        self.signing = ed25519.Ed25519PrivateKey.generate()
        self.store_id = os.urandom(16)
        self.head = 0
        self.log = {}  # key -> (revision, bytes)
        self.changed = threading.Condition()
        self.requests = []
        self.override = None  # a function (after) -> (status, headers, body) for hostile answers

    def put(self, kind, key, payload=b"", tombstone=False):
        with self.changed:
            self.head += 1
            self.log[key] = (self.head, sign(self.signing, kind, self.head, key, payload, tombstone))
            self.changed.notify_all()
            return self.head

    def beat(self, wall_ms=None):
        return self.put(HEARTBEAT, "heartbeat", heartbeat_payload(wall_ms))

    def upload(self, name, identity, **options):
        self.put(CUSTOMER_KEY, f"key/{identity.ski.hex()}", identity.key_payload())
        return self.put(CERTIFICATE, f"certificate/{name}", identity.certificate_payload(**options))

    def delete(self, name):
        return self.put(CERTIFICATE, f"certificate/{name}", tombstone=True)

    def headers(self, head=None, store_id=None):
        return {"X-Keyfence-Head": str(self.head if head is None else head),
                "X-Keyfence-Store": (store_id or self.store_id).hex()}

    def body(self, after, machine="par-1"):
        def wanted(key):
            return not key.startswith("machinekey/") or key.startswith(f"machinekey/{machine}/")
        chosen = sorted(v for k, v in self.log.items() if v[0] > after and wanted(k))
        out = b""
        for _, record in chosen:
            if len(out) + 4 + len(record) > 1 << 20:
                break
            out += block32(record)
        return out

    def answer(self, after, wait, machine):
        with self.changed:
            self.requests.append(after)
            if self.override:
                return self.override(after)
            self.changed.wait_for(lambda: self.head > after or self.override, wait)
            if self.override:
                return self.override(after)
            return 200, self.headers(), self.body(after, machine)


class FeedServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 50

    def __init__(self, path, core):
        self.core = core
        self.open = []
        super().__init__(str(path), FeedHandler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def process_request(self, request, address):
        self.open.append(request)
        super().process_request(request, address)

    def stop(self):
        self.shutdown()
        self.server_close()
        os.unlink(self.server_address)
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class TlsFeedServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The feed over TLS 1.3 that wants a certificate of the machine CA."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, core, certificate, key, client_ca):
        self.core = core
        self.clients = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(certificate, key)
        self.context.load_verify_locations(client_ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(("127.0.0.1", 0), FeedHandler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def finish_request(self, request, address):
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                self.clients.append(tls.getpeercert())
                FeedHandler(tls, address, self)
        except OSError:
            pass

    def stop(self):
        self.shutdown()
        self.server_close()


class FeedHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        assert url.path == "/v1/feed"
        status, headers, body = self.server.core.answer(int(query["after"]), int(query["wait"]),
                                                        query["machine"])
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


# The programs


class Sync:
    def __init__(self, place):
        self.place = place
        self.log_path = place.folder / f"sync-{time.monotonic_ns()}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([SYNC, "--config", place.config], stdout=log, stderr=log)
        wait_until(lambda: "ready" in self.log() or self.process.poll() is not None, 10, "ready")
        assert self.process.poll() is None, self.log()

    def log(self):
        return self.log_path.read_text()

    def said(self, text):
        return sum(text in line for line in self.log().splitlines())

    def troubles(self):
        """What it complained of, but for the HAProxy that most tests do without."""
        return [line for line in self.log().splitlines()
                if (" WARN " in line or " ERROR " in line) and "No such file" not in line]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0, self.log()
        assert "runtime error" not in self.log()  # what UBSan says

    def kill(self):
        self.process.kill()
        self.process.wait()


class HAProxy:
    def __init__(self, place):
        self.place = place
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.config = place.folder / "haproxy.cfg"
        self.config.write_text(f"""global
    stats socket {place.stats} mode 600 level admin
    ssl-provider-path {PROVIDER.parent}
    ssl-provider default
    ssl-provider keyfence
    ssl-mode-async
    insecure-fork-wanted
    tune.bufsize 65536
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend tls
    bind 127.0.0.1:{self.port} ssl crt-list {place.certs}/certificates.list strict-sni
    http-request return status 200
""")
        self.start()

    def start(self):
        self.log = open(self.place.folder / "haproxy.log", "ab")
        self.process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(self.config)], stdout=self.log, stderr=self.log,
            env={**os.environ, "KEYFENCE_SIGNER_SOCKET": str(self.place.signer),
                 "KEYFENCE_RELAY_SOCKET": "/nowhere"})
        wait_until(self.listens, 10, "HAProxy")

    def listens(self):
        """Both sockets: HAProxy opens one after the other."""
        assert self.process.poll() is None, (self.place.folder / "haproxy.log").read_text()
        with socket.socket() as s, socket.socket(socket.AF_UNIX) as stats:
            return (s.connect_ex(("127.0.0.1", self.port)) == 0 and
                    stats.connect_ex(str(self.place.stats)) == 0)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.place.stats))
            s.sendall(command.encode() + b"\n")
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        return answer.decode()

    def pid(self):
        return [l for l in self.ask("show info").splitlines() if l.startswith("Pid:")]

    def lines(self):
        text = self.ask(f"show ssl crt-list {self.place.certs}/certificates.list")
        return sorted(l.replace(f"{self.place.certs}/", "") for l in text.splitlines()
                      if l and not l.startswith("#"))

    def shown(self, host):
        """The DER of the certificate that a handshake shows, or None."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as raw:
                with context.wrap_socket(raw, server_hostname=host) as tls:
                    return tls.getpeercert(True)
        except (ssl.SSLError, OSError):
            return None


class Place:
    """One machine's folders, its core, and what runs on it; all ended together."""

    def __init__(self, folder):
        self.folder = folder
        self.feed_path = folder / "feed.sock"
        self.state = folder / "state"
        self.certs = self.state / "certs"
        self.stats = folder / "haproxy.sock"
        self.signer = folder / "signer.sock"
        self.config = folder / "edge.yaml"
        (self.state / "machine").mkdir(parents=True)
        (folder / "run").mkdir()
        self.core = Core()
        self.parts = []
        self.pin(self.core)
        self.config.write_text(f"""machine: par-1
datacenter: par
state: {self.state}
run: {folder}/run
sync:
  core: unix:{self.feed_path}
  haproxy: [{self.stats}]
relay:
  listen: 127.0.0.1:1
""")
        self.server = FeedServer(self.feed_path, self.core)

    def pin(self, core):
        public = core.signing.public_key().public_bytes(serialization.Encoding.Raw,
                                                        serialization.PublicFormat.Raw)
        (self.state / "machine" / "records.pub").write_text(public.hex() + "\n")

    def run(self, kind):
        part = kind(self)
        self.parts.append(part)
        return part

    def sign_with(self, *identities):
        command = [TEST_SIGNER, "serve", self.signer]
        for identity in identities:
            command += ["--key", identity.key_path]
        process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        self.parts.append(Process(process))

    def file(self, name):
        path = self.certs / name
        return path.read_text() if path.exists() else None

    def list(self):
        return [l.replace(f"{self.certs}/", "") for l in self.file("certificates.list").splitlines()]

    def wait_list(self, lines, seconds=5.0):
        wait_until(lambda: self.list() == lines, seconds, f"the list {lines}, not {self.list()}")

    def end(self):
        failure = None
        for part in reversed(self.parts):
            try:
                part.stop()
            except AssertionError as e:
                failure = e
        self.server.stop()
        if failure:
            raise failure


class Process:
    def __init__(self, process):
        self.process = process

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def place():
    # Unix sockets have short names; pytest's folders have not.
    folder = pathlib.Path(subprocess.run(["mktemp", "-d", "/tmp/kfsync-XXXXXX"], check=True,
                                         capture_output=True, text=True).stdout.strip())
    made = Place(folder)
    try:
        yield made
    finally:
        made.end()
        if os.environ.get("KF_KEEP"):
            print(f"the machine's files stay in {folder}")
        else:
            shutil.rmtree(folder)


# Following


def test_a_change_is_in_the_files_within_a_second(place):
    shop = Identity(place.folder, "shop", ["shop.example", "*.shop.example"])
    sync = place.run(Sync)
    assert place.list() == []
    place.core.upload("shop", shop)
    began = time.monotonic()
    place.wait_list(["shop.pem shop.example *.shop.example"])
    assert time.monotonic() - began < 1
    text = place.file("shop.pem")
    assert text.startswith(shop.chain.decode())
    assert "-----BEGIN KEYFENCE KEY REFERENCE-----" in text
    assert shop.reference() in text.replace("\n", "")
    assert text == shop.chain.decode() + place.file("shop.pem.key")
    assert "PRIVATE" not in text
    place.core.delete("shop")
    place.wait_list([])
    wait_until(lambda: place.file("shop.pem") is None and place.file("shop.pem.key") is None, 2,
               "the files to go")
    assert sync.troubles() == []


def test_it_resumes_from_its_cursor(place):
    identity = Identity(place.folder, "a", ["a.example"])
    sync = place.run(Sync)
    head = place.core.upload("a", identity)
    place.wait_list(["a.pem a.example"])
    sync.stop()
    place.core.requests.clear()
    place.core.upload("b", Identity(place.folder, "b", ["b.example"]))
    place.run(Sync)
    place.wait_list(["a.pem a.example", "b.pem b.example"])
    assert place.core.requests[0] == head


def test_a_second_one_on_the_same_replica_is_refused(place):
    sync = place.run(Sync)
    done = subprocess.run([SYNC, "--config", place.config], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "another keyfence-sync keeps" in done.stderr
    place.core.upload("a", Identity(place.folder, "a", ["a.example"]))
    place.wait_list(["a.pem a.example"])
    assert sync.troubles() == []


def test_killed_at_any_moment_it_resumes_whole(place):
    identities = [Identity(place.folder, f"i{n}", [f"i{n}.example"]) for n in range(20)]
    for n, identity in enumerate(identities):
        sync = place.run(Sync)
        place.core.upload(f"i{n}", identity)
        time.sleep(0.002 * n)  # another moment each time
        sync.kill()
        place.parts.remove(sync)
    place.run(Sync)
    place.wait_list(sorted(f"i{n}.pem i{n}.example" for n in range(20)))
    for n in range(20):
        assert place.file(f"i{n}.pem").startswith(identities[n].chain.decode())
    assert not [f for f in os.listdir(place.certs) if f.endswith(".new")]


def test_it_serves_from_disk_while_the_core_is_away(place):
    sync = place.run(Sync)
    place.core.upload("a", Identity(place.folder, "a", ["a.example"]))
    place.wait_list(["a.pem a.example"])
    place.server.stop()
    wait_until(lambda: sync.said("cannot be followed"), 5, "the trouble to be said")
    sync.stop()
    sync = place.run(Sync)  # also a start without the core
    assert place.list() == ["a.pem a.example"]
    wait_until(lambda: sync.said("cannot be followed"), 5, "the trouble to be said")
    time.sleep(2)  # several retries
    assert sync.said("cannot be followed") == 1
    place.server = FeedServer(place.feed_path, place.core)
    began = time.monotonic()
    place.core.upload("b", Identity(place.folder, "b", ["b.example"]))
    place.wait_list(["a.pem a.example", "b.pem b.example"])
    assert time.monotonic() - began < 1.5
    wait_until(lambda: sync.said("followed again"), 5, "its end to be said")
    assert sync.said("followed again") == 1


def test_a_large_bootstrap(place):
    chains = Identity(place.folder, "big", ["big.example"], copies=20)
    for n in range(400):
        place.core.put(CERTIFICATE, f"certificate/c{n:03}", chains.certificate_payload([f"h{n}.example"]))
    place.core.put(CUSTOMER_KEY, f"key/{chains.ski.hex()}", chains.key_payload())
    assert sum(len(r) for _, r in place.core.log.values()) > 3 << 20  # several responses
    place.run(Sync)
    place.wait_list([f"c{n:03}.pem h{n}.example" for n in range(400)], 20)


def test_machine_keys_of_others_do_not_spin(place):
    sync = place.run(Sync)
    place.core.beat()
    for n in range(3):
        place.core.put(MACHINE_KEY, "machinekey/nyc-1/1", b"\1" + block32(b"box"))
    wait_until(lambda: place.core.requests and place.core.requests[-1:] == [place.core.head], 5,
               "the position to pass what is not for this machine")
    place.core.requests.clear()
    time.sleep(1)
    assert len(place.core.requests) <= 2
    assert sync.troubles() == []


class Authority:
    """A machine CA."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate(self.subject, self.key, x509.BasicConstraints(True, None)))

    def certificate(self, subject, key, *extensions):
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, path, *names):
        """Writes PATH.pem and PATH.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        path.with_suffix(".key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.name)])
        path.with_suffix(".pem").write_bytes(
            self.certificate(subject, key, x509.SubjectAlternativeName(names)))
        return path.with_suffix(".pem"), path.with_suffix(".key")


def test_over_mutual_tls(place):
    machine = place.state / "machine"
    ca = Authority(place.folder, "machine-ca")
    shutil.copy(ca.path, machine / "machine-ca.pem")
    ca.issue(machine / "sync", x509.UniformResourceIdentifier("keyfence://machine/par-1/sync"))
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    server = TlsFeedServer(place.core, *ca.issue(place.folder / "core", loopback), ca.path)
    port = server.server_address[1]
    config = place.config.read_text()
    place.config.write_text(config.replace(f"unix:{place.feed_path}", f"https://127.0.0.1:{port}"))
    sync = place.run(Sync)
    place.core.upload("a", Identity(place.folder, "a", ["a.example"]))
    place.wait_list(["a.pem a.example"])
    assert ("URI", "keyfence://machine/par-1/sync") in server.clients[0]["subjectAltName"]
    assert sync.troubles() == []
    assert len(server.clients) == 1  # one connection, kept
    sync.stop()
    server.stop()

    # Another CA's server is not believed, however well it answers.
    other = Authority(place.folder, "other-ca")
    server = TlsFeedServer(place.core, *other.issue(place.folder / "fake", loopback), ca.path)
    place.config.write_text(config.replace(f"unix:{place.feed_path}",
                                           f"https://127.0.0.1:{server.server_address[1]}"))
    sync = place.run(Sync)
    wait_until(lambda: sync.said("cannot be followed"), 5, "the trouble to be said")
    place.core.upload("b", Identity(place.folder, "b", ["b.example"]))
    time.sleep(1)
    assert place.list() == ["a.pem a.example"]
    assert server.clients == []
    server.stop()


# Refusing


def hostile(place, body, head=None, store_id=None):
    def answer(after):
        return 200, place.core.headers(head, store_id), body
    with place.core.changed:
        place.core.override = answer
        place.core.changed.notify_all()


def honest(place):
    with place.core.changed:
        place.core.override = None
        place.core.changed.notify_all()


def settled(place):
    """A sync that follows and has one certificate."""
    sync = place.run(Sync)
    place.core.upload("a", Identity(place.folder, "a", ["a.example"]))
    place.wait_list(["a.pem a.example"])
    return sync


def check_refused(place, sync, text):
    wait_until(lambda: sync.said(text), 5, text)
    time.sleep(1.5)  # several retries
    assert sync.said(text) == 1, sync.log()
    assert place.list() == ["a.pem a.example"]
    honest(place)
    wait_until(lambda: sync.said("followed again"), 5, "the honest core again")
    place.core.upload("z", Identity(place.folder, "z", ["z.example"]))
    place.wait_list(["a.pem a.example", "z.pem z.example"])
    assert sync.process.poll() is None


def evil_record(place, revision, key="certificate/evil", signing=None):
    evil = Identity(place.folder, "evil", ["evil.example"])
    return sign(signing or place.core.signing, CERTIFICATE, revision, key,
                evil.certificate_payload())


def test_a_forged_record_is_refused(place):
    sync = settled(place)
    record = evil_record(place, 1000, signing=ed25519.Ed25519PrivateKey.generate())
    hostile(place, block32(record), head=1000)
    check_refused(place, sync, "forged record")


def test_an_altered_record_is_refused_and_not_passed_over(place):
    sync = settled(place)
    place.server.core = place.core
    with place.core.changed:  # put, but altered on the way
        key = Identity(place.folder, "b", ["b.example"])
        place.core.override = lambda after: (200, place.core.headers(), altered)
        altered = b""
    place.core.upload("b", key)
    good = place.core.beat()
    records = [r for _, r in sorted(place.core.log.values())]
    bad = bytearray(records[-2])
    bad[100] ^= 1
    altered = block32(records[-3]) + block32(bytes(bad)) + block32(records[-1])
    wait_until(lambda: sync.said("forged record"), 5, "the forged record")
    assert good == place.core.head
    honest(place)
    place.wait_list(["a.pem a.example", "b.pem b.example"])


def test_a_replay_is_refused(place):
    sync = settled(place)
    old = place.core.log["certificate/a"][1]
    hostile(place, block32(old))
    check_refused(place, sync, "replayed or rolled-back")


def test_a_rolled_back_key_is_refused(place):
    sync = settled(place)
    place.core.delete("a")
    place.wait_list([])
    place.core.upload("a", Identity(place.folder, "a2", ["a.example"]))
    place.wait_list(["a.pem a.example"])
    hostile(place, block32(evil_record(place, 2, key="certificate/a")))
    check_refused(place, sync, "replayed or rolled-back")


def test_a_core_that_went_back_is_refused(place):
    sync = settled(place)
    hostile(place, b"", head=1)
    check_refused(place, sync, "was rolled back")


def test_another_store_is_refused(place):
    sync = settled(place)
    other = Core()
    other.signing = place.core.signing
    hostile(place, block32(evil_record(place, 1000)), head=1000, store_id=other.store_id)
    check_refused(place, sync, "another store")


@pytest.mark.parametrize("body", [b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff" + b"a" * 50,
                                  block32(b"x" * 100), block32(b"KFR1") + b"\0\0",
                                  b"a" * ((1 << 20) + 1)],
                         ids=["short", "zero", "huge", "junk", "cut", "long"])
def test_a_malformed_answer_is_refused(place, body):
    sync = settled(place)
    hostile(place, body, head=1000)
    wait_until(lambda: sync.said("malformed") or sync.said("longer than"), 5, "the refusal")
    assert place.list() == ["a.pem a.example"]
    honest(place)
    wait_until(lambda: sync.said("followed again"), 5, "the honest core again")


def test_what_is_no_feed_is_refused(place):
    sync = settled(place)
    for status, headers in ((200, {}), (403, place.core.headers()), (500, {})):
        with place.core.changed:
            place.core.override = lambda after: (status, headers, b"hello")
            place.core.changed.notify_all()
        wait_until(lambda: sync.said("not a Keyfence core" if status == 200 else f"answers {status}"),
                   5, "the refusal")
    assert place.list() == ["a.pem a.example"]


def test_a_false_head_hides_nothing_for_good(place):
    settled(place)
    hostile(place, b"", head=10**6)
    wait_until(lambda: 10**6 in place.core.requests, 5, "the follower to believe it")
    place.core.delete("a")
    honest(place)
    wait_until(lambda: place.list() == [], 10, "what happened meanwhile")


def test_a_record_of_a_later_version_is_passed_over(place):
    sync = settled(place)
    with place.core.changed:
        place.core.head += 1
        later = bytearray(sign(place.core.signing, HEARTBEAT, place.core.head, "heartbeat", b"later"))
        later[4] = 77
        place.core.log["later/thing"] = (place.core.head, bytes(later))
        place.core.changed.notify_all()
    place.core.upload("b", Identity(place.folder, "b", ["b.example"]))
    place.wait_list(["a.pem a.example", "b.pem b.example"])
    assert sync.said("does not know") == 1


def test_heartbeats_are_watched(place):
    sync = settled(place)
    place.core.beat(now_ms() - 20000)
    wait_until(lambda: sync.said("no heartbeat"), 5, "the stale heartbeat")
    place.core.beat(now_ms() - 21000)
    place.core.beat()
    wait_until(lambda: sync.said("fresh again"), 5, "the fresh heartbeat")
    assert sync.said("no heartbeat") == 1
    place.core.beat(now_ms() + 60000)
    wait_until(lambda: sync.said("from the future"), 5, "the heartbeat from the future")


def test_a_machine_that_is_not_enrolled_is_told_so(place):
    (place.state / "machine" / "records.pub").unlink()
    done = subprocess.run([SYNC, "--config", place.config], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "enrolled" in done.stderr


# Files


def test_the_newest_certificate_of_a_host_wins(place):
    place.run(Sync)
    place.core.upload("old", Identity(place.folder, "old", ["x.example", "old.example"]), updated_ms=1)
    place.core.upload("new", Identity(place.folder, "new", ["x.example", "X.EXAMPLE"]), updated_ms=2)
    place.wait_list(["new.pem x.example", "old.pem old.example"])
    # Uploaded again it is the newer one, even when the core's clock has gone back meanwhile.
    place.core.upload("old", Identity(place.folder, "old2", ["x.example", "old.example"]), updated_ms=1)
    place.wait_list(["old.pem x.example old.example"])
    place.core.upload("new", Identity(place.folder, "new2", ["x.example"]), updated_ms=2)
    place.wait_list(["new.pem x.example", "old.pem old.example"])
    place.core.delete("new")
    place.wait_list(["old.pem x.example old.example"])
    # One that wins nothing has no line.
    place.core.upload("all", Identity(place.folder, "all", ["x.example", "old.example"]), updated_ms=3)
    place.wait_list(["all.pem x.example old.example"])


def test_a_host_that_is_no_name_goes_nowhere(place):
    sync = place.run(Sync)
    evil = Identity(place.folder, "evil", ["good.example"])
    place.core.upload("evil", evil, hosts=["good.example", "a b", "x\n/etc/passwd.pem y", "[verify", "!z", "*"])
    place.wait_list(["evil.pem good.example"])
    wait_until(lambda: sync.said("cannot be given to a TLS server") == 1, 5, "the warning")


def test_only_certificates_are_written(place):
    place.run(Sync)
    identity = Identity(place.folder, "a", ["a.example"])
    chain = identity.chain
    identity.chain = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\nnotes\n" + chain
    place.core.upload("a", identity)
    place.wait_list(["a.pem a.example"])
    assert place.file("a.pem").startswith(chain.decode())
    assert "PRIVATE" not in place.file("a.pem")


def test_damaged_and_foreign_files_are_mended_at_the_start(place):
    sync = settled(place)
    wanted = place.file("a.pem")
    sync.stop()
    (place.certs / "a.pem").write_text("damaged")
    (place.certs / "left.pem").write_text("left over")
    (place.certs / "left.pem.key").write_text("left over")
    (place.certs / "b.pem.new").write_text("left over")
    (place.certs / "certificates.list").write_text("/nowhere/x.pem x\n")
    (place.certs / "README").write_text("not ours")
    place.run(Sync)
    assert place.list() == ["a.pem a.example"]
    assert place.file("a.pem") == wanted
    assert sorted(os.listdir(place.certs)) == ["README", "a.pem", "a.pem.key", "certificates.list"]


def test_a_certificate_waits_for_its_key_record(place):
    place.run(Sync)
    identity = Identity(place.folder, "a", ["a.example"])
    place.core.put(CERTIFICATE, "certificate/a", identity.certificate_payload())
    wait_until(lambda: place.core.requests[-1:] == [place.core.head], 5, "the feed")
    assert place.list() == []
    place.core.put(CUSTOMER_KEY, f"key/{identity.ski.hex()}", identity.key_payload())
    place.wait_list(["a.pem a.example"])


# HAProxy


@haproxy_here
def test_haproxy_follows_without_a_reload(place):
    shop = Identity(place.folder, "shop", ["shop.example", "*.shop.example"])
    bank = Identity(place.folder, "bank", ["bank.example"])
    place.sign_with(shop, bank)
    place.run(Sync)
    haproxy = place.run(HAProxy)
    pid = haproxy.pid()
    assert haproxy.shown("shop.example") is None
    place.core.upload("shop", shop)
    began = time.monotonic()
    wait_until(lambda: haproxy.shown("shop.example") == shop.der, 5, "the first certificate")
    print(f"uploaded to served: {time.monotonic() - began:.3f} s")
    assert time.monotonic() - began < 1.5
    assert haproxy.shown("www.shop.example") == shop.der
    place.core.upload("bank", bank)
    wait_until(lambda: haproxy.shown("bank.example") == bank.der, 5, "the second certificate")
    shop.renew()
    place.core.upload("shop", shop)
    wait_until(lambda: haproxy.shown("shop.example") == shop.der, 5, "the renewed certificate")
    place.core.delete("shop")
    wait_until(lambda: haproxy.shown("shop.example") is None, 5, "the end of the first")
    assert haproxy.shown("bank.example") == bank.der
    assert haproxy.lines() == ["bank.pem bank.example"]
    assert "shop.pem" not in haproxy.ask("show ssl cert")
    assert haproxy.pid() == pid


@haproxy_here
def test_a_host_that_changes_hands_is_never_without_a_certificate(place):
    old = Identity(place.folder, "old", ["x.example", "old.example"])
    new = Identity(place.folder, "new", ["x.example"])
    place.sign_with(old, new)
    place.run(Sync)
    haproxy = place.run(HAProxy)
    place.core.upload("old", old)
    wait_until(lambda: haproxy.shown("x.example") == old.der, 5, "the first certificate")
    seen, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            seen.append(haproxy.shown("x.example"))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    for _ in range(10):
        place.core.upload("new", new)
        wait_until(lambda: seen[-1:] == [new.der], 5, "the newer certificate")
        place.core.delete("new")
        wait_until(lambda: seen[-1:] == [old.der], 5, "the older certificate")
    stop.set()
    thread.join()
    assert None not in seen
    assert haproxy.lines() == ["old.pem x.example old.example"]


@haproxy_here
def test_a_restarted_haproxy_is_mended(place):
    a = Identity(place.folder, "a", ["a.example"])
    b = Identity(place.folder, "b", ["b.example"])
    place.sign_with(a, b)
    sync = place.run(Sync)
    haproxy = place.run(HAProxy)
    place.core.upload("a", a)
    wait_until(lambda: haproxy.shown("a.example") == a.der, 5, "the certificate")
    haproxy.stop()
    place.core.upload("b", b)
    a.renew()
    place.core.upload("a", a)
    replicated = a.der
    wait_until(lambda: place.list() == ["a.pem a.example", "b.pem b.example"] and
               place.file("a.pem").startswith(a.chain.decode()), 5, "the files")
    wait_until(lambda: sync.said("cannot be told"), 5, "the trouble to be said")
    haproxy.start()
    assert haproxy.shown("b.example") == b.der
    assert haproxy.shown("a.example") == a.der
    wait_until(lambda: sync.said("again"), 5, "the end of the trouble")
    # It starts with what is not in the replica: a line too few, a host too many, another
    # certificate, as if it had read the files just before they were changed.
    haproxy.stop()
    sync.stop()
    (place.certs / "certificates.list").write_text(f"{place.certs}/a.pem a.example other.example\n")
    a.renew()
    (place.certs / "a.pem").write_text(a.chain.decode() + place.file("a.pem.key"))
    haproxy.start()
    assert haproxy.shown("a.example") == a.der
    place.run(Sync)
    wait_until(lambda: haproxy.lines() == ["a.pem a.example", "b.pem b.example"], 5, "the lines")
    wait_until(lambda: haproxy.shown("a.example") == replicated, 5, "the replica's certificate")
    assert haproxy.shown("other.example") is None


@haproxy_here
def test_what_haproxy_refuses_hurts_nobody_else(place):
    big = Identity(place.folder, "big", ["big.example"], copies=140)
    small = Identity(place.folder, "small", ["small.example"])
    place.sign_with(big, small)
    sync = place.run(Sync)
    haproxy = place.run(HAProxy)
    assert len(big.chain) > 65536
    place.core.upload("big", big)
    place.core.upload("small", small)
    wait_until(lambda: haproxy.shown("small.example") == small.der, 5, "the small certificate")
    wait_until(lambda: sync.said("does not take certificate big"), 5, "the refusal")
    time.sleep(2.5)
    assert sync.said("does not take certificate big") == 1, sync.log()
    haproxy.stop()
    haproxy.start()  # from the files it is taken
    wait_until(lambda: haproxy.shown("big.example") == big.der, 5, "the big certificate")


@haproxy_here
def test_a_half_set_certificate_is_no_obstacle(place):
    a = Identity(place.folder, "a", ["a.example"])
    b = Identity(place.folder, "b", ["b.example"])
    place.sign_with(a, b)
    place.run(Sync)
    haproxy = place.run(HAProxy)
    place.core.upload("a", a)
    wait_until(lambda: haproxy.shown("a.example") == a.der, 5, "the certificate")
    haproxy.ask(f"set ssl cert {place.certs}/a.pem <<\n{place.file('a.pem')}")
    place.core.upload("b", b)
    wait_until(lambda: haproxy.shown("b.example") == b.der, 5, "the second certificate")


@haproxy_here
def test_a_haproxy_that_hangs_keeps_nobody_waiting(place):
    a = Identity(place.folder, "a", ["a.example"])
    place.sign_with(a)
    hung = place.folder / "hung.sock"
    with socket.socket(socket.AF_UNIX) as listener:  # accepts, and never says a word
        listener.bind(str(hung))
        listener.listen(100)
        text = place.config.read_text()
        place.config.write_text(text.replace("haproxy: [", f"haproxy: [{hung}, "))
        sync = place.run(Sync)
        haproxy = place.run(HAProxy)
        for _ in range(3):
            a.renew()
            place.core.upload("a", a)
            began = time.monotonic()
            wait_until(lambda: haproxy.shown("a.example") == a.der, 5, "the certificate")
            assert time.monotonic() - began < 3
        assert sync.said("it does not answer") == 1


@haproxy_here
def test_a_haproxy_without_the_list_is_told_how(place):
    sync = place.run(Sync)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    config = place.folder / "other.cfg"
    config.write_text(f"global\n    stats socket {place.stats} level admin\ndefaults\n    mode http\n"
                      "    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n"
                      f"frontend f\n    bind 127.0.0.1:{port}\n")
    process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    place.parts.append(Process(process))
    wait_until(lambda: sync.said("does not use"), 5, "the advice")
    time.sleep(2.2)
    assert sync.said("does not use") == 1
