"""./dev demo: seven data centres on this machine, several customers, and a table of who signed.

    --once   end when the table is printed (the exit status tells whether every handshake was good)
    --json   print the handshakes as JSON instead of a table
"""

import argparse
import json
import os
import signal
import sys

from demo import network
from demo.world import BIN, TLS_PORT, World

# name, host, key type, policy
CUSTOMERS = (
    ("shop", "shop.example", "P-256", "region: EU and (not country: FR)"),
    ("trade", "trade.example", "RSA-2048", "country: US or country: JP"),
    ("bank", "bank.example", "P-384", "fips: yes"),
    ("news", "news.example", "Ed25519", "not region: EU"),
)


def satisfied_by(world):
    return {name: set(world.keyfence_json("certificate", "show", name)["satisfied_by"]) for name, *_ in CUSTOMERS}


def make_handshakes(world):
    satisfied = satisfied_by(world)
    results = []
    for datacenter in world.edges:
        for name, host, _, policy in CUSTOMERS:
            for tls in ("1.3", "1.2"):
                done = world.handshake_traced(datacenter, host, tls)
                local = datacenter in satisfied[name]
                placed = done["signed_in"] in satisfied[name] and (done["signed_in"] == datacenter) == local
                results.append(
                    {
                        "datacenter": datacenter,
                        "host": host,
                        "policy": policy,
                        "local": local,
                        "signed_in": done["signed_in"],
                        "tls": tls,
                        "milliseconds": done["milliseconds"],
                        "ok": done["ok"] and placed,
                        **({"error": done["error"]} if done["error"] else {}),
                    }
                )
    return results


def print_table(world, results):
    city = {c.id: c.name for c in world.cities}
    head = ("data centre", "host", "policy", "opens here", "signed in", "TLS", "handshake")
    rows = [
        (
            city[r["datacenter"]],
            r["host"],
            r["policy"],
            "yes" if r["local"] else "no",
            city.get(r["signed_in"], "?") + (" (here)" if r["signed_in"] == r["datacenter"] else ""),
            r["tls"],
            f"{r['milliseconds']:.1f} ms" if r["ok"] else "FAILED " + (r.get("error") or "signed in the wrong place"),
        )
        for r in results
    ]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    line = "  ".join("-" * w for w in widths)
    print()
    print("  ".join(text.ljust(w) for text, w in zip(head, widths)).rstrip())
    last = None
    for row in rows:
        if row[0] != last:
            print(line)
            last = row[0]
        print("  ".join(text.ljust(w) for text, w in zip(row, widths)).rstrip())
    good = sum(r["ok"] for r in results)
    print(f"\n{good} of {len(results)} handshakes verified, each signed where its policy allows.")


def say_how_to_go_on(world):
    edge = next(iter(world.edges.values()))
    prefix = " ".join(world.network.command(edge.city.id, []))
    print(
        f"""
The world goes on until Ctrl-C. Try, in another terminal:

  {BIN}/keyfence --core unix:{world.core_socket("api.sock")} certificate list
  {prefix + " " if prefix else ""}curl --cacert {world.customers.ca} --resolve shop.example:{TLS_PORT}:{edge.address} https://shop.example:{TLS_PORT}/
  {BIN}/keyfence status --socket {edge.socket("signer.sock")}

Logs and sockets are in {world.folder} until then."""
    )


def close(world, good):
    """Leaves nothing behind, but what tells why something failed."""
    for number in ENDING:  # a second Ctrl-C does not leave half a world behind
        signal.signal(number, signal.SIG_IGN)
    world.close()
    if good:
        world.remove()
    else:
        print(f"The logs are in {world.folder}.", file=sys.stderr)


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(options):
    def progress(text):
        print(f"starting {text}", file=sys.stderr, flush=True)

    world = World(network.choose(os.path.join(BIN, "keyfence-wan"), "kf-"))
    if world.network.emulates_distance:
        progress("a network namespace for each city, with the distance between them")
    else:
        progress("on loopback: this process may not make network namespaces, so there is no distance between cities")
    good = False
    try:
        world.start(progress)
        for name, host, key_type, policy in CUSTOMERS:
            progress(f"upload of {host} ({key_type}), policy {policy}")
            world.upload(name, host, key_type, policy)
        for name, *_ in CUSTOMERS:
            world.wait_served(name)
        progress("handshakes")
        results = make_handshakes(world)
        if options.json:
            print(json.dumps({"distance_emulated": world.network.emulates_distance, "handshakes": results}, indent=1))
        else:
            print_table(world, results)
        if not options.once:
            say_how_to_go_on(world)
            sys.stdout.flush()
            signal.sigwait(ENDING)
        good = all(r["ok"] for r in results)
        return 0 if good else 1
    except SystemExit:
        good = True
        raise
    finally:
        close(world, good)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--once", action="store_true", help="end when the handshakes are made")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    for number in ENDING:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    sys.exit(serve(options))


if __name__ == "__main__":
    main()
