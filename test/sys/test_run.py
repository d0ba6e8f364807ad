# SPDX-License-Identifier: MIT
"""`make run` and `make stop` as a user types them, and every command of the README."""
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

import qemu


def clean_env():
    """The environment without what an outer make put there."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "CHITIN_", "NIGHTLY"))}


def make(*words, timeout=120):
    return subprocess.run(["make", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env=clean_env(), check=False)


@pytest.fixture
def running(log_file):
    """start(words) runs `make run` without a terminal until it says its URL; returns (process, URL)."""
    processes = []

    def start(*words):
        log = log_file()
        with open(log, "wb") as f:
            process = subprocess.Popen(["make", "run", *words], stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                       env=clean_env(), start_new_session=True)
        processes.append(process)
        for _ in range(600):
            with open(log, encoding="utf-8", errors="replace") as f:
                text = f.read()
            if url := re.search(r"^URL: (http://\S+)", text, re.M):
                return process, url.group(1)
            assert process.poll() is None, text[-500:]
            time.sleep(0.1)
        raise AssertionError(f"no URL within 60 s: {text[-500:]}")
    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def test_run_serves_until_stopped(running):
    port = qemu.free_port()
    process, url = running(f"PORT={port}")
    assert url == f"http://127.0.0.1:{port}/"
    assert b"Chitin" in get(url)
    again = make("run", f"PORT={qemu.free_port()}")
    assert again.returncode != 0 and "running already" in again.stderr
    assert make("stop").returncode == 0
    assert process.wait(20) == 0


def test_run_ends_at_its_timeout(running):
    process, _ = running(f"PORT={qemu.free_port()}", "TIMEOUT=12")
    assert process.wait(30) == 0


def test_run_serves_a_folder(running, tmp_path):
    (tmp_path / "index.html").write_text("<p>mine</p>")
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 100)
    _, url = running(f"PORT={qemu.free_port()}", f"SITE={tmp_path}")
    assert get(url) == b"<p>mine</p>"
    assert get(url + "data.bin") == bytes(range(256)) * 100
    assert make("stop").returncode == 0


def test_one_hart_runs_the_same_job(running):
    """one-hart.dts has the environments of manifest.dts, and they fit."""
    texts = [open(f"boards/qemu-virt/{name}.dts", encoding="utf-8").read() for name in ("manifest", "one-hart")]
    programs = [re.findall(r'^\t\tprogram = "(.*)";', text, re.M) for text in texts]
    assert programs[0] == programs[1] and {"web", "monitor", "control", "spinner", "mischief"} <= set(programs[0])
    _, url = running(f"PORT={qemu.free_port()}", "SMP=1")
    assert b"Chitin" in get(url)
    assert make("stop").returncode == 0


def test_a_busy_port_is_named():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        done = make("run", f"PORT={port}")
    assert done.returncode != 0
    assert f"port {port} is busy" in done.stderr and "PORT=" in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (["run", "PORT=web"], "PORT=web: must be a number from 1 to 65535"),
    (["run", "PORT=65536"], "PORT=65536: must be a number from 1 to 65535"),
    (["run", "TIMEOUT=soon"], "TIMEOUT=soon: must be a number"),
    (["qemu", "SMP=0"], "SMP=0: must be a number"),
    (["qemu", "TIMEOUT=nan"], "TIMEOUT=nan: must be a number"),
    (["qemu", "MEM=1M"], "MEM=1M: must be a size from 6M on"),
    (["qemu", "MEM=lots"], "MEM=lots: must be a size"),
    (["qemu", "DISK=/no/such.img"], "DISK=/no/such.img: there is no such file"),
    (["qemu", "MANIFEST=/no/such.dts"], "MANIFEST=/no/such.dts: there is no such file"),
    (["qemu", "NET=user", "FORWARD=udp:7"], "FORWARD=udp:7: must be udp:HOST_PORT-GUEST_PORT"),
    (["qemu", "NET=user", "FORWARD=udp:5007-70000"], "FORWARD=udp:5007-70000: must be"),
    (["qemu", "NET=hub", "FORWARD=udp:5007-7"], "FORWARD= leads to NIC 0, which must be"),
    (["qemu", "NET=user,user,hub,hub"], "NET=user,user,hub,hub: the kernel drives 3 NICs, and these are 4"),
    (["qemu", "NET=hub:x"], "NET=hub:x: must be user, none"),
    (["program"], "make program SRC="),
    (["program", "SRC=/no/such.c"], "SRC=/no/such.c: there is no such C file"),
    (["program", "SRC=user/init"], "init is a program of user/"),
    (["code", "SRC=test/code/echo.c"], "make code SRC="),
    (["code", "SRC=/no/such.c", "CLASS=acl"], "SRC=/no/such.c: there is no such C file"),
    (["code", "SRC=README.md", "CLASS=acl"], "SRC=README.md: must be a C file, x.c"),
    (["code", "SRC=test/code/echo.c", "CLASS=king"], "CLASS=king: there is no such class of code; there are: owns acl"),
    (["run", "BOARD=qemu-sifive_u"], "no disk and no network"),
    (["BOARD=no-such"], "no board no-such; try"),
    (["CONFIG_BOARD=no-such"], "BOARD=no-such"),
    (["no-such_defconfig"], "no board no-such; try"),
    (["size-diff", "BASE=no-such"], "BASE=no-such"),
    (["O=/no where"], "space"),
], ids=" ".join)
def test_a_wrong_word_is_named(words, sentence):
    done = make(*words)
    assert done.returncode != 0
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_stop_with_nothing_running():
    assert make("stop").returncode == 0


def commands(path):
    """The command lines of a page's ```sh blocks."""
    with open(path, encoding="utf-8") as f:
        blocks = re.findall(r"^```sh\n(.*?)^```", f.read(), re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("line", commands("README.md"))
def test_readme(running, line):
    """Every command works; those that would run for long, run in a short form."""
    if line.startswith("make run"):
        running(*line.split()[2:], f"PORT={qemu.free_port()}")
        assert make("stop").returncode == 0
    elif line == "make test":
        done = make("test", "T=unit/checked")
        assert done.returncode == 0 and done.stdout.endswith("1 passed, 0 failed, 0 skipped\n"), done.stdout
    else:
        done = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, timeout=120, env=clean_env(), check=False)
        assert done.returncode == 0


