"""Relays without the rest: real keyfence-relay processes on loopback, a replica written by
make-replica, certificates made by openssl, and signers that sign nothing but say where they are."""

import os
import secrets
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from demo import keyless  # noqa: E402
from demo.process import Process, wait_for  # noqa: E402

BUILD = os.environ.get("KF_BUILD_ROOT", os.path.join(ROOT, "build"))
RELAY = os.path.join(BUILD, "daemon", "relay", "keyfence-relay")
MAKE_REPLICA = os.path.join(BUILD, "tests", "system", "make-replica")
FAKE_SIGNER = os.path.join(ROOT, "tests", "system", "fake_signer.py")

SKI, OPCODE, PAYLOAD, DEADLINE, TRACE, REASON, DATACENTER = 0x04, 0x11, 0x12, 0x81, 0x82, 0x83, 0x84
ECDSA_SHA256, PING, PONG, RESPONSE, ERROR, STATUS = 0x15, 0xF1, 0xF2, 0xF0, 0xFF, 0xE1
NOT_FOUND, NOT_HERE, OVERLOADED, LATE, NO_DATACENTER, NO_ANSWER = 0x02, 0x40, 0x41, 0x42, 0x43, 0x44


def frame(number, items):
    body = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in items)
    return struct.pack(">BBHI", 1, 0, len(body), number) + body


def request(number, ski, deadline_ms=None, digest=b"\x07" * 32, trace=None):
    items = [(OPCODE, bytes([ECDSA_SHA256])), (PAYLOAD, digest), (SKI, ski)]
    if deadline_ms is not None:
        items.append((DEADLINE, struct.pack(">I", deadline_ms)))
    if trace is not None:
        items.append((TRACE, trace))
    return frame(number, items)


def receive(connection):
    """One frame: its id and its items."""
    header = keyless._receive(connection, 8)
    _, _, length, number = struct.unpack(">BBHI", header)
    return number, dict(keyless._items(keyless._receive(connection, length)))


class Answer:
    def __init__(self, items, seconds):
        self.ok = items[OPCODE] == bytes([RESPONSE])
        self.error = None if self.ok else items[PAYLOAD][0]
        self.payload = items.get(PAYLOAD, b"") if self.ok else b""
        self.reason = items.get(REASON, b"").decode()
        self.datacenter = items.get(DATACENTER, b"").decode()
        self.seconds = seconds

    def __repr__(self):
        return f"<{'ok ' + self.datacenter if self.ok else hex(self.error)} {self.reason} {self.seconds:.3f}s>"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*argv):
    subprocess.run(["openssl", *argv], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5",
                "-subj", f"/CN={name}", "-keyout", self.path("key"), "-out", self.path("pem"))

    def path(self, end):
        return os.path.join(self.folder, f"{self.name}.{end}")

    def issue(self, base, uri):
        """BASE.key and BASE.pem, for both ends of TLS."""
        with open(f"{base}.ext", "w") as f:
            f.write(f"subjectAltName=URI:{uri}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=machine",
                "-keyout", f"{base}.key", "-out", f"{base}.csr")
        openssl("x509", "-req", "-in", f"{base}.csr", "-CA", self.path("pem"), "-CAkey", self.path("key"),
                "-set_serial", str(secrets.randbits(60)), "-days", "5", "-extfile", f"{base}.ext", "-out", f"{base}.pem")


class Machine:
    """One edge machine: a relay and a pretended signer."""

    def __init__(self, world, name, datacenter):
        self.world, self.name, self.datacenter = world, name, datacenter
        self.port = free_port()
        self.folder = os.path.join(world.folder, name)
        self.run = os.path.join(self.folder, "run")
        self.state = os.path.join(self.folder, "state")
        self.machine = os.path.join(self.state, "machine")
        for folder in (self.run, self.machine):
            os.makedirs(folder)
        world.authority.issue(os.path.join(self.machine, "relay"), f"keyfence://machine/{name}/relay")
        shutil.copy(world.authority.path("pem"), os.path.join(self.machine, "machine-ca.pem"))
        config = os.path.join(self.folder, "edge.yaml")
        with open(config, "w") as f:
            f.write(f"machine: {name}\ndatacenter: {datacenter}\nstate: {self.state}\nrun: {self.run}\n"
                    f"sync:\n  core: unix:/nowhere\nrelay:\n  listen: 127.0.0.1:{self.port}\n{world.relay_options}")
        self.relay = Process(f"{name} relay", [RELAY, "--config", config], os.path.join(self.folder, "relay.log"))
        self.signer = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def socket(self, name):
        return os.path.join(self.run, name)

    def start_relay(self, wait=True):
        self.relay.start()
        if wait:
            self.relay.wait_ready(lambda: "ready" in self.relay.log())

    def start_signer(self, *behaviour):
        path = self.socket("signer-relay.sock")
        if os.path.exists(path):
            os.unlink(path)
        self.signer = Process(f"{self.name} signer", ["/usr/bin/python3", FAKE_SIGNER, path, *map(str, behaviour)],
                              os.path.join(self.folder, "signer.log"))
        self.signer.start()
        wait_for(lambda: os.path.exists(path), 10, path)

    def records(self, lines):
        done = subprocess.run(
            [MAKE_REPLICA, os.path.join(self.state, "replica"), self.world.seed, os.path.join(self.machine, "records.pub")],
            input="".join(line + "\n" for line in lines), text=True, capture_output=True,
        )
        assert done.returncode == 0, done.stderr

    def status(self):
        return keyless.status(self.socket("relay.sock"))

    def ask(self, ski, deadline_ms=5000, **more):
        with Client(self) as client:
            return client.ask(ski, deadline_ms, **more)


