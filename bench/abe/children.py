"""The measuring children of `./dev bench abe`: building and starting them, talking to them.

What a child understands is in driver.h. A child that cannot be had, or what one cannot do, is an Absent
with the reason."""

import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, "build", "bench", "abe")
PATHS = ("portable", "mulx", "ifma")
CIRCL = "github.com/cloudflare/circl"
CIRCL_PACKAGE = "golang-github-cloudflare-circl-dev"


class Absent(Exception):
    """Something that is compared with is not here; the text says what to do."""


def urgent():
    """Before everything that is not real-time, where that is permitted (root): a busy neighbour then
    takes caches and clock, but not the processor. Before the program starts its threads."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pass


class Child:
    """One measuring process."""

    def __init__(self, argv, environment=None):
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **(environment or {})}, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=urgent,
        )
        self.name, self.version = self.ask("hello").split("\t")

    def ask(self, *fields):
        self.process.stdin.write("\t".join(str(field) for field in fields) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        if not answer or answer.startswith("error "):
            raise RuntimeError(f"{self.process.args[0]}: {fields[:3]}: {answer or 'it ended'}")
        return answer

    def time(self, operation, case, budget):
        """Milliseconds."""
        answer = self.ask("time", operation, case, budget)
        if answer.startswith("cannot "):
            raise Absent(answer)
        return float(answer)

    def size(self, operation, case):
        """Bytes of secret key, public key and overhead."""
        return [int(field) for field in self.ask("size", operation, case).split("\t")]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def keyfence(path):
    child = Child([os.path.join(PROGRAMS, "abe_keyfence")], {"BLS12381_PATH": path})
    if child.version != path:
        child.close()
        raise Absent(f"this processor does not have the path {path}")
    return child


def others():
    return Child([os.path.join(PROGRAMS, "abe_others")])


def blst_absent():
    """Why there is no blst, or None."""
    path = os.environ.get("BLST_LIBRARY", "")
    if not path:
        return "not measured: no Debian package has it; BLST_LIBRARY=/path/to/libblst.so names one"
    return None if os.path.exists(path) else f"not measured: BLST_LIBRARY: there is no {path}"


def circl_source():
    """The folder with CIRCL's source, its version, and the GOPATH that finds it."""
    gopath = os.environ.get("KF_CIRCL_GOPATH", "/usr/share/gocode")
    own = os.environ.get("CIRCL_DIR", "")
    folder = own or f"{gopath}/src/{CIRCL}"
    if shutil.which("go") is None or not os.path.isdir(f"{folder}/abe/cpabe/tkn20"):
        raise Absent(f"not installed: apt-get install golang-go {CIRCL_PACKAGE}")
    if own:
        described = subprocess.run(["git", "-C", own, "describe", "--tags", "--always"],
                                   capture_output=True, text=True)
        return own, described.stdout.strip() or own, gopath
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", CIRCL_PACKAGE],
                           capture_output=True, text=True)
    return "", asked.stdout.strip() or folder, gopath


def circl(folder):
    """The child and the version of CIRCL in it; compiled in `folder`."""
    source, version, gopath = circl_source()
    if source:
        shadow = os.path.join(folder, "gopath")
        os.makedirs(os.path.dirname(f"{shadow}/src/{CIRCL}"))
        os.symlink(os.path.abspath(source), f"{shadow}/src/{CIRCL}")
        gopath = f"{shadow}:{gopath}"
    program = os.path.join(folder, "abe_circl")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": gopath, "GOFLAGS": ""}
    if "HOME" not in environment:
        environment["GOCACHE"] = os.path.join(folder, "go-cache")
    built = subprocess.run(
        ["go", "build", "-o", program, os.path.join(os.path.dirname(os.path.abspath(__file__)), "circl.go")],
        env=environment, capture_output=True, text=True,
    )
    if built.returncode != 0:
        raise Absent(f"CIRCL {version} does not build: {built.stderr.strip().splitlines()[-1]}")
    return Child([program]), version


class Children:
    """All that can be had: {name: Child}, {name: reason} of the absent, and CIRCL's version."""

    def __init__(self):
        self.there, self.absent, self.circl_version = {}, {}, None
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self):
        for path in PATHS:
            self._start(f"keyfence {path}", lambda path=path: keyfence(path))
        self._start("circl", self._circl)
        self._start("others", others)
        self.blst_absent = blst_absent()
        if self.blst_absent is None and self.there["others"].name != "with blst":
            self.blst_absent = "not measured: BLST_LIBRARY does not load"
        return self

    def _circl(self):
        child, self.circl_version = circl(self.folder.name)
        return child

    def _start(self, name, start):
        try:
            self.there[name] = start()
        except Absent as reason:
            self.absent[name] = str(reason)

    def abe(self):
        """The children that know the scheme."""
        return {name: child for name, child in self.there.items() if name != "others"}

    def __exit__(self, *_):
        for child in self.there.values():
            child.close()
        self.folder.cleanup()
