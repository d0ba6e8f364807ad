# SPDX-License-Identifier: MIT
"""init at work: starting, watching, restarting and ending environments; its console; where manifests come from.

What init and the kernel refuse is in test_boot.py.
"""
import re
import socket
import subprocess
import threading
import urllib.request

import pytest

import mkinitrd
import qemu

BEAT = 'program = "heartbeat"; frames = <256>;'
DEMISE = 'program = "demise"; frames = <256>;'


def manifest(**environments):
    nodes = "".join(f"{name} {{ {body} }}; " for name, body in environments.items())
    return f"/dts-v1/; / {{ {nodes}}};"


def boot(machine, initrd, environments, **options):
    return machine(initrd=initrd(manifest(**environments)), **options)


def count(guest, pattern):
    return len(re.findall(pattern, guest.console, re.M))


def test_power_off_after_success(machine, initrd):
    """When all are over with status 0, the machine is switched off and says success."""
    guest = boot(machine, initrd, {"a": DEMISE, "b": BEAT + 'args = "1", "2";'})
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert count(guest, "^init: a: ended with status 0$") == 1
    assert count(guest, "^init: b: ended with status 0$") == 1
    assert count(guest, "^b: beat 2,") == 1


def test_power_off_after_failure(machine, initrd):
    guest = boot(machine, initrd, {"a": DEMISE, "b": DEMISE + 'args = "exit", "5";'})
    assert guest.finish(30) == qemu.FAILURE, guest.tail()
    assert count(guest, "^init: b: ended with status 5$") == 1


def test_services_do_not_keep_it_on(machine, initrd):
    """What is restarted for ever serves the others: when they are over, so is the work."""
    guest = boot(machine, initrd, {"job": DEMISE + 'args = "exit", "0", "2";',
                                   "service": BEAT + 'args = "1"; restart = "always";'})
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert count(guest, "^service: beat") >= 2


@pytest.mark.parametrize("how, cause", [("illegal", 2), ("null", 15), ("kernel", 13), ("jump", 12)])
def test_death_record(machine, initrd, how, cause):
    """The record says what happened and where; the others do not notice."""
    guest = boot(machine, initrd, {"bad": DEMISE + f'args = "{how}";', "good": BEAT + 'args = "1", "2";'})
    assert guest.finish(30) == qemu.FAILURE, guest.tail()
    line = guest.expect(rf"^init: bad: died of an exception: .*\(cause {cause}\), pc 0x(\w+), \w+ 0x(\w+)", 0.1)
    if how in ("kernel", "jump"):
        assert line.group(2) == b"ffffffffc0000000"
    assert count(guest, "^good: beat 2,") == 1


REGISTERS = "pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split()
CALL = r"^init:  (.) 0x(\w+) (.*)$"


def record_of(guest, name, end="died of an exception"):
    """The registers, the calls [(mark, address, name)] and the events that follow the first end of an environment."""
    behind = guest.console.split(f"\ninit: {name}: {end}", 1)[1].splitlines()[1:]
    lines = iter([line for line in behind if line.startswith("init:")])  # others print too meanwhile
    registers, calls, events, row = {}, [], [], next(lines)
    while match := re.findall(r"([a-z]\w+) ([0-9a-f]{16})", row):
        registers.update({register: int(value, 16) for register, value in match})
        row = next(lines)
    assert list(registers) == REGISTERS and row == "init: called by (those with ? perhaps earlier):", row
    row = next(lines)
    while match := re.match(CALL, row):
        calls.append((match[1].strip(), int(match[2], 16), match[3]))
        row = next(lines)
    while match := re.match(r"init: +(\d+) us ago  (.*)|init: the last \d+ of its events:", row):
        events += [(int(match[1]), match[2])] if match[1] else []
        row = next(lines)
    return registers, calls, events


def functions(calls):
    return [(mark, re.sub(r"\+0x\w+$", "", name)) for mark, _, name in calls]


