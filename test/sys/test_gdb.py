# SPDX-License-Identifier: MIT
"""`make gdb`: scripted sessions of gdb-multiarch with the kernel, and with one environment over the console."""
import os
import re
import subprocess
import time

import pexpect
import pytest

import qemu

MONITOR = 'monitor { program = "monitor"; frames = <512>; monitor; restart = "always"; };'
BEAT = 'beat { program = "heartbeat"; args = "1"; frames = <256>; restart = "always"; };'
WORLD = f"""/dts-v1/; / {{ {MONITOR} {BEAT}
    counts {{ program = "debuggee"; frames = <256>; hart = <1>; restart = "always"; }};
    faults {{ program = "debuggee"; args = "faults"; frames = <256>; }};
    loop {{ program = "demise"; args = "spin"; frames = <256>; slots = <1 0 4 16>; }};
}};"""


@pytest.fixture
def gdb(initrd, log_file):
    """gdb(commands, NAME=value, ...) is a whole session: (exit status, what gdb says, what the console says)."""
    archive = initrd(WORLD)

    def run(commands, *words, seconds=60):
        log = log_file()
        done = subprocess.run(["/usr/bin/python3", "scripts/gdb.py", f"INITRD={archive}", f"LOG={log}", "NET=none",
                               f"TIMEOUT={seconds}", f"CMD={'; '.join(commands)}", *words], capture_output=True,
                              text=True, timeout=seconds + 30, check=False)
        console = ""
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as f:
                console = f.read().replace("\r", "")
        return done.returncode, done.stdout + done.stderr, console
    return run


def parts(said, count):
    """What stands between the lines `== N` that a session echoes."""
    found = re.split(r"^== \d+\n", said, flags=re.M)
    assert len(found) == count + 1, said
    return found


def marked(commands):
    """The commands, each behind a line `== N`."""
    return [c for n, command in enumerate(commands, 1) for c in (f"echo == {n}\\n", command)]


def test_kernel(gdb):
    """Every command of `chitin`, on a machine whose manifest is known."""
    commands = ("bt", "chitin run 3", "chitin envs", "chitin harts", "chitin timeline", "chitin caps beat",
                "chitin caps", "chitin spaces", "chitin spaces counts", "chitin uarea counts")
    status, said, _ = gdb(marked(commands))
    assert status == 0, said
    _, trace, _, envs, harts, timeline, caps, tree, spaces, space, uarea = parts(said, len(commands))
    assert re.search(r"#0 +kern_boot \(hartid=.* at kern/boot\.c:\d+", trace)
    found = {line.split()[1]: line.split() for line in envs.splitlines()[1:]}
    assert {name: words[2] for name, words in found.items()} == {
        "init": "init", "monitor": "monitor", "beat": "heartbeat", "counts": "debuggee", "faults": "debuggee",
        "loop": "demise"}
    assert found["beat"][3] == found["counts"][3] == "sleeping" and found["loop"][3] == "ready"
    assert found["counts"][4] == found["loop"][4] == "1" and found["beat"][4] == "0"
    assert [line.split(":")[0] for line in harts.splitlines()] == ["hart 0", "hart 1"]
    assert re.search("turn of (loop|counts|nobody), space of (loop|counts), slice until [0-9s]", harts.splitlines()[1])
    assert re.search(r"^hart 0 \|\.{64}\| slot \d+", timeline, re.M)
    assert re.search(r"^hart 1 \|(a\.\.\.){16}\| slot \d+", timeline, re.M)
    assert re.search(r"^a loop +hart 1, its slots only", timeline, re.M)
    page = int(found["beat"][0], 16)
    assert re.search(rf"^ +beat:\d+ ENV 0x{page:x} \+2 call signal yield give observe control shared$", caps, re.M)
    assert re.search(rf"^ +init:\d+ ENV 0x{page:x} \+2 .* object\n +beat:", caps, re.M)
    assert re.search(r"^ +beat:\d+ CONSOLE 0x0 \+1 w shared$", caps, re.M) and "counts:" not in caps
    assert all(f"{name}:" in tree for name in found)
    assert len(re.findall(r"^space 0x[0-9a-f]+: \d+ pages, \w+$", spaces, re.M)) == 6
    assert re.search(r"^0x0000010000 +\d+ pages r-x", space, re.M) and not re.search("wx", space)
    assert re.search(r"^0x3fffe00000 +1 pages rw-.. at 0x[0-9a-f]+$", space, re.M)
    assert re.search(rf"u-area at 0x3fffe00000, page 0x{int(found['counts'][0], 16) + 1:x}\n +cause +0x0\n", uarea)


