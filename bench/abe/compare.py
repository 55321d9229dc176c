"""./dev bench abe [--json FILE] [--quick] [--rounds N] [--no-growth]

TKN20 by this project, on each path of the arithmetic that this machine has, beside CIRCL's, beside
RSA-2048 and X25519 for the two tables of Cloudflare's post on Geo Key Manager v2, and the product of
11 pairings beside blst's.

How it is measured. Each implementation is a child process that performs one operation on command
(driver.h): every operation is measured in all children one after the other, and that as many times
as there are rounds, so that whatever else the machine does befalls all alike. In a round a fast
operation is repeated for 20 ms and gives its median; a figure is the median of the rounds, a ratio
one between medians of the same run. Times are the clock's, not the processor's; as root the children
run before all that is not real-time, so that a neighbour cannot stretch the longer operations alone. Only ratios within
one run mean something on another machine.

What is measured. 1-leaf: a policy of one leaf. 2-label: `(k1:v1 or k1:v2) and not k2:v3`, a key with
k1: v2 and k2: v4 (15 pairings, one negation). 50-leaf: as in CIRCL's own benchmark, leaves joined by
`and` and `or` in turns, a key with all 50 attributes. `encrypt` and `keygen` are of labels that the
process has never seen, the -warm ones of labels that it has; `decrypt` is of a parsed key and each
time another ciphertext than the time before; the -first ones begin by parsing the key, as a program
that is started for each operation does. Messages have 23 bytes. pairing-product-11 is the product of
11 pairings with the final exponentiation, as decryption has it: this project's knows three of the
points of G2 beforehand, which are the key's (blst prepares for single pairings alone, CIRCL not); in
pairing-product-11-new it knows none.

CIRCL is Debian's package; CIRCL_DIR=/path names another source tree of it, `go` is the one of PATH.
BLST_LIBRARY=/path/to/libblst.so adds blst. The JSON holds the same: `ratio_to_circl` is this time
divided by CIRCL's, below 1 where CIRCL is slower."""

import argparse
import json
import statistics
import sys

from . import report
from .children import Absent, Children, PATHS
from .report import COLD

BUDGET = 20  # ms
CASE_OPERATIONS = ("keygen", "keygen-warm", "encrypt", "encrypt-warm", "encrypt-first", "decrypt",
                   "decrypt-first")
GROWTH_OPERATIONS = ("keygen", "encrypt", "encrypt-warm", "decrypt")
LEAVES = (1, 2, 5, 10, 50, 200)


def attributes(count):
    return ", ".join(f"k{i}@: v{i}" for i in range(count))


def alternating(count):
    """CIRCL's benchmark: k0: v0 and k1: v1 or k2: v2 and ..."""
    text = "k0@: v0"
    for i in range(1, count):
        text += f"{' and ' if i % 2 else ' or '}k{i}@: v{i}"
    return text


def conjunction(count):
    return " and ".join(f"k{i}@: v{i}" for i in range(count))


def half_negated(count):
    return " and ".join(f"not k{i}@: w" if i % 2 else f"k{i}@: v{i}" for i in range(count))


def one_label(count):
    return " and ".join(f"not k0@: w{i}" for i in range(count))


CASES = {
    "1-leaf": ("k0@: v0", attributes(1)),
    "2-label": ("(k1@: v1 or k1@: v2) and not k2@: v3", "k1@: v2, k2@: v4"),
    "50-leaf": (alternating(50), attributes(50)),
}

# What a policy's size costs: name, what it is, and the policy of so many leaves; all are satisfied.
GROWTH = {
    "leaf": ("leaves joined by `and` and `or` in turns: two are used", alternating),
    "leaf-and": ("leaves joined by `and`: all are used", conjunction),
    "leaf-negated": ("the same, every other one negated", half_negated),
    "leaf-repeated": ("`not k: ...` joined by `and`: one label in all of them", one_label),
}


def growth_cases(leaves):
    """{name: (policy, attributes)}, beside those of CASES."""
    cases = {}
    for kind, (_, make) in GROWTH.items():
        for count in leaves:
            name = f"{count}-{kind}"
            if name not in CASES:
                cases[name] = (make(count), attributes(1 if kind == "leaf-repeated" else count))
    return cases


