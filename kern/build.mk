# SPDX-License-Identifier: MIT
kernel-y += $(wildcard kern/*.c kern/sys/*.c kern/dev/*.c kern/net/*.c kern/disk/*.c)
# Files that stand alone: no arch, no globals; the host tests link them as they are.
pure-y += $(wildcard $(addprefix kern/,asid.c cap.c sibling.c revoke.c cap_check.c frame.c net/filter.c))
