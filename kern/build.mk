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
fast-y := $(addprefix kern/,asid.c cap_check.c code/interp.c deadline.c dev/irq_plic.c dev/virtq.c env.c hart.c irq.c \
	kernel.c net/handler.c net/local.c net/nic.c sys/cap.c sys/map.c sys/object.c tick.c timeline.c upcall.c) \
	$(addprefix lib/base/,checksum.c crc32.c fdt.c fdt_kept.c rv.c tree.c) \
	$(addprefix arch/riscv/,sbi.c tlb.c trap.c)
# What comes by often, but is long: for size, and saves its registers itself.
warm-y := kern/space.c kern/net/transmit.c kern/ring.c kern/dev/net_virtio.c kern/sys/dispatch.c lib/base/string.c
# All others.
cold-y := $(filter-out $(fast-y) $(warm-y),$(wildcard kern/*.c kern/*/*.c lib/base/*.c arch/riscv/*.c))
# Blocks stay in the order of the source, none is copied to save a jump. Strings need no alignment.
$(B)/k/%.o: KFLAGS += -freorder-blocks-algorithm=simple -malign-data=natural
$(patsubst %.c,$(B)/k/%.o,$(warm-y)): KFLAGS += -Os
$(patsubst %.c,$(B)/k/%.o,$(cold-y)): KFLAGS += -Os -msave-restore -fno-move-loop-invariants -fno-thread-jumps \
	-fno-caller-saves -Wno-maybe-uninitialized # without following jumps it sees what is not; the host build does look
# The shortest calls: following jumps there costs registers and the moves to free them.
cflags-kern/sys/map := -fno-cse-follow-jumps
# Linked first to see where its functions are, then with their names behind them, which moves none.
$(B)/nameless.elf $(B)/kernel.elf: $$(call kobjs,$$(kernel-y)) arch/riscv/kernel.ld
$(B)/nameless.elf: $(B)/symbols/none.o
	$(call say,LD) $(link_kernel)
$(B)/kernel.elf: $(B)/symbols/$(if $(filter y,$(CONFIG_SYMBOLS)),all,none).o
	$(call say,LD) $(link_kernel)
	$(if $(filter y,$(CONFIG_SYMBOLS)),@$(CROSS)nm -n $@ | scripts/symbols.py | cmp -s - $(B)/symbols/all.S || \
		{ echo '$@: its functions have moved' >&2; false; })
