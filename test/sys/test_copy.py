# SPDX-License-Identifier: MIT
"""test_copy.py: the kernel copies from and to users what it should, at every alignment and at the end of memory."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_alignment_and_every_end(tmp_path):
    """The payload powers off with 0 if all is well; with the number of the check that failed otherwise."""
    payload = tmp_path / "payload.elf"
    subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv64imac", "-misa-spec=2.2", "-mabi=lp64", "-mcmodel=medany", "-O1",
                    "-ffreestanding", "-nostdlib", "-static", "-Wall", "-Werror", f"-I{ROOT}",
                    "-Wl,-N,-Ttext=0x80200000,-e,_start,--build-id=none", "-o", payload,
                    ROOT / "test/sys/copy_payload.c", ROOT / "arch/riscv/copy.S"], check=True)
    done = subprocess.run(["timeout", "-k", "2", "60", "qemu-system-riscv64", "-M", "virt", "-m", "64M", "-display", "none",
                           "-serial", "null", "-monitor", "none", "-kernel", payload], stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0
