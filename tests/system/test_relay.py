"""Relays among themselves: who is asked, what happens when one fails, who is let in."""

import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest
from relay_world import (
    DATACENTER, ERROR, NO_ANSWER, NO_DATACENTER, NOT_FOUND, NOT_HERE, OPCODE, OVERLOADED, PAYLOAD,
    PING, PONG, RESPONSE, Authority, Client, Hammer, RelayWorld, frame, receive, request, wait_for,
)

EU_NOT_FRANCE = "region_EU: yes and not country: FR"


@pytest.fixture(scope="module")
def trio():
    """Paris, Frankfurt, Amsterdam, healthy; tests leave it so."""
    world = RelayWorld()
    try:
        world.start()
        world.shop = world.key("shop", EU_NOT_FRANCE)
        wait_for(lambda: world["par-1"].ask(world.shop).ok, 10, "the first signature")
        yield world
    finally:
        world.close()


@pytest.fixture
def make():
    worlds = []

    def build(*args, **more):
        worlds.append(RelayWorld(*args, **more))
        return worlds[-1]

    yield build
    for world in worlds:
        world.close()


def longest_gap(answers):
    """Seconds of the slowest answer; failing ones are the caller's to judge."""
    return max(answer.seconds for answer in answers)


def test_a_request_is_signed_where_the_policy_allows(trio):
    answer = trio["par-1"].ask(trio.shop, digest=b"\x55" * 32)
    assert answer.ok and answer.payload == b"signed" + b"\x55" * 32
    assert answer.datacenter in ("fra", "ams")
    german = trio.key("german", "country: DE")
    wait_for(lambda: trio["par-1"].ask(german).datacenter == "fra", 5, "frankfurt to sign")
    assert trio["ams-1"].ask(german).datacenter == "fra"


def test_many_requests_share_a_connection(trio):
    before = trio["par-1"].status()
    with Client(trio["par-1"]) as client:
        for i in range(500):
            client.send(trio.shop, digest=struct.pack(">I", i) * 8)
        seen = {}
        for _ in range(500):
            number, items = receive(client.connection)
            seen[number] = items
    assert len(seen) == 500
    for number, items in seen.items():
        assert items[OPCODE] == bytes([RESPONSE])
        assert items[PAYLOAD] == b"signed" + struct.pack(">I", number - 1) * 8, "an answer went to the wrong request"
    after = trio["par-1"].status()
    assert sum(after["sent"].values()) - sum(before["sent"].values()) >= 500
    assert set(after["breakers"].values()) == {"closed"}


def test_status_says_what_the_contract_promises(trio):
    status = trio["par-1"].status()
    assert status["datacenter"] == "par" and status["machine"] == "par-1"
    for member in ("sent", "served_total", "hedges", "failures", "rtt_ms", "breakers"):
        assert member in status
    assert 0 < status["rtt_ms"]["fra"] < 1000
    assert trio["fra-1"].status()["served_total"] + trio["ams-1"].status()["served_total"] > 0


def test_an_unknown_key_is_not_found(trio):
    answer = trio["par-1"].ask(b"\x01" * 20)
    assert answer.error == NOT_FOUND and answer.seconds < 1
    assert "key " + "01" * 20 in trio["par-1"].relay.log()


def test_a_policy_that_nothing_satisfies_is_said_once(trio):
    nowhere = trio.key("nowhere", "country: NZ")
    wait_for(lambda: trio["par-1"].ask(nowhere).error == NO_DATACENTER, 5, "error 0x43")
    for _ in range(50):
        answer = trio["par-1"].ask(nowhere)
        assert answer.error == NO_DATACENTER and answer.seconds < 1
    assert "no data centre satisfies the policy" in answer.reason
    lines = [line for line in trio["par-1"].relay.log().splitlines() if "certificate nowhere" in line]
    assert len(lines) == 1, lines
    assert "(policy `country: NZ`): no data centre satisfies the policy" in lines[0]


