#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run a kernel in QEMU: `make qemu`, and class Machine for everything that drives a guest.

  qemu.py [NAME=value ...]   the words of `make qemu`: BOARD SMP MEM CPU APPEND DISK NET FORWARD ICOUNT PLUGIN
                             TIMEOUT, and KERNEL, INITRD, LOG for other files than the board's

Exit status: 0 after an orderly power-off, 1 on guest failure or panic, 124 at TIMEOUT. The console's text
counts as much as QEMU's status, for firmware resets give 0 whatever happened.
QEMU= in the environment names another emulator, QEMU_ARGS= gives it further words. It dies with this process, whatever kills that.
"""
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

QEMU = os.environ.get("QEMU") or "qemu-system-riscv64"
BUILD = os.environ.get("O") or "build"
UBOOT = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"
BOARDS = {
    "qemu-virt": {"machine": "virt", "smp": 2, "mem": "256M", "virtio": True},
    "qemu-sifive_u": {"machine": "sifive_u", "smp": 5, "mem": "256M", "virtio": False},
}
NICS_MAX = 3        # cards; the kernel's own loop is one more
PASS, FAILURE, TIMED_OUT = 0, 1, 124
POWER_OFF = re.compile(rb"^chitin: power off\r?$", re.M)
PANIC = re.compile(rb"^chitin: (?:panic|cannot start).*$", re.M)


class GuestError(Exception):
    """The guest ended, or did not say what was waited for; the text ends with its last lines."""


def command(board="qemu-virt", kernel=None, initrd=None, smp=None, mem=None, cpu=None, append=None,
            disk=None, net="none", forward=(), icount=False, plugin=None, extra=()):
    """The QEMU command line, without its console. forward: (host port, guest port) of TCP, or with a third part "udp", for net="user";
    net="dgram:PATH" exchanges raw frames over the UNIX datagram sockets PATH.guest and PATH.host; "hub:N" with the other
    NICs of hub N. With commas between them: several NICs, of which the first is NIC 0."""
    spec = BOARDS.get(board)
    if spec is None:
        raise ValueError(f"BOARD={board} is not run by QEMU; try one of: {' '.join(BOARDS)}")
    if not spec["virtio"] and (disk or net != "none"):
        raise ValueError(f"BOARD={board} has no virtio devices: leave DISK= and NET= empty")
    if icount and smp not in (None, 1):
        raise ValueError("ICOUNT=1 counts one hart: leave SMP= empty or 1")
    words = [QEMU, "-M", spec["machine"], "-smp", str(1 if icount else smp or spec["smp"]),
             "-m", mem or spec["mem"], "-no-reboot", "-display", "none", "-bios", "default",
             "-kernel", kernel or f"{BUILD}/{board}/Image"]
    if initrd:
        words += ["-initrd", initrd]
    if cpu:
        words += ["-cpu", cpu]
    if append:
        words += ["-append", append]
    if spec["virtio"]:
        words += ["-global", "virtio-mmio.force-legacy=false"]
    if disk:
        words += ["-drive", f"file={disk},if=none,format=raw,id=disk0",
                  "-device", "virtio-blk-device,drive=disk0,bus=virtio-mmio-bus.0"]
    nets = [kind for kind in net.split(",") if kind != "none"]
    if len(nets) > NICS_MAX:
        raise ValueError(f"NET={net}: the kernel drives {NICS_MAX} NICs, and these are {len(nets)}")
    for number, kind in enumerate(nets):    # QEMU's device tree begins with the last bus
        words += ["-netdev", netdev(kind, number, forward),
                  "-device", f"virtio-net-device,netdev=net{number},bus=virtio-mmio-bus.{len(nets) - number},"
                             f"mac=52:54:00:12:34:{0x56 + number:02x}"]
    if icount:
        words += ["-icount", "shift=0,sleep=off"]
    if plugin:
        words += ["-plugin", plugin]
    return ["setpriv", "--pdeathsig", "KILL"] + words + list(extra)


def netdev(net, number, forward):
    if net == "user":
        return f"user,id=net{number}" + "".join(f",hostfwd={kind[0] if kind else 'tcp'}:127.0.0.1:{host}-:{guest}"
                                                for host, guest, *kind in forward if not number)
    kind, _, path = net.partition(":")
    if kind == "hub" and (path.isdigit() or not path):
        return f"hubport,id=net{number},hubid={path or 0}"
    if kind != "dgram":
        raise ValueError(f"NET={net}: must be user, none, dgram[:PATH] or hub[:NUMBER], or several with commas between them")
    path = os.path.relpath(path or f"{BUILD}/net{number or ''}")
    return (f"dgram,id=net{number},local.type=unix,local.path={path}.guest,"
            f"remote.type=unix,remote.path={path}.host")


def free_port():
    """A TCP port of this host that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def verdict(board, status, console):
    """0 or 1, from QEMU's exit status and the whole text of the console."""
    if status != 0 or PANIC.search(console):
        return FAILURE
    if BOARDS[board]["machine"] != "virt" and not POWER_OFF.search(console):
        return FAILURE
    return PASS


