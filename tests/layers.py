"""The dependency rule, checked: a module includes only what stands above it in the list, and only
public headers; and no program links what its place forbids.

    python3 -m tests.layers SOURCE-ROOT BUILD-ROOT
"""

import os
import re
import subprocess
import sys

LIBRARIES = ["base", "hash", "bls12381", "policy", "cpabe", "envelope", "keyless", "store", "route", "net"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)

# Programs, and the symbols that must not be in them: what a name starts with, and why.
FORBIDDEN_SYMBOLS = {
    "daemon/signer/keyfence-signer": {"net_": "the network module", "curl_": "libcurl", "MHD_": "libmicrohttpd", "event_base": "libevent", "bufferevent": "libevent"},
    "daemon/authority/keyfence-authority": {"net_": "the network module", "curl_": "libcurl", "MHD_": "libmicrohttpd", "event_base": "libevent", "bufferevent": "libevent"},
    "daemon/relay/keyfence-relay": {"cpabe_": "the ABE library", "bls_": "the pairing library"},
    "daemon/sync/keyfence-sync": {"cpabe_": "the ABE library", "bls_": "the pairing library"},
    "provider/keyfence.so": {"cpabe_": "the ABE library", "bls_": "the pairing library"},
}
FORBIDDEN_LIBRARIES = {
    "daemon/signer/keyfence-signer": ["libcurl", "libevent", "libmicrohttpd", "libssl"],
    "daemon/authority/keyfence-authority": ["libcurl", "libevent", "libmicrohttpd", "libssl"],
    "daemon/relay/keyfence-relay": ["libcpabe"],
    "daemon/sync/keyfence-sync": ["libcpabe"],
    "provider/keyfence.so": ["libcpabe"],
}


def sources(root, top):
    for folder, _, names in os.walk(os.path.join(root, top)):
        for name in names:
            if name.endswith((".c", ".h")):
                yield os.path.join(folder, name)


def includes(path):
    with open(path, encoding="utf-8") as f:
        return INCLUDE.findall(f.read())


def check_library_includes(root):
    """lib/X may include lib/Y's public header when Y stands before X in the list."""
    problems = []
    for path in sources(root, "lib"):
        module = os.path.relpath(path, os.path.join(root, "lib")).split(os.sep)[0]
        for included in includes(path):
            other = included.split("/")[0]
            if "/" not in included or other not in LIBRARIES or other == module:
                continue
            where = f"{os.path.relpath(path, root)} includes {included}"
            if LIBRARIES.index(other) > LIBRARIES.index(module):
                problems.append(f"{where}: lib/{other} stands below lib/{module}")
            elif included.endswith("_int.h"):
                problems.append(f"{where}: a private header of another module")
    return problems


def check_program_includes(root):
    """Daemons, provider and tools use public headers only, and never each other's folders."""
    problems = []
    for top in ("daemon", "provider", "cli"):
        for path in sources(root, top):
            here = os.path.relpath(path, root).split(os.sep)
            for included in includes(path):
                first = included.split("/")[0]
                where = f"{os.path.relpath(path, root)} includes {included}"
                if first in LIBRARIES and included.endswith("_int.h"):
                    problems.append(f"{where}: a private header of lib/{first}")
                if first in ("daemon", "provider", "cli") and first != here[0]:
                    problems.append(f"{where}: a program is no library")
    return problems


def undefined_and_defined(path):
    listing = subprocess.run(["nm", path], capture_output=True, text=True).stdout
    dynamic = subprocess.run(["nm", "-D", path], capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in (listing + dynamic).splitlines() if line.split()}


def check_links(build):
    problems = []
    for program, forbidden in FORBIDDEN_SYMBOLS.items():
        path = os.path.join(build, program)
        if not os.path.exists(path):
            problems.append(f"{program} is not built")
            continue
        for symbol in undefined_and_defined(path):
            for prefix, what in forbidden.items():
                if symbol.startswith(prefix):
                    problems.append(f"{program} links {what} ({symbol})")
        needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True).stdout
        for library in FORBIDDEN_LIBRARIES[program]:
            if f"[{library}" in needed:
                problems.append(f"{program} needs {library}")
    return problems


def check_provider_exports(build):
    """The provider exports its entry point and nothing else."""
    path = os.path.join(build, "provider/keyfence.so")
    listing = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True).stdout
    exported = [line.split()[-1] for line in listing.splitlines() if " T " in line or " D " in line]
    return [] if exported == ["OSSL_provider_init"] else [f"provider/keyfence.so exports {exported}"]


def main(root, build):
    problems = check_library_includes(root) + check_program_includes(root)
    problems += check_links(build) + check_provider_exports(build)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
