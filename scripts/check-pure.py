#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Do the pure files stand alone? They may need only lib/base, each other and panic, and own no data.

Reads build/BOARD/pure.list (objects), written by make. Pure files are linked as they are into the kernel, user
programs and host tests, so state comes in as an argument (docs/design).
"""
import os
import subprocess
import sys

ALLOWED = {"panic", "memcpy", "memmove", "memset", "memcmp"}   # the compiler calls the four by itself


def symbols(path):
    out = subprocess.run(["riscv64-unknown-elf-nm", path], capture_output=True, text=True, check=True).stdout
    return [(line.split()[-2], line.split()[-1]) for line in out.splitlines()]


def main():
    listing = f"{os.environ.get('O') or 'build'}/{os.environ.get('BOARD') or 'qemu-virt'}/pure.list"
    with open(listing, encoding="utf-8") as f:
        objects = f.read().split()
    table = {path: symbols(path) for path in objects}
    pure = {name for syms in table.values() for kind, name in syms if kind in "TR"}
    failed = False
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
