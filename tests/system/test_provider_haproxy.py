"""The provider inside unmodified TLS servers: HAProxy with ssl-mode-async, HAProxy without, nginx.

Each test has servers of its own on free ports of the loopback, and a test signer (a real Keyless
server, tests/unit/provider/test_signer.c) in the place of signer and relay.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KF_BUILD_ROOT", ROOT / "build"))
PROVIDER = BUILD / "provider" / "keyfence.so"
TEST_SIGNER = BUILD / "tests" / "unit" / "provider" / "test_signer"
TYPES = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "ed25519"]
GENERATE = {
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "rsa4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["-algorithm", "ED25519"],
    "slow": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
NOT_HERE, NO_DATACENTER = 0x40, 0x43

haproxy_here = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy")
nginx_here = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx")


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, **options)


def wait_until(condition, seconds=10.0, what="a condition"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A folder with NAME.key, NAME.crt, NAME.pem (chain) and NAME.pem.key (key reference)."""
    folder = tmp_path_factory.mktemp("keys")
    clean = {k: v for k, v in os.environ.items() if k != "OPENSSL_CONF"}
    for name, arguments in GENERATE.items():
        key = folder / f"{name}.key"
        run("openssl", "genpkey", *arguments, "-out", key, env=clean)
        run("openssl", "req", "-x509", "-new", "-key", key, "-subj", f"/CN={name}.test", "-days", "2",
            "-addext", f"subjectAltName=DNS:{name}.test", "-out", folder / f"{name}.crt", env=clean)
        chains = folder / "chains"
        chains.mkdir(exist_ok=True)
        shutil.copy(folder / f"{name}.crt", chains / f"{name}.pem")
        (chains / f"{name}.pem.key").write_bytes(run(TEST_SIGNER, "reference", key).stdout)
    return folder


class Signer:
    def __init__(self, path, keys, options=None, extra=()):
        self.path, self.keys, self.options, self.extra = path, keys, options or {}, extra
        self.process = None
        self.start()

    def start(self):
        command = [TEST_SIGNER, "serve", self.path]
        for name in GENERATE:
            command += ["--key", f"{self.keys}/{name}.key{self.options.get(name, '')}"]
        self.process = subprocess.Popen([str(c) for c in (*command, *self.extra)],
                                        stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def status(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.path))
            s.sendall(bytes([1, 0, 0, 4, 0, 0, 0, 1, 0x11, 0, 1, 0xE1]))
            answer = s.recv(4096)
        start = answer.index(b"{")
        return json.loads(answer[start:answer.index(b"}") + 1])


class Server:
    """A TLS server under test; its standard error is kept."""

    def __init__(self, folder, command, environment, port, pid=None):
        self.port = port
        self.log_path = folder / "stderr"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log,
                                            env={**os.environ, **environment})
        try:
            wait_until(lambda: listens(port) or self.process.poll() is not None, 10, "the server")
            assert self.process.poll() is None, self.log()
        except AssertionError:
            self.stop()
            raise

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def alive(self):
        return self.process.poll() is None


def environment_of(folder, **more):
    return {"KEYFENCE_SIGNER_SOCKET": str(folder / "signer.sock"),
            "KEYFENCE_RELAY_SOCKET": str(folder / "relay.sock"), **more}


def start_haproxy(folder, keys, asynchronous=True, threads=1, master=False, options=("insecure-fork-wanted",),
                  **environment):
    port = free_port()
    lines = ["global", "    maxconn 4000", f"    nbthread {threads}",
             f"    ssl-provider-path {PROVIDER.parent}", "    ssl-provider default",
             "    ssl-provider keyfence", f"    stats socket {folder}/admin.sock level admin"]
    lines += ["    ssl-mode-async"] if asynchronous else []
    lines += [f"    {option}" for option in options]
    lines += ["defaults", "    mode http", "    timeout client 10s", "    timeout server 10s",
              "    timeout connect 1s", "frontend main", "    maxconn 2000",
              f"    bind 127.0.0.1:{port} ssl crt {keys}/chains ssl-min-ver TLSv1.2 no-tls-tickets",
              "    http-request return status 200 content-type text/plain string ok"]
    configuration = folder / "haproxy.cfg"
    configuration.write_text("\n".join(lines) + "\n")
    command = ["haproxy", "-W" if master else "-db", "-f", configuration]
    return Server(folder, command, environment_of(folder, **environment), port)


