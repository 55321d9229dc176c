"""libcpabe as others get it: the shared library shows only cpabe_ names, and a program that includes
nothing but cpabe.h links with either library and works, from C and from C++.

    python3 check_library.py HEADER SHARED-LIBRARY STATIC-LIBRARY
"""

import os
import shutil
import subprocess
import sys
import tempfile

PROGRAM = r"""
#include "cpabe.h"
#include <stdio.h>
#include <string.h>
int main(void)
{
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    struct cpabe_attribute attributes[] = {{"country", "FR"}, {"region", "EU"}};
    const char *message = "bonjour";
    uint8_t *data;
    uint8_t out[64];
    size_t length, got;
    if (cpabe_setup(&public_key, &secret_key, NULL) != CPABE_OK ||
        cpabe_keygen(&key, secret_key, attributes, 2, NULL, NULL) != CPABE_OK ||
        cpabe_encrypt_text(&data, &length, public_key, "region: EU and not country: DE",
                           (const uint8_t *)message, strlen(message), NULL, NULL) != CPABE_OK ||
        cpabe_decrypt(out, sizeof out, &got, key, data, length) != CPABE_OK ||
        got != strlen(message) || memcmp(out, message, got) != 0)
        return 1;
    cpabe_free(data);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
    puts("works");
    return 0;
}
"""


def main(header, shared, static):
    names = subprocess.run(["nm", "-D", "--defined-only", shared], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split("\n")
    names = [line.split()[-1] for line in names if line]
    strange = [name for name in names if not name.startswith("cpabe_")]
    assert len(names) > 20 and not strange, f"visible in {shared}: {strange}"
    with open(header, encoding="utf-8") as f:
        text = f.read()
    missing = [name for name in names if f"{name}(" not in text]
    assert not missing, f"visible but not in {header}: {missing}"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(header, folder)
        compilers = [("gcc", "c", ["-std=c11"])]
        if shutil.which("g++"):
            compilers.append(("g++", "cc", ["-std=c++17"]))
        for compiler, suffix, flags in compilers:
            source = os.path.join(folder, f"program.{suffix}")
            with open(source, "w", encoding="utf-8") as f:
                f.write(PROGRAM)
            for library in (shared, static):
                program = os.path.join(folder, "program")
                subprocess.run([compiler, *flags, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I",
                                folder, source, "-o", program, library, "-lsodium", "-lnettle"], check=True)
                path = {**os.environ, "LD_LIBRARY_PATH": os.path.dirname(shared)}
                subprocess.run([program], check=True, env=path)


if __name__ == "__main__":
    main(*sys.argv[1:])
