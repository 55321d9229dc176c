"""A whole Keyfence on one machine: authority, core and one edge machine in each data centre, every
one the real program, each data centre with its own HAProxy before a small real origin."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from demo import keyless
from demo.cities import CITIES, CORE_LATITUDE, CORE_LONGITUDE
from demo.customer import Customers
from demo.process import Process, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build", "bin")
TLS_PORT, RELAY_PORT, ORIGIN_PORT, FEED_PORT = 8443, 2407, 8080, 9443


class KeyfenceError(RuntimeError):
    """The keyfence program said no."""

    def __init__(self, argv, done):
        super().__init__(f"keyfence {' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
        self.status = done.returncode
        self.stderr = done.stderr


def write(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


class Edge:
    """One edge machine: sync, signer, relay, HAProxy and the origin."""

    START_ORDER = ("sync", "signer", "relay", "origin", "haproxy")

    def __init__(self, world, city):
        self.world = world
        self.city = city
        self.machine = f"{city.id}-1"
        self.address = world.network.addresses[city.id]
        self.folder = os.path.join(world.folder, self.machine)
        self.state = os.path.join(self.folder, "state")
        self.run = os.path.join(self.folder, "run")
        self.certificates = os.path.join(self.state, "certs")
        self.processes = {}
        for folder in (self.state, self.run, self.certificates):
            os.makedirs(folder)
        os.makedirs(os.path.join(self.state, "replica"))

    def socket(self, name):
        return os.path.join(self.run, name)

    def enrol(self):
        machine_folder = os.path.join(self.state, "machine")
        self.world.keyfence(
            "machine", "enrol", "--dir", machine_folder, "--id", self.machine,
            "--datacenter", self.city.id, "--relay", f"{self.address}:{RELAY_PORT}",
        )
        self.world.keyfence("machine", "add", "--dir", machine_folder)

    def configure(self):
        write(
            os.path.join(self.folder, "edge.yaml"),
            f"""machine: {self.machine}
datacenter: {self.city.id}
state: {self.state}
run: {self.run}
sync:
  core: {self.world.feed_url()}
  haproxy: [{self.socket("haproxy.sock")}]
relay:
  listen: {self.address}:{RELAY_PORT}
""",
        )
        write(
            os.path.join(self.folder, "haproxy.cfg"),
            f"""global
    log stderr format raw local0 info
    maxconn 4000
    stats socket {self.socket("haproxy.sock")} mode 600 level admin
    stats timeout 1m
    ssl-provider-path {BIN}
    ssl-provider default
    ssl-provider keyfence
    ssl-mode-async
    insecure-fork-wanted
    ssl-default-bind-options ssl-min-ver TLSv1.2
    tune.bufsize 65536

defaults
    mode http
    log global
    maxconn 1000
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-request 10s

# A visitor who hangs up while his signature is under way costs memory that OpenSSL cannot free: see
# keyfence-provider(7). Who leaves too many handshakes unfinished within a minute is turned away.
backend unfinished_handshakes
    stick-table type ipv6 size 100k expire 2m store gpc0_rate(60s),gpc1_rate(60s)

frontend tls
    bind {self.address}:{TLS_PORT} ssl crt-list {self.certificates}/certificates.list strict-sni alpn http/1.1
    tcp-request connection track-sc0 src,ipmask(32,64) table unfinished_handshakes
    tcp-request connection set-var(sess.finished) sc0_gpc1_rate
    tcp-request connection reject if {{ sc0_gpc0_rate,sub(sess.finished) gt {self.world.unfinished_handshakes} }}
    tcp-request connection sc-inc-gpc0(0)
    tcp-request session sc-inc-gpc1(0)
    error-log-format "%ci:%cp %ft error=%[fc_err_str] tls=%[ssl_fc_err_str] sni=%[ssl_fc_sni]"
    http-response set-header X-Datacenter {self.city.id}
    default_backend origin

backend origin
    server origin {self.address}:{ORIGIN_PORT}
