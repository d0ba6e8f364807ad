# SPDX-License-Identifier: MIT
"""Which program an environment runs, what it is called, and the symbols of that program.

The kernel knows neither programs nor names. The program is the one among those built whose code stands in the
environment's memory; its name is in the start page that lib/exo keeps, found by the program's own DWARF. All
programs are linked to the same address, so the symbols of one at a time are loaded.
"""
import glob
import struct

import gdb

import kernel

EXECUTABLE = 1


class Program:
    """An ELF file of user/ or test/."""

    def __init__(self, path):
        self.path, self.name = path, path.rsplit("/", 1)[-1].removesuffix(".elf")
        with open(path, "rb") as f:
            self.file = f.read()
        self.start = None       # where lib/exo keeps the address of the start page, once it is known
        offset, size, count = struct.unpack_from("<Q14xHH", self.file, 32)
        headers = [struct.unpack_from("<IIQQQQQ", self.file, offset + i * size) for i in range(count)]
        self.code = [(h[3], self.file[h[2]:h[2] + h[5]]) for h in headers if h[0] == 1 and h[1] & EXECUTABLE]

    def runs_in(self, root):
        """Does its code stand in that space? A look at a few pages, then at all."""
        for address, data in self.code:
            pages = range(0, len(data), kernel.PAGE)
            for at in [*pages[:1], *pages]:
                here = data[at:at + kernel.PAGE]
                if kernel.space_read(root, address + at, len(here)) != here:
                    return False
        return bool(self.code)


class Programs:
    """All that are built. State: whose symbols are loaded."""

    def __init__(self, build):
        self.build, self.found, self.loaded, self.known = build, {}, None, {}

    def _all(self):
        for folder in ("user", "test", "bench"):
            for path in sorted(glob.glob(f"{self.build}/{folder}/*.elf")):
                if path not in self.found:
                    self.found[path] = Program(path)
                yield self.found[path]

    def of(self, env):
        """The program of an environment, or None. Inside physical()."""
        root = env.root
        if not root:
            return None
        known = self.known.get(env.page)
        if known and known.runs_in(root):
            return known
        program = next((p for p in self._all() if p.runs_in(root)), None)
        self.known[env.page] = program
        return program

    def load(self, program):
        """Have gdb use the symbols of this program, and of no other."""
        if program is self.loaded:
            return
        if self.loaded:
            gdb.execute(f"remove-symbol-file {self.loaded.path}", to_string=True)
            self.loaded = None
        if program:
            gdb.execute(f"add-symbol-file {program.path}", to_string=True)
            self.loaded = program

    def name(self, env, program):
        """What the start page says, or None."""
        if not program:
            return None
        start = program.start or self._start(program)
        if not start:
            return None
        address, name_at = start
        page = kernel.space_read(env.root, address, 8)
        page = page and kernel.space_read(env.root, struct.unpack("<Q", page)[0], kernel.PAGE)
        if not page:
            return None
        offset = struct.unpack_from("<I", page, name_at)[0]
        return page[offset:offset + 64].split(b"\0")[0].decode(errors="replace") or None

    def _start(self, program):
        """Where `start.page` of lib/exo/start.c is, and where in the page the name's offset."""
        before = self.loaded
        self.load(program)
        try:
            for symbol in gdb.lookup_static_symbols("start"):
                if symbol.symtab.filename.endswith("lib/exo/start.c"):
                    page = symbol.type["page"].type.target()
                    program.start = int(symbol.value().address), page["name"].bitpos // 8
        finally:
            self.load(before)
        return program.start
