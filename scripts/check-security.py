#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Has every sentence Sn of docs/security.md its program test/boot/hostile_sNN_*.c, and every such program a sentence?

The head comment of the program repeats the number, so that whoever reads one finds the other.
"""
import collections
import glob
import os
import re
import sys

DOC = "docs/security.md"


def sentences():
    with open(DOC, encoding="utf-8") as f:
        return collections.Counter(int(n) for n in re.findall(r"^- \*\*S(\d+)\*\* \S", f.read(), re.M))


def programs():
    """(number, path) of every hostile program; number None: it is misnamed or its head names another sentence."""
    for path in sorted(glob.glob("test/boot/hostile_s[0-9]*")):
        match = re.fullmatch(r"hostile_s(\d\d)_[a-z0-9_]+(?:\.c)?", os.path.basename(path))
        if not match:
            continue        # a manifest beside one
        source = path if path.endswith(".c") else f"{path}/{os.path.basename(path)}.c"
        with open(source, encoding="utf-8") as f:
            head = re.sub(r"\s+\*?\s*", " ", f.read(1200))
        number = int(match.group(1))
        yield (number if f" S{number}: " in head else None), path


def main():
    wanted, found, bad = sentences(), collections.Counter(), []
    for number, path in programs():
        found[number] += 1
        if number is None:
            bad.append(f"{path}: error: its head comment does not begin with its sentence")
    bad += [f"{DOC}: error: S{n} stands there {k} times" for n, k in wanted.items() if k > 1]
    bad += [f"{DOC}: error: S{n} has no program test/boot/hostile_s{n:02}_*.c" for n in sorted(wanted) if not found[n]]
    bad += [f"{DOC}: error: there is no S{n}, but a program" for n in sorted(n for n in found if n and n not in wanted)]
    bad += [f"test/boot: error: S{n} has {k} programs" for n, k in found.items() if n and k > 1]
    if not wanted:
        bad.append(f"{DOC}: error: no sentence found")
    print("\n".join(bad) or f"{len(wanted)} sentences, {sum(found.values())} programs")
    return 1 if bad else 0


sys.exit(main())
