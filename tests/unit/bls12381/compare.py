"""The committed constants are those that constants.py derives.

    compare.py lib/bls12381
"""
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
made = subprocess.run([sys.executable, folder / "constants.py", "header"], check=True,
                      capture_output=True, text=True).stdout
if made != (folder / "constants_int.h").read_text(encoding="utf-8"):
    sys.exit("constants_int.h differs from what constants.py prints: "
             "run `lib/bls12381/constants.py header > lib/bls12381/constants_int.h`")
