"""./dev bench [NAME ...]: runs the benchmark programs, all of them without an argument.

Each is a program of its own in build/bench (bench_NAME); what it measures is at the top of its
source. Times on a shared machine are noisy: compare ratios within one run, never runs with each
other."""

import os
import subprocess
import sys

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
    there = programs()
    unknown = [name for name in names if name not in there]
    if unknown or not there:
        print(f"no benchmark {' '.join(unknown)}; there are: {' '.join(there)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or there:
        print(f"== {name}", flush=True)
        status |= subprocess.run([there[name]], cwd=ROOT, stdin=subprocess.DEVNULL).returncode
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
