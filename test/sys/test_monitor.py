# SPDX-License-Identifier: MIT
"""The monitor at a terminal: every command, wrong ones, editing, long lines and noise; `make monitor CMD=`."""
import os
import random
import re
import subprocess
import sys

import pexpect
import pytest

import mkinitrd
import qemu

MONITOR = 'monitor { program = "monitor"; frames = <512>; monitor; restart = "always"; };'
# Silent for an hour after its first line.
QUIET = 'program = "heartbeat"; args = "3600"; frames = <256>; restart = "always";'
TALKER = """program = "talker"; frames = <256>;
            nic = "loop"; filter-receive = "0:6=nic"; filter-transmit = "6:6=nic";"""
PROMPT = "\rmonitor> \x1b[K"
SECONDS = 20


def manifest(**environments):
    nodes = "".join(f" {name} {{ {body} }};" for name, body in environments.items())
    return f"/dts-v1/; / {{ {MONITOR}{nodes} }};"


class Terminal:
    """QEMU on a pseudo-terminal; what the monitor prints, without carriage returns."""

    def __init__(self, log, **options):
        words = qemu.command(**options) + ["-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con",
                                           "-monitor", "none"]
        self.log = open(log, "w", encoding="utf-8")
        self.child = pexpect.spawn(words[0], words[1:], encoding="latin-1", timeout=SECONDS, logfile=self.log,
                                   echo=False, dimensions=(24, 80))
        self.child.delaybeforesend = None

    def prompt(self):
        """Wait for the next prompt; returns what came before it."""
        self.child.expect_exact(PROMPT)
        return self.child.before.replace("\r", "")

    def type(self, keys):
        self.child.send(keys)

    def run(self, command, line=None):
        """Carry out a command; returns its lines, without the ones that a restarted heartbeat puts between them.

        Return draws the whole line once more; what others say while it is typed comes before that. `line` is what is
        drawn then, a pattern, where the command is more keys than characters."""
        self.type(command + "\r")
        self.child.expect(f"\rmonitor> {line or re.escape(command)}\x1b\\[K\r*\n")
        return [line for line in self.prompt().splitlines() if line and not re.match(r"\w+: beat \d", line)]

    def begin(self, beating):
        """Wait for the first prompt and for the only line of every QUIET one, in any order."""
        awaited = {"monitor"} | beating
        while awaited:
            self.child.expect(re.escape(PROMPT) + r"|(\w+): beat 1, [^\n]*\n")
            awaited -= {self.child.match.group(1) or "monitor"}

    def expect(self, pattern):
        self.child.expect(pattern)
        return self.child.match

    def ended(self):
        self.child.expect(pexpect.EOF)
        return self.child.before.replace("\r", "")

    def close(self):
        self.child.close(force=True)
        self.log.close()


@pytest.fixture
def terminal(log_file, initrd):
    terminals = []

    def start(environments=None, programs=(), **options):
        environments = {"victim": QUIET} if environments is None else environments
        terminals.append(Terminal(log_file(), initrd=initrd(manifest(**environments), programs=programs), **options))
        terminals[-1].begin({name for name, body in environments.items() if QUIET in body})
        return terminals[-1]
    yield start
    for one in terminals:
        one.close()


def state(terminal, name):
    """The columns of `envs` for one environment."""
    return next(line.split() for line in terminal.run("envs") if line.startswith(name + " "))


def test_envs(terminal):
    t = terminal({"victim": QUIET, "job": 'program = "vitals"; args = "3600"; frames = <200>; hart = <1>;'})
    lines = [line for line in t.run("envs") if not line.startswith("job: ")]    # it says something once, at any moment
    assert lines[0].split() == ["name", "state", "starts", "hart", "pages", "program", "restart"]
    assert re.match(r"init +sleeping +1 +0 +- +init", lines[1])
    assert re.match(r"monitor +ready +1 +0 +512 +monitor +always", lines[2])
    assert re.match(r"victim +sleeping +1 +0 +256 +heartbeat +always", lines[3])
    assert re.match(r"job +(?:sleeping|ready) +1 +1 +200 +vitals +never", lines[4])


