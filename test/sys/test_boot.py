# SPDX-License-Identifier: MIT
"""The boot matrix: the same kernel and the same program on every machine; and clear errors where it cannot boot."""
import pytest

import mkinitrd
import qemu
import tap

PLAIN, OLD = "rv64", "rv64,sstc=off,h=off"
ONE = '/dts-v1/; / { a { program = "%s"; frames = <%d>; %s }; };'


@pytest.fixture
def hello(log_file):
    return mkinitrd.boot_test("hello", log_file(".cpio"))


def judge(machine):
    status = machine.finish(60)
    outcome, reason = tap.judge(machine.console)
    assert outcome == "ok", f"{reason}; last lines: {machine.tail(4)}"
    assert status == qemu.PASS, f"status {status}; last lines: {machine.tail(4)}"


@pytest.mark.parametrize("cpu", [PLAIN, OLD])
@pytest.mark.parametrize("smp", [1, 4, 8])
def test_virt(machine, hello, smp, cpu):
    guest = machine(initrd=hello, smp=smp, cpu=cpu)
    judge(guest)
    assert harts_up(guest) == smp


def test_sifive_u(machine, hello):
    """Hart 0 has no MMU and is left alone; which hart boots varies from run to run."""
    guest = machine(initrd=hello, board="qemu-sifive_u", kernel=f"{qemu.BUILD}/qemu-virt/Image")
    judge(guest)
    assert harts_up(guest) == 4


def test_booti(hello, log_file):
    with qemu.booti(hello, smp=4, log=log_file()) as guest:
        judge(guest)
        assert harts_up(guest) == 4


@pytest.mark.nightly
def test_harts_come_up_every_time(hello, log_file):
    """OpenSBI 1.1 now and then sends a hart that was just asked for to the kernel's first instruction."""
    log = log_file()
    for _ in range(60):
        with qemu.Machine(log=log, initrd=hello, smp=8) as guest:
            judge(guest)


def harts_up(guest):
    """How many harts the kernel says are running."""
    return int(guest.expect(r"^chitin: .*\b(\d+) harts?\b", 0.1).group(1))


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
