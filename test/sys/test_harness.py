# SPDX-License-Identifier: MIT
"""The harness itself: does a failing guest, a wrong setting or a wrong tool really fail?"""
import os
import shutil
import subprocess
import unittest.mock

import pytest

import mkinitrd
import qemu
import tap

GOOD = "1..2\nok 1 - a\nnoise\nok 2 - b\n# end\n"


@pytest.mark.parametrize("console, outcome", [
    (GOOD, "ok"),
    (GOOD.replace("\n", "\r\n"), "ok"),
    (GOOD.replace("# end\n", ""), "FAIL"),
    (GOOD.replace("1..2\n", ""), "FAIL"),
    (GOOD.replace("1..2", "1..3"), "FAIL"),
    (GOOD.replace("1..2", "1..1"), "FAIL"),
    (GOOD.replace("ok 2", "not ok 2"), "FAIL"),
    (GOOD.replace("ok 2", "ok 3"), "FAIL"),
    (GOOD.replace("noise", "chitin: panic: x"), "FAIL"),
    (GOOD.replace("noise", "Bail out! no memory"), "FAIL"),
    ("ok 1\n1..1\n# end\n", "FAIL"),
    ("1..1\n# end\nok 1\n", "FAIL"),
    ("1..0 # SKIP no disk\n# end\n", "skip"),
    ("1..0\n# end\n", "FAIL"),
    ("", "FAIL"),
], ids=lambda v: v if v in ("ok", "FAIL", "skip") else "")
def test_tap(console, outcome):
    assert tap.judge(console)[0] == outcome


def test_verdict_looks_at_the_console():
    assert qemu.verdict("qemu-virt", 0, b"x\n") == 0
    assert qemu.verdict("qemu-virt", 0, b"x\r\nchitin: panic: y\r\n") == 1
    assert qemu.verdict("qemu-virt", 7, b"x\n") == 1
    assert qemu.verdict("qemu-sifive_u", 0, b"x\n") == 1
    assert qemu.verdict("qemu-sifive_u", 0, b"x\r\nchitin: power off\r\n") == 0


def test_console_ends_between_the_bytes_of_a_newline():
    """What expect() has found is a line, even when the newline behind it has come only by half."""
    prints = ["/usr/bin/python3", "-c", "print('one\\r\\ntrace: end\\r', end='', flush=True); input()"]
    with unittest.mock.patch("qemu.command", return_value=prints):
        with qemu.Machine() as guest:
            guest.expect("^trace: end\r")
            assert guest.console == "one\ntrace: end"


def kconfig(tmp_path, text, *overrides):
    source = tmp_path / "in"
    source.write_text(text)
    words = ["scripts/kconfig.py", "build", str(source), str(tmp_path / "out"), *overrides]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text, overrides, named", [
    ("CONFIG_NO_SUCH=y\n", [], "NO_SUCH"),
    ("CONFIG_MAX_HARTS=1000\n", [], "MAX_HARTS"),
    ("", ["CONFIG_NO_SUCH=y"], "NO_SUCH"),
    ("", ["CONFIG_MAX_HARTS=0"], "MAX_HARTS"),
    ("", ["CONFIG_MAX_HARTS=many"], "MAX_HARTS"),
    ("", ["CONFIG_PARANOID=maybe"], "PARANOID"),
    ("", ["CONFIG_FILTERS=48"], "FILTERS=48 is no power of two"),
], ids=["unknown", "range", "line-unknown", "line-range", "line-type", "line-bool", "power"])
def test_kconfig_refuses(tmp_path, text, overrides, named):
    done = kconfig(tmp_path, text, *overrides)
    assert done.returncode != 0
    assert "CONFIG_" + named in done.stderr