def test_readme_names_every_folder():
    with open("README.md", encoding="utf-8") as f:
        text = f.read()
    for folder in ("arch", "boards", "docs", "include/exo", "kern", "lib/base", "lib/exo", "scripts", "test", "user"):
        assert f"| `{folder}" in text


SPIN, OFF, FAIL = "1: j 1b", "li a0, 0x100000; li a1, 0x5555; sw a1, (a0)", "li a0, 0x100000; li a1, 0x33333; sw a1, (a0)"
PANIC = "li a0, 0x10000000; " + "".join(f"li a1, {ord(c)}; sb a1, (a0); " for c in "\nchitin: panic: x\n") + OFF


@pytest.mark.parametrize("code, status", [(SPIN, 124), (OFF, 0), (FAIL, 1), (PANIC, 1)], ids=["spin", "off", "fail", "panic"])
def test_qemu_status(tmp_path, code, status):
    """scripts/qemu.py tells power-off, failure, panic and timeout apart."""
    (tmp_path / "x.S").write_text(code.replace("; ", "\n") + "\n1: j 1b\n")
    (tmp_path / "initrd").write_bytes(b"x")
    kernel = f"{tmp_path}/x.bin"
    subprocess.run(["riscv64-unknown-elf-gcc", "-c", "-o", f"{tmp_path}/x.o", f"{tmp_path}/x.S"], check=True)
    subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", f"{tmp_path}/x.o", kernel], check=True)
    done = subprocess.run(["scripts/qemu.py", "TIMEOUT=2", f"INITRD={tmp_path}/initrd", f"LOG={tmp_path}/log", f"KERNEL={kernel}"],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == status


@pytest.mark.parametrize("words", [["SPM=4"], ["BOARD=qemu-sifive_u", "NET=user"], ["ICOUNT=1", "SMP=2"], ["BOARD=vax"],
                                   ["NET=token-ring"]], ids=str)
def test_qemu_refuses(words):
    done = subprocess.run(["scripts/qemu.py", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and words[-1].split("=")[0] in done.stderr


def helped():
    with open("scripts/help.txt", encoding="utf-8") as f:
        return sorted(set(re.findall(r"\bmake ([a-z][a-z-]+)", f.read())))


@pytest.mark.parametrize("target", helped())
def test_help_is_true(target):
    """Every command that `make help` names is one that make knows."""
    words = {"program": ["SRC=test/boot/hello.c"], "bench": ["ONLY=null_call"],
             "code": ["SRC=test/code/echo.c", "CLASS=handler"]}.get(target, [])
    done = make("-n", target, *words)
    assert done.returncode == 0, done.stderr


def test_program_outside_the_tree(tmp_path):
    (tmp_path / "outside.c").write_text('#include <stdio.h>\nint\nmain(void)\n{\n\tputs("x");\n}\n')
    done = make("-s", "program", f"SRC={tmp_path}/outside.c", f"O={tmp_path}/build", timeout=300)
    assert done.returncode == 0, done.stderr
    assert os.path.exists(f"{tmp_path}/build/qemu-virt/user/outside.elf")


def test_the_deepest_path_fits_the_stack():
    """And leaves half of it for what the analysis cannot see: calls through pointers, the trap frame."""
    with open("arch/riscv/frame.h", encoding="utf-8") as f:
        size = int(re.search(r"#define KERNEL_STACK_PAGES\s+(\d+)", f.read()).group(1)) * 4096
    done = subprocess.run(["scripts/stack.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 500 < int(re.match(r"(\d+) bytes in the deepest path", done.stdout).group(1)) <= size // 2
