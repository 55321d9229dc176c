"""keyfence-signer as a process: what it answers, what it survives, what it cannot do.

The client here is written from docs/PROTOCOL.keyless alone and shares no code with the signer."""

import hashlib
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import pytest
import secret_search

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KF_BUILD_ROOT", os.path.join(ROOT, "build"))
SIGNER = os.path.join(BUILD, "daemon/signer/keyfence-signer")
WORLD = os.path.join(BUILD, "tests/system/signer-world")

OPCODE, PAYLOAD, SKI, DEADLINE, DATACENTER = 0x11, 0x12, 0x04, 0x81, 0x84
PING, PONG, STATUS, RESPONSE, ERROR = 0xF1, 0xF2, 0xE1, 0xF0, 0xFF
ECDSA_SHA256, ED25519, RSA_SHA256, PSS_SHA256 = 0x15, 0x18, 0x05, 0x35
CRYPTO, NOT_FOUND, NOT_HERE, OVERLOADED, TOO_LATE = 0x01, 0x02, 0x40, 0x41, 0x42


def item(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def frame(number, opcode, payload=b"", ski=None, deadline_ms=None):
    body = item(OPCODE, bytes([opcode]))
    if payload:
        body += item(PAYLOAD, payload)
    if ski:
        body += item(SKI, ski)
    if deadline_ms is not None:
        body += item(DEADLINE, struct.pack(">I", deadline_ms))
    return struct.pack(">BBHI", 1, 0, len(body), number) + body


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.reader = self.socket.makefile("rb")
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()

    def send(self, *args, **more):
        self.number += 1
        self.socket.sendall(frame(self.number, *args, **more))
        return self.number

    def receive(self):
        """(number, opcode, payload, items) of the next answer."""
        header = self.reader.read(8)
        if len(header) < 8:
            raise EOFError("the signer closed the connection")
        major, _, length, number = struct.unpack(">BBHI", header)
        assert major == 1
        body, items = self.reader.read(length), {}
        while body:
            tag, size = struct.unpack(">BH", body[:3])
            items[tag] = body[3 : 3 + size]
            body = body[3 + size :]
        return number, items[OPCODE][0], items.get(PAYLOAD, b""), items

    def ask(self, *args, **more):
        number = self.send(*args, **more)
        answered, opcode, payload, _ = self.receive()
        assert answered == number
        return opcode, payload

    def status(self):
        opcode, payload = self.ask(STATUS)
        assert opcode == RESPONSE
        return json.loads(payload)


class Signer:
    def __init__(self, folder):
        self.folder = folder
        self.state, self.run = os.path.join(folder, "state"), os.path.join(folder, "run")
        self.local = os.path.join(self.run, "signer.sock")
        self.remote = os.path.join(self.run, "signer-relay.sock")
        self.config = os.path.join(folder, "edge.yaml")
        self.log = os.path.join(folder, "signer.log")
        self.process = None
        os.mkdir(self.state)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(
                f"machine: par-1\ndatacenter: par\nstate: {self.state}\nrun: {self.run}\n"
                "sync:\n  core: unix:/nowhere\nrelay:\n  listen: 127.0.0.1:1\nsigner:\n  workers: 2\n"
            )
        made = subprocess.run([WORLD, "make", self.state], check=True, capture_output=True, text=True, timeout=120)
        self.keys = {}
        for line in made.stdout.splitlines():
            name, ski, spki = line.split()
            self.keys[name] = (bytes.fromhex(ski), bytes.fromhex(spki))

    def start(self):
        with open(self.log, "ab") as log:
            offset = log.tell()
            self.process = subprocess.Popen([SIGNER, "--config", self.config], stderr=log, stdin=subprocess.DEVNULL)
        self.wait_log(" ready", offset)

    def wait_log(self, text, offset=0):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(self.log, "rb") as log:
                log.seek(offset)
                if text in log.read().decode():
                    return
            assert self.process.poll() is None, open(self.log, encoding="utf-8").read()
            time.sleep(0.01)
        raise AssertionError(f"no {text!r} in {self.log}")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=30)

    def ski(self, name):
        return self.keys[name][0]

    def verify(self, name, signature, message, *options):
        """openssl's opinion of a signature over a message's SHA-256 (over the message: Ed25519)."""
        files = {}
        for part, data in (("key", self.keys[name][1]), ("sig", signature), ("in", message)):
            files[part] = os.path.join(self.folder, "verify." + part)
            with open(files[part], "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", files["key"]]
        command += ["-sigfile", files["sig"], "-in", files["in"], *options]
        return subprocess.run(command, capture_output=True, timeout=30).returncode == 0


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    made = Signer(str(tmp_path_factory.mktemp("signer")))
    made.start()
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.fixture
def local(signer):
    if signer.process.poll() is not None:
        signer.start()
    with Client(signer.local) as client:
        yield client


@pytest.fixture
def remote(signer):
    if signer.process.poll() is not None:
        signer.start()
    with Client(signer.remote) as client:
        yield client


