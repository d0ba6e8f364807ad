# SPDX-License-Identifier: MIT
"""The kernel's data structures as gdb sees them: physical memory, translation, environments, capabilities.

Types and enumerations come from the kernel's DWARF, macros from its headers, so that all keeps in step. Memory
is read by physical address, for a hart that is stopped in user mode reads nothing of the kernel otherwise:
inside `with physical():` only. QEMU's gdb server does that at the packet Qqemu.PhyMemMode. An address is
translated with the tables of some satp: the upper half is the same in all.
"""
import contextlib
import os
import re
import struct

import gdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = 4096
PTE_V, PTE_R, PTE_W, PTE_X, PTE_U = 1, 2, 4, 8, 16
SV39 = 8
UPPER = 1 << 63


class Failed(gdb.GdbError):
    """What cannot be shown, and why."""


@contextlib.contextmanager
def physical():
    """While it lasts addresses are physical."""
    connection = gdb.selected_inferior().connection
    if connection is None:
        raise Failed("no kernel is attached; try: make gdb")
    connection.send_packet("Qqemu.PhyMemMode:1")
    try:
        yield
    finally:
        connection.send_packet("Qqemu.PhyMemMode:0")


def macros(path, begin="", end="\\Z"):
    """{name: value} of the macros of a header that are numbers, or made of others that are; of what stands
    between two comments."""
    found = {}
    with open(f"{ROOT}/{path}", encoding="utf-8") as f:
        text = re.search(f"{begin}.*?(?={end})", f.read(), re.S)[0]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name, value in re.findall(r"^#define\s+(\w+)\s+(.+)$", text, re.M):
        value = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b", r"\1", value)
        try:
            found[name] = eval(value, {"__builtins__": {}}, found)  # pylint: disable=eval-used
        except (SyntaxError, NameError, TypeError):
            pass
    return found


def enum(name, prefix):
    """{value: word} of an enumeration of the kernel."""
    return {f.enumval: f.name.removeprefix(prefix).lower() for f in gdb.lookup_type(f"enum {name}").fields()}


CAP = macros("kern/cap.h")
TYPES = macros("include/exo/types.h")
RIGHTS = macros("include/exo/types.h", r"/\* Rights, ", r"/\* exo_bind: ")


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def word(address):
    return struct.unpack("<Q", read(address, 8))[0]


def satp():
    return int(gdb.parse_and_eval("$satp")) & (1 << 64) - 1


def translate(root, address):
    """(physical address, entry, bytes it covers from there) of an address, or None. root: of its tables."""
    for level in (2, 1, 0):
        entry = word(root + (address >> 12 + 9 * level & 511) * 8)
        if not entry & PTE_V:
            return None
        page = entry >> 10 & (1 << 44) - 1
        if entry & (PTE_R | PTE_W | PTE_X):
            size = PAGE << 9 * level
            return page * PAGE + address % size, entry, size - address % size
        root = page * PAGE
    return None


def space_read(root, address, size):
    """Bytes at an address of a space; None where nothing is mapped."""
    out = b""
    while len(out) < size:
        where = translate(root, address + len(out))
        if where is None:
            return None
        out += read(where[0], min(size - len(out), where[2]))
    return out


