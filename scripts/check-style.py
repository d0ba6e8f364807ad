#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Count what CONTRIBUTING.md asks for: licence lines, lengths, widths, guards, no #if in a .c, no notes to self.

An `error` fails the check; `note` lines tell what is long. The limits only tighten.
"""
import os
import re
import subprocess
import sys

WIDTH, LONG_FUNCTION, MAX_FUNCTION, LONG_FILE, MAX_FILE = 100, 40, 60, 500, 800
MAX_MAKEFILE = 150
NO_LICENCE = (".vec", ".dtb", "LICENSE", ".gitignore", ".cpio", ".png", "limits.txt")
NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def listed():
    """What git has or would take; without a git repository, all but build/ and what begins with a dot."""
    try:
        return subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                              check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return [os.path.relpath(os.path.join(path, name)) for path, folders, names in os.walk(".")
                for name in names if not re.match(r"\./(build|\.\w)", path) and not name.startswith(".config")]


def sources():
    names = listed()
    for name in filter(os.path.isfile, names):
        try:
            with open(name, encoding="utf-8") as f:
                yield name, f.read().splitlines()
        except UnicodeDecodeError:
            continue


def any_file(name, lines):
    seed = name.startswith("test/fuzz/") and not name.endswith(".c")
    if not seed and not name.endswith(NO_LICENCE) and not any("SPDX-License-Identifier: MIT" in s for s in lines[:2]):
        yield 1, "error", "no SPDX-License-Identifier: MIT in the first two lines"
    if name == "Makefile" and len(lines) >= MAX_MAKEFILE:
        yield len(lines), "error", f"{len(lines)} lines: stay under {MAX_MAKEFILE}"
    for number, line in enumerate(lines, 1):
        if not name.endswith(".md") and NOTES.search(line):
            yield number, "error", "a note to self: do it, or open an issue"


def code_file(name, lines):
    """Rules for C and assembly."""
    if len(lines) > LONG_FILE:
        yield len(lines), "error" if len(lines) > MAX_FILE else "note", f"{len(lines)} lines"
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > WIDTH:
            yield number, "error", f"{len(line.expandtabs(8))} columns wide"
        if line != line.rstrip():
            yield number, "error", "white space at the end"
        if name.endswith(".c") and re.match(r"\s*#\s*if", line):
            yield number, "error", "#if in a .c: choose files, or use `if (CONFIG_X)`"


def header(name, lines):
    guarded = [s for s in lines if re.match(r"#(ifndef|define) \w+_H\b|#pragma once", s)]
    if not guarded:
        yield 1, "error", "no header guard"


def functions(lines):
    """(line number, name, length) of every function definition; and those whose type is on the same line."""
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"[a-zA-Z_]", line) and "(" in line and not line.rstrip().endswith((";", ",", "=", ":")) or (
                re.match(r"[a-zA-Z_]\w*\(", line)):
            start = number
        elif line.startswith("{") and start:
            opened = start
            while number < len(lines) and not lines[number].startswith("}"):
                number += 1
            yield opened, lines[opened - 1], number - opened + 2
            start = None
        elif line.startswith("}"):
            start = None


def c_file(name, lines):
    for number, line, length in functions(lines):
        if re.match(r"[a-z_][\w *]*[\s*]\w+\(", line) and not re.match(r"[A-Z_]+\(", line):
            yield number, "error", "the return type goes on the line before the function's name"
        if length > LONG_FUNCTION:
            yield number, "error" if length > MAX_FUNCTION else "note", f"function of {length} lines"
    own = os.path.splitext(name)[0] + ".h"
    if os.path.exists(own) and not any(f'"{own}"' in s for s in lines):
        yield 1, "error", f"does not include its own header {own}"


def main():
    failed = False
    for name, lines in sources():
        rules = [any_file]
        if name.endswith((".c", ".h", ".S")):
            rules.append(code_file)
        if name.endswith(".h"):
            rules.append(header)
        if name.endswith(".c"):
            rules.append(c_file)
        for rule in rules:
            for number, kind, what in rule(name, lines):
                print(f"{name}:{number}: {kind}: {what}")
                failed |= kind == "error"
    return 1 if failed else 0


sys.exit(main())