def die(machine, initrd, how, body="", **options):
    """Boots one environment that dies so, and one whose beats show that init and the machine go on."""
    bad = f'program = "demise"; args = "{how}"; frames = <256>; {body}'
    guest = boot(machine, initrd, {"bad": bad, "good": BEAT + 'args = "1", "2";'}, **options)
    assert guest.finish(40) == qemu.FAILURE, guest.tail()
    assert count(guest, "^good: beat 2,") == 1
    return guest


def symbols_of(program):
    text = subprocess.run(["riscv64-unknown-elf-nm", f"{qemu.BUILD}/qemu-virt/user/{program}.elf"], check=True,
                          capture_output=True, text=True).stdout
    return {name.split(".")[0]: int(at, 16) for at, _, name in (line.split() for line in text.splitlines())}


def test_record_registers(machine, initrd):
    """The registers are those that the program had: its pc, stack, thread, and what it jumped to."""
    guest = die(machine, initrd, "jump")
    registers, calls, events = record_of(guest, "bad")
    assert registers["pc"] == 0xffffffffc0000000 and registers["gp"] == 0
    assert 0x3fff000000 < registers["sp"] < 0x3fffe00000
    assert registers["tp"] == symbols_of("demise")["__tls_main"]
    assert calls[0] == ("", registers["pc"], "no name") and calls[1][1] == registers["ra"]
    assert functions(calls)[1:] == [("?", "main"), ("", "exo_begin"), ("", "_start")]
    assert not events and count(guest, "of its events") == 0


def test_record_wild_registers(machine, initrd):
    """What the program set last is there, and no stack is looked for at an address that cannot be one."""
    registers, calls, _ = record_of(die(machine, initrd, "wild"), "bad")
    assert registers["sp"] == 0x123456789abcdef0
    assert len(calls) <= 2 and functions(calls)[0] == ("", "main")


def test_record_backtrace(machine, initrd):
    """Who dies three calls below main is named with all its callers, and where in them: behind calls."""
    registers, calls, _ = record_of(die(machine, initrd, "deep"), "bad")
    assert functions(calls) == [("", name) for name in ["innermost", "middle", "outermost", "main", "exo_begin", "_start"]]
    starts = symbols_of("demise")
    assert calls[0][1] == registers["pc"]
    for _, address, name in calls:
        function, offset = name.split("+")
        assert starts[function] + int(offset, 16) == address


@pytest.mark.parametrize("how, name", [("recursion", "deeper"), ("circle", "main")])
def test_record_is_bounded(machine, initrd, how, name):
    """Out of stack, or with a stack that is a circle of addresses behind calls: 16 lines, and init goes on."""
    _, calls, _ = record_of(die(machine, initrd, how), "bad")
    assert [called for _, called in functions(calls)] == [name] * 16


def test_record_events(machine, initrd):
    """On a traced machine the last of its events are there, up to the one that ended it, and no other's."""
    _, _, events = record_of(die(machine, initrd, "null", "hart = <1>;", append="chitin.trace=16384"), "bad")
    words = [word for _, word in events]
    assert 8 <= len(words) <= 32 and words[-1] == "fault 15"
    assert ["call console_write", "return console_write"] == [w for w in words if "console_write" in w]
    times = [ago for ago, _ in events]
    assert times == sorted(times, reverse=True) and times[0] < 40_000_000


def test_record_of_an_exit(machine, initrd):
    """Who ends with failure by itself has nothing but its events told."""
    guest = die(machine, initrd, 'exit", "7', append="chitin.trace=16384")
    assert count(guest, "^init: bad: ended with status 7$") == 1 and count(guest, "^init: called by") == 0
    assert count(guest, r"^init: the last \d+ of its events:$") == 1
    assert count(guest, r"^init: +\d+ us ago  call exit$") == 1


def test_record_overrun(machine, initrd):
    """Who runs over the ends of its slices too often is ended with a reason and registers; its memory is gone. Of its
    many events the last 32 are told."""
    guest = die(machine, initrd, "overrun", "slots = <1 0 2 16>;", append="chitin.trace=16384")
    assert count(guest, r"^init: bad: was ended: it ran over the ends of its slices \d+ times, pc 0x\w+$") == 1
    registers, calls, events = record_of(guest, "bad", "was ended")
    assert registers["pc"] == calls[0][1] and len(calls) <= 2
    assert len(events) == 32 and events[-1][1] == "death overrun"


