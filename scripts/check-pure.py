#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Do the pure files stand alone? They may need only lib/base, each other and panic, and own no data. Does a
host test link each of them?

Reads build/BOARD/pure.list (objects), written by make. Pure files are linked as they are into the kernel, user
programs and host tests, so state comes in as an argument (docs/design).
"""
import glob
import os
import re
import subprocess
import sys

ALLOWED = {"panic", "memcpy", "memmove", "memset", "memcmp"}   # the compiler calls the four by itself


def symbols(path):
    out = subprocess.run(["riscv64-unknown-elf-nm", path], capture_output=True, text=True, check=True).stdout
    return [(line.split()[-2], line.split()[-1]) for line in out.splitlines()]


def tested():
    """The words of all `links:` and `#include` lines of test/unit."""
    words = set()
    for path in glob.glob("test/unit/*_test.c"):
        with open(path, encoding="utf-8") as f:
            words |= {w for line in f if "links:" in line or "#include" in line
                      for w in re.split(r'[\s;"]', line)}
    return words


def main():
    listing = f"{os.environ.get('O') or 'build'}/{os.environ.get('BOARD') or 'qemu-virt'}/pure.list"
    with open(listing, encoding="utf-8") as f:
        objects = f.read().split()
    table = {path: symbols(path) for path in objects}
    pure = {name for syms in table.values() for kind, name in syms if kind in "TR"}
    failed = False
    links = tested()
    for path in objects:
        source = path.split("/k/", 1)[1].removesuffix(".o") + ".c"
        if source not in links:
            print(f"{source}: error: no test/unit/*_test.c links it")
            failed = True
    for path, syms in table.items():
        for kind, name in syms:
            if kind == "U" and name not in pure | ALLOWED and not name.startswith("__"):
                print(f"{path}: error: needs {name}, which no pure file has")
                failed = True
            if kind in "bBdDC":
                print(f"{path}: error: owns the variable {name}")
                failed = True
    return 1 if failed else 0


sys.exit(main())