def test_a_key_that_does_not_open_there_is_tried_elsewhere_without_blame(make):
    world = make()
    world["fra-1"].start_signer("error", hex(NOT_HERE))
    world["ams-1"].start_signer("error", hex(NOT_HERE))
    world.start(signers=("par-1",))
    everywhere = world.key("everywhere", "region_EU: yes")
    wait_for(lambda: world["par-1"].ask(everywhere).error == NO_ANSWER, 10, "error 0x44")
    answer = world["par-1"].ask(everywhere)
    assert answer.error == NO_ANSWER and answer.seconds < 1
    assert "fra-1 in fra: not-here" in answer.reason and "ams-1 in ams: not-here" in answer.reason
    assert set(world["par-1"].status()["breakers"].values()) == {"closed"}
    # From Frankfurt, Paris signs: its signer has the key.
    assert world["fra-1"].ask(everywhere).datacenter == "par"


def test_errors_of_the_request_itself_are_passed_back(make):
    world = make(("par-1", "fra-1"))
    world["fra-1"].start_signer("error", "0x01")
    world.start(signers=("par-1",))
    ski = world.key("x", "country: DE")
    wait_for(lambda: world["par-1"].ask(ski).error == 0x01, 10, "the signer's own error")
    assert world["par-1"].ask(ski).reason == "crypto, as told"


def test_a_killed_signer_fails_nothing(trio):
    nearest = trio["par-1"].ask(trio.shop).datacenter
    other = {"fra": "ams", "ams": "fra"}[nearest]
    machine = trio[f"{nearest}-1"]
    try:
        with Hammer(trio["par-1"], trio.shop) as hammer:
            machine.signer.kill()
            hammer.wait_more(300)
            assert all(a.ok for a in hammer.answers), [a for a in hammer.answers if not a.ok]
            assert longest_gap(hammer.answers) < 1
            assert hammer.answers[-1].datacenter == other
            refused = machine.status()["refused_no_signer"]
            assert 0 < refused < len(hammer.answers) / 4, "the breaker must spare a place that is broken"
    finally:
        machine.start_signer()
    wait_for(lambda: trio["par-1"].ask(trio.shop).datacenter == nearest, 20, "the nearest to be used again")


def test_a_killed_relay_fails_nothing(trio):
    nearest = trio["par-1"].ask(trio.shop).datacenter
    machine = trio[f"{nearest}-1"]
    try:
        with Hammer(trio["par-1"], trio.shop) as hammer:
            machine.relay.kill()
            hammer.wait_more(300)
            assert all(a.ok for a in hammer.answers), [a for a in hammer.answers if not a.ok]
            assert longest_gap(hammer.answers) < 1
    finally:
        machine.start_relay()
    trio.wait_connected(trio["par-1"])
    wait_for(lambda: trio["par-1"].ask(trio.shop).datacenter == nearest, 20, "the nearest to be used again")


def test_a_frozen_relay_is_hedged_then_passed_over(trio):
    """SIGSTOP is what a data centre behind a dead line looks like: connected, and silent."""
    nearest = trio["par-1"].ask(trio.shop).datacenter
    machine = trio[f"{nearest}-1"]
    hedges = trio["par-1"].status()["hedges"]
    try:
        with Hammer(trio["par-1"], trio.shop) as hammer:
            machine.relay.signal(signal.SIGSTOP)
            hammer.wait_more(300)
            assert all(a.ok for a in hammer.answers), [a for a in hammer.answers if not a.ok]
            assert longest_gap(hammer.answers) < 1
        status = trio["par-1"].status()
        # The silence is noticed by the third request: hardly any more has to be hedged.
        assert hedges < status["hedges"] <= hedges + 12
        assert status["breakers"][nearest] != "closed"
    finally:
        machine.relay.signal(signal.SIGCONT)
    wait_for(lambda: trio["par-1"].ask(trio.shop).datacenter == nearest, 30, "the nearest to be used again")


