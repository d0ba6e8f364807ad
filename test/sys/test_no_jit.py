# SPDX-License-Identifier: MIT
"""A kernel without its compilers (CONFIG_JIT=n): programs are interpreted, filters walked, with the same results."""
import os
import subprocess

import pytest

import qemu
import testrun

PROGRAMS = "vectors predicate handler taps net_kept hostile_s57_packets hostile_s62_code hostile_s71_unpaid".split()


@pytest.fixture(scope="module")
def image(tmp_path_factory, make_apart):
    return make_apart(tmp_path_factory.mktemp("no_jit"), "qemu-virt/Image", "CONFIG_JIT=n")


def code_bytes(folder):
    """Of the kernel there."""
    text = subprocess.run(["riscv64-unknown-elf-size", f"{folder}/kernel.elf"], check=True, capture_output=True, text=True).stdout
    return int(text.splitlines()[1].split()[0])


def test_it_is_left_out(image):
    """The kernel that compiles is larger, or this test would be of the same one."""
    assert code_bytes(os.path.dirname(image)) < code_bytes(f"{qemu.BUILD}/qemu-virt") - 4096


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same(image, name, log_file):
    words = testrun.head_words(f"test/boot/{name}.c", "boot")
    outcome, reason = testrun.boot(name, words + [f"KERNEL={image}"], log_file())
    assert outcome == "ok", reason
