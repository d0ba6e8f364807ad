#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gdb on a kernel in QEMU, or on one environment of a running machine: `make gdb`.

  gdb.py [CMD='bt; chitin envs'] [GDBPORT=n] [NAME=value ...]   the words of qemu.py
  gdb.py ENV=name [PROGRAM=name] [CONSOLE=path] [CMD=...] [NAME=value ...]

Without ENV= the main job is booted, stopped at the kernel's first C function that runs at its own addresses,
and gdb-multiarch is attached to all harts, with the commands of scripts/gdb/chitin.py. With ENV= the console
of the machine is asked to debug that environment (`gdb NAME` of the monitor) while the others run on: of a
machine booted for it, or of one that runs, whose console is CONSOLE=, a serial line or a UNIX socket.
GDB= in the environment names another gdb. CMD= carries commands out, separated by `;`, and ends: with 1 at the
first that fails, with 124 at TIMEOUT= (60 s). The console's text is in build/BOARD/console.log, or LOG=.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
from types import SimpleNamespace

import monitor
import qemu

GDB = os.environ.get("GDB") or "gdb-multiarch"
SECONDS = 60        # for CMD=, where TIMEOUT= does not say otherwise
FIRST = "kern_boot"
OWN = ("CMD", "GDBPORT", "ENV", "PROGRAM", "CONSOLE")
FRAME = re.compile(rb"\$([^$#]*)#([0-9a-fA-F]{2})")
FRAME_MOST = 256    # bytes of a packet of lib/gdbstub
AGAIN_S, TRIES = 4, 5


def split(argv):
    """The words of this program, and those of qemu.py."""
    own = dict(w.split("=", 1) for w in argv if w.split("=", 1)[0] in OWN and "=" in w)
    return own, [w for w in argv if w.split("=", 1)[0] not in OWN]


def check_tools(elf):
    if not shutil.which(GDB):
        raise ValueError(f"there is no {GDB}; try: sudo apt-get install gdb-multiarch, or GDB=path")
    try:
        with open(elf, "rb") as f:
            text = f.read()
    except FileNotFoundError as error:
        raise ValueError(f"there is no {elf}; PROGRAM= names the program of ENV=") from error
    if b".debug_info" not in text:
        raise ValueError(f"{elf} has no debug information; try: make clean, then make gdb")


def address_of(own, folder):
    """Where QEMU listens: as QEMU wants it, and as gdb does."""
    port = qemu.number(own, "GDBPORT", 1, 65535)
    if port is None:
        path = f"{folder}/qemu"
        return f"unix:{path},server=on,wait=off", path
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(f"GDBPORT={port}: {error.strerror}; leave it away for a free one") from error
    return f"tcp:127.0.0.1:{port},server=on,wait=off", f"127.0.0.1:{port}"


def gdb_run(elf, before, own, timeout, folder):
    """gdb on this terminal, or with the commands of CMD=; returns the exit status."""
    before = ["set pagination off", "set confirm off", "set style enabled off" if "CMD" in own else "", *before]
    words = [GDB, "-q", "-nx", elf]
    if "CMD" not in own:
        words += [w for line in before if line for w in ("-ex", line)]
        process = subprocess.Popen(words)
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # ^C is gdb's
        return process.wait()
    script = f"{folder}/commands"
    with open(script, "w", encoding="utf-8") as f:
        f.write("\n".join(before + [c.strip() for c in own["CMD"].split(";")]) + "\n")
    process = subprocess.Popen(words + ["-batch", "-x", script], stdin=subprocess.DEVNULL)
    try:
        return qemu.FAILURE if process.wait(timeout) else qemu.PASS
    except subprocess.TimeoutExpired:
        print(f"gdb: stopped after TIMEOUT={timeout:g} s", file=sys.stderr)
        return qemu.TIMED_OUT
    finally:
        qemu.end(process)


def await_socket(path, machine):
    while ":" not in path and not os.path.exists(path):
        if machine.process.poll() is not None:
            raise ValueError(f"QEMU has ended: {machine.tail() or 'it says nothing'}")
        time.sleep(0.02)


def debug_kernel(own, options, log, timeout, folder):
    board = options["board"]
    elf = f"{qemu.BUILD}/{board}/kernel.elf"
    check_tools(elf)
    listen, path = address_of(own, folder)
    options["extra"] = [*options["extra"], "-S", "-gdb", listen]
    before = [f"python BUILD = {os.path.abspath(f'{qemu.BUILD}/{board}')!r}",
              f"source {os.path.dirname(__file__) or '.'}/gdb/chitin.py",
              f"target remote {path}", f"tbreak {FIRST}", "continue"]
    with qemu.Machine(log=log, apart=True, **options) as machine:
        await_socket(path, machine)
        if "CMD" not in own:
            print(f"gdb: the console's text goes to {log}; `chitin` lists commands of its own")
        return gdb_run(elf, before, own, timeout, folder)


class Terminal(qemu.Machine):
    """The console of a machine that runs already: a serial line, or a UNIX socket."""

    def __init__(self, path, log):  # pylint: disable=super-init-not-called
        self.text, self.seen, self.closed = bytearray(), 0, False
        self.more = threading.Condition()
        qemu.folder_of(log)
        self.log = open(log, "wb")
        self.process = SimpleNamespace(stdin=self._open(path))
        self.process.stdout = self.process.stdin
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @staticmethod
    def _open(path):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                return os.fdopen(os.dup(s.fileno()), "r+b", buffering=0)
        except OSError:
            pass
        try:
            f = open(path, "r+b", buffering=0)
            if os.isatty(f.fileno()):
                tty.setraw(f.fileno(), termios.TCSANOW)
            return f
        except OSError as error:
            raise ValueError(f"CONSOLE={path}: {error.strerror}") from error

    def close(self):
        self.log.flush()


