"""The units under packaging/systemd: what they allow is enough for the daemons to live and work."""

import glob
import os
import re
import shutil
import subprocess

import pytest

import demo.world
from demo.cities import CITIES
from demo.network import Loopback
from demo.process import wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "packaging", "systemd")

# Does to itself what systemd does for SystemCallFilter=, and becomes the program.
CONFINED = """#!/usr/bin/python3
import ctypes, os, sys
KILL, ALLOW = 0x80000000, 0x7fff0000
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
filter = seccomp.seccomp_init(KILL)
for name in {allowed!r}:
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert seccomp.seccomp_rule_add(filter, ALLOW, number, 0) == 0, name
assert seccomp.seccomp_load(filter) == 0
os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""


def expand(name, known={}):
    """The system calls of a set of systemd's, or the one of that name."""
    if not name.startswith("@"):
        return {name}
    if name not in known:
        done = subprocess.run(
            ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
        )
        members = [line.strip() for line in done.stdout.splitlines()[1:] if line.strip()]
        known[name] = set().union(*(expand(m) for m in members if not m.startswith("#")))
    return known[name]


def allowed(unit):
    """systemd.exec(5): the first line makes it a list of what is allowed; later ones add or remove."""
    calls = set()
    with open(unit) as f:
        for line in re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.MULTILINE):
            names = set().union(*(expand(n) for n in line.removeprefix("~").split()))
            calls = calls - names if line.startswith("~") else calls | names
    return sorted(calls)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_every_daemon_works_under_the_filter_of_its_unit(tmp_path, monkeypatch):
    real = demo.world.BIN
    for name in os.listdir(real):
        unit = os.path.join(UNITS, f"{name}.service")
        program = os.path.join(real, name)
        if not os.path.exists(unit):
            os.symlink(program, tmp_path / name)
            continue
        (tmp_path / name).write_text(CONFINED.format(allowed=allowed(unit), program=program))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(demo.world, "BIN", str(tmp_path))
    world = demo.world.World(Loopback(), cities=[c for c in CITIES if c.id in ("par", "fra")])
    try:
        world.start()
        world.upload("unit", "unit.example", "P-256", "datacenter: fra")
        world.wait_served("unit")
        for datacenter in ("par", "fra"):
            wait_for(lambda d=datacenter: world.handshake(d, "unit.example")["ok"], 5, "a handshake")
        everyone = [p for e in world.edges.values() for p in e.processes.values()]
        assert all(p.alive() for p in [*everyone, *world.processes.values()])
    finally:
        world.close()
        world.remove()


@pytest.mark.parametrize("unit", sorted(glob.glob(f"{UNITS}/*.service")), ids=os.path.basename)
def test_a_unit_comes_back_by_itself_for_ever(unit):
    with open(unit) as f:
        text = f.read()
    sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))
    assert "Restart=always\n" in sections["Service"]
    # Without this systemd gives up after five failures within ten seconds.
    assert "StartLimitIntervalSec=0\n" in sections["Unit"]