def test_record_once(machine, initrd):
    """Who ends in the same way again is told in one line."""
    guest = boot(machine, initrd, {"bad": DEMISE + 'args = "null"; restart = "2";'})
    assert guest.finish(40) == qemu.FAILURE, guest.tail()
    assert count(guest, "^init: bad: died of an exception") == 3
    assert count(guest, "^init: called by") == 1


def test_record_without_names(machine, log_file):
    """The names go into the image only if the settings say so."""
    files = [(name, mkinitrd.lean(mkinitrd.read(f"{qemu.BUILD}/qemu-virt/user/{name}.elf"), False))
             for name in ["init", "demise"]]
    files.append(("manifest.dtb", mkinitrd.compiled(manifest(bad=DEMISE + 'args = "deep";'))))
    guest = machine(initrd=mkinitrd.write(log_file(".cpio"), mkinitrd.archive(files)))
    assert guest.finish(40) == qemu.FAILURE, guest.tail()
    _, calls, _ = record_of(guest, "bad")
    assert len(calls) >= 6 and {name for _, _, name in calls} == {"no name"}


def test_restart_counts(machine, initrd):
    guest = boot(machine, initrd, {"a": DEMISE + 'args = "exit", "3"; restart = "2";'})
    assert guest.finish(30) == qemu.FAILURE, guest.tail()
    assert count(guest, "^a: here$") == 3
    assert count(guest, "^init: a: ended with status 3$") == 3
    assert count(guest, "^init: a: started again") == 2


def test_crash_loop_does_not_hog(machine, initrd):
    """It is started again after longer and longer pauses, and nothing of it is left behind."""
    guest = boot(machine, initrd, {"bad": DEMISE + 'args = "null"; restart = "always"; hart = <0>;',
                                   "good": BEAT + 'args = "1", "8"; hart = <0>;'})
    assert guest.finish(40) == qemu.PASS, guest.tail()
    assert 5 <= count(guest, "^bad: here$") <= 8
    assert count(guest, "^good: beat") == 8


def test_many_lives(machine, initrd):
    """32 environments on 4 harts, each with 7 lives that end in different ways: nothing is lost or left behind."""
    ends = ['"exit", "0"', '"null"', '"illegal"', '"kernel"']
    guest = boot(machine, initrd, {f"e{i}": f'program = "demise"; args = {ends[i % 4]}; frames = <128>; '
                                            f'restart = "6"; hart = <{i // 4 % 4}>;' for i in range(32)}, smp=4)
    assert guest.finish(60) == qemu.FAILURE, guest.tail()
    assert count(guest, "^e[0-9]+: here$") == 32 * 7
    assert count(guest, "^init: the work is over$") == 1


def test_too_little_ram(machine, initrd):
    guest = boot(machine, initrd, {"a": DEMISE.replace("256", "400")}, mem="6M", smp=1)
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    guest.expect("^init: manifest: a: frames: there is no room for 400 pages .*; lower it, or give the machine more", 0.1)


def test_kill(machine, initrd):
    """`kill NAME` ends one environment; the others go on, and it is started again."""
    guest = boot(machine, initrd, {"victim": BEAT + 'args = "1"; restart = "always";',
                                   "other": BEAT + 'args = "1"; restart = "always";'})
    for life in range(3):
        guest.expect("^victim: beat 1,")
        guest.expect("^other: beat")
        guest.send("kill victim\r")
        guest.expect("^init: victim: killed")
        guest.expect("^init: victim: started again")
    beats = count(guest, "^other: beat")
    guest.expect(f"^other: beat {beats + 2},")
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()
    assert count(guest, "^other: beat 1,") == 1


