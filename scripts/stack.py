#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The deepest call path of the kernel in bytes of stack, from gcc's frame sizes and the disassembly.

Reads build/BOARD/kernel.elf.*.su and kernel.asm. Calls through pointers are not followed: they are counted, so that a
reader knows what is missing. Recursion is an error, for the kernel has one small stack per hart.
"""
import collections
import glob
import os
import re
import sys

BUILD = os.environ.get("O") or "build"
BOARD = os.environ.get("BOARD") or "qemu-virt"


def frames():
    sizes = collections.defaultdict(int)
    for path in glob.glob(f"{BUILD}/{BOARD}/kernel.elf.*.su"):
        with open(path, encoding="utf-8") as f:
            for line in f:
                place, size, kind = line.rsplit("\t", 2)
                if kind.strip() == "dynamic":
                    sys.exit(f"stack: {place} has a frame of unknown size")
                name = place.rsplit(":", 1)[1]
                sizes[name] = max(sizes[name], int(size))
    return sizes


def calls():
    """{function: functions it calls or jumps to}, and the functions that call through a pointer."""
    graph, indirect, current = collections.defaultdict(set), set(), None
    with open(f"{BUILD}/{BOARD}/kernel.asm", encoding="utf-8", errors="replace") as f:
        for line in f:
            if match := re.match(r"[0-9a-f]+ <([^>]+)>:$", line):
                current = match.group(1)
            elif match := re.match(r"\s*[0-9a-f]+:\s+[0-9a-f]+\s+(jal|j|jalr|jr|call|tail|b\w+)\s+(.*)", line):
                target = re.search(r"<([^>+]+)>", match.group(2))
                if target and target.group(1) != current:
                    graph[current].add(target.group(1))
                elif match.group(1) in ("jalr", "jr") and not target and "ra" not in match.group(2):
                    indirect.add(current)
    return graph, indirect


def deepest(graph, sizes):
    """{function: (bytes, next function)}; exits with the cycle if there is one."""
    best, path = {}, []

    def visit(name):
        if name in best:
            return best[name][0]
        if name in path:
            sys.exit("stack: recursion: " + " -> ".join(path[path.index(name):] + [name]))
        path.append(name)
        below = max(((visit(callee), callee) for callee in sorted(graph[name])), default=(0, None))
        path.pop()
        best[name] = (sizes.get(name.split(".")[0], 0) + below[0], below[1])
        return best[name][0]
    sys.setrecursionlimit(10000)
    for name in list(graph):
        visit(name)
    return best


def main():
    sizes, (graph, indirect) = frames(), calls()
    best = deepest(graph, sizes)
    name = max(best, key=lambda n: best[n][0])
    print(f"{best[name][0]} bytes in the deepest path:")
    while name:
        print(f"  {sizes.get(name.split('.')[0], 0):6d}  {name}")
        name = best.get(name, (0, None))[1]
    print(f"{len(indirect)} functions call through pointers, which is not followed: {' '.join(sorted(indirect))}")


main()
