# SPDX-License-Identifier: MIT
kernel-y += $(wildcard arch/riscv/*.S arch/riscv/*.c)
