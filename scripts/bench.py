#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measure what Chitin's operations cost, most in executed instructions, and print `name value unit` lines.

  bench.py --build build/BOARD --plugin counter.so --out DIR [--only a,b] [--check] [--profile FIGURE]
           [--boots N]

Programs that need no device run under icount, so each run is the same to the instruction. Figures with a disk or a network
are the median of BOOTS boots without icount; their range goes to stderr, as does all progress. The first tenth of the
samples of a boot is dropped. Instructions are not cycles: a TLB flush or a cache miss counts 1.
"""
import argparse
import bisect
import collections
import concurrent.futures
import itertools
import math
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import beside
import mkinitrd
import qemu
import testrun

ROOT = Path(__file__).resolve().parents[1]
RECORD = struct.Struct("<2I3Q")         # struct mark_record of counter.c
COUNTERS = struct.Struct("<3Q7Q48x")    # struct counters: user, supervisor, machine, marks, run, run_max, armed, hist_on,
HIST_ON = 7 * 8                         # held_from, held_max
FIRST_USER = 0x10001
BOOTS = 5
IRQS_OFF_SECONDS = 60                   # most that a boot test may take under the counter
SECONDS = 60                            # most that one boot may take
LOAD_ADDRESS = 0x80200000               # of the kernel, until it has turned paging on
PACE_SECONDS = 0.004                    # between two packets of rx_paced and udp_echo_ring
HOLD_SECONDS = 0.01                     # for rx_burst32 QEMU keeps what comes for so long, and lets it go at once
BURST = 32
PEER, GUEST = bytes((10, 0, 2, 2)), bytes((10, 0, 2, 15))

CORE = ("null_call exc_to_handler exc_resume trap_unprot prot1 prot100 map1 map100 appel1 appel2 carve_drop_10 "
        "carve_drop_10000 frame_clear").split()
# One way: the instruction that it came at is not part of it
KERNEL_ONLY = {"exc_to_handler", "irq_to_user", "slice_switch", "udp_echo_handler"}
LIFE = ["env_cycle_16p"]
TRANSFER = "transfer_bare transfer_saved yield_pair notify_pair".split()
IRQ = ["irq_to_user"]
PIPE = ["pipe_pair"]
SLICE = ["slice_switch"]
FORK = {"fork_touch_1m": 256, "fork_touch_64m": 16384}    # pages
WAKE = {"wake_10": 10, "wake_10000": 10_000}              # sleepers
HARTS = "null_call_4h transfer_bare_4h".split()
RT = ["rt_slot_delay_max_ns"]
HTTP = {"http_100B_keep": 100, "http_100K_keep": 100_000}
LONGEST = {"irqs_off_max": 3, "lock_held_max": 4}         # which word of live()
JIT = ["jit_ratio"]
CLASSIFY = "classify_10 classify_1000 classify_10000".split()
FILTER_CHANGE = "filter_change_1000"
FILTERS = [*CLASSIFY, FILTER_CHANGE]
# How many packets come at once, seconds between two such, what QEMU and the program are told
RX = {"rx_paced": (1, PACE_SECONDS, {}),
      "rx_burst32": (BURST, 2.5 * HOLD_SECONDS,
                     {"append": "burst",
                      "extra": ("-object", f"filter-buffer,id=hold,netdev=net0,interval={HOLD_SECONDS * 1e6:.0f}")})}
ECHO = {"udp_echo_ring": (1, PACE_SECONDS, {})}
HANDLER = {"udp_echo_handler": (1, PACE_SECONDS, {})}
ALL = [*CORE, *LONGEST, *LIFE, *IRQ, *TRANSFER, *PIPE, *SLICE, *WAKE, *FORK, *HARTS, *RT, "raw_read_4k", *RX,
       *ECHO, *HANDLER, *HTTP, *JIT, *FILTERS, "boot_smode", "kernel_text_bytes"]


class Failed(Exception):
    """A figure could not be measured; the text says why."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def operations():
    """{figure name: operation number}, from ops.h."""
    text = (ROOT / "test/bench/ops.h").read_text()
    return {name.lower(): int(n) for name, n in re.findall(r"#define OP_(\w+)\s+(\d+)", text)}


# --- reading what the plugin writes ----------------------------------------------------------------

