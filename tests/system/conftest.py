"""One world for all the tests that need a whole one: it takes a while to start."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from demo import network  # noqa: E402
from demo.world import BIN, World  # noqa: E402

KEYS = {
    # id: (host, key type, policy)
    "shop": ("shop.example", "P-256", "region: EU and (not country: FR)"),
    "trade": ("trade.example", "RSA-2048", "country: US or country: JP"),
    "bank": ("bank.example", "P-384", "fips: yes"),
    "news": ("news.example", "Ed25519", "not region: EU"),
    "vault": ("vault.example", "RSA-3072", "country: DE or country: JP"),
    "archive": ("archive.example", "RSA-4096", "datacenter: fra or datacenter: nyc"),
}


@pytest.fixture(scope="session")
def world():
    # Network namespaces without the distance would do as well, but the distance is what makes
    # remote signatures take long enough to be interrupted.
    # One test's visitors abort a thousand times: nobody is to be turned away for that.
    made = World(network.choose(os.path.join(BIN, "keyfence-wan"), "kft-"), unfinished_handshakes=1000000)
    try:
        made.start()
        for name, (host, key_type, policy) in KEYS.items():
            made.upload(name, host, key_type, policy)
        for name in KEYS:
            made.wait_served(name)
        yield made
    finally:
        made.close()
        if os.environ.get("KF_KEEP"):
            print(f"the world's files stay in {made.folder}")
        else:
            made.remove()
