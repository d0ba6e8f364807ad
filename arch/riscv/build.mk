# SPDX-License-Identifier: MIT
kernel-y += $(wildcard arch/riscv/*.S arch/riscv/*.c)
# The compiler of downloaded code stands alone: host tests run it. Once per program, so it had better be small.
jit := $(basename $(wildcard arch/riscv/jit*.c))
pure-y += $(addsuffix .c,$(jit))
$(foreach f,$(jit),$(eval cflags-$f := -Os))
