"""Instructions that the scheme and the pairing execute, held to what is recorded: times on a shared
machine cannot tell a few per cent from noise, instructions can.

    ./dev counts             counts and compares
    ./dev counts --record    counts and records

counts.c is run under callgrind on each path that valgrind can execute. Of each operation more than
3 % above the record fails; more than 3 % below asks for a new record, so that the gain is kept. A
record is one compiler's (its main version) and one architecture's: without one nothing is
compared, and that is said."""

import glob
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.join(ROOT, "build", "tests", "counts", "counts")
TOLERANCE = 0.03


def compiler():
    """What compiled build/: `gcc-12`, `clang-14`."""
    with open(os.path.join(ROOT, "build", "compile_commands.json"), encoding="utf-8") as f:
        name = json.load(f)[0]["command"].split()[0]
    macros = subprocess.run([name, "-dM", "-E", "-x", "c", "/dev/null"], capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"^#define (__clang_major__|__GNUC__) (\d+)$", macros, re.M))
    return f"clang-{values['__clang_major__']}" if "__clang_major__" in values else f"gcc-{values['__GNUC__']}"


def record_path():
    return os.path.join(HERE, f"{compiler()}-{platform.machine()}.json")


def count(path):
    """{operation: instructions} on one path."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "counts")
        done = subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", PROGRAM],
            env={**os.environ, "BLS12381_PATH": path}, capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{PROGRAM} on {path}: {done.stderr.strip()}")
        counts = {}
        for dump in sorted(glob.glob(f"{out}.*"), key=lambda name: int(name.rsplit(".", 1)[1])):
            with open(dump, encoding="utf-8") as f:
                text = f.read()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            total = re.search(r"^totals: (\d+)$", text, re.M)
            if name and total:
                counts[name[1]] = int(total[1])
        if not counts or 0 in counts.values():
            raise RuntimeError(f"callgrind counted nothing of {PROGRAM} on {path}")
        return counts


def compare(recorded, counted):
    """[(operation, whether it is good, text)] of one path."""
    out = []
    for operation in sorted(recorded.keys() | counted.keys()):
        was, now = recorded.get(operation), counted.get(operation)
        if was is None or now is None:
            out.append((operation, False, "is new: record it" if was is None else "is gone: record anew"))
            continue
        change = now / was - 1
        good = change <= TOLERANCE
        text = f"{now:,} instructions, "
        text += f"{abs(change):.1%} {'more' if change > 0 else 'fewer'} than recorded" if abs(change) > 0.0005 else "as recorded"
        if change < -TOLERANCE:
            text += ": keep the gain with ./dev counts --record"
        out.append((operation, good, text))
    return out


def check(paths, report):
    """paths: {path: why it cannot be counted, or None}; report(name, good or None, text) is told
    everything that is not as recorded, and each operation that is (with no text)."""
    file = record_path()
    if not os.path.exists(file):
        report(f"[{compiler()}, {platform.machine()}]", None, "not checked: there is no record of this compiler; ./dev counts --record makes one")
        return
    with open(file, encoding="utf-8") as f:
        recorded = json.load(f)
    for path, reason in paths.items():
        if reason or path not in recorded:
            report(f"[{path}]", None, f"not checked: {reason or 'there is no record of it'}")
            continue
        for operation, good, text in compare(recorded[path], count(path)):
            report(f"[{path}] {operation}", good, text)


def record(paths):
    recorded = {path: count(path) for path, reason in paths.items() if not reason}
    file = record_path()
    if os.path.exists(file):  # keep what this machine cannot count
        with open(file, encoding="utf-8") as f:
            recorded = {**json.load(f), **recorded}
    with open(file, "w", encoding="utf-8") as f:
        json.dump(recorded, f, indent=1)
        f.write("\n")
    print(f"recorded in {os.path.relpath(file, ROOT)}")


def main(arguments):
    from tests.run import countable_paths

    if arguments == ["--record"]:
        record(countable_paths())
        return 0
    if arguments:
        print("usage: ./dev counts [--record]", file=sys.stderr)
        return 2
    failed = []

    def report(name, good, text):
        print(f"{name:32} {'' if good is not False else 'FAILED: '}{text}")
        failed.extend([name] if good is False else [])

    check(countable_paths(), report)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
