# SPDX-License-Identifier: MIT
"""The boot matrix: the same kernel file and the same programs on every machine and tree; W^X; and clear
errors where it cannot boot."""
import json
import os
import re
import socket
import subprocess

import pytest

import mkinitrd
import qemu
import tap

IMAGE = f"{qemu.BUILD}/qemu-virt/Image"
AT_80A00000 = ["-device", f"loader,file={IMAGE},addr=0x80a00000,force-raw=on"]
PLAIN, OLD = "rv64", "rv64,sstc=off,h=off"
ONE = '/dts-v1/; / { a { program = "%s"; frames = <%d>; %s }; };'
GHOST = """/ { cpus { cpu@7 { device_type = "cpu"; reg = <7>; status = "okay"; compatible = "riscv";
    riscv,isa = "rv64imafdc"; mmu-type = "riscv,sv39"; interrupt-controller { #interrupt-cells = <1>;
    interrupt-controller; compatible = "riscv,cpu-intc"; }; }; }; };"""
JH7110 = """/ { cpus { cpu@0 { status = "disabled"; /delete-property/ mmu-type; }; }; soc { serial@10000000 {
    compatible = "starfive,jh7110-uart", "snps,dw-apb-uart"; reg-shift = <0>; }; }; };"""


@pytest.fixture
def hello(log_file):
    return mkinitrd.boot_test("hello", log_file(".cpio"))


def on_each(harts):
    """A manifest with `hello` and, on every hart, a program that tells where it runs."""
    each = "".join(f'v{n} {{ program = "vitals"; args = "0", "1"; frames = <256>; hart = <{n}>; }}; '
                   for n in range(harts))
    return '/dts-v1/; / { hello { program = "hello"; frames = <1024>; }; ' + each + "};"


@pytest.fixture
def boot(machine, initrd):
    """Boot the one kernel file with a program on every hart."""
    return lambda harts, **options: machine(initrd=initrd(on_each(harts)), kernel=IMAGE, **options)


@pytest.fixture
def tree(log_file):
    """The device tree of a machine, changed by further source text; returns the words for QEMU."""
    def make(edit, machine="virt", smp=2, mem="256M"):
        dumped, changed = log_file(".dumped.dtb"), log_file(".dtb")
        subprocess.run([qemu.QEMU, "-M", f"{machine},dumpdtb={dumped}", "-smp", str(smp), "-m", mem,
                        "-display", "none"], check=True, capture_output=True, timeout=30)
        source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dumped],
                                check=True, capture_output=True).stdout
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", changed],
                       input=source + edit.encode(), check=True)
        return ["-dtb", changed]
    return make


def judge(machine):
    status = machine.finish(60)
    outcome, reason = tap.judge(machine.console)
    assert outcome == "ok", f"{reason}; last lines: {machine.tail(4)}"
    assert status == qemu.PASS, f"status {status}; last lines: {machine.tail(4)}"


def judge_harts(guest, harts):
    """All came up, and environments ran on each."""
    judge(guest)
    assert harts_up(guest) == harts, guest.tail()
    for n in range(harts):
        assert re.search(rf"^v{n}: hart {n}: [1-9]\d* environments, \d+ interrupts, [1-9]\d* switches",
                         guest.console, re.M), guest.tail(40)


def harts_up(guest):
    """How many harts the kernel says are running."""
    return int(re.search(r"^chitin: .*, (\d+) harts?,", guest.console, re.M).group(1))


def boot_hart(guest):
    return int(re.search(r"^Boot HART ID +: (\d+)", guest.console, re.M).group(1))


def test_one_kernel_for_all_boards(log_file):
    """Boards choose programs and media; nothing that the kernel is built from differs."""
    settings = set()
    for board in sorted(os.listdir("boards")):
        folder = log_file(f".{board}")
        subprocess.run(["/usr/bin/python3", "scripts/kconfig.py", "build", f"boards/{board}/defconfig", folder],
                       check=True)
        with open(f"{folder}/autoconf.h", encoding="ascii") as f:
            settings.add(re.sub(r"^#define CONFIG_BOARD .*$", "", f.read(), flags=re.M))
    assert len(settings) == 1