def records(log):
    data = log.read_bytes()
    return [RECORD.unpack_from(data, at) for at in range(0, len(data) - RECORD.size + 1, RECORD.size)]


def intervals(log, hart=None):
    """{operation: [(user, supervisor, machine) of each interval]}, of one hart or of all."""
    begun, found = {}, {}
    for mark, vcpu, *insns in records(log):
        if mark >= 0x400 or hart not in (None, vcpu):
            continue
        if mark % 2 == 0:
            begun[mark // 2, vcpu] = insns
        elif (mark // 2, vcpu) in begun:
            before = begun.pop((mark // 2, vcpu))
            found.setdefault(mark // 2, []).append(tuple(b - a for a, b in zip(before, insns)))
    return found


def samples(log, hart=None):
    """The same without the first tenth."""
    return {op: s[len(s) // 10:] for op, s in intervals(log, hart).items()}


def grouped(items, count):
    """COUNT lists of equal length."""
    size = len(items) // count
    return [items[n * size:(n + 1) * size] for n in range(count)]


def cost(sample):
    """User and kernel; firmware is apart."""
    return sample[0] + sample[1]


def middle(found, name):
    """The median of operation NAME, empty interval taken off."""
    ops = operations()
    if ops[name] not in found or ops["empty"] not in found:
        raise Failed(f"{name}: the program marked no such interval")
    empty = statistics.median_low(map(cost, found[ops["empty"]]))
    mine = sorted(found[ops[name]], key=cost)
    chosen = mine[(len(mine) - 1) // 2]
    say(f"  {name}: user {chosen[0]} supervisor {chosen[1]} machine {chosen[2]}, "
        f"min {cost(mine[0])} max {cost(mine[-1])}, {len(mine)} samples")
    return (chosen[1] if name in KERNEL_ONLY else cost(chosen)) - empty


def live(shm):
    """Sums over all vCPUs: user, supervisor, marks; the longest S-mode run, the longest that the lock was held."""
    data = shm.read_bytes()
    rows = [COUNTERS.unpack_from(data, at) for at in range(0, len(data), COUNTERS.size)]
    return (sum(r[0] for r in rows), sum(r[1] for r in rows), sum(r[3] for r in rows), max(r[5] for r in rows),
            max(r[9] for r in rows))


# --- the machine ------------------------------------------------------------------------------------

class Counted(qemu.Machine):
    """One boot under the counter, on one hart if it is not told otherwise."""

    def __init__(self, opts, name, smp=1, **options):
        self.marks, self.shm = opts.out / f"{name}.marks", opts.out / f"{name}.shm"
        self.marks.unlink(missing_ok=True)      # until() must not see those of the boot before
        self.shm.unlink(missing_ok=True)
        plugin = {"log": self.marks, "shm": self.shm, **opts.trace}
        super().__init__(log=opts.out / f"{name}.console", board=opts.board, smp=smp,
                         plugin=f"{opts.plugin}," + ",".join(f"{k}={v}" for k, v in plugin.items()), **options)

    def samples(self):
        """Wait for the end; what the program marked."""
        self.expect("^BENCH DONE", SECONDS)
        if self.finish(SECONDS):
            raise Failed("the guest failed; last lines:\n" + self.tail())
        return samples(self.marks)

    def until(self, condition, why):
        """Poll CONDITION until it is true."""
        end = time.monotonic() + SECONDS
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{why}; last lines of the console:\n" + self.tail())
            time.sleep(0.01)


def initrd_with(opts, program):
    """An initrd whose init is the benchmark program."""
    path = opts.out / f"{program}.cpio"
    path.write_bytes(mkinitrd.archive([("init", opts.elf(program).read_bytes())]))
    return str(path)


def medians(opts, wanted, one_boot):
    """ONE_BOOT returns {name: value}; the medians over several boots, the ranges to stderr."""
    boots = []
    for n in range(opts.boots):
        boots.append(one_boot())
        say(f"  boot {n + 1} of {opts.boots}: {boots[-1]}")
    for name in wanted:
        say(f"{name}: {min(b[name] for b in boots)}..{max(b[name] for b in boots)}")
    return {name: round(statistics.median(b[name] for b in boots)) for name in wanted}


# --- figures ----------------------------------------------------------------------------------------

def measure_core(opts, wanted):
    with Counted(opts, "core", initrd=initrd_with(opts, "core"), icount=True) as machine:
        found = machine.samples()
    values = {}
    for name in wanted:
        if name == "appel2":          # of 100 pages
            values[name] = -(-middle(found, name) // 100)
        elif name == "frame_clear":
            values[name] = middle(found, name) - middle(found, "map1")
        else:
            values[name] = middle(found, name)
    return values


def of_program(program):
    """How to measure the figures that one program marks, with counted time and nothing else beside it."""
    def measure(opts, wanted):
        with Counted(opts, program, initrd=initrd_with(opts, program), icount=True) as machine:
            found = machine.samples()
        return {name: middle(found, name) for name in wanted}
    return measure


PROGRAMS = {"life": LIFE, "irq": IRQ, "transfer": TRANSFER, "pipe": PIPE, "slice": SLICE}


def one_hart_tests():
    """{name: words of its boot line} of the boot tests that ask for one hart."""
    tests = {}
    for source in sorted(ROOT.glob("test/boot/*.c")):
        words = testrun.head_words(source, "boot")
        if "SMP=1" in words and "nightly" not in words:
            tests[source.stem] = words
    return tests


def longest_run(opts, name, words):
    """Of a boot test, start-up excepted: live(), with the most S-mode instructions between two user instructions or wfi, and
    while the tree lock was held."""
    settings = dict(w.split("=", 1) for w in words if "=" in w)
    timeout = float(settings.pop("TIMEOUT", IRQS_OFF_SECONDS))
    if "DISK" in settings:
        settings["DISK"] = mkinitrd.numbered_disk(str(opts.out / f"{name}.disk"), settings["DISK"])
    settings["INITRD"] = mkinitrd.boot_test(name, str(opts.out / f"{name}.cpio"), as_init="init" in words,
                                            files=testrun.taken_files(settings))
    options = {k: v for k, v in qemu.options_of(settings).items() if k not in ("board", "smp", "icount")}
    with Counted(opts, f"irqs_off-{name}", icount=True, **options) as machine:
        status = machine.finish(timeout)
        if status == qemu.TIMED_OUT:
            say(f"  {name}: not done within {timeout:g} s, measured until then")
        return live(machine.shm)


def measure_longest(opts, wanted):
    opts.trace = opts.trace or {"lock": lock_address(opts.build / "kernel.elf")}
    with Counted(opts, "core", initrd=initrd_with(opts, "core"), icount=True) as machine:
        machine.samples()
        runs = {"core": live(machine.shm)}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tests = one_hart_tests()
        runs.update(zip(tests, pool.map(lambda name: longest_run(opts, name, tests[name]), tests)))
    for figure in wanted:
        for name, run in sorted(runs.items(), key=lambda item: -item[1][LONGEST[figure]])[:5]:
            say(f"  {figure}: {run[LONGEST[figure]]} in {name}")
    return {figure: max(run[LONGEST[figure]] for run in runs.values()) for figure in wanted}


def measure_fork(opts, wanted):
    def one_size(name):
        with Counted(opts, "fork", initrd=initrd_with(opts, "fork"), icount=True,
                     append=f"pages={FORK[name]}") as machine:
            return middle(machine.samples(), name)
    return {name: one_size(name) for name in wanted}


def measure_wake(opts, wanted):
    def one_size(name):
        with Counted(opts, "wake", initrd=initrd_with(opts, "wake"), icount=True,
                     append=f"sleepers={WAKE[name]}") as machine:
            return middle(machine.samples(), "wake")
    return {name: one_size(name) for name in wanted}


def measure_harts(opts, wanted):
    """All harts at once; the figure is that of the slowest."""
    harts = 4
    with Counted(opts, "harts", smp=harts, initrd=initrd_with(opts, "harts")) as machine:
        machine.samples()
    return {name: max(middle(samples(machine.marks, hart), name) for hart in range(harts)) for name in wanted}


def measure_jit(opts, wanted):
    """How many times the instructions of compiled code the interpreter takes: the geometric mean over programs, rounded
    down. Intervals of the two come in turn, the programs one after the other; none is dropped."""
    with Counted(opts, "jit_ratio", initrd=initrd_with(opts, "jit_ratio"), icount=True) as machine:
        machine.samples()
        names = re.findall(r"^program (\w+)", machine.console, re.M)
    found = {op: [statistics.median_low(map(cost, group)) for group in grouped(intervals(machine.marks)[op], len(names))]
             for op in (operations()["interpreted"], operations()["compiled"])}
    ratios = [a / b for a, b in zip(*found.values())]
    for row in zip(names, *found.values(), ratios):
        say("  jit_ratio: {}: interpreted {}, compiled {}, {:.1f}".format(*row))
    return {name: math.floor(statistics.geometric_mean(ratios)) for name in wanted}


def measure_filters(opts, wanted):
    """What a packet costs among many filters between the call of the compiled code and its return, the average over the packets
    of all of them, rounded up; and the dearer of the two system calls that add one and remove it."""
    with Counted(opts, "filters", initrd=initrd_with(opts, "filters"), icount=True) as machine:
        machine.samples()
    found, ops, values = intervals(machine.marks), operations(), {}
    call = statistics.median_low(map(cost, found[ops["classify_nothing"]]))
    for name in CLASSIFY:
        costs = [cost(sample) - call for sample in found[ops[name]]]
        say(f"  {name}: {len(costs)} packets, {statistics.mean(costs):.1f} on average, {max(costs)} at most; "
            f"the call {call}")
        values[name] = math.ceil(statistics.mean(costs))
    values[FILTER_CHANGE] = max(middle(found, name) for name in ("filter_insert", "filter_remove"))
    return {name: values[name] for name in wanted}


def measure_rt(opts, wanted):
    return dict.fromkeys(wanted, beside.worst(opts.out, say))


def measure_disk(opts, wanted):
    image = opts.out / "raw.img"
    image.write_bytes(os.urandom(1 << 20) * 8)

    def one_boot():
        with Counted(opts, "disk", initrd=initrd_with(opts, "disk"), disk=str(image)) as machine:
            return {"raw_read_4k": middle(machine.samples(), "raw_read_4k")}
    return medians(opts, wanted, one_boot)


def checksum(data):
    """RFC 1071, of an even number of bytes."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data)) % 0xffff
    return 0xffff - total


def udp_frame(number):
    """An Ethernet frame with a UDP datagram of 18 bytes to port 7."""
    hosts, data = PEER + GUEST, struct.pack(">I", number) + bytes(14)
    ip = struct.pack(">BBHHHBB", 0x45, 0, 46, number & 0xffff, 0, 64, 17)
    udp = struct.pack(">HHH", 40000, 7, 26)
    ip += struct.pack(">H", checksum(ip + hosts)) + hosts
    udp += struct.pack(">H", checksum(hosts + struct.pack(">HH", 17, 26) + udp + data))
    return bytes.fromhex("525400123456" "525400aabbcc" "0800") + ip + udp + data


def arp_frame():
    """The peer asks for the guest, who remembers it then."""
    return bytes.fromhex("525400123456 525400aabbcc 0806 0001 0800 06 04 0001 525400aabbcc") + PEER + bytes(6) + GUEST


def drain(wire):
    """Throw away what has come back, for QEMU waits until there is room."""
    try:
        while wire.recv(2048, socket.MSG_DONTWAIT):
            pass
    except BlockingIOError:
        pass


def send(machine, wire, guest, at_once, pause):
    """Send packets, AT_ONCE without a PAUSE, until the guest has had enough or is gone."""
    end = time.monotonic() + SECONDS
    frames = map(udp_frame, itertools.count())
    burst = [arp_frame()]
    while "BENCH DONE" not in machine.console and time.monotonic() < end:
        try:
            for frame in burst:
                wire.sendto(frame, str(guest))
        except OSError:
            return
        time.sleep(pause)
        drain(wire)
        burst = list(itertools.islice(frames, at_once))


def measure_paced(opts, wanted, program, initrd):
    """A program that does something with each packet, while they come as RX and ECHO say."""
    ours, theirs = opts.out / f"{program}.host", opts.out / f"{program}.guest"

    def one_figure(name):
        packets, pause, options = {**RX, **ECHO, **HANDLER}[name]
        ours.unlink(missing_ok=True)
        theirs.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire, \
                Counted(opts, program, initrd=initrd, net=f"dgram:{opts.out}/{program}", **options) as machine:
            wire.bind(str(ours))
            machine.expect("^READY", SECONDS)
            send(machine, wire, theirs, packets, pause)
            return -(-middle(machine.samples(), name) // packets)
    return medians(opts, wanted, lambda: {name: one_figure(name) for name in wanted})


def measure_rx(opts, wanted):
    return measure_paced(opts, wanted, "rx", initrd_with(opts, "rx"))


def measure_udp_echo(opts, wanted):
    dts = (ROOT / "test/bench/udp_echo.dts").read_text()
    elf = str(opts.elf("udp_echo"))
    initrd = mkinitrd.for_manifest(dts, str(opts.out / "udp_echo.cpio"), programs=[elf])
    return measure_paced(opts, wanted, "udp_echo", initrd)


def measure_udp_handler(opts, wanted):
    """In the kernel, up to where it has handed the reply to the device."""
    opts.trace = {**opts.trace, "upto": after_call(opts.build / "kernel.elf", "nic_send_reply"),
                  "op": operations()["udp_echo_handler"]}
    values = measure_paced(opts, wanted, "udp_handler", initrd_with(opts, "udp_handler"))
    opts.trace = {}
    return values


def site_image(opts):
    """A disk with the files that are fetched."""
    image = opts.out / "site.img"
    archive = mkinitrd.archive([(f"f{size}", os.urandom(size)) for size in HTTP.values()])
    image.write_bytes(archive + bytes(-len(archive) % (1 << 20)))
    return image


def answers(url, size):
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return len(reply.read()) == size
    except OSError:
        return False


def tally(shm, on):
    """Switch the counting of single addresses (hist=) on or off."""
    with open(shm, "r+b") as f:
        f.seek(HIST_ON)
        f.write(struct.pack("<Q", on))


def per_request(machine, url, idle):
    """Instructions per request of one wrk run, IDLE instructions per second taken off."""
    tally(machine.shm, 1)
    before, begin = live(machine.shm), time.monotonic()
    out = subprocess.run(["wrk", "-t1", "-c16", "-d3s", "--timeout", "10s", url], capture_output=True, text=True, check=True).stdout
    after, seconds = live(machine.shm), time.monotonic() - begin
    tally(machine.shm, 0)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    if not requests or "Socket errors" in out or "Non-2xx" in out:
        raise Failed("wrk: " + out)
    return round((sum(after[:2]) - sum(before[:2]) - idle * seconds) / requests)


def idle_rate(machine):
    """Instructions a second while nobody asks for anything."""
    time.sleep(1)
    before = live(machine.shm)
    time.sleep(3)
    return (sum(live(machine.shm)[:2]) - sum(before[:2])) / 3


def measure_http(opts, wanted):
    disk = str(site_image(opts))
    initrd = mkinitrd.for_manifest((ROOT / "test/bench/web.dts").read_text(), str(opts.out / "http.cpio"))

    def one_boot():
        port = qemu.free_port()
        urls = {name: f"http://127.0.0.1:{port}/f{size}" for name, size in HTTP.items()}
        with Counted(opts, "http", initrd=initrd, disk=disk, net="user",
                     forward=[(port, 80)]) as machine:
            for name, url in urls.items():
                machine.until(lambda: answers(url, HTTP[name]), f"no answer to {url}")
            idle = idle_rate(machine)
            say(f"  http: idle {idle:.0f} instructions a second")
            return {name: per_request(machine, urls[name], idle) for name in wanted}
    return medians(opts, wanted, one_boot)


def measure_boot(opts, wanted):
    """S-mode instructions from the kernel's entry to the first user instruction of the main job's initrd."""
    with Counted(opts, "boot", initrd=str(opts.build / "initrd.cpio"), icount=True) as machine:
        machine.until(lambda: machine.marks.exists() and records(machine.marks), "no user instruction")
    first = next(r for r in records(machine.marks) if r[0] == FIRST_USER)
    return {name: first[3] for name in wanted}


def measure_text(opts, wanted):
    """Bytes of loaded sections that are never written: code and constants, without the table of symbol names."""
    out = subprocess.run(["riscv64-unknown-elf-readelf", "-SW", opts.build / "kernel.elf"], capture_output=True,
                         text=True, check=True).stdout
    rows = re.findall(r"\] (\S+)\s+PROGBITS\s+\w+ \w+ (\w+) \w+ +(\w+) ", out)
    sizes = {name: int(size, 16) for name, size, flags in rows
             if "A" in flags and "W" not in flags and "sym" not in name}
    say("  kernel_text_bytes:", ", ".join(f"{n} {s}" for n, s in sizes.items()))
    return {name: sum(sizes.values()) for name in wanted}


GROUPS = [(CORE, measure_core), (list(LONGEST), measure_longest),
          *((figures, of_program(program)) for program, figures in PROGRAMS.items()),
          (list(WAKE), measure_wake), (list(FORK), measure_fork),
          (HARTS, measure_harts), (RT, measure_rt),
          (["raw_read_4k"], measure_disk), (list(RX), measure_rx), (list(ECHO), measure_udp_echo),
          (list(HANDLER), measure_udp_handler),
          (list(HTTP), measure_http), (JIT, measure_jit), (FILTERS, measure_filters),
          (["boot_smode"], measure_boot), (["kernel_text_bytes"], measure_text)]


# --- limits and profiles ----------------------------------------------------------------------------

def limits():
    """{figure: [limit, aim, what it has reached while it is still beyond its limit]}, numbers or `-`; a limit that begins
    with `>=` is one from below, `~NAME` is within 10 % of that figure."""
    rows = [line.split("#")[0].split() for line in (ROOT / "test/bench/limits.txt").read_text().splitlines()]
    return {row[0]: row[1:] for row in rows if row}


def keeps(value, limit, slack=1.0):
    """Is VALUE within LIMIT, or SLACK times that?"""
    if limit.startswith(">="):
        return value >= int(limit[2:]) / slack
    return value <= int(limit) * slack


def beside_its_like(values, name, other):
    """Is it within 10 % of the other one, or was that not measured?"""
    return other not in values or abs(values[name] - values[other]) <= 0.1 * values[other]


def over_limits(values):
    """Sentences about figures beyond their limits; a limit of `-` is not yet one."""
    rows = [(name, words[0]) for name, words in limits().items() if words[0] != "-" and name in values]
    return [f"{name} is {values[name]}, its limit is {limit}" for name, limit in rows
            if not (beside_its_like(values, name, limit[1:]) if limit.startswith("~") else keeps(values[name], limit))]


def worse(values):
    """Those that are beyond their limit and also 5 % beyond what they have reached."""
    reached = {name: words[2] for name, words in limits().items() if len(words) > 2}
    return [sentence for sentence in over_limits(values)
            if sentence.split()[0] not in reached or not keeps(values[sentence.split()[0]], reached[sentence.split()[0]], 1.05)]


def symbols(elf):
    out = subprocess.run(["riscv64-unknown-elf-nm", "-n", elf], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in out.splitlines()]
    return [(int(r[0], 16), f"{Path(elf).stem}: {r[2]}") for r in rows
            if len(r) == 3 and r[1] in "tTwW" and not r[2].startswith(("$", ".L"))]


def namer(*elfs):
    """A function from address to the name of the symbol before it; the first of ELFS is the kernel."""
    table = sorted(itertools.chain(*map(symbols, elfs)))
    starts = [at for at, _ in table]
    shift = symbols(elfs[0])[0][0] - LOAD_ADDRESS

    def name_of(pc):
        early = LOAD_ADDRESS <= pc < LOAD_ADDRESS + (1 << 30)
        return table[bisect.bisect_right(starts, pc + shift if early else pc) - 1][1]
    return name_of


def lock_address(kernel):
    """Of the tree lock, which struct kernel begins with."""
    out = subprocess.run(["riscv64-unknown-elf-nm", kernel], capture_output=True, text=True, check=True).stdout
    return "0x" + next(line.split()[0] for line in out.splitlines() if line.endswith(" b kernel"))


def after_call(kernel, callee):
    """Where the only caller of CALLEE goes on when it has returned."""
    out = subprocess.run(["riscv64-unknown-elf-objdump", "-d", kernel], capture_output=True, text=True, check=True).stdout
    found = re.findall(rf"\bjal\b.*<{callee}(?:\.\w+)*>\n\s*(\w+):", out)
    if len(found) != 1:
        raise Failed(f"{kernel} has {len(found)} calls of {callee}, not one")
    return "0x" + found[0]


def print_trace(name_of, path):
    """The functions that the traced instructions belong to, in the order of execution."""
    pcs = [int(line, 16) for line in path.read_text().split()]
    for name, run in itertools.groupby(pcs, name_of):
        print(f"{len(list(run)):6} {name}")


def print_hist(name_of, path):
    """The functions in which most instructions were executed, in percent."""
    sums = collections.Counter()
    for line in path.read_text().splitlines():
        pc, count = line.split()
        sums[name_of(int(pc, 16))] += int(count)
    for name, count in sums.most_common(60):
        print(f"{100 * count / sums.total():6.2f} {name}")


def profile(opts, name):
    """Print where one interval of figure NAME, the longest S-mode run, or the requests of a web figure went."""
    path = opts.out / "trace"
    opts.boots = 1
    name, _, test = name.partition(":")
    program, measure = {"raw_read_4k": ("disk", measure_disk), **dict.fromkeys(RX, ("rx", measure_rx)),
                        **dict.fromkeys(ECHO, ("udp_echo", measure_udp_echo)),
                        **dict.fromkeys(HANDLER, ("udp_handler", measure_udp_handler)),
                        **{figure: (program, of_program(program))
                           for program, figures in PROGRAMS.items() for figure in figures},
                        **dict.fromkeys(WAKE, ("wake", measure_wake)),
                        **dict.fromkeys(FORK, ("fork", measure_fork))}.get(name, ("core", measure_core))
    if name == "boot_smode":
        opts.trace = {"hist": path, "hist_on": 1}
        measure_boot(opts, [name])
        return print_hist(namer(opts.build / "kernel.elf"), path)
    if name in HTTP:
        opts.trace = {"hist": path}
        measure_http(opts, [name])
        return print_hist(namer(opts.build / "kernel.elf", opts.build / "user/web.elf"), path)
    opts.trace = {"longest": path} if name in [*LONGEST, *HANDLER] else {"trace": path, "op": operations()["wake" if name in WAKE else name], "nth": 20}
    if name == "lock_held_max":
        opts.trace["lock"] = lock_address(opts.build / "kernel.elf")
    if test:
        longest_run(opts, test, one_hart_tests()[test])
        return print_trace(namer(opts.build / "kernel.elf", opts.build / f"test/{test}.elf"), path)
    measure(opts, [name])
    return print_trace(namer(opts.build / "kernel.elf", opts.elf(program)), path)


def unit_of(name):
    return {"bytes": "bytes", "ns": "ns", "ratio": "times"}.get(name.rpartition("_")[2], "instructions")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--build", type=Path, required=True)
    args.add_argument("--plugin", type=Path, required=True)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--only", default="")
    args.add_argument("--check", action="store_true")
    args.add_argument("--profile")
    args.add_argument("--boots", type=int, default=BOOTS)
    opts = args.parse_args()
    opts.plugin = opts.plugin.resolve()
    opts.board, opts.trace = opts.build.name, {}
    if opts.board != "qemu-virt":
        sys.exit(f"bench: BOARD={opts.board}: figures are counted on one hart, which only qemu-virt has")
    opts.elf = lambda program: opts.build / "bench" / f"{program}.elf"
    opts.out.mkdir(parents=True, exist_ok=True)
    wanted = opts.only.split(",") if opts.only else ALL
    unknown = [name for name in [*wanted, (opts.profile or ALL[0]).split(":")[0]] if name not in ALL]
    if unknown:
        sys.exit(f"bench: no figure {' '.join(unknown)}; there are: {' '.join(ALL)}")
    values = {}
    try:
        if opts.profile:
            profile(opts, opts.profile)
            return 0
        for names, measure in GROUPS:
            mine = [name for name in names if name in wanted]
            if mine:
                values.update(measure(opts, mine))
                for name in mine:
                    print(name, values[name], unit_of(name), flush=True)
    except (Failed, beside.NoFigure, qemu.GuestError) as why:
        sys.exit(f"bench: {why}")
    wrong = over_limits(values) if opts.check else []
    for sentence in wrong:
        say("bench:", sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