def test_kernel_and_program(gdb):
    """A function of the kernel stops all harts; then one of a program, whose symbols are those of the space."""
    status, said, console = gdb(marked([
        "tbreak sys_console_write", "continue", "bt 2", "p kernel.harts", "chitin run 2", "chitin env counts",
        "tbreak say", "continue", "bt", "p step", "chitin env", "delete", "chitin run 1"]))
    assert status == 0, said
    found = parts(said, 13)
    assert "sys_console_write (" in found[2] and re.search(r"^#0 +sys_console_write", found[3], re.M)
    assert re.search(r"^\$1 = 2$", found[4], re.M)
    assert "counts: symbols of debuggee" in found[6]
    assert re.search(r"say \(count=.*\d+\) at test/prog/debuggee\.c:\d+", found[8])
    assert re.search(r"^#1 .* in main \(.*\) at test/prog/debuggee\.c", found[9], re.M)
    assert re.search(r"^\$2 = 1$", found[10], re.M)
    assert re.search(r"^(counts|faults): symbols of debuggee, ", found[11])
    assert "counts: count 1," in console


def test_env(gdb):
    """Break, look, step, change and let go; the beat next to it goes on, and so does the program afterwards."""
    status, said, console = gdb(marked([
        "bt 1", "break say", "continue", "info locals", "p count", "bt", "up", "set var step = 100", "p step",
        "delete", "tbreak say", "continue", "x/i $pc", "stepi", "next", "step", "p $pc", "p $ft0", "shell sleep 4",
        "tbreak say if count > 200", "continue", "p count", "detach", "shell sleep 2"]), "ENV=counts")
    assert status == 0, said
    found = parts(said, 24)
    assert re.search(r"^Breakpoint 1, say \(count=.*\d+\)", found[3], re.M)
    count = int(re.search(r"^\$1 = (\d+)$", found[5], re.M)[1])
    assert re.search(r"^#0 +say .*\n#1 .* in main ", found[6], re.M)
    assert "$2 = 100" in found[9]
    assert re.search(rf"say \(count=.*{count + 100}\)", found[12])
    assert "sd" in found[13] or "addi" in found[13] or "sp" in found[13]
    assert re.search(r"^\$3 = \(void \(\*\)\(\)\) 0x1[0-9a-f]{4}", found[17], re.M) or "0x1" in found[17]
    assert "detached" in found[23]
    counts = [int(c) for c in re.findall(r"^counts: count (\d+),", console, re.M)]
    assert {count + 100, count + 200} <= set(counts), counts
    after = console[console.index("is not debugged any more"):]
    assert re.search(r"^counts: count [3-9]\d\d,", after, re.M), console[-2000:]
    times = [float(t) for t in re.findall(r"^beat: beat \d+, (\d+\.\d+) s", console, re.M)]
    assert len(times) > 6 and all(b - a < 3 for a, b in zip(times, times[1:])), times