@pytest.mark.parametrize("cpu", [PLAIN, OLD])
@pytest.mark.parametrize("smp", [1, 4, 8])
def test_virt(boot, smp, cpu):
    judge_harts(boot(smp, smp=smp, cpu=cpu), smp)


@pytest.mark.parametrize("kind, cpu", [("virt", "sifive-u54"), ("virt", "rv64,v=true"), ("virt,aclint=on", PLAIN)])
def test_other_processors(boot, kind, cpu):
    """Older and newer ones: without senvcfg, with vectors, with another interrupt device."""
    judge_harts(boot(2, smp=2, cpu=cpu, extra=["-M", kind]), 2)


@pytest.mark.parametrize("asid", ["off", "1", "2"])
@pytest.mark.parametrize("program", ["hostile_s16_far_hart", "hostile_s18_old_space", "hostile_s19_tables"])
def test_few_address_space_identifiers(machine, log_file, program, asid):
    """Harts have none (the JH7110's), or most spaces go without and one is used again and again."""
    judge(machine(initrd=mkinitrd.boot_test(program, log_file(".cpio"), as_init=True), kernel=IMAGE, smp=4,
                  append=f"chitin.asid={asid}"))


@pytest.mark.parametrize("smp", [2, 5])
def test_sifive_u(boot, smp):
    """Hart 0 has no MMU and is left alone."""
    judge_harts(boot(smp - 1, board="qemu-sifive_u", smp=smp), smp - 1)


def test_sifive_u_boot_harts(boot):
    """Which hart boots varies from run to run; any will do."""
    seen = set()
    for _ in range(12):
        guest = boot(2, board="qemu-sifive_u", smp=5)
        judge(guest)
        seen.add(boot_hart(guest))
        if len(seen) > 1:
            break
    assert len(seen) > 1, f"it was hart {seen} every time"


def test_booti(log_file, initrd):
    """U-Boot starts the same file."""
    with qemu.booti(initrd(on_each(4)), kernel=IMAGE, smp=4, log=log_file()) as guest:
        judge_harts(guest, 4)


def test_jh7110_shape(boot, tree):
    """As on the VisionFive 2: hart 0 is disabled and has no MMU, a DesignWare UART."""
    guest = boot(4, smp=5, extra=tree(JH7110, smp=5))
    judge_harts(guest, 4)
    assert boot_hart(guest) != 0
    assert "left out" not in guest.console


# Stands where the kernel is expected, leaves nothing as a kind firmware does, and jumps to the kernel somewhere else.
# Interrupts are pending and globally on, and wait for the first bit in sie.
RUDE = """
    li t0, -1
    csrw 0x10a, t0          # senvcfg
    csrw sscratch, t0
    csrw scounteren, zero
    csrw 0x14d, zero        # stimecmp: the timer is due
    csrsi sip, 2
    li t0, -4
    csrw stvec, t0
    csrw sepc, t0
    csrw sie, zero
    li t0, 0xc6722          # MXR SUM FS VS SPP SPIE SIE
    csrs sstatus, t0
    li t0, 0x80a00000
    li ra, -1
    li sp, -1
    li gp, -1
    li tp, -1
    li s0, -1
    li t6, -1
    jr t0
"""


@pytest.mark.parametrize("smp", [1, 4])
def test_state_at_entry(machine, initrd, firmware, smp):
    """Only a0, a1 and paging off are taken for granted; the image may lie anywhere."""
    guest = machine(initrd=initrd(on_each(smp)), kernel=firmware(RUDE), smp=smp, extra=AT_80A00000)
    judge_harts(guest, smp)


@pytest.mark.parametrize("mem", ["32M", "100M", "1G", "2G", "3G", "16G"])
def test_memory_sizes(boot, mem):
    guest = boot(1, smp=1, mem=mem)
    judge_harts(guest, 1)
    mib = int(mem[:-1]) * (1024 if mem[-1] == "G" else 1)
    assert f", {mib} MiB RAM," in guest.console


