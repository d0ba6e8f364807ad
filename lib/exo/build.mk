# SPDX-License-Identifier: MIT
LIBS += exo
lib-exo-y := $(wildcard lib/exo/*.c lib/exo/riscv/*.c lib/exo/riscv/*.S)
