"""What the TLS server's configuration and the feed's front do about visitors who mean ill. A small
world on loopback, since it needs several source addresses."""

import os
import socket
import ssl
import struct
import subprocess

import pytest

from demo.cities import CITIES
from demo.network import Loopback
from demo.process import wait_for
from demo.world import TLS_PORT, World

BORNE = 20


@pytest.fixture(scope="module")
def small():
    world = World(Loopback(), [c for c in CITIES if c.id in ("par", "nyc")], unfinished_handshakes=BORNE)
    try:
        world.start()
        world.upload("far", "far.example", "P-256", "datacenter: nyc")
        world.wait_served("far")
        yield world
    finally:
        world.close()
        world.remove()


def visit(edge, source):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((edge.address, TLS_PORT), 10, (source, 0)) as raw:
        with context.wrap_socket(raw, server_hostname="far.example") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: far.example\r\nConnection: close\r\n\r\n")
            return tls.recv(12) == b"HTTP/1.1 200"


def abort(edge, source):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO(), server_hostname="far.example")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    try:
        with socket.create_connection((edge.address, TLS_PORT), 10, (source, 0)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.sendall(out.read())
    except OSError:
        pass  # turned away


def turned_away(edge):
    lines = edge.haproxy("show stat").splitlines()
    names = lines[0].lstrip("# ").split(",")
    row = next(l.split(",") for l in lines if l.startswith("tls,FRONTEND"))
    return int(row[names.index("dcon")])


def test_who_leaves_handshakes_unfinished_is_turned_away_and_nobody_else(small):
    edge = small.edges["par"]
    for _ in range(5 * BORNE):
        assert visit(edge, "127.0.0.8")  # handshakes that end well cost nothing
    assert turned_away(edge) == 0
    for _ in range(5 * BORNE):
        abort(edge, "127.0.0.9")
    wait_for(lambda: turned_away(edge) >= 3 * BORNE, 5, "aborting visitors to be turned away")
    with pytest.raises(OSError):
        visit(edge, "127.0.0.9")
    assert visit(edge, "127.0.0.8")
    assert edge.processes["haproxy"].alive()


def feed(world, identity, machine, header=()):
    folder = os.path.join(world.edges[identity].state, "machine")
    done = subprocess.run(
        ["curl", "--silent", "--max-time", "10", "--cacert", f"{folder}/machine-ca.pem",
         "--cert", f"{folder}/sync.pem", "--key", f"{folder}/sync.key", *header,
         "--output", os.devnull, "--write-out", "%{http_code}",
         f"{world.feed_url()}/v1/feed?after=0&machine={machine}"],
        capture_output=True, text=True,
    )
    return done.stdout


def test_a_machine_follows_the_feed_as_itself_alone(small):
    assert feed(small, "par", "par-1") == "200"
    assert feed(small, "par", "nyc-1") == "403"
    assert feed(small, "par", "nyc-1", ["--header", "X-Keyfence-Client: nyc-1"]) == "403"
    small.keyfence("machine", "delete", "par-1")
    assert feed(small, "par", "par-1") == "403"
    assert feed(small, "par", "nyc-1") == "403"