def test_a_whole_data_centre_that_swallows_packets_is_passed_over(make):
    """It is in the registry, nearest of all, and its address answers nothing at all."""
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    fillers = []
    for _ in range(4):  # a full backlog: further connections hang
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(hole.getsockname())
        fillers.append(s)
    world = make()
    try:
        world.records(
            "datacenter hole 48.86 2.36 country=DE region_EU=yes datacenter=hole",
            f"machine hole-1 hole 127.0.0.1:{hole.getsockname()[1]} active",
        )
        world.start()
        ski = world.key("x", EU_NOT_FRANCE)
        wait_for(lambda: world["par-1"].ask(ski).ok, 10, "a signature")
        for _ in range(50):
            answer = world["par-1"].ask(ski)
            assert answer.ok and answer.datacenter != "hole" and answer.seconds < 1, answer
    finally:
        for s in [*fillers, hole]:
            s.close()


def test_nobody_answers(make):
    world = make()
    world["fra-1"].start_signer("mute")
    world["ams-1"].start_signer("mute")
    world.start(signers=("par-1",))
    ski = world.key("mute", EU_NOT_FRANCE)
    wait_for(lambda: world["par-1"].ask(ski, 50).error == NO_ANSWER, 10, "the key to arrive")
    for deadline in (100, 700, 1500):
        answer = world["par-1"].ask(ski, deadline)
        assert answer.error == NO_ANSWER and answer.seconds < deadline / 1000 + 0.3, (deadline, answer)
    lines = [line for line in world["par-1"].relay.log().splitlines() if "certificate mute" in line]
    assert len(lines) == 1 and "no data centre answered" in lines[0]


def test_slow_answers_are_hedged(make):
    world = make()
    world["fra-1"].start_signer("delay", 400)
    world["ams-1"].start_signer("delay", 400)
    world.start(signers=("par-1",))
    ski = world.key("slow", EU_NOT_FRANCE)
    wait_for(lambda: world["par-1"].ask(ski).ok, 10, "the key to arrive")
    nearest = world["par-1"].ask(ski).datacenter
    other = {"fra": "ams", "ams": "fra"}[nearest]
    world[f"{other}-1"].signer.stop()
    world[f"{other}-1"].start_signer()
    before = world["par-1"].status()
    answers = []
    for _ in range(10):
        answers.append(world["par-1"].ask(ski))
    assert all(a.ok for a in answers)
    after = world["par-1"].status()
    assert after["hedges"] > before["hedges"] and after["hedges_won"] > before["hedges_won"]
    assert min(a.seconds for a in answers) < 0.35


def test_deadlines_shrink_and_traces_pass(make):
    world = make(("par-1", "fra-1"))
    record = os.path.join(world.folder, "record")
    world["fra-1"].start_signer("record", record)
    world.start(signers=("par-1",))
    ski = world.key("x", "country: DE")
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    wait_for(lambda: world["par-1"].ask(ski, 800, trace=trace).ok, 10, "a signature")
    deadline, seen = open(record).read().splitlines()[-1].split()
    assert seen.encode() == trace
    assert 500 < int(deadline) <= 800 * 0.95 * 0.95, "each of the two hops must keep some of it"


def test_the_own_data_centres_other_machine_comes_first(make):
    world = make(("par-1", "par-2", "fra-1"))
    world.start()
    ski = world.key("x", "region_EU: yes")
    wait_for(lambda: world["par-1"].ask(ski).ok, 10, "a signature")
    world.wait_connected(world["par-1"], {"par", "fra"})
    assert world["par-1"].ask(ski).datacenter == "par"
    world["par-2"].signer.kill()
    answer = world["par-1"].ask(ski)
    assert answer.ok and answer.datacenter == "fra" and answer.seconds < 1
    # A key that only Paris may use, with the other machine's signer dead: a clear refusal.
    french = world.key("french", "country: FR")
    wait_for(lambda: world["par-1"].ask(french).error == NO_ANSWER, 5, "error 0x44")
    assert "the signer of par-2 is not running" in world["par-1"].ask(french).reason


def test_everything_restarts_without_core(trio):
    for machine in trio.machines.values():
        assert machine.relay.stop() == 0
    for machine in trio.machines.values():
        machine.start_relay(wait=False)
    for machine in trio.machines.values():
        machine.relay.wait_ready(lambda m=machine: "ready" in m.relay.log())
    began = time.monotonic()
    wait_for(lambda: trio["par-1"].ask(trio.shop).ok, 10, "a signature after the restart")
    assert time.monotonic() - began < 3
    for machine in trio.machines.values():
        trio.wait_connected(machine)