def test_more_memory_than_it_reaches(boot):
    """The first 16 GiB count."""
    guest = boot(1, smp=1, mem="17G")
    judge_harts(guest, 1)
    assert ", 16384 MiB RAM," in guest.console


def test_initrd_at_the_end(machine, hello, tree):
    """Up to the last byte of the RAM, starting on no page."""
    end = 0x90000000
    start = end - os.path.getsize(hello) - 512
    padded = mkinitrd.write(hello, mkinitrd.read(hello) + bytes(512))
    chosen = (f"/ {{ chosen {{ linux,initrd-start = <0 {start:#x}>; linux,initrd-end = <0 {end:#x}>; }}; }};")
    judge(machine(extra=tree(chosen) + ["-device", f"loader,file={padded},addr={start:#x},force-raw=on"]))


def test_long_bootargs(machine, hello):
    judge(machine(initrd=hello, append="x=" + "y" * 3000))


def test_hart_that_does_not_come(boot, tree):
    """It is named and left out; the others get the numbers from 0 on."""
    guest = boot(3, smp=3, extra=tree(GHOST, smp=3))
    judge_harts(guest, 3)
    assert re.search("^chitin: hart 7 is left out: ", guest.console, re.M)


def test_hart_without_supervisor_mode(boot, tree):
    """A tree that lies about the Unleashed's hart 0: the firmware says that it started, and it never comes."""
    edit = '/ { cpus { cpu@0 { mmu-type = "riscv,sv39"; }; }; };'
    guest = boot(2, board="qemu-sifive_u", smp=3, extra=tree(edit, machine="sifive_u", smp=3))
    judge_harts(guest, 2)
    assert re.search("^chitin: hart 0 is left out: it does not come up$", guest.console, re.M)


def test_devices_left_out(machine, hello, tree):
    """What is described impossibly, does not answer or is legacy is named with the reason; the others work."""
    edit = """/ { soc { virtio_mmio@10001000 { reg = <0 0x18000000 0 0x1000>; };
        virtio_mmio@10002000 { /delete-property/ reg; }; virtio_mmio@10003000 { reg = <0 0x80300000 0 0x1000>; };
        plic@c000000 { reg = <0 0xc000000 0xf 0>; }; }; };"""
    guest = machine(initrd=hello, extra=tree(edit) + ["-global", "virtio-mmio.force-legacy=true", "-device",
                                                      "virtio-net-device,bus=virtio-mmio-bus.5"])
    judge(guest)
    for device, why in (("10001000", "nothing answers"), ("10002000", "the device tree does not say where"),
                        ("10003000", "the device tree puts its registers into RAM"), ("10006000", "legacy virtio")):
        line = re.search(f"^chitin: device virtio_mmio@{device} is left out: (.*)$", guest.console, re.M)
        assert line and line.group(1).startswith(why), guest.tail(20)
    assert guest.console.count("left out") == 4


@pytest.mark.parametrize("plic", ["/delete-node/ plic@c000000;", "plic@c000000 { riscv,ndev = <5000>; };"],
                         ids=["none", "impossible"])
def test_no_interrupts(machine, initrd, tree, plic):
    """The console goes on through the firmware, input included."""
    guest = machine(initrd=initrd(ONE % ("heartbeat", 256, "")), extra=tree(f"/ {{ soc {{ {plic} }}; }};"))
    guest.expect("^chitin: no interrupt controller: ")
    guest.expect("^a: beat 1,")
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()


def test_memory_named_twice(machine, hello, tree):
    """Nobody gets a page that somebody else has."""
    edit = """/ { memory@80800000 { device_type = "memory";
        reg = <0 0x80800000 0 0x1000000 0 0x80000000 0 0x10000000>; };
        memory@1 { device_type = "memory"; reg = <0xffffffff 0xfffff800 0 0x7ff>; }; };"""
    guest = machine(initrd=hello, extra=tree(edit))
    judge(guest)
    assert ", 256 MiB RAM," in guest.console