def test_kill_on_sifive_u(machine, initrd):
    """The same on the board with another console and another interrupt controller layout, across harts."""
    with open("boards/qemu-sifive_u/manifest.dts", encoding="utf-8") as f:
        guest = machine(initrd=initrd(f.read()), board="qemu-sifive_u", kernel=f"{qemu.BUILD}/qemu-virt/Image")
    guest.expect("^vitals: hart 3:")
    guest.send("kill vitals\r")
    guest.expect("^init: vitals: killed")
    guest.expect("^init: vitals: started again")
    guest.expect("^vitals: hart 3:")
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()


class Clients:
    """Threads that fetch one page over and over, whatever becomes of it."""

    def __init__(self, url, count=4):
        self.url, self.stopped, self.served, self.more = url, False, 0, threading.Condition()
        self.threads = [threading.Thread(target=self._fetch) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _fetch(self):
        while not self.stopped:
            try:
                with urllib.request.urlopen(self.url, timeout=3) as answer:
                    answer.read()
            except (OSError, ValueError):
                continue
            with self.more:
                self.served += 1
                self.more.notify_all()

    def wait(self, count):
        """Until so many more pages were served; False if that does not happen within 30 s."""
        with self.more:
            goal = self.served + count
            return self.more.wait_for(lambda: self.served >= goal, 30)

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()


def test_kill_under_load(machine, tmp_path):
    """The web server is killed while its disk and network are busy; its next life has both again."""
    disk = str(tmp_path / "disk.img")
    subprocess.run(["/usr/bin/python3", "scripts/mksite.py", "--out", disk], check=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    guest = machine(initrd=f"{qemu.BUILD}/qemu-virt/initrd.cpio", disk=disk, net="user", forward=[(port, 80)])
    guest.expect("^web: serving")
    clients = Clients(f"http://127.0.0.1:{port}/")
    try:
        for _ in range(5):
            assert clients.wait(20), guest.tail()
            guest.send("kill web\r")
            guest.expect("^init: web: killed", 10)
            guest.expect("^init: web: started again", 20)
        assert clients.wait(20), guest.tail()
    finally:
        clients.stop()
    assert count(guest, "^heartbeat: beat 1,") == 1
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()


def test_kill_ends_what_is_not_restarted(machine, initrd):
    guest = boot(machine, initrd, {"a": DEMISE + 'args = "idle";'})
    guest.expect("^a: here")
    guest.send("kill a\r")
    assert guest.finish(10) == qemu.FAILURE, guest.tail()


def test_console(machine, initrd):
    """Commands, wrong ones, a line of 10 000 characters, noise: init answers and goes on."""
    guest = boot(machine, initrd, {"a": BEAT + 'args = "1";'})
    guest.expect("^a: beat 1,")
    guest.send("help\r")
    guest.expect("^kill NAME ")
    guest.send("envs\r")
    guest.expect(r"^a +running +1 +0 +256 +heartbeat")
    guest.send("kill nobody\r")
    guest.expect('^no environment "nobody" runs')
    guest.send("dance\r")
    guest.expect('^unknown command "dance"')
    guest.send("kill\r")
    guest.expect("^to be typed as: kill NAME ")
    guest.send("power off now\r")
    guest.expect("^to be typed as: power off ")
    guest.send("  kill   someone \r")
    guest.expect('^no environment "someone" runs')
    guest.send("kilx\x7fl a wo\b\b\b\bno\r")
    guest.expect('^no environment "no" runs')
    for start in range(0, 10000, 500):
        guest.send("x" * 500)
    guest.send("\r")
    guest.expect("^the line is longer than", 60)
    guest.send(bytes(byte for byte in range(256) if byte not in b"\r\n") * 20 + b"\r")
    guest.expect("^the line is longer than|^unknown command", 60)
    guest.send("envs\r")
    guest.expect(r"^a +running")
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()


def test_console_of_an_environment(machine, initrd):
    """Who has the right to read gets what is typed, not init."""
    guest = boot(machine, initrd, {"a": BEAT + 'args = "1", "4"; console = "read-write";'})
    guest.expect("^a: beat 1,")
    guest.send("power off\r")
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert count(guest, "^a: beat 4,") == 1


def test_quiet(machine, initrd):
    guest = boot(machine, initrd, {"a": DEMISE}, append="x=1 chitin.quiet")
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert count(guest, "^init: a: started") == 0
    assert count(guest, "^init: a: ended with status 0$") == 1


def test_manifest_of_the_firmware(machine, initrd, log_file):
    """A node /chosen/chitin in the firmware's tree replaces the manifest of the initrd."""
    dumped, tree = log_file(".dumped.dtb"), log_file(".dtb")
    subprocess.run([qemu.QEMU, "-M", f"virt,dumpdtb={dumped}", "-smp", "2", "-m", "256M", "-display", "none"],
                   check=True, capture_output=True, timeout=30)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dumped], check=True, capture_output=True).stdout
    node = b'/ { chosen { chitin { firm { program = "heartbeat"; frames = <256>; args = "0", "1"; }; }; }; };'
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree], input=source + node, check=True)
    guest = boot(machine, initrd, {"other": BEAT}, extra=["-dtb", tree])
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert count(guest, "^firm: beat 1,") == 1
    assert count(guest, "^other:") == 0


