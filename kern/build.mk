# SPDX-License-Identifier: MIT
kernel-y += $(wildcard kern/*.c kern/sys/*.c kern/dev/*.c kern/net/*.c kern/disk/*.c kern/code/*.c)
# The table of function names, and one without any.
$(B)/symbols/none.S: scripts/symbols.py $(C)/auto.conf
	@mkdir -p $(@D) && scripts/symbols.py none > $@
$(B)/symbols/all.S: scripts/symbols.py $(B)/nameless.elf
	@$(CROSS)nm -n $(B)/nameless.elf | scripts/symbols.py > $@
$(B)/symbols/%.o: $(B)/symbols/%.S
	@$(CROSS)gcc $(filter-out -include $(C)/autoconf.h,$(KFLAGS)) -c -o $@ $<
# Files that stand alone: no arch, no globals; the host tests link them as they are.
pure-y += $(wildcard $(addprefix kern/,asid.c timeline.c cap.c sibling.c revoke.c cap_check.c cap_waiting.c frame.c \
	net/filter.c net/canon.c net/slab.c net/values.c net/trie.c net/trie_walk.c net/trie_apart.c \
	net/trie_check.c net/trie_path.c net/shape.c code/*.c))
# What packets, calls and turns come by, and the walks through device trees at boot: for speed.
fast-y := $(addprefix kern/,asid.c cap_check.c code/interp.c deadline.c dev/irq_plic.c dev/net_virtio.c dev/virtq.c env.c \
	hart.c irq.c kernel.c net/handler.c net/local.c net/nic.c ring.c sys/cap.c sys/dispatch.c sys/map.c sys/work.c \
	sys/lookup.c sys/object.c tick.c timeline.c upcall.c) \
	$(addprefix lib/base/,checksum.c crc32.c fdt.c fdt_kept.c rv.c tree.c) \
	$(addprefix arch/riscv/,sbi.c tlb.c trap.c)
# All others are compiled for size: blocks in the order of the source, nothing copied to save a jump. Strings need no
# alignment.
small := -freorder-blocks-algorithm=simple -malign-data=natural
$(B)/k/%.o: KFLAGS += $(small)
$(patsubst %.c,$(B)/k/%.o,$(filter-out $(fast-y),$(wildcard kern/*.c kern/*/*.c lib/base/*.c arch/riscv/*.c))): \
	KFLAGS += -Os -fno-move-loop-invariants -fno-thread-jumps -fno-caller-saves
# Long loops, but much code around them.
cflags-kern/space := -Os -fmove-loop-invariants -fthread-jumps -fcaller-saves
# The shortest calls: following jumps there costs registers and the moves to free them.
cflags-kern/sys/map := -fno-cse-follow-jumps
# A constant kept for a loop costs a register that must be saved; most turns have one packet.
cflags-kern/dev/net_virtio := -fno-move-loop-invariants -fno-ivopts
# Copies of a few words: a loop's end computed before it takes longer than the loop.
cflags-kern/net/nic := -fno-ivopts -fno-tree-scev-cprop
cflags-kern/net/transmit := -fno-ivopts -fno-tree-scev-cprop
# The compiler calls memcpy() and the like where it sees fit, later than it may drop them.
cflags-lib/base/string := -fno-lto -fno-ivopts -fno-tree-scev-cprop
# A debugger does not find the variables of files that are optimized as one.
cflags-kern/kernel := -fno-lto
# What a file is compiled for goes with each of its functions. Where jumps are not followed the compiler takes variables
# for uninitialized that are not; the host's build does look.
lto-flags := -flto=auto $(small) -Wno-maybe-uninitialized
# Linked first to see where its functions are, then with their names behind them, which moves none.
$(B)/nameless.elf: lto-flags += -g0
$(B)/kernel.elf: lto-flags += -fstack-usage
$(B)/nameless.elf $(B)/kernel.elf: $$(call kobjs,$$(kernel-y)) arch/riscv/kernel.ld
$(B)/nameless.elf: $(B)/symbols/none.o
	$(call say,LD) $(link_kernel)
$(B)/kernel.elf: $(B)/symbols/$(if $(filter y,$(CONFIG_SYMBOLS)),all,none).o
	@rm -f $@.*.su
	$(call say,LD) $(link_kernel)
	$(if $(filter y,$(CONFIG_SYMBOLS)),@$(CROSS)nm -n $@ | scripts/symbols.py | cmp -s - $(B)/symbols/all.S || \
		{ echo '$@: its functions have moved' >&2; false; })