""",
        )

    def _argv(self, name):
        config = os.path.join(self.folder, "edge.yaml")
        if name == "haproxy":
            return ["haproxy", "-db", "-f", os.path.join(self.folder, "haproxy.cfg")]
        if name == "origin":
            script = os.path.join(ROOT, "demo", "origin.py")
            return [sys.executable, script, self.address, str(ORIGIN_PORT), f"Origin in {self.city.name}"]
        return [os.path.join(BIN, f"keyfence-{name}"), "--config", config]

    def _ready(self, name):
        process = self.processes[name]
        if name == "haproxy":
            return lambda: os.path.exists(self.socket("haproxy.sock")) and self.haproxy("show info")
        if name == "origin":
            return lambda: True
        return lambda: "ready" in process.log()

    def start(self, name, wait=True):
        if name == "haproxy":
            listing = os.path.join(self.certificates, "certificates.list")
            wait_for(lambda: os.path.exists(listing), 20, f"{listing} to be written by keyfence-sync")
        if name not in self.processes:
            self.processes[name] = Process(
                f"{self.machine} {name}",
                self.world.network.command(self.city.id, self._argv(name)),
                os.path.join(self.folder, f"{name}.log"),
                env={
                    "KEYFENCE_SIGNER_SOCKET": self.socket("signer.sock"),
                    "KEYFENCE_RELAY_SOCKET": self.socket("relay.sock"),
                },
            )
        self.processes[name].start()
        if wait:
            self.processes[name].wait_ready(self._ready(name))

    def start_all(self):
        for name in self.START_ORDER:
            self.start(name)

    def stop_all(self):
        for name in reversed(self.START_ORDER):
            if name in self.processes:
                self.processes[name].stop()

    def haproxy(self, command):
        """One command on HAProxy's runtime socket; its answer, or "" when it is not there."""
        import socket as sockets

        try:
            with sockets.socket(sockets.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(self.socket("haproxy.sock"))
                connection.sendall(command.encode() + b"\n")
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
                return answer.decode()
        except OSError:
            return ""

    def signer_status(self):
        return keyless.status(self.socket("signer.sock"))

    def relay_status(self):
        return keyless.status(self.socket("relay.sock"))


class World:
    def __init__(self, network, cities=CITIES, folder=None, unfinished_handshakes=100):
        self.unfinished_handshakes = unfinished_handshakes  # that HAProxy bears, by address and minute
        self.folder = folder or tempfile.mkdtemp(prefix="kf-")
        self.network = network
        self.cities = cities
        self.edges = {}
        self.processes = {}
        self.customers = None

    # The core's site

    def core_socket(self, name):
        return os.path.join(self.folder, "core", "run", name)

    def feed_url(self):
        return f"https://{self.network.addresses['core']}:{FEED_PORT}"

    def keyfence(self, *argv, check=True):
        """Runs the keyfence program against the core; returns what it printed."""
        done = subprocess.run(
            [os.path.join(BIN, "keyfence"), "--core", f"unix:{self.core_socket('api.sock')}", *argv],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise KeyfenceError(argv, done)
        return done.stdout if check else done

    def keyfence_json(self, *argv):
        return json.loads(self.keyfence("--json", *argv))

    def start_authority(self):
        folder = os.path.join(self.folder, "authority")
        if "authority" not in self.processes:
            os.makedirs(os.path.join(folder, "state"), mode=0o700)
            write(os.path.join(folder, "passphrase"), os.urandom(24).hex() + "\n", 0o400)
            write(
                os.path.join(folder, "authority.yaml"),
                f"""state: {folder}/state
socket: {folder}/authority.sock
passphrase_file: {folder}/passphrase
""",
            )
            self.processes["authority"] = Process(
                "authority",
                [os.path.join(BIN, "keyfence-authority"), "--config", f"{folder}/authority.yaml"],
                f"{folder}/authority.log",
            )
        process = self.processes["authority"].start()
        process.wait_ready(lambda: "ready" in process.log())

    def start_core(self):
        folder = os.path.join(self.folder, "core")
        if "core" not in self.processes:
            os.makedirs(os.path.join(folder, "state"), mode=0o700)
            os.makedirs(os.path.join(folder, "run"), mode=0o755)
            write(
                os.path.join(folder, "core.yaml"),
                f"""state: {folder}/state
api: ["unix:{self.core_socket('api.sock')}"]
feed: ["unix:{self.core_socket('feed.sock')}"]
authority: {self.folder}/authority/authority.sock
catalogue: {ROOT}/data/attributes.yaml
regions: {ROOT}/data/regions.yaml
""",
            )
            self.processes["core"] = Process(
                "core",
                [os.path.join(BIN, "keyfence-core"), "--config", f"{folder}/core.yaml"],
                f"{folder}/core.log",
            )
        process = self.processes["core"].start()
        process.wait_ready(lambda: "ready" in process.log())

    def start_feed_front(self):
        """HAProxy gives the core's feed mutual TLS: only enrolled machines reach it."""
        folder = os.path.join(self.folder, "core")
        if "feed-front" not in self.processes:
            self.keyfence(
                "core-certificate", "--dir", os.path.join(folder, "tls"),
                "--name", self.network.addresses["core"],
            )
            write(
                os.path.join(folder, "haproxy.cfg"),
                f"""global
    log stderr format raw local0 notice
    maxconn 1000
    stats socket {self.core_socket("haproxy.sock")} mode 600 level admin

defaults
    mode http
    log global
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s

frontend feed
    bind {self.network.addresses["core"]}:{FEED_PORT} ssl crt {folder}/tls/core.pem ca-file {folder}/tls/machine-ca.pem verify required ssl-min-ver TLSv1.3
    http-request deny unless {{ path /v1/feed }}
    # The core compares it with the machine that is asked for.
    http-request set-header X-Keyfence-Client %[ssl_c_s_dn(cn)]
    default_backend core

backend core
    server core unix@{self.core_socket("feed.sock")}
""",
            )
            self.processes["feed-front"] = Process(
                "the feed's HAProxy",
                self.network.command("core", ["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"]),
                f"{folder}/haproxy.log",
            )
        self.processes["feed-front"].start().wait_ready(
            lambda: os.path.exists(self.core_socket("haproxy.sock"))
        )

    # The whole

    def start(self, progress=lambda text: None):
        sites = {"core": (CORE_LATITUDE, CORE_LONGITUDE)}
        sites.update({c.id: (c.latitude, c.longitude) for c in self.cities})
        self.network.add_sites(sites)
        progress("authority and core")
        self.start_authority()
        self.start_core()
        self.customers = Customers(os.path.join(self.folder, "customers"))
        progress("registry: data centres and machines")
        for city in self.cities:
            self.add_datacenter(city)
        for city in self.cities:
            self.edges[city.id] = Edge(self, city)
            self.edges[city.id].enrol()
        self.start_feed_front()
        for edge in self.edges.values():
            progress(f"data centre {edge.city.name}")
            edge.configure()
            edge.start_all()
        return self

    def add_datacenter(self, city):
        argv = [
            "datacenter", "add", "--id", city.id, "--name", city.name, "--country", city.country,
            "--metro", city.metro, f"--latitude={city.latitude}", f"--longitude={city.longitude}",
        ]
        for label, value in city.attributes.items():
            argv += ["--attribute", f"{label}={value}"]
        for region in city.regions:
            argv += ["--region", region]
        self.keyfence(*argv)

    def upload(self, name, host, key_type, policy):
        """Makes a customer's key and certificate and uploads them; returns the API's answer."""
        chain, key = self.customers.make(name, host, key_type)
        return self.keyfence_json(
            "certificate", "upload", "--id", name, "--chain", chain, "--key", key, "--policy", policy
        )

    def certificates_at(self, edge):
        """The ids of the certificates that a data centre's HAProxy serves now."""
        listing = edge.haproxy(f"show ssl crt-list {edge.certificates}/certificates.list")
        names = [line.split()[0] for line in listing.splitlines() if line and not line.startswith("#")]
        return {os.path.basename(name).removesuffix(".pem") for name in names}

    def wait_served(self, certificate, seconds=5):
        for edge in self.edges.values():
            wait_for(
                lambda e=edge: certificate in self.certificates_at(e),
                seconds, f"{certificate} to be served in {edge.city.name}",
            )

    def handshake(self, datacenter, host, tls="1.3", seconds=15):
        """One real request from that data centre's city, verified against the customers' CA.
        Returns what curl measured."""
        edge = self.edges[datacenter]
        done = subprocess.run(
            self.network.command(
                datacenter,
                [
                    "curl", "--silent", "--show-error", "--max-time", str(seconds),
                    "--cacert", self.customers.ca, f"--tlsv{tls}", "--tls-max", tls,
                    "--resolve", f"{host}:{TLS_PORT}:{edge.address}", "--output", os.devnull,
                    "--write-out", "%{http_code} %{ssl_verify_result} %{time_connect} %{time_appconnect}",
                    f"https://{host}:{TLS_PORT}/",
                ],
            ),
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        parts = done.stdout.split()
        good = done.returncode == 0 and parts[:2] == ["200", "0"]
        return {
            "ok": good,
            "milliseconds": round((float(parts[3]) - float(parts[2])) * 1000, 1) if good else None,
            "error": None if good else done.stderr.strip(),
        }

    def signatures(self):
        """How many signatures each data centre's signer has made; a dead one counts none."""
        counts = {}
        for name, edge in self.edges.items():
            try:
                counts[name] = edge.signer_status()["signatures_total"]
            except OSError:
                counts[name] = None
        return counts

    def handshake_traced(self, datacenter, host, tls="1.3"):
        """A handshake, and the data centre whose signer made one more signature meanwhile. Only
        for a world in which nobody else makes handshakes."""
        before = self.signatures()
        result = self.handshake(datacenter, host, tls)
        after = self.signatures()
        signed = [d for d in after if before[d] is not None and after[d] is not None and after[d] > before[d]]
        result["signed_in"] = signed[0] if len(signed) == 1 else None
        return result

    def close(self):
        for edge in self.edges.values():
            edge.stop_all()
        for name in ("feed-front", "core", "authority"):
            if name in self.processes:
                self.processes[name].stop()
        self.network.close()

    def remove(self):
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
