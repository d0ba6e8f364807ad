# SPDX-License-Identifier: MIT
"""chitin.py: what gdb can show of Chitin: `make gdb` loads it; BUILD is the folder of the board's files.

`chitin` lists the commands. When a hart stops, the symbols of the program are loaded whose address space is in
place there; `chitin env NAME` chooses another.
"""
import os
import signal
import sys
import threading

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel       # noqa: E402  pylint: disable=wrong-import-position
import programs     # noqa: E402  pylint: disable=wrong-import-position

PROGRAMS = programs.Programs(globals().get("BUILD") or "build/qemu-virt")
OWNERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NEVER = (1 << 64) - 1
COMMON = {"FRAME": "rwx", "WINDOW": "rw", "BLOCK": "rw", "CONSOLE": "rw", "TABLE": "r"}


def hexadecimal(value):
    return f"0x{int(value) & (1 << 64) - 1:x}"


class World:
    """All environments of a stopped machine, with their names."""

    def __init__(self):
        self.kernel = kernel.Kernel()
        self.envs = self.kernel.envs()
        for env in self.envs:
            env.program = PROGRAMS.of(env)
            env.name = PROGRAMS.name(env, env.program) or f"0x{env.page:x}"

    def at(self, pointer):
        """The environment at an address of the kernel, or None."""
        page = self.kernel.page_of(pointer) if int(pointer) else 0
        return next((e for e in self.envs if e.page == page), None)

    def find(self, word):
        """By name or page; without one, that of the selected hart."""
        if not word:
            found = here(self)
            if not found:
                raise kernel.Failed("this hart is in no environment's space; name one: chitin envs lists them")
            return found
        found = [e for e in self.envs if word in (e.name, f"0x{e.page:x}")]
        if not found:
            raise kernel.Failed(f'there is no environment "{word}"; chitin envs lists them')
        return found[0]


def here(world):
    """The environment whose space the selected hart has in place, or None."""
    root = (kernel.satp() & (1 << 44) - 1) * kernel.PAGE
    found = [e for e in world.envs if e.root == root]
    for hart in world.kernel.harts():
        current = world.at(hart["current"])
        if current in found:
            return current
    return found[0] if found else None


class Command(gdb.Command):
    """A command `chitin NAME`; subclasses have show(), called with all of memory physical."""

    def __init__(self):
        super().__init__(f"chitin {type(self).__name__.lower()}", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):  # pylint: disable=unused-argument
        with kernel.physical():
            lines = list(self.show(World(), argument.strip()))
        gdb.write("".join(line + "\n" for line in lines))


class Prefix(gdb.Command):
    """Looks at Chitin: environments, capabilities, spaces, time."""

    def __init__(self):
        super().__init__("chitin", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument, from_tty):  # pylint: disable=unused-argument
        if argument:
            raise gdb.GdbError(f'chitin has no command "{argument.split()[0]}"; chitin lists them')
        gdb.execute("help chitin")


class Envs(Command):
    """List the environments: page, name, program, state, home hart, pc, pending events."""

    def show(self, world, _):
        yield f"{'page':<10} {'name':<16} {'program':<16} {'state':<9} hart {'pc':>18}  events"
        for e in world.envs:
            program = e.program.name if e.program else "-"
            yield (f"0x{e.page:<8x} {e.name:<16} {program:<16} {e.state:<9} {e.hart:4} "
                   f"{hexadecimal(e.env['arch']['x'][0]):>18}  {hexadecimal(e.env['events'])}")


class Harts(Command):
    """List the harts: whose turn it is, whose space is in place, how long."""

    def show(self, world, _):
        for h in world.kernel.harts():
            running, current = world.at(h["running"]), world.at(h["current"])
            until = int(h["boundary"])
            yield (f"hart {int(h['number'])}: turn of {running.name if running else 'nobody'}, space of "
                   f"{current.name if current else 'nobody'}, slice until {until if until < NEVER else 'somebody wakes'}, "
                   f"{'online' if int(h['online']) else 'off'}")


class Env(Command):
    """Load the symbols of an environment's program: chitin env [NAME|PAGE]
    Without a name, of the one in whose address space the selected hart is."""

    def show(self, world, word):
        e = world.find(word)
        if not e.program:
            raise kernel.Failed(f"the program of {e.name} is not among those in {PROGRAMS.build}")
        PROGRAMS.load(e.program)
        follow.is_off = bool(word)
        yield f"{e.name}: symbols of {e.program.name}, {e.state} at {hexadecimal(e.env['arch']['x'][0])}"


def rights(kind, bits):
    """The words of a capability's rights."""
    common = COMMON.get(kind, "")
    out = "".join(c for c, bit in zip("rwx", (2, 4, 8)) if c in common and bits & bit)
    prefix = f"EXO_{kind}_"
    words = [n.removeprefix(prefix).lower() for n, bit in kernel.RIGHTS.items() if n.startswith(prefix) and bits & bit]
    return " ".join([out] * bool(out) + words) or "no rights"


