# SPDX-License-Identifier: MIT
"""The project's C sources and how each is compiled, from build/compile_commands.json; for the checkers."""
import collections
import concurrent.futures
import json
import os
import shlex

BUILD = os.environ.get("O") or "build"
BOARD = os.environ.get("BOARD") or "qemu-virt"
PICOLIBC = "/usr/lib/picolibc/riscv64-unknown-elf/include"
Source = collections.namedtuple("Source", "path flags object")


def sources():
    """Each source once (the kernel's way of compiling it first); what others wrote is left out."""
    with open(f"{BUILD}/compile_commands.json", encoding="utf-8") as f:
        entries = json.load(f)
    found = {}
    for entry in entries:
        path, words = entry["file"], shlex.split(entry["command"])
        if path.endswith(".c") and not path.startswith((BUILD + "/", "/")):
            kind = "u" if "--specs=picolibc.specs" in words else "k"
            made = f"{BUILD}/{BOARD}/{kind}/{path[:-2]}.o"
            found.setdefault(path, Source(path, words[1:-2], made))
    return list(found.values())


def for_clang(flags):
    """The flags of riscv64-unknown-elf-gcc as clang understands them."""
    unknown = ("-misa-spec", "-ffile-prefix-map", "-msmall-data-limit", "-fstack-usage", "-fno-tree-", "-fno-cse-",
               "-finline-limit", "-ffixed-")
    flags = [f for f in flags if not f.startswith(unknown)]
    if "--specs=picolibc.specs" in flags:
        flags.remove("--specs=picolibc.specs")
        flags += ["-isystem", PICOLIBC]
    return ["--target=riscv64-unknown-elf", "-Wno-unknown-warning-option", *flags]


def preprocessor(flags):
    """Only what chooses the text: -I, -D, -include."""
    keep, words = [], iter(for_clang(flags))
    for word in words:
        if word in ("-include", "-isystem"):
            keep += [word, next(words)]
        elif word.startswith(("-I", "-D")):
            keep.append(word)
    return keep


def is_newer(path, than):
    return os.path.exists(path) and all(
        os.path.exists(t) and os.path.getmtime(path) > os.path.getmtime(t) for t in than)


def check_all(check):
    """Run check(source) -> text of complaints, two at a time; prints them; returns the exit status."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        texts = [t for t in pool.map(check, sources()) if t.strip()]
    print("".join(texts), end="")
    return 1 if texts else 0
