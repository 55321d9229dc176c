"""The main job, end to end, in a world of seven data centres: see conftest.py for its keys."""

import os
import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import KEYS

from demo.process import wait_for
from demo.world import TLS_PORT


def satisfied_by(world, certificate):
    return set(world.keyfence_json("certificate", "show", certificate)["satisfied_by"])


@pytest.mark.parametrize("certificate", KEYS)
def test_every_data_centre_serves_and_signs_where_the_policy_allows(world, certificate):
    host = KEYS[certificate][0]
    allowed = satisfied_by(world, certificate)
    assert allowed and allowed != set(world.edges), "the policy must divide the data centres"
    for datacenter in world.edges:
        for tls in ("1.2", "1.3"):
            done = world.handshake_traced(datacenter, host, tls)
            assert done["ok"], (datacenter, tls, done)
            assert done["signed_in"] in allowed, (datacenter, tls, done)
            if datacenter in allowed:
                assert done["signed_in"] == datacenter, "a local key must be used locally"


def test_remote_signatures_come_from_the_nearest(world):
    if not world.network.emulates_distance:
        pytest.skip("no distance can be emulated here")
    for datacenter, host, nearest in (
        ("par", "shop.example", {"ams", "fra"}),
        ("sfo", "shop.example", {"ams", "fra"}),
        ("bom", "trade.example", {"nrt"}),
        ("par", "trade.example", {"nyc"}),
    ):
        done = world.handshake_traced(datacenter, host)
        assert done["ok"] and done["signed_in"] in nearest, (datacenter, host, done)


def haproxy_identity(edge):
    info = dict(line.split(": ", 1) for line in edge.haproxy("show info").splitlines() if ": " in line)
    return edge.processes["haproxy"].pid, info["Pid"], info.get("Start_time_sec", "")


def test_upload_and_delete_are_seen_everywhere_within_a_second_without_reload(world):
    before = {name: haproxy_identity(edge) for name, edge in world.edges.items()}
    chain, key = world.customers.make("brief", "brief.example", "P-256")
    world.keyfence("certificate", "upload", "--id", "brief", "--chain", chain, "--key", key, "--policy", "region: EU")
    answered = time.monotonic()
    world.wait_served("brief", seconds=1)
    served_after = time.monotonic() - answered
    for datacenter in world.edges:
        assert world.handshake(datacenter, "brief.example")["ok"]
    world.keyfence("certificate", "delete", "brief")
    answered = time.monotonic()
    for edge in world.edges.values():
        wait_for(lambda e=edge: "brief" not in world.certificates_at(e), 1, f"deletion in {edge.city.name}")
    gone_after = time.monotonic() - answered
    assert served_after < 1 and gone_after < 1, (served_after, gone_after)
    for datacenter in world.edges:
        assert not world.handshake(datacenter, "brief.example")["ok"], "a deleted certificate still serves"
    assert {name: haproxy_identity(edge) for name, edge in world.edges.items()} == before


STEADY_CLIENT = r"""
import select, socket, ssl, sys
address, port, host = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
good = 0
print("began", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    with socket.create_connection((address, port), timeout=6) as raw:
        with context.wrap_socket(raw, server_hostname=host):
            good += 1
print(good)
"""