class Kernel:
    """One look at a stopped machine. Everything here is read when it is asked for."""

    def __init__(self):
        value = satp()
        if value >> 60 != SV39:
            raise Failed("the kernel has no address space yet; try: continue, or tbreak kern_boot")
        self.root = (value & (1 << 44) - 1) * PAGE
        symbol = gdb.lookup_static_symbol("kernel")
        if symbol is None:
            raise Failed("the kernel's symbols are not loaded; try: make gdb")
        self.kernel = self.load(symbol.type, int(symbol.value().address))
        tree = self.kernel["tree"]
        self.base_page, self.pages = int(tree["base_page"]), int(tree["pages"])
        self.base = int(tree["base"]) & (1 << 64) - 1
        if not self.pages:
            raise Failed("the kernel does not know its memory yet; try: tbreak hart_dispatch, then continue")

    def load(self, kind, address):
        """The object of a type at an address of the kernel, as a value that is not in memory."""
        kind = gdb.lookup_type(kind) if isinstance(kind, str) else kind
        data = space_read(self.root, int(address) & (1 << 64) - 1, kind.sizeof)
        if data is None:
            raise Failed(f"nothing is mapped at 0x{int(address) & (1 << 64) - 1:x}")
        return gdb.Value(data, kind)

    def ram(self, page):
        """The kernel's address of a page of RAM."""
        return self.base + (page - self.base_page) * PAGE

    def page_of(self, address):
        """The page of RAM at an address of the kernel."""
        return ((int(address) & (1 << 64) - 1) - self.base) // PAGE + self.base_page

    def env_pages(self):
        """Of all environments, as the frame table has them."""
        kind = gdb.lookup_type("struct frame")
        at = self._kind_at(kind)
        wanted = next(v for v, name in enum("frame_kind", "FRAME_").items() if name == "env")
        table = space_read(self.root, int(self.kernel["tree"]["frames"]) & (1 << 64) - 1, kind.sizeof * self.pages)
        kinds = table[at::kind.sizeof]
        return [self.base_page + i for i, k in enumerate(kinds) if k == wanted]

    @staticmethod
    def _kind_at(kind):
        """Where in struct frame its kind stands: in a union without a name."""
        for outer in kind.fields():
            for inner in outer.type.fields() if outer.name in (None, "") else ():
                for field in inner.type.fields() if inner.name in (None, "") else ():
                    if field.name == "kind":
                        return (outer.bitpos + inner.bitpos + field.bitpos) // 8
        raise Failed("struct frame has no kind")

    def envs(self):
        return [Env(self, page) for page in self.env_pages()]

    def harts(self):
        return [self.kernel["hart"][i] for i in range(int(self.kernel["harts"]))]

    def cap(self, identity):
        return self.load("struct cap", self.base + identity * 64)

    def cap_parent(self, cap):
        """The id of the one it was derived from: up the tree of its siblings. 0: none."""
        up = int(cap["up"])
        while up and not up & CAP["CAP_PARENT"]:
            up = int(self.cap(up)["up"])
        return up & ~CAP["CAP_PARENT"]


class Env:
    """An environment: the page of its private half, and that as a value."""

    def __init__(self, kernel, page):
        self.kernel, self.page = kernel, page
        self.env = kernel.load("struct env", kernel.ram(page))

    @property
    def address(self):
        return self.kernel.ram(self.page)

    @property
    def root(self):
        """The physical address of its page tables, 0 without a space."""
        return (int(self.env["arch"]["satp"]) & (1 << 44) - 1) * PAGE if int(self.env["space"]) else 0

    @property
    def state(self):
        state = enum("exo_env_state", "EXO_STATE_").get(int(self.env["state"]), "?")
        return "faulted" if state == "stopped" and int(self.env["death_kind"]) else state

    @property
    def hart(self):
        first = gdb.lookup_static_symbol("kernel")
        offset = next(f.bitpos // 8 for f in first.type.fields() if f.name == "hart")
        size = gdb.lookup_type("struct hart").sizeof
        return (int(self.env["hart"]) - int(first.value().address) - offset) // size

    def uarea(self):
        return self.kernel.load("struct exo_uarea", self.address + PAGE)

    def slots(self):
        """(slot, cap id, cap) of all that it holds."""
        if not int(self.env["cspace"]):
            return
        kind = gdb.lookup_type("struct cap")
        space = self.kernel.load("struct cspace", self.env["cspace"])
        leaves = [int(space["leaf"][i]) & (1 << 64) - 1 for i in range(TYPES["EXO_LEAVES_MAX"])]
        for number, leaf in enumerate(leaves):
            if not self.kernel.base_page <= self.kernel.page_of(leaf) < self.kernel.base_page + self.kernel.pages:
                continue        # the empty leaf is in the kernel's image
            data = space_read(self.kernel.root, leaf, PAGE)
            for i in range(TYPES["EXO_SLOTS_PER_LEAF"]):
                cap = gdb.Value(data[i * 64:i * 64 + 64], kind)
                if int(cap["word"]) & CAP["CAP_TYPE_MASK"]:
                    yield number * 64 + i, (leaf - self.kernel.base) // 64 + i, cap

    def mappings(self):
        """(address, bytes, physical address, entry) of each page that is mapped in the user half."""
        def below(table, address, level):
            entries = struct.unpack("<512Q", read(table, PAGE))
            for i, entry in enumerate(entries[:256] if level == 2 else entries):
                size = PAGE << 9 * level
                if not entry & PTE_V:
                    continue
                page = (entry >> 10 & (1 << 44) - 1) * PAGE
                if entry & (PTE_R | PTE_W | PTE_X) or not level:
                    yield address + i * size, size, page, entry
                else:
                    yield from below(page, address + i * size, level - 1)
        return below(self.root, 0, 2) if self.root else iter(())
