#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How much did the kernel grow since a commit?  size-diff.py REF

Builds the kernel of REF under build/size/ and compares it with build/BOARD/kernel.elf: sections, then the
functions and objects that changed most.
"""
import os
import subprocess
import sys

BUILD = os.environ.get("O") or "build"
BOARD = os.environ.get("BOARD") or "qemu-virt"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


def base_kernel(ref):
    """Path of the kernel of that commit, built if it is not there yet."""
    try:
        commit = run("git", "rev-parse", "--verify", ref + "^{commit}").strip()
    except subprocess.CalledProcessError as error:
        sys.exit(f"size-diff: BASE={ref}: git says {error.stderr.strip()}")
    tree = os.path.abspath(f"{BUILD}/size/{commit}")
    elf = f"{tree}/build/{BOARD}/kernel.elf"
    if not os.path.exists(elf):
        os.makedirs(tree, exist_ok=True)
        archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in ("O", "BOARD")}
        subprocess.run(["make", "-s", f"BOARD={BOARD}", f"build/{BOARD}/kernel.elf"], cwd=tree, check=True, env=clean,
                       stdout=sys.stderr)
    return elf


def sections(elf):
    rows = [line.split() for line in run("riscv64-unknown-elf-size", "-A", elf).splitlines()]
    return {r[0]: int(r[1]) for r in rows if len(r) == 3 and r[0].startswith(".") and not r[0].startswith(".debug")}


def symbols(elf):
    out = {}
    for line in run("riscv64-unknown-elf-nm", "-S", elf).splitlines():
        words = line.split()
        if len(words) == 4:
            out[words[3]] = out.get(words[3], 0) + int(words[1], 16)
    return out


def show(title, old, new, limit):
    rows = sorted(((new.get(n, 0) - old.get(n, 0), n) for n in old.keys() | new.keys()), key=lambda r: -abs(r[0]))
    print(title)
    for difference, name in rows[:limit]:
        if difference:
            print(f"  {difference:+8d}  {old.get(name, 0):8d} -> {new.get(name, 0):8d}  {name}")
    print(f"  {sum(new.values()) - sum(old.values()):+8d}  in all")


def main():
    if len(sys.argv) != 2:
        sys.exit("size-diff: say since when; try: make size-diff BASE=HEAD~1")
    old, new = base_kernel(sys.argv[1]), f"{BUILD}/{BOARD}/kernel.elf"
    show("sections", sections(old), sections(new), 20)
    show("functions and objects", symbols(old), symbols(new), 20)


main()