def branches(lines):
    """(depth, holder, slot, type, first, count) of the lines of `caps`."""
    for line in lines:
        match = re.match(r"([|` -]*)([^:]+):(\d+) ([A-Z]+)(?: 0x([0-9a-f]+) \+(\d+))?", line)
        assert match, line
        art, holder, slot, kind, first, count = match.groups()
        yield len(art) // 3, holder, int(slot), kind, int(first or "0", 16), int(count or 0)


def test_caps(terminal):
    """The tree is drawn from its roots, each below what it was derived from; with a name, what that one holds."""
    t = terminal()
    path, kinds = [], set()
    for depth, holder, _, kind, first, count in branches(t.run("caps")):
        assert depth <= len(path)
        del path[depth:]
        if path and kind == path[-1][0]:
            assert path[-1][1] <= first and first + count <= path[-1][1] + path[-1][2]
        path.append((kind, first, count))
        kinds.add((holder, kind))
    assert {("init", "FRAME"), ("init", "ENV"), ("victim", "CSPACE"), ("monitor", "ENV")} <= kinds
    held = list(branches(t.run("caps victim")))
    assert {holder for _, holder, *_ in held} == {"victim"}
    assert [kind for _, _, _, kind, *_ in held] == ["SPACE", "CSPACE", "ENV", "CONSOLE", "FRAME", "FRAME"]


def test_frames(terminal):
    t = terminal(mem="64M")
    text = "\n".join(t.run("frames"))
    pages, mapped, rest = map(int, re.match(r"(\d+) pages of 4 KiB: (\d+) mapped, (\d+) not", text).groups())
    objects = sum(int(n) for n in re.findall(r"^  \S.* (\d+)$", text, re.M))
    assert pages == 64 << 8 and mapped + rest + objects == pages
    assert re.search(r"^\|[K#+.]{64}\| 256 pages each$", text, re.M)
    assert re.search(r"^victim +256 +[1-9]\d* +[1-9]\d* +0x80", text, re.M)


def test_timeline(terminal):
    t = terminal({"victim": QUIET, "job": QUIET + "slots = <1 0 4 16>;",
                  "more": QUIET + "slots = <1 2 1 2>; slack;"})
    lines = t.run("timeline")
    assert re.match(r"64 slots of 250 us, now in slot \d+$", lines[0])
    assert lines[1] == f"hart 0    0 |{'.' * 64}|"
    assert lines[2] == f"hart 1    0 |c.dd{'c...' * 15}|"
    got = r"[1-9]\d* turns, [1-9]\d* us in them \(\d+ to devices\), 0 overruns, 0 slots forfeited$"
    assert re.match(r"c job +hart 1, " + got, lines[5])
    assert re.match(r"d more +hart 1, takes what is left, " + got, lines[6])


def test_irqs(terminal):
    lines = terminal(smp=3).run("irqs")
    assert re.match(r"\d+ lines; ", lines[0])
    assert any(re.match(r"line \d+(?: to \d+)?: init, unused$", line) for line in lines)
    assert [line[:7] for line in lines[-3:]] == ["hart 0:", "hart 1:", "hart 2:"]


def test_nics(terminal):
    """A card and the loop; what a program sends through the loop is counted there."""
    t = terminal({"victim": QUIET, "talker": TALKER}, [f"{mkinitrd.BUILD}/qemu-virt/test/talker.elf"], net="user")
    for _ in range(100):
        head, *lines = t.run("nics")
        card, loop = [line.split() for line in lines]
        if loop[7] != "0":      # the last that it does
            break
    assert head.split() == "NIC device MAC received unmatched dropped transmitted refused rings".split()
    assert card[:3] == ["0", "virtio-net", "52:54:00:12:34:56"] and card[6] == card[8] == "0"
    assert loop == ["3", "loop", "02:43:68:69:00:00", "5", "1", "0", "6", "1", "2"]


