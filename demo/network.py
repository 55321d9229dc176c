"""Where the data centres of the demo live: in network namespaces joined by an emulated wide-area
network when this process may make them, otherwise on loopback addresses without any distance."""

import os
import shutil
import socket
import subprocess

from demo.cities import round_trip_milliseconds


class Loopback:
    """Every site is an address of 127.0.0.0/8 of its own: same ports everywhere, no distance."""

    emulates_distance = False

    def __init__(self):
        self.net = self._free_net()
        self.addresses = {}

    @staticmethod
    def _free_net():
        """A 127.77.N.0/24 on which nothing listens on the demo's ports yet."""
        for n in range(1, 250):
            with socket.socket() as probe:
                try:
                    probe.bind((f"127.77.{n}.1", 9443))
                    return f"127.77.{n}"
                except OSError:
                    continue
        raise RuntimeError("no free loopback range for the demo's data centres")

    def add_sites(self, sites):
        """sites: {name: (latitude, longitude)}"""
        for i, name in enumerate(sites, start=1):
            self.addresses[name] = f"{self.net}.{i}"

    def command(self, site, argv):
        return argv

    def close(self):
        pass


class Namespaces:
    """A network namespace for each site; keyfence-wan carries the packets between them, each
    after the delay that the distance between the two cities makes."""

    emulates_distance = True

    def __init__(self, wan_program, prefix):
        self.wan_program = wan_program
        self.prefix = prefix
        self.addresses = {}
        self.names = {}
        self.wan = None

    @staticmethod
    def possible():
        """True when namespaces and TUN interfaces can be made here."""
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
            return False
        name = f"kfprobe{os.getpid()}"
        if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
            return False
        made = subprocess.run(
            ["ip", "-n", name, "tuntap", "add", "dev", "kf0", "mode", "tun"], capture_output=True
        )
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
        return made.returncode == 0

    def _free_prefix(self):
        """One that no other world on this machine uses, or has left behind when it was killed."""
        done = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        for n in range(1, 100):
            prefix = self.prefix if n == 1 else f"{self.prefix}{n}-"
            if not any(line.startswith(prefix + "core") for line in done.stdout.splitlines()):
                return prefix
        raise RuntimeError(f"network namespaces {self.prefix}*: too many; remove them with ip netns del")

    def add_sites(self, sites):
        plan = []
        prefix = self._free_prefix()
        for i, name in enumerate(sites, start=1):
            subprocess.run(["ip", "netns", "add", f"{prefix}{name}"], check=True)
            self.names[name] = f"{prefix}{name}"
            self.addresses[name] = f"10.77.0.{i}"
            plan.append(f"site {self.names[name]} {self.addresses[name]}")
        ids = list(sites)
        for i, a in enumerate(ids):
            for b in ids[i + 1 :]:
                one_way = round_trip_milliseconds(sites[a], sites[b]) / 2
                plan.append(f"delay {self.addresses[a]} {self.addresses[b]} {int(one_way * 1000)}")
        self.wan = subprocess.Popen(
            [self.wan_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.wan.stdin.write("\n".join(plan) + "\n")
        self.wan.stdin.close()
        if self.wan.stdout.readline().strip() != "ready":
            raise RuntimeError("the emulated network did not start; see the message above")
        for site, namespace in self.names.items():
            for argv in (
                ["addr", "add", f"{self.addresses[site]}/24", "dev", "kf0"],
                ["link", "set", "kf0", "up", "mtu", "1400"],
                ["link", "set", "lo", "up"],
            ):
                subprocess.run(["ip", "-n", namespace, *argv], check=True)

    def command(self, site, argv):
        return ["ip", "netns", "exec", self.names[site], *argv]

    def close(self):
        if self.wan is not None:
            self.wan.kill()
            self.wan.wait()
        for namespace in self.names.values():
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)


def choose(wan_program, prefix):
    """The best network this process may make."""
    return Namespaces(wan_program, prefix) if Namespaces.possible() else Loopback()
