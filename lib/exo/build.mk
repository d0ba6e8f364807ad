# SPDX-License-Identifier: MIT
LIBS += exo
lib-exo-y := $(wildcard lib/exo/*.c lib/exo/riscv/*.c lib/exo/riscv/*.S)
# Else gcc would see that their loops are a memcpy and call it.
cflags-lib/exo/memcpy := -fno-tree-loop-distribute-patterns
cflags-lib/exo/page_copy := -fno-tree-loop-distribute-patterns