def test_a_relay_starts_before_its_replica(make):
    world = make(("par-1", "fra-1"))
    replica = os.path.join(world["par-1"].state, "replica")
    os.rename(replica, replica + ".later")
    world["fra-1"].start_signer()
    world["fra-1"].start_relay()
    world["par-1"].start_relay()
    answer = world["par-1"].ask(b"\x02" * 20)
    assert answer.error is not None and answer.seconds < 1
    os.rename(replica + ".later", replica)
    ski = world.key("x", "country: DE")
    wait_for(lambda: world["par-1"].ask(ski).ok, 10, "a signature")


def test_the_directory_follows_the_replica(make):
    world = make(("par-1", "fra-1", "ams-1"))
    world.start()
    ski = world.key("x", "fips: yes")
    wait_for(lambda: world["par-1"].ask(ski).error == NO_DATACENTER, 5, "error 0x43")
    world.records("datacenter fra 50.11 8.68 country=DE region_EU=yes datacenter=fra fips=yes")
    began = time.monotonic()
    wait_for(lambda: world["par-1"].ask(ski).ok, 5, "the new attribute to count")
    assert time.monotonic() - began < 1
    # A machine that is revoked is neither asked nor answered.
    connections = world["ams-1"].status()["peer_connections"]
    assert connections >= 1
    world.records(f"machine fra-1 fra {world['fra-1'].address} revoked")
    wait_for(lambda: world["par-1"].ask(ski).error == NO_ANSWER, 5, "fra-1 not to be asked")
    wait_for(lambda: "fra-1" in world["ams-1"].relay.log() and "not active" in world["ams-1"].relay.log(), 5, "a refusal")
    world.shop = ski
    assert refused(world, world["ams-1"], os.path.join(world["fra-1"].machine, "relay"))
    assert not refused(world, world["ams-1"], os.path.join(world["par-1"].machine, "relay"))
    world.records(f"machine fra-1 fra {world['fra-1'].address} active")
    wait_for(lambda: world["par-1"].ask(ski).ok, 10, "fra-1 to be asked again")


def test_forged_records_change_nothing(make):
    world = make(("par-1", "fra-1"))
    world.start()
    ski = world.key("x", "country: DE")
    wait_for(lambda: world["par-1"].ask(ski).ok, 5, "a signature")
    # Frankfurt has no signer here; it must have read the true records before the forged ones.
    wait_for(lambda: world["fra-1"].ask(ski).error == NO_ANSWER, 5, "frankfurt to know the key")
    world.records("forge datacenter par 48.86 2.35 country=DE region_EU=yes", "heartbeat")
    forged = b"\x33" * 20
    world.records(f"forge key {forged.hex()} country: DE")
    wait_for(lambda: world["par-1"].status()["records_refused"] >= 2, 5, "the forged records to be refused")
    assert world["par-1"].ask(forged).error not in (None,)
    assert world["fra-1"].ask(ski).error == NO_ANSWER, "paris must not have become German"


def raw_peer(world, machine, base, authority=None):
    """A TLS connection to a relay's port, or the exception that refused it."""
    raw = socket.create_connection(("127.0.0.1", machine.port), timeout=5)
    return world.tls(base, authority).wrap_socket(raw)


def refused(world, machine, base, authority=None):
    try:
        with raw_peer(world, machine, base, authority) as connection:
            connection.sendall(request(1, world.shop))
            return connection.recv(100) == b""
    except (ssl.SSLError, ConnectionError, OSError):
        return True


