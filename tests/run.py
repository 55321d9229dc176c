"""Runs every test and ends with a line `N passed, N failed`.

    python3 -m tests.run [PART ...]      parts: see PARTS; all of them without an argument
"""

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from tests.counts import counts

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = str(os.cpu_count() or 2)


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.failures = []

    def add(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(name)
            print(f"FAILED {name}\n{detail[-6000:]}", flush=True)


def run(argv, **more):
    return subprocess.run(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", **more,
    )


def command(tally, name, argv, env=None):
    done = run(argv, env={**os.environ, **(env or {})})
    tally.add(name, done.returncode == 0, done.stdout)
    return done.returncode == 0


def meson_tests(tally, build, names, what, env=None):
    """Runs some of Meson's tests and counts each executable; running nothing is a failure of its own."""
    log = os.path.join(ROOT, build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    done = run(
        ["meson", "test", "-C", build, "--no-rebuild", "--num-processes", JOBS, *names],
        env={**os.environ, **(env or {})},
    )
    count = 0
    if names and os.path.exists(log):
        with open(log) as f:
            for line in f:
                test = json.loads(line)
                if test["result"] == "SKIP":
                    print(f"{what} {test['name']}: not checked: {test.get('stdout', '').strip()[-200:]}", flush=True)
                    continue
                good = test["result"] in ("OK", "EXPECTEDFAIL")
                tally.add(f"{what} {test['name']}", good, test.get("stdout", "") + test.get("stderr", ""))
                count += 1
    if count == 0:
        tally.add(what, False, done.stdout)


def suite_tests(build, suite):
    """The names of a suite's tests: those that run once, and those that run on each path."""
    tests = json.loads(run(["meson", "introspect", "--tests", build]).stdout)
    once, each = [], []
    for test in tests:
        suites = [name.split(":")[-1] for name in test["suite"]]
        if suite in suites:
            (each if "each-path" in suites else once).append(test["name"])
    return once, each


def paths():
    """{path of the pairing's arithmetic: whether this machine supports it}, the best first."""
    lines = run([os.path.join(ROOT, "build", "tests", "paths", "paths")]).stdout.split("\n")
    return {name: answer == "yes" for name, answer in (line.split() for line in lines if line)}


def meson_suite(tally, build, suite, env=None, impossible=None, others=None):
    """A suite's tests: what the pairing has no part in once, the others on each path that there is,
    forced one after the other. impossible: {path: why it is not run here}; others: environment for all
    paths but the first."""
    once, each = suite_tests(build, suite)
    if once or not each:
        meson_tests(tally, build, once, f"{build} {suite}", env)
    first = True
    for path, supported in paths().items() if each else ():
        reason = (impossible or {}).get(path) if supported else "this processor does not have it"
        if reason:
            print(f"{build} {suite} [{path}]: not checked: {reason}", flush=True)
            continue
        more = {} if first else others or {}
        meson_tests(tally, build, each, f"{build} {suite} [{path}]", {**(env or {}), **more, "BLS12381_PATH": path})
        first = False


# clang-format's versions do not agree with each other; this is Debian 12's.
CLANG_FORMAT_VERSION = "14."


def check_format(tally):
    version = run(["clang-format", "--version"]).stdout.split("version ")[-1]
    if not version.startswith(CLANG_FORMAT_VERSION):
        print(f"style: clang-format is {version.split()[0]}, the sources are formatted by {CLANG_FORMAT_VERSION}x: not checked")
        return
    files = run(["git", "ls-files", "*.c", "*.h"]).stdout.split()
    command(tally, "style: clang-format", ["clang-format", "--dry-run", "-Werror", *files])


# Nor do cppcheck's; this is Debian 12's.
CPPCHECK_VERSION = "2.10"


def check_cppcheck(tally):
    version = run(["cppcheck", "--version"]).stdout.split()[-1]
    if version != CPPCHECK_VERSION:
        print(f"style: cppcheck is {version}, the sources are clean with {CPPCHECK_VERSION}: not checked")
        return
    command(
        tally, "style: cppcheck",
        ["cppcheck", "--enable=warning,portability", "--inline-suppr", "--quiet", "--error-exitcode=1",
         f"-j{JOBS}", "--std=c11", "-Ilib", "-Idaemon/common", "-D_GNU_SOURCE",
         # uninitvar takes an address for a use, and does not know that every policy has a leaf.
         "--suppress=missingIncludeSystem", "--suppress=uninitvar", "lib", "daemon", "provider", "cli", "demo"],
    )


def part_style(tally):
    check_format(tally)
    check_cppcheck(tally)
    command(tally, "style: dependency rule", [sys.executable, "-m", "tests.layers", ROOT, "build"])


def part_unit(tally):
    meson_suite(tally, "build", "unit")


def part_vectors(tally):
    meson_suite(tally, "build", "vectors")


def part_ctime(tally):
    meson_suite(tally, "build", "ctime", impossible={
        "ifma": "valgrind has no AVX-512; the cases named -lanes are its source with vectors in plain C, "
                "the part sanitizers has its instructions"})


def countable_paths():
    """{path: why its instructions cannot be counted here, or None}."""
    out = {path: None if there else "this processor does not have it" for path, there in paths().items()}
    if out.get("ifma", "absent") is None:
        out["ifma"] = "valgrind has no AVX-512"
    return out


def part_counts(tally):
    """Instructions, on the paths that valgrind can execute, beside those recorded."""

    def report(name, good, text):
        if good is None or (good and "./dev counts" in text):
            print(f"counts {name}: {text}", flush=True)
        if good is not None:
            tally.add(f"counts {name}", good, text)

    counts.check(countable_paths(), report)


def part_interop(tally):
    """On the best path all exchanges, on the others enough to see that they agree."""
    meson_suite(tally, "build", "interop", others={} if "KF_CASES" in os.environ else {"KF_CASES": "50"})


def part_sanitizers(tally):
    """The same unit tests, vectors and fuzz replays, built with clang, under ASan and UBSan."""
    configure = ["meson", "setup", "build-asan", "-Db_sanitize=address,undefined", "-Db_lundef=false"]
    if os.path.exists(os.path.join(ROOT, "build-asan", "build.ninja")):
        configure.append("--reconfigure")
    if not command(tally, "sanitizers: configure", configure, {"CC": "clang"}):
        return
    if command(tally, "sanitizers: build with clang", ["ninja", "-C", "build-asan", "-j", JOBS]):
        options = {
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
        }
        for suite in ("unit", "vectors", "fuzz"):
            meson_suite(tally, "build-asan", suite, options)
    memory_sanitizer(tally)


def memory_sanitizer(tally):
    """The constant-time cases of the path with AVX-512, which valgrind cannot run: MemorySanitizer
    follows what is marked through its instructions."""
    if not paths().get("ifma"):
        print("sanitizers [ifma]: constant time not checked: this processor does not have it", flush=True)
        return
    # It checks what a scatter of the vectoriser's stores, instead of following it; and clang 16 and later
    # would have it check arguments and results, which may well be secret.
    configure = ["meson", "setup", "build-msan", "-Db_sanitize=memory", "-Db_lundef=false",
                 "-Dc_args=-fno-vectorize -fno-slp-vectorize -fno-sanitize-memory-param-retval"]
    if os.path.exists(os.path.join(ROOT, "build-msan", "build.ninja")):
        configure.append("--reconfigure")
    if not command(tally, "sanitizers: configure MemorySanitizer", configure, {"CC": "clang"}):
        return
    programs = [f"tests/ctime/ctime_{name}_msan" for name in ("bls", "cpabe", "lanes")]
    if command(tally, "sanitizers: build with MemorySanitizer", ["ninja", "-C", "build-msan", "-j", JOBS, *programs]):
        meson_suite(tally, "build-msan", "ctime-msan")


def part_fuzz(tally):
    meson_suite(tally, "build", "fuzz")
    command(tally, "fuzz: each target for 5 s", ["./dev", "fuzz", "5"])


def part_system(tally):
    """The real programs, in a small world on this machine."""
    report = os.path.join(ROOT, "build", "system-tests.xml")
    if os.path.exists(report):
        os.unlink(report)
    done = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x" if os.environ.get("KF_FAIL_FAST") else "-q",
         f"--junitxml={report}", "tests/system"],
    )
    if not os.path.exists(report):
        tally.add("system", False, done.stdout)
        return
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"system {case.get('classname', '').split('.')[-1]}.{case.get('name')}"
        bad = [child for child in case if child.tag in ("failure", "error")]
        skipped = [child for child in case if child.tag == "skipped"]
        if skipped:
            print(f"skipped {name}: {skipped[0].get('message')}", flush=True)
            continue
        tally.add(name, not bad, "\n".join((child.text or "") for child in bad))


PARTS = {
    "style": part_style,
    "unit": part_unit,
    "vectors": part_vectors,
    "ctime": part_ctime,
    "counts": part_counts,
    "interop": part_interop,
    "fuzz": part_fuzz,
    "sanitizers": part_sanitizers,
    "system": part_system,
}


def main(names):
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"unknown part: {' '.join(unknown)}; there are: {' '.join(PARTS)}")
        return 2
    tally = Tally()
    for name in names or PARTS:
        started = time.monotonic()
        before = tally.passed, tally.failed
        PARTS[name](tally)
        print(
            f"{name}: {tally.passed - before[0]} passed, {tally.failed - before[1]} failed "
            f"in {time.monotonic() - started:.0f} s",
            flush=True,
        )
    if tally.failures:
        print("Failed:\n  " + "\n  ".join(tally.failures))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.failed == 0 and tally.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
