"""What `./dev bench abe` prints, and the facts about the machine."""

import json
import os
import platform
import subprocess

from .children import PATHS, ROOT

# The post's own figures, of a laptop (i7-10610U), for orientation: bytes and milliseconds.
PUBLISHED = {"sizes": (33416, 3282, 19419), "times": (1796, 704, 62.4)}
OPERATIONS = ("keygen", "encrypt", "decrypt")
# What CIRCL's figure is where it does not have the operation: it has no caches and prepares nothing.
COLD = {"keygen-warm": "keygen", "encrypt-warm": "encrypt", "pairing-product-11-new": "pairing-product-11"}


def compiler():
    with open(os.path.join(ROOT, "build", "compile_commands.json"), encoding="utf-8") as f:
        name = json.load(f)[0]["command"].split()[0]
    asked = subprocess.run([name, "--version"], capture_output=True, text=True)
    return asked.stdout.splitlines()[0] if asked.stdout else name


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "?")
    with open("/etc/os-release", encoding="utf-8") as f:
        system = next((line.split("=", 1)[1].strip().strip('"') for line in f if line.startswith("PRETTY_NAME")), "?")
    return {
        "processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "system": system,
        "compiler": compiler(),
        "load": os.getloadavg()[0],
    }


def milliseconds(value):
    if value is None:
        return "-"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}"


def faster(ratio):
    """How many times as fast as CIRCL."""
    if ratio is None:
        return "-"
    return f"{1 / ratio:.{0 if ratio < 0.1 else 1 if ratio < 1 else 2}f}x"


def table(title, header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}\n")
    for row in [header, *rows]:
        print("  " + row[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:])))


class Report:
    def __init__(self, result, figures):
        self.result, self.figures = result, figures
        self.paths = [path for path in PATHS if f"keyfence {path}" not in result["absent"]]
        self.schemes = [(f"Keyfence, {path}", "keyfence", path) for path in self.paths]
        if result["machine"]["go"]:
            self.schemes.insert(0, ("CIRCL", "circl", None))

    def head(self):
        m = self.result["machine"]
        print(f"{m['processor']}, {m['processors']} processors, {m['system']}, {m['compiler']}, load {m['load']:.1f}")
        circl = f"{m['circl']} ({m['go']})" if m["go"] else "absent"
        print(f"CIRCL {circl}; {m['openssl']}; medians of {m['rounds']} rounds; milliseconds")
        for name, reason in self.result["absent"].items():
            print(f"{name}: {reason}")

    def sizes(self):
        names = {"rsa-2048": "RSA-2048", "x25519": "X25519", "circl": "CIRCL", "keyfence": "Keyfence"}
        rows = [[names[size["scheme"]], f"{size['secret_key']:,}", f"{size['public_key']:,}", f"{size['ciphertext_overhead']:,}"]
                for size in self.result["sizes"]]
        rows.append(["GeoV2, as published", *(f"{size:,}" for size in PUBLISHED["sizes"])])
        table("Sizes in bytes, 50 attributes", ["", "secret key", "public key", "overhead of 10,000 bytes"], rows)

    def times(self):
        rows = [[name, *(milliseconds(self.figures.get(scheme, None, None, operation)) for operation in OPERATIONS)]
                for name, scheme in (("RSA-2048", "rsa-2048"), ("X25519", "x25519"))]
        for name, scheme, path in self.schemes:
            rows.append([name, *(milliseconds(self.figures.get(scheme, path, "50-leaf", operation)) for operation in OPERATIONS)])
        rows.append(["GeoV2, as published", *(milliseconds(value) for value in PUBLISHED["times"])])
        table("Times, 50 attributes", ["", "make a key", "encrypt 23 bytes", "decrypt 23 bytes"], rows)

    def _row(self, label, case, operation):
        row = [label]
        for _, scheme, path in self.schemes:
            shown = COLD.get(operation, operation) if scheme == "circl" else operation
            row.append(milliseconds(self.figures.get(scheme, path, case, shown)))
            if scheme != "circl":
                row.append(faster(self.figures.ratio(scheme, path, case, operation)))
        return row

    def _header(self):
        header = [""]
        for name, scheme, _ in self.schemes:
            header.append(name)
            if scheme != "circl":
                header.append("")
        return header

    def cases(self):
        seen = dict.fromkeys((row["case"], row["operation"]) for row in self.result["results"]
                             if row["scheme"] == "keyfence" and row["case"] in ("1-leaf", "2-label", "50-leaf"))
        rows = [self._row("setup", None, "setup")]
        rows += [self._row(f"{case} {operation}", case, operation) for case, operation in seen]
        table("Each operation, and how many times as fast as CIRCL", self._header(), rows)

    def product(self):
        rows = [self._row("product of 11 pairings, 3 prepared", None, "pairing-product-11"),
                self._row("product of 11 pairings, none prepared", None, "pairing-product-11-new")]
        table("Pairings", self._header(), rows)
        blst = self.figures.get("blst", None, None, "pairing-product-11")
        if blst is None:
            print(f"  blst: {self.result['absent'].get('blst')}")
            return
        for operation, what in (("pairing-product-11", "3 prepared"), ("pairing-product-11-new", "none prepared")):
            ratios = [f"{path} {blst / self.figures.get('keyfence', path, None, operation):.2f}x" for path in self.paths]
            print(f"  blst: {milliseconds(blst)}; as fast as blst, {what}: {', '.join(ratios)}")

    def growth(self, kinds, leaves):
        for kind, (what, _) in kinds.items():
            rows = []
            for operation in ("keygen", "encrypt", "encrypt-warm", "decrypt"):
                if kind == "leaf-repeated" and operation == "keygen":
                    continue
                rows += [self._row(f"{operation}, {count}", f"{count}-{kind}", operation) for count in leaves]
            table(f"Growing policies: {what}", self._header(), rows)


def show(result, figures, kinds, leaves):
    report = Report(result, figures)
    report.head()
    report.sizes()
    report.times()
    report.cases()
    report.product()
    if leaves:
        report.growth(kinds, leaves)
