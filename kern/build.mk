# SPDX-License-Identifier: MIT
kernel-y += $(wildcard kern/*.c kern/sys/*.c kern/dev/*.c kern/net/*.c kern/disk/*.c)
# Files that stand alone: no arch, no globals; the host tests link them as they are.
pure-y += $(wildcard $(addprefix kern/,asid.c timeline.c cap.c sibling.c revoke.c cap_check.c cap_waiting.c frame.c \
	net/filter.c))
# The shortest calls: following jumps there costs registers and the moves to free them.
cflags-kern/sys/map := -fno-cse-follow-jumps
cflags-kern/sys/memory := -fno-cse-follow-jumps