def end(process):
    """Stop a QEMU: ask first, for it may be in the middle of a write to its disk."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def folder_of(log):
    """Make the folder of a file that is about to be written."""
    os.makedirs(os.path.dirname(log) or ".", exist_ok=True)


class Machine:
    """A guest whose console is read and written by this program; use it in a `with`.

    Takes the arguments of command(), log= the file that keeps the console's text, and apart=: ^C at the
    terminal is not for it."""

    def __init__(self, log=None, apart=False, **options):
        self.board = options.get("board", "qemu-virt")
        self.text = bytearray()
        self.seen = 0           # expect() looks only at what comes after this
        self.more = threading.Condition()
        self.closed = False
        if log:
            folder_of(log)
        self.log = open(log, "wb") if log else None
        self.process = subprocess.Popen(command(**options) + ["-serial", "stdio", "-monitor", "none"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0,
                                        process_group=0 if apart else None)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            if self.log:
                self.log.write(data)
                self.log.flush()
            with self.more:
                self.text += data
                self.more.notify_all()
        with self.more:
            self.closed = True
            self.more.notify_all()

    @property
    def console(self):
        """All the console's text so far; the end of a line that has half arrived is not in it yet."""
        return bytes(self.text).decode(errors="replace").replace("\r\n", "\n").removesuffix("\r")

    def expect(self, pattern, timeout=30):
        """Wait until the console says a regular expression (bytes or str); returns the match."""
        regex = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.M)
        deadline = time.monotonic() + timeout
        with self.more:
            while True:
                match = regex.search(bytes(self.text), self.seen)
                if match:
                    self.seen = match.end()
                    return match
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    why = "the guest ended" if self.closed else f"nothing within {timeout} s"
                    raise GuestError(f"{why}, waiting for {pattern!r}; last lines:\n{self.tail()}")
                self.more.wait(left)

    def tail(self, lines=12):
        return "\n".join(self.console.splitlines()[-lines:])

    def send(self, text):
        """Type on the console. Returns at once."""
        os.write(self.process.stdin.fileno(), text.encode() if isinstance(text, str) else text)

    def finish(self, timeout=60):
        """Wait for the end; returns 0, 1 or 124 as `make qemu` does."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.close()
            return TIMED_OUT
        self.reader.join(5)
        return verdict(self.board, status, bytes(self.text))

    def close(self):
        end(self.process)
        self.reader.join(5)
        self.process.stdin.close()
        self.process.stdout.close()
        if self.log:
            self.log.close()
            self.log = None


def booti(initrd, kernel=None, append="", log=None, tree=None, **options):
    """A Machine on virt where U-Boot starts the kernel with `booti`.
    RAM is at least 512 MiB. tree: another device tree than QEMU's."""
    image_at, initrd_at, tree_at = 0x84000000, 0x8C300000, 0x8C000000
    kernel = kernel or f"{BUILD}/qemu-virt/Image"
    loads = []
    for path, address in [(kernel, image_at), (initrd, initrd_at)] + [(tree, tree_at)] * bool(tree):
        loads += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
    machine = Machine(log=log, kernel=UBOOT, mem=options.pop("mem", "512M"), extra=loads, **options)
    try:
        machine.expect("Hit any key to stop autoboot", 30)
        machine.send("\r")
        machine.expect("^=> ", 10)
        tree_words = f"{tree_at:#x}" if tree else "${fdtcontroladdr}"
        for line in (f"setenv bootargs {append}",
                     f"booti {image_at:#x} {initrd_at:#x}:{os.path.getsize(initrd):x} {tree_words}"):
            machine.send(line + "\r")
        machine.expect("Starting kernel", 20)
    except BaseException:
        machine.close()
        raise
    return machine