DIGEST = hashlib.sha256(b"what is signed").digest()
PSS = ("-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest", "-pkeyopt", "digest:sha256")


@pytest.mark.parametrize("origin", ("local", "remote"))
@pytest.mark.parametrize(
    "name,opcode,options",
    (
        ("p256", ECDSA_SHA256, ()),
        ("p384", ECDSA_SHA256, ()),
        ("rsa2048", RSA_SHA256, ("-pkeyopt", "digest:sha256")),
        ("rsa2048", PSS_SHA256, PSS),
        ("rsa3072", PSS_SHA256, PSS),
        ("ed25519", ED25519, ("-rawin",)),
    ),
)
def test_signs_with_what_opens_here(request, signer, origin, name, opcode, options):
    client = request.getfixturevalue(origin)
    answer, signature = client.ask(opcode, DIGEST, signer.ski(name))
    assert answer == RESPONSE, signature
    assert signer.verify(name, signature, DIGEST, *options)
    assert not signer.verify(name, signature, DIGEST[::-1], *options)


def test_says_what_does_not_open_and_what_it_does_not_know(signer, local):
    for _ in range(3):
        assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("elsewhere")) == (ERROR, bytes([NOT_HERE]))
        assert local.ask(ECDSA_SHA256, DIGEST, bytes(range(20))) == (ERROR, bytes([NOT_FOUND]))
        assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("rsa2048")) == (ERROR, bytes([CRYPTO]))
        assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("p256"), 0) == (ERROR, bytes([TOO_LATE]))


def test_names_the_data_centre_that_signed(signer, local):
    local.send(ECDSA_SHA256, DIGEST, signer.ski("p256"))
    assert local.receive()[3][DATACENTER] == b"par"


def test_status_counts(signer, local):
    before = local.status()
    assert (before["machine"], before["datacenter"]) == ("par-1", "par")
    local.ask(ECDSA_SHA256, DIGEST, signer.ski("p256"))
    local.ask(ECDSA_SHA256, DIGEST, signer.ski("elsewhere"))
    after = local.status()
    ski = signer.ski("p256").hex()
    assert after["signatures_total"] == before["signatures_total"] + 1
    assert after["signatures"][ski] == before["signatures"].get(ski, 0) + 1
    assert after["refused_not_here"] == before["refused_not_here"] + 1
    assert after["policy_keys_open"] >= 1 and after["customer_keys_open"] >= 1


def test_garbage(signer, local):
    seed = int(os.environ.get("KF_SEED", "20261122"))
    print("seed", seed)
    chance = random.Random(seed)
    good = frame(1, ECDSA_SHA256, DIGEST, signer.ski("p256"))
    for turn in range(300):
        with Client(chance.choice((signer.local, signer.remote))) as client:
            if turn % 3 == 0:
                data = chance.randbytes(chance.randrange(1, 3000))
            elif turn % 3 == 1:  # a good frame with some bytes changed
                changed = bytearray(good)
                for _ in range(chance.randrange(1, 6)):
                    changed[chance.randrange(len(changed))] = chance.randrange(256)
                data = bytes(changed)
            else:  # a good frame, cut short
                data = good[: chance.randrange(len(good))]
            try:
                client.socket.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have closed already
    assert local.ask(PING, b"still there") == (PONG, b"still there")
    assert signer.process.poll() is None


def test_a_thousand_connections(signer, local):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    clients = []
    try:
        for i in range(1000):
            clients.append(Client(signer.remote if i % 2 else signer.local))
            clients[-1].send(PING, str(i).encode())
        for i, client in enumerate(clients):
            assert client.receive()[1:3] == (PONG, str(i).encode())
        for client in clients:
            client.send(ECDSA_SHA256, DIGEST, signer.ski("p256"))
        answers = [client.receive()[1:3] for client in clients]
        # Each is answered; those beyond what the queues hold may be refused.
        assert all(opcode == RESPONSE or payload == bytes([OVERLOADED]) for opcode, payload in answers)
        assert sum(opcode == RESPONSE for opcode, _ in answers) >= 500
    finally:
        for client in clients:
            client.__exit__()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_flood_from_the_network_does_not_hold_up_local_requests(signer, local, remote):
    assert local.ask(PSS_SHA256, DIGEST, signer.ski("rsa3072"))[0] == RESPONSE
    before = local.status()["signatures_total"]
    remote.socket.sendall(b"".join(frame(i, PSS_SHA256, DIGEST, signer.ski("rsa3072")) for i in range(500)))
    # The flood is being served once any of it has been answered.
    answered = [remote.receive()[:2]]
    for _ in range(20):
        assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("p256"))[0] == RESPONSE
    served = local.status()["signatures_total"] - before - 20
    assert served < 500, "the local requests waited for the whole flood"
    while len(answered) < 500:
        answered.append(remote.receive()[:2])
    assert sorted(number for number, _ in answered) == list(range(500))
    assert all(opcode == RESPONSE for _, opcode in answered)


