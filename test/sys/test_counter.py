# SPDX-License-Identifier: MIT
"""test_counter.py: the instruction counter finds exactly what a program of known length executes.

Builds a bare payload, runs it on two harts, and compares every interval. If this fails, no figure of
`make bench` means anything.
"""
import struct
import subprocess
from pathlib import Path

import pytest

import qemu

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "test" / "bench"
PLUGIN = Path(qemu.BUILD).resolve() / "host" / "counter.so"
ROW = 128                               # bytes of struct counters
RECORD = struct.Struct("<2I3Q")
FIRST_USER, EXIT = 0x10001, 0x10002


def build(out):
    payload = out / "payload.elf"
    subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv64imac", "-misa-spec=2.2", "-mabi=lp64", "-nostdlib",
                    "-static", f"-I{ROOT}", "-Wl,-N,-Ttext=0x80200000,--build-id=none", "-o", payload,
                    BENCH / "counter_payload.S"], check=True)
    return payload


def run(out, payload, options):
    subprocess.run(["timeout", "-k", "2", "60", "qemu-system-riscv64", "-M", "virt", "-m", "64M", "-display", "none",
                    "-serial", "null", "-monitor", "none", "-smp", "2", "-kernel", payload,
                    "-plugin", f"{PLUGIN}," + ",".join(f"{k}={v}" for k, v in options.items())],
                   stdin=subprocess.DEVNULL, check=True)
    return [RECORD.unpack_from(data, at) for data in [(out / "log").read_bytes()]
            for at in range(0, len(data), RECORD.size)]


def intervals(records):
    """{operation: (vcpu, user, supervisor, machine)}; each operation runs once."""
    begun, found = {}, {}
    for mark, vcpu, *insns in records:
        if mark < 0x400 and mark % 2 == 0:
            begun[mark // 2, vcpu] = insns
        elif mark < 0x400:
            found[mark // 2] = (vcpu, *(b - a for a, b in zip(begun[mark // 2, vcpu], insns)))
    return found


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    out = tmp_path_factory.mktemp("counter")
    payload = build(out)
    options = {"log": out / "log", "shm": out / "shm", "trace": out / "trace", "op": 4, "nth": 1,
               "longest": out / "longest"}
    return out, run(out, payload, options)


def test_intervals_are_exact(counted):
    found = intervals(counted[1])
    boot = found[1][0]
    assert found[1] == (boot, 0, 0, 0)
    assert found[2] == (boot, 0, 10, 0)
    assert found[3] == (boot, 0, 300, 0)
    assert found[4] == (boot, 41, 4, 0)
    assert found[5][:3] == (boot, 0, 1) and found[5][3] > 20
    assert found[6] == (1 - boot, 0, 2000, 0)


def test_first_user_instruction_is_recorded_before_it_counts(counted):
    records = counted[1]
    first = [r for r in records if r[0] == FIRST_USER]
    begin = next(r for r in records if r[0] == 2 * 4)
    assert len(first) == 1 and first[0][2] == 0
    assert first[0][3] == begin[3] + 1


def test_trace_has_the_addresses_of_the_interval(counted):
    pcs = [int(line, 16) for line in (counted[0] / "trace").read_text().split()]
    assert len(pcs) == 45
    assert sum(pc < 0x80000000 for pc in pcs) == 41


def test_hist_counts_only_while_switched_on(tmp_path):
    """Nobody sets the switch in the shared file, so the histogram stays empty."""
    payload = build(tmp_path)
    run(tmp_path, payload, {"log": tmp_path / "log", "hist": tmp_path / "hist"})
    assert (tmp_path / "hist").read_text() == ""


def test_shared_counters_are_live(counted):
    """The harts spin until QEMU is gone, so the shared file may be a little ahead of the exit records."""
    shm = (counted[0] / "shm").read_bytes()
    exits = [r for r in counted[1] if r[0] == EXIT]
    assert len(exits) == 2
    for _, vcpu, *insns in exits:
        assert all(live >= then for live, then in zip(struct.unpack_from("<3Q", shm, vcpu * ROW), insns))
    marks = [struct.unpack_from("<Q", shm, vcpu * ROW + 24)[0] for vcpu in (0, 1)]
    assert sum(marks) == len([r for r in counted[1] if r[0] < FIRST_USER]) == 13


def test_longest_supervisor_run(counted):
    """On the second hart 1 + 2000 + 1 instructions lie between two wfi; on the first no run has ended after the user."""
    boot = intervals(counted[1])[1][0]
    runs = [struct.unpack_from("<2Q", (counted[0] / "shm").read_bytes(), vcpu * ROW + 40) for vcpu in (boot, 1 - boot)]
    assert runs == [(0, 1), (2002, 1)]
    assert len((counted[0] / "longest").read_text().split()) == 2002


def test_time_that_a_lock_is_held(tmp_path):
    payload = build(tmp_path)
    symbols = subprocess.run(["riscv64-unknown-elf-nm", payload], capture_output=True, text=True, check=True).stdout
    lock = next(line.split()[0] for line in symbols.splitlines() if line.endswith(" lock"))
    run(tmp_path, payload, {"log": tmp_path / "log", "shm": tmp_path / "shm", "lock": "0x" + lock, "longest": tmp_path / "longest"})
    shm = (tmp_path / "shm").read_bytes()
    assert sorted(struct.unpack_from("<Q", shm, vcpu * ROW + 72)[0] for vcpu in (0, 1)) == [0, 4]
    assert len((tmp_path / "longest").read_text().split()) == 4


def test_upto_counts_from_the_last_user_instruction(tmp_path):
    """To a place that is reached once."""
    payload = build(tmp_path)
    names = subprocess.run(["riscv64-unknown-elf-nm", payload], capture_output=True, text=True, check=True).stdout
    place = next(line.split()[0] for line in names.splitlines() if line.endswith(" after_user"))
    found = intervals(run(tmp_path, payload, {"log": tmp_path / "log", "upto": f"0x{place}", "op": 7}))
    assert found[7][1:] == (0, 3, 0)