def test_env_exceptions(gdb):
    """Its own exceptions stop it, and its handler gets them; or it gets them at once."""
    status, said, _ = gdb(marked([
        "continue", "p passed", "tbreak say", "continue", "p passed", "handle SIGSEGV nostop noprint pass",
        "tbreak say if count > 6", "continue", "p count - passed", "p nowhere = (void *)&step", "delete", "kill"]), "ENV=faults")
    assert status == 0, said
    found = parts(said, 12)
    assert "SIGSEGV" in found[1] and "debuggee.c" in found[1]
    before, after = (int(re.search(r"^\$\d = (\d+)$", found[n], re.M)[1]) for n in (2, 5))
    assert after == before + 1
    assert re.search(r"say \(count=.*7\)", found[8])
    assert re.search(r"^\$3 = 1$", found[9], re.M)


def test_env_ends(gdb):
    """It ends while it is debugged; init starts it again, as its manifest says."""
    status, said, console = gdb(("set var step = 1000", "continue", "shell sleep 1"), "ENV=counts")
    assert status == 0 and "exited with code 07" in said, said
    assert "init: counts: ended with status 7" in console
    assert re.search(r"^init: counts: started again(.*\n)+counts: count 1,", console, re.M), console[-2000:]


def qemus_of(archive):
    """The processes that have an initrd among their words."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if b"qemu" in words[0] and archive.encode() in words:
            found.append(pid)
    return found


@pytest.mark.parametrize("words,wait", [([], "kern_boot"), (["ENV=counts"], "exo_wait|say|console")], ids=["kernel", "env"])
def test_terminal(initrd, log_file, words, wait):
    """At a terminal: ^C stops what runs and nothing else, and QEMU ends with gdb."""
    archive = initrd(WORLD)
    child = pexpect.spawn("/usr/bin/python3", ["scripts/gdb.py", f"INITRD={archive}", f"LOG={log_file()}", "NET=none", *words],
                          encoding="utf-8", timeout=60)
    try:
        child.expect(wait)
        child.expect(r"\(gdb\) ")
        assert len(qemus_of(archive)) == 1
        for _ in range(2):
            child.sendline("continue")
            child.expect("Continuing")
            time.sleep(1)
            child.sendintr()
            child.expect("received signal SIGINT")
            child.expect(r"\(gdb\) ")
        child.sendline("quit")
        child.expect(pexpect.EOF)
        child.wait()
        assert not qemus_of(archive)
    finally:
        child.close(force=True)


def frame(text):
    return f"${text}#{sum(text.encode()) & 255:02x}"


def enter(machine, name):
    machine.expect("monitor: help lists")
    machine.send(f"gdb {name}\r")
    machine.expect("remote protocol", 20)


def test_garbage(machine, initrd):
    """Noise on the line, damaged and endless packets, while it stands and while it runs; then a session works."""
    guest = machine(initrd=initrd(WORLD))
    enter(guest, "counts")
    for noise in (bytes(range(5, 256)), b"$" * 50, b"$g#00", b"$" + b"m" * 700 + b"#11", b"#" * 60, b"$m0#"):
        guest.send(noise)
        time.sleep(0.2)
    guest.send(frame("?"))
    guest.expect(re.escape(b"$S05#b8"))
    guest.send(frame("Z0,ffffffffffffffff,4"))
    guest.expect(re.escape(frame("E0e")))
    guest.send(frame("m3fffe00000,4") + frame("M0,1:00"))
    guest.expect(re.escape(frame("00000000")))
    guest.expect(re.escape(frame("E0e")))
    guest.send(frame("c"))
    guest.expect(r"counts: count \d+")
    guest.send(b"$g#67 \xff\x80 $?#3f-")
    guest.expect(r"counts: count \d+")
    guest.send(b"\3")
    guest.expect(re.escape(frame("S02")))
    guest.send(frame("D"))
    guest.expect("counts is not debugged any more: it is (ready|sleeping)")
    guest.expect(r"counts: count \d+")
    guest.send("envs\r")
    guest.expect(r"counts +(ready|sleeping) +1 ")


def test_who_cannot_be_debugged(machine, initrd):
    guest = machine(initrd=initrd(WORLD))
    guest.expect("monitor: help lists")
    for name, said in (("init", "serves the console"), ("monitor", "serves the console"), ("nobody", "no environment")):
        guest.send(f"gdb {name}\r")
        guest.expect(said)
    guest.send("gdb faults\r")
    guest.expect("remote protocol")
    guest.send("\4")
    guest.expect("faults is not debugged any more")
    guest.expect(r"faults: count \d+, passed over \d+")


def at_breakpoint(machine, archive):
    """A machine whose `counts` stands at a breakpoint, its session open."""
    guest = machine(initrd=archive)
    enter(guest, "counts")
    symbols = subprocess.run(["riscv64-unknown-elf-nm", f"{qemu.BUILD}/qemu-virt/test/debuggee.elf"],
                             capture_output=True, text=True, check=True).stdout
    say = re.search(r"^0*(\w+) t say$", symbols, re.M)[1]
    guest.send(frame(f"Z0,{say},4"))
    guest.expect(re.escape(frame("OK")))
    guest.send(frame("c"))
    guest.expect(re.escape(frame("S05")))
    return guest


def test_kill(machine, initrd):
    guest = at_breakpoint(machine, initrd(WORLD))
    guest.send(frame("vKill;1"))
    guest.expect("init: counts: killed")
    guest.expect("counts: count 1,")


def test_monitor_ends(machine, initrd):
    """The monitor dies with a session open: what stands at its breakpoint is init's again, who ends and restarts it."""
    world = WORLD.replace('monitor; restart = "always";', 'monitor; supervisor = "assassin";')
    guest = at_breakpoint(machine, initrd(world.replace(
        "/ {", '/ { assassin { program = "assassin"; args = "5"; frames = <256>; };', 1)))
    guest.expect("init: monitor: died of an exception", 20)
    guest.expect("init: counts: died of an exception: breakpoint", 20)
    guest.expect("init: counts: started again", 20)
    guest.expect("counts: count 2,", 20)