# Two that differ in a port, behind a header of variable length; one of another kind; a share.
FILTERED = {
    "web": """program = "udpecho"; frames = <256>; nic = <0>; filter = "ether dst nic and udp dst port 80";
              filter-transmit = "6:6=nic"; restart = "always";""",
    "echo": """program = "udpecho"; frames = <256>; nic = <0>; filter = "ether dst nic and (udp dst port 7 or arp)";
               filter-transmit = "6:6=nic"; restart = "always";""",
    "victim": QUIET,
}


def drawn(lines):
    """(depth, text) of the lines of `filters`, for each NIC."""
    nics = {}
    tree = None
    for line in lines:
        match = re.match(r"nic (\d), (.*)", line)
        if match:
            tree = nics.setdefault(match[1], [])
        elif tree is not None and not re.match(r"\w+: ", line):      # what udpecho says, or the end of it
            art = re.match(r"[|` -]*", line)[0]
            tree.append((len(art) // 3, line[len(art):]))
    return nics


def test_filters(terminal):
    """The trie: what all test stands once and above, filters that differ in a value beside each other, with packets and rings."""
    t = terminal(FILTERED, net="user")
    for _ in range(100):        # until both have all of their rings
        text = "\n".join(t.run("filters 0"))
        if len(re.findall(" to ring ", text)) == 5:
            break
    tree = drawn(text.splitlines())["0"]
    assert re.fullmatch(r"filter 0: \d+ packets, init:\d+", tree[0][1])
    assert tree[1] == (1, "0:6=0x525400123456")
    ports = {}
    for depth, line in tree[2:]:
        match = re.fullmatch(r"(\S.*?)(?: -> filter (\d+): 0 packets, (\w+):\d+ to ring (\w+):\d+)?", line)
        assert match[3] == match[4]
        ports[(depth, match[1])] = match[3]
    assert ports == {(2, "12:2=0x0800 20:2&0x3fff=0x0000 23:1=0x11 14:1&0xf<<2"): None, (3, "+16:2=0x0007"): "echo",
                     (3, "+16:2=0x0050"): "web", (2, "12:2=0x0806"): "echo", (2, "12:2=0x86dd 20:1=0x11"): None,
                     (3, "56:2=0x0007"): "echo", (3, "56:2=0x0050"): "web"}
    t.run("kill web")
    for _ in range(100):
        text = "\n".join(t.run("filters 0"))
        if "web:" not in text:
            break
    assert t.run("filters 2") == ["there is no NIC 2; nics lists them"]


def test_filters_shared(terminal):
    """Copies of one kind end at one node, below what they are copies of, which has tests and filters of its own."""
    body = """program = "udpecho"; frames = <256>; nic = <0>; filter-transmit = "6:6=nic";
              filter-receive = "0:6=nic", "12:2=0x%s"; filter-shared = "0:6=ff:ff:ff:ff:ff:ff";"""
    t = terminal({"one": body % "0800", "two": body % "0806", "victim": QUIET}, net="user")
    for _ in range(100):
        text = "\n".join(t.run("filters 0"))
        if len(re.findall(" to ring ", text)) == 4:
            break
    shape = [(depth, re.sub(r"(?<=filter) \d+|\d+ (?=packets)|:\d+(?= |$)", "", line))
             for depth, line in drawn(text.splitlines())["0"]]
    assert shape[:5] == [(0, "filter: packets, init"), (1, "0:6=0x525400123456"),
                         (2, "12:2=0x0800 -> filter: packets, one to ring one"),
                         (2, "12:2=0x0806 -> filter: packets, two to ring two"),
                         (1, "0:1&0x01=0x01 -> filter: packets, init")]
    assert shape[5] == (2, "0:6&0xfeffffffffff=0xfeffffffffff")
    assert sorted(shape[6:]) == [(3, f"filter, a share: packets, {name} to ring {name}") for name in ["one", "two"]]


def test_filters_tapped(terminal):
    """A tap of all ends above every other filter, and takes nothing of what stands below: each line is there once."""
    tap = 'program = "tcpdump"; args = "icmp"; frames = <512>; nic = <0>; filter-tap;'
    body = """program = "udpecho"; frames = <256>; nic = <0>; filter-transmit = "6:6=nic";
              filter-receive = "0:6=nic"; filter-shared = "0:6=ff:ff:ff:ff:ff:ff";"""
    t = terminal({"dump": tap, "echo": body, "victim": QUIET}, net="user")
    for _ in range(100):
        text = "\n".join(t.run("filters 0"))
        if " to ring dump:" in text and len(re.findall(r" to ring echo:", text)) >= 2:
            break
    shape = [(depth, re.sub(r"(?<=filter) \d+|\d+ (?=packets)|:\d+(?= |$)", "", line))
             for depth, line in drawn(text.splitlines())["0"]]
    assert shape == [(0, "filter: packets, init"),
                     (1, "filter, a share: packets, dump to ring dump"),
                     (1, "0:6=0x525400123456 -> filter: packets, echo to ring echo"),
                     (1, "0:1&0x01=0x01 -> filter: packets, init"),
                     (2, "0:6&0xfeffffffffff=0xfeffffffffff -> filter, a share: packets, echo to ring echo")]


def test_filters_count(terminal):
    """What a program sends through the loop is counted where it ends, above too, and in its ring."""
    t = terminal({"victim": QUIET, "talker": TALKER}, [f"{mkinitrd.BUILD}/qemu-virt/test/talker.elf"])
    for _ in range(100):
        tree = drawn(t.run("filters"))["3"]
        if tree[0][1].startswith("filter 0: 6 packets, init:"):     # all that it sends
            break
    assert len(tree) == 2
    assert re.fullmatch(r"0:6=0x024368690000 -> filter 1: 5 packets, talker:\d+ to ring talker:\d+", tree[1][1])
    head, *lines = t.run("rings")
    assert head.split() == "ring kind bound to size queued taken done read flying dropped handled failed".split()
    receive, transmit = sorted(line.split() for line in lines if line.startswith("talker:"))
    assert receive[1:6] == ["receive", "nic", "3,", "filter", "1"] and transmit[1:6] == ["transmit", *receive[2:6]]
    assert receive[7:10] == ["-", "-", "5"] and receive[11:] == ["-", "0", "0", "0"]
    assert transmit[6:10] == ["32", "7", "7", "7"] and transmit[11:] == ["0", "-", "-", "-"]


def test_top(terminal):
    """It goes on until q; with a number it ends by itself."""
    t = terminal()
    t.type("top\r")
    t.expect("q ends it")
    t.expect(r"ready, of \d+ looks")
    t.expect(r"victim +sleeping +0 +0\.\d % +0\.\d{3} s +0 %")
    t.type("xq")
    t.prompt()
    lines = t.run("top 1")
    assert any(line.startswith("hart 1: ") for line in lines)
    assert re.match(r"monitor +ready +0 +\d+\.\d % +\d+\.\d{3} s +it looks", lines[-2])


def shares(lines):
    """{name: (percent of a hart, seconds)} of the last round of `top`."""
    return {match[1]: (float(match[2]), float(match[3]))
            for match in (re.match(r"(\w+) +\w+ +\d +(\d+\.\d) % +(\d+\.\d{3}) s ", line) for line in lines) if match}


SPIN = 'program = "demise"; args = "spin"; frames = <256>; restart = "always"; hart = <1>;'


def test_top_alone(terminal):
    """Who is alone on its hart, in a turn without end, has all of it; its time grows by that of the rounds."""
    t = terminal({"busy": SPIN, "victim": QUIET})
    first, second = shares(t.run("top 1")), shares(t.run("top 2"))
    for used in (first, second):
        assert used["busy"][0] > 90 and used["victim"][0] < 5 and used["monitor"][0] < 40, used
    assert 1.5 < second["busy"][1] - first["busy"][1] < 15
    assert second["victim"] == first["victim"] and state(t, "busy")[1] == "ready"


def test_top_shares(terminal):
    """Two that spin on a hart where a third owns every fourth slot share the rest, to the instruction."""
    spin = SPIN.replace("hart = <1>;", "")
    t = terminal({"a": spin, "b": spin, "owner": spin + "slots = <0 0 4 16>;"}, icount=True)
    used = {name: share for name, (share, _) in shares(t.run("top 1")).items()}
    assert 24 < used["owner"] < 26 and abs(used["a"] - used["b"]) < 3, used
    assert 92 < used["owner"] + used["a"] + used["b"] + used["monitor"] <= 100.5, used


TRACED = {"append": "chitin.trace=8192"}


def events(lines):
    """{hart: [(who, what)]} of the lines of `trace`, oldest first."""
    found, hart, before = {}, None, 0
    for line in lines:
        head = re.match(r"hart (\d+): the last (\d+)(?: of \w+)?$", line)
        if head:
            assert hart is None or len(found[hart]) == before
            hart, before = int(head[1]), int(head[2])
            found[hart] = []
        else:
            match = re.match(r" *(\d+) us ago  (\S+|page 0x\w+) +(\S.*)$", line)
            found[hart].append((match[2], match[3], int(match[1])))
    assert hart is None or len(found[hart]) == before
    for of_hart in found.values():
        times = [ago for _, _, ago in of_hart]
        assert times == sorted(times, reverse=True)
    return {hart: [event[:2] for event in of_hart] for hart, of_hart in found.items()}


def test_trace(terminal):
    """The last events of one environment, where it runs; of all on every hart, without the monitor's own."""
    t = terminal({"victim": QUIET + "hart = <1>;"}, **TRACED)
    found = events(t.run("trace victim"))
    assert list(found) == [1] and {who for who, _ in found[1]} == {"victim"}
    what = [word for _, word in found[1]]
    assert what.index("call console_write") < what.index("return console_write") < what.index("call sleep")
    assert [len(list_) for list_ in events(t.run("trace 2 victim")).values()] == [2]
    everybody = events(t.run("trace"))
    assert list(everybody) == [0, 1] and {who for who, _ in everybody[0]} <= {"init", "nobody"}
    assert {who for who, _ in everybody[1]} <= {"victim", "nobody"}
    assert ("monitor", "call console_write") in events(t.run("trace 256 monitor"))[0]
    assert {who for who, _ in events(t.run("trace init"))[0]} == {"init"}


def test_trace_of_the_dead(terminal):
    """What it did last is still there when it is over, in each of its lives."""
    t = terminal({"bad": 'program = "demise"; args = "null", "0"; frames = <256>; restart = "1"; hart = <1>;',
                  "victim": QUIET}, **TRACED)
    while state(t, "bad")[1] != "over":
        t.run("")
    assert [word for _, word in events(t.run("trace 256 bad"))[1]].count("fault 15") == 2


def test_trace_not_armed(terminal):
    """Without the boot argument there are only faults, and what is to be done about it is said."""
    hint = ("only faults and overruns are recorded; for all else start the machine with chitin.trace among its boot "
            "arguments")
    t = terminal()
    assert t.run("trace victim") == [hint, "there are no events of victim"]
    t = terminal({"bad": 'program = "demise"; args = "illegal"; frames = <256>; restart = "1"; hart = <1>;',
                  "victim": QUIET})
    while state(t, "bad")[1] != "over":
        t.run("")
    lines = t.run("trace 9")
    assert lines[0] == hint and events(lines[1:]) == {1: [("bad", "fault 2")] * 2}


def test_kill(terminal):
    """What is killed starts again by the manifest's rule, and the monitor sees its next life. Lines of others do not
    come behind the prompt."""
    t = terminal()
    for life in range(2, 4):
        t.type("kill victim\r")
        t.expect("\ninit: victim: killed")
        t.expect("\ninit: victim: started again")
        t.expect("\nvictim: beat 1,")
        t.run("")
        assert state(t, "victim")[1:3] == ["sleeping", str(life)]
        assert len(t.run("caps victim")) == 6


def test_kill_ends_the_work(terminal):
    t = terminal({"job": 'program = "demise"; args = "idle"; frames = <256>;'})
    t.type("kill job\r")
    t.expect("init: job: killed")
    assert "power off after failure" in t.ended()


def test_kill_itself(terminal):
    """The next monitor has the console, and sees the others as this one did."""
    t = terminal()
    t.type("kill monitor\r")
    t.expect("init: monitor: killed")
    t.expect("init: monitor: started again")
    t.prompt()
    assert state(t, "monitor")[2] == "2"
    assert state(t, "victim")[1:3] == ["sleeping", "1"]
    t.type("kill victim\r")
    t.expect("init: victim: started again")


def test_revoke(terminal):
    t = terminal()
    free = next(slot for _, _, slot, kind, _, count in branches(t.run("caps victim")) if kind == "FRAME" and count > 1)
    assert t.run(f"revoke victim {free}") == [f"slot {free} of victim was revoked"]
    assert free not in [slot for _, _, slot, *_ in branches(t.run("caps victim"))]
    assert t.run(f"revoke victim {free}")[0].endswith("the slot is empty; caps lists those that are not")
    assert "one of several shares" in t.run("revoke victim 1")[0]
    assert state(t, "victim")[1] == "sleeping"


def registers(lines):
    return dict(re.findall(r"(\w+) +(0x[0-9a-f]{16})", "\n".join(lines)))


def test_stop_resume(terminal):
    """Who is stopped stays where it is; resumed, it goes on from there."""
    t = terminal({"beat": QUIET.replace("3600", "1")})
    assert t.run("stop beat") == []
    assert state(t, "beat")[1] == "stopped"
    before = registers(t.run("regs beat"))
    assert t.run("stop beat") == []
    assert registers(t.run("regs beat")) == before
    t.type("resume beat\r")
    t.expect("beat: beat 2,")
    t.run("")
    assert state(t, "beat")[1] == "sleeping"
    assert t.run("resume beat") == ["beat is not stopped: it is sleeping"]


def test_regs(terminal):
    """Also of one that runs all the time, which goes on afterwards."""
    t = terminal({"busy": 'program = "demise"; args = "spin"; frames = <256>; hart = <1>; restart = "always";',
                  "victim": QUIET})
    busy = registers(t.run("regs busy"))
    assert len(busy) == 32 and 0x10000 <= int(busy["pc"], 16) < 0x40000
    assert state(t, "busy")[1] == "ready"
    assert len(registers(t.run("regs victim"))) == 32
    assert t.run("regs init")[-1].startswith("it runs: ")


def first_bytes(program):
    """The first bytes that a program has at the address 0x10000."""
    with open(f"{qemu.BUILD}/qemu-virt/user/{program}.elf", "rb") as f:
        elf = f.read()
    offset = int.from_bytes(elf[64 + 8:64 + 16], "little")
    assert int.from_bytes(elf[64 + 16:64 + 24], "little") == 0x10000
    return elf[offset:offset + 256]


def test_read(terminal):
    t = terminal()
    want = first_bytes("heartbeat")
    lines = t.run("read 0x10000 100 victim")
    assert bytes.fromhex("".join(line[13:61] for line in lines)) == want[:100]
    assert len(t.run("read 65536 victim")) == 4
    assert t.run("read 0x10001 2 victim")[0].split()[:3] == ["0x0000010001", f"{want[1]:02x}", f"{want[2]:02x}"]
    assert t.run("read 0 victim") == ["0x0000000000 cannot be read: nothing is mapped at that address"]


@pytest.mark.parametrize("command, said", [("poweroff", "power off"), ("power off", "power off"),
                                           ("reboot", "reboot"), ("power reboot", "reboot")])
def test_end(terminal, command, said):
    t = terminal()
    t.type(command + "\r")
    assert re.search(f"^chitin: {said}$", t.ended(), re.M)


WRONG = [
    ("dance", 'unknown command "dance"; help lists them'),
    ("envs now", "to be typed as: envs"),
    ("caps a b", "to be typed as: caps [NAME]"),
    ("caps nobody", 'there is no environment "nobody"; envs lists them'),
    ("kill", "to be typed as: kill NAME"),
    ("kill init", "init cannot be killed: all others came from it; poweroff ends them all"),
    ("stop init", "init cannot be stopped: all others came from it; poweroff ends them all"),
    ("stop monitor", "the monitor cannot stop itself, for nobody could resume it"),
    ("resume victim", "victim is not stopped: it is sleeping"),
    ("revoke victim", "to be typed as: revoke NAME SLOT"),
    ("revoke victim 0", 'slot "0": it must be a number from 1 to 32255, or 0x and hexadecimal'),
    ("revoke victim 32000", "slot 32000 of victim was not revoked: the slot is empty; caps lists those that are not"),
    ("regs", "to be typed as: regs NAME"),
    ("read victim", "to be typed as: read ADDRESS [COUNT] NAME"),
    ("read 0x victim", 'address "0x": it must be a number from 0 to 274877906943, or 0x and hexadecimal'),
    ("read 12z victim", 'address "12z": it must be a number from 0 to 274877906943, or 0x and hexadecimal'),
    ("read 0xffffffff80000000 victim",
     'address "0xffffffff80000000": it must be a number from 0 to 274877906943, or 0x and hexadecimal'),
    ("read 99999999999999999999999 victim",
     'address "99999999999999999999999": it must be a number from 0 to 274877906943, or 0x and hexadecimal'),
    ("read 0 0 victim", 'count "0": it must be a number from 1 to 4096, or 0x and hexadecimal'),
    ("top -1", 'rounds "-1": it must be a number from 1 to 100000, or 0x and hexadecimal'),
    ("trace nobody", 'there is no environment "nobody"; envs lists them'),
    ("trace 0", 'count "0": it must be a number from 1 to 256, or 0x and hexadecimal'),
    ("trace 257 victim", 'count "257": it must be a number from 1 to 256, or 0x and hexadecimal'),
    ("trace victim 3", 'count "victim": it must be a number from 1 to 256, or 0x and hexadecimal'),
    ("trace 1 victim 2", "to be typed as: trace [COUNT] [NAME]"),
    ("power", "to be typed as: power off|reboot"),
    ("power on", 'power "on": it must be off or reboot'),
    ("help dance", 'unknown command "dance"; help lists them'),
    ("a b c d e f g h", 'unknown command "a"; help lists them'),
    ("read 1 2 3 4 5 6 7", "to be typed as: read ADDRESS [COUNT] NAME"),
]


def test_wrong(terminal):
    """What cannot be done is said in one line that names it; nothing happens."""
    t = terminal()
    for command, said in WRONG:
        assert t.run(command) == [said], command
    assert state(t, "victim")[1:3] == ["sleeping", "1"]


def test_help(terminal):
    t = terminal()
    listed = [line.split()[0] for line in t.run("help")[:-1]]
    assert {"envs", "caps", "frames", "timeline", "irqs", "nics", "filters", "rings", "top", "trace", "kill", "revoke", "stop", "resume", "regs",
            "read", "reboot", "poweroff", "help"} <= set(listed)
    for command in listed:
        assert t.run(f"help {command}")[0].startswith(command)


def test_several(terminal):
    t = terminal()
    lines = t.run(" timeline ;; dance;envs ; ")
    assert lines[0].startswith("64 slots")
    assert 'unknown command "dance"; help lists them' in lines
    assert lines[-1].startswith("victim ")


UP, DOWN, RIGHT, LEFT, HOME, END, REMOVE = (f"\x1b[{key}" for key in ["A", "B", "C", "D", "H", "F", "3~"])


def test_editing(terminal):
    """Keys, history and completion, seen in which command is carried out."""
    t = terminal()
    said = 'unknown command "one"; help lists them'
    for keys in ["onne" + LEFT + "\x08", "ne" + HOME + "o", "xone\x01" + REMOVE, "oe" + LEFT + "n" + END,
                 "on\x01\x05e", "onexyz" + LEFT * 3 + "\x0b", "xyz\x15one", "two\x17one", "one",
                 UP, "bad" + UP + DOWN + "\x15" + UP, "\x10"]:
        assert t.run(keys, "one") == [said], keys
    assert t.run("regs vi\t", "regs victim ") == t.run("regs victim")
    assert t.run("irq\t", "irqs ")[0].endswith("or nobody's")
    t.type("re\t\t")
    t.expect("revoke resume regs read reboot ")
    t.type("\x03")
    t.prompt()
    t.type("half\x0cway")
    t.expect("\x1b\\[H\x1b\\[2J\rmonitor> half")
    assert t.run("", "halfway") == ['unknown command "halfway"; help lists them']


def test_long_line(terminal):
    """A line of 10 000 characters does nothing, says so, and the next one works."""
    t = terminal()
    for _ in range(20):
        t.type("envs;" * 100)
    t.type("\r")
    t.expect("\nthe line is longer than 255 characters; nothing is done")
    t.prompt()
    assert state(t, "victim")[1] == "sleeping"


def test_noise(terminal):
    """Random bytes, and sequences cut anywhere: it goes on, and nothing came of it."""
    t = terminal()
    noise = random.Random(5)
    for _ in range(40):
        t.type("".join(chr(noise.randrange(256)) for _ in range(200)))
        t.type("".join(noise.choice(["\x1b", "[", "O", "1", ";", "~", "A", "\t"]) for _ in range(50)))
        t.type("\x1b[1;2\x03dance\r")
        t.expect('unknown command "dance"')
        t.prompt()
    assert state(t, "victim")[1:3] == ["sleeping", "1"]


def monitor(*words, env=None):
    return subprocess.run([sys.executable, "scripts/monitor.py", *words], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **(env or {})})


@pytest.mark.parametrize("board", ["qemu-virt", "qemu-sifive_u"])
def test_commands(initrd, board):
    """`make monitor CMD=`: each command's output behind a line that names it, then the end."""
    archive = initrd(manifest(victim=QUIET))
    done = monitor("CMD=envs; caps victim;dance", f"BOARD={board}", f"INITRD={archive}",
                   f"KERNEL={qemu.BUILD}/qemu-virt/Image")
    assert done.returncode == 0, done.stderr
    parts = dict(part.split("\n", 1) for part in done.stdout.split("> ")[1:])
    assert list(parts) == ["envs", "caps victim", "dance"]
    assert re.search("^name ", parts["envs"], re.M) and re.search("^victim ", parts["envs"], re.M)
    assert "victim:1 SPACE" in parts["caps victim"]
    assert parts["dance"].startswith('unknown command "dance"')
    assert done.stdout.startswith("> envs\n")


def test_commands_without_monitor(initrd):
    archive = initrd(f"/dts-v1/; / {{ victim {{ {QUIET} }}; }};")
    done = monitor("CMD=envs", f"INITRD={archive}")
    assert done.returncode == 1
    assert "init: chitin.monitor= is there, but no monitor" in done.stderr
    assert monitor('CMD="').returncode == 1


def test_make_refuses(log_file):
    text = manifest(other='program = "vitals"; frames = <256>; console = "read-write";')
    blob = mkinitrd.write(log_file(".dtb"), mkinitrd.compiled(text))
    done = subprocess.run([f"{qemu.BUILD}/host/check-manifest", blob, "m.dts"], capture_output=True, text=True,
                          check=False)
    assert 'other: console: "monitor" reads the console already' in done.stderr