@pytest.mark.parametrize("kind, said", [("panic", "asked for"), ("trap", "trap in the kernel"),
                                        ("stack", "a kernel stack is too short")], ids=["panic", "trap", "stack"])
def test_panic(machine, hello, kind, said):
    """It says so and ends; a stack that is too short meets its guard page."""
    guest = machine(initrd=hello, smp=4, append=f"chitin.selftest={kind}")
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    assert re.search(f"^chitin: panic: {said}", guest.console, re.M), guest.tail()
    calls = re.findall(r"^chitin:  ([ ?]) [0-9a-f]{16} (\w+)\+0x[0-9a-f]+$", guest.console, re.M)
    # behind a frame of 20 KiB there is what start-up left on the stack
    assert (" ", "boot_on_own_stack") in calls and len(calls) < (41 if kind == "stack" else 24), guest.tail(80)
    assert {"panic": "panic", "trap": "provoke_trap", "stack": "provoke_overflow"}[kind] == calls[0][1], calls
    if kind != "panic":
        assert re.search(r"^chitin:  pc [0-9a-f]{16}   ra [0-9a-f]{16}   sp f{8}0000[0-9a-f]{4} ", guest.console, re.M)


@pytest.mark.parametrize("traced", ["", "chitin.trace "], ids=["usual", "traced"])
def test_panic_after_a_life(machine, hello, traced):
    """It tells what the hart did last: when everything is traced, the call that broke it."""
    guest = machine(initrd=hello, smp=2, append=f"{traced}chitin.selftest=late")
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    assert re.search("^chitin: panic: asked for by the boot arguments, at the end", guest.console, re.M), guest.tail()
    assert re.search(r"^chitin:    [0-9a-f]+ sys_power\+", guest.console, re.M), guest.tail(80)
    number, count = map(int, re.search(r"^chitin: the last (\d+) of (\d+) events of hart 0:$", guest.console, re.M).groups())
    events = re.findall(r"^chitin: +(\d+) us ago  ([\w-]+) +(\d+)  environment 0x([0-9a-f]+)$", guest.console, re.M)
    assert len(events) == number == min(count, 32), guest.tail(80)
    assert [int(e[0]) for e in events] == sorted((int(e[0]) for e in events), reverse=True)
    assert not traced or number == 32 and events[-1][1] == "call"


def test_trap_in_panic(machine, hello):
    """Nothing can be printed then, but the machine ends."""
    guest = machine(initrd=hello, smp=4, append="chitin.selftest=twice")
    guest.finish(40)
    assert not re.search("^chitin: panic|^ok", guest.console, re.M), guest.tail()


def test_no_floating_point(machine, hello):
    guest = machine(initrd=hello, cpu="rv64,f=off,d=off")
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    assert re.search("^chitin: cannot start: `init` and its programs need floating point", guest.console, re.M)


def test_too_many_devices(machine, hello, tree):
    """Those that it has no room for are counted."""
    nodes = "".join(f"""virtio_mmio@{base:x} {{ compatible = "virtio,mmio"; reg = <0 0x{base:x} 0 0x1000>; }};"""
                    for base in range(0x10010000, 0x10010000 + 40 * 0x1000, 0x1000))
    guest = machine(initrd=hello, extra=tree(f"/ {{ soc {{ {nodes} }}; }};"))
    judge(guest)
    assert re.search(r"^chitin: further devices are left out: (1\d|2\d); the kernel drives 32 at most",
                     guest.console, re.M), guest.tail(40)


def test_typed(machine, log_file):
    """A read that fails loses nothing."""
    guest = machine(initrd=mkinitrd.boot_test("typed", log_file(".cpio"), as_init=True))
    guest.expect("^type")
    guest.send("x")
    judge(guest)