def test_harts(machine, initrd):
    """Every environment runs on the hart that it asked for."""
    guest = boot(machine, initrd, {f"e{n}": f'program = "vitals"; args = "1", "2"; frames = <256>; hart = <{n}>;'
                                   for n in range(4)}, smp=4)
    assert guest.finish(30) == qemu.PASS, guest.tail()
    for hart in range(4):
        guest.seen = 0
        environments = int(guest.expect(rf"^e3: hart {hart}: (\d+) environments", 0.1).group(1))
        assert environments == (2 if hart == 0 else 1)


@pytest.mark.parametrize("body, said", [
    (BEAT + "hart = <8>;", "m.dts: a: hart: 8 is out of range; it must be from 0 to 7"),
    (BEAT, None),
])
def test_make_refuses(log_file, body, said):
    """The checks of init are made while the manifest is built, too."""
    blob = mkinitrd.write(log_file(".dtb"), mkinitrd.compiled(manifest(a=body)))
    done = subprocess.run([f"{qemu.BUILD}/host/check-manifest", blob, "m.dts"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == ((1, said + "\n") if said else (0, ""))


REFUSED = [
    ("frames", BEAT.replace("256", "8"), "a: frames: 8 pages are too few for \"heartbeat\""),
    ("hart", BEAT + "hart = <2>;", "a: hart: there is no hart 2; this machine has 2"),
    ("ram", BEAT.replace("256", "0x10000"), "a: frames: there is no room for 65536 pages"),
    ("property", BEAT + 'colour = "red";', "a: colour: there is no property of this name"),
    ("device_taken", BEAT + 'irqs = "google,goldfish-rtc";', 'a: irqs: "first" has the same device; give it to one'),
    ("device_kept", BEAT + 'windows = "sifive,clint0"; dma-trusted;', 'a: windows: "sifive,clint0" is the kernel\'s'),
    ("device_console", BEAT + 'windows = "ns16550a";', 'a: windows: the kernel keeps the registers of "ns16550a"'),
    ("device_dma", BEAT + 'windows = "pci-host-ecam-generic";',
     'a: windows: "pci-host-ecam-generic" may be able to reach all memory'),
    ("device_absent", BEAT + 'windows = "sifive,gpio0";', 'a: windows: this machine has no device "sifive,gpio0"'),
    ("supervisor", BEAT + 'supervisor = "b";', 'a: supervisor: there is no environment "b"'),
]


@pytest.mark.parametrize("body, said", [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refuses(machine, initrd, body, said):
    """Nothing is started when anything is wrong."""
    guest = boot(machine, initrd, {"first": DEMISE + 'irqs = "google,goldfish-rtc";', "a": body})
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    guest.expect("^init: manifest: " + re.escape(said), 0.1)
    assert count(guest, "^first: here") == 0
