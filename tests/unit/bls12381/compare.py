"""The committed constants are those that constants.py derives.

    compare.py lib/bls12381 [header=constants_int.h] [values=constants.c]
"""
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
for what, file in (argument.split("=") for argument in sys.argv[2:] or ["header=constants_int.h"]):
    made = subprocess.run([sys.executable, folder / "constants.py", what], check=True,
                          capture_output=True, text=True).stdout
    if made != (folder / file).read_text(encoding="utf-8"):
        sys.exit(f"{file} differs from what constants.py prints: run `cd {folder} && "
                 f"python3 constants.py {what} > {file}`")
