"""Once an upload is answered, nothing of the customer's private key is in the core's memory."""

import json
import os
import signal
import subprocess

import pytest
from core_site import CLI, Pki, Site, UnixConnection
from secret_search import found_in_file, found_in_memory, memory, needles

from demo.process import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="reading a process' memory needs root")

KEY_TYPES = ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "Ed25519"]
POLICY = "region: EU and not country: FR"


@pytest.fixture(scope="module")
def site():
    made = Site()
    try:
        made.start("authority")
        made.start("core")
        made.add_datacenter("fra", "DE")
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(str(tmp_path_factory.mktemp("pki")))


def wanted(pki, name, body):
    """The key in every form, and as the lines of its PEM in the request's JSON."""
    result = needles(pki.path(f"{name}.key"))
    with open(pki.path(f"{name}.key")) as f:
        lines = f.read().splitlines()
    # The key's own numbers begin after the first line for the small keys, which have one or two.
    if len(lines) <= 6:
        for i, line in enumerate(lines[1:-1]):
            # The first 24 characters or so of an EC key's PKCS#8 are the same for all keys.
            result[f"PEM text, line {i + 1}"] = line[-24:].encode()
    return {what: value for what, value in result.items() if len(value) >= 16}


def send_slowly(site, path, body, pause_at):
    """Sends a PUT in pieces; returns the connection when `pause_at` bytes of the body are out."""
    connection = UnixConnection(site.api)
    connection.connect()
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    connection.sock.sendall(head + body[:100])
    for at in range(100, pause_at, 700):
        connection.sock.sendall(body[at : min(at + 700, pause_at)])
    return connection


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_nothing_of_the_key_is_left(site, pki, key_type):
    pid = site.processes["core"].pid
    name = f"memory-{key_type.lower()}"
    chain, key = pki.leaf(name, key_type, (f"{name}.example",))
    body = json.dumps({"key": key, "chain": chain, "policy": POLICY}).encode()
    search = wanted(pki, name, body)
    assert search
    assert not found_in_memory(pid, search)

    # The search can fail: while the body is arriving, the key is there.
    connection = send_slowly(site, f"/v1/certificates/{name}", body, len(body) - 10)
    text = {what: value for what, value in search.items() if "PEM" in what and "DER" not in what}
    wait_for(lambda: found_in_memory(pid, text), 10, "a key to be seen in the core while it arrives")
    connection.sock.sendall(body[-10:])
    answer = connection.sock.makefile("rb").read()
    assert b"200 OK" in answer.split(b"\r\n")[0] and b'"changed":true' in answer, answer
    assert not found_in_memory(pid, search)

    # Again, by the command line: nothing changes; chunked; and with a policy that is refused.
    with open(site.path("chain.pem"), "w") as f:
        f.write(chain)
    done = subprocess.run([CLI, "--core", f"unix:{site.api}", "certificate", "upload", "--id", name, "--chain",
                           site.path("chain.pem"), "--key", pki.path(f"{name}.key"), "--policy", POLICY],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "unchanged" in done.stdout, done.stderr
    assert not found_in_memory(pid, search)
    pieces = (body[i : i + 333] for i in range(0, len(body), 333))
    connection = UnixConnection(site.api)
    connection.request("PUT", f"/v1/certificates/{name}", pieces, encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 200
    connection.close()
    wait_for(lambda: not found_in_memory(pid, search), 5, "a chunked upload to leave the memory")
    refused = json.dumps({"key": key, "chain": chain, "policy": "region: EUU"}).encode()
    assert site.call("PUT", f"/v1/certificates/{name}", refused)[0] == 400
    assert not found_in_memory(pid, search)
    # A customer who goes away in the middle.
    connection = send_slowly(site, f"/v1/certificates/{name}", body, len(body) - 10)
    wait_for(lambda: found_in_memory(pid, text), 10, "a key to be seen in the core while it arrives")
    connection.sock.close()
    wait_for(lambda: not found_in_memory(pid, search), 5, "an upload that broke off to leave the memory")


def test_a_body_that_is_no_request_is_wiped_too(site, pki):
    pid = site.processes["core"].pid
    _, key = pki.leaf("lost", "RSA-2048", ("lost.example",))
    search = wanted(pki, "lost", b"")
    for method, path, body in (
        ("POST", "/v1/certificates", key.encode()),
        ("POST", "/v1/certificates", json.dumps({"chain": key, "key": key, "policy": POLICY}).encode()),
        ("POST", "/v1/nowhere", key.encode()),
        ("POST", "/v1/certificates", key.encode() * 200),
    ):
        assert site.call(method, path, body)[0] >= 400
        assert not found_in_memory(pid, search), (method, path)


def test_the_search_covers_the_core(site, pki):
    """Things that the core must hold are found by the same search: its token and a stored chain."""
    pid = site.processes["core"].pid
    with open(site.path("core/token"), "rb") as f:
        token = f.read()
    assert found_in_memory(pid, {"token": token})
    assert sum(len(region) for region in memory(pid)) > 1 << 20


def test_no_file_of_the_core_holds_a_key(site, pki):
    searched = 0
    everything = {}
    for key_type in KEY_TYPES:
        name = f"memory-{key_type.lower()}"
        if os.path.exists(pki.path(f"{name}.key")):
            everything.update({(name, what): value for what, value in wanted(pki, name, b"").items()})
    for folder in ("core", "authority"):
        for root, _, names in os.walk(site.path(folder)):
            for name in names:
                searched += 1
                assert not found_in_file(os.path.join(root, name), everything), name
    for log in ("core.log", "authority.log"):
        assert not found_in_file(site.path(log), everything)
    assert searched >= 6


def test_no_worker_is_left(site):
    """The processes that read keys have ended, and none is a zombie."""
    pid = site.processes["core"].pid
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        assert f.read().split() == []
    assert len(os.listdir(f"/proc/{pid}/task")) == 1  # fork() is safe because there is one thread
    assert site.stop("core", signal.SIGTERM) == 0
