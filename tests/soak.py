"""./dev soak [SECONDS] [SEED]: the demo's world under handshakes from every data centre while its
processes are killed and started again at random. Ends with what failed and for how long.

A handshake may fail while the TLS server it speaks to is the one that was killed, so HAProxy is left
alone; every other process of every site, the core and the authority among them, is fair game, one at
a time. Edge processes come back within half a second, as a service manager would have it (a machine
whose only relay is down has nobody to ask for far keys); the core and the authority stay away for
longer. No host may fail at any data centre for more than a second."""

import os
import random
import sys
import threading
import time

from demo import network
from demo.process import wait_for
from demo.world import BIN, World

HOSTS = {
    "shop": ("shop.example", "P-256", "region: EU"),
    "trade": ("trade.example", "RSA-2048", "country: US or country: JP"),
    "news": ("news.example", "Ed25519", "not region: EU"),
}
LONGEST_FAILURE_SECONDS = 1.0


class Visitor(threading.Thread):
    """Handshakes from one data centre, one after the other, for every host."""

    def __init__(self, world, datacenter, until):
        super().__init__(daemon=True)
        self.world, self.datacenter, self.until = world, datacenter, until
        self.good = 0
        self.bad = []
        self.longest = 0.0
        self.failing_since = {}

    def run(self):
        while time.monotonic() < self.until:
            for host, *_ in HOSTS.values():
                began = time.monotonic()
                done = self.world.handshake(self.datacenter, host)
                if done["ok"]:
                    self.good += 1
                    self.failing_since.pop(host, None)
                else:
                    since = self.failing_since.setdefault(host, began)
                    self.longest = max(self.longest, time.monotonic() - since)
                    self.bad.append((self.datacenter, host, done["error"]))


def disturb(world, chance, until):
    """Kills one process at a time and starts it again."""
    kills = 0
    while time.monotonic() < until:
        edge = chance.choice(list(world.edges.values()))
        name = chance.choice(["signer", "relay", "sync", "core", "authority"])
        away = 0.5
        if name in ("core", "authority"):
            away = 3.0
            world.processes[name].kill()
            start = world.start_core if name == "core" else world.start_authority
        else:
            edge.processes[name].kill()
            start = lambda e=edge, n=name: e.start(n)  # noqa: E731
        kills += 1
        time.sleep(chance.uniform(0.0, away))
        start()
        time.sleep(chance.uniform(0.0, 1.0))
    return kills


def main(arguments):
    seconds = float(arguments[0]) if arguments else 600
    seed = int(arguments[1]) if len(arguments) > 1 else int.from_bytes(os.urandom(4), "big")
    print(f"soak for {seconds:.0f} s, seed {seed}", flush=True)
    world = World(network.choose(os.path.join(BIN, "keyfence-wan"), "kfs-"))
    try:
        world.start()
        for name, (host, key_type, policy) in HOSTS.items():
            world.upload(name, host, key_type, policy)
        for name in HOSTS:
            world.wait_served(name)
        until = time.monotonic() + seconds
        visitors = [Visitor(world, datacenter, until) for datacenter in world.edges]
        for visitor in visitors:
            visitor.start()
        kills = disturb(world, random.Random(seed), until)
        for visitor in visitors:
            visitor.join()
        for datacenter in world.edges:
            wait_for(lambda d=datacenter: world.handshake(d, "shop.example")["ok"], 10, f"{datacenter} at the end")
    finally:
        world.remove()
    good = sum(v.good for v in visitors)
    bad = [b for v in visitors for b in v.bad]
    longest = max(v.longest for v in visitors)
    for line in bad[:20]:
        print("failed:", *line)
    print(f"{kills} kills, {good} handshakes good, {len(bad)} failed, the longest failure {longest:.2f} s")
    return 0 if good and longest <= LONGEST_FAILURE_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
