# SPDX-License-Identifier: MIT
"""Firmware that lies about the device tree at the kernel's entry."""
import pytest

import qemu

# A tree whose header stands in the last bytes of the RAM and promises `bytes`.
LYING = """
    li a1, 0x84000000 - %d
    li t0, 0xedfe0dd0       # magic
    sw t0, 0(a1)
    li t0, %#x              # total size
    sw t0, 4(a1)
    li t0, 0x38000000       # structure
    sw t0, 8(a1)
    li t0, 0x3c000000       # strings
    sw t0, 12(a1)
    li t0, 0x28000000       # reservations
    sw t0, 16(a1)
    li t0, 0x11000000       # versions
    sw t0, 20(a1)
    sw t0, 24(a1)
    li t0, 0x04000000       # their sizes
    sw t0, 32(a1)
    sw t0, 36(a1)
    li t0, 0x80a00000       # the kernel
    jr t0
"""


@pytest.mark.parametrize("before, claimed", [(40, 4096), (40, 1 << 24), (4096, 8192), (40, 0x7fffffff)])
def test_tree_past_the_ram(machine, firmware, before, claimed):
    """The tree is read no further than there is something."""
    size = int.from_bytes(claimed.to_bytes(4, "little"), "big")
    guest = machine(kernel=firmware(LYING % (before, size)), smp=1, mem="64M",
                    extra=["-device", f"loader,file={qemu.BUILD}/qemu-virt/Image,addr=0x80a00000,force-raw=on"])
    assert guest.finish(20) == qemu.FAILURE, guest.tail()
    guest.expect("^chitin: cannot start: the firmware passed no device tree that can be read", 0.1)