def test_strangers_are_refused(trio):
    def identity(name, uri, authority=None):
        base = os.path.join(trio.folder, name)
        (authority or trio.authority).issue(base, uri)
        return base

    good = identity("good", "keyfence://machine/par-1/relay")
    assert not refused(trio, trio["fra-1"], good), "the test's own handshake must work"
    assert refused(trio, trio["fra-1"], identity("sync", "keyfence://machine/par-1/sync"))
    assert refused(trio, trio["fra-1"], identity("ghost", "keyfence://machine/ghost/relay"))
    assert refused(trio, trio["fra-1"], identity("web", "https://par-1.example/"))
    other = Authority(trio.folder, "other")
    alien = identity("alien", "keyfence://machine/par-1/relay", other)
    context_authority = trio.authority
    assert refused(trio, trio["fra-1"], alien, context_authority)
    log = trio["fra-1"].relay.log()
    assert "role sync, not relay" in log
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with socket.create_connection(("127.0.0.1", trio["fra-1"].port), timeout=5) as raw:
            with bare.wrap_socket(raw) as connection:
                connection.sendall(request(1, trio.shop))
                if connection.recv(100) == b"":
                    raise ConnectionError("closed")
    assert trio["par-1"].ask(trio.shop).ok


def test_a_gokeyless_like_peer_is_answered(trio):
    """Frames as any Keyless client sends them: no deadline, unknown tags, several at once."""
    base = os.path.join(trio.folder, "peer")
    trio.authority.issue(base, "keyfence://machine/par-1/relay")
    with raw_peer(trio, trio["fra-1"], base) as connection:
        assert connection.version() == "TLSv1.3"
        connection.sendall(frame(5, [(OPCODE, bytes([PING])), (PAYLOAD, b"hello"), (0x77, b"?")]))
        number, items = receive(connection)
        assert (number, items[OPCODE], items[PAYLOAD]) == (5, bytes([PONG]), b"hello")
        connection.sendall(b"".join(request(i, trio.shop) for i in range(10, 20)))
        answers = dict(receive(connection) for _ in range(10))
        assert set(answers) == set(range(10, 20))
        assert all(a[OPCODE] == bytes([RESPONSE]) and a[DATACENTER] == b"fra" for a in answers.values())
        # What came over the network is never sent on: a key the signer does not have stays refused.
        connection.sendall(frame(30, [(OPCODE, b"\xe1")]))
        assert receive(connection)[1][OPCODE] == bytes([ERROR])
        for garbage in (b"\x01\x00\x00\x03\x00\x00\x00\x63\x11\x00\x09", b"\x01\x00\x00\x00\x00\x00\x00\x64"):
            connection.sendall(garbage)
            assert receive(connection)[1][OPCODE] == bytes([ERROR])


def test_what_came_over_the_network_is_not_sent_on(make):
    world = make()
    world["fra-1"].start_signer("error", hex(NOT_HERE))
    world["par-1"].start_signer()
    world["ams-1"].start_signer()
    for machine in world.machines.values():
        machine.start_relay()
    world.wait_connected(world["fra-1"])
    ski = world.key("x", "region_EU: yes")
    base = os.path.join(world.folder, "peer")
    world.authority.issue(base, "keyfence://machine/par-1/relay")
    wait_for(lambda: world["fra-1"].ask(ski).ok, 5, "the key to arrive")
    sent = world["fra-1"].status()["sent"]
    with raw_peer(world, world["fra-1"], base) as connection:
        connection.sendall(request(1, ski))
        items = receive(connection)[1]
    assert items[OPCODE] == bytes([ERROR]) and items[PAYLOAD] == bytes([NOT_HERE])
    assert world["fra-1"].status()["sent"] == sent


def test_one_peer_may_not_ask_too_often(make):
    world = make(("par-1", "fra-1"), relay_options="  peer_rate: 50\n")
    world.start()
    ski = world.key("x", "country: DE")
    base = os.path.join(world.folder, "peer")
    world.authority.issue(base, "keyfence://machine/par-1/relay")
    wait_for(lambda: world["par-1"].ask(ski).ok, 5, "the key to arrive")
    with raw_peer(world, world["fra-1"], base) as connection:
        connection.sendall(b"".join(request(i, ski) for i in range(300)))
        answers = [receive(connection)[1] for _ in range(300)]
    good = sum(a[OPCODE] == bytes([RESPONSE]) for a in answers)
    assert 20 <= good <= 120
    assert all(a[PAYLOAD] == bytes([OVERLOADED]) for a in answers if a[OPCODE] == bytes([ERROR]))
    assert world["fra-1"].status()["refused_rate"] >= 180