def test_overload_is_refused_and_everything_is_answered_once(signer, remote):
    total = 1500
    remote.socket.sendall(b"".join(frame(i, PSS_SHA256, DIGEST, signer.ski("rsa2048")) for i in range(total)))
    answers = [remote.receive() for _ in range(total)]
    assert sorted(number for number, *_ in answers) == list(range(total))
    refused = [number for number, opcode, payload, _ in answers if opcode == ERROR]
    assert all(payload == bytes([OVERLOADED]) for _, opcode, payload, _ in answers if opcode == ERROR)
    assert 0 < len(refused) < total
    # Newest first: the last to come are not the ones refused.
    assert not set(range(total - 100, total)) & set(refused)


def test_late_requests_are_not_worked_on(signer, remote):
    total = 400
    with Client(signer.local) as local:
        before = local.status()["signatures_total"]
        remote.socket.sendall(
            b"".join(frame(i, PSS_SHA256, DIGEST, signer.ski("rsa3072"), 20) for i in range(total))
        )
        answers = [remote.receive() for _ in range(total)]
        signed = local.status()["signatures_total"] - before
    late = sum(opcode == ERROR and payload == bytes([TOO_LATE]) for _, opcode, payload, _ in answers)
    assert late > 0 and signed + late == total


def test_a_deleted_key_is_not_used_again(signer, local):
    assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("doomed"))[0] == RESPONSE
    subprocess.run([WORLD, "delete", signer.state, signer.ski("doomed").hex()], check=True, timeout=60)
    assert local.ask(ECDSA_SHA256, DIGEST, signer.ski("doomed")) == (ERROR, bytes([NOT_FOUND]))


def test_a_deleted_key_is_wiped_from_memory(signer, local):
    names = ("doomed", "doomed-rsa")
    wanted = {name: secret_search.needles(os.path.join(signer.state, name + ".pem")) for name in names}
    pid = signer.process.pid
    assert local.ask(PSS_SHA256, DIGEST, signer.ski("doomed-rsa"))[0] == RESPONSE
    assert secret_search.found_in_memory(pid, wanted["doomed-rsa"]), "an open key is somewhere in memory"
    subprocess.run([WORLD, "delete", signer.state, signer.ski("doomed-rsa").hex()], check=True, timeout=60)
    deadline = time.monotonic() + 20
    left = {"": ""}
    while left and time.monotonic() < deadline:
        left = {name: found for name in names if (found := secret_search.found_in_memory(pid, wanted[name]))}
        time.sleep(0.05)
    assert not left, f"still in memory: {left}"


def test_killed_and_started_again(signer, local):
    assert local.ask(PING)[0] == PONG
    assert signer.stop(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises((EOFError, ConnectionError)):
        local.ask(PING)
    signer.start()
    with Client(signer.local) as client:
        assert client.ask(ECDSA_SHA256, DIGEST, signer.ski("p256"))[0] == RESPONSE


def test_ends_cleanly_under_load(signer, local, remote):
    remote.socket.sendall(b"".join(frame(i, PSS_SHA256, DIGEST, signer.ski("rsa3072")) for i in range(300)))
    assert remote.receive()[1] == RESPONSE
    assert signer.stop() == 0
    assert not os.path.exists(signer.local) and not os.path.exists(signer.remote)
    signer.start()


def test_a_second_signer_refuses_to_start(signer, local):
    second = subprocess.run([SIGNER, "--config", signer.config], capture_output=True, text=True, timeout=30)
    assert second.returncode == 1 and "another process is serving" in second.stderr
    assert local.ask(PING)[0] == PONG


def test_sandbox(signer, local):
    assert local.ask(PING)[0] == PONG
    pid = signer.process.pid
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1"
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as file:
            assert re.search(r"^Seccomp:\s+2$", file.read(), re.M), f"thread {task} is not confined"
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    if os.geteuid() == 0:
        assert int(status["VmLck"].split()[0]) > 0
    families = {
        os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd")
    }
    assert "socket" in families
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "packet"):
        inodes = {
            match.group(1)
            for fd in os.listdir(f"/proc/{pid}/fd")
            if (match := re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}")))
        }
        path = f"/proc/{pid}/net/{table}"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                assert not any(inode in line.split() for line in file for inode in inodes)


def test_links_nothing_that_could_reach_the_network():
    libraries = subprocess.run(["ldd", SIGNER], check=True, capture_output=True, text=True).stdout
    for library in ("libssl", "libevent", "libcurl", "libmicrohttpd", "libnghttp", "libresolv"):
        assert library not in libraries
    symbols = subprocess.run(["nm", SIGNER], check=True, capture_output=True, text=True).stdout
    wanted = {line.split()[-1].split("@")[0] for line in symbols.splitlines() if line.strip()}
    forbidden = {"getaddrinfo", "gethostbyname", "inet_pton", "inet_addr", "event_base_new"}
    assert not wanted & forbidden
    assert not [name for name in wanted if name.startswith(("net_", "curl_", "evutil_", "SSL_"))]
    assert "cpabe_decrypt" in wanted or "libcpabe" in libraries  # this is what it must have
