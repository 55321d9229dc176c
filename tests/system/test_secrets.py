"""Customers' private keys are in the memory of the signers that may open them, and nowhere else."""

import os

import pytest
from conftest import KEYS
from secret_search import found_in_file, found_in_memory, needles

from demo.process import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="reading the memory of processes needs root")


@pytest.fixture(scope="module")
def wanted(world):
    """The needles of every customer's key; every key has just been used in every data centre."""
    for datacenter in world.edges:
        for host, *_ in KEYS.values():
            for tls in ("1.2", "1.3"):
                assert world.handshake(datacenter, host, tls)["ok"]
    return {name: needles(world.customers.path(name, "key")) for name in KEYS}


def test_the_search_finds_a_key_where_it_is(world, wanted):
    """Without this the tests below could not fail."""
    for name in KEYS:
        allowed = world.keyfence_json("certificate", "show", name)["satisfied_by"]
        found = {d: found_in_memory(world.edges[d].processes["signer"].pid, wanted[name]) for d in allowed}
        assert any(found.values()), f"{name} is in no signer's memory, though it signs there"


def test_signers_that_may_not_open_a_key_do_not_hold_it(world, wanted):
    for name in KEYS:
        allowed = world.keyfence_json("certificate", "show", name)["satisfied_by"]
        for datacenter, edge in world.edges.items():
            if datacenter not in allowed:
                assert not found_in_memory(edge.processes["signer"].pid, wanted[name]), (name, datacenter)


@pytest.mark.parametrize("process", ["haproxy", "relay", "sync", "origin"])
def test_no_key_in_the_memory_of_edge_processes_that_see_the_network(world, wanted, process):
    everything = {(name, what): value for name, of_key in wanted.items() for what, value in of_key.items()}
    for datacenter, edge in world.edges.items():
        assert not found_in_memory(edge.processes[process].pid, everything), (process, datacenter)


@pytest.mark.parametrize("process", ["core", "authority", "feed-front"])
def test_no_key_in_the_memory_of_the_cores_site(world, wanted, process):
    everything = {(name, what): value for name, of_key in wanted.items() for what, value in of_key.items()}
    pid = world.processes[process].pid
    # The last upload has been answered long ago; its connection may still be on its way out.
    wait_for(lambda: not found_in_memory(pid, everything), 5, f"keys in the memory of {process} to be gone")


def test_no_key_in_any_file(world, wanted):
    everything = {(name, what): value for name, of_key in wanted.items() for what, value in of_key.items()}
    searched = 0
    for folder, _, names in os.walk(world.folder):
        if folder.startswith(world.customers.folder):
            continue  # the customers' own computers
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                assert not found_in_file(path, everything), path
                searched += 1
    assert searched > 50
