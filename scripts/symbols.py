#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the kernel's table of function names (lib/base/symbols.h) as assembly, from what nm says of it.

  nm -n kernel.elf | symbols.py [none]      none: an empty table

The table stands behind all text, so a kernel linked with it has its functions where one without has them.
"""
import re
import sys


def functions(lines):
    """[(offset from the first symbol image_start, name)], ascending, one name an address."""
    found, base = {}, 0
    for line in lines:
        match = re.fullmatch(r"([0-9a-f]+) ([tT]) (\w[\w.]*)", line.strip())
        if match and match[3] == "image_start":
            base = int(match[1], 16)
        elif match and match[3] not in ("text_end", "rodata_end"):
            found.setdefault(int(match[1], 16) - base, re.sub(r"\.(constprop|isra|part|cold|lto_priv).*", "", match[3]))
    return sorted(found.items())


def assembly(table):
    yield "/* SPDX-License-Identifier: MIT"
    yield " * Made by scripts/symbols.py. */"
    yield '\t.section .symbols, "a"'
    for name, lines in [("count", [f"\t.word {len(table)}"]), ("offsets", [f"\t.word {at:#x}" for at, _ in table]),
                        ("names", [f'\t.asciz "{name}"' for _, name in table])]:
        yield f"\t.balign 4\n\t.globl symbols_{name}\nsymbols_{name}:"
        yield from lines


def main():
    table = [] if sys.argv[1:] == ["none"] else functions(sys.stdin)
    print("\n".join(assembly(table)))


if __name__ == "__main__":
    main()