class Monitor:
    """QEMU's human monitor, through its machine protocol."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while "return" not in (reply := json.loads(self.file.readline())):
            pass
        return reply["return"]

    def mappings(self, cpu):
        """[(virtual, physical, bytes, rights)] of what is mapped on a hart now."""
        text = self.ask("human-monitor-command", **{"command-line": "info mem", "cpu-index": cpu})
        rows = re.findall(r"^(\w{16}) (\w{16}) (\w{16}) ([rwxugad-]{7})", text, re.M)
        return [(int(v, 16), int(p, 16), int(n, 16), rights) for v, p, n, rights in rows]


def test_write_or_execute(machine, initrd, log_file):
    """No page is writable and executable; kernel text is writable nowhere; users reach nothing of the kernel;
    stacks have a gap below."""
    path = os.path.relpath(log_file(".qmp"))
    guest = machine(initrd=initrd(ONE % ("heartbeat", 256, "")), smp=2,
                    extra=["-qmp", f"unix:{path},server=on,wait=off"])
    guest.expect("^a: beat 1,")
    monitor = Monitor(path)
    both = [monitor.mappings(0), monitor.mappings(1)]
    assert any(v < 1 << 38 for v, _, _, _ in both[0] + both[1]), "no user page to be seen"
    for rows in both:
        assert not [row for row in rows if "w" in row[3] and "x" in row[3]]
        assert not [row for row in rows if ("u" in row[3]) != (row[0] < 1 << 38)]
        text = [(p, p + n) for v, p, n, rights in rows if "x" in rights and "u" not in rights]
        assert len(text) == 1
        assert not [row for row in rows if "w" in row[3] and row[1] < text[0][1] and row[1] + row[2] > text[0][0]]
        stacks = {page for v, _, n, _ in rows if 0xffffffff00000000 <= v < 0xffffffff00040000
                  for page in range(v, v + n, 4096)}
        tops = sorted(v for v in stacks if v + 4096 not in stacks)
        assert len(tops) == 2 and tops[0] + 0x8000 == tops[1]
        assert not [v for v in stacks if v % 0x8000 < 0x4000]


@pytest.mark.nightly
def test_harts_come_up_every_time(hello, log_file):
    """OpenSBI 1.1 now and then sends a hart that was just asked for to the kernel's first instruction."""
    log = log_file()
    for _ in range(60):
        with qemu.Machine(log=log, initrd=hello, smp=8) as guest:
            judge(guest)


def broken(data):
    """The archive with its middle turned over."""
    return data[:len(data) // 3] + bytes(255 - b for b in data[len(data) // 3:])


def archive(log_file, *files):
    return mkinitrd.write(log_file(".cpio"), mkinitrd.archive(list(files)))


def init_elf():
    return mkinitrd.read(f"{qemu.BUILD}/qemu-virt/user/init.elf")


def manifest(program="heartbeat", frames=64, more=""):
    return mkinitrd.compiled(ONE % (program, frames, more))


def no_initrd(log_file):
    return {}


def garbage_initrd(log_file):
    return {"initrd": mkinitrd.write(log_file(".cpio"), bytes(range(256)) * 64)}


def no_init(log_file):
    return {"initrd": archive(log_file, ("manifest.dtb", manifest()))}


def broken_init(log_file):
    return {"initrd": archive(log_file, ("init", broken(init_elf())), ("manifest.dtb", manifest()))}


def short_init(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()[:100]), ("manifest.dtb", manifest()))}


def no_manifest(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()))}