def test_overload_is_refused_at_once_and_the_newest_served_first(make):
    world = make(("par-1", "fra-1"), relay_options="  peer_rate: 1000000\n  request_limit: 3000\n")
    world["fra-1"].start_signer("delay", 300)
    world.start(signers=("par-1",))
    ski = world.key("x", "country: DE")
    wait_for(lambda: world["par-1"].ask(ski).ok, 5, "the key to arrive")
    base = os.path.join(world.folder, "peer")
    world.authority.issue(base, "keyfence://machine/par-1/relay")
    with raw_peer(world, world["fra-1"], base) as connection:
        connection.settimeout(20)
        count = 1800  # 256 at the signer, 1024 waiting, the rest refused
        connection.sendall(b"".join(request(i, ski, 20000) for i in range(count)))
        order = []
        for _ in range(count):
            number, items = receive(connection)
            order.append((number, items[OPCODE] == bytes([RESPONSE])))
    served = [number for number, good in order if good]
    turned_away = [number for number, good in order if not good]
    assert 1280 <= len(served) < count and turned_away
    waited = served[256:]
    assert max(turned_away) < max(waited), "the oldest of those that wait are turned away"
    assert waited[0] > waited[-1], "the newest is served first"


def test_an_asker_that_leaves_does_no_harm(trio):
    for i in range(200):
        client = Client(trio["par-1"])
        for _ in range(5):
            client.send(trio.shop)
        client.connection.close()
    assert trio["par-1"].ask(trio.shop).ok
    assert trio["par-1"].relay.alive()
    wait_for(lambda: trio["par-1"].status()["answered"] > 0, 5, "status")


def test_bad_configurations_say_what_is_wrong(make):
    world = make(("par-1",))
    machine = world["par-1"]
    config = machine.relay.argv[-1]

    def start(text):
        path = os.path.join(world.folder, "bad.yaml")
        with open(path, "w") as f:
            f.write(text)
        done = subprocess.run([machine.relay.argv[0], "--config", path], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stderr

    good = open(config).read()
    assert start(good.replace("machine: par-1", "machine: par-9"))[0] == 1
    assert "is the certificate of machine par-1" in start(good.replace("machine: par-1", "machine: par-9"))[1]
    code, said = start(re.sub(r"listen: .*", "listen: nonsense", good))
    assert code == 1 and "nonsense" in said
    os.unlink(os.path.join(machine.machine, "relay.key"))
    code, said = start(good)
    assert code == 1 and "relay.key" in said


def test_a_relay_takes_no_socket_from_a_busy_process(make):
    """A stranger whose queue of connections is full answers a probe as little as a dead one does."""
    machine = make(("par-1",))["par-1"]
    path = machine.socket("relay.sock")
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(path)
        busy.listen(0)
        waiting = []
        while True:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            try:
                waiting[-1].connect(path)
            except BlockingIOError:
                break
        machine.start_relay(wait=False)
        assert machine.relay.child.wait(10) == 1
        assert "another process serves" in machine.relay.log()
        for one in waiting:
            one.close()
    os.unlink(path)
    with open(path, "w") as f:
        f.write("not a socket")
    machine.start_relay(wait=False)
    assert machine.relay.child.wait(10) == 1
    assert "is not a socket" in machine.relay.log() and os.path.getsize(path) == 12


def test_half_open_handshakes_keep_nobody_out(make):
    world = make(("par-1", "fra-1"))
    ski = world.key("x", "country: DE")
    world["fra-1"].start_signer()
    world["fra-1"].start_relay()
    host, port = world["fra-1"].address.rsplit(":", 1)
    strangers = []
    for _ in range(700):  # more than it bears at once
        stranger = socket.create_connection((host, int(port)), timeout=5)
        stranger.sendall(b"\x16\x03\x01\x02\x00\x01")
        strangers.append(stranger)
    began = time.monotonic()
    world["par-1"].start_relay()
    wait_for(lambda: world["par-1"].ask(ski).ok, 10, "a signature")
    assert time.monotonic() - began < 2.5  # a stranger's handshake would be given up after 5 s
    for stranger in strangers:
        stranger.close()