def console_run(words, board, log, timeout, terminated=FAILURE):
    """Run with this process's own stdin and stdout as the console; returns the exit status.
    terminated is the status after SIGTERM."""
    folder_of(log)
    words = words + ["-chardev", f"stdio,id=con,mux=on,signal=off,logfile={log}",
                     "-serial", "chardev:con", "-mon", "chardev=con,mode=readline"]
    stdin = None if sys.stdin.isatty() else subprocess.DEVNULL
    process = subprocess.Popen(words, stdin=stdin)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(terminated))
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        print(f"\nqemu: stopped after TIMEOUT={timeout:g} s", file=sys.stderr)
        return TIMED_OUT
    finally:
        end(process)
        if sys.stdin.isatty():
            subprocess.run(["stty", "sane"], check=False)
    with open(log, "rb") as f:
        result = verdict(board, status, f.read())
    if result:
        how = f"status {status}" if status else "it said so and switched off"
        print(f"\nqemu: the guest failed ({how}); its console is in {log}", file=sys.stderr)
    return result


KNOWN = ("BOARD", "SMP", "MEM", "CPU", "APPEND", "DISK", "NET", "FORWARD", "ICOUNT", "PLUGIN", "TIMEOUT",
         "KERNEL", "INITRD", "LOG")


def settings(argv):
    """{NAME: value} of the words NAME=value, the empty ones left out."""
    words = dict(word.split("=", 1) for word in argv if "=" in word)
    unknown = [w for w in argv if w.split("=", 1)[0] not in KNOWN or "=" not in w]
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown; the words are {' '.join(KNOWN)}")
    return {name: value for name, value in words.items() if value}


def number(words, name, low, high, kind=int):
    """The word NAME=value as a number, or None without it."""
    if name not in words:
        return None
    try:
        value = kind(words[name])
    except ValueError:
        value = high + 1
    if not low <= value <= high:
        raise ValueError(f"{name}={words[name]}: must be a number from {low} to {high}")
    return value


def seconds(words):
    return number(words, "TIMEOUT", 1, 10 ** 6, float)


def forwards(text):
    """FORWARD=udp:5007-7,tcp:8000-80 as command() wants it: ports of this host's loopback, and of the guest."""
    found = [re.fullmatch(r"(tcp|udp):(\d+)-(\d+)", word) for word in text.split(",")]
    if not all(m and all(1 <= int(port) <= 65535 for port in m.groups()[1:]) for m in found):
        raise ValueError(f"FORWARD={text}: must be udp:HOST_PORT-GUEST_PORT or tcp:..., such as udp:5007-7, or several "
                         "with commas between them")
    return [(int(m[2]), int(m[3]), m[1]) for m in found]


def refuse_what_qemu_garbles(words):
    """QEMU's own words for these two do not name the setting."""
    size = re.fullmatch(r"(\d+)([MGmg]?)", words.get("MEM", "6M"))
    if not size or size[2] not in ("G", "g") and int(size[1]) < 6:
        raise ValueError(f"MEM={words['MEM']}: must be a size from 6M on, such as 256M or 2G")
    if not os.path.exists(words.get("DISK") or os.devnull):
        raise ValueError(f"DISK={words['DISK']}: there is no such file; `make run` makes "
                         f"{BUILD}/qemu-virt/disk.img, `truncate -s 16M FILE` an empty one")


def options_of(words):
    refuse_what_qemu_garbles(words)
    board = words.get("BOARD", "qemu-virt")
    options = {"board": board, "initrd": words.get("INITRD") or f"{BUILD}/{board}/initrd.cpio",
               "smp": number(words, "SMP", 1, 32),
               "icount": words.get("ICOUNT", "0") not in ("0", "n"),
               "extra": shlex.split(os.environ.get("QEMU_ARGS", ""))}
    for name in ("KERNEL", "MEM", "CPU", "APPEND", "DISK", "NET", "PLUGIN"):
        if name in words:
            options[name.lower()] = words[name]
    if "FORWARD" in words:
        if words.get("NET", "").split(",")[0] != "user":
            raise ValueError("FORWARD= leads to NIC 0, which must be one of QEMU's user network: NET=user")
        options["forward"] = forwards(words["FORWARD"])
    return options


def main(argv):
    try:
        words = settings(argv)
        options, timeout = options_of(words), seconds(words)
        line = command(**options)
    except ValueError as error:
        sys.exit(f"qemu: {error}")
    board = options["board"]
    terminal = sys.stdin.isatty()
    if timeout is None and not terminal:
        timeout = 60
    if terminal:
        print("(leave with Ctrl-A x)")
    if os.environ.get("V"):
        print(shlex.join(line))
    return console_run(line, board, words.get("LOG") or f"{BUILD}/{board}/console.log", timeout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
