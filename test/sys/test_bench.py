# SPDX-License-Identifier: MIT
"""test_bench.py: `make bench` prints its figures, the same in every run, and knows a limit that is exceeded."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bench
import qemu

CPU_ONLY = [*bench.CORE, *bench.LIFE, *bench.IRQ, *bench.JIT, "boot_smode", "kernel_text_bytes"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")

    def measure(*words):
        return subprocess.run([sys.executable, "scripts/bench.py", "--build", f"{qemu.BUILD}/qemu-virt", "--plugin",
                               f"{qemu.BUILD}/host/counter.so", "--out", out, *words], capture_output=True, text=True, check=False)
    return measure


def test_figures_without_devices_are_the_same_in_every_run(run):
    first, second = (run("--only", ",".join(CPU_ONLY)) for _ in range(2))
    assert first.returncode == 0, first.stderr
    lines = [re.fullmatch(r"(\w+) (\d+) (instructions|bytes|times)", line) for line in first.stdout.splitlines()]
    assert all(lines) and [m[1] for m in lines] == CPU_ONLY
    assert all(int(m[2]) > 0 for m in lines)
    assert first.stdout == second.stdout


def test_limits_are_kept(run):
    """What keeps its limit goes on doing so; what is still over it does not get worse."""
    done = run("--only", ",".join([*CPU_ONLY, *bench.HARTS]))
    assert done.returncode == 0, done.stderr
    values = {words[0]: int(words[1]) for words in map(str.split, done.stdout.splitlines())}
    print("\n".join(bench.over_limits(values)))
    assert bench.worse(values) == []


def test_device_figures(run):
    done = run("--only", "raw_read_4k,rx_paced,udp_echo_ring", "--boots", "1")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["raw_read_4k", "rx_paced", "udp_echo_ring"]


def test_a_name_that_is_no_figure_is_refused(run):
    done = run("--only", "null_cal")
    assert done.returncode == 1 and "null_call" in done.stderr


def test_limits(tmp_path, monkeypatch):
    (tmp_path / "test/bench").mkdir(parents=True)
    (tmp_path / "test/bench/limits.txt").write_text("# name limit aim\na 10 5\nb - 5\nc 10 -\n")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    assert bench.over_limits({"a": 10, "b": 999, "c": 10}) == []
    assert bench.over_limits({"a": 11, "b": 999}) == bench.worse({"a": 11}) == ["a is 11, its limit is 10"]
    (tmp_path / "test/bench/limits.txt").write_text("a 10 5 100\n")
    assert bench.over_limits({"a": 105}) and not bench.worse({"a": 105}) and bench.worse({"a": 106})
    (tmp_path / "test/bench/limits.txt").write_text("a >=6 >=8\nb >=6 >=6 >=4\n")
    assert bench.over_limits({"a": 6, "b": 7}) == []
    assert bench.over_limits({"a": 5}) == bench.worse({"a": 5}) == ["a is 5, its limit is >=6"]
    assert bench.over_limits({"b": 4}) and not bench.worse({"b": 4}) and bench.worse({"b": 3})
    (tmp_path / "test/bench/limits.txt").write_text("a - -\nb ~a -\n")
    assert bench.over_limits({"a": 100, "b": 110}) == bench.over_limits({"a": 100, "b": 90}) == []
    assert bench.over_limits({"b": 110}) == []
    assert bench.over_limits({"a": 100, "b": 111}) == ["b is 111, its limit is ~a"]
    assert bench.worse({"a": 100, "b": 89}) == ["b is 89, its limit is ~a"]


def test_every_figure_has_a_line_in_the_limits():
    lines = Path("test/bench/limits.txt").read_text().splitlines()
    assert {line.split()[0] for line in lines if not line.startswith("#")} == set(bench.ALL)
