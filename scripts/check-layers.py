#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does every include obey scripts/layers.txt? Run by every `make`. With --graph, print the rooms for dot."""
import fnmatch
import os
import re
import sys

BUILD = os.path.relpath(os.environ.get("O") or "build")
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "stdalign.h", "stdatomic.h", "limits.h", "assert.h"}
# These may use a C library.
HOSTED = ("arch/host/", "lib/cow/", "lib/exo/", "lib/lwip/", "lib/net/open.c", "user/", "test/", "scripts/")


def layers():
    with open("scripts/layers.txt", encoding="utf-8") as f:
        lines = [line.split(":") for line in f if ":" in line and not line.startswith("#")]
    return {room.strip(): allowed.split() for room, allowed in lines}


def room_of(path, rooms):
    return max((r for r in rooms if path.startswith(r + "/")), key=len, default=None)


def may(target, patterns):
    allowed = False
    for pattern in patterns:
        if fnmatch.fnmatchcase(target, pattern.lstrip("!")):
            allowed = not pattern.startswith("!")
    return allowed


def is_build(path):
    return path == BUILD or os.path.exists(f"{path}/compile_commands.json")


def sources():
    """Every source of the tree, which need not be a git repository."""
    for folder, folders, names in os.walk("."):
        there = os.path.relpath(folder)
        folders[:] = [f for f in folders if f[0] != "." and not is_build(os.path.normpath(f"{there}/{f}"))]
        yield from (os.path.normpath(f"{there}/{n}") for n in names if n.endswith((".c", ".h", ".S", ".def")))


def includes():
    """(file, line number, target) of every include in the tree; targets in <> other than exo keep them."""
    for name in sorted(sources()):
        with open(name, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if match := re.match(r'\s*#\s*include\s*(["<])([^">]+)', line):
                    quote, target = match.groups()
                    yield name, number, (target if quote == '"' else
                                         "include/" + target if target.startswith("exo/") else f"<{target}>")


def problem(name, target, rooms):
    room = room_of(name, rooms)
    if room is None:
        return "lies in no room of scripts/layers.txt"
    if target.startswith("<"):
        if name.startswith(HOSTED) or target[1:-1] in FREESTANDING:
            return None
        return f"may not include {target}: only freestanding headers"
    if not os.path.exists(target):
        return f"includes {target}, which is not written from the root" if room != "test" else None
    if room_of(target, rooms) == room or may(target, rooms[room]):
        return None
    return f"room {room} may not include {target}"


def main():
    rooms = layers()
    found = list(includes())
    if "--graph" in sys.argv:
        edges = {(os.path.dirname(n), os.path.dirname(t)) for n, _, t in found if not t.startswith("<")}
        print("digraph chitin {\n" + "".join(f'\t"{a}" -> "{b}";\n' for a, b in sorted(edges) if a != b) + "}")
        return 0
    bad = [(n, i, p) for n, i, t in found if (p := problem(n, t, rooms))]
    for name, number, what in bad:
        print(f"{name}:{number}: error: {what}")
    return 1 if bad else 0


sys.exit(main())