class Figures:
    """Rounds of milliseconds by (scheme, path, case, operation); medians, and ratios to CIRCL's; and why
    there are none, by scheme and case."""

    def __init__(self):
        self.samples, self.lacking = {}, {}

    def add(self, scheme, path, case, operation, milliseconds):
        self.samples.setdefault((scheme, path, case, operation), []).append(milliseconds)

    def get(self, scheme, path, case, operation):
        samples = self.samples.get((scheme, path, case, operation))
        return statistics.median(samples) if samples else None

    def ratio(self, scheme, path, case, operation):
        own = self.get(scheme, path, case, operation)
        theirs = self.get("circl", None, case, COLD.get(operation, operation))
        return own / theirs if own and theirs else None

    def rows(self):
        for scheme, path, case, operation in self.samples:
            key = (scheme, path, case, operation)
            yield {
                "scheme": scheme, "path": path, "case": case, "operation": operation,
                "milliseconds": self.get(*key), "least": min(self.samples[key]),
                "rounds": len(self.samples[key]), "ratio_to_circl": self.ratio(*key),
            }


def scheme_and_path(name):
    scheme, _, path = name.partition(" ")
    return scheme, path or None


def measure_in_turn(children, figures, case, operation):
    """One round of one operation."""
    for name, child in children.abe().items():
        if name == "circl" and operation in COLD:
            continue
        scheme, path = scheme_and_path(name)
        try:
            figures.add(scheme, path, case, operation, child.time(operation, case or "", BUDGET))
        except Absent as reason:
            if name != "circl":
                raise
            figures.lacking[f"{name} {case}"] = str(reason)


def measure_others(children, figures):
    for scheme in ("rsa-2048", "x25519"):
        for operation in ("keygen", "encrypt", "decrypt"):
            figures.add(scheme, None, None, operation,
                        children.there["others"].time(f"{scheme}-{operation}", "", BUDGET))


def measure_product(children, figures):
    measure_in_turn(children, figures, None, "pairing-product-11")
    measure_in_turn(children, figures, None, "pairing-product-11-new")
    if children.blst_absent is None:
        figures.add("blst", None, None, "pairing-product-11",
                    children.there["others"].time("blst-pairing-product-11", "", BUDGET))


def prepare(children, cases, pool):
    for name, (policy, text) in cases.items():
        for child in children.abe().values():
            child.ask("case", name, pool, policy, text)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr, flush=True)


def run(children, rounds, leaves):
    figures = Figures()
    prepare(children, CASES, 8)
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        measure_others(children, figures)
        measure_product(children, figures)
        measure_in_turn(children, figures, None, "setup")
        for case in CASES:
            for operation in CASE_OPERATIONS:
                measure_in_turn(children, figures, case, operation)
    cases = growth_cases(leaves)
    prepare(children, cases, 2)
    for number in range((rounds + 1) // 2 if leaves else 0):
        progress(f"round {number + 1} of {(rounds + 1) // 2} of growing policies")
        for case in cases:
            for operation in GROWTH_OPERATIONS:
                measure_in_turn(children, figures, case, operation)
    return figures


def sizes(children):
    """One path's are all paths'."""
    out = []
    asked = [("rsa-2048", "others", "rsa-2048"), ("x25519", "others", "x25519"),
             ("circl", "circl", "abe")]
    asked += [("keyfence", f"keyfence {path}", "abe") for path in PATHS if f"keyfence {path}" in children.there][:1]
    for scheme, child, operation in asked:
        if child in children.there:
            size = children.there[child].size(operation, "50-leaf")
            out.append({"scheme": scheme, "secret_key": size[0], "public_key": size[1],
                        "ciphertext_overhead": size[2]})
    return out


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench abe", description="See bench/abe/compare.py.")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--quick", action="store_true", help="three rounds, smaller policies")
    parser.add_argument("--rounds", type=int, metavar="N", help="7 without")
    parser.add_argument("--no-growth", action="store_true", help="without the growing policies")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error(f"--rounds {options.rounds}: at least one round is needed")
    if options.json:
        try:  # before minutes of measuring, not after
            with open(options.json, "a", encoding="utf-8"):
                pass
        except OSError as error:
            parser.error(f"--json {options.json}: cannot be written: {error.strerror}")
    rounds = options.rounds or (3 if options.quick else 7)
    leaves = () if options.no_growth else LEAVES[:5] if options.quick else LEAVES
    machine = report.machine()
    with Children() as children:
        figures = run(children, rounds, leaves)
        result = {
            "machine": {**machine, "rounds": rounds, "budget_ms": BUDGET, "circl": children.circl_version,
                        "go": children.there["circl"].version if "circl" in children.there else None,
                        "openssl": children.there["others"].version},
            "absent": {**children.absent, **figures.lacking,
                       **({"blst": children.blst_absent} if children.blst_absent else {})},
            "sizes": sizes(children),
            "results": list(figures.rows()),
        }
    progress("")
    report.show(result, figures, GROWTH, leaves)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
            f.write("\n")
    return 0
