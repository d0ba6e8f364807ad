# SPDX-License-Identifier: MIT
"""What every Python test may use. Tests run in the project's root, everything built; see scripts/testrun.py.

  log_file   a function that gives a new path under build/test/sys/ for this test
  machine    machine(**options) starts a qemu.Machine whose log is kept, and which ends with the test
  firmware   firmware(source) assembles what is to stand where the kernel is expected; returns the path
  initrd     initrd(dts) writes an initrd for a manifest's text and returns its path

What a test gives to record_property("says", text) stands in its line. Mark a test with @pytest.mark.nightly if only `make nightly` is to run it.
"""
import collections
import json
import os
import re
import subprocess
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "..", "scripts"), os.path.dirname(__file__)]
import mkinitrd  # noqa: E402
import qemu  # noqa: E402

SETUP_SECONDS = {}


def pytest_configure(config):
    config.addinivalue_line("markers", "nightly: only run by `make nightly`")


def pytest_runtest_logreport(report):
    """Tell the runner: once for a call, and for a set-up or tear-down that did not pass."""
    if report.when == "setup":
        SETUP_SECONDS[report.nodeid] = report.duration
    if "CHITIN_RESULTS" not in os.environ or (report.when != "call" and report.passed):
        return
    reason = dict(report.user_properties).get("says", "")
    if report.skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ")
    elif report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        lines = [s.strip() for s in (crash.message if crash else str(report.longrepr)).splitlines() if s.strip()]
        reason = " | ".join(lines[:3])[:300]
    line = json.dumps({"node": report.nodeid, "reason": reason,
                       "seconds": report.duration + (report.when == "call") * SETUP_SECONDS[report.nodeid],
                       "outcome": {"passed": "ok", "failed": "FAIL", "skipped": "skip"}[report.outcome]})
    os.write(int(os.environ["CHITIN_RESULTS"]), line.encode() + b"\n")


@pytest.fixture
def log_file(request):
    file = re.sub(r"^test_|\.py$", "", os.path.basename(request.node.fspath))
    function = re.sub(r"[^\w.=-]+", "-", request.node.name.removeprefix("test_")).strip("-")
    folder = f"{qemu.BUILD}/test/sys/{file}"
    os.makedirs(folder, exist_ok=True)
    counts = collections.Counter()

    def give(suffix=".log"):
        counts[suffix] += 1
        return f"{folder}/{function}{'' if counts[suffix] == 1 else f'-{counts[suffix]}'}{suffix}"
    return give


@pytest.fixture
def machine(log_file):
    machines = []

    def start(**options):
        machines.append(qemu.Machine(log=log_file(), **options))
        return machines[-1]
    yield start
    for one in machines:
        one.close()


@pytest.fixture
def firmware(log_file):
    def assemble(source):
        elf, binary = log_file(".elf"), log_file(".bin")
        subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv64imac", "-mabi=lp64", "-misa-spec=2.2", "-nostdlib",
                        "-Ttext=0", "-x", "assembler", "-", "-o", elf], input=source.encode(), check=True)
        subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", elf, binary], check=True)
        return binary
    return assemble


@pytest.fixture(scope="session")
def make_apart():
    """Builds a file of a folder of its own, as from a shell; returns its path."""
    def make(folder, path, *words):
        subprocess.run(["make", "-s", f"O={folder}", *words, f"{folder}/{path}"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL,
                       env={k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "O"})
        return f"{folder}/{path}"
    return make


@pytest.fixture
def initrd(log_file):
    def write(dts, **options):
        return mkinitrd.for_manifest(dts, log_file(".cpio"), **options)
    return write
