#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a machine did, to be looked at in a browser: `make trace OUT=f.json`.

  perfetto.py OUT=f.json [MANIFEST=f.dts] [EVENTS=n] [NAME=value ...]   the words of qemu.py; TIMEOUT= are the
                                                                        seconds before the trace is taken (5)

Boots the manifest, the main job without one, with the program `trace` beside it and everything traced
(`chitin.trace`), asks its web server for pages meanwhile, and turns what `trace` prints (user/trace.c) into
JSON in Chrome's trace event format, which ui.perfetto.dev and chrome://tracing show: a track per hart with
slices, the calls in them, interrupts, and marks for upcalls, exceptions, faults and ends.
"""
import json
import os
import re
import sys
import threading
import urllib.request

import mkinitrd
import qemu

SECONDS, EVENTS, DUMP_SECONDS = 5, 8192, 120
PROGRAM = """
/ {{ trace {{ program = "trace"; args = "{seconds}", "{events}"; frames = <{frames}>; trace; }}; }};
"""
STARTED = re.compile(r"^init: (\S+): started.*?, (\d+) pages from 0x([0-9a-f]+) on", re.M)
UPCALLS = {1: "event", 2: "slice begin", 3: "slice end"}
DEATHS = {1: "exit", 2: "fault", 3: "memory taken", 4: "overrun"}
PENDING = {1: "hart", 2: "timer", 4: "device"}


def numbers(path, pattern):
    """{number: name} of the lines of an X-macro file."""
    with open(path, encoding="utf-8") as f:
        return {int(nr): name for nr, name in re.findall(pattern, f.read(), re.M)}


def call_names():
    return numbers("include/exo/syscalls.def", r"^(?:SYSCALL\d|TRANSFER)\((\d+), (\w+)")


def kinds():
    return numbers("include/exo/trace.def", r"^TRACE_EVENT\((\d+), (\w+)")


# --- what the program `trace` printed ----------------------------------------------------------------

def parse(console):
    """(ticks per second, [events of hart 0, ...]), each event (time, kind, value, env)."""
    begin = re.search(r"^trace: begin (\d+) (\d+)$", console, re.M)
    if not begin or not re.search(r"^trace: end$", console[begin.end():], re.M):
        raise ValueError("the console does not have a whole trace")
    harts = []
    for line in console[begin.end():].splitlines():
        if line.startswith("trace: hart "):
            harts.append([])
            wanted, time, env = int(line.split()[4]), 0, 0
        elif line.startswith("trace= ") and harts:
            for word in line.split()[1:]:
                ticks, kind, value, *other = (int(part, 16) for part in word.split("."))
                time, env = time + ticks, other[0] if other else env
                harts[-1].append((time, kind, value, env))
        elif line == "trace: end":
            break
        if harts and len(harts[-1]) > wanted:
            raise ValueError(f"hart {len(harts) - 1} has more events than it says")
    if len(harts) != int(begin[1]):
        raise ValueError(f"events of {len(harts)} harts, not {begin[1]}")
    return int(begin[2]), harts


def names_of(console):
    """[(first page, end, name)] of the environments that init started, from its lines."""
    return sorted({(int(first, 16), int(first, 16) + int(count), name)
                   for name, count, first in STARTED.findall(console)})


def namer(ranges):
    """A function from the page of an ENV to a name: further ones in the frames of the same environment
    are its children, with numbers."""
    known, children = {}, {}

    def name(env):
        if env not in known:
            owner = next((n for first, end, n in ranges if first <= env < end), "init")
            nth = children[owner] = children.get(owner, -1) + 1
            known[env] = owner if not nth else f"{owner}.{nth}"
        return known[env]
    return name


# --- events to JSON ----------------------------------------------------------------------------------

class Track:
    """One hart: what is open there, innermost last, becomes complete events (ph X) as it ends."""

    def __init__(self, hart, name, stamp):
        self.hart, self.name, self.stamp = hart, name, stamp
        self.open, self.out = [], []

    def begin(self, time, what, name, env):
        self.open.append((what, name, time, env))

    def end(self, time, what, name=None):
        """End the innermost `what`, and whatever is open in it; nothing if there is none."""
        if not any(w == what and name in (None, n) for w, n, _, _ in self.open):
            return
        while self.open:
            kind, label, since, env = self.open.pop()
            start = self.stamp(since)
            self.add(label, kind, start, env, ph="X", dur=round(self.stamp(time) - start, 3))
            if kind == what and name in (None, label):
                return

    def mark(self, time, what, name, env):
        self.add(name, what, self.stamp(time), env, ph="i", s="t")

    def add(self, name, what, ts, env, **more):
        event = {"name": name, "cat": what, "pid": 1, "tid": self.hart, "ts": ts, "args": {"env": f"{env:#x}"}, **more}
        self.out.append(((ts, -more.get("dur", 0), len(self.open)), event))

    def slice_open(self):
        return any(kind == "slice" for kind, *_ in self.open)


def pending_name(value):
    return "interrupt: " + ", ".join(word for bit, word in PENDING.items() if value & bit)


def call(track, time, nr, env, names):
    """One that transfers control, or resumes, does not come back to where it was made."""
    label = names.get(nr, f"call {nr}")
    if not track.slice_open():
        track.begin(time, "slice", track.name(env), env)
    if label in ("call", "send", "reply", "resume"):
        track.mark(time, "call", label, env)
    else:
        track.begin(time, "call", label, env)


def step(track, event, kind, names):
    time, _, value, env = event
    if kind in ("RUN", "IDLE"):
        track.end(time, "slice")
        if kind == "RUN":
            track.begin(time, "slice", track.name(env), env)
    elif kind == "CALL":
        track.end(time, "call")
        call(track, time, value, env, names)
    elif kind == "RETURN":
        track.end(time, "call", names.get(value, f"call {value}"))
    elif kind == "INTERRUPT":
        track.begin(time, "interrupt", pending_name(value), env)
    elif kind == "INTERRUPT_END":
        track.end(time, "interrupt", pending_name(value))
    else:
        words = {"UPCALL": UPCALLS, "DEATH": DEATHS}.get(kind, {})
        track.mark(time, kind.lower(), f"{kind.lower()} {words.get(value, value)}", env)


def convert(hz, harts, ranges):
    """The JSON object of Chrome's trace event format."""
    start = min((events[0][0] for events in harts if events), default=0)
    known, calls, name = kinds(), call_names(), namer(ranges)
    out = [{"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "chitin"}}]
    for hart, events in enumerate(harts):
        track = Track(hart, name, lambda time: round((time - start) * 1e6 / hz, 3))
        for event in events:
            step(track, event, known.get(event[1], "UNKNOWN"), calls)
        track.end(events[-1][0] if events else start, "slice")
        out.append({"name": "thread_name", "ph": "M", "pid": 1, "tid": hart, "args": {"name": f"hart {hart}"}})
        out += [event for _, event in sorted(track.out, key=lambda pair: pair[0])]      # outer ones first
    return {"displayTimeUnit": "ns", "traceEvents": out}


# --- a run -------------------------------------------------------------------------------------------

def ask_for_pages(port, stopped):
    while not stopped.wait(0.05):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                answer.read()
        except OSError:
            pass


def record(manifest, seconds, events, log, **options):
    """Boot, wait, and return the console's text with the trace in it."""
    board = options.get("board", "qemu-virt")
    harts = options.get("smp") or qemu.BOARDS[board]["smp"]
    more = PROGRAM.format(seconds=seconds, events=events, frames=256 + harts * (events // 256 + 2) // 2 * 2)
    initrd = mkinitrd.for_manifest(manifest + more, log.removesuffix(".log") + ".cpio", board)
    append = f"chitin.trace={events} " + options.pop("append", "")
    port, stopped = qemu.free_port(), threading.Event()
    has_net = options.get("net") == "user"
    forward = [(port, 80)] * has_net + options.pop("forward", [])
    with qemu.Machine(log=log, initrd=initrd, append=append.strip(), forward=forward, **options) as guest:
        if has_net:
            threading.Thread(target=ask_for_pages, args=(port, stopped), daemon=True).start()
        try:
            guest.expect(r"^trace: begin", seconds + 30)
            stopped.set()
            guest.expect(r"^trace: end", DUMP_SECONDS)
        finally:
            stopped.set()
        return guest.console


def main(argv):
    words = dict(word.split("=", 1) for word in argv if "=" in word)
    out, manifest = words.pop("OUT", ""), words.pop("MANIFEST", "")
    if not out:
        sys.exit("trace: say where to: make trace OUT=f.json")
    try:
        events = qemu.number(words, "EVENTS", 256, 1 << 20) or EVENTS
        words.pop("EVENTS", None)
        if not os.path.isdir(os.path.dirname(out) or "."):
            raise ValueError(f"OUT={out}: there is no such folder")
        words = qemu.settings([f"{name}={value}" for name, value in words.items()])
        seconds, options = qemu.seconds(words) or SECONDS, qemu.options_of(words)
        options.pop("initrd")
        board = options["board"]
        with open(manifest or f"boards/{board}/manifest.dts", encoding="utf-8") as f:
            source = f.read()
        console = record(source, int(seconds), events, f"{qemu.BUILD}/{board}/trace.log", **options)
        hz, harts = parse(console)
        trace = convert(hz, harts, names_of(console))
        with open(out, "w", encoding="ascii") as f:
            json.dump(trace, f, separators=(",", ":"))
    except (OSError, ValueError, qemu.GuestError) as error:
        sys.exit(f"trace: {error}")
    slices = sum(e.get("cat") == "slice" for e in trace["traceEvents"])
    print(f"{out}: {sum(map(len, harts))} events, {slices} slices on {len(harts)} harts; "
          f"open it at https://ui.perfetto.dev or chrome://tracing")


if __name__ == "__main__":
    main(sys.argv[1:])