def start_nginx(folder, keys, variables=False, **environment):
    port = free_port()
    (folder / "openssl.cnf").write_text(f"""openssl_conf = init
[init]
providers = providers
[providers]
default = default_provider
keyfence = keyfence_provider
[default_provider]
activate = 1
[keyfence_provider]
module = {PROVIDER}
activate = 1
signer-socket = {folder}/signer.sock
relay-socket = {folder}/relay.sock
""")
    servers = "".join(f"""
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name}.test;
        ssl_certificate {keys}/chains/{name}.pem;
        ssl_certificate_key {keys}/chains/{name}.pem.key;
        return 200 ok;
    }}""" for name in GENERATE)
    if variables:  # the files are then loaded at each handshake
        servers = f"""
    map $ssl_server_name $key_name {{ ~^(?<name>.*)\\.test$ $name; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {keys}/chains/$key_name.pem;
        ssl_certificate_key {keys}/chains/$key_name.pem.key;
        return 200 ok;
    }}"""
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""{user}
daemon off;
env OPENSSL_CONF;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    {servers}
}}
""")
    command = ["nginx", "-p", folder, "-c", folder / "nginx.conf"]
    return Server(folder, command, {"OPENSSL_CONF": str(folder / "openssl.cnf"), **environment}, port)


class World:
    def __init__(self, folder, keys):
        self.folder, self.keys, self.parts = folder, keys, []

    def signer(self, options=None, extra=(), name="signer"):
        return self.keep(Signer(self.folder / f"{name}.sock", self.keys, options, extra))

    def relay(self, options=None, extra=()):
        return self.signer(options, extra, "relay")

    def haproxy(self, **options):
        return self.keep(start_haproxy(self.folder, self.keys, **options))

    def nginx(self, **options):
        return self.keep(start_nginx(self.folder, self.keys, **options))

    def keep(self, part):
        self.parts.append(part)
        return part

    def end(self):
        for part in reversed(self.parts):
            if isinstance(part, Server):
                part.stop()
            elif part.process.poll() is None:
                part.kill()


@pytest.fixture
def world(tmp_path, keys):
    w = World(tmp_path, keys)
    yield w
    w.end()


def context_of(keys, name, version=None, ciphers=None):
    c = ssl.create_default_context(cafile=str(keys / f"{name}.crt"))
    if version is not None:
        c.minimum_version = c.maximum_version = version
    if ciphers is not None:
        c.set_ciphers(ciphers)
    return c


def handshake(port, keys, name, timeout=15.0, **options):
    """One new connection, verified, with a request on it. Returns the seconds the handshake took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as raw:
        with context_of(keys, name, **options).wrap_socket(raw, server_hostname=f"{name}.test") as s:
            took = time.monotonic() - start
            s.sendall(f"GET / HTTP/1.0\r\nHost: {name}.test\r\n\r\n".encode())
            answer = b"".join(iter(lambda: s.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.") and answer.endswith(b"ok"), answer
    return took


def in_threads(count, work):
    """Runs work(i) in as many threads; returns results and exceptions."""
    results = [None] * count

    def one(i):
        try:
            results[i] = work(i)
        except Exception as e:  # noqa: BLE001 - told by the caller
            results[i] = e

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def failures(results):
    return [r for r in results if isinstance(r, Exception)]


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@haproxy_here
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.parametrize("master", [False, True], ids=["alone", "master"])
def test_haproxy_that_is_not_root(keys, master):
    """It may make no thread once it runs, unless told so; the provider's log says what to do."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        world = World(pathlib.Path(folder), keys)
        try:
            os.chmod(world.signer().path, 0o666)
            server = world.haproxy(master=master, options=("user nobody", "insecure-fork-wanted"))
            handshake(server.port, keys, "p256")
            server = world.haproxy(master=master, options=("user nobody",))
            with pytest.raises((ssl.SSLError, OSError)):
                handshake(server.port, keys, "p256")
            assert "needs insecure-fork-wanted" in server.log()
        finally:
            world.end()


@haproxy_here
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "sync"])
def test_haproxy_handshakes_of_each_type(world, keys, asynchronous):
    world.signer()
    server = world.haproxy(asynchronous=asynchronous, threads=2)
    for name in TYPES:
        for version in VERSIONS:
            handshake(server.port, keys, name, version=version)
    for name in ("rsa2048", "rsa3072", "rsa4096"):  # RSA key exchange: a decryption, no signature
        handshake(server.port, keys, name, version=ssl.TLSVersion.TLSv1_2,
                  ciphers="AES128-GCM-SHA256")


@nginx_here
def test_nginx_handshakes_of_each_type(world, keys):
    signer = world.signer()
    server = world.nginx()
    for name in TYPES:
        for version in VERSIONS:
            handshake(server.port, keys, name, version=version)
    assert signer.status()["connections"] <= 3  # one a worker, and this question's


@nginx_here
@pytest.mark.parametrize("variables", [False, True], ids=["fixed", "variables"])
def test_nginx_reloads(world, keys, variables):
    world.signer()
    server = world.nginx(variables=variables)
    pid = int((world.folder / "nginx.pid").read_text())
    before = set(children(pid))
    for _ in range(3):
        for name in TYPES:
            handshake(server.port, keys, name)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: set(children(pid)) and not before & set(children(pid)), 10, "new workers")
    for name in TYPES:
        handshake(server.port, keys, name)
    assert "error" not in server.log(), server.log()


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def slow_beside_fast(port, keys, slow_count):
    """Handshakes on the slow key beside looping ones of a fast key: seconds, fast ones meanwhile."""
    stop = threading.Event()
    fast = []

    def loop():
        while not stop.is_set():
            fast.append(handshake(port, keys, "p256"))

    loopers = [threading.Thread(target=loop) for _ in range(2)]
    for t in loopers:
        t.start()
    start = time.monotonic()
    results = in_threads(slow_count, lambda i: handshake(port, keys, "slow"))
    took = time.monotonic() - start
    stop.set()
    for t in loopers:
        t.join()
    assert failures(results) == []
    return took, len(fast)


@haproxy_here
def test_haproxy_async_does_not_block(world, keys):
    world.signer({"slow": ",delay=400"})
    server = world.haproxy(threads=1)
    took, fast = slow_beside_fast(server.port, keys, 50)
    print(f"50 handshakes of 400 ms each took {took:.2f} s, {fast} fast ones meanwhile")
    assert took < 5  # one after the other they would take 20
    assert fast >= 5


@haproxy_here
def test_haproxy_sync_blocks(world, keys):
    """The twin of the test above: without ssl-mode-async the same measurement tells."""
    world.signer({"slow": ",delay=400"})
    server = world.haproxy(threads=1, asynchronous=False)
    took, _ = slow_beside_fast(server.port, keys, 5)
    assert took >= 5 * 0.4


def client_hello(keys, name):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = context_of(keys, name).wrap_bio(incoming, outgoing, server_hostname=f"{name}.test")
    with pytest.raises(ssl.SSLWantReadError):
        o.do_handshake()
    return outgoing.read()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def abort(port, hello, reset):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    s.sendall(hello)
    if reset:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return s


@haproxy_here
@pytest.mark.parametrize("threads", [1, 4])
def test_a_thousand_clients_abort_during_their_signature(world, keys, threads):
    signer = world.signer({"slow": ",delay=150"})
    server = world.haproxy(threads=threads)
    handshake(server.port, keys, "p256")
    hello = client_hello(keys, "slow")
    before = descriptors(server)
    asked = signer.status()["requests"]
    for batch in range(20):
        sockets = [abort(server.port, hello, i % 2 == 0) for i in range(50)]
        wanted = asked + 50 * (batch + 1)
        wait_until(lambda: signer.status()["requests"] >= wanted, 10, "the signer to be asked")
        for s in sockets:
            s.close()
        assert server.alive(), server.log()
    assert signer.status()["requests"] >= asked + 1000
    for name in TYPES:
        handshake(server.port, keys, name)
    handshake(server.port, keys, "slow")
    assert server.alive(), server.log()
    wait_until(lambda: descriptors(server) <= before + 2, 15, "the descriptors to be closed")


@haproxy_here
def test_what_does_not_open_here_is_signed_by_the_relay(world, keys):
    world.signer({"p256": f",error={NOT_HERE}"})
    relay = world.relay()
    server = world.haproxy()
    handshake(server.port, keys, "p256")
    handshake(server.port, keys, "rsa2048")
    assert relay.status()["requests"] == 1


@haproxy_here
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "sync"])
def test_a_policy_that_nothing_satisfies_is_told(world, keys, asynchronous):
    world.signer({"p256": f",error={NOT_HERE}"})
    world.relay({"p256": f",error={NO_DATACENTER}"}, ["--reason", "country: AQ"])
    server = world.haproxy(asynchronous=asynchronous)
    for _ in range(20):
        with pytest.raises(ssl.SSLError, match="(?i)alert"):
            handshake(server.port, keys, "p256")
    handshake(server.port, keys, "rsa2048")
    lines = [line for line in server.log().splitlines() if "keyfence-provider" in line]
    assert "no data centre satisfies the key's policy" in lines[0] and "country: AQ" in lines[0]
    assert "ecdsa-sha256" in lines[0]
    assert len(lines) <= 5  # at most one a second


@haproxy_here
def test_a_dead_signer_is_replaced_by_the_relay(world, keys):
    signer = world.signer()
    world.relay()
    server = world.haproxy()
    handshake(server.port, keys, "p256")
    signer.kill()
    for name in TYPES:
        assert handshake(server.port, keys, name) < 1


@haproxy_here
def test_neither_signer_nor_relay_fails_at_once(world, keys):
    server = world.haproxy()
    with pytest.raises(ssl.SSLError):
        handshake(server.port, keys, "p256")
    time.sleep(1.1)  # the patience for a signer that restarts is over
    start = time.monotonic()
    with pytest.raises(ssl.SSLError, match="(?i)alert"):
        handshake(server.port, keys, "p256")
    assert time.monotonic() - start < 0.5
    assert "can be reached" in server.log() and "signer.sock" in server.log()
    world.signer()
    handshake(server.port, keys, "p256")


@haproxy_here
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "sync"])
def test_a_signer_restart_fails_no_handshake(world, keys, asynchronous):
    signer = world.signer({"slow": ",delay=100"})
    server = world.haproxy(asynchronous=asynchronous, threads=2)
    stop = threading.Event()
    done = {"slow": [], "p256": []}

    def loop(i):
        name = "slow" if i % 2 else "p256"
        while not stop.is_set():
            done[name].append(handshake(server.port, keys, name))

    def served():
        counts = {name: len(times) for name, times in done.items()}
        wait_until(lambda: all(len(done[n]) >= counts[n] + 4 for n in done), 20, "handshakes")

    def restart():
        for _ in range(3):
            served()
            start = time.monotonic()
            signer.kill()
            time.sleep(0.2)
            signer.start()
            print(f"the signer was away for {(time.monotonic() - start) * 1000:.0f} ms")
        served()

    def work(i):
        if i > 0:
            return loop(i)
        try:
            return restart()
        finally:
            stop.set()

    assert failures(in_threads(5, work)) == []
    slowest = max(done["slow"] + done["p256"])
    print(f"{sum(map(len, done.values()))} handshakes, the slowest {slowest * 1000:.0f} ms")
    assert slowest < 1
    assert signer.status()["connections"] == 2  # the server's one, and this question's


@haproxy_here
def test_a_connection_that_dies_is_replaced(world, keys):
    world.signer(extra=["--drop-every", "7"])
    relay = world.relay()
    server = world.haproxy()
    for _ in range(40):
        handshake(server.port, keys, "p256")
    assert relay.status()["requests"] == 0  # the signer is asked again, nobody else


@haproxy_here
@pytest.mark.parametrize("asynchronous", [True, False], ids=["async", "sync"])
def test_a_silent_signer_ends_at_the_deadline(world, keys, asynchronous):
    world.signer({"slow": ",delay=60000"})
    server = world.haproxy(asynchronous=asynchronous, KEYFENCE_DEADLINE_MS="600")
    start = time.monotonic()
    with pytest.raises(ssl.SSLError, match="(?i)alert"):
        handshake(server.port, keys, "slow")
    assert 0.15 < time.monotonic() - start < 1.5
    world.relay()
    handshake(server.port, keys, "slow")  # the relay is asked when the signer says nothing


@haproxy_here
def test_reload_and_certificates_through_the_runtime_api(world, keys):
    world.signer()
    server = world.haproxy(master=True)
    handshake(server.port, keys, "p256")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "Loading success" in server.log() or server.log().count("New worker") > 1
               or server.log().count("forked") > 1, 10, "the reload")
    handshake(server.port, keys, "p256")
    name = f"{keys}/chains/p256.pem"
    chain = (keys / "chains" / "p256.pem").read_text() + (keys / "chains" / "p256.pem.key").read_text()
    assert "Transaction created" in ask(world, f"set ssl cert {name} <<\n{chain}\n")
    assert "Success" in ask(world, f"commit ssl cert {name}\n")
    handshake(server.port, keys, "p256")


def ask(world, command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(world.folder / "admin.sock"))
        s.sendall(command.encode())
        return b"".join(iter(lambda: s.recv(4096), b"")).decode()
