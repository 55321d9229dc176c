"""Looks for customers' private keys where they must not be: in the memory of a running process, or
in a file.

What is looked for, for each key: its PKCS#8 DER, the inner private-key DER, each secret number as
big-endian bytes and as the little-endian limbs in which libcrypto keeps it, and every full line of
the PEM's base64 that holds nothing public. Any of them is the key, or enough to have it.
"""

import base64
import re
import subprocess

SECRET_FIELDS = {"privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient", "priv"}


def _secret_numbers(key_path):
    """The secret numbers that `openssl pkey -text` shows, as {name: bytes}."""
    text = subprocess.run(
        ["openssl", "pkey", "-in", key_path, "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout
    numbers = {}
    name = None
    for line in text.splitlines():
        field = re.match(r"^(\w+):", line)
        if field:
            name = field.group(1) if field.group(1) in SECRET_FIELDS else None
        elif name and re.match(r"^\s+([0-9a-f]{2}:?)+\s*$", line):
            numbers[name] = numbers.get(name, b"") + bytes.fromhex(line.strip().replace(":", ""))
    return {n: v.lstrip(b"\0") for n, v in numbers.items()}


def needles(key_path):
    """{what: bytes} for one private key file (PEM, PKCS#8)."""
    with open(key_path) as f:
        pem = f.read()
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    der = base64.b64decode("".join(lines))
    found = {"the PKCS#8 DER": der}
    inner = subprocess.run(
        ["openssl", "pkey", "-in", key_path, "-traditional", "-outform", "DER"], capture_output=True
    ).stdout
    if inner and inner != der:
        found["the private-key DER"] = inner
    numbers = _secret_numbers(key_path)
    if "privateExponent" in numbers:
        # Lines before the private exponent hold the modulus, which is public; a line is 48 bytes.
        first_secret = der.find(numbers["privateExponent"]) // 48 + 1
        for i in range(first_secret, len(lines) - 1):
            found[f"line {i + 1} of the PEM"] = lines[i].encode()
    for name, number in numbers.items():
        found[f"{name}, big-endian"] = number
        found[f"{name}, in limbs"] = number[::-1]
    return {what: value for what, value in found.items() if len(value) >= 24}


def memory(pid):
    """The readable memory of a process, region by region."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, permissions = line.split()[:2]
            if "r" not in permissions or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, OverflowError, ValueError):
                continue  # a guard page, or a region that has just gone


def found_in_memory(pid, wanted):
    """Which of wanted ({what: bytes}) are in the process' memory now."""
    present = set()
    for region in memory(pid):
        present.update(what for what, value in wanted.items() if what not in present and value in region)
    return present


def found_in_file(path, wanted):
    with open(path, "rb") as f:
        content = f.read()
    return {what for what, value in wanted.items() if value in content}