class Caps(Command):
    """Draw the tree of capabilities: chitin caps [NAME|PAGE]
    With a name, what that environment holds and what these were derived from."""

    def show(self, world, word):
        holders = {}
        for e in world.envs:
            for slot, identity, cap in e.slots():
                holders.setdefault(identity, (e, slot, cap))
        wanted = set(holders)
        if word:
            mine = world.find(word)
            wanted = {i for i, (e, _, _) in holders.items() if e.page == mine.page}
            for i in list(wanted):
                while i in holders and (i := world.kernel.cap_parent(holders[i][2])):
                    wanted.add(i)
        below = {}
        for i in sorted(wanted & set(holders)):
            below.setdefault(world.kernel.cap_parent(holders[i][2]), []).append(i)
        roots = [i for p, ids in below.items() if p not in holders or p not in wanted for i in ids]
        stack = [(i, 0) for i in reversed(roots)]
        while stack:
            i, depth = stack.pop()
            yield "  " * depth + self.line(*holders[i])
            stack += [(c, depth + 1) for c in reversed(below.get(i, []))]

    @staticmethod
    def line(env, slot, cap):
        bits = int(cap["word"])
        kind = kernel.enum("exo_cap_type", "EXO_CAP_")[bits & kernel.CAP["CAP_TYPE_MASK"]].upper()
        marks = [w for w in ("POOL", "SHARED", "OBJECT", "DYING") if bits & kernel.CAP[f"CAP_{w}"]]
        badge = [f"badge {hexadecimal(cap['badge'])}"] if int(cap["badge"]) else []
        return " ".join([f"{env.name}:{slot} {kind} {hexadecimal(cap['start'])} +{int(cap['count'])}",
                         rights(kind, bits >> kernel.CAP["CAP_RIGHTS_SHIFT"] & 0xfff),
                         *(m.lower() for m in marks), *badge])


class Spaces(Command):
    """Print what is mapped where: chitin spaces [NAME|PAGE]; without a name, a line for each space."""

    def show(self, world, word):
        if not word:
            for root in sorted({e.root for e in world.envs if e.root}):
                users = [e for e in world.envs if e.root == root]
                pages = sum(size // kernel.PAGE for _, size, _, _ in users[0].mappings())
                yield f"space 0x{root // kernel.PAGE:x}: {pages} pages, {' '.join(e.name for e in users)}"
            return
        run = None
        for address, size, page, entry in world.find(word).mappings():
            kind = "".join(c if entry & bit else "-" for c, bit in zip("rwxad", (2, 4, 8, 64, 128)))
            if run and run[3] == (kind, size) and run[0] + run[1] == address and run[2] + run[1] == page:
                run = (run[0], run[1] + size, *run[2:])
                continue
            if run:
                yield self.line(run)
            run = (address, size, page, (kind, size))
        yield self.line(run) if run else "nothing is mapped"

    @staticmethod
    def line(run):
        address, size, page, (kind, unit) = run
        large = {kernel.PAGE: "", kernel.PAGE << 9: " of 2 MiB", kernel.PAGE << 18: " of 1 GiB"}[unit]
        return f"0x{address:010x} {size // unit:6} pages{large} {kind} at 0x{page:x}"


class Timeline(Command):
    """Draw the slots of each hart: who owns them, `.` nobody; and who takes what is left."""

    def show(self, world, _):
        kind = gdb.lookup_type("struct env")
        member = next(f.bitpos // 8 for f in kind.fields() if f.name == "member")
        letters = {}
        for h in world.kernel.harts():
            t = h["timeline"]
            low, high = t["at"].type.range()
            owners = [world.at(int(t["at"][i]["owner"]) - member if int(t["at"][i]["owner"]) else 0)
                      for i in range(low, high + 1)]
            strip = "".join(letters.setdefault(o.page, OWNERS[len(letters) % len(OWNERS)]) if o else "."
                            for o in owners)
            slot = int(t["slot"])
            yield f"hart {int(h['number'])} |{strip}| slot {slot}, position {slot % len(owners)}"
        for e in world.envs:
            m = e.env["member"]
            takes = "takes what is left" if int(m["takes_slack"]) else "its slots only"
            yield (f"{letters.get(e.page, ' ')} {e.name:<16} hart {e.hart}, {takes}, {int(m['overruns'])} overruns, "
                   f"debt {int(m['debt'])}, {'ready' if int(m['is_ready']) else 'not ready'}")


class Uarea(Command):
    """Print the u-area of an environment: chitin uarea [NAME|PAGE]"""

    def show(self, world, word):
        e = world.find(word)
        u = e.uarea()
        yield f"{e.name}: u-area at {hexadecimal(e.env['arch']['uarea'])}, page 0x{e.page + 1:x}"
        for field in u.type.fields():
            if field.type.strip_typedefs().code == gdb.TYPE_CODE_INT and not field.name.startswith("reserved"):
                yield f"  {field.name:<20} {hexadecimal(u[field.name])}"
        for name in ("asks", "repossessions"):
            _, high = u[name].type.range()
            for i in range(high + 1):
                if int(u[name][i]["handle"]):
                    yield f"  {name}[{i}] {u[name][i]}"


class Run(gdb.Command):
    """Let all harts run for some seconds, then stop them: chitin run [SECONDS]"""

    def __init__(self):
        super().__init__("chitin run", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):  # pylint: disable=unused-argument
        try:
            seconds = float(argument or 1)
        except ValueError as error:
            raise gdb.GdbError(f'chitin run "{argument}": it must be a number of seconds') from error
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            gdb.execute("continue")
        finally:
            timer.cancel()


def follow(_=None):
    """A hart has stopped: the symbols of the program there, unless `chitin env NAME` chose."""
    if follow.is_off:
        return
    try:
        with kernel.physical():
            k = kernel.Kernel()
            root = (kernel.satp() & (1 << 44) - 1) * kernel.PAGE
            found = [e for e in k.envs() if e.root == root]
            program = PROGRAMS.of(found[0]) if found else None
    except (gdb.error, gdb.GdbError):
        return          # it is too early
    if program:
        PROGRAMS.load(program)


follow.is_off = False
for command in (Prefix, Envs, Harts, Env, Caps, Spaces, Timeline, Uarea, Run):
    command()
gdb.events.stop.connect(follow)