def test_running_machine(initrd, log_file, tmp_path):
    """CONSOLE=: the console of a machine that somebody else has started."""
    path = os.path.relpath(tmp_path / "console")
    words = qemu.command(initrd=initrd(WORLD)) + ["-serial", f"unix:{path},server=on,wait=off", "-monitor", "none"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(4)
        done = subprocess.run(["/usr/bin/python3", "scripts/gdb.py", "ENV=counts", f"CONSOLE={path}", f"LOG={log_file()}",
                               "CMD=tbreak say; continue; detach"], capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0 and "say (count=" in done.stdout, done
    finally:
        qemu.end(process)


@pytest.mark.parametrize("words,said", [
    (["GDBPORT=99999"], "GDBPORT=99999"), (["ENV=none"], "no such environment"), (["NIX=1"], "NIX=1"),
    (["ENV=counts", "CONSOLE=/dev/none"], "CONSOLE=/dev/none"), (["ENV=counts", "PROGRAM=none"], "PROGRAM="),
    (["BOARD=none"], "none")], ids=["port", "env", "word", "console", "program", "board"])
def test_says_what_is_wrong(gdb, words, said):
    status, text, _ = gdb(("bt",), *words) if "BOARD=none" not in words else (1, "none", "")
    assert status == 1 and said in text and "Traceback" not in text, text


def test_port_and_tools(gdb):
    import socket  # pylint: disable=import-outside-toplevel
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        status, text, _ = gdb(("bt",), f"GDBPORT={port}")
        assert status == 1 and f"GDBPORT={port}" in text and "in use" in text, text
    status, text, _ = gdb(("p $pc",), f"GDBPORT={port}")
    assert status == 0 and "kern_boot" in text, text
    os.environ["GDB"] = "/nowhere/gdb"
    try:
        status, text, _ = gdb(("bt",))
        assert status == 1 and "gdb-multiarch" in text and "Traceback" not in text, text
    finally:
        del os.environ["GDB"]


def test_failing_command(gdb):
    status, text, _ = gdb(("chitin envs", "chitin nix"))
    assert status == 1 and "does not know its memory yet" in text, text