def broken_manifest(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", broken(manifest())))}


def too_many_frames(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", manifest(frames=1 << 30)))}


def unknown_program(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", manifest("nobody")))}


def broken_program(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", manifest()),
                              ("heartbeat", b"\x7fELF" + bytes(200)))}


def no_disk(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", manifest(more="blocks = <0 0 8>;")))}


def no_nic(log_file):
    return {"initrd": archive(log_file, ("init", init_elf()), ("manifest.dtb", manifest(more="nic = <0>;")))}


def hardly_any_ram(log_file):
    return {"mem": "6M", "initrd": mkinitrd.boot_test("hello", log_file(".cpio"))}


def little_ram(log_file):
    return {"mem": "10M", "initrd": mkinitrd.boot_test("hello", log_file(".cpio"))}


def tree_of(edit):
    """A machine whose device tree is changed so."""
    return lambda log_file, tree: {"initrd": mkinitrd.boot_test("hello", log_file(".cpio")), "extra": tree(edit)}


def initrd_at(start, end):
    chosen = f"/ {{ chosen {{ linux,initrd-start = <0 {start:#x}>; linux,initrd-end = <0 {end:#x}>; }}; }};"
    return lambda log_file, tree: {"extra": tree(chosen)}


NO_MMU = "".join(f"/ {{ cpus {{ cpu@{n} {{ /delete-property/ mmu-type; }}; }}; }};" for n in range(2))
RESERVED = """/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
    x { reg = <0 0x80300000 0 0x7c00000 0 0x87fff000 0 0x7f00000>; }; }; };"""
TREES = {
    "no_memory": (tree_of("/ { /delete-node/ memory@80000000; };"), "no memory node that covers the kernel"),
    "cells": (tree_of("/ { #address-cells = <3>; };"), "no memory node that covers the kernel"),
    "no_mmu": (tree_of(NO_MMU), "without an MMU"),
    "timebase": (tree_of("/ { cpus { timebase-frequency = <100>; }; };"), "timebase"),
    "reserved": (tree_of(RESERVED), "too little RAM"),
    "initrd_outside": (initrd_at(0xa0000000, 0xa0100000), "the initrd does not lie in RAM"),
    "initrd_in_kernel": (initrd_at(0x80200000, 0x80300000), "the initrd does not lie in RAM"),
    "initrd_in_tree": (initrd_at(0x8fdff800, 0x8fe00800), "the initrd does not lie in RAM"),
}


@pytest.mark.parametrize("name", TREES)
def test_refuses_tree(machine, log_file, tree, name):
    case, said = TREES[name]
    guest = machine(smp=2, **case(log_file, tree))
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    assert re.search(f"^chitin: cannot start: .*{said}", guest.console, re.M), guest.tail()


def test_harts_beyond_the_limit_are_named(hello, log_file):
    """More harts than the kernel was built for: it says how many it leaves out, and goes on."""
    with qemu.Machine(log=log_file("harts-10"), initrd=hello, smp=10) as guest:
        guest.expect(r"^chitin: 2 harts are left out: this kernel runs 8 \(CONFIG_MAX_HARTS\)", 30)
        guest.expect(r"^chitin: .* 8 harts,", 30)


def test_refuses_tree_without_harts(hello, log_file, tree):
    """Firmware has one tree, the kernel gets another."""
    with qemu.booti(hello, smp=2, log=log_file(), tree=tree("/ { /delete-node/ cpus; };")[1]) as guest:
        assert guest.finish(20) == qemu.FAILURE, guest.tail()
        guest.expect("^chitin: cannot start: the device tree does not name the hart", 0.1)


REFUSED = [
    (no_initrd, "initrd"),
    (garbage_initrd, "initrd|cpio|archive"),
    (no_init, "init"),
    (broken_init, "init|ELF"),
    (short_init, "init|ELF"),
    (no_manifest, "manifest"),
    (broken_manifest, "manifest"),
    (too_many_frames, "a: frames:"),
    (unknown_program, "nobody"),
    (broken_program, "heartbeat"),
    (no_disk, "a: blocks:.*disk"),
    (no_nic, "a: nic:"),
    (hardly_any_ram, "RAM|memory|frames"),
    (little_ram, "RAM|memory|frames"),
]


@pytest.mark.parametrize("case, said", REFUSED, ids=[case.__name__ for case, _ in REFUSED])
def test_refuses(machine, log_file, case, said):
    """It says in a sentence why it cannot go on, and ends with failure instead of hanging."""
    guest = machine(smp=1, **case(log_file))
    guest.expect("chitin|Chitin", 20)
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    guest.expect(f"^.*(?:{said}).*$", 0.1)
