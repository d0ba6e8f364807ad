# SPDX-License-Identifier: MIT
"""Entropy: from the device tree to init only, a seed of its own for each life of each environment, nothing left behind."""
import hashlib
import json
import re
import socket
import subprocess

import qemu

DRAWS = 'program = "draws"; frames = <256>;'
KASLR = hashlib.sha256(b"kaslr").digest()[:8]
RAM, RAM_BYTES = 0x80000000, 64 << 20
FDT_MAGIC = b"\xd0\x0d\xfe\xed"


def boot(machine, initrd, environments, **options):
    nodes = "".join(f"{name} {{ {body} }}; " for name, body in environments.items())
    return machine(initrd=initrd(f"/dts-v1/; / {{ {nodes}}};"), mem="64M", **options)


def drawn(guest):
    return re.findall(r"^\w+: drew (\w+ \w+), 32 of", guest.console, re.M)


def source_of(blob):
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts"], input=blob, check=True, capture_output=True).stdout.decode()


def tree(log_file, kaslr):
    """QEMU's own tree with a kaslr-seed; QEMU puts a rng-seed into any tree that it passes on."""
    dumped, made = log_file(".dumped.dtb"), log_file(".dtb")
    subprocess.run([qemu.QEMU, "-M", f"virt,dumpdtb={dumped}", "-smp", "2", "-m", "64M", "-display", "none"],
                   check=True, capture_output=True, timeout=30)
    with open(dumped, "rb") as f:
        source = source_of(f.read()) + f"/ {{ chosen {{ kaslr-seed = [{kaslr.hex()}]; }}; }};"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", made], input=source.encode(), check=True)
    return made


class Monitor:
    """QEMU's monitor, over a socket that QEMU connects to."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.listener.settimeout(30)

    def connect(self):
        self.stream = self.listener.accept()[0].makefile("rw")
        self.stream.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while "return" not in (answer := json.loads(self.stream.readline())):
            assert "error" not in answer, answer

    def memory(self, path):
        """All RAM of the machine."""
        self.do("pmemsave", val=RAM, size=RAM_BYTES, filename=path)
        with open(path, "rb") as f:
            return f.read()


def seeds_in(memory):
    """Both seeds of the tree that lies in the memory, as one."""
    for match in re.finditer(FDT_MAGIC, memory):
        size = int.from_bytes(memory[match.start() + 4:match.start() + 8], "big")
        if 0x400 < size < 0x100000:
            words = re.findall(r"(?:rng|kaslr)-seed = (?:<(.*?)>|\[(.*?)\])", source_of(memory[match.start():match.start() + size]))
            return [bytes.fromhex("".join(w.removeprefix("0x").zfill(8) for w in cells.split()) or text) for cells, text in words]
    return []


def pieces_in(memory, seeds):
    """How many pieces of 8 bytes of the seeds are there."""
    return sum(seed[i:i + 8] in memory for seed in seeds for i in range(0, len(seed), 8))


def test_nothing_is_left(machine, initrd, log_file, tmp_path):
    """When programs run, the machine's memory holds no piece of what the tree brought: not in the tree, not in init."""
    monitor = Monitor(str(tmp_path / "monitor"))
    guest = boot(machine, initrd, {"a": DRAWS, "b": 'program = "heartbeat"; frames = <256>;'},
                 extra=["-dtb", tree(log_file, KASLR), "-qmp", f"unix:{tmp_path}/monitor", "-S"])
    monitor.connect()
    before = monitor.memory(f"{tmp_path}/before")
    seeds = seeds_in(before)
    found = pieces_in(before, seeds)
    assert sorted(map(len, seeds)) == [8, 32] and KASLR in seeds and found == 5
    monitor.do("cont")
    guest.expect("^a: drew")
    monitor.do("stop")
    left = pieces_in(monitor.memory(f"{tmp_path}/after"), seeds)
    assert left == 0
    monitor.do("cont")
    guest.send("power off\r")
    assert guest.finish(30) == qemu.PASS, guest.tail()


def test_every_life_draws_something_else(machine, initrd):
    guest = boot(machine, initrd, {name: DRAWS + 'restart = "2";' for name in "abc"})
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert len(drawn(guest)) == len(set(drawn(guest))) == 9
    assert len(re.findall("32 of 32 bytes, 0 left", guest.console)) == 9


def test_it_comes_from_the_tree(machine, initrd, log_file):
    """The same seeds, the same draws; each of the two counts."""
    def draws(number, kaslr):
        guest = boot(machine, initrd, {"a": DRAWS}, extra=["-seed", str(number), "-dtb", tree(log_file, kaslr)])
        assert guest.finish(30) == qemu.PASS, guest.tail()
        return drawn(guest)[0]
    first = draws(5, KASLR)
    assert draws(5, KASLR) == first
    assert len({first, draws(6, KASLR), draws(5, KASLR[::-1])}) == 3


def test_a_board_without(machine, initrd):
    guest = boot(machine, initrd, {"a": DRAWS}, board="qemu-sifive_u", kernel=f"{qemu.BUILD}/qemu-virt/Image")
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert "init: this board offers no entropy: random numbers can be guessed" in guest.console
    assert "32 of 0 bytes" in guest.console