class Relay:
    """Between gdb, at a UNIX socket, and a console on which others write as well: what is a packet goes to
    gdb. Here gdb's packets are acknowledged, and sent again when the console says nothing of them."""

    def __init__(self, console, path):
        self.console, self.at = console, console.seen
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.gdb = None
        self.pending, self.sent_at, self.tries = None, 0, 0
        threading.Thread(target=self._from_gdb, daemon=True).start()
        threading.Thread(target=self._from_console, daemon=True).start()

    def _from_gdb(self):
        self.gdb, _ = self.listener.accept()
        text = b""
        while data := self.gdb.recv(4096):
            text += data
            while match := FRAME.search(text):
                if b"\3" in text[:match.start()]:
                    self.console.send(b"\3")
                self.gdb.sendall(b"+")
                self._send(match[0])
                text = text[match.end():]
            if b"$" not in text:
                if b"\3" in text:
                    self.console.send(b"\3")
                text = b""

    def _send(self, frame):
        self.pending, self.sent_at, self.tries = frame, time.monotonic(), 0
        self.console.send(frame)

    def _again(self):
        """Once more, if nothing was said of the last packet."""
        if self.pending and time.monotonic() > self.sent_at + AGAIN_S and self.tries < TRIES:
            self.sent_at, self.tries = time.monotonic(), self.tries + 1
            self.console.send(self.pending)

    def _from_console(self):
        console = self.console
        while not console.closed:
            with console.more:
                if len(console.text) == self.at:
                    console.more.wait(1)
                text = bytes(console.text[self.at:])
            self.at += self._take(text)
            self._again()
        if self.gdb:
            self.gdb.close()

    def _take(self, text):
        """Hands on the packets in text; returns how much of it is done with."""
        if b"+" in text:
            self.pending = None
        done = 0
        for match in FRAME.finditer(text):
            done = match.end()
            if sum(match[1]) & 255 == int(match[2], 16):
                self.pending = None
                self.gdb.sendall(match[0])
            else:
                self.console.send(b"-")
        begin = text.find(b"$", done)
        return len(text) if begin < 0 else begin if len(text) - begin < FRAME_MOST else begin + 1


def ask(console, line, timeout):
    """Type a command at the monitor; returns what it says up to its next prompt, or that of a session."""
    console.send("\r")
    console.expect(r"monitor> ", timeout)
    time.sleep(0.3)
    console.send(line + "\r")
    console.expect(re.escape(line) + r"(\x1b\[K)?\r*\n", timeout)
    begin = console.seen
    console.expect(r"monitor> |remote protocol[^\n]*\n", timeout)
    return bytes(console.text[begin:console.seen]).decode(errors="replace").replace("\r", "")


def program_of(console, name, timeout):
    """The program that an environment runs, as the monitor says."""
    said = ask(console, "envs", timeout)
    match = re.search(rf"^{re.escape(name)} +\S+ +\d+ +\d+ +\S+ +(\S+) ", said, re.M)
    if not match:
        raise ValueError(f"ENV={name}: there is no such environment; there are:\n{said.rpartition('monitor>')[0]}")
    return match[1]


def debug_env(console, own, board, timeout, folder):
    name = own["ENV"]
    program = own.get("PROGRAM") or program_of(console, name, timeout)
    places = [f"{qemu.BUILD}/{board}/{folder}/{program}.elf" for folder in ("user", "test", "bench")]
    elf = next((p for p in places if os.path.exists(p)), places[0])
    check_tools(elf)
    said = ask(console, f"gdb {name}", timeout)
    if "remote protocol" not in said:
        raise ValueError(said.rpartition("monitor>")[0].strip())
    Relay(console, f"{folder}/relay")
    try:
        return gdb_run(elf, ["set remotetimeout 60", f"target remote {folder}/relay"], own, timeout, folder)
    finally:
        console.send(b"\4")         # in case gdb did not detach
        try:
            console.expect(rb"is not debugged any more", 5)
        except qemu.GuestError:
            print("gdb: the console does not say that the session is over", file=sys.stderr)


def open_console(own, options, log):
    if "CONSOLE" in own:
        return Terminal(own["CONSOLE"], log)
    return qemu.Machine(log=log, apart=True, **options)


def run(argv, folder):
    own, rest = split(argv)
    words = qemu.settings(rest)
    options, timeout = monitor.options_of(words), qemu.seconds(words) or SECONDS
    log = words.get("LOG") or f"{qemu.BUILD}/{options['board']}/console.log"
    if not own.get("ENV"):
        return debug_kernel(own, options, log, timeout, folder)
    with open_console(own, options, log) as console:
        if "CONSOLE" not in own:
            console.expect(r"monitor: help lists", timeout)
        return debug_env(console, own, options["board"], timeout, folder)


def main(argv):
    try:
        with tempfile.TemporaryDirectory(prefix="chitin-") as folder:
            return run(argv, folder)
    except (ValueError, qemu.GuestError) as error:
        sys.exit(f"gdb: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