def test_kconfig_defines_every_symbol(tmp_path):
    assert kconfig(tmp_path, "CONFIG_MAX_HARTS=3\n").returncode == 0
    header = (tmp_path / "out" / "autoconf.h").read_text()
    assert "#define CONFIG_MAX_HARTS 3\n" in header
    assert "#define CONFIG_PARANOID 0\n" in header
    assert kconfig(tmp_path, "", "CONFIG_PARANOID=y").returncode == 0
    assert "#define CONFIG_PARANOID 1\n" in (tmp_path / "out" / "autoconf.h").read_text()


def test_kconfig_refuses_unmet(tmp_path):
    shutil.copy("scripts/kconfig.py", tmp_path / "kconfig.py")
    (tmp_path / "Kconfig").write_text('config A\n\tbool "a"\n\nconfig B\n\tbool "b"\n\tdepends on A\n')
    (tmp_path / "in").write_text("CONFIG_B=y\n")
    done = subprocess.run(["./kconfig.py", "build", "in", "out"], cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert done.returncode != 0 and "CONFIG_B" in done.stderr and "needs A" in done.stderr


def doctor(tmp_path, script):
    fake = tmp_path / "qemu"
    fake.write_text("#!/bin/sh\n" + script)
    fake.chmod(0o755)
    return subprocess.run(["sh", "scripts/doctor", "build", str(tmp_path / "stamp")], capture_output=True,
                          text=True, check=False, env={**os.environ, "QEMU": str(fake)})


@pytest.mark.parametrize("script, reason", [
    ("echo QEMU emulator version 7.1.0", "7.1.0, wanted 7.2"),
    ("echo qemu-riscv64 version 7.2.0", "no QEMU system emulator"),
    ("echo hello", "no QEMU system emulator, it says: hello"),
    ("case $1 in --version) echo QEMU emulator version 9.0.0;; *) echo 'pc  Standard PC';; esac",
     "no machine 'virt'"),
    ("case $1 in --version) echo QEMU emulator version 9.0.0;; -M) [ $2 = help ] && echo 'virt   x' && exit;"
     " echo 'network backend user is not compiled in'; exit 1;; esac", "not compiled in"),
], ids=["old", "user-mode", "no-version", "no-virt", "no-user-net"])
def test_doctor_refuses(tmp_path, script, reason):
    done = doctor(tmp_path, script)
    assert done.returncode == 1
    assert reason in done.stderr
    assert not (tmp_path / "stamp").exists()


def test_doctor_accepts_this_machine(tmp_path):
    done = doctor(tmp_path, f'exec {shutil.which("qemu-system-riscv64")} "$@"\n')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stamp").exists()


def test_archive_is_what_cpio_reads(tmp_path):
    files = [("init", b"abc"), ("manifest.dtb", b""), ("a name", bytes(range(256)) * 33)]
    (tmp_path / "x.cpio").write_bytes(mkinitrd.archive(files))
    subprocess.run(["cpio", "-idm", "--quiet", "-F", "x.cpio"], cwd=tmp_path, check=True)
    for name, data in files:
        assert (tmp_path / name).read_bytes() == data


def test_programs_of_a_manifest():
    dts = '/dts-v1/; / { a { frames = <3>; program = "web"; }; b { program = "x"; c { program = "y"; }; }; };'
    assert mkinitrd.programs_of(mkinitrd.compiled(dts)) == ["web", "x", "y"]


def test_log_in_a_new_folder(tmp_path):
    """A board's folder in build/ need not be there before its first log."""
    log = tmp_path / "board" / "console.log"
    with qemu.Machine(log=str(log), kernel=f"{qemu.BUILD}/qemu-virt/Image") as guest:
        guest.expect("^Chitin exokernel: starting", 20)
    assert b"Chitin exokernel: starting" in log.read_bytes()


def test_kernel_is_the_same_for_every_board(tmp_path, make_apart):
    images = []
    for board in qemu.BOARDS:
        make_apart(tmp_path, f"{board}/Image", f"BOARD={board}")
        images.append((tmp_path / board / "Image").read_bytes())
    assert images[0] == images[1]