class Client:
    """A TLS server's provider: one connection to relay.sock."""

    def __init__(self, machine):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(20)
        self.connection.connect(machine.socket("relay.sock"))
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.connection.close()

    def send(self, ski, deadline_ms=5000, **more):
        self.number += 1
        self.connection.sendall(request(self.number, ski, deadline_ms, **more))
        return self.number

    def ask(self, ski, deadline_ms=5000, **more):
        began = time.monotonic()
        self.send(ski, deadline_ms, **more)
        number, items = receive(self.connection)
        assert number == self.number
        return Answer(items, time.monotonic() - began)


class Hammer:
    """Asks one request after the other in a thread and remembers every answer."""

    def __init__(self, machine, ski):
        self.machine, self.ski, self.answers = machine, ski, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._loop, daemon=True)

    def _loop(self):
        with Client(self.machine) as client:
            while not self.stopping.is_set():
                self.answers.append(client.ask(self.ski))
                time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        self.wait_more(5)
        return self

    def wait_more(self, count, seconds=20):
        have = len(self.answers)
        wait_for(lambda: len(self.answers) >= have + count, seconds, f"{count} more answers")

    def __exit__(self, *args):
        self.stopping.set()
        self.thread.join(20)


CITIES = {
    "par": (48.86, 2.35, "FR", "yes"),
    "fra": (50.11, 8.68, "DE", "yes"),
    "ams": (52.37, 4.90, "NL", "yes"),
    "nyc": (40.71, -74.01, "US", "no"),
}


class RelayWorld:
    def __init__(self, machines=("par-1", "fra-1", "ams-1"), relay_options=""):
        self.folder = tempfile.mkdtemp(prefix="kfr-")
        self.seed = secrets.token_hex(32)
        self.relay_options = relay_options
        self.authority = Authority(self.folder, "ca")
        self.machines = {name: Machine(self, name, name.split("-")[0]) for name in machines}
        self.keys = {}
        for machine in self.machines.values():
            machine.records(self.registry())

    def registry(self):
        for name in sorted({m.datacenter for m in self.machines.values()}):
            latitude, longitude, country, eu = CITIES[name]
            yield f"datacenter {name} {latitude} {longitude} country={country} region_EU={eu} datacenter={name}"
        for m in self.machines.values():
            yield f"machine {m.name} {m.datacenter} {m.address} active"
        # Some policy that needs them all, so that all connections are kept warm.
        yield f"key {'ee' * 20} region_EU: yes or region_EU: no"

    def records(self, *lines):
        for machine in self.machines.values():
            machine.records(lines)

    def key(self, name, policy):
        """A key under a policy, with a certificate of that name; everywhere."""
        ski = secrets.token_bytes(20)
        self.records(f"key {ski.hex()} {policy}", f"certificate {name} {ski.hex()} {policy}")
        return ski

    def start(self, signers=()):
        for machine in self.machines.values():
            if machine.signer is None and (not signers or machine.name in signers):
                machine.start_signer()
            machine.start_relay()
        for machine in self.machines.values():
            self.wait_connected(machine)
        return self

    def wait_connected(self, machine, others=None):
        """Until its relay has measured the way to every other data centre."""
        want = others or {m.datacenter for m in self.machines.values()} - {machine.datacenter}
        wait_for(lambda: want <= set(machine.status()["rtt_ms"]), 20, f"{machine.name} to reach {want}")

    def __getitem__(self, name):
        return self.machines[name]

    def tls(self, certificate_base, authority=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations((authority or self.authority).path("pem"))
        context.load_cert_chain(certificate_base + ".pem", certificate_base + ".key")
        return context

    def close(self):
        for machine in self.machines.values():
            for process in (machine.relay, machine.signer):
                if process is not None:
                    process.stop()
        if os.environ.get("KF_KEEP"):
            print(f"the relays' files stay in {self.folder}")
        else:
            shutil.rmtree(self.folder)
