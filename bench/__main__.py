"""./dev bench [NAME ...]: runs the benchmark programs, all of them without an argument.
./dev bench abe [OPTION ...]: the scheme beside its peers; see bench/abe/compare.py.

Each other one is a program of its own in build/bench (bench_NAME); what it measures is at the top of
its source. Times on a shared machine are noisy: compare ratios within one run, never runs with each
other."""

import os
import subprocess
import sys

from bench.abe import compare

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "build", "bench")


def programs():
    """{name: path} of what is built."""
    if not os.path.isdir(FOLDER):
        return {}
    return {
        name.removeprefix("bench_"): os.path.join(FOLDER, name)
        for name in sorted(os.listdir(FOLDER))
        if name.startswith("bench_") and os.access(os.path.join(FOLDER, name), os.X_OK)
        and os.path.isfile(os.path.join(FOLDER, name))
    }


def main(names):
    if names and names[0] == "abe":
        return compare.main(names[1:])
    if "--help" in names or "-h" in names:
        print(__doc__)
        return 0
    there = programs()
    unknown = [name for name in names if name not in there]
    if unknown or not there:
        print(f"no benchmark {' '.join(unknown)}; there are: abe {' '.join(there)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or there:
        print(f"== {name}", flush=True)
        status |= subprocess.run([there[name]], cwd=ROOT, stdin=subprocess.DEVNULL).returncode
    if not names:
        print("== abe", flush=True)
        status |= compare.main([])
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