def test_no_handshake_fails_while_a_certificate_gets_a_new_key(world):
    world.upload("renewed", "renewed.example", "P-256", "region: EU")
    world.wait_served("renewed")
    clients = {
        datacenter: subprocess.Popen(
            world.network.command(
                datacenter,
                ["/usr/bin/python3", "-c", STEADY_CLIENT, world.edges[datacenter].address, str(TLS_PORT),
                 "renewed.example"],
            ),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for datacenter in ("par", "fra", "nyc")
    }
    for client in clients.values():
        assert client.stdout.readline() == "began\n"
    for key_type in ("RSA-2048", "P-256", "P-384"):
        world.upload("renewed", "renewed.example", key_type, "region: EU")
        family = "RSA" if key_type.startswith("RSA") else "EC"
        for edge in world.edges.values():
            wait_for(
                lambda e=edge: f"Algorithm: {family}{key_type[-3:] if family == 'EC' else '2048'}"
                in e.haproxy(f"show ssl cert {e.certificates}/renewed.pem"),
                5, f"the new key in {edge.city.name}",
            )
    for datacenter, client in clients.items():
        out, err = client.communicate("stop\n", timeout=20)
        assert client.returncode == 0 and int(out) > 3, (datacenter, out, err)
    world.keyfence("certificate", "delete", "renewed")


class Hammer:
    """Handshakes one after the other in a thread; remembers when each began, ended, and its fate."""

    def __init__(self, world, datacenter, host):
        self.world, self.datacenter, self.host = world, datacenter, host
        self.results = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._loop, daemon=True)

    def _loop(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            done = self.world.handshake(self.datacenter, self.host)
            self.results.append((began, time.monotonic(), done["ok"]))

    def __enter__(self):
        self.thread.start()
        wait_for(lambda: len(self.results) >= 2, 30, "the first handshakes")
        return self

    def __exit__(self, *args):
        self.stopping.set()
        self.thread.join()

    def longest_failure(self):
        """The longest stretch from the first failed handshake's end to the next good one's start."""
        longest, since = 0.0, None
        for began, ended, good in self.results:
            if good:
                since = None
            else:
                since = since if since is not None else began
                longest = max(longest, ended - since)
        return longest


def test_a_killed_signer_is_passed_over_for_the_next_nearest(world):
    nearest = world.handshake_traced("bom", "trade.example")["signed_in"]
    edge = world.edges[nearest]
    try:
        with Hammer(world, "bom", "trade.example") as hammer:
            edge.processes["signer"].kill()
            seen = len(hammer.results)
            wait_for(lambda: sum(good for *_, good in hammer.results[seen:]) >= 5, 30, "handshakes after the kill")
        assert hammer.longest_failure() <= 1.0, hammer.results
        other = world.handshake_traced("bom", "trade.example")
        assert other["ok"] and other["signed_in"] not in (nearest, None)
        # At the data centre itself, whose own signer is dead, the next nearest signs as well.
        assert world.handshake(nearest, "trade.example")["ok"]
    finally:
        edge.start("signer")
    wait_for(
        lambda: world.handshake_traced("bom", "trade.example")["signed_in"] == nearest,
        30, "the nearest signer to be used again",
    )


def test_signing_goes_on_with_core_and_authority_dead_also_after_a_restart(world):
    world.processes["core"].kill()
    world.processes["authority"].kill()
    try:
        for datacenter in world.edges:
            assert world.handshake(datacenter, "shop.example")["ok"], datacenter
        for edge in world.edges.values():
            edge.stop_all()
        for edge in world.edges.values():
            edge.start_all()
        for datacenter in world.edges:
            for host in ("shop.example", "trade.example", "news.example"):
                wait_for(lambda d=datacenter, h=host: world.handshake(d, h)["ok"], 10, f"{host} at {datacenter}")
    finally:
        world.start_authority()
        world.start_core()
    chain, key = world.customers.make("after", "after.example", "P-256")
    world.keyfence("certificate", "upload", "--id", "after", "--chain", chain, "--key", key, "--policy", "region: EU")
    world.wait_served("after", seconds=5)
    world.keyfence("certificate", "delete", "after")


def test_a_policy_that_nothing_satisfies_gives_an_alert_and_a_log_line(world):
    answer = world.upload("nowhere", "nowhere.example", "P-256", "country: NZ")
    assert answer["satisfied_by"] == [] and answer["warnings"], answer
    world.wait_served("nowhere")
    edge = world.edges["ams"]
    began = time.monotonic()
    done = world.handshake("ams", "nowhere.example")
    assert time.monotonic() - began < 5, "it must not hang"
    assert not done["ok"] and "alert" in done["error"], done
    wait_for(
        lambda: any(
            "no data centre satisfies" in line and "nowhere" in line
            for line in edge.processes["relay"].log().splitlines()
        ),
        5, "the relay's log line",
    )
    assert all(p.alive() for p in edge.processes.values())
    assert world.handshake("ams", "shop.example")["ok"]
    world.keyfence("certificate", "delete", "nowhere")


ABORTING_CLIENT = r"""
import socket, ssl, struct, sys, threading
address, port, host, count, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
for i in range(count):
    raw = socket.create_connection((address, port))
    # A ClientHello, then a reset while the far signature is under way.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    raw.sendall(outgoing.read())
    raw.settimeout(((i * 7919 + seed) % 20) / 1000 + 0.0005)
    try:
        raw.recv(1)
    except (TimeoutError, socket.timeout):
        pass
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()
print("done")
"""


def test_haproxy_lives_through_a_thousand_clients_that_abort(world):
    datacenter, host = "par", "trade.example"  # the signature is made far away
    edge = world.edges[datacenter]
    before = haproxy_identity(edge)
    clients = [
        subprocess.Popen(
            world.network.command(
                datacenter,
                ["/usr/bin/python3", "-c", ABORTING_CLIENT, edge.address, str(TLS_PORT), host, "250", str(seed)],
            ),
            stdout=subprocess.PIPE, text=True,
        )
        for seed in range(4)
    ]
    for client in clients:
        out, _ = client.communicate(timeout=120)
        assert client.returncode == 0 and "done" in out
    assert haproxy_identity(edge) == before, "HAProxy was restarted"
    for name in ("shop.example", host):
        assert world.handshake(datacenter, name)["ok"]
    assert haproxy_identity(edge) == before


def test_http_services_listen_on_loopback_or_unix_sockets_only(world):
    pid = world.processes["core"].pid
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if fields[9] in inodes and fields[3] == "0A":
                    address = struct.pack("<I", int(fields[1].split(":")[0], 16)) if table == "tcp" else b""
                    assert address[:1] == b"\x7f", f"the core listens on {socket.inet_ntoa(address)}"
